//! Speech and what was said: a transcript with its times, and the personal data in it.

use std::collections::BTreeMap;

use crate::TimeSpan;

/// Where somebody speaks, by sound track (an index into [`crate::SourceInfo::audio`]). Each list is
/// sorted and disjoint; a track without any may be missing.
pub type SpeechByTrack = BTreeMap<usize, Vec<TimeSpan>>;

/// One spoken word.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// As a reader sees it, with its punctuation and without spaces around it; never empty.
    pub text: String,
    /// When it is said, from the recording's zero. Times of a recognizer are off by 0.1 s or so.
    pub span: TimeSpan,
    /// How likely it is what was said, `0.0..=1.0`, as the recognizer estimates it.
    pub probability: f32,
}

/// Why a span of speech counts as not understood. Whoever mutes personal data must mute it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnclearCause {
    /// The recognizer was unsure of the words.
    Doubtful,
    /// The recognizer took speech for other sound, or returned no words for it.
    NoWords,
    /// The recognizer repeated itself, as it does where it does not understand.
    Repeated,
    /// It is in another language than the one that was asked for.
    OtherLanguage,
    /// It was not transcribed to its end.
    OutOfReach,
}

impl UnclearCause {
    /// Every cause, in the order used in tables.
    pub const ALL: [Self; 5] = [
        Self::Doubtful,
        Self::NoWords,
        Self::Repeated,
        Self::OtherLanguage,
        Self::OutOfReach,
    ];

    /// As files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Doubtful => "doubtful",
            Self::NoWords => "no-words",
            Self::Repeated => "repeated",
            Self::OtherLanguage => "other-language",
            Self::OutOfReach => "out-of-reach",
        }
    }

    /// The cause with that [`Self::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// A span of speech that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// When.
    pub span: TimeSpan,
    /// Why.
    pub cause: UnclearCause,
}

/// A kind of spoken personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonalClass {
    /// A person's name.
    PersonName,
    /// A telephone number.
    PhoneNumber,
    /// A street address.
    StreetAddress,
    /// An e-mail address.
    EmailAddress,
    /// A date of birth.
    DateOfBirth,
    /// A Social Security number.
    SocialSecurity,
    /// A driver's license or another identification number.
    IdNumber,
    /// A license plate, read out or spelled.
    LicensePlate,
    /// A bank account or card number.
    AccountNumber,
    /// A place of work or a school, where someone says it is theirs.
    WorkOrSchool,
}

impl PersonalClass {
    /// Every class, in the order used in tables.
    pub const ALL: [Self; 10] = [
        Self::PersonName,
        Self::PhoneNumber,
        Self::StreetAddress,
        Self::EmailAddress,
        Self::DateOfBirth,
        Self::SocialSecurity,
        Self::IdNumber,
        Self::LicensePlate,
        Self::AccountNumber,
        Self::WorkOrSchool,
    ];

    /// As files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonName => "person-name",
            Self::PhoneNumber => "phone-number",
            Self::StreetAddress => "street-address",
            Self::EmailAddress => "email-address",
            Self::DateOfBirth => "date-of-birth",
            Self::SocialSecurity => "social-security-number",
            Self::IdNumber => "id-number",
            Self::LicensePlate => "license-plate",
            Self::AccountNumber => "account-number",
            Self::WorkOrSchool => "work-or-school",
        }
    }

    /// The class with that [`Self::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl std::fmt::Display for PersonalClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Words in a row that are personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalItem {
    /// What they tell.
    pub class: PersonalClass,
    /// Their places in [`Voice::words`]; never empty.
    pub words: std::ops::Range<usize>,
}

/// What one signal says: a sound track, or channels of it that differ from the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voice {
    /// The sound tracks that carry the signal, counted from 0 as in the recording's information.
    pub sound_tracks: Vec<usize>,
    /// Its words, ordered by start.
    pub words: Vec<Word>,
    /// Where it was not understood, ordered by start; spans may overlap words.
    pub unclear: Vec<Unclear>,
    /// The personal data in it, ordered by first word; items may overlap.
    pub personal: Vec<PersonalItem>,
}

impl Voice {
    /// When `item` is said: from the start of its first word to the latest end of its words.
    #[must_use]
    pub fn span_of(&self, item: &PersonalItem) -> Option<TimeSpan> {
        let words = self.words.get(item.words.clone())?;
        let start = words.iter().map(|word| word.span.start_nanos()).min()?;
        let end = words.iter().map(|word| word.span.end_nanos()).max()?;
        TimeSpan::new(start, end)
    }
}

/// What was said in a recording, as a recognizer understood it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The language that the recognizer was asked for, as in ISO 639-1.
    pub language: String,
    /// Everything that was heard, by signal; all spans with speech are covered by words or are
    /// unclear.
    pub voices: Vec<Voice>,
}

/// What a recognizer made of up to 30 s of sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recognition {
    /// The words, with times in nanoseconds from the first sample.
    pub words: Vec<Word>,
    /// The most probable language, as in ISO 639-1.
    pub language: String,
    /// Its probability, `0.0..=1.0`.
    pub language_probability: f32,
    /// The probability that there is no speech, `0.0..=1.0`.
    pub silence_probability: f32,
    /// Mean natural logarithm of the tokens' probabilities: 0 or less.
    pub mean_log_probability: f32,
    /// Size of the text divided by its compressed size: much of it is repeated if it is high.
    pub compression_ratio: f32,
    /// Whether the recognizer came to the end of what was said.
    pub complete: bool,
}
