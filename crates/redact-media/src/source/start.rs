//! Describes a recording once its first frame is decoded.

use ffmpeg_next::frame::{self, Video};
use redact_core::{
    AudioInfo, Conversion, FrameIndex, SourceError, SourceInfo, Timestamp, VideoInfo,
};

use super::event::{Event, ReadError};
use super::reader::Reader;
use crate::decoders::positive;
use crate::picture::{Shaper, Turn, format_name};
use crate::{ffi, probe};

/// Most frames without a time at the start; they wait in memory.
const FIRST_WITHOUT_TIME_MAX: u32 = 24;

/// Most decoded sound before the first frame, in bytes: about 3 minutes of stereo.
const EARLY_SOUND_BYTES_MAX: usize = 64 << 20;

/// Reads up to the first frame; returns it and the sound before it.
pub(super) fn up_to_first_frame(reader: &mut Reader) -> Result<(Video, Vec<Event>), SourceError> {
    let (mut early, mut bytes) = (Vec::new(), 0);
    let base = reader.video_time_base();
    let at_start = |error: ReadError| error.at(FrameIndex::ZERO, Timestamp::new(0), base);
    loop {
        match reader.next().map_err(at_start)? {
            Some(Event::Picture(frame)) => return Ok((frame, early)),
            Some(event) => {
                bytes += match &event {
                    Event::Sound { frame, .. } => {
                        frame.samples() * usize::from(frame.channels()) * size_of::<f32>()
                    }
                    Event::CodedSound { packet, .. } => packet.size(),
                    Event::Picture(_)
                    | Event::Coded(_)
                    | Event::Broken(_)
                    | Event::Mended
                    | Event::BrokenSound { .. } => 0,
                };
                early.push(event);
            }
            None => return Err(at_start(ReadError::NoFrame)),
        }
        if bytes > EARLY_SOUND_BYTES_MAX {
            return Err(at_start(ReadError::NoFrame));
        }
    }
}

/// Ticks per frame, as a fraction, if the container or the decoder declares them.
pub(super) fn frame_step(reader: &Reader, first: &Video) -> Option<(i64, i64)> {
    if let Some(step) = reader.frame_times().step() {
        return Some(step);
    }
    let declared = first.packet().duration;
    // One tick is also what demuxers report when they do not know.
    if declared > 1 {
        return Some((declared, 1));
    }
    let stream = reader.input.stream(reader.video_index())?;
    let base = reader.video_time_base();
    let averaged = positive(stream.avg_frame_rate()).and_then(|(num, den)| {
        let ticks = i64::from(den).checked_mul(i64::from(base.den.get()))?;
        Some((ticks, i64::from(num) * i64::from(base.num.get())))
    });
    averaged.or_else(|| (declared == 1).then_some((1, 1)))
}

/// Fills in the times of first frames that have none, counting back from the first frame with a
/// time; returns the first frame, what else was read, and how many times were filled in.
pub(super) fn stamp_first(
    reader: &mut Reader,
    mut first: Video,
    mut early: Vec<Event>,
    step: Option<(i64, i64)>,
) -> Result<(Video, Vec<Event>, u32), SourceError> {
    let mut filled = 0;
    let Some((num, den)) = step.filter(|_| first.pts().is_none()) else {
        return Ok((first, early, filled));
    };
    let base = reader.video_time_base();
    let mut frames = Vec::new();
    let stamped = loop {
        let next = reader.next();
        match next.map_err(|error| error.at(FrameIndex::ZERO, Timestamp::new(0), base))? {
            Some(Event::Picture(frame)) => {
                filled += 1;
                let at = frame.pts();
                frames.push(Event::Picture(frame));
                if at.is_some() || filled >= FIRST_WITHOUT_TIME_MAX {
                    break at;
                }
            }
            Some(event) => early.push(event),
            None => break None,
        }
    };
    if let Some(at) = stamped {
        let before = |frames: u32| at - num.saturating_mul(i64::from(frames)) / den.max(1);
        first.set_pts(Some(before(filled)));
        for (frame, left) in frames.iter_mut().zip((0..filled).rev()) {
            if let Event::Picture(frame) = frame {
                frame.set_pts(Some(before(left)));
            }
        }
    }
    early.append(&mut frames);
    Ok((first, early, filled))
}

/// The container's display matrix, else the coded picture's.
pub(super) fn turn_of(reader: &Reader, first: &Video) -> Turn {
    let in_frame = || {
        first
            .side_data(frame::side_data::Type::DisplayMatrix)
            .map(|data| Turn::from_matrix(data.data()))
    };
    let stream = reader.input.stream(reader.video_index());
    stream
        .and_then(|stream| probe::container_turn(&stream))
        .or_else(in_frame)
        .unwrap_or_default()
}

pub(super) fn describe(
    reader: &Reader,
    first: &Video,
    shaper: &Shaper,
    first_timestamp: Timestamp,
) -> Result<SourceInfo, SourceError> {
    let input = &reader.input;
    let stream = input
        .stream(reader.video_index())
        .ok_or(SourceError::NoVideo {
            found: "no streams".to_owned(),
        })?;
    let turn = turn_of(reader, first);
    let time_base = reader.video_time_base();
    let duration = Timestamp::new(stream.duration()).nanos(time_base);
    let whole = input.duration().checked_mul(1000);
    let rate = reader.frame_times().rate();
    let audio: Vec<AudioInfo> = reader.sound_infos();
    Ok(SourceInfo {
        container: input.format().name().to_owned(),
        video: VideoInfo {
            stream: probe::stream_number(stream.index()),
            codec: probe::codec_name(&stream),
            pixel_format: format_name(first.format()),
            size: shaper.size(),
            rotation_degrees: turn.degrees,
            pixel_aspect: pixel_aspect(ffi::coded(&stream).aspect, first, shaper.turn()),
            time_base,
            frame_rate: rate.or_else(|| positive(stream.avg_frame_rate())),
            frames_hint: u64::try_from(stream.frames())
                .ok()
                .filter(|frames| *frames > 0),
            duration_hint_nanos: duration.filter(|d| *d > 0).or(whole.filter(|d| *d > 0)),
            first_timestamp,
            range: shaper.range(),
        },
        streams: probe::summaries(input, |index| {
            let number = probe::stream_number(index);
            index == reader.video_index() || audio.iter().any(|track| track.stream == number)
        }),
        audio,
        chapters: probe::stream_number(input.nb_chapters() as usize),
        tag_keys: ffi::tag_keys(input),
        conversions: conversions(reader, shaper),
    })
}

/// What every release changes, as far as it is known before reading on.
fn conversions(reader: &Reader, shaper: &Shaper) -> Vec<Conversion> {
    let mut found = shaper.conversions();
    let rate = reader.frame_times().rate();
    found.extend(rate.map(|rate| Conversion::FrameRate { rate }));
    let tracks = reader.input.streams().filter(probe::is_sound).count();
    if tracks > 0 && reader.wants_sound() && reader.sound_infos().is_empty() {
        found.push(Conversion::SoundLost {
            tracks: probe::stream_number(tracks),
        });
    }
    found
}

/// The pixel aspect ratio on display: the container's, else the decoder's, else square.
fn pixel_aspect((num, den): (i32, i32), first: &Video, turn: Turn) -> (u32, u32) {
    let container = positive(ffmpeg_next::Rational::new(num, den));
    let (num, den) = container
        .or_else(|| positive(first.aspect_ratio()))
        .unwrap_or((1, 1));
    if turn.swaps_sides() {
        (den, num)
    } else {
        (num, den)
    }
}
