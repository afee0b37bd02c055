//! How often the costly steps of an approval ran on this thread, for tests.

use std::cell::Cell;

thread_local! {
    static COUNTS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// A plan's content was digested.
pub(crate) fn digested() {
    COUNTS.with(|counts| counts.set((counts.get().0 + 1, counts.get().1)));
}

/// The policy in a plan or manifest was parsed.
pub(crate) fn parsed() {
    COUNTS.with(|counts| counts.set((counts.get().0, counts.get().1 + 1)));
}

/// Digests and parses so far.
pub(crate) fn read() -> (usize, usize) {
    COUNTS.with(Cell::get)
}

/// Digests and parses since `before`.
pub(crate) fn since(before: (usize, usize)) -> (usize, usize) {
    let now = read();
    (now.0 - before.0, now.1 - before.1)
}
