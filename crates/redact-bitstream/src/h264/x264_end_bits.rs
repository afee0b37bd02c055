//! The bit that x264 leaves after the end of its slices.
//!
//! With CABAC a slice ends with its stop bit and zeros up to the next byte. x264 sets the very last
//! of them in some pictures, by a pattern over picture numbers. A GOP therefore has either no such
//! bit or the pattern from some offset on, which leaves no room for hidden data.
//!
//! Source: x264 `common/cabac.c`, `x264_cabac_encode_flush`.

/// Whether the bit is set, by picture number modulo 32.
const PATTERN: u32 = 0x35a4_e4f5;

/// The bit of one slice; `None` if the slice ends at a byte boundary.
pub type Mark = Option<bool>;

/// The bits of a GOP, in decoding order.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// Whether no bit was set so far.
    is_blank: bool,
    /// Offsets in the pattern at which the GOP may begin, one bit each.
    places: u32,
    slices: u32,
}

impl Marks {
    /// The state before the first slice of a GOP.
    pub const NEW: Self = Self {
        is_blank: true,
        places: u32::MAX,
        slices: 0,
    };

    /// Takes the next slice; returns whether all bits so far fit the pattern.
    #[must_use]
    pub const fn take(&mut self, mark: Mark) -> bool {
        let pattern = PATTERN.rotate_right(self.slices % 32);
        if let Some(is_set) = mark {
            self.is_blank &= !is_set;
            self.places &= if is_set { pattern } else { !pattern };
        }
        self.slices = self.slices.wrapping_add(1);
        self.is_blank || self.places != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the bits of a GOP carry nothing but its offset in the pattern.
    #[test]
    fn a_gop_has_no_marks_or_those_of_the_pattern() {
        let check = |marks: &[Mark]| {
            let mut gop = Marks::NEW;
            marks.iter().all(|mark| gop.take(*mark))
        };
        let pattern = |from: u32, slices: u32| -> Vec<Mark> {
            let bit = |at: u32| Some(PATTERN >> (at % 32) & 1 == 1);
            (from..from + slices).map(bit).collect()
        };
        assert!(check(&[Some(false); 100]));
        assert!(check(&pattern(0, 100)) && check(&pattern(29, 100)));
        let mut changed = pattern(5, 100);
        changed[40] = None;
        assert!(check(&changed), "a slice without room");
        changed[40] = changed[8].map(|bit| !bit);
        assert!(!check(&changed));
        assert!(!check(&[Some(true); 7]));
    }
}
