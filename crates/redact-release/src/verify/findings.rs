//! What the worker found in a release, on its way to the caller.

use redact_check::{Check, NotChecked, Second, Verdict};
use redact_engine::SecondQuality;
use serde::{Deserialize, Serialize};

/// Checks and what was left out. Numbers are sent as their bits: JSON cannot express some of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MediaFindings {
    checks: Vec<(String, String, bool, String)>,
    not_checked: Vec<(String, String, String)>,
    seconds: Vec<(i64, [u64; 3])>,
}

impl From<Verdict> for MediaFindings {
    fn from(verdict: Verdict) -> Self {
        let checks = verdict.checks.into_iter().map(|check| {
            let (group, name) = (check.group.into_owned(), check.name.into_owned());
            (group, name, check.passed, check.evidence)
        });
        let open = verdict.not_checked.into_iter().map(|open| {
            let (group, name) = (open.group.into_owned(), open.name.into_owned());
            (group, name, open.why.into_owned())
        });
        let seconds = verdict.seconds.iter().map(|second| {
            let measured = [second.worst_db, second.median_db, second.ssim];
            (second.second, measured.map(f64::to_bits))
        });
        Self {
            checks: checks.collect(),
            not_checked: open.collect(),
            seconds: seconds.collect(),
        }
    }
}

impl MediaFindings {
    /// Adds what was found to the caller's verdict.
    pub(super) fn add_to(self, verdict: &mut Verdict) {
        let checks = self.checks.into_iter();
        verdict
            .checks
            .extend(checks.map(|(group, name, passed, evidence)| Check {
                group: group.into(),
                name: name.into(),
                passed,
                evidence,
            }));
        let open = self.not_checked.into_iter();
        verdict
            .not_checked
            .extend(open.map(|(group, name, why)| NotChecked {
                group: group.into(),
                name: name.into(),
                why: why.into(),
            }));
        let seconds = self.seconds.into_iter();
        verdict.seconds.extend(seconds.map(|(second, measured)| {
            let [worst_db, median_db, ssim] = measured.map(f64::from_bits);
            Second {
                second,
                worst_db,
                median_db,
                ssim,
            }
        }));
    }
}

/// A second as the comparison measured it.
pub(super) const fn second(found: &SecondQuality) -> Second {
    Second {
        second: found.second,
        worst_db: found.worst_db,
        median_db: found.median_db,
        ssim: found.ssim,
    }
}
