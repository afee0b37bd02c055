//! Effects: how a region is hidden, and how much of it is left.

use crate::Class;

/// Cells across the longer side of a blurred or pixelated region: 1 to 8.
///
/// McPherson, Shokri and Shmatikov, "Defeating Image Obfuscation with Deep Learning" (2016),
/// re-identified people in mosaics of finer grids. Fewer cells are no proof against recognition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cells(u8);

impl Cells {
    /// The most cells across.
    pub const MAX: Self = Self(8);

    /// Makes a cell count; `None` unless `1 <= across <= 8`.
    #[must_use]
    pub const fn new(across: u8) -> Option<Self> {
        if across >= 1 && across <= Self::MAX.0 {
            Some(Self(across))
        } else {
            None
        }
    }

    /// Cells across the longer side.
    #[must_use]
    pub const fn across(self) -> u8 {
        self.0
    }
}

/// How much of the hidden content is left in the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Nothing is left.
    Removed,
    /// A few levels are left, from which it may be recovered in part.
    Reduced,
}

impl Protection {
    /// Text for people: `removed`, or `reduced, may be recovered in part`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Reduced => "reduced, may be recovered in part",
        }
    }
}

/// How a region is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Black fill: nothing of the region is left.
    #[default]
    Fill,
    /// A mosaic of the mask's [`MaskLevels`].
    Pixelate(Cells),
    /// A smooth surface through the mask's [`MaskLevels`].
    Blur(Cells),
}

impl Effect {
    /// `fill`, `pixelate` or `blur`, as files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Pixelate(_) => "pixelate",
            Self::Blur(_) => "blur",
        }
    }

    /// How much of a region it leaves.
    #[must_use]
    pub const fn protection(self) -> Protection {
        match self {
            Self::Fill => Protection::Removed,
            Self::Pixelate(_) | Self::Blur(_) => Protection::Reduced,
        }
    }

    /// Whether this effect may leave an object of `class` readable, so that only a policy can
    /// accept it.
    ///
    /// Text survives blur and mosaic better than faces do: see McPherson, Shokri and Shmatikov,
    /// "Defeating Image Obfuscation with Deep Learning" (2016).
    #[must_use]
    pub const fn is_weak_for(self, class: Class) -> bool {
        matches!(class, Class::Plate | Class::Screen) && !matches!(self, Self::Fill)
    }

    /// Whether this effect leaves more of a region than `other`: cells leave more than a fill, and
    /// more cells leave more than fewer.
    #[must_use]
    pub const fn is_weaker_than(self, other: Self) -> bool {
        self.cells_left() > other.cells_left()
    }

    /// Cells across that it leaves of a region; 0 for a fill.
    const fn cells_left(self) -> u8 {
        match self {
            Self::Fill => 0,
            Self::Pixelate(cells) | Self::Blur(cells) => cells.across(),
        }
    }
}

/// The cell levels of a blurred or pixelated mask, measured once, at its first frame, and shown in
/// all of its frames.
///
/// Measured in every frame, the cells of a shaky picture would sample a face at many offsets: from
/// 300 frames, detail of 0.3 to 0.5 cell was recovered with a correlation of 0.90. Measured once,
/// all frames together reveal no more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskLevels {
    across: u8,
    down: u8,
    planes: [Vec<u8>; 3],
}

impl MaskLevels {
    /// Number of levels per plane: 0 to 15.
    pub const COUNT: u8 = 16;

    /// Makes levels; `None` unless both sides are 1 to 8 cells and each plane (luma, blue and red
    /// difference) has one level of 0 to 15 per cell, row by row.
    #[must_use]
    pub fn new(across: u8, down: u8, planes: [Vec<u8>; 3]) -> Option<Self> {
        let sides = 1..=Cells::MAX.across();
        let cells = usize::from(across) * usize::from(down);
        let whole = |plane: &Vec<u8>| {
            plane.len() == cells && plane.iter().all(|&level| level < Self::COUNT)
        };
        let is_right = sides.contains(&across) && sides.contains(&down) && planes.iter().all(whole);
        is_right.then_some(Self {
            across,
            down,
            planes,
        })
    }

    /// Cells across.
    #[must_use]
    pub const fn across(&self) -> u8 {
        self.across
    }

    /// Cells down.
    #[must_use]
    pub const fn down(&self) -> u8 {
        self.down
    }

    /// Levels of luma, blue difference and red difference, row by row.
    #[must_use]
    pub const fn planes(&self) -> &[Vec<u8>; 3] {
        &self.planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_eight_cells_cannot_be_asked_for() {
        assert!(Cells::new(0).is_none());
        assert!(Cells::new(8).is_some());
        assert!(Cells::new(9).is_none());
    }
}
