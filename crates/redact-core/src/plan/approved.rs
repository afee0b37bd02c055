//! The door between a plan and a change to the recording.

use crate::{
    Approval, Class, Digest, FrameIndex, MaskRegion, MuteRegion, NormRect, Plan, ReasonCode,
    TrackId, Verdict,
};

/// Why a plan may not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The plan is for another file.
    #[error("the plan is for a recording with SHA-256 {expected}, this one has {found}")]
    OtherSource {
        /// Digest in the plan.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A track has no decision.
    #[error("{count} of the tracks are undecided, the first is track {first}")]
    Undecided {
        /// The first one.
        first: TrackId,
        /// How many.
        count: usize,
    },
    /// Nobody approved it.
    #[error("the plan is not approved")]
    NotApproved,
    /// The policy asks for two people.
    #[error("the policy requires a second approver, another person than {by:?}")]
    SecondPersonMissing {
        /// The only approver.
        by: String,
    },
    /// A class was not looked for, and nobody accepted that.
    #[error("nothing looked for class {class} and that is not acknowledged")]
    Unacknowledged {
        /// The class.
        class: Class,
    },
    /// A reason code is used but not defined.
    #[error("reason code {code:?} is not defined in the plan")]
    UnknownReason {
        /// The code.
        code: String,
    },
    /// Two masks, or two mutes, have the same name.
    #[error("the name {id:?} is used twice")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// A mask reaches outside the recording.
    #[error("mask {id:?} reaches to frame {end}, the recording has {frames} frames")]
    MaskOutside {
        /// The mask.
        id: String,
        /// First frame after it.
        end: FrameIndex,
        /// Frames of the recording.
        frames: u32,
    },
    /// A mute names a sound track that is not there.
    #[error("mute {id:?} names sound track {stream}, the recording has {tracks}")]
    UnknownStream {
        /// The mute.
        id: String,
        /// The track it names.
        stream: usize,
        /// How many there are.
        tracks: usize,
    },
}

/// What is hidden and muted: everything a renderer does, and all that a checker needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redactions {
    /// Masks, in the order in which they are drawn: a later one lies on top.
    pub masks: Vec<MaskRegion>,
    /// Mutes.
    pub mutes: Vec<MuteRegion>,
}

impl Redactions {
    /// The masks that cover part of `frame`, in drawing order, with their rectangles.
    pub fn masks_at(&self, frame: FrameIndex) -> impl Iterator<Item = (&MaskRegion, NormRect)> {
        self.masks
            .iter()
            .filter_map(move |mask| mask.rect_at(frame).map(|rect| (mask, rect)))
    }
}

/// A plan that may be carried out. There is no other way to make one than [`ApprovedPlan::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    redactions: Redactions,
}

impl ApprovedPlan {
    /// Checks `plan` against the recording with digest `source`.
    ///
    /// # Errors
    /// The first reason why the plan may not be carried out: see [`PlanError`].
    pub fn new(plan: Plan, source: Digest) -> Result<Self, PlanError> {
        if plan.source.digest != source {
            return Err(PlanError::OtherSource {
                expected: plan.source.digest,
                found: source,
            });
        }
        check_decided(&plan)?;
        check_approvals(&plan)?;
        if let Some(&class) = plan
            .missing
            .iter()
            .find(|class| !plan.acknowledged.contains(class))
        {
            return Err(PlanError::Unacknowledged { class });
        }
        let redactions = redactions_of(&plan);
        check_redactions(&plan, &redactions)?;
        Ok(Self { plan, redactions })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is hidden and muted.
    #[must_use]
    pub const fn redactions(&self) -> &Redactions {
        &self.redactions
    }
}

fn check_decided(plan: &Plan) -> Result<(), PlanError> {
    let mut undecided = plan
        .tracks
        .iter()
        .filter(|planned| planned.decision.is_none());
    match undecided.next() {
        None => Ok(()),
        Some(first) => Err(PlanError::Undecided {
            first: first.track.id(),
            count: 1 + undecided.count(),
        }),
    }
}

fn check_approvals(plan: &Plan) -> Result<(), PlanError> {
    let Some(first) = plan.approvals.first() else {
        return Err(PlanError::NotApproved);
    };
    // Names are compared as a person would: "J. Doe" and "j. doe " are one approver.
    let name = |approval: &Approval| approval.by.trim().to_lowercase();
    let two_people = plan
        .approvals
        .iter()
        .any(|other| name(other) != name(first));
    if plan.second_person && !two_people {
        return Err(PlanError::SecondPersonMissing {
            by: first.by.clone(),
        });
    }
    Ok(())
}

/// Smooth effects first, [`crate::Effect::Fill`] last, so that a fill stays black where masks
/// overlap.
fn redactions_of(plan: &Plan) -> Redactions {
    let tracked = plan.tracks.iter().filter_map(|planned| {
        let decision = planned.decision.as_ref()?;
        let Verdict::Redact(effect) = decision.verdict else {
            return None;
        };
        Some(MaskRegion::from_track(
            &planned.track,
            effect,
            decision.reason.clone(),
        ))
    });
    let mut masks: Vec<MaskRegion> = tracked.chain(plan.drawn.iter().cloned()).collect();
    masks.sort_by_key(|mask| mask.effect() == crate::Effect::Fill);
    Redactions {
        masks,
        mutes: plan.mutes.clone(),
    }
}

fn check_redactions(plan: &Plan, redactions: &Redactions) -> Result<(), PlanError> {
    let known = |code: &ReasonCode| plan.reasons.iter().any(|reason| reason.code == *code);
    let decided = plan
        .tracks
        .iter()
        .filter_map(|planned| planned.decision.as_ref());
    let codes = decided
        .map(|decision| &decision.reason)
        .chain(redactions.masks.iter().map(MaskRegion::reason))
        .chain(redactions.mutes.iter().map(|mute| &mute.reason));
    for code in codes {
        if !known(code) {
            return Err(PlanError::UnknownReason {
                code: code.0.clone(),
            });
        }
    }
    let mut ids = std::collections::BTreeSet::new();
    let mask_ids = redactions.masks.iter().map(MaskRegion::id);
    for id in mask_ids.chain(redactions.mutes.iter().map(|mute| mute.id.as_str())) {
        if !ids.insert(id) {
            return Err(PlanError::DuplicateId { id: id.to_owned() });
        }
    }
    let frames = plan.source.frames;
    for mask in &redactions.masks {
        let end = mask.span().end();
        if end.get() > frames {
            return Err(PlanError::MaskOutside {
                id: mask.id().to_owned(),
                end,
                frames,
            });
        }
    }
    let tracks = plan.source.info.audio.len();
    for mute in &redactions.mutes {
        let crate::MuteStreams::Only(streams) = &mute.streams else {
            continue;
        };
        if let Some(&stream) = streams.iter().find(|&&stream| stream >= tracks) {
            return Err(PlanError::UnknownStream {
                id: mute.id.clone(),
                stream,
                tracks,
            });
        }
    }
    Ok(())
}
