//! The reasons that a pair of manifests needs.

use std::collections::BTreeSet;

use redact_core::{MaskRegion, ReasonCode};

use super::ReasonFile;
use super::input::ManifestInput;
use crate::plan;

/// The reasons that are used in the manifests. A policy may name whole reason sets; those that were
/// not needed are left out, because they would invite guesses.
pub(super) fn list(input: &ManifestInput<'_>) -> Vec<ReasonFile> {
    let plan = input.plan.plan();
    let redactions = input.plan.redactions();
    let decided = plan
        .tracks
        .iter()
        .filter_map(|planned| planned.decision.as_ref())
        .map(|decision| &decision.reason);
    let masked = redactions.masks.iter().map(MaskRegion::reason);
    let muted = redactions.mutes.iter().map(|mute| &mute.reason);
    let kept = plan.kept_speech.iter().map(|kept| &kept.reason);
    let rest = input.rest.map(|rest| ReasonCode(rest.reason.clone()));
    let used = decided.chain(masked).chain(muted).chain(kept);
    let used: BTreeSet<_> = used.chain(rest.as_ref()).collect();
    let own = plan::not_requested();
    let is_known = plan.reasons.iter().any(|reason| reason.code == own.code);
    let own = (!is_known).then_some(&own);
    let reasons = plan.reasons.iter().chain(own);
    reasons
        .filter(|reason| used.contains(&reason.code))
        .map(Into::into)
        .collect()
}
