//! Transcripts in findings files.

use redact_core::{
    PersonalClass, PersonalItem, TimeSpan, Transcript, Unclear, UnclearCause, Voice, Word,
};
use serde::{Deserialize, Serialize};

use super::span::sound_span;
use super::text::LABEL_MAX;
use crate::RecordError;
use crate::captions::WORD_BYTES_MAX;
use crate::json::{OneLine, Seconds, check_text};

/// What was said.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscriptFile {
    language: String,
    voices: Vec<VoiceFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoiceFile {
    sound_tracks: OneLine<Vec<usize>>,
    /// `[start, end, probability, text]`, times in seconds.
    words: Vec<OneLine<(Seconds, Seconds, f32, String)>>,
    /// `[start, end, cause]`.
    unclear: Vec<OneLine<(Seconds, Seconds, String)>>,
    /// `[class, first word, number of words, start, end]`, words counted from 0.
    personal: Vec<OneLine<PersonalRow>>,
}

type PersonalRow = (String, usize, usize, Seconds, Seconds);

impl From<&Transcript> for TranscriptFile {
    fn from(transcript: &Transcript) -> Self {
        Self {
            language: transcript.language.clone(),
            voices: transcript.voices.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Voice> for VoiceFile {
    fn from(voice: &Voice) -> Self {
        let times = |span: TimeSpan| (Seconds(span.start_nanos()), Seconds(span.end_nanos()));
        let word = |word: &Word| {
            let (start, end) = times(word.span);
            OneLine((start, end, word.probability, word.text.clone()))
        };
        let unclear = |part: &Unclear| {
            let (start, end) = times(part.span);
            OneLine((start, end, part.cause.name().to_owned()))
        };
        let personal = |item: &PersonalItem| {
            let class = item.class.name().to_owned();
            let (start, end) = times(item.span);
            OneLine((class, item.words.start, item.words.len(), start, end))
        };
        Self {
            sound_tracks: OneLine(voice.sound_tracks.clone()),
            words: voice.words.iter().map(word).collect(),
            unclear: voice.unclear.iter().map(unclear).collect(),
            personal: voice.personal.iter().map(personal).collect(),
        }
    }
}

impl TranscriptFile {
    /// The transcript of a recording with so many sound tracks.
    ///
    /// # Errors
    /// [`RecordError::Field`] with the place.
    pub(crate) fn read(self, sound_tracks: usize) -> Result<Transcript, RecordError> {
        check_text("transcript, language", &self.language, LABEL_MAX)?;
        let voices = self.voices.into_iter().enumerate();
        Ok(Transcript {
            language: self.language,
            voices: voices
                .map(|(number, voice)| {
                    voice.read(&format!("transcript, voices[{number}]"), sound_tracks)
                })
                .collect::<Result<_, _>>()?,
        })
    }
}

impl VoiceFile {
    fn read(self, at: &str, sound_tracks: usize) -> Result<Voice, RecordError> {
        let OneLine(tracks) = self.sound_tracks;
        let ascending = tracks.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || tracks.last().is_none_or(|&last| last >= sound_tracks) {
            return Err(RecordError::field(
                format!("{at}, sound_tracks"),
                format!("{tracks:?}"),
                format!("numbers of the {sound_tracks} sound tracks, from 0, in ascending order"),
            ));
        }
        let words = self.words.into_iter().map(|OneLine(row)| word(at, row));
        let words: Vec<Word> = words.collect::<Result<_, _>>()?;
        let starts = words.windows(2).map(|pair| (pair[0].span, pair[1].span));
        if let Some((_, later)) = starts
            .into_iter()
            .find(|(first, second)| first.start_nanos() > second.start_nanos())
        {
            let field = format!("{at}, words");
            let found = format!("second {} out of order", Seconds(later.start_nanos()));
            return Err(RecordError::field(field, found, "words ordered by start"));
        }
        let unclear = self
            .unclear
            .into_iter()
            .map(|OneLine(row)| unclear(at, row));
        let count = words.len();
        let items = self.personal.into_iter();
        Ok(Voice {
            sound_tracks: tracks,
            unclear: unclear.collect::<Result<_, _>>()?,
            personal: items
                .map(|OneLine(row)| personal(at, row, count))
                .collect::<Result<_, _>>()?,
            words,
        })
    }
}

/// Checks a spoken word; what was said is in no error.
pub(crate) fn check_word(field: &str, text: &str) -> Result<(), RecordError> {
    check_text(field, text, WORD_BYTES_MAX).map_err(|_| {
        let found = format!("{} bytes that cannot be shown as a word", text.len());
        let expected = format!("1 to {WORD_BYTES_MAX} bytes without control characters");
        RecordError::field(field, found, expected)
    })
}

fn word(
    at: &str,
    (start, end, probability, text): (Seconds, Seconds, f32, String),
) -> Result<Word, RecordError> {
    let at = format!("{at}, word at second {start}");
    check_word(&at, &text)?;
    if !(0.0..=1.0).contains(&probability) {
        let field = format!("{at}, probability");
        return Err(RecordError::field(
            field,
            probability,
            "a number from 0 to 1",
        ));
    }
    Ok(Word {
        text,
        span: sound_span(&at, start, end)?,
        probability,
    })
}

fn unclear(
    at: &str,
    (start, end, cause): (Seconds, Seconds, String),
) -> Result<Unclear, RecordError> {
    let at = format!("{at}, unclear at second {start}");
    let cause = UnclearCause::from_name(&cause).ok_or_else(|| {
        let known: Vec<&str> = UnclearCause::ALL.iter().map(|cause| cause.name()).collect();
        RecordError::field(&at, format!("{cause:?}"), known.join(", "))
    })?;
    Ok(Unclear {
        span: sound_span(&at, start, end)?,
        cause,
    })
}

fn personal(
    at: &str,
    (class, first, count, start, end): PersonalRow,
    words: usize,
) -> Result<PersonalItem, RecordError> {
    let at = format!("{at}, personal");
    let class = PersonalClass::from_name(&class).ok_or_else(|| {
        let known: Vec<&str> = PersonalClass::ALL
            .iter()
            .map(|class| class.name())
            .collect();
        RecordError::field(&at, format!("{class:?}"), known.join(", "))
    })?;
    let last = first
        .checked_add(count)
        .filter(|&last| count > 0 && last <= words);
    let Some(last) = last else {
        let found = format!("{count} words from {first}");
        return Err(RecordError::field(
            at,
            found,
            format!("some of the {words} words"),
        ));
    };
    Ok(PersonalItem {
        class,
        words: first..last,
        span: sound_span(&at, start, end)?,
    })
}
