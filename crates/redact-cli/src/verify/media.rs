//! What only a look at the pictures and the sound can tell.

use anyhow::Result;
use redact_core::Redactions;
use redact_engine::{Check, Expected};
use redact_record::manifest::PublicManifest;

use super::{Verdict, VerifyJob};
use crate::args::GlobalArgs;
use crate::progress::TerminalProgress;
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
    let audit = render::audit(job.release, redactions, &expected, threads, progress);
    let audit = audit.map(|report| report.checks);
    verdict.extend("audit", unless_stopped("can be decoded", audit)?);
    let Some(source) = job.source else {
        let why = "the original is not here (--source CLIP)";
        verdict.open("change", "nothing else differs from the original", why);
        return Ok(());
    };
    let compare = render::compare(source, job.release, redactions, threads, progress);
    let compare = compare.map(|report| {
        verdict.seconds = report.seconds;
        report.checks
    });
    verdict.extend("change", unless_stopped("can be compared", compare)?);
    Ok(())
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
