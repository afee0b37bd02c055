//! Reads a recording item by item.
//!
//! Frames come in presentation order with the source's own ticks; sound comes as runs of samples
//! on the clock that starts with the first frame. One frame is held back, because its duration is
//! known only when the next one arrives.
//!
//! Pictures that change size, format or range midway are converted to those of the first, and the
//! source reports it at the end ([`Source::diagnostics`]).
//!
//! Limits: a transport stream, program stream or FLV file that was cut exactly between two pictures
//! is not detected, and FFmpeg's MPEG-2 decoder loses the picture before a change of size.
//!
//! Reading stops at the first error. With [`Damaged::Mask`] a source decodes on one thread, reads
//! past damage and reports the damaged spans at the end; pictures in them are whatever the decoder
//! returns.

mod beginning;
mod clock;
mod copied_packets;
mod damage;
mod event;
mod frame_times;
mod options;
mod reader;
mod seek;
mod start;
mod times;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ffmpeg_next::frame::{self, Video};
use redact_core::{
    AudioInfo, CodedPictures, CodedSound, Conversion, DamageCause, Frame, FrameIndex, MediaItem,
    Picture, Source, SourceDiagnostics, SourceError, SourceInfo, Timestamp,
};

use crate::codec::skipped_samples;
use crate::copy_plan::CopyPlan;
use crate::decoders::VideoDecoder;
use crate::edges::EdgeRecord;
use crate::picture::{Shaper, Turn};
use crate::probe::{self, Tables, limits};
use crate::{ffi, sound};
use damage::DamageLog;
use event::{Event, ReadError};
use ffmpeg_next::Packet;
pub use options::{Damaged, OpenOptions};
use reader::Reader;
use start::{describe, frame_step, stamp_first, turn_of, up_to_first_frame};
use times::FrameClock;

/// A recording in a local file.
pub struct FileSource {
    path: PathBuf,
    reader: Reader,
    info: SourceInfo,
    /// Set up from the first decoded frame.
    shaper: Option<Shaper>,
    tags: Option<ffi::ColorTags>,
    tracks: Vec<sound::Track>,
    clock: FrameClock,
    held: Option<(Video, Timestamp)>,
    ready: VecDeque<Result<MediaItem, SourceError>>,
    state: State,
    /// Only if the source reads past damage.
    damage: Option<DamageLog>,
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
        Self::open_with(path, options, None, None)
    }

    /// The same, and the record of what is cropped off the decoded pictures: complete once the
    /// source has ended.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn open_measured(
        path: &Path,
        options: &OpenOptions,
    ) -> Result<(Self, EdgeRecord), SourceError> {
        let edges = EdgeRecord::default();
        let source = Self::open_with(path, options, None, Some(edges.clone()))?;
        Ok((source, edges))
    }

    /// Opens a recording whose packets are stream-copied where `plan` says so.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn open_with_plan(
        path: &Path,
        options: &OpenOptions,
        plan: &CopyPlan,
    ) -> Result<Self, SourceError> {
        if plan.pictures().is_none() {
            return Self::open_with(path, options, Some(plan), None);
        }
        ffi::silence_log();
        let input = probe::open(path, &options.settings)?;
        let info = plan.info().clone();
        let reader = Reader::new(input, info.video.stream as usize, options, Some(plan), None)?;
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
            damage: None,
        })
    }

    fn open_with(
        path: &Path,
        options: &OpenOptions,
        plan: Option<&CopyPlan>,
        edges: Option<EdgeRecord>,
    ) -> Result<Self, SourceError> {
        ffi::silence_log();
        let input = probe::open(path, &options.settings)?;
        let video = probe::video_stream(&input, options.settings.video_stream)?;
        if input.streams().any(|stream| probe::is_encrypted(&stream)) {
            return Err(SourceError::Encrypted);
        }
        let tables = Tables::read(path, input.format().name());
        let id = input.stream(video).map_or(0, |stream| stream.id());
        let mut reader = Reader::new(input, video, options, plan, edges)?;
        reader.expect(
            tables.is_ok_and(|tables| tables.begins_with_key(id)),
            limits::readable_bytes(path),
        );
        let (first, early) = up_to_first_frame(&mut reader)?;
        let step = frame_step(&reader, &first);
        let (first, early, filled) = stamp_first(&mut reader, first, early, step)?;
        let turn = turn_of(&reader, &first);
        let unsupported = SourceError::UnsupportedSize {
            width: first.width(),
            height: first.height(),
        };
        let requested = options.settings.turn_degrees;
        let shaper = Shaper::new(&first, turn, requested).ok_or(unsupported)?;
        let zero = first.pts().ok_or(SourceError::BadTime {
            index: FrameIndex::ZERO,
            second: 0.0,
            found: "no time",
        })?;
        let info = describe(&reader, &first, &shaper, Timestamp::new(zero))?;
        if options.require_sound && info.conversions.iter().any(is_silent) {
            let found = probe::sound_codecs(&reader.input);
            return Err(SourceError::NoSound { found });
        }
        let tags = ffi::color_tags(&first);
        let video = &info.video;
        let damage = (options.damaged == Damaged::Mask).then(|| {
            let (zero, tracks) = (video.first_timestamp, info.audio.len());
            DamageLog::new(&video.codec, zero, video.time_base, tracks)
        });
        let mut source = Self {
            damage,
            tracks: tracks_of(&reader, &info),
            path: path.to_owned(),
            reader,
            info,
            shaper: Some(shaper),
            tags: Some(tags),
            clock: FrameClock::new(FrameIndex::ZERO, step, filled),
            held: None,
            ready: VecDeque::new(),
            state: State::Reading,
        };
        // Damage before the first frame counts as damage to it.
        let is_of_pictures = |event: &Event| matches!(event, Event::Broken(_) | Event::Mended);
        let (pictures, sound): (Vec<_>, Vec<_>) = early.into_iter().partition(is_of_pictures);
        pictures.into_iter().for_each(|event| source.take(event));
        source.take_frame(first);
        sound.into_iter().for_each(|event| source.take(event));
        Ok(source)
    }

    /// The same recording without its pictures: only sound is decoded and delivered. Whether the
    /// file is complete is not checked, because its pictures tell.
    #[must_use]
    pub fn without_pictures(mut self) -> Self {
        self.reader.skip_pictures();
        self.held = None;
        self.ready
            .retain(|item| !matches!(item, Ok(MediaItem::Frame(_))));
        self
    }

    /// The video decoder, for another reader of the same recording.
    pub(crate) fn into_decoder(mut self) -> Option<VideoDecoder> {
        self.reader.take_decoder()
    }

    /// The decoder configuration of the pictures' track, as stored or found in its first packets;
    /// empty if there is none.
    pub(crate) fn video_config(&self) -> Vec<u8> {
        let stream = self.reader.input.stream(self.reader.video_index());
        stream.as_ref().map(ffi::extradata).unwrap_or_default()
    }

    /// Color tags of the first frame.
    pub(crate) fn color_tags(&self) -> Option<ffi::ColorTags> {
        self.tags
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Picture(frame) => self.take_frame(frame),
            Event::Broken(cause) => {
                let next = self.next_number();
                if let Some(log) = &mut self.damage {
                    log.break_at(next, cause);
                }
            }
            Event::Mended => {
                if let Some(log) = &mut self.damage {
                    log.mend();
                }
            }
            Event::BrokenSound { track, cause } => {
                // Before the first sample there is nothing to mark: the track begins later.
                let place = self.tracks[track].place();
                if let Some((log, (_, start))) = self.damage.as_mut().zip(place) {
                    log.break_sound(track, start, cause);
                }
            }
            Event::Sound { track, frame } => self.take_sound(track, &frame),
            Event::Coded(gop) => self.take_gop(gop),
            Event::CodedSound { track, packet } => self.take_coded_sound(track, &packet),
        }
    }

    /// Reads one event; the items it produces are in `ready`.
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

    /// The index of the next frame.
    fn next_number(&self) -> u32 {
        let held = u32::from(self.held.is_some());
        self.clock.next_index.get().saturating_add(held)
    }

    /// The time of a frame. In a recording that may be damaged, a frame without a usable time comes
    /// one tick after the previous one.
    fn place(&mut self, frame: &Video) -> Option<Timestamp> {
        let next = self.next_number();
        let (clock, Some(log)) = (&mut self.clock, &mut self.damage) else {
            return self.clock.place(frame.pts());
        };
        let last = clock.last;
        let is_doubtful = |ticks: i64| last.is_some_and(|last| log.is_doubtful(last, ticks));
        let stamped = frame.pts().filter(|ticks| !is_doubtful(*ticks));
        let at = match clock.place(stamped) {
            Some(at) => at,
            None => {
                let last = last?;
                self.reader.doubt();
                log.break_at(next, DamageCause::Time);
                clock.place(Some(last.ticks() + 1))?
            }
        };
        log.note(next, at, frame);
        Some(at)
    }

    fn take_frame(&mut self, frame: Video) {
        match self.place(&frame) {
            Some(at) => {
                self.release_held(Some(at));
                self.held = Some((frame, at));
            }
            None => {
                self.release_held(None);
                let (after, base) = (self.after_last(), self.info.video.time_base);
                let error = SourceError::BadTime {
                    index: self.clock.next_index,
                    second: event::seconds(after.nanos(base).unwrap_or(0) / 1_000_000),
                    found: match frame.pts() {
                        None => "no time",
                        Some(_) => "a time that is not after the previous one, or out of range",
                    },
                };
                self.fail(error);
            }
        }
    }

    /// Delivers a GOP for stream copy, after the frame before it.
    fn take_gop(&mut self, pictures: CodedPictures) {
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

    /// Delivers a packet of sound for stream copy, its time in samples since the recording's zero;
    /// its duration counts samples.
    fn take_coded_sound(&mut self, stream: usize, packet: &Packet) {
        let (zero, base) = (self.info.video.first_timestamp, self.info.video.time_base);
        let length = packet.duration();
        let place = packet.pts().and_then(|pts| {
            self.tracks[stream].place_packet(Timestamp::new(pts), length, zero, base)
        });
        let (Some(place), Some(data)) = (place, packet.data()) else {
            let error = self.damage(ReadError::Changed);
            return self.fail(error);
        };
        let (front, _) = skipped_samples(packet);
        let played = length - i64::from(front);
        let mut copy = Packet::copy(data);
        copy.set_pts(Some(place));
        copy.set_duration(length);
        copy.set_flags(packet.flags());
        let coded = CodedSound {
            stream,
            start: place + i64::from(front),
            samples: u64::try_from(played).unwrap_or(0),
            bytes: data.len(),
            content: Box::new(copy),
        };
        self.ready.push_back(Ok(MediaItem::CodedSound(coded)));
    }

    /// Delivers the held frame; `until` is the time of the next one, if there is one.
    fn release_held(&mut self, until: Option<Timestamp>) {
        let Some((frame, at)) = self.held.take() else {
            return;
        };
        // For a bare stream FFmpeg only guesses durations.
        let counted = self.reader.frame_times().step();
        let declared = counted.map_or(frame.packet().duration, |(num, den)| num / den.max(1));
        let duration_ticks = match until {
            Some(until) => until.ticks() - at.ticks(),
            // One tick is also what demuxers report when they do not know.
            None if declared > 1 => declared,
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
                // Only recordings without rotation or conversion are copied in part.
                let shaper = Shaper::new(&frame, Turn::default(), 0);
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
            Ok(block) => {
                let block = block.map(|block| Ok(MediaItem::Audio(block)));
                self.ready.extend(block);
                let place = self.tracks[track].place();
                if let Some((log, (start, _))) = self.damage.as_mut().zip(place) {
                    log.mend_sound(track, start, self.info.audio[track].rate_hz);
                }
            }
            Err(error) => {
                let error = self.damage(ReadError::Decode(error));
                self.fail(error);
            }
        }
    }

    fn end(&mut self) {
        self.release_held(None);
        self.clock.finish();
        let is_cut = probe::is_cut_short(&self.path, &self.info.container);
        self.end_damage(matches!(is_cut, Ok(true)) && !self.reader.read_all_promised());
        let last = self.tracks.iter_mut().filter_map(sound::Track::finish);
        self.ready
            .extend(last.map(|block| Ok(MediaItem::Audio(block))));
        let frames = self.clock.next_index.get();
        match is_cut {
            Ok(_) if self.damage.is_some() || self.reader.skips_pictures() => {
                self.state = State::Ended;
            }
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
                what: "cannot check whether the file is complete",
                source: error.into(),
            }),
        }
    }

    /// Ends open damage. In a truncated file (`is_cut`), the last pictures and sound are damaged.
    fn end_damage(&mut self, is_cut: bool) {
        let next = self.next_number();
        let Some(log) = &mut self.damage else {
            return;
        };
        let end = self
            .clock
            .last
            .map_or(0, |at| at.ticks() + self.clock.last_duration);
        let tracks = self.tracks.iter().zip(&self.info.audio);
        let sound: Vec<(i64, u32)> = tracks
            .map(|(track, info)| (track.place().map_or(0, |(_, end)| end), info.rate_hz))
            .collect();
        if is_cut {
            log.break_at(next, DamageCause::Container);
            for (track, (end, _)) in sound.iter().enumerate() {
                log.break_sound(track, *end, DamageCause::Container);
            }
        }
        log.end(self.clock.next_index.get(), end, &sound);
    }

    /// Conversions that are known only after reading.
    fn late_conversions(&self) -> Vec<Conversion> {
        let is_rescaled = self.shaper.as_ref().is_some_and(Shaper::has_rescaled);
        let rescaled = is_rescaled.then_some(Conversion::Rescaled);
        let times = self.reader.restarts();
        let restarted = (times > 0).then_some(Conversion::ClockRestarted { times });
        let pictures = self.clock.filled;
        let filled = (pictures > 0).then_some(Conversion::TimesFilled { pictures });
        let is_deinterlaced = self.shaper.as_ref().is_some_and(Shaper::has_deinterlaced);
        let deinterlaced = is_deinterlaced.then_some(Conversion::Deinterlaced);
        let all = rescaled.into_iter().chain(deinterlaced).chain(restarted);
        let all = all.chain(filled).chain(self.reader.left_out());
        all.chain(self.empty_tracks()).collect()
    }

    /// Sound tracks that turned out to be empty.
    fn empty_tracks(&self) -> Vec<Conversion> {
        let is_over = self.state == State::Ended;
        let tracks = self.info.audio.iter().enumerate().filter(|_| is_over);
        let empty = tracks.filter(|(track, _)| !self.reader.has_sound(*track));
        empty
            .map(|(_, info)| Conversion::EmptyTrack {
                stream: info.stream,
            })
            .collect()
    }

    fn fail(&mut self, error: SourceError) {
        if self.state != State::Failed {
            self.ready.push_back(Err(error));
        }
        self.state = State::Failed;
    }

    fn damage(&self, error: ReadError) -> SourceError {
        let (index, base) = (self.clock.next_index, self.info.video.time_base);
        error.at(index, self.after_last(), base)
    }

    /// When the last delivered frame ends, since the recording's zero.
    fn after_last(&self) -> Timestamp {
        let first = self.info.video.first_timestamp.ticks();
        let end = |at: Timestamp| at.ticks() - first + self.clock.last_duration;
        Timestamp::new(self.clock.last.map_or(0, end))
    }
}

impl Source for FileSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn diagnostics(&self) -> SourceDiagnostics {
        let log = self.damage.as_ref();
        SourceDiagnostics {
            damage: log.map(DamageLog::found).unwrap_or_default(),
            conversions: self.late_conversions(),
        }
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
                        what: "cannot continue reading after an error",
                        source: "the first error was already reported".into(),
                    });
                }
            }
        }
    }
}

const fn is_silent(conversion: &Conversion) -> bool {
    matches!(conversion, Conversion::SoundLost { .. })
}

fn tracks_of(reader: &Reader, info: &SourceInfo) -> Vec<sound::Track> {
    let track = |(i, track): (usize, &AudioInfo)| {
        sound::Track::new(i, reader.sound_time_base(i), track.rate_hz, track.channels)
    };
    info.audio.iter().enumerate().map(track).collect()
}
