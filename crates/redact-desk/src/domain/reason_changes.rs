//! Reasons that do not fit a policy or a law, what to use instead, and the change itself.

use std::collections::{BTreeMap, BTreeSet};

use redact_core::Class;
use redact_record::plan::NOTHING_TO_WITHHOLD;
use serde::{Deserialize, Serialize};

use super::document::{Decision, Document};
use super::policy::{Policy, VerdictName};
use crate::api_error::{ApiError, ApiResult};

/// A reason of a review that does not fit, with what to use instead.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReasonProposal {
    pub(crate) from: String,
    /// The statute of the old reason; empty if it is not known.
    pub(crate) statute: String,
    /// Whether it is used to hide or to keep.
    pub(crate) verdict: VerdictName,
    /// The number of tracks, regions, mutes and stretches of speech that use it.
    pub(crate) items: usize,
    pub(crate) to: String,
}

/// A reason to replace by another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonChange {
    pub(crate) from: String,
    pub(crate) verdict: VerdictName,
    pub(crate) to: String,
}

/// Whether `policy` offers the reason `code` for that verdict.
pub(crate) fn is_offered(policy: &Policy, code: &str, verdict: VerdictName) -> bool {
    let keep = verdict == VerdictName::Keep;
    match policy.reason(code) {
        Some(known) => known.fits && known.is_for(keep),
        None => keep && code == NOTHING_TO_WITHHOLD,
    }
}

/// One use of a reason.
struct Use<'a> {
    code: &'a str,
    verdict: VerdictName,
    /// The class of the track; `None` for sound and for regions.
    class: Option<Class>,
    sound: bool,
}

fn uses(document: &Document) -> Vec<Use<'_>> {
    let of = |code, verdict, class, sound| Use {
        code,
        verdict,
        class,
        sound,
    };
    let tracks = document.tracks.iter().filter_map(|track| {
        let made = track.decision.as_ref()?;
        let class = Some(track.class.into());
        Some(of(made.reason(), verdict_of(made), class, false))
    });
    let drawn = document.drawn.iter();
    let drawn = drawn.map(|mask| of(&mask.reason, VerdictName::Redact, None, false));
    let mutes = document.mutes.iter();
    let mutes = mutes.map(|mute| of(&mute.reason, VerdictName::Redact, None, true));
    let kept = document.kept_speech().iter();
    let kept = kept.map(|kept| of(&kept.reason, VerdictName::Keep, None, true));
    tracks.chain(drawn).chain(mutes).chain(kept).collect()
}

/// Rejected tracks stay visible: their reasons are reasons to keep.
const fn verdict_of(made: &Decision) -> VerdictName {
    match made {
        Decision::Redact { .. } => VerdictName::Redact,
        Decision::Keep { .. } | Decision::Reject { .. } => VerdictName::Keep,
    }
}

/// The reasons of `document` that `policy` does not offer, each with a proposal. A region without a
/// reason is not among them: a person must say why it is hidden.
pub(crate) fn proposals(document: &Document, policy: &Policy) -> Vec<ReasonProposal> {
    let mut groups: BTreeMap<(&str, bool), Vec<Use<'_>>> = BTreeMap::new();
    for used in uses(document) {
        if !used.code.is_empty() && !is_offered(policy, used.code, used.verdict) {
            let keep = used.verdict == VerdictName::Keep;
            groups.entry((used.code, keep)).or_default().push(used);
        }
    }
    let proposal = |((code, _), uses): ((&str, bool), Vec<Use<'_>>)| ReasonProposal {
        from: code.to_owned(),
        statute: policy
            .reason(code)
            .map_or(String::new(), |known| known.statute.clone()),
        verdict: uses[0].verdict,
        items: uses.len(),
        to: propose(&uses, policy),
    };
    groups.into_iter().map(proposal).collect()
}

/// The reason that the policy has for most of `uses`.
fn propose(uses: &[Use<'_>], policy: &Policy) -> String {
    let verdict = uses[0].verdict;
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for used in uses {
        let wanted = match (used.class, used.sound) {
            (Some(class), _) => policy.rule(class).reason.as_str(),
            (None, true) if verdict == VerdictName::Redact => policy.speech_reason(),
            (None, _) => continue,
        };
        if is_offered(policy, wanted, verdict) {
            *votes.entry(wanted.to_owned()).or_default() += 1;
        }
    }
    let most = votes.into_iter().max_by_key(|(_, count)| *count);
    if let Some((code, _)) = most {
        return code;
    }
    if verdict == VerdictName::Keep {
        return NOTHING_TO_WITHHOLD.to_owned();
    }
    let mut offered = policy.reasons.iter();
    let first = offered.find(|known| is_offered(policy, &known.code, verdict));
    first.map_or_else(
        || policy.speech_reason().to_owned(),
        |known| known.code.clone(),
    )
}

impl Document {
    /// Replaces reasons.
    ///
    /// # Errors
    /// 400 for a reason that the policy does not offer.
    pub(crate) fn change_reasons(
        &mut self,
        changes: &[ReasonChange],
        policy: &Policy,
    ) -> ApiResult<()> {
        let mut known: BTreeSet<(&str, bool)> = BTreeSet::new();
        for change in changes {
            let keep = change.verdict == VerdictName::Keep;
            if !is_offered(policy, &change.to, change.verdict) {
                let what = if keep { "keep" } else { "hide" };
                let message = format!(
                    "The policy has no reason {:?} to {what} something under the law of the \
                     request.",
                    change.to
                );
                return Err(ApiError::field("reasons", message));
            }
            if !known.insert((&change.from, keep)) {
                let message = format!("The reason {:?} is changed twice.", change.from);
                return Err(ApiError::field("reasons", message));
            }
        }
        let to = |code: &mut String, verdict: VerdictName| {
            let mut all = changes.iter();
            let found = all.find(|change| change.from == *code && change.verdict == verdict);
            if let Some(change) = found {
                change.to.clone_into(code);
            }
        };
        for track in &mut self.tracks {
            if let Some(made) = &mut track.decision {
                let verdict = verdict_of(made);
                to(made.reason_mut(), verdict);
            }
        }
        for mask in &mut self.drawn {
            to(&mut mask.reason, VerdictName::Redact);
        }
        for mute in &mut self.mutes {
            to(&mut mute.reason, VerdictName::Redact);
        }
        for kept in self.kept_speech.iter_mut().flatten() {
            to(&mut kept.reason, VerdictName::Keep);
        }
        Ok(())
    }
}
