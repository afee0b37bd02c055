//! Why something is withheld.

/// The short name of a reason defined in [`crate::Plan::reasons`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(pub String);

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Why something is withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its short name.
    pub code: ReasonCode,
    /// The statute, e.g. `5 U.S.C. 552(b)(7)(C)`.
    pub statute: String,
    /// One neutral sentence for the redaction log.
    pub text: String,
}
