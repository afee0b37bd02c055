//! Captions of a part of a release.

use redact_core::{CaptionWord, TimeSpan};

use super::content::{CaptionPiece, Captions, ReleaseSound};
use super::write::write;
use crate::plan::INAUDIBLE;

/// The captions of the part of a release from `start_nanos` to `end_nanos`, whose own sound is
/// `sound`, from the captions of all of it. A word belongs to the part in which it begins, and ends
/// with it at the latest.
#[must_use]
pub fn cut(
    captions: &Captions,
    (start_nanos, end_nanos): (i64, i64),
    sound: &ReleaseSound,
) -> String {
    let mut words = Vec::new();
    let mut add = |text: &str, start: i64, end: i64| {
        let moved = |nanos: i64| nanos.saturating_sub(start_nanos);
        let span = TimeSpan::new(moved(start), moved(end.min(end_nanos)));
        words.extend(span.map(|span| CaptionWord {
            text: text.to_owned(),
            span,
        }));
    };
    for cue in &captions.cues {
        // A mark lasts from the word before it to the word after it, in its cue.
        for (at, piece) in cue.pieces.iter().enumerate() {
            match piece {
                CaptionPiece::Word { text, span } => {
                    if (start_nanos..end_nanos).contains(&span.start_nanos()) {
                        add(text, span.start_nanos(), span.end_nanos());
                    }
                }
                CaptionPiece::Inaudible => {
                    let before = cue.pieces[..at].iter().rev().find_map(span_of);
                    let after = cue.pieces[at..].iter().find_map(span_of);
                    let from = before.map_or(cue.span.start_nanos(), TimeSpan::end_nanos);
                    let until = after.map_or(cue.span.end_nanos(), TimeSpan::start_nanos);
                    add(INAUDIBLE, from.max(start_nanos), until);
                }
                CaptionPiece::Redacted => {}
            }
        }
    }
    write(&words, sound, captions.language.as_deref())
}

fn span_of(piece: &CaptionPiece) -> Option<TimeSpan> {
    match piece {
        CaptionPiece::Word { span, .. } => Some(*span),
        CaptionPiece::Redacted | CaptionPiece::Inaudible => None,
    }
}
