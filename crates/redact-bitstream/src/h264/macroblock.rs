//! Macroblock syntax, for CAVLC and CABAC.
//!
//! Source: ITU-T H.264, 7.3.5 (`macroblock_layer`), tables 7-11 to 7-18 (types).

use super::rbsp::Unaccounted;
use super::slice_header::{Kind, Parameters, SliceHeader};

/// Bytes of a PCM macroblock: 16x16 of luma, twice 8x8 of chroma.
pub(super) const SAMPLE_BYTES: usize = 384;

/// The kind of a macroblock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MacroblockKind {
    /// Nothing is coded.
    #[default]
    Skipped,
    /// `B_Direct_16x16`.
    Direct,
    /// Inter prediction.
    Inter,
    /// `I_NxN`: intra prediction in blocks of 4x4 or 8x8.
    IntraBlocks,
    /// `I_16x16`: intra prediction of the whole macroblock.
    Intra16x16,
    /// `I_PCM`: raw samples.
    Pcm,
}

/// All coded-block flags.
pub(super) const ALL_CODED: u32 = 0x07ff_ffff;

/// What parsing its neighbors needs from a macroblock. Blocks of 4x4 are numbered row by row: 16 of
/// luma, four of Cb, four of Cr.
#[derive(Clone, Copy, Default)]
pub(super) struct Macroblock {
    pub(super) kind: MacroblockKind,
    pub(super) is_transform_8x8: bool,
    /// `CodedBlockPatternLuma`: one bit per quarter.
    pub(super) pattern: u8,
    /// `CodedBlockPatternChroma`.
    pub(super) chroma: u8,
    /// Whether `intra_chroma_pred_mode` is not 0.
    pub(super) has_chroma_mode: bool,
    /// CABAC's `coded_block_flag`, one bit per block of 4x4, and one each for the DC of luma (24)
    /// and of both chromas (25, 26).
    pub(super) coded: u32,
    /// CAVLC's `total_coeff` per block.
    pub(super) counts: [u8; 24],
    /// Per list one bit for each quarter whose `ref_idx` is not 0.
    pub(super) references: [u8; 2],
    /// Per list and block of 4x4: how large `mvd` is, horizontally and vertically.
    pub(super) vectors: [[[u8; 2]; 16]; 2],
}

impl Macroblock {
    pub(super) const fn is_intra(&self) -> bool {
        matches!(
            self.kind,
            MacroblockKind::IntraBlocks | MacroblockKind::Intra16x16 | MacroblockKind::Pcm
        )
    }

    /// A PCM macroblock, for its neighbors.
    const PCM: Self = Self {
        kind: MacroblockKind::Pcm,
        is_transform_8x8: false,
        pattern: 15,
        chroma: 2,
        has_chroma_mode: false,
        coded: ALL_CODED,
        counts: [16; 24],
        references: [0; 2],
        vectors: [[[0; 2]; 16]; 2],
    };
}

/// The macroblocks to the left of one and above it, if there are any.
#[derive(Clone, Copy)]
pub(super) struct Near<'a> {
    pub(super) left: Option<&'a Macroblock>,
    pub(super) above: Option<&'a Macroblock>,
}

impl Near<'_> {
    /// How many of the two exist and satisfy `is`.
    #[inline]
    pub(super) fn count(&self, is: impl Fn(&Macroblock) -> bool) -> usize {
        usize::from(self.left.is_some_and(&is)) + usize::from(self.above.is_some_and(&is))
    }
}

/// A macroblock partition with its own motion vector, in blocks of 4x4.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Reads the syntax elements of a macroblock with CAVLC or CABAC.
pub(super) trait Elements {
    /// `mb_type`, relative to the slice type.
    fn macroblock_type(&mut self, near: Near<'_>) -> Result<u32, Unaccounted>;
    /// `sub_mb_type`.
    fn quarter_type(&mut self) -> Result<u32, Unaccounted>;
    /// `pcm_alignment_zero_bit` and the samples.
    fn samples(&mut self) -> Result<(), Unaccounted>;
    /// `transform_size_8x8_flag`.
    fn is_transform_8x8(&mut self, near: Near<'_>) -> bool;
    /// `prev_intra_pred_mode_flag` and `rem_intra_pred_mode` of `blocks` blocks.
    fn intra_modes(&mut self, blocks: u32);
    /// Whether `intra_chroma_pred_mode` is not 0.
    fn has_chroma_mode(&mut self, near: Near<'_>) -> Result<bool, Unaccounted>;
    /// Whether `ref_idx` of `list` is not 0 in a part that begins in quarter `quarter`.
    fn reference(
        &mut self,
        near: Near<'_>,
        current: &Macroblock,
        list: usize,
        quarter: usize,
    ) -> Result<bool, Unaccounted>;
    /// The size of `mvd` of `list` in a part that begins in the block at `x` and `y`.
    fn vector(
        &mut self,
        near: Near<'_>,
        current: &Macroblock,
        list: usize,
        at: (usize, usize),
    ) -> Result<[u8; 2], Unaccounted>;
    /// `coded_block_pattern`: luma and chroma.
    fn pattern(&mut self, near: Near<'_>, current: &Macroblock) -> Result<(u8, u8), Unaccounted>;
    /// `mb_qp_delta`.
    fn quantizer(&mut self) -> Result<(), Unaccounted>;
    /// Notes that a macroblock has no `mb_qp_delta`.
    fn no_quantizer(&mut self);
    /// `residual`.
    fn residual(&mut self, near: Near<'_>, current: &mut Macroblock) -> Result<(), Unaccounted>;
}

/// Lists that are used, one bit each.
type Lists = u8;

/// Lists of both parts of types 4 to 21 of B slices, two types each: parts above each other, and
/// side by side. Source: table 7-14.
const TWO_PARTS: [[Lists; 2]; 9] = [
    [1, 1],
    [2, 2],
    [1, 2],
    [2, 1],
    [1, 3],
    [2, 3],
    [3, 1],
    [3, 2],
    [3, 3],
];

/// Parts of a quarter in P slices: width and height of each. Source: table 7-17.
const QUARTER_P: [(usize, usize); 4] = [(2, 2), (2, 1), (1, 2), (1, 1)];

/// Lists and partitions of a sub-macroblock in B slices, direct ones first. Source: table 7-18.
const QUARTER_B: [(Lists, (usize, usize)); 13] = [
    (0, (2, 2)),
    (1, (2, 2)),
    (2, (2, 2)),
    (3, (2, 2)),
    (1, (2, 1)),
    (1, (1, 2)),
    (2, (2, 1)),
    (2, (1, 2)),
    (3, (2, 1)),
    (3, (1, 2)),
    (1, (1, 1)),
    (2, (1, 1)),
    (3, (1, 1)),
];

/// Number of macroblock types of a slice type, before those of I slices.
const fn own_types(kind: Kind) -> u32 {
    match kind {
        Kind::P => 5,
        Kind::B => 23,
        Kind::I => 0,
    }
}

/// Reads a macroblock that is not skipped.
pub(super) fn read<E: Elements>(
    elements: &mut E,
    (parameters, slice): (&Parameters, &SliceHeader),
    near: Near<'_>,
) -> Result<Macroblock, Unaccounted> {
    let number = elements.macroblock_type(near)?;
    let mut current = Macroblock::default();
    // Whether `transform_size_8x8_flag` may follow the coded block pattern.
    let mut may_transform = parameters.has_transform_8x8;
    match number.checked_sub(own_types(slice.kind)) {
        Some(25) => {
            elements.samples()?;
            elements.no_quantizer();
            return Ok(Macroblock::PCM);
        }
        Some(intra) => {
            intra_prediction(elements, parameters, intra, near, &mut current)?;
            may_transform = false;
        }
        None if slice.kind == Kind::B && number == 0 => {
            current.kind = MacroblockKind::Direct;
            may_transform &= parameters.direct_8x8_inference;
        }
        None => {
            current.kind = MacroblockKind::Inter;
            let mut parts = Parts {
                elements,
                slice,
                near,
            };
            match (slice.kind, number) {
                (Kind::P, 3 | 4) | (Kind::B, 22) => {
                    let is_first = slice.kind == Kind::P && number == 4;
                    let is_whole =
                        parts.quarters(&mut current, is_first, parameters.direct_8x8_inference)?;
                    may_transform &= is_whole;
                }
                (Kind::P, number) => parts.halves(&mut current, number, [1, 1])?,
                (_, number @ 1..=3) => {
                    let lists = u8::try_from(number).unwrap_or(3);
                    parts.halves(&mut current, 0, [lists, lists])?;
                }
                (_, number) => {
                    let lists = TWO_PARTS.get((number as usize - 4) / 2);
                    let lists = lists.ok_or(Unaccounted::Syntax)?;
                    parts.halves(&mut current, 1 + number % 2, *lists)?;
                }
            }
        }
    }
    if current.kind != MacroblockKind::Intra16x16 {
        (current.pattern, current.chroma) = elements.pattern(near, &current)?;
        if may_transform && current.pattern > 0 {
            current.is_transform_8x8 = elements.is_transform_8x8(near);
        }
    }
    let is_whole = current.kind == MacroblockKind::Intra16x16;
    if current.pattern > 0 || current.chroma > 0 || is_whole {
        elements.quantizer()?;
        elements.residual(near, &mut current)?;
    } else {
        elements.no_quantizer();
    }
    Ok(current)
}

/// `mb_pred` of an intra macroblock, by its type in I slices.
fn intra_prediction<E: Elements>(
    elements: &mut E,
    parameters: &Parameters,
    number: u32,
    near: Near<'_>,
    current: &mut Macroblock,
) -> Result<(), Unaccounted> {
    if number == 0 {
        current.kind = MacroblockKind::IntraBlocks;
        current.is_transform_8x8 = parameters.has_transform_8x8 && elements.is_transform_8x8(near);
        elements.intra_modes(if current.is_transform_8x8 { 4 } else { 16 });
    } else if number < 25 {
        // Four modes, three patterns of chroma, without luma and with it.
        current.kind = MacroblockKind::Intra16x16;
        current.chroma = u8::try_from((number - 1) / 4 % 3).unwrap_or(0);
        current.pattern = if number > 12 { 15 } else { 0 };
    } else {
        return Err(Unaccounted::Syntax);
    }
    current.has_chroma_mode = elements.has_chroma_mode(near)?;
    Ok(())
}

/// Reads the motion data of a macroblock.
struct Parts<'a, E> {
    elements: &'a mut E,
    slice: &'a SliceHeader,
    near: Near<'a>,
}

impl<E: Elements> Parts<'_, E> {
    /// `mb_pred` of a macroblock in one partition (shape 0), two on top of each other (1) or side
    /// by side.
    fn halves(
        &mut self,
        current: &mut Macroblock,
        shape: u32,
        lists: [Lists; 2],
    ) -> Result<(), Unaccounted> {
        let part = |x, y, width, height| Part {
            x,
            y,
            width,
            height,
        };
        let parts: &[Part] = match shape {
            0 => &[part(0, 0, 4, 4)],
            1 => &[part(0, 0, 4, 2), part(0, 2, 4, 2)],
            _ => &[part(0, 0, 2, 4), part(2, 0, 2, 4)],
        };
        for list in 0..2 {
            for (part, lists) in parts.iter().zip(lists) {
                if lists >> list & 1 == 0 || self.slice.references[list] == 0 {
                    continue;
                }
                let quarter = part.y + part.x / 2;
                if self.elements.reference(self.near, current, list, quarter)? {
                    current.references[list] |= match (shape, quarter) {
                        (0, _) => 0b1111,
                        (1, quarter) => 0b11 << quarter,
                        (_, quarter) => 0b101 << quarter,
                    };
                }
            }
        }
        for list in 0..2 {
            for (part, lists) in parts.iter().zip(lists) {
                if lists >> list & 1 == 1 {
                    self.vector(current, list, *part)?;
                }
            }
        }
        Ok(())
    }

    /// `sub_mb_pred`. With `is_first` every reference index is 0. Returns whether an 8x8 transform
    /// is allowed.
    fn quarters(
        &mut self,
        current: &mut Macroblock,
        is_first: bool,
        direct_8x8_inference: bool,
    ) -> Result<bool, Unaccounted> {
        let mut quarters = [(0, (2, 2)); 4];
        let mut is_whole = true;
        for quarter in &mut quarters {
            let number = self.elements.quarter_type()? as usize;
            let found = match self.slice.kind {
                Kind::B => QUARTER_B.get(number).copied(),
                _ => QUARTER_P.get(number).map(|size| (1, *size)),
            };
            *quarter = found.ok_or(Unaccounted::Syntax)?;
            is_whole &= match quarter.0 {
                0 => direct_8x8_inference,
                _ => quarter.1 == (2, 2),
            };
        }
        for list in 0..2 {
            if is_first || self.slice.references[list] == 0 {
                continue;
            }
            for (at, (lists, _)) in quarters.iter().enumerate() {
                if lists >> list & 1 == 1
                    && self.elements.reference(self.near, current, list, at)?
                {
                    current.references[list] |= 1 << at;
                }
            }
        }
        for list in 0..2 {
            for (at, (lists, (width, height))) in quarters.iter().enumerate() {
                if lists >> list & 1 == 0 {
                    continue;
                }
                for y in (0..2).step_by(*height) {
                    for x in (0..2).step_by(*width) {
                        let part = Part {
                            x: at % 2 * 2 + x,
                            y: at / 2 * 2 + y,
                            width: *width,
                            height: *height,
                        };
                        self.vector(current, list, part)?;
                    }
                }
            }
        }
        Ok(is_whole)
    }

    fn vector(
        &mut self,
        current: &mut Macroblock,
        list: usize,
        part: Part,
    ) -> Result<(), Unaccounted> {
        let at = (part.x, part.y);
        let size = self.elements.vector(self.near, current, list, at)?;
        for y in part.y..part.y + part.height {
            for x in part.x..part.x + part.width {
                current.vectors[list][y * 4 + x] = size;
            }
        }
        Ok(())
    }
}

/// The row-by-row number of luma block `i` of 4x4, which is counted quarter by quarter.
pub(super) const fn luma_block(i: usize) -> usize {
    let (quarter, block) = (i / 4, i % 4);
    let (x, y) = (quarter % 2 * 2 + block % 2, quarter / 2 * 2 + block / 2);
    y * 4 + x
}
