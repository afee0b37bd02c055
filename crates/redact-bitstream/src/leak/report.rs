//! Findings of a scan, by channel.

use super::verdict::{LeakChannel, LeakVerdict};

/// Findings that are listed per channel; the rest are only counted.
const NOTES_MAX: usize = 8;

#[derive(Default)]
struct Entry {
    notes: Vec<String>,
    more: usize,
    counts: Vec<String>,
}

/// Collects findings.
pub(super) struct Report {
    entries: Vec<(LeakChannel, Entry)>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            entries: LeakChannel::ALL
                .map(|channel| (channel, Entry::default()))
                .into(),
        }
    }

    fn entry(&mut self, channel: LeakChannel) -> &mut Entry {
        let found = self.entries.iter_mut().find(|(of, _)| *of == channel);
        &mut found.expect("ALL names every channel").1
    }

    /// Reports something that must not be there: keys, counts and offsets, no values.
    pub(super) fn note(&mut self, channel: LeakChannel, what: String) {
        let entry = self.entry(channel);
        if entry.notes.len() < NOTES_MAX {
            entry.notes.push(what);
        } else {
            entry.more += 1;
        }
    }

    /// Adds what was checked.
    pub(super) fn count(&mut self, channel: LeakChannel, what: String) {
        self.entry(channel).counts.push(what);
    }

    pub(super) fn verdicts(self) -> Vec<LeakVerdict> {
        self.entries
            .into_iter()
            .map(|(channel, entry)| {
                let clean = entry.notes.is_empty();
                let mut said = if clean { entry.counts } else { entry.notes };
                if entry.more > 0 {
                    said.push(format!("and {} more", entry.more));
                }
                let evidence = if said.is_empty() {
                    "none found".to_owned()
                } else {
                    said.join("; ")
                };
                LeakVerdict {
                    channel,
                    clean,
                    evidence,
                }
            })
            .collect()
    }
}
