//! Written policies, as reviews are made with them and as the page sees them.

use std::path::Path;

use redact_core::{Class, Digest, MuteStyle, PolicyRef, Reason, ReasonCode, Verdict};
use redact_record::policy;
use serde::{Deserialize, Serialize};

use super::document::{ClassName, Effect, Style};
use crate::answer::{Answer, ApiError};
use crate::error::DeskError;

/// The policies that a new review may be made with.
pub(crate) struct Policies {
    all: Vec<(policy::Policy, Policy)>,
}

/// A policy as the page sees it, and as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Policy {
    #[serde(flatten)]
    pub(crate) head: PolicyHead,
    pub(crate) classes: Vec<ClassRule>,
    pub(crate) audio: AudioRule,
    pub(crate) reasons: Vec<ReasonText>,
    /// The policy file's text, which travels with a plan; stored beside the rest.
    #[serde(skip)]
    pub(crate) rules: String,
}

/// What a list says of a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PolicyHead {
    pub(crate) digest: String,
    pub(crate) name: String,
    title: String,
    jurisdiction: String,
    note: String,
    pub(crate) second_person: bool,
    /// Whether approvals count only when they are signed. Absent in what an older desk stored.
    #[serde(default)]
    pub(crate) signed: bool,
}

impl PolicyHead {
    pub(crate) fn title(&self) -> &str {
        &self.title
    }
}

/// What is done to tracks of a class.
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

/// What is done to sound.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AudioRule {
    mute_speech: bool,
    style: Style,
    padding_seconds: f64,
    reason: String,
}

/// A reason with its law.
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
    /// A policy as it was stored: what the page sees of it, as JSON, and its text.
    ///
    /// # Errors
    /// 500 when it is none.
    pub(crate) fn stored(shown: &str, rules: String) -> Answer<Self> {
        let policy = serde_json::from_str(shown).map_err(|error| ApiError::internal(&error))?;
        Ok(Self { rules, ..policy })
    }

    /// The policy as plans name it.
    ///
    /// # Errors
    /// 500 when what was stored has no digest.
    pub(crate) fn reference(&self) -> Answer<PolicyRef> {
        Ok(PolicyRef {
            name: self.head.name.clone(),
            digest: Digest::from_hex(&self.head.digest)
                .ok_or_else(|| ApiError::internal(&"a policy without a digest"))?,
            rules: self.rules.clone(),
        })
    }

    /// The policy as it was written.
    ///
    /// # Errors
    /// 500 when what was stored is no policy.
    pub(crate) fn written(&self) -> Answer<policy::Policy> {
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

    /// Classes for which an effect that is weak for them is accepted.
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
        #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
        let padding_seconds = policy.audio.padding_nanos as f64 / 1e9;
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
            audio: AudioRule {
                mute_speech: policy.audio.mute_speech,
                style: match policy.audio.style {
                    MuteStyle::Silence => Style::Silence,
                    MuteStyle::Tone => Style::Tone,
                },
                padding_seconds,
                reason: policy.audio.reason.0.clone(),
            },
            reasons: policy.reasons.iter().map(reason).collect(),
            rules: policy.text.clone(),
        }
    }
}

impl Policies {
    /// Reads every policy of a folder.
    ///
    /// # Errors
    /// [`DeskError::NoPolicy`]; [`DeskError::Record`] for one that is wrong.
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

    /// All of them, as the page sees them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Policy> {
        self.all.iter().map(|(_, policy)| policy)
    }

    /// The one that every recording is first reviewed with.
    pub(crate) fn first(&self) -> &(policy::Policy, Policy) {
        let public = self
            .all
            .iter()
            .find(|(policy, _)| policy.name == "public-release");
        public.unwrap_or(&self.all[0])
    }

    /// The policy with that digest, when it may be used for a new review.
    pub(crate) fn get(&self, digest: &str) -> Option<&(policy::Policy, Policy)> {
        self.all
            .iter()
            .find(|(_, policy)| policy.head.digest == digest)
    }
}
