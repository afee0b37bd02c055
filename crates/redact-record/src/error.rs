//! Why a record could not be read, written, approved or trusted.

use std::io;

use redact_core::{Digest, PlanError};

use crate::sign::SignatureProblem;

/// An error of this crate.
///
/// It does not name the file: the caller knows the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read.
    #[error("cannot read the file")]
    Read {
        /// The system's message.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the file")]
    Write {
        /// The system's message.
        #[source]
        source: io::Error,
    },
    /// The path names a folder, a pipe or a device.
    #[error("cannot read the file: it is not a regular file")]
    NotAFile,
    /// The file exists and may not be replaced.
    #[error("the file exists already")]
    Exists,
    /// The file is larger than any valid file of its kind.
    #[error("the file is too large: found {found} bytes; at most {max} are allowed")]
    TooLarge {
        /// Bytes found.
        found: u64,
        /// Bytes allowed.
        max: u64,
    },
    /// The file grew or shrank while it was read.
    #[error("the file changed while it was read: found {found} bytes, expected {expected}")]
    ChangedWhileReading {
        /// Length when it was opened.
        expected: u64,
        /// Length that was read.
        found: u64,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The text does not follow the format: unknown, duplicate or missing keys, wrong types.
    #[error("invalid value at {at:?}")]
    Syntax {
        /// Path of the value, e.g. `tracks[2].boxes[0]`; `.` is the whole file.
        at: String,
        /// The parser's message, with line and column.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// The file is of another kind.
    #[error("wrong kind of file: found {found:?}, expected {expected:?}")]
    OtherKind {
        /// Kind found.
        found: String,
        /// Kind expected.
        expected: &'static str,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "format version {found} is newer than {supported}, the newest that this program reads; use \
         a newer program"
    )]
    NewerVersion {
        /// Version found.
        found: String,
        /// Newest supported version.
        supported: String,
    },
    /// A value has the right type and is not valid.
    #[error("{field}: found {found}; expected {expected}")]
    Field {
        /// Path of the value.
        field: String,
        /// What was found.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// The plan was changed after it was approved. A new approval makes it valid.
    #[error("the plan was changed after {by:?} approved it; it must be approved again")]
    ChangedAfterApproval {
        /// The approver whose approval is void.
        by: String,
        /// Digest of the approved content.
        approved: Digest,
        /// Digest of the content found.
        found: Digest,
    },
    /// Two different people are needed.
    #[error("{by:?} has already approved this plan; the policy requires another person")]
    SamePerson {
        /// The person who approved twice.
        by: String,
    },
    /// The policy requires signed approvals.
    #[error(
        "{by:?}'s approval is not signed with a key that is trusted here; the policy requires that"
    )]
    Unsigned {
        /// The approver.
        by: String,
    },
    /// The plan cannot be rendered.
    #[error("the plan cannot be rendered")]
    Plan(#[from] PlanError),
    /// A plate or a screen is blurred or pixelated, and the policy does not accept that.
    #[error("{item}: {effect} is too weak for class {class}; use fill, or set accept_weak_effect")]
    WeakEffect {
        /// The track or the class rule.
        item: String,
        /// The effect found.
        effect: &'static str,
        /// The class it is for.
        class: redact_core::Class,
    },
    /// An effect is weaker than the policy's.
    #[error("{item}: {effect} is weaker than {policy}, which the policy requires; use {policy}")]
    WeakerThanPolicy {
        /// The track or mask.
        item: String,
        /// The effect found.
        effect: String,
        /// The policy's effect for the class.
        policy: String,
    },
    /// The plan does not cover everything that the scan found.
    #[error(
        "{what}: not covered by the plan; restore it from the findings and redact, keep or reject \
         it"
    )]
    Uncovered {
        /// The found track or span of speech.
        what: String,
    },
    /// A decision against the policy does not name a person.
    #[error(
        "{item}: {verdict} against the policy is attributed to {by:?}; it needs a person's name"
    )]
    NoPerson {
        /// The track or the span of speech.
        item: String,
        /// `keep` or `reject`.
        verdict: &'static str,
        /// The name found.
        by: String,
    },
    /// A reason set that a policy names cannot be used.
    #[error("cannot use reason set {name:?}")]
    ReasonSet {
        /// The set's name in the policy.
        name: String,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// The secret key is protected by a passphrase.
    #[error("the secret key is protected by a passphrase; enter it")]
    PassphraseNeeded,
    /// The passphrase does not open the key, or the key file is damaged.
    #[error("cannot open the secret key: wrong passphrase, or a damaged file")]
    KeyRefused,
    /// The passphrase does not open the backup, or the file is damaged.
    #[error(
        "cannot open the backup: wrong passphrase, or a damaged file; without its passphrase \
         nothing in it can be recovered"
    )]
    BackupRefused,
    /// Users other than the owner may read the secret key.
    #[error("other users can read the secret key: found mode {mode:03o}; it must be 600")]
    KeyTooOpen {
        /// Permission bits found.
        mode: u32,
    },
    /// A key file is not in minisign's format.
    #[error("not a minisign key: {what}")]
    KeyMalformed {
        /// What is wrong.
        what: String,
    },
    /// The key library failed, for example because no random numbers were available.
    #[error("cannot create or use the key")]
    Key {
        /// The library's message.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// One key identifier stands for two keys, or for one key with two purposes.
    #[error(
        "key {id} is trusted twice, with different content or for different purposes; a key \
         identifier must belong to one key with one purpose"
    )]
    KeyConflict {
        /// The identifier.
        id: crate::sign::KeyId,
    },
    /// A file that was given as trusted cannot be used.
    #[error("{file}: cannot be trusted")]
    TrustFile {
        /// Its name, as it was given.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Box<RecordError>,
    },
    /// The key or the name is already bound.
    #[error(
        "key {key} belongs to approver {name:?}; each key needs one name, and each name one key"
    )]
    ApproverTaken {
        /// The key that is already bound.
        key: crate::sign::KeyId,
        /// The name that it is bound to.
        name: String,
    },
    /// An approval is signed with another person's key.
    #[error(
        "{by:?}'s approval is signed with the key of {owner:?}; it needs the approver's own key"
    )]
    OtherApprover {
        /// The approver named in the approval.
        by: String,
        /// The owner of the key.
        owner: String,
    },
    /// The signature is not valid.
    #[error("the signature is not valid")]
    Signature(#[from] SignatureProblem),
    /// A check of the release failed or was not done; there is no manifest without it.
    #[error("check {name:?} did not pass: {evidence}")]
    CheckFailed {
        /// The check.
        name: String,
        /// What was found.
        evidence: String,
    },
    /// The captions of a release are invalid, or reveal what is muted.
    #[error("the captions cannot be used")]
    Captions(#[from] crate::captions::CaptionError),
    /// The redaction log could not be produced.
    #[error("cannot write the redaction log")]
    Log {
        /// The template engine's message.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// A letter cannot be made from its template.
    #[error("letter {template:?}{}: {problem}", at_line(*.line))]
    Letter {
        /// The template's name.
        template: String,
        /// The line of its file, from 1.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
        /// Why the file cannot be used.
        #[source]
        source: Option<Box<RecordError>>,
    },
    /// A file of the office's settings cannot be used.
    #[error("{file}: cannot be used")]
    OfficeFile {
        /// Its name in the office's folder.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Box<RecordError>,
    },
    /// Two records do not belong together.
    #[error("{what}: found {found}; expected {expected}")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// What was found.
        found: String,
        /// What is needed.
        expected: String,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

impl RecordError {
    /// An invalid value with its path.
    pub(crate) fn field(
        field: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Field {
            field: field.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}
