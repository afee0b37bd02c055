//! Numbers of accounts and cards.

use crate::numbers::Run;

/// Whether the run is one even if nothing announced it: cards have 12 to 19 digits
/// (ISO/IEC 7812-1).
pub(crate) fn fits(run: &Run) -> bool {
    run.letters() == 0 && run.digits() >= 12
}

/// Whether an announced run may be one, or a part of one.
pub(crate) fn may_be(run: &Run) -> bool {
    run.digits() >= 3
}
