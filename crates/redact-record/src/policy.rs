//! Policies: which classes are hidden, how, and under which law, as strict TOML.

use std::path::{Path, PathBuf};

use redact_core::{
    Class, Digest, Effect, MaskOrigin, MuteStyle, Plan, PolicyRef, Reason, ReasonCode, Verdict,
};
use serde::Deserialize;

use crate::file::names::{ClassName, EffectFile, MuteStyleName};
use crate::file::reason::{ReasonFile, read_reasons};
use crate::json::check_text;
use crate::{RecordError, digest_bytes, reasons, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
const PADDING_MS_MAX: u32 = 60_000;

/// What is done to every track of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRule {
    /// The class.
    pub class: Class,
    /// Hide or keep.
    pub verdict: Verdict,
    /// The effect for tracks that are hidden, by this rule or by a person.
    pub effect: Effect,
    /// Why.
    pub reason: ReasonCode,
    /// Whether an effect other than [`Effect::Fill`] is accepted on plates and screens.
    pub accept_weak_effect: bool,
}

/// What is done to sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRule {
    /// Whether all speech is muted.
    pub mute_speech: bool,
    /// What replaces the sound.
    pub style: MuteStyle,
    /// Added at both ends of every mute, nanoseconds.
    pub padding_nanos: i64,
    /// Why.
    pub reason: ReasonCode,
}

/// A written policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// The file's text.
    pub text: String,
    /// Its name.
    pub name: String,
    /// What it is for, one line.
    pub title: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// What a reader must know of it.
    pub note: String,
    /// Whether two different people must approve.
    pub second_person: bool,
    /// Whether each approver must sign with a trusted key of their own.
    pub signed: bool,
    /// Whether a release needs a second look.
    pub second_look: bool,
    /// Sound.
    pub audio: AudioRule,
    /// Reasons, each code once.
    pub reasons: Vec<Reason>,
    /// One per class, in the order of [`Class::ALL`].
    classes: Vec<ClassRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    // Checked before, against the newest version that is read.
    #[serde(rename = "format_version")]
    _format_version: u32,
    name: String,
    title: String,
    jurisdiction: String,
    note: String,
    #[serde(default)]
    reasons_from: Vec<String>,
    approval: ApprovalRuleFile,
    #[serde(default)]
    check: CheckRuleFile,
    class: Vec<ClassRuleFile>,
    audio: AudioRuleFile,
    #[serde(default)]
    reason: Vec<ReasonFile>,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AudioRuleFile {
    mute_speech: bool,
    style: MuteStyleName,
    padding_ms: u32,
    reason: String,
}

/// Reads a policy file, and the sets of reasons that it draws on.
///
/// A set is named by its file's name without `.toml`, and then lies in the folder `reasons` beside
/// the policy's folder; or by a path from the policy's folder.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::NewerVersion`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] say where; [`RecordError::WeakEffect`];
/// [`RecordError::ReasonSet`] names the set that cannot be used.
pub fn read(path: &Path) -> Result<Policy, RecordError> {
    parse(&store::read(path, BYTES_MAX)?, path)
}

/// Reads a policy from the bytes of the file at `path`, from where its sets of reasons are found.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Policy, RecordError> {
    let (mut policy, sets) = without_sets(bytes)?;
    policy.reasons = all_reasons(policy.reasons, &sets, path)?;
    policy.check_reasons()?;
    Ok(policy)
}

/// The policy whose text travels with a plan or a manifest. Sets of reasons are not read: of the
/// reasons it knows only its own.
///
/// # Errors
/// [`RecordError::Mismatch`] when the text has another digest or the policy another name; those of
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

/// A policy with its own reasons alone, and the names of the sets that it draws on.
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
    let policy = Policy {
        digest: digest_bytes(bytes),
        text: String::from_utf8_lossy(bytes).into_owned(),
        classes: class_rules(&file.class)?,
        audio: audio_rule(file.audio)?,
        reasons: read_reasons(file.reason)?,
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

/// The policy's own reasons, then those of the sets that it names.
fn all_reasons(
    own: Vec<Reason>,
    sets: &[String],
    policy: &Path,
) -> Result<Vec<Reason>, RecordError> {
    let read = |name: &String| {
        reasons::read(&set_path(name, policy)).map_err(|source| RecordError::ReasonSet {
            name: name.clone(),
            source: Box::new(source),
        })
    };
    let sets: Vec<reasons::ReasonSet> = sets.iter().map(read).collect::<Result<_, _>>()?;
    let all = reasons::combine(own, &sets)?;
    // A plan must be able to spell them all: one that cannot be is refused here.
    read_reasons(all.iter().map(Into::into).collect())
}

/// Where the set called `name` lies, as seen from the file of the policy that draws on it.
fn set_path(name: &str, policy: &Path) -> PathBuf {
    let folder = policy.parent().unwrap_or(Path::new(""));
    if name.contains('/') || name.ends_with(".toml") {
        return folder.join(name);
    }
    // Not `folder/..`: a policy that is named without a folder, or through a link, must find it.
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
            // A vehicle stands in for its plate: what holds for the one holds for the other.
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

/// An effect as errors and records name it.
pub(crate) fn effect_text(effect: Effect) -> String {
    match effect {
        Effect::Fill => effect.name().to_owned(),
        Effect::Pixelate(cells) | Effect::Blur(cells) => {
            format!("{}, {} cells", effect.name(), cells.across())
        }
    }
}

/// The rule of `class`, if there is one.
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
        format!("named {times} times"),
        "named exactly once",
    )
}

fn class_rule(class: Class, file: &ClassRuleFile) -> Result<ClassRule, RecordError> {
    let at = format!("class {class}, effect");
    let effect = match (file.verdict, file.effect) {
        (VerdictName::Redact, None) => {
            return Err(RecordError::field(
                at,
                "missing",
                "given where the verdict is redact",
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

fn audio_rule(file: AudioRuleFile) -> Result<AudioRule, RecordError> {
    if file.padding_ms > PADDING_MS_MAX {
        let expected = format!("at most {PADDING_MS_MAX}");
        return Err(RecordError::field(
            "audio.padding_ms",
            file.padding_ms,
            expected,
        ));
    }
    Ok(AudioRule {
        mute_speech: file.mute_speech,
        style: file.style.into(),
        padding_nanos: i64::from(file.padding_ms) * 1_000_000,
        reason: ReasonCode(file.reason),
    })
}

impl Policy {
    /// The rule for `class`.
    #[must_use]
    pub fn rule(&self, class: Class) -> &ClassRule {
        self.classes
            .iter()
            .find(|rule| rule.class == class)
            .expect("a policy names every class")
    }

    /// Classes for which an effect that is weak for them is accepted.
    #[must_use]
    pub fn weak_effects_accepted(&self) -> Vec<Class> {
        let accepted = |rule: &&ClassRule| rule.accept_weak_effect;
        self.classes
            .iter()
            .filter(accepted)
            .map(|rule| rule.class)
            .collect()
    }

    /// Checks that `plan`, which a person may have edited, asks for nothing weaker than allowed.
    ///
    /// # Errors
    /// [`RecordError::WeakEffect`], [`RecordError::WeakerThanPolicy`]; [`RecordError::Mismatch`]
    /// when the plan was made with another policy, asks for fewer people or accepts weaker effects.
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
                expected: "true, as the policy says".into(),
            });
        }
        for &class in &plan.weak_effects_accepted {
            if !self.rule(class).accept_weak_effect {
                return Err(RecordError::Mismatch {
                    what: "weak_effects_accepted",
                    found: class.name().into(),
                    expected: "only classes for which the policy says accept_weak_effect".into(),
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

    /// Checks that `effect` on a track of `class` is accepted, and leaves no more than the policy's
    /// own; `item` names it in errors.
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
            .chain([("audio.reason".to_owned(), &self.audio.reason)]);
        for (field, code) in used {
            if !self.reasons.iter().any(|reason| reason.code == *code) {
                let found = format!("{:?}", code.0);
                return Err(RecordError::field(field, found, "a code of a [[reason]]"));
            }
        }
        Ok(())
    }
}
