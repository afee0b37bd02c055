//! Damaged stretches of the source in the public manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Damage, DamagedSound, MaskOrigin, MaskRegion};
use serde::{Deserialize, Serialize};

use super::{
    DamageName, EffectFile, ManifestInput, MaskItem, MaskOriginName, MuteItem, MuteStyleName,
    OneLine, PublicManifest, Seconds, SoundTracks,
};
use crate::RecordError;
use crate::file::damage::{damaged_pictures, span};

/// A stretch of the source that is damaged: the whole picture is hidden, or the track is silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DamagedItem {
    /// The mask or the mute that hides it, by its number in the redaction log.
    pub item: u32,
    /// How it is known.
    pub why: DamageName,
    /// First frame and first frame after it, for pictures: up to a key frame that decodes without
    /// a complaint. `null` for sound.
    pub frames: Option<(u32, u32)>,
    /// The sound track of the release, from 0. `null` for pictures.
    pub sound_track: Option<u32>,
    /// Start and end in seconds of the release, from its first frame.
    pub release_seconds: (Seconds, Seconds),
}

/// The entries for what `input` hides as damaged, in the order of items.
pub(super) fn items(
    input: &ManifestInput<'_>,
    masks: &[MaskItem],
    mutes: &[MuteItem],
) -> Vec<OneLine<DamagedItem>> {
    let (redactions, damage) = (input.plan.redactions(), &input.plan.plan().damage);
    let is_damage = |mask: &MaskRegion| mask.origin() == MaskOrigin::Damage;
    let hiding = redactions.masks.iter().zip(masks);
    let hiding = hiding.filter(|(mask, _)| is_damage(mask));
    let pictures = hiding
        .zip(&damage.pictures)
        .map(|((_, mask), damaged)| DamagedItem {
            item: mask.item,
            why: damaged.cause.into(),
            frames: Some(mask.frames.0),
            sound_track: None,
            release_seconds: mask.release_seconds.0,
        });
    // They are the last ones: see `Redactions`.
    let first = mutes.len().saturating_sub(damage.sound.len());
    let sound = mutes[first..].iter().zip(&damage.sound);
    let sound = sound.map(|(mute, damaged)| DamagedItem {
        item: mute.item,
        why: damaged.cause.into(),
        frames: None,
        sound_track: u32::try_from(damaged.stream).ok(),
        release_seconds: mute.release_seconds.0,
    });
    pictures.chain(sound).map(OneLine).collect()
}

impl PublicManifest {
    /// Checks that every damaged stretch is hidden whole, and that nothing else is hidden as
    /// damaged.
    pub(super) fn check_damaged(&self) -> Result<(), RecordError> {
        for OneLine(damaged) in &self.damaged {
            let hidden = match (damaged.frames, damaged.sound_track) {
                (Some(frames), None) => self.masks.iter().any(|mask| {
                    mask.item == damaged.item
                        && mask.frames.0 == frames
                        && mask.release_seconds.0 == damaged.release_seconds
                        && hides_all(mask)
                }),
                (None, Some(track)) => self.mutes.iter().any(|mute| {
                    mute.item == damaged.item
                        && mute.release_seconds.0 == damaged.release_seconds
                        && silences(mute, track)
                }),
                _ => false,
            };
            if !hidden {
                return Err(RecordError::field(
                    format!("damaged, item {}", damaged.item),
                    "nothing that hides it whole",
                    "a black mask over the whole picture, or silence, for exactly this stretch",
                ));
            }
        }
        let is_declared =
            |mask: &&MaskItem| self.damaged.iter().any(|known| known.0.item == mask.item);
        let mut masks = self.masks.iter();
        let other = masks.find(|m| m.origin == MaskOriginName::Damage && !is_declared(m));
        other.map_or(Ok(()), |mask| {
            Err(RecordError::field(
                format!("item {}, origin", mask.item),
                "damage",
                "an entry of damaged for it",
            ))
        })
    }

    /// What is declared as damaged, for a checker that has the source.
    ///
    /// # Errors
    /// [`RecordError::Field`] for a stretch that is none.
    pub fn damage(&self) -> Result<Damage, RecordError> {
        let mut damage = Damage::default();
        for OneLine(damaged) in &self.damaged {
            let field = || format!("damaged, item {}", damaged.item);
            let (times, why) = (damaged.release_seconds, damaged.why);
            if let Some(frames) = damaged.frames {
                let pictures = damaged_pictures(&field, frames, times, why)?;
                damage.pictures.push(pictures);
            }
            if let Some(track) = damaged.sound_track {
                damage.sound.push(DamagedSound {
                    stream: track as usize,
                    span: span(&field, times)?,
                    cause: why.into(),
                });
            }
        }
        Ok(damage)
    }
}

fn hides_all(mask: &MaskItem) -> bool {
    mask.origin == MaskOriginName::Damage
        && mask.effect.0 == EffectFile::Fill {}
        && mask
            .geometry
            .iter()
            .all(|OneLine((_, x_min, y_min, x_max, y_max))| {
                [*x_min, *y_min, *x_max, *y_max] == [0.0, 0.0, 1.0, 1.0]
            })
}

fn silences(mute: &MuteItem, track: u32) -> bool {
    let SoundTracks(streams) = &mute.sound_tracks;
    mute.style == MuteStyleName::Silence && streams.contains(track as usize)
}
