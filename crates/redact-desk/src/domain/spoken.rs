//! What a reviewer made of a transcript: corrected words, and proposals that were checked. They
//! refer to the transcript of the findings by number.

use redact_core::{
    CaptionWord, Findings, PersonalClass, TimeSpan, Transcript, Unclear, UnclearCause, Voice,
};
use redact_record::captions::is_word;
use redact_record::plan::caption_words;
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, ApiResult};

/// A word that a reviewer corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct WordEdit {
    /// Voice of the transcript, and the word's place in it, counted from 0.
    pub(crate) voice: usize,
    pub(crate) word: usize,
    /// What was said.
    pub(crate) text: String,
    /// Who corrected it. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) by: Option<String>,
    /// When, as RFC 3339 in UTC. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) at: Option<String>,
}

/// The two lists of a voice that proposals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum ItemKind {
    /// Speech that was not understood.
    Unclear,
    /// Personal data.
    Personal,
}

/// A proposal that a reviewer listened to and decided. The mutes say what is muted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedItem {
    /// Voice of the transcript, counted from 0.
    pub(crate) voice: usize,
    pub(crate) kind: ItemKind,
    /// Its place in the voice's list, counted from 0.
    pub(crate) item: usize,
    /// Whether the reviewer wants it muted.
    pub(crate) muted: bool,
    /// Who checked it. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) by: Option<String>,
    /// When, as RFC 3339 in UTC. Values from the page are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) at: Option<String>,
}

impl WordEdit {
    const fn place(&self) -> (usize, usize) {
        (self.voice, self.word)
    }
}

impl CheckedItem {
    const fn place(&self) -> (usize, ItemKind, usize) {
        (self.voice, self.kind, self.item)
    }
}

/// Attributes corrections to `name` at `when`. Those that are unchanged since `before` stay
/// attributed as they were.
pub(crate) fn attribute_words(words: &mut [WordEdit], before: &[WordEdit], by: (&str, &str)) {
    for edit in words {
        let known = before.binary_search_by_key(&edit.place(), WordEdit::place);
        let known = known.ok().map(|at| &before[at]);
        (edit.by, edit.at) = match known.filter(|known| known.text == edit.text) {
            Some(known) => (known.by.clone(), known.at.clone()),
            None => (Some(by.0.to_owned()), Some(by.1.to_owned())),
        };
    }
}

/// Attributes checked proposals in the same way.
pub(crate) fn attribute_items(items: &mut [CheckedItem], before: &[CheckedItem], by: (&str, &str)) {
    for item in items {
        let known = before.binary_search_by_key(&item.place(), CheckedItem::place);
        let known = known.ok().map(|at| &before[at]);
        (item.by, item.at) = match known.filter(|known| known.muted == item.muted) {
            Some(known) => (known.by.clone(), known.at.clone()),
            None => (Some(by.0.to_owned()), Some(by.1.to_owned())),
        };
    }
}

/// Refuses lists that are not in order, and words that captions cannot have.
///
/// # Errors
/// 400 with the field.
pub(crate) fn check_lists(words: &[WordEdit], items: &[CheckedItem]) -> ApiResult<()> {
    let order = "Expected each place once, in ascending order.";
    if !words.is_sorted_by(|a, b| a.place() < b.place()) {
        return Err(ApiError::field("document.words", order));
    }
    if !items.is_sorted_by(|a, b| a.place() < b.place()) {
        return Err(ApiError::field("document.checked_items", order));
    }
    let fits = |text: &str| text.trim() == text && is_word(text);
    match words.iter().find(|edit| !fits(&edit.text)) {
        None => Ok(()),
        Some(WordEdit { voice, word, .. }) => {
            let field = format!("document.words, voice {voice}, word {word}, text");
            let expected = "Expected 1 to 200 characters on one line, without spaces around them.";
            Err(ApiError::field(field, expected))
        }
    }
}

/// The words of the release's captions: the transcript with the reviewer's corrections. `None` if
/// nothing was transcribed.
///
/// # Errors
/// 400 with the field that refers to no word or proposal of the transcript.
pub(crate) fn captions(
    findings: &Findings,
    words: &[WordEdit],
    items: &[CheckedItem],
) -> ApiResult<Option<Vec<CaptionWord>>> {
    let voices = findings
        .transcript
        .as_ref()
        .map_or(&[][..], |said| &said.voices);
    for item in items {
        let known = voices.get(item.voice).map(|voice| match item.kind {
            ItemKind::Unclear => voice.unclear.len(),
            ItemKind::Personal => voice.personal.len(),
        });
        if known.is_none_or(|count| item.item >= count) {
            let field = format!("document.checked_items, voice {}", item.voice);
            return Err(ApiError::field(field, "Expected items of the transcript."));
        }
    }
    for edit in words {
        let voice = voices.get(edit.voice);
        if voice.is_none_or(|voice| edit.word >= voice.words.len()) {
            let field = format!("document.words, voice {}, word {}", edit.voice, edit.word);
            return Err(ApiError::field(field, "Expected a word of the transcript."));
        }
    }
    let Some(transcript) = &findings.transcript else {
        return Ok(None);
    };
    if words.is_empty() {
        return Ok(Some(caption_words(transcript)));
    }
    Ok(Some(caption_words(&corrected(transcript, words))))
}

/// The transcript with corrected words. A corrected word was understood, whatever the recognizer
/// says of it. Every edit refers to a word.
fn corrected(transcript: &Transcript, words: &[WordEdit]) -> Transcript {
    let voice = |(number, voice): (usize, &Voice)| {
        let mut voice = voice.clone();
        let mut understood = Vec::new();
        for edit in words.iter().filter(|edit| edit.voice == number) {
            let word = &mut voice.words[edit.word];
            word.text.clone_from(&edit.text);
            understood.push(word.span);
        }
        let understood = TimeSpan::merged(understood, 0);
        let unclear = voice.unclear.iter();
        voice.unclear = unclear
            .flat_map(|part| {
                let left = TimeSpan::without(&[part.span], &understood).into_iter();
                left.map(|span| Unclear { span, ..*part })
            })
            .collect();
        voice
    };
    Transcript {
        language: transcript.language.clone(),
        voices: transcript.voices.iter().enumerate().map(voice).collect(),
    }
}

/// How much of a transcript was checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SpokenSummary {
    /// Personal data that was proposed.
    proposed: usize,
    /// Stretches of speech that were not understood, and their length.
    unclear: usize,
    unclear_seconds: f64,
    /// Of both, those that nobody checked.
    unchecked: usize,
    corrected_words: usize,
}

/// How much of the transcript was checked; `None` if nothing was transcribed.
pub(crate) fn summary(
    findings: &Findings,
    words: &[WordEdit],
    items: &[CheckedItem],
) -> Option<SpokenSummary> {
    let voices = &findings.transcript.as_ref()?.voices;
    let proposed = voices.iter().map(|voice| voice.personal.len()).sum();
    let unclear = voices.iter().map(|voice| voice.unclear.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
    let unclear_seconds = redact_record::plan::unclear_nanos(findings)? as f64 / 1e9;
    Some(SpokenSummary {
        proposed,
        unclear,
        unclear_seconds,
        unchecked: (proposed + unclear).saturating_sub(items.len()),
        corrected_words: words.len(),
    })
}

/// A class of spoken personal data as spelled in files and in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PersonalClass"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PersonalClassName {
    PersonName,
    PhoneNumber,
    StreetAddress,
    EmailAddress,
    DateOfBirth,
    SocialSecurityNumber,
    IdNumber,
    LicensePlate,
    AccountNumber,
    WorkOrSchool,
}

impl From<PersonalClass> for PersonalClassName {
    fn from(class: PersonalClass) -> Self {
        match class {
            PersonalClass::PersonName => Self::PersonName,
            PersonalClass::PhoneNumber => Self::PhoneNumber,
            PersonalClass::StreetAddress => Self::StreetAddress,
            PersonalClass::EmailAddress => Self::EmailAddress,
            PersonalClass::DateOfBirth => Self::DateOfBirth,
            PersonalClass::SocialSecurity => Self::SocialSecurityNumber,
            PersonalClass::IdNumber => Self::IdNumber,
            PersonalClass::LicensePlate => Self::LicensePlate,
            PersonalClass::AccountNumber => Self::AccountNumber,
            PersonalClass::WorkOrSchool => Self::WorkOrSchool,
        }
    }
}

/// Why speech was not understood, as spelled in files and in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "UnclearCause"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnclearCauseName {
    Doubtful,
    NoWords,
    Repeated,
    OtherLanguage,
    OutOfReach,
}

impl From<UnclearCause> for UnclearCauseName {
    fn from(cause: UnclearCause) -> Self {
        match cause {
            UnclearCause::Doubtful => Self::Doubtful,
            UnclearCause::NoWords => Self::NoWords,
            UnclearCause::Repeated => Self::Repeated,
            UnclearCause::OtherLanguage => Self::OtherLanguage,
            UnclearCause::OutOfReach => Self::OutOfReach,
        }
    }
}

#[cfg(test)]
mod tests {
    use redact_core::Word;
    use serde_json::json;

    use super::*;

    fn transcript() -> Transcript {
        let word = |text: &str, at: i64| Word {
            text: text.into(),
            span: TimeSpan::new(at, at + 10).unwrap(),
            probability: 0.5,
        };
        Transcript {
            language: "en".into(),
            voices: vec![Voice {
                sound_tracks: vec![0],
                words: vec![word("my", 0), word("name", 10), word("is", 20)],
                unclear: vec![Unclear {
                    span: TimeSpan::new(5, 30).unwrap(),
                    cause: UnclearCause::Doubtful,
                }],
                personal: Vec::new(),
            }],
        }
    }

    /// Goal: what a person corrected is in the captions, although the recognizer was unsure of it;
    /// the rest of the stretch stays inaudible.
    #[test]
    fn a_corrected_word_was_understood() {
        let edit = WordEdit {
            voice: 0,
            word: 1,
            text: "game".into(),
            by: None,
            at: None,
        };
        let said = caption_words(&corrected(&transcript(), &[edit]));
        let said: Vec<(&str, i64, i64)> = said
            .iter()
            .map(|word| {
                let span = word.span;
                (word.text.as_str(), span.start_nanos(), span.end_nanos())
            })
            .collect();
        let inaudible = "[inaudible]";
        assert_eq!(
            said,
            [(inaudible, 5, 10), ("game", 10, 20), (inaudible, 20, 30)]
        );
        // The control: without the correction, nothing of it is in the captions.
        let said = caption_words(&corrected(&transcript(), &[]));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].text, inaudible);
    }

    #[test]
    fn names_are_those_of_the_files() {
        for class in PersonalClass::ALL {
            assert_eq!(json!(PersonalClassName::from(class)), class.name());
        }
        for cause in UnclearCause::ALL {
            assert_eq!(json!(UnclearCauseName::from(cause)), cause.name());
        }
    }
}
