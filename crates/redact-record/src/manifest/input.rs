//! What a manifest is made of: plain figures that the caller brings from the jobs.

use redact_core::{ApprovedPlan, Digest, ModelUse, StreamSummary, Timestamp, UtcNanos};

use crate::events::Checkpoint;
use crate::{FileBinding, RecordError};

/// One answer of a checker, with the figures it rests on.
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
}

/// What is known of the request and of the recording beside the file itself. All optional.
///
/// Only the first four are public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseContext {
    /// Public: the agency that releases.
    pub agency: Option<String>,
    /// Public: for whom the copy is made in general (public, court, data subject).
    pub profile: Option<String>,
    /// Public: whose law applies.
    pub jurisdiction: Option<String>,
    /// Public: the data classification.
    pub classification: Option<String>,
    /// Public: SHA-256 of the public manifest that this one replaces.
    pub supersedes: Option<Digest>,
    /// Public: head of the event chain.
    pub events_head: Option<Checkpoint>,
    /// Who asked.
    pub requester: Option<String>,
    /// The request's number.
    pub request_number: Option<String>,
    /// The case's number.
    pub case_number: Option<String>,
    /// When it was asked for, as the agency writes it.
    pub requested_on: Option<String>,
    /// When it is due, as the agency writes it.
    pub due_on: Option<String>,
    /// Who authorised the release.
    pub authorised_by: Option<String>,
    /// The written basis of the release.
    pub written_basis: Option<String>,
    /// Whose consent it rests on, by reference.
    pub consent_reference: Option<String>,
    /// To whom and how it is handed over.
    pub delivery: Option<String>,
    /// Number of the copy.
    pub copy_number: Option<u32>,
    /// Minutes of work.
    pub minutes_of_work: Option<u32>,
    /// The recording's name in the agency's evidence system.
    pub evidence_id: Option<String>,
    /// The camera's serial number.
    pub device_serial: Option<String>,
    /// How the camera's clock was set.
    pub clock_basis: Option<String>,
    /// When the recording started, as the camera says.
    pub recorded_start: Option<String>,
    /// When the recording ended, as the camera says.
    pub recorded_end: Option<String>,
    /// Seconds at the start that the camera keeps without sound.
    pub pre_event_seconds: Option<u32>,
    /// Other recordings of the incident and their state.
    pub related_recordings: Vec<String>,
}

/// When each frame is shown, in ticks of the source's time base; a release keeps these times.
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
    /// What keeps the sealed body from being guessed.
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
    /// What the second look at the release found; at least one.
    pub audit: &'a [CheckResult],
    /// What the comparison with the source found; empty when it was not made.
    pub compare: &'a [CheckResult],
    /// One verdict per leak channel; at least one.
    pub leaks: &'a [CheckResult],
    /// The program.
    pub tool: &'a ToolInfo,
    /// What else is known.
    pub context: &'a ReleaseContext,
    /// Now.
    pub created: UtcNanos,
    /// Random numbers.
    pub fresh: Fresh,
}
