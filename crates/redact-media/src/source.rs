//! A recording, read item by item.
//!
//! Frames come in presentation order with the source's own ticks; sound comes as runs of samples
//! on the clock that starts with the first frame. One frame is held back, because how long it is
//! shown is known only when the next one is there.
//!
//! What cannot be told: a transport or program stream, or FLV, that was cut exactly between two
//! pictures; and FFmpeg's MPEG-2 decoder loses the picture before a change of size midway.
//!
//! The first error is the last thing a source says: after it, reading goes no further.

mod reader;
mod splice;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ffmpeg_next::frame::{self, Video};
use redact_core::{
    AudioInfo, CodedPictures, CodedSound, Frame, FrameIndex, MediaItem, Picture, Source,
    SourceError, SourceInfo, TimeBase, Timestamp, VideoInfo,
};

use crate::picture::{Shaper, Turn, format_name};
use crate::survey::{Splice, skipped};
use crate::{ffi, probe, sound};
use ffmpeg_next::Packet;
use reader::{Event, ReadError, Reader};
pub(crate) use reader::{is_pause, open_video};

/// Sound that may come before the first frame, in bytes as decoded: about 3 minutes of stereo.
const EARLY_SOUND_BYTES_MAX: usize = 64 << 20;

/// How a recording is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether sound tracks are decoded and delivered.
    pub audio: bool,
    /// Threads of the video decoder; 0 takes the number from the machine.
    pub threads: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            audio: true,
            threads: 0,
        }
    }
}

/// A recording in a local file.
pub struct FileSource {
    path: PathBuf,
    reader: Reader,
    info: SourceInfo,
    /// Made from the first frame that is decoded.
    shaper: Option<Shaper>,
    tags: Option<ffi::ColorTags>,
    tracks: Vec<sound::Track>,
    clock: FrameClock,
    held: Option<(Video, Timestamp)>,
    ready: VecDeque<Result<MediaItem, SourceError>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

impl FileSource {
    /// Opens a recording and decodes up to its first frame.
    ///
    /// # Errors
    /// [`SourceError::Empty`], [`SourceError::Unreadable`], [`SourceError::NoVideo`],
    /// [`SourceError::Encrypted`], [`SourceError::UnsupportedCodec`],
    /// [`SourceError::UnsupportedSize`], or [`SourceError::Damaged`] when no frame can be decoded.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, SourceError> {
        Self::open_with(path, options, None)
    }

    /// Opens a recording of which `splice` says what is handed on as it is coded.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn open_spliced(
        path: &Path,
        options: &OpenOptions,
        splice: &Splice,
    ) -> Result<Self, SourceError> {
        if splice.pictures().is_none() {
            return Self::open_with(path, options, Some(splice));
        }
        ffi::silence_log();
        let input = probe::open(path)?;
        let info = splice.info().clone();
        let reader = Reader::new(input, info.video.stream as usize, options, Some(splice))?;
        Ok(Self {
            tracks: tracks_of(&reader, &info),
            path: path.to_owned(),
            reader,
            info,
            shaper: None,
            tags: None,
            clock: FrameClock::default(),
            held: None,
            ready: VecDeque::new(),
            state: State::Reading,
        })
    }

    fn open_with(
        path: &Path,
        options: &OpenOptions,
        splice: Option<&Splice>,
    ) -> Result<Self, SourceError> {
        ffi::silence_log();
        let input = probe::open(path)?;
        let video = probe::video_stream(&input)?;
        if input.streams().any(|stream| probe::is_encrypted(&stream)) {
            return Err(SourceError::Encrypted);
        }
        let mut reader = Reader::new(input, video, options, splice)?;
        let (first, early) = up_to_first_frame(&mut reader)?;
        let turn = turn_of(&reader, &first);
        let unsupported = SourceError::UnsupportedSize {
            width: first.width(),
            height: first.height(),
        };
        let shaper = Shaper::new(&first, turn).ok_or(unsupported)?;
        let zero = first.pts().ok_or(SourceError::NoTimestamp {
            index: FrameIndex::ZERO,
        })?;
        let info = describe(&reader, &first, &shaper, Timestamp::new(zero))?;
        let tags = ffi::color_tags(&first);
        let mut source = Self {
            tracks: tracks_of(&reader, &info),
            path: path.to_owned(),
            reader,
            info,
            shaper: Some(shaper),
            tags: Some(tags),
            clock: FrameClock::default(),
            held: None,
            ready: VecDeque::new(),
            state: State::Reading,
        };
        source.take_frame(first);
        for event in early {
            source.take(event);
        }
        Ok(source)
    }

    /// Goes on at the last key frame that is shown no later than `nanos` after the recording's
    /// zero, and counts from there as if that were frame `index`.
    ///
    /// For files of which it is known where key frames lie; what was not read is not checked.
    ///
    /// # Errors
    /// [`SourceError::Failed`] when the container cannot be searched.
    pub fn seek(&mut self, index: FrameIndex, nanos: i64) -> Result<(), SourceError> {
        let video = &self.info.video;
        let zero = video.first_timestamp.nanos(video.time_base).unwrap_or(0);
        self.reader.seek(zero.saturating_add(nanos) / 1000)?;
        self.tracks = tracks_of(&self.reader, &self.info);
        self.clock = FrameClock {
            next_index: index,
            ..FrameClock::default()
        };
        self.held = None;
        self.ready.clear();
        self.state = State::Reading;
        Ok(())
    }

    /// How the samples of the first frame are to be understood.
    pub(crate) fn color_tags(&self) -> Option<ffi::ColorTags> {
        self.tags
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Picture(frame) => self.take_frame(frame),
            Event::Sound { track, frame } => self.take_sound(track, &frame),
            Event::Coded(group) => self.take_group(group.pictures),
            Event::CodedSound { track, packet } => self.take_coded_sound(track, &packet),
        }
    }

    /// Takes one step of reading; what it brought is in `ready`.
    fn step(&mut self) {
        match self.reader.next() {
            Ok(Some(event)) => self.take(event),
            Ok(None) => self.end(),
            Err(error) => {
                self.release_held(None);
                let error = self.damage(error);
                self.fail(error);
            }
        }
    }

    fn take_frame(&mut self, frame: Video) {
        match self.clock.place(frame.pts()) {
            Some(at) => {
                self.release_held(Some(at));
                self.held = Some((frame, at));
            }
            None => {
                self.release_held(None);
                let index = self.clock.next_index;
                self.fail(SourceError::NoTimestamp { index });
            }
        }
    }

    /// Delivers a group of pictures as it is coded, behind the frame before it.
    fn take_group(&mut self, pictures: CodedPictures) {
        let first = pictures.times.first().map(|(at, _)| *at);
        self.release_held(first);
        if self.clock.next_index != pictures.frames.start() {
            let error = self.damage(ReadError::Changed);
            return self.fail(error);
        }
        self.clock.next_index = pictures.frames.end();
        if let Some((at, ticks)) = pictures.times.last() {
            (self.clock.last, self.clock.last_duration) = (Some(*at), *ticks);
        }
        self.ready.push_back(Ok(MediaItem::Coded(pictures)));
    }

    /// Delivers a packet of sound as it is coded, its time in samples since the zero.
    fn take_coded_sound(&mut self, stream: usize, packet: &Packet) {
        let (zero, base) = (self.info.video.first_timestamp, self.info.video.time_base);
        let place = packet
            .pts()
            .and_then(|pts| self.tracks[stream].position(Timestamp::new(pts), zero, base));
        let (Some(place), Some(data)) = (place, packet.data()) else {
            let error = self.damage(ReadError::Changed);
            return self.fail(error);
        };
        let (front, back) = skipped(packet);
        let heard = packet.duration() - i64::from(front) - i64::from(back);
        let mut kept = Packet::copy(data);
        kept.set_pts(Some(place));
        kept.set_duration(packet.duration());
        kept.set_flags(packet.flags());
        let coded = CodedSound {
            stream,
            start: place + i64::from(front),
            samples: u64::try_from(heard).unwrap_or(0),
            bytes: data.len(),
            content: Box::new(kept),
        };
        self.ready.push_back(Ok(MediaItem::CodedSound(coded)));
    }

    /// Delivers the held frame; `until` is when the next one is shown, if there is one.
    fn release_held(&mut self, until: Option<Timestamp>) {
        let Some((frame, at)) = self.held.take() else {
            return;
        };
        let declared = frame.packet().duration;
        let duration_ticks = match until {
            Some(until) => until.ticks() - at.ticks(),
            None if declared > 0 => declared,
            None => self.clock.last_duration.max(1),
        };
        self.clock.last_duration = duration_ticks;
        match self.shaped(frame) {
            Ok(picture) => {
                let index = self.clock.next_index;
                self.clock.next_index = index.next();
                let frame = Frame {
                    index,
                    timestamp: at,
                    duration_ticks,
                    picture,
                };
                self.ready.push_back(Ok(MediaItem::Frame(frame)));
            }
            Err(error) => {
                let error = self.damage(ReadError::Decode(error));
                self.fail(error);
            }
        }
    }

    fn shaped(&mut self, frame: Video) -> Result<Picture, ffmpeg_next::Error> {
        let shaper = match &mut self.shaper {
            Some(shaper) => shaper,
            none => {
                // Only pictures that need no turn and no conversion stand between copied ones.
                let shaper = Shaper::new(&frame, Turn::default());
                let fits = |shaper: &Shaper| {
                    shaper.size() == self.info.video.size && shaper.conversions().is_empty()
                };
                let shaper = shaper.filter(fits).ok_or(ffmpeg_next::Error::InvalidData)?;
                none.insert(shaper)
            }
        };
        shaper.shape(frame)
    }

    fn take_sound(&mut self, track: usize, frame: &frame::Audio) {
        let (zero, base) = (self.info.video.first_timestamp, self.info.video.time_base);
        match self.tracks[track].push(frame, zero, base) {
            Ok(block) => self
                .ready
                .extend(block.map(|block| Ok(MediaItem::Audio(block)))),
            Err(error) => {
                let error = self.damage(ReadError::Decode(error));
                self.fail(error);
            }
        }
    }

    fn end(&mut self) {
        self.release_held(None);
        let last = self.tracks.iter_mut().filter_map(sound::Track::finish);
        self.ready
            .extend(last.map(|block| Ok(MediaItem::Audio(block))));
        let frames = self.clock.next_index.get();
        match probe::is_cut_short(&self.path, &self.info.container) {
            Ok(false) => self.state = State::Ended,
            Ok(true) if self.reader.read_all_promised() => self.state = State::Ended,
            Ok(true) => {
                let expected = self
                    .info
                    .video
                    .frames_hint
                    .unwrap_or(0)
                    .max(u64::from(frames) + 1);
                self.fail(SourceError::Truncated {
                    after: frames,
                    expected,
                });
            }
            Err(error) => self.fail(SourceError::Failed {
                what: "cannot read the file again",
                source: error.into(),
            }),
        }
    }

    fn fail(&mut self, error: SourceError) {
        if self.state != State::Failed {
            self.ready.push_back(Err(error));
        }
        self.state = State::Failed;
    }

    fn damage(&self, error: ReadError) -> SourceError {
        let ticks = self.clock.last.map_or(0, |at| {
            at.ticks() - self.info.video.first_timestamp.ticks() + self.clock.last_duration
        });
        error.at(
            self.clock.next_index,
            Timestamp::new(ticks),
            self.info.video.time_base,
        )
    }
}

impl Source for FileSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return item.map(Some);
            }
            match self.state {
                State::Reading => self.step(),
                State::Ended => return Ok(None),
                State::Failed => {
                    return Err(SourceError::Failed {
                        what: "reading goes no further after an error",
                        source: "the first error was reported before".into(),
                    });
                }
            }
        }
    }
}

/// Gives every frame a time after the one before it, within one tick of its own.
#[derive(Default)]
struct FrameClock {
    next_index: FrameIndex,
    last: Option<Timestamp>,
    last_duration: i64,
}

impl FrameClock {
    /// `None` when the frame has no time, or one that cannot be kept within a tick.
    fn place(&mut self, stamped: Option<i64>) -> Option<Timestamp> {
        // Beyond this, sums of ticks could leave 64 bits: damage, not a time.
        let stamped = stamped.filter(|ticks| ticks.unsigned_abs() < 1 << 60)?;
        let earliest = self.last.map_or(stamped, |last| last.ticks() + 1);
        if stamped + 1 < earliest {
            return None;
        }
        let at = Timestamp::new(stamped.max(earliest));
        self.last = Some(at);
        Some(at)
    }
}

fn tracks_of(reader: &Reader, info: &SourceInfo) -> Vec<sound::Track> {
    let track = |(i, track): (usize, &AudioInfo)| {
        sound::Track::new(i, reader.sound_time_base(i), track.rate_hz, track.channels)
    };
    info.audio.iter().enumerate().map(track).collect()
}

/// Reads up to the first frame; gives it, and the sound before it.
fn up_to_first_frame(reader: &mut Reader) -> Result<(Video, Vec<Event>), SourceError> {
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
                    Event::Picture(_) | Event::Coded(_) => 0,
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

/// The container's display matrix, else that of the coded picture.
fn turn_of(reader: &Reader, first: &Video) -> Turn {
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

fn describe(
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
    let audio: Vec<AudioInfo> = reader.sound_infos();
    Ok(SourceInfo {
        container: input.format().name().to_owned(),
        video: VideoInfo {
            stream: probe::stream_number(stream.index()),
            codec: probe::codec_name(&stream),
            pixel_format: format_name(first.format()),
            size: shaper.size(),
            rotation_degrees: turn.degrees,
            pixel_aspect: pixel_aspect(ffi::coded(&stream).aspect, first, turn),
            time_base,
            frame_rate: positive(stream.avg_frame_rate()),
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
        conversions: shaper.conversions(),
    })
}

fn positive(rate: ffmpeg_next::Rational) -> Option<(u32, u32)> {
    let num = u32::try_from(rate.numerator())
        .ok()
        .filter(|num| *num > 0)?;
    Some((
        num,
        u32::try_from(rate.denominator())
            .ok()
            .filter(|den| *den > 0)?,
    ))
}

/// The shape of a displayed pixel: the container's word, else the decoder's, else square.
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

/// A fraction of FFmpeg as a time base; one that is no time base is taken as microseconds.
fn time_base_of(rational: ffmpeg_next::Rational) -> TimeBase {
    const MICROS: TimeBase = match TimeBase::new(1, 1_000_000) {
        Some(base) => base,
        None => panic!("both are positive"),
    };
    positive(rational)
        .and_then(|(num, den)| TimeBase::new(num, den))
        .unwrap_or(MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_move_by_one_tick_and_earlier_ones_are_refused() {
        let mut clock = FrameClock::default();
        assert_eq!(clock.place(Some(-5)), Some(Timestamp::new(-5)));
        assert_eq!(clock.place(Some(-5)), Some(Timestamp::new(-4)));
        assert_eq!(clock.place(Some(-5)), None);
        assert_eq!(clock.place(None), None);
        assert_eq!(clock.place(Some(i64::MAX)), None);
    }
}
