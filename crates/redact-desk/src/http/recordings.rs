//! Recordings as the API returns them. Everything is named by id and number only.

use std::collections::HashMap;
use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redact_core::{NormRect, Redactions, Track};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Body, Query};
use super::files::{self, SendAs};
use super::jobs::{self, Job, JobError};
use super::proxy::{Shown, note_video};
use super::reviews::{self, ReviewHead};
use super::same_files::{SameRecording, same_files};
use crate::api_error::{ApiError, ApiResult};
use crate::db::jobs::{JobRow, NewJob, preparing, preparing_of_request};
use crate::db::recordings::{self as rows, RecordingRow};
use crate::db::sealings::Closed;
use crate::details::{Details as _, RecordingDetails};
use crate::domain::document::ClassName;
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::{JobKind, SessionUser};
use crate::paths::recording_files::{
    MEDIA, MOMENTS, PROXY, THUMBNAILS, TIMELINE, thumbnail as thumbnail_name,
    waveform as waveform_name, worst_thumbnail as worst_name,
};
use crate::read_options::ReadOptions;
use crate::service::app::{App, Shared};
use crate::service::job_task::FollowInput;
use crate::service::jobs::queue;
use crate::service::recordings::{self, PictureOf, frames, not_ready, picture};
use crate::service::{sealed, views};
use crate::task::Remedy;
use crate::time;

/// Frames to follow in each direction: default and maximum.
const FOLLOW_FRAMES: u32 = 600;

const FOLLOW_FRAMES_MAX: u32 = 9000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum RecordingState {
    Preparing,
    Ready,
    Failed,
}

/// A recording as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Recording {
    id: Id,
    request: Id,
    name: String,
    bytes: i64,
    added_at: String,
    added_by: String,
    sha256: Option<String>,
    state: RecordingState,
    error: Option<JobError>,
    proxy: bool,
    waveform: bool,
    tracks: bool,
    thumbnails: bool,
    #[cfg_attr(test, ts(type = "Media | null"))]
    media: Option<Value>,
    /// Who accepted that the sound, which cannot be decoded, is lost.
    lost_sound_by: Option<String>,
    /// Read options; `None` reads it as the file says.
    options: Option<ReadOptions>,
    /// Who set the read options.
    options_by: Option<String>,
    /// Whether it does not count in the state of its request.
    not_responsive: bool,
    /// When its first frame is, in seconds on the clock of its request; `None`: not placed.
    on_clock_seconds: Option<f64>,
    details: RecordingDetails,
    /// Other recordings of the same file.
    same: Vec<SameRecording>,
    jobs: Vec<Job>,
    reviews: Vec<ReviewHead>,
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a year")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Adds the other recordings of the same files.
async fn add_same(app: &Shared, list: &mut [Recording], closed: &Closed) -> ApiResult<()> {
    let mut known = rows::same_files(&app.db).await?;
    known.retain(|one| !closed.has(&one.id));
    for recording in list {
        let options = recording.options.unwrap_or_default();
        let sha256 = recording.sha256.as_ref();
        recording.same = same_files(app, &known, (&recording.id, sha256, options)).await?;
    }
    Ok(())
}

fn present(
    app: &Shared,
    row: RecordingRow,
    preparing: Vec<JobRow>,
    reviews: Vec<ReviewHead>,
) -> Recording {
    let folder = app.folders.recording(&row.id);
    let (jobs, error) = jobs::preparation(app, preparing);
    let proxy = folder.join(PROXY).exists() && folder.join(MEDIA).exists();
    let thumbnails = folder.join(MOMENTS).exists();
    let state = match (&error, jobs.is_empty()) {
        (Some(_), _) => RecordingState::Failed,
        (None, true) => RecordingState::Ready,
        (None, false) => RecordingState::Preparing,
    };
    Recording {
        reviews,
        media: row.media.and_then(|text| serde_json::from_str(&text).ok()),
        tracks: row.sha256.is_some(),
        lost_sound_by: row.lost_sound_by,
        options: row
            .options
            .and_then(|text| serde_json::from_str(&text).ok()),
        options_by: row.options_by,
        not_responsive: row.not_responsive,
        on_clock_seconds: row.on_clock_micros.map(seconds),
        details: RecordingDetails::read(&row.details),
        same: Vec::new(),
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
    }
}

/// The recordings of a request that no order closes to the user.
///
/// # Errors
/// Database errors.
pub(crate) async fn of_request(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<Recording>> {
    let closed = sealed::closed_to(app, who).await?;
    let mut jobs: HashMap<Id, Vec<JobRow>> = preparing_of_request(&app.db, request).await?;
    let mut heads = reviews::heads(app, request).await?;
    let rows = rows::of_request(&app.db, request).await?.into_iter();
    let rows = rows.filter(|row| !closed.has(&row.id));
    let list = rows.map(|row| {
        let jobs = jobs.remove(&row.id).unwrap_or_default();
        let reviews = heads.remove(&row.id).unwrap_or_default();
        present(app, row, jobs, reviews)
    });
    let mut list: Vec<Recording> = list.collect();
    add_same(app, &mut list, &closed).await?;
    Ok(list)
}

/// A recording as the API returns it.
///
/// # Errors
/// 404.
pub(crate) async fn present_by_id(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
) -> ApiResult<Recording> {
    let closed = sealed::closed_to(app, who).await?;
    let row = rows::by_id(&app.db, id).await?;
    let jobs = preparing(&app.db, id).await?;
    let heads = reviews::heads(app, id).await?.remove(id);
    let mut list = [present(app, row, jobs, heads.unwrap_or_default())];
    add_same(app, &mut list, &closed).await?;
    let [found] = list;
    Ok(found)
}

/// `GET /recordings/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Recording>> {
    Ok(axum::Json(present_by_id(&app, &who, &id).await?))
}

/// `POST /recordings/:id/retry`.
pub(crate) async fn retry(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Recording>> {
    recordings::retry(&app, &id).await?;
    one(State(app), who, Path(id)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptBody {
    what: Remedy,
}

/// `POST /recordings/:id/accept`: accepts what preparation failed on, and continues it.
pub(crate) async fn accept(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<AcceptBody>,
) -> ApiResult<axum::Json<Recording>> {
    recordings::accept(&app, &who, &id, given.what).await?;
    one(State(app), who, Path(id)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionsBody {
    options: ReadOptions,
}

/// `POST /recordings/:id/options`: prepares the recording from the start with other read options.
pub(crate) async fn set_options(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<OptionsBody>,
) -> ApiResult<axum::Json<Recording>> {
    recordings::set_options(&app, &who, &id, given.options).await?;
    one(State(app), who, Path(id)).await
}

/// `POST /recordings/:id/again`: adds the file once more with other read options.
pub(crate) async fn add_again(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<OptionsBody>,
) -> ApiResult<(StatusCode, axum::Json<Recording>)> {
    let added = recordings::add_again(&app, &who, &id, given.options).await?;
    let recording = present_by_id(&app, &who, &added).await?;
    Ok((StatusCode::CREATED, axum::Json(recording)))
}

/// A file of a recording that exists once its proxy does.
async fn part(app: &Shared, id: &Id, name: &str) -> ApiResult<PathBuf> {
    rows::by_id(&app.db, id).await?;
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
) -> ApiResult<Response> {
    let path = part(&app, &id, TIMELINE).await?;
    files::send(&path, SendAs::inline("application/json"), &headers).await
}

/// `GET /recordings/:id/proxy`.
pub(crate) async fn proxy(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let path = part(&app, &id, PROXY).await?;
    let answer = files::send(&path, SendAs::inline("video/mp4"), &headers).await?;
    let shown = Shown::proxy(&app, &id).await?;
    note_video(&app, (&who, &id), shown, answer).await
}

/// `GET /recordings/:id/waveform/:track`.
pub(crate) async fn waveform(
    State(app): State<App>,
    who: SessionUser,
    Path((id, track)): Path<(Id, u16)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let path = part(&app, &id, &waveform_name(track.into())).await?;
    views::note(&app, &who, &id, Seen::Waveform, 0..0).await?;
    files::send(&path, SendAs::inline("application/octet-stream"), &headers).await
}

/// `GET /recordings/:id/thumbnails/:track`.
pub(crate) async fn thumbnail(
    State(app): State<App>,
    who: SessionUser,
    Path((id, track)): Path<(Id, u32)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    send_thumbnail(&app, &who, &id, &thumbnail_name(track), &headers).await
}

/// `GET /recordings/:id/thumbnails/:track/worst`.
pub(crate) async fn worst_thumbnail(
    State(app): State<App>,
    who: SessionUser,
    Path((id, track)): Path<(Id, u32)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    send_thumbnail(&app, &who, &id, &worst_name(track), &headers).await
}

async fn send_thumbnail(
    app: &App,
    who: &SessionUser,
    id: &Id,
    name: &str,
    headers: &HeaderMap,
) -> ApiResult<Response> {
    let path = part(app, id, &format!("{THUMBNAILS}/{name}")).await?;
    views::note(app, who, id, Seen::Thumbnail, 0..0).await?;
    files::send(&path, SendAs::inline("image/jpeg"), headers).await
}

/// A track as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FoundTrack {
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

/// The findings of a recording as the API returns them.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Found {
    tracks: Vec<FoundTrack>,
    missing: Vec<ClassName>,
    /// Seconds; `None` if no speech detector ran.
    speech: Option<Vec<[f64; 2]>>,
    #[cfg_attr(test, ts(type = "Risk[]"))]
    look_here_first: Value,
}

/// `GET /recordings/:id/tracks`.
pub(crate) async fn tracks(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    rows::by_id(&app.db, &id).await?;
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
        serde_json::to_vec(&Found {
            tracks: found.tracks.iter().map(found_track).collect(),
            missing: missing.collect(),
            speech,
            look_here_first: moments,
        })
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
    who: SessionUser,
    Path((id, frame)): Path<(Id, u32)>,
    Query(Width { width }): Query<Width>,
) -> ApiResult<Response> {
    let of = PictureOf {
        recording: &id,
        frame,
        width,
        redactions: Redactions::default(),
    };
    let jpeg = picture(&app, (&who, Seen::Picture), of).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response())
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
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<Follow>,
) -> ApiResult<(StatusCode, axum::Json<Job>)> {
    if given.frame >= frames(&app, &id).await? {
        return Err(ApiError::field("frame", "This frame does not exist."));
    }
    if NormRect::new(given.rect).is_none() {
        let message = "Expected sides from 0 to 1, the smaller ones first.";
        return Err(ApiError::field("rect", message));
    }
    if !given.back && !given.forward {
        return Err(ApiError::field("forward", "Choose at least one direction."));
    }
    views::note(&app, &who, &id, Seen::Tracks, 0..0).await?;
    let request = rows::by_id(&app.db, &id).await?.request;
    let mut job = NewJob::new(JobKind::Follow, &who.name);
    job.request = Some(request);
    job.recording = Some(id);
    job.input = json!(FollowInput {
        frame: given.frame,
        rect: given.rect,
        back: given.back,
        forward: given.forward,
        frames_max: given
            .frames_max
            .unwrap_or(FOLLOW_FRAMES)
            .clamp(1, FOLLOW_FRAMES_MAX),
    });
    let job = queue(&app, job).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(jobs::present(&app, job))))
}
