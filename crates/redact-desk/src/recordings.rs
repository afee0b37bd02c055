//! Recordings: taken in, prepared, shown. Whatever is shown is named by id and number alone.

use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redact_core::{NormRect, Redactions, Track};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, Query};
use crate::app::{App, Note, Shared};
use crate::files::{self, Shown};
use crate::jobs::{MEDIA, MOMENTS, PROXY, SOURCE, TIMELINE, Task, ToAccept, Watch};
use crate::queue::{self, Job, JobError, Kind, NewJob};
use crate::review::{self, document::ClassName};
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::views::{self, Seen};

/// Frames that are followed in each direction when nothing else was asked for, and at most.
const FOLLOW_FRAMES: u32 = 600;
const FOLLOW_FRAMES_MAX: u32 = 9000;

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    request: Id,
    name: String,
    bytes: i64,
    added_at: Millis,
    added_by: String,
    sha256: Option<String>,
    media: Option<String>,
    lost_sound_by: Option<String>,
}

const ROW: &str = "SELECT id, request, name, bytes, added_at, added_by, sha256, media,
    lost_sound_by FROM recordings";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    Preparing,
    Ready,
    Failed,
}

/// A recording as the page sees it.
#[derive(Serialize)]
pub(crate) struct Recording {
    id: Id,
    request: Id,
    name: String,
    bytes: i64,
    added_at: String,
    added_by: String,
    sha256: Option<String>,
    state: Stage,
    error: Option<JobError>,
    proxy: bool,
    waveform: bool,
    tracks: bool,
    thumbnails: bool,
    media: Option<Value>,
    /// Who accepted that its sound, which cannot be decoded, is lost.
    lost_sound_by: Option<String>,
    jobs: Vec<Job>,
    reviews: Vec<review::Head>,
}

async fn row(app: &Shared, id: &Id) -> Answer<Row> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROW} WHERE id = ?")))
        .bind(id)
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(ApiError::not_found)
}

async fn shown(app: &Shared, row: Row) -> Answer<Recording> {
    let folder = app.folders.recording(&row.id);
    let (jobs, error) = queue::of_recording(app, &row.id).await?;
    let proxy = folder.join(PROXY).exists() && folder.join(MEDIA).exists();
    let thumbnails = folder.join(MOMENTS).exists();
    let state = match (&error, jobs.is_empty()) {
        (Some(_), _) => Stage::Failed,
        (None, true) => Stage::Ready,
        (None, false) => Stage::Preparing,
    };
    Ok(Recording {
        reviews: review::heads_of(app, &row.id).await?,
        media: row.media.and_then(|text| serde_json::from_str(&text).ok()),
        tracks: row.sha256.is_some(),
        lost_sound_by: row.lost_sound_by,
        waveform: proxy,
        id: row.id,
        request: row.request,
        name: row.name,
        bytes: row.bytes,
        added_at: time::text(row.added_at),
        added_by: row.added_by,
        sha256: row.sha256,
        state,
        error,
        proxy,
        thumbnails,
        jobs,
    })
}

/// The recordings of a request.
///
/// # Errors
/// The database's.
pub(crate) async fn of_request(app: &Shared, request: &Id) -> Answer<Vec<Recording>> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY added_at");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(request)
        .fetch_all(&app.db)
        .await?;
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        list.push(shown(app, row).await?);
    }
    Ok(list)
}

/// A file that becomes a recording.
pub(crate) struct Incoming<'a> {
    pub(crate) request: &'a Id,
    pub(crate) name: &'a str,
    /// The upload that it came by, which is finished with it.
    pub(crate) upload: Option<&'a Id>,
    pub(crate) file: PathBuf,
}

/// Takes a file in and queues its preparation.
///
/// # Errors
/// The disk's and the database's; the file is then where it was.
pub(crate) async fn take_in(app: &Shared, who: &Who, incoming: Incoming<'_>) -> Answer<Recording> {
    let id = Id::random();
    let folder = app.folders.recording(&id);
    tokio::fs::create_dir(&folder).await?;
    let place = folder.join(format!("{SOURCE}.{}", extension(incoming.name)));
    // A second name for the same bytes: until the database knows it, the first one holds.
    tokio::fs::hard_link(&incoming.file, &place).await?;
    let bytes = tokio::fs::metadata(&place).await?.len();
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO recordings (id, request, name, bytes, added_at, added_by)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(incoming.request)
    .bind(incoming.name)
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .bind(app.now())
    .bind(&who.name)
    .execute(&mut *change)
    .await?;
    if let Some(upload) = incoming.upload {
        sqlx::query("DELETE FROM uploads WHERE id = ?")
            .bind(upload)
            .execute(&mut *change)
            .await?;
    }
    let mut job = NewJob::new(Kind::Prepare, &who.name);
    job.request = Some(incoming.request.clone());
    job.recording = Some(id.clone());
    job.queue(app.now(), &mut change).await?;
    let note = Note::new(Act::Intake, "recording").id("request", incoming.request);
    app.note(&who.name, note.id("recording", &id)).await?;
    change.commit().await?;
    // The second name holds; a first one that stays costs no space.
    let _ = tokio::fs::remove_file(&incoming.file).await;
    app.runner.wake(Kind::Prepare);
    app.tell(Change::Request {
        id: incoming.request.clone(),
    });
    shown(app, row(app, &id).await?).await
}

/// The extension of a name, when it is a plain one.
fn extension(name: &str) -> String {
    let found = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase());
    let plain = |text: &String| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    found.filter(plain).unwrap_or_else(|| "bin".to_owned())
}

/// Where a recording lies.
///
/// # Errors
/// 404.
pub(crate) async fn source(app: &Shared, id: &Id) -> Answer<PathBuf> {
    let row = row(app, id).await?;
    let name = format!("{SOURCE}.{}", extension(&row.name));
    Ok(app.folders.recording(id).join(name))
}

/// Whether somebody accepted that the sound of a recording is lost.
///
/// # Errors
/// 404.
pub(crate) async fn accepts_lost_sound(app: &Shared, id: &Id) -> Answer<bool> {
    Ok(row(app, id).await?.lost_sound_by.is_some())
}

/// The request that a recording belongs to, and the recording's name.
///
/// # Errors
/// 404.
pub(crate) async fn request_of(app: &Shared, id: &Id) -> Answer<(Id, String)> {
    let row = row(app, id).await?;
    Ok((row.request, row.name))
}

/// `GET /recordings/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Recording>> {
    let row = row(&app, &id).await?;
    Ok(axum::Json(shown(&app, row).await?))
}

/// `POST /recordings/:id/retry`.
pub(crate) async fn retry(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Recording>> {
    let failed: Vec<(Id,)> = sqlx::query_as(
        "SELECT id FROM jobs WHERE recording = ? AND kind IN ('prepare', 'scan', 'thumbnails')
         AND state IN ('failed', 'cancelled', 'interrupted') ORDER BY number",
    )
    .bind(&id)
    .fetch_all(&app.db)
    .await?;
    if failed.is_empty() {
        row(&app, &id).await?;
        return Err(ApiError::conflict(
            "conflict",
            "None of this recording's jobs failed.",
        ));
    }
    for (job,) in failed {
        let job = queue::row(&app, &job).await?;
        debug_assert!(job.kind.prepares());
        queue::again(&app, &job).await?;
    }
    one(State(app), Path(id)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    what: ToAccept,
}

/// `POST /recordings/:id/accept`: a person accepts what its preparation failed of, and it goes on.
pub(crate) async fn accept(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<Accept>,
) -> Answer<axum::Json<Recording>> {
    row(&app, &id).await?;
    let (_, failed) = queue::of_recording(&app, &id).await?;
    if failed.and_then(|failed| failed.to_accept) != Some(given.what) {
        let message = "The preparation of this recording did not fail of that.";
        return Err(ApiError::conflict("conflict", message));
    }
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    match given.what {
        ToAccept::LostSound => {
            sqlx::query("UPDATE recordings SET lost_sound_by = ? WHERE id = ?")
                .bind(&who.name)
                .bind(&id)
                .execute(&mut *change)
                .await?;
        }
    }
    let note = Note::new(Act::Decision, "accept-lost-sound").id("recording", &id);
    app.note(&who.name, note).await?;
    change.commit().await?;
    retry(State(app), Path(id)).await
}

fn not_ready() -> ApiError {
    ApiError::conflict("not_ready", "The recording is not ready yet.")
}

/// A file of a recording that is there when its proxy is.
async fn part(app: &Shared, id: &Id, name: &str) -> Answer<PathBuf> {
    row(app, id).await?;
    let folder = app.folders.recording(id);
    if !folder.join(MEDIA).exists() {
        return Err(not_ready());
    }
    Ok(folder.join(name))
}

/// `GET /recordings/:id/timeline`.
pub(crate) async fn timeline(
    State(app): State<App>,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = part(&app, &id, TIMELINE).await?;
    files::send(&path, plain("application/json"), &headers).await
}

const fn plain(kind: &'static str) -> Shown<'static> {
    Shown {
        kind,
        save_as: None,
    }
}

/// `GET /recordings/:id/proxy`.
pub(crate) async fn proxy(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = part(&app, &id, PROXY).await?;
    let answer = files::send(&path, plain("video/mp4"), &headers).await?;
    views::note_video(&app, &who, &id, answer).await
}

/// `GET /recordings/:id/waveform/:track`.
pub(crate) async fn waveform(
    State(app): State<App>,
    who: Who,
    Path((id, track)): Path<(Id, u16)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = part(&app, &id, &format!("waveform-{track}")).await?;
    views::note(&app, &who, &id, Seen::Waveform, 0..0).await?;
    files::send(&path, plain("application/octet-stream"), &headers).await
}

/// `GET /recordings/:id/thumbnails/:track`.
pub(crate) async fn thumbnail(
    State(app): State<App>,
    who: Who,
    Path((id, track)): Path<(Id, u32)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = part(&app, &id, &format!("thumbnails/{track}.jpg")).await?;
    views::note(&app, &who, &id, Seen::Thumbnail, 0..0).await?;
    files::send(&path, plain("image/jpeg"), &headers).await
}

/// A track as the page sees it.
#[derive(Serialize)]
struct FoundTrack {
    id: u32,
    class: ClassName,
    start: u32,
    end: u32,
    boxes: Vec<f64>,
    scores: Vec<f64>,
    origins: String,
}

fn rounded(value: f32, steps: f64) -> f64 {
    (f64::from(value) * steps).round() / steps
}

fn found_track(track: &Track) -> FoundTrack {
    use redact_core::BoxOrigin::{Detected, Extended, Followed, Interpolated};
    let boxes = track.boxes();
    let sides = boxes.iter().flat_map(|b| b.rect.sides());
    let letter = |b: &redact_core::TrackBox| match b.origin {
        Detected => 'd',
        Interpolated => 'i',
        Followed => 'f',
        Extended => 'e',
    };
    FoundTrack {
        id: track.id().0,
        class: track.class().into(),
        start: track.span().start().get(),
        end: track.span().end().get(),
        boxes: sides.map(|side| rounded(side, 1e5)).collect(),
        scores: boxes.iter().map(|b| rounded(b.score, 100.0)).collect(),
        origins: boxes.iter().map(letter).collect(),
    }
}

/// `GET /recordings/:id/tracks`.
pub(crate) async fn tracks(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<Response> {
    row(&app, &id).await?;
    let findings = app.findings(&id).await?;
    views::note(&app, &who, &id, Seen::Tracks, 0..0).await?;
    let moments = app.folders.recording(&id).join(MOMENTS);
    let moments: Value = match tokio::fs::read(moments).await {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| ApiError::internal(&error))?,
        Err(_) => json!([]),
    };
    let written = tokio::task::spawn_blocking(move || {
        let (found, _) = &*findings;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let speech = found.speech.as_ref().map(|spans| {
            let span = |span: &redact_core::TimeSpan| {
                [seconds(span.start_nanos()), seconds(span.end_nanos())]
            };
            spans.iter().map(span).collect::<Vec<_>>()
        });
        let missing = found.missing.iter().map(|&class| ClassName::from(class));
        serde_json::to_vec(&json!({
            "tracks": found.tracks.iter().map(found_track).collect::<Vec<_>>(),
            "missing": missing.collect::<Vec<_>>(), "speech": speech,
            "look_here_first": moments,
        }))
    });
    let written = written.await?.map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], written).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Width {
    width: Option<u32>,
}

/// `GET /recordings/:id/frames/:frame`.
pub(crate) async fn frame(
    State(app): State<App>,
    who: Who,
    Path((id, frame)): Path<(Id, u32)>,
    Query(Width { width }): Query<Width>,
) -> Answer<Response> {
    let seen = (&who, Seen::Picture);
    picture(&app, &id, seen, frame, width, Redactions::default()).await
}

/// Number of frames of a recording that is ready.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn frames(app: &Shared, id: &Id) -> Answer<u32> {
    let media = row(app, id).await?.media.ok_or_else(not_ready)?;
    let media: Value = serde_json::from_str(&media).map_err(|error| ApiError::internal(&error))?;
    let frames = media["frames"]
        .as_u64()
        .and_then(|frames| u32::try_from(frames).ok());
    frames.ok_or_else(not_ready)
}

/// One picture of the proxy with `redactions`, as JPEG; counted as seen by somebody.
///
/// # Errors
/// 400 for a frame that is not there; 404, 409 `not_ready`.
pub(crate) async fn picture(
    app: &Shared,
    id: &Id,
    (who, seen): (&Who, Seen),
    frame: u32,
    width: Option<u32>,
    redactions: Redactions,
) -> Answer<Response> {
    if frame >= frames(app, id).await? {
        return Err(ApiError::field("frame", "There is no such frame."));
    }
    views::note(app, who, id, seen, frame..frame + 1).await?;
    let _turn = app.pictures.acquire().await;
    let made = app.folders.work().join(format!("{}.jpg", Id::random()));
    let task = Task::Picture {
        folder: app.folders.recording(id),
        frame,
        width: width.map(|width| width.clamp(16, 4096)),
        redactions,
        picture: made.clone(),
    };
    let jobs = std::sync::Arc::clone(&app.options.jobs);
    let done = tokio::task::spawn_blocking(move || jobs.run(&task, &Deaf)).await?;
    let read = tokio::fs::read(&made).await;
    let _ = tokio::fs::remove_file(&made).await;
    done.map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], read?).into_response())
}

/// Nobody waits for the progress of one picture.
struct Deaf;

impl Watch for Deaf {
    fn advance(&self, _: &str, _: u64, _: Option<u64>) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Follow {
    frame: u32,
    rect: [f32; 4],
    back: bool,
    forward: bool,
    frames_max: Option<u32>,
}

/// `POST /recordings/:id/follow`.
pub(crate) async fn follow(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<Follow>,
) -> Answer<(StatusCode, axum::Json<Job>)> {
    if given.frame >= frames(&app, &id).await? {
        return Err(ApiError::field("frame", "There is no such frame."));
    }
    if NormRect::new(given.rect).is_none() {
        let message = "A rectangle has sides of 0 to 1, the smaller ones first.";
        return Err(ApiError::field("rect", message));
    }
    if !given.back && !given.forward {
        return Err(ApiError::field("forward", "Follow at least one way."));
    }
    views::note(&app, &who, &id, Seen::Tracks, 0..0).await?;
    let (request, _) = request_of(&app, &id).await?;
    let mut job = NewJob::new(Kind::Follow, &who.name);
    job.request = Some(request);
    job.recording = Some(id);
    job.input = json!(crate::jobs::FollowInput {
        frame: given.frame,
        rect: given.rect,
        back: given.back,
        forward: given.forward,
        frames_max: given
            .frames_max
            .unwrap_or(FOLLOW_FRAMES)
            .clamp(1, FOLLOW_FRAMES_MAX),
    });
    let job = queue_now(&app, job).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}

/// Queues a job on its own.
///
/// # Errors
/// The database's.
pub(crate) async fn queue_now(app: &Shared, job: NewJob) -> Answer<Job> {
    let kind = job.kind;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let id = job.queue(app.now(), &mut change).await?;
    change.commit().await?;
    app.runner.wake(kind);
    queue::tell(app, &id).await?;
    Ok(queue::shown(app, queue::row(app, &id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_plain_or_none() {
        assert_eq!(extension("Clip.MP4"), "mp4");
        for name in [
            "clip",
            "x.",
            "x.mp4/../../etc",
            "x.a b",
            "x.verylong",
            "../x",
        ] {
            assert_eq!(extension(name), "bin", "{name}");
        }
    }
}
