//! Builds the plan for `redact render` from a document, with the types and checks of `redact
//! approve`.

use std::collections::HashMap;

use redact_core::{
    BoxOrigin, Class, Digest, Effect, Findings, FrameIndex, FrameSpan, Keyframe, MaskOrigin,
    MaskRegion, MuteRegion, MuteStreams, NormRect, Plan, PlannedTrack, ReasonCode, Redactions,
    TimeSpan, Track, TrackBox, TrackId, UtcNanos, Verdict,
};
use redact_record::manifest::Utc;
use redact_record::plan::uncovered_speech;

use super::document::{self, Decision, Document, KeyRow, MarginRow, Part, SoundTracks};
use super::policy::{Policy, VerdictName};
use super::shape::shaped;
use super::spoken;
use crate::api_error::{ApiError, ApiResult};

/// The most boxes of all tracks: 500 tracks of 10 minutes each at 30 frames per second.
const BOXES_MAX: usize = 10_000_000;

/// What a plan is built from, besides the document.
#[derive(Clone, Copy)]
pub(crate) struct PlanInputs<'a> {
    pub(crate) findings: &'a Findings,
    pub(crate) digest: Digest,
    pub(crate) policy: &'a Policy,
}

/// Builds the plan of `document`, without approvals.
///
/// # Errors
/// 400 with the field that is not valid in a plan.
pub(crate) fn build(document: &Document, inputs: PlanInputs<'_>) -> ApiResult<Plan> {
    let found = &inputs.findings.tracks;
    let found: HashMap<u32, &Track> = found.iter().map(|track| (track.id().0, track)).collect();
    let frames = inputs.findings.source.frames;
    let mut boxes = 0;
    let mut tracks = Vec::with_capacity(document.tracks.len());
    for given in &document.tracks {
        let track = track(given, &found, frames, BOXES_MAX - boxes)?;
        boxes += track.boxes().len();
        let decision = given.decision.as_ref().map(|made| decision(given.id, made));
        tracks.push(PlannedTrack {
            track,
            decision: decision.transpose()?,
        });
    }
    let policy = inputs.policy;
    let mut acknowledged: Vec<Class> = document.acknowledged.iter().map(|&c| c.into()).collect();
    acknowledged.sort();
    acknowledged.dedup();
    acknowledged.retain(|class| inputs.findings.missing.contains(class));
    Ok(Plan {
        source: inputs.findings.source.clone(),
        findings: inputs.digest,
        policy: policy.reference()?,
        second_person: policy.head.second_person,
        reasons: redact_record::plan::with_own_reasons(
            policy.reasons_of_plan(&document.used_reasons()),
            &inputs.findings.damage,
        ),
        tracks,
        drawn: document.drawn.iter().map(drawn).collect::<ApiResult<_>>()?,
        mutes: document.mutes.iter().map(mute).collect::<ApiResult<_>>()?,
        kept_speech: document
            .kept_speech()
            .iter()
            .map(kept_speech)
            .collect::<ApiResult<_>>()?,
        captions: spoken::captions(inputs.findings, &document.words, &document.checked_items)?,
        damage: inputs.findings.damage.clone(),
        models: inputs.findings.models.clone(),
        missing: inputs.findings.missing.clone(),
        acknowledged,
        weak_effects_accepted: policy.weak_effects_accepted(),
        approvals: Vec::new(),
    })
}

/// The plan with everything undecided hidden: tracks with the policy's effect for their class, or
/// filled if the policy keeps the class; speech muted as the policy says.
///
/// # Errors
/// 500 for a policy that cannot be read.
pub(crate) fn hide_undecided(mut plan: Plan, inputs: PlanInputs<'_>) -> ApiResult<Plan> {
    let policy = inputs.policy;
    let written = policy.written()?;
    let undecided = uncovered_speech(&plan, inputs.findings, &written);
    let mutes = (1..).zip(undecided).map(|(number, span)| MuteRegion {
        id: format!("undecided-{number}"),
        span,
        streams: MuteStreams::All,
        style: written.audio.style,
        reason: written.audio.reason.clone(),
    });
    plan.mutes.extend(mutes);
    for planned in &mut plan.tracks {
        if planned.decision.is_none() {
            let rule = policy.rule(planned.track.class());
            let effect = rule.effect.to_core().unwrap_or_default();
            planned.decision = Some(redact_core::Decision {
                verdict: Verdict::Redact(effect),
                reason: ReasonCode(rule.reason.clone()),
                by: policy.head.name.clone(),
                at: UtcNanos(0),
            });
        }
    }
    Ok(plan)
}

/// The policy's decision about a class.
pub(crate) fn policy_decision(policy: &Policy, class: Class) -> Decision {
    let rule = policy.rule(class);
    let reason = rule.reason.clone();
    match rule.verdict {
        VerdictName::Redact => Decision::Redact {
            effect: rule.effect,
            reason,
            by: None,
            at: None,
        },
        VerdictName::Keep => Decision::Keep {
            reason,
            by: None,
            at: None,
        },
    }
}

fn decision(track: u32, given: &Decision) -> ApiResult<redact_core::Decision> {
    let at = |key: &str| format!("document.tracks, id {track}, decision.{key}");
    let verdict = match given {
        Decision::Redact { effect, .. } => {
            Verdict::Redact(core_effect(*effect, || at("effect.cells_across"))?)
        }
        Decision::Keep { .. } => Verdict::Keep,
        Decision::Reject { .. } => Verdict::Reject,
    };
    let (by, when) = given.made();
    let when = when.and_then(Utc::from_text);
    let (Some(by), Some(when)) = (by, when) else {
        return Err(ApiError::internal(&"a decision without an author"));
    };
    Ok(redact_core::Decision {
        verdict,
        reason: ReasonCode(given.reason().to_owned()),
        by: by.to_owned(),
        at: when.0,
    })
}

fn core_effect(effect: document::Effect, field: impl Fn() -> String) -> ApiResult<Effect> {
    effect
        .to_core()
        .ok_or_else(|| ApiError::field(field(), "Expected a number from 1 to 8."))
}

/// One box per frame: the hull of the parts that cover it, interpolated linearly where none does.
fn track(
    given: &document::Track,
    found: &HashMap<u32, &Track>,
    frames: u32,
    room: usize,
) -> ApiResult<Track> {
    let at = |key: &str| format!("document.tracks, id {}, {key}", given.id);
    let spans = given.parts.iter().map(Part::span);
    let start = spans.clone().map(|(start, _)| start).min().unwrap_or(0);
    let end = spans.clone().map(|(_, end)| end).max().unwrap_or(0);
    if end > frames || spans.clone().any(|(start, end)| start >= end) {
        let expected =
            format!("Expected spans of frames below {frames}, each starting before it ends.");
        return Err(ApiError::field(at("parts"), expected));
    }
    let length = (end - start) as usize;
    if length > room {
        let message = format!("The review has more than {BOXES_MAX} boxes.");
        return Err(ApiError::field(at("parts"), message));
    }
    let mut boxes: Vec<Option<TrackBox>> = vec![None; length];
    for part in &given.parts {
        place_part(part, found, start, &mut boxes).ok_or_else(|| {
            let expected = "Expected frames of the found track, or a path with ascending frames \
                            within its span and sides from 0 to 1.";
            ApiError::field(at("parts"), expected)
        })?;
    }
    let mut boxes = interpolate_gaps(&boxes, start);
    check_margins(&given.margins, frames).ok_or_else(|| {
        let expected = "Expected rows with ascending frames and margins from 0 to 20.";
        ApiError::field(at("margins"), expected)
    })?;
    for each in &mut boxes {
        each.rect = apply_margins(each.rect, margins_at(&given.margins, each.frame.get()));
    }
    Track::new(TrackId(given.id), given.class.into(), boxes)
        .ok_or_else(|| ApiError::internal(&"a track with missing frames"))
}

/// The largest margin on one side, in widths or heights of the box.
const MARGIN_MAX: f32 = 20.0;

fn check_margins(rows: &[MarginRow], frames: u32) -> Option<()> {
    let fits = |side: f32| (0.0..=MARGIN_MAX).contains(&side);
    let right = rows.iter().all(|&(frame, left, top, right, bottom)| {
        frame < frames && [left, top, right, bottom].into_iter().all(fits)
    });
    (right && rows.is_sorted_by(|a, b| a.0 < b.0)).then_some(())
}

/// `[left, top, right, bottom]` in `frame`: linear between rows, constant before the first and
/// after the last.
fn margins_at(rows: &[MarginRow], frame: u32) -> [f32; 4] {
    let sides = |&(_, left, top, right, bottom): &MarginRow| [left, top, right, bottom];
    let after = rows.partition_point(|row| row.0 < frame);
    match (
        after.checked_sub(1).map(|before| &rows[before]),
        rows.get(after),
    ) {
        (None, None) => [0.0; 4],
        (Some(only), None) | (None, Some(only)) => sides(only),
        (Some(before), Some(next)) => {
            #[expect(clippy::cast_precision_loss, reason = "a fraction of 0 to 1")]
            let share = (frame - before.0) as f32 / (next.0 - before.0) as f32;
            let (a, b) = (sides(before), sides(next));
            std::array::from_fn(|side| a[side] * (1.0 - share) + b[side] * share)
        }
    }
}

/// The box with margins added. It always contains `rect`.
fn apply_margins(rect: NormRect, [left, top, right, bottom]: [f32; 4]) -> NormRect {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    let (width, height) = (rect.width(), rect.height());
    let wider = NormRect::clipped([
        x_min - left * width,
        y_min - top * height,
        x_max + right * width,
        y_max + bottom * height,
    ]);
    // The hull, in case rounding made it smaller.
    wider.map_or(rect, |wider| wider.hull(rect))
}

/// Merges the boxes of one part into `boxes`; `None` for an invalid part.
fn place_part(
    part: &Part,
    found: &HashMap<u32, &Track>,
    start: u32,
    boxes: &mut [Option<TrackBox>],
) -> Option<()> {
    let mut put = |new: TrackBox| -> Option<()> {
        let place = boxes.get_mut((new.frame.get() - start) as usize)?;
        *place = Some(match *place {
            None => new,
            Some(old) => TrackBox {
                rect: old.rect.hull(new.rect),
                score: old.score.max(new.score),
                origin: match (old.origin, new.origin) {
                    (BoxOrigin::Detected, _) | (_, BoxOrigin::Detected) => BoxOrigin::Detected,
                    (_, newer) => newer,
                },
                ..new
            },
        });
        Some(())
    };
    match part {
        Part::Found(part) => {
            let track = found.get(&part.found)?;
            let first = track.span().start().get();
            let from = part.start.checked_sub(first)? as usize;
            let to = part.end.checked_sub(first)? as usize;
            track
                .boxes()
                .get(from..to)?
                .iter()
                .try_for_each(|b| put(*b))
        }
        Part::Path(part) => {
            let span = FrameSpan::new(FrameIndex::new(part.start), FrameIndex::new(part.end))?;
            // Interpolated like a drawn mask.
            let region = region("path", (Effect::Fill, ""), span, &part.path)?;
            (part.start..part.end).try_for_each(|frame| {
                let frame = FrameIndex::new(frame);
                put(TrackBox {
                    frame,
                    rect: region.rect_at(frame)?,
                    score: 1.0,
                    origin: BoxOrigin::Followed,
                })
            })
        }
    }
}

/// Interpolates frames that no part covers. The first and the last frame are always covered.
fn interpolate_gaps(boxes: &[Option<TrackBox>], start: u32) -> Vec<TrackBox> {
    let mut whole: Vec<TrackBox> = Vec::with_capacity(boxes.len());
    for (at, given) in boxes.iter().enumerate() {
        let Some(next) = *given else { continue };
        if let Some(last) = whole.last().copied() {
            let gap = at - whole.len();
            let from = whole.len();
            for step in 1..=gap {
                #[expect(clippy::cast_precision_loss, reason = "a fraction of 0 to 1")]
                let share = step as f32 / (gap + 1) as f32;
                let frame = start + u32::try_from(from + step - 1).unwrap_or(u32::MAX);
                whole.push(TrackBox {
                    frame: FrameIndex::new(frame),
                    rect: last.rect.lerp(next.rect, share),
                    score: last.score.min(next.score),
                    origin: BoxOrigin::Interpolated,
                });
            }
        }
        whole.push(next);
    }
    whole
}

fn region(
    id: &str,
    (effect, reason): (Effect, &str),
    span: FrameSpan,
    rows: &[KeyRow],
) -> Option<MaskRegion> {
    let path = rows
        .iter()
        .map(|&(frame, x_min, y_min, x_max, y_max)| {
            Some(Keyframe {
                frame: FrameIndex::new(frame),
                rect: NormRect::new([x_min, y_min, x_max, y_max])?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let reason = ReasonCode(reason.to_owned());
    MaskRegion::new(id.to_owned(), MaskOrigin::Drawn, effect, reason, span, path)
}

fn drawn(given: &document::Drawn) -> ApiResult<MaskRegion> {
    let at = |key: &str| format!("document.drawn, {}, {key}", given.id);
    let effect = core_effect(given.effect, || at("effect.cells_across"))?;
    let span = FrameSpan::new(FrameIndex::new(given.start), FrameIndex::new(given.end));
    let region =
        span.and_then(|span| region(&given.id, (effect, &given.reason), span, &given.keyframes));
    let region = region.ok_or_else(|| {
        let expected = "Expected rows with ascending frames within the span and sides from 0 to 1.";
        ApiError::field(at("keyframes"), expected)
    })?;
    shaped(region, given.shape.as_ref(), &at)
}

/// The decision as a plan stores it.
///
/// # Errors
/// 500 if the desk did not write it.
fn kept_speech(kept: &document::KeptSpeech) -> ApiResult<redact_core::KeptSpeech> {
    let span = TimeSpan::new(kept.start_nanos, kept.end_nanos);
    let at = kept.at.as_deref().and_then(Utc::from_text);
    let (Some(span), Some(by), Some(at)) = (span, &kept.by, at) else {
        return Err(ApiError::internal(&"a decision about speech without time"));
    };
    Ok(redact_core::KeptSpeech {
        span,
        reason: ReasonCode(kept.reason.clone()),
        by: by.clone(),
        at: at.0,
    })
}

/// Seconds as nanoseconds, rounded to whole microseconds by `round`: outward, so that a mute is
/// never too short.
fn nanos(seconds: f64, round: fn(f64) -> f64) -> Option<i64> {
    // Ten years: longer than any recording, and well within an i64.
    const SECONDS_MAX: f64 = 3.2e8;
    if !seconds.is_finite() || seconds.abs() > SECONDS_MAX {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bound above")]
    let micros = round(seconds * 1e6) as i64;
    Some(micros * 1000)
}

fn mute(given: &document::Mute) -> ApiResult<MuteRegion> {
    let at = |key: &str| format!("document.mutes, {}, {key}", given.id);
    let start = nanos(given.start_seconds, f64::floor);
    let end = nanos(given.end_seconds, f64::ceil);
    let span = start
        .zip(end)
        .and_then(|(start, end)| TimeSpan::new(start, end));
    let span = span.ok_or_else(|| {
        ApiError::field(
            at("end_seconds"),
            "Expected a span that starts before it ends.",
        )
    })?;
    let streams = match &given.sound_tracks {
        SoundTracks::All(_) => MuteStreams::All,
        SoundTracks::Only(list) if list.is_empty() || !list.is_sorted_by(|a, b| a < b) => {
            let expected = "Expected \"all\", or track numbers in ascending order.";
            return Err(ApiError::field(at("sound_tracks"), expected));
        }
        SoundTracks::Only(list) => MuteStreams::Only(list.clone()),
    };
    Ok(MuteRegion {
        id: given.id.clone(),
        span,
        streams,
        style: given.style.into(),
        reason: ReasonCode(given.reason.clone()),
    })
}

/// The masks of `redactions` in `frames`, which ascend, with the frame that their levels are taken
/// from. Between frames that are not neighbors, a mask is not as it was. Mutes are not clipped.
pub(crate) fn clip_to_frames(redactions: &Redactions, frames: &[u32]) -> Redactions {
    let masks = redactions.masks.iter().filter_map(|mask| {
        let (begins, ends) = (mask.span().start().get(), mask.span().end().get());
        let shown = &frames[frames.partition_point(|&frame| frame < begins)..];
        let shown = &shown[..shown.partition_point(|&frame| frame < ends)];
        let (first, last) = (*shown.first()?, *shown.last()?);
        // A blur shows what was measured where it begins.
        let from = if mask.needs_levels() { begins } else { first };
        let span = FrameSpan::new(FrameIndex::new(from), FrameIndex::new(last + 1))?;
        let frames = (from < first)
            .then_some(from)
            .into_iter()
            .chain(shown.iter().copied());
        let path = frames
            .filter_map(|frame| {
                let frame = FrameIndex::new(frame);
                Some(Keyframe {
                    frame,
                    rect: mask.rect_at(frame)?,
                })
            })
            .collect();
        mask.clone().with_path(span, path)
    });
    Redactions {
        masks: masks.collect(),
        mutes: redactions.mutes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: margins only enlarge, whatever their values and wherever the box is.
    #[test]
    fn no_margin_uncovers_what_was_found() {
        let rows: [MarginRow; 3] = [
            (3, 0.0, 0.5, 0.0, 0.0),
            (9, 2.0, 0.0, 0.25, 0.1),
            (20, 0.0, 0.0, 0.0, 20.0),
        ];
        for sides in [
            [0.0, 0.0, 1.0, 1.0],
            [0.0, 0.2, 0.1, 0.3],
            [0.999, 0.999, 1.0, 1.0],
            [0.4, 0.4, 0.400_01, 0.400_01],
        ] {
            let found = NormRect::new(sides).unwrap();
            for frame in 0..30 {
                let wider = apply_margins(found, margins_at(&rows, frame));
                assert_eq!(wider.hull(found), wider, "{sides:?} in frame {frame}");
            }
            assert_eq!(apply_margins(found, margins_at(&[], 7)), found);
        }
        let found = NormRect::new([0.4, 0.4, 0.6, 0.5]).unwrap();
        let wider = apply_margins(found, margins_at(&rows, 0)).sides();
        assert!(
            (wider[1] - 0.35).abs() < 1e-6,
            "half its height above: {wider:?}"
        );
        let between = margins_at(&rows, 6);
        assert!((between[0] - 1.0).abs() < 1e-6 && (between[1] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_margin_that_takes_away_is_refused() {
        assert!(check_margins(&[(0, 0.1, 0.0, 0.0, 0.0), (5, 0.0, 0.0, 0.0, 0.0)], 6).is_some());
        for wrong in [
            vec![(0, -0.1, 0.0, 0.0, 0.0)],
            vec![(0, f32::NAN, 0.0, 0.0, 0.0)],
            vec![(0, 0.0, 0.0, f32::INFINITY, 0.0)],
            vec![(0, 0.0, 0.0, 0.0, 20.5)],
            vec![(6, 0.0, 0.0, 0.0, 0.0)],
            vec![(2, 0.0, 0.0, 0.0, 0.0), (2, 0.1, 0.0, 0.0, 0.0)],
        ] {
            assert!(check_margins(&wrong, 6).is_none(), "{wrong:?}");
        }
    }
}
