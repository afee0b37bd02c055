//! How sample values map to black and white.

/// How sample values map to black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColorRange {
    /// Luma 16 to 235, chroma 16 to 240 (what video usually is).
    Limited,
    /// 0 to 255.
    Full,
}

impl ColorRange {
    /// The luma of black; its chroma is 128 in both ranges.
    #[must_use]
    pub const fn black(self) -> u8 {
        match self {
            Self::Limited => 16,
            Self::Full => 0,
        }
    }
}
