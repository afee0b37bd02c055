//! The scan job: decode and detect ([`observe()`]), then track ([`Linker`]).
//!
//! The tracker gets everything in order on the caller's thread, so that the result does not depend
//! on the number of workers. The two halves can also run apart: parts of a recording are observed
//! on several machines, and linked on one.

mod collect;
mod detectors;
mod error;
mod feed;
mod link;
mod merge;
mod observe;
mod observed;
mod runs;
mod schedule;
mod window;

use redact_core::{Progress, Source, SourceDiagnostics, SpeechByTrack, Track};

pub use detectors::{DetectorSet, ScheduledDetector};
pub use error::ScanError;
pub use link::{LinkedFrames, Linker};
pub use observe::{ObserveReport, ObservedPart, observe};
pub use observed::{ObservedFrame, nanos_since};
pub use schedule::RunSchedule;

use crate::track::TrackerOptions;

/// How a scan makes tracks of detections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanOptions {
    /// How detections become tracks.
    pub tracker: TrackerOptions,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanReport {
    /// Frames, counted by decoding all of them.
    pub frames: u32,
    /// From the first frame's start to the last frame's end, ticks of the video's time base.
    pub duration_ticks: i64,
    /// Tracks, ordered by id.
    pub tracks: Vec<Track>,
    /// Where somebody speaks; `None` when no speech detector ran.
    pub speech: Option<SpeechByTrack>,
    /// Diagnostics of its source: damage, and pictures of another size.
    pub diagnostics: SourceDiagnostics,
}

/// Finds what may have to be hidden in `source`.
///
/// # Errors
/// The first cause: see [`ScanError`]. Damage is never mistaken for the recording's end.
pub fn scan(
    source: Box<dyn Source>,
    mut detectors: DetectorSet,
    options: &ScanOptions,
    progress: &dyn Progress,
) -> Result<ScanReport, ScanError> {
    let video = &source.info().video;
    let mut linker = Linker::new(video.time_base, video.first_timestamp, &options.tracker);
    let part = ObservedPart::whole(&detectors.intervals());
    let mut link = |frame: ObservedFrame| linker.add(&frame);
    let observed = observe(source, &mut detectors, part, &mut link, progress)?;
    // Models need more memory than anything else, and what follows needs some.
    detectors.detectors.clear();
    let linked = linker.finish()?;
    let speech = match detectors.speech.as_mut() {
        Some(speech) => Some(speech.finish()?),
        None => None,
    };
    Ok(ScanReport {
        frames: linked.frames,
        duration_ticks: linked.duration_ticks,
        tracks: linked.tracks,
        speech,
        diagnostics: observed.diagnostics,
    })
}

#[cfg(test)]
mod tests;
