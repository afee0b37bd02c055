//! Tasks that take long, and the trait that runs them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_core::{Digest, NormRect, Redactions};
use serde::{Deserialize, Serialize};

use crate::read_options::ReadOptions;

/// A task that takes long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Task {
    /// Write proxy, timeline, properties and waveforms of a recording.
    Prepare {
        /// The recording.
        clip: PathBuf,
        /// How it is read.
        options: ReadOptions,
        /// The output folder.
        folder: PathBuf,
    },
    /// Scan a recording; returns [`TaskOutcome::Scanned`].
    Scan {
        /// The recording.
        clip: PathBuf,
        /// How it is read.
        options: ReadOptions,
        /// Path of the findings.
        findings: PathBuf,
        /// Whether a user accepted that undecodable sound is lost.
        accept_lost_sound: bool,
        /// Who requested it.
        by: String,
    },
    /// Write a thumbnail of each found track, and what to check first.
    Thumbnails {
        /// The recording's folder, with proxy and findings.
        folder: PathBuf,
    },
    /// Follow an object; returns [`TaskOutcome::Followed`].
    Follow(FollowTask),
    /// Write one frame of the proxy as JPEG.
    Picture {
        /// The recording's folder, with the proxy.
        folder: PathBuf,
        /// The frame.
        frame: u32,
        /// The most columns.
        width: Option<u32>,
        /// What is hidden in it.
        redactions: Redactions,
        /// Path of the picture.
        picture: PathBuf,
    },
    /// Write frames of the proxy as JPEG, in one process; each is complete when its number is
    /// reported.
    Pictures(PicturesTask),
    /// Write a clip of the proxy with redactions.
    Preview(PreviewTask),
    /// Write a release.
    Render(RenderTask),
    /// Verify a release; returns [`TaskOutcome::Verified`].
    Verify(VerifyTask),
    /// Make a package; returns [`TaskOutcome::Packaged`].
    Package(PackageTask),
}

/// An object to follow.
#[derive(Clone, Debug)]
pub struct FollowTask {
    /// The recording's folder, with proxy and timeline.
    pub folder: PathBuf,
    /// The frame in which it was marked.
    pub frame: u32,
    /// Its box in that frame.
    pub rect: NormRect,
    /// Toward the start.
    pub back: bool,
    /// Toward the end.
    pub forward: bool,
    /// The most frames in each direction.
    pub frames_max: u32,
}

/// Pictures to write.
#[derive(Clone, Debug)]
pub struct PicturesTask {
    /// The recording's folder, with the proxy.
    pub folder: PathBuf,
    /// The frame that is needed first.
    pub first: u32,
    /// All of them, in ascending order.
    pub frames: Vec<u32>,
    /// The most columns.
    pub width: Option<u32>,
    /// What is hidden.
    pub redactions: Redactions,
    /// The folder for the pictures.
    pub pictures: PathBuf,
}

impl PicturesTask {
    /// Name of the phase whose progress is the number of a frame.
    pub const PHASE: &'static str = "picture";

    /// Path of the picture of `frame`.
    #[must_use]
    pub fn path(pictures: &Path, frame: u32) -> PathBuf {
        pictures.join(format!("{frame}.jpg"))
    }
}

/// A preview to write.
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
    /// Path of the clip.
    pub clip: PathBuf,
}

/// A release to write.
#[derive(Clone, Debug)]
pub struct RenderTask {
    /// The recording.
    pub clip: PathBuf,
    /// The approved plan.
    pub plan: PathBuf,
    /// The findings that it was made of.
    pub findings: PathBuf,
    /// Path of the release; its records are written beside it.
    pub release: PathBuf,
    /// The request, for the manifests.
    pub request: PathBuf,
    /// Manifest of the release that this one replaces.
    pub supersedes: Option<PathBuf>,
    /// What of the recording it shows; `None`: all of it.
    pub excerpt: Option<ExcerptTask>,
    /// Who requested it.
    pub by: String,
}

/// The excerpt that a release shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptTask {
    /// Start and end of each span, nanoseconds from the recording's first frame, in order of time.
    pub spans_nanos: Vec<(i64, i64)>,
    /// Code of the reason for withholding the rest.
    pub reason: String,
    /// Who withholds it.
    pub by: String,
}

/// A release to verify.
#[derive(Clone, Debug)]
pub struct VerifyTask {
    /// The release.
    pub release: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// The recording, if it is available.
    pub source: Option<PathBuf>,
    /// Manifest of the release that this one replaced.
    pub previous: Option<PathBuf>,
    /// Path of the verdict as PDF.
    pub report: Option<PathBuf>,
    /// Who requested it.
    pub by: String,
}

/// A package to make.
#[derive(Clone, Debug)]
pub struct PackageTask {
    /// The releases, in the order of their exhibits.
    pub releases: Vec<PathBuf>,
    /// The findings of their recordings, for a profile that includes them.
    pub findings: Vec<PathBuf>,
    /// The request, as the package names it.
    pub request: PathBuf,
    /// The transmittal profile.
    pub profile: PathBuf,
    /// Path of the package; the ending says its form and whether it is encrypted.
    pub package: PathBuf,
    /// The date of the letters, `2026-01-31`.
    pub dated: String,
    /// How it is encrypted.
    pub encryption: PackageEncryption,
    /// Who requested it.
    pub by: String,
}

/// How a package is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageEncryption {
    /// Not at all.
    None,
    /// To a passphrase.
    Passphrase(Passphrase),
    /// To the public keys (`age1…`) of the recipients.
    Recipients(Vec<String>),
}

/// The passphrase of a package. It is held in memory until the package is made, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

impl Passphrase {
    /// A passphrase.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text, for the environment of the process that encrypts.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Without the text: tasks are logged.
impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

/// The result of a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskOutcome {
    /// The output was written.
    Done,
    /// The recording was scanned; its SHA-256.
    Scanned(Digest),
    /// An object was followed.
    Followed(Followed),
    /// A release was verified.
    Verified(Verified),
    /// A package was made.
    Packaged(Packaged),
}

/// A package that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packaged {
    /// SHA-256 of its manifest, which lists the digest of every file in it.
    pub manifest_sha256: Digest,
    /// SHA-256 of the package itself.
    pub sha256: Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether `verify.html` is in it.
    pub has_verifier: bool,
    /// The releases in it, in the order of their exhibits.
    pub exhibits: Vec<PackagedRelease>,
}

/// A release in a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackagedRelease {
    /// SHA-256 of the released video: of the whole release, also if it is in parts.
    pub release_sha256: Digest,
    /// SHA-256 of its public manifest.
    pub manifest_sha256: Digest,
}

/// The path of a followed object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Followed {
    /// First frame.
    pub start: u32,
    /// First frame after.
    pub end: u32,
    /// `[frame, x_min, y_min, x_max, y_max]` as fractions of the picture, in ascending order.
    pub path: Vec<(u32, f32, f32, f32, f32)>,
    /// Why it ended.
    pub stopped: Stopped,
}

/// Why following ended in each direction; `None` for a direction that was not requested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Stopped {
    /// Toward the start.
    pub back: Option<Stop>,
    /// Toward the end.
    pub forward: Option<Stop>,
}

/// Why following ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// At the end of the recording.
    End,
    /// At a cut.
    Cut,
    /// The object was lost.
    Lost,
    /// At the requested number of frames.
    Limit,
}

/// The result of a verification, as printed by `redact verify --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Verified {
    /// Checks that ran.
    #[serde(default)]
    pub checks: Vec<Checked>,
    /// Checks that did not run.
    #[serde(default)]
    pub not_checked: Vec<NotChecked>,
}

/// A check that ran.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Checked {
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// The evidence.
    #[serde(default)]
    pub evidence: String,
}

/// A check that did not run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NotChecked {
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// The reason.
    #[serde(default)]
    pub why: String,
}

/// Receives the progress of a task and may stop it.
pub trait Watch: Send + Sync {
    /// `done` of `total` units of `phase` are done; `Break` stops the task.
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()>;
}

/// Why a task failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TaskError {
    /// One sentence for the user.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What a user can do so that the task succeeds.
    pub remedy: Option<Remedy>,
}

/// What a user can do so that a task on a recording succeeds.
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

/// Runs tasks, each on a thread of its own.
pub trait Jobs: Send + Sync + 'static {
    /// Runs a task to its end. Output gets its final name only when it is complete.
    ///
    /// # Errors
    /// Why it failed. Its output is then absent or unchanged.
    fn run(&self, task: &Task, watch: &dyn Watch) -> Result<TaskOutcome, TaskError>;

    /// The folder with the cards and the weights of the models that tasks use; `None`: no task
    /// uses any.
    fn models_folder(&self) -> Option<PathBuf> {
        None
    }
}
