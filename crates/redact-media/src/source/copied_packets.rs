//! The packets of a recording that are stream-copied.
//!
//! Every copied GOP is digested again while it is read, and its digest must match the analysis. A
//! file that changed in between is reported as damage.

use ffmpeg_next::Packet;
use redact_bitstream::aac::adts;
use redact_bitstream::h264::avcc;
use redact_bitstream::h264::gop_digest::{GopDigest, timed_digest};
use redact_bitstream::h264::picture_order::PictureOrder;
use redact_core::{CodedPictures, Digest, FrameIndex, FrameSpan};

use super::event::ReadError;
use crate::codec::{SoundFraming, coded_samples};
use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures};
use crate::packet_times::{PacketTimes, by_order};

/// Follows the GOPs of a copy plan as their packets are read.
pub(super) struct PacketCopier {
    plan: CopyPlan,
    /// Video packets taken so far.
    packets: u32,
    gop: usize,
    /// The first frame of the current cached segment.
    cached_from: Option<FrameIndex>,
    held: Vec<Packet>,
    /// When the pictures of the current GOP are shown, or in which order, in packet order.
    shown: Vec<i64>,
    order: PictureOrder,
    bytes: usize,
    digest: GopDigest,
}

/// What happens to a packet.
pub(super) enum Taken {
    /// It is decoded; at the end of a run the decoder is emptied.
    Decode { is_run_end: bool },
    /// It waits for the rest of its GOP, or is not needed.
    Held,
    /// It was the last of its GOP, or of a cached segment.
    Gop(CodedPictures),
}

impl PacketCopier {
    pub(super) fn new(plan: &CopyPlan) -> Self {
        Self {
            plan: plan.clone(),
            packets: 0,
            gop: 0,
            cached_from: None,
            held: Vec::new(),
            shown: Vec::new(),
            order: PictureOrder::default(),
            bytes: 0,
            digest: GopDigest::new(),
        }
    }

    pub(super) fn copies_pictures(&self) -> bool {
        self.plan.pictures().is_some()
    }

    pub(super) fn copies_sound(&self, track: usize) -> bool {
        self.plan.sound(track).is_some()
    }

    /// Whether every packet that the analysis counted was read.
    pub(super) fn is_complete(&self) -> bool {
        let pictures = self.plan.pictures();
        pictures.is_none_or(|pictures| self.packets as usize == pictures.pts.len())
    }

    /// Takes the next video packet.
    pub(super) fn take(&mut self, packet: &Packet) -> Result<Taken, ReadError> {
        let plan = self.plan.clone();
        let pictures = plan.pictures().ok_or(ReadError::Changed)?;
        let gop = pictures.gops.get(self.gop).ok_or(ReadError::Changed)?;
        if !pictures.has_packet(self.packets as usize, packet) {
            return Err(ReadError::Changed);
        }
        self.packets += 1;
        let is_last = self.packets == gop.frames.end().get();
        if is_last {
            self.gop += 1;
        }
        if gop.action == GopAction::Cached {
            return self.skip_cached(gop.frames.start(), pictures);
        }
        if gop.action == GopAction::Skip {
            return Ok(if is_last {
                Taken::Gop(undecoded(gop.frames, pictures, false))
            } else {
                Taken::Held
            });
        }
        if !gop.is_copied() {
            let next = pictures.gops.get(self.gop);
            let is_end = |next: &Gop| {
                use GopAction::{Cached, Copy, Skip};
                matches!(next.action, Cached | Copy | Skip)
            };
            return Ok(Taken::Decode {
                is_run_end: is_last && next.is_none_or(is_end),
            });
        }
        let start = gop.frames.start();
        let is_first_decoded = gop.action == GopAction::CopyAndDecodeFirst;
        let is_join = is_first_decoded && self.packets == start.get() + 1;
        self.hold(packet, &plan)?;
        if is_join {
            // The first picture is decoded instead of copied; the digest still covers it.
            self.held.clear();
            if !is_last {
                return Ok(Taken::Decode { is_run_end: true });
            }
        }
        if !is_last {
            return Ok(Taken::Held);
        }
        let digest = std::mem::replace(&mut self.digest, GopDigest::new()).finish();
        let shown = std::mem::take(&mut self.shown);
        let times = self.times_of(gop, pictures, shown)?;
        let scale = plan.info().video.time_base.num.get();
        if digest != gop.digest || timed_digest(digest, &times, scale) != gop.timed {
            return Err(ReadError::Changed);
        }
        let start = if is_first_decoded {
            start.next()
        } else {
            start
        };
        let Some(frames) = FrameSpan::new(start, gop.frames.end()) else {
            return Ok(Taken::Decode { is_run_end: true });
        };
        let pictures = CodedPictures {
            frames,
            times: pictures.times_of(frames),
            digest,
            is_earlier: false,
            bytes: std::mem::take(&mut self.bytes),
            content: Box::new(std::mem::take(&mut self.held)),
        };
        Ok(Taken::Gop(pictures))
    }

    /// Skips a packet of a cached segment; the sink writes the segment instead.
    fn skip_cached(&mut self, start: FrameIndex, pictures: &Pictures) -> Result<Taken, ReadError> {
        let from = *self.cached_from.get_or_insert(start);
        if self.packets != pictures.run_end(from.get()) {
            return Ok(Taken::Held);
        }
        self.cached_from = None;
        let frames = FrameSpan::new(from, FrameIndex::new(self.packets));
        let frames = frames.ok_or(ReadError::Changed)?;
        Ok(Taken::Gop(undecoded(frames, pictures, true)))
    }

    fn hold(&mut self, packet: &Packet, plan: &CopyPlan) -> Result<(), ReadError> {
        let pictures = plan.pictures().ok_or(ReadError::Changed)?;
        let data = packet.data().ok_or(ReadError::Changed)?;
        let config = &pictures.config;
        let found = config.access_unit(data).map_err(|_| ReadError::Changed)?;
        let bytes = avcc::picture_nal_units(data, config.framing);
        self.digest.add(config, &found, &bytes);
        let shown = match pictures.times {
            PacketTimes::Both | PacketTimes::Presented => packet.pts(),
            PacketTimes::Decoded => config.order_fields(data).map(|o| self.order.next(&o)),
        };
        self.shown.push(shown.ok_or(ReadError::Changed)?);
        let mut copy = Packet::copy(&bytes);
        copy.set_dts(pictures.dts.get(self.packets as usize - 1).copied());
        if found.is_idr {
            copy.set_flags(ffmpeg_next::packet::Flags::KEY);
        }
        self.bytes += bytes.len();
        self.held.push(copy);
        Ok(())
    }

    /// Sets the times of the held packets of `gop`, of which `shown` has the presentation times or
    /// the order; returns the times of all its packets.
    fn times_of(
        &mut self,
        gop: &Gop,
        pictures: &Pictures,
        shown: Vec<i64>,
    ) -> Result<Vec<i64>, ReadError> {
        let all = gop.frames.start().get() as usize..gop.frames.end().get() as usize;
        let times = match pictures.times {
            PacketTimes::Both | PacketTimes::Presented => Some(shown),
            PacketTimes::Decoded => by_order(&shown, &pictures.pts[all]),
        };
        let times = times.ok_or(ReadError::Changed)?;
        // The first one is missing where it was decoded.
        let skipped = times.len() - self.held.len();
        for (packet, at) in self.held.iter_mut().zip(&times[skipped..]) {
            let frame = pictures.frame_at(Some(*at)).ok_or(ReadError::Changed)?;
            packet.set_pts(Some(*at));
            packet.set_duration(pictures.time(frame).1);
        }
        Ok(times)
    }

    /// A packet of copied sound track `track` without what is around the sound; its duration
    /// counts samples, without those at its end that are not played.
    pub(super) fn take_sound(&self, track: usize, packet: &Packet) -> Result<Packet, ReadError> {
        let form = self.plan.sound(track).ok_or(ReadError::Changed)?;
        let mut packet = match form.framing {
            SoundFraming::Samples | SoundFraming::Raw => packet.clone(),
            SoundFraming::Adts => {
                let data = packet.data().ok_or(ReadError::Changed)?;
                let frame = adts::read(data).map_err(|_| ReadError::Changed)?;
                let mut plain = Packet::copy(frame.block);
                plain.set_pts(packet.pts());
                plain.set_flags(packet.flags());
                plain
            }
        };
        let length = coded_samples(&packet, form.framing);
        packet.set_duration(length);
        Ok(packet)
    }
}

impl Pictures {
    /// Whether packet number `place` may have the times of `packet`.
    fn has_packet(&self, place: usize, packet: &Packet) -> bool {
        match self.times {
            PacketTimes::Both => packet.dts() == self.dts.get(place).copied(),
            PacketTimes::Presented => self.frame_at(packet.pts()).is_some(),
            PacketTimes::Decoded => packet.dts() == self.pts.get(place).copied(),
        }
    }
}

/// Frames without their packets.
fn undecoded(frames: FrameSpan, pictures: &Pictures, is_earlier: bool) -> CodedPictures {
    CodedPictures {
        frames,
        times: pictures.times_of(frames),
        digest: Digest([0; 32]),
        is_earlier,
        bytes: 0,
        content: Box::new(()),
    }
}
