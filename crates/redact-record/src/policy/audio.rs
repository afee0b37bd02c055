//! What a policy says of sound.

use redact_core::{MuteStyle, PersonalClass, ReasonCode};
use serde::Deserialize;

use crate::RecordError;
use crate::file::names::MuteStyleName;

const PADDING_MS_MAX: u32 = 60_000;

/// The rule for sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRule {
    /// What of the speech is muted.
    pub mute: SpeechRule,
    /// What replaces muted sound.
    pub style: MuteStyle,
    /// Padding at both ends of every mute, in nanoseconds.
    pub padding_nanos: i64,
    /// Why, where no rule for a class of personal data has its own reason.
    pub reason: ReasonCode,
}

/// What of the speech is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechRule {
    /// Nothing.
    None,
    /// All of it.
    Speech,
    /// Personal data of these classes, each named once, and speech that was not understood.
    Personal(Vec<PersonalRule>),
}

impl SpeechRule {
    /// `none`, `speech` or `personal`, as files spell it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Speech => "speech",
            Self::Personal(_) => "personal",
        }
    }
}

/// The rule for one class of spoken personal data: it is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalRule {
    /// The class.
    pub class: PersonalClass,
    /// Why.
    pub reason: ReasonCode,
}

impl AudioRule {
    /// The codes of the reasons in use, each with its field.
    pub(super) fn reasons(&self) -> Vec<(String, &ReasonCode)> {
        let mut reasons = vec![("audio.reason".to_owned(), &self.reason)];
        if let SpeechRule::Personal(rules) = &self.mute {
            let field = |rule: &PersonalRule| format!("audio.personal {:?}", rule.class.name());
            reasons.extend(rules.iter().map(|rule| (field(rule), &rule.reason)));
        }
        reasons
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AudioRuleFile {
    mute: Option<MuteName>,
    /// What earlier versions wrote: `true` is "speech", `false` is "none".
    mute_speech: Option<bool>,
    /// Without a list, every class is muted, for the reason of the rule for sound.
    personal: Option<Vec<PersonalRuleFile>>,
    style: MuteStyleName,
    padding_ms: u32,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MuteName {
    Speech,
    Personal,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonalRuleFile {
    class: String,
    reason: Option<String>,
}

impl TryFrom<AudioRuleFile> for AudioRule {
    type Error = RecordError;

    fn try_from(file: AudioRuleFile) -> Result<Self, RecordError> {
        if file.padding_ms > PADDING_MS_MAX {
            let expected = format!("at most {PADDING_MS_MAX}");
            let field = "audio.padding_ms";
            return Err(RecordError::field(field, file.padding_ms, expected));
        }
        let mute = match (file.mute, file.mute_speech) {
            (Some(mute), None) => mute,
            (None, Some(true)) => MuteName::Speech,
            (None, Some(false)) => MuteName::None,
            (found, _) => {
                let found = found.map_or("neither", |_| "both");
                let expected = "either mute or mute_speech";
                return Err(RecordError::field("audio", found, expected));
            }
        };
        let reason = ReasonCode(file.reason);
        let mute = match (mute, file.personal) {
            (MuteName::Personal, rules) => SpeechRule::Personal(personal_rules(rules, &reason)?),
            (MuteName::Speech, None) => SpeechRule::Speech,
            (MuteName::None, None) => SpeechRule::None,
            (_, Some(_)) => {
                let expected = "only with mute = \"personal\"";
                return Err(RecordError::field("audio.personal", "a list", expected));
            }
        };
        Ok(Self {
            mute,
            style: file.style.into(),
            padding_nanos: i64::from(file.padding_ms) * 1_000_000,
            reason,
        })
    }
}

/// One rule per named class, in the order of [`PersonalClass::ALL`].
fn personal_rules(
    files: Option<Vec<PersonalRuleFile>>,
    reason: &ReasonCode,
) -> Result<Vec<PersonalRule>, RecordError> {
    let Some(files) = files else {
        let rule = |class| PersonalRule {
            class,
            reason: reason.clone(),
        };
        return Ok(PersonalClass::ALL.into_iter().map(rule).collect());
    };
    let mut rules: Vec<PersonalRule> = Vec::with_capacity(files.len());
    for file in files {
        let wrong = |expected: String| {
            RecordError::field(
                "audio.personal, class",
                format!("{:?}", file.class),
                expected,
            )
        };
        let class = PersonalClass::from_name(&file.class).ok_or_else(|| {
            let known: Vec<&str> = PersonalClass::ALL
                .iter()
                .map(|class| class.name())
                .collect();
            wrong(format!("one of {}", known.join(", ")))
        })?;
        if rules.iter().any(|known| known.class == class) {
            return Err(wrong("each class once".into()));
        }
        rules.push(PersonalRule {
            class,
            reason: file.reason.map_or_else(|| reason.clone(), ReasonCode),
        });
    }
    if rules.is_empty() {
        let expected = "at least one class, or no list for every class";
        return Err(RecordError::field(
            "audio.personal",
            "an empty list",
            expected,
        ));
    }
    rules.sort_by_key(|rule| rule.class);
    Ok(rules)
}
