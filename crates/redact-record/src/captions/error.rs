//! Why captions cannot be used.

/// An error of captions. It never contains a word of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptionError {
    /// The file is larger than any captions.
    #[error("the captions are too large: found {found} bytes; at most {max} are allowed")]
    TooLarge {
        /// Bytes found.
        found: u64,
        /// Bytes allowed.
        max: u64,
    },
    /// The file is not text.
    #[error("the captions are not valid UTF-8")]
    NotText,
    /// A line does not follow the format.
    #[error("line {line}: found {found}; expected {expected}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What kind of text was found.
        found: &'static str,
        /// What is needed.
        expected: &'static str,
    },
    /// A time is not after the one before it.
    #[error("line {line}: the time {time} is out of order; times must increase")]
    Order {
        /// The line, counted from 1.
        line: usize,
        /// The time.
        time: String,
    },
    /// A word is said while the sound is muted.
    #[error("a word from {word_start} to {word_end} is muted, from {mute_start} to {mute_end}")]
    MutedWord {
        /// Start of the word.
        word_start: String,
        /// End of the word.
        word_end: String,
        /// Start of the mute.
        mute_start: String,
        /// End of the mute.
        mute_end: String,
    },
    /// A cue is shown after the end of the release.
    #[error("a cue at {time} ends after the release, which ends at {end}")]
    AfterEnd {
        /// Start of the cue.
        time: String,
        /// End of the release.
        end: String,
    },
}
