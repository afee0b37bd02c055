//! Checks a plan against the findings that it was made from: nothing found may be uncovered without
//! a decision on record.

use std::collections::HashMap;

use redact_core::{
    Decision, Digest, Findings, FrameIndex, NormRect, Plan, PlannedTrack, TimeSpan, Track, TrackId,
    Verdict,
};

use super::proposal::{INAUDIBLE, speech_mutes};
use crate::RecordError;
use crate::policy::{self, Policy};

/// A planned track that stays visible by decision.
#[derive(Clone, Debug, PartialEq)]
pub struct VisibleTrack<'a> {
    /// The track as planned.
    pub planned: &'a PlannedTrack,
    /// The decision: [`Verdict::Keep`] or [`Verdict::Reject`].
    pub decision: &'a Decision,
    /// Found tracks that this decision leaves visible in at least one frame: several if a reviewer
    /// merged tracks, none for a track that a person added.
    pub found: Vec<TrackId>,
}

/// Checks `plan` against `findings`, whose file has SHA-256 `digest`. The command line and the desk
/// share this rule.
///
/// - The plan names these findings and has the same source, models, missing classes and damage.
/// - Each found box lies inside a box of a planned track of the same class in the same frame.
///   Tracks may be split, merged and enlarged; no box may be missing or smaller.
/// - A planned track with the number of a found track covers part of it, so that a decision cannot
///   be moved to other boxes.
/// - A box is marked as detected only if a model detected an object of the class inside it.
/// - Speech that the policy mutes is muted or in [`Plan::kept_speech`].
/// - Each word of the captions has the times of a word in the findings; its text may be corrected.
/// - Each decision to keep or reject against the policy names a person.
///
/// # Errors
/// [`RecordError::Mismatch`] if the plan is not for these findings or contradicts them;
/// [`RecordError::Uncovered`] with the first track or span that is not covered;
/// [`RecordError::Field`] for boxes that are not those of the findings; [`RecordError::NoPerson`];
/// those of [`policy::embedded`].
pub fn check_findings(plan: &Plan, findings: &Findings, digest: Digest) -> Result<(), RecordError> {
    check_covers(plan, &policy::embedded(&plan.policy)?, findings, digest)
}

/// [`check_findings`] with the plan's embedded `policy`.
pub(super) fn check_covers(
    plan: &Plan,
    policy: &Policy,
    findings: &Findings,
    digest: Digest,
) -> Result<(), RecordError> {
    check_copied(plan, findings, digest)?;
    check_people(plan, policy)?;
    let index = Index::new(&plan.tracks);
    for found in &findings.tracks {
        index.check_covered(found)?;
    }
    check_origins(plan, findings)?;
    check_captions(plan, findings)?;
    match uncovered_speech(plan, findings, policy).first() {
        None => Ok(()),
        Some(span) => {
            let what = format!(
                "speech from second {} to {}",
                at(span.start_nanos()),
                at(span.end_nanos())
            );
            Err(RecordError::Uncovered { what })
        }
    }
}

/// Speech in `findings` that `policy` mutes and that `plan` neither mutes on every sound track nor
/// keeps by a decision; sorted.
#[must_use]
pub fn uncovered_speech(plan: &Plan, findings: &Findings, policy: &Policy) -> Vec<TimeSpan> {
    let expected: Vec<TimeSpan> = speech_mutes(findings, policy)
        .into_iter()
        .map(|mute| mute.span)
        .collect();
    let mut missing = Vec::new();
    for track in 0..findings.source.info.audio.len() {
        let muted = plan
            .mutes
            .iter()
            .filter(|mute| mute.streams.contains(track));
        let kept = plan.kept_speech.iter().map(|kept| kept.span);
        let covered = TimeSpan::merged(muted.map(|mute| mute.span).chain(kept).collect(), 0);
        missing.extend(TimeSpan::without(&expected, &covered));
    }
    TimeSpan::merged(missing, 0)
}

/// The tracks of `plan` that stay visible by decision, each with the found tracks that it leaves
/// visible; without findings (`None`), those lists are empty.
#[must_use]
pub fn visible_tracks<'a>(plan: &'a Plan, findings: Option<&Findings>) -> Vec<VisibleTrack<'a>> {
    let hidden: Vec<&PlannedTrack> = plan.tracks.iter().filter(|t| is_hidden(t)).collect();
    let hidden = Index::of(hidden);
    let visible = plan.tracks.iter().filter_map(|planned| {
        let decision = planned.decision.as_ref()?;
        decision.verdict.is_visible().then_some((planned, decision))
    });
    visible
        .map(|(planned, decision)| {
            let found = findings.into_iter().flat_map(|findings| &findings.tracks);
            let shown = |found: &&Track| {
                found.class() == planned.track.class()
                    && found.boxes().iter().any(|b| {
                        covers(planned, b.frame, b.rect) && !hidden.covers(found, b.frame, b.rect)
                    })
            };
            VisibleTrack {
                planned,
                decision,
                found: found.filter(shown).map(Track::id).collect(),
            }
        })
        .collect()
}

fn is_hidden(planned: &PlannedTrack) -> bool {
    let verdict = planned.decision.as_ref().map(|made| made.verdict);
    matches!(verdict, Some(Verdict::Redact(_)))
}

/// Whether the planned track covers all of `rect` in `frame`.
fn covers(planned: &PlannedTrack, frame: FrameIndex, rect: NormRect) -> bool {
    let boxes = planned.track.boxes();
    let first = boxes[0].frame.get();
    let place = frame.get().checked_sub(first).map(|at| at as usize);
    place
        .and_then(|at| boxes.get(at))
        .is_some_and(|b| b.rect.hull(rect) == b.rect)
}

/// Planned tracks, for finding what covers a box.
struct Index<'a> {
    tracks: Vec<&'a PlannedTrack>,
    by_id: HashMap<TrackId, usize>,
}

impl<'a> Index<'a> {
    fn new(tracks: &'a [PlannedTrack]) -> Self {
        Self::of(tracks.iter().collect())
    }

    fn of(tracks: Vec<&'a PlannedTrack>) -> Self {
        let ids = tracks.iter().map(|planned| planned.track.id());
        Self {
            by_id: ids.zip(0..).collect(),
            tracks,
        }
    }

    fn named(&self, id: TrackId) -> Option<&'a PlannedTrack> {
        self.by_id.get(&id).map(|&place| self.tracks[place])
    }

    /// Whether a track of the class of `found` covers all of `rect` in `frame`; the track with the
    /// same number is tried first.
    fn covers(&self, found: &Track, frame: FrameIndex, rect: NormRect) -> bool {
        let fits = |planned: &PlannedTrack| {
            planned.track.class() == found.class() && covers(planned, frame, rect)
        };
        self.named(found.id()).is_some_and(fits) || self.tracks.iter().any(|planned| fits(planned))
    }

    fn check_covered(&self, found: &Track) -> Result<(), RecordError> {
        let (class, id) = (found.class(), found.id());
        if let Some(named) = self.named(id) {
            if named.track.class() != class {
                return Err(RecordError::field(
                    format!("track {id}, class"),
                    named.track.class(),
                    format!("{class}, as in the findings"),
                ));
            }
            let boxes = found.boxes();
            if !boxes.iter().any(|b| covers(named, b.frame, b.rect)) {
                let expected = "boxes that cover the track of this number in the findings";
                return Err(RecordError::field(
                    format!("track {id} ({class})"),
                    "other boxes",
                    expected,
                ));
            }
        }
        let uncovered: Vec<u32> = found
            .boxes()
            .iter()
            .filter(|b| !self.covers(found, b.frame, b.rect))
            .map(|b| b.frame.get())
            .collect();
        match (uncovered.first(), uncovered.last()) {
            (Some(first), Some(last)) => {
                let count = uncovered.len();
                let what = format!(
                    "found track {id} ({class}), {count} boxes in frames {first} to {last}"
                );
                Err(RecordError::Uncovered { what })
            }
            _ => Ok(()),
        }
    }
}

/// What a plan copies from its findings must be unchanged.
fn check_copied(plan: &Plan, findings: &Findings, digest: Digest) -> Result<(), RecordError> {
    let wrong = |what, found: String, expected: String| {
        Err(RecordError::Mismatch {
            what,
            found,
            expected,
        })
    };
    if plan.findings != digest {
        let expected = format!("{}, which the plan was made from", plan.findings);
        return wrong("SHA-256 of the findings", digest.to_string(), expected);
    }
    let as_found = || "the one in the findings".to_owned();
    if plan.source != findings.source {
        return wrong("source of the plan", "another".into(), as_found());
    }
    if plan.models != findings.models {
        let names = |models: &[redact_core::ModelUse]| {
            let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            format!("{:?}", names.join(", "))
        };
        let expected = format!("{}, as in the findings", names(&findings.models));
        return wrong("models of the plan", names(&plan.models), expected);
    }
    if plan.missing != findings.missing {
        let expected = format!("{:?}, as in the findings", findings.missing);
        return wrong(
            "missing classes of the plan",
            format!("{:?}", plan.missing),
            expected,
        );
    }
    if plan.damage != findings.damage {
        return wrong("damage of the plan", "another".into(), as_found());
    }
    Ok(())
}

/// Whether a person approved `plan`, and not its policy alone.
#[must_use]
pub fn is_approved_by_person(plan: &Plan) -> bool {
    let mut approvals = plan.approvals.iter();
    approvals.any(|approval| !is_policy(&approval.by, &plan.policy.name))
}

/// Whether `by` is the policy itself, as it signs its decisions.
fn is_policy(by: &str, policy: &str) -> bool {
    by.trim().eq_ignore_ascii_case(&format!("policy {policy}"))
}

/// Keeping or rejecting what the policy hides needs a person's decision.
fn check_people(plan: &Plan, policy: &Policy) -> Result<(), RecordError> {
    let check = |item: &dyn Fn() -> String, verdict, by: &str| {
        if is_policy(by, &policy.name) {
            let (item, by) = (item(), by.to_owned());
            return Err(RecordError::NoPerson { item, verdict, by });
        }
        Ok(())
    };
    for planned in &plan.tracks {
        let Some(made) = &planned.decision else {
            continue;
        };
        let item = || format!("track {}", planned.track.id());
        let hides = matches!(
            policy.rule(planned.track.class()).verdict,
            Verdict::Redact(_)
        );
        match made.verdict {
            Verdict::Reject => check(&item, "reject", &made.by)?,
            Verdict::Keep if hides => check(&item, "keep", &made.by)?,
            Verdict::Keep | Verdict::Redact(_) => {}
        }
    }
    for kept in &plan.kept_speech {
        let item = || format!("kept_speech at second {}", at(kept.span.start_nanos()));
        check(&item, "keep", &kept.by)?;
    }
    Ok(())
}

/// A box may be marked as detected only if a model detected it.
fn check_origins(plan: &Plan, findings: &Findings) -> Result<(), RecordError> {
    use redact_core::BoxOrigin::Detected;
    let mut detected: HashMap<FrameIndex, Vec<(redact_core::Class, NormRect)>> = HashMap::new();
    for track in &findings.tracks {
        for b in track.boxes().iter().filter(|b| b.origin == Detected) {
            detected
                .entry(b.frame)
                .or_default()
                .push((track.class(), b.rect));
        }
    }
    for planned in &plan.tracks {
        let class = planned.track.class();
        let inside = |b: &redact_core::TrackBox| {
            detected.get(&b.frame).is_some_and(|found| {
                let mut found = found.iter();
                found.any(|&(of, rect)| of == class && b.rect.hull(rect) == b.rect)
            })
        };
        let boxes = planned.track.boxes().iter();
        if let Some(claimed) = boxes.filter(|b| b.origin == Detected).find(|b| !inside(b)) {
            let field = format!("track {}, frame {}", planned.track.id(), claimed.frame);
            return Err(RecordError::field(
                field,
                "\"detected\"",
                "detected in the findings",
            ));
        }
    }
    Ok(())
}

/// A person may correct what captions say, and not when it is said: a word with other times could
/// lie outside of the mute that withholds it.
fn check_captions(plan: &Plan, findings: &Findings) -> Result<(), RecordError> {
    let mut known: HashMap<TimeSpan, usize> = HashMap::new();
    let voices = findings.transcript.iter().flat_map(|said| &said.voices);
    for word in voices.flat_map(|voice| &voice.words) {
        *known.entry(word.span).or_default() += 1;
    }
    let words = plan.captions.iter().flatten();
    for word in words.filter(|word| word.text.trim() != INAUDIBLE) {
        match known.get_mut(&word.span) {
            Some(left) if *left > 0 => *left -= 1,
            _ => {
                let field = format!("captions, word at second {}", at(word.span.start_nanos()));
                let expected = "the times of a word in the findings, which may be corrected";
                return Err(RecordError::field(field, "other times", expected));
            }
        }
    }
    Ok(())
}

/// A time for errors, in seconds.
fn at(nanos: i64) -> crate::json::Seconds {
    crate::json::Seconds(nanos)
}
