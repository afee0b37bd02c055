//! Slice headers.
//!
//! Source: ITU-T H.264, 7.3.3 (`slice_header`) and 7.4.3 (ranges of its values).

use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::{FrameMbsFlags, PicOrderCntType, SeqParameterSet};
use h264_reader::nal::{Nal as _, RefNal};
use h264_reader::rbsp::BitRead;

use super::rbsp::{Bits, Unaccounted};

/// Largest reference index of one list. Source: 7.4.3, for frames.
const REFERENCES_MAX: u32 = 15;

/// Most memory management commands in one slice: each picture in the buffer (16) can be named
/// twice, and two commands apply to all.
const COMMANDS_MAX: u32 = 34;

/// Bytes of a slice that hold the first three numbers of its header, and the first four: at most
/// five each, and an emulation prevention byte for every third.
const START_BYTES: usize = 24;
const FRAME_NUM_BYTES: usize = 32;

/// The first fields of a slice header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceStart {
    /// `first_mb_in_slice`.
    pub first_macroblock: u32,
    /// `pic_parameter_set_id`.
    pub pps_id: u32,
}

impl SliceStart {
    /// Parses the start of a slice NAL unit; `None` if it is truncated.
    #[must_use]
    pub fn read(unit: &[u8]) -> Option<Self> {
        start(unit, START_BYTES).map(|(start, _)| start)
    }
}

/// `frame_num` of a slice with this sequence parameter set; `None` if it is truncated.
pub(super) fn frame_num(unit: &[u8], sequence: &SeqParameterSet) -> Option<u32> {
    let (_, mut bits) = start(unit, FRAME_NUM_BYTES)?;
    if sequence.chroma_info.separate_colour_plane_flag {
        bits.skip(2, "colour_plane_id").ok()?;
    }
    let width = u32::from(sequence.log2_max_frame_num());
    bits.read_var(width, "frame_num").ok()
}

fn start(unit: &[u8], head_bytes: usize) -> Option<(SliceStart, impl BitRead)> {
    let head = &unit[..unit.len().min(head_bytes)];
    let mut bits = RefNal::new(head, &[], true).rbsp_bits();
    let first_macroblock = bits.read_ue("first_mb_in_slice").ok()?;
    bits.read_ue("slice_type").ok()?;
    let pps_id = bits.read_ue("pic_parameter_set_id").ok()?;
    let start = SliceStart {
        first_macroblock,
        pps_id,
    };
    Some((start, bits))
}

/// What parsing a slice needs from its parameter sets.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Picture width and height, macroblocks.
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) is_cabac: bool,
    pub(super) has_transform_8x8: bool,
    pub(super) direct_8x8_inference: bool,
    number: u32,
    frame_number_bits: u32,
    pub(super) order: Order,
    has_bottom_order: bool,
    references: [u32; 2],
    weighted_p: bool,
    weighted_b: bool,
    quantizer: i64,
    has_deblocking: bool,
}

/// How picture order is coded (`pic_order_cnt_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By the low bits of a counter, this many.
    Bits(u32),
    /// By differences from a cycle.
    Deltas,
    /// By a cycle alone.
    Cycle,
    /// Pictures are shown in decoding order.
    Decoding,
}

impl Parameters {
    /// `None` for sets whose slices cannot be parsed: fields, slice groups, redundant pictures.
    pub(crate) fn new(sequence: &SeqParameterSet, picture: &PicParameterSet) -> Option<Self> {
        let plain = matches!(sequence.frame_mbs_flags, FrameMbsFlags::Frames)
            && picture.slice_groups.is_none()
            && !picture.redundant_pic_cnt_present_flag;
        let side = |minus1: u32| usize::try_from(minus1).ok()?.checked_add(1);
        let (width, height) = (
            side(sequence.pic_width_in_mbs_minus1)?,
            side(sequence.pic_height_in_map_units_minus1)?,
        );
        let order = match &sequence.pic_order_cnt {
            PicOrderCntType::TypeZero {
                log2_max_pic_order_cnt_lsb_minus4: bits,
            } => Order::Bits(u32::from(*bits) + 4),
            PicOrderCntType::TypeOne {
                delta_pic_order_always_zero_flag: false,
                ..
            } => Order::Deltas,
            PicOrderCntType::TypeOne { .. } => Order::Cycle,
            PicOrderCntType::TypeTwo => Order::Decoding,
        };
        plain.then_some(Self {
            width,
            height,
            is_cabac: picture.entropy_coding_mode_flag,
            has_transform_8x8: picture
                .extension
                .as_ref()
                .is_some_and(|more| more.transform_8x8_mode_flag),
            direct_8x8_inference: sequence.direct_8x8_inference_flag,
            number: u32::from(picture.pic_parameter_set_id.id()),
            frame_number_bits: u32::from(sequence.log2_max_frame_num_minus4) + 4,
            order,
            has_bottom_order: picture.bottom_field_pic_order_in_frame_present_flag,
            references: [
                picture.num_ref_idx_l0_default_active_minus1,
                picture.num_ref_idx_l1_default_active_minus1,
            ],
            weighted_p: picture.weighted_pred_flag,
            weighted_b: picture.weighted_bipred_idc == 1,
            quantizer: i64::from(picture.pic_init_qp_minus26) + 26,
            has_deblocking: picture.deblocking_filter_control_present_flag,
        })
    }

    /// The `pps_id`.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }
}

/// The slice type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Predicted from one list of pictures.
    P,
    /// Predicted from two lists of pictures.
    B,
    /// Predicted from the picture itself.
    I,
}

/// What parsing macroblocks needs from the slice header.
#[derive(Clone, Debug)]
pub(super) struct SliceHeader {
    pub(super) kind: Kind,
    /// Largest reference index, per list.
    pub(super) references: [u32; 2],
    /// Which initial CABAC contexts are used.
    pub(super) contexts: usize,
    /// The quantizer of the first macroblock (`SliceQPY`).
    pub(super) quantizer: i64,
    /// `pic_order_cnt_lsb` and `delta_pic_order_cnt_bottom`, 0 where they are not coded.
    pub(super) order: (u32, i64),
    /// Whether it resets all numbers (memory management control operation 5).
    pub(super) resets: bool,
}

impl SliceHeader {
    /// Parses the header of a slice that is a whole picture; `unit` is the NAL unit's header byte.
    pub(super) fn read(
        bits: &mut Bits<'_>,
        unit: u8,
        parameters: &Parameters,
    ) -> Result<Self, Unaccounted> {
        let (is_idr, is_reference) = (unit & 0x1f == 5, unit & 0x60 != 0);
        if unit & 0x80 != 0 || is_idr && !is_reference {
            return Err(Unaccounted::Syntax);
        }
        // first_mb_in_slice: a picture is one slice.
        bits.at_most(0)?;
        let kind = match bits.at_most(9)? % 5 {
            0 => Kind::P,
            1 => Kind::B,
            2 => Kind::I,
            _ => return Err(Unaccounted::Syntax),
        };
        if bits.unsigned()? != parameters.number || is_idr && kind != Kind::I {
            return Err(Unaccounted::Syntax);
        }
        bits.skip(parameters.frame_number_bits);
        if is_idr {
            // idr_pic_id.
            bits.at_most(65_535)?;
        }
        let order = order(bits, parameters)?;
        if kind == Kind::B {
            // direct_spatial_mv_pred_flag.
            bits.skip(1);
        }
        let mut references = parameters.references;
        if kind != Kind::I && bits.flag() {
            references[0] = bits.unsigned()?;
            if kind == Kind::B {
                references[1] = bits.unsigned()?;
            }
        }
        let lists = match kind {
            Kind::I => 0,
            Kind::P => 1,
            Kind::B => 2,
        };
        let references_of = &references[..lists];
        if references_of.iter().any(|most| *most > REFERENCES_MAX) {
            return Err(Unaccounted::Syntax);
        }
        for most in references_of {
            reordering(bits, *most, parameters)?;
        }
        if kind == Kind::P && parameters.weighted_p || kind == Kind::B && parameters.weighted_b {
            weights(bits, references_of)?;
        }
        let resets = is_reference && marking(bits, is_idr, parameters)?;
        let contexts = if parameters.is_cabac && kind != Kind::I {
            bits.at_most(2)? as usize + 1
        } else {
            0
        };
        let quantizer = parameters.quantizer + bits.signed(-51..=51)?;
        if !(0..=51).contains(&quantizer) {
            return Err(Unaccounted::Syntax);
        }
        // disable_deblocking_filter_idc and two offsets.
        if parameters.has_deblocking && bits.at_most(2)? != 1 {
            bits.signed(-6..=6)?;
            bits.signed(-6..=6)?;
        }
        Ok(Self {
            kind,
            references,
            contexts,
            quantizer,
            order,
            resets,
        })
    }
}

/// The picture order count: its low bits, and the difference of the bottom field.
fn order(bits: &mut Bits<'_>, parameters: &Parameters) -> Result<(u32, i64), Unaccounted> {
    let any = i64::from(i32::MIN) + 1..=i64::from(i32::MAX);
    let bottom = parameters.has_bottom_order;
    match parameters.order {
        Order::Bits(count) => {
            let low = bits.take(count);
            let bottom = if bottom { bits.signed(any)? } else { 0 };
            return Ok((low, bottom));
        }
        Order::Deltas => {
            bits.signed(any.clone())?;
            if bottom {
                bits.signed(any)?;
            }
        }
        Order::Cycle | Order::Decoding => {}
    }
    Ok((0, 0))
}

/// `ref_pic_list_modification` of one list. Source: 7.3.3.1.
fn reordering(bits: &mut Bits<'_>, most: u32, parameters: &Parameters) -> Result<(), Unaccounted> {
    if !bits.flag() {
        return Ok(());
    }
    // As many changes as there are references, and the end.
    for _ in 0..most + 2 {
        match bits.at_most(3)? {
            0 | 1 => bits.at_most((1 << parameters.frame_number_bits) - 1)?,
            2 => bits.at_most(REFERENCES_MAX)?,
            _ => return Ok(()),
        };
    }
    Err(Unaccounted::Syntax)
}

/// `pred_weight_table`. Source: 7.3.3.2.
fn weights(bits: &mut Bits<'_>, references: &[u32]) -> Result<(), Unaccounted> {
    // Shifts of luma and chroma.
    bits.at_most(7)?;
    bits.at_most(7)?;
    for most in references {
        for _ in 0..=*most {
            // A weight and an offset of luma, then of both chromas.
            for count in [2, 4] {
                if bits.flag() {
                    for _ in 0..count {
                        bits.signed(-128..=127)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// `dec_ref_pic_marking`; whether it resets all numbers. Source: 7.3.3.3.
fn marking(
    bits: &mut Bits<'_>,
    is_idr: bool,
    parameters: &Parameters,
) -> Result<bool, Unaccounted> {
    if is_idr {
        bits.skip(2);
        return Ok(false);
    }
    if !bits.flag() {
        return Ok(false);
    }
    let numbers = (1 << parameters.frame_number_bits) - 1;
    let mut resets = false;
    for _ in 0..=COMMANDS_MAX {
        match bits.at_most(6)? {
            0 => return Ok(resets),
            1 => bits.at_most(numbers)?,
            2 | 6 => bits.at_most(REFERENCES_MAX)?,
            3 => {
                bits.at_most(numbers)?;
                bits.at_most(REFERENCES_MAX)?
            }
            4 => bits.at_most(REFERENCES_MAX + 1)?,
            _ => {
                resets = true;
                0
            }
        };
    }
    Err(Unaccounted::Syntax)
}
