//! Errors of time stamps.

use redact_core::Digest;

/// Why a time stamp is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// The bytes are not a response, or one with unknown parts.
    #[error("cannot read the time stamp: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// The operating system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    Random(#[source] getrandom::Error),
    /// The authority refused the request.
    #[error("the authority refused the request: status {status}")]
    Refused {
        /// Its status as in RFC 3161.
        status: String,
    },
    /// It is for another file.
    #[error("the time stamp is for a file with SHA-256 {found}, expected {expected}")]
    OtherFile {
        /// The stamped digest.
        found: String,
        /// The file's digest.
        expected: Digest,
    },
    /// Its signature or its signer's certificate is not valid.
    #[error("the time stamp is not valid: {what}")]
    Bad {
        /// What is wrong.
        what: &'static str,
    },
}

/// A part of the response that cannot be parsed.
pub(super) fn malformed(what: &str) -> impl Fn(der::Error) -> StampError + use<'_> {
    move |refused| StampError::Malformed {
        what: format!("{what}: {refused}"),
    }
}
