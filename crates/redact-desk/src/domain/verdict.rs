//! Verdicts of verifications, as the API returns them.

use serde::{Deserialize, Serialize};

use crate::model::ReleaseState;
use crate::task::Verified;

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckStatus {
    Ok,
    Wrong,
    NotChecked,
}

/// One check, run or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Check {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) status: CheckStatus,
    pub(crate) evidence: String,
}

/// The verdict on a release, also as stored in the database.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    pub(crate) checks: Vec<Check>,
}

/// The state of a release whose newest verification gave nothing, by the stored verdict of an
/// earlier one: what that one found stands.
pub(crate) fn state_of(verdict: Option<&str>) -> ReleaseState {
    let known = verdict.map(serde_json::from_str::<Verdict>);
    match known {
        Some(Ok(verdict)) if verdict.ok => ReleaseState::Ready,
        Some(_) => ReleaseState::Wrong,
        None => ReleaseState::Failed,
    }
}

/// The verdict that follows from a verification.
pub(crate) fn from_checks(found: Verified) -> Verdict {
    let mut checks: Vec<Check> = found
        .checks
        .into_iter()
        .map(|check| Check {
            group: check.group,
            name: check.name,
            status: if check.passed {
                CheckStatus::Ok
            } else {
                CheckStatus::Wrong
            },
            evidence: check.evidence,
        })
        .collect();
    // No checks, no verdict: what cannot be read never passes.
    let ok = !checks.is_empty() && checks.iter().all(|check| check.status == CheckStatus::Ok);
    checks.extend(found.not_checked.into_iter().map(|check| Check {
        group: check.group,
        name: check.name,
        status: CheckStatus::NotChecked,
        evidence: check.why,
    }));
    Verdict { ok, checks }
}

/// The verdict on a release that cannot be read.
pub(crate) fn unreadable(why: &str) -> Verdict {
    let check = Check {
        group: "file".to_owned(),
        name: "readable".to_owned(),
        status: CheckStatus::Wrong,
        evidence: why.to_owned(),
    };
    Verdict {
        ok: false,
        checks: vec![check],
    }
}

/// The stored verdict, if there is one.
pub(crate) fn parse(text: Option<&str>) -> Option<Verdict> {
    serde_json::from_str(text?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Checked;

    #[test]
    fn what_nothing_was_checked_of_is_not_ok() {
        assert!(!from_checks(Verified::default()).ok);
        let check = |passed| Checked {
            group: "a".to_owned(),
            name: "b".to_owned(),
            passed,
            evidence: "c".to_owned(),
        };
        let of = |checks| Verified {
            checks,
            not_checked: Vec::new(),
        };
        assert!(from_checks(of(vec![check(true)])).ok);
        assert!(!from_checks(of(vec![check(true), check(false)])).ok);
    }
}
