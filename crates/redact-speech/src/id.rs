//! Numbers of driver's licenses, identification cards, passports, badges and vehicles.

use crate::numbers::Run;

/// Whether the run is one even if nothing announced it: most states' licenses are one or two
/// letters and six digits or more.
pub(crate) fn fits(run: &Run) -> bool {
    (1..=2).contains(&run.letters()) && run.digits() >= 6
}

/// Whether an announced run may be one, or a part of one.
pub(crate) fn may_be(run: &Run) -> bool {
    run.digits() >= 3 || run.digits() >= 1 && run.symbols.len() >= 4
}
