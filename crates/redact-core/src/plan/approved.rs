//! Approved plans: the only way to change a recording.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::effect::MaskLevels;
use super::error::{PlanError, PlanItem};
use super::excerpt::Excerpt;
use super::reason::ReasonCode;
use super::redactions::Redactions;
use super::region::{MaskOrigin, MaskRegion, MuteRegion, MuteStreams};
use super::{Plan, Verdict};
use crate::{Class, Damage, Digest};

/// A plan that may be rendered; [`ApprovedPlan::new`] is the only way to make one.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    redactions: Redactions,
    excerpt: Option<Excerpt>,
}

impl ApprovedPlan {
    /// Checks `plan` against the recording with digest `source`.
    ///
    /// # Errors
    /// [`PlanError::OtherSource`]; otherwise the first of [`ApprovedPlan::problems`].
    pub fn new(plan: Plan, source: Digest) -> Result<Self, PlanError> {
        if plan.source.digest != source {
            return Err(PlanError::OtherSource {
                expected: plan.source.digest,
                found: source,
            });
        }
        let redactions = Redactions::preview(&plan);
        match first_problems(&plan, &redactions, 1).pop() {
            Some(problem) => Err(problem),
            None => Ok(Self {
                plan,
                redactions,
                excerpt: None,
            }),
        }
    }

    /// Everything that prevents `plan` from being rendered, in the order in which
    /// [`ApprovedPlan::new`] checks it; empty if nothing does.
    #[must_use]
    pub fn problems(plan: &Plan) -> Vec<PlanError> {
        first_problems(plan, &Redactions::preview(plan), usize::MAX)
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same plan with `levels` for its blurred and pixelated masks: one entry per mask, in
    /// order.
    #[must_use]
    pub fn with_levels(self, levels: Vec<Option<MaskLevels>>) -> Self {
        Self {
            redactions: self.redactions.with_levels(levels),
            ..self
        }
    }

    /// The same plan for a release of `excerpt` alone. Leaving frames out hides more, so it needs
    /// no further approval; in what is left, the plan hides what it hid before.
    #[must_use]
    pub fn with_excerpt(self, excerpt: Excerpt) -> Self {
        Self {
            redactions: excerpt.redactions(&self.redactions),
            excerpt: Some(excerpt),
            ..self
        }
    }

    /// The part of the recording that the release shows; `None` if it shows all of it.
    #[must_use]
    pub const fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_ref()
    }

    /// Frames of the release.
    #[must_use]
    pub fn frames(&self) -> u32 {
        let excerpt = self.excerpt.as_ref();
        excerpt.map_or(self.plan.source.frames, Excerpt::frames)
    }

    /// The recording's damage that is in the release, as it numbers frames and counts time.
    #[must_use]
    pub fn damage(&self) -> Cow<'_, Damage> {
        match &self.excerpt {
            None => Cow::Borrowed(&self.plan.damage),
            Some(excerpt) => Cow::Owned(excerpt.damage(&self.plan.damage)),
        }
    }

    /// What is hidden and muted, as the release numbers frames and counts time.
    #[must_use]
    pub const fn redactions(&self) -> &Redactions {
        &self.redactions
    }
}

/// The first `count` problems of `plan`, whose masks and mutes are `redactions`.
fn first_problems(plan: &Plan, redactions: &Redactions, count: usize) -> Vec<PlanError> {
    let in_order = undecided(plan)
        .into_iter()
        .chain(missing_approval(plan))
        .chain(unacknowledged(plan))
        .chain(weak_effects(plan))
        .chain(redactions.check_size().err())
        .chain(unknown_reasons(plan, redactions))
        .chain(duplicate_ids(redactions))
        .chain(masks_outside(plan, redactions))
        .chain(unknown_streams(plan, redactions));
    in_order.take(count).collect()
}

fn undecided(plan: &Plan) -> Option<PlanError> {
    let mut undecided = plan
        .tracks
        .iter()
        .filter(|planned| planned.decision.is_none());
    let first = undecided.next()?;
    Some(PlanError::Undecided {
        first: first.track.id(),
        count: 1 + undecided.count(),
    })
}

fn missing_approval(plan: &Plan) -> Option<PlanError> {
    let Some(first) = plan.approvals.first() else {
        return Some(PlanError::NotApproved);
    };
    let two_people = plan.approvals.iter().any(|other| !first.is_by(&other.by));
    (plan.second_person && !two_people).then(|| PlanError::SecondPersonMissing {
        by: first.by.clone(),
    })
}

fn unacknowledged(plan: &Plan) -> impl Iterator<Item = PlanError> {
    let open = |class: &&Class| !plan.acknowledged.contains(class);
    let missing = plan.missing.iter().filter(open);
    missing.map(|&class| PlanError::Unacknowledged { class })
}

/// A plan may be edited by hand, but its effects may not be weaker than its policy accepts.
fn weak_effects(plan: &Plan) -> impl Iterator<Item = PlanError> {
    plan.tracks.iter().filter_map(|planned| {
        let class = planned.track.class();
        let Verdict::Redact(effect) = planned.decision.as_ref()?.verdict else {
            return None;
        };
        let refused = effect.is_weak_for(class) && !plan.weak_effects_accepted.contains(&class);
        refused.then(|| PlanError::WeakEffect {
            track: planned.track.id(),
            effect: effect.name(),
            class,
        })
    })
}

fn unknown_reasons<'a>(
    plan: &'a Plan,
    redactions: &'a Redactions,
) -> impl Iterator<Item = PlanError> + 'a {
    let defined: BTreeSet<&ReasonCode> = plan.reasons.iter().map(|reason| &reason.code).collect();
    let tracks = plan.tracks.iter().filter_map(|planned| {
        let decision = planned.decision.as_ref()?;
        Some((PlanItem::Track(planned.track.id()), &decision.reason))
    });
    // A track's mask has the reason of the track's decision, which was checked above.
    let others = |mask: &&MaskRegion| !matches!(mask.origin(), MaskOrigin::Track(_));
    let masks = redactions.masks.iter().filter(others);
    let masks = masks.map(|mask| (PlanItem::Mask(mask.id().to_owned()), mask.reason()));
    let mutes = redactions.mutes.iter();
    let mutes = mutes.map(|mute| (PlanItem::Mute(mute.id.clone()), &mute.reason));
    let speech = plan.kept_speech.iter().enumerate();
    let speech = speech.map(|(at, kept)| (PlanItem::KeptSpeech(at), &kept.reason));
    tracks
        .chain(masks)
        .chain(mutes)
        .chain(speech)
        .filter(move |(_, reason)| !defined.contains(reason))
        .map(|(item, reason)| PlanError::UnknownReason {
            item,
            code: reason.0.clone(),
        })
}

fn duplicate_ids(redactions: &Redactions) -> impl Iterator<Item = PlanError> {
    let mut seen = BTreeSet::new();
    let masks = redactions.masks.iter().map(MaskRegion::id);
    let mutes = redactions.mutes.iter().map(|mute| mute.id.as_str());
    masks
        .chain(mutes)
        .filter(move |id| !seen.insert(*id))
        .map(|id| PlanError::DuplicateId { id: id.to_owned() })
}

fn masks_outside(plan: &Plan, redactions: &Redactions) -> impl Iterator<Item = PlanError> {
    let frames = plan.source.frames;
    let outside = move |mask: &&MaskRegion| mask.span().end().get() > frames;
    let masks = redactions.masks.iter().filter(outside);
    masks.map(move |mask| PlanError::MaskOutside {
        id: mask.id().to_owned(),
        end: mask.span().end(),
        frames,
    })
}

fn unknown_streams(plan: &Plan, redactions: &Redactions) -> impl Iterator<Item = PlanError> {
    let tracks = plan.source.info.audio.len();
    let unknown = move |mute: &MuteRegion| {
        let MuteStreams::Only(streams) = &mute.streams else {
            return None;
        };
        let stream = *streams.iter().find(|&&stream| stream >= tracks)?;
        Some(PlanError::UnknownStream {
            id: mute.id.clone(),
            stream,
            tracks,
        })
    };
    redactions.mutes.iter().filter_map(unknown)
}

#[cfg(test)]
mod tests;
