//! What a sink hands to its muxer, decoded again while it writes.
//!
//! The decoder is one of its own, and it gets the very bytes that go into the file, never what the
//! encoder believes to have made. Decoded are the runs that are re-encoded, the copied group
//! before each of them as a whole, and the first picture of the copied group behind it: as much as
//! would be decoded of the file.
//!
//! What is seen here counts for the file only where that has the same coded groups, by SHA-256,
//! between the same neighbours. [`ReadbackRun`] says which ones were decoded.

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
use crate::ffi;
use crate::picture::{Shaper, Turn};
use crate::source::open_video;

/// Packets that wait to be decoded; the sink waits for room, so that whoever keeps frames until
/// they are seen again keeps few.
const WAITING_MAX: usize = 4;

/// Pictures of a release, decoded while they are written: a source of frames alone, of those that
/// were re-encoded.
///
/// It ends when the sink does. The first error is the last thing that it says.
pub struct Readback {
    received: Receiver<TapMessage>,
    plan: CopyPlan,
    decoding: Option<Decoding>,
    shaper: Option<Shaper>,
    ready: VecDeque<Frame>,
    record: ReadbackRecord,
}

/// What was decoded, known at the end.
#[derive(Clone, Default)]
pub struct ReadbackRecord(Arc<Mutex<Vec<ReadbackRun>>>);

/// Frames that were re-encoded and decoded again without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadbackRun {
    /// The frames.
    pub frames: FrameSpan,
    /// SHA-256 of each of their groups as it was decoded, as [`CopyPlan::groups`] gives them.
    pub groups: Vec<Digest>,
    /// The same of the groups before and behind them, where these were decoded too: the one before
    /// as a whole, of the one behind the first picture.
    pub beside: [Option<Digest>; 2],
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

/// What the sink tells.
enum TapMessage {
    Begin(Box<Begin>),
    Packet(Packet, Role),
    /// What comes next is decoded without anything before it.
    Break,
}

struct Begin {
    decoder: decoder::Video,
    config: AvcConfig,
    /// What is taken from a time of the source to make one of the release, ticks.
    pts_offset: i64,
}

/// What a packet is to whoever looks at the runs that are re-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of such a run.
    Reencoded,
    /// Of a copied group beside one: it must decode.
    Beside,
    /// Behind the first picture of the copied group that follows: it counts in the digest alone.
    Digest,
}

impl PacketTap {
    /// Says how packets are to be decoded: as stream `stream` of the release says, times being
    /// the source's minus `pts_offset`. Where that is not understood, nothing is decoded.
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

    /// When nobody listens, nothing was seen: the file is looked at instead.
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

/// Both ends, for a release of which `plan` says what is copied.
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
    /// Groups since the last break, the last of them still open.
    groups: Vec<Gop>,
    /// The digest of that one, and when its pictures are shown.
    open: Option<(GopDigest, Vec<i64>)>,
    /// Since the last break: frames that went in, and the next that is to come out.
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
    /// What will have been decoded.
    #[must_use]
    pub fn record(&self) -> ReadbackRecord {
        self.record.clone()
    }

    fn take(&mut self, message: TapMessage) -> Result<(), SourceError> {
        match message {
            TapMessage::Begin(begin) => {
                self.decoding = Some(Decoding {
                    begin: *begin,
                    groups: Vec::new(),
                    open: None,
                    sent: 0,
                    due: 0,
                });
                Ok(())
            }
            TapMessage::Packet(packet, role) => {
                let Some(decoding) = &mut self.decoding else {
                    return Err(wrong("a picture came before the header"));
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

    /// Takes what the decoder has, frame by frame in order.
    fn receive(&mut self) -> Result<(), SourceError> {
        while let Some(decoding) = &mut self.decoding {
            let mut frame = Video::empty();
            match decoding.begin.decoder.receive_frame(&mut frame) {
                Ok(()) if frame.is_corrupt() || frame.has_decode_errors() => {
                    return Err(wrong("the decoder marks a picture as damaged"));
                }
                Ok(()) => {}
                Err(error) if needs_input(error) => return Ok(()),
                Err(error) => return Err(undecoded(error)),
            }
            let Some((index, role)) = decoding.place(&frame, &self.plan) else {
                return Err(wrong("its frames come out in another order"));
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
                    .ok_or_else(|| wrong("its pictures have another form"))?;
                none.insert(shaper)
            }
        };
        shaper.shape(frame).map_err(undecoded)
    }

    /// Empties the decoder and notes what it had.
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
        let runs = decoding.end()?;
        self.record.lock().extend(runs);
        Ok(())
    }
}

impl Decoding {
    /// Counts a packet to its group.
    fn take(&mut self, packet: &Packet, role: Role, plan: &CopyPlan) -> Result<(), SourceError> {
        let not_understood = || wrong("its packets are not understood");
        let data = packet.data().ok_or_else(not_understood)?;
        let pts = packet.pts().ok_or_else(not_understood)?;
        let config = &self.begin.config;
        let found = config
            .access_unit(data)
            .map_err(|odd| wrong(&odd.to_string()))?;
        let kept = avcc::picture_nal_units(data, config.length_bytes);
        if found.is_idr {
            self.close();
            let start = match self.groups.last() {
                Some(last) => last.start + last.packets,
                None => {
                    self.due = frame_at(pts, &self.begin, plan).ok_or_else(not_understood)?;
                    self.due
                }
            };
            self.groups.push(Gop {
                start,
                packets: 0,
                role,
                digest: Digest([0; 32]),
            });
            self.open = Some((GopDigest::new(), Vec::new()));
        }
        let (Some(group), Some((digest, times))) = (self.groups.last_mut(), &mut self.open) else {
            return Err(wrong("it does not begin with a picture of its own"));
        };
        digest.add(&self.begin.config, &found, &kept);
        times.push(pts);
        group.packets += 1;
        Ok(())
    }

    fn close(&mut self) {
        if let (Some((open, times)), Some(group)) = (self.open.take(), self.groups.last_mut()) {
            group.digest = timed_digest(open.finish(), &times);
        }
    }

    /// Which frame a decoded one is, if it is the next, and what its group is.
    fn place(&mut self, frame: &Video, plan: &CopyPlan) -> Option<(u32, Role)> {
        let index = frame_at(frame.timestamp()?, &self.begin, plan)?;
        if index != self.due {
            return None;
        }
        self.due += 1;
        let behind = self.groups.partition_point(|group| group.start <= index);
        let group = self.groups.get(behind.checked_sub(1)?)?;
        Some((index, group.role))
    }

    /// The runs since the last break; every frame must have come out.
    fn end(&mut self) -> Result<Vec<ReadbackRun>, SourceError> {
        self.close();
        let groups = std::mem::take(&mut self.groups);
        let first = groups.first().map_or(0, |group| group.start);
        let sent = std::mem::take(&mut self.sent);
        if self.due != first + sent {
            return Err(wrong("not all of its frames come out"));
        }
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(group) = groups.get(at) {
            let alike = groups[at..].iter().take_while(|g| g.role == group.role);
            let run = alike.count();
            let (before, behind) = (at.checked_sub(1), at + run);
            let end = groups[behind - 1].start + groups[behind - 1].packets;
            let frames = FrameSpan::new(FrameIndex::new(group.start), FrameIndex::new(end));
            if let (Role::Reencoded, Some(frames)) = (group.role, frames) {
                let digest = |place: usize| groups.get(place).map(|group| group.digest);
                runs.push(ReadbackRun {
                    frames,
                    groups: groups[at..behind].iter().map(|g| g.digest).collect(),
                    beside: [before.and_then(digest), digest(behind)],
                });
            }
            at = behind;
        }
        Ok(runs)
    }
}

/// The frame that is shown at `pts` of the release.
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
                // The sink is gone: what it did not end was not seen whole, and is not noted.
                Err(_) => return Ok(None),
            }
        }
    }

    /// Nothing: damage in what this program just encoded is an error.
    fn diagnostics(&self) -> SourceDiagnostics {
        SourceDiagnostics::default()
    }
}

fn wrong(why: &str) -> SourceError {
    SourceError::Failed {
        what: "what is written does not decode as it should",
        source: why.into(),
    }
}

fn undecoded(error: Error) -> SourceError {
    SourceError::Failed {
        what: "what is written cannot be decoded",
        source: ffi::cause(error),
    }
}

fn unannounced() -> SourceError {
    wrong("no pictures were announced")
}
