//! What was found in a re-encoded frame, as numbers that can be stored.
//!
//! A file that has the very same coded frame need not be decoded again. The caller proves that it
//! has: here the numbers are only measured, written and read.

use redact_core::{Frame, FrameIndex, Redactions};

use super::picture::{self, Difference};
use crate::audit::{Measured, Residual, measure};
use crate::numbers::{NumberReader, NumberWriter};

/// What was found in one frame: how it differs from what it should be, and what is left under each
/// of its masks, in the order of [`Redactions::masks_at`].
#[derive(Clone, Debug, PartialEq)]
pub struct FrameEvidence {
    pub(super) difference: Difference,
    pub(super) masks: Vec<Option<Residual>>,
    /// Whether it was found while this very release was written, not in an earlier one.
    pub(super) is_fresh: bool,
}

impl FrameEvidence {
    /// Measures a decoded frame of a release, `seen`, that was `made` with `redactions` applied.
    pub(crate) fn of(made: &Frame, seen: &Frame, redactions: &Redactions) -> Self {
        let masks = measure(seen, redactions);
        Self {
            difference: picture::difference(made, seen, redactions),
            masks: masks.iter().map(|measured| measured.residual).collect(),
            is_fresh: true,
        }
    }

    /// All of it as a row of numbers, for [`FrameEvidence::from_numbers`].
    #[must_use]
    pub fn to_numbers(&self) -> Vec<f64> {
        let mut numbers = NumberWriter::default();
        self.difference.write(&mut numbers);
        for residual in &self.masks {
            Residual::write(residual.as_ref(), &mut numbers);
        }
        numbers.into_row()
    }

    /// Reads what [`FrameEvidence::to_numbers`] returns; `None` when the numbers are not of a
    /// frame.
    #[must_use]
    pub fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let mut numbers = NumberReader::new(numbers);
        let difference = Difference::read(&mut numbers)?;
        let mut masks = Vec::new();
        while !numbers.is_at_end() {
            masks.push(Residual::read(&mut numbers)?);
        }
        Some(Self {
            difference,
            masks,
            is_fresh: false,
        })
    }

    /// What was measured, by the masks that frame `index` has now; `None` when it has others.
    pub(super) fn measured(
        &self,
        index: FrameIndex,
        redactions: &Redactions,
    ) -> Option<Vec<Measured>> {
        let masks = redactions.masks.iter().enumerate();
        let here: Vec<usize> = masks
            .filter(|(_, mask)| mask.rect_at(index).is_some())
            .map(|(place, _)| place)
            .collect();
        let pairs = here.iter().zip(&self.masks);
        (here.len() == self.masks.len()).then(|| {
            pairs
                .map(|(&mask, &residual)| Measured { mask, residual })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_comes_back_as_it_was_and_nothing_else_is_taken_for_it() {
        /// Numbers of a residual.
        const RESIDUAL: usize = 22;
        let mut numbers = [1.0 / 3.0; 1 + RESIDUAL];
        numbers[..3].copy_from_slice(&[1.0, 0.1, 6.0]);
        let residual = Residual::read(&mut NumberReader::new(&numbers)).unwrap();
        let picture = [
            1.0,
            12.5,
            2_073_600.0,
            8_099.5,
            8_100.0,
            1.0,
            2.0,
            16.0,
            32.0,
            0.3,
            7.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        ];
        let stored = FrameEvidence {
            difference: Difference::read(&mut NumberReader::new(&picture)).unwrap(),
            masks: vec![residual, None],
            is_fresh: false,
        };
        let numbers = stored.to_numbers();
        assert_eq!(FrameEvidence::from_numbers(&numbers), Some(stored));
        for length in (0..17).chain(18..18 + RESIDUAL) {
            assert_eq!(FrameEvidence::from_numbers(&numbers[..length]), None);
        }
        for (place, wrong) in [
            (0, 2.0),
            (4, 0.5),
            (5, 0.5),
            (6, 3.0),
            (7, -1.0),
            (8, 0.5),
            (17, 2.0),
        ] {
            let mut numbers = numbers.clone();
            numbers[place] = wrong;
            assert_eq!(FrameEvidence::from_numbers(&numbers), None, "{place}");
        }
    }
}
