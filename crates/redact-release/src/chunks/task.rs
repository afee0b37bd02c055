//! Does a task of a scan.

use std::path::Path;

use redact_core::Digest;
use redact_jail::JailLevel;
use redact_record::findings;
use serde::Serialize;
use serde_json::Value;

use super::error::ChunkError;
use super::machine::Machine;
use super::observe::{PicturesWork, SoundWork, TaskBasis};
use super::output::{ChunkContent, ChunkOutput};
use super::plan::{ChunkPlan, ChunkWork};
use super::scan_chunks::{ScanChunks, ScanTask};
use crate::error::{Context as _, ReleaseError, Result};
use crate::files::digest;
use crate::options::ModelOptions;
use crate::ports::{JobKind, Ports};
use crate::scan::{ScanRequest, run_digesting, scan_with};

/// A task of a chunk plan, on this machine.
pub struct TaskRequest<'a> {
    /// The chunk plan.
    pub plan: &'a ChunkPlan,
    /// SHA-256 of the plan's file.
    pub plan_digest: Digest,
    /// The task.
    pub task: u32,
    /// The recording, wherever it is on this machine.
    pub clip: &'a Path,
    /// Where models are on this machine, with the plan's profile.
    pub models: &'a ModelOptions,
}

impl TaskRequest<'_> {
    /// Checks that this version of the program can do the task.
    ///
    /// # Errors
    /// [`ChunkError::Program`], [`ChunkError::NoTask`].
    pub fn check(&self) -> Result<(), ChunkError> {
        self.plan.check_program()?;
        let (task, tasks) = (self.task, self.plan.tasks());
        match task < tasks {
            true => Ok(()),
            false => Err(ChunkError::NoTask { task, tasks }),
        }
    }
}

/// Lets a confined worker do a task of a scan; gives the bytes of its output.
///
/// # Errors
/// When the plan is of something else, the recording or the models are not those of the plan, or
/// the task cannot be done.
pub fn run_scan_task(request: &TaskRequest<'_>, ports: &Ports<'_>) -> Result<Vec<u8>> {
    request.check()?;
    let ChunkWork::Scan(scan) = &request.plan.work else {
        return Err(request.plan.other_work("scan").into());
    };
    let task = scan.task(request.task).ok_or(ChunkError::NoTask {
        task: request.task,
        tasks: scan.tasks(),
    })?;
    let (content, level) = match task {
        ScanTask::Whole => whole(request, scan, ports)?,
        ScanTask::Pictures { chunk, is_last } => {
            let work = PicturesWork {
                basis: basis(request, scan, ports),
                chunk: chunk.clone(),
                is_last,
            };
            let (pictures, level) = run(request, JobKind::ScanPictures, &work, ports)?;
            (
                ChunkContent::Pictures(serde_json::from_value(pictures)?),
                level,
            )
        }
        ScanTask::Sound(parts) => {
            let work = SoundWork {
                basis: basis(request, scan, ports),
                frames: parts.frames,
                transcript: scan.transcript.clone(),
            };
            let (findings, level) = run(request, JobKind::ScanSound, &work, ports)?;
            let findings = serde_json::from_value(findings)?;
            (ChunkContent::Sound { findings }, level)
        }
    };
    let machine = Machine::this(request.models.runtime.as_deref())?;
    let output = ChunkOutput::new(request.plan_digest, request.task, machine, level, content);
    Ok(serde_json::to_vec(&output)?)
}

/// What every task of a divided scan needs.
fn basis(request: &TaskRequest<'_>, scan: &ScanChunks, ports: &Ports<'_>) -> TaskBasis {
    TaskBasis {
        clip: request.clip.to_owned(),
        models: request.models.clone(),
        input: request.plan.input.clone(),
        threads: ports.threads,
        expected: scan.models.clone(),
    }
}

/// Lets a confined worker do `work`, and digests the recording meanwhile.
fn run(
    request: &TaskRequest<'_>,
    kind: JobKind,
    work: &impl Serialize,
    ports: &Ports<'_>,
) -> Result<(Value, JailLevel)> {
    let clip = request.clip;
    let done = run_digesting(clip, request.models, (kind, work), ports);
    let (source, done) = done.or_else(|error| Err(cause(request, error, ports)?))?;
    request.plan.check_source(source).in_file(clip)?;
    Ok(done)
}

/// Why a task failed: that the recording is another one comes before what failed in it.
///
/// # Errors
/// That it is another one.
fn cause(
    request: &TaskRequest<'_>,
    error: ReleaseError,
    ports: &Ports<'_>,
) -> Result<ReleaseError> {
    if !error.is_cancelled() {
        let source = digest(request.clip, ports.progress)?;
        request.plan.check_source(source).in_file(request.clip)?;
    }
    Ok(error)
}

/// Scans the whole recording.
fn whole(
    request: &TaskRequest<'_>,
    scan: &ScanChunks,
    ports: &Ports<'_>,
) -> Result<(ChunkContent, JailLevel)> {
    let of_scan = ScanRequest {
        clip: request.clip,
        models: request.models,
        input: &request.plan.input,
        transcript: scan.transcript.as_ref(),
        acknowledged: None,
    };
    let found = scan_with(&of_scan, Some(&scan.models), ports);
    let (found, level) = found.or_else(|error| Err(cause(request, error, ports)?))?;
    let source = (found.source.digest, found.source.bytes);
    request.plan.check_source(source).in_file(request.clip)?;
    let findings = findings::to_checked_bytes(&found).in_file(request.clip)?;
    let findings = String::from_utf8_lossy(&findings).into_owned();
    Ok((ChunkContent::Whole { findings }, level))
}
