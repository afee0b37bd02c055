//! In place of a look at the pictures and the sound, in a build that cannot decode.

use std::convert::Infallible;

use anyhow::{Result, bail};
use redact_core::Redactions;
use redact_record::manifest::PublicManifest;

use super::{Verdict, VerifyJob};
use crate::args::{GlobalArgs, ModelArgs};
use crate::progress::TerminalProgress;

/// Nothing looks here.
pub(crate) type Eyes = Infallible;

/// Refuses to look.
///
/// # Errors
/// Always.
pub(super) fn eyes(_: &ModelArgs, _: &GlobalArgs) -> Result<Eyes> {
    bail!("this program was built without ONNX Runtime and cannot look at the release again")
}

/// Is never called: there are no eyes.
///
/// # Errors
/// None.
pub(super) fn look_again(
    _: &VerifyJob<'_>,
    _: &mut Verdict,
    _: &PublicManifest,
    _: &Redactions,
    eyes: Eyes,
    _: (&GlobalArgs, &TerminalProgress),
) -> Result<()> {
    match eyes {}
}

/// Refuses: what was not looked at must not pass for checked.
///
/// # Errors
/// Always.
pub(super) fn check(
    job: &VerifyJob<'_>,
    _: &mut Verdict,
    _: &PublicManifest,
    _: &Redactions,
    _: (&GlobalArgs, &TerminalProgress),
) -> Result<()> {
    bail!(
        "{}: this program was built without FFmpeg and cannot look at pictures and sound: \
         `redact verify --no-media` checks signatures, digests and records",
        job.release.display()
    )
}
