//! Decodes what a sink writes while it writes.
//!
//! A separate decoder gets exactly the bytes that the muxer gets, never the encoder's own view of
//! them. It decodes the re-encoded runs, the whole copied GOP before each of them, and the first
//! picture of the copied GOP behind it: as much as would be decoded from the file.
//!
//! The result is valid for the file only where the file has the same coded GOPs, by SHA-256,
//! between the same neighbors. [`ReadbackRun`] lists those that were decoded.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use ffmpeg_next::decoder;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, Packet, Stream};
use redact_bitstream::h264::avcc::{self, AvcConfig};
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_core::{
    Digest, Frame, FrameIndex, FrameSpan, MediaItem, Source, SourceDiagnostics, SourceError,
    SourceInfo, Timestamp,
};

use crate::codec::needs_input;
use crate::copy_plan::CopyPlan;
use crate::decoders::open_video;
use crate::ffi;
use crate::picture::{Shaper, Turn};

/// Most packets that wait to be decoded. The sink waits for room, which bounds the frames that the
/// caller holds for comparison.
const WAITING_MAX: usize = 4;

/// The re-encoded pictures of a release, decoded while they are written: a source of frames without
/// sound.
///
/// It ends when the sink does, or at the first error.
pub struct Readback {
    received: Receiver<TapMessage>,
    plan: CopyPlan,
    decoding: Option<Decoding>,
    shaper: Option<Shaper>,
    ready: VecDeque<Frame>,
    record: ReadbackRecord,
}

/// What was decoded; complete at the end.
#[derive(Clone, Default)]
pub struct ReadbackRecord(Arc<Mutex<Vec<ReadbackRun>>>);

/// Consecutive frames that were re-encoded and decoded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadbackRun {
    /// The frames.
    pub frames: FrameSpan,
    /// SHA-256 of each of their GOPs, as in [`CopyPlan::gops`].
    pub gops: Vec<Digest>,
    /// SHA-256 of the GOPs before and behind them if those were decoded too: the one before as a
    /// whole, of the one behind the first picture.
    pub neighbors: [Option<Digest>; 2],
}

impl ReadbackRecord {
    /// The runs, in order; all of them when the source has ended without an error.
    #[must_use]
    pub fn runs(&self) -> Vec<ReadbackRun> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ReadbackRun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sink's end.
pub(crate) struct PacketTap(Option<SyncSender<TapMessage>>);

/// What the sink sends.
enum TapMessage {
    Begin(Box<Begin>),
    Packet(Packet, Role),
    /// The next packet is decoded independently of those before it.
    Break,
}

struct Begin {
    decoder: decoder::Video,
    config: AvcConfig,
    /// Subtracted from the source's times to get the release's, ticks.
    pts_offset: i64,
}

/// Why a packet is sent to the readback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is part of a re-encoded run.
    Reencoded,
    /// It is part of a copied GOP next to one and must decode.
    Neighbor,
    /// It follows the first picture of the copied GOP behind a run: it is digested, not decoded.
    Digest,
}

impl PacketTap {
    /// Announces how to decode packets: with the parameters of the release's `stream`, and times
    /// that are the source's minus `pts_offset`. If a decoder cannot be opened, nothing is decoded.
    pub(crate) fn begin(&mut self, stream: &Stream<'_>, pts_offset: i64, threads: usize) {
        let config = AvcConfig::read(&ffi::extradata(stream));
        match (open_video(stream, threads), config) {
            (Ok(decoder), Ok(config)) => self.notify(TapMessage::Begin(Box::new(Begin {
                decoder,
                config,
                pts_offset,
            }))),
            _ => self.0 = None,
        }
    }

    pub(crate) fn packet(&mut self, packet: &Packet, role: Role) {
        if self.0.is_some() {
            self.notify(TapMessage::Packet(packet.clone(), role));
        }
    }

    pub(crate) fn interrupt(&mut self) {
        self.notify(TapMessage::Break);
    }

    /// If the readback was dropped, nothing is recorded, and the file is decoded instead.
    fn notify(&mut self, message: TapMessage) {
        if self
            .0
            .as_ref()
            .is_some_and(|tap| tap.send(message).is_err())
        {
            self.0 = None;
        }
    }
}

/// The sink's and the caller's end, for a release that follows `plan`.
pub(crate) fn pair(plan: &CopyPlan) -> (PacketTap, Readback) {
    let (sender, received) = sync_channel(WAITING_MAX);
    let readback = Readback {
        received,
        plan: plan.clone(),
        decoding: None,
        shaper: None,
        ready: VecDeque::new(),
        record: ReadbackRecord::default(),
    };
    (PacketTap(Some(sender)), readback)
}

struct Decoding {
    begin: Begin,
    /// GOPs since the last break, the last of them still open.
    gops: Vec<Gop>,
    /// The open GOP's digest and presentation times.
    open: Option<(GopDigest, Vec<i64>)>,
    /// Since the last break: frames sent to the decoder, and the frame it returns next.
    sent: u32,
    due: u32,
}

struct Gop {
    start: u32,
    packets: u32,
    role: Role,
    /// Zero until it is closed.
    digest: Digest,
}

impl Readback {
    /// The record of what is decoded.
    #[must_use]
    pub fn record(&self) -> ReadbackRecord {
        self.record.clone()
    }

    fn take(&mut self, message: TapMessage) -> Result<(), SourceError> {
        match message {
            TapMessage::Begin(begin) => {
                self.decoding = Some(Decoding {
                    begin: *begin,
                    gops: Vec::new(),
                    open: None,
                    sent: 0,
                    due: 0,
                });
                Ok(())
            }
            TapMessage::Packet(packet, role) => {
                let Some(decoding) = &mut self.decoding else {
                    return Err(mismatch("a picture came before the header"));
                };
                decoding.take(&packet, role, &self.plan)?;
                if role != Role::Digest {
                    let decoder = &mut decoding.begin.decoder;
                    decoder.send_packet(&packet).map_err(undecoded)?;
                    decoding.sent += 1;
                    self.receive()?;
                }
                Ok(())
            }
            TapMessage::Break => self.interrupt(),
        }
    }

    /// Receives frames from the decoder, in order.
    fn receive(&mut self) -> Result<(), SourceError> {
        while let Some(decoding) = &mut self.decoding {
            let mut frame = Video::empty();
            match decoding.begin.decoder.receive_frame(&mut frame) {
                Ok(()) if frame.is_corrupt() || frame.has_decode_errors() => {
                    return Err(mismatch("the decoder flags a picture as damaged"));
                }
                Ok(()) => {}
                Err(error) if needs_input(error) => return Ok(()),
                Err(error) => return Err(undecoded(error)),
            }
            let Some((index, role)) = decoding.place(&frame, &self.plan) else {
                return Err(mismatch("frames decode in the wrong order"));
            };
            if role != Role::Reencoded {
                continue;
            }
            let picture = self.shaped(frame)?;
            let pictures = self.plan.pictures().ok_or_else(unannounced)?;
            let (at, duration_ticks) = pictures.time(index as usize);
            self.ready.push_back(Frame {
                index: FrameIndex::new(index),
                timestamp: Timestamp::new(at),
                duration_ticks,
                picture,
            });
        }
        Ok(())
    }

    fn shaped(&mut self, frame: Video) -> Result<redact_core::Picture, SourceError> {
        let size = self.plan.info().video.size;
        let shaper = match &mut self.shaper {
            Some(shaper) => shaper,
            none => {
                let shaper = Shaper::new(&frame, Turn::default(), 0)
                    .filter(|shaper| shaper.size() == size && shaper.conversions().is_empty())
                    .ok_or_else(|| mismatch("pictures decode to another size or format"))?;
                none.insert(shaper)
            }
        };
        shaper.shape(frame).map_err(undecoded)
    }

    /// Drains the decoder and records what was decoded.
    fn interrupt(&mut self) -> Result<(), SourceError> {
        let Some(decoding) = self.decoding.as_mut().filter(|d| d.sent > 0) else {
            return Ok(());
        };
        decoding.begin.decoder.send_eof().map_err(undecoded)?;
        self.receive()?;
        let Some(decoding) = &mut self.decoding else {
            return Ok(());
        };
        decoding.begin.decoder.flush();
        let runs = decoding.end(&self.plan)?;
        self.record.lock().extend(runs);
        Ok(())
    }
}

impl Decoding {
    /// Adds a packet to its GOP.
    fn take(&mut self, packet: &Packet, role: Role, plan: &CopyPlan) -> Result<(), SourceError> {
        let not_understood = || mismatch("a packet cannot be parsed");
        let data = packet.data().ok_or_else(not_understood)?;
        let pts = packet.pts().ok_or_else(not_understood)?;
        let config = &self.begin.config;
        let found = config
            .access_unit(data)
            .map_err(|odd| mismatch(&odd.to_string()))?;
        let nal_units = avcc::picture_nal_units(data, config.framing);
        if found.is_idr {
            self.close(plan);
            let start = match self.gops.last() {
                Some(last) => last.start + last.packets,
                None => {
                    self.due = frame_at(pts, &self.begin, plan).ok_or_else(not_understood)?;
                    self.due
                }
            };
            self.gops.push(Gop {
                start,
                packets: 0,
                role,
                digest: Digest([0; 32]),
            });
            self.open = Some((GopDigest::new(), Vec::new()));
        }
        let (Some(gop), Some((digest, times))) = (self.gops.last_mut(), &mut self.open) else {
            return Err(mismatch("it does not begin with an IDR picture"));
        };
        digest.add(&self.begin.config, &found, &nal_units);
        times.push(pts);
        gop.packets += 1;
        Ok(())
    }

    fn close(&mut self, plan: &CopyPlan) {
        let scale = plan.info().video.time_base.num.get();
        if let (Some((open, times)), Some(gop)) = (self.open.take(), self.gops.last_mut()) {
            gop.digest = timed_digest(open.finish(), &times, scale);
        }
    }

    /// The index and role of a decoded frame, if it is the next one.
    fn place(&mut self, frame: &Video, plan: &CopyPlan) -> Option<(u32, Role)> {
        let index = frame_at(frame.timestamp()?, &self.begin, plan)?;
        if index != self.due {
            return None;
        }
        self.due += 1;
        let behind = self.gops.partition_point(|gop| gop.start <= index);
        let gop = self.gops.get(behind.checked_sub(1)?)?;
        Some((index, gop.role))
    }

    /// The runs since the last break; every frame must have been decoded.
    fn end(&mut self, plan: &CopyPlan) -> Result<Vec<ReadbackRun>, SourceError> {
        self.close(plan);
        let gops = std::mem::take(&mut self.gops);
        let first = gops.first().map_or(0, |gop| gop.start);
        let sent = std::mem::take(&mut self.sent);
        if self.due != first + sent {
            return Err(mismatch("some frames were not decoded"));
        }
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(gop) = gops.get(at) {
            let alike = gops[at..].iter().take_while(|g| g.role == gop.role);
            let run = alike.count();
            let (before, behind) = (at.checked_sub(1), at + run);
            let end = gops[behind - 1].start + gops[behind - 1].packets;
            let frames = FrameSpan::new(FrameIndex::new(gop.start), FrameIndex::new(end));
            if let (Role::Reencoded, Some(frames)) = (gop.role, frames) {
                let digest = |place: usize| gops.get(place).map(|gop| gop.digest);
                runs.push(ReadbackRun {
                    frames,
                    gops: gops[at..behind].iter().map(|g| g.digest).collect(),
                    neighbors: [before.and_then(digest), digest(behind)],
                });
            }
            at = behind;
        }
        Ok(runs)
    }
}

/// The frame with the release time `pts`.
fn frame_at(pts: i64, begin: &Begin, plan: &CopyPlan) -> Option<u32> {
    let pictures = plan.pictures()?;
    let at = pts.checked_add(begin.pts_offset)?;
    u32::try_from(pictures.pts.binary_search(&at).ok()?).ok()
}

impl Source for Readback {
    fn info(&self) -> &SourceInfo {
        self.plan.info()
    }

    fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(MediaItem::Frame(frame)));
            }
            match self.received.recv() {
                Ok(message) => self.take(message)?,
                // The sink is gone: an unfinished run is not recorded.
                Err(_) => return Ok(None),
            }
        }
    }

    /// Always empty: damage in what was just encoded is an error.
    fn diagnostics(&self) -> SourceDiagnostics {
        SourceDiagnostics::default()
    }
}

fn mismatch(why: &str) -> SourceError {
    SourceError::Failed {
        what: "readback does not match what was written",
        source: why.into(),
    }
}

fn undecoded(error: Error) -> SourceError {
    SourceError::Failed {
        what: "cannot decode the file while writing it",
        source: ffi::cause(error),
    }
}

fn unannounced() -> SourceError {
    mismatch("no pictures were announced")
}
