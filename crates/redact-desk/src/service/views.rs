//! Who viewed a recording: for each person, recording and session, which frames and what else.
//!
//! Every answer with something of a recording in it is counted before it is given, and video by the
//! bytes that were sent. What is counted is in the database at once (the newest two seconds of it
//! may be in memory alone). When the session is over, or the desk stops, it becomes one entry of
//! the event log; what a crash left becomes one at the next start.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::PoisonError;

use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::sessions;
use crate::answer::Answer;
use crate::db::pool;
use crate::db::recordings;
use crate::db::views::{self, ViewRow};
use crate::domain::spans::{Spans, Timeline};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::Who;
use crate::note::Note;
use crate::paths::recording_files::TIMELINE;
use crate::time;

/// The most spans in an entry of the event log, which takes 32 details.
const SPANS_MAX: usize = 14;

/// Counts that `who` is given something of a recording; call it before answering.
///
/// # Errors
/// The database's, when the view could not be stored: nothing is then to be shown.
pub(crate) async fn note(
    app: &Shared,
    who: &Who,
    recording: &Id,
    seen: Seen,
    frames: Range<u32>,
) -> Answer<()> {
    let fresh = app.views.change(app.now(), who, recording, |view| {
        let fresh = view.seen.is_empty();
        *view.seen.entry(seen.word().to_owned()).or_insert(0) += 1;
        view.spans.add(frames.start, frames.end);
        view.stored = false;
        fresh
    });
    // The first time at once; what follows within the next seconds.
    if fresh {
        store(app).await?;
    }
    Ok(())
}

/// Puts what was counted into the database.
///
/// # Errors
/// The database's.
pub(crate) async fn store(app: &Shared) -> Answer<()> {
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

/// Which views become entries of the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Those whose session has ended.
    Ended,
    /// All: the desk stops, or has just begun.
    All,
}

/// Writes what is over to the event log.
///
/// # Errors
/// The database's and the log's; what was not written is tried again.
pub(crate) async fn settle(app: &Shared, over: Over) -> Answer<()> {
    let _alone = app.views.settling.lock().await;
    store(app).await?;
    let now = app.now();
    let times = (now - sessions::IDLE_MAX, now - sessions::LASTS_MAX);
    for row in views::over(&app.db, over == Over::All, times).await? {
        let note = entry(app, &row).await?;
        app.note(&row.name, note).await?;
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

/// What the event log has of a view.
async fn entry(app: &Shared, row: &ViewRow) -> Answer<Note> {
    let moment = |at| time::text(at).to_lowercase().replace(':', ".");
    let mut note = Note::new(Act::View, "viewed")
        .id("recording", &row.recording)
        .label("session", row.session.get(..16).unwrap_or_default())
        .label("began", &moment(row.began_at))
        .label("ended", &moment(row.last_at));
    if let Some(digest) = recordings::digest(&app.db, &row.recording).await? {
        note = note.subject("source", digest);
    }
    let seen: BTreeMap<String, u64> = serde_json::from_str(&row.seen).unwrap_or_default();
    for (word, count) in seen {
        note = note.count(&word, usize::try_from(count).unwrap_or(usize::MAX));
    }
    let spans: Spans = serde_json::from_str(&row.spans).unwrap_or_default();
    note = note.count("frames", usize::try_from(spans.frames()).unwrap_or(0));
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
        note = note.label(&format!("span-{}", number + 1), &text);
    }
    Ok(note)
}

/// When the frames of a recording are; `None` while it is not ready.
pub(crate) async fn timeline(app: &Shared, recording: &Id) -> Option<Timeline> {
    let path = app.folders.recording(recording).join(TIMELINE);
    serde_json::from_slice(&tokio::fs::read(path).await.ok()?).ok()
}
