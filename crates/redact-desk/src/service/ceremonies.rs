//! Challenges of passkeys that wait for an answer, in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use webauthn_rp::{DiscoverableAuthenticationServerState, RegistrationServerState};

/// The most challenges that wait; more replace the oldest. One takes some 50 bytes.
const WAITING_MAX: usize = 4096;

/// Challenges that wait for an answer.
#[derive(Default)]
pub(crate) struct Ceremonies {
    pub(crate) registrations: Mutex<VecDeque<RegistrationServerState<16>>>,
    pub(crate) sign_ins: Mutex<VecDeque<DiscoverableAuthenticationServerState>>,
}

/// Adds a challenge.
pub(crate) fn push<T>(waiting: &Mutex<VecDeque<T>>, state: T) {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.len() >= WAITING_MAX {
        waiting.pop_front();
    }
    waiting.push_back(state);
}

/// Removes and returns the challenge that is wanted.
pub(crate) fn take<T>(waiting: &Mutex<VecDeque<T>>, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let at = waiting.iter().position(is_wanted)?;
    waiting.remove(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a challenge is found once; a flood of others replaces the oldest and grows no further.
    #[test]
    fn a_challenge_is_taken_once() {
        let waiting = Mutex::new(VecDeque::new());
        for number in 0..=WAITING_MAX {
            push(&waiting, number);
        }
        assert_eq!(take(&waiting, |number| *number == 0), None);
        assert_eq!(take(&waiting, |number| *number == 7), Some(7));
        assert_eq!(take(&waiting, |number| *number == 7), None);
    }
}
