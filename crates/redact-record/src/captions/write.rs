//! Writing captions.

use redact_core::CaptionWord;

use super::content::ReleaseSound;
use super::items::{Item, Shown, items};
use super::pace::{Cue, cues, text};
use super::stamp::{round_up, stamp};

/// What every file begins with, before its language.
pub(super) const HEADER: &str = "WEBVTT

NOTE
Captions of a redacted recording, made by Redact.
[redacted] stands for sound that was withheld.
[inaudible] stands for speech that was not understood.
Speakers are not named.
";

/// What the line of the language begins with.
pub(super) const LANGUAGE: &str = "Language: ";

/// Captions for a release, as a WebVTT file.
///
/// - `words`: what is said, ordered by start, from the release's first frame;
/// - `language`: of the words, as in ISO 639; left out if it is not a language tag.
///
/// A word is left out if a mute has any of the milliseconds that it touches.
#[must_use]
pub fn write(words: &[CaptionWord], sound: &ReleaseSound, language: Option<&str>) -> String {
    let mut file = HEADER.to_owned();
    if let Some(language) = language.filter(|language| is_language(language)) {
        file.push_str(LANGUAGE);
        file.push_str(language);
        file.push('\n');
    }
    for cue in cues(items(words, sound), round_up(sound.end_nanos())) {
        write_cue(&mut file, &cue);
    }
    file
}

/// Whether `text` may be a language tag (RFC 5646), as far as captions name one.
pub(super) fn is_language(text: &str) -> bool {
    let part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    text.len() <= 35 && text.split('-').all(part)
}

fn write_cue(file: &mut String, cue: &Cue) {
    file.push_str(&format!("\n{} --> {}\n", stamp(cue.start), stamp(cue.end)));
    let all: Vec<&Item> = cue.lines.iter().flatten().collect();
    let mut place = 0;
    for line in &cue.lines {
        for (number, item) in line.iter().enumerate() {
            if number > 0 {
                file.push(' ');
            }
            let next = all.get(place + 1);
            write_item(file, item, next.copied());
            place += 1;
        }
        file.push('\n');
    }
}

/// Writes a mark as it is, and a word between its times; that of its end is left out if the next
/// word begins then.
fn write_item(file: &mut String, item: &Item, next: Option<&Item>) {
    let Shown::Word(word) = &item.shown else {
        return file.push_str(text(item));
    };
    file.push_str(&format!("<{}>", stamp(item.start)));
    for character in word.chars() {
        match character {
            '&' => file.push_str("&amp;"),
            '<' => file.push_str("&lt;"),
            '>' => file.push_str("&gt;"),
            other => file.push(other),
        }
    }
    let goes_on = next.is_some_and(|next| next.is_word() && next.start == item.end);
    if !goes_on {
        file.push_str(&format!("<{}>", stamp(item.end)));
    }
}
