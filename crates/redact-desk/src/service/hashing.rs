//! Turns for deriving keys from passwords. Each turn has 19 MiB that are reused, so memory use does
//! not depend on the number of requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Argon2, Block};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api_error::{ApiError, ApiResult, Status};

/// Concurrent turns per lane.
const TURNS: usize = 2;

/// The most waiting requests per lane; further ones are refused.
const WAITING_MAX: usize = 32;

/// Separate lanes, so that anonymous requests never delay signed-in users.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    Anonymous,
    SignedIn,
}

/// The two lanes.
#[derive(Default)]
pub(crate) struct Hashing {
    anonymous: Arc<Queue>,
    signed_in: Arc<Queue>,
}

struct Queue {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    memory: Mutex<Vec<Vec<Block>>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(TURNS)),
            waiting: AtomicUsize::new(0),
            memory: Mutex::new(Vec::new()),
        }
    }
}

/// A turn, for the thread that derives.
pub(crate) struct Turn {
    memory: Vec<Block>,
    queue: Arc<Queue>,
    _permit: OwnedSemaphorePermit,
}

impl Hashing {
    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 `busy` if too many are waiting.
    pub(crate) async fn turn(&self, lane: Lane) -> ApiResult<Turn> {
        let queue = match lane {
            Lane::Anonymous => &self.anonymous,
            Lane::SignedIn => &self.signed_in,
        };
        let _waits = Waits::new(queue)?;
        let turns = Arc::clone(&queue.turns);
        let permit = turns.acquire_owned().await;
        let permit = permit.map_err(|error| ApiError::internal(&error))?;
        let mut memory = queue.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Turn {
            memory: memory.pop().unwrap_or_default(),
            queue: Arc::clone(queue),
            _permit: permit,
        })
    }
}

/// A place in the queue, until it is dropped.
struct Waits<'a>(&'a Queue);

impl<'a> Waits<'a> {
    fn new(queue: &'a Queue) -> ApiResult<Self> {
        let waits = Self(queue);
        if queue.waiting.fetch_add(1, Ordering::SeqCst) < WAITING_MAX + TURNS {
            return Ok(waits);
        }
        let message = "Too many sign-ins at once.";
        Err(ApiError::new(Status::ServiceUnavailable, "busy", message)
            .hint("Try again in a moment."))
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turn {
    /// Derives `out` from a password and its salt.
    ///
    /// # Errors
    /// Argon2's, for a salt or an output of the wrong length.
    pub(crate) fn derive(
        &mut self,
        argon2: &Argon2<'_>,
        (password, salt): (&[u8], &[u8]),
        out: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut self.memory[..blocks])
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut free = self
            .queue
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        free.push(std::mem::take(&mut self.memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: each lane has two turns at a time, and neither waits for the other.
    #[tokio::test]
    async fn strangers_leave_turns_to_those_who_are_signed_in() {
        let hashing = Hashing::default();
        let mut held = Vec::new();
        for _ in 0..TURNS {
            held.push(hashing.turn(Lane::Anonymous).await.unwrap());
        }
        let soon = std::time::Duration::from_millis(50);
        let waits = tokio::time::timeout(soon, hashing.turn(Lane::Anonymous)).await;
        assert!(waits.is_err(), "a third stranger waits");
        hashing.turn(Lane::SignedIn).await.unwrap();
        held.pop();
        assert!(hashing.turn(Lane::Anonymous).await.is_ok());
    }
}
