//! Each reason why a plan may not be carried out, with a plan that may be as the control.

use super::*;
use crate::{
    Approval, AudioInfo, BoxOrigin, Cells, ColorRange, Decision, Effect, FrameIndex, FrameSpan,
    KeptSpeech, Keyframe, MaskOrigin, MuteRegion, MuteStreams, MuteStyle, NormRect, PixelSize,
    PlannedTrack, PolicyRef, Reason, SourceIdentity, SourceInfo, TimeBase, TimeSpan, Timestamp,
    Track, TrackBox, TrackId, UtcNanos, VideoInfo,
};

const SOURCE: Digest = Digest([1; 32]);

fn code(name: &str) -> ReasonCode {
    ReasonCode(name.into())
}

fn rect() -> NormRect {
    NormRect::new([0.25, 0.25, 0.5, 0.5]).unwrap()
}

/// A recording of ten frames and one sound track.
fn source() -> SourceIdentity {
    let info = SourceInfo {
        container: "test".into(),
        video: VideoInfo {
            stream: 0,
            codec: "test".into(),
            pixel_format: "yuv420p".into(),
            size: PixelSize::new(64, 48).unwrap(),
            rotation_degrees: 0,
            pixel_aspect: (1, 1),
            time_base: TimeBase::new(1, 30).unwrap(),
            frame_rate: None,
            frames_hint: None,
            duration_hint_nanos: None,
            first_timestamp: Timestamp::new(0),
            range: ColorRange::Limited,
        },
        audio: vec![AudioInfo {
            stream: 1,
            codec: "test".into(),
            rate_hz: 8000,
            channels: 1,
        }],
        streams: Vec::new(),
        chapters: 0,
        tag_keys: Vec::new(),
        conversions: Vec::new(),
    };
    SourceIdentity {
        digest: SOURCE,
        bytes: 1,
        frames: 10,
        duration_ticks: 10,
        info,
    }
}

fn planned(id: u32, verdict: Option<Verdict>) -> PlannedTrack {
    planned_of(id, Class::Face, verdict)
}

fn planned_of(id: u32, class: Class, verdict: Option<Verdict>) -> PlannedTrack {
    let boxes = (2..5)
        .map(|frame| TrackBox {
            frame: FrameIndex::new(frame),
            rect: rect(),
            score: 0.9,
            origin: BoxOrigin::Detected,
        })
        .collect();
    PlannedTrack {
        track: Track::new(TrackId(id), class, boxes).unwrap(),
        decision: verdict.map(|verdict| Decision {
            verdict,
            reason: code("privacy"),
            by: "policy test".into(),
            at: UtcNanos(0),
        }),
    }
}

fn mask(id: &str, effect: Effect, end: u32) -> MaskRegion {
    let first = FrameIndex::new(0);
    let span = FrameSpan::new(first, FrameIndex::new(end)).unwrap();
    let path = vec![Keyframe {
        frame: first,
        rect: rect(),
    }];
    let reason = code("privacy");
    MaskRegion::new(id.into(), MaskOrigin::Drawn, effect, reason, span, path).unwrap()
}

fn mute(id: &str, streams: MuteStreams) -> MuteRegion {
    MuteRegion {
        id: id.into(),
        span: TimeSpan::new(0, 1).unwrap(),
        streams,
        style: MuteStyle::Silence,
        reason: code("privacy"),
    }
}

fn approval(by: &str) -> Approval {
    Approval {
        by: by.into(),
        at: UtcNanos(0),
        statement: "I have looked at it.".into(),
        content: Digest([2; 32]),
        signature: None,
    }
}

/// A plan that may be carried out.
fn plan() -> Plan {
    Plan {
        source: source(),
        findings: Digest([3; 32]),
        policy: PolicyRef {
            name: "test".into(),
            digest: Digest([4; 32]),
            rules: String::new(),
        },
        second_person: false,
        reasons: vec![Reason {
            code: code("privacy"),
            statute: "none".into(),
            text: "For a test.".into(),
        }],
        tracks: vec![
            planned(1, Some(Verdict::Redact(Effect::Blur(Cells::MAX)))),
            planned(2, Some(Verdict::Keep)),
        ],
        drawn: vec![mask("drawn", Effect::Fill, 10)],
        mutes: vec![mute("mute", MuteStreams::Only(vec![0]))],
        kept_speech: Vec::new(),
        captions: None,
        damage: crate::Damage::default(),
        models: Vec::new(),
        missing: Vec::new(),
        acknowledged: Vec::new(),
        weak_effects_accepted: Vec::new(),
        approvals: vec![approval("J. Doe")],
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Plan), expected: Result<(), PlanError>) {
    let mut plan = plan();
    change(&mut plan);
    assert_eq!(ApprovedPlan::new(plan, SOURCE).map(drop), expected);
}

#[test]
fn a_plan_for_another_recording_is_refused() {
    let found = Digest([9; 32]);
    let error = ApprovedPlan::new(plan(), found).unwrap_err();
    let expected = SOURCE;
    assert_eq!(error, PlanError::OtherSource { expected, found });
    check(|_| {}, Ok(()));
}

#[test]
fn undecided_tracks_are_counted_and_the_first_is_named() {
    check(
        |plan| plan.tracks.extend([planned(3, None), planned(4, None)]),
        Err(PlanError::Undecided {
            first: TrackId(3),
            count: 2,
        }),
    );
}

#[test]
fn a_plan_that_nobody_approved_is_refused() {
    check(|plan| plan.approvals.clear(), Err(PlanError::NotApproved));
}

#[test]
fn the_second_approver_must_be_another_person() {
    let missing = || {
        Err(PlanError::SecondPersonMissing {
            by: "J. Doe".into(),
        })
    };
    check(|plan| plan.second_person = true, missing());
    let twice = |plan: &mut Plan| {
        plan.second_person = true;
        plan.approvals.push(approval(" j.  doe "));
    };
    check(twice, missing());
    let two = |plan: &mut Plan| {
        plan.second_person = true;
        plan.approvals.push(approval("A. Roe"));
    };
    check(two, Ok(()));
}

#[test]
fn a_class_that_nothing_looked_for_must_be_acknowledged() {
    let missing = |plan: &mut Plan| plan.missing = vec![Class::Plate];
    let class = Class::Plate;
    check(missing, Err(PlanError::Unacknowledged { class }));
    let accepted = |plan: &mut Plan| {
        plan.missing = vec![Class::Plate];
        plan.acknowledged = vec![Class::Plate];
    };
    check(accepted, Ok(()));
}

/// Goal: blur on a plate is refused unless the policy accepts it for plates, whoever edited the
/// plan. Control: the same effect on a face, and a fill on a plate, may be carried out.
#[test]
fn an_effect_that_is_weak_for_its_class_must_be_accepted() {
    let hide = |class, effect| {
        move |plan: &mut Plan| {
            plan.tracks
                .push(planned_of(3, class, Some(Verdict::Redact(effect))));
        }
    };
    let refused = |class, effect: Effect| {
        let (track, effect) = (TrackId(3), effect.name());
        Err(PlanError::WeakEffect {
            track,
            effect,
            class,
        })
    };
    for class in [Class::Plate, Class::Screen] {
        for effect in [Effect::Blur(Cells::MAX), Effect::Pixelate(Cells::MAX)] {
            check(hide(class, effect), refused(class, effect));
            let accepted_for = |accepted| {
                move |plan: &mut Plan| {
                    hide(class, effect)(plan);
                    plan.weak_effects_accepted = vec![accepted];
                }
            };
            check(accepted_for(class), Ok(()));
            // Accepted for one class is not accepted for another.
            check(accepted_for(Class::Face), refused(class, effect));
            check(hide(Class::Face, effect), Ok(()));
        }
        check(hide(class, Effect::Fill), Ok(()));
    }
}

/// Every place that holds a reason code is checked: mask, mute, decisions to keep.
#[test]
fn a_reason_that_is_not_defined_is_refused() {
    let unknown = |item| {
        Err(PlanError::UnknownReason {
            item,
            code: "typo".into(),
        })
    };
    check(
        |plan| plan.mutes[0].reason = code("typo"),
        unknown(PlanItem::Mute("mute".into())),
    );
    let keep = |plan: &mut Plan| {
        if let Some(decision) = &mut plan.tracks[1].decision {
            decision.reason = code("typo");
        }
    };
    check(keep, unknown(PlanItem::Track(TrackId(2))));
    let speech = |reason: &str| KeptSpeech {
        span: TimeSpan::new(0, 1).unwrap(),
        reason: code(reason),
        by: "J. Doe".into(),
        at: UtcNanos(0),
    };
    check(
        |plan| plan.kept_speech = vec![speech("typo")],
        unknown(PlanItem::KeptSpeech(0)),
    );
    check(|plan| plan.kept_speech = vec![speech("privacy")], Ok(()));
    check(
        |plan| plan.reasons.clear(),
        Err(PlanError::UnknownReason {
            item: PlanItem::Track(TrackId(1)),
            code: "privacy".into(),
        }),
    );
}

/// Goal: whoever has to fix a plan sees everything at once, and `new` says the first of it.
/// Control: the plan without faults has no problem.
#[test]
fn every_problem_is_listed_in_the_order_in_which_new_finds_them() {
    assert_eq!(ApprovedPlan::problems(&plan()), []);
    let mut bad = plan();
    bad.tracks.extend([planned(3, None), planned(4, None)]);
    bad.approvals.clear();
    bad.missing = vec![Class::Plate, Class::Screen];
    bad.acknowledged = vec![Class::Screen];
    let weak = Some(Verdict::Redact(Effect::Blur(Cells::MAX)));
    bad.tracks.push(planned_of(5, Class::Plate, weak));
    bad.tracks.push(planned_of(6, Class::Screen, weak));
    bad.mutes[0].reason = code("typo");
    bad.drawn.push(mask("mute", Effect::Fill, 12));
    bad.mutes.push(mute("other", MuteStreams::Only(vec![7])));
    let problems = ApprovedPlan::problems(&bad);
    let weak_effect = |track, class| PlanError::WeakEffect {
        track: TrackId(track),
        effect: "blur",
        class,
    };
    let expected = [
        PlanError::Undecided {
            first: TrackId(3),
            count: 2,
        },
        PlanError::NotApproved,
        PlanError::Unacknowledged {
            class: Class::Plate,
        },
        weak_effect(5, Class::Plate),
        weak_effect(6, Class::Screen),
        PlanError::UnknownReason {
            item: PlanItem::Mute("mute".into()),
            code: "typo".into(),
        },
        PlanError::DuplicateId { id: "mute".into() },
        PlanError::MaskOutside {
            id: "mute".into(),
            end: FrameIndex::new(12),
            frames: 10,
        },
        PlanError::UnknownStream {
            id: "other".into(),
            stream: 7,
            tracks: 1,
        },
    ];
    assert_eq!(problems, expected);
    let approval_alone = |problem: &&PlanError| problem.is_missing_approval();
    assert_eq!(problems.iter().filter(approval_alone).count(), 1);
    assert_eq!(
        ApprovedPlan::new(bad, SOURCE).map(drop),
        Err(expected[0].clone())
    );
}

#[test]
fn a_name_that_is_used_twice_is_refused() {
    let twice = |id: &str| Err(PlanError::DuplicateId { id: id.into() });
    let masks = |plan: &mut Plan| plan.drawn.push(mask("drawn", Effect::Fill, 10));
    check(masks, twice("drawn"));
    let mutes = |plan: &mut Plan| plan.mutes.push(mute("mute", MuteStreams::All));
    check(mutes, twice("mute"));
    // A drawn mask may not take the name that a track's mask will get.
    let track = |plan: &mut Plan| plan.drawn.push(mask("face-1", Effect::Fill, 10));
    check(track, twice("face-1"));
}

#[test]
fn a_mask_may_not_reach_outside_the_recording() {
    check(
        |plan| plan.drawn[0] = mask("drawn", Effect::Fill, 11),
        Err(PlanError::MaskOutside {
            id: "drawn".into(),
            end: FrameIndex::new(11),
            frames: 10,
        }),
    );
}

#[test]
fn a_mute_may_not_name_a_track_that_is_not_there() {
    check(
        |plan| plan.mutes[0] = mute("mute", MuteStreams::Only(vec![0, 1])),
        Err(PlanError::UnknownStream {
            id: "mute".into(),
            stream: 1,
            tracks: 1,
        }),
    );
}

/// Goal: a rejected track is not masked. Control: the same track, hidden.
#[test]
fn rejected_tracks_have_no_mask() {
    for (verdict, masks) in [
        (Verdict::Reject, 0),
        (Verdict::Keep, 0),
        (Verdict::Redact(Effect::Fill), 1),
    ] {
        let mut plan = plan();
        plan.drawn.clear();
        plan.tracks = vec![planned(1, Some(verdict))];
        let approved = ApprovedPlan::new(plan, SOURCE).unwrap();
        assert_eq!(approved.redactions().masks.len(), masks, "{verdict:?}");
        assert_eq!(verdict.is_visible(), masks == 0);
    }
}

#[test]
fn kept_tracks_have_no_mask_and_fills_lie_on_top() {
    let mut plan = plan();
    plan.drawn
        .push(mask("late", Effect::Pixelate(Cells::MAX), 10));
    let approved = ApprovedPlan::new(plan, SOURCE).unwrap();
    let masks = &approved.redactions().masks;
    let ids: Vec<&str> = masks.iter().map(MaskRegion::id).collect();
    assert_eq!(ids, ["face-1", "late", "drawn"]);
    let at = |frame| {
        approved
            .redactions()
            .masks_at(FrameIndex::new(frame))
            .count()
    };
    assert_eq!((at(0), at(2), at(5)), (2, 3, 2));
}
