//! Why a time stamp is not accepted.

use redact_core::Digest;

/// Why a time stamp is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// The bytes are not an authority's answer, or one with parts that are not known here.
    #[error("not a time stamp that can be checked: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// The system has no random numbers.
    #[error("cannot get random numbers from the system")]
    Random(#[source] getrandom::Error),
    /// The authority refused to stamp.
    #[error("the authority refused: status {status}")]
    Refused {
        /// Its status, as RFC 3161 spells it.
        status: String,
    },
    /// It is for another file.
    #[error("the time stamp is for a file with SHA-256 {found}, expected {expected}")]
    OtherFile {
        /// What was stamped.
        found: String,
        /// What should have been.
        expected: Digest,
    },
    /// Its signature, or its signer's certificate, does not hold.
    #[error("the time stamp does not hold: {what}")]
    Bad {
        /// What does not.
        what: &'static str,
    },
}

/// A part of the answer that cannot be parsed.
pub(super) fn malformed(what: &str) -> impl Fn(der::Error) -> StampError + use<'_> {
    move |refused| StampError::Malformed {
        what: format!("{what}: {refused}"),
    }
}
