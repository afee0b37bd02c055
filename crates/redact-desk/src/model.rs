//! Words that all layers share, as spelled in the database and the API.

pub(crate) mod papers;

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::time::Millis;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// Reviews recordings.
    Operator,
    /// Reviews recordings and approves releases.
    Approver,
    /// Verifies releases and reads the event log.
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

    /// As spelled in `API.md`.
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

/// The kind of access that an administrator grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum GrantAction {
    /// A new account.
    Invite,
    /// Another role, or a reactivated account.
    Change,
    /// A link to set a new password.
    Reset,
    /// Another administrator lost access.
    Remove,
    /// A person has another name.
    Rename,
    /// An account of the identity provider signs in as the user.
    Link,
}

impl GrantAction {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Change => "change",
            Self::Reset => "reset",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::Link => "link",
        }
    }
}

/// Whether a grant is in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum GrantState {
    Waiting,
    Alone,
    Confirmed,
    Refused,
}

impl GrantState {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Alone => "alone",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

/// Who made a request.
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
    /// As spelled in the API and the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Press => "press",
            Self::DataSubject => "data_subject",
            Self::Attorney => "attorney",
            Self::Court => "court",
            Self::Agency => "agency",
            Self::Other => "other",
        }
    }

    /// For display.
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

/// What a recording is to the law that says how long it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Category {
    NotEvidence,
    Evidence,
    Force,
    Arrest,
    Complaint,
    Death,
    /// Somebody asked for it to stay.
    Requested,
    Other,
}

impl Category {
    /// As spelled in the API and the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::NotEvidence => "not_evidence",
            Self::Evidence => "evidence",
            Self::Force => "force",
            Self::Arrest => "arrest",
            Self::Complaint => "complaint",
            Self::Death => "death",
            Self::Requested => "requested",
            Self::Other => "other",
        }
    }
}

/// What an order of a court asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum SealingKind {
    Sealing,
    Expungement,
}

impl SealingKind {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Expungement => "expungement",
        }
    }
}

/// How far a disposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum DisposalState {
    /// It waits for a second person.
    Proposed,
    /// A second person refused it.
    Refused,
    /// A second person confirmed it, and files are being removed.
    Removing,
    /// Everything is gone.
    Done,
}

/// Which days a deadline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Unit {
    Days,
    WorkingDays,
}

/// How a closed request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Disposition {
    Granted,
    PartlyDenied,
    Denied,
    Withdrawn,
    NoRecords,
}

impl Disposition {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::PartlyDenied => "partly_denied",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::NoRecords => "no_records",
        }
    }

    /// For display.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Granted => "Granted",
            Self::PartlyDenied => "Denied in part",
            Self::Denied => "Denied",
            Self::Withdrawn => "Withdrawn",
            Self::NoRecords => "No responsive records",
        }
    }

    /// Whether the requester did not get all that was asked for.
    pub(crate) const fn denies(self) -> bool {
        matches!(self, Self::PartlyDenied | Self::Denied)
    }
}

/// The purpose of an upload.
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
    /// The whole recording as it would be released, to be watched.
    Clip,
    Render,
    Verify,
    Audit,
    Package,
}

impl JobKind {
    /// The lane that it runs in.
    pub(crate) const fn lane(self) -> JobLane {
        match self {
            Self::Follow | Self::Preview => JobLane::Quick,
            Self::Clip => JobLane::Clips,
            _ => JobLane::Long,
        }
    }
}

/// Jobs of different lanes do not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobLane {
    /// A user is waiting for it in the review.
    Quick,
    /// What takes minutes, and that a user is waiting for.
    Clips,
    /// Everything else.
    Long,
}

impl JobLane {
    pub(crate) const ALL: [Self; 3] = [Self::Quick, Self::Clips, Self::Long];
}

/// The state of a job.
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

/// The state of a release.
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

/// The state of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum PackageState {
    Making,
    Ready,
    Failed,
}

/// The form of a package that the desk makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum PackageForm {
    /// A ZIP archive.
    Zip,
    /// A disc image.
    Iso,
}

impl PackageForm {
    /// As spelled in the event log, and the ending of the file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Iso => "iso",
        }
    }
}

/// How a package is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum EncryptionKind {
    /// Not at all.
    None,
    /// To a passphrase.
    Passphrase,
    /// To public keys of the recipients.
    Recipients,
}

/// The medium of a copy.
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
    /// As spelled in the event log.
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

/// What a comment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum CommentKind {
    /// Nothing else.
    Comment,
    /// An approver sends the review back.
    SentBack,
    /// The review is ready to be approved again.
    HandedIn,
    /// The approvals were withdrawn so that the review can be changed.
    Reopened,
}

impl CommentKind {
    /// As spelled in the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::SentBack => "sent-back",
            Self::HandedIn => "handed-in",
            Self::Reopened => "reopened",
        }
    }
}

/// The user of a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionUser {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// When the session began.
    pub(crate) began: Millis,
    /// The stored form of the session's token.
    pub(crate) session: String,
}

/// What the agency waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum WaitingFor {
    Clarification,
    Payment,
}

impl WaitingFor {
    /// As spelled in the API and the event log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Clarification => "clarification",
            Self::Payment => "payment",
        }
    }
}

/// What somebody's time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Work {
    Search,
    Review,
    Redaction,
    /// Letters, calls, copies.
    Other,
}

impl Work {
    /// As spelled in the API and the history.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Review => "review",
            Self::Redaction => "redaction",
            Self::Other => "other",
        }
    }
}

/// What mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum MailKind {
    /// The link of an invitation.
    Invitation,
    /// A request is assigned to the person.
    Assigned,
    /// A request of the person is due soon or overdue.
    Due,
    /// A review waits for the person's approval.
    Approval,
    /// A recording of a request of the person is ready for review.
    Ready,
    /// Sent by an administrator, to see whether mail arrives.
    Test,
}

impl MailKind {
    const ALL: [Self; 6] = [
        Self::Invitation,
        Self::Assigned,
        Self::Due,
        Self::Approval,
        Self::Ready,
        Self::Test,
    ];

    /// As spelled in the API and the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Assigned => "assigned",
            Self::Due => "due",
            Self::Approval => "approval",
            Self::Ready => "ready",
            Self::Test => "test",
        }
    }

    /// The kind with that word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether a person chooses to get it.
    pub(crate) const fn is_chosen(self) -> bool {
        !matches!(self, Self::Invitation | Self::Test)
    }

    /// The words of what people get unless they choose otherwise.
    pub(crate) fn usual() -> Vec<&'static str> {
        let chosen = Self::ALL.into_iter().filter(|kind| kind.is_chosen());
        chosen.map(Self::word).collect()
    }
}
