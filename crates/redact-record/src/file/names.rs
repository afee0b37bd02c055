//! Names of enumerations in files.

use redact_core::{
    BoxOrigin, Cells, Class, ColorRange, DamageCause, Effect, LeftOut, MaskLevels, MuteStyle,
    Protection, StreamKind,
};
use serde::{Deserialize, Serialize};

/// Declares the file representation of a core enumeration, with conversions both ways.
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
    /// How damage of a recording was detected.
    DamageName of DamageCause {
        /// The container's data is corrupt, or it marks a packet as incomplete.
        Container = "container",
        /// The decoder rejects the data.
        Undecodable = "undecodable",
        /// The decoder outputs a picture and marks it as damaged.
        Marked = "marked",
        /// Reference pictures are missing.
        Missing = "missing",
        /// A picture has no timestamp, or one that contradicts its neighbors'.
        Time = "time",
    }
}

twin! {
    /// Why stored pictures are not in any release.
    LeftOutName of LeftOut {
        /// The recording begins between key frames; they refer to pictures that it lacks.
        BeforeKeyFrame = "before_key_frame",
        /// The container excludes them from presentation (edit list).
        NotShown = "not_shown",
        /// They decode without an error and yield no picture.
        NoPicture = "no_picture",
    }
}

twin! {
    /// How a box of a track was obtained.
    BoxOriginName of BoxOrigin {
        /// Detected by a model in this frame.
        Detected = "detected",
        /// Interpolated between two detections.
        Interpolated = "interpolated",
        /// Followed from a detection by its pixels.
        Followed = "followed",
        /// Extrapolated before the first or after the last detection.
        Extended = "extended",
    }
}

twin! {
    /// The kind of data in a stream.
    StreamKindName of StreamKind {
        /// Moving pictures.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// Timed text.
        Subtitle = "subtitle",
        /// Telemetry, positions, chapter tracks.
        Data = "data",
        /// Fonts, cover art and other files.
        Attachment = "attachment",
        /// Anything else.
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
        /// Silence.
        Silence = "silence",
        /// A steady tone.
        Tone = "tone",
    }
}

/// How a region of the picture is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum EffectFile {
    // A struct variant, because serde ignores unknown keys beside a unit variant's tag.
    /// Black fill: nothing of the region is left.
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
    /// How much of the hidden content is left in the release.
    ProtectionName of Protection {
        /// Nothing is left.
        Removed = "removed",
        /// A few levels are left, from which it may be recovered in part.
        Reduced = "reduced",
    }
}

/// The levels that a blurred or pixelated region shows in every frame: one hexadecimal digit per
/// cell and channel, row by row.
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
    /// The levels; `None` if their number is not that of the cells, or if one is not a lower-case
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
    /// The effect; `Err` with the number of cells if that is not 1 to 8.
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
