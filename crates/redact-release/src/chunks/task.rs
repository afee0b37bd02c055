//! Does a task of a scan.

use std::path::Path;

use redact_core::Digest;
use redact_record::findings;

use super::error::ChunkError;
use super::output::{ChunkContent, ChunkOutput};
use super::plan::{ChunkPlan, ChunkWork};
use super::scan_chunks::{ScanChunks, ScanTask};
use crate::error::{Context as _, Result};
use crate::options::ModelOptions;
use crate::ports::Ports;
use crate::scan::{ScanRequest, scan_with};

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
    /// Whether the caller has just compared the recording's SHA-256 with the plan.
    pub is_verified: bool,
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
    let ChunkWork::Scan(scan) = &request.plan.work;
    let task = scan.task(request.task).ok_or(ChunkError::NoTask {
        task: request.task,
        tasks: scan.tasks(),
    })?;
    let (content, level) = match task {
        ScanTask::Whole => whole(request, scan, ports)?,
        ScanTask::Pictures(_) | ScanTask::Sound => unreachable!("not divided yet"),
    };
    let output = ChunkOutput::new(request.plan_digest, request.task, level, content);
    Ok(serde_json::to_vec(&output)?)
}

/// Scans the whole recording.
fn whole(
    request: &TaskRequest<'_>,
    scan: &ScanChunks,
    ports: &Ports<'_>,
) -> Result<(ChunkContent, redact_jail::JailLevel)> {
    let of_scan = ScanRequest {
        clip: request.clip,
        models: request.models,
        input: &request.plan.input,
        transcript: scan.transcript.as_ref(),
        acknowledged: None,
    };
    let (found, level) = scan_with(&of_scan, Some(&scan.models), ports)?;
    let source = (found.source.digest, found.source.bytes);
    request.plan.check_source(source).in_file(request.clip)?;
    let findings = findings::to_checked_bytes(&found).in_file(request.clip)?;
    let findings = String::from_utf8_lossy(&findings).into_owned();
    Ok((ChunkContent::Whole { findings }, level))
}
