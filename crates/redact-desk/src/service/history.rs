//! Records a change of a request in its history and in the event log.

use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::db::history::{self, NewEntry};
use crate::db::pool::Connection;
use crate::domain::history::FieldChange;
use crate::event::Event;
use crate::id::Id;

/// A release was handed over or packaged although its review was reopened or sent back since.
pub(crate) const HANDED_OVER_REOPENED: &str = "handed-over-reopened";

/// A change that was made.
pub(crate) struct Entry<'a> {
    pub(crate) request: &'a Id,
    pub(crate) recording: Option<&'a Id>,
    /// What was done, as the event log spells it.
    pub(crate) action: &'static str,
    pub(crate) changes: Vec<FieldChange>,
    pub(crate) reason: &'a str,
}

/// Adds an entry to the history, and one to the event log that refers to it.
///
/// The log takes dates and words that the program chooses from, but no text that a person typed: of
/// other fields, it has the names alone.
///
/// # Errors
/// Those of the database and the log. The change must then not be committed.
pub(crate) async fn note(
    app: &Shared,
    change: &mut Connection,
    who: &str,
    entry: Entry<'_>,
) -> ApiResult<()> {
    let new = NewEntry {
        request: entry.request,
        recording: entry.recording,
        by: who,
        action: entry.action,
        changes: json!(entry.changes).to_string(),
        reason: entry.reason,
        now: app.now(),
    };
    let id = history::insert(change, new).await?;
    let act = match (entry.action, entry.recording) {
        (HANDED_OVER_REOPENED, _) => Act::Delivery,
        (_, Some(_)) => Act::Intake,
        (_, None) => Act::Request,
    };
    let mut event = Event::new(act, entry.action).id("request", entry.request);
    if let Some(recording) = entry.recording {
        event = event.id("recording", recording);
    }
    for changed in &entry.changes {
        let field = changed.field.replace('_', "-");
        if !is_chosen(app, changed) {
            event = event.label(&format!("{field}-changed"), "yes");
            continue;
        }
        event = event.label(&format!("{field}-from"), &changed.from);
        event = event.label(&format!("{field}-to"), &changed.to);
    }
    app.log_event(who, event.id("history", &id)).await
}

/// Whether the values of a field are chosen from what the program knows, and not typed.
fn is_chosen(app: &Shared, change: &FieldChange) -> bool {
    let is_law = |key: &str| app.statutes.get(key).is_some();
    match change.field.as_str() {
        "requester_kind" | "received_on" | "due_on" | "disposition" | "waiting_for"
        | "on_clock" | "stopped_on" | "started_on" | "extension" | "acknowledged_on"
        | "estimated_on" | "letter" | "letter_sha256" | "sent_on" | "category" | "counted_from"
        | "asked_on" => true,
        "jurisdiction" => is_law(&change.from) && is_law(&change.to),
        _ => false,
    }
}
