//! The event log, to be read and checked.

use axum::extract::State;
use redact_record::events::{self, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Query};
use crate::app::App;

/// The most entries of one answer.
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
) -> Answer<axum::Json<Vec<Value>>> {
    let path = app.options.journal.log.path().to_owned();
    let limit = page.limit.unwrap_or(ENTRIES_MAX).clamp(1, ENTRIES_MAX);
    let read = tokio::task::spawn_blocking(move || {
        let mut list = Vec::new();
        events::read(&path, &mut |entry| {
            let Ok(entry) = entry else { return };
            if page.after.is_none_or(|after| entry.seq > after) && list.len() < limit {
                list.push(shown(&entry));
            }
        })?;
        Ok::<_, redact_record::RecordError>(list)
    });
    Ok(axum::Json(read.await??))
}

/// An entry, with subjects and details by name instead of as pairs.
fn shown(entry: &Recorded) -> Value {
    let mut value = entry.json();
    for key in ["subjects", "details"] {
        let pairs = value[key].as_array().cloned().unwrap_or_default();
        let named = pairs.iter().map(|pair| {
            let name = pair[0].as_str().unwrap_or_default().to_owned();
            (name, pair[1].clone())
        });
        value[key] = named.collect::<serde_json::Map<_, _>>().into();
    }
    let event = &entry.event;
    json!({
        "seq": entry.seq, "at": entry.time(), "who": event.who, "what": value["what"],
        "outcome": value["outcome"], "program": event.program, "machine": event.machine,
        "subjects": value["subjects"], "details": value["details"],
    })
}

#[derive(Serialize)]
pub(crate) struct Chain {
    whole: bool,
    entries: u64,
    problem: Option<String>,
}

/// `GET /events/check`.
pub(crate) async fn check(State(app): State<App>) -> Answer<axum::Json<Chain>> {
    let path = app.options.journal.log.path().to_owned();
    let report = tokio::task::spawn_blocking(move || events::verify(&path)).await??;
    Ok(axum::Json(Chain {
        whole: report.is_intact(),
        entries: report.entries,
        problem: report.problems.first().map(ToString::to_string),
    }))
}
