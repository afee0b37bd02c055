//! The second look: detectors run on the finished file as they would on a recording.

use std::path::Path;

use redact_core::{Progress, Redactions, Track};
use redact_engine::Uncovered;
use redact_media::{FileSource, OpenOptions};

use crate::detectors::{self, LoadedDetectors};
use crate::error::{Context as _, Result};
use crate::options::ModelOptions;

/// Detections that are named where they stop a release; the others are counted.
const NAMED_MAX: usize = 5;

/// The detectors of a second look, without speech detection.
///
/// # Errors
/// As [`detectors::load`].
pub(crate) fn load_detectors(models: &ModelOptions, threads: usize) -> Result<LoadedDetectors> {
    let mut detectors = detectors::load(models, threads)?;
    detectors.set.speech = None;
    detectors.models.retain(|model| !model.classes.is_empty());
    Ok(detectors)
}

/// What `detectors` find in the file at `path` that `redactions` do not cover, and the file's
/// frames.
///
/// - `visible`: tracks that stay visible by decision.
///
/// # Errors
/// When the file cannot be decoded or a model fails.
pub(crate) fn detect_uncovered(
    path: &Path,
    detectors: LoadedDetectors,
    redactions: &Redactions,
    visible: &[&Track],
    threads: usize,
    progress: &dyn Progress,
) -> Result<(Vec<Uncovered>, u32)> {
    let options = OpenOptions {
        audio: false,
        threads,
        ..OpenOptions::default()
    };
    let source = FileSource::open(path, &options).in_file(path)?;
    let (set, options) = (detectors.set, &detectors.options);
    let report = redact_engine::scan(Box::new(source), set, options, progress).in_file(path)?;
    let found = redact_engine::uncovered(&report.tracks, &options.tracker, redactions, visible);
    Ok((found, report.frames))
}

/// The first few of `things`.
pub(crate) fn first_few(things: &[String]) -> String {
    let mut text = things[..things.len().min(NAMED_MAX)].join(", ");
    if things.len() > NAMED_MAX {
        text.push_str(", and more");
    }
    text
}
