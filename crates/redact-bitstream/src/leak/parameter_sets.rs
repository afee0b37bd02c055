//! Parameter sets of the pictures, which say what of a coded picture is shown.
//!
//! Source: ITU-T H.264, 7.3.2.1 and 7.3.2.2; ISO/IEC 14496-15, 5.3.3.1 (`avcC`).

use std::collections::BTreeSet;

use super::report::Report;
use super::verdict::LeakChannel;
use crate::h264::free_fields::Clock;
use crate::h264::nal;
use crate::h264::parameter_sets::{SetReader, SetRefusal};
use crate::h264::slice_header::Parameters;
use crate::mp4::boxes::{Atom, Fields, Malformed, malformed};

/// Bytes of one set: an encoder's have some thirty, room for timing and scaling included.
const SET_BYTES_MAX: usize = 256;

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
    /// Numbers of the sequences, in the order of `coded`, and which of them each picture set names.
    sequences: Vec<u32>,
    named: Vec<u32>,
    /// Clocks of the sequences that have one.
    clocks: Vec<Clock>,
    /// Shapes of points, per sequence that names one.
    aspects: Vec<(u16, u16)>,
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
        let mut reader = SetReader::default();
        for kind in [nal::SPS, nal::PPS] {
            let count = fields.u8().ok_or_else(bad)?;
            // The three bits before the number of sequences are set.
            if kind == nal::SPS && count & 0xe0 != 0xe0 {
                return Err(bad());
            }
            let count = if kind == nal::SPS {
                count & 0x1f
            } else {
                count
            };
            for _ in 0..count {
                let length = usize::from(fields.u16().ok_or_else(bad)?);
                let unit = fields.take(length).ok_or_else(bad)?;
                sets.take(unit, kind, &mut reader, report);
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

    fn take(&mut self, unit: &[u8], kind: u8, reader: &mut SetReader, report: &mut Report) {
        if nal::kind(unit) != Some(kind) {
            let what = "SEI in the AVC configuration record".to_owned();
            return report.note(LeakChannel::SeiUserData, what);
        }
        let read = if kind == nal::SPS {
            reader.sps(unit).map(|set| {
                self.sequences.push(set.id);
                self.clocks.extend(set.clock);
                self.aspects.extend(set.aspect);
                self.shown.push(set.shown);
                self.colors.extend(set.colors);
            })
        } else {
            reader.pps(unit).map(|set| {
                self.numbers.push(set.id);
                self.named.push(set.sps_id);
                self.parameters.push(set.parameters);
            })
        };
        if unit.len() > SET_BYTES_MAX || self.coded.iter().any(|set| set == unit) {
            let what = "parameter sets that are too long or there twice".to_owned();
            report.note(LeakChannel::LeftoverBytes, what);
        }
        if let Err(refusal) = read {
            let (channel, what) = described(refusal);
            report.note(channel, what.to_owned());
        }
        self.coded.push(unit.to_vec());
    }

    /// Whether a unit within the pictures only repeats a set.
    pub(super) fn has(&self, unit: &[u8]) -> bool {
        self.coded.iter().any(|set| set == unit)
    }

    /// Whether pictures can be coded with set `number`.
    pub(super) fn has_number(&self, number: u32) -> bool {
        self.numbers.contains(&number)
    }

    /// Parameter sets must be named by a picture: `used` are the numbers that slices name.
    pub(super) fn check_use(&self, used: &BTreeSet<u32>, report: &mut Report) {
        let pictures = self.numbers.iter().zip(&self.named);
        let named: BTreeSet<u32> = pictures
            .filter(|(number, _)| used.contains(number))
            .map(|(_, sequence)| *sequence)
            .collect();
        let is_used = self.numbers.iter().all(|number| used.contains(number))
            && self.sequences.iter().all(|number| named.contains(number));
        if !is_used {
            let what = "parameter sets that no picture uses".to_owned();
            report.note(LeakChannel::LeftoverBytes, what);
        }
    }

    /// Whether what the sequences say of time follows from the pictures, `step` ticks apart with
    /// `scale` ticks per second, or is an encoder's habit.
    pub(super) fn have_clocks(&self, step: u64, scale: u32) -> bool {
        self.clocks.iter().all(|clock| clock.follows(step, scale))
    }

    /// Whether what the sequences say of the shape of points is what the file says.
    pub(super) fn have_aspect(&self, (across, down): (u32, u32)) -> bool {
        let is_same = |found: &(u16, u16)| {
            u64::from(found.0) * u64::from(down) == u64::from(found.1) * u64::from(across)
        };
        self.aspects.iter().all(is_same)
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

/// What a refusal is filed under: keys, no values.
const fn described(refusal: SetRefusal) -> (LeakChannel, &'static str) {
    match refusal {
        SetRefusal::Sps | SetRefusal::Pps => (
            LeakChannel::LeftoverBytes,
            "a parameter set that cannot be read to its end",
        ),
        SetRefusal::Profile(_) | SetRefusal::Chroma => (
            LeakChannel::LeftoverBytes,
            "a parameter set of a profile that no release has",
        ),
        SetRefusal::Fields => (LeakChannel::EditLists, "pictures coded as fields"),
        SetRefusal::Cropped => (
            LeakChannel::EditLists,
            "pictures of which a part is cut off",
        ),
        SetRefusal::Slices => (LeakChannel::EditLists, "pictures that are coded twice"),
        SetRefusal::FreeField(_) => (
            LeakChannel::LeftoverBytes,
            "a number in a parameter set that no encoder writes",
        ),
    }
}
