//! Smart rendering: writes copied pictures and sound next to re-encoded ones.
//!
//! Each run of masked frames gets its own encoder, whose parameter sets have an id that no copied
//! picture uses and share one configuration record with the source's. All packets have the source's
//! decoding times, so nothing after a run moves. A finished run can be cached, and a cached one
//! written instead of being encoded again.

use ffmpeg_next::format::context::Output;
use ffmpeg_next::packet::Flags;
use ffmpeg_next::{Packet, Rational};
use redact_core::{
    CodedPictures, CodedSound, FrameIndex, FrameSpan, SinkError, Timestamp, VideoInfo,
};

use super::muxing::{encode_error, rational, write_packet};
use super::options::EncodeOptions;
use super::pictures::Shot;
use super::run_encoder::{RunEncoder, RunSettings, RunSource, mismatch, refused};
use crate::cached_segment::{CachedPacket, CachedSegment};
use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures, SoundForm};
use crate::ffi;
use crate::readback::{PacketTap, Role};

/// Writes the pictures of a release in which some are copied.
pub(super) struct SmartRenderer {
    plan: CopyPlan,
    video: VideoInfo,
    settings: RunSettings,
    /// Threads of the video encoder; 0 means one per core.
    threads: usize,
    stream: usize,
    base: Rational,
    /// Subtracted from the source's times to get the release's, ticks.
    pts_offset: i64,
    run: Option<Run>,
    next_frame: u32,
    tap: Option<PacketTap>,
}

/// Most bytes of a run that is cached: it is held in memory until it is complete. A recording whose
/// only key frame is its first is one run.
const CACHED_BYTES_MAX: usize = 32 << 20;

/// The run of frames that is being encoded.
struct Run {
    encoder: RunEncoder,
    /// The encoded packets, if the run is to be cached.
    packets: Option<Vec<CachedPacket>>,
    bytes: usize,
}

impl Run {
    /// Stores a packet for the segment cache; a run that is too long is not cached.
    fn store(&mut self, packet: CachedPacket) {
        self.bytes = self.bytes.saturating_add(packet.data.len());
        if self.bytes > CACHED_BYTES_MAX {
            self.packets = None;
        }
        if let Some(packets) = &mut self.packets {
            packets.push(packet);
        }
    }
}

impl SmartRenderer {
    /// Adds the video stream, with the parameter sets of copied and re-encoded pictures.
    pub(super) fn new(
        output: &mut Output,
        plan: &CopyPlan,
        options: &EncodeOptions,
        shift: i64,
    ) -> Result<Self, SinkError> {
        let (pictures, video) = (pictures(plan), plan.info().video.clone());
        let source = RunSource {
            video: &video,
            tags: *plan.tags(),
            config: &pictures.config,
            reorder: pictures.reorder,
            repeats_sets: pictures.repeats_sets,
        };
        let (mut settings, encoder, own) = RunSettings::new(source, options)?;
        let copied = pictures.gops.iter().filter(|gop| gop.is_copied()).count();
        // The leak scan rejects sets that no picture uses.
        let used = pictures.sets_of(Gop::is_copied);
        let theirs = pictures.config.only(&used);
        let header = match copied {
            0 => own.merged_with(None),
            all if all == pictures.gops.len() => theirs.merged_with(None),
            _ => theirs.merged_with(Some(&own)),
        };
        let header = header.ok_or_else(|| refused("too many parameter sets".to_owned()))?;
        let base = rational(video.time_base.num.get(), video.time_base.den.get());
        let mut stream = output
            .add_stream_with(&encoder)
            .map_err(encode_error("pictures"))?;
        stream.set_time_base(base);
        if let Some((num, den)) = video.frame_rate {
            stream.set_avg_frame_rate(rational(num, den));
        }
        let stream = stream.index();
        ffi::set_extradata(output, stream, &header).map_err(encode_error("pictures"))?;
        settings.use_first(encoder);
        let pts_offset = pictures.pts[0].saturating_sub(shift);
        Ok(Self {
            plan: plan.clone(),
            settings,
            threads: options.threads,
            stream,
            base,
            pts_offset,
            run: None,
            next_frame: 0,
            video,
            tap: None,
        })
    }

    /// Sends packets to `tap` from now on; the header of `output` has been written.
    pub(super) fn notify(&mut self, mut tap: PacketTap, output: &Output) {
        let is_reencoded = |gop: &Gop| gop.action == GopAction::Reencode;
        if !pictures(&self.plan).gops.iter().any(is_reencoded) {
            return; // Dropping the tap ends the readback.
        }
        if let Some(stream) = output.stream(self.stream) {
            tap.begin(&stream, self.pts_offset, readback_threads(self.threads));
            self.tap = Some(tap);
        }
    }

    /// Nanoseconds from the first frame to the end of the last one received.
    pub(super) fn end_nanos(&self) -> i64 {
        let pictures = pictures(&self.plan);
        let Some(last) = (self.next_frame as usize).checked_sub(1) else {
            return 0;
        };
        let (at, ticks) = pictures.time(last);
        Timestamp::new(at - pictures.pts[0] + ticks)
            .nanos(self.video.time_base)
            .unwrap_or(0)
    }

    /// Encodes the next frame of a run.
    pub(super) fn encode(&mut self, shot: Shot, output: &mut Output) -> Result<(), SinkError> {
        self.check_due(shot.index.get())?;
        let (at, _) = pictures(&self.plan).time(self.next_frame as usize);
        if shot.timestamp().ticks() != at {
            return Err(mismatch(format!("frame {} has the wrong time", shot.index)));
        }
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.start_run()?,
        };
        self.next_frame += 1;
        run.encoder.send(shot, at - self.pts_offset)?;
        self.receive(&mut run, output)?;
        if run.encoder.has_all_frames() {
            self.end_run(run)
        } else {
            self.run = Some(run);
            Ok(())
        }
    }

    fn start_run(&mut self) -> Result<Run, SinkError> {
        let end = pictures(&self.plan).run_end(self.next_frame);
        let frames = FrameSpan::new(FrameIndex::new(self.next_frame), FrameIndex::new(end));
        let frames = frames.ok_or_else(|| mismatch("a run without frames".to_owned()))?;
        Ok(Run {
            encoder: self.settings.begin(frames)?,
            packets: self.plan.store().map(|_| Vec::new()),
            bytes: 0,
        })
    }

    fn end_run(&self, run: Run) -> Result<(), SinkError> {
        run.encoder.check_whole()?;
        if let Some((store, packets)) = self.plan.store().zip(run.packets) {
            store.save(&CachedSegment {
                frames: run.encoder.frames(),
                config: self.settings.config.clone(),
                packets,
            });
        }
        Ok(())
    }

    fn receive(&mut self, run: &mut Run, output: &mut Output) -> Result<(), SinkError> {
        let plan = self.plan.clone();
        let pictures = pictures(&plan);
        let frame_at = |pts: i64| {
            let frame = pictures.pts.binary_search(&(pts + self.pts_offset)).ok();
            frame.and_then(|frame| u32::try_from(frame).ok())
        };
        while let Some((place, made)) = run.encoder.receive(frame_at)? {
            let packet = timed(&made, place, pictures, self.pts_offset)?;
            if let Some(tap) = &mut self.tap {
                tap.packet(&packet, Role::Reencoded);
            }
            write_packet(packet, self.stream, self.base, output)?;
            run.store(made);
        }
        Ok(())
    }

    /// Writes a segment from the cache.
    fn write_cached(&mut self, frames: FrameSpan, output: &mut Output) -> Result<(), SinkError> {
        let segment = self.plan.store().and_then(|store| store.load(frames));
        let fits = |segment: &CachedSegment| {
            segment.frames == frames && segment.config == self.settings.config
        };
        let segment = segment
            .filter(fits)
            .ok_or_else(|| mismatch("a cached segment has changed".to_owned()))?;
        self.interrupt();
        let pictures = pictures(&self.plan);
        for (place, packet) in (frames.start().get()..).zip(&segment.packets) {
            let packet = timed(packet, place, pictures, self.pts_offset)?;
            write_packet(packet, self.stream, self.base, output)?;
        }
        self.next_frame = frames.end().get();
        Ok(())
    }

    /// Copies the next GOP, or writes it from the cache.
    pub(super) fn copy(
        &mut self,
        coded: CodedPictures,
        output: &mut Output,
    ) -> Result<(), SinkError> {
        self.check_due(coded.frames.start().get())?;
        if coded.is_earlier && self.run.is_none() {
            return self.write_cached(coded.frames, output);
        }
        let packets = coded
            .content
            .downcast::<Vec<Packet>>()
            .map_err(|_| mismatch("coded pictures have an unknown type".to_owned()))?;
        if self.run.is_some() || packets.len() != coded.frames.frames() as usize {
            return Err(mismatch(
                "received coded pictures within a re-encoded run".to_owned(),
            ));
        }
        self.next_frame = coded.frames.end().get();
        let is_reencoded = |frame: u32| {
            let gop = pictures(&self.plan).gop_at(frame);
            gop.is_some_and(|gop| gop.action == GopAction::Reencode)
        };
        let before = coded.frames.start().get().checked_sub(1);
        let (is_behind, is_before) = (
            before.is_some_and(is_reencoded),
            is_reencoded(self.next_frame),
        );
        for (place, mut packet) in packets.into_iter().enumerate() {
            let (pts, dts) = (packet.pts(), packet.dts());
            packet.set_pts(pts.map(|pts| pts - self.pts_offset));
            packet.set_dts(dts.map(|dts| dts - self.pts_offset));
            if let Some(tap) = self.tap.as_mut().filter(|_| is_behind || is_before) {
                let is_decoded = is_before || place == 0;
                tap.packet(
                    &packet,
                    if is_decoded {
                        Role::Neighbor
                    } else {
                        Role::Digest
                    },
                );
            }
            write_packet(packet, self.stream, self.base, output)?;
        }
        if !is_before {
            self.interrupt();
        }
        Ok(())
    }

    /// Ends the readback's current run.
    fn interrupt(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.interrupt();
        }
    }

    fn check_due(&self, frame: u32) -> Result<(), SinkError> {
        if frame == self.next_frame {
            return Ok(());
        }
        let due = self.next_frame;
        Err(mismatch(format!(
            "received frame {frame}, expected frame {due}"
        )))
    }

    /// Checks that every frame was written.
    pub(super) fn finish(&mut self) -> Result<(), SinkError> {
        let frames = pictures(&self.plan).pts.len();
        if self.next_frame as usize == frames && self.run.is_none() {
            self.interrupt();
            self.tap = None;
            return Ok(());
        }
        let found = self.next_frame;
        Err(mismatch(format!("received {found} of {frames} frames")))
    }
}

/// Threads of the readback's decoder for `threads` of the encoder (0: one per core). Decoding costs
/// about a fifth of encoding with the fastest presets, and each thread holds frames.
fn readback_threads(threads: usize) -> usize {
    let machine = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { machine() } else { threads };
    threads.div_ceil(3)
}

/// A re-encoded packet, number `place` in decoding order, with the source's times.
fn timed(
    made: &CachedPacket,
    place: u32,
    pictures: &Pictures,
    pts_offset: i64,
) -> Result<Packet, SinkError> {
    let (at, ticks) = pictures.time(made.frame as usize);
    let dts = pictures.dts[place as usize];
    if dts > at {
        return Err(mismatch(format!(
            "frame {} was encoded too late",
            made.frame
        )));
    }
    let mut packet = Packet::copy(&made.data);
    if made.is_key {
        packet.set_flags(Flags::KEY);
    }
    packet.set_pts(Some(at - pts_offset));
    packet.set_dts(Some(dts - pts_offset));
    packet.set_duration(ticks);
    Ok(packet)
}

fn pictures(plan: &CopyPlan) -> &Pictures {
    plan.pictures()
        .expect("a renderer is made only where pictures are copied")
}

/// Copies a sound track.
pub(super) struct TrackCopy {
    stream: usize,
    base: Rational,
    /// Where sample 0 of the source's clock lies in the release.
    origin: i64,
}

impl TrackCopy {
    /// Adds a stream with the source's configuration.
    pub(super) fn new(
        output: &mut Output,
        form: &SoundForm,
        origin: i64,
    ) -> Result<Self, SinkError> {
        let stream = super::tracks::add_stream(output, form.rate_hz, form.channels)?;
        ffi::set_extradata(output, stream, &form.config).map_err(encode_error("sound"))?;
        Ok(Self {
            stream,
            base: rational(1, form.rate_hz),
            origin,
        })
    }

    /// Writes the next packet.
    pub(super) fn copy(&self, coded: CodedSound, output: &mut Output) -> Result<(), SinkError> {
        let packet = coded
            .content
            .downcast::<Packet>()
            .map_err(|_| mismatch("coded sound has an unknown type".to_owned()))?;
        let mut packet = *packet;
        let at = packet.pts().map(|pts| pts.saturating_add(self.origin));
        packet.set_pts(at);
        packet.set_dts(at);
        write_packet(packet, self.stream, self.base, output)
    }
}
