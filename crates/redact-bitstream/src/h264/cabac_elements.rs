//! Macroblock syntax elements in CABAC.
//!
//! Context indices are the standard's, except that those from 399 on follow 276.
//!
//! Source: ITU-T H.264, 7.3.5 (syntax), 9.3.2 (binarization), 9.3.3.1 (contexts), table 9-34 (where
//! the contexts of an element begin), tables 9-40 and 9-43 (blocks).

use super::cabac::Arithmetic;
use super::macroblock::{
    ALL_CODED, Elements, Macroblock, MacroblockKind, Near, SAMPLE_BYTES, luma_block,
};
use super::rbsp::{Bits, Unaccounted};
use super::slice_header::{Kind, SliceHeader};

/// The first context of an element.
const TYPE_I: usize = 3;
const SKIP_P: usize = 11;
const TYPE_P: usize = 14;
const TYPE_P_INTRA: usize = 17;
const QUARTER_P: usize = 21;
const SKIP_B: usize = 24;
const TYPE_B: usize = 27;
const TYPE_B_INTRA: usize = 32;
const QUARTER_B: usize = 36;
const VECTOR: [usize; 2] = [40, 47];
const REFERENCE: usize = 54;
const QUANTIZER: usize = 60;
const CHROMA_MODE: usize = 64;
const INTRA_MODE: usize = 68;
const PATTERN_LUMA: usize = 73;
const PATTERN_CHROMA: usize = 77;
const CODED: usize = 85;
const SIGNIFICANT: usize = 105;
const LAST: usize = 166;
const LEVEL: usize = 227;
const TRANSFORM_8X8: usize = above(399);
const SIGNIFICANT_8X8: usize = above(402);
const LAST_8X8: usize = above(417);
const LEVEL_8X8: usize = above(426);

const fn above(context: usize) -> usize {
    context - 122
}

/// Steps of `mb_qp_delta` in one direction and back: -26 to 25.
const QUANTIZER_STEPS: u32 = 52;

/// Larger motion vector differences have the same effect on neighbors.
const VECTOR_SIZE_MAX: u32 = 100;

/// Contexts of `significant_coeff_flag` and `last_significant_coeff_flag` by the position
/// of a coefficient in a block of 8x8. Source: table 9-43, pictures coded as frames.
#[rustfmt::skip]
const PLACE_SIGNIFICANT: [u8; 63] = [
    0, 1, 2, 3, 4, 5, 5, 4, 4, 3, 3, 4, 4, 4, 5, 5, 4, 4, 4, 4, 3, 3, 6, 7, 7, 7, 8, 9, 10, 9, 8, 7,
    7, 6, 11, 12, 13, 11, 6, 7, 8, 9, 14, 10, 9, 8, 6, 11, 12, 13, 11, 6, 9, 14, 10, 9, 11, 12, 13,
    11, 14, 10, 12,
];
#[rustfmt::skip]
const PLACE_LAST: [u8; 63] = [
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8,
];

/// A kind of block (`ctxBlockCat`).
#[derive(Clone, Copy)]
struct Block {
    /// Offset of its contexts (`ctxBlockCatOffset`).
    coded: usize,
    significant: usize,
    level: usize,
    /// Most coefficients.
    most: usize,
}

const LUMA_DC: Block = Block {
    coded: 0,
    significant: 0,
    level: 0,
    most: 16,
};
const LUMA_AC: Block = Block {
    coded: 4,
    significant: 15,
    level: 10,
    most: 15,
};
const LUMA: Block = Block {
    coded: 8,
    significant: 29,
    level: 20,
    most: 16,
};
const CHROMA_DC: Block = Block {
    coded: 12,
    significant: 44,
    level: 30,
    most: 4,
};
const CHROMA_AC: Block = Block {
    coded: 16,
    significant: 47,
    level: 39,
    most: 15,
};

/// Flags of the DC blocks in [`Macroblock::coded`].
const DC_LUMA: u32 = 24;
const DC_CHROMA: u32 = 25;

/// Reads elements in CABAC.
pub(super) struct Cabac<'a> {
    decoder: Arithmetic<'a>,
    bytes: &'a [u8],
    kind: Kind,
    references: [u32; 2],
    /// Whether the macroblock before had an `mb_qp_delta` other than 0.
    has_quantizer: bool,
}

impl<'a> Cabac<'a> {
    /// Starts after a slice header.
    pub(super) fn new(bits: &mut Bits<'a>, slice: &SliceHeader) -> Result<Self, Unaccounted> {
        bits.align(true)?;
        let (bytes, from) = (bits.bytes(), bits.at() / 8);
        Ok(Self {
            decoder: Arithmetic::new(bytes, from, slice.contexts, slice.quantizer),
            bytes,
            kind: slice.kind,
            references: slice.references,
            has_quantizer: false,
        })
    }

    /// `mb_skip_flag`.
    pub(super) fn is_skipped(&mut self, near: Near<'_>) -> bool {
        let first = if self.kind == Kind::B { SKIP_B } else { SKIP_P };
        let coded = near.count(|near| near.kind != MacroblockKind::Skipped);
        self.decoder.decision(first + coded)
    }

    /// `end_of_slice_flag`.
    pub(super) fn is_end(&mut self) -> bool {
        self.decoder.is_end()
    }

    /// Position after the last bit read; at the end, that was the stop bit.
    pub(super) const fn at(&self) -> usize {
        self.decoder.at()
    }

    /// Whether reading has passed the end.
    pub(super) const fn is_beyond(&self) -> bool {
        self.decoder.at() > self.bytes.len() * 8
    }

    /// The rest of a macroblock type of I slices whose first bin was not `I_NxN`, with these
    /// contexts. Source: tables 9-36 and 9-39.
    fn whole_type(&mut self, contexts: [usize; 5]) -> u32 {
        if self.decoder.is_end() {
            return 25;
        }
        let [luma, chroma, more, first, second] = contexts;
        let mut bin = |context: usize| u32::from(self.decoder.decision(context));
        let mut number = 1 + 12 * bin(luma);
        if bin(chroma) == 1 {
            number += 4 + 4 * bin(more);
        }
        number += 2 * bin(first);
        number + bin(second)
    }

    /// An intra macroblock type in a P or B slice, with contexts from `first` on.
    fn intra_type(&mut self, first: usize) -> u32 {
        if !self.decoder.decision(first) {
            return 0;
        }
        let [one, two, three] = [first + 1, first + 2, first + 3];
        self.whole_type([one, two, two, three, three])
    }

    fn type_b(&mut self, near: Near<'_>) -> u32 {
        let is_plain = |near: &Macroblock| {
            !matches!(near.kind, MacroblockKind::Skipped | MacroblockKind::Direct)
        };
        let first = TYPE_B + near.count(is_plain);
        let mut bin = |context: usize| u32::from(self.decoder.decision(context));
        if bin(first) == 0 {
            return 0;
        }
        if bin(TYPE_B + 3) == 0 {
            return 1 + bin(TYPE_B + 5);
        }
        let mut bits = bin(TYPE_B + 4) << 3;
        for bit in [2, 1, 0] {
            bits |= bin(TYPE_B + 5) << bit;
        }
        match bits {
            0..=7 => bits + 3,
            13 => 23 + self.intra_type(TYPE_B_INTRA),
            14 => 11,
            15 => 22,
            _ => (bits << 1 | bin(TYPE_B + 5)) - 4,
        }
    }

    /// A component of `mvd`, for the sum `near` of its neighbors' sizes. Source: 9.3.2.3 and
    /// 9.3.3.1.1.7.
    fn component(&mut self, first: usize, near: u32) -> Option<u8> {
        let context = match near {
            0..=2 => 0,
            3..=32 => 1,
            _ => 2,
        };
        if !self.decoder.decision(first + context) {
            return Some(0);
        }
        let mut size = 1;
        while size < 9 && self.decoder.decision(first + 6.min(2 + size as usize)) {
            size += 1;
        }
        if size == 9 {
            size += self.decoder.exp_golomb(3)?;
        }
        // The sign.
        self.decoder.bypass();
        u8::try_from(size.min(VECTOR_SIZE_MAX)).ok()
    }

    /// `residual_block_cabac` after its `coded_block_flag`. Contexts of a coefficient's position
    /// are `places` after the first ones.
    #[inline]
    fn coefficients(
        &mut self,
        [significant, last, level]: [usize; 3],
        most: usize,
        (ones_max, places): (usize, impl Fn(usize) -> [usize; 2]),
    ) -> Result<(), Unaccounted> {
        let mut count = 0;
        let mut is_last = false;
        for place in 0..most - 1 {
            let [at, at_last] = places(place);
            if self.decoder.decision(significant + at) {
                count += 1;
                if self.decoder.decision(last + at_last) {
                    is_last = true;
                    break;
                }
            }
        }
        // If none was marked as the last, the final coefficient is.
        count += usize::from(!is_last);
        let (mut ones, mut larger) = (0, 0);
        for _ in 0..count {
            let context = if larger > 0 { 0 } else { 4.min(1 + ones) };
            if self.decoder.decision(level + context) {
                let context = level + 5 + ones_max.min(larger);
                let mut size = 1;
                while size < 14 && self.decoder.decision(context) {
                    size += 1;
                }
                if size == 14 {
                    self.decoder.exp_golomb(0).ok_or(Unaccounted::Syntax)?;
                }
                larger += 1;
            } else {
                ones += 1;
            }
            // The sign.
            self.decoder.bypass();
        }
        Ok(())
    }

    /// A block, given whether its neighbors are coded. Returns whether it is coded.
    #[inline]
    fn block(&mut self, kind: Block, left: bool, above: bool) -> Result<bool, Unaccounted> {
        let context = CODED + kind.coded + usize::from(left) + 2 * usize::from(above);
        if !self.decoder.decision(context) {
            return Ok(false);
        }
        let first = [
            SIGNIFICANT + kind.significant,
            LAST + kind.significant,
            LEVEL + kind.level,
        ];
        if kind.most == CHROMA_DC.most {
            self.coefficients(first, kind.most, (3, |place: usize| [place.min(2); 2]))?;
        } else {
            self.coefficients(first, kind.most, (4, |place| [place; 2]))?;
        }
        Ok(true)
    }

    /// A 4x4 block of a component whose first block has number `first`, in `side` columns.
    #[inline]
    fn small_block(
        &mut self,
        kind: Block,
        (first, side): (usize, usize),
        block: usize,
        [left, above]: [u32; 2],
        coded: &mut u32,
    ) -> Result<(), Unaccounted> {
        let (x, y) = (block % side, block / side);
        let is_coded = |flags: u32, x: usize, y: usize| flags >> (first + y * side + x) & 1 == 1;
        let left = match x.checked_sub(1) {
            Some(x) => is_coded(*coded, x, y),
            None => is_coded(left, side - 1, y),
        };
        let above = match y.checked_sub(1) {
            Some(y) => is_coded(*coded, x, y),
            None => is_coded(above, x, side - 1),
        };
        if self.block(kind, left, above)? {
            *coded |= 1 << (first + block);
        }
        Ok(())
    }

    fn luma(
        &mut self,
        current: &Macroblock,
        near: [u32; 2],
        coded: &mut u32,
    ) -> Result<(), Unaccounted> {
        let is_whole = current.kind == MacroblockKind::Intra16x16;
        if is_whole && self.dc_block(LUMA_DC, near, DC_LUMA)? {
            *coded |= 1 << DC_LUMA;
        }
        for quarter in (0..4).filter(|quarter| current.pattern >> quarter & 1 == 1) {
            let blocks = quarter * 4..quarter * 4 + 4;
            if current.is_transform_8x8 {
                let place =
                    |place: usize| [PLACE_SIGNIFICANT[place], PLACE_LAST[place]].map(usize::from);
                let first = [SIGNIFICANT_8X8, LAST_8X8, LEVEL_8X8];
                self.coefficients(first, 64, (4, place))?;
                blocks.for_each(|i| *coded |= 1 << luma_block(i));
                continue;
            }
            let kind = if is_whole { LUMA_AC } else { LUMA };
            for i in blocks {
                self.small_block(kind, (0, 4), luma_block(i), near, coded)?;
            }
        }
        Ok(())
    }

    fn dc_block(
        &mut self,
        kind: Block,
        [left, above]: [u32; 2],
        flag: u32,
    ) -> Result<bool, Unaccounted> {
        self.block(kind, left >> flag & 1 == 1, above >> flag & 1 == 1)
    }
}

impl Elements for Cabac<'_> {
    fn macroblock_type(&mut self, near: Near<'_>) -> Result<u32, Unaccounted> {
        Ok(match self.kind {
            Kind::I => {
                let others = near.count(|near| near.kind != MacroblockKind::IntraBlocks);
                if self.decoder.decision(TYPE_I + others) {
                    self.whole_type([3, 4, 5, 6, 7].map(|at| TYPE_I + at))
                } else {
                    0
                }
            }
            Kind::P => {
                let mut bin = |context: usize| u32::from(self.decoder.decision(context));
                if bin(TYPE_P) == 1 {
                    5 + self.intra_type(TYPE_P_INTRA)
                } else if bin(TYPE_P + 1) == 0 {
                    3 * bin(TYPE_P + 2)
                } else {
                    2 - bin(TYPE_P + 3)
                }
            }
            Kind::B => self.type_b(near),
        })
    }

    fn quarter_type(&mut self) -> Result<u32, Unaccounted> {
        let mut bin = |context: usize| u32::from(self.decoder.decision(context));
        if self.kind != Kind::B {
            return Ok(if bin(QUARTER_P) == 1 {
                0
            } else if bin(QUARTER_P + 1) == 0 {
                1
            } else {
                3 - bin(QUARTER_P + 2)
            });
        }
        if bin(QUARTER_B) == 0 {
            return Ok(0);
        }
        if bin(QUARTER_B + 1) == 0 {
            return Ok(1 + bin(QUARTER_B + 3));
        }
        let mut number = 3;
        if bin(QUARTER_B + 2) == 1 {
            if bin(QUARTER_B + 3) == 1 {
                return Ok(11 + bin(QUARTER_B + 3));
            }
            number += 4;
        }
        number += 2 * bin(QUARTER_B + 3);
        Ok(number + bin(QUARTER_B + 3))
    }

    fn samples(&mut self) -> Result<(), Unaccounted> {
        // Zeros fill up to the next byte.
        let at = self.decoder.at();
        let byte = at.div_ceil(8);
        let last = self.bytes.get(byte.saturating_sub(1)).copied().unwrap_or(0);
        if !at.is_multiple_of(8) && last << (at % 8) != 0 {
            return Err(Unaccounted::Padding);
        }
        self.decoder.restart(byte + SAMPLE_BYTES);
        Ok(())
    }

    fn is_transform_8x8(&mut self, near: Near<'_>) -> bool {
        let others = near.count(|near| near.is_transform_8x8);
        self.decoder.decision(TRANSFORM_8X8 + others)
    }

    fn intra_modes(&mut self, blocks: u32) {
        for _ in 0..blocks {
            if !self.decoder.decision(INTRA_MODE) {
                for _ in 0..3 {
                    self.decoder.decision(INTRA_MODE + 1);
                }
            }
        }
    }

    fn has_chroma_mode(&mut self, near: Near<'_>) -> Result<bool, Unaccounted> {
        let others = near.count(|near| near.has_chroma_mode);
        let has_mode = self.decoder.decision(CHROMA_MODE + others);
        if has_mode && self.decoder.decision(CHROMA_MODE + 3) {
            self.decoder.decision(CHROMA_MODE + 3);
        }
        Ok(has_mode)
    }

    fn reference(
        &mut self,
        near: Near<'_>,
        current: &Macroblock,
        list: usize,
        quarter: usize,
    ) -> Result<bool, Unaccounted> {
        let of = |near: &Macroblock, quarter: usize| near.references[list] >> quarter & 1 == 1;
        let left = match quarter % 2 {
            1 => of(current, quarter - 1),
            _ => near.left.is_some_and(|left| of(left, quarter + 1)),
        };
        let above = match quarter / 2 {
            1 => of(current, quarter - 2),
            _ => near.above.is_some_and(|above| of(above, quarter + 2)),
        };
        let mut context = REFERENCE + usize::from(left) + 2 * usize::from(above);
        let mut number = 0;
        while self.decoder.decision(context) {
            context = REFERENCE + if number == 0 { 4 } else { 5 };
            number += 1;
            if number > self.references[list] {
                return Err(Unaccounted::Syntax);
            }
        }
        Ok(number > 0)
    }

    fn vector(
        &mut self,
        near: Near<'_>,
        current: &Macroblock,
        list: usize,
        (x, y): (usize, usize),
    ) -> Result<[u8; 2], Unaccounted> {
        let of = |near: &Macroblock, x: usize, y: usize| near.vectors[list][y * 4 + x];
        let left = match x.checked_sub(1) {
            Some(x) => of(current, x, y),
            None => near.left.map_or([0; 2], |left| of(left, 3, y)),
        };
        let above = match y.checked_sub(1) {
            Some(y) => of(current, x, y),
            None => near.above.map_or([0; 2], |above| of(above, x, 3)),
        };
        let mut sizes = [0; 2];
        for (i, size) in sizes.iter_mut().enumerate() {
            let near = u32::from(left[i]) + u32::from(above[i]);
            *size = self.component(VECTOR[i], near).ok_or(Unaccounted::Syntax)?;
        }
        Ok(sizes)
    }

    fn pattern(&mut self, near: Near<'_>, _: &Macroblock) -> Result<(u8, u8), Unaccounted> {
        let empty = |near: Option<&Macroblock>, quarter: usize| {
            near.is_some_and(|near| near.pattern >> quarter & 1 == 0)
        };
        let mut pattern = 0;
        for quarter in 0..4 {
            let own = |quarter: usize| pattern >> quarter & 1 == 0;
            let left = match quarter % 2 {
                1 => own(quarter - 1),
                _ => empty(near.left, quarter + 1),
            };
            let above = match quarter / 2 {
                1 => own(quarter - 2),
                _ => empty(near.above, quarter + 2),
            };
            let context = PATTERN_LUMA + usize::from(left) + 2 * usize::from(above);
            pattern |= u8::from(self.decoder.decision(context)) << quarter;
        }
        let chroma = |least: u8| {
            let has = |near: Option<&Macroblock>| near.is_some_and(|near| near.chroma >= least);
            usize::from(has(near.left)) + 2 * usize::from(has(near.above))
        };
        if !self.decoder.decision(PATTERN_CHROMA + chroma(1)) {
            return Ok((pattern, 0));
        }
        let more = self.decoder.decision(PATTERN_CHROMA + 4 + chroma(2));
        Ok((pattern, 1 + u8::from(more)))
    }

    fn quantizer(&mut self) -> Result<(), Unaccounted> {
        let mut context = QUANTIZER + usize::from(self.has_quantizer);
        let mut steps = 0;
        while self.decoder.decision(context) {
            context = QUANTIZER + if steps == 0 { 2 } else { 3 };
            steps += 1;
            if steps > QUANTIZER_STEPS {
                return Err(Unaccounted::Syntax);
            }
        }
        self.has_quantizer = steps > 0;
        Ok(())
    }

    fn no_quantizer(&mut self) {
        self.has_quantizer = false;
    }

    fn residual(&mut self, near: Near<'_>, current: &mut Macroblock) -> Result<(), Unaccounted> {
        // Blocks beyond the picture's edge count as coded for intra macroblocks.
        let beyond = if current.is_intra() { ALL_CODED } else { 0 };
        let near = [near.left, near.above].map(|near| near.map_or(beyond, |near| near.coded));
        let mut coded = 0;
        self.luma(current, near, &mut coded)?;
        if current.chroma > 0 {
            for flag in [DC_CHROMA, DC_CHROMA + 1] {
                if self.dc_block(CHROMA_DC, near, flag)? {
                    coded |= 1 << flag;
                }
            }
        }
        if current.chroma > 1 {
            for first in [16, 20] {
                for block in 0..4 {
                    self.small_block(CHROMA_AC, (first, 2), block, near, &mut coded)?;
                }
            }
        }
        current.coded = coded;
        Ok(())
    }
}
