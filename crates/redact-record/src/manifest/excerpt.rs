//! Which part of a recording a release shows, and what is withheld.
//!
//! The doc comments of the fields are the descriptions in the JSON Schema.

use redact_core::{Excerpt, ExcerptSpan, FrameIndex, FrameSpan, TimeBase, TimeSpan, Timestamp};
use serde::{Deserialize, Serialize};

use super::parts::SourceSummary;
use super::{OneLine, Seconds};
use crate::RecordError;

/// The part of the source that the release shows. The rest is withheld: nothing of it is in the
/// file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExcerptFile {
    /// Code of the reason for withholding the rest.
    pub reason: String,
    /// The spans, in order.
    pub spans: Vec<OneLine<ExcerptSpanFile>>,
    /// Title cards between the spans, which say what was left out.
    pub cards: Vec<OneLine<TitleCardFile>>,
    /// Ticks of the source that each frame of a title card is shown.
    pub card_frame_ticks: i64,
    /// What is withheld, in order.
    pub withheld: Vec<OneLine<WithheldSpan>>,
}

/// A span of the source that the release shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExcerptSpanFile {
    /// Its frames in the source: the first, and the first after the last one.
    pub source_frames: (u32, u32),
    /// Start and end in ticks of the source's video stream.
    pub source_ticks: (i64, i64),
    /// Start and end of its sound in the source, in seconds from its first frame.
    pub sound_seconds: (Seconds, Seconds),
    /// Its frames in the release.
    pub release_frames: (u32, u32),
}

/// A title card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TitleCardFile {
    /// Its frames in the release.
    pub release_frames: (u32, u32),
    /// What it says.
    pub text: String,
}

/// A withheld span of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WithheldSpan {
    /// Its number in the redaction log.
    pub item: u32,
    /// Its frames in the source: the first, and the first after the last one.
    pub source_frames: (u32, u32),
    /// Start and end in the source, in seconds from its first frame.
    pub source_seconds: (Seconds, Seconds),
}

/// Who decided to withhold the rest of the source, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RestDecision {
    /// Who decided.
    pub by: String,
    /// Code of the reason.
    pub reason: String,
}

impl ExcerptFile {
    /// The record of `excerpt`; withheld spans are numbered from `item` on.
    pub(super) fn new(
        excerpt: &Excerpt,
        reason: String,
        source: &SourceSummary,
        item: u32,
    ) -> Result<Self, RecordError> {
        let frames = |span: FrameSpan| (span.start().get(), span.end().get());
        let spans = excerpt.spans().iter().map(|span| {
            let release = excerpt.release_frames(span.frames);
            let sound = (span.sound.start_nanos(), span.sound.end_nanos());
            Some(OneLine(ExcerptSpanFile {
                source_frames: frames(span.frames),
                source_ticks: span.ticks,
                sound_seconds: (Seconds(sound.0), Seconds(sound.1)),
                release_frames: frames(release?),
            }))
        });
        let cards = excerpt.cards().iter().map(|card| {
            OneLine(TitleCardFile {
                release_frames: frames(card.frames),
                text: card.text.clone(),
            })
        });
        let base = time_base(source)?;
        let nanos = |ticks: i64| {
            let since = ticks.checked_sub(source.first_tick)?;
            Timestamp::new(since).nanos(base).map(Seconds)
        };
        let withheld = (item..).zip(excerpt.withheld(source.frames, i64::MAX));
        let withheld = withheld.map(|(item, (span, (start, end)))| {
            let end = match end {
                i64::MAX => Some(source.duration_seconds),
                end => nanos(end),
            };
            Some(OneLine(WithheldSpan {
                item,
                source_frames: frames(span),
                source_seconds: (nanos(start)?, end?),
            }))
        });
        let invalid = || RecordError::field("excerpt", "invalid spans", "spans of the source");
        Ok(Self {
            reason,
            spans: spans.collect::<Option<_>>().ok_or_else(invalid)?,
            cards: cards.collect(),
            card_frame_ticks: excerpt.step(),
            withheld: withheld.collect::<Option<_>>().ok_or_else(invalid)?,
        })
    }

    /// The same with withheld spans numbered from `item` on.
    pub(super) fn numbered(&self, item: u32) -> Self {
        let spans = (item..).zip(&self.withheld);
        let withheld = spans.map(|(item, span)| OneLine(WithheldSpan { item, ..span.0 }));
        Self {
            withheld: withheld.collect(),
            ..self.clone()
        }
    }

    /// The excerpt, if everything that the record says of it agrees; withheld spans must be
    /// numbered from `item` on.
    pub(super) fn check(&self, source: &SourceSummary, item: u32) -> Result<Excerpt, RecordError> {
        let invalid = || {
            let expected = "spans of the source in order, with their frames and times";
            RecordError::field("excerpt", "spans that contradict each other", expected)
        };
        let excerpt = self.excerpt(source)?;
        let inside = excerpt.spans().iter();
        let mut inside = inside.map(|span| span.frames.end().get() <= source.frames);
        if !inside.all(|inside| inside) {
            return Err(invalid());
        }
        let same = Self::new(&excerpt, self.reason.clone(), source, item)?;
        if same == *self {
            Ok(excerpt)
        } else {
            Err(invalid())
        }
    }

    /// The excerpt of the record's spans.
    pub(super) fn excerpt(&self, source: &SourceSummary) -> Result<Excerpt, RecordError> {
        let spans = self.spans.iter().map(|OneLine(span)| {
            let (start, end) = span.source_frames;
            Some(ExcerptSpan {
                frames: FrameSpan::new(FrameIndex::new(start), FrameIndex::new(end))?,
                ticks: span.source_ticks,
                sound: TimeSpan::new(span.sound_seconds.0.0, span.sound_seconds.1.0)?,
            })
        });
        let base = time_base(source)?;
        let zero = Timestamp::new(source.first_tick);
        let spans = spans.collect::<Option<Vec<_>>>();
        spans
            .and_then(|spans| Excerpt::new(zero, base, self.card_frame_ticks, spans))
            .ok_or_else(|| {
                let expected = "at least one span, in order, with frames between them";
                RecordError::field("excerpt.spans", "invalid spans", expected)
            })
    }
}

/// Seconds per tick of the source.
pub(super) fn time_base(source: &SourceSummary) -> Result<TimeBase, RecordError> {
    let (num, den) = source.seconds_per_tick.0;
    TimeBase::new(num, den).ok_or_else(|| {
        RecordError::field("source.seconds_per_tick", format!("{num}/{den}"), "not 0")
    })
}
