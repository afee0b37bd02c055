//! Policies, as reviews use them and as the API returns them.

use std::path::Path;

use redact_core::{Class, Digest, PolicyRef, Reason, ReasonCode, Verdict};
use redact_record::policy;
use serde::{Deserialize, Serialize};

use super::document::{ClassName, Effect, Style};
use super::spoken::PersonalClassName;
use crate::api_error::{ApiError, ApiResult};
use crate::error::DeskError;

/// The policies for new reviews.
pub(crate) struct Policies {
    all: Vec<(policy::Policy, Policy)>,
}

/// A policy as the API returns it and as the database stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Policy {
    #[serde(flatten)]
    pub(crate) head: PolicyHead,
    pub(crate) classes: Vec<ClassRule>,
    pub(crate) audio: AudioRule,
    pub(crate) reasons: Vec<ReasonText>,
    /// The policy file's text, which is part of a plan; stored separately.
    #[serde(skip)]
    pub(crate) rules: String,
}

/// A policy as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PolicyHead {
    pub(crate) digest: String,
    pub(crate) name: String,
    title: String,
    jurisdiction: String,
    note: String,
    pub(crate) second_person: bool,
    /// Whether only signed approvals count. Absent in policies that earlier versions stored.
    #[serde(default)]
    pub(crate) signed: bool,
}

impl PolicyHead {
    pub(crate) fn title(&self) -> &str {
        &self.title
    }
}

/// The rule for tracks of a class.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ClassRule {
    pub(crate) class: ClassName,
    pub(crate) verdict: VerdictName,
    pub(crate) effect: Effect,
    pub(crate) reason: String,
    pub(crate) accept_weak_effect: bool,
}

/// Hide or keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictName {
    Redact,
    Keep,
}

/// The rule for sound.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AudioRule {
    mute: SpeechMute,
    /// Classes that are muted, where `mute` is `personal`.
    personal: Vec<PersonalReason>,
    style: Style,
    padding_seconds: f64,
    reason: String,
}

/// What of the speech is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub(crate) enum SpeechMute {
    Speech,
    Personal,
    None,
}

/// A class of spoken personal data that is muted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PersonalReason {
    class: PersonalClassName,
    reason: String,
}

/// The rule for sound as the database stores it.
#[derive(Deserialize)]
struct StoredAudioRule {
    mute: Option<SpeechMute>,
    /// What earlier versions stored.
    #[serde(default)]
    mute_speech: bool,
    #[serde(default)]
    personal: Vec<PersonalReason>,
    style: Style,
    padding_seconds: f64,
    reason: String,
}

impl<'de> Deserialize<'de> for AudioRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredAudioRule::deserialize(deserializer)?;
        let earlier = if stored.mute_speech {
            SpeechMute::Speech
        } else {
            SpeechMute::None
        };
        Ok(Self {
            mute: stored.mute.unwrap_or(earlier),
            personal: stored.personal,
            style: stored.style,
            padding_seconds: stored.padding_seconds,
            reason: stored.reason,
        })
    }
}

impl AudioRule {
    fn of(audio: &policy::AudioRule) -> Self {
        let (mute, rules) = match &audio.mute {
            policy::SpeechRule::Speech => (SpeechMute::Speech, &[][..]),
            policy::SpeechRule::Personal(rules) => (SpeechMute::Personal, rules.as_slice()),
            policy::SpeechRule::None => (SpeechMute::None, &[][..]),
        };
        let personal = rules.iter().map(|rule| PersonalReason {
            class: rule.class.into(),
            reason: rule.reason.0.clone(),
        });
        #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
        let padding_seconds = audio.padding_nanos as f64 / 1e9;
        Self {
            mute,
            personal: personal.collect(),
            style: audio.style.into(),
            padding_seconds,
            reason: audio.reason.0.clone(),
        }
    }
}

/// A reason with its statute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Reason"))]
pub(crate) struct ReasonText {
    pub(crate) code: String,
    pub(crate) statute: String,
    pub(crate) text: String,
}

impl From<&ReasonText> for Reason {
    fn from(reason: &ReasonText) -> Self {
        Self {
            code: ReasonCode(reason.code.clone()),
            statute: reason.statute.clone(),
            text: reason.text.clone(),
        }
    }
}

impl Policy {
    /// A policy from its stored JSON and text.
    ///
    /// # Errors
    /// 500 if the JSON is not a policy.
    pub(crate) fn stored(shown: &str, rules: String) -> ApiResult<Self> {
        let policy = serde_json::from_str(shown).map_err(|error| ApiError::internal(&error))?;
        Ok(Self { rules, ..policy })
    }

    /// The policy as plans refer to it.
    ///
    /// # Errors
    /// 500 if the stored digest is invalid.
    pub(crate) fn reference(&self) -> ApiResult<PolicyRef> {
        Ok(PolicyRef {
            name: self.head.name.clone(),
            digest: Digest::from_hex(&self.head.digest)
                .ok_or_else(|| ApiError::internal(&"a policy without a digest"))?,
            rules: self.rules.clone(),
        })
    }

    /// The policy parsed from its text.
    ///
    /// # Errors
    /// 500 if the stored text is not a policy.
    pub(crate) fn written(&self) -> ApiResult<policy::Policy> {
        Ok(policy::embedded(&self.reference()?)?)
    }

    /// The rule for `class`.
    pub(crate) fn rule(&self, class: Class) -> &ClassRule {
        let found = self
            .classes
            .iter()
            .find(|rule| Class::from(rule.class) == class);
        found.expect("a policy names every class")
    }

    /// Classes for which the policy accepts weak effects.
    pub(crate) fn weak_effects_accepted(&self) -> Vec<Class> {
        let accepted = self.classes.iter().filter(|rule| rule.accept_weak_effect);
        accepted.map(|rule| rule.class.into()).collect()
    }
}

impl From<&policy::Policy> for Policy {
    fn from(policy: &policy::Policy) -> Self {
        let rule = |class| {
            let rule = policy.rule(class);
            ClassRule {
                class: class.into(),
                verdict: match rule.verdict {
                    Verdict::Redact(_) => VerdictName::Redact,
                    Verdict::Keep | Verdict::Reject => VerdictName::Keep,
                },
                effect: rule.effect.into(),
                reason: rule.reason.0.clone(),
                accept_weak_effect: rule.accept_weak_effect,
            }
        };
        let reason = |reason: &Reason| ReasonText {
            code: reason.code.0.clone(),
            statute: reason.statute.clone(),
            text: reason.text.clone(),
        };
        Self {
            head: PolicyHead {
                digest: policy.digest.to_string(),
                name: policy.name.clone(),
                title: policy.title.clone(),
                jurisdiction: policy.jurisdiction.clone(),
                note: policy.note.clone(),
                second_person: policy.second_person,
                signed: policy.signed,
            },
            classes: Class::ALL.into_iter().map(rule).collect(),
            audio: AudioRule::of(&policy.audio),
            reasons: policy.reasons.iter().map(reason).collect(),
            rules: policy.text.clone(),
        }
    }
}

impl Policies {
    /// Reads all policies of a folder.
    ///
    /// # Errors
    /// [`DeskError::NoPolicy`]; [`DeskError::Record`] for an invalid one.
    pub(crate) fn read(folder: &Path) -> Result<Self, DeskError> {
        let none = || DeskError::NoPolicy {
            folder: folder.to_owned(),
        };
        let entries = std::fs::read_dir(folder).map_err(|_| none())?;
        let mut files: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .collect();
        files.sort();
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            let policy = policy::read(&file)?;
            let shown = Policy::from(&policy);
            all.push((policy, shown));
        }
        if all.is_empty() {
            return Err(none());
        }
        Ok(Self { all })
    }

    /// All policies as the API returns them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.all.iter().map(|(_, policy)| policy)
    }

    /// The policy of every recording's first review.
    pub(crate) fn first(&self) -> &(policy::Policy, Policy) {
        let public = self
            .all
            .iter()
            .find(|(policy, _)| policy.name == "public-release");
        public.unwrap_or(&self.all[0])
    }

    /// The policy with that digest, if new reviews may use it.
    pub(crate) fn get(&self, digest: &str) -> Option<&(policy::Policy, Policy)> {
        self.all
            .iter()
            .find(|(_, policy)| policy.head.digest == digest)
    }
}
