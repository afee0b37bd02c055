//! The results of one run of the verifier, and the verdict that follows from them.

use serde::Serialize;

use crate::json::{Hex, Utc};
use crate::timeline::Timeline;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It was checked and is correct.
    Passed,
    /// It was checked and is wrong.
    Failed,
    /// It was not checked, because a file or a tool was missing.
    NotChecked,
}

impl CheckOutcome {
    /// The outcome as text.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotChecked => "not checked",
        }
    }

    /// A sign that identifies the outcome without color.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::NotChecked => "–",
        }
    }
}

/// One check, done or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its group, e.g. `Picture`, `Sound`, `File`. Checks of a group are shown together.
    pub group: String,
    /// The requirement, as a short statement: `every mask is opaque in every frame`.
    pub name: String,
    /// Its outcome.
    pub outcome: CheckOutcome,
    /// What was measured: `worst sample 0 of 255, 300 of 300 frames`.
    pub evidence: String,
}

/// The digest of a file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// What it is: `release`, `public manifest`, `sealed manifest`, `source`.
    pub what: String,
    /// SHA-256 of the file.
    pub sha256: Hex,
}

/// Result of checking the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureResult {
    /// Passed only for a valid signature by a trusted key.
    pub outcome: CheckOutcome,
    /// ID of the key that signed, if known.
    pub key: Option<String>,
    /// One sentence: `Signed by the trusted key 4F2A… on 3 March 2026.`
    pub statement: String,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The signature is valid and trusted, at least one check passed, and none failed.
    Verified,
    /// A check failed, or the signature is not valid and trusted.
    NotVerified,
}

/// How far a run of the verifier went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// It decoded video and sound.
    #[default]
    Release,
    /// It checked all bytes of the file without decoding.
    Undecoded,
    /// It checked signatures, digests and records.
    SignatureAndDigests,
}

/// The results of one run of the verifier.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyReport {
    /// Name of the checked file, without its folder.
    pub release: String,
    /// When it was checked.
    pub checked_at: Utc,
    /// The checking program, with its version.
    pub program: String,
    /// The checked files.
    pub digests: Vec<FileDigest>,
    /// Result of checking the signature.
    pub signature: SignatureResult,
    /// All checks, in display order.
    pub checks: Vec<Check>,
    /// The masks and mutes over time, as declared in the manifest.
    pub timeline: Timeline,
    /// How far the run went.
    pub scope: Scope,
}

impl VerifyReport {
    /// The verdict that follows from the signature and the checks.
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

    /// The verdict as a headline.
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

    /// What the verdict means; it claims no more than was checked.
    pub(crate) fn meaning(&self) -> String {
        let passed = self.count(CheckOutcome::Passed);
        let failed = self.count(CheckOutcome::Failed);
        let open = self.count(CheckOutcome::NotChecked);
        let not_checked = match open {
            0 => String::new(),
            1 => " One check was not done; it is marked below.".to_owned(),
            _ => format!(" {open} checks were not done; they are marked below."),
        };
        let checks = |count: usize| match count {
            1 => "1 check".to_owned(),
            _ => format!("{count} checks"),
        };
        if self.verdict() == Verdict::Verified {
            return format!(
                "The signature is valid and trusted, and {} of the file against its manifest \
                 passed.{not_checked}",
                checks(passed)
            );
        }
        let trust = match self.signature.outcome {
            CheckOutcome::Passed => "",
            _ => " The signature cannot be relied on.",
        };
        let found = match (failed, passed) {
            (0, 0) => "Nothing was checked.".to_owned(),
            (0, _) => format!("{} passed.", checks(passed)),
            (_, _) => format!("{} failed, {passed} passed.", checks(failed)),
        };
        format!("Do not rely on this file. {found}{trust}{not_checked}")
    }

    /// The checks by group, in the order in which groups first appear.
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
    /// How many of its checks passed, as text.
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
