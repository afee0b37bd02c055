//! Captions as a text to read.

use super::content::{CaptionCue, CaptionPiece, Captions, REDACTED};
use super::stamp::stamp_nanos;
use crate::plan::INAUDIBLE;

/// A pause this long begins a paragraph.
const PAUSE_NANOS: i64 = 2_000_000_000;

/// A paragraph that began this long ago ends with its cue.
const LONGEST_NANOS: i64 = 60_000_000_000;

/// What a transcript begins with.
pub const TITLE: &str = "Transcript of a redacted recording";

/// What its marks mean.
pub const LEGEND: [&str; 3] = [
    "[redacted] stands for sound that was withheld.",
    "[inaudible] stands for speech that was not understood.",
    "Transcribed automatically; may contain errors. Speakers are not named.",
];

/// Words in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph {
    /// When it begins, as `00:01:02`, from the first frame of the release.
    pub time: String,
    /// What is said.
    pub text: String,
}

/// The words of `captions` in paragraphs.
#[must_use]
pub fn paragraphs(captions: &Captions) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let (mut began, mut ended) = (i64::MIN, i64::MIN);
    for cue in &captions.cues {
        let (start, text) = (cue.span.start_nanos(), text_of(cue));
        let is_new = start.saturating_sub(ended) >= PAUSE_NANOS
            || start.saturating_sub(began) >= LONGEST_NANOS;
        match paragraphs.last_mut().filter(|_| !is_new) {
            // A run of muted sound may go on in the next cue.
            Some(last) if text == REDACTED && last.text.ends_with(REDACTED) => {}
            Some(last) => {
                last.text.push(' ');
                last.text.push_str(&text);
            }
            None => {
                began = start;
                let stamp = stamp_nanos(start);
                let time = stamp.split('.').next().unwrap_or(&stamp).to_owned();
                paragraphs.push(Paragraph { time, text });
            }
        }
        ended = said_until(cue);
    }
    paragraphs
}

fn text_of(cue: &CaptionCue) -> String {
    let words = cue.pieces.iter().map(|piece| match piece {
        CaptionPiece::Word { text, .. } => text.as_str(),
        CaptionPiece::Redacted => REDACTED,
        CaptionPiece::Inaudible => INAUDIBLE,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The end of the last word: a cue is shown for longer.
fn said_until(cue: &CaptionCue) -> i64 {
    match cue.pieces.last() {
        Some(CaptionPiece::Word { span, .. }) => span.end_nanos(),
        _ => cue.span.end_nanos(),
    }
}

/// The words of `captions` as plain text: a paragraph with its time after the other. The same
/// captions give the same bytes, so that a checker can compare them.
#[must_use]
pub fn transcript_text(captions: &Captions) -> String {
    let mut text = format!("{TITLE}\n\n");
    for line in LEGEND {
        text.push_str(line);
        text.push('\n');
    }
    for paragraph in paragraphs(captions) {
        text.push_str(&format!("\n{}  {}\n", paragraph.time, paragraph.text));
    }
    text
}
