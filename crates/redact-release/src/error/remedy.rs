//! What a person can do about a recording that cannot be read.

use redact_core::SourceError;
use serde::{Deserialize, Serialize};

/// What a person can do about a recording that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Accept that none of its sound can be decoded.
    LostSound,
    /// Hide the damaged parts.
    Damage,
    /// Set how it is read: which video stream, at which frame rate.
    ReadOptions,
}

impl Remedy {
    /// The remedy for `error`, if there is one.
    #[must_use]
    pub const fn of(error: &SourceError) -> Option<Self> {
        match error {
            SourceError::NoSound { .. } => Some(Self::LostSound),
            SourceError::Damaged { .. } | SourceError::BadTime { .. } => Some(Self::Damage),
            SourceError::Unreadable { .. }
            | SourceError::NoSuchStream { .. }
            | SourceError::HasTimes { .. } => Some(Self::ReadOptions),
            _ => None,
        }
    }
}
