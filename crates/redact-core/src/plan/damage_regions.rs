//! Masks and mutes over the damaged parts of a recording.

use super::effect::Effect;
use super::reason::{Reason, ReasonCode};
use super::region::{Keyframe, MaskOrigin, MaskRegion, MuteRegion, MuteStreams, MuteStyle};
use crate::{Damage, DamagedPictures, DamagedSound, NormRect};

impl Damage {
    /// The reason code of its masks and mutes.
    #[must_use]
    pub fn code() -> ReasonCode {
        ReasonCode("damaged-recording".into())
    }

    /// The reason for its masks and mutes.
    #[must_use]
    pub fn reason() -> Reason {
        Reason {
            code: Self::code(),
            statute: "none (technical)".into(),
            text: "The recording is damaged here; what it shows or says cannot be determined."
                .into(),
        }
    }

    /// One black mask over the whole picture for each damaged span of frames.
    #[must_use]
    pub fn masks(&self) -> Vec<MaskRegion> {
        let mask = |(number, damaged): (usize, &DamagedPictures)| {
            let path = vec![Keyframe {
                frame: damaged.frames.start(),
                rect: NormRect::WHOLE,
            }];
            let (id, effect) = (format!("damaged-picture-{number}"), Effect::Fill);
            let origin = MaskOrigin::Damage;
            MaskRegion::new(id, origin, effect, Self::code(), damaged.frames, path)
                .expect("one keyframe, at the first frame")
        };
        (1..).zip(&self.pictures).map(mask).collect()
    }

    /// One silent mute for each damaged span of sound.
    #[must_use]
    pub fn mutes(&self) -> Vec<MuteRegion> {
        let mute = |(number, damaged): (usize, &DamagedSound)| MuteRegion {
            id: format!("damaged-sound-{number}"),
            span: damaged.span,
            streams: MuteStreams::Only(vec![damaged.stream]),
            style: MuteStyle::Silence,
            reason: Self::code(),
        };
        (1..).zip(&self.sound).map(mute).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DamageCause, FrameIndex, FrameSpan, TimeSpan};

    fn pictures(start: u32, end: u32) -> DamagedPictures {
        DamagedPictures {
            frames: FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end)).unwrap(),
            span: TimeSpan::new(i64::from(start), i64::from(end)).unwrap(),
            cause: DamageCause::Marked,
        }
    }

    #[test]
    fn every_damaged_span_is_hidden_whole() {
        let damage = Damage {
            pictures: vec![pictures(2, 5), pictures(9, 10)],
            sound: Vec::new(),
        };
        let masks = damage.masks();
        let hidden = |frame| {
            let at = masks
                .iter()
                .filter_map(|m| m.rect_at(FrameIndex::new(frame)));
            at.filter(|rect| *rect == NormRect::WHOLE).count()
        };
        assert_eq!([1, 2, 4, 5, 9, 10].map(hidden), [0, 1, 1, 0, 1, 0]);
        assert!(masks.iter().all(|mask| mask.effect() == Effect::Fill));
    }
}
