//! What a person decided, and the proof of that.
//!
//! A [`Plan`] may be incomplete. An [`ApprovedPlan`] exists only when every track has a decision,
//! the plan is approved, every class without a detector is acknowledged, and the recording is the
//! one that was scanned. Only an approved plan can change a pixel or a sound sample.

mod approved;
mod damage_regions;
mod effect;
mod error;
mod excerpt;
mod reason;
mod redactions;
mod region;
mod shape;

pub use approved::ApprovedPlan;
pub use effect::{Cells, Effect, MaskLevels, Protection};
pub use error::{PlanError, PlanItem};
pub use excerpt::{Excerpt, ExcerptSpan, TitleCard, clock};
pub use reason::{Reason, ReasonCode};
pub use redactions::Redactions;
pub use region::{Keyframe, MaskOrigin, MaskRegion, MuteRegion, MuteStreams, MuteStyle};
pub use shape::{Polygon, Shape};

use crate::{Class, Damage, Digest, ModelUse, SourceIdentity, TimeSpan, Track, UtcNanos};

/// Whether a track is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hide it with this effect.
    Redact(Effect),
    /// The object is what the model reported, and stays visible.
    Keep,
    /// The object is not what the model reported (a false positive), and stays visible.
    Reject,
}

impl Verdict {
    /// Whether the track stays visible.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        match self {
            Self::Keep | Self::Reject => true,
            Self::Redact(_) => false,
        }
    }
}

/// What was decided about one track, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Hide, keep or reject.
    pub verdict: Verdict,
    /// Why.
    pub reason: ReasonCode,
    /// A person, or `policy NAME`.
    pub by: String,
    /// When.
    pub at: UtcNanos,
}

/// Speech that the policy would mute and that a reviewer decided to keep audible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSpeech {
    /// The time span, on every sound track.
    pub span: TimeSpan,
    /// Why.
    pub reason: ReasonCode,
    /// The person who decided.
    pub by: String,
    /// When.
    pub at: UtcNanos,
}

/// A word of a release's captions. Those that a mute touches are left out of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionWord {
    /// As a reader sees it.
    pub text: String,
    /// When it is said.
    pub span: TimeSpan,
}

/// A track with its decision, if there is one yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTrack {
    /// The track as found, or as changed by a person.
    pub track: Track,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// The policy that a plan was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRef {
    /// Its name.
    pub name: String,
    /// SHA-256 of the policy file.
    pub digest: Digest,
    /// The text of the policy file, which has that digest: the rules travel with the plan.
    pub rules: String,
}

/// An approval of a plan by a person or a named policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: UtcNanos,
    /// The approver's statement.
    pub statement: String,
    /// SHA-256 of the plan's content without its approvals: any later edit voids the approval.
    pub content: Digest,
    /// The approver's signature of all of the above, in the format of signed records.
    pub signature: Option<String>,
}

impl Approval {
    /// Whether `name` is the approver's, ignoring case and spacing: "J. Doe" and " j.  doe" match.
    #[must_use]
    pub fn is_by(&self, name: &str) -> bool {
        let person = |name: &str| {
            let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
            words.join(" ")
        };
        person(&self.by) == person(name)
    }
}

/// What to do with one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The recording.
    pub source: SourceIdentity,
    /// SHA-256 of the findings file that the plan was made from.
    pub findings: Digest,
    /// The policy that the plan was made with.
    pub policy: PolicyRef,
    /// Whether two different people must approve.
    pub second_person: bool,
    /// Reasons that decisions, masks and mutes refer to.
    pub reasons: Vec<Reason>,
    /// Tracks with their decisions, ordered by id.
    pub tracks: Vec<PlannedTrack>,
    /// Masks drawn by hand.
    pub drawn: Vec<MaskRegion>,
    /// Sound to be muted.
    pub mutes: Vec<MuteRegion>,
    /// Detected speech that stays audible although the policy mutes speech.
    pub kept_speech: Vec<KeptSpeech>,
    /// What was said, as a release's captions tell it, ordered by start; a reviewer may have
    /// corrected it. `None` for a release without captions.
    pub captions: Option<Vec<CaptionWord>>,
    /// Where the recording is damaged, as the scan found it: hidden and muted whole.
    pub damage: Damage,
    /// The models used in the scan.
    pub models: Vec<ModelUse>,
    /// Classes that no detector ran for.
    pub missing: Vec<Class>,
    /// Those of the missing classes that the approver accepts as unexamined.
    pub acknowledged: Vec<Class>,
    /// Classes for which the policy accepts a weak effect.
    pub weak_effects_accepted: Vec<Class>,
    /// Approvals of exactly this content.
    pub approvals: Vec<Approval>,
}
