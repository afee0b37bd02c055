//! The agency's settings: saved in the database, with what they were before. What the desk was
//! started with on its command line goes before what is saved.

use std::collections::HashMap;

use redact_record::events::Act;

use super::app::{Options, Shared};
use crate::api_error::{ApiError, ApiResult, optional_text};
use crate::db::pool::{self, Db};
use crate::db::settings::{self, SettingChangeRow};
use crate::domain::holidays::AgencyDays;
use crate::domain::zone::Zone;
use crate::error::DeskError;
use crate::event::Event;
use crate::model::SessionUser;

/// The longest value in characters.
const CHARS_MAX: usize = 1000;

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The agency, as papers and manifests name it.
    Name,
    /// The lines below the name on letters.
    Letterhead,
    TimeZone,
    /// The key of the law that new requests start with.
    Law,
    /// The name of the policy of first reviews.
    Policy,
    /// Days on which the office is closed, or open although a law's calendar says otherwise.
    Holidays,
}

impl Setting {
    pub(crate) const ALL: [Self; 6] = [
        Self::Name,
        Self::Letterhead,
        Self::TimeZone,
        Self::Law,
        Self::Policy,
        Self::Holidays,
    ];

    /// As spelled in the database, the API and the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Letterhead => "letterhead",
            Self::TimeZone => "time-zone",
            Self::Law => "law",
            Self::Policy => "policy",
            Self::Holidays => "holidays",
        }
    }

    /// The option of the command line that sets it, with its value; `None` if it was not given.
    pub(crate) fn given(self, options: &Options) -> Option<(&'static str, &str)> {
        let (option, value) = match self {
            Self::Name => ("--agency", &options.agency),
            Self::TimeZone => ("--time-zone", &options.time_zone),
            Self::Law => ("--law", &options.law),
            Self::Letterhead | Self::Policy | Self::Holidays => return None,
        };
        Some((option, value.as_deref()?))
    }
}

/// Settings that were saved, by their words.
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedSettings(HashMap<String, String>);

impl SavedSettings {
    /// What was saved.
    ///
    /// # Errors
    /// [`DeskError::Database`].
    pub(crate) async fn load(db: &Db) -> Result<Self, DeskError> {
        Ok(Self(settings::all(db).await?))
    }

    /// The value that was saved; empty: none.
    pub(crate) fn get(&self, setting: Setting) -> &str {
        self.0.get(setting.word()).map_or("", String::as_str)
    }

    /// What counts: the command line's value, or else what was saved; `None`: neither.
    pub(crate) fn effective<'a>(
        &'a self,
        options: &'a Options,
        setting: Setting,
    ) -> Option<&'a str> {
        let given = setting.given(options).map(|(_, value)| value);
        given.or_else(|| Some(self.get(setting)).filter(|value| !value.is_empty()))
    }
}

/// What counts for a setting now.
///
/// # Errors
/// Those of the database.
pub(crate) async fn effective(app: &Shared, setting: Setting) -> ApiResult<Option<String>> {
    let saved = SavedSettings(settings::all(&app.db).await?);
    Ok(saved.effective(&app.options, setting).map(str::to_owned))
}

/// Saves a setting.
///
/// # Errors
/// 400 for a value that cannot be; 409 `command_line` if an option of the command line sets it.
pub(crate) async fn set(
    app: &Shared,
    who: &SessionUser,
    setting: Setting,
    value: &str,
) -> ApiResult<()> {
    if let Some((option, _)) = setting.given(&app.options) {
        let message = format!("The desk was started with {option}, which sets this.");
        return Err(ApiError::conflict("command_line", message)
            .hint(format!("Start it without {option} to change it here.")));
    }
    let value = optional_text("value", value, CHARS_MAX)?;
    check(app, setting, &value)?;
    // What is counted by is what was saved last.
    let _alone = app.review_lock.lock().await;
    let before = SavedSettings(settings::all(&app.db).await?);
    let before = before.get(setting);
    if before == value {
        return Ok(());
    }
    let row = SettingChangeRow {
        name: setting.word().to_owned(),
        from_value: before.to_owned(),
        to_value: value,
        by: who.name.clone(),
        at: app.now(),
    };
    let mut change = pool::begin(&app.db).await?;
    settings::set(&mut change, &row).await?;
    let event = Event::new(Act::Account, "setting-changed").label("setting", setting.word());
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    apply(app, setting, &row.to_value);
    Ok(())
}

/// Counts days by what was saved from now on. `value` was checked.
fn apply(app: &Shared, setting: Setting, value: &str) {
    match setting {
        Setting::TimeZone => {
            if let Ok(zone) = Zone::open(Some(value).filter(|name| !name.is_empty())) {
                app.set_zone(zone);
            }
        }
        Setting::Holidays => app.set_agency_days(AgencyDays::read(value).unwrap_or_default()),
        _ => {}
    }
}

/// Refuses a value that the desk could not use.
fn check(app: &Shared, setting: Setting, value: &str) -> ApiResult<()> {
    let wrong = |message: String| Err(ApiError::field("value", message));
    if value.is_empty() {
        return Ok(());
    }
    match setting {
        Setting::Name | Setting::Letterhead => {
            let lines = value.lines().count();
            if setting == Setting::Name && (lines > 1 || value.chars().count() > 120) {
                return wrong("Enter one line of at most 120 characters.".to_owned());
            }
            if lines > 8 {
                return wrong("Enter at most 8 lines.".to_owned());
            }
        }
        Setting::TimeZone => {
            if Zone::open(Some(value)).is_err() {
                return wrong("Unknown time zone. Use a name such as America/Chicago.".to_owned());
            }
        }
        Setting::Law => {
            if app.statutes.get(value).is_none() {
                return wrong("Law not found.".to_owned());
            }
        }
        Setting::Policy => {
            if app.policies.named(value).is_none() {
                return wrong("Policy not found.".to_owned());
            }
        }
        Setting::Holidays => {
            if let Err(what) = AgencyDays::read(value) {
                return wrong(what);
            }
        }
    }
    Ok(())
}
