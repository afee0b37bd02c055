//! The AVC configuration record (`avcC`), and samples of one picture: NAL units preceded by
//! lengths, as in MP4, or by start codes, as in a byte stream.
//!
//! Everything that may be copied into a release is checked here, NAL unit by NAL unit. SEI and
//! filler data are removed; any other NAL unit that is not part of a picture rules out its GOP.
//! [`super::slice_data`] parses the inside of slices.
//!
//! Source: ITU-T H.264, 7.3 and 7.4; ISO/IEC 14496-15, 5.3.

use std::collections::{BTreeMap, BTreeSet};

use super::annex_b;
use super::free_fields::Clock;
use super::nal::{self, Framing};
use super::parameter_sets::{SetReader, SetRefusal};
use super::picture_order::OrderFields;
use super::rbsp::Unaccounted;
use super::slice_data::{Workspace, account};
use super::slice_header::{Parameters, SliceStart};
use super::x264_end_bits::Mark;

/// Most parameter sets of each kind in a record: the count of sequence parameter sets has five
/// bits. Cameras have one or two.
const SETS_MAX: usize = 31;

/// Least bytes of a sequence parameter set: header, profile, flags, level.
const SPS_BYTES_MIN: usize = 4;

/// Least bytes of a picture parameter set.
const PPS_BYTES_MIN: usize = 2;

/// Why coded pictures cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyRefusal {
    /// The record, or a parameter set in it, cannot be parsed to its last bit.
    #[error("unsupported AVC configuration record: {0}")]
    Record(&'static str),
    /// Interlaced pictures.
    #[error("its pictures are coded as fields")]
    Fields,
    /// `profile_idc` is none of Baseline, Main and High.
    #[error("its profile ({0}) is not Baseline, Main or High")]
    Profile(u8),
    /// The cropping rectangle removes a macroblock or more.
    #[error("its pictures are cropped by a macroblock or more")]
    Cropped,
    /// A value that has no effect on pictures and that encoders do not write.
    #[error("a parameter set has a value that encoders do not write ({0})")]
    FreeField(&'static str),
    /// Slice groups or redundant pictures.
    #[error("it has redundant slices or slice groups")]
    Slices,
    /// A NAL unit of a type that releases do not have.
    #[error("a packet holds a NAL unit of type {0}")]
    NalUnit(u8),
    /// A stream without parameter sets at its beginning.
    #[error("its first pictures have no parameter sets")]
    NoSets,
    /// Parameter sets in a packet that the record lacks.
    #[error("a packet has parameter sets that the AVC configuration record lacks")]
    ParameterSets,
    /// A packet without a slice, or with two that begin a picture.
    #[error("a packet does not hold exactly one picture")]
    Picture,
    /// A picture in several slices, which could overlap.
    #[error("its pictures have several slices")]
    SeveralSlices,
    /// A NAL unit length that exceeds the packet.
    #[error("a packet ends within a NAL unit")]
    Cut,
    /// Bytes before the first start code of a byte stream's packet.
    #[error("a packet has bytes before its first NAL unit")]
    Before,
    /// A start code within a slice, at which decoders would end it.
    #[error("a NAL unit contains a start code")]
    StartCode,
}

impl From<SetRefusal> for CopyRefusal {
    fn from(refusal: SetRefusal) -> Self {
        match refusal {
            SetRefusal::Sps => Self::Record("malformed sequence parameter set"),
            SetRefusal::Pps => Self::Record("malformed picture parameter set"),
            SetRefusal::Chroma => Self::Record("not 8-bit 4:2:0"),
            SetRefusal::Fields => Self::Fields,
            SetRefusal::Profile(number) => Self::Profile(number),
            SetRefusal::Cropped => Self::Cropped,
            SetRefusal::Slices => Self::Slices,
            SetRefusal::FreeField(name) => Self::FreeField(name),
        }
    }
}

/// The colors of a sequence parameter set that states none.
const UNSPECIFIED: [u8; 4] = [2, 2, 2, 0];

/// The decoder configuration of a track: how NAL units are delimited, and the parameter sets.
#[derive(Clone, Debug)]
pub struct AvcConfig {
    /// What delimits NAL units.
    pub framing: Framing,
    /// Sequence parameter sets, as coded.
    sps: Vec<Vec<u8>>,
    /// Picture parameter sets, as coded.
    pps: Vec<Vec<u8>>,
    /// Both parameter sets of a slice, by its `pps_id`.
    parameter_sets_of: BTreeMap<u32, Vec<u8>>,
    /// What parsing a slice needs, by `pps_id`.
    parameters: BTreeMap<u32, Parameters>,
    /// `sps_id` and `pps_id` in use.
    ids: Vec<u32>,
    /// Pictures in the decoded picture buffer, at most 16.
    pub dpb_pictures: u32,
    /// Whether the cropping rectangle removes rows or columns.
    pub is_cropped: bool,
    /// Visible width and height of each sequence parameter set, samples.
    shown: Vec<(u32, u32)>,
    /// Primaries, transfer, matrix and range of each sequence parameter set.
    colors: Vec<[u8; 4]>,
    /// Timing of the sequence parameter sets that have any.
    clocks: Vec<Clock>,
}

impl AvcConfig {
    /// The configuration of a stream from what its container or its first packets give: an `avcC`,
    /// or the parameter sets of a byte stream.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_stream(config: &[u8]) -> Result<Self, CopyRefusal> {
        match config.first() {
            None => Err(CopyRefusal::NoSets),
            Some(1) => Self::read(config),
            Some(_) => Self::from_units(config, Framing::StartCodes),
        }
    }

    /// Parses an `avcC`. Every parameter set must be parsed to its last bit.
    ///
    /// # Errors
    /// The reason why pictures with this record cannot be copied.
    pub fn read(record: &[u8]) -> Result<Self, CopyRefusal> {
        let bad = CopyRefusal::Record("malformed");
        let (head, rest) = record.split_at_checked(5).ok_or(bad.clone())?;
        if head[0] != 1 {
            return Err(CopyRefusal::Record("unknown version"));
        }
        let (sps, rest) = sets(rest, 0x1f, 7).ok_or(bad.clone())?;
        let (pps, rest) = sets(rest, 0xff, 8).ok_or(bad.clone())?;
        // High profiles add four bytes: color format, two depths, and no extensions.
        if !(rest.is_empty() || rest.len() == 4 && rest[3] == 0) {
            return Err(CopyRefusal::Record("trailing data"));
        }
        Self::of_sets(Framing::Lengths(usize::from(head[4] & 3) + 1), sps, pps)
    }

    fn of_sets(
        framing: Framing,
        sps: Vec<Vec<u8>>,
        pps: Vec<Vec<u8>>,
    ) -> Result<Self, CopyRefusal> {
        let mut config = Self {
            framing,
            sps,
            pps,
            parameter_sets_of: BTreeMap::new(),
            parameters: BTreeMap::new(),
            ids: Vec::new(),
            dpb_pictures: 0,
            is_cropped: false,
            shown: Vec::new(),
            colors: Vec::new(),
            clocks: Vec::new(),
        };
        config.parse_sets()?;
        Ok(config)
    }

    /// Fills in the fields that follow from the parameter sets.
    fn parse_sets(&mut self) -> Result<(), CopyRefusal> {
        let twice = CopyRefusal::Record("duplicate parameter set id");
        let mut reader = SetReader::default();
        let mut sequences = BTreeMap::new();
        for coded in &self.sps {
            let set = reader.sps(coded)?;
            self.dpb_pictures = self.dpb_pictures.max(set.dpb_pictures);
            self.is_cropped |= set.is_cropped;
            self.shown.push(set.shown);
            self.colors.push(set.colors.unwrap_or(UNSPECIFIED));
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

    /// Refuses timing that neither follows from the pictures' times, `step` ticks apart with
    /// `scale` ticks per second, nor is common among encoders.
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

    /// Whether every sequence parameter set shows pictures of this width and height, samples. A
    /// container may crop them further, which a release would not.
    #[must_use]
    pub fn shows_only(&self, width: u32, height: u32) -> bool {
        self.shown.iter().all(|shown| *shown == (width, height))
    }

    /// Whether every sequence parameter set states these colors: primaries, transfer, matrix, as in
    /// ITU-T H.273, and 0x80 for full range.
    #[must_use]
    pub fn has_colors(&self, colors: [u8; 4]) -> bool {
        self.colors.iter().all(|own| *own == colors)
    }

    /// Whether pictures with these `pps_id` use every parameter set; unused ones could hold
    /// anything.
    #[must_use]
    pub fn needs_all(&self, pps_ids: &BTreeSet<u32>) -> bool {
        let used = pps_ids.iter().filter_map(|id| self.parameter_sets_of(*id));
        let used: BTreeSet<&[u8]> = used.collect();
        let is_used = |sequence: &Vec<u8>| used.iter().any(|both| both.starts_with(sequence));
        self.parameter_sets_of.keys().all(|id| pps_ids.contains(id)) && self.sps.iter().all(is_used)
    }

    /// The record with only the parameter sets that pictures with these `pps_id` use.
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

    /// The record for samples with NAL unit lengths of four bytes.
    #[must_use]
    pub fn with_four_byte_lengths(&self) -> Self {
        Self {
            framing: Framing::Lengths(4),
            ..self.clone()
        }
    }

    /// Whether a record has room for these parameter sets and an encoder's with an id of its own,
    /// and an id is left after that.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let unused = (1..32).filter(|id| !self.ids.contains(id));
        unused.count() > 1 && self.sps.len().max(self.pps.len()) < SETS_MAX
    }

    /// An unused id for the parameter sets of re-encoded pictures.
    #[must_use]
    pub fn unused_id(&self) -> Option<u32> {
        (1..32).find(|number| !self.ids.contains(number))
    }

    /// The profile that an encoder must stay within, by libx264's name.
    #[must_use]
    pub fn profile_name(&self) -> &'static str {
        match self.sps.iter().map(|set| set[1]).max() {
            Some(66) => "baseline",
            Some(77) => "main",
            _ => "high",
        }
    }

    /// Both parameter sets of a picture with this `pps_id`, concatenated.
    #[must_use]
    pub fn parameter_sets_of(&self, number: u32) -> Option<&[u8]> {
        self.parameter_sets_of.get(&number).map(Vec::as_slice)
    }

    /// The record of a release with these parameter sets and those of `encoder`, for NAL unit
    /// lengths of four bytes. `None` when there are too many.
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

    /// The parameter sets of an encoder, from a byte stream.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_annex_b(annex_b: &[u8]) -> Result<Self, CopyRefusal> {
        Self::from_units(annex_b, Framing::Lengths(4))
    }

    fn from_units(annex_b: &[u8], framing: Framing) -> Result<Self, CopyRefusal> {
        let of_kind = |kind: u8| -> Vec<Vec<u8>> {
            let mut found: Vec<Vec<u8>> = Vec::new();
            for unit in annex_b::units(annex_b).filter(|unit| nal::kind(unit) == Some(kind)) {
                // Cameras repeat them within a packet.
                if !found.iter().any(|known| known == unit) {
                    found.push(unit.to_vec());
                }
            }
            found
        };
        let (sps, pps) = (of_kind(nal::SPS), of_kind(nal::PPS));
        // The same rule as for a record, so that what is accepted here can be written and read
        // again.
        for (sets, least) in [(&sps, SPS_BYTES_MIN), (&pps, PPS_BYTES_MIN)] {
            let fits = (1..=SETS_MAX).contains(&sets.len());
            if !fits || sets.iter().any(|set| set.len() < least) {
                return Err(CopyRefusal::Record("malformed"));
            }
        }
        Self::of_sets(framing, sps, pps)
    }

    /// The parameter sets as NAL units preceded by lengths of four bytes.
    #[must_use]
    pub fn as_nal_units(&self) -> Vec<u8> {
        let mut units = Vec::new();
        for set in self.sps.iter().chain(&self.pps) {
            nal::push(&mut units, set);
        }
        units
    }

    /// Whether a NAL unit is one of the parameter sets.
    #[must_use]
    pub fn has_set(&self, unit: &[u8]) -> bool {
        self.sps.iter().chain(&self.pps).any(|set| set == unit)
    }

    /// Parses the slice of one sample to its last bit; returns the bit after its end.
    ///
    /// # Errors
    /// The first data that are not accounted for, or a packet that is not one slice of a picture.
    pub fn account(&self, packet: &[u8], workspace: &mut Workspace) -> Result<Mark, Unaccounted> {
        let mut slices = nal::units(packet, self.framing)
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

    /// What the slice of a sample says about when its picture is shown; `None` where that cannot be
    /// computed.
    #[must_use]
    pub fn order_fields(&self, packet: &[u8]) -> Option<OrderFields> {
        let mut slices = nal::units(packet, self.framing).flatten();
        let slice = slices.find(|unit| nal::is_slice(unit))?;
        let parameters = self.parameters.get(&SliceStart::read(slice)?.pps_id)?;
        OrderFields::read(slice, parameters)
    }

    /// Checks that a sample is one picture and holds nothing that a release must not have.
    ///
    /// # Errors
    /// The reason why it cannot be copied.
    pub fn access_unit(&self, packet: &[u8]) -> Result<AccessUnit, CopyRefusal> {
        let is_byte_stream = self.framing == Framing::StartCodes;
        if is_byte_stream && annex_b::before_first_unit(packet).any(|byte| byte != 0) {
            return Err(CopyRefusal::Before);
        }
        let mut found = AccessUnit::default();
        let mut slices = 0;
        for unit in nal::units(packet, self.framing) {
            let unit = unit.ok_or(CopyRefusal::Cut)?;
            let Some(header) = unit.first() else {
                return Err(CopyRefusal::Cut);
            };
            match header & 0x1f {
                // Decoders ignore what follows, and a release must not have it.
                1 | 5 if nal::has_start_code(unit) => return Err(CopyRefusal::StartCode),
                kind @ (1 | 5) => {
                    let start = SliceStart::read(unit).ok_or(CopyRefusal::Picture)?;
                    let set = start.pps_id;
                    // Decoders show only one of overlapping slices, so a picture must be one slice.
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
                // Only those of a byte stream are removed, so that nothing of it is repeated.
                7 | 8 if self.has_set(unit) && is_byte_stream => {}
                7 | 8 if self.has_set(unit) => found.repeated_sets.push(unit.to_vec()),
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

/// What a sample holds in addition to one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// Whether it is an IDR picture.
    pub is_idr: bool,
    /// Picture parameter sets in use.
    pub pps_ids: Vec<u32>,
    /// SEI NAL units, which are removed.
    pub sei: u32,
    /// Filler data NAL units, which are removed.
    pub filler: u32,
    /// Parameter sets of the record that it repeats, as coded.
    pub repeated_sets: Vec<Vec<u8>>,
}

/// The sample's NAL units without SEI and filler data, each preceded by its length in four bytes.
///
/// Of a byte stream, only slices are left: what delimits pictures and repeats parameter sets there
/// is the container's task in MP4.
#[must_use]
pub fn picture_nal_units(packet: &[u8], framing: Framing) -> Vec<u8> {
    let mut found = Vec::with_capacity(packet.len() + 16);
    for unit in nal::units(packet, framing).flatten() {
        let is_needed = match framing {
            Framing::Lengths(_) => !matches!(nal::kind(unit), None | Some(nal::SEI | nal::FILLER)),
            Framing::StartCodes => nal::is_slice(unit),
        };
        if is_needed {
            nal::push(&mut found, unit);
        }
    }
    found
}

/// The NAL units of a byte stream without SEI, each preceded by its length in four bytes.
#[must_use]
pub fn from_annex_b_without_sei(packet: &[u8]) -> Vec<u8> {
    let mut found = Vec::with_capacity(packet.len() + 16);
    for unit in annex_b::units(packet) {
        if unit.first().is_some_and(|header| header & 0x1f != 6) {
            nal::push(&mut found, unit);
        }
    }
    found
}

/// The parameter sets of an AVC configuration record, as far as it can be parsed.
#[must_use]
pub fn parameter_sets(record: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = record.get(5..).unwrap_or_default();
    // Sequence parameter sets, whose count shares its byte with three bits, then picture ones.
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

/// A counted list of parameter sets of one kind.
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
