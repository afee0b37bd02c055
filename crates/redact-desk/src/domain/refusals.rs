//! Refused sign-ins, counted: the first of an address is written to the event log at once, what
//! follows within a minute becomes one entry with a count. A flood cannot fill the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::peer::Peer;
use crate::time::{MINUTE, Millis};

/// Addresses told apart within a minute; what comes from others is counted together.
const ADDRESSES_MAX: usize = 64;

/// The name that those others are counted under.
const OTHERS: &str = "others";

/// Refusals that are counted and not written yet, by address.
#[derive(Default)]
pub(crate) struct Refusals {
    counted: Mutex<HashMap<String, RefusalCount>>,
}

#[derive(Clone)]
pub(crate) struct RefusalCount {
    since: Millis,
    /// Those after the first, which was written.
    pub(crate) more: usize,
    pub(crate) who: String,
    pub(crate) action: &'static str,
}

/// What was refused.
pub(crate) struct Refusal<'a> {
    pub(crate) peer: Peer,
    /// The account's name; an unknown login is not written down: it may be a password.
    pub(crate) who: &'a str,
    pub(crate) action: &'static str,
    /// Whether the limit of attempts was reached.
    pub(crate) locked: bool,
}

impl Refusals {
    /// Whether this one is to be written at once.
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

    /// Takes out what is older than a minute, or everything.
    pub(crate) fn due(&self, now: Millis, all: bool) -> Vec<(String, RefusalCount)> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |since: Millis| all || now - since >= MINUTE || now < since;
        let out = counted.iter().filter(|(_, counted)| due(counted.since));
        let out: Vec<_> = out.map(|(key, one)| (key.clone(), one.clone())).collect();
        counted.retain(|_, counted| !due(counted.since));
        out
    }
}
