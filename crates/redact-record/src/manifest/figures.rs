//! What was counted, checked and used: the figures around the items.
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
    /// Frames of the release; the same as of the source.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Length of the pictures.
    pub seconds: Seconds,
    /// Share of the picture's area that is hidden, mean over all frames, in percent.
    pub picture_hidden_percent: f64,
    /// Share of the picture's area that is untouched, mean over all frames, in percent.
    pub picture_untouched_percent: f64,
    /// One entry per sound track.
    pub sound: Vec<OneLine<SoundTotal>>,
}

/// How much of one sound track was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SoundTotal {
    /// The track, from 0.
    pub track: u32,
    /// Its length.
    pub seconds: Seconds,
    /// How much of it is muted.
    pub muted_seconds: Seconds,
    /// Share that is untouched, in percent.
    pub untouched_percent: f64,
}

/// The program that made the release: what repeating the run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// Versions of the libraries that decode, encode and detect.
    pub libraries: Vec<OneLine<NamedValue>>,
    /// Every option that bears on the result.
    pub options: Vec<OneLine<NamedValue>>,
    /// How well the process that decoded and encoded was confined. Left out by versions that did
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jail: Option<Jail>,
}

/// What the system enforced on the process that decoded and encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Jail {
    /// Version of Landlock in force; 0 where there was none.
    pub landlock_abi: u32,
    /// Whether that is less than the system has, because a test of older ones was requested.
    pub landlock_capped: bool,
    /// Whether only listed system calls were possible.
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

/// Approvals, without names: those are in the sealed manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalSummary {
    /// How many approvals the plan has.
    pub count: u32,
    /// Whether the policy asks for two different people.
    pub second_person_required: bool,
}

/// What was checked on the finished file, with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// The audit of the release, decoded again: an independent check.
    pub audit: Vec<CheckFile>,
    /// The comparison with the source: nothing else was changed.
    pub change: Vec<CheckFile>,
    /// One verdict per channel through which a file gives away what was hidden.
    pub leaks: Vec<CheckFile>,
    /// What the comparison with the source measured, second by second.
    pub change_by_second: Vec<OneLine<SecondPsnr>>,
    /// What detectors still find in the finished file; `null` without a second look. An
    /// independent check of what was found in the first place.
    pub second_look: Option<SecondLook>,
}

/// A scan of the finished file with the detectors that scan a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// Models that ran.
    pub models: Vec<ModelFile>,
    /// Frames of the finished file; how often each model ran is its own.
    pub frames: u32,
    /// What they see that no mask covers, ordered by time.
    pub seen: Vec<OneLine<StillSeen>>,
    /// Whether the approver accepted what is found and was not kept on purpose; without that, and
    /// with such findings, there is no release.
    pub accepted: bool,
}

/// An object that a model still finds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StillSeen {
    /// What the model takes it for.
    pub class: ClassName,
    /// First frame in which it is found and first frame after the last one.
    pub frames: (u32, u32),
    /// Frames in which a model detected it.
    pub sightings: u32,
    /// Highest score of the model, 0 to 1.
    pub score_best: f32,
    /// Whether it is left visible on purpose: decided so, or of a class that the policy keeps.
    pub kept: bool,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// What was checked.
    pub name: String,
    /// Whether it held everywhere.
    pub passed: bool,
    /// The figures it rests on.
    pub evidence: String,
}

/// How close one second of the release is to the source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondPsnr {
    /// The second, from the first frame.
    pub second: i64,
    /// Lowest peak signal-to-noise ratio of a frame, decibels; 99 stands for no difference.
    pub worst_db: f64,
    /// Median over the second's frames.
    pub median_db: f64,
    /// Mean structural similarity (SSIM; Wang et al. 2004) of the second's pictures, 1 where
    /// nothing differs: windows of 8x8 luma samples, one in each block of 16x16 that no mask
    /// touches. `null` in manifests of earlier programs.
    #[serde(default)]
    pub ssim: Option<f64>,
}

impl SecondLook {
    /// What is found and was neither kept on purpose nor hidden.
    pub fn missed(&self) -> impl Iterator<Item = &StillSeen> {
        self.seen
            .iter()
            .map(|seen| &seen.0)
            .filter(|seen| !seen.kept)
    }

    /// Checks what the types do not: no release goes out with a finding that no person accepted.
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
                "true where something is found that was not kept on purpose",
            ));
        }
        Ok(())
    }
}
