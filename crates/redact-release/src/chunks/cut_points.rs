//! Where a scan is divided.

use std::path::Path;

use redact_core::{FrameIndex, Source as _, TimeBase, Timestamp};
use redact_engine::{RunSchedule, nanos_since};
use redact_media::{FileSource, FrameTable, OpenOptions};

use super::plan::TASKS_MAX;
use super::scan_chunks::{FrameTime, LastRun, PictureChunk, ScanParts};
use crate::error::{Context as _, Result};

/// Divides a recording, or returns the reason why it is not divided.
///
/// - `intervals`: least time from one run to the next of each detector, nanoseconds;
/// - `seconds`: least length of a chunk.
///
/// # Errors
/// When the recording cannot be read.
pub(super) fn divide(
    clip: &Path,
    options: &OpenOptions,
    intervals: &[i64],
    seconds: u32,
) -> Result<Result<ScanParts, String>> {
    let table = match FrameTable::read(clip, options).in_file(clip)? {
        Ok(table) => table,
        Err(why) => return Ok(Err(why)),
    };
    let only_pictures = OpenOptions {
        audio: false,
        require_sound: false,
        ..*options
    };
    let mut source = FileSource::open(clip, &only_pictures).in_file(clip)?;
    let timeline = FrameTimes {
        times: table.times(),
        time_base: source.info().video.time_base,
    };
    let starts = starts(&timeline, table.key_frames(), seconds);
    if starts.len() < 2 {
        return Ok(Err(why_one_chunk(&timeline, seconds).to_owned()));
    }
    if starts.len() >= TASKS_MAX as usize {
        return Ok(Err(format!("it has more than {TASKS_MAX} chunks")));
    }
    let parts = parts(&timeline, table.key_frames(), &starts, intervals);
    // Whether a decoder can begin there is tried, and not only concluded from the packets.
    for chunk in &parts.pictures {
        let from = FrameIndex::new(chunk.decode_from.frame);
        let at = Timestamp::new(chunk.decode_from.ticks);
        if let Err(error) = source.seek_to_key_frame(from, at) {
            return Ok(Err(format!("{error} (frame {})", from.get())));
        }
    }
    Ok(Ok(parts))
}

/// When the frames of a recording are shown.
struct FrameTimes<'a> {
    /// In ticks; they increase.
    times: &'a [i64],
    time_base: TimeBase,
}

impl FrameTimes<'_> {
    /// Nanoseconds since the recording's zero.
    fn nanos(&self, frame: usize) -> i64 {
        let at = |frame: usize| Timestamp::new(self.times[frame]);
        nanos_since(at(0), at(frame), self.time_base)
    }
}

/// The first frames of all chunks: 0, and the first key frame at or after each multiple of
/// `seconds`.
fn starts(timeline: &FrameTimes<'_>, key_frames: &[u32], seconds: u32) -> Vec<u32> {
    let length = i64::from(seconds.max(1)) * 1_000_000_000;
    let mut starts = vec![0];
    let mut next = length;
    for &key in key_frames.iter().skip(1) {
        let at = timeline.nanos(key as usize);
        if at >= next {
            starts.push(key);
            next = (at / length).saturating_add(1).saturating_mul(length);
        }
    }
    starts
}

/// Why there is no second chunk.
fn why_one_chunk(timeline: &FrameTimes<'_>, seconds: u32) -> &'static str {
    let last = timeline.nanos(timeline.times.len() - 1);
    match last < i64::from(seconds) * 1_000_000_000 {
        true => "it is not longer than one chunk",
        false => "no closed GOP begins at a place where it could be divided",
    }
}

/// The chunks that begin at `starts`.
fn parts(
    timeline: &FrameTimes<'_>,
    key_frames: &[u32],
    starts: &[u32],
    intervals: &[i64],
) -> ScanParts {
    let frames = u32::try_from(timeline.times.len()).unwrap_or(u32::MAX);
    let ends = starts.iter().skip(1).copied().chain([frames]);
    let mut schedule = RunSchedule::new(intervals);
    let mut pictures = Vec::with_capacity(starts.len());
    for (&start, end) in starts.iter().zip(ends) {
        // The last key frame before the start; 0 for the first chunk.
        let before = key_frames.partition_point(|key| *key < start);
        let from = key_frames
            .get(before.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        pictures.push(PictureChunk {
            start,
            end,
            decode_from: FrameTime {
                frame: from,
                ticks: timeline.times[from as usize],
            },
            last_runs: last_runs(&schedule),
        });
        for frame in start..end {
            // Which detectors run does not matter here.
            schedule.due(timeline.nanos(frame as usize)).for_each(drop);
        }
    }
    ScanParts { frames, pictures }
}

/// When detectors ran last, by interval. Those with one interval run at the same times.
fn last_runs(schedule: &RunSchedule) -> Vec<LastRun> {
    let known = schedule.last_runs().iter();
    let mut runs: Vec<LastRun> = known
        .filter_map(|&(every_nanos, last)| {
            last.map(|at_nanos| LastRun {
                every_nanos,
                at_nanos,
            })
        })
        .collect();
    runs.sort_by_key(|run| run.every_nanos);
    runs.dedup();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: chunks begin at key frames, cover every frame once, and are decoded from the key frame
    /// before. Method: 25 frames a second with a key frame every 12, for a bit over 4 seconds.
    #[test]
    fn chunks_begin_at_key_frames_and_cover_every_frame() {
        let times: Vec<i64> = (0..110).map(|frame| frame * 40 + 7).collect();
        let timeline = FrameTimes {
            times: &times,
            time_base: TimeBase::new(1, 1000).unwrap(),
        };
        let keys: Vec<u32> = (0..110).step_by(12).collect();
        let starts = starts(&timeline, &keys, 1);
        // At or after 1, 2, 3 and 4 seconds: frames 25, 50, 75 and 100.
        assert_eq!(starts, [0, 36, 60, 84, 108]);
        let parts = parts(&timeline, &keys, &starts, &[0, 100_000_000]);
        let from: Vec<u32> = parts.pictures.iter().map(|c| c.decode_from.frame).collect();
        assert_eq!(from, [0, 24, 48, 72, 96]);
        let ends: Vec<u32> = parts.pictures.iter().map(|c| c.end).collect();
        assert_eq!(ends, [36, 60, 84, 108, 110]);
        assert_eq!(parts.pictures[0].last_runs, []);
        // The detector that runs in every frame ran in frame 35; the other every third frame.
        let run = |every_nanos, frame: i64| LastRun {
            every_nanos,
            at_nanos: frame * 40_000_000,
        };
        assert_eq!(
            parts.pictures[1].last_runs,
            [run(0, 35), run(100_000_000, 33)]
        );
    }

    #[test]
    fn a_recording_with_one_key_frame_has_one_chunk() {
        let times: Vec<i64> = (0..100).map(|frame| frame * 40).collect();
        let timeline = FrameTimes {
            times: &times,
            time_base: TimeBase::new(1, 1000).unwrap(),
        };
        assert_eq!(starts(&timeline, &[0], 1), [0]);
        assert!(why_one_chunk(&timeline, 1).contains("no closed GOP"));
        assert!(why_one_chunk(&timeline, 60).contains("not longer"));
    }
}
