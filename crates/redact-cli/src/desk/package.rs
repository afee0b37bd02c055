//! What the desk receives of a package that was made.

use std::ops::ControlFlow;
use std::path::Path;

use redact_core::Digest;
use redact_desk::{Packaged, PackagedRelease, TaskError, TaskOutcome, Watch};
use serde_json::Value;

/// Reads what `redact package` printed, and digests the package.
///
/// # Errors
/// If the output cannot be read, the package is not there, or the job is stopped.
pub(super) fn outcome(
    printed: &Value,
    package: &Path,
    watch: &dyn Watch,
) -> Result<TaskOutcome, TaskError> {
    let mut is_stopped = false;
    let mut advance = |done, total| {
        let next = watch.advance("digest", done, Some(total));
        is_stopped = next == ControlFlow::Break(());
        next
    };
    let digested = redact_record::digest_file(package, &mut advance);
    if is_stopped {
        return Err(TaskError::new("cancelled"));
    }
    let unreadable = |error| TaskError::new(format!("cannot read the package: {error}"));
    let (sha256, bytes) = digested.map_err(unreadable)?;
    let read = read(printed, sha256, bytes).map(TaskOutcome::Packaged);
    read.ok_or_else(|| TaskError::new("the job gave an unreadable result"))
}

/// What was made; `None` if the output is not that of `redact package`.
fn read(printed: &Value, sha256: Digest, bytes: u64) -> Option<Packaged> {
    let digest = |value: &Value| value.as_str().and_then(Digest::from_hex);
    let exhibit = |value: &Value| {
        Some(PackagedRelease {
            release_sha256: digest(&value["release_sha256"])?,
            manifest_sha256: digest(&value["manifest_sha256"])?,
        })
    };
    let exhibits = printed["releases"].as_array()?.iter().map(exhibit);
    Some(Packaged {
        manifest_sha256: digest(&printed["manifest_sha256"])?,
        sha256,
        bytes,
        has_verifier: printed["verifier"].as_bool()?,
        exhibits: exhibits.collect::<Option<_>>()?,
    })
}
