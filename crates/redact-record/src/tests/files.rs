//! Findings and plans: what is written is read back, and nothing else is accepted.

use proptest::prelude::*;
use redact_core::{
    BoxOrigin, Class, Digest, Findings, FrameIndex, NormRect, Plan, PlanError, TimeSpan, Track,
    TrackBox, TrackId, UtcNanos, Verdict,
};
use tempfile::TempDir;

use crate::testing::{self, FRAMES, NOW};
use crate::{Overwrite, RecordError, digest_bytes, findings, plan, write_for_owner};

/// Writes `text` to a file and reads it as findings and as a plan.
fn read_text(text: &str) -> (Result<Findings, RecordError>, Result<Plan, RecordError>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("record.json");
    std::fs::write(&path, text).unwrap();
    (
        findings::read(&path).map(|(findings, _)| findings),
        plan::read(&path).map(|(plan, _)| plan),
    )
}

fn findings_text() -> String {
    String::from_utf8(findings::to_checked_bytes(&testing::findings()).unwrap()).unwrap()
}

fn plan_text(plan: &Plan) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("p.json");
    plan::write(&path, plan, Overwrite::Never).unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// Goal: conversions found while reading a recording survive the file.
#[test]
fn what_a_release_changes_comes_back() {
    use redact_core::{Conversion, LeftOut};
    let mut found = testing::findings();
    let left_out = |why| Conversion::LeftOut { pictures: 18, why };
    found.source.info.conversions = vec![
        left_out(LeftOut::BeforeKeyFrame),
        left_out(LeftOut::NotShown),
        left_out(LeftOut::NoPicture),
        Conversion::ClockRestarted { times: 2 },
        Conversion::TimesFilled { pictures: 7 },
        Conversion::Deinterlaced,
        Conversion::EmptyTrack { stream: 2 },
        Conversion::SoundLost { tracks: 1 },
    ];
    let bytes = findings::to_bytes(&found);
    let back = findings::from_bytes(&bytes).unwrap();
    assert_eq!(back.source.info, found.source.info);
}

#[test]
fn findings_come_back_with_the_digest_of_their_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("f.json");
    let bytes = findings::to_checked_bytes(&testing::findings()).unwrap();
    write_for_owner(&path, &bytes, Overwrite::Never).unwrap();
    let (read, digest) = findings::read(&path).unwrap();
    assert_eq!(read, testing::findings());
    assert_eq!(digest, digest_bytes(&bytes));
    assert_eq!(digest, digest_bytes(&std::fs::read(&path).unwrap()));
    let again = write_for_owner(&path, &bytes, Overwrite::Never);
    assert!(matches!(again, Err(RecordError::Exists)));
}

#[test]
fn a_plan_comes_back_and_reads_well() {
    let text = plan_text(&testing::plan());
    assert_eq!(read_text(&text).1.unwrap(), testing::plan());
    insta::assert_snapshot!(text);
}

/// Goal: an approval is valid for the content, regardless of its layout, and for nothing else.
#[test]
fn an_edit_after_approval_is_found_and_another_layout_is_not() {
    let text = plan_text(&testing::plan());
    assert!(read_text(&text.replace("  ", "      ")).1.is_ok());
    let edits = [
        ("\"kind\": \"blur\"", "\"kind\": \"pixelate\""),
        (
            "\"verdict\": \"keep\"",
            "\"verdict\": \"keep\",\n\"effect\": {\"kind\": \"fill\"}",
        ),
        ("\"end_seconds\": 1,", "\"end_seconds\": 1.000000001,"),
        ("[8,0.7,", "[8,0.70001,"),
        (
            "\"acknowledged\": [\n    \"plate\"\n  ]",
            "\"acknowledged\": []",
        ),
        (
            "\"weak_effects_accepted\": []",
            "\"weak_effects_accepted\": [\"plate\"]",
        ),
        ("Operator Olsen", "Operator Olson"),
        ("\"second_person\": false", "\"second_person\": true"),
        ("0.873", "0.8731"),
    ];
    for (from, to) in edits {
        assert!(text.contains(from), "{from} is in {text}");
        let refused = read_text(&text.replacen(from, to, 1)).1.unwrap_err();
        let expected = if to.contains("keep") {
            matches!(refused, RecordError::Syntax { .. })
        } else {
            matches!(&refused, RecordError::ChangedAfterApproval { by, .. } if by == "Approver Abel")
        };
        assert!(expected, "{from} to {to}: {refused}");
    }
}

#[test]
fn an_edited_plan_can_be_approved_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("p.json");
    let text =
        plan_text(&testing::plan()).replacen("\"end_seconds\": 1,", "\"end_seconds\": 2,", 1);
    std::fs::write(&path, text).unwrap();
    assert!(plan::read(&path).is_err());
    let plan = plan::read_unapproved(&path).unwrap();
    let plan = testing::approve(plan, "Abel", NOW, "again").unwrap();
    plan::write(&path, &plan, Overwrite::Replace).unwrap();
    assert_eq!(plan::read(&path).unwrap().0, plan);
}

#[test]
fn a_plan_changed_in_memory_is_neither_written_nor_approved() {
    let folder = TempDir::new().unwrap();
    let mut plan = testing::plan();
    plan.mutes.clear();
    let refused = plan::write(&folder.path().join("p"), &plan, Overwrite::Never).unwrap_err();
    assert!(matches!(refused, RecordError::ChangedAfterApproval { .. }));
    let refused = plan::approved(plan, Digest([0xa1; 32])).unwrap_err();
    assert!(matches!(refused, RecordError::ChangedAfterApproval { .. }));
    assert!(plan::approved(testing::plan(), Digest([0xa1; 32])).is_ok());
    let other = plan::approved(testing::plan(), Digest([0; 32])).unwrap_err();
    assert!(matches!(
        other,
        RecordError::Plan(PlanError::OtherSource { .. })
    ));
}

#[test]
fn two_people_are_two_people() {
    let mut plan = testing::unapproved();
    plan.second_person = true;
    let once = testing::approve(plan, "J. Doe", NOW, "ok").unwrap();
    let refused = plan::approved(once.clone(), Digest([0xa1; 32])).unwrap_err();
    assert!(matches!(
        refused,
        RecordError::Plan(PlanError::SecondPersonMissing { .. })
    ));
    let refused = testing::approve(once.clone(), " j. doe ", NOW, "ok").unwrap_err();
    assert!(matches!(refused, RecordError::SamePerson { .. }));
    let twice = testing::approve(once, "M. Roe", NOW, "ok").unwrap();
    assert!(plan::approved(twice, Digest([0xa1; 32])).is_ok());
    let nobody = testing::approve(testing::unapproved(), "  ", NOW, "ok").unwrap_err();
    assert!(matches!(nobody, RecordError::Field { .. }));
}

#[test]
fn proposals_follow_the_policy_and_pad_speech() {
    let plan = testing::unapproved();
    assert!(matches!(
        plan.tracks[0].decision.as_ref().unwrap().verdict,
        Verdict::Redact(_)
    ));
    let spans: Vec<TimeSpan> = plan.mutes[..1].iter().map(|mute| mute.span).collect();
    // 250 ms on both sides join the two spans.
    assert_eq!(spans, [TimeSpan::new(-199_999_999, 580_000_000).unwrap()]);
    let mut deaf = testing::findings();
    deaf.speech = None;
    let propose =
        |findings: &Findings, policy| plan::propose(findings, Digest([0; 32]), policy, "me", NOW);
    let policy = testing::policy();
    let all = propose(&deaf, &policy).unwrap().mutes;
    let [mute] = &all[..] else {
        panic!("one mute over everything, found {}", all.len())
    };
    assert!(mute.span.start_nanos() < 0);
    assert!(mute.span.end_nanos() > deaf.source.duration_nanos());
    deaf.source.info.audio.clear();
    assert!(
        propose(&deaf, &policy).unwrap().mutes.is_empty(),
        "no sound, nothing to hear"
    );
    let quiet = testing::policy_with("mute_speech = true", "mute_speech = false").unwrap();
    assert!(
        propose(&testing::findings(), &quiet)
            .unwrap()
            .mutes
            .is_empty()
    );
}

/// Goal: each kind of damage has its own error, and none is read as something else.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn damaged_findings_are_refused_with_the_place() {
    let text = findings_text();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from} is in {text}");
        let refused = read_text(&text.replacen(from, to, 1)).0.unwrap_err();
        let error = format!("{refused}: {}", source_text(&refused));
        assert!(error.contains(expected), "{to}: {error}");
    };
    check(
        "\"redact-findings\"",
        "\"redact-plan\"",
        "found \"redact-plan\"",
    );
    check(
        "\"format_version\": 1",
        "\"format_version\": 2",
        "version 2 is newer than 1",
    );
    check(
        "\"format_version\": 1",
        "\"format_version\": 0",
        "format_version: found 0; expected 1",
    );
    check(
        "\"format_version\": 1",
        "\"format_version\": -1",
        "format_version",
    );
    check(
        "\"format_version\": 1",
        "\"format_version\": 1e400",
        "number out of range",
    );
    check("\"missing\"", "\"mising\"", "unknown field `mising`");
    check(
        "\"missing\"",
        "\"tracks\": [], \"missing\"",
        "duplicate field `tracks`",
    );
    check(
        "\"frames\": 12",
        "\"frames\": 12, \"frames\": 12",
        "duplicate field `frames`",
    );
    check("\"frames\": 12", "\"frames\": 99999999999", "source.frames");
    check("\"frames\": 12", "\"frames\": \"12\"", "source.frames");
    check("\"frames\": 12", "\"frames\": 6", "track 1: found frame 6");
    check("\"id\": 3", "\"id\": 1", "order of tracks: found 1 after 1");
    check(
        "\"id\": 1",
        "\"id\": 0",
        "track id: found 0; expected at least 1",
    );
    check("[2,0.", "[3,0.", "track 1, boxes");
    check("[2,0.", "[2,7.", "track 1, frame 2");
    check("[2,0.", "[2,-0.", "track 1, frame 2");
    check(",0.873,", ",1.5,", "track 1, frame 0, score: found 1.5");
    check(",0.873,", ",1e300,", "number out of range");
    check("\"detected\"", "\"guessed\"", "unknown variant `guessed`");
    check(
        "\"seconds_per_tick\": [1001,30000]",
        "\"seconds_per_tick\": [0,1]",
        "seconds_per_tick",
    );
    check(
        "\"rotation_degrees\": 90",
        "\"rotation_degrees\": 45",
        "rotation_degrees: found 45",
    );
    check("\"width\": 640", "\"width\": 70000", "70000x362");
    check(
        "\"start_seconds\":0.050000001",
        "\"start_seconds\":5",
        "speech[0]",
    );
    check(
        "\"threshold\": 0.35",
        "\"threshold\": 35",
        "threshold: found 35",
    );
    check(
        "\"mirrored\"}",
        "\"mirrored\",\"x\":1}",
        "unknown field `x`",
    );
    let cut = &text[..text.len() / 2];
    assert!(matches!(read_text(cut).0, Err(RecordError::Syntax { .. })));
    let tail = format!("{text}{{}}");
    assert!(matches!(
        read_text(&tail).0,
        Err(RecordError::Syntax { .. })
    ));
    assert!(matches!(read_text("").0, Err(RecordError::Syntax { .. })));
    assert!(matches!(
        read_text("[1]").0,
        Err(RecordError::Syntax { .. })
    ));
    assert!(read_text(&text).0.is_ok(), "the undamaged file is read");
}

#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn damaged_plans_are_refused_with_the_place() {
    let text = plan_text(&testing::unapproved());
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from} is in {text}");
        let refused = read_text(&text.replacen(from, to, 1)).1.unwrap_err();
        let error = format!("{refused}: {}", source_text(&refused));
        assert!(error.contains(expected), "{to}: {error}");
    };
    check(
        "\"cells_across\": 8",
        "\"cells_across\": 9",
        "track 1, decision.effect.cells_across: found 9",
    );
    check(
        "\"cells_across\": 8",
        "\"cells_across\": 8, \"radius\": 1",
        "unknown field `radius`",
    );
    check(
        "\"kind\": \"blur\",",
        "\"kind\": \"fill\",",
        "unknown field `cells_across`",
    );
    check(
        "\"verdict\": \"redact\"",
        "\"verdict\": \"maybe\"",
        "unknown variant `maybe`",
    );
    check(
        "\"frames\": [2,11]",
        "\"frames\": [11,2]",
        "drawn mask \"tattoo of Jane Roe\", frames",
    );
    check("[2,0.0,", "[9,0.0,", "keyframes");
    check(
        "\"sound_tracks\": [0]",
        "\"sound_tracks\": [1,0]",
        "sound_tracks",
    );
    check(
        "\"sound_tracks\": [0]",
        "\"sound_tracks\": \"some\"",
        "\"all\" or a list",
    );
    check(
        "\"end_seconds\": 1,",
        "\"end_seconds\": -9,",
        "start_seconds: found -0.000000005 to -9",
    );
    check(
        "\"start_seconds\": -0.000000005",
        "\"start_seconds\": 0.1e1",
        "decimal number",
    );
    check(
        "\"code\": \"privacy-speech\"",
        "\"code\": \"privacy-face\"",
        "the same code twice",
    );
    check(
        "2026-03-01T08:00:00Z",
        "2026-03-01T08:00:00+01:00",
        "time in UTC",
    );
    assert!(matches!(
        read_text(&text).0,
        Err(RecordError::OtherKind { .. })
    ));
    let undecided = text.replacen(
        &text[text.find("{\n        \"verdict\"").unwrap()..text.find("\"boxes\"").unwrap()],
        "null,\n",
        1,
    );
    let plan = read_text(&undecided).1.unwrap();
    assert!(plan.tracks[0].decision.is_none());
}

fn source_text(error: &RecordError) -> String {
    use std::error::Error as _;
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn any_track(id: u32) -> impl Strategy<Value = Track> {
    let origin = prop_oneof![
        Just(BoxOrigin::Detected),
        Just(BoxOrigin::Interpolated),
        Just(BoxOrigin::Followed),
        Just(BoxOrigin::Extended)
    ];
    let corner = || (0.0_f32..0.999, 0.0_f32..0.999);
    let one = (corner(), corner(), 0.0_f32..=1.0, origin).prop_filter_map(
        "an empty rectangle",
        |((ax, ay), (bx, by), score, origin)| {
            let rect = NormRect::new([ax.min(bx), ay.min(by), ax.max(bx), ay.max(by)])?;
            Some((rect, score, origin))
        },
    );
    let class = prop::sample::select(Class::ALL.to_vec());
    (class, prop::collection::vec(one, 1..FRAMES as usize)).prop_map(move |(class, boxes)| {
        let boxes = (0..)
            .zip(boxes)
            .map(|(frame, (rect, score, origin))| TrackBox {
                frame: FrameIndex::new(frame),
                rect,
                score,
                origin,
            });
        Track::new(TrackId(id), class, boxes.collect()).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goal: files preserve every bit of a float and every nanosecond.
    #[test]
    fn everything_comes_back_to_the_last_bit(
        first in any_track(1),
        second in any_track(2),
        start in -1_000_000_000_000_i64..1_000_000_000_000,
        length in 1_i64..1_000_000_000_000,
        at: i64,
    ) {
        let mut findings = testing::findings();
        findings.tracks = vec![first, second];
        findings.speech = TimeSpan::new(start, start + length).map(|span| vec![span]);
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("f.json");
        std::fs::write(&path, findings::to_checked_bytes(&findings).unwrap()).unwrap();
        prop_assert_eq!(&findings::read(&path).unwrap().0, &findings);
        let policy = testing::policy();
        let plan = plan::propose(&findings, Digest([1; 32]), &policy, "me", UtcNanos(at)).unwrap();
        let plan = testing::approve(plan, "me", UtcNanos(at), "ok").unwrap();
        plan::write(&path, &plan, Overwrite::Replace).unwrap();
        prop_assert_eq!(plan::read(&path).unwrap().0, plan);
    }

    /// Goal: no text makes the readers panic.
    #[test]
    fn noise_is_refused(noise: String, at in 0_usize..3000, byte: u8) {
        prop_assert!(read_text(&noise).0.is_err());
        let mut bytes = findings_text().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        drop(read_text(&String::from_utf8_lossy(&bytes)));
    }
}
