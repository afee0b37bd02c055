//! The packets of a recording that are handed on as they are coded.
//!
//! Every group that is copied is looked at again while it is read: its digest must be that of the
//! analysis. A file that changed in between is damage.

use ffmpeg_next::Packet;
use redact_bitstream::h264::avcc;
use redact_bitstream::h264::gop_digest::GopDigest;
use redact_core::{CodedPictures, Digest, FrameIndex, FrameSpan};

use super::event::{CodedGroup, ReadError};
use crate::copy_plan::{CopyPlan, Gop, GopAction, Pictures};

/// Walks through the groups of a analysis as their packets are read.
pub(super) struct PacketCopier {
    plan: CopyPlan,
    /// Packets of pictures that were taken.
    packets: u32,
    group: usize,
    /// The first frame of the run in which an earlier render's pictures are written again.
    kept_from: Option<FrameIndex>,
    held: Vec<Packet>,
    bytes: usize,
    digest: GopDigest,
}

/// What becomes of a packet.
pub(super) enum Taken {
    /// It is decoded; at the end of a run nothing that follows needs what the decoder knows.
    Decode { is_run_end: bool },
    /// It waits for the rest of its group.
    Held,
    /// It was the last of its group.
    Gop(CodedGroup),
}

impl PacketCopier {
    pub(super) fn new(plan: &CopyPlan) -> Self {
        Self {
            plan: plan.clone(),
            packets: 0,
            group: 0,
            kept_from: None,
            held: Vec::new(),
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

    /// Whether every packet of the analysis came.
    pub(super) fn is_complete(&self) -> bool {
        let pictures = self.plan.pictures();
        pictures.is_none_or(|pictures| self.packets as usize == pictures.pts.len())
    }

    /// Takes the next packet of pictures.
    pub(super) fn take(&mut self, packet: &Packet) -> Result<Taken, ReadError> {
        let plan = self.plan.clone();
        let pictures = plan.pictures().ok_or(ReadError::Changed)?;
        let group = pictures.groups.get(self.group).ok_or(ReadError::Changed)?;
        let dts = pictures.dts[self.packets as usize];
        if packet.dts() != Some(dts) {
            return Err(ReadError::Changed);
        }
        self.packets += 1;
        let is_last = self.packets == group.frames.end().get();
        if is_last {
            self.group += 1;
        }
        if group.action == GopAction::Cached {
            return self.pass_over(group.frames.start(), pictures);
        }
        if !group.is_copied() {
            let next = pictures.groups.get(self.group);
            let is_end = |next: &Gop| matches!(next.action, GopAction::Cached | GopAction::Copy);
            return Ok(Taken::Decode {
                is_run_end: is_last && next.is_none_or(is_end),
            });
        }
        let start = group.frames.start();
        let is_first_decoded = group.action == GopAction::CopyAndDecodeFirst;
        let is_join = is_first_decoded && self.packets == start.get() + 1;
        self.hold(packet, &plan)?;
        if is_join {
            // It is shown first and handed on as a picture; the digest covers it all the same.
            self.held.clear();
            if !is_last {
                return Ok(Taken::Decode { is_run_end: true });
            }
        }
        if !is_last {
            return Ok(Taken::Held);
        }
        let digest = std::mem::replace(&mut self.digest, GopDigest::new()).finish();
        if digest != group.digest {
            return Err(ReadError::Changed);
        }
        let start = if is_first_decoded {
            start.next()
        } else {
            start
        };
        let Some(frames) = FrameSpan::new(start, group.frames.end()) else {
            return Ok(Taken::Decode { is_run_end: true });
        };
        let pictures = CodedPictures {
            frames,
            times: pictures.times(frames),
            digest,
            is_earlier: false,
            bytes: std::mem::take(&mut self.bytes),
            content: Box::new(std::mem::take(&mut self.held)),
        };
        Ok(Taken::Gop(CodedGroup { pictures }))
    }

    /// A packet of a run that was kept: nobody needs it. The sink has what goes in its place.
    fn pass_over(&mut self, start: FrameIndex, pictures: &Pictures) -> Result<Taken, ReadError> {
        let from = *self.kept_from.get_or_insert(start);
        if self.packets != pictures.run_end(from.get()) {
            return Ok(Taken::Held);
        }
        self.kept_from = None;
        let frames = FrameSpan::new(from, FrameIndex::new(self.packets));
        let frames = frames.ok_or(ReadError::Changed)?;
        let pictures = CodedPictures {
            frames,
            times: pictures.times(frames),
            digest: Digest([0; 32]),
            is_earlier: true,
            bytes: 0,
            content: Box::new(()),
        };
        Ok(Taken::Gop(CodedGroup { pictures }))
    }

    fn hold(&mut self, packet: &Packet, plan: &CopyPlan) -> Result<(), ReadError> {
        let pictures = plan.pictures().ok_or(ReadError::Changed)?;
        let data = packet.data().ok_or(ReadError::Changed)?;
        let config = &pictures.config;
        let found = config.access_unit(data).map_err(|_| ReadError::Changed)?;
        let bytes = avcc::picture_nal_units(data, config.length_bytes);
        self.digest.add(config, &found, &bytes);
        let frame = packet
            .pts()
            .and_then(|pts| pictures.pts.binary_search(&pts).ok())
            .ok_or(ReadError::Changed)?;
        let mut kept = Packet::copy(&bytes);
        kept.set_pts(packet.pts());
        kept.set_dts(packet.dts());
        kept.set_duration(pictures.time(frame).1);
        if found.is_idr {
            kept.set_flags(ffmpeg_next::packet::Flags::KEY);
        }
        self.bytes += bytes.len();
        self.held.push(kept);
        Ok(())
    }
}
