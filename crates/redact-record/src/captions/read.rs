//! Reading captions: strictly what [`super::write()`] writes.

use super::content::{CaptionCue, CaptionPiece, Captions, REDACTED};
use super::error::CaptionError;
use super::hidden::is_hidden;
use super::stamp::{read_stamp, span, stamp};
use super::write::{HEADER, LANGUAGE, is_language};
use crate::plan::INAUDIBLE;

/// Maximum length of captions in bytes: about a week of speech.
pub const CAPTIONS_BYTES_MAX: u64 = 64 << 20;

/// Maximum length of a word in bytes.
pub(crate) const WORD_BYTES_MAX: usize = 200;

/// Whether `text` can be a word of captions as it is: not empty, at most 200 bytes, and without
/// characters that a reader does not see.
#[must_use]
pub fn is_word(text: &str) -> bool {
    (1..=WORD_BYTES_MAX).contains(&text.len()) && !text.chars().any(is_hidden)
}

/// The most lines of a cue.
const LINES_MAX: usize = 2;

/// Reads captions. Comments, styles, settings, and text that is neither a word between two time
/// stamps nor a mark are errors, because they could carry what was muted.
///
/// # Errors
/// [`CaptionError::TooLarge`], [`CaptionError::NotText`]; [`CaptionError::Line`] and
/// [`CaptionError::Order`] with the line.
pub fn parse(bytes: &[u8]) -> Result<Captions, CaptionError> {
    let found = bytes.len() as u64;
    if found > CAPTIONS_BYTES_MAX {
        let max = CAPTIONS_BYTES_MAX;
        return Err(CaptionError::TooLarge { found, max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| CaptionError::NotText)?;
    let Some(rest) = text.strip_prefix(HEADER) else {
        return Err(CaptionError::Line {
            line: 1,
            found: "another beginning",
            expected: "the header of captions that Redact wrote",
        });
    };
    if !text.ends_with('\n') {
        return Err(CaptionError::Line {
            line: text.lines().count(),
            found: "no line break at the end",
            expected: "a line break",
        });
    }
    let mut lines = Lines {
        number: HEADER.lines().count(),
        rest: rest.split_terminator('\n').peekable(),
    };
    let mut captions = Captions::default();
    if let Some(language) = lines.rest.peek().and_then(|l| l.strip_prefix(LANGUAGE)) {
        lines.next();
        if !is_language(language) {
            return Err(lines.refuse("another text", "a language tag"));
        }
        captions.language = Some(language.to_owned());
    }
    let mut latest = 0;
    while let Some(line) = lines.next() {
        if !line.is_empty() {
            return Err(lines.refuse("text", "an empty line before a cue"));
        }
        captions.cues.push(lines.cue(&mut latest)?);
    }
    Ok(captions)
}

/// The lines that are not read yet, and the number of the last one that is.
struct Lines<'a> {
    number: usize,
    rest: std::iter::Peekable<std::str::SplitTerminator<'a, char>>,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        self.rest.next()
    }

    fn refuse(&self, found: &'static str, expected: &'static str) -> CaptionError {
        CaptionError::Line {
            line: self.number,
            found,
            expected,
        }
    }

    /// Checks that `time` is after `latest`, or the same if `same` is allowed.
    fn order(&self, time: i64, latest: &mut i64, same: bool) -> Result<(), CaptionError> {
        if time < *latest || time == *latest && !same {
            return Err(CaptionError::Order {
                line: self.number,
                time: stamp(time),
            });
        }
        *latest = time;
        Ok(())
    }

    /// A cue after its empty line. `latest` is the end of the one before.
    fn cue(&mut self, latest: &mut i64) -> Result<CaptionCue, CaptionError> {
        let times = self.next().and_then(|line| line.split_once(" --> "));
        let times = times.and_then(|(start, end)| read_stamp(start).zip(read_stamp(end)));
        let Some((start, end)) = times else {
            return Err(self.refuse("no times", "start and end of a cue, and nothing else"));
        };
        self.order(start, latest, true)?;
        let mut reading = Reading {
            latest: start,
            since: None,
            pieces: Vec::new(),
        };
        let mut count = 0;
        while self.rest.peek().is_some_and(|line| !line.is_empty()) {
            let line = self.next().unwrap_or_default();
            count += 1;
            if count > LINES_MAX {
                return Err(self.refuse("more lines", "at most two lines of text"));
            }
            self.text(line, &mut reading)?;
        }
        if reading.pieces.is_empty() {
            return Err(self.refuse("a cue without text", "words or marks"));
        }
        if reading.since.is_some() {
            return Err(self.refuse("a word without its end", "a time stamp after it"));
        }
        self.order(end, &mut reading.latest, false)?;
        *latest = end;
        let pieces = reading.pieces;
        let span = span((start, end));
        let span = span.ok_or_else(|| self.refuse("an empty cue", "an end after the start"))?;
        Ok(CaptionCue { span, pieces })
    }

    /// One line of a cue's text.
    fn text(&self, line: &str, reading: &mut Reading) -> Result<(), CaptionError> {
        let mut rest = line;
        loop {
            let (segment, after) = match rest.split_once('<') {
                None => (rest, None),
                Some((segment, after)) => (segment, Some(after)),
            };
            for word in segment.split(' ').filter(|word| !word.is_empty()) {
                self.word(word, reading)?;
            }
            let Some(after) = after else { break };
            let stamped = after.split_once('>');
            let time = stamped.and_then(|(time, rest)| Some((read_stamp(time)?, rest)));
            let Some((time, behind)) = time else {
                return Err(self.refuse("a tag", "a time stamp"));
            };
            self.order(time, &mut reading.latest, false)?;
            reading.end_word(time);
            reading.since = Some((time, None));
            rest = behind;
            // A time stamp that no word follows directly ends the word before it.
            if rest.is_empty() || rest.starts_with([' ', '<']) {
                reading.since = None;
            }
        }
        Ok(())
    }

    /// A word or a mark.
    fn word(&self, text: &str, reading: &mut Reading) -> Result<(), CaptionError> {
        match &mut reading.since {
            Some((_, word @ None)) => {
                let unescaped = unescape(text);
                let unescaped = unescaped
                    .ok_or_else(|| self.refuse("a character reference", "&amp;, &lt; or &gt;"))?;
                if !is_word(&unescaped) {
                    let expected = "at most 200 bytes of visible characters";
                    return Err(self.refuse("a word that is not shown as it is", expected));
                }
                *word = Some(unescaped);
                reading.pieces.push(CaptionPiece::Redacted);
                Ok(())
            }
            Some((_, Some(_))) => Err(self.refuse("a word without time stamps", "its start")),
            None if text == REDACTED => {
                reading.pieces.push(CaptionPiece::Redacted);
                Ok(())
            }
            None if text == INAUDIBLE => {
                reading.pieces.push(CaptionPiece::Inaudible);
                Ok(())
            }
            None => Err(self.refuse("a word without time stamps", "its start, or a mark")),
        }
    }
}

/// A cue that is being read.
struct Reading {
    /// The latest time in it.
    latest: i64,
    /// The start of a word, and the word, while its end was not read.
    since: Option<(i64, Option<String>)>,
    pieces: Vec<CaptionPiece>,
}

impl Reading {
    /// Ends the open word at `time`: its place in `pieces` is the last one.
    fn end_word(&mut self, time: i64) {
        let Some((start, Some(text))) = self.since.take() else {
            return;
        };
        if let (Some(last), Some(span)) = (self.pieces.last_mut(), span((start, time))) {
            *last = CaptionPiece::Word { text, span };
        }
    }
}

/// `text` without character references; `None` for one that is never written, and for a `>`.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '>']) {
        plain.push_str(&rest[..at]);
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        let (name, character) = known
            .iter()
            .find(|(name, _)| rest[at..].starts_with(name))?;
        plain.push(*character);
        rest = &rest[at + name.len()..];
    }
    plain.push_str(rest);
    let is_shown = |c: char| !c.is_whitespace() && !crate::json::is_invisible(c);
    plain.chars().all(is_shown).then_some(plain)
}
