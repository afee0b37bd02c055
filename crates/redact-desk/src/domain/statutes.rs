//! What public-records laws set in figures: deadlines, fees and retention.
//!
//! One TOML file per law, with the source of each figure and worked examples that a reader can
//! check by hand. Some files are built in (`laws/`); an agency adds its own in `laws/` of the data
//! folder, where a file replaces the built-in one with the same key. A file whose examples do not
//! come out as it says is refused. None of this is legal advice.

mod deadline;
mod examples;
mod fees;
mod file;
mod law;
mod money;
mod parts;
mod retention;
mod retention_examples;
mod stay;

use std::path::Path;

pub(crate) use deadline::{Case, Due, Pause, plain_due};
pub(crate) use fees::{Charge, Fee, FeeCase, FeeRules, Tolerance};
pub(crate) use law::{Deadline, DeadlineKind, Extension, Statute, Tolling};
pub(crate) use money::Money;
pub(crate) use parts::Days;
pub(crate) use retention::Retention;
pub(crate) use stay::{Asked, RetentionState, Stay, StayCase};
#[cfg(test)]
pub(crate) use {
    law::TollingEffect,
    retention::{RetentionEnd, Span},
};

use super::holidays::Holidays;
use crate::error::DeskError;

const OURS: [(&str, &str); 11] = [
    ("us-ca.toml", include_str!("../../laws/us-ca.toml")),
    ("us-ct.toml", include_str!("../../laws/us-ct.toml")),
    (
        "us-federal.toml",
        include_str!("../../laws/us-federal.toml"),
    ),
    ("us-il.toml", include_str!("../../laws/us-il.toml")),
    ("us-mn.toml", include_str!("../../laws/us-mn.toml")),
    ("us-nj.toml", include_str!("../../laws/us-nj.toml")),
    ("us-ny.toml", include_str!("../../laws/us-ny.toml")),
    ("us-oh.toml", include_str!("../../laws/us-oh.toml")),
    ("us-or.toml", include_str!("../../laws/us-or.toml")),
    ("us-tx.toml", include_str!("../../laws/us-tx.toml")),
    ("us-wa.toml", include_str!("../../laws/us-wa.toml")),
];

/// Largest file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The laws that the desk knows, ordered by title.
#[derive(Clone, Debug)]
pub(crate) struct Statutes(Vec<Statute>);

impl Statutes {
    /// The built-in laws, with those of `folder` added or replacing them.
    ///
    /// # Errors
    /// [`DeskError::Law`] for a file that is invalid or whose examples do not come out;
    /// [`DeskError::Record`] for one that cannot be read.
    pub(crate) fn read(folder: &Path, holidays: &Holidays) -> Result<Self, DeskError> {
        let mut laws = Vec::new();
        for (name, text) in OURS {
            add(&mut laws, text, holidays)
                .map_err(|what| invalid(&Path::new("laws").join(name), what))?;
        }
        let unusable = |source: std::io::Error| DeskError::Folder {
            path: folder.to_owned(),
            source,
        };
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            opened => Some(opened.map_err(unusable)?),
        };
        let paths = entries.into_iter().flatten().map(|entry| Ok(entry?.path()));
        let mut files: Vec<_> = paths.collect::<Result<_, _>>().map_err(unusable)?;
        files.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        });
        files.sort();
        for path in files {
            let bytes = redact_record::read(&path, BYTES_MAX)?;
            let text =
                String::from_utf8(bytes).map_err(|error| invalid(&path, error.to_string()))?;
            add(&mut laws, &text, holidays).map_err(|what| invalid(&path, what))?;
        }
        laws.sort_by(|a, b| a.title.cmp(&b.title));
        Ok(Self(laws))
    }

    /// The law with that key.
    pub(crate) fn get(&self, key: &str) -> Option<&Statute> {
        self.0.iter().find(|law| law.key == key)
    }

    /// The title of the law with that key, or the text itself: requests may name any law.
    pub(crate) fn title<'a>(&'a self, jurisdiction: &'a str) -> &'a str {
        self.get(jurisdiction)
            .map_or(jurisdiction, |law| &law.title)
    }

    /// All laws.
    pub(crate) fn all(&self) -> &[Statute] {
        &self.0
    }

    /// Refuses a key that no law has.
    ///
    /// # Errors
    /// [`DeskError::UnknownLaw`].
    pub(crate) fn check(&self, key: Option<&str>) -> Result<(), DeskError> {
        let Some(given) = key.filter(|key| self.get(key).is_none()) else {
            return Ok(());
        };
        let known: Vec<&str> = self.0.iter().map(|law| law.key.as_str()).collect();
        Err(DeskError::UnknownLaw {
            given: given.to_owned(),
            known: known.join(", "),
        })
    }
}

fn add(laws: &mut Vec<Statute>, text: &str, holidays: &Holidays) -> Result<(), String> {
    let (law, examples) = file::parse(text)?;
    examples::check(&law, &examples, holidays)?;
    laws.retain(|known| known.key != law.key);
    laws.push(law);
    Ok(())
}

fn invalid(path: &Path, what: String) -> DeskError {
    DeskError::Law {
        path: path.to_owned(),
        what,
    }
}

#[cfg(test)]
mod tests;
