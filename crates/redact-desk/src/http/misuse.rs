//! Unusual access, and what its review found.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::csv::line;
use super::reports::csv_response;
use crate::api_error::ApiResult;
use crate::db::access::FlagRow;
use crate::domain::unusual::FlagDetail;
use crate::event::Event;
use crate::id::Id;
use crate::model::papers::{AccessOutcome, AccessRule};
use crate::model::{Role, SessionUser};
use crate::service::access::{self, Accesses};
use crate::service::app::App;
use crate::service::sealed;
use crate::time;

/// Unusual access.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccessFlag {
    id: Id,
    rule: AccessRule,
    person: String,
    /// In the agency's time zone.
    day: String,
    /// The id of the recording; empty for access to several.
    recording: String,
    /// Empty for administrators.
    recording_name: String,
    /// The number of the request; empty for administrators.
    request: String,
    /// Recordings, or downloads.
    count: usize,
    from: String,
    until: String,
    outcome: Option<AccessOutcome>,
    finding: String,
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
    /// Whether the user may review it: nobody reviews their own access.
    reviewable: bool,
}

fn present(row: FlagRow, who: &SessionUser, accesses: &Accesses) -> AccessFlag {
    let detail: FlagDetail = serde_json::from_str(&row.detail).unwrap_or_default();
    // Administrators see no requests and no evidence.
    let shows_names = who.role != Role::Administrator;
    let of = Id::read(&row.recording).filter(|_| shows_names);
    let of = of.and_then(|id| accesses.recordings.get(&id));
    AccessFlag {
        reviewable: row.outcome.is_none() && row.person != who.name,
        recording_name: of.map_or_else(String::new, |row| row.name.clone()),
        request: of.map_or_else(String::new, |row| row.number.clone()),
        id: row.id,
        rule: row.rule,
        person: row.person,
        day: row.day,
        recording: row.recording,
        count: detail.count,
        from: time::text(detail.from),
        until: time::text(detail.until),
        outcome: row.outcome,
        finding: row.finding,
        reviewed_by: row.reviewed_by,
        reviewed_at: row.reviewed_at.map(time::text),
    }
}

async fn all(app: &App, who: &SessionUser) -> ApiResult<Vec<AccessFlag>> {
    let (flags, mut accesses) = access::find_unusual(app).await?;
    accesses.hide_closed(&sealed::closed_to(app, who).await?);
    let shown = flags.into_iter().map(|row| present(row, who, &accesses));
    Ok(shown.collect())
}

/// `GET /misuse`: newest access first.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<AccessFlag>>> {
    Ok(axum::Json(all(&app, &who).await?))
}

/// `GET /misuse/csv`. The export is an event.
pub(crate) async fn csv(State(app): State<App>, who: SessionUser) -> ApiResult<Response> {
    let found = all(&app, &who).await?;
    let event = Event::new(Act::Export, "misuse-review").count("entries", found.len());
    app.log_event(&who.name, event).await?;
    // The mark tells spreadsheet programs that it is UTF-8.
    let mut text = String::from("\u{feff}");
    text += &line(&[
        "Day",
        "Person",
        "What is unusual",
        "Recording",
        "Request",
        "Count",
        "From (UTC)",
        "Until (UTC)",
        "Outcome",
        "Finding",
        "Reviewed by",
        "Reviewed at (UTC)",
    ]);
    for flag in &found {
        text += &line(&[
            &flag.day,
            &flag.person,
            flag.rule.title(),
            if flag.recording_name.is_empty() {
                flag.recording.get(..8).unwrap_or_default()
            } else {
                &flag.recording_name
            },
            &flag.request,
            &flag.count.to_string(),
            &flag.from,
            &flag.until,
            flag.outcome.map_or("not reviewed", AccessOutcome::title),
            &flag.finding,
            flag.reviewed_by.as_deref().unwrap_or_default(),
            flag.reviewed_at.as_deref().unwrap_or_default(),
        ]);
    }
    let name = format!("unusual-access-{}.csv", time::day_text(app.today()));
    Ok(csv_response(&name, text))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingBody {
    outcome: AccessOutcome,
    finding: String,
}

/// `POST /misuse/:id/review`.
pub(crate) async fn review(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<FindingBody>,
) -> ApiResult<StatusCode> {
    access::review(&app, &who, &id, (given.outcome, &given.finding)).await?;
    Ok(StatusCode::NO_CONTENT)
}
