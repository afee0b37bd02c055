//! Measurements as a row of numbers, written and read field by field in one order.

/// Writes fields in sequence.
#[derive(Default)]
pub(crate) struct NumberWriter(Vec<f64>);

impl NumberWriter {
    /// A measured value.
    pub(crate) fn number(&mut self, number: f64) {
        self.0.push(number);
    }

    /// A count that a float holds exactly.
    pub(crate) fn count(&mut self, count: u64) {
        #[expect(clippy::cast_precision_loss, reason = "samples of one picture")]
        self.0.push(count as f64);
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, flag: bool) {
        self.0.push(f64::from(u8::from(flag)));
    }

    /// The row.
    pub(crate) fn into_row(self) -> Vec<f64> {
        self.0
    }
}

/// Reads fields in the order in which they were written.
pub(crate) struct NumberReader<'a>(std::slice::Iter<'a, f64>);

impl<'a> NumberReader<'a> {
    /// Reads `row` from its beginning.
    pub(crate) fn new(row: &'a [f64]) -> Self {
        Self(row.iter())
    }

    /// Whether every field was read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.len() == 0
    }

    /// The next measured value; `None` at the end.
    pub(crate) fn number(&mut self) -> Option<f64> {
        self.0.next().copied()
    }

    /// The next count; `None` when the number is not one.
    pub(crate) fn count(&mut self) -> Option<u64> {
        let number = self.number()?;
        let is_count = (0.0..=9.0e15).contains(&number) && number.fract() == 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: whole, not negative, and small"
        )]
        is_count.then_some(number as u64)
    }

    /// The next yes or no; `None` when the number is neither.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        }
    }
}
