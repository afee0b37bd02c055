//! Recordings: taken in, and read for whoever works on them.

use std::path::PathBuf;
use std::sync::Arc;

use redact_core::Redactions;
use redact_record::events::Act;
use serde_json::{Value, json};

use super::app::Shared;
use super::change::Change;
use super::{jobs, views};
use crate::answer::{Answer, ApiError};
use crate::db::jobs::NewJob;
use crate::db::pool;
use crate::db::recordings::{self, NewRecording};
use crate::db::{self, uploads};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::{JobKind, Who};
use crate::note::Note;
use crate::paths::recording_files::{MEDIA, SOURCE};
use crate::read_options::ReadOptions;
use crate::task::{Remedy, Task, Watch};

/// A file that becomes a recording.
pub(crate) struct Incoming<'a> {
    pub(crate) request: &'a Id,
    pub(crate) name: &'a str,
    /// The upload that it came by, which is finished with it.
    pub(crate) upload: Option<&'a Id>,
    pub(crate) file: PathBuf,
    pub(crate) options: ReadOptions,
}

/// Takes a file in and queues its preparation; gives the recording.
///
/// # Errors
/// 400 for options that no recording can be read with; the disk's and the database's. The file is
/// then where it was.
pub(crate) async fn take_in(app: &Shared, who: &Who, incoming: Incoming<'_>) -> Answer<Id> {
    incoming.options.check()?;
    let id = Id::random();
    let folder = app.folders.recording(&id);
    tokio::fs::create_dir(&folder).await?;
    let place = folder.join(format!("{SOURCE}.{}", extension(incoming.name)));
    // A second name for the same bytes: until the database knows it, the first one holds.
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
    if let Some(upload) = incoming.upload {
        uploads::delete(&mut *change, upload).await?;
    }
    let job = preparation(incoming.request, &id, &who.name);
    db::jobs::insert(&mut change, job, app.now()).await?;
    let note = Note::new(Act::Intake, "recording").id("request", incoming.request);
    let note = with_options(note.id("recording", &id), incoming.options);
    app.note(&who.name, note).await?;
    change.commit().await?;
    // The second name holds; a first one that stays costs no space.
    tokio::fs::remove_file(&incoming.file).await.ok();
    app.runner.wake(JobKind::Prepare);
    app.tell(Change::Request(incoming.request.clone()));
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

fn with_options(note: Note, options: ReadOptions) -> Note {
    let labels = options.labels().into_iter();
    labels.fold(note, |note, (name, value)| note.label(name, &value))
}

/// Adds a recording once more, to be read with other options: each video stream of a file is a
/// recording of its own. Gives the new one.
///
/// # Errors
/// 404; those of [`take_in`].
pub(crate) async fn add_again(
    app: &Shared,
    who: &Who,
    id: &Id,
    options: ReadOptions,
) -> Answer<Id> {
    let row = recordings::by_id(&app.db, id).await?;
    // The file gets another name for the same bytes, which `take_in` moves away.
    let file = app.folders.work().join(Id::random().as_str());
    tokio::fs::hard_link(source(app, id).await?, &file).await?;
    let incoming = Incoming {
        request: &row.request,
        name: &row.name,
        upload: None,
        file,
        options,
    };
    take_in(app, who, incoming).await
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
    let row = recordings::by_id(&app.db, id).await?;
    let name = format!("{SOURCE}.{}", extension(&row.name));
    Ok(app.folders.recording(id).join(name))
}

/// Whether somebody accepted that the sound of a recording is lost.
///
/// # Errors
/// 404.
pub(crate) async fn accepts_lost_sound(app: &Shared, id: &Id) -> Answer<bool> {
    let row = recordings::by_id(&app.db, id).await?;
    Ok(row.lost_sound_by.is_some())
}

/// How a recording is read.
///
/// # Errors
/// 404; 500 when what was stored cannot be read.
pub(crate) async fn read_options(app: &Shared, id: &Id) -> Answer<ReadOptions> {
    let row = recordings::by_id(&app.db, id).await?;
    let text = row.options.as_deref().unwrap_or("{}");
    serde_json::from_str(text).map_err(|error| ApiError::internal(&error))
}

/// Prepares a recording from the start, read with other options.
///
/// # Errors
/// 400 for options that no recording can be read with; 404; 409 unless its preparation failed.
pub(crate) async fn set_options(
    app: &Shared,
    who: &Who,
    id: &Id,
    options: ReadOptions,
) -> Answer<()> {
    options.check()?;
    let row = recordings::by_id(&app.db, id).await?;
    if db::jobs::failed_preparation(&app.db, id).await?.is_empty() {
        let message = "Only a recording whose preparation failed can be read another way.";
        return Err(ApiError::conflict("conflict", message)
            .hint("Add the recording again with the other settings."));
    }
    let mut change = pool::begin(&app.db).await?;
    recordings::set_options(&mut change, id, json!(options).to_string(), &who.name).await?;
    db::jobs::delete_preparation(&mut change, id).await?;
    let job = preparation(&row.request, id, &who.name);
    db::jobs::insert(&mut change, job, app.now()).await?;
    let note = Note::new(Act::Decision, "read-options").id("recording", id);
    app.note(&who.name, with_options(note, options)).await?;
    change.commit().await?;
    // What was prepared before is no longer shown.
    let media = app.folders.recording(id).join(MEDIA);
    tokio::fs::remove_file(media).await.ok();
    app.runner.wake(JobKind::Prepare);
    app.tell(Change::Recording(id.clone()));
    app.tell(Change::Request(row.request));
    Ok(())
}

/// Starts the jobs of a recording's preparation again that did not come to a good end.
///
/// # Errors
/// 404, 409 when there is none.
pub(crate) async fn retry(app: &Shared, id: &Id) -> Answer<()> {
    recordings::by_id(&app.db, id).await?;
    let failed = db::jobs::failed_preparation(&app.db, id).await?;
    if failed.is_empty() {
        let message = "None of this recording's jobs failed.";
        return Err(ApiError::conflict("conflict", message));
    }
    for job in &failed {
        jobs::again(app, job).await?;
    }
    Ok(())
}

/// Writes down that a person accepts what a preparation failed on, and goes on with it.
///
/// # Errors
/// 404, 409 when it did not fail on that.
pub(crate) async fn accept(app: &Shared, who: &Who, id: &Id, what: Remedy) -> Answer<()> {
    let failed = db::jobs::failed_preparation(&app.db, id).await?;
    if failed.last().and_then(|job| job.error_code) != Some(what) {
        recordings::by_id(&app.db, id).await?;
        let message = "This recording's preparation did not fail on that.";
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
            let message = "Send the options to read the recording with.";
            return Err(ApiError::field("what", message));
        }
    }
    let mut change = pool::begin(&app.db).await?;
    recordings::accept_lost_sound(&mut change, id, &who.name).await?;
    let note = Note::new(Act::Decision, "accept-lost-sound").id("recording", id);
    app.note(&who.name, note).await?;
    change.commit().await?;
    retry(app, id).await
}

/// The recording is not prepared yet.
pub(crate) fn not_ready() -> ApiError {
    ApiError::conflict("not_ready", "The recording is not ready yet.")
}

/// Number of frames of a recording that is ready.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn frames(app: &Shared, id: &Id) -> Answer<u32> {
    let row = recordings::by_id(&app.db, id).await?;
    let media = row.media.ok_or_else(not_ready)?;
    let media: Value = serde_json::from_str(&media).map_err(|error| ApiError::internal(&error))?;
    let frames = media["frames"]
        .as_u64()
        .and_then(|frames| u32::try_from(frames).ok());
    frames.ok_or_else(not_ready)
}

/// One picture of the proxy.
pub(crate) struct PictureOf<'a> {
    pub(crate) recording: &'a Id,
    pub(crate) frame: u32,
    /// Columns at most.
    pub(crate) width: Option<u32>,
    /// What is hidden in it.
    pub(crate) redactions: Redactions,
}

/// A picture as JPEG; counted as seen by somebody.
///
/// # Errors
/// 400 for a frame that is not there; 404, 409 `not_ready`.
pub(crate) async fn picture(
    app: &Shared,
    (who, seen): (&Who, Seen),
    of: PictureOf<'_>,
) -> Answer<Vec<u8>> {
    let frame = of.frame;
    if frame >= frames(app, of.recording).await? {
        return Err(ApiError::field("frame", "The recording has no such frame."));
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
    let done = tokio::task::spawn_blocking(move || jobs.run(&task, &Deaf)).await?;
    let read = tokio::fs::read(&made).await;
    tokio::fs::remove_file(&made).await.ok();
    done.map_err(|error| ApiError::internal(&error))?;
    Ok(read?)
}

/// Nobody waits for the progress of one picture.
struct Deaf;

impl Watch for Deaf {
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
