//! Policies, as reviews use them and as the API returns them.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use redact_core::{Class, Digest, PolicyRef, Reason, ReasonCode, Verdict};
use redact_record::policy;
use redact_record::reasons::ReasonPurpose;
use serde::{Deserialize, Serialize};

use super::document::{ClassName, Effect, Style};
use super::law::{Law, LawSets};
use super::spoken::PersonalClassName;
use crate::api_error::{ApiError, ApiResult};
use crate::error::DeskError;

/// A policy as it is written, and as the API returns it.
pub(crate) type KnownPolicy = Arc<(policy::Policy, Policy)>;

/// The policies for new reviews. A version that is put into force takes the place of an earlier
/// one.
pub(crate) struct Policies {
    all: RwLock<Vec<KnownPolicy>>,
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
    /// The law of the request, if the desk knows it.
    #[serde(default)]
    pub(crate) law: Option<Law>,
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
    /// What it may be used for. Absent only in policies that earlier versions stored, until they
    /// are loaded.
    #[serde(rename = "for", default)]
    #[cfg_attr(test, ts(as = "PurposeName"))]
    pub(crate) purpose: Option<PurposeName>,
    /// Keys of the laws under which it applies; empty: any.
    #[serde(default)]
    pub(crate) laws: Vec<String>,
    /// Whether it applies under the law of the request.
    #[serde(default = "fits")]
    pub(crate) fits: bool,
    /// The set of reasons that it comes from, if the policy does not name that set.
    #[serde(skip)]
    pub(crate) set: Option<String>,
}

const fn fits() -> bool {
    true
}

/// What a reason may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReasonPurpose"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum PurposeName {
    Hide,
    Keep,
    Both,
}

impl From<ReasonPurpose> for PurposeName {
    fn from(purpose: ReasonPurpose) -> Self {
        match purpose {
            ReasonPurpose::Hide => Self::Hide,
            ReasonPurpose::Keep => Self::Keep,
            ReasonPurpose::Both => Self::Both,
        }
    }
}

impl ReasonText {
    /// A reason, with what it is for and where it applies.
    pub(crate) fn new(reason: &Reason, purpose: ReasonPurpose, laws: &[String]) -> Self {
        Self {
            code: reason.code.0.clone(),
            statute: reason.statute.clone(),
            text: reason.text.clone(),
            purpose: Some(purpose.into()),
            laws: laws.to_vec(),
            fits: true,
            set: None,
        }
    }

    /// Whether it may be used to keep, or to hide.
    pub(crate) fn is_for(&self, keep: bool) -> bool {
        match self.purpose {
            Some(PurposeName::Hide) => !keep,
            Some(PurposeName::Keep) => keep,
            Some(PurposeName::Both) | None => true,
        }
    }
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
        let mut policy = Self { rules, ..policy };
        if policy.reasons.iter().any(|known| known.purpose.is_none()) {
            let written = policy::embedded(&policy.reference()?)?;
            for known in &mut policy.reasons {
                let code = ReasonCode(known.code.clone());
                known.purpose = Some(written.purpose(&code).into());
            }
        }
        Ok(policy)
    }

    /// The policy for a request under `law`: with the reasons of all sets, marked whether they
    /// apply under that law, and with the law's own reasons where the policy cites another law.
    pub(crate) fn under(mut self, law: Option<Law>, sets: &LawSets) -> Self {
        let key = law.as_ref().map(|law| law.key.as_str());
        for set in sets.of_laws() {
            for listed in &set.reasons {
                if self.reason(&listed.reason.code.0).is_none() {
                    self.reasons.push(ReasonText {
                        set: Some(set.name.clone()),
                        ..ReasonText::new(&listed.reason, listed.purpose, &set.laws)
                    });
                }
            }
        }
        // Where nothing is written for that law, there is nothing else to choose.
        let of_law = |known: &ReasonText| {
            known.is_for(false) && key.is_some_and(|key| known.laws.iter().any(|own| own == key))
        };
        let covered = self.reasons.iter().any(of_law);
        for known in &mut self.reasons {
            let applies = known.laws.is_empty()
                || key.is_some_and(|key| known.laws.iter().any(|own| own == key));
            known.fits = if covered {
                applies
            } else {
                known.set.is_none()
            };
        }
        self.law = law.map(|law| Law { covered, ..law });
        if let Some(law) = self.law.as_ref().filter(|law| law.covered) {
            let defaults = sets.defaults(&law.key);
            let fits = |code: &str| self.reasons.iter().any(|own| own.code == code && own.fits);
            for rule in &mut self.classes {
                let replaced = defaults.class(rule.class.into());
                if let (false, VerdictName::Redact, Some(code)) =
                    (fits(&rule.reason), rule.verdict, replaced)
                {
                    code.clone_into(&mut rule.reason);
                }
            }
            let audio = &mut self.audio;
            let spoken = audio.personal.iter_mut().map(|rule| &mut rule.reason);
            for reason in spoken.chain([&mut audio.reason]) {
                if let (false, Some(code)) = (fits(reason), defaults.speech()) {
                    code.clone_into(reason);
                }
            }
        }
        self
    }

    /// The reason with that code.
    pub(crate) fn reason(&self, code: &str) -> Option<&ReasonText> {
        self.reasons.iter().find(|known| known.code == code)
    }

    /// The reasons of a plan whose items use `used`: the policy's own, and all of each other set
    /// that one of them is from. It does not depend on the law of the request, so an approval does
    /// not either.
    pub(crate) fn reasons_of_plan(&self, used: &[&str]) -> Vec<Reason> {
        let sets: Vec<&String> = used
            .iter()
            .filter_map(|code| self.reason(code)?.set.as_ref())
            .collect();
        let all = self.reasons.iter();
        all.filter(|known| known.set.as_ref().is_none_or(|set| sets.contains(&set)))
            .map(Into::into)
            .collect()
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

    /// The policy parsed from its text, with this policy's reasons to mute speech.
    ///
    /// # Errors
    /// 500 if the stored text is not a policy.
    pub(crate) fn written(&self) -> ApiResult<policy::Policy> {
        let mut written = policy::embedded(&self.reference()?)?;
        written.audio.reason = ReasonCode(self.audio.reason.clone());
        if let policy::SpeechRule::Personal(rules) = &mut written.audio.mute {
            for rule in rules {
                let own = self.audio.personal.iter();
                let mut own = own.filter(|own| own.class == rule.class.into());
                if let Some(own) = own.next() {
                    rule.reason = ReasonCode(own.reason.clone());
                }
            }
        }
        Ok(written)
    }

    /// The reason to mute speech.
    pub(crate) fn speech_reason(&self) -> &str {
        &self.audio.reason
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
        let reason = |reason: &Reason| {
            let code = &reason.code;
            ReasonText::new(reason, policy.purpose(code), policy.laws_of(code))
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
            law: None,
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
            all.push(Arc::new((policy, shown)));
        }
        if all.is_empty() {
            return Err(none());
        }
        Ok(Self {
            all: RwLock::new(all),
        })
    }

    /// All policies.
    pub(crate) fn all(&self) -> Vec<KnownPolicy> {
        self.all
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The policy of every recording's first review.
    pub(crate) fn first(&self) -> KnownPolicy {
        let all = self.all();
        let public = all.iter().find(|known| known.0.name == "public-release");
        Arc::clone(public.unwrap_or(&all[0]))
    }

    /// The policy with that digest, if new reviews may use it.
    pub(crate) fn get(&self, digest: &str) -> Option<KnownPolicy> {
        self.all()
            .into_iter()
            .find(|known| known.1.head.digest == digest)
    }

    /// The policy with that name.
    pub(crate) fn named(&self, name: &str) -> Option<KnownPolicy> {
        self.all().into_iter().find(|known| known.0.name == name)
    }

    /// Puts a version into force: in the place of the policy with its name, or after all others.
    pub(crate) fn put(&self, policy: policy::Policy) {
        let shown = Policy::from(&policy);
        let new = Arc::new((policy, shown));
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|known| known.0.name == new.0.name) {
            Some(known) => *known = new,
            None => all.push(new),
        }
    }
}
