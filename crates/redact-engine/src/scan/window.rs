//! How many bytes of pictures are analyzed at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts the bytes of pictures that are analyzed, and lets the stage that reads wait while they
/// are too many. A picture larger than the bound still passes, alone.
pub(super) struct Window {
    state: Mutex<State>,
    changed: Condvar,
    bytes_max: usize,
}

struct State {
    bytes: usize,
    is_open: bool,
}

impl Window {
    /// A window of at most `bytes_max`, or one picture.
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                bytes: 0,
                is_open: true,
            }),
            changed: Condvar::new(),
            bytes_max,
        }
    }

    // Every change of the state is complete before the lock is given up.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room for a picture of `bytes` and takes it; `false` once the window is closed.
    pub(super) fn enter(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        while state.is_open && state.bytes > 0 && state.bytes + bytes > self.bytes_max {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_open {
            state.bytes += bytes;
        }
        state.is_open
    }

    /// Gives the room of a picture back.
    pub(super) fn leave(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.changed.notify_all();
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.lock().is_open = false;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    /// Goal: no more bytes are in than the bound allows, a large picture passes alone, and nobody
    /// waits for a closed window. Control: room that is given back is used.
    #[test]
    fn the_bound_holds() {
        let window = Window::new(100);
        let entered = AtomicUsize::new(0);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                for bytes in [40, 40, 500, 40] {
                    if !window.enter(bytes) {
                        return false;
                    }
                    entered.fetch_add(1, Ordering::SeqCst);
                }
                true
            });
            let pause = || thread::sleep(Duration::from_millis(30));
            pause();
            assert_eq!(entered.load(Ordering::SeqCst), 2);
            window.leave(40);
            pause();
            assert_eq!(entered.load(Ordering::SeqCst), 2);
            window.leave(40);
            pause();
            assert_eq!(entered.load(Ordering::SeqCst), 3);
            window.close();
            assert!(!waiting.join().unwrap());
        });
    }
}
