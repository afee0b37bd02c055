//! What blocks the approval of a review.

use redact_core::{
    ApprovedPlan, Class, Findings, Plan, PlanError, PlanItem, ReasonCode, Track, Verdict,
};
use redact_record::RecordError;
use redact_record::plan::{PlanContent, uncovered_speech};
use serde::Serialize;

use super::document::{ClassName, Document, Drawn};
use super::left_out::{LeftOut, left_out};
use super::plan::PlanInputs;
use super::policy::Policy;
use super::spans::seconds;
use crate::api_error::{ApiResult, sentence};

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
    /// The reason that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    reason: Option<String>,
}

fn problem(code: &'static str, message: String) -> Problem {
    Problem {
        code,
        message,
        track: None,
        class: None,
        id: None,
        start_seconds: None,
        reason: None,
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
    let of_reasons = reason_problems(&plan, inputs.policy).into_iter();
    found.extend(of_reasons.map(|found| name_region(found, document)));
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

/// Calls a region what people call it.
fn name_region(mut found: Problem, document: &Document) -> Problem {
    let of_it = |mask: &&Drawn| Some(&mask.id) == found.id.as_ref();
    if let Some(mask) = document.drawn.iter().find(of_it) {
        let known = format!("Region {}", mask.id);
        found.message = found.message.replacen(&known, &mask.title(), 1);
    }
    found
}

/// Frames in which following lost the object, and that nobody has checked.
fn lost_problems(mask: &Drawn) -> impl Iterator<Item = Problem> {
    mask.lost.iter().map(|&(start, end)| {
        let message = format!(
            "{} lost the object in frames {start} to {}. Check them.",
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
            let message =
                format!("{class} {track} may stay legible under {effect}. Use a black box.");
            let mut weak = problem("weak_effect", sentence(&message));
            weak.track = Some(track.0);
            weak.class = Some((*class).into());
            vec![weak]
        }
        PlanError::UnknownReason { item, code } => {
            let (name, track, id) = match item {
                PlanItem::Track(id) => (track_name(plan, id.0), Some(id.0), None),
                PlanItem::Mask(id) => (format!("Region {id}"), None, Some(id.clone())),
                PlanItem::Mute(id) => (format!("Mute {id}"), None, Some(id.clone())),
                _ => ("Speech that is kept audible".to_owned(), None, None),
            };
            let mut unknown = if code.is_empty() {
                problem("no_reason", format!("{name} has no reason. Choose one."))
            } else {
                let message = format!("{name}: the policy has no reason {code:?}.");
                problem("unknown_reason", message)
            };
            (unknown.track, unknown.id) = (track, id);
            unknown.reason = (!code.is_empty()).then(|| code.clone());
            vec![unknown]
        }
        other => vec![problem("invalid", sentence(&other))],
    }
}

/// `Face 3`.
fn track_name(plan: &Plan, id: u32) -> String {
    let mut tracks = plan.tracks.iter();
    let found = tracks.find(|planned| planned.track.id().0 == id);
    match found.map(|planned| planned.track.class()) {
        Some(class) => sentence(&format!("{class} {id}"))
            .trim_end_matches('.')
            .to_owned(),
        None => format!("Track {id}"),
    }
}

/// Items whose reason is of another law than the request, or for the opposite of the decision.
fn reason_problems(plan: &Plan, policy: &Policy) -> Vec<Problem> {
    let mut list = Vec::new();
    let check = |name: &dyn Fn() -> String, code: &ReasonCode, keep: bool| {
        let known = policy.reason(&code.0)?;
        let (what, message) = if !known.is_for(keep) {
            let (is_for, done) = if keep {
                ("withholding", "stays in the release")
            } else {
                ("leaving something in the release", "is withheld")
            };
            let message = format!("{} {done}, but its reason {code} is for {is_for}.", name());
            ("wrong_purpose", message)
        } else if known.fits {
            return None;
        } else {
            let law = policy.law.as_ref().map_or("", |law| law.title.as_str());
            let message = format!(
                "{} cites {} ({code}), but the request falls under a different law: {law}.",
                name(),
                known.statute
            );
            ("other_law", message)
        };
        let mut found = problem(what, message);
        found.reason = Some(code.0.clone());
        Some(found)
    };
    for planned in &plan.tracks {
        let Some(made) = &planned.decision else {
            continue;
        };
        let id = planned.track.id().0;
        let keep = !matches!(made.verdict, Verdict::Redact(_));
        let name = || track_name(plan, id);
        list.extend(check(&name, &made.reason, keep).map(|found| Problem {
            track: Some(id),
            class: Some(planned.track.class().into()),
            ..found
        }));
    }
    for mask in &plan.drawn {
        let name = || format!("Region {}", mask.id());
        list.extend(check(&name, mask.reason(), false).map(|found| Problem {
            id: Some(mask.id().to_owned()),
            ..found
        }));
    }
    for mute in &plan.mutes {
        let name = || format!("The mute at {}", clock_text(mute.span.start_nanos().max(0)));
        list.extend(check(&name, &mute.reason, false).map(|found| Problem {
            id: Some(mute.id.clone()),
            ..found
        }));
    }
    for kept in &plan.kept_speech {
        let name = || format!("Speech at {}", clock_text(kept.span.start_nanos().max(0)));
        list.extend(check(&name, &kept.reason, true).map(|found| Problem {
            start_seconds: Some(seconds(kept.span.start_nanos())),
            ..found
        }));
    }
    list
}

fn undecided_problem(track: &Track) -> Problem {
    let (class, id) = (track.class(), track.id().0);
    let mut undecided = problem("undecided", sentence(&format!("{class} {id} is undecided")));
    undecided.track = Some(id);
    undecided.class = Some(class.into());
    undecided
}
