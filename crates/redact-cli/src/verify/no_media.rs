//! In place of a look at the pictures and the sound, in a build that cannot decode.

use anyhow::{Result, bail};
use redact_record::manifest::PublicManifest;

use super::{Verdict, VerifyJob};
use crate::args::GlobalArgs;
use crate::progress::TerminalProgress;

/// Refuses: what was not looked at must not pass for checked.
///
/// # Errors
/// Always.
pub(super) fn check(
    job: &VerifyJob<'_>,
    _: &mut Verdict,
    _: &PublicManifest,
    _: (&GlobalArgs, &TerminalProgress),
) -> Result<()> {
    if job.second_look.is_some() {
        bail!("this program was built without ONNX Runtime and cannot look at the release again");
    }
    bail!(
        "{}: this program was built without FFmpeg and cannot look at pictures and sound: \
         `redact verify --no-media` checks signatures, digests and records",
        job.release.display()
    )
}
