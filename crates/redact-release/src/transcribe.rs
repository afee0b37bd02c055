//! Transcripts of recordings that were scanned before.

mod work;

use std::path::{Path, PathBuf};

use redact_core::{Digest, Findings};
use redact_jail::JailLevel;
use redact_record::{RecordError, findings};

pub(crate) use work::{SpeechJob, TranscriptWork, transcribe};

use crate::error::{Context as _, Result};
use crate::files::digest;
use crate::names::FINDINGS_SUFFIX;
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::{Access, JobKind, Ports, ProgressListener, job};

/// What is transcribed, and how.
pub struct TranscriptRequest<'a> {
    /// The recording.
    pub clip: &'a Path,
    /// What a scan found in it.
    pub findings: &'a Findings,
    /// Where models are.
    pub models: &'a ModelOptions,
    /// How the recording is read.
    pub input: &'a InputOptions,
    /// How its speech is transcribed.
    pub options: &'a TranscriptOptions,
}

/// Lets a confined worker transcribe the recording; gives its findings with the transcript, which
/// replaces an earlier one.
///
/// # Errors
/// When the recording is not the one that was scanned or cannot be read to its end, or no model is
/// installed that recognizes words.
pub fn transcribe_recording(
    request: &TranscriptRequest<'_>,
    ports: &Ports<'_>,
) -> Result<(Findings, JailLevel)> {
    let clip = request.clip;
    check_source(clip, request.findings, digest(clip, ports.progress)?.0)?;
    let access = Access {
        read: vec![clip.to_owned()],
        models: Some(request.models.clone()),
        ..Access::default()
    };
    let work = TranscriptWork {
        clip: clip.to_owned(),
        findings: String::from_utf8_lossy(&findings::to_bytes(request.findings)).into_owned(),
        models: request.models.clone(),
        input: request.input.clone(),
        threads: ports.threads,
        options: request.options.clone(),
    };
    let job = job(JobKind::Transcribe, &work)?;
    let listener = ProgressListener(ports.progress);
    let (found, level) = ports.worker.run(job, &access, &listener)?;
    let text: String = serde_json::from_value(found)?;
    let found = findings::from_bytes(text.as_bytes()).in_file(clip)?;
    Ok((found, level))
}

/// The recording must be the one that was scanned.
fn check_source(clip: &Path, found: &Findings, digest: Digest) -> Result<()> {
    if digest == found.source.digest {
        return Ok(());
    }
    let error = RecordError::Mismatch {
        what: "SHA-256 of the recording",
        found: digest.to_string(),
        expected: format!("{}, as in the findings", found.source.digest),
    };
    Err(error).in_file(clip)
}

/// The recording beside a findings file: of the files with its name and any extension, the one that
/// has as many bytes as the recording that was scanned.
#[must_use]
pub fn recording_beside(findings_file: &Path, found: &Findings) -> Option<PathBuf> {
    let name = findings_file.file_name()?.to_str()?;
    let stem = name.strip_suffix(FINDINGS_SUFFIX)?;
    let folder = findings_file.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut fitting: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_stem().is_some_and(|s| s == stem) && path != findings_file)
        .filter(|path| std::fs::metadata(path).is_ok_and(|m| m.len() == found.source.bytes))
        .collect();
    fitting.sort();
    fitting.into_iter().next()
}
