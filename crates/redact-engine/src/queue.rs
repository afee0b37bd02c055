//! A queue between two threads of a job, bounded in bytes.
//!
//! A bound in items would let memory grow with the picture's size. One item larger than the bound
//! still passes, alone. Either end may be dropped: the other one then returns instead of waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Most items that are taken at once: between batches a job reports progress and may be cancelled.
const BATCH_ITEMS_MAX: usize = 64;

/// Makes a queue that holds at most `bytes_max` bytes (or one item).
pub(crate) fn bounded<T>(bytes_max: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::new(),
            bytes: 0,
            open: true,
        }),
        changed: Condvar::new(),
        bytes_max,
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    bytes_max: usize,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// Both ends are still there.
    open: bool,
}

impl<T> Shared<T> {
    // A thread that panicked while it held the lock left the state whole: every change of it is
    // complete before the lock is given up.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed
            .wait(guard)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }
}

/// The receiver was dropped: what is sent is lost.
#[derive(Debug)]
pub(crate) struct Gone;

/// The end that puts items in.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

impl<T> Sender<T> {
    /// Puts `item` of `bytes` in, waiting for room.
    pub(crate) fn send(&self, item: T, bytes: usize) -> Result<(), Gone> {
        let mut state = self.0.lock();
        while state.open && !state.items.is_empty() && state.bytes + bytes > self.0.bytes_max {
            state = self.0.wait(state);
        }
        if !state.open {
            return Err(Gone);
        }
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        drop(state);
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The end that takes items out.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

impl<T> Receiver<T> {
    /// The next item; `None` when the sender is gone and everything was taken.
    pub(crate) fn recv(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if let Some((item, bytes)) = state.items.pop_front() {
                state.bytes -= bytes;
                drop(state);
                self.0.changed.notify_all();
                return Some(item);
            }
            if !state.open {
                return None;
            }
            state = self.0.wait(state);
        }
    }

    /// What waits, at least one item and at most [`BATCH_ITEMS_MAX`]; `None` when the sender is
    /// gone and everything was taken.
    pub(crate) fn recv_many(&self) -> Option<Vec<T>> {
        let mut state = self.0.lock();
        while state.items.is_empty() {
            if !state.open {
                return None;
            }
            state = self.0.wait(state);
        }
        let count = state.items.len().min(BATCH_ITEMS_MAX);
        let batch: Vec<(T, usize)> = state.items.drain(..count).collect();
        state.bytes -= batch.iter().map(|(_, bytes)| bytes).sum::<usize>();
        drop(state);
        self.0.changed.notify_all();
        Some(batch.into_iter().map(|(item, _)| item).collect())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// Goal: the bound holds. Method: a sender that counts, a receiver that starts late.
    #[test]
    fn no_more_bytes_wait_than_the_bound_allows() {
        let (sender, receiver) = bounded::<usize>(100);
        let sent = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let sender = sender;
                for i in 0..50 {
                    sender.send(i, 40).unwrap();
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
            thread::sleep(std::time::Duration::from_millis(50));
            assert_eq!(sent.load(Ordering::SeqCst), 2);
            let all: Vec<usize> = std::iter::from_fn(|| receiver.recv()).collect();
            assert_eq!(all, (0..50).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_batch_is_bounded_and_its_bytes_are_free_again() {
        let (sender, receiver) = bounded(1000);
        (0..100).for_each(|i| sender.send(i, 10).unwrap());
        assert_eq!(receiver.recv_many().unwrap().len(), BATCH_ITEMS_MAX);
        (0..BATCH_ITEMS_MAX).for_each(|i| sender.send(i, 10).unwrap());
        drop(sender);
        assert_eq!(receiver.recv_many().unwrap().len(), 64);
        assert_eq!(receiver.recv_many().unwrap().len(), 36);
        assert!(receiver.recv_many().is_none());
    }

    #[test]
    fn an_item_above_the_bound_passes_alone() {
        let (sender, receiver) = bounded(10);
        sender.send("large", 1000).unwrap();
        assert_eq!(receiver.recv(), Some("large"));
    }

    #[test]
    fn a_waiting_sender_learns_that_the_receiver_is_gone() {
        let (sender, receiver) = bounded(10);
        sender.send(1, 10).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(move || sender.send(2, 10).is_err());
            thread::sleep(std::time::Duration::from_millis(20));
            drop(receiver);
            assert!(waiting.join().unwrap());
        });
    }
}
