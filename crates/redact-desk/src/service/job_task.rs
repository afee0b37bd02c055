//! The tasks of jobs: paths and values for whatever runs them.

use std::ops::Range;

use redact_core::NormRect;
use serde::{Deserialize, Serialize};

use super::app::Shared;
use super::{audits, packages, recordings, releases, reviews};
use crate::api_error::{ApiError, ApiResult};
use crate::db::jobs::{self, JobRow};
use crate::domain::excerpt::Excerpt;
use crate::domain::plan::clip_to_frames;
use crate::domain::release_files::report_path;
use crate::id::Id;
use crate::model::JobKind;
use crate::paths::recording_files::FINDINGS;
use crate::task::{
    ExcerptTask, FollowTask, PackageTask, PreviewTask, RenderTask, Task, TaskError, VerifyTask,
};

/// The input of a follow job, as stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FollowInput {
    pub(crate) frame: u32,
    pub(crate) rect: [f32; 4],
    pub(crate) back: bool,
    pub(crate) forward: bool,
    pub(crate) frames_max: u32,
}

/// The input of a preview job, as stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PreviewInput {
    pub(crate) revision: i64,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// The frames of a preview job.
pub(crate) fn preview_frames(input: &str) -> Range<u32> {
    serde_json::from_str(input).map_or(0..0, |input: PreviewInput| input.start..input.end)
}

/// The task of a job.
///
/// # Errors
/// If something that the job refers to does not exist.
pub(crate) async fn make(app: &Shared, job: &Id, kind: JobKind) -> Result<Task, TaskError> {
    let unreadable = |error| {
        tracing::error!("desk: job {job}: {error:?}");
        TaskError::new("cannot read the job's input")
    };
    if kind == JobKind::Render && is_revoked(app, job).await.map_err(unreadable)? {
        return Err(revoked());
    }
    if kind == JobKind::Package {
        return package(app, job)
            .await
            .map_err(unreadable)?
            .map(Task::Package);
    }
    build(app, job, kind).await.map_err(unreadable)
}

/// Why a release is not rendered after an approval of it was voided.
pub(crate) fn revoked() -> TaskError {
    TaskError {
        message: "the review was reopened or sent back, or the account of an approver was changed"
            .to_owned(),
        hint: Some("Have the review approved again.".to_owned()),
        remedy: None,
    }
}

pub(crate) async fn is_revoked(app: &Shared, job: &Id) -> ApiResult<bool> {
    match jobs::by_id(&app.db, job).await?.release {
        Some(release) => releases::is_revoked(app, &release).await,
        None => Ok(false),
    }
}

async fn package(app: &Shared, job: &Id) -> ApiResult<Result<PackageTask, TaskError>> {
    let row = jobs::by_id(&app.db, job).await?;
    let id = row.package.as_ref().ok_or_else(ApiError::not_found)?;
    packages::task(app, id, row.by).await
}

async fn build(app: &Shared, job: &Id, kind: JobKind) -> ApiResult<Task> {
    let row = jobs::by_id(&app.db, job).await?;
    let recording = || row.recording.clone().ok_or_else(ApiError::not_found);
    Ok(match kind {
        JobKind::Prepare => {
            let recording = recording()?;
            Task::Prepare {
                clip: recordings::source(app, &recording).await?,
                options: recordings::read_options(app, &recording).await?,
                folder: app.folders.recording(&recording),
            }
        }
        JobKind::Scan => {
            let recording = recording()?;
            Task::Scan {
                clip: recordings::source(app, &recording).await?,
                options: recordings::read_options(app, &recording).await?,
                findings: app.folders.recording(&recording).join(FINDINGS),
                accept_lost_sound: recordings::accepts_lost_sound(app, &recording).await?,
                by: row.by,
            }
        }
        JobKind::Thumbnails => Task::Thumbnails {
            folder: app.folders.recording(&recording()?),
        },
        JobKind::Follow => follow(app, &row, &recording()?)?,
        JobKind::Preview | JobKind::Clip => preview(app, &row, &recording()?).await?,
        JobKind::Render => render(app, &row, &recording()?).await?,
        JobKind::Verify => {
            let release = row.release.as_ref().ok_or_else(ApiError::not_found)?;
            let inputs = releases::inputs(app, release).await?;
            let path = inputs.release;
            let paths = redact_record::release_paths(&path);
            let report = report_path(&path);
            Task::Verify(VerifyTask {
                manifest: paths.manifest,
                // Without it once the recording was disposed of.
                source: recordings::source(app, &recording()?).await.ok(),
                previous: inputs.supersedes,
                report: Some(report),
                release: path,
                by: row.by,
            })
        }
        JobKind::Audit => {
            let audit = row.audit.as_ref().ok_or_else(ApiError::not_found)?;
            Task::Verify(audits::task(app, audit, row.by))
        }
        JobKind::Package => return Err(ApiError::not_found()),
    })
}

fn follow(app: &Shared, row: &JobRow, recording: &Id) -> ApiResult<Task> {
    let input: FollowInput = read(&row.input)?;
    let rect = NormRect::new(input.rect).ok_or_else(ApiError::not_found)?;
    Ok(Task::Follow(FollowTask {
        folder: app.folders.recording(recording),
        frame: input.frame,
        rect,
        back: input.back,
        forward: input.forward,
        frames_max: input.frames_max,
    }))
}

async fn preview(app: &Shared, row: &JobRow, recording: &Id) -> ApiResult<Task> {
    let input: PreviewInput = read(&row.input)?;
    let review = row.review.as_ref().ok_or_else(ApiError::not_found)?;
    let redactions = reviews::preview_of(app, review, Some(input.revision)).await?;
    Ok(Task::Preview(PreviewTask {
        folder: app.folders.recording(recording),
        start: input.start,
        end: input.end,
        redactions: clip_to_frames(&redactions, &(input.start..input.end).collect::<Vec<_>>()),
        clip: app.folders.clip(&row.id),
    }))
}

async fn render(app: &Shared, row: &JobRow, recording: &Id) -> ApiResult<Task> {
    let release = row.release.as_ref().ok_or_else(ApiError::not_found)?;
    let inputs = releases::inputs(app, release).await?;
    Ok(Task::Render(RenderTask {
        clip: recordings::source(app, recording).await?,
        plan: inputs.plan,
        findings: app.folders.recording(recording).join(FINDINGS),
        release: inputs.release,
        request: inputs.request,
        supersedes: inputs.supersedes,
        excerpt: inputs.excerpt.map(excerpt),
        by: row.by.clone(),
    }))
}

fn excerpt(shown: Excerpt) -> ExcerptTask {
    let spans = shown.spans.iter();
    ExcerptTask {
        spans_nanos: spans
            .map(|span| (nanos(span.start_seconds), nanos(span.end_seconds)))
            .collect(),
        reason: shown.reason,
        by: shown.by,
    }
}

/// Seconds of a recording as nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "at most a few days")]
fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

fn read<T: serde::de::DeserializeOwned>(input: &str) -> ApiResult<T> {
    serde_json::from_str(input).map_err(|error| ApiError::internal(&error))
}
