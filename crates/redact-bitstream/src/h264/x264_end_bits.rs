//! The bit that x264 leaves behind the end of its slices.
//!
//! With CABAC a slice ends with its stop bit and zeros up to the next byte. x264 sets the very last
//! of them in some pictures, by a pattern that counts pictures. A group of pictures therefore has
//! either no such bit at all or the pattern from some place on: that is no room for anything else.
//!
//! Source: x264 `common/cabac.c`, `x264_cabac_encode_flush`.

/// Whether the bit is set, by the number of the picture.
const PATTERN: u32 = 0x35a4_e4f5;

/// What the bit is in one slice; `None` where there is no room for it.
pub type Mark = Option<bool>;

/// The bits of a group of pictures, in the order of decoding.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// Whether there was none.
    is_blank: bool,
    /// Where in the pattern the group may begin, one bit per place.
    places: u32,
    slices: u32,
}

impl Marks {
    /// Nothing of the group was seen yet.
    pub const NEW: Self = Self {
        is_blank: true,
        places: u32::MAX,
        slices: 0,
    };

    /// Takes the next slice of the group; gives whether all so far can be by one encoder.
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

    /// Goal: the bits of a group carry nothing but where it begins in the pattern.
    #[test]
    fn a_group_has_no_marks_or_those_of_the_pattern() {
        let check = |marks: &[Mark]| {
            let mut group = Marks::NEW;
            marks.iter().all(|mark| group.take(*mark))
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
