//! Words about letters, invoices and unusual access.

use serde::{Deserialize, Serialize};

/// What a letter about a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum LetterKind {
    Acknowledgement,
    Extension,
    Estimate,
    PartialDenial,
    Denial,
    NoRecords,
    Cover,
}

impl LetterKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Acknowledgement,
        Self::Extension,
        Self::Estimate,
        Self::PartialDenial,
        Self::Denial,
        Self::NoRecords,
        Self::Cover,
    ];

    /// As spelled in the event log, and in the name of the file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Extension => "extension",
            Self::Estimate => "estimate",
            Self::PartialDenial => "partial-denial",
            Self::Denial => "denial",
            Self::NoRecords => "no-records",
            Self::Cover => "cover",
        }
    }

    /// The name of its template.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::Acknowledgement => "request-acknowledgement",
            Self::Extension => "request-extension",
            Self::Estimate => "request-estimate",
            Self::PartialDenial => "request-partial-denial",
            Self::Denial => "request-denial",
            Self::NoRecords => "request-no-records",
            Self::Cover => "request-cover",
        }
    }

    /// Whether it tells the requester that something is not released.
    pub(crate) const fn denies(self) -> bool {
        matches!(self, Self::PartialDenial | Self::Denial | Self::NoRecords)
    }

    /// Whether it is about releases.
    pub(crate) const fn has_releases(self) -> bool {
        matches!(self, Self::PartialDenial | Self::Cover)
    }
}

/// How a letter was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum SentBy {
    Email,
    Mail,
    Portal,
    InPerson,
    Other,
}

/// What an invoice is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum InvoiceBasis {
    /// The newest estimate.
    Estimate,
    /// The time that was entered.
    Time,
}
