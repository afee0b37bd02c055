//! What people changed in the plan that the policy proposed.

use std::collections::BTreeMap;

use redact_core::{
    Decision, Findings, MaskRegion, MuteRegion, MuteStreams, Plan, PlannedTrack, Verdict,
};
use serde::{Deserialize, Serialize};

use super::{Seconds, Utc};
use crate::policy::effect_text;
use crate::{RecordError, plan, policy};

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChangedThing {
    /// A track that a model found.
    Track,
    /// A mask that a person drew.
    Mask,
    /// A mute.
    Mute,
}

/// How it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChangeName {
    /// It was not in the proposed plan.
    Added,
    /// It was in the proposed plan and is not in the approved one.
    Removed,
    /// It has another decision or another position.
    Changed,
}

/// One difference between the plan that the policy proposed and the approved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HumanChange {
    /// What was changed.
    pub thing: ChangedThing,
    /// Its ID in the plan.
    pub plan_id: String,
    /// How it was changed.
    pub change: ChangeName,
    /// The policy's proposal; `null` if it was added.
    pub was: Option<String>,
    /// The approved plan; `null` if it was removed.
    pub is: Option<String>,
    /// Who decided; `null` if the plan does not say, so that the approvers are responsible.
    pub by: Option<String>,
    /// When.
    pub at: Option<Utc>,
}

/// The differences between `plan` and what its policy proposes for `findings`.
///
/// # Errors
/// Those of [`policy::embedded`] if the plan does not contain the text of its policy.
pub fn changes(plan: &Plan, findings: &Findings) -> Result<Vec<HumanChange>, RecordError> {
    let policy = policy::embedded(&plan.policy)?;
    let by = format!("policy {}", policy.name);
    let at = redact_core::UtcNanos(0);
    let proposed = plan::propose(findings, plan.findings, &policy, &by, at)?;
    let mut all = tracks(&proposed.tracks, &plan.tracks);
    all.extend(compared(
        ChangedThing::Mask,
        &named(&proposed.drawn, MaskRegion::id),
        &named(&plan.drawn, MaskRegion::id),
        mask_text,
    ));
    all.extend(compared(
        ChangedThing::Mute,
        &named(&proposed.mutes, |mute| &mute.id),
        &named(&plan.mutes, |mute| &mute.id),
        mute_text,
    ));
    Ok(all)
}

/// Items by ID, in order.
fn named<T>(things: &[T], id: impl Fn(&T) -> &str) -> BTreeMap<String, &T> {
    let pair = |thing| (id(thing).to_owned(), thing);
    things.iter().map(pair).collect()
}

/// Differences between items without decisions of their own.
fn compared<T: PartialEq>(
    thing: ChangedThing,
    was: &BTreeMap<String, &T>,
    is: &BTreeMap<String, &T>,
    text: impl Fn(&T) -> String,
) -> Vec<HumanChange> {
    let mut all = Vec::new();
    let mut note = |plan_id: &String, old: Option<&T>, new: Option<&T>| {
        let change = match (old, new) {
            (None, _) => ChangeName::Added,
            (_, None) => ChangeName::Removed,
            _ => ChangeName::Changed,
        };
        all.push(HumanChange {
            thing,
            plan_id: plan_id.clone(),
            change,
            was: old.map(&text),
            is: new.map(&text),
            by: None,
            at: None,
        });
    };
    for (id, &old) in was {
        let new = is.get(id).copied();
        if new != Some(old) {
            note(id, Some(old), new);
        }
    }
    for (id, &new) in is {
        if !was.contains_key(id) {
            note(id, None, Some(new));
        }
    }
    all
}

fn tracks(was: &[PlannedTrack], is: &[PlannedTrack]) -> Vec<HumanChange> {
    let by_id = |planned: &[PlannedTrack]| -> BTreeMap<u32, usize> {
        let ids = planned.iter().map(|planned| planned.track.id().0);
        ids.zip(0..).collect()
    };
    let (old_ids, new_ids) = (by_id(was), by_id(is));
    let mut ids: Vec<u32> = old_ids.keys().chain(new_ids.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let change = |id: u32| {
        let old = old_ids.get(&id).map(|&index| &was[index]);
        let new = new_ids.get(&id).map(|&index| &is[index]);
        track_change(id, old, new)
    };
    ids.into_iter().filter_map(change).collect()
}

/// `None` if the track has the boxes that were found and the decision that the policy proposes.
fn track_change(
    id: u32,
    old: Option<&PlannedTrack>,
    new: Option<&PlannedTrack>,
) -> Option<HumanChange> {
    let decided = |planned: &PlannedTrack| {
        let decision = planned.decision.as_ref();
        decision.map(|made| (made.verdict, made.reason.clone()))
    };
    let moved = old
        .zip(new)
        .is_some_and(|(old, new)| old.track != new.track);
    let change = match (old, new) {
        (None, _) => ChangeName::Added,
        (_, None) => ChangeName::Removed,
        (Some(old), Some(new)) if moved || decided(old) != decided(new) => ChangeName::Changed,
        _ => return None,
    };
    let decision = new.and_then(|planned| planned.decision.as_ref());
    let text = |planned: &PlannedTrack| {
        let span = planned.track.span();
        format!(
            "{}, {}, frames {} to {}",
            planned.track.class(),
            planned
                .decision
                .as_ref()
                .map_or("undecided".into(), verdict_text),
            span.start(),
            span.end()
        )
    };
    Some(HumanChange {
        thing: ChangedThing::Track,
        plan_id: id.to_string(),
        change,
        was: old.map(text),
        is: new.map(|planned| match moved {
            true => format!("{}, edited by hand", text(planned)),
            false => text(planned),
        }),
        by: decision.map(|made| made.by.clone()),
        at: decision.map(|made| Utc(made.at)),
    })
}

fn verdict_text(decision: &Decision) -> String {
    match decision.verdict {
        Verdict::Keep => format!("kept ({})", decision.reason),
        Verdict::Reject => format!("rejected ({})", decision.reason),
        Verdict::Redact(effect) => format!("{} ({})", effect_text(effect), decision.reason),
    }
}

fn mask_text(mask: &MaskRegion) -> String {
    let span = mask.span();
    let effect = effect_text(mask.effect());
    let shape = mask
        .shape()
        .map_or(String::new(), |shape| format!("{}, ", shape.name()));
    let (start, end) = (span.start(), span.end());
    format!(
        "{shape}{effect} ({}), frames {start} to {end}",
        mask.reason()
    )
}

fn mute_text(mute: &MuteRegion) -> String {
    let (start, end) = (mute.span.start_nanos(), mute.span.end_nanos());
    let tracks = match &mute.streams {
        MuteStreams::All => "all sound tracks".to_owned(),
        MuteStreams::Only(tracks) => format!("sound tracks {tracks:?}"),
    };
    format!(
        "seconds {} to {}, {tracks}, {:?} ({})",
        Seconds(start),
        Seconds(end),
        mute.style,
        mute.reason
    )
}
