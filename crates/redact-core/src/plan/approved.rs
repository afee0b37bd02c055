//! The door between a plan and a change to the recording.

use super::Redactions;
use crate::{
    Class, Digest, FrameIndex, MaskLevels, MaskRegion, Plan, ReasonCode, TrackId, Verdict,
};

/// Why a plan may not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The plan is for another file.
    #[error("the plan is for a recording with SHA-256 {expected}, this one has {found}")]
    OtherSource {
        /// Digest in the plan.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A track has no decision.
    #[error("{count} of the tracks are undecided, the first is track {first}")]
    Undecided {
        /// The first one.
        first: TrackId,
        /// How many.
        count: usize,
    },
    /// Nobody approved it.
    #[error("the plan is not approved")]
    NotApproved,
    /// The policy asks for two people.
    #[error("the policy requires a second approver, another person than {by:?}")]
    SecondPersonMissing {
        /// The only approver.
        by: String,
    },
    /// A class was not looked for, and nobody accepted that.
    #[error("nothing looked for class {class} and that is not acknowledged")]
    Unacknowledged {
        /// The class.
        class: Class,
    },
    /// A track is hidden by an effect that is weak for its class, and the policy does not accept
    /// that.
    #[error("track {track}: {effect} is too weak for class {class}")]
    WeakEffect {
        /// The track.
        track: TrackId,
        /// The effect.
        effect: &'static str,
        /// The class.
        class: Class,
    },
    /// A reason code is used but not defined.
    #[error("reason code {code:?} is not defined in the plan")]
    UnknownReason {
        /// The code.
        code: String,
    },
    /// Two masks, or two mutes, have the same name.
    #[error("the name {id:?} is used twice")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// A mask reaches outside the recording.
    #[error("mask {id:?} reaches to frame {end}, the recording has {frames} frames")]
    MaskOutside {
        /// The mask.
        id: String,
        /// First frame after it.
        end: FrameIndex,
        /// Frames of the recording.
        frames: u32,
    },
    /// More masks or mutes than can be carried out and checked in reasonable time.
    #[error("{found} {what}, at most {max} are carried out")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A mute names a sound track that is not there.
    #[error("mute {id:?} names sound track {stream}, the recording has {tracks}")]
    UnknownStream {
        /// The mute.
        id: String,
        /// The track it names.
        stream: usize,
        /// How many there are.
        tracks: usize,
    },
}

/// A plan that may be carried out. There is no other way to make one than [`ApprovedPlan::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    redactions: Redactions,
}

impl ApprovedPlan {
    /// Checks `plan` against the recording with digest `source`.
    ///
    /// # Errors
    /// The first reason why the plan may not be carried out: see [`PlanError`].
    pub fn new(plan: Plan, source: Digest) -> Result<Self, PlanError> {
        if plan.source.digest != source {
            return Err(PlanError::OtherSource {
                expected: plan.source.digest,
                found: source,
            });
        }
        check_decided(&plan)?;
        check_approvals(&plan)?;
        if let Some(&class) = plan
            .missing
            .iter()
            .find(|class| !plan.acknowledged.contains(class))
        {
            return Err(PlanError::Unacknowledged { class });
        }
        check_effects(&plan)?;
        let redactions = Redactions::preview(&plan);
        check_redactions(&plan, &redactions)?;
        Ok(Self { plan, redactions })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same plan, whose blurred and pixelated masks are drawn from `levels`: one for each of
    /// its masks, in their order.
    #[must_use]
    pub fn with_levels(self, levels: Vec<Option<MaskLevels>>) -> Self {
        Self {
            redactions: self.redactions.with_levels(levels),
            plan: self.plan,
        }
    }

    /// What is hidden and muted.
    #[must_use]
    pub const fn redactions(&self) -> &Redactions {
        &self.redactions
    }
}

fn check_decided(plan: &Plan) -> Result<(), PlanError> {
    let mut undecided = plan
        .tracks
        .iter()
        .filter(|planned| planned.decision.is_none());
    match undecided.next() {
        None => Ok(()),
        Some(first) => Err(PlanError::Undecided {
            first: first.track.id(),
            count: 1 + undecided.count(),
        }),
    }
}

fn check_approvals(plan: &Plan) -> Result<(), PlanError> {
    let Some(first) = plan.approvals.first() else {
        return Err(PlanError::NotApproved);
    };
    let two_people = plan.approvals.iter().any(|other| !first.is_by(&other.by));
    if plan.second_person && !two_people {
        return Err(PlanError::SecondPersonMissing {
            by: first.by.clone(),
        });
    }
    Ok(())
}

/// A plan may be edited by hand: it gets no weaker than its policy accepts.
fn check_effects(plan: &Plan) -> Result<(), PlanError> {
    for planned in &plan.tracks {
        let class = planned.track.class();
        let Some(Verdict::Redact(effect)) = planned.decision.as_ref().map(|made| made.verdict)
        else {
            continue;
        };
        if effect.is_weak_for(class) && !plan.weak_effects_accepted.contains(&class) {
            return Err(PlanError::WeakEffect {
                track: planned.track.id(),
                effect: effect.name(),
                class,
            });
        }
    }
    Ok(())
}

fn check_redactions(plan: &Plan, redactions: &Redactions) -> Result<(), PlanError> {
    redactions.check_size()?;
    let codes_known: std::collections::BTreeSet<&ReasonCode> =
        plan.reasons.iter().map(|reason| &reason.code).collect();
    let known = |code: &ReasonCode| codes_known.contains(code);
    let decided = plan
        .tracks
        .iter()
        .filter_map(|planned| planned.decision.as_ref());
    let codes = decided
        .map(|decision| &decision.reason)
        .chain(redactions.masks.iter().map(MaskRegion::reason))
        .chain(redactions.mutes.iter().map(|mute| &mute.reason))
        .chain(plan.kept_speech.iter().map(|kept| &kept.reason));
    for code in codes {
        if !known(code) {
            return Err(PlanError::UnknownReason {
                code: code.0.clone(),
            });
        }
    }
    let mut ids = std::collections::BTreeSet::new();
    let mask_ids = redactions.masks.iter().map(MaskRegion::id);
    for id in mask_ids.chain(redactions.mutes.iter().map(|mute| mute.id.as_str())) {
        if !ids.insert(id) {
            return Err(PlanError::DuplicateId { id: id.to_owned() });
        }
    }
    let frames = plan.source.frames;
    for mask in &redactions.masks {
        let end = mask.span().end();
        if end.get() > frames {
            return Err(PlanError::MaskOutside {
                id: mask.id().to_owned(),
                end,
                frames,
            });
        }
    }
    let tracks = plan.source.info.audio.len();
    for mute in &redactions.mutes {
        let crate::MuteStreams::Only(streams) = &mute.streams else {
            continue;
        };
        if let Some(&stream) = streams.iter().find(|&&stream| stream >= tracks) {
            return Err(PlanError::UnknownStream {
                id: mute.id.clone(),
                stream,
                tracks,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Approval, AudioInfo, BoxOrigin, Cells, ColorRange, Decision, Effect, FrameSpan, KeptSpeech,
        Keyframe, MaskOrigin, MuteRegion, MuteStreams, MuteStyle, NormRect, PixelSize,
        PlannedTrack, PolicyRef, Reason, SourceIdentity, SourceInfo, TimeBase, TimeSpan, Timestamp,
        Track, TrackBox, UtcNanos, VideoInfo,
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
        let unknown = || {
            Err(PlanError::UnknownReason {
                code: "typo".into(),
            })
        };
        check(|plan| plan.mutes[0].reason = code("typo"), unknown());
        let keep = |plan: &mut Plan| {
            if let Some(decision) = &mut plan.tracks[1].decision {
                decision.reason = code("typo");
            }
        };
        check(keep, unknown());
        let speech = |reason: &str| KeptSpeech {
            span: TimeSpan::new(0, 1).unwrap(),
            reason: code(reason),
            by: "J. Doe".into(),
            at: UtcNanos(0),
        };
        check(|plan| plan.kept_speech = vec![speech("typo")], unknown());
        check(|plan| plan.kept_speech = vec![speech("privacy")], Ok(()));
        check(
            |plan| plan.reasons.clear(),
            Err(PlanError::UnknownReason {
                code: "privacy".into(),
            }),
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
}
