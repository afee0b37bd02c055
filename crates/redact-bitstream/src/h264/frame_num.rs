//! Finds missing pictures of H.264 by gaps in `frame_num`.
//!
//! Each reference picture increments `frame_num`, which every picture carries. If it jumps,
//! pictures were lost, and a decoder predicts from the wrong ones without reporting it. Missing
//! pictures that are not references leave no gap.
//!
//! Source: ITU-T H.264, 7.4.3 (`frame_num`). A non-IDR picture that resets all others (memory
//! management control operation 5), which no known camera writes, looks like a gap.

use h264_reader::Context;
use h264_reader::nal::pps::{PicParamSetId, PicParameterSet};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::nal::{Nal as _, RefNal};

use super::avcc;
use super::nal::{self, Framing};
use super::slice_header::{SliceStart, frame_num};

/// Follows `frame_num` from picture to picture.
pub struct FrameNumCheck {
    sets: Context,
    framing: Framing,
    last: Option<u32>,
}

/// `frame_num` of a slice and its range.
struct Numbered {
    number: u32,
    /// Exclusive upper limit (`MaxFrameNum`).
    end: u32,
    may_jump: bool,
}

impl FrameNumCheck {
    /// A check for pictures with this decoder configuration: an AVC configuration record or a byte
    /// stream.
    #[must_use]
    pub fn new(header: &[u8]) -> Self {
        let is_avc = header.first() == Some(&1);
        let length = header.get(4).filter(|_| is_avc);
        let framing = length.map_or(Framing::StartCodes, |byte| {
            Framing::Lengths(usize::from(byte & 3) + 1)
        });
        let mut numbering = Self {
            sets: Context::new(),
            framing,
            last: None,
        };
        if is_avc {
            for set in avcc::parameter_sets(header) {
                numbering.learn(set);
            }
        } else {
            for unit in nal::units(header, Framing::StartCodes).flatten() {
                numbering.learn(unit);
            }
        }
        numbering
    }

    /// Forgets the last number, after a seek.
    pub const fn forget(&mut self) {
        self.last = None;
    }

    /// Whether pictures are missing before the one in `packet`.
    pub fn is_gap_before(&mut self, packet: &[u8]) -> bool {
        for unit in nal::units(packet, self.framing).flatten() {
            let header = unit.first().copied().unwrap_or_default();
            match header & 0x1f {
                7 | 8 => self.learn(unit),
                5 => {
                    self.last = Some(0);
                    return false;
                }
                // All slices of a picture have the same number.
                1 => return self.is_gap(unit, header & 0x60 != 0),
                _ => {}
            }
        }
        false
    }

    fn is_gap(&mut self, slice: &[u8], is_reference: bool) -> bool {
        let Some(found) = self.numbered(slice) else {
            return false;
        };
        let follows = |last| found.number == last || found.number == (last + 1) % found.end;
        let is_gap = !found.may_jump && self.last.is_some_and(|last| !follows(last));
        if is_reference || is_gap {
            self.last = Some(found.number);
        }
        is_gap
    }

    fn numbered(&self, slice: &[u8]) -> Option<Numbered> {
        let set = PicParamSetId::from_u32(SliceStart::read(slice)?.pps_id).ok()?;
        let sequence = self.sets.pps_by_id(set)?.seq_parameter_set_id;
        let sequence = self.sets.sps_by_id(sequence)?;
        Some(Numbered {
            number: frame_num(slice, sequence)?,
            end: 1 << u32::from(sequence.log2_max_frame_num()),
            may_jump: sequence.gaps_in_frame_num_value_allowed_flag,
        })
    }

    /// Stores a parameter set; one that cannot be parsed is ignored.
    fn learn(&mut self, unit: &[u8]) {
        let bits = || RefNal::new(unit, &[], true).rbsp_bits();
        match unit.first().map(|header| header & 0x1f) {
            Some(7) => {
                if let Ok(set) = SeqParameterSet::from_bits(bits()) {
                    self.sets.put_seq_param_set(set);
                }
            }
            Some(8) => {
                if let Ok(set) = PicParameterSet::from_bits(&self.sets, bits()) {
                    self.sets.put_pic_param_set(set);
                }
            }
            _ => {}
        }
    }
}
