//! What would be released as the review stands, and what is in the way.

use std::collections::{BTreeMap, HashSet};

use axum::extract::{Path, State};
use redact_core::{Class, Findings, Plan, Redactions, TimeSpan, Verdict};
use redact_record::RecordError;
use redact_record::plan::uncovered_speech;
use serde::Serialize;

use super::approval::{self, Shown};
use super::document::{Document, Part};
use super::{ClassName, Ready};
use crate::answer::Answer;
use crate::app::App;
use crate::policies::{Policy, VerdictName};
use crate::store::Id;
use crate::time;

/// What keeps a plan from being approved.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<ClassName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Where speech begins that is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_seconds: Option<f64>,
}

fn problem(code: &'static str, message: String) -> Problem {
    Problem {
        code,
        message,
        track: None,
        class: None,
        id: None,
        start_seconds: None,
    }
}

/// Everything that keeps `plan`, which `ready` makes, from being approved.
///
/// # Errors
/// 500 for a policy that cannot be read.
pub(super) fn all_problems(ready: &Ready, plan: &Plan) -> Answer<Vec<Problem>> {
    let mut found = problems(plan);
    let (findings, _) = &*ready.findings;
    found.extend(undecided_speech(plan, findings, &ready.policy)?);
    if !found.is_empty() {
        return Ok(found);
    }
    let Err(refused) = ready.check_findings(plan) else {
        return Ok(found);
    };
    let dropped = left_out(&ready.document, findings);
    if dropped.is_empty() || !matches!(refused, RecordError::Uncovered { .. }) {
        return Ok(vec![problem("left_out", format!("{refused}."))]);
    }
    Ok(dropped.iter().map(left_out_problem).collect())
}

fn left_out_problem(dropped: &LeftOut) -> Problem {
    let LeftOut {
        track,
        frames,
        first_frame,
        ..
    } = dropped;
    let class = Class::from(dropped.class);
    let message = format!(
        "{frames} frames of {class} {track}, from frame {first_frame} on, belong to no track. Put \
         them back, then hide, keep or reject them."
    );
    let mut found = problem("left_out", message);
    found.class = Some(dropped.class);
    found
}

/// Speech that the policy mutes, that can be heard, and that nobody decided about.
fn undecided_speech(
    plan: &Plan,
    findings: &Findings,
    policy: &Policy,
) -> Answer<impl Iterator<Item = Problem>> {
    let spans = uncovered_speech(plan, findings, &policy.written()?);
    let length = findings.source.duration_nanos();
    Ok(spans.into_iter().map(move |span| {
        let text = |nanos: i64| clock_text(nanos.clamp(0, length));
        let (start, end) = (text(span.start_nanos()), text(span.end_nanos()));
        let message =
            format!("Speech from {start} to {end} can be heard, and nobody decided about it.");
        let mut found = problem("undecided_speech", message);
        found.start_seconds = Some(seconds(span.start_nanos()));
        found
    }))
}

/// `1:02:03.4`, from the first frame.
fn clock_text(nanos: i64) -> String {
    let tenths = nanos / 100_000_000;
    let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
    let (second, tenth) = (tenths / 10 % 60, tenths % 10);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{second:02}.{tenth}")
    } else {
        format!("{minutes}:{second:02}.{tenth}")
    }
}

/// What the plan itself needs before it can be approved.
///
/// The plan's own check says the first of them only; whatever that finds and this list does not is
/// in the list in its words.
fn problems(plan: &Plan) -> Vec<Problem> {
    let mut found = Vec::new();
    for planned in plan
        .tracks
        .iter()
        .filter(|planned| planned.decision.is_none())
    {
        let (class, id) = (planned.track.class(), planned.track.id().0);
        let mut undecided = problem("undecided", format!("Nobody decided about {class} {id}."));
        undecided.track = Some(id);
        undecided.class = Some(class.into());
        found.push(undecided);
    }
    for class in plan
        .missing
        .iter()
        .filter(|class| !plan.acknowledged.contains(class))
    {
        let message = format!("Nothing looked for {class}s, and nobody accepted that.");
        let mut missing = problem("unacknowledged", message);
        missing.class = Some((*class).into());
        found.push(missing);
    }
    for planned in &plan.tracks {
        let (class, id) = (planned.track.class(), planned.track.id().0);
        let Some(Verdict::Redact(effect)) = planned.decision.as_ref().map(|made| made.verdict)
        else {
            continue;
        };
        if effect.is_weak_for(class) && !plan.weak_effects_accepted.contains(&class) {
            let name = effect.name();
            let message = format!("{class} {id} stays readable through {name}: use fill.");
            let mut weak = problem("weak_effect", message);
            weak.track = Some(id);
            weak.class = Some(class.into());
            found.push(weak);
        }
    }
    found.extend(unknown_reasons(plan));
    if found.is_empty() {
        found.extend(unnamed(plan));
    }
    found
}

fn unknown_reasons(plan: &Plan) -> impl Iterator<Item = Problem> {
    let known: HashSet<&str> = plan.reasons.iter().map(|r| r.code.0.as_str()).collect();
    let tracks = plan.tracks.iter().filter_map(|planned| {
        let reason = &planned.decision.as_ref()?.reason;
        Some((Some(planned.track.id().0), None, reason))
    });
    let drawn = plan
        .drawn
        .iter()
        .map(|mask| (None, Some(mask.id()), mask.reason()));
    let mutes = plan
        .mutes
        .iter()
        .map(|mute| (None, Some(mute.id.as_str()), &mute.reason));
    let speech = plan
        .kept_speech
        .iter()
        .map(|kept| (None, None, &kept.reason));
    let unknown = tracks
        .chain(drawn)
        .chain(mutes)
        .chain(speech)
        .filter(|(_, _, reason)| !known.contains(reason.0.as_str()));
    let list: Vec<Problem> = unknown
        .map(|(track, id, reason)| {
            let message = format!("The policy has no reason {:?}.", reason.0);
            let mut unknown = problem("unknown_reason", message);
            unknown.track = track;
            unknown.id = id.map(str::to_owned);
            unknown
        })
        .collect();
    list.into_iter()
}

/// What the plan's own check refuses beside all that: approvals are made up, and go nowhere.
fn unnamed(plan: &Plan) -> Option<Problem> {
    let mut tried = plan.clone();
    for by in ["one", "two"] {
        let at = redact_core::UtcNanos(0);
        tried = redact_record::plan::approve(tried, by, at, "a trial").ok()?;
    }
    let source = tried.source.digest;
    let refused = redact_record::plan::approved(tried, source).err()?;
    Some(problem("invalid", refused.to_string()))
}

#[derive(Serialize)]
struct ClassCount {
    class: ClassName,
    looked_for: bool,
    acknowledged: bool,
    hidden: usize,
    kept: usize,
    rejected: usize,
    undecided: usize,
}

#[derive(Default, Serialize)]
struct ReasonCount {
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
struct KeptSpeechShown {
    start_seconds: f64,
    end_seconds: f64,
    reason: String,
    by: String,
    at: String,
}

#[derive(Serialize)]
struct LeftOut {
    track: u32,
    class: ClassName,
    frames: usize,
    first_frame: u32,
}

/// A track that a person says is not what the model took it for.
#[derive(Serialize)]
struct Rejected {
    track: u32,
    class: ClassName,
    reason: String,
    by: String,
    at: String,
}

#[derive(Serialize)]
struct AgainstPolicy {
    track: u32,
    class: ClassName,
    policy: VerdictName,
}

/// What would be released.
#[derive(Serialize)]
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
    kept_speech: Vec<KeptSpeechShown>,
    left_out: Vec<LeftOut>,
    against_policy: Vec<AgainstPolicy>,
    rejected: Vec<Rejected>,
    second_person: bool,
    approvals: Vec<Shown>,
    plan_sha256: Option<String>,
}

/// `GET /reviews/:id/summary`.
pub(crate) async fn summary(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Summary>> {
    let ready = Ready::load(&app, &id, None).await?;
    let approvals = approval::of(&app, &ready.row).await?;
    let approvals: Vec<Shown> = approvals.iter().map(Shown::from).collect();
    let made = tokio::task::spawn_blocking(move || -> Answer<Summary> {
        let plan = ready.plan()?;
        let (findings, _) = &*ready.findings;
        let problems = all_problems(&ready, &plan)?;
        let speech = findings.speech.as_deref();
        let muted = TimeSpan::merged(plan.mutes.iter().map(|mute| mute.span).collect(), 0);
        let whole = TimeSpan::new(0, findings.source.duration_nanos());
        Ok(Summary {
            revision: ready.row.revision,
            plan_sha256: problems
                .is_empty()
                .then(|| redact_record::plan::content(&plan).to_string()),
            problems,
            classes: classes(&plan),
            reasons: reasons(&plan),
            drawn: plan.drawn.len(),
            mutes: plan.mutes.len(),
            muted_seconds: whole.map_or(0.0, |whole| seconds(common(&muted, &[whole]))),
            speech_seconds: speech.map(|spans| seconds(common(spans, spans))),
            unmuted_speech_seconds: speech
                .map(|spans| seconds(common(spans, spans) - common(spans, &muted))),
            kept_speech: kept_speech(&plan),
            left_out: left_out(&ready.document, findings),
            against_policy: against_policy(&plan, &ready.policy),
            rejected: rejected(&plan),
            second_person: plan.second_person,
            approvals,
        })
    });
    Ok(axum::Json(made.await??))
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

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// Time that lies in both; each list is sorted and does not overlap itself.
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

/// Found boxes that no track covers: what a person took out, which the approver is to see.
fn left_out(document: &Document, findings: &Findings) -> Vec<LeftOut> {
    let mut covered: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for part in document.tracks.iter().flat_map(|track| &track.parts) {
        if let Part::Found(part) = part {
            covered
                .entry(part.found)
                .or_default()
                .push((part.start, part.end));
        }
    }
    let mut list = Vec::new();
    for track in &findings.tracks {
        let spans = covered.get(&track.id().0).map_or(&[][..], Vec::as_slice);
        let missing = |frame: &u32| !spans.iter().any(|(a, b)| a <= frame && frame < b);
        let (start, end) = (track.span().start().get(), track.span().end().get());
        let mut frames = (start..end).filter(missing);
        if let Some(first_frame) = frames.next() {
            list.push(LeftOut {
                track: track.id().0,
                class: track.class().into(),
                frames: 1 + frames.count(),
                first_frame,
            });
        }
    }
    list
}

/// Speech that stays audible, with who decided it and when.
fn kept_speech(plan: &Plan) -> Vec<KeptSpeechShown> {
    let shown = |kept: &redact_core::KeptSpeech| KeptSpeechShown {
        start_seconds: seconds(kept.span.start_nanos()),
        end_seconds: seconds(kept.span.end_nanos()),
        reason: kept.reason.0.clone(),
        by: kept.by.clone(),
        at: time::text(kept.at.0.div_euclid(1_000_000)),
    };
    plan.kept_speech.iter().map(shown).collect()
}

/// Tracks that somebody rejected, with who and when.
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

/// Tracks whose verdict is not the policy's. What was rejected is not of the policy's class at all.
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

/// Seconds of a recording in which its sound is muted, on some track.
pub(super) fn muted_seconds(plan: &Plan) -> f64 {
    let redactions = Redactions::preview(plan);
    let muted = redactions.mutes.iter().map(|mute| mute.span).collect();
    let whole = TimeSpan::new(0, plan.source.duration_nanos());
    whole.map_or(0.0, |whole| {
        seconds(common(&TimeSpan::merged(muted, 0), &[whole]))
    })
}
