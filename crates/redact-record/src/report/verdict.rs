//! What one run of the verifier found, and the verdict that follows from it.

use serde::Serialize;

use crate::json::{Hex, Utc};
use crate::timeline::Timeline;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It was checked and is as it must be.
    Passed,
    /// It was checked and is not.
    Failed,
    /// It was not checked, because a file or a tool was missing.
    NotChecked,
}

impl CheckOutcome {
    /// The outcome in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotChecked => "not checked",
        }
    }

    /// A sign that distinguishes outcomes without color.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::NotChecked => "–",
        }
    }
}

/// One thing that was checked, or was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it belongs to, e.g. `Picture`, `Sound`, `File`. Checks of a group are shown together.
    pub group: String,
    /// What must hold, as a short statement: `every mask is opaque in every frame`.
    pub name: String,
    /// What it came to.
    pub outcome: CheckOutcome,
    /// What was measured: `worst sample 0 of 255, 300 of 300 frames`.
    pub evidence: String,
}

/// A file that took part, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// What it is: `release`, `public manifest`, `sealed manifest`, `source`.
    pub what: String,
    /// SHA-256 of the file.
    pub sha256: Hex,
}

/// What became of the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureResult {
    /// Passed only for a good signature of a trusted key.
    pub outcome: CheckOutcome,
    /// Identifier of the key that signed, when it is known.
    pub key: Option<String>,
    /// In a sentence: `Signed by the trusted key 4F2A… on 3 March 2026.`
    pub statement: String,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The signature is good and trusted, something was checked, and nothing failed.
    Verified,
    /// Something failed, or the signature could not be relied on.
    NotVerified,
}

/// How far a run of the verifier went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// It decoded pictures and sound.
    #[default]
    Release,
    /// It walked the file's bytes, and decoded nothing.
    Undecoded,
    /// It checked signatures, digests and records.
    SignatureAndDigests,
}

/// All that one run of the verifier found.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyReport {
    /// Name of the file that was checked, without its folder.
    pub release: String,
    /// When it was checked.
    pub checked_at: Utc,
    /// The program that checked, with its version.
    pub program: String,
    /// The files that took part.
    pub digests: Vec<FileDigest>,
    /// What became of the signature.
    pub signature: SignatureResult,
    /// All checks, in the order in which they are to be shown.
    pub checks: Vec<Check>,
    /// What is hidden and muted when, as the manifest declares it.
    pub timeline: Timeline,
    /// How far the run went.
    pub scope: Scope,
}

impl VerifyReport {
    /// The verdict, from the signature and the checks.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let signed = self.signature.outcome == CheckOutcome::Passed;
        if signed && self.count(CheckOutcome::Passed) > 0 && self.count(CheckOutcome::Failed) == 0 {
            Verdict::Verified
        } else {
            Verdict::NotVerified
        }
    }

    fn count(&self, outcome: CheckOutcome) -> usize {
        self.checks
            .iter()
            .filter(|check| check.outcome == outcome)
            .count()
    }

    /// The verdict in two or three words.
    pub(crate) fn headline(&self) -> &'static str {
        match self.verdict() {
            Verdict::Verified => match self.scope {
                Scope::Release => "Verified",
                Scope::Undecoded => "Records and file structure verified; nothing was decoded",
                Scope::SignatureAndDigests => {
                    "Signature and digests verified; the content was not checked"
                }
            },
            Verdict::NotVerified => "Not verified",
        }
    }

    /// What the verdict means, in a sentence that promises no more than was checked.
    pub(crate) fn meaning(&self) -> String {
        let passed = self.count(CheckOutcome::Passed);
        let failed = self.count(CheckOutcome::Failed);
        let open = self.count(CheckOutcome::NotChecked);
        let not_checked = match open {
            0 => String::new(),
            1 => " One check was not made; it is marked below.".to_owned(),
            _ => format!(" {open} checks were not made; they are marked below."),
        };
        let checks = |count: usize| match count {
            1 => "1 check".to_owned(),
            _ => format!("{count} checks"),
        };
        if self.verdict() == Verdict::Verified {
            return format!(
                "The signature is good and trusted, and {} of the file against its manifest \
                 held.{not_checked}",
                checks(passed)
            );
        }
        let trust = match self.signature.outcome {
            CheckOutcome::Passed => "",
            _ => " The signature is not reliable.",
        };
        let found = match (failed, passed) {
            (0, 0) => "Nothing was checked.".to_owned(),
            (0, _) => format!("{} passed.", checks(passed)),
            (_, _) => format!("{} failed, {passed} passed.", checks(failed)),
        };
        format!("Do not rely on this file. {found}{trust}{not_checked}")
    }

    /// The checks by group, in the order in which the groups first come.
    pub(crate) fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for check in &self.checks {
            match groups.iter_mut().find(|group| group.name == check.group) {
                Some(group) => group.checks.push(check),
                None => groups.push(Group {
                    name: &check.group,
                    checks: vec![check],
                }),
            }
        }
        groups
    }
}

/// Checks that are shown together.
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) checks: Vec<&'a Check>,
}

impl Group<'_> {
    /// How many of its checks passed, in words.
    pub(crate) fn tally(&self) -> String {
        let all = self.checks.len();
        let of = |wanted| {
            self.checks
                .iter()
                .filter(|check| check.outcome == wanted)
                .count()
        };
        let (failed, open) = (of(CheckOutcome::Failed), of(CheckOutcome::NotChecked));
        let mut text = format!("{} of {all} passed", all - failed - open);
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        if open > 0 {
            text.push_str(&format!(", {open} not checked"));
        }
        text
    }
}

/// A moment as people write it: `2026-03-01 10:00:00 UTC`.
pub(crate) fn stamp(at: Utc) -> String {
    let text = at.to_string();
    let second = text.get(..19).unwrap_or(&text);
    format!("{} UTC", second.replace('T', " "))
}
