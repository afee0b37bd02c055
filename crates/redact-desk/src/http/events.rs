//! Reading and checking the event log.

use axum::extract::State;
use redact_record::events::{self, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Query;
use crate::api_error::ApiResult;
use crate::service::app::App;

/// The most entries per response.
const ENTRIES_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    after: Option<u64>,
    limit: Option<usize>,
}

/// `GET /events`.
pub(crate) async fn list(
    State(app): State<App>,
    Query(page): Query<Page>,
) -> ApiResult<axum::Json<Vec<EventEntry>>> {
    let path = app.options.event_log.log.path().to_owned();
    let limit = page.limit.unwrap_or(ENTRIES_MAX).clamp(1, ENTRIES_MAX);
    let read = tokio::task::spawn_blocking(move || {
        let mut list = Vec::new();
        events::read(&path, &mut |entry| {
            let Ok(entry) = entry else { return };
            if page.after.is_none_or(|after| entry.seq > after) && list.len() < limit {
                list.push(present(&entry));
            }
        })?;
        Ok::<_, redact_record::RecordError>(list)
    });
    Ok(axum::Json(read.await??))
}

/// An entry of the event log, with subjects and details by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct EventEntry {
    seq: u64,
    at: String,
    who: String,
    #[cfg_attr(test, ts(type = "string"))]
    what: Value,
    #[cfg_attr(test, ts(type = "'success' | 'refused' | 'failure'"))]
    outcome: Value,
    program: String,
    machine: String,
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    subjects: Map<String, Value>,
    #[cfg_attr(test, ts(type = "Record<string, string | number>"))]
    details: Map<String, Value>,
}

fn present(entry: &Recorded) -> EventEntry {
    let value = entry.json();
    let named = |key: &str| -> Map<String, Value> {
        let pairs = value[key].as_array().into_iter().flatten();
        let pair = |pair: &Value| {
            let name = pair[0].as_str().unwrap_or_default().to_owned();
            (name, pair[1].clone())
        };
        pairs.map(pair).collect()
    };
    let event = &entry.event;
    EventEntry {
        seq: entry.seq,
        at: entry.time().to_string(),
        who: event.who.clone(),
        what: value["what"].clone(),
        outcome: value["outcome"].clone(),
        program: event.program.clone(),
        machine: event.machine.clone(),
        subjects: named("subjects"),
        details: named("details"),
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Chain {
    whole: bool,
    entries: u64,
    problem: Option<String>,
}

/// `GET /events/check`.
pub(crate) async fn check(State(app): State<App>) -> ApiResult<axum::Json<Chain>> {
    let path = app.options.event_log.log.path().to_owned();
    let report = tokio::task::spawn_blocking(move || events::verify(&path)).await??;
    Ok(axum::Json(Chain {
        whole: report.is_intact(),
        entries: report.entries,
        problem: report.problems.first().map(ToString::to_string),
    }))
}
