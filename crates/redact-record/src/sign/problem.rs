//! Errors of signatures.

use super::key_id::KeyId;

/// Why a signature is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// The text is not a signature by this program.
    #[error("not a signature: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// It was made with another key.
    #[error("signed with key {found}, expected key {expected}")]
    OtherKey {
        /// ID in the signature.
        found: KeyId,
        /// ID of the key that it was checked with.
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
    /// It was made with a key for another purpose.
    #[error("signed with key {key}, which is {found} key; it needs {expected} key")]
    OtherPurpose {
        /// The key's ID.
        key: KeyId,
        /// The key's purpose, with an article.
        found: &'static str,
        /// The required purpose, with an article.
        expected: &'static str,
    },
    /// It was made with a revoked key.
    #[error("signed with key {key}, which was revoked here")]
    Revoked {
        /// The key's ID.
        key: KeyId,
    },
    /// The file was changed, or the signature is forged.
    #[error("the file is not what was signed")]
    Bad,
}
