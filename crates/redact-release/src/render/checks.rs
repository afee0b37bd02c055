//! What checks of a written file found.

use redact_core::{MaskRegion, MuteRegion, Redactions};
use redact_engine::{AuditReport, Check, CompareReport};

/// `redactions` under the numbers that the public manifest gives them.
///
/// The checks of a mask or a mute are published, and its name in the plan may reveal whom or what
/// it hides.
pub(super) fn numbered(redactions: &Redactions) -> Redactions {
    let mut numbers = (1_usize..).map(|item| format!("item-{item}"));
    let mut name = || numbers.next().unwrap_or_default();
    let masks = redactions.masks.iter().map(|mask| {
        let (reason, path) = (mask.reason().clone(), mask.path().to_vec());
        MaskRegion::new(
            name(),
            mask.origin(),
            mask.effect(),
            reason,
            mask.span(),
            path,
        )
        .expect("what made a mask once makes it again")
        .with_levels(mask.levels().cloned())
    });
    let masks = masks.collect();
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
