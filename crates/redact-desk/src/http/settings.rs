//! The agency's settings, for administrators.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::{ApiError, ApiResult};
use crate::db::settings as rows;
use crate::model::SessionUser;
use crate::service::app::{App, Shared};
use crate::service::settings::{self, SavedSettings, Setting};
use crate::time;

/// A setting.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AgencySetting {
    /// `name`, `letterhead`, `time-zone`, `law`, `policy` or `holidays`.
    name: &'static str,
    /// What was saved; empty: nothing.
    value: String,
    /// The option of the command line that sets it instead, with its value.
    option: Option<String>,
    option_value: Option<String>,
}

/// A choice of a setting.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SettingChoice {
    value: String,
    title: String,
}

/// A change of a setting.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SettingChange {
    name: String,
    from: String,
    to: String,
    by: String,
    at: String,
}

/// The agency's settings.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AgencySettings {
    settings: Vec<AgencySetting>,
    laws: Vec<SettingChoice>,
    policies: Vec<SettingChoice>,
    /// The time zone that counts now.
    time_zone: String,
    /// The newest first.
    changes: Vec<SettingChange>,
}

async fn find(app: &Shared) -> ApiResult<AgencySettings> {
    let saved = SavedSettings::load(&app.db)
        .await
        .map_err(|error| ApiError::internal(&error))?;
    let shown = Setting::ALL.into_iter().map(|setting| {
        let given = setting.given(&app.options);
        AgencySetting {
            name: setting.word(),
            value: saved.get(setting).to_owned(),
            option: given.map(|(option, _)| option.to_owned()),
            option_value: given.map(|(_, value)| value.to_owned()),
        }
    });
    let laws = app.statutes.all().iter().map(|law| SettingChoice {
        value: law.key.clone(),
        title: law.title.clone(),
    });
    let policies = app.policies.all().into_iter();
    let policies = policies.map(|known| SettingChoice {
        value: known.1.head.name.clone(),
        title: known.1.head.title().to_owned(),
    });
    let changes = rows::changes(&app.db).await?.into_iter();
    Ok(AgencySettings {
        settings: shown.collect(),
        laws: laws.collect(),
        policies: policies.collect(),
        time_zone: app.zone().name.clone(),
        changes: changes
            .map(|row| SettingChange {
                name: row.name,
                from: row.from_value,
                to: row.to_value,
                by: row.by,
                at: time::text(row.at),
            })
            .collect(),
    })
}

/// `GET /settings`.
pub(crate) async fn show(State(app): State<App>) -> ApiResult<axum::Json<AgencySettings>> {
    Ok(axum::Json(find(&app).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingBody {
    name: String,
    value: String,
}

/// `PUT /settings`: one setting; an empty value removes it.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<SettingBody>,
) -> ApiResult<axum::Json<AgencySettings>> {
    let mut all = Setting::ALL.into_iter();
    let setting = all
        .find(|setting| setting.word() == given.name)
        .ok_or_else(|| ApiError::field("name", "There is no setting with this name."))?;
    settings::set(&app, &who, setting, &given.value).await?;
    Ok(axum::Json(find(&app).await?))
}
