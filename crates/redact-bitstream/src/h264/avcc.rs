//! The AVC configuration record (`avcC`), and samples as MP4 stores them: NAL units behind lengths.
//!
//! Everything that may be copied into a release is checked here, NAL unit by NAL unit. SEI and
//! filler data are taken out; any other NAL unit that is not known to be a picture rules out its
//! GOP.
//! [`super::slice_data`] walks what lies inside a slice.
//!
//! Source: ITU-T H.264, 7.3 and 7.4; ISO/IEC 14496-15, 5.3.

use std::collections::{BTreeMap, BTreeSet};

use super::annex_b;
use super::free_fields::Clock;
use super::nal::{self, Framing};
use super::parameter_sets::{SetReader, SetRefusal};
use super::rbsp::Unaccounted;
use super::slice_data::{Workspace, account};
use super::slice_header::{Parameters, SliceStart};
use super::x264_end_bits::Mark;

/// Most parameter sets of each kind in a record: the count of sequence parameter sets has five bits.
/// Cameras have one or two.
const SETS_MAX: usize = 31;

/// Bytes of a sequence parameter set, at least: header, profile, flags, level.
const SPS_BYTES_MIN: usize = 4;

/// Bytes of a picture parameter set, at least.
const PPS_BYTES_MIN: usize = 2;

/// Why coded pictures cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyRefusal {
    /// The record, or a parameter set in it, is not understood to its last bit.
    #[error("its AVC configuration record is not one that is understood ({0})")]
    Record(&'static str),
    /// Interlaced pictures.
    #[error("its pictures are coded as fields")]
    Fields,
    /// `profile_idc` is none of Baseline, Main and High.
    #[error("its profile (number {0}) is not one that is copied")]
    Profile(u8),
    /// The cropping rectangle cuts off a macroblock or more.
    #[error("a part of its pictures is cut off")]
    Cropped,
    /// A number that changes no picture and that no encoder writes.
    #[error("a number in its parameter sets ({0}) is none that an encoder writes")]
    FreeField(&'static str),
    /// Slice groups or redundant pictures.
    #[error("it has redundant or scattered slices")]
    Slices,
    /// A NAL unit of a type that no release has.
    #[error("a packet holds a NAL unit of type {0}")]
    NalUnit(u8),
    /// Parameter sets within a packet that the record does not have.
    #[error("a packet holds parameter sets that are not those of the AVC configuration record")]
    ParameterSets,
    /// No slice in a packet, or two that begin a picture.
    #[error("a packet does not hold exactly one picture")]
    Picture,
    /// A picture in several slices, of which some could overlap.
    #[error("its pictures have several slices")]
    SeveralSlices,
    /// A length that goes beyond the packet.
    #[error("a packet ends within a NAL unit")]
    Cut,
    /// Bytes in a slice that decoders take for its end.
    #[error("a NAL unit ends before its length")]
    StartCode,
}

impl From<SetRefusal> for CopyRefusal {
    fn from(refusal: SetRefusal) -> Self {
        match refusal {
            SetRefusal::Sps => Self::Record("a sequence parameter set"),
            SetRefusal::Pps => Self::Record("a picture parameter set"),
            SetRefusal::Chroma => Self::Record("it is not 8-bit 4:2:0"),
            SetRefusal::Fields => Self::Fields,
            SetRefusal::Profile(number) => Self::Profile(number),
            SetRefusal::Cropped => Self::Cropped,
            SetRefusal::Slices => Self::Slices,
            SetRefusal::FreeField(name) => Self::FreeField(name),
        }
    }
}

/// The AVC configuration record (`avcC`) of a track: how NAL units are counted, and the parameter
/// sets that pictures are decoded with.
#[derive(Clone, Debug)]
pub struct AvcConfig {
    /// Bytes of a NAL unit's length, 1 to 4.
    pub length_bytes: usize,
    /// Sequence parameter sets, as coded.
    sps: Vec<Vec<u8>>,
    /// Picture parameter sets, as coded.
    pps: Vec<Vec<u8>>,
    /// Both parameter sets of a slice, by its `pps_id`.
    parameter_sets_of: BTreeMap<u32, Vec<u8>>,
    /// How slices are walked, by `pps_id`.
    parameters: BTreeMap<u32, Parameters>,
    /// `sps_id` and `pps_id` in use.
    ids: Vec<u32>,
    /// Pictures in the decoded picture buffer, at most 16.
    pub dpb_pictures: u32,
    /// Whether rows or columns of the coded pictures are not shown.
    pub is_cropped: bool,
    /// Clocks of the sequences that have one.
    clocks: Vec<Clock>,
}

impl AvcConfig {
    /// Reads an `avcC`. Every parameter set must be understood to its last bit.
    ///
    /// # Errors
    /// Why pictures under this record cannot be copied.
    pub fn read(record: &[u8]) -> Result<Self, CopyRefusal> {
        let bad = CopyRefusal::Record("it does not fit");
        let (head, rest) = record.split_at_checked(5).ok_or(bad.clone())?;
        if head[0] != 1 {
            return Err(CopyRefusal::Record("it is of another version"));
        }
        let (sps, rest) = sets(rest, 0x1f, 7).ok_or(bad.clone())?;
        let (pps, rest) = sets(rest, 0xff, 8).ok_or(bad.clone())?;
        // High profiles add four bytes: color format, two depths, and no extensions.
        if !(rest.is_empty() || rest.len() == 4 && rest[3] == 0) {
            return Err(CopyRefusal::Record("something is behind it"));
        }
        let mut config = Self {
            length_bytes: usize::from(head[4] & 3) + 1,
            sps,
            pps,
            parameter_sets_of: BTreeMap::new(),
            parameters: BTreeMap::new(),
            ids: Vec::new(),
            dpb_pictures: 0,
            is_cropped: false,
            clocks: Vec::new(),
        };
        config.understand()?;
        Ok(config)
    }

    /// Fills in what follows from the parameter sets.
    fn understand(&mut self) -> Result<(), CopyRefusal> {
        let twice = CopyRefusal::Record("two parameter sets of one number");
        let mut reader = SetReader::default();
        let mut sequences = BTreeMap::new();
        for coded in &self.sps {
            let set = reader.sps(coded)?;
            self.dpb_pictures = self.dpb_pictures.max(set.dpb_pictures);
            self.is_cropped |= set.is_cropped;
            self.clocks.extend(set.clock);
            if sequences.insert(set.id, coded).is_some() {
                return Err(twice);
            }
        }
        for coded in &self.pps {
            let set = reader.pps(coded)?;
            let sequence = sequences.get(&set.sps_id).ok_or(SetRefusal::Pps)?;
            let both = [sequence.as_slice(), coded].concat();
            if self.parameter_sets_of.insert(set.id, both).is_some() {
                return Err(twice);
            }
            self.parameters.insert(set.id, set.parameters);
        }
        self.ids = sequences.into_keys().collect();
        self.ids.extend(self.parameter_sets_of.keys());
        Ok(())
    }

    /// Refuses clocks that follow from neither the times of the pictures, `step` ticks apart with
    /// `scale` ticks per second, nor an encoder's habit.
    ///
    /// # Errors
    /// [`CopyRefusal::FreeField`] for such a clock.
    pub fn check_clocks(&self, step: u64, scale: u32) -> Result<(), CopyRefusal> {
        let follows = |clock: &Clock| clock.follows(step, scale);
        if self.clocks.iter().all(follows) {
            Ok(())
        } else {
            Err(CopyRefusal::FreeField("clock"))
        }
    }

    /// Whether pictures with these `pps_id` need every parameter set: others could hold anything.
    #[must_use]
    pub fn needs_all(&self, pps_ids: &BTreeSet<u32>) -> bool {
        let used = pps_ids.iter().filter_map(|id| self.parameter_sets_of(*id));
        let used: BTreeSet<&[u8]> = used.collect();
        let is_used = |sequence: &Vec<u8>| used.iter().any(|both| both.starts_with(sequence));
        self.parameter_sets_of.keys().all(|id| pps_ids.contains(id)) && self.sps.iter().all(is_used)
    }

    /// The record without parameter sets that pictures with these `pps_id` do not need.
    #[must_use]
    pub fn only(&self, pps_ids: &BTreeSet<u32>) -> Self {
        let used = pps_ids.iter().filter_map(|id| self.parameter_sets_of(*id));
        let used: Vec<&[u8]> = used.collect();
        let is_pair = |sps: &Vec<u8>, pps: &Vec<u8>| {
            let is_both = |both: &&[u8]| {
                both.len() == sps.len() + pps.len() && both.starts_with(sps) && both.ends_with(pps)
            };
            used.iter().any(is_both)
        };
        let sps = self.sps.iter();
        let sps = sps.filter(|sps| self.pps.iter().any(|pps| is_pair(sps, pps)));
        let pps = self.pps.iter();
        let pps = pps.filter(|pps| self.sps.iter().any(|sps| is_pair(sps, pps)));
        Self {
            sps: sps.cloned().collect(),
            pps: pps.cloned().collect(),
            ..self.clone()
        }
    }

    /// The same for samples whose NAL units stand behind lengths of four bytes.
    #[must_use]
    pub fn with_four_byte_lengths(&self) -> Self {
        Self {
            length_bytes: 4,
            ..self.clone()
        }
    }

    /// Whether a record can have these parameter sets and those of an encoder with an id of its own.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.unused_id().is_some() && self.sps.len().max(self.pps.len()) < SETS_MAX
    }

    /// An id that no parameter set has, for the sets of re-encoded pictures.
    #[must_use]
    pub fn unused_id(&self) -> Option<u32> {
        (1..32).find(|number| !self.ids.contains(number))
    }

    /// The profile that an encoder has to stay within, as libx264 names it.
    #[must_use]
    pub fn profile_name(&self) -> &'static str {
        match self.sps.iter().map(|set| set[1]).max() {
            Some(66) => "baseline",
            Some(77) => "main",
            _ => "high",
        }
    }

    /// Both parameter sets that a picture with this `pps_id` is decoded with.
    #[must_use]
    pub fn parameter_sets_of(&self, number: u32) -> Option<&[u8]> {
        self.parameter_sets_of.get(&number).map(Vec::as_slice)
    }

    /// The record of a release that has these parameter sets and those of `encoder`, NAL units
    /// behind lengths of four bytes. `None` when there are too many.
    #[must_use]
    pub fn merged_with(&self, encoder: Option<&Self>) -> Option<Vec<u8>> {
        let more = |kind: fn(&Self) -> &Vec<Vec<u8>>| -> Vec<&Vec<u8>> {
            kind(self)
                .iter()
                .chain(encoder.into_iter().flat_map(kind))
                .collect()
        };
        let (sequences, pictures) = (more(|config| &config.sps), more(|config| &config.pps));
        let profile = sequences.iter().map(|set| set[1]).max()?;
        let flags = sequences.iter().fold(0xff, |flags, set| flags & set[2]);
        let level = sequences.iter().map(|set| set[3]).max()?;
        let mut record = vec![1, profile, flags, level, 0xff];
        for (sets, reserved) in [(sequences, 0xe0), (pictures, 0)] {
            let count = Some(sets.len()).filter(|count| *count <= SETS_MAX)?;
            record.push(u8::try_from(count).ok()? | reserved);
            for set in sets {
                record.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
                record.extend_from_slice(set);
            }
        }
        if profile == 100 {
            // 4:2:0 at 8 bits, no extensions.
            record.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
        }
        Some(record)
    }

    /// The parameter sets that an encoder announces in a byte stream.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_annex_b(annex_b: &[u8]) -> Result<Self, CopyRefusal> {
        let of_kind = |kind: u8| -> Vec<Vec<u8>> {
            annex_b::units(annex_b)
                .filter(|unit| unit.first().is_some_and(|header| header & 0x1f == kind))
                .map(<[u8]>::to_vec)
                .collect()
        };
        let mut config = Self {
            length_bytes: 4,
            sps: of_kind(nal::SPS),
            pps: of_kind(nal::PPS),
            parameter_sets_of: BTreeMap::new(),
            parameters: BTreeMap::new(),
            ids: Vec::new(),
            dpb_pictures: 0,
            is_cropped: false,
            clocks: Vec::new(),
        };
        // The same rule as in a record: what is accepted here can be written there and read again.
        for (sets, least) in [(&config.sps, SPS_BYTES_MIN), (&config.pps, PPS_BYTES_MIN)] {
            let fits = (1..=SETS_MAX).contains(&sets.len());
            if !fits || sets.iter().any(|set| set.len() < least) {
                return Err(CopyRefusal::Record("it does not fit"));
            }
        }
        config.understand()?;
        Ok(config)
    }

    /// The parameter sets as NAL units behind lengths of four bytes.
    #[must_use]
    pub fn as_nal_units(&self) -> Vec<u8> {
        let mut units = Vec::new();
        for set in self.sps.iter().chain(&self.pps) {
            nal::push(&mut units, set);
        }
        units
    }

    fn has_set(&self, unit: &[u8]) -> bool {
        self.sps.iter().chain(&self.pps).any(|set| set == unit)
    }

    /// Walks through the slice of one sample to its last bit; returns what follows it.
    ///
    /// # Errors
    /// What is not accounted for, or a packet that is not one slice of a picture.
    pub fn account(&self, packet: &[u8], workspace: &mut Workspace) -> Result<Mark, Unaccounted> {
        let mut slices = nal::units(packet, Framing::Lengths(self.length_bytes))
            .flatten()
            .filter(|unit| nal::is_slice(unit));
        let (Some(slice), None) = (slices.next(), slices.next()) else {
            return Err(Unaccounted::Syntax);
        };
        let start = SliceStart::read(slice).ok_or(Unaccounted::Syntax)?;
        let parameters = self
            .parameters
            .get(&start.pps_id)
            .ok_or(Unaccounted::Syntax)?;
        account(slice, parameters, workspace)
    }

    /// Checks one sample: a single picture, and nothing that a release may not hold.
    ///
    /// # Errors
    /// Why it cannot be copied.
    pub fn access_unit(&self, packet: &[u8]) -> Result<AccessUnit, CopyRefusal> {
        let mut found = AccessUnit::default();
        let mut slices = 0;
        for unit in nal::units(packet, Framing::Lengths(self.length_bytes)) {
            let unit = unit.ok_or(CopyRefusal::Cut)?;
            let Some(header) = unit.first() else {
                return Err(CopyRefusal::Cut);
            };
            match header & 0x1f {
                // What follows is not decoded, and a release may not carry it.
                1 | 5 if nal::has_start_code(unit) => return Err(CopyRefusal::StartCode),
                kind @ (1 | 5) => {
                    let start = SliceStart::read(unit).ok_or(CopyRefusal::Picture)?;
                    let set = start.pps_id;
                    // Of slices that overlap a decoder shows one: a release's picture is one.
                    if start.first_macroblock != 0 {
                        return Err(CopyRefusal::SeveralSlices);
                    }
                    slices += 1;
                    if self.parameter_sets_of(set).is_none() {
                        return Err(CopyRefusal::ParameterSets);
                    }
                    found.is_idr = kind == 5;
                    if !found.pps_ids.contains(&set) {
                        found.pps_ids.push(set);
                    }
                }
                6 => found.sei += 1,
                7 | 8 if self.has_set(unit) => found.repeats_sets = true,
                7 | 8 => return Err(CopyRefusal::ParameterSets),
                9 if nal::is_plain_delimiter(unit) => {}
                12 => found.filler += 1,
                kind => return Err(CopyRefusal::NalUnit(kind)),
            }
        }
        if slices == 1 {
            Ok(found)
        } else {
            Err(CopyRefusal::Picture)
        }
    }
}

/// What a sample holds besides one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// Whether it is an IDR picture: a decoder can start here and forgets everything before.
    pub is_idr: bool,
    /// Picture parameter sets in use.
    pub pps_ids: Vec<u32>,
    /// SEI NAL units, which are taken out.
    pub sei: u32,
    /// NAL units of filler data, which are taken out.
    pub filler: u32,
    /// Whether parameter sets of the record stand here again.
    pub repeats_sets: bool,
}

/// The sample's NAL units without SEI and filler data, each behind its length in four bytes.
#[must_use]
pub fn picture_nal_units(packet: &[u8], length_bytes: usize) -> Vec<u8> {
    let mut kept = Vec::with_capacity(packet.len() + 16);
    for unit in nal::units(packet, Framing::Lengths(length_bytes)).flatten() {
        let is_kept = |header: &u8| !matches!(header & 0x1f, 6 | 12);
        if unit.first().is_some_and(is_kept) {
            nal::push(&mut kept, unit);
        }
    }
    kept
}

/// The NAL units of a byte stream without SEI, each behind its length in four bytes.
#[must_use]
pub fn from_annex_b_without_sei(packet: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(packet.len() + 16);
    for unit in annex_b::units(packet) {
        if unit.first().is_some_and(|header| header & 0x1f != 6) {
            nal::push(&mut kept, unit);
        }
    }
    kept
}

/// The parameter sets of an AVC configuration record, as far as it can be read.
#[must_use]
pub fn parameter_sets(record: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = record.get(5..).unwrap_or_default();
    // First those of sequences, of which the count has three bits beside it, then of pictures.
    for mask in [0x1f, 0xff] {
        let Some((count, behind)) = rest.split_first() else {
            break;
        };
        rest = behind;
        for _ in 0..count & mask {
            let Some((length, behind)) = rest.split_at_checked(2) else {
                return found;
            };
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let Some((set, behind)) = behind.split_at_checked(length) else {
                return found;
            };
            found.push(set);
            rest = behind;
        }
    }
    found
}

/// A counted list of parameter sets of one kind; each has at least the four bytes that name it.
fn sets(bytes: &[u8], mask: u8, kind: u8) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let (count, mut rest) = bytes.split_first()?;
    let count = usize::from(count & mask);
    let mut found = Vec::new();
    for _ in 0..count {
        let (length, behind) = rest.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let (set, behind) = behind.split_at_checked(length)?;
        let least = if kind == 7 {
            SPS_BYTES_MIN
        } else {
            PPS_BYTES_MIN
        };
        if set.len() < least || set[0] & 0x1f != kind {
            return None;
        }
        found.push(set.to_vec());
        rest = behind;
    }
    (1..=SETS_MAX).contains(&count).then_some((found, rest))
}

#[cfg(test)]
mod tests;
