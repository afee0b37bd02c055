//! Excerpts: a release of spans of a recording, and of nothing else.

use std::process::Command;

use redact_record::sign::Signed;
use serde_json::{Value, json};

use crate::work::Work;

/// Five groups of ten frames; two sound tracks that are loud outside of seconds 0.4 to 1.6 and
/// silent within; a mask in the second group.
fn approved() -> Work {
    let work = Work::new();
    let loud = "volume=0:enable='between(t,0.4,1.6)'";
    work.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 \
         -f lavfi -i sine=frequency=440:duration=2 -f lavfi -i sine=frequency=880:duration=2 \
         -map 0 -map 1 -map 2 -c:v libx264 -preset veryfast -g 10 -keyint_min 10 \
         -sc_threshold 0 -filter:a {loud} -c:a aac clip.mp4",
    ));
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    plan["drawn"] = json!([{
        "id": "door", "effect": {"kind": "pixelate", "cells_across": 4}, "reason": "privacy-face",
        "frames": [5, 18],
        "keyframes": [[5, 0.25, 0.25, 0.5, 0.5], [17, 0.4, 0.3, 0.65, 0.61]],
    }]);
    let mute = json!([{
        "id": "name", "start_seconds": 1.4, "end_seconds": 1.8, "sound_tracks": [1],
        "style": "silence", "reason": "privacy-speech",
    }]);
    Work::mute_only(&mut plan, mute);
    work.approve_edited(&plan);
    work
}

fn render(work: &Work, spans: &[&str], output: &str) -> String {
    let words = [
        &["render", "clip.mp4", "clip.plan.json", "-o", output],
        spans,
    ]
    .concat();
    work.redact(&words).expect_status(0).stdout()
}

fn verify(work: &Work, release: &str) -> String {
    let words = ["verify", release, "--source", "clip.mp4"];
    work.redact(&words).expect_status(0).stdout()
}

/// Frames that a file stores, and frames that it shows when it is played.
fn stored_and_shown(work: &Work, name: &str) -> (usize, usize) {
    let count = |entries: &str, count: &str| {
        let output = Command::new("ffprobe")
            .args(["-v", "error", "-select_streams", "v:0", count])
            .args(["-show_entries", entries, "-of", "csv=p=0"])
            .arg(work.path(name))
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().trim_end_matches(',').parse().unwrap()
    };
    let stored = count("stream=nb_read_packets", "-count_packets");
    (stored, count("stream=nb_read_frames", "-count_frames"))
}

/// The loudest sample of a file's sound track.
fn loudest(work: &Work, name: &str, track: usize) -> f32 {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(work.path(name))
        .args(["-map", &format!("0:a:{track}"), "-f", "f32le", "-"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let samples = output.stdout.chunks_exact(4);
    let samples = samples.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).abs());
    samples.fold(0.0, f32::max)
}

fn runs(manifest: &Value) -> Vec<(u64, u64, bool)> {
    let runs = manifest["coding"]["pictures"].as_array().unwrap();
    let run = |run: &Value| {
        let frame = |at: usize| run["frames"][at].as_u64().unwrap();
        (frame(0), frame(1), run["copied"].as_bool().unwrap())
    };
    runs.iter().map(run).collect()
}

/// Goal: an excerpt has exactly the frames of its span, all of them shown, and no sound from
/// outside; only the groups that the cut or a mask touches are encoded anew; the mask, the records
/// and the comparison with the recording hold.
#[test]
fn an_excerpt_has_its_span_and_nothing_else() {
    let work = approved();
    let said = render(&work, &["--from", "0.5", "--to", "00:00:01.5"], "cut.mp4");
    assert!(said.contains("excerpt: frames 13 to 37 of 50"), "{said}");
    assert!(said.contains("10 frames copied bit for bit"), "{said}");
    assert_eq!(stored_and_shown(&work, "cut.mp4"), (25, 25));
    assert_eq!(work.ffmpeg_warnings("cut.mp4"), "");
    let manifest = work.json("cut.manifest.json");
    assert_eq!(
        runs(&manifest),
        [(0, 7, false), (7, 17, true), (17, 25, false)]
    );
    assert_eq!(manifest["totals"]["frames"], 25);
    assert_eq!(manifest["source"]["frames"], 50);
    let excerpt = &manifest["excerpt"];
    assert_eq!(excerpt["spans"][0]["source_frames"], json!([13, 38]));
    assert_eq!(excerpt["reason"], "not-requested");
    let withheld = excerpt["withheld"].as_array().unwrap();
    assert_eq!(withheld.len(), 2);
    assert_eq!(withheld[0]["source_frames"], json!([0, 13]));
    assert_eq!(withheld[1]["source_frames"], json!([38, 50]));
    // Of the mask over frames 5 to 17, the last five are left.
    assert_eq!(manifest["masks"][0]["frames"], json!([0, 5]));
    for track in 0..2 {
        let level = loudest(&work, "cut.mp4", track);
        assert!(
            level < 0.001,
            "track {track} has sound from outside: {level}"
        );
    }
    let said = verify(&work, "cut.mp4");
    assert!(
        said.contains("frames 13 to 37 of the source's 50"),
        "{said}"
    );
    assert!(
        said.contains("25 frames in the source, 25 in the release"),
        "{said}"
    );
    assert!(said.contains("10 of them in 1 GOPs"), "{said}");
    let sealed = work.json("cut.sealed.json");
    assert_eq!(sealed["body"]["rest"]["by"], "Ada");
    let log = std::fs::read_to_string(work.path("cut.log.csv")).unwrap();
    assert!(log.contains("outside of the excerpt"), "{log}");
    // The control: the whole recording has that sound.
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    assert!(loudest(&work, "clip.redacted.mp4", 0) > 0.05);
}

/// Goal: several spans are joined in order of time, with a card between them that is part of what
/// is verified; masks and mutes lie where their frames are now.
#[test]
fn spans_are_joined_with_a_title_card() {
    let work = approved();
    let spans = ["--from", "1.2", "--to", "2", "--from", "0", "--to", "0.8"];
    let more = ["--rest-reason", "privacy-face", "--by", "Grace Adeyemi"];
    render(&work, &[&spans[..], &more].concat(), "two.mp4");
    assert_eq!(stored_and_shown(&work, "two.mp4"), (140, 140));
    assert_eq!(work.ffmpeg_warnings("two.mp4"), "");
    let manifest = work.json("two.manifest.json");
    let excerpt = &manifest["excerpt"];
    assert_eq!(excerpt["reason"], "privacy-face");
    assert_eq!(excerpt["cards"][0]["release_frames"], json!([20, 120]));
    let text = "00:00:00.800 to 00:00:01.200 withheld";
    assert_eq!(excerpt["cards"][0]["text"], text);
    assert_eq!(manifest["masks"][0]["frames"], json!([5, 18]));
    let seconds = &manifest["mutes"][0]["release_seconds"];
    assert!(
        (seconds[0].as_f64().unwrap() - 5.0).abs() < 0.001,
        "{seconds}"
    );
    assert_eq!(runs(&manifest).last(), Some(&(120, 140, true)));
    let said = verify(&work, "two.mp4");
    assert!(
        said.contains("140 frames in the source, 140 in the release"),
        "{said}"
    );
    let sealed = work.json("two.sealed.json");
    assert_eq!(sealed["body"]["rest"]["by"], "Grace Adeyemi");
    // A card that says something else than the manifest.
    forge(&work, "two.mp4", |m| {
        m["excerpt"]["cards"][0]["text"] = "nothing withheld".into();
    });
    work.redact(&["verify", "two.mp4"]).expect_status(1);
}

/// Gives `release` its manifest, changed by `edit` and signed again.
fn forge(work: &Work, release: &str, edit: impl FnOnce(&mut Value)) {
    let name = release.replace(".mp4", ".manifest.json");
    let mut manifest = work.json(&name);
    edit(&mut manifest);
    let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
    work.sign(&name, &bytes, Signed::PublicManifest);
}

/// Goal: a file with a frame from outside of the span that its manifest names fails, and so does a
/// manifest that names another span than the file has.
/// Method: the manifest of an excerpt that begins one frame later, with the agency's signature.
#[test]
fn a_manifest_that_claims_another_span_fails() {
    let work = approved();
    render(&work, &["--from", "0.5", "--to", "1.5"], "cut.mp4");
    std::fs::remove_file(work.path("cut.sealed.json")).unwrap();
    verify(&work, "cut.mp4");
    let later = |m: &mut Value, consistent: bool| {
        let step = m["source"]["frame_ticks"][0].as_i64().unwrap();
        let excerpt = &mut m["excerpt"];
        excerpt["spans"][0]["source_frames"] = json!([14, 39]);
        if !consistent {
            return;
        }
        let span = &mut excerpt["spans"][0];
        for at in 0..2 {
            let tick = span["source_ticks"][at].as_i64().unwrap();
            span["source_ticks"][at] = (tick + step).into();
            let sound = span["sound_seconds"][at].as_f64().unwrap();
            span["sound_seconds"][at] = (sound + 0.04).into();
        }
        excerpt["withheld"][0]["source_frames"] = json!([0, 14]);
        excerpt["withheld"][1]["source_frames"] = json!([39, 50]);
        excerpt["withheld"][0]["source_seconds"][1] = json!(0.56);
        excerpt["withheld"][1]["source_seconds"][0] = json!(1.56);
    };
    let good = std::fs::read(work.path("cut.manifest.json")).unwrap();
    forge(&work, "cut.mp4", |m| later(m, false));
    let words = ["verify", "cut.mp4", "--source", "clip.mp4"];
    let said = work.redact(&words).expect_status(1).stdout();
    assert!(said.contains("manifest, content"), "{said}");
    work.sign("cut.manifest.json", &good, Signed::PublicManifest);
    forge(&work, "cut.mp4", |m| later(m, true));
    let said = work.redact(&words).expect_status(1).stdout();
    assert!(said.contains("WRONG change"), "{said}");
    // Without the recording, nothing contradicts it.
    work.redact(&["verify", "cut.mp4"]).expect_status(0);
}

/// Goal: what is no span of the recording is refused, with the reason and without a file.
#[test]
fn what_is_no_span_is_refused() {
    let work = approved();
    let long = "not in the recording, which ends at 00:00:02";
    for (spans, words) in [
        (
            &["--from", "1", "--to", "1"][..],
            "the end must be after the start",
        ),
        (
            &["--from", "1.5", "--to", "1"],
            "the end must be after the start",
        ),
        (&["--from", "1"], "each --from needs its own --to"),
        (&["--to", "1"], "each --from needs its own --to"),
        (
            &["--from", "0", "--to", "1", "--from", "0.9", "--to", "2"],
            "overlap",
        ),
        (&["--from", "2.5", "--to", "2.9"], long),
        (&["--from", "1", "--to", "00:10:00"], long),
        (&["--from", "1.001", "--to", "1.002"], "has no frame"),
        (&["--from", "-1", "--to", "1"], "HH:MM:SS"),
        (
            &["--from", "00:00:00:12", "--to", "1"],
            "decimals instead of frames",
        ),
        (
            &["--from", "0", "--to", "1", "--rest-reason", "x"],
            "the plan has no such reason",
        ),
        (&["--from", "0", "--to", "1", "--by", ""], "--by"),
    ] {
        let args = [
            &["render", "clip.mp4", "clip.plan.json", "-o", "no.mp4"],
            spans,
        ]
        .concat();
        let run = work.redact(&args).expect_status(2);
        let said = run.stderr();
        assert!(said.contains(words), "{spans:?}: {said}");
        assert!(!work.path("no.mp4").exists());
    }
}

/// Goal: a recording of which nothing can be copied is cut as exactly.
#[test]
fn an_excerpt_of_any_recording_is_exact() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=30000/1001:duration=2 \
         -f lavfi -i sine=frequency=440:duration=2 -c:v mpeg4 -q:v 3 -c:a mp2 clip.mkv",
    );
    work.redact(&["scan", "clip.mkv"]).expect_status(0);
    let plan = work.approve_findings();
    work.approve_edited(&plan);
    let spans = ["--from", "0.4", "--to", "0.6", "--from", "1", "--to", "1.5"];
    let words = [
        &["render", "clip.mkv", "clip.plan.json", "-o", "cut.mp4"],
        &spans[..],
    ]
    .concat();
    work.redact(&words).expect_status(0);
    let (stored, shown) = stored_and_shown(&work, "cut.mp4");
    assert_eq!(stored, shown);
    let words = ["verify", "cut.mp4", "--source", "clip.mkv"];
    let said = work.redact(&words).expect_status(0).stdout();
    let frames = format!("{stored} frames in the source, {stored} in the release");
    assert!(said.contains(&frames), "{said}");
}

/// Goal: a package's index tells what an excerpt leaves out, for how long and why. Control: of a
/// whole recording nothing is left out.
#[test]
fn a_package_says_what_its_excerpts_leave_out() {
    let work = approved();
    std::fs::write(work.path("request.toml"), crate::package::REQUEST).unwrap();
    let whole = ["--request-file", "request.toml"];
    let spans = ["--from", "0.8", "--to", "1.6"];
    render(&work, &whole, "whole.mp4");
    render(&work, &[&whole[..], &spans].concat(), "cut.mp4");
    let releases = ["whole.mp4", "cut.mp4"];
    crate::package::package_with(&work, "public", "case", &releases).expect_status(0);
    let left_out = |exhibit: usize| {
        let manifest = work.json("case/package.json");
        let rows = manifest["exhibits"][exhibit]["withheld"]
            .as_array()
            .unwrap();
        let row = |row: &Value| (row["reason"].clone(), row["left_out"].clone());
        let seconds: f64 = rows
            .iter()
            .map(|row| row["left_out_seconds"].as_f64().unwrap())
            .sum();
        (rows.iter().map(row).collect::<Vec<_>>(), seconds)
    };
    let row = |reason: &str, count: u32| (json!(reason), json!(count));
    let hidden = [row("privacy-face", 0), row("privacy-speech", 0)];
    assert_eq!(left_out(0), (hidden.to_vec(), 0.0));
    let (rows, seconds) = left_out(1);
    assert_eq!(rows, [row("not-requested", 2), row("privacy-speech", 0)]);
    assert!((seconds - 1.2).abs() < 0.001, "{seconds}");
    let index = std::fs::read_to_string(work.path("case/index.html")).unwrap();
    assert!(index.contains("2 parts of the recording"), "{index}");
}
