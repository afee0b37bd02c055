//! Why a plan cannot be rendered.

use crate::{Class, Digest, FrameIndex, TrackId};

/// An item of a plan that has a reason code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanItem {
    /// The decision on a track.
    Track(TrackId),
    /// A mask, by its ID.
    Mask(String),
    /// A mute, by its ID.
    Mute(String),
    /// Speech kept audible, by its position in [`crate::Plan::kept_speech`].
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

/// Why a plan cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The plan is for another recording.
    #[error(
        "the plan is for another recording: this one has SHA-256 {found}; the plan needs {expected}"
    )]
    OtherSource {
        /// Digest in the plan.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A track has no decision.
    #[error("{count} tracks are undecided, first track {first}; each needs a decision")]
    Undecided {
        /// The first one.
        first: TrackId,
        /// How many there are.
        count: usize,
    },
    /// There is no approval.
    #[error("the plan is not approved; a person or a policy must approve it")]
    NotApproved,
    /// The policy requires two approvers.
    #[error("the policy requires a second approver: only {by:?} has approved; another person must")]
    SecondPersonMissing {
        /// The only approver.
        by: String,
    },
    /// No detector ran for a class, and the plan does not acknowledge that.
    #[error("no detector ran for class {class}; the approver must acknowledge that")]
    Unacknowledged {
        /// The class.
        class: Class,
    },
    /// A track has an effect that is weak for its class, and the policy does not accept it.
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
    /// Two masks or mutes have the same ID.
    #[error("ID {id:?} is used twice; each mask and mute needs an ID of its own")]
    DuplicateId {
        /// The ID.
        id: String,
    },
    /// A mask extends beyond the recording.
    #[error("mask {id:?} extends to frame {end}; the recording has {frames} frames")]
    MaskOutside {
        /// The mask.
        id: String,
        /// First frame after it.
        end: FrameIndex,
        /// Frames of the recording.
        frames: u32,
    },
    /// More masks or mutes than can be rendered and checked in reasonable time.
    #[error("too many {what}: found {found}; at most {max} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The number found.
        found: usize,
        /// The number allowed.
        max: usize,
    },
    /// A mute names a sound track that does not exist.
    #[error("mute {id:?} names sound track {stream}; the recording has {tracks} sound tracks")]
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
    /// Whether only an approval is missing: the content needs no change.
    #[must_use]
    pub const fn is_missing_approval(&self) -> bool {
        matches!(self, Self::NotApproved | Self::SecondPersonMissing { .. })
    }
}
