//! Reads packets and decodes pictures and sound, with every way in which that fails.

mod search;
mod sound;

use std::collections::VecDeque;

use ffmpeg_next::codec::decoder;
use ffmpeg_next::codec::packet::side_data;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, Packet, media, picture};
use redact_bitstream::h264::frame_num::FrameNumCheck;
use redact_core::{Conversion, DamageCause, SourceError, TimeBase};

use super::beginning::Beginning;
use super::clock::Clock;
use super::copied_packets::{PacketCopier, Taken};
use super::damage::{is_damage, is_marked};
use super::event::{Event, ReadError};
use super::frame_times::FrameTimes;
use super::options::{Damaged, OpenOptions};
use crate::codec::needs_input;
use crate::copy_plan::CopyPlan;
use crate::decoders::{DecoderSlot, Sound, VideoDecoder, open_sound, time_base_of};
use crate::edges::EdgeRecord;
use crate::{ffi, probe};

/// Most broken pictures before the first intact one; a recording that starts within a GOP has a few
/// dozen.
const BROKEN_START_MAX: u32 = 600;

/// Video packets that may be incomplete when one is flagged: itself and the next, because FFmpeg's
/// parsers flag the picture that ends in an incomplete packet, not the one that begins there.
const TAINTED: u32 = 2;

/// Most consecutive container errors that are treated as damage.
const DEMUX_ERRORS_MAX: u32 = 1000;

/// The state of the pictures in the decoder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Whole,
    Broken {
        /// Whether the decoder was emptied since then and restarted at a key frame.
        fresh: bool,
    },
}

/// The demuxer and its decoders.
pub(super) struct Reader {
    pub(super) input: Input,
    video: usize,
    video_time_base: TimeBase,
    slot: DecoderSlot,
    sounds: Vec<Sound>,
    pending: VecDeque<Event>,
    broken_start: u32,
    beginning: Beginning,
    /// Set while pictures before the first key frame are discarded.
    discards_pictures: bool,
    /// Set after a seek until a key frame is read: a transport stream has no index of them.
    skips_to_key: bool,
    /// Whether the container declares that the first picture is a key frame.
    claims_key: bool,
    wants_sound: bool,
    /// Whether pictures are neither decoded nor delivered any more.
    skips_pictures: bool,
    /// Bytes of packets that may still be read.
    readable_bytes: u64,
    /// Only for containers whose clock may restart.
    clock: Option<Clock>,
    /// Packets with final times, waiting to be decoded.
    timed: VecDeque<Packet>,
    /// Whether the container has ended.
    has_ended: bool,
    /// Decoder errors before the first packet.
    initial_complaints: u64,
    packets_read: u64,
    drained: bool,
    /// Where frames get their times from.
    frame_times: FrameTimes,
    /// Stream copy of packets.
    copier: Option<PacketCopier>,
    /// Whether damage is reported and skipped instead of ending reading.
    tolerant: bool,
    health: Health,
    /// Only for H.264.
    frame_nums: Option<FrameNumCheck>,
    /// Errors that FFmpeg logged about the container.
    input_complaints: ffi::Complaints,
    /// How many errors that it logged about the decoder were handled.
    complaints_seen: u64,
    /// Video packets, from the next one on, that may be incomplete without a flag.
    tainted: u32,
    /// Container errors since the last packet.
    demux_errors: u32,
}

impl Reader {
    /// Opens a decoder for stream `video`, unless `plan` copies pictures: then it is opened for the
    /// first packet that needs it. Opens one for every sound track if `options` ask for sound. What
    /// is cropped off pictures goes to `edges`.
    pub(super) fn new(
        mut input: Input,
        video: usize,
        options: &OpenOptions,
        plan: Option<&CopyPlan>,
        edges: Option<EdgeRecord>,
    ) -> Result<Self, SourceError> {
        let stream = input.stream(video).ok_or(SourceError::NoVideo {
            found: "no streams".to_owned(),
        })?;
        let video_time_base = time_base_of(stream.time_base());
        let tolerant = options.damaged == Damaged::Mask;
        // Several threads conceal damage in an order that depends on their speed.
        let threads = if tolerant { 1 } else { options.threads };
        let copying = plan.filter(|plan| plan.pictures().is_some());
        let mut slot = DecoderSlot::new(threads, copying.map(CopyPlan::decoder), edges);
        if copying.is_none() {
            slot.get_or_open(&stream)?;
        }
        // Errors in the configuration are logged again for the pictures that use it.
        let complaints_seen = slot.complaints();
        let is_h264 = probe::codec_name(&stream) == "h264";
        let frame_nums = is_h264.then(|| FrameNumCheck::new(&ffi::extradata(&stream)));
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
        let input_complaints = ffi::Complaints::about_input(&mut input);
        let of_video = (video, video_time_base);
        let frame_times = FrameTimes::new(&input, of_video, options.settings.frame_rate)?;
        let of_sound = sounds.iter().map(|sound| (sound.stream, sound.time_base));
        let streams: Vec<_> = [(video, video_time_base)]
            .into_iter()
            .chain(of_sound)
            .collect();
        let may_restart = ["mpegts", "mpeg", "flv"].contains(&input.format().name());
        let clock = may_restart.then(|| Clock::new(&streams));
        Ok(Self {
            input,
            video,
            video_time_base,
            slot,
            sounds,
            pending: VecDeque::new(),
            broken_start: 0,
            beginning: Beginning::default(),
            discards_pictures: false,
            skips_to_key: false,
            claims_key: false,
            wants_sound: options.audio,
            skips_pictures: false,
            readable_bytes: u64::MAX,
            clock,
            timed: VecDeque::new(),
            has_ended: false,
            initial_complaints: complaints_seen,
            packets_read: 0,
            drained: false,
            frame_times,
            copier: plan.map(PacketCopier::new),
            tolerant,
            health: Health::Whole,
            frame_nums,
            input_complaints,
            complaints_seen,
            tainted: 0,
            demux_errors: 0,
        })
    }

    /// Sets whether the container claims to begin with a key frame, and how many bytes of packets
    /// may be read.
    pub(super) const fn expect(&mut self, claims_key: bool, readable_bytes: u64) {
        (self.claims_key, self.readable_bytes) = (claims_key, readable_bytes);
    }

    /// The video decoder, opened or borrowed for the first packet that needs it.
    fn decoder(&mut self) -> Result<&mut decoder::Video, ReadError> {
        let stream = self.input.stream(self.video).ok_or(ReadError::NoFrame)?;
        let is_new = self.slot.get().is_none();
        let open = self.slot.get_or_open(&stream).map_err(ReadError::Open)?;
        if is_new {
            self.complaints_seen = open.complaints.count();
            self.initial_complaints = self.complaints_seen;
        }
        Ok(&mut open.decoder)
    }

    /// Takes the video decoder out.
    pub(super) const fn take_decoder(&mut self) -> Option<VideoDecoder> {
        self.slot.take()
    }

    pub(super) const fn video_index(&self) -> usize {
        self.video
    }

    pub(super) const fn video_time_base(&self) -> TimeBase {
        self.video_time_base
    }

    /// Whether all video packets in the index were read.
    pub(super) fn read_all_promised(&self) -> bool {
        let promised = self
            .input
            .stream(self.video)
            .map_or(0, |stream| stream.frames());
        u64::try_from(promised).is_ok_and(|promised| promised > 0 && self.packets_read >= promised)
    }

    /// The next event; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            if self.drained {
                return Ok(None);
            }
            if let Some(packet) = self.timed.pop_front() {
                self.decode(&packet)?;
                continue;
            }
            if self.has_ended {
                self.drain()?;
                continue;
            }
            let mut packet = Packet::empty();
            let complaints = self.input_complaints.count();
            let read = packet.read(&mut self.input);
            if self.input_complaints.count() != complaints {
                self.break_container()?;
            }
            match read {
                Ok(()) => {
                    self.demux_errors = 0;
                    let left = self.readable_bytes.checked_sub(packet.size() as u64);
                    self.readable_bytes = left.ok_or(ReadError::Repeated)?;
                    match &mut self.clock {
                        Some(clock) => self.timed.extend(clock.push(packet)),
                        None => self.decode(&packet)?,
                    }
                }
                Err(error) if self.is_skipped(error) => {
                    self.demux_errors += 1;
                    self.break_container()?;
                }
                Err(Error::Eof) => {
                    ffi::input_error(&self.input).map_err(ReadError::Demux)?;
                    self.has_ended = true;
                    let rest = self.clock.as_mut().map(Clock::finish);
                    self.timed.extend(rest.unwrap_or_default());
                }
                Err(error) => return Err(ReadError::Demux(error)),
            }
        }
    }

    /// Where frames get their times from.
    pub(super) const fn frame_times(&self) -> &FrameTimes {
        &self.frame_times
    }

    /// Whether sound tracks are decoded.
    pub(super) const fn wants_sound(&self) -> bool {
        self.wants_sound
    }

    /// Whether sound track `track` has any packets.
    pub(super) fn has_sound(&self, track: usize) -> bool {
        let sound = &self.sounds[track];
        sound.has_sound || sound.lost > 0
    }

    /// How many times the recording's clock has restarted so far.
    pub(super) fn restarts(&self) -> u32 {
        self.clock.as_ref().map_or(0, Clock::restarts)
    }

    /// Whether reading continues after a container error.
    fn is_skipped(&self, error: Error) -> bool {
        self.tolerant && is_damage(error) && self.demux_errors < DEMUX_ERRORS_MAX
    }

    /// Makes the decoder restart at the next key frame.
    pub(super) const fn doubt(&mut self) {
        self.health = Health::Broken { fresh: false };
    }

    /// Reports that pictures are damaged, including those in the decoder and all up to a key frame.
    fn break_pictures(&mut self, cause: DamageCause) {
        if self.beginning.is_over() {
            self.doubt();
            self.pending.push_back(Event::Broken(cause));
        }
    }

    /// Reports damage to the container: packets of any stream may be lost.
    fn break_container(&mut self) -> Result<(), ReadError> {
        if !self.beginning.is_over() {
            return Ok(());
        }
        if !self.tolerant {
            return Err(ReadError::Container);
        }
        self.break_pictures(DamageCause::Container);
        (0..self.sounds.len()).for_each(|t| self.break_sound(t, DamageCause::Container));
        Ok(())
    }

    /// Restarts the decoder at a key frame after damage.
    fn restart_decoder(&mut self) -> Result<(), ReadError> {
        // Pictures still inside were decoded next to the damage and are shown before it ends.
        self.empty_decoder()?;
        self.health = Health::Broken { fresh: true };
        Ok(())
    }

    /// Drains the decoder and resets it.
    fn empty_decoder(&mut self) -> Result<(), ReadError> {
        if self.slot.get().is_none() {
            return Ok(());
        }
        match self.decoder()?.send_eof() {
            Err(error) if !is_damage(error) => return Err(ReadError::Decode(error)),
            Ok(()) | Err(_) => self.receive_pictures()?,
        }
        self.decoder()?.flush();
        self.frame_times.clear();
        Ok(())
    }

    /// Counts a video packet. The first key frame goes to an emptied decoder, so that errors from
    /// pictures before it are not attributed to it.
    fn begin(&mut self, packet: &Packet) -> Result<(), ReadError> {
        self.packets_read += 1;
        let is_first_key = packet.is_key() && !self.beginning.is_over();
        if is_first_key && self.packets_read > 1 {
            // The remaining pictures lack references and are not even flagged.
            self.discards_pictures = true;
            let emptied = self.empty_decoder();
            self.discards_pictures = false;
            emptied?;
            self.complaints_seen = self.slot.complaints();
        }
        if self.packets_read == 1 && self.claims_key && !packet.is_key() {
            self.beginning.insist();
        }
        let pts = packet.pts().filter(|_| self.frame_times.are_stamped());
        self.beginning.note_packet(packet, pts);
        Ok(())
    }

    /// Pictures that are stored and never shown; complete at the end.
    pub(super) fn left_out(&self) -> Vec<Conversion> {
        let promised = self.input.stream(self.video).map_or(0, |s| s.frames());
        let is_index = self.input.format().name().starts_with("mov");
        let promised = u64::try_from(promised).ok().filter(|_| is_index);
        let all = self.beginning.left_out(promised.unwrap_or(0));
        // Copied pictures are not decoded and therefore not counted.
        let copier = self.copier.as_ref().filter(|s| s.copies_pictures());
        let counted = |known: &Conversion| copier.is_none() || known.allows_copy();
        all.into_iter().filter(counted).collect()
    }

    fn decode(&mut self, packet: &Packet) -> Result<(), ReadError> {
        let index = packet.stream();
        let track = self.sounds.iter().position(|sound| sound.stream == index);
        // An empty packet repeats the last picture; to a decoder it would mean the end.
        let is_video = index == self.video;
        self.skips_to_key &= !(is_video && packet.is_key());
        let is_skipped = is_video && (self.skips_pictures || self.skips_to_key);
        if packet.size() == 0 || is_skipped || (!is_video && track.is_none()) {
            return Ok(());
        }
        if packet
            .side_data()
            .any(|data| data.kind() == side_data::Type::EncryptionInfo)
        {
            return Err(ReadError::Encrypted);
        }
        if packet.is_corrupt() && self.beginning.is_over() {
            match track {
                _ if !self.tolerant => return Err(ReadError::CorruptPacket),
                Some(track) => {
                    self.break_sound(track, DamageCause::Container);
                    return Ok(());
                }
                None => {
                    self.break_pictures(DamageCause::Container);
                    self.tainted = TAINTED;
                }
            }
        }
        if let Some(track) = track {
            let copier = self.copier.as_ref().filter(|s| s.copies_sound(track));
            if let Some(copier) = copier {
                let packet = copier.take_sound(track, packet)?;
                self.sounds[track].has_sound = true;
                self.pending.push_back(Event::CodedSound { track, packet });
                return Ok(());
            }
            return self.decode_sound(track, packet);
        }
        self.begin(packet)?;
        let data = packet.data().unwrap_or_default();
        let frame_nums = self.frame_nums.as_mut();
        let is_gap = frame_nums.is_some_and(|numbers| numbers.is_gap_before(data));
        if is_gap && !self.beginning.excuses_complaints() {
            if !self.tolerant {
                return Err(ReadError::MissingPictures);
            }
            self.break_pictures(DamageCause::Missing);
        }
        let is_behind_damage = self.health == Health::Broken { fresh: false };
        if is_behind_damage && packet.is_key() && self.tainted == 0 {
            self.restart_decoder()?;
        }
        self.tainted = self.tainted.saturating_sub(1);
        if let Some(copier) = self.copier.as_mut().filter(|s| s.copies_pictures()) {
            match copier.take(packet)? {
                Taken::Decode { is_run_end } => {
                    self.send(packet)?;
                    if is_run_end {
                        self.decoder()?.send_eof().map_err(ReadError::Decode)?;
                        self.receive_pictures()?;
                        self.decoder()?.flush();
                    }
                }
                Taken::Held => {}
                Taken::Gop(gop) => self.pending.push_back(Event::Coded(gop)),
            }
            return Ok(());
        }
        self.send(packet)
    }

    /// Decodes a video packet.
    fn send(&mut self, packet: &Packet) -> Result<(), ReadError> {
        self.frame_times.note(packet);
        let sent = self.decoder()?.send_packet(packet);
        self.check_complaints()?;
        match sent {
            Ok(()) => self.receive_pictures(),
            Err(error) => self.take_error(error),
        }
    }

    /// Treats errors that FFmpeg has logged since the last call as damage.
    fn check_complaints(&mut self) -> Result<(), ReadError> {
        let complaints = self.slot.complaints();
        let is_complaint = complaints != self.complaints_seen;
        self.complaints_seen = complaints;
        if !is_complaint || self.beginning.excuses_complaints() {
            return Ok(());
        }
        if !self.tolerant {
            return Err(ReadError::CorruptPicture);
        }
        if self.health != (Health::Broken { fresh: true }) {
            self.break_pictures(DamageCause::Marked);
        }
        Ok(())
    }

    /// Handles a decoder error; errors before the first key frame are expected.
    fn take_error(&mut self, error: Error) -> Result<(), ReadError> {
        let is_excused = self.beginning.excuses_complaints();
        if !is_excused && self.tolerant && is_damage(error) {
            self.break_pictures(DamageCause::Undecodable);
            return Ok(());
        }
        self.broken_start += 1;
        if !is_excused || self.broken_start > BROKEN_START_MAX {
            return Err(ReadError::Decode(error));
        }
        Ok(())
    }

    fn receive_pictures(&mut self) -> Result<(), ReadError> {
        loop {
            let mut frame = Video::empty();
            let received = self.decoder()?.receive_frame(&mut frame);
            if received.is_ok() {
                self.slot.measure(&mut frame).map_err(ReadError::Decode)?;
                let time = self.frame_times.of(&frame);
                frame.set_pts(time);
            }
            match received {
                Ok(())
                    if is_marked(&frame) && self.is_excused(&frame)
                        || self.is_of_broken_start() =>
                {
                    self.broken_start += 1;
                    if self.broken_start > BROKEN_START_MAX {
                        return Err(ReadError::CorruptPicture);
                    }
                }
                Ok(()) if is_marked(&frame) && !self.tolerant => {
                    return Err(ReadError::CorruptPicture);
                }
                Ok(()) if is_marked(&frame) => {
                    // After a restart, leading pictures of the key frame may be flagged.
                    if self.health != (Health::Broken { fresh: true }) {
                        self.break_pictures(DamageCause::Marked);
                    }
                    self.deliver(frame);
                }
                Ok(()) => {
                    let is_whole = frame.is_key() && frame.kind() == picture::Type::I;
                    if is_whole && self.health == (Health::Broken { fresh: true }) {
                        self.health = Health::Whole;
                        self.pending.push_back(Event::Mended);
                    }
                    self.deliver(frame);
                }
                Err(error) if needs_input(error) => return Ok(()),
                Err(error) => return self.take_error(error),
            }
        }
    }

    /// Whether a picture may lack references because the recording begins between key frames.
    fn is_excused(&self, frame: &Video) -> bool {
        !self.beginning.is_over() || self.beginning.is_leading(frame.pts())
    }

    /// Whether a picture comes before the first key frame, after the decoder logged errors.
    fn is_of_broken_start(&self) -> bool {
        let complaints = self.slot.complaints();
        self.beginning.awaits_key() && complaints != self.initial_complaints
    }

    fn deliver(&mut self, frame: Video) {
        if self.discards_pictures {
            return;
        }
        let was_excused = self.beginning.excuses_complaints();
        if self.beginning.note_picture(frame.pts()) && was_excused {
            // Errors so far came from leading pictures, which are decoded by now.
            self.complaints_seen = self.slot.complaints();
        }
        self.pending.push_back(Event::Picture(frame));
    }

    fn drain(&mut self) -> Result<(), ReadError> {
        self.drained = true;
        if self.copier.as_ref().is_some_and(|s| !s.is_complete()) {
            return Err(ReadError::Changed);
        }
        // With stream copy the decoder is drained at the end of every run.
        let copies = self
            .copier
            .as_ref()
            .is_some_and(PacketCopier::copies_pictures);
        if !self.skips_pictures && !copies {
            match self.decoder()?.send_eof() {
                Err(error) if self.tolerant && is_damage(error) => {
                    self.break_pictures(DamageCause::Undecodable);
                }
                sent => sent.map_err(ReadError::Decode)?,
            }
            self.receive_pictures()?;
            // All decoder threads are done, so no more errors follow.
            self.check_complaints()?;
        }
        self.drain_sound()
    }
}
