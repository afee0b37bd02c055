//! When a recording may be disposed of, and the record that it was.

use serde::{Deserialize, Serialize};

use super::statutes::{RetentionState, Stay};

/// Why a disposal is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Its request is open.
    OpenRequest,
    NoCategory,
    /// The law never lets it go.
    Never,
    /// It has to stay until a later day.
    Stays,
    /// The law leaves it to a person, who has to say why.
    NeedsReason,
}

impl Blocked {
    /// As the API spells it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::OpenRequest => "open_request",
            Self::NoCategory => "no_category",
            Self::Never | Self::Stays => "must_stay",
            Self::NeedsReason => "reason_required",
        }
    }
}

/// What is known of a recording that somebody wants to dispose of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DisposalCase<'a> {
    pub(crate) state: RetentionState,
    pub(crate) stay: Option<&'a Stay>,
    pub(crate) request_closed: bool,
    pub(crate) has_reason: bool,
}

/// Everything because of which a recording may not be disposed of, the most binding first; empty if
/// it may. Holds are checked apart.
pub(crate) fn all_blocked(case: DisposalCase<'_>) -> Vec<Blocked> {
    let binding = case.stay.is_none_or(|stay| stay.binding);
    let by_law = match case.state {
        RetentionState::NoCategory => Some(Blocked::NoCategory),
        RetentionState::Never => Some(Blocked::Never),
        RetentionState::Stays if binding => Some(Blocked::Stays),
        _ => None,
    };
    let open = (!case.request_closed).then_some(Blocked::OpenRequest);
    let decides = matches!(case.state, RetentionState::Stays | RetentionState::Decide);
    let reason = (decides && !case.has_reason).then_some(Blocked::NeedsReason);
    by_law.into_iter().chain(open).chain(reason).collect()
}

/// The first reason why a recording may not be disposed of; `None` if it may. Holds are checked
/// apart.
pub(crate) fn blocked(case: DisposalCase<'_>) -> Option<Blocked> {
    all_blocked(case).into_iter().next()
}

/// A file that there was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct GoneFile {
    /// Its place in the data folder.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// A backup that still has what was disposed of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct BackupNamed {
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) path: String,
    pub(crate) manifest_sha256: String,
}

/// Another recording of the same file, which stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct StaysElsewhere {
    pub(crate) recording: String,
    pub(crate) request_number: String,
}

/// The record that a recording was disposed of. It has ids and digests, and nothing of the content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DisposalCertificate {
    pub(crate) format_version: u32,
    pub(crate) disposal: String,
    pub(crate) recording: String,
    /// SHA-256 of the recording as received; `None` if it was never scanned.
    pub(crate) recording_sha256: Option<String>,
    pub(crate) recording_bytes: i64,
    pub(crate) request: String,
    pub(crate) request_number: String,
    pub(crate) law: String,
    pub(crate) statute: String,
    pub(crate) category: String,
    pub(crate) counted_from: String,
    pub(crate) had_to_stay_until: Option<String>,
    pub(crate) proposed_at: String,
    pub(crate) proposed_by: String,
    /// Id of that person's account.
    pub(crate) proposed_by_account: String,
    pub(crate) confirmed_at: String,
    pub(crate) confirmed_by: String,
    pub(crate) done_at: String,
    /// Releases whose files are gone as well.
    pub(crate) releases: Vec<String>,
    /// What there was before, with digests. None of these files is in the data folder any longer.
    pub(crate) files: Vec<GoneFile>,
    /// Files of the data folder that were compared with these digests afterward.
    pub(crate) files_compared: u64,
    /// Caches outside of the data folder from which everything was removed.
    pub(crate) caches_emptied: usize,
    /// The store of the queue whose workers scanned and encoded for the desk: what they made stays
    /// there until an administrator runs `redact queue clean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queue_store: Option<String>,
    pub(crate) same_file_stays_in: Vec<StaysElsewhere>,
    /// Equal files in the folders of other recordings, their releases and packages, which stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files_that_stay: Vec<String>,
    pub(crate) backups_with_it: Vec<BackupNamed>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::statutes::RetentionEnd;

    fn stay(binding: bool) -> Stay {
        Stay {
            until: None,
            gone_by: None,
            ends: RetentionEnd::Date,
            binding,
            by_agency: false,
            by: Vec::new(),
        }
    }

    /// Goal: nothing goes before the law lets it, and only with a reason where a person decides.
    /// Controls: the same recording once its request is closed, and with a reason.
    #[test]
    fn a_recording_goes_only_when_it_may() {
        let ask = |state, binding, request_closed, has_reason| {
            let stay = stay(binding);
            blocked(DisposalCase {
                state,
                stay: Some(&stay),
                request_closed,
                has_reason,
            })
        };
        use RetentionState::{Decide, MayGo, MustGo, Never, NoCategory, Overdue, Stays};
        for state in [MayGo, MustGo, Overdue] {
            assert_eq!(ask(state, true, true, false), None, "{state:?}");
            assert_eq!(ask(state, true, false, true), Some(Blocked::OpenRequest));
        }
        assert_eq!(ask(NoCategory, true, true, true), Some(Blocked::NoCategory));
        assert_eq!(ask(Never, false, true, true), Some(Blocked::Never));
        assert_eq!(ask(Stays, true, true, true), Some(Blocked::Stays));
        assert_eq!(ask(Stays, false, true, false), Some(Blocked::NeedsReason));
        assert_eq!(ask(Stays, false, true, true), None, "a best practice");
        assert_eq!(ask(Decide, true, true, false), Some(Blocked::NeedsReason));
        assert_eq!(ask(Decide, true, true, true), None);
        let stay = stay(true);
        let all = all_blocked(DisposalCase {
            state: Stays,
            stay: Some(&stay),
            request_closed: false,
            has_reason: true,
        });
        assert_eq!(all, [Blocked::Stays, Blocked::OpenRequest]);
    }
}
