//! Copying what no mask touches: what the program does, says and checks.

use serde_json::{Value, json};

use crate::work::Work;

/// Five groups of ten frames, two sound tracks, a mask in the second group, a mute on one track.
fn approved() -> Work {
    approved_with("320x240", &json!({"kind": "fill"}))
}

/// The same with pictures of `size` and a mask of `effect`.
fn approved_with(size: &str, effect: &Value) -> Work {
    approved_in("mp4", size, effect)
}

/// The same in a `container`, FFmpeg's name.
fn approved_in(container: &str, size: &str, effect: &Value) -> Work {
    let work = Work::new();
    work.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size={size}:rate=25:duration=2 \
         -f lavfi -i sine=frequency=440:duration=2 -f lavfi -i sine=frequency=880:duration=2 \
         -map 0 -map 1 -map 2 -c:v libx264 -preset veryfast -g 10 -keyint_min 10 \
         -sc_threshold 0 -c:a aac -f {container} clip.mp4",
    ));
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    plan["drawn"] = json!([{
        "id": "door", "effect": effect, "reason": "privacy-face", "frames": [12, 18],
        "keyframes": [[12, 0.25, 0.25, 0.5, 0.5]],
    }]);
    let mute = json!([{
        "id": "name", "start_seconds": 0.5, "end_seconds": 1.0, "sound_tracks": [1],
        "style": "silence", "reason": "privacy-speech",
    }]);
    Work::mute_only(&mut plan, mute);
    work.approve_edited(&plan);
    work
}

fn render(work: &Work, more: &[&str]) -> String {
    let words = [&["render", "clip.mp4", "clip.plan.json"], more].concat();
    work.redact(&words).expect_status(0).stdout()
}

/// Frames of the manifest's runs and whether each is copied.
fn runs(manifest: &Value) -> Vec<(u64, u64, bool)> {
    let runs = manifest["coding"]["pictures"].as_array().unwrap();
    runs.iter()
        .map(|run| {
            let frame = |at: usize| run["frames"][at].as_u64().unwrap();
            (frame(0), frame(1), run["copied"].as_bool().unwrap())
        })
        .collect()
}

#[test]
fn only_the_touched_group_and_track_are_encoded_anew() {
    let work = approved();
    let said = render(&work, &[]);
    assert!(said.contains("40 frames copied bit for bit"), "{said}");
    let manifest = work.json("clip.redacted.manifest.json");
    let expected = [(0, 10, true), (10, 20, false), (20, 50, true)];
    assert_eq!(runs(&manifest), expected);
    let coding = &manifest["coding"];
    assert_eq!(coding["sound"][0]["copied"], true, "{coding:#}");
    assert_eq!(coding["sound"][1]["copied"], false, "{coding:#}");
    assert_eq!(coding["sound"][1]["encoded_because"], "part of it is muted");
    assert_eq!(coding["pictures_encoded_because"], Value::Null);
    // The touched group was decoded on its way into the file, between its neighbours.
    let audit = manifest["checks"]["audit"].to_string();
    let decoded = "10 of them decoded (10 while they were written";
    assert!(audit.contains(decoded), "{audit}");
    assert_eq!(work.ffmpeg_warnings("clip.redacted.mp4"), "");
    let alone = work
        .redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
    assert!(
        alone
            .stdout()
            .contains("ok    change, copied data: 40 of 50 frames in 2 runs")
    );
    assert!(
        alone
            .stdout()
            .contains("50 pictures parsed to their last bit")
    );
    let both = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
    let said = work.redact(&both).expect_status(0).stdout();
    assert!(said.contains("copied data in the original"), "{said}");
    assert!(
        said.contains("40 of them in 4 GOPs compared by their coded data"),
        "{said}"
    );
}

/// Goal: of a recording in another container the same is copied as of one in MP4, the release
/// verifies against it, a second render takes what it re-encoded from the cache, and an excerpt
/// copies what is not cut. Pictures are cropped, reordered, and blurred with levels, which is all
/// read by their times. Control: the touched GOP and track.
#[test]
fn other_containers_are_copied_like_mp4() {
    let pixelate = json!({"kind": "pixelate", "cells_across": 4});
    for container in ["matroska", "mpegts", "avi"] {
        let work = approved_in(container, "320x180", &pixelate);
        render(&work, &[]);
        let manifest = work.json("clip.redacted.manifest.json");
        let expected = [(0, 10, true), (10, 20, false), (20, 50, true)];
        assert_eq!(runs(&manifest), expected, "{container}");
        let sound = &manifest["coding"]["sound"];
        assert_eq!(sound[0]["copied"], true, "{container}: {sound:#}");
        assert_eq!(sound[1]["encoded_because"], "part of it is muted");
        assert_eq!(work.ffmpeg_warnings("clip.redacted.mp4"), "", "{container}");
        let both = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
        let said = work.redact(&both).expect_status(0).stdout();
        let compared = "40 of them in 4 GOPs compared by their coded data";
        assert!(said.contains(compared), "{container}: {said}");
        let again = ["--json", "render", "clip.mp4", "clip.plan.json", "--force"];
        let again = work.redact(&again).expect_status(0).json();
        assert_eq!(again["frames_kept"], 10, "{container}: {again:#}");
        work.redact(&both).expect_status(0);
        render(&work, &["--from", "0.2", "--to", "1.6", "-o", "part.mp4"]);
        let manifest = work.json("part.manifest.json");
        assert!(runs(&manifest).iter().any(|run| run.2), "{container}");
        work.redact(&["verify", "part.mp4", "--source", "clip.mp4"])
            .expect_status(0);
    }
}

/// Goal: a render with stream copy opens three video decoders: one for the recording, whatever
/// reads it, one for the readback and one for the release. Cropped rows and masks with levels,
/// which are read beforehand, need no other.
#[test]
fn a_render_with_stream_copy_opens_three_video_decoders() {
    let fill = json!({"kind": "fill"});
    let pixelate = json!({"kind": "pixelate", "cells_across": 4});
    for (size, effect) in [
        ("320x240", &fill),
        ("320x180", &fill),
        ("320x240", &pixelate),
    ] {
        let work = approved_with(size, effect);
        let words = ["render", "clip.mp4", "clip.plan.json"];
        let run = work.redact_with_words(&words, &[("REDACT_LOG", "redact_media=debug")]);
        let log = run.expect_status(0).stderr();
        let manifest = work.json("clip.redacted.manifest.json");
        assert_eq!(runs(&manifest).len(), 3, "{size} {effect}");
        let opened = |kind: &str| {
            let lines = log.lines().filter(|line| line.contains("decoder opened"));
            lines.filter(|line| line.contains(kind)).count()
        };
        // Two sound tracks, each decoded wherever the recording or the release is read.
        let found = (opened("\"video\""), opened("\"audio\""));
        assert!(
            found.0 == 3 && (2..=12).contains(&found.1),
            "{size} {effect}: {found:?} decoders\n{log}"
        );
    }
}

/// Goal: what is proved of coded pictures is proved once. A render parses the groups that it
/// copies, the next one none of them, and a leak scan parses neither those nor what passed the scan
/// of an earlier release. Controls: `verify` parses everything, and a list of groups that was
/// changed on disk is not believed.
#[test]
fn coded_pictures_are_parsed_once() {
    let work = approved();
    let render = || {
        let words = ["render", "clip.mp4", "clip.plan.json", "--force"];
        let run = work.redact_with_words(&words, &[("REDACT_LOG", "redact_media=debug")]);
        let log = run.expect_status(0).stderr();
        let manifest = work.json("clip.redacted.manifest.json");
        let leaks = manifest["checks"]["leaks"].to_string();
        let parsed = log.contains("parsing coded pictures");
        let again = "0 pictures parsed to their last bit, 50 identical to pictures parsed before";
        (parsed, leaks.contains(again), leaks)
    };
    let (parsed, _, leaks) = render();
    assert!(parsed);
    let some = "10 pictures parsed to their last bit, 40 identical to pictures parsed before";
    assert!(leaks.contains(some), "{leaks}");
    let (parsed, again, leaks) = render();
    assert!(!parsed && again, "{leaks}");

    let folder = work.path("keys/runs");
    let files = std::fs::read_dir(&folder).unwrap().flatten();
    let is_list = |path: &std::path::Path| path.extension().is_some_and(|end| end == "proved");
    let list = files.map(|file| file.path()).find(|path| is_list(path));
    let list = list.unwrap();
    let mut bytes = std::fs::read(&list).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&list, bytes).unwrap();
    assert!(render().0);
    work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"])
        .expect_status(0);
}

#[test]
fn everything_is_encoded_anew_when_asked_and_the_manifest_says_so() {
    let work = approved();
    let said = render(&work, &["--reencode", "all"]);
    assert!(
        said.contains("all pictures re-encoded: it was asked for"),
        "{said}"
    );
    let manifest = work.json("clip.redacted.manifest.json");
    assert_eq!(runs(&manifest), [(0, 50, false)]);
    assert_eq!(manifest["coding"]["sound"][0]["copied"], false);
    work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"])
        .expect_status(0);
}

/// Goal: a claim that something was copied is believed only when the bytes bear it out.
/// Method: forged manifests with the agency's own signature.
#[test]
fn false_claims_of_copying_are_found_out() {
    let work = approved();
    render(&work, &[]);
    render(&work, &["--reencode", "all", "-o", "anew.mp4"]);
    let found = |release: &str, words: &str| {
        let run = work.redact(&["verify", release]).expect_status(1);
        let said = run.stdout();
        assert!(said.contains(words), "{words:?} is not in: {said}");
    };
    let wrong = "WRONG change, copied data";
    work.forge("anew.mp4", |_| {});
    found("anew.mp4", wrong);
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["coding"]["pictures"][2]["sha256"] = json!("0".repeat(64));
    });
    found("clip.redacted.mp4", wrong);
    // The manifest was replaced: make it anew for the next one.
    render(&work, &["--force"]);
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["coding"]["sound"][0]["sha256"] = json!("0".repeat(64));
    });
    found("clip.redacted.mp4", "sound track 0 is not coded");
    render(&work, &["--force"]);
    work.forge("clip.redacted.mp4", |manifest| {
        let run = &mut manifest["coding"]["pictures"][1];
        run["copied"] = json!(true);
        run["sha256"] = json!("0".repeat(64));
    });
    found("clip.redacted.mp4", "copied runs without masks");
}

/// Goal: a release that a check of `run` finds wrong leaves nothing under a final name, and the
/// next run simply works. Method: a time stamp of another release lies beside it; the next run,
/// without it, is the control.
#[test]
fn a_run_whose_release_does_not_verify_leaves_nothing() {
    let work = Work::new();
    work.ffmpeg("-f lavfi -i testsrc2=size=160x120:rate=10:duration=1 -c:v libx264 clip.mp4");
    let policy = crate::work::policy("public-release.toml");
    let mut words = vec!["run", "clip.mp4", "--policy", &policy];
    for class in ["face", "plate", "screen"] {
        words.extend(["--accept-missing", class]);
    }
    let stamp = work.path("clip.redacted.manifest.json.tsr");
    std::fs::write(&stamp, b"of another release").unwrap();
    let said = work.redact(&words).expect_status(1).stdout();
    assert!(said.contains("WRONG manifest, time stamp"), "{said}");
    assert!(said.contains("were removed"), "{said}");
    let left = || -> Vec<String> {
        let names = std::fs::read_dir(work.path("")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("clip.")).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(left(), ["clip.mp4", "clip.redacted.manifest.json.tsr"]);
    std::fs::remove_file(&stamp).unwrap();
    work.redact(&words).expect_status(0);
    assert!(left().contains(&"clip.redacted.mp4".to_owned()));
}
