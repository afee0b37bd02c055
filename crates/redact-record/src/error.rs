//! Why a record could not be read, written, approved or trusted.

use std::io;

use redact_core::{Digest, PlanError};

use crate::sign::SignatureProblem;

/// What may go wrong at the edge of this crate.
///
/// Paths are left out: the caller knows which file it named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The system refused to read.
    #[error("cannot read the file")]
    Read {
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// The system refused to write.
    #[error("cannot write the file")]
    Write {
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// A folder, a pipe or a device was named where a file is needed.
    #[error("not a regular file")]
    NotAFile,
    /// Nothing is replaced unless that was asked for.
    #[error("the file exists already")]
    Exists,
    /// The file is larger than any of its kind can be.
    #[error("the file has {found} bytes, at most {max} are accepted")]
    TooLarge {
        /// Bytes found.
        found: u64,
        /// Bytes accepted.
        max: u64,
    },
    /// The file grew or shrank while it was read.
    #[error("the file changed while it was read: {found} bytes instead of {expected}")]
    ChangedWhileReading {
        /// Length when it was opened.
        expected: u64,
        /// Length that was read.
        found: u64,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The text is not what the format allows: unknown, doubled or missing keys, wrong types.
    #[error("at {at:?}")]
    Syntax {
        /// Path of the value, e.g. `tracks[2].boxes[0]`; `.` is the whole file.
        at: String,
        /// The parser's own words, with line and column.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// The file is of another kind.
    #[error("this is {found:?}, expected {expected:?}")]
    OtherKind {
        /// Kind found.
        found: String,
        /// Kind expected.
        expected: &'static str,
    },
    /// The file was made by a later version of this program.
    #[error("format version {found} is newer than {supported}, the newest this program reads")]
    NewerVersion {
        /// Version found.
        found: String,
        /// Newest version that is read.
        supported: String,
    },
    /// A value is of the right type and still impossible.
    #[error("{field}: {found} is not {expected}")]
    Field {
        /// Path of the value.
        field: String,
        /// What was found.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// The plan is not what was approved. Approving it again makes it valid.
    #[error("the plan was changed after {by:?} approved it; it must be approved again")]
    ChangedAfterApproval {
        /// Whose approval is void.
        by: String,
        /// Content that was approved.
        approved: Digest,
        /// Content found.
        found: Digest,
    },
    /// Two different people are needed.
    #[error("{by:?} has approved this plan already; the policy asks for another person")]
    SamePerson {
        /// Who approved twice.
        by: String,
    },
    /// The policy asks for signed approvals.
    #[error(
        "{by:?}'s approval is not signed with a key that is trusted here; the policy asks for that"
    )]
    Unsigned {
        /// Whose approval.
        by: String,
    },
    /// A plan that may not be carried out.
    #[error("the plan cannot be carried out")]
    Plan(#[from] PlanError),
    /// A plate or a screen is blurred or pixelated, and the policy does not accept that.
    #[error("{item}: {effect} is too weak for class {class}; use fill, or accept_weak_effect")]
    WeakEffect {
        /// The track or the class rule.
        item: String,
        /// The effect found.
        effect: &'static str,
        /// The class it is for.
        class: redact_core::Class,
    },
    /// An effect leaves more than the policy's does.
    #[error("{item}: {effect} leaves more than {policy}, which the policy asks for; use {policy}")]
    WeakerThanPolicy {
        /// The track or item.
        item: String,
        /// The effect found.
        effect: String,
        /// The policy's effect for the class.
        policy: String,
    },
    /// The plan leaves out part of what the scan found.
    #[error(
        "{what}: not covered by the plan; restore it from the findings and decide it: redact, keep \
         or reject"
    )]
    Uncovered {
        /// The found track, or the span of speech.
        what: String,
    },
    /// A decision that needs a person names none.
    #[error("{item}: {verdict} against the policy, by {by:?}; it needs the name of a person")]
    NoPerson {
        /// The track or the span of speech.
        item: String,
        /// `keep` or `reject`.
        verdict: &'static str,
        /// Who is named.
        by: String,
    },
    /// A set of reasons that a policy draws on cannot be used.
    #[error("cannot use reason set {name:?}")]
    ReasonSet {
        /// The set, as the policy names it.
        name: String,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// The secret key is protected.
    #[error("the secret key is protected by a passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the key, or the key file is damaged.
    #[error("wrong passphrase, or a damaged secret key")]
    KeyRefused,
    /// The passphrase does not open the backup, or the file is damaged.
    #[error(
        "cannot open the backup: wrong passphrase, or a damaged file; without its passphrase \
         nothing in it can be recovered"
    )]
    BackupRefused,
    /// Others than the owner may read the secret key.
    #[error("the secret key file has mode {mode:03o}, expected 600")]
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
    /// The key library failed, for example for want of random numbers.
    #[error("cannot create or use the key")]
    Key {
        /// The library's own words.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// Two trusted keys carry one identifier.
    #[error("key {id} is in the trust folder twice, with different content")]
    KeyConflict {
        /// The identifier.
        id: crate::sign::KeyId,
    },
    /// A key and a name are not free to be bound to each other.
    #[error("key {key} belongs to approver {name:?}; a key has one name, and a name one key")]
    ApproverTaken {
        /// The key that is bound already.
        key: crate::sign::KeyId,
        /// The name it is bound to.
        name: String,
    },
    /// An approval is signed with another person's key.
    #[error(
        "{by:?}'s approval is signed with the key of {owner:?}; it needs the approver's own key"
    )]
    OtherApprover {
        /// Who approved, by the approval.
        by: String,
        /// Whose key it is.
        owner: String,
    },
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature(#[from] SignatureProblem),
    /// A check of the release failed, or was not made. No manifest may vouch for it.
    #[error("check {name:?} did not pass: {evidence}")]
    CheckFailed {
        /// What was checked.
        name: String,
        /// What was found.
        evidence: String,
    },
    /// The redaction log could not be put together.
    #[error("cannot write the redaction log")]
    Log {
        /// The template's own words.
        #[source]
        source: redact_core::port::BoxError,
    },
    /// Two records that do not belong together.
    #[error("{what}: {found}, expected {expected}")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// What was found.
        found: String,
        /// What would be right.
        expected: String,
    },
}

impl RecordError {
    /// A value that is impossible, with its path.
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
