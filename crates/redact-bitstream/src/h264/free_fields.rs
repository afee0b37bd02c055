//! Values in parameter sets that have no effect on pictures and could therefore carry hidden data.
//!
//! A sequence parameter set holds timing, buffer sizes, pixel aspect ratios and offsets that no MP4
//! player needs: about a hundred bits in which somebody could write. In what is copied and in a
//! release, they must follow from the recording or be among a few values that encoders use.
//!
//! Source: ITU-T H.264, 7.4.2.1.1 (sequence parameter sets), E.2.1 (VUI), E.2.2 (buffers), table
//! A-1 (levels).

use h264_reader::nal::sps::{
    AspectRatioInfo, HrdParameters, PicOrderCntType, SeqParameterSet, VuiParameters,
};

/// Defined levels. Source: table A-1; 9 is level 1b.
const LEVELS: [u8; 20] = [
    9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62,
];

/// Largest code points of primaries, transfer and matrix. Source: ITU-T H.273, tables 2 to 4.
const COLORS_MAX: [u8; 3] = [22, 18, 17];

/// Most picture order offsets in a cycle, and the largest value of each: encoders that use such
/// cycles have one or two offsets of 1 or 2.
const CYCLE_MAX: usize = 4;
const OFFSET_MAX: u32 = 16;

/// Most ratio of a pixel's longer to its shorter side.
const ASPECT_MAX: u16 = 8;

/// Frame rates of cameras, frames per 1000 or 1001 seconds.
const RATES: [u64; 14] = [
    5000, 7500, 10_000, 12_500, 15_000, 20_000, 24_000, 25_000, 30_000, 48_000, 50_000, 60_000,
    90_000, 120_000,
];

/// Ticks per second of the MPEG system clock; encoders count in its divisors.
const CLOCK: u64 = 27_000_000;

/// `num_units_in_tick` and `time_scale` of a sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// `num_units_in_tick`.
    pub units: u32,
    /// `time_scale`.
    pub scale: u32,
}

impl Clock {
    /// The timing of a sequence parameter set, if it has any.
    #[must_use]
    pub fn of(set: &SeqParameterSet) -> Option<Self> {
        let timing = set.vui_parameters.as_ref()?.timing_info.as_ref()?;
        Some(Self {
            units: timing.num_units_in_tick,
            scale: timing.time_scale,
        })
    }

    /// Whether it follows from the pictures' times, `step` ticks apart with `scale` ticks per
    /// second, or is one of a few that encoders write.
    #[must_use]
    pub fn follows(self, step: u64, scale: u32) -> bool {
        let (units, stated) = (u64::from(self.units), u64::from(self.scale));
        if units == 0 || stated == 0 {
            return false;
        }
        // The file's time base, as x264 writes it, or refined by powers of two by a muxer.
        let is_unit = || {
            let finest = 2 * u64::from(scale);
            units == 1 && finest.is_multiple_of(stated) && (finest / stated).is_power_of_two()
        };
        let is_round = || units == 1 && is_short(stated);
        let plain_units = CLOCK.is_multiple_of(units)
            || units.is_multiple_of(1001) && CLOCK.is_multiple_of(units / 1001);
        // Twice the frame rate counts fields; some encoders count frames.
        let is_rate = |pictures: u64, seconds: u64| {
            [1, 2].iter().any(|fields| {
                let due = u128::from(units) * u128::from(pictures) * fields;
                let stated = u128::from(stated) * u128::from(seconds);
                due.abs_diff(stated) < u128::from(seconds)
            })
        };
        let named = || {
            let mut rates = RATES.iter();
            rates.any(|rate| is_rate(*rate, 1000) || is_rate(*rate, 1001))
        };
        let measured = || step > 0 && is_rate(u64::from(scale), step);
        is_unit() || is_round() || plain_units && (measured() || named())
    }
}

/// The most frequent distance between pictures, the smallest of several; `times` in any order.
#[must_use]
pub fn usual_step(times: &[i64]) -> u64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut steps: Vec<u64> = times
        .windows(2)
        .map(|two| two[1].abs_diff(two[0]))
        .collect();
    steps.sort_unstable();
    let runs = steps.chunk_by(|a, b| a == b);
    let longest = runs.rev().max_by_key(|run| run.len());
    longest.and_then(|run| run.first().copied()).unwrap_or(0)
}

/// The name of the first value in a sequence parameter set that encoders do not write, other than
/// its timing ([`Clock::follows`]).
#[must_use]
pub fn free_field(set: &SeqParameterSet) -> Option<&'static str> {
    let wrong = |is_wrong: bool, name: &'static str| is_wrong.then_some(name);
    let reserved = set.constraint_flags.reserved_zero_two_bits() != 0;
    let cycle = match &set.pic_order_cnt {
        PicOrderCntType::TypeOne {
            offset_for_non_ref_pic,
            offset_for_top_to_bottom_field,
            offsets_for_ref_frame,
            ..
        } => {
            let mut offsets = vec![*offset_for_non_ref_pic, *offset_for_top_to_bottom_field];
            offsets.extend(offsets_for_ref_frame);
            offsets_for_ref_frame.len() > CYCLE_MAX
                || offsets.iter().any(|o| o.unsigned_abs() > OFFSET_MAX)
        }
        _ => false,
    };
    wrong(reserved, "reserved bits")
        .or_else(|| wrong(!LEVELS.contains(&set.level_idc), "level"))
        .or_else(|| wrong(cycle, "picture order offsets"))
        .or_else(|| set.vui_parameters.as_ref().and_then(free_in_vui))
}

fn free_in_vui(vui: &VuiParameters) -> Option<&'static str> {
    let wrong = |is_wrong: bool, name: &'static str| is_wrong.then_some(name);
    let aspect = match vui.aspect_ratio_info.as_ref() {
        None => false,
        Some(AspectRatioInfo::Reserved(_)) => true,
        Some(AspectRatioInfo::Extended(across, down)) => {
            let (across, down) = (*across, *down);
            let (most, least) = (across.max(down), across.min(down));
            let is_plain = least > 0 && most / least <= ASPECT_MAX && divisor(most, least) == 1;
            !(is_plain || most == 0)
        }
        Some(_) => false,
    };
    let signal = vui.video_signal_type.as_ref().is_some_and(|signal| {
        let colors = signal.colour_description.as_ref().map(|named| {
            [
                named.colour_primaries,
                named.transfer_characteristics,
                named.matrix_coefficients,
            ]
        });
        let mut colors = colors.iter().flatten().zip(COLORS_MAX);
        signal.video_format.to_u8() > 5 || colors.any(|(found, most)| *found > most)
    });
    let places = vui.chroma_loc_info.as_ref().is_some_and(|places| {
        places.chroma_sample_loc_type_top_field > 5
            || places.chroma_sample_loc_type_bottom_field > 5
    });
    let mut buffers = vui.nal_hrd_parameters.iter().chain(&vui.vcl_hrd_parameters);
    wrong(aspect, "pixel aspect ratio")
        .or_else(|| wrong(signal, "colors"))
        .or_else(|| wrong(places, "chroma sample location"))
        .or_else(|| wrong(!buffers.all(is_plain_buffer), "buffer sizes"))
}

/// Whether rate and size of the only buffer are round numbers, before or after rounding to units.
fn is_plain_buffer(buffer: &HrdParameters) -> bool {
    let [only] = buffer.cpb_specs.as_slice() else {
        return false;
    };
    let is_plain = |minus1: u32, shift: u32| {
        let unit = 1_u64 << shift;
        let value = (u64::from(minus1) + 1) << shift;
        is_short(value) || is_short_between(value, value + unit)
    };
    is_plain(
        only.bit_rate_value_minus1,
        6 + u32::from(buffer.bit_rate_scale),
    ) && is_plain(
        only.cpb_size_value_minus1,
        4 + u32::from(buffer.cpb_size_scale),
    )
}

/// Whether a number has at most three digits before trailing zeros, or at most ten bits.
fn is_short(value: u64) -> bool {
    is_short_between(value, value + 1) || value >> value.trailing_zeros().min(63) < 1024
}

/// Whether `from..until` contains a number of at most three digits and trailing zeros.
fn is_short_between(from: u64, until: u64) -> bool {
    (0..12).any(|zeros| {
        let step = 10_u64.pow(zeros);
        let digits = from.div_ceil(step);
        digits < 1000 && digits * step < until
    })
}

const fn divisor(a: u16, b: u16) -> u16 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(units: u32, scale: u32, expected: bool) {
        let clock = Clock { units, scale };
        // 30000/1001 pictures per second, in a file of 30000 ticks per second.
        assert_eq!(clock.follows(1001, 30_000), expected, "{clock:?}");
    }

    /// Goal: timing that encoders write passes, timing that carries other bytes does not.
    #[test]
    fn a_clock_follows_from_the_recording() {
        for (units, scale) in [
            (1001, 60_000),
            (1001, 30_000),
            (1, 60_000),
            (1, 60),
            (1, 50),
            (1000, 50_000),
            (1, 180_000),
            (1, 90_000),
            (900_900, 54_000_000),
            (3003, 180_000),
            (1, 1200),
        ] {
            check(units, scale, true);
        }
        let written = u32::from_be_bytes(*b"Jane");
        check(written, u32::from_be_bytes(*b"Doe!"), false);
        check(1, written, false);
        check(1001, 60_002, false);
        check(1_234_567, 73_999_999, false);
        check(0, 0, false);
        // A camera at 29.83 frames per second, by its own times alone.
        let odd = Clock {
            units: 1,
            scale: 60,
        };
        assert!(odd.follows(3017, 90_000));
        let own = Clock {
            units: 1000,
            scale: 59_662,
        };
        assert!(own.follows(3017, 90_000));
        assert!(!own.follows(3000, 90_000));
    }

    #[test]
    fn the_usual_step_is_the_most_frequent() {
        assert_eq!(usual_step(&[0, 20, 10, 30, 45, 50, 55]), 10);
        assert_eq!(usual_step(&[7]), 0);
    }

    #[test]
    fn buffers_are_round() {
        let buffer = |rate: u32, size: u32| HrdParameters {
            cpb_specs: vec![h264_reader::nal::sps::CpbSpec {
                bit_rate_value_minus1: rate - 1,
                cpb_size_value_minus1: size - 1,
                cbr_flag: false,
            }],
            ..HrdParameters::default()
        };
        // 4 Mbit/s and 2^20 bits; x264 rounds down to units.
        assert!(is_plain_buffer(&buffer(62_500, 65_536)));
        assert!(is_plain_buffer(&buffer(4_000_000 / 64, 3_300_000 / 16)));
        let written = u32::from_be_bytes(*b"Jane");
        assert!(!is_plain_buffer(&buffer(written, 65_536)));
        assert!(!is_plain_buffer(&buffer(62_500, written)));
        assert!(!is_plain_buffer(&HrdParameters::default()));
    }
}
