//! Scanning: a confined worker decodes a recording and finds what may have to be hidden.

mod work;

use std::path::Path;

use redact_core::{Class, Digest, Findings};
use redact_jail::JailLevel;
use redact_record::events::EventDraft;
use redact_record::findings;
use serde::Serialize;
use serde_json::Value;

pub(crate) use work::{Observed, ObservedPictures, ScanWork, check_acknowledged, open_options};

use crate::chunks::ModelSet;
use crate::error::{Context as _, Result};
use crate::files::digest_beside;
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::outputs::Outputs;
use crate::ports::{Access, JobKind, Ports, ProgressListener, job};

/// What is scanned, and how.
pub struct ScanRequest<'a> {
    /// The recording.
    pub clip: &'a Path,
    /// Which detectors run.
    pub models: &'a ModelOptions,
    /// How the recording is read.
    pub input: &'a InputOptions,
    /// How speech is transcribed; `None` leaves that out. Without an installed recognizer, nothing
    /// is transcribed.
    pub transcript: Option<&'a TranscriptOptions>,
    /// Classes that a person accepted without a detector, where that is to be checked before the
    /// recording is decoded.
    pub acknowledged: Option<&'a [Class]>,
}

/// Lets a confined worker decode the whole recording and find what may have to be hidden; the
/// recording is digested here.
///
/// # Errors
/// When the recording cannot be read to its end or a model fails.
pub fn scan_recording(
    request: &ScanRequest<'_>,
    ports: &Ports<'_>,
) -> Result<(Findings, JailLevel)> {
    scan_with(request, None, ports)
}

/// The same with certain models.
///
/// - `expected`: the models that must run.
///
/// # Errors
/// Those of [`scan_recording`]; [`ChunkError::OtherModels`](crate::chunks::ChunkError).
pub(crate) fn scan_with(
    request: &ScanRequest<'_>,
    expected: Option<&ModelSet>,
    ports: &Ports<'_>,
) -> Result<(Findings, JailLevel)> {
    let clip = request.clip;
    let work = ScanWork {
        clip: clip.to_owned(),
        models: request.models.clone(),
        input: request.input.clone(),
        threads: ports.threads,
        transcript: request.transcript.cloned(),
        acknowledged: request
            .acknowledged
            .map(|classes| classes.iter().map(|&class| class.into()).collect()),
        expected: expected.cloned(),
    };
    let (source, (found, level)) =
        run_digesting(clip, request.models, (JobKind::Scan, &work), ports)?;
    let (digest, bytes) = source;
    let text: String = serde_json::from_value(found)?;
    let mut found = findings::from_bytes(text.as_bytes()).in_file(clip)?;
    found.source.digest = digest;
    found.source.bytes = bytes;
    Ok((found, level))
}

/// Lets a confined worker do `work`, which reads `clip` and runs models, and digests the recording
/// meanwhile; gives its SHA-256 and length, and the result.
///
/// # Errors
/// When the work fails, or the recording changes meanwhile.
pub(crate) fn run_digesting(
    clip: &Path,
    models: &ModelOptions,
    (kind, work): (JobKind, &impl Serialize),
    ports: &Ports<'_>,
) -> Result<((Digest, u64), (Value, JailLevel))> {
    let access = Access {
        read: vec![clip.to_owned()],
        models: Some(models.clone()),
        ..Access::default()
    };
    let job = job(kind, work)?;
    let listener = ProgressListener(ports.progress);
    digest_beside(clip, ports.progress, || {
        Ok(ports.worker.run(job, &access, &listener)?)
    })
}

/// Writes findings to `path`; gives the SHA-256 of the file.
///
/// # Errors
/// When they could not be read back, or the system refuses.
pub fn write_findings(outputs: &mut Outputs, path: &Path, found: &Findings) -> Result<Digest> {
    let bytes = findings::to_checked_bytes(found).in_file(path)?;
    outputs.write(path, &bytes)?;
    Ok(redact_record::digest_bytes(&bytes))
}

/// Adds what a scan found to an event; `digest` is that of the findings file.
pub fn describe_findings(event: &mut EventDraft, found: &Findings, digest: Digest) {
    event.subject("source", found.source.digest);
    event.subject("findings", digest);
    event.count("tracks", found.tracks.len());
    event.count("classes-missing", found.missing.len());
    let damage = &found.damage;
    event.count("damaged", damage.pictures.len() + damage.sound.len());
}
