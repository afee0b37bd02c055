//! Who viewed a recording: for each person, recording and session, which frames and what else.
//!
//! Every answer with something of a recording in it is counted before it is given, and video by the
//! bytes that were sent. What is counted is in the database at once (the newest two seconds of it
//! may be in memory alone). When the session is over, or the desk stops, it becomes one entry of the
//! event log; what a crash left becomes one at the next start.

mod frames;
mod spans;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use redact_record::events::Act;
use serde::Serialize;
use serde_json::json;

use crate::accounts::session::{self, Who};
use crate::answer::Answer;
use crate::app::{App, Note, Shared};
use crate::jobs::{PROXY, TIMELINE};
use crate::recordings;
use crate::store::{self, Id};
use crate::time::{self, Millis};
use frames::Frames;
use spans::{Spans, Timeline};

/// The most spans in an entry of the event log, which takes 32 details.
const SPANS_MAX: usize = 14;

/// Bytes of video that are sent between two counts.
const COUNT_EVERY: u64 = 1 << 20;

/// What somebody saw, by the word that the event log has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Video,
    Picture,
    Thumbnail,
    Waveform,
    Tracks,
    Review,
    Preview,
}

impl Seen {
    const fn word(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Picture => "pictures",
            Self::Thumbnail => "thumbnails",
            Self::Waveform => "waveforms",
            Self::Tracks => "tracks",
            Self::Review => "reviews",
            Self::Preview => "previews",
        }
    }
}

/// Views that are not in the event log yet.
#[derive(Default)]
pub(crate) struct Views {
    open: Mutex<HashMap<Key, View>>,
    /// Held while views are written: each becomes one entry.
    settling: tokio::sync::Mutex<()>,
}

/// A session, by what is stored of its token, and a recording.
type Key = (String, Id);

#[derive(Clone)]
struct View {
    id: Id,
    user: Id,
    name: String,
    began: Millis,
    last: Millis,
    spans: Spans,
    seen: BTreeMap<String, u64>,
    /// Whether the database has all of this.
    stored: bool,
}

impl Views {
    fn change<T>(
        &self,
        app: &Shared,
        who: &Who,
        recording: &Id,
        change: impl FnOnce(&mut View) -> T,
    ) -> T {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = app.now();
        let view = open
            .entry((who.session.clone(), recording.clone()))
            .or_insert_with(|| View {
                id: Id::random(),
                user: who.id.clone(),
                name: who.name.clone(),
                began: now,
                last: now,
                spans: Spans::default(),
                seen: BTreeMap::new(),
                stored: false,
            });
        view.last = now;
        change(view)
    }

    fn not_stored(&self) -> Vec<(Key, View)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = open.iter_mut().filter(|(_, view)| !view.stored);
        let take = |(key, view): (&Key, &mut View)| {
            view.stored = true;
            (key.clone(), view.clone())
        };
        waiting.map(take).collect()
    }
}

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
    let fresh = app.views.change(app, who, recording, |view| {
        let fresh = view.seen.is_empty();
        *view.seen.entry(seen.word().to_owned()).or_insert(0) += 1;
        view.spans.add(frames.start, frames.end);
        view.stored = false;
        fresh
    });
    // The first time at once; what follows within the next seconds.
    if fresh {
        store(app).await?
    }
    Ok(())
}

/// Counts what is sent of a proxy as video seen.
///
/// # Errors
/// Those of [`note`].
pub(crate) async fn note_video(
    app: &App,
    who: &Who,
    recording: &Id,
    answer: Response,
) -> Answer<Response> {
    note(app, who, recording, Seen::Video, 0..0).await?;
    let path = app.folders.recording(recording).join(PROXY);
    let count = recordings::frames(app, recording).await?;
    let frames = tokio::task::spawn_blocking(move || Frames::of(&path, count)).await?;
    let start = range_start(&answer);
    let sent = Sent {
        app: Arc::clone(app),
        who: who.clone(),
        recording: recording.clone(),
        frames,
        counted: start,
        at: start,
    };
    Ok(answer.map(|body| Body::new(Counted { body, sent })))
}

/// The first byte that an answer with a part of a file has.
fn range_start(answer: &Response) -> u64 {
    let line = answer.headers().get(header::CONTENT_RANGE);
    let line = line.filter(|_| answer.status() == StatusCode::PARTIAL_CONTENT);
    line.and_then(|line| line.to_str().ok()?.strip_prefix("bytes "))
        .and_then(|line| line.split('-').next()?.parse().ok())
        .unwrap_or(0)
}

/// Bytes of a proxy on their way.
struct Sent {
    app: App,
    who: Who,
    recording: Id,
    frames: Frames,
    counted: u64,
    at: u64,
}

impl Sent {
    fn count(&mut self) {
        let (start, end) = self.frames.within(self.counted, self.at);
        self.counted = self.at;
        let app = &self.app;
        app.views.change(app, &self.who, &self.recording, |view| {
            if view.seen.is_empty() {
                // The session ended meanwhile, and what is still sent is a view of its own.
                view.seen.insert(Seen::Video.word().to_owned(), 1);
            }
            if view.spans.add(start, end) {
                view.stored = false;
            }
        });
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.count();
    }
}

/// A body that counts what was taken of it.
struct Counted {
    body: Body,
    sent: Sent,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.sent.at += bytes.len() as u64;
            if self.sent.at - self.sent.counted >= COUNT_EVERY {
                self.sent.count();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
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
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    for ((session, recording), view) in waiting {
        sqlx::query(
            "INSERT INTO views (id, user, name, recording, session, began_at, last_at, spans, seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET last_at = ?7, spans = ?8, seen = ?9",
        )
        .bind(view.id)
        .bind(view.user)
        .bind(view.name)
        .bind(recording)
        .bind(session)
        .bind(view.began)
        .bind(view.last)
        .bind(json!(view.spans).to_string())
        .bind(json!(view.seen).to_string())
        .execute(&mut *change)
        .await?;
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

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    name: String,
    recording: Id,
    session: String,
    began_at: Millis,
    last_at: Millis,
    spans: String,
    seen: String,
    written: bool,
}

const ROW: &str = "SELECT id, name, recording, session, began_at, last_at, spans, seen, written
    FROM views";

/// Writes what is over to the event log.
///
/// # Errors
/// The database's and the log's; what was not written is tried again.
pub(crate) async fn settle(app: &Shared, over: Over) -> Answer<()> {
    let _alone = app.views.settling.lock().await;
    store(app).await?;
    let sql = format!(
        "{ROW} WHERE written = 0 AND (?1 OR NOT EXISTS (SELECT 1 FROM sessions
         WHERE token = views.session AND seen_at > ?2 AND created_at > ?3)) ORDER BY began_at"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(over == Over::All)
        .bind(app.now() - session::IDLE_MAX)
        .bind(app.now() - session::LASTS_MAX)
        .fetch_all(&app.db)
        .await?;
    for row in rows {
        let note = entry(app, &row).await?;
        app.note(&row.name, note).await?;
        sqlx::query("UPDATE views SET written = 1 WHERE id = ?")
            .bind(&row.id)
            .execute(&app.db)
            .await?;
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
async fn entry(app: &Shared, row: &Row) -> Answer<Note> {
    let moment = |at| time::text(at).to_lowercase().replace(':', ".");
    let mut note = Note::new(Act::View, "viewed")
        .id("recording", &row.recording)
        .label("session", row.session.get(..16).unwrap_or_default())
        .label("began", &moment(row.began_at))
        .label("ended", &moment(row.last_at));
    let digest: Option<(Option<String>,)> =
        sqlx::query_as("SELECT sha256 FROM recordings WHERE id = ?")
            .bind(&row.recording)
            .fetch_optional(&app.db)
            .await?;
    if let Some(digest) = digest.and_then(|(text,)| store::digest(&text?)) {
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

async fn timeline(app: &Shared, recording: &Id) -> Option<Timeline> {
    let path = app.folders.recording(recording).join(TIMELINE);
    serde_json::from_slice(&tokio::fs::read(path).await.ok()?).ok()
}

/// A view as the page sees it.
#[derive(Serialize)]
pub(crate) struct Shown {
    by: String,
    began_at: String,
    last_at: String,
    /// Frames, half-open.
    spans: Vec<(u32, u32)>,
    /// The same in seconds; empty while the recording is not ready.
    seconds: Vec<(f64, f64)>,
    frames: u32,
    seen: BTreeMap<String, u64>,
    /// Whether the session goes on.
    open: bool,
}

/// `GET /recordings/:id/views`.
pub(crate) async fn list(
    State(app): State<App>,
    Path(recording): Path<Id>,
) -> Answer<axum::Json<Vec<Shown>>> {
    recordings::request_of(&app, &recording).await?;
    store(&app).await?;
    let sql = format!("{ROW} WHERE recording = ? ORDER BY began_at DESC LIMIT 500");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&recording)
        .fetch_all(&app.db)
        .await?;
    let timeline = timeline(&app, &recording).await;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
    let second = |timeline: &Timeline, frame| timeline.start_millis(frame) as f64 / 1000.0;
    let shown = |row: Row| {
        let all: Spans = serde_json::from_str(&row.spans).unwrap_or_default();
        let spans = all.at_most(usize::MAX);
        let seconds = timeline.iter().flat_map(|timeline| {
            let times = |&(start, end)| (second(timeline, start), second(timeline, end));
            spans.iter().map(times)
        });
        Shown {
            seconds: seconds.collect(),
            by: row.name,
            began_at: time::text(row.began_at),
            last_at: time::text(row.last_at),
            frames: all.frames(),
            seen: serde_json::from_str(&row.seen).unwrap_or_default(),
            open: !row.written,
            spans,
        }
    };
    Ok(axum::Json(rows.into_iter().map(shown).collect()))
}
