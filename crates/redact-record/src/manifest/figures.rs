//! Totals, checks and tools in the public manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use super::{ClassName, ModelFile, OneLine, Seconds};
use crate::RecordError;

/// How much was withheld.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Number of frames of the release, which is that of the source.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Duration of the video.
    pub seconds: Seconds,
    /// Mean share of the picture's area that is hidden, over all frames, in percent.
    pub picture_hidden_percent: f64,
    /// Mean share of the picture's area that is not hidden, over all frames, in percent.
    pub picture_untouched_percent: f64,
    /// One entry per sound track.
    pub sound: Vec<OneLine<SoundTotal>>,
}

/// How much of one sound track was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SoundTotal {
    /// The track, counted from 0.
    pub track: u32,
    /// Its duration.
    pub seconds: Seconds,
    /// How many seconds of it are muted.
    pub muted_seconds: Seconds,
    /// Share that is not muted, in percent.
    pub untouched_percent: f64,
}

/// The program that made the release, as needed to repeat the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// Versions of the libraries that decode, encode and detect.
    pub libraries: Vec<OneLine<NamedValue>>,
    /// All options that affect the result.
    pub options: Vec<OneLine<NamedValue>>,
    /// How the process that decoded and encoded was confined. Earlier versions omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jail: Option<Jail>,
}

/// The confinement of the process that decoded and encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Jail {
    /// Landlock version in force; 0 for none.
    pub landlock_abi: u32,
    /// Whether an older Landlock version than the system's was used, because a test requested it.
    pub landlock_capped: bool,
    /// Whether only allowed system calls were possible (seccomp).
    pub seccomp: bool,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Approvals without names, which are in the sealed manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalSummary {
    /// How many approvals the plan has.
    pub count: u32,
    /// Whether the policy requires two different people.
    pub second_person_required: bool,
}

/// The checks of the finished file, with their evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// The audit of the decoded release: an independent check.
    pub audit: Vec<CheckFile>,
    /// The comparison with the source: nothing else was changed.
    pub change: Vec<CheckFile>,
    /// One result per channel through which a file could leak what was hidden.
    pub leaks: Vec<CheckFile>,
    /// Measurements of the comparison with the source, second by second.
    pub change_by_second: Vec<OneLine<SecondPsnr>>,
    /// What detectors still find in the finished file; `null` without a second look. It is an
    /// independent check of the scan.
    pub second_look: Option<SecondLook>,
}

/// A scan of the finished file with the detectors for recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// The models used.
    pub models: Vec<ModelFile>,
    /// Number of frames of the finished file; a model may run on only some of them.
    pub frames: u32,
    /// What they find outside masks, ordered by time.
    pub seen: Vec<OneLine<StillSeen>>,
    /// Whether the approver accepted findings that were not deliberately kept; such findings block
    /// the release unless they are accepted.
    pub accepted: bool,
}

/// An object that a model still finds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StillSeen {
    /// The class that the model reports.
    pub class: ClassName,
    /// First frame in which it is found, and first frame after the last one.
    pub frames: (u32, u32),
    /// Frames in which a model detected it.
    pub sightings: u32,
    /// Highest score of the model, 0 to 1.
    pub score_best: f32,
    /// Whether it was deliberately left visible: by a decision, or because the policy keeps its
    /// class.
    pub kept: bool,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// The check.
    pub name: String,
    /// Whether it passed everywhere.
    pub passed: bool,
    /// The figures that it is based on.
    pub evidence: String,
}

/// Similarity of one second of the release to the source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondPsnr {
    /// The second, counted from the first frame.
    pub second: i64,
    /// Lowest peak signal-to-noise ratio of a frame in decibels; 99 means no difference.
    pub worst_db: f64,
    /// Median over the second's frames, in decibels.
    pub median_db: f64,
    /// Mean structural similarity (SSIM; Wang et al. 2004) of the second's pictures; 1 means
    /// identical. It uses windows of 8x8 luma samples, one per 16x16 block that no mask touches.
    /// `null` in manifests of earlier versions.
    #[serde(default)]
    pub ssim: Option<f64>,
}

impl SecondLook {
    /// What is found and was neither hidden nor deliberately kept.
    pub fn missed(&self) -> impl Iterator<Item = &StillSeen> {
        self.seen
            .iter()
            .map(|seen| &seen.0)
            .filter(|seen| !seen.kept)
    }

    /// Checks that every unintended finding was accepted by a person.
    pub(super) fn check(&self, frames: u32) -> Result<(), RecordError> {
        if self.frames != frames {
            let expected = format!("{frames}, the frames of the release");
            return Err(RecordError::field(
                "checks.second_look.frames",
                self.frames,
                expected,
            ));
        }
        if !self.accepted && self.missed().next().is_some() {
            return Err(RecordError::field(
                "checks.second_look.accepted",
                "false",
                "true, because something was found that was not deliberately kept",
            ));
        }
        Ok(())
    }
}
