//! What a review would release.

use std::collections::BTreeMap;

use redact_core::{Class, Plan, Redactions, TimeSpan, Verdict};
use redact_record::plan::{CoveredTrack, covered_tracks};
use serde::Serialize;

use super::approval::Approval;
use super::document::{ClassName, Document};
use super::law::Law;
use super::left_out::{LeftOut, left_out};
use super::plan::{PlanInputs, build};
use super::policy::{Policy, VerdictName};
use super::problems::{Problem, check_plan};
use super::reason_changes::{self, ReasonProposal};
use super::spans::seconds;
use super::spoken::{self, SpokenSummary};
use crate::api_error::ApiResult;
use crate::time;

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ClassCount {
    class: ClassName,
    looked_for: bool,
    acknowledged: bool,
    hidden: usize,
    kept: usize,
    rejected: usize,
    undecided: usize,
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReasonCount {
    code: String,
    statute: String,
    text: String,
    hidden: usize,
    kept: usize,
    rejected: usize,
    drawn: usize,
    mutes: usize,
    kept_speech: usize,
}

/// Speech that stays audible by decision.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct KeptSpeechInfo {
    start_seconds: f64,
    end_seconds: f64,
    reason: String,
    by: String,
    at: String,
}

/// A track that was rejected as a false detection.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Rejected {
    track: u32,
    class: ClassName,
    reason: String,
    by: String,
    at: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AgainstPolicy {
    track: u32,
    class: ClassName,
    policy: VerdictName,
}

/// A face that is kept and that masks of others cover.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct KeptCovered {
    track: u32,
    class: ClassName,
    /// Frames in which it is covered.
    frames: u32,
    /// The frame in which most of it is covered, and the share of it, 0 to 1.
    worst_frame: u32,
    share: f32,
    /// IDs of the masks: `face-3` is that of track 3.
    masks: Vec<String>,
}

/// What a review would release.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Summary {
    revision: i64,
    problems: Vec<Problem>,
    classes: Vec<ClassCount>,
    reasons: Vec<ReasonCount>,
    drawn: usize,
    mutes: usize,
    muted_seconds: f64,
    speech_seconds: Option<f64>,
    unmuted_speech_seconds: Option<f64>,
    /// Damaged parts in seconds: pictures hidden, or sound muted.
    damaged: Vec<[f64; 2]>,
    kept_speech: Vec<KeptSpeechInfo>,
    left_out: Vec<LeftOut>,
    against_policy: Vec<AgainstPolicy>,
    rejected: Vec<Rejected>,
    kept_covered: Vec<KeptCovered>,
    /// The law of the request. Its reasons are missing where it is not `covered`.
    law: Option<Law>,
    /// Reasons that do not fit, each with a proposal.
    reason_changes: Vec<ReasonProposal>,
    second_person: bool,
    approvals: Vec<Approval>,
    plan_sha256: Option<String>,
    /// How much of the transcript was checked; `None` without one.
    spoken: Option<SpokenSummary>,
}

fn classes(plan: &Plan) -> Vec<ClassCount> {
    let count = |class: Class| {
        let mut count = ClassCount {
            class: class.into(),
            looked_for: !plan.missing.contains(&class),
            acknowledged: plan.acknowledged.contains(&class),
            hidden: 0,
            kept: 0,
            rejected: 0,
            undecided: 0,
        };
        for planned in plan
            .tracks
            .iter()
            .filter(|planned| planned.track.class() == class)
        {
            match planned.decision.as_ref().map(|made| made.verdict) {
                Some(Verdict::Redact(_)) => count.hidden += 1,
                Some(Verdict::Keep) => count.kept += 1,
                Some(Verdict::Reject) => count.rejected += 1,
                None => count.undecided += 1,
            }
        }
        count
    };
    Class::ALL.into_iter().map(count).collect()
}

fn reasons(plan: &Plan) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<&str, ReasonCount> = BTreeMap::new();
    for planned in &plan.tracks {
        let Some(made) = &planned.decision else {
            continue;
        };
        let count = counts.entry(&made.reason.0).or_default();
        match made.verdict {
            Verdict::Redact(_) => count.hidden += 1,
            Verdict::Keep => count.kept += 1,
            Verdict::Reject => count.rejected += 1,
        }
    }
    for mask in &plan.drawn {
        counts.entry(&mask.reason().0).or_default().drawn += 1;
    }
    for mute in &plan.mutes {
        counts.entry(&mute.reason.0).or_default().mutes += 1;
    }
    for kept in &plan.kept_speech {
        counts.entry(&kept.reason.0).or_default().kept_speech += 1;
    }
    let texts: BTreeMap<&str, _> = plan
        .reasons
        .iter()
        .map(|r| (r.code.0.as_str(), r))
        .collect();
    counts
        .into_iter()
        .map(|(code, mut count)| {
            code.clone_into(&mut count.code);
            if let Some(reason) = texts.get(code) {
                count.statute.clone_from(&reason.statute);
                count.text.clone_from(&reason.text);
            }
            count
        })
        .collect()
}

/// Time covered by both lists, each sorted and without overlaps.
fn common(a: &[TimeSpan], b: &[TimeSpan]) -> i64 {
    let (mut i, mut j, mut sum) = (0, 0, 0_i64);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let start = x.start_nanos().max(y.start_nanos());
        let end = x.end_nanos().min(y.end_nanos());
        sum = sum.saturating_add((end - start).max(0));
        if x.end_nanos() <= y.end_nanos() {
            i += 1;
        } else {
            j += 1;
        }
    }
    sum
}

/// Speech that stays audible, with who decided it and when.
fn kept_speech(plan: &Plan) -> Vec<KeptSpeechInfo> {
    let shown = |kept: &redact_core::KeptSpeech| KeptSpeechInfo {
        start_seconds: seconds(kept.span.start_nanos()),
        end_seconds: seconds(kept.span.end_nanos()),
        reason: kept.reason.0.clone(),
        by: kept.by.clone(),
        at: time::text(kept.at.0.div_euclid(1_000_000)),
    };
    plan.kept_speech.iter().map(shown).collect()
}

/// Rejected tracks, with who rejected them and when.
fn rejected(plan: &Plan) -> Vec<Rejected> {
    let rejected = plan.tracks.iter().filter_map(|planned| {
        let made = planned.decision.as_ref()?;
        (made.verdict == Verdict::Reject).then(|| Rejected {
            track: planned.track.id().0,
            class: planned.track.class().into(),
            reason: made.reason.0.clone(),
            by: made.by.clone(),
            at: time::text(made.at.0.div_euclid(1_000_000)),
        })
    });
    rejected.collect()
}

/// Tracks whose verdict differs from the policy's. Rejected tracks are not of the class and do not
/// count.
fn against_policy(plan: &Plan, policy: &Policy) -> Vec<AgainstPolicy> {
    let differs = plan.tracks.iter().filter_map(|planned| {
        let class = planned.track.class();
        let verdict = match planned.decision.as_ref()?.verdict {
            Verdict::Redact(_) => VerdictName::Redact,
            Verdict::Keep => VerdictName::Keep,
            Verdict::Reject => return None,
        };
        let policy = policy.rule(class).verdict;
        (policy != verdict).then(|| AgainstPolicy {
            track: planned.track.id().0,
            class: class.into(),
            policy,
        })
    });
    differs.collect()
}

/// Faces that are kept and that masks of others cover.
fn kept_covered(plan: &Plan) -> Vec<KeptCovered> {
    let shown = |covered: CoveredTrack| KeptCovered {
        track: covered.track.0,
        class: covered.class.into(),
        frames: covered.frames,
        worst_frame: covered.worst.get(),
        share: covered.share,
        masks: covered.masks,
    };
    covered_tracks(plan).into_iter().map(shown).collect()
}

/// Spans with damaged pictures or sound, merged.
fn damaged(plan: &Plan) -> Vec<[f64; 2]> {
    let pictures = plan.damage.pictures.iter().map(|part| part.span);
    let sound = plan.damage.sound.iter().map(|part| part.span);
    let parts = TimeSpan::merged(pictures.chain(sound).collect(), 0).into_iter();
    let part = |span: TimeSpan| [seconds(span.start_nanos()), seconds(span.end_nanos())];
    parts.map(part).collect()
}

/// Seconds in which sound is muted on at least one track.
pub(crate) fn muted_seconds(plan: &Plan) -> f64 {
    let redactions = Redactions::preview(plan);
    let muted = redactions.mutes.iter().map(|mute| mute.span).collect();
    let whole = TimeSpan::new(0, plan.source.duration_nanos());
    whole.map_or(0.0, |whole| {
        seconds(common(&TimeSpan::merged(muted, 0), &[whole]))
    })
}

/// What a revision of a review would release.
///
/// # Errors
/// 400 with the field that is not valid in a plan; 500 for an unreadable policy.
pub(crate) fn summary(
    document: &Document,
    inputs: PlanInputs<'_>,
    revision: i64,
    approvals: Vec<Approval>,
) -> ApiResult<Summary> {
    let (content, problems) = check_plan(build(document, inputs)?, document, inputs)?;
    let plan = content.plan();
    let findings = inputs.findings;
    let speech = findings.speech.as_deref();
    let muted = TimeSpan::merged(plan.mutes.iter().map(|mute| mute.span).collect(), 0);
    let whole = TimeSpan::new(0, findings.source.duration_nanos());
    Ok(Summary {
        revision,
        plan_sha256: problems.is_empty().then(|| content.digest().to_string()),
        problems,
        classes: classes(plan),
        reasons: reasons(plan),
        drawn: plan.drawn.len(),
        mutes: plan.mutes.len(),
        muted_seconds: whole.map_or(0.0, |whole| seconds(common(&muted, &[whole]))),
        speech_seconds: speech.map(|spans| seconds(common(spans, spans))),
        unmuted_speech_seconds: speech
            .map(|spans| seconds(common(spans, spans) - common(spans, &muted))),
        damaged: damaged(plan),
        kept_speech: kept_speech(plan),
        left_out: left_out(document, findings),
        against_policy: against_policy(plan, inputs.policy),
        rejected: rejected(plan),
        kept_covered: kept_covered(plan),
        law: inputs.policy.law.clone(),
        reason_changes: reason_changes::proposals(document, inputs.policy),
        second_person: plan.second_person,
        approvals,
        spoken: spoken::summary(findings, &document.words, &document.checked_items),
    })
}
