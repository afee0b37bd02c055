//! Reads bits of a NAL unit's payload, most significant first.
//!
//! Source: ITU-T H.264, 7.2 (reading), 7.3.1 and 7.4.1 (emulation prevention), 9.1 (Exp-Golomb).

/// Why not every bit of a slice is accounted for. The texts name kinds, never content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unaccounted {
    /// Invalid syntax for the parameter sets.
    #[error("a picture does not match its parameter sets")]
    Syntax,
    /// It ends before the picture does.
    #[error("a picture ends before its last macroblock")]
    Missing,
    /// Data follow the last macroblock.
    #[error("a picture has data after its last macroblock")]
    Trailing,
    /// Bits that decoders skip do not have their required values.
    #[error("a picture has data in bits that decoders skip")]
    Padding,
}

/// The payload of a NAL unit: the bytes after its header without emulation prevention bytes.
///
/// A byte 3 after two zeros is allowed only where the next byte would otherwise complete a start
/// code; anywhere else it is data that decoders skip.
pub(super) fn payload(unit: &[u8], plain: &mut Vec<u8>) -> Result<(), Unaccounted> {
    plain.clear();
    let mut rest = unit.get(1..).unwrap_or_default();
    // Consecutive zeros at the end of `plain` that are also consecutive in the unit.
    let mut zeros = 0;
    while let Some((&byte, behind)) = rest.split_first() {
        if zeros >= 2 && byte <= 3 {
            let next = *behind.first().ok_or(Unaccounted::Padding)?;
            if byte != 3 || next > 3 {
                return Err(Unaccounted::Padding);
            }
            zeros = 0;
            rest = behind;
            continue;
        }
        if byte == 0 {
            zeros += 1;
            plain.push(0);
            rest = behind;
        } else {
            // No emulation prevention byte can occur before the next zero.
            zeros = 0;
            let run = rest.iter().position(|byte| *byte == 0);
            let (run, behind) = rest.split_at(run.unwrap_or(rest.len()));
            plain.extend_from_slice(run);
            rest = behind;
        }
    }
    Ok(())
}

/// Reads bits of a payload; zeros follow its end.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Position of the stop bit, the last 1 bit.
    stop: usize,
}

impl<'a> Bits<'a> {
    /// `None` for a payload without a stop bit in its last byte.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let last = bytes.last().filter(|last| **last != 0)?;
        let stop = bytes.len() * 8 - 1 - last.trailing_zeros() as usize;
        Some(Self { bytes, at: 0, stop })
    }

    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Position of the next bit.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Position of the stop bit.
    pub(super) const fn stop(&self) -> usize {
        self.stop
    }

    /// Continues at byte `byte`.
    pub(super) const fn go_to_byte(&mut self, byte: usize) {
        self.at = byte * 8;
    }

    /// Whether there are data before the stop bit (`more_rbsp_data`).
    pub(super) const fn has_more(&self) -> bool {
        self.at < self.stop
    }

    /// The next 32 bits.
    #[inline]
    pub(super) fn peek(&self) -> u32 {
        let byte = self.at / 8;
        let word = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk()) {
            Some(chunk) => u64::from_be_bytes(*chunk),
            None => {
                let rest = self.bytes.get(byte..).unwrap_or_default();
                let mut chunk = [0; 8];
                chunk[..rest.len()].copy_from_slice(rest);
                u64::from_be_bytes(chunk)
            }
        };
        (word << (self.at % 8) >> 32) as u32
    }

    #[inline]
    pub(super) const fn skip(&mut self, bits: u32) {
        self.at = self.at.wrapping_add(bits as usize);
    }

    /// The next `bits` bits, at most 32.
    #[inline]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        if bits == 0 {
            return 0;
        }
        let word = self.peek() >> (32 - bits);
        self.skip(bits);
        word
    }

    #[inline]
    pub(super) fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    /// `ue(v)`.
    #[inline]
    pub(super) fn unsigned(&mut self) -> Result<u32, Unaccounted> {
        let zeros = self.peek().leading_zeros();
        if zeros > 31 {
            return Err(Unaccounted::Syntax);
        }
        self.skip(zeros);
        Ok(self.take(zeros + 1).wrapping_sub(1))
    }

    /// `ue(v)` that is at most `most`.
    #[inline]
    pub(super) fn at_most(&mut self, most: u32) -> Result<u32, Unaccounted> {
        let number = self.unsigned()?;
        (number <= most)
            .then_some(number)
            .ok_or(Unaccounted::Syntax)
    }

    /// `se(v)` from `range`.
    #[inline]
    pub(super) fn signed(
        &mut self,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<i64, Unaccounted> {
        let code = i64::from(self.unsigned()?);
        let number = if code % 2 == 1 {
            (code + 1) / 2
        } else {
            -code / 2
        };
        range
            .contains(&number)
            .then_some(number)
            .ok_or(Unaccounted::Syntax)
    }

    /// Skips to the next byte boundary; every bit up to it must be `bit`.
    pub(super) fn align(&mut self, bit: bool) -> Result<(), Unaccounted> {
        while !self.at.is_multiple_of(8) {
            if self.flag() != bit {
                return Err(Unaccounted::Padding);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulation_prevention_bytes_are_removed_where_they_are_required() {
        let check = |unit: &[u8], expected: Option<&[u8]>| {
            let mut plain = Vec::new();
            let read = payload(unit, &mut plain).ok().map(|()| plain.as_slice());
            assert_eq!(read, expected, "{unit:x?}");
        };
        check(&[0x65, 1, 0, 0, 3, 1, 9], Some(&[1, 0, 0, 1, 9]));
        check(&[0x65, 0, 0, 3, 0, 0, 3, 3], Some(&[0, 0, 0, 0, 3]));
        check(&[0x65, 0, 3, 0, 7], Some(&[0, 3, 0, 7]));
        check(&[0x65], Some(&[]));
        // Not required, at the end, and missing.
        check(&[0x65, 0, 0, 3, 4], None);
        check(&[0x65, 7, 0, 0, 3], None);
        check(&[0x65, 0, 0, 2, 1], None);
        check(&[0x65, 0, 0, 1, 1], None);
    }

    #[test]
    fn numbers_are_read_as_they_are_coded() {
        // 1, 010, 011, 00100, 00101, then the stop bit.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1100_0000];
        let mut bits = Bits::new(&bytes).unwrap();
        let found: Vec<u32> = (0..5).map(|_| bits.unsigned().unwrap()).collect();
        assert_eq!(found, [0, 1, 2, 3, 4]);
        assert!(!bits.has_more());
        let mut bits = Bits::new(&bytes).unwrap();
        let found: Vec<i64> = (0..5).map(|_| bits.signed(-9..=9).unwrap()).collect();
        assert_eq!(found, [0, 1, -1, 2, -2]);
        let mut bits = Bits::new(&[0, 0, 0, 0, 0, 1]).unwrap();
        assert_eq!(bits.unsigned(), Err(Unaccounted::Syntax));
        assert!(Bits::new(&[1, 0]).is_none());
    }
}
