//! What a verification found: as lines, as JSON and as a page.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_engine::{Check, SecondQuality};
use redact_record::log;
use redact_record::manifest::{Hex, PublicManifest, Utc};
use redact_record::report::{
    self, CheckOutcome, FileDigest, Scope, SignatureVerdict as Signature, Timeline, VerifyReport,
};
use serde::{Deserialize, Serialize};

use crate::approve;
use crate::journal::Note;

/// A word of ours, or one that the confined process said.
type Word = Cow<'static, str>;

/// One check.
pub(crate) struct Line {
    /// What was checked.
    pub name: Word,
    /// Whether it held.
    pub passed: bool,
    /// Figures.
    pub evidence: String,
}

/// What the confined process found in a release. Numbers go over as their bits: JSON has no name
/// for some of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MediaFindings {
    checks: Vec<(String, String, bool, String)>,
    not_checked: Vec<(String, String, String)>,
    seconds: Vec<(i64, [u64; 3])>,
}

/// What was looked at, check by check.
pub(crate) struct Verdict {
    /// Group of checks and what each found.
    pub checks: Vec<(Word, Line)>,
    /// Group, name and why it was not looked at.
    pub not_checked: Vec<(Word, Word, Word)>,
    /// The files that took part.
    pub digests: Vec<(&'static str, Digest)>,
    /// The public manifest's signature: identifier of the key, when it is known.
    pub key: Option<String>,
    /// The public manifest, when its signature holds.
    pub public: Option<PublicManifest>,
    /// How close each second is to the source, outside masks, when that was compared.
    pub seconds: Vec<SecondQuality>,
    /// Whether the media were left alone on request.
    pub no_media: bool,
    /// How well the process that decoded was confined, where one did.
    #[cfg(feature = "media")]
    pub jail: Option<crate::jail::JailLevel>,
}

impl Verdict {
    /// Nothing was looked at yet.
    pub(super) const fn new(no_media: bool) -> Self {
        Self {
            checks: Vec::new(),
            not_checked: Vec::new(),
            digests: Vec::new(),
            key: None,
            public: None,
            seconds: Vec::new(),
            no_media,
            #[cfg(feature = "media")]
            jail: None,
        }
    }

    pub(super) fn add(
        &mut self,
        group: &'static str,
        name: &'static str,
        passed: bool,
        evidence: String,
    ) {
        let check = Line {
            name: name.into(),
            passed,
            evidence,
        };
        self.checks.push((group.into(), check));
    }

    pub(super) fn extend(&mut self, group: &'static str, checks: Vec<Check>) {
        for check in checks {
            self.add(group, check.name, check.passed, check.evidence);
        }
    }

    /// What was found, for the parent of a confined process.
    pub(super) fn into_media_findings(self) -> MediaFindings {
        let checks = self.checks.into_iter().map(|(group, line)| {
            let (group, name) = (group.into_owned(), line.name.into_owned());
            (group, name, line.passed, line.evidence)
        });
        let open = self.not_checked.into_iter();
        let open = open
            .map(|(group, name, why)| (group.into_owned(), name.into_owned(), why.into_owned()));
        let seconds = self.seconds.iter().map(|second| {
            let measured = [second.worst_db, second.median_db, second.ssim];
            (second.second, measured.map(f64::to_bits))
        });
        MediaFindings {
            checks: checks.collect(),
            not_checked: open.collect(),
            seconds: seconds.collect(),
        }
    }

    /// Adds what a confined process found.
    pub(super) fn add_media_findings(&mut self, found: MediaFindings) {
        for (group, name, passed, evidence) in found.checks {
            let name = name.into();
            let line = Line {
                name,
                passed,
                evidence,
            };
            self.checks.push((group.into(), line));
        }
        for (group, name, why) in found.not_checked {
            self.not_checked
                .push((group.into(), name.into(), why.into()));
        }
        for (second, measured) in found.seconds {
            let [worst_db, median_db, ssim] = measured.map(f64::from_bits);
            self.seconds.push(SecondQuality {
                second,
                worst_db,
                median_db,
                ssim,
            });
        }
    }

    /// Says that something was not looked at, and why.
    pub(super) fn open(&mut self, group: &'static str, name: &'static str, why: &'static str) {
        self.not_checked
            .push((group.into(), name.into(), why.into()));
    }

    /// Whether every check passed.
    pub(crate) fn passed(&self) -> bool {
        self.checks.iter().all(|(_, check)| check.passed)
    }

    /// `ok` or `wrong`; `ok` says when it is about less than the release.
    pub(crate) fn word(&self) -> &'static str {
        match (self.passed(), self.no_media) {
            (true, false) => "ok",
            (true, true) => "ok (signature and digests only)",
            (false, _) => "wrong",
        }
    }

    /// One line per check and the verdict.
    pub(crate) fn text(&self) -> String {
        let checked = self.checks.iter().map(|(group, check)| {
            let word = if check.passed { "ok" } else { "WRONG" };
            format!("{word:<6}{group}, {}: {}", check.name, check.evidence)
        });
        let open = self
            .not_checked
            .iter()
            .map(|(group, name, why)| format!("{:<6}{group}, {name}: not checked, {why}", "-"));
        let mut lines: Vec<String> = checked.chain(open).collect();
        let failed = self
            .checks
            .iter()
            .filter(|(_, check)| !check.passed)
            .count();
        let checks = self.checks.len();
        lines.push(match failed {
            0 if self.no_media => format!("verdict: {}, {checks} checks", self.word()),
            0 => format!("verdict: ok ({checks} checks)"),
            _ => format!("verdict: WRONG ({failed} of {checks} checks failed)"),
        });
        lines.join("\n")
    }

    /// The same for machines.
    pub(crate) fn json(&self, release: &Path) -> serde_json::Value {
        let checks: Vec<serde_json::Value> = self
            .checks
            .iter()
            .map(|(group, check)| {
                serde_json::json!({
                    "group": group, "name": check.name, "passed": check.passed,
                    "evidence": check.evidence,
                })
            })
            .collect();
        let open: Vec<serde_json::Value> = self
            .not_checked
            .iter()
            .map(|(group, name, why)| serde_json::json!({"group": group, "name": name, "why": why}))
            .collect();
        let seconds: Vec<serde_json::Value> = self
            .seconds
            .iter()
            .map(|second| {
                serde_json::json!({
                    "second": second.second, "worst_db": second.worst_db,
                    "median_db": second.median_db, "ssim": second.ssim,
                })
            })
            .collect();
        serde_json::json!({
            "release": release, "verdict": self.word(), "checks": checks, "not_checked": open,
            "change_by_second": seconds,
        })
    }

    /// What was looked at and what it came to, for the event log.
    pub(crate) fn note(&self, note: &mut Note) {
        for (what, digest) in &self.digests {
            note.subject(&what.replace(' ', "-"), *digest);
        }
        note.label("verdict", if self.passed() { "ok" } else { "wrong" });
        #[cfg(feature = "media")]
        if let Some(level) = self.jail {
            note.jail(level);
        }
        note.count("checks", self.checks.len());
        note.count("not-checked", self.not_checked.len());
    }

    /// The page for people.
    fn report(&self, release: &Path) -> VerifyReport {
        let is_signature =
            |group: &str, check: &Line| group == "manifest" && check.name == "signature";
        let signature = self
            .checks
            .iter()
            .find(|(group, check)| is_signature(group, check));
        let signature = match signature {
            Some((_, check)) => Signature {
                outcome: outcome(check.passed),
                key: self.key.clone(),
                statement: format!("The manifest's signature: {}.", check.evidence),
            },
            None => Signature {
                outcome: CheckOutcome::NotChecked,
                key: None,
                statement: "The manifest's signature was not checked.".to_owned(),
            },
        };
        let checked = self.checks.iter().map(|(group, check)| report::Check {
            group: title(group).to_owned(),
            name: check.name.clone().into_owned(),
            outcome: outcome(check.passed),
            evidence: check.evidence.clone(),
        });
        let open = self
            .not_checked
            .iter()
            .map(|(group, name, why)| report::Check {
                group: title(group).to_owned(),
                name: name.clone().into_owned(),
                outcome: CheckOutcome::NotChecked,
                evidence: why.clone().into_owned(),
            });
        VerifyReport {
            release: redact_record::visible(
                &release.file_name().unwrap_or_default().to_string_lossy(),
            ),
            checked_at: Utc(approve::now()),
            program: concat!("redact ", env!("CARGO_PKG_VERSION")).to_owned(),
            digests: self
                .digests
                .iter()
                .map(|(what, digest)| FileDigest {
                    what: (*what).to_owned(),
                    sha256: Hex(*digest),
                })
                .collect(),
            signature,
            checks: checked.chain(open).collect(),
            timeline: self
                .public
                .as_ref()
                .map_or_else(Timeline::default, log::lanes),
            scope: if self.no_media {
                Scope::SignatureAndDigests
            } else {
                Scope::Release
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

/// A group of checks as a heading for people.
fn title(group: &str) -> &str {
    match group {
        "manifest" => "Manifest",
        "previous manifest" => "Manifest that was replaced",
        "sealed manifest" => "Sealed manifest",
        "file" => "Released file",
        "source" => "Original recording",
        "leak" => "Other ways in which a file can leak",
        "audit" => "Hidden and muted parts",
        "change" => "Nothing else was changed",
        other => other,
    }
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReportForm {
    Pdf,
    Html,
    Json,
}

impl ReportForm {
    /// By the extension of `path`.
    ///
    /// # Errors
    /// When it is another.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "pdf" => Ok(Self::Pdf),
            "html" => Ok(Self::Html),
            "json" => Ok(Self::Json),
            other => bail!(
                "{}: a report ends in .pdf, .html or .json, not in {other:?}",
                path.display()
            ),
        }
    }

    /// Writes the verdict on `release` to `path`.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub(super) fn write(self, verdict: &Verdict, release: &Path, path: &Path) -> Result<()> {
        let report = verdict.report(release);
        let bytes = match self {
            Self::Pdf => report.pdf()?,
            Self::Html => report.html()?.into_bytes(),
            Self::Json => report.json(),
        };
        // What is in the way was refused before; --force says that it may go.
        redact_record::write(path, &bytes, redact_record::Overwrite::Replace)
            .with_context(|| path.display().to_string())
    }
}
