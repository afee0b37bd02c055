//! Counts failed sign-ins. The first one of an address is logged at once; those that follow within
//! a minute become one entry with a count, so that a flood cannot fill the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::peer::Peer;
use crate::time::{MINUTE, Millis};

/// Addresses that are counted separately within a minute; all others share one count.
const ADDRESSES_MAX: usize = 64;

/// The name of the shared count.
const OTHERS: &str = "others";

/// Failed sign-ins that were counted but not logged, by address.
#[derive(Default)]
pub(crate) struct Refusals {
    counted: Mutex<HashMap<String, RefusalCount>>,
}

#[derive(Clone)]
pub(crate) struct RefusalCount {
    since: Millis,
    /// Those after the first, which was logged.
    pub(crate) more: usize,
    pub(crate) who: String,
    pub(crate) action: &'static str,
}

/// A failed sign-in.
pub(crate) struct Refusal<'a> {
    pub(crate) peer: Peer,
    /// The account's name. An unknown login is not logged, because it may be a password.
    pub(crate) who: &'a str,
    pub(crate) action: &'static str,
    /// Whether the limit was reached.
    pub(crate) locked: bool,
}

impl Refusals {
    /// Whether this one must be logged at once.
    pub(crate) fn count(&self, address: &str, refusal: &Refusal<'_>, now: Millis) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counted.contains_key(address);
        let key = if known || counted.len() < ADDRESSES_MAX {
            address
        } else {
            OTHERS
        };
        if let Some(counted) = counted.get_mut(key) {
            counted.more += 1;
            if counted.who != refusal.who {
                "several".clone_into(&mut counted.who);
            }
            return false;
        }
        let first = RefusalCount {
            since: now,
            more: usize::from(key == OTHERS),
            who: refusal.who.to_owned(),
            action: refusal.action,
        };
        counted.insert(key.to_owned(), first);
        key != OTHERS
    }

    /// Removes and returns counts older than a minute, or all.
    pub(crate) fn due(&self, now: Millis, all: bool) -> Vec<(String, RefusalCount)> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |since: Millis| all || now - since >= MINUTE || now < since;
        let out = counted.iter().filter(|(_, counted)| due(counted.since));
        let out: Vec<_> = out.map(|(key, one)| (key.clone(), one.clone())).collect();
        counted.retain(|_, counted| !due(counted.since));
        out
    }
}
