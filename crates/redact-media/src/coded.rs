//! Coded H.264 as MP4 keeps it: units behind lengths, parameter sets in the header.
//!
//! Everything that may be copied into a release is looked at here, unit by unit. What is not known
//! to be a picture is taken out ([`UnitKind::Message`]) or keeps its group from being copied.
//! What lies inside a slice behind its header is not looked at.
//!
//! Source: ITU-T H.264, 7.3 and 7.4; ISO/IEC 14496-15, 5.3 (the header, `avcC`).

use std::collections::BTreeMap;

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::{ChromaFormat, FrameCropping, FrameMbsFlags, SeqParameterSet};
use h264_reader::nal::{Nal as _, RefNal};
use h264_reader::rbsp::BitRead as _;

use crate::h264::{Mark, Parameters, Unaccounted, Workspace, account};
use crate::leak::units::has_start;

/// Parameter sets of a stream; cameras have one or two.
const SETS_MAX: usize = 8;

/// Profiles that are copied: Baseline, Main and High. Source: H.264, A.2.
const PROFILES: [u8; 3] = [66, 77, 100];

/// Bytes of a slice that hold the first three numbers of its header: five each at most, and an
/// escape for every third.
const SLICE_HEAD: usize = 24;

/// Pairs of samples along a macroblock: cropping counts in them.
const MACROBLOCK_PAIRS: u32 = 8;

/// Why coded pictures cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Odd {
    #[error("its header is not one that is understood ({0})")]
    Header(&'static str),
    #[error("its pictures are coded as fields")]
    Fields,
    #[error("its profile (number {0}) is not one that is copied")]
    Profile(u8),
    #[error("a part of its pictures is cut off")]
    Cropped,
    #[error("it has redundant or scattered slices")]
    Slices,
    #[error("a packet holds a unit of type {0}")]
    Unit(u8),
    #[error("a packet holds parameters that are not those of the header")]
    Parameters,
    #[error("a packet does not hold exactly one picture")]
    Picture,
    #[error("its pictures have several slices")]
    SeveralSlices,
    #[error("a packet ends within a unit")]
    Cut,
    #[error("a unit ends before its length")]
    Start,
}

/// What a stream's header says: how units are counted, and how pictures are decoded.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Bytes of a unit's length, 1 to 4.
    pub(crate) length_bytes: usize,
    /// Sequence parameter sets, as coded.
    sequences: Vec<Vec<u8>>,
    /// Picture parameter sets, as coded.
    pictures: Vec<Vec<u8>>,
    /// What decodes a slice, by the number of its picture parameter set.
    decoded_with: BTreeMap<u32, Vec<u8>>,
    /// How slices are walked, by the same number.
    parameters: BTreeMap<u32, Parameters>,
    /// Numbers of parameter sets of both kinds.
    numbers: Vec<u32>,
    /// Pictures that a decoder keeps for later.
    pub(crate) kept_pictures: u32,
    /// Whether rows or columns of the coded pictures are not shown.
    pub(crate) is_cropped: bool,
}

impl Header {
    /// Reads an `avcC`. Every parameter set must be understood to its last bit.
    pub(crate) fn read(record: &[u8]) -> Result<Self, Odd> {
        let bad = Odd::Header("it does not fit");
        let (head, rest) = record.split_at_checked(5).ok_or(bad.clone())?;
        if head[0] != 1 {
            return Err(Odd::Header("it is of another version"));
        }
        let (sequences, rest) = sets(rest, 0x1f, 7).ok_or(bad.clone())?;
        let (pictures, rest) = sets(rest, 0xff, 8).ok_or(bad.clone())?;
        // High profiles add four bytes: color format, two depths, and no extensions.
        if !(rest.is_empty() || rest.len() == 4 && rest[3] == 0) {
            return Err(Odd::Header("something is behind it"));
        }
        let mut header = Self {
            length_bytes: usize::from(head[4] & 3) + 1,
            sequences,
            pictures,
            decoded_with: BTreeMap::new(),
            parameters: BTreeMap::new(),
            numbers: Vec::new(),
            kept_pictures: 0,
            is_cropped: false,
        };
        header.understand()?;
        Ok(header)
    }

    /// Fills in what follows from the parameter sets.
    fn understand(&mut self) -> Result<(), Odd> {
        let twice = Odd::Header("two parameter sets of one number");
        let mut context = Context::new();
        let mut sequences = BTreeMap::new();
        for coded in &self.sequences {
            let set = SeqParameterSet::from_bits(RefNal::new(coded, &[], true).rbsp_bits())
                .map_err(|_| Odd::Header("a sequence parameter set"))?;
            check_sequence(&set, coded[1])?;
            let restrictions = set
                .vui_parameters
                .as_ref()
                .and_then(|vui| vui.bitstream_restrictions.as_ref())
                .map_or(0, |found| found.max_dec_frame_buffering);
            let kept = set.max_num_ref_frames.max(restrictions);
            self.kept_pictures = self.kept_pictures.max(kept);
            self.is_cropped |= set.frame_cropping.is_some();
            let number = u32::from(set.id().id());
            if sequences.insert(number, coded).is_some() {
                return Err(twice);
            }
            context.put_seq_param_set(set);
        }
        for coded in &self.pictures {
            let odd = || Odd::Header("a picture parameter set");
            let bits = RefNal::new(coded, &[], true).rbsp_bits();
            let set = PicParameterSet::from_bits(&context, bits).map_err(|_| odd())?;
            if set.slice_groups.is_some() || set.redundant_pic_cnt_present_flag {
                return Err(Odd::Slices);
            }
            let id = set.seq_parameter_set_id;
            let known = context.sps_by_id(id).ok_or_else(odd)?;
            let parameters = Parameters::new(known, &set).ok_or(Odd::Slices)?;
            let sequence = sequences.get(&u32::from(id.id())).ok_or_else(odd)?;
            let number = u32::from(set.pic_parameter_set_id.id());
            let both = [sequence.as_slice(), coded].concat();
            if self.decoded_with.insert(number, both).is_some() {
                return Err(twice);
            }
            self.parameters.insert(number, parameters);
        }
        self.numbers = sequences.into_keys().collect();
        self.numbers.extend(self.decoded_with.keys());
        Ok(())
    }

    /// The same for packets whose units stand behind lengths of four bytes.
    pub(crate) fn with_long_lengths(&self) -> Self {
        Self {
            length_bytes: 4,
            ..self.clone()
        }
    }

    /// A number that no parameter set has, for the sets of re-encoded pictures.
    pub(crate) fn free_number(&self) -> Option<u32> {
        (1..32).find(|number| !self.numbers.contains(number))
    }

    /// The profile that an encoder is to keep to, as libx264 names it.
    pub(crate) fn profile_name(&self) -> &'static str {
        match self.sequences.iter().map(|set| set[1]).max() {
            Some(66) => "baseline",
            Some(77) => "main",
            _ => "high",
        }
    }

    /// Both parameter sets that a picture with set `number` is decoded with.
    pub(crate) fn decoded_with(&self, number: u32) -> Option<&[u8]> {
        self.decoded_with.get(&number).map(Vec::as_slice)
    }

    /// The header of a release that has these parameter sets and those of `encoder`, units behind
    /// lengths of four bytes. `None` when there are too many.
    pub(crate) fn joined_with(&self, encoder: Option<&Self>) -> Option<Vec<u8>> {
        let more = |kind: fn(&Self) -> &Vec<Vec<u8>>| -> Vec<&Vec<u8>> {
            kind(self)
                .iter()
                .chain(encoder.into_iter().flat_map(kind))
                .collect()
        };
        let (sequences, pictures) = (more(|h| &h.sequences), more(|h| &h.pictures));
        let profile = sequences.iter().map(|set| set[1]).max()?;
        let flags = sequences.iter().fold(0xff, |flags, set| flags & set[2]);
        let level = sequences.iter().map(|set| set[3]).max()?;
        let mut record = vec![1, profile, flags, level, 0xff];
        for (sets, reserved) in [(sequences, 0xe0), (pictures, 0)] {
            record.push(u8::try_from(sets.len()).ok().filter(|count| *count < 32)? | reserved);
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

    /// The parameter sets of an encoder's header in Annex B.
    pub(crate) fn of_encoder(annex_b: &[u8]) -> Result<Self, Odd> {
        let of_kind = |kind: u8| -> Vec<Vec<u8>> {
            annex_b_units(annex_b)
                .filter(|unit| unit.first().is_some_and(|header| header & 0x1f == kind))
                .map(<[u8]>::to_vec)
                .collect()
        };
        let mut header = Self {
            length_bytes: 4,
            sequences: of_kind(7),
            pictures: of_kind(8),
            decoded_with: BTreeMap::new(),
            parameters: BTreeMap::new(),
            numbers: Vec::new(),
            kept_pictures: 0,
            is_cropped: false,
        };
        if header.sequences.iter().any(|set| set.len() < 4) {
            return Err(Odd::Header("it does not fit"));
        }
        header.understand()?;
        Ok(header)
    }

    /// The parameter sets as units behind lengths of four bytes.
    pub(crate) fn as_units(&self) -> Vec<u8> {
        let mut units = Vec::new();
        for set in self.sequences.iter().chain(&self.pictures) {
            push_unit(&mut units, set);
        }
        units
    }

    fn has_set(&self, unit: &[u8]) -> bool {
        self.sequences
            .iter()
            .chain(&self.pictures)
            .any(|set| set == unit)
    }

    /// Walks through the slice of one packet to its last bit; gives what follows it.
    ///
    /// # Errors
    /// What is not accounted for, or a packet that is not one slice of a picture.
    pub(crate) fn account(
        &self,
        packet: &[u8],
        workspace: &mut Workspace,
    ) -> Result<Mark, Unaccounted> {
        let is_slice = |unit: &&[u8]| matches!(unit.first().map(|byte| byte & 0x1f), Some(1 | 5));
        let mut slices = units(packet, self.length_bytes).flatten().filter(is_slice);
        let (Some(slice), None) = (slices.next(), slices.next()) else {
            return Err(Unaccounted::Syntax);
        };
        let (_, set) = slice_head(slice).ok_or(Unaccounted::Syntax)?;
        let parameters = self.parameters.get(&set).ok_or(Unaccounted::Syntax)?;
        account(slice, parameters, workspace)
    }

    /// Looks through one packet.
    pub(crate) fn packet(&self, packet: &[u8]) -> Result<Looked, Odd> {
        let mut looked = Looked::default();
        let mut slices = 0;
        for unit in units(packet, self.length_bytes) {
            let unit = unit.ok_or(Odd::Cut)?;
            let Some(header) = unit.first() else {
                return Err(Odd::Cut);
            };
            match header & 0x1f {
                // What follows is not decoded, and a release may not carry it.
                1 | 5 if has_start(unit) => return Err(Odd::Start),
                kind @ (1 | 5) => {
                    let (macroblock, set) = slice_head(unit).ok_or(Odd::Picture)?;
                    // Of slices that overlap a decoder shows one: a release's picture is one.
                    if macroblock != 0 {
                        return Err(Odd::SeveralSlices);
                    }
                    slices += 1;
                    if self.decoded_with(set).is_none() {
                        return Err(Odd::Parameters);
                    }
                    looked.is_idr = kind == 5;
                    if !looked.sets.contains(&set) {
                        looked.sets.push(set);
                    }
                }
                6 => looked.messages += 1,
                7 | 8 if self.has_set(unit) => looked.repeats_sets = true,
                7 | 8 => return Err(Odd::Parameters),
                // A delimiter: three bits that name kinds of slices, and the stop bit.
                9 if unit.len() == 2 && unit[1] & 0x1f == 0x10 => {}
                12 => looked.fillers += 1,
                kind => return Err(Odd::Unit(kind)),
            }
        }
        if slices == 1 {
            Ok(looked)
        } else {
            Err(Odd::Picture)
        }
    }
}

fn check_sequence(set: &SeqParameterSet, profile: u8) -> Result<(), Odd> {
    if !matches!(set.frame_mbs_flags, FrameMbsFlags::Frames) {
        return Err(Odd::Fields);
    }
    if !PROFILES.contains(&profile) {
        return Err(Odd::Profile(profile));
    }
    // Less than a macroblock, at the right and below, as a release may have it.
    let is_thin = |cut: &FrameCropping| {
        cut.left_offset == 0
            && cut.top_offset == 0
            && cut.right_offset < MACROBLOCK_PAIRS
            && cut.bottom_offset < MACROBLOCK_PAIRS
    };
    if !set.frame_cropping.as_ref().is_none_or(is_thin) {
        return Err(Odd::Cropped);
    }
    let chroma = &set.chroma_info;
    let plain = chroma.chroma_format == ChromaFormat::YUV420
        && chroma.bit_depth_luma_minus8 == 0
        && chroma.bit_depth_chroma_minus8 == 0;
    if plain {
        Ok(())
    } else {
        Err(Odd::Header("it is not 8-bit 4:2:0"))
    }
}

/// What a packet holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Whether a decoder can start here and forgets everything before.
    pub(crate) is_idr: bool,
    /// Numbers of the parameter sets in use.
    pub(crate) sets: Vec<u32>,
    /// Units of messages (SEI), which are taken out.
    pub(crate) messages: u32,
    /// Units of filler, which are taken out.
    pub(crate) fillers: u32,
    /// Whether parameter sets of the header stand here again.
    pub(crate) repeats_sets: bool,
}

/// The packet's units without messages and fillers, behind lengths of four bytes.
pub(crate) fn kept(packet: &[u8], length_bytes: usize) -> Vec<u8> {
    let mut kept = Vec::with_capacity(packet.len() + 16);
    for unit in units(packet, length_bytes).flatten() {
        let is_kept = |header: &u8| !matches!(header & 0x1f, 6 | 12);
        if unit.first().is_some_and(is_kept) {
            push_unit(&mut kept, unit);
        }
    }
    kept
}

/// A packet in Annex B without messages, its units behind lengths of four bytes.
pub(crate) fn kept_of_annex_b(packet: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(packet.len() + 16);
    for unit in annex_b_units(packet) {
        if unit.first().is_some_and(|header| header & 0x1f != 6) {
            push_unit(&mut kept, unit);
        }
    }
    kept
}

fn push_unit(kept: &mut Vec<u8>, unit: &[u8]) {
    let length = u32::try_from(unit.len()).expect("a packet is smaller than 4 GiB");
    kept.extend_from_slice(&length.to_be_bytes());
    kept.extend_from_slice(unit);
}

/// The units of a packet; `None` for what is cut.
pub(crate) fn units(mut packet: &[u8], length_bytes: usize) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        if packet.is_empty() {
            return None;
        }
        let unit = packet
            .split_at_checked(length_bytes)
            .and_then(|(length, rest)| {
                let length = length
                    .iter()
                    .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                rest.split_at_checked(length)
            });
        packet = unit.map_or(&[], |(_, rest)| rest);
        Some(unit.map(|(unit, _)| unit))
    })
}

/// The units of a packet in Annex B, without the zeros that end some.
pub(crate) fn annex_b_units(packet: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = crate::sink::unit_starts(packet);
    (0..starts.len()).map(move |i| {
        let end = starts.get(i + 1).map_or(packet.len(), |(code, _)| *code);
        let unit = &packet[starts[i].1..end];
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        &unit[..unit.len() - zeros]
    })
}

/// The parameter sets of an `avcC`, as far as they can be told.
pub(crate) fn parameter_sets(record: &[u8]) -> Vec<&[u8]> {
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
        let least = if kind == 7 { 4 } else { 2 };
        if set.len() < least || set[0] & 0x1f != kind {
            return None;
        }
        found.push(set.to_vec());
        rest = behind;
    }
    (1..=SETS_MAX).contains(&count).then_some((found, rest))
}

/// A slice's first macroblock and the number of its picture parameter set.
fn slice_head(unit: &[u8]) -> Option<(u32, u32)> {
    let head = &unit[..unit.len().min(SLICE_HEAD)];
    let mut bits = RefNal::new(head, &[], true).rbsp_bits();
    let macroblock = bits.read_ue("first_mb_in_slice").ok()?;
    bits.read_ue("slice_type").ok()?;
    Some((macroblock, bits.read_ue("pic_parameter_set_id").ok()?))
}

#[cfg(test)]
mod tests;
