//! Parts of a release: files that are cut from it at GOPs, each with a manifest of its own.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Digest, FrameSpan};
use serde::{Deserialize, Serialize};

use super::input::{CheckResult, FrameClock, ReleaseFacts};
use super::{Hex, OneLine, Seconds};
use crate::RecordError;
use crate::captions::Captions;

/// The place of a file in the release that it is a part of. All figures of a manifest with a part
/// are those of the part, except what was found and kept, the plan's approvals, and what was
/// removed from copied pictures, which are those of the whole release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its number, counted from 1.
    pub number: u32,
    /// Number of parts of the release.
    pub count: u32,
    /// Frames of the release that it has: the first, and the first after the last one.
    pub frames: OneLine<(u32, u32)>,
    /// Number of frames of the release.
    pub release_frames: u32,
    /// Start and end in the release, in seconds from its first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// Start and end in ticks of the source's video stream.
    pub source_ticks: OneLine<(i64, i64)>,
    /// Sound tracks of the part, in order; a track of the release that has no sound here is left
    /// out.
    pub sound: Vec<OneLine<PartTrack>>,
    /// Length of the release in bytes.
    pub release_bytes: u64,
    /// SHA-256 of the release.
    pub release_sha256: Hex,
    /// SHA-256 of the release's public manifest.
    pub manifest_sha256: Hex,
}

impl Part {
    /// The number of its frames, if its figures agree with each other, with those of a release of
    /// `frames` frames, and with a file of `tracks` sound tracks.
    pub(super) fn check(&self, frames: u32, tracks: usize) -> Result<u32, RecordError> {
        let wrong = |field: &str, found: String, expected: String| {
            Err(RecordError::field(format!("part.{field}"), found, expected))
        };
        if self.number == 0 || self.number > self.count {
            let expected = format!("1 to {}, the number of parts", self.count);
            return wrong("number", self.number.to_string(), expected);
        }
        if self.release_frames != frames {
            let expected = format!("{frames}, the frames of the release");
            return wrong("release_frames", self.release_frames.to_string(), expected);
        }
        let (start, end) = self.frames.0;
        let is_first = (start == 0) == (self.number == 1);
        let is_last = (end == frames) == (self.number == self.count);
        if start >= end || end > frames || !is_first || !is_last {
            let expected = "frames at its place in the release".to_owned();
            return wrong("frames", format!("{start} to {end}"), expected);
        }
        let rising = self
            .sound
            .windows(2)
            .all(|two| two[0].0.track < two[1].0.track);
        let has_packets = |sound: &OneLine<PartTrack>| sound.0.packets.0 < sound.0.packets.1;
        if self.sound.len() != tracks || !rising || !self.sound.iter().all(has_packets) {
            let found = format!("{} tracks", self.sound.len());
            let expected = format!("{tracks} tracks in order, each with packets");
            return wrong("sound", found, expected);
        }
        Ok(end - start)
    }
}

/// A sound track of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PartTrack {
    /// The release's sound track, counted from 0.
    pub track: u32,
    /// Packets of that track, counted from 0: the first, and the first after the last one.
    pub packets: (u64, u64),
}

/// A sound track of a part, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSoundFacts {
    /// The release's track, counted from 0.
    pub track: u32,
    /// Packets of that track.
    pub packets: (u64, u64),
    /// Samples per channel and second.
    pub rate_hz: u32,
    /// Samples per channel, counted from the part's first frame.
    pub samples: (i64, i64),
    /// SHA-256 over the packets, each preceded by its length in four bytes.
    pub digest: Digest,
}

/// A part, as it was written.
#[derive(Clone, Debug)]
pub struct PartFacts<'a> {
    /// Its number, counted from 1, and the number of parts.
    pub place: (u32, u32),
    /// Its frames in the release.
    pub frames: FrameSpan,
    /// When each frame of the release is shown, in seconds per tick `clock_base`.
    pub clock: &'a FrameClock,
    /// Seconds per tick of the release, as numerator and denominator.
    pub clock_base: (u32, u32),
    /// The release's GOPs with the SHA-256 of each.
    pub gops: &'a [(FrameSpan, Digest)],
    /// Its sound tracks.
    pub sound: &'a [PartSoundFacts],
    /// The file.
    pub file: &'a ReleaseFacts,
    /// Results of its leak scan; at least one.
    pub leaks: &'a [CheckResult],
    /// The captions of the release, if it has any.
    pub captions: Option<&'a Captions>,
}

/// How much a part hides.
#[derive(Clone, Debug, PartialEq)]
pub struct PartTotals {
    /// Frames with at least one mask.
    pub frames_masked: u32,
    /// Mean fraction of the picture under masks, over all frames.
    pub masked_area_mean: f64,
    /// Muted samples per channel of each of its sound tracks.
    pub muted_samples: Vec<u64>,
}
