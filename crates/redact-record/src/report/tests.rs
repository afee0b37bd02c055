use redact_core::UtcNanos;

use super::*;
use crate::digest_bytes;
use crate::json::{Hex, Utc};

fn check(group: &str, name: &str, outcome: CheckOutcome, evidence: &str) -> Check {
    Check {
        group: group.into(),
        name: name.into(),
        outcome,
        evidence: evidence.into(),
    }
}

fn span(start: f64, end: f64) -> TimeSpan {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a test")]
    let nanos = |seconds: f64| (seconds * 1e9) as i64;
    TimeSpan::new(nanos(start), nanos(end)).unwrap()
}

fn lane(label: &str, kind: LaneKind, spans: &[(f64, f64)]) -> Lane {
    Lane {
        label: label.into(),
        kind,
        spans: spans.iter().map(|&(start, end)| span(start, end)).collect(),
    }
}

/// The report of a two-minute release, checked with public and sealed manifest.
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn report() -> VerifyReport {
    use CheckOutcome::{NotChecked, Passed};
    let file = [
        (
            "length and SHA-256 are those of the manifest",
            "48,213,991 bytes",
        ),
        ("all 11,772 leaves of the hash tree match", "4 KiB each"),
        (
            "exactly one video stream, the rendered one",
            "stream 0, h264",
        ),
        ("no other sound track than those declared", "1 of 1"),
        (
            "no captions or timed text",
            "none in the container, none in the video stream",
        ),
        (
            "no user data in the video stream",
            "3,612 NAL units looked at",
        ),
        (
            "no container tags beyond the allowed ones",
            "major_brand, encoder",
        ),
        ("no chapters", "0"),
        ("no data tracks", "0"),
        ("no cover art or attachments", "0"),
        ("no edit list hides a frame", "3,600 shown, 3,600 stored"),
        (
            "no leftover bytes",
            "every byte of mdat is referenced; nothing after the last box",
        ),
    ];
    let picture = [
        (
            "every mask is opaque in every frame",
            "worst sample 1 of 255 off, 2,214 mask frames",
        ),
        (
            "no mask starts late or ends early",
            "first and last frames of 14 masks",
        ),
        (
            "nothing outside the declared regions is masked",
            "0 of 3,600 frames",
        ),
        (
            "as many frames, at the same times, as declared",
            "3,600 of 3,600",
        ),
    ];
    let sound = [
        (
            "every mute is silent on every track",
            "loudest −91.0 dBFS in 9 spans",
        ),
        ("sound has the declared length", "120.021 s of 120.021 s"),
    ];
    let mut checks: Vec<Check> = Vec::new();
    for (group, rows) in [
        ("File", &file[..]),
        ("Picture", &picture),
        ("Sound", &sound),
    ] {
        checks.extend(
            rows.iter()
                .map(|(name, evidence)| check(group, name, Passed, evidence)),
        );
    }
    let without = "the source was not given";
    for name in [
        "the source is the one that the manifest names",
        "no change outside the declared regions",
        "spans copied bit for bit are identical",
    ] {
        checks.push(check(
            "Comparison with the source",
            name,
            NotChecked,
            without,
        ));
    }
    VerifyReport {
        scope: Scope::Release,
        release: "2026-0114-release-1.mp4".into(),
        checked_at: Utc(UtcNanos(1_772_359_200_000_000_000)),
        program: "redact 0.1.0".into(),
        digests: ["release", "public manifest", "sealed manifest"]
            .iter()
            .map(|what| FileDigest {
                what: (*what).into(),
                sha256: Hex(digest_bytes(what.as_bytes())),
            })
            .collect(),
        signature: SignatureResult {
            outcome: Passed,
            key: Some("8E3F A1B2 90C4 7D55".into()),
            statement: "The public manifest bears a good signature of a key that this computer \
                        trusts as “Springfield Police, records unit”."
                .into(),
        },
        checks,
        timeline: Timeline {
            duration_nanos: 120_000_000_000,
            lanes: vec![
                lane(
                    "Faces",
                    LaneKind::Picture,
                    &[(0.0, 14.2), (16.0, 47.0), (80.0, 84.5)],
                ),
                lane(
                    "License plates",
                    LaneKind::Picture,
                    &[(3.1, 9.8), (95.0, 118.0)],
                ),
                lane("Screens", LaneKind::Picture, &[(60.02, 60.08)]),
                lane(
                    "Sound track 1",
                    LaneKind::Sound,
                    &[(12.0, 13.0), (22.0, 31.5), (70.0, 71.5)],
                ),
            ],
        },
    }
}

fn broken() -> VerifyReport {
    let mut report = report();
    report.checks[1].outcome = CheckOutcome::Failed;
    report.checks[1].evidence = "bytes 12,288 to 16,383 differ".into();
    report.checks[4].outcome = CheckOutcome::Failed;
    report.checks[4].evidence = "<script>alert(1)</script> & a mov_text track, stream 3".into();
    report
}

/// Goal: the absence of failed checks does not make a report say "verified".
#[test]
fn only_a_trusted_signature_with_checks_that_all_passed_is_verified() {
    assert_eq!(report().verdict(), Verdict::Verified);
    assert_eq!(broken().verdict(), Verdict::NotVerified);
    let mut unsigned = report();
    unsigned.signature.outcome = CheckOutcome::NotChecked;
    assert_eq!(unsigned.verdict(), Verdict::NotVerified);
    let mut empty = report();
    empty.checks.clear();
    assert_eq!(empty.verdict(), Verdict::NotVerified);
    let mut unchecked = report();
    for check in &mut unchecked.checks {
        check.outcome = CheckOutcome::NotChecked;
    }
    assert_eq!(unchecked.verdict(), Verdict::NotVerified);
}

/// Goal: a report without decoding cannot be mistaken for one with decoding.
#[test]
fn a_check_of_signature_and_digests_alone_says_so_at_the_top() {
    let mut partial = report();
    partial.scope = Scope::SignatureAndDigests;
    let page = partial.html().unwrap();
    assert!(page.contains("<h1>Signature and digests verified; the content was not checked</h1>"));
    assert!(!page.contains("<h1>Verified</h1>"));
    let data: serde_json::Value = serde_json::from_slice(&partial.json()).unwrap();
    assert_eq!(data["scope"], "signature_and_digests");
    partial.checks[0].outcome = CheckOutcome::Failed;
    assert!(partial.html().unwrap().contains("<h1>Not verified</h1>"));
}

#[test]
fn the_page_says_what_the_checks_say() {
    let page = report().html().unwrap();
    assert!(page.contains("<h1>Verified</h1>"));
    assert!(page.contains("18 checks of the file against its manifest passed. 3 checks were not"));
    assert!(page.contains("loudest −91.0 dBFS in 9 spans"));
    let page = broken().html().unwrap();
    assert!(page.contains("<h1>Not verified</h1>"));
    assert!(page.contains("Do not rely on this file. 2 checks failed, 16 passed."));
    assert!(page.contains("(10 of 12 passed, 2 failed)"));
}

/// Goal: a page made from hostile files runs and fetches nothing.
#[test]
fn text_from_files_is_text_and_no_url_is_fetched() {
    let page = broken().html().unwrap();
    assert!(!page.contains("<script"));
    assert!(!page.contains("src=") && !page.contains("href=") && !page.contains("url("));
}

#[test]
fn the_data_repeat_the_verdict_and_every_check() {
    let report = broken();
    let data: serde_json::Value = serde_json::from_slice(&report.json()).unwrap();
    assert_eq!(data["verdict"], "not_verified");
    assert_eq!(
        data["checks"].as_array().unwrap().len(),
        report.checks.len()
    );
    assert_eq!(data["checks"][1]["outcome"], "failed");
    assert_eq!(data["timeline"][3]["medium"], "sound");
    assert_eq!(
        data["timeline"][0]["spans"][0]["end_seconds"].to_string(),
        "14.2"
    );
}

/// Goal: always one page.
/// Method: the page count in the PDF's page tree, for a usual and for an enormous report.
#[test]
fn the_printed_report_has_one_page() {
    let mut many = broken();
    for number in 0..300 {
        let outcome = if number % 3 == 0 {
            CheckOutcome::Failed
        } else {
            CheckOutcome::Passed
        };
        let name = format!("check {number} {}", "with a long name ".repeat(10));
        many.checks.push(check(
            &format!("Group {}", number / 20),
            &name,
            outcome,
            "漢字\0",
        ));
    }
    many.release = "x".repeat(4000);
    let lanes = (0..40).map(|n| lane(&"wide ".repeat(n), LaneKind::Sound, &[(0.0, 200.0)]));
    many.timeline.lanes.extend(lanes);
    for report in [report(), broken(), many] {
        let bytes = report.pdf().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(
            text.matches("/Type /Page\n").count() + text.matches("/Type/Page/").count(),
            1
        );
    }
}

/// Goal: a failed check is in the PDF even if hundreds of passed checks are left out.
/// Method: one failure at the very end of a report that cannot fit.
#[test]
fn a_full_page_leaves_out_passed_checks_before_failed_ones() {
    use crate::pdf::{Fonts, Mark};
    let mut many = report();
    for number in 0..400 {
        let name = format!("a check of some length, number {number}");
        many.checks
            .push(check("Many", &name, CheckOutcome::Passed, "evidence"));
    }
    many.checks
        .push(check("Last", "the one fault", CheckOutcome::Failed, "seen"));
    let fonts = Fonts::load();
    let how = (6.4, columns::Passed::LeftOut);
    let set = columns::set(&fonts, &many.groups(), how, [300.0, 700.0]);
    let marks = set.nodes.iter().flat_map(|node| &node.marks);
    let text: Vec<&str> = marks
        .filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.as_str()),
            Mark::Bar { .. } => None,
        })
        .collect();
    assert!(
        text.contains(&"the one fault") && text.contains(&"(seen)"),
        "{text:?}"
    );
    assert_eq!(set.left_out, 418);
}

#[test]
fn the_timeline_in_words_has_every_lane() {
    let text = report().timeline.text();
    assert!(
        text.starts_with("Timeline of 2 min 0 s. Faces: 49.7 s in 3 spans;"),
        "{text}"
    );
    assert_eq!(
        Timeline::default().text(),
        "Timeline: nothing is hidden or muted."
    );
}

/// Goal: bars stay within the drawing, short spans are visible, and the number of bars is bounded.
#[test]
fn bars_are_within_the_picture_and_few() {
    let spans: Vec<(f64, f64)> = (0..20_000)
        .map(|n| (f64::from(n) * 0.36, f64::from(n) * 0.36 + 0.04))
        .collect();
    let outside = [(-5.0, 1.0), (7199.99, 9000.0)];
    let timeline = Timeline {
        duration_nanos: 7_200_000_000_000,
        lanes: vec![
            lane("Faces", LaneKind::Picture, &spans),
            lane("Plates", LaneKind::Picture, &outside),
        ],
    };
    for row in timeline.rows() {
        assert!((1..=501).contains(&row.bars.len()));
        for (start, length) in row.bars {
            assert!(start >= 0.0 && length >= 0.0019 && start + length <= 1.0 + 1e-6);
        }
    }
    let ticks = timeline.ticks();
    assert!((3..=9).contains(&ticks.len()));
    assert_eq!(ticks[1].label, "15:00");
}
