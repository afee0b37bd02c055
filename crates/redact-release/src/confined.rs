//! A worker's side of every job.

use redact_jail::JailError;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chunks::render::{RenderDivisionWork, SegmentWork};
use crate::chunks::{DivideWork, PicturesWork, SoundWork};
use crate::cut::CutWork;
use crate::error::Result;
use crate::ports::{JobKind, JobPorts};
use crate::render::RenderWork;
use crate::scan::ScanWork;
use crate::transcribe::TranscriptWork;
use crate::verify::VerifyWork;

/// Does the job that a caller of this crate handed to its [`crate::ports::Worker`].
///
/// - `seal`: gives up every right but to reach the job's own files; called once models are loaded
///   and before a recording is opened.
///
/// # Errors
/// When the job is not one of this version, or cannot be done.
pub fn run(
    job: &RawValue,
    seal: impl FnOnce() -> Result<(), JailError>,
    ports: &JobPorts<'_>,
) -> Result<Value> {
    let (kind, work): (JobKind, Box<RawValue>) = serde_json::from_str(job.get())?;
    let work = work.get();
    match kind {
        JobKind::Scan => serde_json::from_str::<ScanWork>(work)?.run(seal, ports),
        JobKind::DivideScan => serde_json::from_str::<DivideWork>(work)?.run(seal),
        JobKind::ScanPictures => serde_json::from_str::<PicturesWork>(work)?.run(seal, ports),
        JobKind::ScanSound => serde_json::from_str::<SoundWork>(work)?.run(seal, ports),
        JobKind::Transcribe => serde_json::from_str::<TranscriptWork>(work)?.run(seal, ports),
        JobKind::Render => serde_json::from_str::<RenderWork>(work)?.run(seal, ports),
        JobKind::DivideRender => serde_json::from_str::<RenderDivisionWork>(work)?.run(seal, ports),
        JobKind::EncodeSegments => serde_json::from_str::<SegmentWork>(work)?.run(seal, ports),
        JobKind::Cut => serde_json::from_str::<CutWork>(work)?.run(seal, ports),
        JobKind::Verify => serde_json::from_str::<VerifyWork>(work)?.run(seal, ports),
    }
}
