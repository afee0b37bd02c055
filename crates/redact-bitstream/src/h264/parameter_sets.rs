//! Parameter sets that a release may have: one rule for stream copy and for the leak scan.
//!
//! Source: ITU-T H.264, 7.3.2.1 and 7.3.2.2 (syntax), A.2 (profiles), table E-3 to E-5 (colors).

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet};
use h264_reader::nal::{Nal as _, RefNal};

use super::free_fields::{Clock, free_field};
use super::slice_header::Parameters;

/// Profiles that a release may have: Baseline, Main and High. Source: H.264, A.2.
const PROFILES: [u8; 3] = [66, 77, 100];

/// Side of a macroblock, samples: pictures are coded in whole ones, and less than one is cropped.
const MACROBLOCK: u32 = 16;

/// Why a parameter set is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetRefusal {
    /// A sequence parameter set that cannot be parsed to its last bit.
    Sps,
    /// A picture parameter set that cannot be parsed to its last bit, or refers to none of a
    /// sequence.
    Pps,
    /// Interlaced pictures.
    Fields,
    /// `profile_idc` is none of Baseline, Main and High.
    Profile(u8),
    /// Not 8-bit 4:2:0.
    Chroma,
    /// The cropping rectangle removes a macroblock or more.
    Cropped,
    /// Slice groups or redundant pictures.
    Slices,
    /// A value that has no effect on pictures and that encoders do not write.
    FreeField(&'static str),
}

/// An accepted sequence parameter set.
pub(crate) struct Sps {
    /// `seq_parameter_set_id`.
    pub(crate) id: u32,
    /// Visible width and height, samples.
    pub(crate) shown: (u32, u32),
    /// Whether rows or columns are cropped.
    pub(crate) is_cropped: bool,
    /// Pictures in the decoded picture buffer.
    pub(crate) dpb_pictures: u32,
    /// Primaries, transfer, matrix and range (in the highest bit), if declared.
    pub(crate) colors: Option<[u8; 4]>,
    /// Its timing, if it has any.
    pub(crate) clock: Option<Clock>,
    /// Width and height of a pixel, if declared.
    pub(crate) aspect: Option<(u16, u16)>,
}

/// An accepted picture parameter set.
pub(crate) struct Pps {
    /// `pic_parameter_set_id`.
    pub(crate) id: u32,
    /// `seq_parameter_set_id` of its sequence.
    pub(crate) sps_id: u32,
    /// What parsing its slices needs.
    pub(crate) parameters: Parameters,
}

/// Parses parameter sets in stream order: a sequence's set comes before its pictures'.
#[derive(Default)]
pub(crate) struct SetReader(Context);

impl SetReader {
    /// Parses a sequence parameter set NAL unit.
    ///
    /// # Errors
    /// The reason why a release may not have it.
    pub(crate) fn sps(&mut self, unit: &[u8]) -> Result<Sps, SetRefusal> {
        let set = SeqParameterSet::from_bits(RefNal::new(unit, &[], true).rbsp_bits())
            .map_err(|_| SetRefusal::Sps)?;
        if !matches!(set.frame_mbs_flags, FrameMbsFlags::Frames) {
            return Err(SetRefusal::Fields);
        }
        let profile = unit.get(1).copied().unwrap_or_default();
        if !PROFILES.contains(&profile) {
            return Err(SetRefusal::Profile(profile));
        }
        let shown = shown(&set)?;
        let chroma = &set.chroma_info;
        let is_plain = chroma.chroma_format == ChromaFormat::YUV420
            && chroma.bit_depth_luma_minus8 == 0
            && chroma.bit_depth_chroma_minus8 == 0;
        if !is_plain {
            return Err(SetRefusal::Chroma);
        }
        if let Some(name) = free_field(&set) {
            return Err(SetRefusal::FreeField(name));
        }
        let vui = set.vui_parameters.as_ref();
        let restrictions = vui.and_then(|vui| vui.bitstream_restrictions.as_ref());
        let buffered = restrictions.map_or(0, |found| found.max_dec_frame_buffering);
        let accepted = Sps {
            id: u32::from(set.id().id()),
            shown,
            is_cropped: set.frame_cropping.is_some(),
            dpb_pictures: set.max_num_ref_frames.max(buffered),
            colors: colors(&set),
            clock: Clock::of(&set),
            aspect: vui.and_then(|vui| vui.aspect_ratio_info.as_ref()?.get()),
        };
        self.0.put_seq_param_set(set);
        Ok(accepted)
    }

    /// Parses a picture parameter set NAL unit.
    ///
    /// # Errors
    /// The reason why a release may not have it.
    pub(crate) fn pps(&mut self, unit: &[u8]) -> Result<Pps, SetRefusal> {
        let bits = RefNal::new(unit, &[], true).rbsp_bits();
        let set = PicParameterSet::from_bits(&self.0, bits).map_err(|_| SetRefusal::Pps)?;
        if set.slice_groups.is_some() || set.redundant_pic_cnt_present_flag {
            return Err(SetRefusal::Slices);
        }
        let sps_id = set.seq_parameter_set_id;
        let sequence = self.0.sps_by_id(sps_id).ok_or(SetRefusal::Pps)?;
        Ok(Pps {
            id: u32::from(set.pic_parameter_set_id.id()),
            sps_id: u32::from(sps_id.id()),
            parameters: Parameters::new(sequence, &set).ok_or(SetRefusal::Slices)?,
        })
    }
}

/// Visible width and height of pictures that are cropped by less than a macroblock, at the right
/// and at the bottom.
fn shown(set: &SeqParameterSet) -> Result<(u32, u32), SetRefusal> {
    // The parser refuses sizes beyond all levels, so this is small.
    let coded = |minus1: u32| minus1.saturating_add(1).saturating_mul(MACROBLOCK);
    let (mut width, mut height) = (
        coded(set.pic_width_in_mbs_minus1),
        coded(set.pic_height_in_map_units_minus1),
    );
    if let Some(cut) = &set.frame_cropping {
        // Cropping offsets count in pairs of samples for 4:2:0.
        let at_most = MACROBLOCK / 2 - 1;
        let is_thin = cut.right_offset <= at_most && cut.bottom_offset <= at_most;
        if !is_thin || cut.left_offset != 0 || cut.top_offset != 0 {
            return Err(SetRefusal::Cropped);
        }
        width -= cut.right_offset * 2;
        height -= cut.bottom_offset * 2;
    }
    Ok((width, height))
}

fn colors(set: &SeqParameterSet) -> Option<[u8; 4]> {
    let signal = set.vui_parameters.as_ref()?.video_signal_type.as_ref()?;
    let range = u8::from(signal.video_full_range_flag) << 7;
    // 2 means unspecified.
    let named = signal.colour_description.as_ref().map_or([2; 3], |named| {
        [
            named.colour_primaries,
            named.transfer_characteristics,
            named.matrix_coefficients,
        ]
    });
    Some([named[0], named[1], named[2], range])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence parameter set of Baseline, level 1, with picture order of type 2, cropped by
    /// `cut` (left, right, top, bottom in pairs of samples).
    fn sequence(side_minus1: u32, cut: Option<[u32; 4]>) -> Vec<u8> {
        fn number(digits: &mut String, value: u32) {
            let bits = (value + 1).ilog2() as usize;
            digits.push_str(&"0".repeat(bits));
            digits.push_str(&format!("{:b}", value + 1));
        }
        let mut digits = String::new();
        // Set 0, 16 frame numbers, times of type 2, one reference, gaps not allowed.
        for value in [0, 0, 2, 1] {
            number(&mut digits, value);
        }
        digits.push('0');
        number(&mut digits, side_minus1);
        number(&mut digits, side_minus1);
        // Whole frames, direct 8x8.
        digits.push_str("11");
        match cut {
            None => digits.push('0'),
            Some(cut) => {
                digits.push('1');
                cut.iter().for_each(|value| number(&mut digits, *value));
            }
        }
        // Nothing more, and the stop bit.
        digits.push_str("01");
        let bits: Vec<u8> = digits.bytes().map(|digit| digit - b'0').collect();
        let bytes = bits
            .chunks(8)
            .map(|bits| (0..8).fold(0, |byte, i| byte << 1 | bits.get(i).copied().unwrap_or(0)));
        [0x67, 66, 0, 10].into_iter().chain(bytes).collect()
    }

    #[track_caller]
    fn check(side_minus1: u32, cut: Option<[u32; 4]>, expected: Option<(u32, u32)>) {
        let read = SetReader::default().sps(&sequence(side_minus1, cut));
        assert_eq!(read.ok().map(|set| set.shown), expected);
    }

    /// Goal: only parts of the last macroblocks may be cropped.
    #[test]
    fn less_than_a_macroblock_may_be_cropped() {
        check(3, None, Some((64, 64)));
        check(3, Some([0, 7, 0, 4]), Some((50, 56)));
        check(3, Some([0, 8, 0, 0]), None);
        check(3, Some([0, 0, 0, 16]), None);
        check(3, Some([1, 0, 0, 0]), None);
        check(3, Some([0, 0, 1, 0]), None);
    }

    /// Lists in a picture parameter set grow with the picture size; the control is above.
    #[test]
    fn oversized_pictures_are_refused() {
        check(65_535, None, None);
    }
}
