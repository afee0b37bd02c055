//! Which parts of a release were copied from the source, and which were re-encoded.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Digest, FrameSpan};
use serde::{Deserialize, Serialize};

use super::figures::Totals;
use super::items::{MaskItem, MuteItem};
use super::{Hex, OneLine, Seconds};
use crate::{RecordError, digest_bytes};

/// How the release was encoded. Copied parts are the strongest proof that nothing was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// Why all pictures were re-encoded; `null` if some were copied.
    pub pictures_encoded_because: Option<String>,
    /// Why some unredacted pictures were re-encoded although others were copied, and how many.
    /// Omitted if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untouched_encoded_because: Option<String>,
    /// All frames of the release, in runs that were either copied or re-encoded.
    pub pictures: Vec<OneLine<PictureRun>>,
    /// What was removed from copied pictures; nothing else in them was changed.
    pub taken_out: OneLine<TakenOut>,
    /// One entry per sound track.
    pub sound: Vec<OneLine<SoundCoding>>,
}

/// A run of frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PictureRun {
    /// First frame, and first frame after the last one.
    pub frames: (u32, u32),
    /// Start and end in the release, in seconds from its first frame.
    pub release_seconds: (Seconds, Seconds),
    /// Whether the coded pictures were copied from the source.
    pub copied: bool,
    /// For a copied run, SHA-256 over the SHA-256 of each of its closed GOPs. The SHA-256 of a GOP
    /// covers the parameter sets that its slices refer to, at their first use, and every NAL unit
    /// except SEI messages and filler data, each preceded by its length in four bytes. Of a byte
    /// stream, delimiters and repeated parameter sets are removed, too.
    pub sha256: Option<Hex>,
}

/// NAL units that were removed from copied packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TakenOut {
    /// SEI messages: captions, positions, serial numbers, timing.
    pub messages: u32,
    /// Filler data NAL units.
    pub fillers: u32,
}

/// How a sound track was encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SoundCoding {
    /// The track, counted from 0.
    pub track: u32,
    /// Whether all of its packets were copied from the source.
    pub copied: bool,
    /// For a copied track, SHA-256 over its packets, each preceded by its length in four bytes.
    pub sha256: Option<Hex>,
    /// Why it was re-encoded, if it was.
    pub encoded_because: Option<String>,
}

/// How the release was encoded, as reported by a render.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodingFacts {
    /// Why all pictures were re-encoded, if they were.
    pub pictures_encoded_because: Option<String>,
    /// Why some unredacted pictures were re-encoded although others were copied.
    pub untouched_encoded_because: Option<String>,
    /// Copied GOPs in order, with their SHA-256.
    pub copied: Vec<(FrameSpan, Digest)>,
    /// What was removed from them.
    pub taken_out: TakenOut,
    /// Per sound track: its SHA-256 if it was copied, or why it was re-encoded.
    pub sound: Vec<Result<Digest, String>>,
}

/// SHA-256 of a copied run, from those of its GOPs.
#[must_use]
pub fn run_digest(gops: &[Digest]) -> Digest {
    let bytes: Vec<u8> = gops.iter().flat_map(|digest| digest.0).collect();
    digest_bytes(&bytes)
}

impl CodingFacts {
    /// All of `frames` in runs: `(start, end, SHA-256 if copied)`.
    fn runs(&self, frames: u32) -> Vec<(u32, u32, Option<Digest>)> {
        let mut runs = Vec::new();
        let (mut at, mut gops) = (0, self.copied.iter().peekable());
        while at < frames {
            let start = at;
            let mut digests = Vec::new();
            while let Some((span, digest)) = gops.next_if(|(span, _)| span.start().get() == at) {
                digests.push(*digest);
                at = span.end().get();
            }
            if digests.is_empty() {
                let next = gops
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

    /// Copied runs: `(start, end, SHA-256)`.
    #[must_use]
    pub fn copied_runs(&self) -> Vec<(u32, u32, Digest)> {
        let frames = self.copied.last().map_or(0, |(span, _)| span.end().get());
        let runs = self.runs(frames).into_iter();
        runs.filter_map(|(start, end, digest)| Some((start, end, digest?)))
            .collect()
    }

    /// The record for the manifest; `seconds` gives the time of a frame.
    pub(super) fn record(
        &self,
        frames: u32,
        seconds: impl Fn(u32) -> Option<Seconds>,
    ) -> Result<Coding, RecordError> {
        let run = |(start, end, digest): (u32, u32, Option<Digest>)| {
            let times = seconds(start).zip(seconds(end)).ok_or_else(|| {
                RecordError::field(
                    format!("time of frame {start}"),
                    "a time out of range",
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
    /// Checks what the types cannot express: that the runs cover all frames, and that nothing
    /// hidden or muted was copied.
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
                return wrong("runs with gaps or overlaps", "every frame in one run");
            }
            due = run.frames.1;
            let hides = |mask: &MaskItem| {
                let (start, end) = mask.frames.0;
                start < run.frames.1 && run.frames.0 < end
            };
            if run.copied && masks.iter().any(hides) {
                return wrong("a copied run under a mask", "copied runs without masks");
            }
        }
        if due != totals.frames {
            return wrong(
                "runs that do not cover all frames",
                "every frame in one run",
            );
        }
        if self.sound.len() != totals.sound.len() {
            return wrong(
                "another number of sound tracks",
                "one entry per sound track",
            );
        }
        for (index, OneLine(track)) in self.sound.iter().enumerate() {
            let is_muted = |mute: &MuteItem| mute.sound_tracks.0.contains(index);
            if track.copied != track.sha256.is_some() || track.copied && mutes.iter().any(is_muted)
            {
                return wrong(
                    "a copied sound track with a mute",
                    "copied sound tracks without mutes",
                );
            }
        }
        Ok(())
    }

    /// Copied runs of frames: `(start, end, SHA-256)`.
    pub fn copied_runs(&self) -> impl Iterator<Item = (u32, u32, Digest)> {
        self.pictures
            .iter()
            .filter_map(|OneLine(run)| Some((run.frames.0, run.frames.1, run.sha256?.0)))
    }

    /// Copied sound tracks: track and SHA-256.
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
    fn adjacent_gops_are_one_run_and_gaps_are_re_encoded() {
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

    /// Goal: a manifest that declares something hidden as copied is invalid.
    #[test]
    fn what_is_hidden_or_muted_cannot_be_declared_as_copied() {
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
