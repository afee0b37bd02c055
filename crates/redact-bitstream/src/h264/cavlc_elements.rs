//! Macroblock syntax elements in CAVLC.
//!
//! Source: ITU-T H.264, 7.3.4 and 7.3.5 (syntax), 9.1 (Exp-Golomb), 9.2 (coefficients).

use super::cavlc_tables::{
    COEFF_TOKEN, COEFF_TOKEN_CHROMA_DC, PATTERN_INTER, PATTERN_INTRA, RUN_BEFORE, TOTAL_ZEROS,
    TOTAL_ZEROS_CHROMA_DC,
};
use super::macroblock::{Elements, Macroblock, MacroblockKind, Near, SAMPLE_BYTES, luma_block};
use super::rbsp::{Bits, Unaccounted};
use super::slice_header::{Kind, SliceHeader};

/// Marks a table entry that refers to a subtable.
const FURTHER: u16 = 0x8000;

/// A lookup table of code words: by eight bits, and if those are not enough, by eight more. An
/// entry holds a value above five bits of code length; 0 is invalid.
#[expect(
    clippy::cast_possible_truncation,
    reason = "values are below 68 and lengths below 17, and constants cannot be made with try_from"
)]
const fn table<const N: usize>(words: &[u32]) -> [u16; N] {
    let mut table = [0; N];
    let (mut value, mut used) = (0, 256);
    while value < words.len() {
        let word = words[value];
        if word > 0 {
            let length = word.ilog2();
            let bits = word - (1 << length);
            let entry = (value as u16) << 5 | length as u16;
            let (start, spare) = if length <= 8 {
                (0, 8 - length)
            } else {
                let first = (bits >> (length - 8)) as usize;
                if table[first] == 0 {
                    table[first] = FURTHER | used;
                    used += 256;
                }
                ((table[first] ^ FURTHER) as usize, 16 - length)
            };
            let from = start + (bits << spare & 0xff) as usize;
            let mut at = from;
            while at < from + (1 << spare) {
                table[at] = entry;
                at += 1;
            }
        }
        value += 1;
    }
    table
}

static TOKENS: [[u16; 2304]; 3] = [
    table(&COEFF_TOKEN[0]),
    table(&COEFF_TOKEN[1]),
    table(&COEFF_TOKEN[2]),
];
static TOKENS_CHROMA_DC: [u16; 256] = table(&COEFF_TOKEN_CHROMA_DC);
static ZEROS: [[u16; 768]; 15] = {
    let mut tables = [[0; 768]; 15];
    let mut at = 0;
    while at < 15 {
        tables[at] = table(&TOTAL_ZEROS[at]);
        at += 1;
    }
    tables
};
static ZEROS_CHROMA_DC: [[u16; 256]; 3] = [
    table(&TOTAL_ZEROS_CHROMA_DC[0]),
    table(&TOTAL_ZEROS_CHROMA_DC[1]),
    table(&TOTAL_ZEROS_CHROMA_DC[2]),
];
static RUNS: [[u16; 256]; 6] = {
    let mut tables = [[0; 256]; 6];
    let mut at = 0;
    while at < 6 {
        tables[at] = table(&RUN_BEFORE[at]);
        at += 1;
    }
    tables
};

/// Largest motion vector difference: more than any level allows.
const VECTOR_MAX: i64 = 1 << 15;

/// Largest `level_prefix`: the level then has about 20 bits, more than a transform can produce.
const PREFIX_MAX: u32 = 20;

/// Reads elements in CAVLC.
pub(super) struct Cavlc<'a, 'b> {
    bits: &'b mut Bits<'a>,
    kind: Kind,
    references: [u32; 2],
}

impl<'a, 'b> Cavlc<'a, 'b> {
    pub(super) const fn new(bits: &'b mut Bits<'a>, slice: &SliceHeader) -> Self {
        Self {
            bits,
            kind: slice.kind,
            references: slice.references,
        }
    }

    /// `mb_skip_run`, at most `left`.
    pub(super) fn skipped(&mut self, left: usize) -> Result<usize, Unaccounted> {
        let run = self.bits.unsigned()? as usize;
        (run <= left).then_some(run).ok_or(Unaccounted::Syntax)
    }

    /// `more_rbsp_data`.
    pub(super) const fn has_more(&self) -> bool {
        self.bits.has_more()
    }

    /// Whether reading has passed the end.
    pub(super) const fn is_beyond(&self) -> bool {
        self.bits.at() > self.bits.stop()
    }

    #[inline]
    fn word(&mut self, table: &[u16]) -> Result<usize, Unaccounted> {
        let next = self.bits.peek();
        let mut entry = table[(next >> 24) as usize];
        if entry & FURTHER != 0 {
            entry = table[usize::from(entry ^ FURTHER) + (next >> 16 & 0xff) as usize];
        }
        if entry == 0 {
            return Err(Unaccounted::Syntax);
        }
        self.bits.skip(u32::from(entry & 31));
        Ok(usize::from(entry >> 5))
    }

    /// `residual_block_cavlc` of at most `most` coefficients; `near` is `nC`, `None` for chroma DC.
    /// Returns the number of coefficients.
    fn block(&mut self, near: Option<u8>, most: usize) -> Result<u8, Unaccounted> {
        let (total, ones) = self.token(near)?;
        if total > most {
            return Err(Unaccounted::Syntax);
        }
        if total == 0 {
            return Ok(0);
        }
        self.bits.skip(u32::try_from(ones).unwrap_or(0));
        self.levels(total, ones)?;
        let mut zeros = 0;
        if total < most {
            zeros = match near {
                None => self.word(&ZEROS_CHROMA_DC[total - 1])?,
                Some(_) => self.word(&ZEROS[total - 1])?,
            };
            if total + zeros > most {
                return Err(Unaccounted::Syntax);
            }
        }
        for _ in 1..total {
            if zeros == 0 {
                break;
            }
            zeros = zeros
                .checked_sub(self.run(zeros)?)
                .ok_or(Unaccounted::Syntax)?;
        }
        u8::try_from(total).map_err(|_| Unaccounted::Syntax)
    }

    /// `coeff_token`: number of coefficients and trailing ones.
    #[inline]
    fn token(&mut self, near: Option<u8>) -> Result<(usize, usize), Unaccounted> {
        let token = match near {
            None => self.word(&TOKENS_CHROMA_DC)?,
            Some(0 | 1) => self.word(&TOKENS[0])?,
            Some(2 | 3) => self.word(&TOKENS[1])?,
            Some(4..=7) => self.word(&TOKENS[2])?,
            Some(_) => {
                let plain = self.bits.take(6) as usize;
                // A block of three coefficients has no code word here.
                return match (plain / 4 + 1, plain % 4) {
                    (1, 3) => Ok((0, 0)),
                    (total, ones) if ones > total => Err(Unaccounted::Syntax),
                    found => Ok(found),
                };
            }
        };
        Ok((token / 4, token % 4))
    }

    /// The levels after the trailing ones. Source: 9.2.2.1.
    #[inline]
    fn levels(&mut self, total: usize, ones: usize) -> Result<(), Unaccounted> {
        let mut suffix = u32::from(total > 10 && ones < 3);
        for level in ones..total {
            let prefix = self.bits.peek().leading_zeros();
            if prefix > PREFIX_MAX {
                return Err(Unaccounted::Syntax);
            }
            self.bits.skip(prefix + 1);
            let size = match prefix {
                14 if suffix == 0 => 4,
                15.. => prefix - 3,
                _ => suffix,
            };
            let mut code = (prefix.min(15) << suffix) + self.bits.take(size);
            if prefix >= 15 && suffix == 0 {
                code += 15;
            }
            if prefix > 15 {
                code += (1 << (prefix - 3)) - 4096;
            }
            if level == ones && ones < 3 {
                code += 2;
            }
            let size = code / 2 + 1;
            suffix = suffix.max(1);
            if size > 3 << (suffix - 1) && suffix < 6 {
                suffix += 1;
            }
        }
        Ok(())
    }

    /// `run_before` when `zeros` are left.
    #[inline]
    fn run(&mut self, zeros: usize) -> Result<usize, Unaccounted> {
        if let Some(table) = RUNS.get(zeros - 1) {
            return self.word(table);
        }
        let next = self.bits.peek();
        let plain = (next >> 29) as usize;
        if plain > 0 {
            self.bits.skip(3);
            return Ok(7 - plain);
        }
        let before = next.leading_zeros();
        if before > 10 {
            return Err(Unaccounted::Syntax);
        }
        self.bits.skip(before + 1);
        Ok(before as usize + 4)
    }

    /// The 4x4 blocks of a component whose first block has number `first`, in `side` columns.
    fn blocks(
        &mut self,
        (near, current): (Near<'_>, &mut Macroblock),
        (first, side): (usize, usize),
        block: usize,
        most: usize,
    ) -> Result<(), Unaccounted> {
        let (x, y) = (block % side, block / side);
        let number = |x: usize, y: usize| first + y * side + x;
        let left = match x.checked_sub(1) {
            Some(x) => Some(current.counts[number(x, y)]),
            None => near.left.map(|left| left.counts[number(side - 1, y)]),
        };
        let above = match y.checked_sub(1) {
            Some(y) => Some(current.counts[number(x, y)]),
            None => near.above.map(|above| above.counts[number(x, side - 1)]),
        };
        let expected = match (left, above) {
            (Some(left), Some(above)) => (left + above).div_ceil(2),
            (left, above) => left.or(above).unwrap_or(0),
        };
        current.counts[number(x, y)] = self.block(Some(expected), most)?;
        Ok(())
    }
}

impl Elements for Cavlc<'_, '_> {
    fn macroblock_type(&mut self, _: Near<'_>) -> Result<u32, Unaccounted> {
        let most = match self.kind {
            Kind::P => 30,
            Kind::B => 48,
            Kind::I => 25,
        };
        self.bits.at_most(most)
    }

    fn quarter_type(&mut self) -> Result<u32, Unaccounted> {
        self.bits.at_most(12)
    }

    fn samples(&mut self) -> Result<(), Unaccounted> {
        self.bits.align(false)?;
        self.bits.go_to_byte(self.bits.at() / 8 + SAMPLE_BYTES);
        Ok(())
    }

    fn is_transform_8x8(&mut self, _: Near<'_>) -> bool {
        self.bits.flag()
    }

    fn intra_modes(&mut self, blocks: u32) {
        for _ in 0..blocks {
            if !self.bits.flag() {
                self.bits.skip(3);
            }
        }
    }

    fn has_chroma_mode(&mut self, _: Near<'_>) -> Result<bool, Unaccounted> {
        Ok(self.bits.at_most(3)? > 0)
    }

    fn reference(
        &mut self,
        _: Near<'_>,
        _: &Macroblock,
        list: usize,
        _: usize,
    ) -> Result<bool, Unaccounted> {
        // `te(v)`: one bit if there are two values.
        match self.references[list] {
            1 => Ok(!self.bits.flag()),
            most => Ok(self.bits.at_most(most)? > 0),
        }
    }

    fn vector(
        &mut self,
        _: Near<'_>,
        _: &Macroblock,
        _: usize,
        _: (usize, usize),
    ) -> Result<[u8; 2], Unaccounted> {
        self.bits.signed(-VECTOR_MAX..=VECTOR_MAX)?;
        self.bits.signed(-VECTOR_MAX..=VECTOR_MAX)?;
        Ok([0; 2])
    }

    fn pattern(&mut self, _: Near<'_>, current: &Macroblock) -> Result<(u8, u8), Unaccounted> {
        let number = self.bits.at_most(47)? as usize;
        let pattern = if current.is_intra() {
            PATTERN_INTRA[number]
        } else {
            PATTERN_INTER[number]
        };
        Ok((pattern & 15, pattern >> 4))
    }

    fn quantizer(&mut self) -> Result<(), Unaccounted> {
        self.bits.signed(-26..=25).map(|_| ())
    }

    fn no_quantizer(&mut self) {}

    fn residual(&mut self, near: Near<'_>, current: &mut Macroblock) -> Result<(), Unaccounted> {
        let is_whole = current.kind == MacroblockKind::Intra16x16;
        if is_whole {
            // DC coefficients use the neighbors' counts but are not counted themselves.
            self.blocks((near, current), (0, 4), 0, 16)?;
            current.counts[0] = 0;
        }
        let most = if is_whole { 15 } else { 16 };
        for i in 0..16 {
            if current.pattern >> (i / 4) & 1 == 1 {
                self.blocks((near, current), (0, 4), luma_block(i), most)?;
            }
        }
        if current.chroma > 0 {
            self.block(None, 4)?;
            self.block(None, 4)?;
        }
        if current.chroma > 1 {
            for first in [16, 20] {
                for block in 0..4 {
                    self.blocks((near, current), (first, 2), block, 15)?;
                }
            }
        }
        Ok(())
    }
}
