//! What checks of a written file found.

use redact_core::{MuteRegion, Redactions};
use redact_engine::{AuditReport, Check, CompareReport};

/// `redactions` under the numbers that the public manifest gives them.
///
/// The checks of a mask or a mute are published, and its name in the plan may reveal whom or what
/// it hides.
pub(super) fn numbered(redactions: &Redactions) -> Redactions {
    let mut numbers = (1_usize..).map(|item| format!("item-{item}"));
    let mut name = || numbers.next().unwrap_or_default();
    let masks = redactions.masks.iter().cloned();
    let masks = masks.map(|mask| mask.renamed(name())).collect();
    let mutes = redactions.mutes.iter().map(|mute| MuteRegion {
        id: name(),
        ..mute.clone()
    });
    let mutes = mutes.collect();
    Redactions { masks, mutes }
}

/// What the checks of a written file found.
pub(super) struct AllChecks {
    /// One per leak channel.
    pub leaks: Vec<Check>,
    /// Masks and mutes.
    pub audit: AuditReport,
    /// Nothing else changed.
    pub compare: CompareReport,
    /// Leak channels that are open in the source.
    pub source_channels: Vec<String>,
}

impl AllChecks {
    /// The first check that failed, in words.
    pub(super) fn first_failure(&self) -> Option<String> {
        let (audit, compare) = (&self.audit.checks, &self.compare.checks);
        let all = self.leaks.iter().chain(audit).chain(compare);
        let failed = all.into_iter().find(|check| !check.passed)?;
        Some(format!("{}: {}", failed.name, failed.evidence))
    }
}
