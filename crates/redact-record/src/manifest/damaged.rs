//! Damage of the source in the public manifest.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{MaskOrigin, MaskRegion};
use serde::{Deserialize, Serialize};

use super::input::ManifestInput;
use super::items::{MaskItem, MuteItem};
use super::{DamageName, OneLine, Seconds};

/// A damaged span of the source: the whole picture is hidden, or the sound track is muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DamagedItem {
    /// Number, in the redaction log, of the mask or mute that hides it.
    pub item: u32,
    /// How the damage was detected.
    pub why: DamageName,
    /// For pictures, the first frame and the first frame after the span, which is a key frame that
    /// decodes without an error. `null` for sound.
    pub frames: Option<(u32, u32)>,
    /// The release's sound track, counted from 0. `null` for pictures.
    pub sound_track: Option<u32>,
    /// Start and end in the release, in seconds from its first frame.
    pub release_seconds: (Seconds, Seconds),
}

/// The entries for the damage that `input` hides, in the order of items.
pub(super) fn items(
    input: &ManifestInput<'_>,
    masks: &[MaskItem],
    mutes: &[MuteItem],
) -> Vec<OneLine<DamagedItem>> {
    let (redactions, damage) = (input.plan.redactions(), input.plan.damage());
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
    // Mutes of damaged sound come last: see `Redactions`.
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
