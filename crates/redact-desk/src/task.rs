//! What takes long, and the trait behind which it is done.

use std::ops::ControlFlow;
use std::path::PathBuf;

use redact_core::{Digest, NormRect, Redactions};
use serde::{Deserialize, Serialize};

use crate::read_options::ReadOptions;

/// Something that takes long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Task {
    /// Write proxy, timeline, media and waveforms of a recording.
    Prepare {
        /// The recording.
        clip: PathBuf,
        /// How it is read.
        options: ReadOptions,
        /// Where they go.
        folder: PathBuf,
    },
    /// Search a recording; gives [`TaskOutcome::Scanned`].
    Scan {
        /// The recording.
        clip: PathBuf,
        /// How it is read.
        options: ReadOptions,
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
    /// Follow something that a person pointed at; gives [`TaskOutcome::Followed`].
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
    /// Check a release; gives [`TaskOutcome::Verified`].
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

/// What a task came to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskOutcome {
    /// What it was to write is there.
    Done,
    /// The recording was scanned; its SHA-256.
    Scanned(Digest),
    /// Where something was followed to.
    Followed(Followed),
    /// A release was checked.
    Verified(Verified),
}

/// Where something was followed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Followed {
    /// First frame.
    pub start: u32,
    /// First frame after.
    pub end: u32,
    /// `[frame, x_min, y_min, x_max, y_max]` as fractions of the picture, in ascending order.
    pub path: Vec<(u32, f32, f32, f32, f32)>,
    /// Why it was not followed further.
    pub stopped: Stopped,
}

/// Why something was not followed further; `None` for a direction that was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Stopped {
    /// Toward the start.
    pub back: Option<Stop>,
    /// Toward the end.
    pub forward: Option<Stop>,
}

/// Why something was not followed further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// The recording ends there.
    End,
    /// The picture changes as a whole.
    Cut,
    /// It was not found again.
    Lost,
    /// As many frames as were asked for.
    Limit,
}

/// What a check of a release came to, as `redact verify --json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Verified {
    /// What was checked.
    #[serde(default)]
    pub checks: Vec<Checked>,
    /// What was not.
    #[serde(default)]
    pub not_checked: Vec<NotChecked>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Checked {
    /// What it belongs to.
    pub group: String,
    /// What was checked.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was found.
    #[serde(default)]
    pub evidence: String,
}

/// One thing that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NotChecked {
    /// What it belongs to.
    pub group: String,
    /// What was not checked.
    pub name: String,
    /// Why.
    #[serde(default)]
    pub why: String,
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
    /// What a person can do so that the task succeeds.
    pub remedy: Option<Remedy>,
}

/// What a person can do so that a task on a recording succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum Remedy {
    /// Accept that releases have no sound: the recording has some, and none can be decoded.
    LostSound,
    /// Accept that damaged parts are hidden and silenced.
    Damage,
    /// Read the recording with other [`ReadOptions`].
    ReadOptions,
}

impl TaskError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            remedy: None,
        }
    }
}

/// Does what takes long, each task on a thread of its own.
pub trait Jobs: Send + Sync + 'static {
    /// Does one task to its end. What it writes has its final name only when it is whole.
    ///
    /// # Errors
    /// Why it was not done; nothing it was to write is then there, or all of it as before.
    fn run(&self, task: &Task, watch: &dyn Watch) -> Result<TaskOutcome, TaskError>;
}
