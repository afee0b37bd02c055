//! Manifests that this user's event log says were replaced.

use std::collections::BTreeMap;
use std::path::Path;

use redact_core::Digest;
use redact_record::events::{self, Act, Outcome};

/// SHA-256 of manifests that a later release replaced, and when.
pub(super) fn in_event_log(log: &Path) -> BTreeMap<Digest, String> {
    let mut replaced = BTreeMap::new();
    let read = events::read(log, &mut |entry| {
        let Ok(entry) = entry else { return };
        let event = &entry.event;
        if event.what != Act::Export || event.outcome != Outcome::Success {
            return;
        }
        for (name, digest) in &event.subjects {
            if name.as_str() == "replaced-manifest" {
                let by = format!("a release of {}, according to the event log", entry.time());
                replaced.insert(*digest, by);
            }
        }
    });
    if let Err(unread) = read {
        tracing::warn!("cannot read the event log: {unread}");
    }
    replaced
}
