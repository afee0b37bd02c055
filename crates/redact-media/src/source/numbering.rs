//! Pictures of H.264 that are missing between those that are there.
//!
//! A picture that others are predicted from counts up a number (`frame_num`) that every picture
//! carries. Where it jumps, pictures were lost on the way, and a decoder predicts from the wrong
//! ones without a word. Pictures that nothing is predicted from leave no gap.
//!
//! Source: ITU-T H.264, 7.4.3 (`frame_num`). A picture that forgets all others without being an IDR
//! picture (memory management control operation 5), which no known camera makes, looks like a gap.

use ffmpeg_next::Packet;
use h264_reader::Context;
use h264_reader::nal::pps::{PicParamSetId, PicParameterSet};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::nal::{Nal as _, RefNal};
use h264_reader::rbsp::BitRead as _;

use crate::coded;

/// Bytes of a slice that hold its number: four numbers of five bytes at most, and an escape for
/// every third.
const SLICE_HEAD: usize = 32;

/// The number that the pictures have reached.
pub(super) struct Numbering {
    sets: Context,
    /// Bytes of a unit's length; `None` for units behind start codes.
    length_bytes: Option<usize>,
    last: Option<u32>,
}

/// What a slice says of its picture.
struct Numbered {
    number: u32,
    /// All numbers are below this one.
    end: u32,
    may_jump: bool,
}

impl Numbering {
    /// For pictures of H.264 with this `header`, as the container has it.
    pub(super) fn new(header: &[u8]) -> Self {
        let is_avc = header.first() == Some(&1);
        let mut numbering = Self {
            sets: Context::new(),
            length_bytes: header
                .get(4)
                .filter(|_| is_avc)
                .map(|b| usize::from(b & 3) + 1),
            last: None,
        };
        if is_avc {
            for set in coded::parameter_sets(header) {
                numbering.learn(set);
            }
        } else {
            for unit in coded::annex_b_units(header) {
                numbering.learn(unit);
            }
        }
        numbering
    }

    /// Forgets where the numbers are.
    pub(super) const fn forget(&mut self) {
        self.last = None;
    }

    /// Whether pictures are missing before the one in `packet`.
    pub(super) fn is_gap(&mut self, packet: &Packet) -> bool {
        let data = packet.data().unwrap_or_default();
        match self.length_bytes {
            Some(bytes) => {
                let units: Vec<&[u8]> = coded::units(data, bytes).flatten().collect();
                self.is_gap_before(&units)
            }
            None => {
                let units: Vec<&[u8]> = coded::annex_b_units(data).collect();
                self.is_gap_before(&units)
            }
        }
    }

    fn is_gap_before(&mut self, units: &[&[u8]]) -> bool {
        for unit in units {
            let header = unit.first().copied().unwrap_or_default();
            match header & 0x1f {
                7 | 8 => self.learn(unit),
                5 => {
                    self.last = Some(0);
                    return false;
                }
                // The first slice speaks for its picture.
                1 => return self.counts_on(unit, header & 0x60 != 0),
                _ => {}
            }
        }
        false
    }

    fn counts_on(&mut self, slice: &[u8], is_reference: bool) -> bool {
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
        let head = &slice[..slice.len().min(SLICE_HEAD)];
        let mut bits = RefNal::new(head, &[], true).rbsp_bits();
        bits.read_ue("first_mb_in_slice").ok()?;
        bits.read_ue("slice_type").ok()?;
        let set = PicParamSetId::from_u32(bits.read_ue("pic_parameter_set_id").ok()?).ok()?;
        let sequence = self.sets.pps_by_id(set)?.seq_parameter_set_id;
        let sequence = self.sets.sps_by_id(sequence)?;
        if sequence.chroma_info.separate_colour_plane_flag {
            bits.skip(2, "colour_plane_id").ok()?;
        }
        let width = u32::from(sequence.log2_max_frame_num());
        Some(Numbered {
            number: bits.read_var(width, "frame_num").ok()?,
            end: 1 << width,
            may_jump: sequence.gaps_in_frame_num_value_allowed_flag,
        })
    }

    /// Takes note of a parameter set; one that is not understood tells nothing.
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
