//! Plans and their findings: nothing found can be uncovered without a decision on record.

use redact_core::{
    BoxOrigin, Class, Decision, Digest, Effect, Findings, KeptSpeech, MuteStreams, NormRect, Plan,
    PlannedTrack, ReasonCode, TimeSpan, Track, TrackBox, TrackId, Verdict,
};

use crate::plan::{NOTHING_TO_WITHHOLD, check_findings};
use crate::testing::{self, Made, NOW, findings};
use crate::{RecordError, plan};

const DIGEST: Digest = Digest([0xc3; 32]);

fn checked(change: impl FnOnce(&mut Plan)) -> Result<(), RecordError> {
    let mut plan = testing::unapproved();
    // Another mute lies over the detected speech.
    plan.mutes.retain(|mute| mute.id.starts_with("speech"));
    change(&mut plan);
    check_findings(&plan, &findings(), DIGEST)
}

fn decided(verdict: Verdict, by: &str) -> Option<Decision> {
    Some(Decision {
        verdict,
        reason: ReasonCode(NOTHING_TO_WITHHOLD.into()),
        by: by.into(),
        at: NOW,
    })
}

/// The planned track at `place` with its boxes changed.
fn boxes(plan: &mut Plan, place: usize, change: impl FnOnce(&mut Vec<TrackBox>)) {
    let track = &plan.tracks[place].track;
    let mut all = track.boxes().to_vec();
    change(&mut all);
    plan.tracks[place].track = Track::new(track.id(), track.class(), all).unwrap();
}

fn resized(rect: NormRect, by: f32) -> NormRect {
    let [left, top, right, bottom] = rect.sides();
    NormRect::new([left - by, top - by, right + by, bottom + by]).unwrap()
}

/// Goal: every way to remove something found from a plan is rejected, whoever approves it.
/// Control: `honest_edits_are_accepted`.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn what_was_found_cannot_be_edited_away() {
    type Attack = fn(&mut Plan);
    let attacks: &[(&str, Attack)] = &[
        ("a track is deleted", |plan| drop(plan.tracks.remove(0))),
        ("a kept track is deleted", |plan| {
            drop(plan.tracks.remove(1))
        }),
        ("all tracks are deleted", |plan| plan.tracks.clear()),
        ("a track lost its first frame", |plan| {
            boxes(plan, 0, |all| *all = all.split_off(1));
        }),
        ("a track lost its last frame", |plan| {
            boxes(plan, 0, |all| all.truncate(all.len() - 1));
        }),
        ("one box is smaller", |plan| {
            boxes(plan, 0, |all| all[3].rect = resized(all[3].rect, -0.001));
        }),
        ("all boxes are a corner", |plan| {
            boxes(plan, 0, |all| {
                for b in all {
                    b.rect = NormRect::new([0.0, 0.0, 0.03, 0.03]).unwrap();
                }
            });
        }),
        ("boxes are shifted", |plan| {
            boxes(plan, 0, |all| {
                for b in all {
                    let [left, top, right, bottom] = b.rect.sides();
                    b.rect = NormRect::new([left + 0.05, top, right + 0.05, bottom]).unwrap();
                }
            });
        }),
        ("the class is one that the policy keeps", |plan| {
            let track = &plan.tracks[0].track;
            let track = Track::new(track.id(), Class::Screen, track.boxes().to_vec());
            plan.tracks[0].track = track.unwrap();
        }),
        ("two tracks exchange their numbers", |plan| {
            let (a, b) = (plan.tracks[0].clone(), plan.tracks[1].clone());
            let number = |of: &PlannedTrack, id| {
                Track::new(id, of.track.class(), of.track.boxes().to_vec()).unwrap()
            };
            plan.tracks[0].track = number(&b, a.track.id());
            plan.tracks[1].track = number(&a, b.track.id());
        }),
        ("a followed box claims to be detected", |plan| {
            boxes(plan, 0, |all| all[3].origin = BoxOrigin::Detected);
        }),
        ("a mute is deleted", |plan| drop(plan.mutes.remove(0))),
        ("a mute is shorter", |plan| {
            let span = plan.mutes[0].span;
            let end = span.end_nanos() - 1;
            plan.mutes[0].span = TimeSpan::new(span.start_nanos(), end).unwrap();
        }),
        ("a mute is on no track that there is", |plan| {
            plan.mutes[0].streams = MuteStreams::Only(vec![7]);
        }),
        ("a model is made up", |plan| {
            plan.models[0].name = "fbi-approved-face-9000".into();
        }),
        ("a model is added", |plan| {
            plan.models.push(plan.models[0].clone())
        }),
        ("a missing class is examined", |plan| plan.missing.clear()),
        ("other findings are named", |plan| {
            plan.findings = Digest([9; 32])
        }),
        ("the source is longer", |plan| plan.source.frames += 1),
    ];
    for (what, attack) in attacks {
        assert!(checked(attack).is_err(), "{what}");
    }
}

/// Goal: findings that were edited or exchanged are refused by their SHA-256.
#[test]
fn only_the_exact_findings_count() {
    let plan = testing::unapproved();
    check_findings(&plan, &findings(), DIGEST).unwrap();
    let refused = check_findings(&plan, &findings(), Digest([0; 32])).unwrap_err();
    assert!(
        refused.to_string().contains("SHA-256 of the findings"),
        "{refused}"
    );
}

/// Goal: reviewers can keep, reject, enlarge, extend, split, merge and add.
#[test]
fn honest_edits_are_accepted() {
    checked(|_| {}).unwrap();
    for verdict in [
        Verdict::Keep,
        Verdict::Reject,
        Verdict::Redact(Effect::Fill),
    ] {
        checked(|plan| plan.tracks[0].decision = decided(verdict, "Ada")).unwrap();
    }
    checked(|plan| {
        boxes(plan, 0, |all| {
            for b in all {
                b.rect = resized(b.rect, 0.01);
            }
        });
    })
    .unwrap();
    // Split after the third frame: the second half has a new number.
    checked(|plan| {
        let whole = plan.tracks[0].clone();
        let (first, second) = whole.track.boxes().split_at(3);
        plan.tracks[0].track = Track::new(TrackId(1), Class::Face, first.to_vec()).unwrap();
        let rest = Track::new(TrackId(9), Class::Face, second.to_vec()).unwrap();
        plan.tracks.push(PlannedTrack {
            track: rest,
            ..whole
        });
    })
    .unwrap();
    checked(|plan| {
        let added = testing::track(8, Class::Face, 9, 1);
        plan.tracks.push(PlannedTrack {
            track: added,
            decision: decided(Verdict::Redact(Effect::Fill), "Ada"),
        });
    })
    .unwrap();
}

/// Goal: speech is left audible by a decision of a person alone.
#[test]
fn speech_is_kept_by_a_decision() {
    let keep = |by: &str| {
        checked(|plan| {
            let mute = plan.mutes.remove(0);
            plan.kept_speech.push(KeptSpeech {
                span: mute.span,
                reason: ReasonCode(NOTHING_TO_WITHHOLD.into()),
                by: by.into(),
                at: NOW,
            });
        })
    };
    keep("Ada").unwrap();
    let refused = keep("policy public-release").unwrap_err();
    assert!(matches!(refused, RecordError::NoPerson { .. }), "{refused}");
}

/// Goal: keeping what the policy hides needs a person; what the policy itself keeps does not.
#[test]
fn a_decision_against_the_policy_names_a_person() {
    let by_policy = |place: usize, verdict| {
        checked(|plan| plan.tracks[place].decision = decided(verdict, "policy public-release"))
    };
    for (place, verdict) in [
        (0, Verdict::Keep),
        (0, Verdict::Reject),
        (1, Verdict::Reject),
    ] {
        let refused = by_policy(place, verdict).unwrap_err();
        assert!(matches!(refused, RecordError::NoPerson { .. }), "{refused}");
    }
    by_policy(1, Verdict::Keep).unwrap();
}

/// Goal: a plan cannot hide less thoroughly than its policy. Control: as thoroughly, and more.
#[test]
fn no_effect_is_weaker_than_the_policys() {
    let policy = testing::policy_with("\"blur\", cells_across = 8", "\"fill\"").unwrap();
    let proposed = plan::propose(&findings(), DIGEST, &policy, "Ada", NOW).unwrap();
    let cells = |n| redact_core::Cells::new(n).unwrap();
    for effect in [Effect::Blur(cells(8)), Effect::Pixelate(cells(1))] {
        let mut weak = proposed.clone();
        weak.tracks[0].decision = decided(Verdict::Redact(effect), "Ada");
        let refused = testing::approve(weak, "Ada", NOW, "ok").unwrap_err();
        assert!(
            matches!(refused, RecordError::WeakerThanPolicy { .. }),
            "{refused}"
        );
    }
    testing::approve(proposed, "Ada", NOW, "ok").unwrap();
    let mut strong = testing::unapproved();
    strong.tracks[0].decision = decided(Verdict::Redact(Effect::Blur(cells(4))), "Ada");
    testing::approve(strong, "Ada", NOW, "ok").unwrap();
}

/// Goal: a rejected track and kept speech survive the file, and an old plan has neither.
#[test]
fn decisions_survive_the_plan_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("p.json");
    let mut plan = testing::unapproved();
    plan.tracks[0].decision = decided(Verdict::Reject, "Ada");
    let mute = plan.mutes.remove(0);
    plan.kept_speech.push(KeptSpeech {
        span: mute.span,
        reason: ReasonCode(NOTHING_TO_WITHHOLD.into()),
        by: "Ada".into(),
        at: NOW,
    });
    plan::write(&path, &plan, crate::Overwrite::Never).unwrap();
    assert_eq!(plan::read(&path).unwrap().0, plan);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"verdict\": \"reject\""), "{text}");
    let old = serde_json::to_value(crate::file::plan::PlanFile::from(&testing::plan())).unwrap();
    assert!(
        old.get("kept_speech").is_none(),
        "the digest of an old plan is as it was"
    );
}

/// Goal: kept and rejected tracks are counted in public and listed in the sealed manifest; one
/// decision over several found tracks counts them all; the two manifests cannot disagree.
#[test]
fn manifests_count_what_stays_visible() {
    let mut plan = testing::unapproved();
    plan.tracks[0].decision = decided(Verdict::Reject, "Ada");
    let mute = plan.mutes.remove(0);
    plan.kept_speech.push(KeptSpeech {
        span: mute.span,
        reason: ReasonCode(NOTHING_TO_WITHHOLD.into()),
        by: "Ada".into(),
        at: NOW,
    });
    let mut made = Made::of(testing::approve(plan, "Abel", NOW, "ok").unwrap());
    made.measured.mutes.clear();
    made.second_look = None;
    let manifests = made.build();
    let public = &manifests.public;
    assert_eq!((public.rejected.len(), public.rejected[0].tracks), (1, 1));
    assert_eq!(public.kept.len(), 1, "the screen that the policy keeps");
    assert_eq!(
        (public.kept_speech.len(), public.kept_speech[0].spans),
        (1, 1)
    );
    let sealed = crate::manifest::SealedManifest::parse_for_tests(&manifests.sealed_bytes);
    let rejected = &sealed.body.rejected[0].0;
    assert_eq!((rejected.track, rejected.by.as_str()), (1, "Ada"));
    assert_eq!(sealed.body.kept_speech[0].0.by, "Ada");
    sealed.check_pair(public, &manifests.public_bytes).unwrap();
    let mut fewer = sealed;
    fewer.body.rejected.clear();
    let refused = fewer
        .check_pair(public, &manifests.public_bytes)
        .unwrap_err();
    assert!(refused.to_string().contains("rejected tracks"), "{refused}");
}

#[test]
fn merged_tracks_count_as_many_as_were_found() {
    let mut found: Findings = findings();
    found.tracks.insert(1, testing::track(2, Class::Face, 0, 7));
    let mut plan = testing::unapproved();
    // Track 1 takes in track 2, which lies in the same place.
    plan.tracks[0].decision = decided(Verdict::Keep, "Ada");
    let visible = plan::visible_tracks(&plan, Some(&found));
    assert_eq!(visible[0].found, [TrackId(1), TrackId(2)]);
    check_findings(&plan, &found, DIGEST).unwrap();
    plan.tracks[0].decision = decided(Verdict::Redact(Effect::Fill), "Ada");
    let visible = plan::visible_tracks(&plan, Some(&found));
    assert_eq!(visible.len(), 1, "the screen alone");
}

/// Goal: no manifest without findings, unless somebody says why.
#[test]
fn a_manifest_without_findings_says_why() {
    let made = Made::new();
    let build = |why| {
        let mut input = made.input();
        (input.findings, input.without_findings) = (None, why);
        crate::manifest::build(&input)
    };
    assert!(matches!(build(None), Err(RecordError::CheckFailed { .. })));
    let manifests = build(Some("the disk of case 7 is lost")).unwrap();
    let findings = &manifests.public.findings.as_ref().unwrap().0;
    assert!(!findings.compared);
    let log = crate::log::html(&manifests.public, DIGEST).unwrap();
    assert!(log.contains("the disk of case 7 is lost"), "{log}");
    let compared = made.build().public.findings.unwrap().0;
    assert!(compared.compared && compared.why.is_none());
}
