//! Pictures of previews, made in runs: whoever looks at one frame steps to its neighbors next, and
//! the page that shows one picture of a contact sheet asks for the others next.
//!
//! One confined process decodes forward and makes a run of pictures, the requested one first. Those
//! of the last few revisions are held in memory, so that a step takes as long as sending a picture.
//! Nothing counts as viewed before it is sent.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::app::App;
use super::held_pictures::{Jpeg, Pictures, PicturesOf, Run, State};
use super::{recordings, reviews, sheet};
use crate::api_error::{ApiError, ApiResult};
use crate::domain::plan::clip_to_frames;
use crate::domain::sheet::frames_as_shown;
use crate::id::Id;
use crate::task::{PicturesTask, Task, Watch};

/// Runs that are begun for a frame until it is given up.
const TRIES: u32 = 3;

/// The picture of `frame` as a release would show it, as JPEG.
///
/// # Errors
/// 400 for a frame that does not exist; 404, 409 `not_ready`.
pub(crate) async fn picture(app: &App, of: PicturesOf, frame: u32) -> ApiResult<Jpeg> {
    let pictures = match app.previews.find(&of) {
        Some(known) => known,
        None => load(app, of).await?,
    };
    if frame >= pictures.frames {
        return Err(ApiError::field("frame", "This frame does not exist."));
    }
    let of_sheet = pictures.sheet.is_some();
    let mut tries = TRIES;
    loop {
        let (mut coming, own) = {
            let mut state = pictures.state();
            if let Some(made) = state.made.get(&frame).cloned() {
                if let Some(next) = pictures.wanted(&state, frame) {
                    begin(app, &pictures, &mut state, next);
                }
                return Ok(made);
            }
            match state.run.clone() {
                Some(run) if run.frames.contains(&frame) => (run.made.subscribe(), true),
                // Somebody else waits for its first picture, or for all of a contact sheet.
                Some(run) if of_sheet || !state.made.contains_key(&run.first) => {
                    (run.made.subscribe(), false)
                }
                _ => (begin(app, &pictures, &mut state, frame), true),
            }
        };
        // A run ends without a picture if it failed, or if another frame was needed first.
        let has_ended = coming.changed().await.is_err();
        if has_ended && own && !pictures.has(frame) {
            tries -= 1;
        }
        if tries == 0 {
            return Err(ApiError::internal(
                &"the pictures of a preview were not made",
            ));
        }
    }
}

async fn load(app: &App, of: PicturesOf) -> ApiResult<Arc<Pictures>> {
    let recording = crate::db::reviews::by_id(&app.db, &of.review)
        .await?
        .recording;
    let shown = if of.sheet {
        let of_review = sheet::of(app, &of.review, Some(of.revision)).await?;
        Some(frames_as_shown(&of_review.items))
    } else {
        None
    };
    let pictures = Pictures {
        sheet: shown,
        frames: recordings::frames(app, &recording).await?,
        redactions: reviews::preview_of(app, &of.review, Some(of.revision)).await?,
        recording,
        of,
        state: Mutex::default(),
    };
    Ok(app.previews.add(pictures))
}

/// Begins a run that makes `first` before its neighbors; one at work is stopped.
fn begin(
    app: &App,
    pictures: &Arc<Pictures>,
    state: &mut State,
    first: u32,
) -> watch::Receiver<u32> {
    if let Some(other) = state.run.take() {
        other.stop.store(true, Ordering::SeqCst);
    }
    let (made, receiver) = watch::channel(0);
    let run = Arc::new(Run {
        frames: pictures.run_of(first),
        first,
        stop: AtomicBool::new(false),
        made,
    });
    state.run = Some(Arc::clone(&run));
    tokio::spawn(make(Arc::clone(app), Arc::clone(pictures), run, first));
    receiver
}

async fn make(app: App, pictures: Arc<Pictures>, run: Arc<Run>, first: u32) {
    let _turn = app.pictures.acquire().await;
    let folder = app
        .folders
        .work()
        .join(format!("{}.pictures", Id::random()));
    let task = Task::Pictures(PicturesTask {
        folder: app.folders.recording(&pictures.recording),
        first,
        frames: run.frames.clone(),
        width: pictures.of.width,
        redactions: clip_to_frames(&pictures.redactions, &run.frames),
        pictures: folder.clone(),
    });
    let takes = Takes {
        pictures: Arc::clone(&pictures),
        run: Arc::clone(&run),
        folder: folder.clone(),
    };
    let jobs = Arc::clone(&app.options.jobs);
    let done = tokio::task::spawn_blocking(move || {
        crate::private::folder(&takes.folder).ok();
        let done = jobs.run(&task, &takes);
        std::fs::remove_dir_all(&takes.folder).ok();
        done
    });
    if let Ok(Err(error)) = done.await
        && !run.stop.load(Ordering::SeqCst)
    {
        tracing::error!("desk: pictures of a preview: {error}");
    }
    let mut state = pictures.state();
    if state.run.as_ref().is_some_and(|now| Arc::ptr_eq(now, &run)) {
        state.run = None;
    }
}

/// Takes each picture over once it is written.
struct Takes {
    pictures: Arc<Pictures>,
    run: Arc<Run>,
    folder: std::path::PathBuf,
}

impl Watch for Takes {
    fn advance(&self, _: &str, done: u64, _: Option<u64>) -> ControlFlow<()> {
        if let Ok(frame) = u32::try_from(done)
            && let Ok(bytes) = std::fs::read(PicturesTask::path(&self.folder, frame))
        {
            self.pictures.add(frame, bytes.into());
            self.run.made.send_replace(frame);
        }
        if self.run.stop.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
