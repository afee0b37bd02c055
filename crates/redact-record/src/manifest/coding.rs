//! Which parts of a release are the source's own coded data, and which were re-encoded.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Digest, FrameSpan};
use serde::{Deserialize, Serialize};

use super::figures::Totals;
use super::items::{MaskItem, MuteItem};
use super::{Hex, OneLine, Seconds};
use crate::{RecordError, digest_bytes};

/// How the release's data came to be: copied parts are the strongest proof that nothing was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// Why all pictures were re-encoded; `null` when some are copied.
    pub pictures_encoded_because: Option<String>,
    /// Why some pictures that nothing touches were re-encoded where others were copied, and how
    /// many; left out when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untouched_encoded_because: Option<String>,
    /// All frames of the release, in runs that were copied or re-encoded as a whole.
    pub pictures: Vec<OneLine<PictureRun>>,
    /// What was taken out of copied pictures; nothing else in them was changed.
    pub taken_out: OneLine<TakenOut>,
    /// One entry per sound track.
    pub sound: Vec<OneLine<SoundCoding>>,
}

/// A run of frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PictureRun {
    /// First frame and first frame after it.
    pub frames: (u32, u32),
    /// Start and end in seconds of the release, from its first frame.
    pub release_seconds: (Seconds, Seconds),
    /// Whether the coded pictures are the source's own.
    pub copied: bool,
    /// SHA-256 over the SHA-256 of each of its closed groups of pictures, for a copied run. That
    /// of a group is over the parameter sets that its slices name, at their first use, and over
    /// every unit but messages and fillers, each behind its length in four bytes.
    pub sha256: Option<Hex>,
}

/// NAL units that were left out of copied packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TakenOut {
    /// SEI messages: captions, positions, serial numbers, timing.
    pub messages: u32,
    /// NAL units of filler data.
    pub fillers: u32,
}

/// How a sound track came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SoundCoding {
    /// The track, from 0.
    pub track: u32,
    /// Whether its packets are the source's own, every byte of them.
    pub copied: bool,
    /// SHA-256 over its packets, each behind its length in four bytes, for a copied track.
    pub sha256: Option<Hex>,
    /// Why it was re-encoded, if it was.
    pub encoded_because: Option<String>,
}

/// The same, as a render reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodingFacts {
    /// Why all pictures were re-encoded, if they were.
    pub pictures_encoded_because: Option<String>,
    /// Why some were that nothing touches, where others were copied.
    pub untouched_encoded_because: Option<String>,
    /// Groups of pictures that were copied, in order, with their SHA-256.
    pub copied: Vec<(FrameSpan, Digest)>,
    /// What was taken out of them.
    pub taken_out: TakenOut,
    /// Per sound track: the SHA-256 of a copied one, or why it was re-encoded.
    pub sound: Vec<Result<Digest, String>>,
}

/// The SHA-256 of a run of groups with these.
#[must_use]
pub fn run_digest(groups: &[Digest]) -> Digest {
    let bytes: Vec<u8> = groups.iter().flat_map(|digest| digest.0).collect();
    digest_bytes(&bytes)
}

impl CodingFacts {
    /// All of `frames` in runs: `(start, end, SHA-256 of a copied one)`.
    fn runs(&self, frames: u32) -> Vec<(u32, u32, Option<Digest>)> {
        let mut runs = Vec::new();
        let (mut at, mut groups) = (0, self.copied.iter().peekable());
        while at < frames {
            let start = at;
            let mut digests = Vec::new();
            while let Some((span, digest)) = groups.next_if(|(span, _)| span.start().get() == at) {
                digests.push(*digest);
                at = span.end().get();
            }
            if digests.is_empty() {
                let next = groups
                    .peek()
                    .map_or(frames, |(span, _)| span.start().get().max(at + 1));
                at = next.min(frames);
                runs.push((start, at, None));
            } else {
                runs.push((start, at, Some(run_digest(&digests))));
            }
        }
        runs
    }

    /// Runs of groups that were copied: `(start, end, SHA-256)`.
    #[must_use]
    pub fn copied_runs(&self) -> Vec<(u32, u32, Digest)> {
        let frames = self.copied.last().map_or(0, |(span, _)| span.end().get());
        let runs = self.runs(frames).into_iter();
        runs.filter_map(|(start, end, digest)| Some((start, end, digest?)))
            .collect()
    }

    /// The record, with the times that `seconds` gives for frames.
    pub(super) fn record(
        &self,
        frames: u32,
        seconds: impl Fn(u32) -> Option<Seconds>,
    ) -> Result<Coding, RecordError> {
        let run = |(start, end, digest): (u32, u32, Option<Digest>)| {
            let times = seconds(start).zip(seconds(end)).ok_or_else(|| {
                RecordError::field(
                    format!("time of frame {start}"),
                    "none that fits",
                    "a time within 292 years",
                )
            })?;
            Ok(OneLine(PictureRun {
                frames: (start, end),
                release_seconds: times,
                copied: digest.is_some(),
                sha256: digest.map(Hex),
            }))
        };
        let runs = self.runs(frames).into_iter().map(run);
        let sound = (0..).zip(&self.sound).map(|(track, made)| {
            OneLine(SoundCoding {
                track,
                copied: made.is_ok(),
                sha256: made.as_ref().ok().copied().map(Hex),
                encoded_because: made.as_ref().err().cloned(),
            })
        });
        Ok(Coding {
            pictures_encoded_because: self.pictures_encoded_because.clone(),
            untouched_encoded_because: self.untouched_encoded_because.clone(),
            pictures: runs.collect::<Result<_, RecordError>>()?,
            taken_out: OneLine(self.taken_out),
            sound: sound.collect(),
        })
    }
}

impl Coding {
    /// Checks what the types do not: that the runs are all frames, and that nothing that is hidden
    /// or muted was copied.
    pub(super) fn check(
        &self,
        masks: &[MaskItem],
        mutes: &[MuteItem],
        totals: &Totals,
    ) -> Result<(), RecordError> {
        let wrong = |what: &str, expected: &str| {
            Err(RecordError::field("coding", what.to_owned(), expected))
        };
        let mut due = 0;
        for OneLine(run) in &self.pictures {
            if run.frames.0 != due || run.frames.1 <= due || run.copied != run.sha256.is_some() {
                return wrong("runs that do not join", "every frame in one run");
            }
            due = run.frames.1;
            let hides = |mask: &MaskItem| {
                let (start, end) = mask.frames.0;
                start < run.frames.1 && run.frames.0 < end
            };
            if run.copied && masks.iter().any(hides) {
                return wrong(
                    "a copied run under a mask",
                    "only what no mask touches is copied",
                );
            }
        }
        if due != totals.frames {
            return wrong("runs that are not all frames", "every frame in one run");
        }
        if self.sound.len() != totals.sound.len() {
            return wrong("another number of tracks", "one entry per sound track");
        }
        for (index, OneLine(track)) in self.sound.iter().enumerate() {
            let is_muted = |mute: &MuteItem| mute.sound_tracks.0.contains(index);
            if track.copied != track.sha256.is_some() || track.copied && mutes.iter().any(is_muted)
            {
                return wrong(
                    "a copied track with a mute",
                    "only untouched tracks are copied",
                );
            }
        }
        Ok(())
    }

    /// Runs of frames whose coded pictures are the source's own: `(start, end, SHA-256)`.
    pub fn copied_runs(&self) -> impl Iterator<Item = (u32, u32, Digest)> {
        self.pictures
            .iter()
            .filter_map(|OneLine(run)| Some((run.frames.0, run.frames.1, run.sha256?.0)))
    }

    /// Sound tracks whose packets are the source's own: track and SHA-256.
    pub fn copied_sound(&self) -> impl Iterator<Item = (u32, Digest)> {
        self.sound
            .iter()
            .filter_map(|OneLine(track)| Some((track.track, track.sha256?.0)))
    }
}

#[cfg(test)]
mod tests {
    use redact_core::FrameIndex;

    use super::*;
    use crate::testing::{FRAMES, Made};

    fn group(start: u32, end: u32, byte: u8) -> (FrameSpan, Digest) {
        let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap();
        (span, Digest([byte; 32]))
    }

    #[test]
    fn neighbouring_groups_are_one_run_and_gaps_are_encoded_anew() {
        let facts = CodingFacts {
            copied: vec![group(2, 4, 1), group(4, 7, 2), group(9, 10, 3)],
            ..CodingFacts::default()
        };
        let joined = run_digest(&[Digest([1; 32]), Digest([2; 32])]);
        let last = run_digest(&[Digest([3; 32])]);
        let expected = [
            (0, 2, None),
            (2, 7, Some(joined)),
            (7, 9, None),
            (9, 10, Some(last)),
            (10, 12, None),
        ];
        assert_eq!(facts.runs(12), expected);
        assert_eq!(facts.copied_runs(), [(2, 7, joined), (9, 10, last)]);
        assert_eq!(CodingFacts::default().runs(3), [(0, 3, None)]);
    }

    /// Goal: a manifest that says that something hidden was copied is invalid.
    #[test]
    fn what_is_hidden_or_muted_cannot_be_said_to_be_copied() {
        let mut made = Made::new();
        made.coding.copied = vec![group(0, FRAMES, 1)];
        let error = crate::manifest::build(&made.input()).unwrap_err();
        assert!(error.to_string().contains("coding"), "{error}");
        let mut made = Made::new();
        made.coding.sound = vec![Ok(Digest([1; 32]))];
        let error = crate::manifest::build(&made.input()).unwrap_err();
        assert!(error.to_string().contains("coding"), "{error}");
        let mut made = Made::new();
        made.coding.sound.clear();
        assert!(crate::manifest::build(&made.input()).is_err());
    }
}
