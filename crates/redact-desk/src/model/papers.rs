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

/// How somebody got at a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccessKind {
    /// Pictures, sound or text of it were shown.
    Viewed,
    /// A file of a release, or a package with one, was downloaded.
    Downloaded,
    /// A package with a release was made.
    Exported,
    /// A copy of a release, or of a package with one, was recorded as handed over.
    HandedOver,
}

impl AccessKind {
    /// For display.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Viewed => "Viewed",
            Self::Downloaded => "Downloaded",
            Self::Exported => "Exported",
            Self::HandedOver => "Handed over",
        }
    }
}

/// Why access is unusual.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type,
)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum AccessRule {
    /// Somebody viewed a recording of a request that another person has, without work on it.
    OutsideAssignment,
    /// Somebody was at recordings at night.
    Night,
    /// Somebody was at many recordings on one day.
    ManyRecordings,
    /// Somebody downloaded many files on one day.
    ManyDownloads,
}

impl AccessRule {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::OutsideAssignment => "outside-assignment",
            Self::Night => "night",
            Self::ManyRecordings => "many-recordings",
            Self::ManyDownloads => "many-downloads",
        }
    }

    /// For display.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::OutsideAssignment => "Outside assignment",
            Self::Night => "At night",
            Self::ManyRecordings => "Many recordings on one day",
            Self::ManyDownloads => "Many downloads on one day",
        }
    }
}

/// What a review of unusual access found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum AccessOutcome {
    /// It was part of the person's work.
    Justified,
    /// It was not, and the person was told.
    Reminded,
    /// It was misuse, and is handled outside of the desk.
    Misuse,
}

impl AccessOutcome {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::Reminded => "reminded",
            Self::Misuse => "misuse",
        }
    }

    /// For display.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Justified => "Justified",
            Self::Reminded => "Person reminded of the rules",
            Self::Misuse => "Misuse",
        }
    }
}
