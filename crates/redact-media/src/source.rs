//! A recording, read item by item.
//!
//! Frames come in presentation order with the source's own ticks; sound comes as runs of samples
//! on the clock that starts with the first frame. One frame is held back, because how long it is
//! shown is known only when the next one is there.
//!
//! Pictures that change their size, format or range midway are brought to those of the first, and
//! the source says so at the end ([`Source::diagnostics`]).
//!
//! What cannot be told: a transport or program stream, or FLV, that was cut exactly between two
//! pictures; and FFmpeg's MPEG-2 decoder loses the picture before a change of size midway.
//!
//! The first error is the last thing a source says: after it, reading goes no further. Where it was
//! asked to go on at damage ([`Damaged::Mask`]), it decodes on one thread and tells in the end
//! which stretches are damaged; their pictures are whatever the decoder makes of them.

mod beginning;
mod clock;
mod copied_packets;
mod damage;
mod decoders;
mod event;
mod frame_times;
mod options;
mod reader;
mod start;
mod times;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ffmpeg_next::frame::{self, Video};
use redact_core::{
    AudioInfo, CodedPictures, CodedSound, Conversion, DamageCause, Frame, FrameIndex, MediaItem,
    Picture, Source, SourceDiagnostics, SourceError, SourceInfo, Timestamp,
};

use crate::codec::{aac_samples, skipped_samples};
use crate::copy_plan::CopyPlan;
use crate::picture::{Shaper, Turn};
use crate::probe::{self, Tables, limits};
use crate::{ffi, sound};
use damage::DamageLog;
pub(crate) use decoders::{open_uncropped, open_video};
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
    /// Made from the first frame that is decoded.
    shaper: Option<Shaper>,
    tags: Option<ffi::ColorTags>,
    tracks: Vec<sound::Track>,
    clock: FrameClock,
    held: Option<(Video, Timestamp)>,
    ready: VecDeque<Result<MediaItem, SourceError>>,
    state: State,
    /// Only of a source that goes on at damage.
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
        Self::open_with(path, options, None)
    }

    /// Opens a recording of which `plan` says what is handed on as it is coded.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn open_with_plan(
        path: &Path,
        options: &OpenOptions,
        plan: &CopyPlan,
    ) -> Result<Self, SourceError> {
        if plan.pictures().is_none() {
            return Self::open_with(path, options, Some(plan));
        }
        ffi::silence_log();
        let input = probe::open(path, &options.settings)?;
        let info = plan.info().clone();
        let reader = Reader::new(input, info.video.stream as usize, options, Some(plan))?;
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
    ) -> Result<Self, SourceError> {
        ffi::silence_log();
        let input = probe::open(path, &options.settings)?;
        let video = probe::video_stream(&input, options.settings.video_stream)?;
        if input.streams().any(|stream| probe::is_encrypted(&stream)) {
            return Err(SourceError::Encrypted);
        }
        let tables = Tables::read(path, input.format().name());
        let id = input.stream(video).map_or(0, |stream| stream.id());
        let mut reader = Reader::new(input, video, options, plan)?;
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
        // What is wrong before the first frame belongs to it.
        let is_of_pictures = |event: &Event| matches!(event, Event::Broken(_) | Event::Mended);
        let (pictures, sound): (Vec<_>, Vec<_>) = early.into_iter().partition(is_of_pictures);
        pictures.into_iter().for_each(|event| source.take(event));
        source.take_frame(first);
        sound.into_iter().for_each(|event| source.take(event));
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
        self.clock = FrameClock::new(index, self.clock.step, 0);
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
                // Sound that has not begun yet begins later.
                let place = self.tracks[track].place();
                if let Some((log, (_, start))) = self.damage.as_mut().zip(place) {
                    log.break_sound(track, start, cause);
                }
            }
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

    /// The number of the frame that is taken next.
    fn next_number(&self) -> u32 {
        let held = u32::from(self.held.is_some());
        self.clock.next_index.get().saturating_add(held)
    }

    /// When a frame is shown; in a recording that may be damaged, one that cannot be placed comes
    /// directly behind the one before it.
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
                        Some(_) => "an earlier time or one beyond all clocks",
                    },
                };
                self.fail(error);
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
        let (front, back) = skipped_samples(packet);
        let length = aac_samples(packet);
        let heard = length - i64::from(front) - i64::from(back);
        let mut kept = Packet::copy(data);
        kept.set_pts(Some(place));
        kept.set_duration(length);
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
        // What FFmpeg says of a bare stream is a guess.
        let counted = self.reader.frame_times().step();
        let declared = counted.map_or(frame.packet().duration, |(num, den)| num / den.max(1));
        let duration_ticks = match until {
            Some(until) => until.ticks() - at.ticks(),
            // One tick is what demuxers say that do not know, too.
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
                // Only pictures that need no turn and no conversion stand between copied ones.
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
            Ok(_) if self.damage.is_some() => self.state = State::Ended,
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

    /// Ends what is damaged up to the end. In a file that `is_cut`, that is what was read last.
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

    /// What could not be known at the start.
    fn met_conversions(&self) -> Vec<Conversion> {
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

    /// Sound tracks of which nothing came until the end.
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

    /// When the frame that was delivered last ends, since the recording's zero.
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
            conversions: self.met_conversions(),
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
                        what: "reading goes no further after an error",
                        source: "the first error was reported before".into(),
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
