//! Refused sign-ins in the event log.

use redact_record::events::Act;

use super::app::Shared;
use crate::answer::Answer;
use crate::domain::refusals::Refusal;
use crate::note::Note;

fn entry(address: &str, action: &str) -> Note {
    Note::new(Act::Account, action)
        .refused()
        .label("address", address)
}

/// Writes a refusal down, or counts it.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn note(app: &Shared, refusal: Refusal<'_>) -> Answer<()> {
    flush(app, false).await?;
    let address = refusal.peer.label();
    if !app.refusals.count(&address, &refusal, app.now()) {
        return Ok(());
    }
    let state = if refusal.locked { "locked" } else { "open" };
    let note = entry(&address, refusal.action).label("login", state);
    app.note(refusal.who, note).await
}

/// Writes the counts of minutes that are over; with `all`, every count.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn flush(app: &Shared, all: bool) -> Answer<()> {
    for (address, counted) in app.refusals.due(app.now(), all) {
        if counted.more > 0 {
            let note = entry(&address, counted.action).count("more", counted.more);
            app.note(&counted.who, note).await?;
        }
    }
    Ok(())
}
