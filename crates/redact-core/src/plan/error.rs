//! Why a plan may not be carried out.

use crate::{Class, Digest, FrameIndex, TrackId};

/// A part of a plan that carries a reason code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanItem {
    /// A track, by its decision.
    Track(TrackId),
    /// A mask, by its name.
    Mask(String),
    /// A mute, by its name.
    Mute(String),
    /// Speech that stays audible by decision, by its position in [`crate::Plan::kept_speech`].
    KeptSpeech(usize),
}

impl std::fmt::Display for PlanItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Track(id) => write!(f, "track {id}"),
            Self::Mask(id) => write!(f, "mask {id:?}"),
            Self::Mute(id) => write!(f, "mute {id:?}"),
            Self::KeptSpeech(position) => write!(f, "kept_speech[{position}]"),
        }
    }
}

/// Why a plan may not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The plan is for another file.
    #[error("plan for another recording: this one has SHA-256 {found}; the plan needs {expected}")]
    OtherSource {
        /// Digest in the plan.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A track has no decision.
    #[error("{count} tracks are undecided, the first is track {first}; decide each of them")]
    Undecided {
        /// The first one.
        first: TrackId,
        /// How many.
        count: usize,
    },
    /// No approval at all.
    #[error("the plan is not approved")]
    NotApproved,
    /// The policy asks for two people.
    #[error("the policy requires a second approver, another person than {by:?}")]
    SecondPersonMissing {
        /// The only approver.
        by: String,
    },
    /// No detector ran for a class, and no person accepted that.
    #[error("no detector ran for class {class}; the plan must acknowledge that")]
    Unacknowledged {
        /// The class.
        class: Class,
    },
    /// A track is hidden by an effect that is weak for its class, and the policy does not accept
    /// that.
    #[error("track {track}: {effect} is too weak for class {class}; use fill")]
    WeakEffect {
        /// The track.
        track: TrackId,
        /// The effect.
        effect: &'static str,
        /// The class.
        class: Class,
    },
    /// A reason code is used but not defined.
    #[error("{item}: reason code {code:?} is not defined in the plan")]
    UnknownReason {
        /// Where it is used.
        item: PlanItem,
        /// The code.
        code: String,
    },
    /// Two masks, or two mutes, have the same name.
    #[error("the name {id:?} is used twice; each mask and mute needs its own")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// A mask reaches outside the recording.
    #[error("mask {id:?} reaches to frame {end}; the recording has {frames} frames")]
    MaskOutside {
        /// The mask.
        id: String,
        /// First frame after it.
        end: FrameIndex,
        /// Frames of the recording.
        frames: u32,
    },
    /// More masks or mutes than can be carried out and checked in reasonable time.
    #[error("too many {what}: {found}; at most {max} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A mute names a sound track that is not there.
    #[error("mute {id:?} names sound track {stream}; the recording has {tracks}")]
    UnknownStream {
        /// The mute.
        id: String,
        /// The track it names.
        stream: usize,
        /// How many there are.
        tracks: usize,
    },
}

impl PlanError {
    /// Whether nothing but an approval is missing: the plan's content is as it has to be.
    #[must_use]
    pub const fn is_missing_approval(&self) -> bool {
        matches!(self, Self::NotApproved | Self::SecondPersonMissing { .. })
    }
}
