//! What only decoded pictures and sound can tell of a release, in the confined worker.

use std::path::{Path, PathBuf};

use redact_check::{Scope, Verdict, leaks};
use redact_core::{Progress, Redactions, SourceSettings};
use redact_engine::{Check, Expected, Uncovered};
use redact_jail::JailError;
use redact_media::CopyPlan;
use redact_record::manifest::PublicManifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::findings::{MediaFindings, extend, second};
use crate::check::{self, CopyClaims, Declared, Examined, detect_uncovered, first_few};
use crate::detectors::LoadedDetectors;
use crate::error::{ReleaseError, Result};
use crate::options::ModelOptions;
use crate::ports::JobPorts;

/// Why the detectors did not run on the release.
const NO_SECOND_LOOK: &str = "no detector ran on the release (--second-look)";

/// A verification, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VerifyWork {
    pub(super) release: PathBuf,
    pub(super) source: Option<PathBuf>,
    /// The public manifest, whose signature was checked.
    pub(super) public: String,
    /// Detectors of a second look, if there is to be one.
    pub(super) second_look: Option<ModelOptions>,
    pub(super) threads: usize,
}

impl VerifyWork {
    /// Loads what a second look needs, gives up every right but to read the files, and checks them.
    ///
    /// # Errors
    /// When the job is cancelled, or no model for a second look is installed.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let public: PublicManifest = serde_json::from_str(&self.public)?;
        let redactions = public.redactions()?;
        let models = self.second_look.as_ref();
        let detectors = models
            .map(|models| load_detectors(models, self.threads))
            .transpose()?;
        seal()?;
        let progress = ports.progress;
        let mut verdict = Verdict::new(Scope::Release);
        self.check(&mut verdict, &public, &redactions, progress)?;
        match detectors {
            Some(detectors) => {
                self.second_look(&mut verdict, &public, &redactions, detectors, progress)?;
            }
            None => verdict.open("audit", "second look", NO_SECOND_LOOK),
        }
        Ok(serde_json::to_value(MediaFindings::from(verdict))?)
    }

    /// Walks the released file, decodes it, and compares it with the source when that is there.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn check(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        redactions: &Redactions,
        progress: &dyn Progress,
    ) -> Result<()> {
        let threads = self.threads;
        let audio_tracks = public.totals.sound.len();
        let expected = Expected {
            frames: public.totals.frames,
            audio_tracks,
        };
        let channels = check::leaks(&self.release, &expected);
        extend(verdict, "leak", unless_cancelled("can be read", channels)?);
        let edges = check::cropped_edges(&self.release, threads);
        extend(verdict, "leak", unless_cancelled("cropped edges", edges)?);
        leaks::not_judged(verdict);
        let claims = CopyClaims::of_manifest(public);
        let (of_release, of_source) = (SourceSettings::default(), public.source.settings());
        let release = (self.release.as_path(), &of_release);
        let written = checked_claims(verdict, &claims, release, "copied data")?;
        let audit = || {
            let report = check::audit(&self.release, redactions, &expected, threads, progress);
            report.map(|report| report.checks)
        };
        let Some(source) = self.source.as_deref() else {
            extend(
                verdict,
                "audit",
                unless_cancelled("can be decoded", audit())?,
            );
            let why = "the original was not given (--source CLIP)";
            verdict.open("audit", "what lies under a mask, by its original", why);
            verdict.open("change", "nothing else differs from the original", why);
            return Ok(());
        };
        let original = checked_claims(
            verdict,
            &claims,
            (source, &of_source),
            "copied data in the original",
        )?;
        let damage = match public.damage() {
            Ok(damage) => damage,
            Err(error) => {
                verdict.add("manifest", "damaged stretches", false, error.to_string());
                return Ok(());
            }
        };
        let declared = Declared {
            damage,
            conversions: public.source.conversions.clone(),
            settings: of_source,
        };
        let examined = Examined {
            declared: &declared,
            clip: source,
            release: &self.release,
            source_copy_plan: original
                .filter(|_| written.is_some())
                .map(|original| original.to_compare(|_| false)),
            // A third party decodes all of it.
            release_copy_plan: None,
            redactions,
            expected: &expected,
            earlier: None,
        };
        match examined.examine(threads, progress) {
            Ok((found, _)) => {
                extend(verdict, "audit", found.audit.checks);
                verdict.seconds = found.compare.seconds.iter().map(second).collect();
                extend(verdict, "change", found.compare.checks);
            }
            // What can be said of the release alone is still said.
            Err(error) => {
                let compare = unless_cancelled("can be compared", Err(error))?;
                extend(
                    verdict,
                    "audit",
                    unless_cancelled("can be decoded", audit())?,
                );
                extend(verdict, "change", compare);
            }
        }
        Ok(())
    }

    /// Runs the detectors on the release: what they find must be hidden, be of a class of which the
    /// manifest says that some stay visible, or be among what was accepted when it was made.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn second_look(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        redactions: &Redactions,
        detectors: LoadedDetectors,
        progress: &dyn Progress,
    ) -> Result<()> {
        let threads = self.threads;
        let absent: Vec<String> = detectors.missing.iter().map(ToString::to_string).collect();
        let found = detect_uncovered(&self.release, detectors, redactions, &[], threads, progress);
        let check = found.map(|(seen, frames)| {
            let (missed, declared): (Vec<_>, Vec<_>) =
                seen.iter().partition(|seen| !is_declared(public, seen));
            let mut evidence = format!(
                "{frames} frames; seen and not hidden: {} as the manifest says, {} others",
                declared.len(),
                missed.len()
            );
            let text = |seen: &&Uncovered| {
                let (start, end) = (seen.frames.start().get(), seen.frames.end().get());
                format!("{} in frames {start} to {}", seen.class, end - 1)
            };
            let missed: Vec<String> = missed.iter().map(text).collect();
            if !missed.is_empty() {
                evidence.push_str(&format!(": {}", first_few(&missed)));
            }
            if !absent.is_empty() {
                evidence.push_str(&format!("; no detector ran for {}", absent.join(", ")));
            }
            let passed = missed.is_empty();
            let name = "second look";
            vec![Check {
                name,
                passed,
                evidence,
            }]
        });
        extend(verdict, "audit", unless_cancelled("second look", check)?);
        Ok(())
    }
}

/// Loads the detectors.
///
/// # Errors
/// When none is installed or one cannot be used.
fn load_detectors(models: &ModelOptions, threads: usize) -> Result<LoadedDetectors> {
    let detectors = check::load_detectors(models, threads)?;
    if detectors.models.is_empty() {
        return Err(ReleaseError::NoDetectors);
    }
    Ok(detectors)
}

fn is_declared(public: &PublicManifest, seen: &Uncovered) -> bool {
    let class = seen.class.into();
    let accepted = public.checks.second_look.iter().flat_map(|look| &look.seen);
    let overlaps = |(start, end): (u32, u32)| {
        start < seen.frames.end().get() && seen.frames.start().get() < end
    };
    public.kept.iter().any(|kept| kept.class == class)
        || accepted
            .map(|seen| &seen.0)
            .any(|known| known.class == class && overlaps(known.frames))
}

/// Checks what the manifest says is copied in `file`; gives its GOPs when they are as it says.
fn checked_claims(
    verdict: &mut Verdict,
    claims: &CopyClaims,
    (file, settings): (&Path, &SourceSettings),
    name: &'static str,
) -> Result<Option<CopyPlan>> {
    if claims.is_empty() {
        return Ok(None);
    }
    let (check, copy_plan) = match claims.check(file, settings, name) {
        Ok((check, copy_plan)) => (Ok(vec![check]), Some(copy_plan)),
        Err(error) => (Err(error), None),
    };
    let checks = unless_cancelled(name, check)?;
    let copy_plan = copy_plan.filter(|_| checks.iter().all(|check| check.passed));
    extend(verdict, "change", checks);
    Ok(copy_plan)
}

/// A job that could not be done because the release is damaged is a failed check.
fn unless_cancelled(name: &'static str, checks: Result<Vec<Check>>) -> Result<Vec<Check>> {
    match checks {
        Err(error) if error.is_cancelled() => Err(error),
        Err(error) => Ok(vec![Check {
            name,
            passed: false,
            evidence: error.text(),
        }]),
        Ok(checks) => Ok(checks),
    }
}
