//! What a release withholds, item by item.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use serde::{Deserialize, Serialize};

use super::{
    ClassName, EffectFile, LevelsFile, MuteStyleName, OneLine, ProtectionName, Seconds, SoundTracks,
};
use crate::file::plan::KeyframeRow;

/// The medium of an item: indexes of withheld items name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// Moving picture.
    Picture,
    /// Sound.
    Sound,
    /// Timed text.
    Caption,
    /// Anything else that a file carries: telemetry, chapters, attached files.
    Metadata,
}

/// Where a mask comes from: a person decides, a model suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MaskOriginName {
    /// A model found the object; it was tracked over time.
    Model,
    /// A person drew the mask.
    Drawn,
    /// The source is damaged there: see `damaged`.
    Damage,
}

/// How much of the region is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Nothing.
    Opaque,
    /// The levels of at most 8 by 8 cells.
    Cells,
}

/// How the boxes of a tracked mask came to be: gaps are the known failure of automatic redaction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Frames in which a model detected the object.
    pub detected: u32,
    /// Frames filled between two sightings.
    pub interpolated: u32,
    /// Frames in which it was followed through the picture.
    pub followed: u32,
    /// Frames added before the first and after the last sighting.
    pub extended: u32,
    /// First and last frame in which a model detected the object; what is before and after was
    /// added.
    pub first_seen: Option<u32>,
    /// See `first_seen`.
    pub last_seen: Option<u32>,
    /// Longest run of frames between two sightings.
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
    /// What is hidden; `null` for an area that a person drew.
    pub class: Option<ClassName>,
    /// Neutral description of what is withheld.
    pub description: String,
    /// Where the mask comes from.
    pub origin: MaskOriginName,
    /// Names of the models that detect this class: one or more of them found the object. Empty
    /// for a drawn mask. What each of them is, is in `models`: a person decides, a model suggests.
    pub models: OneLine<Vec<String>>,
    /// How its boxes came to be; `null` for a drawn mask.
    pub coverage: Option<OneLine<Coverage>>,
    /// First frame and first frame after it.
    pub frames: OneLine<(u32, u32)>,
    /// Start and end in ticks of the source's video stream: a checker needs both clocks.
    pub source_ticks: OneLine<(i64, i64)>,
    /// Start and end in seconds of the release, from its first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// What was done.
    pub effect: OneLine<EffectFile>,
    /// How much is left: what can be undone depends on it.
    pub strength: Strength,
    /// The same in words: whether what is hidden is removed, or only reduced. Manifests of earlier
    /// versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<ProtectionName>,
    /// What a blurred or pixelated region shows in every frame, taken once, at its first frame:
    /// many frames then tell no more than one. A region that was filled has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<OneLine<LevelsFile>>,
    /// Whether a weaker effect than fill was accepted on a plate or a screen.
    pub weak_effect_accepted: bool,
    /// Code of the reason.
    pub reason: String,
    /// Keyframes `[frame, x_min, y_min, x_max, y_max]`: fractions of the displayed picture, margin
    /// included. Between keyframes each side moves in a straight line.
    pub geometry: Vec<KeyframeRow>,
}

/// One span of sound that is taken out.
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
    /// Start and end in seconds of the release, from its first frame, padding included; sound may
    /// start before the first frame.
    pub release_seconds: OneLine<(Seconds, Seconds)>,
    /// The same on the source's clock, in which the first frame has the time `source.first_tick`.
    pub source_seconds: OneLine<(Seconds, Seconds)>,
    /// `all`, or the sound tracks of the release, from 0.
    pub sound_tracks: SoundTracks,
    /// What replaces the sound.
    pub style: MuteStyleName,
    /// What the plan asked for, where that is something else: a tone is released as silence,
    /// because speech could be hidden in what a lossy encoder leaves beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_style: Option<MuteStyleName>,
    /// What is left, measured on each track of the finished file that has sound there.
    pub measured: Vec<OneLine<MuteLevel>>,
    /// Code of the reason.
    pub reason: String,
}

/// What is left of a muted span on one track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteLevel {
    /// The track, from 0.
    pub track: u32,
    /// Samples per channel that were measured.
    pub samples: u64,
    /// The loudest sample, decibels of full scale; where a tone is heard, what is left beside it.
    /// -200 stands for that and anything below.
    pub loudest_dbfs: f64,
}

/// Something of the source that no release holds, whatever is decided: what was dropped is listed,
/// or nobody could ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemovedItem {
    /// Its number in the redaction log.
    pub item: u32,
    /// What it is.
    pub medium: Medium,
    /// Index of the stream in the source; `null` for what is no stream.
    pub stream: Option<u32>,
    /// Neutral description of what is withheld.
    pub description: String,
}
