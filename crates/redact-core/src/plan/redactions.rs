//! What is hidden and muted, regardless of who decided it.

use super::error::PlanError;
use crate::{FrameIndex, MaskLevels, MaskRegion, MuteRegion, MuteStyle, NormRect, Plan, Verdict};

/// What is hidden and muted: all that a renderer does and a checker needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redactions {
    /// Masks in drawing order: a later one lies on top.
    pub masks: Vec<MaskRegion>,
    /// Mutes.
    pub mutes: Vec<MuteRegion>,
}

/// Maximum masks, and maximum mutes, of a release: each is visited in every frame.
const REGIONS_MAX: usize = 65_536;

/// Maximum masks over one frame: several times the faces visible in a full grandstand.
const AT_ONCE_MAX: usize = 4096;

impl Redactions {
    /// Rejects what would take unreasonably long to render: a plan or manifest may be hostile.
    ///
    /// # Errors
    /// [`PlanError::TooMany`].
    pub fn check_size(&self) -> Result<(), PlanError> {
        let check = |what, found, max| {
            if found <= max {
                return Ok(());
            }
            Err(PlanError::TooMany { what, found, max })
        };
        check("masks", self.masks.len(), REGIONS_MAX)?;
        check("mutes", self.mutes.len(), REGIONS_MAX)?;
        // Sorts ends before starts at the same frame.
        let mut edges: Vec<(FrameIndex, bool)> = Vec::with_capacity(self.masks.len() * 2);
        for mask in &self.masks {
            edges.extend([(mask.span().start(), true), (mask.span().end(), false)]);
        }
        edges.sort_unstable();
        let (mut now, mut most) = (0_usize, 0);
        for (_, begins) in edges {
            now = if begins {
                now + 1
            } else {
                now.saturating_sub(1)
            };
            most = most.max(now);
        }
        check("masks over one frame", most, AT_ONCE_MAX)
    }

    /// What `plan` hides and mutes in its current state, approved or not; undecided tracks are
    /// left out. For previews only: no job that writes a release accepts this.
    ///
    /// Mutes are always silent, even where the plan asks for a tone: around a tone, a lossy encoder
    /// leaves noise at -60 to -90 dB of full scale, which could carry speech.
    #[must_use]
    pub fn preview(plan: &Plan) -> Self {
        redactions_of(plan)
    }

    /// The same with `levels` for its masks, in order; masks beyond the list get none.
    #[must_use]
    pub fn with_levels(self, levels: Vec<Option<MaskLevels>>) -> Self {
        let levels = levels.into_iter().chain(std::iter::repeat(None));
        let masks = self.masks.into_iter().zip(levels);
        Self {
            masks: masks
                .map(|(mask, levels)| mask.with_levels(levels))
                .collect(),
            mutes: self.mutes,
        }
    }

    /// The masks over `frame` with their rectangles, in drawing order.
    pub fn masks_at(&self, frame: FrameIndex) -> impl Iterator<Item = (&MaskRegion, NormRect)> {
        self.masks
            .iter()
            .filter_map(move |mask| mask.rect_at(frame).map(|rect| (mask, rect)))
    }
}

/// Draws [`crate::Effect::Fill`] last, so that overlapping masks are black.
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
    let mut masks: Vec<MaskRegion> = tracked
        .chain(plan.drawn.iter().cloned())
        .chain(plan.damage.masks())
        .collect();
    masks.sort_by_key(|mask| mask.effect() == crate::Effect::Fill);
    Redactions {
        masks,
        mutes: [plan.mutes.clone(), plan.damage.mutes()]
            .concat()
            .into_iter()
            .map(|mute| MuteRegion {
                style: MuteStyle::Silence,
                ..mute
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, FrameSpan, Keyframe, MaskOrigin, ReasonCode};

    /// Goal: a hostile plan or manifest is rejected at once. Control: the largest accepted one.
    #[test]
    fn too_many_masks_are_rejected() {
        let mask = |id: usize, start: u32| {
            let span = FrameSpan::new(FrameIndex::new(start), FrameIndex::new(start + 1));
            let path = vec![Keyframe {
                frame: FrameIndex::new(start),
                rect: NormRect::WHOLE,
            }];
            let (effect, reason) = (Effect::Fill, ReasonCode("r".into()));
            let origin = MaskOrigin::Drawn;
            MaskRegion::new(id.to_string(), origin, effect, reason, span.unwrap(), path).unwrap()
        };
        let check = |count: usize, at_once: usize| {
            let start = |id: usize| u32::try_from(id / at_once).unwrap();
            let masks = (0..count).map(|id| mask(id, start(id))).collect();
            let mutes = Vec::new();
            Redactions { masks, mutes }.check_size()
        };
        assert_eq!(check(REGIONS_MAX, AT_ONCE_MAX), Ok(()));
        for (count, at_once) in [(REGIONS_MAX + 1, 1), (AT_ONCE_MAX + 1, AT_ONCE_MAX + 1)] {
            let refused = check(count, at_once).unwrap_err();
            assert!(matches!(refused, PlanError::TooMany { .. }), "{refused}");
        }
    }
}
