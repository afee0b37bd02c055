//! Packets in, decoded pictures and sound out, and every way in which that fails.

use std::collections::VecDeque;

use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::codec::{self, decoder, threading};
use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::{Audio, Video};
use ffmpeg_next::{Error, Packet, Stream, media};
use redact_core::{AudioInfo, BoxError, FrameIndex, SourceError, TimeBase, Timestamp};

use super::splice::{CodedGroup, Splicing, Taken};
use super::{OpenOptions, time_base_of};
use crate::survey::Splice;
use crate::{ffi, probe};

/// Pictures that a decoder may give before its first whole one: a recording that starts in the
/// middle of a group of pictures has some tens.
const BROKEN_START_MAX: u32 = 600;

/// The largest thread count that is asked of a decoder; more only costs memory.
const THREADS_MAX: usize = 16;

/// What was decoded.
pub(super) enum Event {
    Picture(Video),
    Sound {
        track: usize,
        frame: Audio,
    },
    /// A group of pictures as it is coded.
    Coded(CodedGroup),
    /// A packet of sound as it is coded.
    CodedSound {
        track: usize,
        packet: Packet,
    },
}

/// Why nothing more can be decoded.
#[derive(Debug)]
pub(super) enum ReadError {
    Demux(Error),
    Decode(Error),
    CorruptPacket,
    CorruptPicture,
    Encrypted,
    NoFrame,
    Changed,
}

impl ReadError {
    /// The same as damage at `frame`, `ticks` after the recording's zero.
    pub(super) fn at(self, frame: FrameIndex, ticks: Timestamp, base: TimeBase) -> SourceError {
        let source: BoxError = match self {
            Self::Encrypted => return SourceError::Encrypted,
            Self::Demux(error) | Self::Decode(error) => ffi::cause(error),
            Self::CorruptPacket => "the container marks a packet as incomplete".into(),
            Self::CorruptPicture => "the decoder marks a picture as damaged".into(),
            Self::NoFrame => "no frame can be decoded".into(),
            Self::Changed => "it is not as it was when it was surveyed".into(),
        };
        let millis = ticks.nanos(base).unwrap_or(0) / 1_000_000;
        SourceError::Damaged {
            frame,
            second: seconds(millis),
            source,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shown with two digits after the point"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

struct Sound {
    stream: usize,
    time_base: TimeBase,
    decoder: decoder::Audio,
    info: AudioInfo,
    heard: bool,
}

/// The demuxer and its decoders.
pub(super) struct Reader {
    pub(super) input: Input,
    video: usize,
    video_time_base: TimeBase,
    decoder: decoder::Video,
    sounds: Vec<Sound>,
    pending: VecDeque<Event>,
    broken_start: u32,
    seen_picture: bool,
    packets_read: u64,
    drained: bool,
    /// Whether the container has decoding times alone.
    decode_timed: bool,
    /// Decoding times of packets inside the decoder, where there are no others.
    decode_times: VecDeque<i64>,
    /// What is handed on as it is coded.
    splice: Option<Splicing>,
}

impl Reader {
    /// Opens decoders for stream `video` and, when asked, for every sound track.
    pub(super) fn new(
        mut input: Input,
        video: usize,
        options: &OpenOptions,
        splice: Option<&Splice>,
    ) -> Result<Self, SourceError> {
        let stream = input.stream(video).ok_or(SourceError::NoVideo {
            found: "no streams".to_owned(),
        })?;
        let video_time_base = time_base_of(stream.time_base());
        let decoder = open_video(&stream, options.threads)?;
        let mut sounds = Vec::new();
        for stream in input.streams().filter(|_| options.audio) {
            if stream.parameters().medium() == media::Type::Audio {
                sounds.extend(open_sound(&stream)?);
            }
        }
        let streams = input.streams().count();
        for index in 0..streams {
            if index != video && !sounds.iter().any(|sound| sound.stream == index) {
                ffi::discard_stream(&mut input, index);
            }
        }
        // FFmpeg guesses presentation times for AVI, and is wrong for frames out of order.
        let decode_timed = input.format().name() == "avi";
        Ok(Self {
            input,
            video,
            video_time_base,
            decoder,
            sounds,
            pending: VecDeque::new(),
            broken_start: 0,
            seen_picture: false,
            packets_read: 0,
            drained: false,
            decode_timed,
            decode_times: VecDeque::new(),
            splice: splice.map(Splicing::new),
        })
    }

    pub(super) const fn video_index(&self) -> usize {
        self.video
    }

    pub(super) const fn video_time_base(&self) -> TimeBase {
        self.video_time_base
    }

    pub(super) fn sound_time_base(&self, track: usize) -> TimeBase {
        self.sounds[track].time_base
    }

    pub(super) fn sound_infos(&self) -> Vec<AudioInfo> {
        self.sounds.iter().map(|sound| sound.info.clone()).collect()
    }

    /// Whether as many video packets were read as the index promises.
    pub(super) fn read_all_promised(&self) -> bool {
        let promised = self
            .input
            .stream(self.video)
            .map_or(0, |stream| stream.frames());
        u64::try_from(promised).is_ok_and(|promised| promised > 0 && self.packets_read >= promised)
    }

    /// The next picture or run of sound; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            if self.drained {
                return Ok(None);
            }
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) => self.decode(&packet)?,
                Err(Error::Eof) => {
                    ffi::input_error(&self.input).map_err(ReadError::Demux)?;
                    self.drain()?;
                }
                Err(error) => return Err(ReadError::Demux(error)),
            }
        }
    }

    /// Goes to the last key frame at or before `micros`, in the container's time.
    pub(super) fn seek(&mut self, micros: i64) -> Result<(), SourceError> {
        self.input
            .seek(micros, ..micros)
            .map_err(|error| SourceError::Failed {
                what: "cannot go to a place in the recording",
                source: ffi::cause(error),
            })?;
        self.decoder.flush();
        for sound in &mut self.sounds {
            sound.decoder.flush();
        }
        self.pending.clear();
        self.decode_times.clear();
        self.drained = false;
        Ok(())
    }

    fn decode(&mut self, packet: &Packet) -> Result<(), ReadError> {
        let index = packet.stream();
        let track = self.sounds.iter().position(|sound| sound.stream == index);
        // An empty packet repeats the last picture; to a decoder it would mean the end.
        if packet.size() == 0 || (index != self.video && track.is_none()) {
            return Ok(());
        }
        if packet
            .side_data()
            .any(|data| data.kind() == side_data::Type::EncryptionInfo)
        {
            return Err(ReadError::Encrypted);
        }
        if packet.is_corrupt() && self.seen_picture {
            return Err(ReadError::CorruptPacket);
        }
        if let Some(track) = track {
            if self.splice.as_ref().is_some_and(|s| s.copies_sound(track)) {
                let packet = packet.clone();
                self.pending.push_back(Event::CodedSound { track, packet });
                return Ok(());
            }
            return self.decode_sound(track, packet);
        }
        self.packets_read += 1;
        if let Some(splice) = self.splice.as_mut().filter(|s| s.copies_pictures()) {
            match splice.take(packet)? {
                Taken::Decode { is_run_end } => {
                    self.send(packet)?;
                    if is_run_end {
                        self.decoder.send_eof().map_err(ReadError::Decode)?;
                        self.receive_pictures()?;
                        self.decoder.flush();
                    }
                }
                Taken::Held => {}
                Taken::Group(group) => self.pending.push_back(Event::Coded(group)),
            }
            return Ok(());
        }
        self.send(packet)
    }

    /// Decodes a packet of pictures.
    fn send(&mut self, packet: &Packet) -> Result<(), ReadError> {
        if self.decode_timed {
            self.decode_times.extend(packet.dts());
        }
        match self.decoder.send_packet(packet) {
            Ok(()) => self.receive_pictures(),
            Err(error) => self.tolerate_at_start(error),
        }
    }

    /// A recording that starts between key frames cannot be decoded until the first of them.
    fn tolerate_at_start(&mut self, error: Error) -> Result<(), ReadError> {
        self.broken_start += 1;
        if self.seen_picture || self.broken_start > BROKEN_START_MAX {
            return Err(ReadError::Decode(error));
        }
        Ok(())
    }

    fn receive_pictures(&mut self) -> Result<(), ReadError> {
        loop {
            let mut frame = Video::empty();
            let received = self.decoder.receive_frame(&mut frame);
            if received.is_ok() {
                let time = self.time_of(&frame);
                frame.set_pts(time);
            }
            match received {
                Ok(()) if frame.is_corrupt() || frame.has_decode_errors() => {
                    self.broken_start += 1;
                    if self.seen_picture || self.broken_start > BROKEN_START_MAX {
                        return Err(ReadError::CorruptPicture);
                    }
                }
                Ok(()) => {
                    self.seen_picture = true;
                    self.pending.push_back(Event::Picture(frame));
                }
                Err(error) if is_pause(error) => return Ok(()),
                Err(error) => return self.tolerate_at_start(error),
            }
        }
    }

    /// When a frame is shown. AVI has decoding times alone: one frame comes out for each that
    /// went in, so in presentation order the frames have these times in rising order.
    fn time_of(&mut self, frame: &Video) -> Option<i64> {
        let decoded = self.decode_times.pop_front();
        decoded.or_else(|| frame.timestamp())
    }

    fn decode_sound(&mut self, track: usize, packet: &Packet) -> Result<(), ReadError> {
        let sound = &mut self.sounds[track];
        match sound.decoder.send_packet(packet) {
            Ok(()) => self.receive_sound(track),
            // The first packet of a cut stream may refer to one that is not there.
            Err(error) if sound.heard => Err(ReadError::Decode(error)),
            Err(_) => Ok(()),
        }
    }

    fn receive_sound(&mut self, track: usize) -> Result<(), ReadError> {
        let sound = &mut self.sounds[track];
        loop {
            let mut frame = Audio::empty();
            match sound.decoder.receive_frame(&mut frame) {
                Ok(()) => {
                    sound.heard = true;
                    self.pending.push_back(Event::Sound { track, frame });
                }
                Err(error) if is_pause(error) || !sound.heard => return Ok(()),
                Err(error) => return Err(ReadError::Decode(error)),
            }
        }
    }

    fn drain(&mut self) -> Result<(), ReadError> {
        self.drained = true;
        if self.splice.as_ref().is_some_and(|s| !s.is_complete()) {
            return Err(ReadError::Changed);
        }
        // Where groups are copied, the decoder is emptied at the end of every run.
        if !self.splice.as_ref().is_some_and(Splicing::copies_pictures) {
            self.decoder.send_eof().map_err(ReadError::Decode)?;
            self.receive_pictures()?;
        }
        for track in 0..self.sounds.len() {
            // A track without a single packet has nothing to give.
            if self.sounds[track].decoder.send_eof().is_ok() {
                self.receive_sound(track)?;
            }
        }
        Ok(())
    }
}

/// Nothing now, or nothing more.
pub(crate) fn is_pause(error: Error) -> bool {
    error == Error::Eof
        || error
            == (Error::Other {
                errno: ffmpeg_next::ffi::EAGAIN,
            })
}

pub(crate) fn open_video(
    stream: &Stream<'_>,
    threads: usize,
) -> Result<decoder::Video, SourceError> {
    let mut context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    // Damaged pictures are delivered with a mark instead of left out in silence.
    context.set_flags(codec::Flags::OUTPUT_CORRUPT);
    let machine = std::thread::available_parallelism().map_or(1, usize::from);
    context.set_threading(threading::Config {
        count: if threads == 0 { machine } else { threads }.min(THREADS_MAX),
        ..threading::Config::kind(threading::Type::Frame)
    });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    decoder.video().map_err(|error| refused(stream, error))
}

/// A decoder for a sound track; `None` when the track never says what it holds.
fn open_sound(stream: &Stream<'_>) -> Result<Option<Sound>, SourceError> {
    let context = codec::Context::from_parameters(stream.parameters()).map_err(failed)?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let decoder = decoder.audio().map_err(|error| refused(stream, error))?;
    let (rate_hz, channels) = (decoder.rate(), decoder.channels());
    if rate_hz == 0 || channels == 0 {
        return Ok(None);
    }
    Ok(Some(Sound {
        stream: stream.index(),
        time_base: time_base_of(stream.time_base()),
        decoder,
        info: AudioInfo {
            stream: probe::stream_number(stream.index()),
            codec: probe::codec_name(stream),
            rate_hz,
            channels,
        },
        heard: false,
    }))
}

fn refused(stream: &Stream<'_>, error: Error) -> SourceError {
    match error {
        Error::DecoderNotFound => SourceError::UnsupportedCodec {
            codec: probe::codec_name(stream),
        },
        other => failed(other),
    }
}

fn failed(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot set the decoder up",
        source: ffi::cause(error),
    }
}
