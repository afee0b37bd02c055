//! The input for a pair of manifests: plain figures that the caller collects from the jobs.

use redact_core::{ApprovedPlan, Digest, Findings, ModelUse, StreamSummary, Timestamp, UtcNanos};

use super::changes::HumanChange;
use super::coding::CodingFacts;
use super::figures::{Jail, SecondLook};
use super::parts::Supersedes;
use super::request::{Request, Terms};
use crate::events::Checkpoint;
use crate::{FileBinding, RecordError};

/// One check of a release, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// The check.
    pub name: String,
    /// Whether it passed everywhere.
    pub passed: bool,
    /// Figures for the public manifest, which may contain places but no content.
    pub evidence: String,
}

/// What a render did to one sound track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioResult {
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// Samples per channel written.
    pub samples: u64,
    /// Samples per channel that were muted.
    pub muted_samples: u64,
}

/// What a render did.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderFacts {
    /// Frames written.
    pub frames: u32,
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Mean fraction of the picture covered by masks, over all frames, `0.0..=1.0`.
    pub masked_area_mean: f64,
    /// One entry per sound track, in the order of the source.
    pub audio: Vec<AudioResult>,
}

/// The released file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Its digests.
    pub binding: FileBinding,
    /// FFmpeg's name for the container format.
    pub container: String,
    /// Its streams.
    pub streams: Vec<StreamSummary>,
}

/// The program that made the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolInfo {
    /// Its version.
    pub version: String,
    /// The commit that it was built from, if known.
    pub commit: Option<String>,
    /// Names and versions of the libraries that decode, encode and detect.
    pub libraries: Vec<(String, String)>,
    /// Names and values of the options that affect the result, without paths.
    pub options: Vec<(String, String)>,
    /// How the process that decoded and encoded was confined, if known.
    pub jail: Option<Jail>,
}

/// The replaced manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Its ID and digest, for the new manifest.
    pub named: Supersedes,
    /// Its source, which must be the new manifest's.
    pub source: Digest,
}

/// Context that the files do not contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseContext {
    /// Public: the terms of the release.
    pub terms: Terms,
    /// Sealed: the request, and facts about the recording.
    pub request: Request,
    /// Public: the replaced manifest.
    pub supersedes: Option<Replaced>,
    /// Public: the last entry of the event log.
    pub events_head: Option<Checkpoint>,
}

/// The measured level of a mute on one track of the finished file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MutedLevel {
    /// Index of the mute in the plan's redactions.
    pub mute: usize,
    /// The sound track, counted from 0.
    pub track: usize,
    /// Samples measured per channel.
    pub samples: u64,
    /// The loudest 20 ms in dBFS; for a tone, what remains besides the tone.
    pub loudest_dbfs: f64,
}

/// Similarity of one second of the finished file to the source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondQuality {
    /// The second, counted from the first frame.
    pub second: i64,
    /// Lowest signal-to-noise ratio of a frame, in decibels.
    pub worst_db: f64,
    /// Median over the second's frames, in decibels.
    pub median_db: f64,
    /// Mean structural similarity; 1 means identical.
    pub ssim: f64,
}

/// Measurements of the finished file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// One entry per mute and track that has samples in it.
    pub mutes: Vec<MutedLevel>,
    /// One entry per second that has frames.
    pub seconds: Vec<SecondQuality>,
}

/// Times of all frames in ticks of the source's time base; a release has the same times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameClock {
    ticks: Vec<i64>,
    end: i64,
}

impl FrameClock {
    /// Frames at `ticks`, the last of which ends at `end`.
    #[must_use]
    pub const fn of(ticks: Vec<i64>, end: i64) -> Self {
        Self { ticks, end }
    }

    /// Adds the next frame's timestamp and duration, in ticks.
    pub fn push(&mut self, timestamp: Timestamp, duration_ticks: i64) {
        self.ticks.push(timestamp.ticks());
        self.end = timestamp.ticks().saturating_add(duration_ticks.max(1));
    }

    /// The frames' timestamps in ticks.
    #[must_use]
    pub fn ticks(&self) -> &[i64] {
        &self.ticks
    }

    /// End of the last frame in ticks.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.ticks.len()
    }

    /// The first frame's timestamp; 0 if there is no frame.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        Timestamp::new(self.ticks.first().copied().unwrap_or(0))
    }

    /// Shortest and longest interval between two frames in ticks; zeros for fewer than two frames.
    #[must_use]
    pub fn frame_ticks(&self) -> (i64, i64) {
        let times = self
            .ticks
            .windows(2)
            .map(|two| two[1].saturating_sub(two[0]));
        let shortest = times.clone().min().unwrap_or(0);
        (shortest, times.max().unwrap_or(0))
    }

    /// Start of frame `index`, or end of the last frame if `index` is the number of frames.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<Timestamp> {
        let index = usize::try_from(index).ok()?;
        if index == self.ticks.len() {
            return Some(Timestamp::new(self.end));
        }
        self.ticks.get(index).copied().map(Timestamp::new)
    }
}

/// Random bytes for a pair of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The manifest's ID.
    pub id: [u8; 16],
    /// The salt that prevents guessing the sealed body.
    pub salt: [u8; 32],
}

impl Fresh {
    /// Random bytes from the operating system.
    ///
    /// # Errors
    /// [`RecordError::Key`] if the system provides none.
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

/// Why a release shows only an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestWithheld {
    /// Who withholds the rest.
    pub by: String,
    /// Code of the reason.
    pub reason: String,
    /// Shortest and longest interval between two frames of the source, in ticks.
    pub frame_ticks: (i64, i64),
}

/// The input for a pair of manifests.
#[derive(Clone, Debug)]
pub struct ManifestInput<'a> {
    /// The plan that was rendered.
    pub plan: &'a ApprovedPlan,
    /// For an excerpt, who withholds the rest of the recording, and why.
    pub rest: Option<&'a RestWithheld>,
    /// The models used in the scan.
    pub models: &'a [ModelUse],
    /// The source's file name; sealed.
    pub source_name: &'a str,
    /// The release's file name; sealed, because it may derive from the source's.
    pub release_name: &'a str,
    /// The source before the run.
    pub source_before: &'a FileBinding,
    /// SHA-256 of the source after the run.
    pub source_after: Digest,
    /// The release.
    pub release: &'a ReleaseFacts,
    /// Times of all frames.
    pub clock: &'a FrameClock,
    /// What the render did.
    pub render: &'a RenderFacts,
    /// Which parts were copied from the source.
    pub coding: &'a CodingFacts,
    /// Results of the audit of the release; at least one.
    pub audit: &'a [CheckResult],
    /// Results of the comparison with the source; empty if it was not done.
    pub compare: &'a [CheckResult],
    /// One result per leak channel; at least one.
    pub leaks: &'a [CheckResult],
    /// Measurements of the audit and the comparison.
    pub measured: &'a Measured,
    /// What detectors still find in the release, if there was a second look.
    pub second_look: Option<&'a SecondLook>,
    /// The findings that the plan was made from, with the SHA-256 of their file.
    pub findings: Option<(&'a Findings, Digest)>,
    /// Why there are no findings: given if and only if `findings` is `None`.
    pub without_findings: Option<&'a str>,
    /// What people changed in the plan that the policy proposed, if the findings are available.
    pub changes: Option<&'a [HumanChange]>,
    /// Names of the leak channels that are open in the source.
    pub source_channels: &'a [String],
    /// Whether the release gets captions, of the words in the plan.
    pub captions: bool,
    /// The program.
    pub tool: &'a ToolInfo,
    /// Context of the release.
    pub context: &'a ReleaseContext,
    /// The current time.
    pub created: UtcNanos,
    /// Random bytes.
    pub fresh: Fresh,
}
