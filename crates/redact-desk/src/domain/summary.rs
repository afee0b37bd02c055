//! What a review would release, and what blocks its approval.

use std::collections::BTreeMap;

use redact_core::{
    ApprovedPlan, Class, Findings, Plan, PlanError, PlanItem, Redactions, TimeSpan, Track, Verdict,
};
use redact_record::RecordError;
use redact_record::plan::{CoveredTrack, PlanContent, covered_tracks, uncovered_speech};
use serde::Serialize;

use super::approval::Approval;
use super::document::{ClassName, Document, Drawn, Part};
use super::plan::{PlanInputs, build};
use super::policy::{Policy, VerdictName};
use super::spoken::{self, SpokenSummary};
use crate::api_error::{ApiResult, sentence};
use crate::time;

/// Something that blocks approval.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Problem {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    track: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    class: Option<ClassName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    id: Option<String>,
    /// Start of the undecided speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
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

/// The content of `plan`, built from `document`, and everything that blocks its approval.
///
/// The plan is digested once, and its policy parsed once.
///
/// # Errors
/// 500 for an unreadable policy.
pub(crate) fn check_plan(
    plan: Plan,
    document: &Document,
    inputs: PlanInputs<'_>,
) -> ApiResult<(PlanContent, Vec<Problem>)> {
    let mut found = problems(&plan, document);
    let content = PlanContent::new(plan)?;
    let findings = inputs.findings;
    found.extend(undecided_speech(content.plan(), findings, content.policy()));
    if found.is_empty()
        && let Err(refused) = content.check_policy()
    {
        found.push(problem("invalid", sentence(&refused)));
    }
    if found.is_empty()
        && let Err(refused) = content.check_findings(findings, inputs.digest)
    {
        let dropped = match refused {
            RecordError::Uncovered { .. } => left_out(document, findings),
            _ => Vec::new(),
        };
        if dropped.is_empty() {
            found.push(problem("left_out", sentence(&refused)));
        }
        found.extend(dropped.iter().map(left_out_problem));
    }
    Ok((content, found))
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
        "{frames} frames of {class} {track} from frame {first_frame} on belong to no track. Put them \
         back, then hide, keep or reject them."
    );
    let mut found = problem("left_out", message);
    found.class = Some(dropped.class);
    found
}

/// Audible speech that the policy mutes and nobody decided about.
fn undecided_speech(
    plan: &Plan,
    findings: &Findings,
    policy: &redact_record::policy::Policy,
) -> impl Iterator<Item = Problem> + use<> {
    let spans = uncovered_speech(plan, findings, policy);
    let length = findings.source.duration_nanos();
    spans.into_iter().map(move |span| {
        let text = |nanos: i64| clock_text(nanos.clamp(0, length));
        let (start, end) = (text(span.start_nanos()), text(span.end_nanos()));
        let message = format!("Speech from {start} to {end} is audible and undecided.");
        let mut found = problem("undecided_speech", message);
        found.start_seconds = Some(seconds(span.start_nanos()));
        found
    })
}

/// `1:02:03.4`, since the first frame.
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

/// Problems of the plan itself: the rules of [`ApprovedPlan::problems`], and the frames in which
/// following lost what a region hides.
fn problems(plan: &Plan, document: &Document) -> Vec<Problem> {
    ApprovedPlan::problems(plan)
        .iter()
        .filter(|refused| !refused.is_missing_approval())
        .flat_map(|refused| explain(plan, refused))
        .map(|refused| name_region(refused, document))
        .chain(document.drawn.iter().flat_map(lost_problems))
        .collect()
}

/// Says which region has no reason yet: it has no code that the message could name.
fn name_region(mut found: Problem, document: &Document) -> Problem {
    let open = |mask: &&Drawn| Some(&mask.id) == found.id.as_ref() && mask.reason.is_empty();
    if let Some(mask) = document.drawn.iter().find(open) {
        found.message = format!("Region {:?} has no reason yet. Choose one.", mask.title());
    }
    found
}

/// Frames in which following lost the object, and that nobody has checked.
fn lost_problems(mask: &Drawn) -> impl Iterator<Item = Problem> {
    mask.lost.iter().map(|&(start, end)| {
        let message = format!(
            "Region {:?} lost what it follows in frames {start} to {}. Check them.",
            mask.title(),
            end - 1
        );
        let mut found = problem("lost", message);
        found.id = Some(mask.id.clone());
        found
    })
}

/// A plan error as problems for the page: one for each track or class.
fn explain(plan: &Plan, refused: &PlanError) -> Vec<Problem> {
    match refused {
        PlanError::Undecided { .. } => {
            let undecided = plan.tracks.iter().filter(|track| track.decision.is_none());
            undecided
                .map(|planned| undecided_problem(&planned.track))
                .collect()
        }
        PlanError::Unacknowledged { class } => {
            let message = format!("No detector ran for {class}s. Accept that, or scan again.");
            let mut missing = problem("unacknowledged", message);
            missing.class = Some((*class).into());
            vec![missing]
        }
        PlanError::WeakEffect {
            track,
            effect,
            class,
        } => {
            let message = format!("{class} {track} may stay legible under {effect}. Use fill.");
            let mut weak = problem("weak_effect", sentence(&message));
            weak.track = Some(track.0);
            weak.class = Some((*class).into());
            vec![weak]
        }
        PlanError::UnknownReason { item, code } => {
            let message = format!("The policy has no reason {code:?}.");
            let mut unknown = problem("unknown_reason", message);
            match item {
                PlanItem::Track(id) => unknown.track = Some(id.0),
                PlanItem::Mask(id) | PlanItem::Mute(id) => unknown.id = Some(id.clone()),
                _ => {}
            }
            vec![unknown]
        }
        other => vec![problem("invalid", sentence(&other))],
    }
}

fn undecided_problem(track: &Track) -> Problem {
    let (class, id) = (track.class(), track.id().0);
    let mut undecided = problem("undecided", sentence(&format!("{class} {id} is undecided")));
    undecided.track = Some(id);
    undecided.class = Some(class.into());
    undecided
}

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

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LeftOut {
    track: u32,
    class: ClassName,
    frames: usize,
    first_frame: u32,
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

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a recording")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
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

/// Found boxes that no track covers: the approver must see what was taken out.
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
        second_person: plan.second_person,
        approvals,
        spoken: spoken::summary(findings, &document.words, &document.checked_items),
    })
}
