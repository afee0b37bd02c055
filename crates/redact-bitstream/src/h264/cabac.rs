//! CABAC arithmetic decoder.
//!
//! Source: ITU-T H.264, 9.3.1 (start) and 9.3.3.2 (decoding), tables 9-44 and 9-45.

use super::cabac_contexts::{CONTEXTS, STARTS};

/// Range of the less probable symbol, by state and by a quarter of the range. Source: table 9-44.
#[rustfmt::skip]
const LESS_PROBABLE: [[u8; 4]; 64] = [
    [128, 176, 208, 240], [128, 167, 197, 227], [128, 158, 187, 216], [123, 150, 178, 205],
    [116, 142, 169, 195], [111, 135, 160, 185], [105, 128, 152, 175], [100, 122, 144, 166],
    [95, 116, 137, 158], [90, 110, 130, 150], [85, 104, 123, 142], [81, 99, 117, 135],
    [77, 94, 111, 128], [73, 89, 105, 122], [69, 85, 100, 116], [66, 80, 95, 110],
    [62, 76, 90, 104], [59, 72, 86, 99], [56, 69, 81, 94], [53, 65, 77, 89], [51, 62, 73, 85],
    [48, 59, 69, 80], [46, 56, 66, 76], [43, 53, 63, 72], [41, 50, 59, 69], [39, 48, 56, 65],
    [37, 45, 54, 62], [35, 43, 51, 59], [33, 41, 48, 56], [32, 39, 46, 53], [30, 37, 43, 50],
    [29, 35, 41, 48], [27, 33, 39, 45], [26, 31, 37, 43], [24, 30, 35, 41], [23, 28, 33, 39],
    [22, 27, 32, 37], [21, 26, 30, 35], [20, 24, 29, 33], [19, 23, 27, 31], [18, 22, 26, 30],
    [17, 21, 25, 28], [16, 20, 23, 27], [15, 19, 22, 25], [14, 18, 21, 24], [14, 17, 20, 23],
    [13, 16, 19, 22], [12, 15, 18, 21], [12, 14, 17, 20], [11, 14, 16, 19], [11, 13, 15, 18],
    [10, 12, 15, 17], [10, 12, 14, 16], [9, 11, 13, 15], [9, 11, 12, 14], [8, 10, 12, 14],
    [8, 9, 11, 13], [7, 9, 11, 12], [7, 9, 10, 12], [7, 8, 10, 11], [6, 8, 9, 11], [6, 7, 9, 10],
    [6, 7, 8, 9], [2, 2, 2, 2],
];

/// The next state after a less probable symbol. Source: table 9-45.
#[rustfmt::skip]
const BEHIND_LESS_PROBABLE: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21,
    21, 22, 22, 23, 24, 24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34,
    34, 35, 35, 35, 36, 36, 36, 37, 37, 37, 38, 38, 63,
];

/// The next states of a state, whose more probable symbol is its last bit: after that symbol, and
/// after the other.
#[expect(
    clippy::cast_possible_truncation,
    reason = "states are below 128, and constants cannot be made with try_from"
)]
const NEXT: [[u8; 128]; 2] = {
    let mut next = [[0; 128]; 2];
    let mut at = 0;
    while at < 128 {
        let (state, symbol) = (at / 2, at % 2);
        let more = if state < 62 { state + 1 } else { state };
        next[0][at] = (more * 2 + symbol) as u8;
        // In state 0 the symbols are swapped.
        let other = if state == 0 { 1 - symbol } else { symbol };
        next[1][at] = BEHIND_LESS_PROBABLE[state] * 2 + other as u8;
        at += 1;
    }
    next
};

/// Array size for the contexts, so that no index is out of range.
const ROOM: usize = 512;

/// Reads symbols, each with the probability of its context.
///
/// `value` holds the bits read from `bytes`; the last `spare` of them are ahead of the nine in the
/// standard's decoder.
pub(super) struct Arithmetic<'a> {
    bytes: &'a [u8],
    /// Number of bytes read into `value`; zeros follow the end.
    taken: usize,
    value: u64,
    spare: u32,
    range: u32,
    contexts: [u8; ROOM],
}

impl<'a> Arithmetic<'a> {
    /// Starts at byte `from`, with the contexts of column `column` for quantizer `quantizer`.
    pub(super) fn new(bytes: &'a [u8], from: usize, column: usize, quantizer: i64) -> Self {
        let mut contexts = [0; ROOM];
        for (number, context) in contexts.iter_mut().enumerate().take(CONTEXTS) {
            let start = |at: usize| i64::from(STARTS[column][number * 2 + at]);
            let state = (((start(0) * quantizer) >> 4) + start(1)).clamp(1, 126);
            let (state, symbol) = if state <= 63 {
                (63 - state, 0)
            } else {
                (state - 64, 1)
            };
            *context = u8::try_from(state * 2 + symbol).unwrap_or(0);
        }
        let mut made = Self {
            bytes,
            taken: 0,
            value: 0,
            spare: 0,
            range: 0,
            contexts,
        };
        made.restart(from);
        made
    }

    /// Restarts at byte `from`, with unchanged contexts.
    pub(super) fn restart(&mut self, from: usize) {
        (self.taken, self.value, self.range) = (from + 2, 0, 510);
        let byte = |at: usize| u64::from(self.bytes.get(at).copied().unwrap_or(0));
        self.value = byte(from) << 8 | byte(from + 1);
        self.spare = 7;
        self.refill();
    }

    /// Position after the last bit that was needed.
    pub(super) const fn at(&self) -> usize {
        self.taken * 8 - self.spare as usize
    }

    #[inline(never)]
    fn refill(&mut self) {
        // Four bytes at once, except at the end.
        let ahead = self.bytes.get(self.taken..).and_then(<[u8]>::first_chunk);
        if let Some(ahead) = ahead {
            self.value = self.value << 32 | u64::from(u32::from_be_bytes(*ahead));
            self.taken += 4;
            self.spare += 32;
            return;
        }
        while self.spare < 32 {
            let byte = self.bytes.get(self.taken).copied().unwrap_or(0);
            self.value = self.value << 8 | u64::from(byte);
            self.taken += 1;
            self.spare += 8;
        }
    }

    /// `DecodeDecision`: the next symbol of a context.
    ///
    /// Whether the symbol is the less probable one cannot be predicted, so nothing here branches on
    /// it.
    #[inline]
    pub(super) fn decision(&mut self, context: usize) -> bool {
        let slot = &mut self.contexts[context % ROOM];
        let state = usize::from(*slot & 127);
        let less = u32::from(LESS_PROBABLE[state / 2][(self.range >> 6 & 3) as usize]);
        let more = self.range.wrapping_sub(less);
        let edge = u64::from(more).wrapping_shl(self.spare);
        let is_less = self.value >= edge;
        let all = u64::from(is_less).wrapping_neg();
        self.value = self.value.wrapping_sub(edge & all);
        *slot = NEXT[usize::from(is_less)][state];
        let range = if is_less { less } else { more };
        // Both are below 512; the first bit of nine becomes a one again.
        let shift = range.leading_zeros().wrapping_sub(23);
        self.range = range.wrapping_shl(shift);
        self.spare = self.spare.wrapping_sub(shift);
        if self.spare < 8 {
            self.refill();
        }
        (state & 1 == 1) != is_less
    }

    /// `DecodeBypass`: the next symbol without a context.
    #[inline]
    pub(super) fn bypass(&mut self) -> bool {
        self.spare = self.spare.wrapping_sub(1);
        let edge = u64::from(self.range).wrapping_shl(self.spare);
        let symbol = self.value >= edge;
        if symbol {
            self.value = self.value.wrapping_sub(edge);
        }
        if self.spare < 8 {
            self.refill();
        }
        symbol
    }

    /// `DecodeTerminate`: whether this is the end; then nothing more may be read before a restart.
    pub(super) fn is_end(&mut self) -> bool {
        self.range = self.range.wrapping_sub(2);
        let edge = u64::from(self.range).wrapping_shl(self.spare);
        if self.value >= edge {
            return true;
        }
        if self.range < 256 {
            self.range <<= 1;
            self.spare = self.spare.wrapping_sub(1);
            if self.spare < 8 {
                self.refill();
            }
        }
        false
    }

    /// A number in Exp-Golomb code of order `order`, at most 2^24. Source: 9.3.2.3.
    #[inline]
    pub(super) fn exp_golomb(&mut self, order: u32) -> Option<u32> {
        let mut length = order;
        let mut number = 0;
        while self.bypass() {
            number += 1 << length;
            length += 1;
            if length > 23 {
                return None;
            }
        }
        for bit in (0..length).rev() {
            number += u32::from(self.bypass()) << bit;
        }
        Some(number)
    }
}
