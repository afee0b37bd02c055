//! What captions consist of.

use redact_core::TimeSpan;

/// What captions have in place of words that were muted.
pub const REDACTED: &str = "[redacted]";

/// When something of a release can be heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseSound {
    mutes: Vec<TimeSpan>,
    end_nanos: i64,
}

impl ReleaseSound {
    /// Sound that ends at `end_nanos`.
    ///
    /// - `mutes`: every mute on any track, and every span of damaged sound, in any order.
    #[must_use]
    pub fn new(mutes: Vec<TimeSpan>, end_nanos: i64) -> Self {
        Self {
            mutes: TimeSpan::merged(mutes, 0),
            end_nanos,
        }
    }

    /// The mutes, merged and ordered.
    #[must_use]
    pub fn mutes(&self) -> &[TimeSpan] {
        &self.mutes
    }

    /// The end of the release, in nanoseconds.
    #[must_use]
    pub const fn end_nanos(&self) -> i64 {
        self.end_nanos
    }

    /// The first mute that has any of `span`.
    #[must_use]
    pub fn mute_in(&self, span: TimeSpan) -> Option<TimeSpan> {
        let next = self
            .mutes
            .partition_point(|mute| mute.end_nanos() <= span.start_nanos());
        let mute = *self.mutes.get(next)?;
        (mute.start_nanos() < span.end_nanos()).then_some(mute)
    }
}

/// A piece of a cue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptionPiece {
    /// A word and when it is said.
    Word {
        /// As a reader sees it.
        text: String,
        /// When, in whole milliseconds.
        span: TimeSpan,
    },
    /// `[redacted]`: something was muted here.
    Redacted,
    /// `[inaudible]`: something was said and not understood.
    Inaudible,
}

/// What is shown at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionCue {
    /// When it is shown.
    pub span: TimeSpan,
    /// Its pieces in order; at least one.
    pub pieces: Vec<CaptionPiece>,
}

/// Captions, as read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captions {
    /// The language, as in ISO 639, if it is known.
    pub language: Option<String>,
    /// The cues, ordered by time; they do not overlap.
    pub cues: Vec<CaptionCue>,
}
