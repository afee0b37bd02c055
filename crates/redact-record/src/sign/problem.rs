//! Why a signature does not hold.

use super::key_id::KeyId;

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// The text is not a signature of ours.
    #[error("not a signature: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// It was made with another key.
    #[error("signed with key {found}, expected key {expected}")]
    OtherKey {
        /// Identifier in the signature.
        found: KeyId,
        /// Identifier of the key it was checked with.
        expected: KeyId,
    },
    /// It is for another kind of record.
    #[error("wrong kind of signature: found {found:?}, expected {expected:?}")]
    OtherKind {
        /// Kind in the signature.
        found: String,
        /// Kind of the record.
        expected: &'static str,
    },
    /// It was made with a key that is for something else.
    #[error("signed with key {key}, which is {found} key; it needs {expected} key")]
    OtherPurpose {
        /// The key's identifier.
        key: KeyId,
        /// What the key is for, with its article.
        found: &'static str,
        /// What it would have to be for, with its article.
        expected: &'static str,
    },
    /// It was made with a revoked key.
    #[error("signed with key {key}, which was revoked here")]
    Revoked {
        /// The key's identifier.
        key: KeyId,
    },
    /// The file is not what was signed, or the signature is forged.
    #[error("the file is not what was signed")]
    Bad,
}
