//! The verdict as a report for people.

use redact_core::UtcNanos;
use redact_record::log;
use redact_record::manifest::{Hex, Utc};
use redact_record::report::{
    self, CheckOutcome, FileDigest, SignatureResult, Timeline, VerifyReport,
};

use crate::{Scope, Verdict};

impl Verdict {
    /// The report on the file called `release`, checked by `program` at `checked_at`.
    #[must_use]
    pub fn report(&self, release: &str, program: &str, checked_at: UtcNanos) -> VerifyReport {
        let mut all = self.checks.iter();
        let signature = all.find(|check| {
            ["manifest", crate::package::GROUP].contains(&&*check.group)
                && check.name == "signature"
        });
        let signature = match signature {
            Some(check) => SignatureResult {
                outcome: outcome(check.passed),
                key: self.key.clone(),
                statement: format!("The manifest's signature: {}.", check.evidence),
            },
            None => SignatureResult {
                outcome: CheckOutcome::NotChecked,
                key: None,
                statement: "The manifest's signature was not checked.".to_owned(),
            },
        };
        let checked = self.checks.iter().map(|check| report::Check {
            group: title(&check.group).to_owned(),
            name: check.name.clone().into_owned(),
            outcome: outcome(check.passed),
            evidence: check.evidence.clone(),
        });
        let open = self.not_checked.iter().map(|open| report::Check {
            group: title(&open.group).to_owned(),
            name: open.name.clone().into_owned(),
            outcome: CheckOutcome::NotChecked,
            evidence: open.why.clone().into_owned(),
        });
        let digests = self.digests.iter().map(|(what, digest)| FileDigest {
            what: (*what).to_owned(),
            sha256: Hex(*digest),
        });
        VerifyReport {
            release: redact_record::visible(release),
            checked_at: Utc(checked_at),
            program: program.to_owned(),
            digests: digests.collect(),
            signature,
            checks: checked.chain(open).collect(),
            timeline: self
                .public
                .as_ref()
                .map_or_else(Timeline::default, log::timeline),
            scope: match self.scope {
                Scope::Release => report::Scope::Release,
                Scope::Undecoded => report::Scope::Undecoded,
                Scope::Records => report::Scope::SignatureAndDigests,
            },
        }
    }
}

const fn outcome(passed: bool) -> CheckOutcome {
    if passed {
        CheckOutcome::Passed
    } else {
        CheckOutcome::Failed
    }
}

/// The heading for a group of checks.
fn title(group: &str) -> &str {
    match group {
        "package" => "Package",
        "manifest" => "Manifest",
        "previous manifest" => "Replaced manifest",
        "sealed manifest" => "Sealed manifest",
        "file" => "Released file",
        "source" => "Original recording",
        "captions" => "Captions",
        "transcript" => "Transcript",
        "leak" => "Hidden data in the file",
        "audit" => "Masks and mutes",
        "change" => "Comparison with the original",
        other => other,
    }
}
