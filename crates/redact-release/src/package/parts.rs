//! Cutting the releases of a package that are larger than its profile allows.

use std::path::{Path, PathBuf};

use redact_record::log;
use redact_record::package::ExhibitPart;
use redact_record::sign::{KeyPair, Signed, TrustStore};

use super::releases::CheckedRelease;
use crate::cut::{PartLimit, ReleaseParts, WrittenPart};
use crate::error::{Context as _, Result};
use crate::ports::Ports;

/// A part of a release, with a signature that is the same each time.
pub(super) struct CutPart {
    /// What was written, and its manifest.
    pub(super) written: WrittenPart,
    /// The text of the signature of its manifest.
    pub(super) signature: String,
    /// Its place in the release.
    pub(super) place: ExhibitPart,
}

/// Cuts `release` into parts of at most `limit` bytes each, written to `folder`; none if it fits.
///
/// # Errors
/// If a GOP alone is larger than the limit, or the release is not what its manifest says.
pub(super) fn cut(
    release: &CheckedRelease,
    limit: Option<u64>,
    folder: &Path,
    (key, trust): (&KeyPair, &TrustStore),
    ports: &Ports<'_>,
) -> Result<Vec<CutPart>> {
    let Some(bytes) = limit.filter(|limit| release.public.release.bytes > *limit) else {
        return Ok(Vec::new());
    };
    // A part's log has no more items than that of the whole release.
    let log = log::html(&release.public, release.digest())?;
    let limit = PartLimit {
        bytes,
        other_records: log.len() as u64,
    };
    let path = &release.path;
    let parts = ReleaseParts::plan(path, &release.record, trust, limit, ports)?;
    let outputs = (1..=parts.count()).map(|number| folder.join(format!("{number}.mp4")));
    let outputs: Vec<PathBuf> = outputs.collect();
    let written = parts.write(&outputs, key, ports)?;
    written
        .into_iter()
        .map(|written| with_place(written, key))
        .collect::<Result<_>>()
        .in_file(path)
}

fn with_place(written: WrittenPart, key: &KeyPair) -> Result<CutPart> {
    let manifest = &written.manifest;
    let at = manifest.created.0;
    let signature = key.sign_repeatably(&written.manifest_bytes, Signed::PublicManifest, at)?;
    let part = manifest.part.as_ref();
    // It was just made: a part that says nothing of its place would be our own mistake.
    let part = part.expect("the manifest of a part names its place");
    let place = ExhibitPart {
        number: part.number,
        frames: part.frames.0,
        seconds: part.release_seconds.0,
    };
    Ok(CutPart {
        signature,
        place,
        written,
    })
}
