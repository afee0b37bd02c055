//! Telephone numbers of the North American Numbering Plan.

use crate::numbers::Run;

/// Digits of a number without and with its area code and country code.
const LENGTHS: [usize; 3] = [7, 10, 11];

/// Whether the run is a telephone number even if nothing announced it.
///
/// A recognizer drops and doubles digits, so any five or more that are nothing else count, too.
pub(crate) fn fits(run: &Run) -> bool {
    let digits = run.digits();
    run.letters() == 0 && (LENGTHS.contains(&digits) || digits >= 5)
}

/// Whether an announced run may be one, or a part of one. 911 is nobody's.
pub(crate) fn may_be(run: &Run) -> bool {
    run.digits() >= 3 && run.letters() == 0 && run.symbols != b"911"
}
