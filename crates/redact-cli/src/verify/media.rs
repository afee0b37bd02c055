//! What only a look at the pictures and the sound can tell.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use redact_check::{Scope, Verdict, leaks};
use redact_core::{Redactions, SourceSettings};
use redact_engine::{Check, Expected, Uncovered};
use redact_media::CopyPlan;
use redact_record::manifest::PublicManifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::VerifyJob;
use super::findings::{MediaFindings, extend, second};
use crate::args::{GlobalArgs, ModelArgs};
use crate::eyes::Looking;
use crate::jail::{self, Confinement, JailLevel, Job};
use crate::progress::TerminalProgress;
use crate::render::{Claims, Declared, Examined};
use crate::{eyes, failure, places, render};

/// Why the detectors did not run on the release.
const NO_SECOND_LOOK: &str = "no detector ran on the release (--second-look)";

/// Lets a confined process walk the released file, decode it, compare it with the source when that
/// is there, and look at it once more where that is asked for.
///
/// # Errors
/// When a person stopped it.
pub(super) fn check(
    job: &VerifyJob<'_>,
    verdict: &mut Verdict,
    public: &PublicManifest,
    (global, progress): (&GlobalArgs, &TerminalProgress),
) -> Result<JailLevel> {
    let work = VerifyWork {
        release: job.release.to_owned(),
        source: job.source.map(Path::to_owned),
        public: serde_json::to_string(public)?,
        second_look: job.second_look.map(places::resolved).transpose()?,
        threads: eyes::threads(global.threads),
    };
    let confinement = Confinement {
        read: std::iter::once(&work.release)
            .chain(&work.source)
            .cloned()
            .collect(),
        models: work
            .second_look
            .as_ref()
            .and_then(|models| models.models.clone()),
        ..Confinement::default()
    };
    let job = Job::Verify(work);
    let (found, level) = jail::run::<MediaFindings>(&job, &confinement, global, progress)?;
    found.add_to(verdict);
    Ok(level)
}

/// A look at a release, for the confined process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VerifyWork {
    release: PathBuf,
    source: Option<PathBuf>,
    /// The public manifest, whose signature was checked.
    public: String,
    second_look: Option<ModelArgs>,
    threads: usize,
}

impl VerifyWork {
    /// Loads what a second look needs, gives up every right but to read the files, and looks at
    /// them.
    ///
    /// # Errors
    /// When a person stopped it, or no model is installed that could look.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<()>) -> Result<Value> {
        let public: PublicManifest = serde_json::from_str(&self.public)?;
        let redactions = public.redactions()?;
        let models = self.second_look.as_ref();
        let looking = models
            .map(|models| eyes_for(models, self.threads))
            .transpose()?;
        seal()?;
        let progress = TerminalProgress::new(true);
        let mut verdict = Verdict::new(Scope::Release);
        self.look(&mut verdict, &public, &redactions, &progress)?;
        match looking {
            Some(looking) => {
                self.look_again(&mut verdict, &public, &redactions, looking, &progress)?;
            }
            None => verdict.open("audit", "second look", NO_SECOND_LOOK),
        }
        Ok(serde_json::to_value(MediaFindings::from(verdict))?)
    }

    /// Walks the released file, decodes it, and compares it with the source when that is there.
    ///
    /// # Errors
    /// When a person stopped it.
    fn look(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        redactions: &Redactions,
        progress: &TerminalProgress,
    ) -> Result<()> {
        let threads = self.threads;
        let audio_tracks = public.totals.sound.len();
        let expected = Expected {
            frames: public.totals.frames,
            audio_tracks,
        };
        let channels = render::leaks(&self.release, &expected);
        extend(verdict, "leak", unless_stopped("can be read", channels)?);
        let edges = render::cropped_edges(&self.release, threads);
        extend(verdict, "leak", unless_stopped("cropped edges", edges)?);
        leaks::not_judged(verdict);
        let claims = Claims::of_manifest(public);
        let (of_release, of_source) = (SourceSettings::default(), public.source.settings());
        let release = (self.release.as_path(), &of_release);
        let written = checked_claims(verdict, &claims, release, "copied data")?;
        let audit = || {
            let report = render::audit(&self.release, redactions, &expected, threads, progress);
            report.map(|report| report.checks)
        };
        let Some(source) = self.source.as_deref() else {
            extend(verdict, "audit", unless_stopped("can be decoded", audit())?);
            let why = "the original is not here (--source CLIP)";
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
            // A stranger decodes all of it.
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
                let compare = unless_stopped("can be compared", Err(error))?;
                extend(verdict, "audit", unless_stopped("can be decoded", audit())?);
                extend(verdict, "change", compare);
            }
        }
        Ok(())
    }

    /// Lets the detectors look at the release: what they see must be hidden, be of a class of which
    /// the manifest says that some were kept, or be among what was accepted when it was made.
    ///
    /// # Errors
    /// When a person stopped it.
    fn look_again(
        &self,
        verdict: &mut Verdict,
        public: &PublicManifest,
        redactions: &Redactions,
        looking: Looking,
        progress: &TerminalProgress,
    ) -> Result<()> {
        let threads = self.threads;
        let absent: Vec<String> = looking.missing.iter().map(ToString::to_string).collect();
        let found =
            render::second::look(&self.release, looking, redactions, &[], threads, progress);
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
                evidence.push_str(&format!(": {}", render::second::some(&missed)));
            }
            if !absent.is_empty() {
                evidence.push_str(&format!("; nothing looked for {}", absent.join(", ")));
            }
            let passed = missed.is_empty();
            let name = "second look";
            vec![Check {
                name,
                passed,
                evidence,
            }]
        });
        extend(verdict, "audit", unless_stopped("second look", check)?);
        Ok(())
    }
}

/// Loads the detectors.
///
/// # Errors
/// When none is installed or one cannot be used.
fn eyes_for(models: &ModelArgs, threads: usize) -> Result<Looking> {
    let looking = render::second::open(models, threads)?;
    if looking.models.is_empty() {
        bail!("no model is installed that could look at the release again (scripts/setup)");
    }
    Ok(looking)
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

/// Checks what the manifest says is copied in `file`; gives its groups when they are as it says.
fn checked_claims(
    verdict: &mut Verdict,
    claims: &Claims,
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
    let checks = unless_stopped(name, check)?;
    let copy_plan = copy_plan.filter(|_| checks.iter().all(|check| check.passed));
    extend(verdict, "change", checks);
    Ok(copy_plan)
}

/// A job that could not be done because the release is damaged is a failed check.
fn unless_stopped(name: &'static str, checks: Result<Vec<Check>>) -> Result<Vec<Check>> {
    match checks {
        Err(error) if failure::is_cancelled(&error) => Err(error),
        Err(error) => Ok(vec![Check {
            name,
            passed: false,
            evidence: format!("{error:#}"),
        }]),
        Ok(checks) => Ok(checks),
    }
}
