//! What a manifest is made of: plain figures that the caller brings from the jobs.

use redact_core::{ApprovedPlan, Digest, Findings, ModelUse, StreamSummary, Timestamp, UtcNanos};

use super::changes::HumanChange;
use super::coding::CodingFacts;
use super::figures::{Jail, SecondLook};
use super::parts::Supersedes;
use super::request::{Request, Terms};
use crate::events::Checkpoint;
use crate::{FileBinding, RecordError};

/// One check of a release, with the figures it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// What was checked.
    pub name: String,
    /// Whether it held everywhere.
    pub passed: bool,
    /// Figures; goes into the public manifest, so it may tell places but no content.
    pub evidence: String,
}

/// What a render did to one sound track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioResult {
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// Samples per channel written.
    pub samples: u64,
    /// Samples per channel in which nothing of the sound is left.
    pub muted_samples: u64,
}

/// What a render did.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderFacts {
    /// Frames written.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Share of the picture that masks cover, mean over all frames, `0.0..=1.0`.
    pub masked_area_mean: f64,
    /// One entry per sound track, in the source's order.
    pub audio: Vec<AudioResult>,
}

/// The file that goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Its digests.
    pub binding: FileBinding,
    /// FFmpeg's name of the container format.
    pub container: String,
    /// Its streams.
    pub streams: Vec<StreamSummary>,
}

/// The program that made the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolInfo {
    /// Its version.
    pub version: String,
    /// The commit it was built from, if known.
    pub commit: Option<String>,
    /// Name and version of the libraries that decode, encode and detect.
    pub libraries: Vec<(String, String)>,
    /// Name and value of every option that bears on the result; no paths.
    pub options: Vec<(String, String)>,
    /// How well the process that decoded and encoded was confined, if that is known.
    pub jail: Option<Jail>,
}

/// A manifest that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// What the new manifest says of it.
    pub named: Supersedes,
    /// The source that it was for, which must be the new one's.
    pub source: Digest,
}

/// What is known beside the files themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseContext {
    /// Public: on which terms it is released.
    pub terms: Terms,
    /// Sealed: the request and the recording.
    pub request: Request,
    /// Public: the manifest that this one replaces.
    pub supersedes: Option<Replaced>,
    /// Public: head of the event chain.
    pub events_head: Option<Checkpoint>,
}

/// How loud a mute still is on one track of the finished file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MutedLevel {
    /// Index of the mute in the plan's redactions.
    pub mute: usize,
    /// The sound track, from 0.
    pub track: usize,
    /// Samples per channel that were measured.
    pub samples: u64,
    /// The loudest 20 ms, decibels of full scale; of a tone, what is heard beside it.
    pub loudest_dbfs: f64,
}

/// How close one second of the finished file is to the source outside masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondQuality {
    /// The second, from the first frame.
    pub second: i64,
    /// Lowest signal-to-noise ratio of a frame, decibels.
    pub worst_db: f64,
    /// Median over the second's frames, decibels.
    pub median_db: f64,
    /// Mean structural similarity, 1 where nothing differs.
    pub ssim: f64,
}

/// What was measured on the finished file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// One entry per mute and track that has sound in it.
    pub mutes: Vec<MutedLevel>,
    /// One entry per second that has frames.
    pub seconds: Vec<SecondQuality>,
}

/// When each frame is shown, in ticks of the source's time base; a release has the same times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameClock {
    ticks: Vec<i64>,
    end: i64,
}

impl FrameClock {
    /// Takes the next frame's time and how long it is shown, in ticks.
    pub fn push(&mut self, timestamp: Timestamp, duration_ticks: i64) {
        self.ticks.push(timestamp.ticks());
        self.end = timestamp.ticks().saturating_add(duration_ticks.max(1));
    }

    /// Every frame's time, in ticks.
    #[must_use]
    pub fn ticks(&self) -> &[i64] {
        &self.ticks
    }

    /// When the last frame ends, in ticks.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// Frames taken.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.ticks.len()
    }

    /// The first frame's time; 0 when there is none.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        Timestamp::new(self.ticks.first().copied().unwrap_or(0))
    }

    /// Shortest and longest time between two frames, in ticks; zeros for fewer than two frames.
    #[must_use]
    pub fn frame_ticks(&self) -> (i64, i64) {
        let times = self
            .ticks
            .windows(2)
            .map(|two| two[1].saturating_sub(two[0]));
        let shortest = times.clone().min().unwrap_or(0);
        (shortest, times.max().unwrap_or(0))
    }

    /// When frame `index` starts, or the last one ends if `index` is the number of frames.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<Timestamp> {
        let index = usize::try_from(index).ok()?;
        if index == self.ticks.len() {
            return Some(Timestamp::new(self.end));
        }
        self.ticks.get(index).copied().map(Timestamp::new)
    }
}

/// Random numbers for one pair of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The manifest's name.
    pub id: [u8; 16],
    /// What prevents guessing the sealed body.
    pub salt: [u8; 32],
}

impl Fresh {
    /// Asks the system for random numbers.
    ///
    /// # Errors
    /// [`RecordError::Key`] when it has none.
    pub fn random() -> Result<Self, RecordError> {
        let mut fresh = Self {
            id: [0; 16],
            salt: [0; 32],
        };
        for bytes in [&mut fresh.id[..], &mut fresh.salt[..]] {
            getrandom::fill(bytes).map_err(|source| RecordError::Key {
                source: Box::new(source),
            })?;
        }
        Ok(fresh)
    }
}

/// Everything that a pair of manifests is made of.
#[derive(Clone, Debug)]
pub struct ManifestInput<'a> {
    /// What was decided and carried out.
    pub plan: &'a ApprovedPlan,
    /// Models that took part in the scan.
    pub models: &'a [ModelUse],
    /// The source's file name; sealed.
    pub source_name: &'a str,
    /// The release's file name; sealed, because it may be made from the source's.
    pub release_name: &'a str,
    /// The source before the run.
    pub source_before: &'a FileBinding,
    /// SHA-256 of the source after the run.
    pub source_after: Digest,
    /// The release.
    pub release: &'a ReleaseFacts,
    /// When each frame is shown.
    pub clock: &'a FrameClock,
    /// What the render did.
    pub render: &'a RenderFacts,
    /// Which parts are the source's own coded data.
    pub coding: &'a CodingFacts,
    /// What the audit of the release found; at least one.
    pub audit: &'a [CheckResult],
    /// What the comparison with the source found; empty when it was not made.
    pub compare: &'a [CheckResult],
    /// One verdict per leak channel; at least one.
    pub leaks: &'a [CheckResult],
    /// What the audit and the comparison measured.
    pub measured: &'a Measured,
    /// What detectors still find in the release, where there was a second look.
    pub second_look: Option<&'a SecondLook>,
    /// The findings that the plan was made from, and the SHA-256 of their file.
    pub findings: Option<(&'a Findings, Digest)>,
    /// Why there are none: given exactly when `findings` is not.
    pub without_findings: Option<&'a str>,
    /// What people changed of what the policy makes of the findings, when those are at hand.
    pub changes: Option<&'a [HumanChange]>,
    /// Names of the leak channels that the source has open: what was dropped on the way.
    pub source_channels: &'a [String],
    /// The program.
    pub tool: &'a ToolInfo,
    /// What else is known.
    pub context: &'a ReleaseContext,
    /// Now.
    pub created: UtcNanos,
    /// Random numbers.
    pub fresh: Fresh,
}
