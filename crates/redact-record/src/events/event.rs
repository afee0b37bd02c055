//! The content of a log entry.

use redact_core::{Digest, UtcNanos};
use serde::{Deserialize, Serialize};

use crate::RecordError;
use crate::json::check_text;

/// Maximum subjects, and maximum details, of an event.
const ITEMS_MAX: usize = 32;

/// Maximum bytes in the name of a person, a program or a machine.
pub(super) const NAME_BYTES_MAX: usize = 128;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Act {
    /// A recording was scanned.
    Scan,
    /// A person or a policy decided on findings.
    Decision,
    /// A plan was approved.
    Approval,
    /// A release was written.
    Render,
    /// A release was checked.
    Verify,
    /// A release or a record was exported in another form.
    Export,
    /// A release was delivered.
    Delivery,
    /// A key was created, trusted or revoked.
    Key,
    /// An account was created or changed, or a person signed in or out.
    Account,
    /// A request for a recording was entered or changed.
    Request,
    /// A recording was added.
    Intake,
    /// Part of a recording was shown to a person.
    View,
    /// An incomplete entry was moved out of the log; the log itself records this.
    Repair,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It was refused by a rule or for lack of permission.
    Refused,
    /// It was started and could not be completed.
    Failure,
}

/// A word of the program's vocabulary: 1 to 64 of `a`–`z`, `0`–`9`, `.`, `_` and `-`.
///
/// Sentences, names of people and license plates do not fit by accident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// Makes a label of `text`; `None` if it is not valid.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let is_valid = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        is_valid.then(|| Self(text.to_owned()))
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

/// What an event may contain beyond its fixed fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// A count.
    Count(u64),
    /// A word of the program's vocabulary.
    Label(Label),
}

/// One act, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When; written in hundredths of a second, rounded down.
    pub at: UtcNanos,
    /// The person or policy that acted.
    pub who: String,
    /// What was done.
    pub what: Act,
    /// The program that acted, with its version.
    pub program: String,
    /// The machine that it ran on.
    pub machine: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The subjects, by digest: `source`, `plan`, `release`, `key`.
    pub subjects: Vec<(Label, Digest)>,
    /// Counts and labels. There is no free text, which could contain names or spoken words.
    pub details: Vec<(Label, Detail)>,
}

impl Event {
    /// Rejects empty or long names, and long lists.
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
