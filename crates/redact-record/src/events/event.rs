//! What one entry of the log says.

use redact_core::{Digest, UtcNanos};
use serde::{Deserialize, Serialize};

use crate::RecordError;
use crate::json::check_text;

/// The most subjects, and the most details, of one event.
const ITEMS_MAX: usize = 32;

/// The most bytes in a name of a person, a program or a machine.
pub(super) const NAME_BYTES_MAX: usize = 128;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Act {
    /// A recording was searched for what may have to be hidden.
    Scan,
    /// A person or a policy decided about what was found.
    Decision,
    /// A plan was approved.
    Approval,
    /// A release was written.
    Render,
    /// A release was checked.
    Verify,
    /// A release or a record left the program in another form.
    Export,
    /// A release was handed over.
    Delivery,
    /// A key was made, trusted or withdrawn.
    Key,
    /// An account was made, changed, signed in to or signed out of.
    Account,
    /// A request for a recording was entered or changed.
    Request,
    /// A recording was taken in.
    Intake,
    /// Something of a recording was shown to a person.
    View,
    /// Bytes of an entry that was cut short were moved out of the log; the log itself writes this.
    Repair,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was forbidden, by a rule or for want of a right.
    Refused,
    /// It was begun and could not be finished.
    Failure,
}

/// A word from a program's vocabulary: 1 to 64 of `a`–`z`, `0`–`9`, `.`, `_` and `-`.
///
/// No sentence, no name as people write it and no plate fits by accident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// Takes `text` as a label; `None` when it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let sound = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        sound.then(|| Self(text.to_owned()))
    }

    /// The label's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl TryFrom<String> for Label {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("expected 1 to 64 of a-z, 0-9, '.', '_' and '-'")
    }
}

/// What an event may say beyond its fixed fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// How many.
    Count(u64),
    /// Which, by a word of the program's vocabulary.
    Label(Label),
}

/// One act, before it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When. Written in hundredths of a second, rounded down.
    pub at: UtcNanos,
    /// The person, or the written policy, that acted.
    pub who: String,
    /// What was done.
    pub what: Act,
    /// The program that acted, with its version.
    pub program: String,
    /// The machine it ran on.
    pub machine: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to, by digest: `source`, `plan`, `release`, `key`.
    pub subjects: Vec<(Label, Digest)>,
    /// Counts and labels; see [`Detail`] for why no free text.
    pub details: Vec<(Label, Detail)>,
}

impl Event {
    /// Refuses names that are empty or long, and lists that are long.
    pub(super) fn check(&self) -> Result<(), RecordError> {
        check_text("who", &self.who, NAME_BYTES_MAX)?;
        check_text("program", &self.program, NAME_BYTES_MAX)?;
        check_text("machine", &self.machine, NAME_BYTES_MAX)?;
        for (field, count) in [
            ("subjects", self.subjects.len()),
            ("details", self.details.len()),
        ] {
            if count > ITEMS_MAX {
                return Err(RecordError::field(
                    field,
                    count,
                    format!("at most {ITEMS_MAX}"),
                ));
            }
        }
        Ok(())
    }
}
