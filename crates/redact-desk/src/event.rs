//! Entries for the event log.

use redact_core::Digest;
use redact_record::events::{Act, EventDraft, Outcome};

use crate::id::Id;

/// An entry for the event log.
pub(crate) struct Event(pub(crate) EventDraft);

impl Event {
    pub(crate) fn new(what: Act, action: &str) -> Self {
        Self(EventDraft::new(what)).label("action", action)
    }

    pub(crate) const fn refused(mut self) -> Self {
        self.0.outcome(Outcome::Refused);
        self
    }

    pub(crate) fn subject(mut self, name: &str, digest: Digest) -> Self {
        self.0.subject(name, digest);
        self
    }

    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        self.0.label(name, value);
        self
    }

    pub(crate) fn id(self, name: &str, id: &Id) -> Self {
        self.label(name, id.as_str())
    }

    pub(crate) fn count(mut self, name: &str, count: usize) -> Self {
        self.0.count(name, count);
        self
    }
}
