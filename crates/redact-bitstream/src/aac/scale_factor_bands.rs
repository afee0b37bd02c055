//! Widths of the scale factor bands of AAC-LC, as runs of `(bands, width)`.
//!
//! Source: ISO/IEC 14496-3, tables 4.129 to 4.147 (frames of 1024 samples).

/// Bands of one window, as runs of `(bands, width)`.
type Runs = &'static [(u8, u16)];

const LONG_96K: Runs = &[
    (14, 4),
    (5, 8),
    (5, 12),
    (2, 16),
    (1, 24),
    (1, 28),
    (1, 36),
    (1, 44),
    (11, 64),
];
const LONG_64K: Runs = &[
    (14, 4),
    (4, 8),
    (3, 12),
    (3, 16),
    (1, 20),
    (2, 24),
    (1, 28),
    (1, 36),
    (18, 40),
];
const LONG_48K: Runs = &[
    (10, 4),
    (7, 8),
    (4, 12),
    (2, 16),
    (2, 20),
    (2, 24),
    (2, 28),
    (19, 32),
    (1, 96),
];
const LONG_32K: Runs = &[
    (10, 4),
    (7, 8),
    (4, 12),
    (2, 16),
    (2, 20),
    (2, 24),
    (2, 28),
    (22, 32),
];
const LONG_24K: Runs = &[
    (11, 4),
    (10, 8),
    (4, 12),
    (3, 16),
    (2, 20),
    (2, 24),
    (2, 28),
    (1, 32),
    (2, 36),
    (1, 40),
    (1, 44),
    (1, 48),
    (2, 52),
    (5, 64),
];
const LONG_16K: Runs = &[
    (11, 8),
    (9, 12),
    (4, 16),
    (3, 20),
    (2, 24),
    (2, 28),
    (1, 32),
    (1, 36),
    (2, 40),
    (1, 44),
    (1, 48),
    (1, 52),
    (1, 56),
    (1, 60),
    (3, 64),
];
const LONG_8K: Runs = &[
    (13, 12),
    (7, 16),
    (4, 20),
    (3, 24),
    (2, 28),
    (1, 32),
    (2, 36),
    (1, 40),
    (1, 44),
    (1, 48),
    (1, 52),
    (1, 56),
    (1, 60),
    (1, 64),
    (1, 80),
];
const SHORT_64K: Runs = &[(6, 4), (3, 8), (1, 16), (1, 28), (1, 36)];
const SHORT_48K: Runs = &[(5, 4), (3, 8), (3, 12), (3, 16)];
const SHORT_24K: Runs = &[(7, 4), (3, 8), (2, 12), (2, 16), (1, 20)];
const SHORT_16K: Runs = &[(8, 4), (2, 8), (2, 12), (1, 16), (2, 20)];
const SHORT_8K: Runs = &[(7, 4), (4, 8), (1, 12), (1, 16), (2, 20)];

/// Sampling rates by index, with the bands of a long and a short window.
/// Source: ISO/IEC 14496-3, table 1.18.
const RATES: [(u32, Runs, Runs); 12] = [
    (96_000, LONG_96K, SHORT_64K),
    (88_200, LONG_96K, SHORT_64K),
    (64_000, LONG_64K, SHORT_64K),
    (48_000, LONG_48K, SHORT_48K),
    (44_100, LONG_48K, SHORT_48K),
    (32_000, LONG_32K, SHORT_48K),
    (24_000, LONG_24K, SHORT_24K),
    (22_050, LONG_24K, SHORT_24K),
    (16_000, LONG_16K, SHORT_16K),
    (12_000, LONG_16K, SHORT_16K),
    (11_025, LONG_16K, SHORT_16K),
    (8000, LONG_8K, SHORT_8K),
];

/// The sampling rate of `index`.
pub(super) fn rate_hz(index: u8) -> Option<u32> {
    RATES.get(usize::from(index)).map(|(rate, ..)| *rate)
}

/// Ends of a window's bands, in samples, for the sampling rate of `index`.
pub(super) fn ends(index: u8, short: bool) -> Option<Vec<u16>> {
    let (_, long_runs, short_runs) = RATES.get(usize::from(index))?;
    let runs = if short { short_runs } else { long_runs };
    let widths = runs
        .iter()
        .flat_map(|&(bands, width)| std::iter::repeat_n(width, usize::from(bands)));
    let mut end = 0;
    Some(
        widths
            .map(|width| {
                end += width;
                end
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_fill_their_window_at_every_rate() {
        for index in 0..12 {
            assert_eq!(ends(index, false).unwrap().last(), Some(&1024), "{index}");
            assert_eq!(ends(index, true).unwrap().last(), Some(&128), "{index}");
        }
        assert_eq!((ends(12, true), rate_hz(12)), (None, None));
    }
}
