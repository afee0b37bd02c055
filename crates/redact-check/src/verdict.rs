//! The result of a verification, as text and as JSON.

use std::borrow::Cow;
use std::path::Path;

use redact_core::Digest;
use redact_record::manifest::PublicManifest;

/// Text of this program, or received from a confined process.
pub type Word = Cow<'static, str>;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its group: `manifest`, `file`, `leak`…
    pub group: Word,
    /// What was checked.
    pub name: Word,
    /// Whether it passed.
    pub passed: bool,
    /// The evidence.
    pub evidence: String,
}

/// Something that was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotChecked {
    /// Its group.
    pub group: Word,
    /// What was not checked.
    pub name: Word,
    /// Why not.
    pub why: Word,
}

/// Similarity of one second of a release to the source, outside masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Second {
    /// The second, counted from the first frame.
    pub second: i64,
    /// Lowest peak signal-to-noise ratio of a frame, in decibels.
    pub worst_db: f64,
    /// Median over the second's frames, in decibels.
    pub median_db: f64,
    /// Mean structural similarity; 1 means identical.
    pub ssim: f64,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Video and sound are decoded.
    #[default]
    Release,
    /// Records, digests and every byte of the file are checked, including coded video and sound;
    /// nothing is decoded.
    Undecoded,
    /// Only signatures, digests and records are checked.
    Records,
}

/// What was checked, and what was not.
#[derive(Default)]
pub struct Verdict {
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// What was not checked, in order.
    pub not_checked: Vec<NotChecked>,
    /// SHA-256 of the checked files.
    pub digests: Vec<(&'static str, Digest)>,
    /// ID of the key that signed the public manifest, if known.
    pub key: Option<String>,
    /// The public manifest, if its signature is valid.
    pub public: Option<PublicManifest>,
    /// Similarity of each second to the source, if they were compared.
    pub seconds: Vec<Second>,
    /// How far the run goes.
    pub scope: Scope,
}

impl Verdict {
    /// A verdict without checks.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }

    /// Adds a check.
    pub fn add(
        &mut self,
        group: impl Into<Word>,
        name: impl Into<Word>,
        passed: bool,
        evidence: String,
    ) {
        self.checks.push(Check {
            group: group.into(),
            name: name.into(),
            passed,
            evidence,
        });
    }

    /// Adds something that was not checked, and why.
    pub fn open(&mut self, group: impl Into<Word>, name: impl Into<Word>, why: impl Into<Word>) {
        self.not_checked.push(NotChecked {
            group: group.into(),
            name: name.into(),
            why: why.into(),
        });
    }

    /// Whether every check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// `ok` or `wrong`; `ok` states if it covers less than the whole release.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.passed(), self.scope) {
            (true, Scope::Release) => "ok",
            (true, Scope::Undecoded) => "ok (nothing was decoded)",
            (true, Scope::Records) => "ok (signature and digests only)",
            (false, _) => "wrong",
        }
    }

    /// One line per check, one per check that was not done, and the verdict.
    #[must_use]
    pub fn text(&self) -> String {
        let checked = self.checks.iter().map(|check| {
            let word = if check.passed { "ok" } else { "WRONG" };
            let (group, name) = (&check.group, &check.name);
            format!("{word:<6}{group}, {name}: {}", check.evidence)
        });
        let open = self.not_checked.iter().map(|open| {
            let (group, name, why) = (&open.group, &open.name, &open.why);
            format!("{:<6}{group}, {name}: not checked: {why}", "-")
        });
        let mut lines: Vec<String> = checked.chain(open).collect();
        let failed = self.checks.iter().filter(|check| !check.passed).count();
        let checks = self.checks.len();
        let verdict = match failed {
            0 if self.scope == Scope::Release => format!("verdict: ok ({checks} checks)"),
            0 => format!("verdict: {}, {checks} checks", self.word()),
            _ => format!("verdict: WRONG ({failed} of {checks} checks failed)"),
        };
        lines.push(match self.not_checked.len() {
            0 => verdict,
            open => format!("{verdict}; {open} not checked"),
        });
        lines.join("\n")
    }

    /// The verdict on a release as JSON.
    #[must_use]
    pub fn json(&self, release: &Path) -> serde_json::Value {
        self.json_about("release", release)
    }

    /// The verdict on a package as JSON.
    #[must_use]
    pub fn package_json(&self, package: &Path) -> serde_json::Value {
        self.json_about("package", package)
    }

    fn json_about(&self, what: &str, path: &Path) -> serde_json::Value {
        let checks = self.checks.iter().map(|check| {
            serde_json::json!({
                "group": check.group, "name": check.name, "passed": check.passed,
                "evidence": check.evidence,
            })
        });
        let open = self.not_checked.iter().map(
            |open| serde_json::json!({"group": open.group, "name": open.name, "why": open.why}),
        );
        let seconds = self.seconds.iter().map(|second| {
            serde_json::json!({
                "second": second.second, "worst_db": second.worst_db,
                "median_db": second.median_db, "ssim": second.ssim,
            })
        });
        serde_json::json!({
            what: path, "verdict": self.word(),
            "checks": checks.collect::<Vec<_>>(), "not_checked": open.collect::<Vec<_>>(),
            "change_by_second": seconds.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(scope: Scope, passed: bool) -> Verdict {
        let mut verdict = Verdict::new(scope);
        verdict.add("file", "SHA-256", passed, "12 bytes".to_owned());
        verdict.open("audit", "every mask is opaque", "nothing was decoded");
        verdict
    }

    /// Goal: no verdict claims more than was checked; what was not checked is listed by name.
    #[test]
    fn a_verdict_says_how_far_it_goes() {
        for (scope, word) in [
            (Scope::Release, "ok"),
            (Scope::Undecoded, "ok (nothing was decoded)"),
            (Scope::Records, "ok (signature and digests only)"),
        ] {
            let good = verdict(scope, true);
            assert_eq!(good.word(), word);
            let text = good.text();
            assert!(text.contains("ok    file, SHA-256: 12 bytes"), "{text}");
            assert!(text.contains("-     audit, every mask is opaque"), "{text}");
            let json = good.json(Path::new("a.mp4"));
            assert_eq!(json["verdict"], word);
            assert_eq!(json["not_checked"][0]["group"], "audit");
            // The control.
            let bad = verdict(scope, false);
            assert_eq!(bad.word(), "wrong");
            assert!(
                bad.text()
                    .ends_with("verdict: WRONG (1 of 1 checks failed); 1 not checked")
            );
            assert_eq!(bad.json(Path::new("a.mp4"))["checks"][0]["passed"], false);
        }
    }
}
