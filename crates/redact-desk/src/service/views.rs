//! Who viewed a recording: per user, recording and session, which frames and what else.
//!
//! Every response with part of a recording is counted before it is sent, and video by the bytes
//! sent. Counts are stored at once, except for the last two seconds. When the session has ended, or
//! the desk stops, the view becomes one entry of the event log; views left by a crash become
//! entries at the next start.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::PoisonError;

use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::sessions;
use crate::api_error::ApiResult;
use crate::db::pool;
use crate::db::recordings;
use crate::db::views::{self, ViewRow};
use crate::domain::spans::{Spans, Timeline};
use crate::domain::viewing::Seen;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::paths::recording_files::TIMELINE;
use crate::time;

/// The most spans in an entry; the event log takes 32 details.
const SPANS_MAX: usize = 14;

/// Counts what `who` views of a recording. Call it before responding.
///
/// # Errors
/// Database errors. Nothing may then be shown.
pub(crate) async fn note(
    app: &Shared,
    who: &SessionUser,
    recording: &Id,
    seen: Seen,
    frames: Range<u32>,
) -> ApiResult<()> {
    let fresh = app.views.change(app.now(), who, recording, |view| {
        let fresh = view.seen.is_empty();
        *view.seen.entry(seen.word().to_owned()).or_insert(0) += 1;
        view.spans.add(frames.start, frames.end);
        view.stored = false;
        fresh
    });
    // Store the first view at once, and later ones within seconds.
    if fresh {
        store(app).await?;
    }
    Ok(())
}

/// Stores the counts in the database.
///
/// # Errors
/// Database errors.
pub(crate) async fn store(app: &Shared) -> ApiResult<()> {
    let waiting = app.views.not_stored();
    if waiting.is_empty() {
        return Ok(());
    }
    let mut change = pool::begin(&app.db).await?;
    for ((session, recording), view) in waiting {
        let row = ViewRow {
            id: view.id,
            user: view.user,
            name: view.name,
            recording,
            session,
            began_at: view.began,
            last_at: view.last,
            spans: json!(view.spans).to_string(),
            seen: json!(view.seen).to_string(),
            written: false,
        };
        views::store(&mut change, &row).await?;
    }
    Ok(change.commit().await?)
}

/// Whose views are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// Sessions that have ended.
    Ended,
    /// All sessions: the desk stops, or has just started.
    All,
}

/// Logs finished views.
///
/// # Errors
/// Database and log errors. What was not logged is tried again.
pub(crate) async fn log_finished(app: &Shared, sessions: Sessions) -> ApiResult<()> {
    let _alone = app.views.logging.lock().await;
    store(app).await?;
    let now = app.now();
    let times = (now - sessions::IDLE_MAX, now - sessions::LASTS_MAX);
    for row in views::unlogged(&app.db, sessions == Sessions::All, times).await? {
        let event = entry(app, &row).await?;
        app.log_event(&row.name, event).await?;
        views::set_written(&app.db, &row.id).await?;
        let mut open = app
            .views
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, view| view.id != row.id);
    }
    Ok(())
}

/// The event log entry of a view.
async fn entry(app: &Shared, row: &ViewRow) -> ApiResult<Event> {
    let moment = |at| time::text(at).to_lowercase().replace(':', ".");
    let mut event = Event::new(Act::View, "viewed")
        .id("recording", &row.recording)
        .label("session", row.session.get(..16).unwrap_or_default())
        .label("began", &moment(row.began_at))
        .label("ended", &moment(row.last_at));
    if let Some(digest) = recordings::digest(&app.db, &row.recording).await? {
        event = event.subject("source", digest);
    }
    let seen: BTreeMap<String, u64> = serde_json::from_str(&row.seen).unwrap_or_default();
    for (word, count) in seen {
        event = event.count(&word, usize::try_from(count).unwrap_or(usize::MAX));
    }
    let spans: Spans = serde_json::from_str(&row.spans).unwrap_or_default();
    event = event.count("frames", usize::try_from(spans.frames()).unwrap_or(0));
    let timeline = timeline(app, &row.recording).await;
    for (number, (start, end)) in spans.at_most(SPANS_MAX).into_iter().enumerate() {
        let text = match &timeline {
            Some(timeline) => {
                let second = |frame| {
                    let millis = timeline.start_millis(frame);
                    format!("{}.{:03}", millis / 1000, millis % 1000)
                };
                format!("{}-{}-s", second(start), second(end))
            }
            None => format!("frames-{start}-{end}"),
        };
        event = event.label(&format!("span-{}", number + 1), &text);
    }
    Ok(event)
}

/// The start times of a recording's frames; `None` while it is not ready.
pub(crate) async fn timeline(app: &Shared, recording: &Id) -> Option<Timeline> {
    let path = app.folders.recording(recording).join(TIMELINE);
    serde_json::from_slice(&tokio::fs::read(path).await.ok()?).ok()
}
