//! Links the outputs of a scan's tasks: findings, as a scan without chunks gives them.

use std::path::Path;

use redact_core::{Digest, Findings};
use redact_jail::JailLevel;
use redact_record::findings;

use super::output::{ChunkContent, ChunkOutput};
use super::plan::{ChunkPlan, ChunkWork};
use crate::error::{Context as _, ReleaseError, Result};

/// Links the outputs of all tasks.
///
/// - `plan_digest`: SHA-256 of the plan's file;
/// - `clip`: the recording, for messages;
/// - `read`: gives the output of a task.
///
/// # Errors
/// When an output cannot be read, or is not one of the plan.
pub fn link_scan(
    plan: &ChunkPlan,
    plan_digest: Digest,
    clip: &Path,
    read: &mut dyn FnMut(u32) -> Result<Vec<u8>, ReleaseError>,
) -> Result<(Findings, JailLevel)> {
    plan.check_program()?;
    let ChunkWork::Scan(_scan) = &plan.work;
    let output = ChunkOutput::from_bytes(&read(0)?)?;
    output.check(plan_digest, 0)?;
    match output.content {
        ChunkContent::Whole { findings } => {
            let found = findings::from_bytes(findings.as_bytes()).in_file(clip)?;
            plan.check_source((found.source.digest, found.source.bytes))
                .in_file(clip)?;
            Ok((found, output.confined))
        }
    }
}
