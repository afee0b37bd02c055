//! The access report: who got at which recording.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Query;
use super::csv::line;
use super::reports::csv_response;
use crate::api_error::{ApiError, ApiResult};
use crate::domain::access::{Access, AccessCounts, AccessTally, tally};
use crate::event::Event;
use crate::id::Id;
use crate::model::papers::AccessKind;
use crate::model::{Role, SessionUser};
use crate::service::access::Accesses;
use crate::service::app::App;
use crate::service::sealed;
use crate::time;

/// The most entries that a response lists.
const ENTRIES_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessQuery {
    /// The id of a recording.
    recording: Option<String>,
    /// Part of the name of a person.
    person: Option<String>,
    /// The first and the last day, in the agency's time zone.
    from: Option<String>,
    to: Option<String>,
}

/// A recording that was accessed. Administrators see no names of evidence, and nobody those of what
/// an order of a court closes to them.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccessedRecording {
    id: Id,
    /// Empty if the user may not see it.
    name: String,
    /// The number of its request; empty if the user may not see it.
    request: String,
}

impl AccessedRecording {
    /// `clip.mp4, request 2026-17`, or the beginning of the id.
    pub(super) fn text(&self) -> String {
        if self.name.is_empty() {
            return self.id.as_str().get(..8).unwrap_or_default().to_owned();
        }
        format!("{}, request {}", self.name, self.request)
    }
}

/// How often something was accessed.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccessFigures {
    views: u64,
    playbacks: u64,
    frames: u64,
    downloads: u64,
    exports: u64,
    copies: u64,
    last_at: String,
}

impl AccessFigures {
    fn of(tally: &AccessTally) -> Self {
        let AccessCounts {
            views,
            playbacks,
            frames,
            downloads,
            exports,
            copies,
        } = tally.counts;
        Self {
            views,
            playbacks,
            frames,
            downloads,
            exports,
            copies,
            last_at: time::text(tally.last),
        }
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let all = [
            self.views,
            self.playbacks,
            self.frames,
            self.downloads,
            self.exports,
            self.copies,
        ];
        all.iter().map(u64::to_string).collect()
    }
}

/// The access to one recording.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RecordingAccess {
    pub(super) recording: AccessedRecording,
    pub(super) people: Vec<String>,
    pub(super) figures: AccessFigures,
}

/// The access by one person.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PersonAccess {
    pub(super) name: String,
    pub(super) recordings: usize,
    pub(super) figures: AccessFigures,
}

/// One access.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccessEntry {
    at: String,
    until: String,
    who: String,
    kind: AccessKind,
    recordings: Vec<AccessedRecording>,
    /// What was shown and how often, or the file.
    shown: BTreeMap<String, u64>,
    frames: u64,
    /// Whether the session goes on.
    open: bool,
}

/// Who got at which recording.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccessReport {
    recordings: Vec<RecordingAccess>,
    people: Vec<PersonAccess>,
    /// The newest 500, newest first.
    entries: Vec<AccessEntry>,
    /// How many there are in all.
    count: usize,
}

/// What the query wants of all access.
pub(super) struct FoundAccess {
    /// Oldest first.
    pub(super) all: Vec<Access>,
    known: BTreeMap<String, AccessedRecording>,
    /// What the query wants, in words.
    pub(super) filters: Vec<String>,
}

impl FoundAccess {
    pub(super) async fn load(app: &App, who: &SessionUser, query: AccessQuery) -> ApiResult<Self> {
        let day = |field: &'static str, given: &Option<String>| match given.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::read_day(text)
                .map(Some)
                .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31.")),
        };
        let (from, to) = (day("from", &query.from)?, day("to", &query.to)?);
        let person = query.person.clone().unwrap_or_default().to_lowercase();
        let recording = query.recording.clone().unwrap_or_default();
        let mut accesses = Accesses::load(app).await?;
        accesses.hide_closed(&sealed::closed_to(app, who).await?);
        let Accesses {
            mut all,
            recordings,
            ..
        } = accesses;
        all.retain(|access| {
            let on = app.zone().day(access.at);
            from.is_none_or(|from| on >= from)
                && to.is_none_or(|to| on <= to)
                && access.who.to_lowercase().contains(person.trim())
                && (recording.is_empty()
                    || access.recordings.iter().any(|id| id.as_str() == recording))
        });
        // Administrators see no requests and no evidence.
        let shows_names = who.role != Role::Administrator;
        let shown = |text: String| if shows_names { text } else { String::new() };
        let known = recordings.into_values().map(|row| {
            let known = AccessedRecording {
                name: shown(row.name),
                request: shown(row.number),
                id: row.id,
            };
            (known.id.to_string(), known)
        });
        let known: BTreeMap<String, AccessedRecording> = known.collect();
        let about = known.get(&recording).map(AccessedRecording::text);
        let given = [
            ("recording", about.or(query.recording)),
            ("person", query.person),
            ("from", query.from),
            ("to", query.to),
        ];
        let filters = given.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            Some(format!("{name} {value:?}"))
        });
        Ok(Self {
            filters: filters.collect(),
            all,
            known,
        })
    }

    fn recording(&self, id: &Id) -> Option<AccessedRecording> {
        self.known.get(id.as_str()).cloned()
    }

    /// The recordings of an access in words.
    pub(super) fn recordings_text(&self, access: &Access) -> String {
        let all = access.recordings.iter();
        let all = all.filter_map(|id| Some(self.recording(id)?.text()));
        all.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn recordings(&self) -> Vec<RecordingAccess> {
        let (recordings, _) = tally(&self.all);
        let each = recordings.into_iter().filter_map(|(id, tally)| {
            Some(RecordingAccess {
                recording: self.known.get(&id)?.clone(),
                figures: AccessFigures::of(&tally),
                people: tally.others.into_iter().collect(),
            })
        });
        let mut all: Vec<RecordingAccess> = each.collect();
        all.sort_by(|a, b| {
            let key = |one: &RecordingAccess| {
                let recording = &one.recording;
                (recording.request.clone(), recording.name.clone())
            };
            key(a).cmp(&key(b))
        });
        all
    }

    pub(super) fn people(&self) -> Vec<PersonAccess> {
        let (_, people) = tally(&self.all);
        let each = people.into_iter().map(|(name, tally)| PersonAccess {
            name,
            recordings: tally.others.len(),
            figures: AccessFigures::of(&tally),
        });
        each.collect()
    }

    fn entry(&self, access: &Access) -> AccessEntry {
        let recordings = access.recordings.iter();
        AccessEntry {
            at: time::text(access.at),
            until: time::text(access.until),
            who: access.who.clone(),
            kind: access.kind,
            recordings: recordings.filter_map(|id| self.recording(id)).collect(),
            shown: access.shown.clone(),
            frames: access.frames,
            open: access.is_open,
        }
    }
}

/// `pictures 3, video 1`.
pub(super) fn shown_text(access: &Access) -> String {
    let parts = access.shown.iter().map(|(name, count)| match access.kind {
        AccessKind::Viewed => format!("{name} {count}"),
        _ => name.clone(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// `GET /access`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<AccessQuery>,
) -> ApiResult<axum::Json<AccessReport>> {
    let found = FoundAccess::load(&app, &who, query).await?;
    let newest = found.all.iter().rev().take(ENTRIES_MAX);
    Ok(axum::Json(AccessReport {
        entries: newest.map(|access| found.entry(access)).collect(),
        recordings: found.recordings(),
        people: found.people(),
        count: found.all.len(),
    }))
}

/// `GET /access/csv`: every access, newest first. The export is an event.
pub(crate) async fn csv(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<AccessQuery>,
) -> ApiResult<Response> {
    let found = FoundAccess::load(&app, &who, query).await?;
    let event = Event::new(Act::Export, "access-report").count("entries", found.all.len());
    app.log_event(&who.name, event).await?;
    // The mark tells spreadsheet programs that it is UTF-8.
    let mut text = String::from("\u{feff}");
    text += &line(&[
        "Began (UTC)",
        "Ended (UTC)",
        "Began (local)",
        "Person",
        "Access",
        "Recordings",
        "What",
        "Frames",
        "Session",
    ]);
    for access in found.all.iter().rev() {
        text += &line(&[
            &time::text(access.at),
            &time::text(access.until),
            &app.zone().local_text(access.at),
            &access.who,
            access.kind.title(),
            &found.recordings_text(access),
            &shown_text(access),
            &access.frames.to_string(),
            if access.is_open { "open" } else { "ended" },
        ]);
    }
    let name = format!("access-{}.csv", time::day_text(app.today()));
    Ok(csv_response(&name, text))
}
