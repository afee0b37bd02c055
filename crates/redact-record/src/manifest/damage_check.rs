//! Checks that the damage that a public manifest declares is hidden whole.

use redact_core::{Damage, DamagedSound};

use super::items::{MaskItem, MaskOriginName, MuteItem};
use super::public::PublicManifest;
use super::{EffectFile, MuteStyleName, OneLine, SoundTracks};
use crate::RecordError;
use crate::file::damage::{damaged_pictures, span};

impl PublicManifest {
    /// Checks that every damaged span is hidden whole, and that every mask for damage is declared.
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
                    "a damaged span that is not hidden whole",
                    "a black mask over the whole picture, or silence, for exactly this span",
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
                "damage without an entry in damaged",
                "an entry for each mask over damage",
            ))
        })
    }

    /// The declared damage, for a checker that has the source.
    ///
    /// # Errors
    /// [`RecordError::Field`] for an invalid span.
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
        && mask.shape.is_none()
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
