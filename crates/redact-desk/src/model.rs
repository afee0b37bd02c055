//! Words that all layers share, as the database and the API spell them.

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::time::Millis;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// Decides what is hidden.
    Operator,
    /// The same, and approves releases.
    Approver,
    /// Checks releases and reads the log.
    Auditor,
    /// Manages accounts and sees no evidence.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Operator,
        Self::Approver,
        Self::Auditor,
        Self::Administrator,
    ];

    /// As `API.md` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// Whether it reviews recordings.
    pub(crate) const fn reviews(self) -> bool {
        matches!(self, Self::Operator | Self::Approver)
    }
}

/// What an administrator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum GrantAction {
    /// An account that was not there.
    Invite,
    /// Another role, or an account that is switched on again.
    Change,
    /// A link for a new password.
    Reset,
    /// Another administrator was shut out.
    Remove,
}

impl GrantAction {
    /// As the event log spells it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Change => "change",
            Self::Reset => "reset",
            Self::Remove => "remove",
        }
    }
}

/// Whether a grant takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum GrantState {
    Waiting,
    Alone,
    Confirmed,
    Refused,
}

impl GrantState {
    /// As the event log spells it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Alone => "alone",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

/// Who may have asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum RequesterKind {
    Public,
    Press,
    DataSubject,
    Attorney,
    Court,
    Agency,
    Other,
}

impl RequesterKind {
    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Public => "member of the public",
            Self::Press => "press",
            Self::DataSubject => "person in the recording",
            Self::Attorney => "attorney",
            Self::Court => "court",
            Self::Agency => "another agency",
            Self::Other => "other",
        }
    }
}

/// What an uploaded file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Purpose {
    Recording,
    Audit,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum JobKind {
    Prepare,
    Scan,
    Thumbnails,
    Follow,
    Preview,
    Render,
    Verify,
    Audit,
}

impl JobKind {
    /// Whether a person waits for it in front of the picture.
    pub(crate) const fn is_quick(self) -> bool {
        matches!(self, Self::Follow | Self::Preview)
    }
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
    Interrupted,
}

/// Where a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum ReleaseState {
    Rendering,
    Verifying,
    Ready,
    Wrong,
    Failed,
}

/// On what a copy was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Medium {
    Download,
    Disc,
    Drive,
    Portal,
    Mail,
    Other,
}

impl Medium {
    /// As the event log spells it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Disc => "disc",
            Self::Drive => "drive",
            Self::Portal => "portal",
            Self::Mail => "mail",
            Self::Other => "other",
        }
    }
}

/// Who asks: somebody with a session.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// When the session began.
    pub(crate) began: Millis,
    /// What is stored of its token.
    pub(crate) session: String,
}
