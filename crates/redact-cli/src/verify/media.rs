//! What only a look at the pictures and the sound can tell.

use std::path::Path;

use anyhow::{Result, bail};
use redact_core::{Met, Redactions};
use redact_engine::{Check, Expected, Uncovered};
use redact_media::Splice;
use redact_record::manifest::PublicManifest;

use super::{Verdict, VerifyJob};
use crate::args::{GlobalArgs, ModelArgs};
use crate::eyes::Looking;
use crate::progress::TerminalProgress;
use crate::render::{Claims, Examined};
use crate::{eyes, failure, render};

/// Walks the released file, decodes it, and compares it with the source when that is there.
///
/// # Errors
/// When a person stopped it.
pub(super) fn check(
    job: &VerifyJob<'_>,
    verdict: &mut Verdict,
    public: &PublicManifest,
    redactions: &Redactions,
    (global, progress): (&GlobalArgs, &TerminalProgress),
) -> Result<()> {
    let threads = eyes::threads(global.threads);
    let audio_tracks = public.totals.sound.len();
    let expected = Expected {
        frames: public.totals.frames,
        audio_tracks,
    };
    let leaks = render::leaks(job.release, &expected);
    verdict.extend("leak", unless_stopped("can be read", leaks)?);
    let claims = Claims::of_manifest(public);
    let written = checked_claims(verdict, &claims, job.release, "copied data")?;
    let audit = || {
        let report = render::audit(job.release, redactions, &expected, threads, progress);
        report.map(|report| report.checks)
    };
    let Some(source) = job.source else {
        verdict.extend("audit", unless_stopped("can be decoded", audit())?);
        let why = "the original is not here (--source CLIP)";
        verdict.open("change", "nothing else differs from the original", why);
        return Ok(());
    };
    let original = checked_claims(verdict, &claims, source, "copied data in the original")?;
    let damage = match public.damage() {
        Ok(damage) => damage,
        Err(error) => {
            verdict.add("manifest", "damaged stretches", false, error.to_string());
            return Ok(());
        }
    };
    let declared = Met {
        damage,
        is_rescaled: public.source.is_rescaled(),
    };
    let examined = Examined {
        declared: &declared,
        clip: source,
        release: job.release,
        source_splice: original
            .filter(|_| written.is_some())
            .map(|original| original.to_compare(|_| false)),
        // A stranger decodes all of it.
        release_splice: None,
        redactions,
        expected: &expected,
        earlier: None,
    };
    match examined.examine(threads, progress) {
        Ok(found) => {
            verdict.extend("audit", found.audit.checks);
            verdict.seconds = found.compare.seconds;
            verdict.extend("change", found.compare.checks);
        }
        // What can be said of the release alone is still said.
        Err(error) => {
            let compare = unless_stopped("can be compared", Err(error))?;
            verdict.extend("audit", unless_stopped("can be decoded", audit())?);
            verdict.extend("change", compare);
        }
    }
    Ok(())
}

/// What looks at the release.
pub(crate) type Eyes = Looking;

/// Loads the detectors.
///
/// # Errors
/// When none is installed or one cannot be used.
pub(super) fn eyes(models: &ModelArgs, global: &GlobalArgs) -> Result<Eyes> {
    let looking = render::second::open(models, eyes::threads(global.threads))?;
    if looking.models.is_empty() {
        bail!("no model is installed that could look at the release again (scripts/setup)");
    }
    Ok(looking)
}

/// Lets the detectors look at the release: what they see must be hidden, be of a class of which
/// the manifest says that some were kept, or be among what was accepted when it was made.
///
/// # Errors
/// When a person stopped it.
pub(super) fn look_again(
    job: &VerifyJob<'_>,
    verdict: &mut Verdict,
    public: &PublicManifest,
    redactions: &Redactions,
    looking: Eyes,
    (global, progress): (&GlobalArgs, &TerminalProgress),
) -> Result<()> {
    let threads = eyes::threads(global.threads);
    let absent: Vec<String> = looking.missing.iter().map(ToString::to_string).collect();
    let found = render::second::look(job.release, looking, redactions, &[], threads, progress);
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
    verdict.extend("audit", unless_stopped("second look", check)?);
    Ok(())
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
    file: &Path,
    name: &'static str,
) -> Result<Option<Splice>> {
    if claims.is_empty() {
        return Ok(None);
    }
    let (check, splice) = match claims.check(file, name) {
        Ok((check, splice)) => (Ok(vec![check]), Some(splice)),
        Err(error) => (Err(error), None),
    };
    let checks = unless_stopped(name, check)?;
    let splice = splice.filter(|_| checks.iter().all(|check| check.passed));
    verdict.extend("change", checks);
    Ok(splice)
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
