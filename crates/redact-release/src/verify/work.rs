//! What only decoded pictures and sound show of a release, in the confined worker.

use std::path::{Path, PathBuf};

use redact_check::{Scope, Verdict, leaks};
use redact_core::{Excerpt, Progress, Redactions, SourceSettings};
use redact_engine::{Check, Expected, Uncovered};
use redact_jail::JailError;
use redact_media::{CopyPlan, OpenOptions};
use redact_record::manifest::PublicManifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::findings::{MediaFindings, second};
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
        let mut verification = Verification {
            expected: Expected {
                frames: public.totals.frames,
                audio_tracks: public.totals.sound.len(),
            },
            work: &self,
            public: &public,
            redactions: &redactions,
            progress: ports.progress,
            verdict: Verdict::new(Scope::Release),
        };
        verification.check()?;
        match detectors {
            Some(detectors) => verification.second_look(detectors)?,
            None => verification
                .verdict
                .open("audit", "second look", NO_SECOND_LOOK),
        }
        let found = MediaFindings::from(verification.verdict);
        Ok(serde_json::to_value(found)?)
    }
}

/// One release, and what was found in it so far.
struct Verification<'a> {
    work: &'a VerifyWork,
    public: &'a PublicManifest,
    redactions: &'a Redactions,
    expected: Expected,
    progress: &'a dyn Progress,
    verdict: Verdict,
}

impl Verification<'_> {
    /// Scans the released file for leaks, decodes it, and compares it with the source when that is
    /// there.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn check(&mut self) -> Result<()> {
        let release = self.work.release.as_path();
        let channels = check::leaks(release, &self.expected, &[]);
        self.add("leak", "can be read", channels)?;
        let before_edges = self.verdict.checks.len();
        leaks::not_judged(&mut self.verdict);
        let edges = self.check_decoded()?;
        // Where it does not decode, what was measured is not of all frames.
        let edges = edges.map_or_else(
            || check::cropped_edges(release, self.work.threads).map(|check| vec![check]),
            |check| Ok(vec![check]),
        );
        let behind = self.verdict.checks.split_off(before_edges);
        self.add("leak", "cropped edges", edges)?;
        self.verdict.checks.extend(behind);
        Ok(())
    }

    /// Decodes the release, and compares it with the source when that is there; gives the check of
    /// what is cropped off its pictures, where all of them could be decoded.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn check_decoded(&mut self) -> Result<Option<Check>> {
        let release = self.work.release.as_path();
        let claims = CopyClaims::of_manifest(self.public);
        let settings = SourceSettings::default();
        let written = self.claims(&claims, release, &settings, "copied data")?;
        let Some(source) = self.work.source.as_deref() else {
            let edges = self.audit()?;
            let why = "the original was not given (--source CLIP)";
            let audit = "what lies under a mask, by its original";
            self.verdict.open("audit", audit, why);
            let change = "nothing else differs from the original";
            self.verdict.open("change", change, why);
            return Ok(edges);
        };
        if self.public.part.is_some() {
            let edges = self.audit()?;
            let change = "nothing else differs from the original";
            let why = "a part is compared with the original as part of its whole release";
            self.verdict.open("change", change, why);
            return Ok(edges);
        }
        let excerpt = self.public.excerpt()?;
        let frames = self.public.source.frames;
        let claims = match &excerpt {
            None => Some(claims),
            Some(excerpt) => claims.in_source(excerpt, frames),
        };
        let name = "copied data in the original";
        let Some(claims) = claims else {
            let evidence = "a copied run is not within a span of the excerpt".to_owned();
            self.verdict.add("change", name, false, evidence);
            return self.compare(source, None, excerpt.as_ref());
        };
        let original = self.claims(&claims, source, &self.public.source.settings(), name)?;
        let original = original.filter(|_| written.is_some());
        self.compare(source, original, excerpt.as_ref())
    }

    /// Decodes the release and proves every mask and mute; gives the check of what is cropped off
    /// its pictures, if it decodes.
    fn audit(&mut self) -> Result<Option<Check>> {
        let (release, threads) = (&self.work.release, self.work.threads);
        let (redactions, expected) = (self.redactions, &self.expected);
        let found = check::audit(release, redactions, expected, threads, self.progress);
        let (checks, edges) = match found {
            Ok((report, edges)) => (Ok(report.checks), Some(edges)),
            Err(error) => (Err(error), None),
        };
        self.add("audit", "can be decoded", checks)?;
        Ok(edges)
    }

    /// Decodes release and source and compares them; `original` are the source's GOPs, where some
    /// were copied. Gives the check of what is cropped off the release's pictures, if it decodes.
    fn compare(
        &mut self,
        source: &Path,
        original: Option<CopyPlan>,
        excerpt: Option<&Excerpt>,
    ) -> Result<Option<Check>> {
        let original = original.map(|original| original.to_compare(|_| false));
        let original = match (original, excerpt) {
            (Some(original), Some(excerpt)) => Some(original.within(excerpt)),
            (original, _) => original,
        };
        let damage = match self.public.damage() {
            Ok(damage) => damage,
            Err(error) => {
                let (name, error) = ("damaged stretches", error.to_string());
                self.verdict.add("manifest", name, false, error);
                return Ok(None);
            }
        };
        let examined = Examined {
            declared: &Declared {
                damage,
                conversions: self.public.source.conversions.clone(),
                settings: self.public.source.settings(),
            },
            clip: source,
            release: &self.work.release,
            source_copy_plan: original,
            excerpt,
            // A third party decodes all of it.
            release_copy_plan: None,
            redactions: self.redactions,
            expected: &self.expected,
            earlier: None,
        };
        match examined.examine_whole(self.work.threads, self.progress) {
            Ok((found, edges)) => {
                self.add("audit", "", Ok(found.audit.checks))?;
                self.verdict.seconds = found.compare.seconds.iter().map(second).collect();
                self.add("change", "", Ok(found.compare.checks))?;
                Ok(Some(edges))
            }
            Err(error) if error.is_cancelled() => Err(error),
            // What can be checked of the release alone still is.
            Err(error) => {
                let edges = self.audit()?;
                self.add("change", "can be compared", Err(error))?;
                Ok(edges)
            }
        }
    }

    /// Checks what the manifest says is copied in `file`; gives its GOPs when they are as it says.
    fn claims(
        &mut self,
        claims: &CopyClaims,
        file: &Path,
        settings: &SourceSettings,
        name: &'static str,
    ) -> Result<Option<CopyPlan>> {
        if claims.is_empty() {
            return Ok(None);
        }
        let options = OpenOptions {
            threads: self.work.threads,
            settings: *settings,
            ..OpenOptions::default()
        };
        let (check, copy_plan) = match claims.check(file, &options, name) {
            Ok((check, copy_plan)) => {
                let copy_plan = Some(copy_plan).filter(|_| check.passed);
                (Ok(vec![check]), copy_plan)
            }
            Err(error) => (Err(error), None),
        };
        self.add("change", name, check)?;
        Ok(copy_plan)
    }

    /// Runs the detectors on the release: what they find must be hidden, be of a class of which the
    /// manifest says that some stay visible, or be among what was accepted when it was made.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn second_look(&mut self, detectors: LoadedDetectors) -> Result<()> {
        let (release, threads) = (&self.work.release, self.work.threads);
        let absent: Vec<String> = detectors.missing.iter().map(ToString::to_string).collect();
        let redactions = self.redactions;
        let found = detect_uncovered(release, detectors, redactions, &[], threads, self.progress);
        let public = self.public;
        let check = found.map(|(found, frames)| {
            let (missed, declared): (Vec<_>, Vec<_>) =
                found.iter().partition(|found| !is_declared(public, found));
            let mut evidence = format!(
                "{frames} frames; seen and not hidden: {} as the manifest says, {} others",
                declared.len(),
                missed.len()
            );
            let text = |found: &&Uncovered| {
                let (start, end) = (found.frames.start().get(), found.frames.end().get());
                format!("{} in frames {start} to {}", found.class, end - 1)
            };
            let missed: Vec<String> = missed.iter().map(text).collect();
            if !missed.is_empty() {
                evidence.push_str(&format!(": {}", first_few(&missed)));
            }
            if !absent.is_empty() {
                evidence.push_str(&format!("; no detector ran for {}", absent.join(", ")));
            }
            let (name, passed) = ("second look", missed.is_empty());
            vec![Check {
                name,
                passed,
                evidence,
            }]
        });
        self.add("audit", "second look", check)
    }

    /// Adds checks to a group of the verdict. A job that could not be done because the release is
    /// damaged is a failed check, called `name`.
    ///
    /// # Errors
    /// When the job is cancelled.
    fn add(
        &mut self,
        group: &'static str,
        name: &'static str,
        checks: Result<Vec<Check>>,
    ) -> Result<()> {
        match checks {
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => self.verdict.add(group, name, false, error.text()),
            Ok(checks) => {
                for check in checks {
                    let evidence = check.evidence;
                    self.verdict.add(group, check.name, check.passed, evidence);
                }
            }
        }
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

fn is_declared(public: &PublicManifest, found: &Uncovered) -> bool {
    let class = found.class.into();
    let accepted = public.checks.second_look.iter().flat_map(|look| &look.seen);
    let overlaps = |(start, end): (u32, u32)| {
        start < found.frames.end().get() && found.frames.start().get() < end
    };
    public.kept.iter().any(|kept| kept.class == class)
        || accepted
            .map(|seen| &seen.0)
            .any(|known| known.class == class && overlaps(known.frames))
}
