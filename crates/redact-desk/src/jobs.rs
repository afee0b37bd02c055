//! What takes long: the queue, and the trait behind which the work is done.
//!
//! Two lanes run one job each: what a person waits for (following, previews), and the rest. A job
//! is a row before it is begun, and its end and what follows from it are one change of the
//! database: a server that dies takes up exactly where the rows say.
//!
//! A recording's folder holds, under these names: [`SOURCE`]`.EXT`, [`PROXY`], [`TIMELINE`],
//! [`MEDIA`], `waveform-N`, [`FINDINGS`], [`MOMENTS`] and `thumbnails/TRACK.jpg`.

mod finish;
mod runner;
mod task;

use std::ops::ControlFlow;
use std::path::PathBuf;

use redact_core::{NormRect, Redactions};
use serde_json::Value;

pub(crate) use runner::{Runner, tell_owners};
pub(crate) use task::{FollowInput, PreviewInput, preview_frames};

/// The recording as it came in, with an extension.
pub(crate) const SOURCE: &str = "source";
/// The proxy: see `API.md`.
pub(crate) const PROXY: &str = "proxy.mp4";
/// The lengths of all frames: `API.md`, `Timeline`.
pub(crate) const TIMELINE: &str = "timeline.json";
/// What the recording is: `API.md`, `Media`.
pub(crate) const MEDIA: &str = "media.json";
/// What the scan found.
pub(crate) const FINDINGS: &str = "findings.json";
/// Where to look first: `API.md`, `Found`.
pub(crate) const MOMENTS: &str = "moments.json";

/// Something that takes long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Task {
    /// Write proxy, timeline, media and waveforms of a recording.
    Prepare {
        /// The recording.
        clip: PathBuf,
        /// Where they go.
        folder: PathBuf,
    },
    /// Search a recording.
    Scan {
        /// The recording.
        clip: PathBuf,
        /// Where the findings go.
        findings: PathBuf,
        /// Whether a person accepted that sound is lost which cannot be decoded.
        accept_lost_sound: bool,
        /// Who asked for it.
        by: String,
    },
    /// Write a picture of each found track, and where to look first.
    Thumbnails {
        /// The recording's folder, with proxy and findings.
        folder: PathBuf,
    },
    /// Follow something that a person pointed at; gives `Followed`.
    Follow(FollowTask),
    /// Write one frame of the proxy as JPEG.
    Picture {
        /// The recording's folder, with the proxy.
        folder: PathBuf,
        /// Which frame.
        frame: u32,
        /// Columns at most.
        width: Option<u32>,
        /// What is hidden in it.
        redactions: Redactions,
        /// Where it goes.
        picture: PathBuf,
    },
    /// Write a few seconds of the proxy as they would be released.
    Preview(PreviewTask),
    /// Write a release.
    Render(RenderTask),
    /// Check a release; gives what `redact verify --json` prints.
    Verify(VerifyTask),
}

/// What to follow.
#[derive(Clone, Debug)]
pub struct FollowTask {
    /// The recording's folder, with proxy and timeline.
    pub folder: PathBuf,
    /// The frame in which it was pointed at.
    pub frame: u32,
    /// Where it is in that frame.
    pub rect: NormRect,
    /// Toward the start.
    pub back: bool,
    /// Toward the end.
    pub forward: bool,
    /// Frames at most, in each direction.
    pub frames_max: u32,
}

/// What to show before it is rendered.
#[derive(Clone, Debug)]
pub struct PreviewTask {
    /// The recording's folder, with the proxy.
    pub folder: PathBuf,
    /// First frame.
    pub start: u32,
    /// First frame after.
    pub end: u32,
    /// What is hidden and muted.
    pub redactions: Redactions,
    /// Where the clip goes.
    pub clip: PathBuf,
}

/// What to release.
#[derive(Clone, Debug)]
pub struct RenderTask {
    /// The recording.
    pub clip: PathBuf,
    /// The approved plan.
    pub plan: PathBuf,
    /// The findings that it was made of.
    pub findings: PathBuf,
    /// Where the release goes; its records go beside it.
    pub release: PathBuf,
    /// What the request says of itself, for the manifests.
    pub request: PathBuf,
    /// Manifest of the release whose place this one takes.
    pub supersedes: Option<PathBuf>,
    /// Who asked for the release.
    pub by: String,
}

/// What to check.
#[derive(Clone, Debug)]
pub struct VerifyTask {
    /// The release.
    pub release: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// The recording, where it is here.
    pub source: Option<PathBuf>,
    /// Manifest of the release whose place this one took.
    pub previous: Option<PathBuf>,
    /// Where the verdict goes as a page to print.
    pub report: Option<PathBuf>,
    /// Who asked.
    pub by: String,
}

/// Hears how far a task is, and may stop it.
pub trait Watch: Send + Sync {
    /// `done` of `total` units of `phase` are done; `Break` asks the task to stop.
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()>;
}

/// Why a task was not done.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TaskError {
    /// One sentence for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What a person can accept so that the task can be done.
    pub to_accept: Option<ToAccept>,
}

/// What keeps a task from being done until a person accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum ToAccept {
    /// The recording has sound, and none of it can be decoded: a release would have none.
    LostSound,
}

impl TaskError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            to_accept: None,
        }
    }
}

/// Does what takes long, each task on a thread of its own.
pub trait Jobs: Send + Sync + 'static {
    /// Does one task to its end. What it writes has its final name only when it is whole.
    ///
    /// # Errors
    /// Why it was not done; nothing it was to write is then there, or all of it as before.
    fn run(&self, task: &Task, watch: &dyn Watch) -> Result<Value, TaskError>;
}
