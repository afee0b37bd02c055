//! Chunk plans: how one scan or render is divided, as JSON (`redact-chunks/1`).

use std::path::{Path, PathBuf};

use redact_core::Digest;
use redact_record::manifest::Hex;
use serde::{Deserialize, Serialize};

use super::error::ChunkError;
use super::render::RenderDivision;
use super::scan_chunks::ScanChunks;
use crate::error::{Context as _, Result};
use crate::options::InputOptions;

/// The format of chunk plans.
const FORMAT: &str = "redact-chunks/1";

/// Most bytes of a chunk plan: 100,000 tasks of a scan take about 40 MB.
const BYTES_MAX: u64 = 64 << 20;

/// Most tasks of a chunk plan: three weeks of video in chunks of 20 seconds.
pub const TASKS_MAX: u32 = 100_000;

/// Name and version of this program, which divides, does and links the chunks of one job alike.
pub const PROGRAM: &str = concat!("redact ", env!("CARGO_PKG_VERSION"));

/// How one scan or render is divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkPlan {
    format: String,
    /// Name and version of the program that divided; all machines need the same one.
    pub program: String,
    /// The recording.
    pub source: ChunkSource,
    /// How it is read.
    pub input: InputOptions,
    /// What is done, and in which parts.
    pub work: ChunkWork,
}

/// The recording of a chunk plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkSource {
    /// Where it was when it was divided; it may be elsewhere on another machine.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: Hex,
    /// Its bytes.
    pub bytes: u64,
}

/// What is done in chunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkWork {
    /// A scan.
    Scan(ScanChunks),
    /// A render.
    Render(RenderDivision),
}

impl ChunkWork {
    /// Its name in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scan(_) => "scan",
            Self::Render(_) => "render",
        }
    }
}

impl ChunkPlan {
    /// A plan of this version of the program.
    #[must_use]
    pub fn new(source: ChunkSource, input: InputOptions, work: ChunkWork) -> Self {
        Self {
            format: FORMAT.to_owned(),
            program: PROGRAM.to_owned(),
            source,
            input,
            work,
        }
    }

    /// Reads a plan; gives the SHA-256 of its bytes, too.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is not a valid plan; with the file's name.
    pub fn read(path: &Path) -> Result<(Self, Digest)> {
        let bytes = redact_record::read(path, BYTES_MAX).in_file(path)?;
        let plan = Self::from_bytes(&bytes).in_file(path)?;
        Ok((plan, redact_record::digest_bytes(&bytes)))
    }

    /// Parses a plan.
    ///
    /// # Errors
    /// [`ChunkError::Format`], [`ChunkError::Syntax`], [`ChunkError::Value`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChunkError> {
        check_format(bytes, FORMAT)?;
        let what = "chunk plan";
        let plan: Self =
            serde_json::from_slice(bytes).map_err(|source| ChunkError::Syntax { what, source })?;
        let tasks = plan.tasks();
        if tasks > TASKS_MAX {
            let expected = format!("at most {TASKS_MAX}");
            return Err(ChunkError::value("number of tasks", tasks, expected));
        }
        match &plan.work {
            ChunkWork::Scan(scan) => scan.check()?,
            ChunkWork::Render(division) => division.check()?,
        }
        Ok(plan)
    }

    /// The bytes of the plan. The same plan has the same bytes.
    ///
    /// # Errors
    /// When a name in it is not valid UTF-8.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).in_file(&self.source.path)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Number of tasks, which are numbered from 0.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        match &self.work {
            ChunkWork::Scan(scan) => scan.tasks(),
            ChunkWork::Render(division) => division.tasks(),
        }
    }

    /// The error where a plan of `expected` work is needed and this is none.
    #[must_use]
    pub const fn other_work(&self, expected: &'static str) -> ChunkError {
        let found = self.work.name();
        ChunkError::OtherWork { found, expected }
    }

    /// Checks that this version of the program made the plan.
    ///
    /// # Errors
    /// [`ChunkError::Program`].
    pub fn check_program(&self) -> Result<(), ChunkError> {
        if self.program == PROGRAM {
            return Ok(());
        }
        Err(ChunkError::Program {
            what: "the chunk plan".to_owned(),
            found: self.program.clone(),
            expected: PROGRAM.to_owned(),
        })
    }

    /// Checks that a recording is the one that was divided.
    ///
    /// # Errors
    /// [`ChunkError::OtherRecording`].
    pub fn check_source(&self, (found, found_bytes): (Digest, u64)) -> Result<(), ChunkError> {
        let (expected, bytes) = (self.source.sha256.0, self.source.bytes);
        if (found, found_bytes) == (expected, bytes) {
            return Ok(());
        }
        Err(ChunkError::OtherRecording {
            found,
            found_bytes,
            expected,
            bytes,
        })
    }
}

/// Checks the `format` of a document before strict parsing, which would reject another version with
/// a misleading error.
pub(super) fn check_format(bytes: &[u8], expected: &'static str) -> Result<(), ChunkError> {
    #[derive(Deserialize)]
    struct Header {
        format: String,
    }
    let what = "chunk document";
    let header: Header =
        serde_json::from_slice(bytes).map_err(|source| ChunkError::Syntax { what, source })?;
    if header.format == expected {
        return Ok(());
    }
    Err(ChunkError::Format {
        found: header.format,
        expected,
    })
}
