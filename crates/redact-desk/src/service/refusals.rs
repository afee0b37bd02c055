//! Failed sign-ins in the event log.

use redact_record::events::Act;

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::domain::refusals::Refusal;
use crate::event::Event;

fn entry(address: &str, action: &str) -> Event {
    Event::new(Act::Account, action)
        .refused()
        .label("address", address)
}

/// Logs or counts a failed sign-in.
///
/// # Errors
/// If the log cannot be written.
pub(crate) async fn note(app: &Shared, refusal: Refusal<'_>) -> ApiResult<()> {
    flush(app, false).await?;
    let address = refusal.peer.label();
    if !app.refusals.count(&address, &refusal, app.now()) {
        return Ok(());
    }
    let state = if refusal.locked { "locked" } else { "open" };
    let event = entry(&address, refusal.action).label("login", state);
    app.log_event(refusal.who, event).await
}

/// Logs the counts older than a minute, or all.
///
/// # Errors
/// If the log cannot be written.
pub(crate) async fn flush(app: &Shared, all: bool) -> ApiResult<()> {
    for (address, counted) in app.refusals.due(app.now(), all) {
        if counted.more > 0 {
            let event = entry(&address, counted.action).count("more", counted.more);
            app.log_event(&counted.who, event).await?;
        }
    }
    Ok(())
}
