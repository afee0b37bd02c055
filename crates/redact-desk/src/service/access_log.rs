//! What of the event log tells who got at which recording and who worked on what: read once, and
//! then only what was appended since. The log has every sign-in and every view, and is read from
//! its start at the first use after a start of the desk alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redact_record::RecordError;
use redact_record::events::{self, Act, Detail, LogPlace, Outcome, Recorded};

use crate::id::Id;
use crate::model::papers::AccessKind;
use crate::time::Millis;

/// An access to recordings, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoggedAccess {
    pub(super) at: Millis,
    pub(super) until: Millis,
    pub(super) who: Arc<str>,
    pub(super) kind: AccessKind,
    /// Recordings, or what was made of them.
    pub(super) of: Vec<Id>,
    pub(super) shown: BTreeMap<String, u64>,
    pub(super) frames: u64,
}

/// An entry that shows that a person worked on a request, rather than looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoggedWork {
    pub(super) at: Millis,
    pub(super) who: Arc<str>,
    pub(super) request: Option<Id>,
    /// Recordings, or what was made of them.
    pub(super) of: Vec<Id>,
    /// Whether it is a decision of a second person, who has to look before it.
    pub(super) is_approval: bool,
}

/// What was read of the log.
#[derive(Default)]
pub(super) struct ReadLog {
    place: LogPlace,
    /// In the order of the log.
    pub(super) access: Vec<LoggedAccess>,
    pub(super) work: Vec<LoggedWork>,
    /// The names of people, each held once.
    names: BTreeMap<String, Arc<str>>,
}

/// What was read of the log, for several who ask.
#[derive(Default)]
pub(crate) struct AccessLog(Mutex<ReadLog>);

impl AccessLog {
    /// What the log has now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn read(&self, path: &Path) -> Result<MutexGuard<'_, ReadLog>, RecordError> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !log.place.is_in(path)? {
            // Another log, or an earlier state of it that was restored.
            *log = ReadLog::default();
        }
        let mut place = std::mem::take(&mut log.place);
        let read = events::read_on(path, &mut place, &mut |entry| {
            if let Ok(entry) = entry {
                log.add(&entry);
            }
        });
        log.place = place;
        read?;
        Ok(log)
    }
}

impl ReadLog {
    fn add(&mut self, entry: &Recorded) {
        if entry.event.outcome != Outcome::Success {
            return;
        }
        let kind = access_kind(entry);
        let works = is_work(entry);
        if kind.is_none() && !works {
            return;
        }
        let who = self.name(&entry.event.who);
        if let Some(kind) = kind {
            self.access.push(access(entry, kind, Arc::clone(&who)));
        }
        if works {
            self.work.push(LoggedWork {
                at: millis(entry),
                who,
                request: label(entry, "request").and_then(Id::read),
                of: things(entry),
                is_approval: is_approval(entry),
            });
        }
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(name);
        self.names.insert(name.to_owned(), Arc::clone(&new));
        new
    }
}

fn millis(entry: &Recorded) -> Millis {
    entry.event.at.0.div_euclid(1_000_000)
}

fn label<'a>(entry: &'a Recorded, wanted: &str) -> Option<&'a str> {
    let mut details = entry.event.details.iter();
    let found = details.find(|(name, _)| name.as_str() == wanted);
    match &found?.1 {
        Detail::Label(label) => Some(label.as_str()),
        Detail::Count(_) => None,
    }
}

/// Ids of recordings that an entry names, and of what was made of them.
fn things(entry: &Recorded) -> Vec<Id> {
    let names = ["recording", "release", "package", "review"];
    let ids = names.iter().filter_map(|name| label(entry, name));
    ids.filter_map(Id::read).collect()
}

/// How an entry is access to a recording; `None` for any other entry.
fn access_kind(entry: &Recorded) -> Option<AccessKind> {
    Some(match (entry.event.what, label(entry, "action")?) {
        (Act::View, "viewed") => AccessKind::Viewed,
        (Act::Export, "download") => AccessKind::Downloaded,
        (Act::Export, "package-queued") => AccessKind::Exported,
        (Act::Delivery, "copy") => AccessKind::HandedOver,
        _ => return None,
    })
}

fn access(entry: &Recorded, kind: AccessKind, who: Arc<str>) -> LoggedAccess {
    let moment = |name: &str| {
        // As the entry of a view has it: `2026-01-31t08.30.00.123z`.
        let text = label(entry, name)?.to_uppercase();
        let (day, rest) = text.split_once('T')?;
        let text = format!("{day}T{}", rest.replacen('.', ":", 2));
        let at = redact_record::manifest::Utc::from_text(&text)?;
        Some(at.0.0.div_euclid(1_000_000))
    };
    let mut shown = BTreeMap::new();
    let mut frames = 0;
    for (name, detail) in &entry.event.details {
        match (name.as_str(), detail) {
            ("frames", Detail::Count(count)) => frames = *count,
            ("releases", _) => {}
            (name, Detail::Count(count)) => {
                shown.insert(name.to_owned(), *count);
            }
            ("file", Detail::Label(file)) => {
                shown.insert(file.as_str().to_owned(), 1);
            }
            _ => {}
        }
    }
    LoggedAccess {
        at: moment("began").unwrap_or_else(|| millis(entry)),
        until: moment("ended").unwrap_or_else(|| millis(entry)),
        who,
        kind,
        of: things(entry),
        shown,
        frames,
    }
}

/// Whether an entry shows that a person worked on a request, rather than looked.
fn is_work(entry: &Recorded) -> bool {
    use Act::{Approval, Decision, Intake, Render, Request};
    label(entry, "action") != Some("access-review")
        && matches!(
            entry.event.what,
            Approval | Decision | Intake | Render | Request
        )
}

/// Whether an entry is a decision of a second person, who has to look before it.
fn is_approval(entry: &Recorded) -> bool {
    let action = label(entry, "action").unwrap_or_default();
    entry.event.what == Act::Approval && matches!(action, "approve" | "sent-back")
}

#[cfg(test)]
mod tests {
    use redact_core::UtcNanos;
    use redact_record::events::{Circumstances, EventLog};

    use super::*;
    use crate::event::Event;

    fn append(log: &EventLog, who: &str, second: i64, event: Event) {
        let event = event.0.event(Circumstances {
            at: UtcNanos(second * 1_000_000_000),
            who,
            program: "redact",
            machine: "test",
        });
        log.append(&event).unwrap();
    }

    /// Goal: what is read on is what is read from the start, and another log under the same name is
    /// read from its start. Controls: entries that are neither access nor work, and refused ones.
    #[test]
    fn a_log_is_read_on() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events.jsonl");
        let log = EventLog::open(&path).unwrap();
        let recording = Id::random();
        let viewed = || Event::new(Act::View, "viewed").id("recording", &recording);
        let changed = || Event::new(Act::Request, "changed").id("request", &recording);
        let held = AccessLog::default();
        let state = |log: &AccessLog| {
            let read = log.read(&path).unwrap();
            (read.access.clone(), read.work.clone())
        };
        append(&log, "Ada", 1, viewed());
        append(&log, "Ada", 2, Event::new(Act::Account, "signed-in"));
        assert_eq!((state(&held).0.len(), state(&held).1.len()), (1, 0));
        append(&log, "Ben", 3, changed());
        append(&log, "Ben", 4, viewed().refused());
        append(&log, "Ben", 5, viewed());
        let (access, work) = state(&held);
        assert_eq!((access.len(), work.len()), (2, 1));
        assert_eq!((&*access[1].who, access[1].at), ("Ben", 5_000));
        assert_eq!(state(&AccessLog::default()), (access, work));
        std::fs::remove_file(&path).unwrap();
        let log = EventLog::open(&path).unwrap();
        for second in 0..9 {
            append(&log, "Cleo", second, viewed());
        }
        assert_eq!((state(&held).0.len(), state(&held).1.len()), (9, 0));
    }
}
