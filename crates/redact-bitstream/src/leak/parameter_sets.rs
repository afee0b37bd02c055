//! Parameter sets of a release's pictures.
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

/// Most bytes of one set; an encoder's have about thirty, more with scaling lists.
const SET_BYTES_MAX: usize = 256;

/// The parameter sets of a track, and the width of NAL unit lengths.
#[derive(Default)]
pub(super) struct ParameterSets {
    /// Bytes of a NAL unit length, 1 to 4.
    pub(super) length_bytes: usize,
    coded: Vec<Vec<u8>>,
    /// `pps_id` of the picture parameter sets.
    pps_ids: Vec<u32>,
    /// What parsing slices needs, per picture parameter set.
    parameters: Vec<Parameters>,
    /// Visible width and height, per sequence parameter set.
    shown: Vec<(u32, u32)>,
    /// Ids of the sequence parameter sets, and the one that each picture parameter set uses.
    sequences: Vec<u32>,
    named: Vec<u32>,
    /// Timing of the sequence parameter sets that have any.
    clocks: Vec<Clock>,
    /// Pixel aspect ratios, per sequence parameter set that declares one.
    aspects: Vec<(u16, u16)>,
    /// Primaries, transfer, matrix and range, per sequence parameter set that declares them.
    colors: Vec<[u8; 4]>,
}

impl ParameterSets {
    /// Whether an `avcC` may state this profile, these constraint flags and this level: those of
    /// the first sequence parameter set, or what holds for all (ISO/IEC 14496-15, 5.3.3.1.2).
    fn agrees_with(&self, stated: &[u8]) -> bool {
        let of_kind = |set: &&Vec<u8>| nal::kind(set) == Some(nal::SPS);
        let sets = self.coded.iter().filter(of_kind);
        let all: Vec<&[u8]> = sets.filter_map(|set| set.get(1..4)).collect();
        let of_all = all.iter().fold([0, 0xff, 0], |all, set| {
            [all[0].max(set[0]), all[1] & set[1], all[2].max(set[2])]
        });
        all.first().is_some_and(|first| *first == stated) || of_all == stated
    }

    /// Parses an `avcC` and reports parameter sets that a release must not have.
    pub(super) fn read(avcc: Atom<'_>, report: &mut Report) -> Result<Self, Malformed> {
        let bad = || malformed("malformed decoder configuration", avcc.offset);
        let mut fields = Fields::new(avcc.body);
        let head: [u8; 5] = fields.array().ok_or_else(bad)?;
        let mut sets = Self {
            length_bytes: usize::from(head[4] & 3) + 1,
            ..Self::default()
        };
        let mut reader = SetReader::default();
        for kind in [nal::SPS, nal::PPS] {
            let count = fields.u8().ok_or_else(bad)?;
            // The three bits before the count of sequence parameter sets are 1.
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
        if !sets.agrees_with(&head[1..4]) {
            report.note(
                LeakChannel::LeftoverBytes,
                "profile differs from the parameter sets".to_owned(),
            );
        }
        if !plain_end || head[0] != 1 || head[4] & 0xfc != 0xfc {
            report.note(
                LeakChannel::LeftoverBytes,
                "bytes after the decoder configuration".to_owned(),
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
                self.pps_ids.push(set.id);
                self.named.push(set.sps_id);
                self.parameters.push(set.parameters);
            })
        };
        if unit.len() > SET_BYTES_MAX || self.coded.iter().any(|set| set == unit) {
            let what = "parameter sets that are too long or repeated".to_owned();
            report.note(LeakChannel::LeftoverBytes, what);
        }
        if let Err(refusal) = read {
            let (channel, what) = described(refusal);
            report.note(channel, what.to_owned());
        }
        self.coded.push(unit.to_vec());
    }

    /// Whether a NAL unit in a packet repeats one of the sets.
    pub(super) fn has(&self, unit: &[u8]) -> bool {
        self.coded.iter().any(|set| set == unit)
    }

    /// Whether there is a picture parameter set with this `pps_id`.
    pub(super) fn has_pps(&self, number: u32) -> bool {
        self.pps_ids.contains(&number)
    }

    /// Reports parameter sets that no picture uses; `used` has the `pps_id` of all slices.
    pub(super) fn check_use(&self, used: &BTreeSet<u32>, report: &mut Report) {
        let pictures = self.pps_ids.iter().zip(&self.named);
        let named: BTreeSet<u32> = pictures
            .filter(|(number, _)| used.contains(number))
            .map(|(_, sequence)| *sequence)
            .collect();
        let is_used = self.pps_ids.iter().all(|number| used.contains(number))
            && self.sequences.iter().all(|number| named.contains(number));
        if !is_used {
            let what = "parameter sets that no picture uses".to_owned();
            report.note(LeakChannel::LeftoverBytes, what);
        }
    }

    /// Whether the timing in the sequence parameter sets follows from the pictures, `step` ticks
    /// apart with `scale` ticks per second, or is common among encoders.
    pub(super) fn have_clocks(&self, step: u64, scale: u32) -> bool {
        self.clocks.iter().all(|clock| clock.follows(step, scale))
    }

    /// Whether the pixel aspect ratio in the sequence parameter sets is that of the file.
    pub(super) fn have_aspect(&self, (across, down): (u32, u32)) -> bool {
        let is_same = |found: &(u16, u16)| {
            u64::from(found.0) * u64::from(down) == u64::from(found.1) * u64::from(across)
        };
        self.aspects.iter().all(is_same)
    }

    /// What parsing a slice with this `pps_id` needs.
    pub(super) fn parameters(&self, number: u32) -> Option<&Parameters> {
        let mut all = self.parameters.iter();
        all.find(|parameters| parameters.number() == number)
    }

    /// Whether a `colr` box matches the colors in the sequence parameter sets.
    pub(super) fn have_colors(&self, colr: &[u8]) -> bool {
        self.colors
            .iter()
            .any(|&[primaries, transfer, matrix, range]| {
                let named = [0, primaries, 0, transfer, 0, matrix, range];
                colr == [&b"nclx"[..], &named].concat()
            })
    }

    /// Reports a track size that differs from the pictures'.
    pub(super) fn check_size(&self, (width, height): (u16, u16), report: &mut Report) {
        let size = (u32::from(width), u32::from(height));
        if self.shown.iter().any(|shown| *shown != size) {
            let what = "picture size differs from the track's".to_owned();
            report.note(LeakChannel::EditLists, what);
        }
    }
}

/// Channel and evidence of a refusal.
const fn described(refusal: SetRefusal) -> (LeakChannel, &'static str) {
    match refusal {
        SetRefusal::Sps | SetRefusal::Pps => (
            LeakChannel::LeftoverBytes,
            "parameter set that cannot be parsed to its last bit",
        ),
        SetRefusal::Profile(_) | SetRefusal::Chroma => (
            LeakChannel::LeftoverBytes,
            "parameter set with an unsupported profile",
        ),
        SetRefusal::Fields => (LeakChannel::EditLists, "pictures coded as fields"),
        SetRefusal::Cropped => (
            LeakChannel::EditLists,
            "pictures that are cropped by a macroblock or more",
        ),
        SetRefusal::Slices => (LeakChannel::EditLists, "redundant slices or slice groups"),
        SetRefusal::FreeField(_) => (
            LeakChannel::LeftoverBytes,
            "unusual value in a parameter set",
        ),
    }
}
