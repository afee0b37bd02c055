//! Captions of a release, as WebVTT: what is heard in it, word for word.
//!
//! A word that a mute touches is not in them; `[redacted]` stands in its place. Each word is
//! between two WebVTT time stamps, so that a checker needs nothing but the file and the mutes to
//! see that no word reveals what was muted. Text outside of time stamps can only be one of the two
//! marks: a reader of this module refuses everything else, comments included.
//!
//! - [`write()`]: captions from the words of a plan and the mutes of a release;
//! - [`parse`], [`Captions::check`]: reading them, and comparing them with the mutes;
//! - [`cut()`]: captions of a part of a release;
//! - [`transcript_text`], [`paragraphs`]: the same words as plain text.
//!
//! Times are nanoseconds from the first frame of the release; in the file, milliseconds.
//!
//! Format: W3C, *WebVTT: The Web Video Text Tracks Format*, sections 4 and 6.

mod check;
mod content;
mod cut;
mod error;
mod hidden;
mod items;
mod pace;
mod read;
mod stamp;
mod text;
mod words;
mod write;

pub use content::{CaptionCue, CaptionPiece, Captions, REDACTED, ReleaseSound};
pub use cut::cut;
pub use error::CaptionError;
pub(crate) use read::WORD_BYTES_MAX;
pub use read::{CAPTIONS_BYTES_MAX, is_word, parse};
pub use text::{LEGEND, Paragraph, TITLE, paragraphs, transcript_text};
pub use words::words_of;
pub use write::write;

#[cfg(test)]
mod tests;
