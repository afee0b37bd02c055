//! Recordings: added, and read for jobs.

use std::path::PathBuf;
use std::sync::Arc;

use redact_core::Redactions;
use redact_record::events::Act;
use serde_json::{Value, json};

use super::app::Shared;
use super::change::Change;
use super::{jobs, sealed, views};
use crate::api_error::{ApiError, ApiResult};
use crate::db::jobs::NewJob;
use crate::db::pool;
use crate::db::recordings::{self, NewRecording};
use crate::db::{self, expected, uploads};
use crate::domain::viewing::Seen;
use crate::event::Event;
use crate::id::Id;
use crate::model::{JobKind, SessionUser};
use crate::paths::recording_files::{MEDIA, SOURCE};
use crate::read_options::ReadOptions;
use crate::task::{Remedy, Task, Watch};

/// A file that becomes a recording.
pub(crate) struct NewFile<'a> {
    pub(crate) request: &'a Id,
    pub(crate) name: &'a str,
    /// The upload that it came from, which is then deleted.
    pub(crate) upload: Option<&'a Id>,
    pub(crate) file: PathBuf,
    pub(crate) options: ReadOptions,
}

/// Adds a file as a recording, queues its preparation and returns its id.
///
/// # Errors
/// 400 for invalid options; 409 `closed` for a closed request; file and database errors. The file
/// then stays where it was.
pub(crate) async fn import(
    app: &Shared,
    who: &SessionUser,
    incoming: NewFile<'_>,
) -> ApiResult<Id> {
    incoming.options.check()?;
    if db::requests::is_closed(&app.db, incoming.request).await? {
        let message = "The request is closed, so no recordings can be added.";
        return Err(ApiError::conflict("closed", message).hint("Reopen the request first."));
    }
    let id = Id::random();
    let folder = app.folders.recording(&id);
    tokio::fs::create_dir(&folder).await?;
    let place = folder.join(format!("{SOURCE}.{}", extension(incoming.name)));
    // A second name for the same file: the first one stays until the database has the recording.
    tokio::fs::hard_link(&incoming.file, &place).await?;
    let bytes = tokio::fs::metadata(&place).await?.len();
    let mut change = pool::begin(&app.db).await?;
    let new = NewRecording {
        id: &id,
        request: incoming.request,
        name: incoming.name,
        bytes,
        added_by: &who.name,
        options: (!incoming.options.is_default()).then(|| json!(incoming.options).to_string()),
        now: app.now(),
    };
    recordings::insert(&mut change, new).await?;
    // What an import said about this file.
    let about = (incoming.request, &id);
    if let Some(details) = expected::take(&mut change, about, incoming.name).await? {
        recordings::set_details(&mut change, &id, &details).await?;
    }
    if let Some(upload) = incoming.upload {
        uploads::delete(&mut *change, upload).await?;
    }
    let job = preparation(incoming.request, &id, &who.name);
    db::jobs::insert(&mut change, job, app.now()).await?;
    let event = Event::new(Act::Intake, "recording").id("request", incoming.request);
    let event = with_options(event.id("recording", &id), incoming.options);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    // If removing the first name fails, it costs no space.
    tokio::fs::remove_file(&incoming.file).await.ok();
    app.runner.wake(JobKind::Prepare);
    app.notify(Change::Request(incoming.request.clone()));
    Ok(id)
}

/// The first job of a recording.
fn preparation(request: &Id, recording: &Id, by: &str) -> NewJob {
    NewJob {
        request: Some(request.clone()),
        recording: Some(recording.clone()),
        ..NewJob::new(JobKind::Prepare, by)
    }
}

fn with_options(event: Event, options: ReadOptions) -> Event {
    let labels = options.labels().into_iter();
    labels.fold(event, |event, (name, value)| event.label(name, &value))
}

/// Adds a recording's file once more, to be read with other options, and returns the new id. Each
/// video stream of a file is a recording of its own.
///
/// # Errors
/// 404; those of [`import`].
pub(crate) async fn add_again(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    options: ReadOptions,
) -> ApiResult<Id> {
    sealed::check_open_to_all(app, id).await?;
    let row = recordings::by_id(&app.db, id).await?;
    // A temporary name for the same file, which `import` removes.
    let file = app.folders.work().join(Id::random().as_str());
    tokio::fs::hard_link(source(app, id).await?, &file).await?;
    let incoming = NewFile {
        request: &row.request,
        name: &row.name,
        upload: None,
        file,
        options,
    };
    import(app, who, incoming).await
}

/// The extension of a name if it is plain, else `bin`.
pub(crate) fn extension(name: &str) -> String {
    let found = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase());
    let plain = |text: &String| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    found.filter(plain).unwrap_or_else(|| "bin".to_owned())
}

/// The path of a recording.
///
/// # Errors
/// 404.
pub(crate) async fn source(app: &Shared, id: &Id) -> ApiResult<PathBuf> {
    let row = recordings::by_id(&app.db, id).await?;
    let name = format!("{SOURCE}.{}", extension(&row.name));
    Ok(app.folders.recording(id).join(name))
}

/// Whether someone accepted that a recording's sound is lost.
///
/// # Errors
/// 404.
pub(crate) async fn accepts_lost_sound(app: &Shared, id: &Id) -> ApiResult<bool> {
    let row = recordings::by_id(&app.db, id).await?;
    Ok(row.lost_sound_by.is_some())
}

/// A recording's read options.
///
/// # Errors
/// 404; 500 if the stored options are invalid.
pub(crate) async fn read_options(app: &Shared, id: &Id) -> ApiResult<ReadOptions> {
    let row = recordings::by_id(&app.db, id).await?;
    let text = row.options.as_deref().unwrap_or("{}");
    serde_json::from_str(text).map_err(|error| ApiError::internal(&error))
}

/// Prepares a recording from the start with other read options.
///
/// # Errors
/// 400 for invalid options; 404; 409 unless its preparation failed.
pub(crate) async fn set_options(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    options: ReadOptions,
) -> ApiResult<()> {
    options.check()?;
    let row = recordings::by_id(&app.db, id).await?;
    if db::jobs::failed_preparation(&app.db, id).await?.is_empty() {
        let message = "The recording is not in a failed state, so its read options cannot change.";
        return Err(ApiError::conflict("conflict", message)
            .hint("Add the recording again with other settings."));
    }
    let mut change = pool::begin(&app.db).await?;
    recordings::set_options(&mut change, id, json!(options).to_string(), &who.name).await?;
    db::jobs::delete_preparation(&mut change, id).await?;
    let job = preparation(&row.request, id, &who.name);
    db::jobs::insert(&mut change, job, app.now()).await?;
    let event = Event::new(Act::Decision, "read-options").id("recording", id);
    app.log_event(&who.name, with_options(event, options))
        .await?;
    change.commit().await?;
    // The earlier proxy must not be shown any longer.
    let media = app.folders.recording(id).join(MEDIA);
    tokio::fs::remove_file(media).await.ok();
    app.runner.wake(JobKind::Prepare);
    app.notify(Change::Recording(id.clone()));
    app.notify(Change::Request(row.request));
    Ok(())
}

/// Restarts the preparation jobs of a recording that failed or stopped.
///
/// # Errors
/// 404, 409 if there are none.
pub(crate) async fn retry(app: &Shared, id: &Id) -> ApiResult<()> {
    recordings::by_id(&app.db, id).await?;
    let failed = db::jobs::failed_preparation(&app.db, id).await?;
    if failed.is_empty() {
        let message = "This recording has no failed jobs.";
        return Err(ApiError::conflict("conflict", message));
    }
    for job in &failed {
        jobs::again(app, job).await?;
    }
    Ok(())
}

/// Records that a user accepts what preparation failed on, and continues it.
///
/// # Errors
/// 404, 409 if it did not fail on that.
pub(crate) async fn accept(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    what: Remedy,
) -> ApiResult<()> {
    let failed = db::jobs::failed_preparation(&app.db, id).await?;
    if failed.last().and_then(|job| job.error_code) != Some(what) {
        recordings::by_id(&app.db, id).await?;
        let message = "Preparation did not fail for that reason.";
        return Err(ApiError::conflict("conflict", message));
    }
    match what {
        Remedy::LostSound => {}
        Remedy::Damage => {
            let options = ReadOptions {
                mask_damage: true,
                ..read_options(app, id).await?
            };
            return set_options(app, who, id, options).await;
        }
        Remedy::ReadOptions => {
            let message = "Set the read options instead.";
            return Err(ApiError::field("what", message));
        }
    }
    let mut change = pool::begin(&app.db).await?;
    recordings::accept_lost_sound(&mut change, id, &who.name).await?;
    let event = Event::new(Act::Decision, "accept-lost-sound").id("recording", id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    retry(app, id).await
}

/// The recording has not been prepared.
pub(crate) fn not_ready() -> ApiError {
    ApiError::conflict("not_ready", "The recording is not ready yet.")
}

/// The number of frames of a prepared recording.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn frames(app: &Shared, id: &Id) -> ApiResult<u32> {
    let row = recordings::by_id(&app.db, id).await?;
    let media = row.media.ok_or_else(not_ready)?;
    let media: Value = serde_json::from_str(&media).map_err(|error| ApiError::internal(&error))?;
    let frames = media["frames"]
        .as_u64()
        .and_then(|frames| u32::try_from(frames).ok());
    frames.ok_or_else(not_ready)
}

/// A picture to make from the proxy.
pub(crate) struct PictureOf<'a> {
    pub(crate) recording: &'a Id,
    pub(crate) frame: u32,
    /// The most columns.
    pub(crate) width: Option<u32>,
    /// What is hidden in it.
    pub(crate) redactions: Redactions,
}

/// A frame as JPEG, counted as viewed.
///
/// # Errors
/// 400 for a frame that does not exist; 404, 409 `not_ready`.
pub(crate) async fn picture(
    app: &Shared,
    (who, seen): (&SessionUser, Seen),
    of: PictureOf<'_>,
) -> ApiResult<Vec<u8>> {
    let frame = of.frame;
    if frame >= frames(app, of.recording).await? {
        return Err(ApiError::field("frame", "This frame does not exist."));
    }
    views::note(app, who, of.recording, seen, frame..frame + 1).await?;
    let _turn = app.pictures.acquire().await;
    let made = app.folders.work().join(format!("{}.jpg", Id::random()));
    let task = Task::Picture {
        folder: app.folders.recording(of.recording),
        frame,
        width: of.width.map(|width| width.clamp(16, 4096)),
        redactions: of.redactions,
        picture: made.clone(),
    };
    let jobs = Arc::clone(&app.options.jobs);
    let done = tokio::task::spawn_blocking(move || jobs.run(&task, &IgnoreProgress)).await?;
    let read = tokio::fs::read(&made).await;
    tokio::fs::remove_file(&made).await.ok();
    done.map_err(|error| ApiError::internal(&error))?;
    Ok(read?)
}

/// The progress of a single picture is not shown.
struct IgnoreProgress;

impl Watch for IgnoreProgress {
    fn advance(&self, _: &str, _: u64, _: Option<u64>) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
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
