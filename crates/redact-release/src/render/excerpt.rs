//! From the times of an excerpt to its frames.

use std::path::Path;

use redact_core::plan::clock;
use redact_core::{
    ApprovedPlan, Excerpt, ExcerptSpan, FrameIndex, FrameSpan, MediaItem, Source as _, TimeSpan,
    Timestamp, Track,
};
use redact_media::{CopyAnalysis, FileSource, OpenOptions};
use redact_record::manifest::{FrameClock, RestWithheld};
use serde::{Deserialize, Serialize};

use crate::error::{Context as _, ReleaseError, Result};

/// How far an excerpt may seem to end after the recording, nanoseconds: players round up.
const END_ROUNDED_NANOS: i64 = 1_000_000_000;

/// A release that shows only some of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptRequest {
    /// What it shows, from the recording's first frame on; in any order.
    pub spans: Vec<TimeSpan>,
    /// Who withholds the rest.
    pub by: String,
    /// Code of the reason for that, one of the plan's or
    /// [`NOT_REQUESTED`](redact_record::plan::NOT_REQUESTED).
    pub reason: String,
}

/// An excerpt in a job and its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ExcerptForm {
    /// Frames, ticks and nanoseconds of sound of each span.
    spans: Vec<[(i64, i64); 3]>,
    step: i64,
    /// Shortest and longest interval between two frames of the recording.
    frame_ticks: (i64, i64),
}

impl ExcerptForm {
    fn of(excerpt: &Excerpt, clock: &FrameClock) -> Self {
        let span = |span: &ExcerptSpan| {
            let frames = (span.frames.start().get(), span.frames.end().get());
            let frames = (i64::from(frames.0), i64::from(frames.1));
            let sound = (span.sound.start_nanos(), span.sound.end_nanos());
            [frames, span.ticks, sound]
        };
        Self {
            spans: excerpt.spans().iter().map(span).collect(),
            step: excerpt.step(),
            frame_ticks: clock.frame_ticks(),
        }
    }

    /// `plan` for a release of the excerpt.
    pub(super) fn apply(&self, plan: &ApprovedPlan) -> Result<ApprovedPlan> {
        let frame = |frame: i64| u32::try_from(frame).ok().map(FrameIndex::new);
        let spans = self.spans.iter().map(|&[frames, ticks, sound]| {
            Some(ExcerptSpan {
                frames: FrameSpan::new(frame(frames.0)?, frame(frames.1)?)?,
                ticks,
                sound: TimeSpan::new(sound.0, sound.1)?,
            })
        });
        let video = &plan.plan().source.info.video;
        let spans: Option<Vec<ExcerptSpan>> = spans.collect();
        let excerpt = spans.and_then(|spans| {
            Excerpt::new(video.first_timestamp, video.time_base, self.step, spans)
        });
        let excerpt = excerpt.ok_or(crate::WorkerError::InvalidResult)?;
        Ok(plan.clone().with_excerpt(excerpt))
    }

    pub(super) fn rest(&self, request: &ExcerptRequest) -> RestWithheld {
        RestWithheld {
            by: request.by.clone(),
            reason: request.reason.clone(),
            frame_ticks: self.frame_ticks,
        }
    }
}

/// `plan` for a release of `spans` of the recording at `clip`: each from the first frame at or
/// after its start up to the last one before its end. Spans that touch are one.
///
/// # Errors
/// When spans overlap, one is beyond the end or has no frame, or the recording cannot be read.
pub(super) fn cut(
    clip: &Path,
    plan: ApprovedPlan,
    spans: &[(i64, i64)],
    analysis: Option<&CopyAnalysis>,
    options: &OpenOptions,
) -> Result<(ApprovedPlan, Option<ExcerptForm>)> {
    if spans.is_empty() {
        return Ok((plan, None));
    }
    let times = match analysis.and_then(CopyAnalysis::times) {
        Some((ticks, end)) => FrameClock::of(ticks.to_vec(), end),
        None => decoded_times(clip, options)?,
    };
    let excerpt = resolve(&plan, spans, &times).in_file(clip)?;
    let form = ExcerptForm::of(&excerpt, &times);
    Ok((plan.with_excerpt(excerpt), Some(form)))
}

/// When each frame is shown, by decoding all of them.
fn decoded_times(clip: &Path, options: &OpenOptions) -> Result<FrameClock> {
    let options = OpenOptions {
        audio: false,
        ..*options
    };
    let mut source = FileSource::open(clip, &options).in_file(clip)?;
    let mut clock = FrameClock::default();
    while let Some(item) = source.next_item().in_file(clip)? {
        if let MediaItem::Frame(frame) = item {
            clock.push(frame.timestamp, frame.duration_ticks);
        }
    }
    Ok(clock)
}

fn resolve(
    plan: &ApprovedPlan,
    spans: &[(i64, i64)],
    times: &FrameClock,
) -> Result<Excerpt, ReleaseError> {
    let video = &plan.plan().source.info.video;
    let zero = times.first();
    let nanos = |ticks: i64| {
        let since = ticks.saturating_sub(zero.ticks());
        Timestamp::new(since)
            .nanos(video.time_base)
            .unwrap_or(i64::MAX)
    };
    let invalid = |what: String| ReleaseError::InvalidExcerpt { what };
    let length = nanos(times.end());
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let text = |(from, to): (i64, i64)| format!("{} to {}", clock(from), clock(to));
    for two in sorted.windows(2) {
        if two[1].0 < two[0].1 {
            let (a, b) = (text(two[0]), text(two[1]));
            return Err(invalid(format!("{a} and {b} overlap; they must not")));
        }
    }
    let mut found: Vec<ExcerptSpan> = Vec::new();
    for (from, to) in sorted {
        if from >= length || to > length.saturating_add(END_ROUNDED_NANOS) {
            let (span, end) = (text((from, to)), clock(length));
            return Err(invalid(format!(
                "{span} is not in the recording, which ends at {end}"
            )));
        }
        let first_from = |at: i64| times.ticks().partition_point(|ticks| nanos(*ticks) < at);
        let frame = |at: usize| FrameIndex::new(u32::try_from(at).unwrap_or(u32::MAX));
        let (start, end) = (first_from(from), first_from(to));
        let Some(frames) = FrameSpan::new(frame(start), frame(end)) else {
            let span = text((from, to));
            return Err(invalid(format!(
                "{span} has no frame; a longer span is needed"
            )));
        };
        let at = |index: usize| times.ticks().get(index).copied().unwrap_or(times.end());
        let (begins, ends) = (at(start), at(end));
        let sound = TimeSpan::new(nanos(begins).max(from), nanos(ends).min(to));
        let sound = sound.ok_or_else(|| invalid(format!("{} is too short", text((from, to)))))?;
        match found
            .last_mut()
            .filter(|last| last.frames.end() == frames.start())
        {
            Some(last) => {
                let joined = FrameSpan::new(last.frames.start(), frames.end());
                last.frames = joined.unwrap_or(last.frames);
                last.ticks.1 = ends;
                let joined = TimeSpan::new(last.sound.start_nanos(), sound.end_nanos());
                last.sound = joined.unwrap_or(last.sound);
            }
            None => found.push(ExcerptSpan {
                frames,
                ticks: (begins, ends),
                sound,
            }),
        }
    }
    let step = i64::try_from(usual_step(times.ticks())).unwrap_or(1).max(1);
    let excerpt = Excerpt::new(zero, video.time_base, step, found);
    excerpt.ok_or_else(|| invalid("the frames' times cannot be cut".to_owned()))
}

/// The most frequent distance between frames, ticks.
fn usual_step(ticks: &[i64]) -> u64 {
    redact_bitstream::h264::free_fields::usual_step(ticks)
}

/// Tracks that stay visible, in the frames of the release.
pub(super) fn visible_in(track: &Track, excerpt: Option<&Excerpt>) -> Vec<Track> {
    let Some(excerpt) = excerpt else {
        return vec![track.clone()];
    };
    let spans = excerpt.spans().iter().filter_map(|span| {
        let inside = track
            .boxes()
            .iter()
            .filter(|b| span.frames.contains(b.frame));
        let moved = inside.filter_map(|b| {
            let only = FrameSpan::new(b.frame, b.frame.next())?;
            let frame = excerpt.release_frames(only)?.start();
            Some(redact_core::TrackBox { frame, ..*b })
        });
        Track::new(track.id(), track.class(), moved.collect())
    });
    spans.collect()
}
