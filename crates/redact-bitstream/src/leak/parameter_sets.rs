//! Parameter sets of the pictures, which say what of a coded picture is shown.
//!
//! Source: ITU-T H.264, 7.3.2.1 and 7.3.2.2; ISO/IEC 14496-15, 5.3.3.1 (`avcC`).

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::{FrameMbsFlags, SeqParameterSet};
use h264_reader::nal::{Nal as _, RefNal};

use super::LeakChannel;
use super::report::Report;
use crate::h264::slice_header::Parameters;
use crate::mp4::boxes::{Atom, Fields, Malformed, malformed};

/// Bytes of one set: an encoder's have some thirty, room for timing and scaling included.
const SET_BYTES_MAX: usize = 256;

/// Samples of a macroblock's side: a picture is coded in whole ones, and less than one is cut off.
const MACROBLOCK: u32 = 16;

/// The sets of a track, as coded, and how its units are counted.
#[derive(Default)]
pub(super) struct ParameterSets {
    /// Bytes of a unit's length, 1 to 4.
    pub(super) length_bytes: usize,
    coded: Vec<Vec<u8>>,
    numbers: Vec<u32>,
    /// How slices are walked, per picture set.
    parameters: Vec<Parameters>,
    /// Width and height that are shown, per sequence.
    shown: Vec<(u32, u32)>,
    /// Primaries, transfer, matrix and range, per sequence that names them.
    colors: Vec<[u8; 4]>,
}

impl ParameterSets {
    /// Reads an `avcC` and notes what in it is no set that shows whole pictures.
    pub(super) fn read(avcc: Atom<'_>, report: &mut Report) -> Result<Self, Malformed> {
        let bad = || malformed("a decoder configuration that does not fit", avcc.offset);
        let mut fields = Fields::new(avcc.body);
        let head: [u8; 5] = fields.array().ok_or_else(bad)?;
        let mut sets = Self {
            length_bytes: usize::from(head[4] & 3) + 1,
            ..Self::default()
        };
        let mut context = Context::new();
        for kind in [7, 8] {
            let count = fields.u8().ok_or_else(bad)?;
            // The three bits before the number of sequences are set.
            if kind == 7 && count & 0xe0 != 0xe0 {
                return Err(bad());
            }
            let count = if kind == 7 { count & 0x1f } else { count };
            for _ in 0..count {
                let length = usize::from(fields.u16().ok_or_else(bad)?);
                let unit = fields.take(length).ok_or_else(bad)?;
                sets.take(unit, kind, &mut context, report);
            }
        }
        // High profiles add four bytes: 4:2:0, 8 bits twice, and no extensions.
        let plain_end = fields.rest().is_empty() || fields.rest() == [0xfd, 0xf8, 0xf8, 0];
        // The first sequence's own words: profile, what it also fits, level.
        let first = sets.coded.first().and_then(|set| set.get(1..4));
        if first != Some(&head[1..4]) {
            report.note(
                LeakChannel::LeftoverBytes,
                "a profile that is not the parameter sets'".to_owned(),
            );
        }
        if !plain_end || head[0] != 1 || head[4] & 0xfc != 0xfc {
            report.note(
                LeakChannel::LeftoverBytes,
                "bytes behind the decoder configuration".to_owned(),
            );
        }
        Ok(sets)
    }

    fn take(&mut self, unit: &[u8], kind: u8, context: &mut Context, report: &mut Report) {
        if unit.first().map(|header| header & 0x1f) != Some(kind) {
            let what = "a message in the decoder configuration".to_owned();
            return report.note(LeakChannel::SeiUserData, what);
        }
        let read = if kind == 7 {
            self.sequence(unit, context)
        } else {
            self.picture(unit, context)
        };
        if unit.len() > SET_BYTES_MAX || self.coded.iter().any(|set| set == unit) {
            let what = "parameter sets that are too long or there twice".to_owned();
            report.note(LeakChannel::LeftoverBytes, what);
        }
        if let Err((channel, what)) = read {
            report.note(channel, what.to_owned());
        }
        self.coded.push(unit.to_vec());
    }

    fn sequence(&mut self, unit: &[u8], context: &mut Context) -> Result<(), Odd> {
        let set = SeqParameterSet::from_bits(RefNal::new(unit, &[], true).rbsp_bits())
            .map_err(|_| NOT_READ)?;
        if !matches!(set.frame_mbs_flags, FrameMbsFlags::Frames) {
            return Err((LeakChannel::EditLists, "pictures coded as fields"));
        }
        // The reader refuses what no level allows, so this is small.
        let coded = |minus1: u32| minus1.saturating_add(1).saturating_mul(MACROBLOCK);
        let (mut width, mut height) = (
            coded(set.pic_width_in_mbs_minus1),
            coded(set.pic_height_in_map_units_minus1),
        );
        if let Some(cut) = &set.frame_cropping {
            // Cuts count in pairs of samples, as 4:2:0 does.
            let at_most = MACROBLOCK / 2 - 1;
            let thin = cut.right_offset <= at_most && cut.bottom_offset <= at_most;
            if !thin || cut.left_offset != 0 || cut.top_offset != 0 {
                return Err((
                    LeakChannel::EditLists,
                    "pictures of which a part is cut off",
                ));
            }
            width -= cut.right_offset * 2;
            height -= cut.bottom_offset * 2;
        }
        self.shown.push((width, height));
        let vui = set.vui_parameters.as_ref();
        if let Some(signal) = vui.and_then(|vui| vui.video_signal_type.as_ref()) {
            let range = u8::from(signal.video_full_range_flag) << 7;
            // What is not named is 2: not known.
            let named = signal.colour_description.as_ref().map_or([2; 3], |named| {
                [
                    named.colour_primaries,
                    named.transfer_characteristics,
                    named.matrix_coefficients,
                ]
            });
            self.colors.push([named[0], named[1], named[2], range]);
        }
        context.put_seq_param_set(set);
        Ok(())
    }

    fn picture(&mut self, unit: &[u8], context: &Context) -> Result<(), Odd> {
        let bits = RefNal::new(unit, &[], true).rbsp_bits();
        let set = PicParameterSet::from_bits(context, bits).map_err(|_| NOT_READ)?;
        if set.slice_groups.is_some() || set.redundant_pic_cnt_present_flag {
            return Err((LeakChannel::EditLists, "pictures that are coded twice"));
        }
        self.numbers.push(u32::from(set.pic_parameter_set_id.id()));
        let sequence = context.sps_by_id(set.seq_parameter_set_id);
        let parameters = sequence.and_then(|sequence| Parameters::new(sequence, &set));
        self.parameters.extend(parameters);
        Ok(())
    }

    /// Whether a unit within the pictures only repeats a set.
    pub(super) fn has(&self, unit: &[u8]) -> bool {
        self.coded.iter().any(|set| set == unit)
    }

    /// Whether pictures can be coded with set `number`.
    pub(super) fn has_number(&self, number: u32) -> bool {
        self.numbers.contains(&number)
    }

    /// How a slice that names set `number` is walked.
    pub(super) fn parameters(&self, number: u32) -> Option<&Parameters> {
        let mut all = self.parameters.iter();
        all.find(|parameters| parameters.number() == number)
    }

    /// Whether a `colr` box says what the pictures say of their colors.
    pub(super) fn have_colors(&self, colr: &[u8]) -> bool {
        self.colors
            .iter()
            .any(|&[primaries, transfer, matrix, range]| {
                let named = [0, primaries, 0, transfer, 0, matrix, range];
                colr == [&b"nclx"[..], &named].concat()
            })
    }

    /// The file and the pictures must say the same size.
    pub(super) fn check_size(&self, (width, height): (u16, u16), report: &mut Report) {
        let size = (u32::from(width), u32::from(height));
        if self.shown.iter().any(|shown| *shown != size) {
            let what = "pictures of another size than the track's".to_owned();
            report.note(LeakChannel::EditLists, what);
        }
    }
}

/// What is odd about a set: keys, no values.
type Odd = (LeakChannel, &'static str);

const NOT_READ: Odd = (
    LeakChannel::LeftoverBytes,
    "a parameter set that cannot be read to its end",
);

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence of Baseline, level 1: one row of one macroblock, times by type 2, cut by `cut`
    /// (left, right, top, bottom in pairs of samples), no more.
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
        let mut sets = ParameterSets::default();
        let read = sets.sequence(&sequence(side_minus1, cut), &mut Context::new());
        assert_eq!(read.is_ok().then(|| sets.shown[0]), expected, "{read:?}");
    }

    /// Goal: no picture has a part that is coded and not shown, but for the last macroblocks'.
    #[test]
    fn less_than_a_macroblock_may_be_cut_off_a_picture() {
        check(3, None, Some((64, 64)));
        check(3, Some([0, 7, 0, 4]), Some((50, 56)));
        check(3, Some([0, 8, 0, 0]), None);
        check(3, Some([0, 0, 0, 16]), None);
        check(3, Some([1, 0, 0, 0]), None);
        check(3, Some([0, 0, 1, 0]), None);
    }

    /// Lists in a picture's set are as long as its sequence is large; the control is above.
    #[test]
    fn pictures_without_bounds_are_not_read() {
        check(65_535, None, None);
    }
}
