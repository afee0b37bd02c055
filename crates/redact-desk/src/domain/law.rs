//! The law of a request, and the sets of reasons that belong to laws.

use std::path::Path;

use redact_core::Class;
use redact_record::reasons::{self, DefaultFor, ReasonSet};
use serde::{Deserialize, Serialize};

use crate::error::DeskError;

/// The law of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Law {
    /// As in the request and in sets of reasons: `us-mn`.
    pub(crate) key: String,
    /// Its name, or what the request says.
    pub(crate) title: String,
    /// Whether there are reasons for it. Where there are none, those of the policy are used.
    pub(crate) covered: bool,
}

/// All sets of reasons, by name.
pub(crate) struct LawSets(Vec<ReasonSet>);

/// The reasons of a law that stand for those of a policy.
pub(crate) struct Defaults<'a>(Vec<&'a ReasonSet>);

impl LawSets {
    /// Reads all sets of a folder. A folder that does not exist has none.
    ///
    /// # Errors
    /// [`DeskError::Record`] for an invalid set, or if a code is in two sets.
    pub(crate) fn read(folder: &Path) -> Result<Self, DeskError> {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Ok(Self(Vec::new()));
        };
        let mut files: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .collect();
        files.sort();
        let sets: Vec<ReasonSet> = files
            .iter()
            .map(|file| reasons::read(file))
            .collect::<Result<_, _>>()?;
        reasons::combine(Vec::new(), &sets)?;
        Ok(Self(sets))
    }

    /// All sets that name their law.
    pub(crate) fn of_laws(&self) -> impl Iterator<Item = &ReasonSet> {
        self.0.iter().filter(|set| !set.laws.is_empty())
    }

    /// The reasons of `law` that stand for those of a policy.
    pub(crate) fn defaults(&self, law: &str) -> Defaults<'_> {
        let of_law = |set: &&ReasonSet| set.laws.iter().any(|own| own == law);
        Defaults(self.0.iter().filter(of_law).collect())
    }
}

impl Defaults<'_> {
    /// The code to hide tracks of `class`.
    pub(crate) fn class(&self, class: Class) -> Option<&str> {
        self.code(DefaultFor::Class(class))
    }

    /// The code to mute speech.
    pub(crate) fn speech(&self) -> Option<&str> {
        self.code(DefaultFor::Speech)
    }

    fn code(&self, wanted: DefaultFor) -> Option<&str> {
        let mut all = self.0.iter().flat_map(|set| &set.reasons);
        let found = all.find(|listed| listed.default_for.contains(&wanted))?;
        Some(&found.reason.code.0)
    }
}
