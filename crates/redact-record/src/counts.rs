//! Counts the expensive steps of an approval on this thread, for tests.

use std::cell::Cell;

thread_local! {
    static COUNTS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Counts a digest of a plan's content.
pub(crate) fn digested() {
    COUNTS.with(|counts| counts.set((counts.get().0 + 1, counts.get().1)));
}

/// Counts a parse of an embedded policy.
pub(crate) fn parsed() {
    COUNTS.with(|counts| counts.set((counts.get().0, counts.get().1 + 1)));
}

/// Numbers of digests and parses so far.
pub(crate) fn read() -> (usize, usize) {
    COUNTS.with(Cell::get)
}

/// Numbers of digests and parses since `before`.
pub(crate) fn since(before: (usize, usize)) -> (usize, usize) {
    let now = read();
    (now.0 - before.0, now.1 - before.1)
}
