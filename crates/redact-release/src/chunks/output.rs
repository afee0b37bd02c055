//! The output of a task of a scan, as JSON (`redact-chunk/1`).

use redact_core::Digest;
use redact_jail::JailLevel;
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use super::error::ChunkError;
use super::machine::Machine;
use super::pictures::PicturesOutput;
use super::plan::{PROGRAM, check_format};

/// The format of outputs.
const FORMAT: &str = "redact-chunk/1";

/// Most bytes of an output: findings of a long recording are one, too.
pub const OUTPUT_BYTES_MAX: u64 = 1 << 30;

/// The output of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkOutput {
    format: String,
    /// Name and version of the program.
    pub program: String,
    /// SHA-256 of the chunk plan.
    pub plan: Hex,
    /// The task.
    pub task: u32,
    /// The machine that did it.
    pub machine: Machine,
    /// How well the process that decoded was confined.
    pub confined: JailLevel,
    /// What was found.
    pub content: ChunkContent,
}

/// What a task of a scan found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChunkContent {
    /// The whole scan.
    Whole {
        /// The text of the findings.
        findings: String,
    },
    /// Detections and camera motion of some frames.
    Pictures(PicturesOutput),
    /// Speech and words.
    Sound {
        /// The text of findings without tracks.
        findings: String,
    },
}

impl ChunkOutput {
    /// What this program on this machine found.
    #[must_use]
    pub fn new(
        plan: Digest,
        task: u32,
        machine: Machine,
        confined: JailLevel,
        content: ChunkContent,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            program: PROGRAM.to_owned(),
            plan: Hex(plan),
            task,
            machine,
            confined,
            content,
        }
    }

    /// Parses an output.
    ///
    /// # Errors
    /// [`ChunkError::Format`], [`ChunkError::Syntax`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChunkError> {
        check_format(bytes, FORMAT)?;
        let what = "output of a task";
        serde_json::from_slice(bytes).map_err(|source| ChunkError::Syntax { what, source })
    }

    /// Checks that it is the output of a task of a plan, by this version of the program.
    ///
    /// # Errors
    /// [`ChunkError::Program`], [`ChunkError::OtherPlanOutput`], [`ChunkError::Value`].
    pub fn check(&self, plan: Digest, task: u32) -> Result<(), ChunkError> {
        if self.program != PROGRAM {
            return Err(ChunkError::Program {
                what: format!("the output of task {task}"),
                found: self.program.clone(),
                expected: PROGRAM.to_owned(),
            });
        }
        if self.plan.0 != plan {
            return Err(ChunkError::OtherPlanOutput {
                task,
                found: self.plan.0,
                expected: plan,
            });
        }
        if self.task != task {
            let expected = format!("{task}, the task that it was committed for");
            return Err(ChunkError::value("task of an output", self.task, expected));
        }
        Ok(())
    }
}
