//! Divides a scan and makes its chunk plan.

use std::path::{Path, PathBuf};

use redact_core::Class;
use redact_core::Source as _;
use redact_jail::{JailError, JailLevel};
use redact_media::FileSource;
use redact_record::manifest::{ClassName, Hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cut_points::divide;
use super::plan::{ChunkPlan, ChunkSource, ChunkWork};
use super::scan_chunks::{Division, ScanChunks, WholeScan};
use crate::detectors;
use crate::error::{Context as _, Result};
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::{JobKind, Ports};
use crate::scan::{check_acknowledged, open_options, run_digesting};

/// A scan that is to be divided.
pub struct DivideRequest<'a> {
    /// The recording; its path is written into the plan as it is.
    pub clip: &'a Path,
    /// Which detectors run.
    pub models: &'a ModelOptions,
    /// How the recording is read.
    pub input: &'a InputOptions,
    /// How speech is transcribed; `None` leaves that out.
    pub transcript: Option<&'a TranscriptOptions>,
    /// Classes that a person accepted without a detector, where that is to be checked.
    pub acknowledged: Option<&'a [Class]>,
    /// Least length of a chunk in seconds; `None` makes one task of the whole scan.
    pub chunk_seconds: Option<u32>,
}

/// Digests the recording and divides its scan: chunks of its pictures, and its sound. Where it is
/// not proved that chunks give the same findings, the scan is one task.
///
/// # Errors
/// When the recording or the models cannot be read.
pub fn divide_scan(
    request: &DivideRequest<'_>,
    ports: &Ports<'_>,
) -> Result<(ChunkPlan, JailLevel)> {
    let clip = request.clip;
    let work = DivideWork {
        clip: clip.to_owned(),
        models: request.models.clone(),
        input: request.input.clone(),
        threads: ports.threads,
        transcript: request.transcript.cloned(),
        acknowledged: request
            .acknowledged
            .map(|classes| classes.iter().map(|&class| class.into()).collect()),
        chunk_seconds: request.chunk_seconds,
    };
    let work = (JobKind::DivideScan, &work);
    let ((sha256, bytes), (scan, level)) = run_digesting(clip, request.models, work, ports)?;
    let source = ChunkSource {
        path: clip.to_owned(),
        sha256: Hex(sha256),
        bytes,
    };
    let work = ChunkWork::Scan(serde_json::from_value(scan)?);
    let plan = ChunkPlan::new(source, request.input.clone(), work);
    // What the worker returned is checked as a file is.
    let plan = ChunkPlan::from_bytes(&plan.to_bytes()?).in_file(clip)?;
    Ok((plan, level))
}

/// Dividing a scan, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DivideWork {
    clip: PathBuf,
    models: ModelOptions,
    input: InputOptions,
    threads: usize,
    transcript: Option<TranscriptOptions>,
    acknowledged: Option<Vec<ClassName>>,
    chunk_seconds: Option<u32>,
}

impl DivideWork {
    /// Loads the models, gives up every right but to read the recording, and divides its scan.
    ///
    /// # Errors
    /// When the recording cannot be opened, a model fails, or no detector runs for a class that is
    /// not acknowledged.
    pub(crate) fn run(self, seal: impl FnOnce() -> Result<(), JailError>) -> Result<Value> {
        let clip = self.clip.as_path();
        let mut detectors = detectors::load(&self.models, 1)?;
        if let Some(acknowledged) = &self.acknowledged {
            check_acknowledged(&detectors.missing, acknowledged).in_file(clip)?;
        }
        let models = detectors.model_set(self.transcript.is_some())?;
        seal()?;
        let options = open_options(&self.input, self.threads);
        let source = FileSource::open(clip, &options).in_file(clip)?;
        // Nobody should review what cannot be released.
        redact_media::check_sound(source.info()).in_file(clip)?;
        drop(source);
        let division = match self.chunk_seconds {
            None => Err("it was asked for".to_owned()),
            Some(seconds) => divide(clip, &options, &detectors.set.intervals(), seconds)?,
        };
        let scan = ScanChunks {
            profile: self.models.profile,
            models,
            transcript: self.transcript,
            division: match division {
                Ok(parts) => Division::Parts(parts),
                Err(reason) => Division::Whole(WholeScan { reason }),
            },
        };
        Ok(serde_json::to_value(scan)?)
    }
}
