//! Policies: which classes are hidden, how, and under which law, as strict TOML.

mod audio;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redact_core::{
    Class, Digest, Effect, MaskOrigin, Plan, PolicyRef, Reason, ReasonCode, Verdict,
};
use serde::Deserialize;

use crate::file::names::{ClassName, EffectFile};
use crate::file::reason::{ReasonFile, read_reasons};
use crate::json::check_text;
use crate::reasons::ReasonPurpose;
use crate::{RecordError, digest_bytes, reasons, store, toml_file};
use audio::AudioRuleFile;
pub use audio::{AudioRule, PersonalRule, SpeechRule};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;

/// The rule for every track of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRule {
    /// The class.
    pub class: Class,
    /// Redact or keep.
    pub verdict: Verdict,
    /// The effect for tracks that are redacted, by this rule or by a person.
    pub effect: Effect,
    /// Why.
    pub reason: ReasonCode,
    /// Whether an effect other than [`Effect::Fill`] is accepted for plates and screens.
    pub accept_weak_effect: bool,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// The file's text.
    pub text: String,
    /// Its name.
    pub name: String,
    /// Its purpose, in one line.
    pub title: String,
    /// Where it applies.
    pub jurisdiction: String,
    /// What readers must know about it.
    pub note: String,
    /// Whether two different people must approve.
    pub second_person: bool,
    /// Whether each approver must sign with a trusted key of their own.
    pub signed: bool,
    /// Whether a release needs a second look.
    pub second_look: bool,
    /// The rule for sound.
    pub audio: AudioRule,
    /// Reasons with unique codes.
    pub reasons: Vec<Reason>,
    /// Keys of the laws that the policy's own reasons cite: `us-federal`. Empty if they apply under
    /// any law, as the rules of a court do.
    pub laws: Vec<String>,
    /// What a file says a reason is for; see [`Policy::purpose`].
    purposes: BTreeMap<ReasonCode, ReasonPurpose>,
    /// The laws of reasons that come from sets.
    set_laws: BTreeMap<ReasonCode, Vec<String>>,
    /// One rule per class, in the order of [`Class::ALL`].
    classes: Vec<ClassRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    // Checked earlier, against the newest supported version.
    #[serde(rename = "format_version")]
    _format_version: u32,
    name: String,
    title: String,
    jurisdiction: String,
    note: String,
    #[serde(default)]
    laws: Vec<String>,
    #[serde(default)]
    reasons_from: Vec<String>,
    approval: ApprovalRuleFile,
    #[serde(default)]
    check: CheckRuleFile,
    class: Vec<ClassRuleFile>,
    audio: AudioRuleFile,
    #[serde(default)]
    reason: Vec<PolicyReasonFile>,
}

/// A reason of the policy's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyReasonFile {
    code: String,
    statute: String,
    text: String,
    #[serde(rename = "for")]
    purpose: Option<ReasonPurpose>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalRuleFile {
    second_person: bool,
    #[serde(default)]
    signed: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRuleFile {
    second_look: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassRuleFile {
    class: ClassName,
    verdict: VerdictName,
    effect: Option<EffectFile>,
    reason: String,
    #[serde(default)]
    accept_weak_effect: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum VerdictName {
    Redact,
    Keep,
}

/// Reads a policy file and the reason sets that it names.
///
/// A policy names a set either by its file name without `.toml`, which is looked up in the folder
/// `reasons` beside the policy's folder, or by a path relative to the policy's folder.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::NewerVersion`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] with the place; [`RecordError::WeakEffect`];
/// [`RecordError::ReasonSet`] with the set that cannot be used.
pub fn read(path: &Path) -> Result<Policy, RecordError> {
    parse(&store::read(path, BYTES_MAX)?, path)
}

/// Parses the policy file at `path` and reads its reason sets, which are looked up from there.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Policy, RecordError> {
    let (mut policy, sets) = without_sets(bytes)?;
    add_sets(&mut policy, &sets, path)?;
    policy.check_reasons()?;
    Ok(policy)
}

/// The policy that is embedded in a plan or a manifest. Reason sets are not read, so it has only
/// the policy's own reasons.
///
/// # Errors
/// [`RecordError::Mismatch`] if the text has another digest or the policy another name; those of
/// [`read`].
pub fn embedded(policy: &PolicyRef) -> Result<Policy, RecordError> {
    #[cfg(test)]
    crate::counts::parsed();
    let same = |what, found: String, expected: String| {
        if found == expected {
            return Ok(());
        }
        Err(RecordError::Mismatch {
            what,
            found,
            expected,
        })
    };
    let (read, _) = without_sets(policy.rules.as_bytes())?;
    let expected = policy.digest.to_string();
    same(
        "SHA-256 of the policy's text",
        read.digest.to_string(),
        expected,
    )?;
    same("name of the policy", policy.name.clone(), read.name.clone())?;
    Ok(read)
}

/// A policy with only its own reasons, and the names of its reason sets.
fn without_sets(bytes: &[u8]) -> Result<(Policy, Vec<String>), RecordError> {
    let file: PolicyFile = toml_file::parse(bytes, VERSION)?;
    for (field, value) in [
        ("name", &file.name),
        ("title", &file.title),
        ("jurisdiction", &file.jurisdiction),
        ("note", &file.note),
    ] {
        check_text(field, value, 2000)?;
    }
    reasons::check_laws(&file.laws)?;
    let given = file.reason.iter();
    let purposes = given.filter_map(|own| Some((ReasonCode(own.code.clone()), own.purpose?)));
    let purposes = purposes.collect();
    let own = |own: PolicyReasonFile| ReasonFile {
        code: own.code,
        statute: own.statute,
        text: own.text,
    };
    let policy = Policy {
        laws: file.laws,
        purposes,
        set_laws: BTreeMap::new(),
        digest: digest_bytes(bytes),
        text: String::from_utf8_lossy(bytes).into_owned(),
        classes: class_rules(&file.class)?,
        audio: file.audio.try_into()?,
        reasons: read_reasons(file.reason.into_iter().map(own).collect())?,
        name: file.name,
        title: file.title,
        jurisdiction: file.jurisdiction,
        note: file.note,
        second_person: file.approval.second_person,
        signed: file.approval.signed,
        second_look: file.check.second_look,
    };
    Ok((policy, file.reasons_from))
}

/// Adds the reasons of the sets that the policy names, after its own.
fn add_sets(policy: &mut Policy, sets: &[String], path: &Path) -> Result<(), RecordError> {
    let read = |name: &String| {
        reasons::read(&set_path(name, path)).map_err(|source| RecordError::ReasonSet {
            name: name.clone(),
            source: Box::new(source),
        })
    };
    let sets: Vec<reasons::ReasonSet> = sets.iter().map(read).collect::<Result<_, _>>()?;
    let all = reasons::combine(std::mem::take(&mut policy.reasons), &sets)?;
    // Plans must be able to contain all of them, so invalid ones are errors here.
    policy.reasons = read_reasons(all.iter().map(Into::into).collect())?;
    for set in sets {
        for listed in set.reasons {
            let code = listed.reason.code;
            policy.purposes.insert(code.clone(), listed.purpose);
            policy.set_laws.insert(code, set.laws.clone());
        }
    }
    Ok(())
}

/// Path of the reason set `name` of the policy file `policy`.
fn set_path(name: &str, policy: &Path) -> PathBuf {
    let folder = policy.parent().unwrap_or(Path::new(""));
    if name.contains('/') || name.ends_with(".toml") {
        return folder.join(name);
    }
    // `folder/..` would be wrong for a policy that is given without a folder or through a link.
    let real = std::fs::canonicalize(policy).unwrap_or_else(|_| policy.to_owned());
    let beside = real.parent().and_then(Path::parent).map(Path::to_owned);
    beside
        .unwrap_or_else(|| folder.join(".."))
        .join("reasons")
        .join(format!("{name}.toml"))
}

fn class_rules(files: &[ClassRuleFile]) -> Result<Vec<ClassRule>, RecordError> {
    Class::ALL
        .into_iter()
        .map(|class| match named_once(class, files) {
            // A vehicle is the fallback for its plate, so the plate's rule applies.
            Ok(None) if class == Class::Vehicle => {
                let plate = named_once(Class::Plate, files)?;
                let rule = class_rule(class, plate.ok_or_else(|| times_named(class, 0))?)?;
                Ok(ClassRule {
                    accept_weak_effect: false,
                    ..rule
                })
            }
            Ok(None) => Err(times_named(class, 0)),
            Ok(Some(file)) => class_rule(class, file),
            Err(error) => Err(error),
        })
        .collect()
}

/// An effect as text, for errors and records.
pub(crate) fn effect_text(effect: Effect) -> String {
    match effect {
        Effect::Fill => effect.name().to_owned(),
        Effect::Pixelate(cells) | Effect::Blur(cells) => {
            format!("{}, {} cells", effect.name(), cells.across())
        }
    }
}

/// The rule for `class`, if there is one.
fn named_once(
    class: Class,
    files: &[ClassRuleFile],
) -> Result<Option<&ClassRuleFile>, RecordError> {
    let mut named = files.iter().filter(|file| Class::from(file.class) == class);
    match (named.next(), named.count()) {
        (found, 0) => Ok(found),
        (_, others) => Err(times_named(class, others + 1)),
    }
}

fn times_named(class: Class, times: usize) -> RecordError {
    RecordError::field(
        format!("class {class}"),
        format!("{times} rules"),
        "exactly one",
    )
}

fn class_rule(class: Class, file: &ClassRuleFile) -> Result<ClassRule, RecordError> {
    let at = format!("class {class}, effect");
    let effect = match (file.verdict, file.effect) {
        (VerdictName::Redact, None) => {
            return Err(RecordError::field(
                at,
                "none",
                "an effect, because the verdict is redact",
            ));
        }
        (VerdictName::Keep, None) => Effect::Fill,
        (_, Some(effect)) => effect.effect_at(&at)?,
    };
    if effect.is_weak_for(class) && !file.accept_weak_effect {
        return Err(RecordError::WeakEffect {
            item: format!("class {class}"),
            effect: effect.name(),
            class,
        });
    }
    Ok(ClassRule {
        class,
        verdict: match file.verdict {
            VerdictName::Redact => Verdict::Redact(effect),
            VerdictName::Keep => Verdict::Keep,
        },
        effect,
        reason: ReasonCode(file.reason.clone()),
        accept_weak_effect: file.accept_weak_effect,
    })
}

impl Policy {
    /// The rule for `class`.
    #[must_use]
    pub fn rule(&self, class: Class) -> &ClassRule {
        self.classes
            .iter()
            .find(|rule| rule.class == class)
            .expect("a policy has a rule for every class")
    }

    /// What the reason `code` may be used for. Where no file says it, the rules do: what hides a
    /// class or mutes speech is for hiding, what keeps a class is for keeping. A reason that no
    /// rule uses may then be used for either.
    #[must_use]
    pub fn purpose(&self, code: &ReasonCode) -> ReasonPurpose {
        if let Some(purpose) = self.purposes.get(code) {
            return *purpose;
        }
        let by = |keeps: bool| {
            let of = |rule: &&ClassRule| (rule.verdict == Verdict::Keep) == keeps;
            self.classes
                .iter()
                .filter(of)
                .any(|rule| rule.reason == *code)
        };
        let mutes = self.audio.reasons().iter().any(|(_, used)| *used == code);
        match (by(false) || mutes, by(true)) {
            (true, false) => ReasonPurpose::Hide,
            (false, true) => ReasonPurpose::Keep,
            (true, true) | (false, false) => ReasonPurpose::Both,
        }
    }

    /// Keys of the laws under which the reason `code` applies. Empty: any.
    #[must_use]
    pub fn laws_of(&self, code: &ReasonCode) -> &[String] {
        self.set_laws.get(code).unwrap_or(&self.laws)
    }

    /// Classes for which a weak effect is accepted.
    #[must_use]
    pub fn weak_effects_accepted(&self) -> Vec<Class> {
        let accepted = |rule: &&ClassRule| rule.accept_weak_effect;
        self.classes
            .iter()
            .filter(accepted)
            .map(|rule| rule.class)
            .collect()
    }

    /// Checks that `plan`, which a person may have edited, is not weaker than this policy.
    ///
    /// # Errors
    /// [`RecordError::WeakEffect`], [`RecordError::WeakerThanPolicy`]; [`RecordError::Mismatch`] if
    /// the plan was made with another policy, requires fewer people or accepts weaker effects.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), RecordError> {
        if plan.policy.digest != self.digest {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the plan's policy",
                found: plan.policy.digest.to_string(),
                expected: self.digest.to_string(),
            });
        }
        if self.second_person && !plan.second_person {
            return Err(RecordError::Mismatch {
                what: "second_person",
                found: "false".into(),
                expected: "true, as the policy requires".into(),
            });
        }
        for &class in &plan.weak_effects_accepted {
            if !self.rule(class).accept_weak_effect {
                return Err(RecordError::Mismatch {
                    what: "weak_effects_accepted",
                    found: class.name().into(),
                    expected: "only classes with accept_weak_effect in the policy".into(),
                });
            }
        }
        let decided = plan.tracks.iter().filter_map(|planned| {
            let verdict = planned.decision.as_ref()?.verdict;
            Some((planned.track.class(), planned.track.id(), verdict))
        });
        for (class, id, verdict) in decided {
            let Verdict::Redact(effect) = verdict else {
                continue;
            };
            self.check_effect(|| format!("track {id}"), class, effect)?;
        }
        debug_assert!(
            plan.drawn
                .iter()
                .all(|mask| mask.origin() == MaskOrigin::Drawn)
        );
        Ok(())
    }

    /// Checks that `effect` is accepted for `class` and not weaker than the policy's own; `item`
    /// names the track or mask in errors.
    ///
    /// # Errors
    /// [`RecordError::WeakEffect`], [`RecordError::WeakerThanPolicy`].
    pub(crate) fn check_effect(
        &self,
        item: impl Fn() -> String,
        class: Class,
        effect: Effect,
    ) -> Result<(), RecordError> {
        let rule = self.rule(class);
        if effect.is_weak_for(class) && !rule.accept_weak_effect {
            return Err(RecordError::WeakEffect {
                item: item(),
                effect: effect.name(),
                class,
            });
        }
        match rule.verdict {
            Verdict::Redact(own) if effect.is_weaker_than(own) && !rule.accept_weak_effect => {
                Err(RecordError::WeakerThanPolicy {
                    item: item(),
                    effect: effect_text(effect),
                    policy: effect_text(own),
                })
            }
            _ => Ok(()),
        }
    }

    fn check_reasons(&self) -> Result<(), RecordError> {
        let used = self
            .classes
            .iter()
            .map(|rule| (format!("class {}, reason", rule.class), &rule.reason))
            .chain(self.audio.reasons());
        for (field, code) in used {
            if !self.reasons.iter().any(|reason| reason.code == *code) {
                let found = format!("{:?}", code.0);
                return Err(RecordError::field(field, found, "the code of a [[reason]]"));
            }
        }
        Ok(())
    }
}
