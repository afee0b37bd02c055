//! The decisions of a review, as the page sends them and as every revision stores them; see
//! `API.md`.

use redact_core::{Cells, Class, Findings, MuteStyle, Plan};
use serde::{Deserialize, Serialize};

use super::shape::Shape;
use super::spoken::{self, CheckedItem, WordEdit};
use crate::api_error::{ApiError, ApiResult};

/// The most tracks, masks or mutes of a review.
const ITEMS_MAX: usize = 20_000;
/// The most parts of a track, and rows of a path.
const PARTS_MAX: usize = 10_000;
const ROWS_MAX: usize = 500_000;

/// All decisions about one recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReviewDocument"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) tracks: Vec<Track>,
    pub(crate) drawn: Vec<Drawn>,
    pub(crate) mutes: Vec<Mute>,
    /// Speech that the policy mutes and a reviewer keeps audible. `None` in reviews saved by
    /// versions that did not record this.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub(crate) kept_speech: Option<Vec<KeptSpeech>>,
    pub(crate) acknowledged: Vec<ClassName>,
    /// Corrected words of the transcript, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<WordEdit>>"))]
    pub(crate) words: Vec<WordEdit>,
    /// Proposals of the transcript that were checked, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<CheckedItem>>"))]
    pub(crate) checked_items: Vec<CheckedItem>,
}

/// One object over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReviewTrack"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Track {
    pub(crate) id: u32,
    pub(crate) class: ClassName,
    pub(crate) person: Option<String>,
    pub(crate) parts: Vec<Part>,
    /// How far the track's boxes are enlarged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<MarginRow>>"))]
    pub(crate) margins: Vec<MarginRow>,
    pub(crate) decision: Option<Decision>,
}

/// The source of a track's boxes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub(crate) enum Part {
    /// Boxes of a found track.
    Found(FoundPart),
    /// Boxes that were drawn or followed.
    Path(PathPart),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct FoundPart {
    pub(crate) found: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct PathPart {
    pub(crate) path: Vec<KeyRow>,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// `[frame, x_min, y_min, x_max, y_max]`.
pub(crate) type KeyRow = (u32, f32, f32, f32, f32);

/// `[frame, left, top, right, bottom]`: how far a person enlarged a box on each side, as fractions
/// of its own width and height. Never negative: what was found stays covered.
pub(crate) type MarginRow = (u32, f32, f32, f32, f32);

impl Part {
    pub(crate) const fn span(&self) -> (u32, u32) {
        match self {
            Self::Found(part) => (part.start, part.end),
            Self::Path(part) => (part.start, part.end),
        }
    }
}

/// Hide, keep or reject, with the reason. The server sets `by` and `at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "verdict", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Decision {
    Redact {
        effect: Effect,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        at: Option<String>,
    },
    Keep {
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        at: Option<String>,
    },
    /// A false detection.
    Reject {
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        at: Option<String>,
    },
}

impl Decision {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Redact { reason, .. }
            | Self::Keep { reason, .. }
            | Self::Reject { reason, .. } => reason,
        }
    }

    pub(crate) const fn reason_mut(&mut self) -> &mut String {
        match self {
            Self::Redact { reason, .. }
            | Self::Keep { reason, .. }
            | Self::Reject { reason, .. } => reason,
        }
    }

    /// Who decided, and when.
    pub(crate) fn made(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Redact { by, at, .. }
            | Self::Keep { by, at, .. }
            | Self::Reject { by, at, .. } => (by.as_deref(), at.as_deref()),
        }
    }

    /// Whether both are the same decision, regardless of who made it.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Redact {
                    effect: a,
                    reason: r,
                    ..
                },
                Self::Redact {
                    effect: b,
                    reason: s,
                    ..
                },
            ) => a == b && r == s,
            (Self::Keep { reason: r, .. }, Self::Keep { reason: s, .. })
            | (Self::Reject { reason: r, .. }, Self::Reject { reason: s, .. }) => r == s,
            _ => false,
        }
    }

    /// The same decision, attributed to `name` at `when`.
    pub(crate) fn attributed(self, name: &str, when: &str) -> Self {
        let (by, at) = (Some(name.to_owned()), Some(when.to_owned()));
        match self {
            Self::Redact { effect, reason, .. } => Self::Redact {
                effect,
                reason,
                by,
                at,
            },
            Self::Keep { reason, .. } => Self::Keep { reason, by, at },
            Self::Reject { reason, .. } => Self::Reject { reason, by, at },
        }
    }
}

/// A mask drawn by a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct Drawn {
    pub(crate) id: String,
    /// What the reviewers call it. It is in no plan and in no release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) name: Option<String>,
    pub(crate) effect: Effect,
    /// Omitted for a rectangle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) shape: Option<Shape>,
    /// Empty until somebody has chosen one.
    pub(crate) reason: String,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) keyframes: Vec<KeyRow>,
    /// Frames, half-open, in which following lost the object. They are not hidden, and block
    /// approval until a person has checked them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<(u32, u32)>>"))]
    pub(crate) lost: Vec<(u32, u32)>,
}

impl Drawn {
    /// What people call it: `Region "front door"`, or `Region 1` where nobody named it.
    pub(crate) fn title(&self) -> String {
        if let Some(name) = &self.name {
            return format!("Region {name:?}");
        }
        let words = self.id.replace('-', " ");
        let (first, rest) = words.split_at_checked(1).unwrap_or((&words, ""));
        format!("{}{rest}", first.to_ascii_uppercase())
    }

    fn check(&self) -> ApiResult<()> {
        let at = |key: &str| format!("document.drawn, {}, {key}", self.id);
        check_label(self.name.as_deref(), || at("name"))?;
        let spans = self.lost.iter().all(|&(start, end)| start < end);
        if !spans || self.lost.len() > PARTS_MAX {
            let expected = format!("Expected at most {PARTS_MAX} spans of at least one frame.");
            return Err(ApiError::field(at("lost"), expected));
        }
        Ok(())
    }
}

/// Refuses a label that is empty, too long or invisible; `None` is none.
fn check_label(label: Option<&str>, field: impl Fn() -> String) -> ApiResult<()> {
    let label = label.unwrap_or("-");
    if label.trim().is_empty()
        || label.chars().count() > 100
        || label.chars().any(redact_record::is_invisible)
    {
        let expected = "Expected 1 to 100 characters, or null.";
        return Err(ApiError::field(field(), expected));
    }
    Ok(())
}

/// A mute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct Mute {
    pub(crate) id: String,
    pub(crate) start_seconds: f64,
    pub(crate) end_seconds: f64,
    pub(crate) sound_tracks: SoundTracks,
    pub(crate) style: Style,
    pub(crate) reason: String,
}

/// A span on all sound tracks, with the reason why it stays audible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptSpeech {
    pub(crate) start_nanos: i64,
    pub(crate) end_nanos: i64,
    pub(crate) reason: String,
    /// Who decided. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) by: Option<String>,
    /// When, as RFC 3339 in UTC. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) at: Option<String>,
}

impl KeptSpeech {
    /// Refuses a span that ends before it starts.
    ///
    /// # Errors
    /// 400 on field `document.kept_speech`.
    pub(crate) fn check(&self) -> ApiResult<()> {
        if self.start_nanos < self.end_nanos {
            return Ok(());
        }
        let expected = "Expected a span that starts before it ends.";
        Err(ApiError::field("document.kept_speech", expected))
    }
}

/// `"all"` or a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub(crate) enum SoundTracks {
    All(All),
    Only(Vec<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum All {
    All,
}

/// The effect on a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Effect {
    // A struct variant, because serde accepts unknown keys beside a unit variant's tag.
    Fill {},
    Pixelate { cells_across: u8 },
    Blur { cells_across: u8 },
}

impl From<redact_core::Effect> for Effect {
    fn from(effect: redact_core::Effect) -> Self {
        use redact_core::Effect::{Blur, Fill, Pixelate};
        match effect {
            Fill => Self::Fill {},
            Pixelate(cells) => Self::Pixelate {
                cells_across: cells.across(),
            },
            Blur(cells) => Self::Blur {
                cells_across: cells.across(),
            },
        }
    }
}

impl Effect {
    /// The effect; `None` unless the number of cells is 1 to 8.
    pub(crate) fn to_core(self) -> Option<redact_core::Effect> {
        use redact_core::Effect::{Blur, Fill, Pixelate};
        Some(match self {
            Self::Fill {} => Fill,
            Self::Pixelate { cells_across } => Pixelate(Cells::new(cells_across)?),
            Self::Blur { cells_across } => Blur(Cells::new(cells_across)?),
        })
    }
}

/// What replaces the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "MuteStyle"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Style {
    Silence,
    Tone,
}

impl From<Style> for MuteStyle {
    fn from(style: Style) -> Self {
        match style {
            Style::Silence => Self::Silence,
            Style::Tone => Self::Tone,
        }
    }
}

impl From<MuteStyle> for Style {
    fn from(style: MuteStyle) -> Self {
        match style {
            MuteStyle::Silence => Self::Silence,
            MuteStyle::Tone => Self::Tone,
        }
    }
}

/// A class as spelled in files and in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Class"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClassName {
    Face,
    Plate,
    Screen,
    Vehicle,
}

impl From<Class> for ClassName {
    fn from(class: Class) -> Self {
        match class {
            Class::Face => Self::Face,
            Class::Plate => Self::Plate,
            Class::Screen => Self::Screen,
            Class::Vehicle => Self::Vehicle,
        }
    }
}

impl From<ClassName> for Class {
    fn from(class: ClassName) -> Self {
        match class {
            ClassName::Face => Self::Face,
            ClassName::Plate => Self::Plate,
            ClassName::Screen => Self::Screen,
            ClassName::Vehicle => Self::Vehicle,
        }
    }
}

impl Document {
    /// A document with one undecided track per found track.
    pub(crate) fn undecided_tracks(findings: &Findings) -> Self {
        let track = |found: &redact_core::Track| Track {
            id: found.id().0,
            class: found.class().into(),
            person: None,
            parts: vec![Part::Found(FoundPart {
                found: found.id().0,
                start: found.span().start().get(),
                end: found.span().end().get(),
            })],
            margins: Vec::new(),
            decision: None,
        };
        Self {
            tracks: findings.tracks.iter().map(track).collect(),
            kept_speech: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// The mutes of a plan.
    pub(crate) fn mutes_of(plan: &Plan) -> Vec<Mute> {
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let mute = |mute: &redact_core::MuteRegion| Mute {
            id: mute.id.clone(),
            start_seconds: seconds(mute.span.start_nanos()),
            end_seconds: seconds(mute.span.end_nanos()),
            sound_tracks: match &mute.streams {
                redact_core::MuteStreams::All => SoundTracks::All(All::All),
                redact_core::MuteStreams::Only(list) => SoundTracks::Only(list.clone()),
            },
            style: mute.style.into(),
            reason: mute.reason.0.clone(),
        };
        plan.mutes.iter().map(mute).collect()
    }

    /// Speech that stays audible by decision.
    pub(crate) fn kept_speech(&self) -> &[KeptSpeech] {
        self.kept_speech.as_deref().unwrap_or_default()
    }

    /// The codes of all reasons in use.
    pub(crate) fn used_reasons(&self) -> Vec<&str> {
        let tracks = self.tracks.iter().filter_map(|track| {
            let made = track.decision.as_ref()?;
            Some(made.reason())
        });
        let others = self.drawn.iter().map(|mask| mask.reason.as_str());
        let mutes = self.mutes.iter().map(|mute| mute.reason.as_str());
        let kept = self.kept_speech().iter().map(|kept| kept.reason.as_str());
        tracks.chain(others).chain(mutes).chain(kept).collect()
    }

    /// The number of undecided tracks.
    pub(crate) fn undecided(&self) -> usize {
        self.tracks
            .iter()
            .filter(|track| track.decision.is_none())
            .count()
    }

    /// Refuses documents that the page never sends: too large, with duplicates, or in the wrong
    /// order.
    ///
    /// # Errors
    /// 400 with the field.
    pub(crate) fn check(&self) -> ApiResult<()> {
        for (field, count) in [
            ("document.tracks", self.tracks.len()),
            ("document.drawn", self.drawn.len()),
            ("document.mutes", self.mutes.len()),
            ("document.kept_speech", self.kept_speech().len()),
            ("document.words", self.words.len()),
            ("document.checked_items", self.checked_items.len()),
        ] {
            if count > ITEMS_MAX {
                return Err(ApiError::field(
                    field,
                    format!("At most {ITEMS_MAX} items."),
                ));
            }
        }
        self.kept_speech().iter().try_for_each(KeptSpeech::check)?;
        spoken::check_lists(&self.words, &self.checked_items)?;
        let mut last = 0;
        for track in &self.tracks {
            let at = |key: &str| format!("document.tracks, id {}, {key}", track.id);
            if track.id <= last {
                return Err(ApiError::field(
                    at("id"),
                    "Expected ids in ascending order from 1, each once.",
                ));
            }
            last = track.id;
            if !(1..=PARTS_MAX).contains(&track.parts.len()) {
                return Err(ApiError::field(
                    at("parts"),
                    format!("Expected 1 to {PARTS_MAX} parts."),
                ));
            }
            check_label(track.person.as_deref(), || at("person"))?;
        }
        self.drawn.iter().try_for_each(Drawn::check)?;
        let rows = self.drawn.iter().map(|mask| mask.keyframes.len());
        let paths = self.tracks.iter().flat_map(|track| &track.parts);
        let path_rows = paths.map(|part| match part {
            Part::Found(_) => 0,
            Part::Path(part) => part.path.len(),
        });
        let margins = self.tracks.iter().map(|track| track.margins.len());
        if rows.chain(path_rows).chain(margins).sum::<usize>() > ROWS_MAX {
            return Err(ApiError::field(
                "document",
                format!("At most {ROWS_MAX} rows."),
            ));
        }
        let ids = self.drawn.iter().map(|mask| &mask.id);
        ids.chain(self.mutes.iter().map(|mute| &mute.id))
            .try_for_each(|id| check_id(id))
    }
}

/// Ids of masks and mutes appear in manifests, and must differ from those of tracks.
fn check_id(id: &str) -> ApiResult<()> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let taken = Class::ALL
        .into_iter()
        .any(|class| id.starts_with(&format!("{class}-")));
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) && !taken {
        return Ok(());
    }
    let expected = "Expected 1 to 64 of a-z 0-9 . _ -, not beginning with a class and a dash.";
    Err(ApiError::field("document, id", expected))
}
