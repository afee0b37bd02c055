//! What a caller chooses for a scan or a release, as plain values.

use std::path::PathBuf;

use redact_core::{Plan, SourceSettings};
use redact_media::{Damaged, Preset};
use serde::{Deserialize, Serialize};

use crate::error::{ReleaseError, Result};

/// Which detectors run, and where their models are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelOptions {
    /// Folder with model cards and weights.
    pub folder: PathBuf,
    /// The ONNX Runtime library; needed where a model is installed.
    pub runtime: Option<PathBuf>,
    /// Which of the models run, at which size and how often.
    pub profile: Profile,
}

/// Which detectors run, at which size and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// For a first impression.
    Fast,
    /// For a release.
    Standard,
    /// For a sensitive release.
    Thorough,
}

impl Profile {
    /// All profiles, fastest first.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Standard, Self::Thorough];

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Thorough => "thorough",
        }
    }
}

/// How speech is transcribed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptOptions {
    /// The language to expect, as in ISO 639-1. Speech in another one counts as not understood.
    pub language: String,
}

/// How a recording is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputOptions {
    /// What to do where it is damaged.
    #[serde(with = "DamagedForm")]
    pub damaged: Damaged,
    /// Whether a recording of whose sound no track can be decoded is released without sound.
    pub accept_lost_sound: bool,
    /// What a person states about it.
    #[serde(with = "SettingsForm")]
    pub settings: SourceSettings,
}

impl InputOptions {
    /// How the recording of `plan` is read: as the scan read it.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            damaged: match plan.damage.is_empty() {
                true => Damaged::Stop,
                false => Damaged::Mask,
            },
            accept_lost_sound: false,
            settings: plan.source.info.settings(),
        }
    }
}

/// Which parts of a release are re-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reencode {
    /// Only what a mask or a mute touches, where copying the rest is proved to be safe; else all.
    Touched,
    /// Everything.
    All,
}

/// How a release is encoded.
#[derive(Clone, Debug)]
pub struct EncodingOptions {
    /// Speed of the encoder.
    pub preset: Preset,
    /// Constant rate factor; `None` takes one that suits the recording's codec.
    pub crf: Option<u8>,
    /// Which parts are re-encoded.
    pub reencode: Reencode,
}

/// Whether a release gets captions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptionsChoice {
    /// If the plan has a transcript and a person reviewed it.
    #[default]
    IfReviewed,
    /// In any case.
    Always,
    /// No.
    Never,
}

impl CaptionsChoice {
    /// Whether a release of `plan` gets captions.
    ///
    /// - `reviewed`: whether a person approved the plan.
    ///
    /// # Errors
    /// [`ReleaseError::NoTranscript`] if it must have some, and the plan has no transcript.
    pub fn decide(self, plan: &Plan, reviewed: bool) -> Result<bool> {
        match (self, &plan.captions) {
            (Self::Never, _) | (Self::IfReviewed, None) => Ok(false),
            (Self::Always, Some(_)) => Ok(true),
            (Self::Always, None) => Err(ReleaseError::NoTranscript),
            (Self::IfReviewed, Some(_)) => Ok(reviewed),
        }
    }
}

/// [`Damaged`] in a job.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Damaged", rename_all = "snake_case")]
enum DamagedForm {
    Stop,
    Mask,
}

/// [`SourceSettings`] in a job.
#[derive(Serialize, Deserialize)]
#[serde(remote = "SourceSettings", deny_unknown_fields)]
struct SettingsForm {
    video_stream: Option<u32>,
    turn_degrees: u16,
    frame_rate: Option<(u32, u32)>,
}

/// [`Preset`] in a job.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Preset", rename_all = "snake_case")]
pub(crate) enum PresetForm {
    Ultrafast,
    Superfast,
    Veryfast,
    Faster,
    Fast,
    Medium,
    Slow,
}
