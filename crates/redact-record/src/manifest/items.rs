//! What a release withholds, item by item.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use super::{
    ClassName, EffectFile, LevelsFile, MuteStyleName, OneLine, ProtectionName, Seconds, SoundTracks,
};
use crate::file::plan::KeyframeRow;
use crate::file::shape::ShapeFile;

/// The medium of an item, as in indexes of withheld items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Video.
    Picture,
    /// Sound.
    Sound,
    /// Timed text.
    Caption,
    /// Anything else in a file: telemetry, chapters, attached files.
    Metadata,
}

/// Where a mask comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MaskOriginName {
    /// A model detected the object, which was tracked over time.
    Model,
    /// A person drew the mask.
    Drawn,
    /// Damage of the source: see `damaged`.
    Damage,
}

/// How much of the region is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Nothing is left.
    Opaque,
    /// The levels of at most 8 by 8 cells are left.
    Cells,
}

/// How the boxes of a tracked mask were obtained: gaps are the known weakness of automatic
/// redaction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Frames in which a model detected the object.
    pub detected: u32,
    /// Frames interpolated between two detections.
    pub interpolated: u32,
    /// Frames in which the object was followed from a detection by its pixels.
    pub followed: u32,
    /// Frames added before the first and after the last detection.
    pub extended: u32,
    /// First frame in which a model detected the object.
    pub first_seen: Option<u32>,
    /// Last frame in which a model detected the object.
    pub last_seen: Option<u32>,
    /// Longest run of frames between two detections.
    pub longest_gap: u32,
    /// Highest score of the model, 0 to 1.
    pub score_best: f32,
}

/// One region of the picture that is hidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaskItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// Always `picture`.
    pub medium: Medium,
    /// What is hidden; `null` for a drawn area.
    pub class: Option<ClassName>,
    /// Neutral description of what is withheld.
    pub description: String,
    /// Where the mask comes from.
    pub origin: MaskOriginName,
    /// Names of the models for this class, at least one of which detected the object; `models`
    /// describes them. Empty for a drawn mask.
    pub models: OneLine<Vec<String>>,
    /// How its boxes were obtained; `null` for a drawn mask.
    pub coverage: Option<OneLine<Coverage>>,
    /// First frame, and first frame after the last one.
    pub frames: OneLine<(u32, u32)>,
    /// Start and end in ticks of the source's video stream.
    pub source_ticks: OneLine<(i64, i64)>,
    /// Start and end in the release, in seconds from its first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// How it is hidden.
    pub effect: OneLine<EffectFile>,
    /// The outline that is filled within the rectangle. Omitted if all of it is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<OneLine<ShapeFile>>,
    /// How much is left, which limits what can be recovered.
    pub strength: Strength,
    /// Whether the hidden content is removed or only reduced. Earlier versions omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<ProtectionName>,
    /// The levels that a blurred or pixelated region shows in all of its frames, measured once, at
    /// its first frame, so that many frames reveal no more than one. Omitted for a filled region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<OneLine<LevelsFile>>,
    /// Whether a weaker effect than fill was accepted for a plate or a screen.
    pub weak_effect_accepted: bool,
    /// Code of the reason.
    pub reason: String,
    /// Keyframes `[frame, x_min, y_min, x_max, y_max]` in fractions of the displayed picture,
    /// margin included. Between keyframes each side moves linearly.
    pub geometry: Vec<KeyframeRow>,
}

/// One span of muted sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// Always `sound`.
    pub medium: Medium,
    /// Neutral description of what is withheld.
    pub description: String,
    /// Start and end in the release, in seconds from its first frame, padding included; sound may
    /// start before the first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// The same on the source's clock, on which the first frame has the time `source.first_tick`.
    pub source_seconds: OneLine<(Seconds, Seconds)>,
    /// `all`, or the release's sound tracks, counted from 0.
    pub sound_tracks: SoundTracks,
    /// What replaces the sound.
    pub style: MuteStyleName,
    /// The style in the plan, if it is another: a tone is released as silence, because the noise
    /// that a lossy encoder leaves around a tone could carry speech.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_style: Option<MuteStyleName>,
    /// The level measured on each track of the finished file that has samples there.
    pub measured: Vec<OneLine<MuteLevel>>,
    /// Code of the reason.
    pub reason: String,
}

/// The level of a muted span on one track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteLevel {
    /// The track, counted from 0.
    pub track: u32,
    /// Samples measured per channel.
    pub samples: u64,
    /// The loudest sample in dBFS; for a tone, what remains besides the tone. -200 stands for -200
    /// and below.
    pub loudest_dbfs: f64,
}

/// Something in the source that is never released, regardless of decisions. It is listed so that a
/// requester can ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemovedItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// Its medium.
    pub medium: Medium,
    /// Index of the stream in the source; `null` if it is not a stream.
    pub stream: Option<u32>,
    /// Neutral description of what is withheld.
    pub description: String,
}
