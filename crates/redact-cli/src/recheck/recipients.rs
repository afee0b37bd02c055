//! Who received a copy of a release, as far as anything here recorded it.

use std::collections::HashMap;
use std::path::Path;

use redact_record::events::{self, Act};
use serde::Serialize;

use crate::args::GlobalArgs;
use crate::event_log;

/// A copy that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Copy {
    /// When.
    at: String,
    /// Who handed it over.
    by: String,
    /// To whom; `null` in the event log, which takes no names that were typed.
    to: Option<String>,
    /// How, e.g. `download`.
    medium: Option<String>,
}

impl std::fmt::Display for Copy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let to = self.to.as_deref().unwrap_or("(name in the desk's records)");
        write!(f, "{} by {} to {to}", self.at, self.by)
    }
}

/// Copies by the SHA-256 of the release.
pub(super) struct Recipients(HashMap<String, Vec<Copy>>);

impl Recipients {
    /// Reads the desk's records, where `folder` is its data folder or lies in it, and the event
    /// log.
    pub(super) fn read(folder: &Path, global: &GlobalArgs) -> Self {
        let mut copies: HashMap<String, Vec<Copy>> = desk(folder);
        if copies.is_empty()
            && let Ok(log) = event_log::file(global)
        {
            copies = logged(&log);
        }
        Self(copies)
    }

    pub(super) fn of(&self, sha256: &str) -> Vec<Copy> {
        self.0.get(sha256).cloned().unwrap_or_default()
    }
}

/// Deliveries and downloads in the event log.
fn logged(log: &Path) -> HashMap<String, Vec<Copy>> {
    let mut copies: HashMap<String, Vec<Copy>> = HashMap::new();
    let read = events::read(log, &mut |entry| {
        let Ok(entry) = entry else { return };
        if entry.event.what != Act::Delivery {
            return;
        }
        let medium = entry.event.details.iter().find_map(|(name, detail)| {
            let events::Detail::Label(label) = detail else {
                return None;
            };
            (name.as_str() == "medium").then(|| label.as_str().to_owned())
        });
        let copy = Copy {
            at: entry.time(),
            by: entry.event.who.clone(),
            to: None,
            medium,
        };
        for (_, digest) in &entry.event.subjects {
            copies
                .entry(digest.to_string())
                .or_default()
                .push(copy.clone());
        }
    });
    if let Err(unread) = read {
        tracing::warn!("cannot read the event log: {unread}");
    }
    copies
}

/// What the desk recorded, names included.
fn desk(folder: &Path) -> HashMap<String, Vec<Copy>> {
    let database = folder.ancestors().map(|folder| folder.join("desk.sqlite"));
    let Some(database) = database.take(3).find(|path| path.is_file()) else {
        return HashMap::new();
    };
    let mut copies: HashMap<String, Vec<Copy>> = HashMap::new();
    let read = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| Ok(runtime.block_on(redact_desk::recorded_copies(&database))?));
    match read {
        Ok(recorded) => {
            for copy in recorded {
                copies.entry(copy.sha256).or_default().push(Copy {
                    at: copy.at,
                    by: copy.by,
                    to: Some(copy.to),
                    medium: Some(copy.medium),
                });
            }
        }
        Err(error) => tracing::warn!("{}: cannot read: {error:#}", database.display()),
    }
    copies
}
