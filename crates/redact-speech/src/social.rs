//! Social Security numbers.

use crate::numbers::Run;

/// Whether the run is one even if nothing announced it: nine digits.
pub(crate) fn fits(run: &Run) -> bool {
    run.letters() == 0 && run.digits() == 9
}

/// Whether an announced run may be one or its last four digits, or what was recognized of them.
pub(crate) fn may_be(run: &Run) -> bool {
    run.digits() >= 2 && run.symbols.len() >= 3
}
