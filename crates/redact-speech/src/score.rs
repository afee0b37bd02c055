//! How well speech was understood, and how completely what is personal in it was muted.

mod alignment;

use redact_core::{PersonalClass, TimeSpan, Transcript};

use crate::score::alignment::{Alignment, align};

/// Time of an item that may stay audible though the item counts as muted: 10 ms, less than a
/// listener can make a sound of speech from.
const AUDIBLE_NANOS: i64 = 10_000_000;

/// What was really said in a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpeechTruth {
    /// Every word and when it is said.
    pub words: Vec<TrueWord>,
    /// The personal data.
    pub items: Vec<TrueItem>,
    /// Speech without personal data.
    pub clear: Vec<TimeSpan>,
}

/// A word that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueWord {
    /// As it is said: digits as words.
    pub text: String,
    /// From the recording's zero; `None` if only the words are known.
    pub span: Option<TimeSpan>,
}

/// Personal data that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrueItem {
    /// What it tells.
    pub class: PersonalClass,
    /// When.
    pub span: TimeSpan,
}

/// The score of a transcript and of mutes.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechScore {
    /// Words that were said, with every digit as one.
    pub words: usize,
    /// Words that were replaced, left out or added, the fewest that explain the transcript.
    pub word_errors: usize,
    /// Median distance between the start of a word and where the transcript has it, over the words
    /// that agree; `None` if none does.
    pub start_error_nanos: Option<i64>,
    /// The same of the ends.
    pub end_error_nanos: Option<i64>,
    /// By class, in the order of [`PersonalClass::ALL`].
    pub classes: Vec<ClassScore>,
    /// Length of the speech without personal data.
    pub clear_nanos: i64,
    /// How much of it is muted.
    pub clear_muted_nanos: i64,
    /// How much of the recording the transcript calls unclear.
    pub unclear_nanos: i64,
}

/// The score of one class of personal data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScore {
    /// The class.
    pub class: PersonalClass,
    /// Items that were said.
    pub items: usize,
    /// Of these, how many were proposed with this class, at least in part.
    pub proposed: usize,
    /// Of these, how many are muted from start to end.
    pub muted: usize,
    /// The sum of the shares of each item's time that are muted: `items` if all of it is.
    pub muted_share: f64,
    /// Proposals with this class.
    pub proposals: usize,
    /// Of these, how many meet an item of this class.
    pub right: usize,
}

impl SpeechScore {
    /// Word errors per word that was said; 0 if nothing was said.
    #[must_use]
    pub fn word_error_rate(&self) -> f64 {
        share(self.word_errors, self.words)
    }

    /// Items of all classes, and how many of them are muted from start to end.
    #[must_use]
    pub fn muted_items(&self) -> (usize, usize) {
        let items = self.classes.iter().map(|class| class.items).sum();
        (items, self.classes.iter().map(|class| class.muted).sum())
    }

    /// The share of the speech without personal data that is muted.
    #[must_use]
    pub fn clear_muted_share(&self) -> f64 {
        if self.clear_nanos == 0 {
            return 0.0;
        }
        self.clear_muted_nanos as f64 / self.clear_nanos as f64
    }
}

impl ClassScore {
    /// Recall: the share of the items that were proposed with their class.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.proposed, self.items)
    }

    /// Precision: the share of the proposals that meet an item of their class.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.right, self.proposals)
    }
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        part as f64 / of as f64
    }
}

/// Scores a transcript and the spans that are muted in a release made with it.
///
/// All words of all voices are compared with the truth, ordered by start; the truth is of a
/// recording whose tracks carry one signal, or whose truth has the words of all of them. Words are
/// compared without capitals and punctuation, and numbers digit by digit, so that "forty two" and
/// "42" agree.
#[must_use]
pub fn score(truth: &SpeechTruth, transcript: &Transcript, mutes: &[TimeSpan]) -> SpeechScore {
    let mutes = TimeSpan::merged(mutes.to_vec(), 0);
    let alignment = align(&comparable_truth(truth), &comparable_of(transcript));
    let unclear = transcript.voices.iter().flat_map(|voice| &voice.unclear);
    let unclear = TimeSpan::merged(unclear.map(|unclear| unclear.span).collect(), 0);
    let clear = TimeSpan::merged(truth.clear.clone(), 0);
    let Alignment {
        words,
        errors,
        mut starts,
        mut ends,
    } = alignment;
    SpeechScore {
        words,
        word_errors: errors,
        start_error_nanos: median(&mut starts),
        end_error_nanos: median(&mut ends),
        classes: class_scores(truth, transcript, &mutes),
        clear_nanos: clear.iter().map(|span| span.length_nanos()).sum(),
        clear_muted_nanos: clear.iter().map(|span| covered(*span, &mutes)).sum(),
        unclear_nanos: unclear.iter().map(|span| span.length_nanos()).sum(),
    }
}

fn comparable_truth(truth: &SpeechTruth) -> Vec<alignment::Heard> {
    let said = truth.words.iter();
    alignment::split(said.map(|word| (word.text.as_str(), word.span)))
}

fn comparable_of(transcript: &Transcript) -> Vec<alignment::Heard> {
    let mut words: Vec<_> = transcript
        .voices
        .iter()
        .flat_map(|voice| &voice.words)
        .collect();
    words.sort_by_key(|word| word.span.start_nanos());
    let heard = words
        .iter()
        .map(|word| (word.text.as_str(), Some(word.span)));
    alignment::split(heard)
}

fn class_scores(
    truth: &SpeechTruth,
    transcript: &Transcript,
    mutes: &[TimeSpan],
) -> Vec<ClassScore> {
    let proposals: Vec<(PersonalClass, TimeSpan)> = transcript
        .voices
        .iter()
        .flat_map(|voice| {
            let spans = voice.personal.iter();
            spans.filter_map(|item| Some((item.class, voice.span_of(item)?)))
        })
        .collect();
    let of_class = |class: PersonalClass| {
        let items: Vec<&TrueItem> = truth
            .items
            .iter()
            .filter(|item| item.class == class)
            .collect();
        let own: Vec<TimeSpan> = proposals
            .iter()
            .filter(|(proposed, _)| *proposed == class)
            .map(|(_, span)| *span)
            .collect();
        let audible = |item: &TrueItem| item.span.length_nanos() - covered(item.span, mutes);
        let share = |item: &&TrueItem| 1.0 - audible(item) as f64 / item.span.length_nanos() as f64;
        let is_muted =
            |item: &&&TrueItem| audible(item) <= AUDIBLE_NANOS.min(item.span.length_nanos() - 1);
        let is_proposed = |item: &&&TrueItem| own.iter().any(|span| meet(*span, item.span));
        let is_right = |span: &&TimeSpan| items.iter().any(|item| meet(**span, item.span));
        ClassScore {
            class,
            items: items.len(),
            proposed: items.iter().filter(is_proposed).count(),
            muted: items.iter().filter(is_muted).count(),
            muted_share: items.iter().map(share).sum(),
            proposals: own.len(),
            right: own.iter().filter(is_right).count(),
        }
    };
    PersonalClass::ALL.map(of_class).to_vec()
}

fn meet(a: TimeSpan, b: TimeSpan) -> bool {
    a.start_nanos() < b.end_nanos() && b.start_nanos() < a.end_nanos()
}

/// Nanoseconds of `span` in `spans`, which are apart.
fn covered(span: TimeSpan, spans: &[TimeSpan]) -> i64 {
    let both = |other: &TimeSpan| {
        let start = span.start_nanos().max(other.start_nanos());
        (span.end_nanos().min(other.end_nanos()) - start).max(0)
    };
    spans.iter().map(both).sum()
}

fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests;
