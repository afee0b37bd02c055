//! Enumerations as files spell them.

use redact_core::{
    BoxOrigin, Cells, Class, ColorRange, DamageCause, Effect, LeftOut, MaskLevels, MuteStyle,
    Protection, StreamKind,
};
use serde::{Deserialize, Serialize};

/// Declares the file's twin of a plain core enumeration, with conversions both ways.
macro_rules! twin {
    ($(#[$doc:meta])* $name:ident of $core:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                match value { $($core::$variant => Self::$variant,)+ }
            }
        }

        impl From<$name> for $core {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self { $(Self::$variant => $text,)+ })
            }
        }
    };
}

twin! {
    /// A class of objects that a release may have to hide.
    ClassName of Class {
        /// A person's face.
        Face = "face",
        /// A vehicle's registration plate.
        Plate = "plate",
        /// A display.
        Screen = "screen",
        /// A vehicle on which no plate was found.
        Vehicle = "vehicle",
    }
}

twin! {
    /// How a stretch of a recording is known to be damaged.
    DamageName of DamageCause {
        /// The container's data are broken, or it marks a packet as incomplete.
        Container = "container",
        /// The decoder refuses the data.
        Undecodable = "undecodable",
        /// The decoder delivers a picture and marks it as damaged.
        Marked = "marked",
        /// Pictures are missing that others are predicted from.
        Missing = "missing",
        /// A picture has no time, or one that contradicts those around it.
        Time = "time",
    }
}

twin! {
    /// Why stored pictures are in no release.
    LeftOutName of LeftOut {
        /// The recording begins between key frames: they refer to pictures that it does not hold.
        BeforeKeyFrame = "before_key_frame",
        /// The container says that they are not to be shown.
        NotShown = "not_shown",
        /// They decode to no picture of their own, without an error.
        NoPicture = "no_picture",
    }
}

twin! {
    /// How a box of a track came to be.
    BoxOriginName of BoxOrigin {
        /// A model detected it in this frame.
        Detected = "detected",
        /// Between two sightings.
        Interpolated = "interpolated",
        /// Followed through the picture from a sighting.
        Followed = "followed",
        /// Before the first or after the last sighting.
        Extended = "extended",
    }
}

twin! {
    /// What kind of data a stream holds.
    StreamKindName of StreamKind {
        /// Moving pictures.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// Timed text.
        Subtitle = "subtitle",
        /// Telemetry, positions, chapters as a track.
        Data = "data",
        /// Fonts, cover art and other files.
        Attachment = "attachment",
        /// Not known.
        Other = "other",
    }
}

twin! {
    /// How sample values map to black and white.
    ColorRangeName of ColorRange {
        /// Luma 16 to 235.
        Limited = "limited",
        /// Luma 0 to 255.
        Full = "full",
    }
}

twin! {
    /// What replaces muted sound.
    MuteStyleName of MuteStyle {
        /// Nothing.
        Silence = "silence",
        /// A steady tone.
        Tone = "tone",
    }
}

/// What is done to a region of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum EffectFile {
    // A struct variant, because serde lets unknown keys pass beside a unit variant's tag.
    /// Black: nothing of the region is left.
    Fill {},
    /// A mosaic of the mask's levels.
    Pixelate {
        /// Cells across the region's longer side, 1 to 8.
        cells_across: u8,
    },
    /// A smooth surface through the mask's levels.
    Blur {
        /// Cells across the region's longer side, 1 to 8.
        cells_across: u8,
    },
}

impl From<Effect> for EffectFile {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Fill => Self::Fill {},
            Effect::Pixelate(cells) => Self::Pixelate {
                cells_across: cells.across(),
            },
            Effect::Blur(cells) => Self::Blur {
                cells_across: cells.across(),
            },
        }
    }
}

twin! {
    /// How much of what is hidden is left in the release.
    ProtectionName of Protection {
        /// Nothing: it is removed.
        Removed = "removed",
        /// It is reduced to a few levels and may be recovered in part.
        Reduced = "reduced",
    }
}

/// What a blurred or pixelated region shows, the same in every frame: 16 levels per channel, one
/// hexadecimal digit for each cell, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LevelsFile {
    /// Cells across, 1 to 8.
    pub across: u8,
    /// Cells down, 1 to 8.
    pub down: u8,
    /// Brightness.
    pub luma: String,
    /// Blue difference; 8 is neutral.
    pub blue: String,
    /// Red difference; 8 is neutral.
    pub red: String,
}

impl From<&MaskLevels> for LevelsFile {
    fn from(levels: &MaskLevels) -> Self {
        let digit = |&level: &u8| char::from_digit(u32::from(level), 16).unwrap_or('0');
        let [luma, blue, red] = levels
            .planes()
            .each_ref()
            .map(|plane| plane.iter().map(digit).collect());
        Self {
            across: levels.across(),
            down: levels.down(),
            luma,
            blue,
            red,
        }
    }
}

impl LevelsFile {
    /// The levels; `None` when there are not as many as there are cells, or one is no lower-case
    /// hexadecimal digit.
    #[must_use]
    pub fn levels(&self) -> Option<MaskLevels> {
        let level = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let plane = |digits: &String| digits.bytes().map(level).collect::<Option<Vec<u8>>>();
        let planes = [plane(&self.luma)?, plane(&self.blue)?, plane(&self.red)?];
        MaskLevels::new(self.across, self.down, planes)
    }
}

impl EffectFile {
    /// The effect; `Err` holds a number of cells that is not 1 to 8.
    pub(crate) fn effect(self) -> Result<Effect, u8> {
        let cells = |across| Cells::new(across).ok_or(across);
        Ok(match self {
            Self::Fill {} => Effect::Fill,
            Self::Pixelate { cells_across } => Effect::Pixelate(cells(cells_across)?),
            Self::Blur { cells_across } => Effect::Blur(cells(cells_across)?),
        })
    }

    /// The effect, or an error that names `field`.
    pub(crate) fn effect_at(self, field: &str) -> Result<Effect, crate::RecordError> {
        self.effect().map_err(|across| {
            let field = format!("{field}.cells_across");
            crate::RecordError::field(field, across, "a number of 1 to 8")
        })
    }
}
