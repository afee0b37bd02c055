//! Every way in which a released file gives away what was redacted, made and caught.
//!
//! Each file here leaks on purpose, and its manifest is made to fit and signed with the agency's
//! own key: digests and signatures hold, so only a look at the file itself can tell.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::work::{Work, policy};

const FORGED: &str = "x.mp4";

/// A release with two sound tracks: one mask filled, one in mosaic, one second of track 0 muted.
fn released() -> Work {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=192x144:rate=25:duration=2 \
         -f lavfi -i sine=frequency=440:duration=2 -f lavfi -i sine=frequency=620:duration=2 \
         -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -c:a aac -shortest clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    plan["drawn"] = json!([
        {"id": "a", "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": [10, 30],
         "keyframes": [[10, 0.25, 0.25, 0.5, 0.75]]},
        {"id": "b", "effect": {"kind": "pixelate", "cells_across": 4}, "reason": "privacy-face",
         "frames": [10, 30], "keyframes": [[10, 0.6, 0.1, 0.9, 0.4]]},
    ]);
    let mute = json!([{
        "id": "s", "start_seconds": 0.5, "end_seconds": 1.5, "sound_tracks": [0],
        "style": "silence", "reason": "privacy-speech",
    }]);
    Work::mute_only(&mut plan, mute);
    work.approve_edited(&plan);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    fs::write(
        work.path("text.srt"),
        "1\n00:00:00,100 --> 00:00:00,900\nx\n",
    )
    .unwrap();
    let chapter = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=interview\n";
    fs::write(work.path("chapter.txt"), chapter).unwrap();
    work.ffmpeg("-f lavfi -i color=red:size=64x64:duration=0.04:rate=25 -frames:v 1 cover.jpg");
    work
}

/// What is said to be wrong of the forged release: group and name of each failed check.
fn wrong(work: &Work, source: bool) -> BTreeSet<String> {
    let mut args = vec!["verify", FORGED, "--json"];
    if source {
        args.extend(["--source", "clip.mp4"]);
    }
    let run = work.redact(&args);
    let document = run.json();
    let failed: BTreeSet<String> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["passed"] == false)
        .map(|check| {
            let word = |key: &str| check[key].as_str().unwrap().to_owned();
            format!("{}, {}", word("group"), word("name"))
        })
        .collect();
    let expected = if failed.is_empty() { 0 } else { 1 };
    assert_eq!(run.status(), Some(expected), "{document:#}");
    failed
}

/// Rewrites the release with `ffmpeg` and gives what is wrong with the outcome.
fn remuxed(work: &Work, inputs: &str, options: &str) -> BTreeSet<String> {
    work.ffmpeg(&format!(
        "{inputs} -map 0 {options} -c:s mov_text -fflags +bitexact {FORGED}"
    ));
    work.forge(FORGED, |_| {});
    wrong(work, false)
}

/// Method: the release is written anew with one thing added; written anew with nothing added it
/// verifies, which is the control.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn everything_that_a_container_can_smuggle_is_caught() {
    let release = "-i clip.redacted.mp4";
    let sei = "086f3693-b7b3-4f2c-9653-21492feee5b8+serial";
    let table: &[(&str, &str, &str, &str)] = &[
        (
            "the original's pictures",
            "-i clip.mp4",
            "-map 1:v -c copy",
            "extra-video-streams",
        ),
        (
            "the original's sound",
            "-i clip.mp4",
            "-map 1:a:0 -c copy",
            "audio-tracks",
        ),
        ("subtitles", "-i text.srt", "-map 1 -c copy", "timed-text"),
        (
            "a camera's message",
            "",
            &format!("-c copy -bsf:v h264_metadata=sei_user_data={sei}"),
            "sei-user-data",
        ),
        (
            "the encoder's message",
            "",
            "-c copy -c:v libx264",
            "encoder-sei",
        ),
        (
            "a title",
            "",
            "-c copy -metadata title=secret",
            "container-tags",
        ),
        (
            "a place",
            "",
            "-c copy -metadata location=+40.0-074.0/",
            "container-tags",
        ),
        (
            "a handler's name",
            "",
            "-c copy -metadata:s:a:0 handler_name=secret",
            "container-tags",
        ),
        (
            "a chapter",
            "-i chapter.txt",
            "-map_chapters 1 -c copy",
            "chapters",
        ),
        (
            "telemetry",
            "",
            "-c copy -timecode 01:00:00:00 -write_tmcd on",
            "data-tracks",
        ),
        (
            "a cover",
            "-i cover.jpg",
            "-map 1 -c copy -disposition:v:1 attached_pic",
            "attachments",
        ),
    ];
    let work = released();
    let none = BTreeSet::new();
    assert_eq!(remuxed(&work, release, "-c copy"), none);
    for (what, input, options, channel) in table {
        let found = remuxed(&work, &format!("{release} {input}"), options);
        let channel = format!("leak, {channel}");
        assert!(found.contains(&channel), "{what}: {found:?}");
    }
    // Hidden by an edit list: stored, and not shown.
    let found = remuxed(&work, &format!("-ss 0.5 {release}"), "-c copy");
    assert!(found.contains("leak, edit-lists"), "{found:?}");
    assert_eq!(remuxed(&work, release, "-c copy"), none);
}

/// Method: the release's bytes are changed where boxes keep what players do not show.
#[test]
fn bytes_that_players_do_not_show_are_caught() {
    let find = |bytes: &[u8], kind: &[u8; 4]| {
        bytes.windows(4).position(|found| found == kind).unwrap() + 4
    };
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    // Offsets in full boxes of version 0: ISO/IEC 14496-12, 8.2.2 and 8.3.2.
    let made = |bytes: &mut Vec<u8>| {
        let at = find(bytes, b"mvhd") + 4;
        bytes[at..at + 4].copy_from_slice(&0xe000_0000_u32.to_be_bytes());
    };
    let turned = |bytes: &mut Vec<u8>| {
        let at = find(bytes, b"tkhd") + 40;
        let matrix: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];
        let matrix: Vec<u8> = matrix.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes[at..at + 36].copy_from_slice(&matrix);
    };
    let table: &[(&str, Change<'_>, &str)] = &[
        ("the time of making", &made, "leak, container-tags"),
        ("a turned picture", &turned, "audit, masks"),
        (
            "bytes after the end",
            &|bytes| bytes.extend(b"the original picture"),
            "leak, can be read",
        ),
        (
            "free space with content",
            &|bytes| bytes.extend(b"\0\0\0\x0cfreedata"),
            "leak, leftover-bytes",
        ),
    ];
    let work = released();
    let good = fs::read(work.path("clip.redacted.mp4")).unwrap();
    for (what, change, check) in table {
        let mut bad = good.clone();
        change(&mut bad);
        fs::write(work.path(FORGED), bad).unwrap();
        work.forge(FORGED, |_| {});
        let found = wrong(&work, false);
        assert!(found.contains(*check), "{what}: {found:?}");
    }
}

/// Goal: what a manifest claims is measured, at its edges too.
/// Method: the manifest claims a little more than was rendered; the true one is the control.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn masks_and_mutes_that_fall_short_of_the_manifest_are_caught() {
    type Claim = fn(&mut Value);
    let table: &[(&str, Claim, &str)] = &[
        (
            "a frame before the first",
            |manifest| {
                manifest["masks"][1]["frames"][0] = json!(9);
                manifest["masks"][1]["geometry"][0][0] = json!(9);
            },
            "audit, masks",
        ),
        (
            "a frame after the last",
            |manifest| manifest["masks"][1]["frames"][1] = json!(31),
            "audit, masks",
        ),
        (
            "a tight box",
            |manifest| manifest["masks"][1]["geometry"][0][3] = json!(0.55),
            "audit, masks",
        ),
        (
            "a mosaic in place of a fill",
            |manifest| {
                manifest["masks"][0]["effect"] = json!({"kind": "fill"});
                manifest["masks"][0]["strength"] = json!("opaque");
                manifest["masks"][0]["protection"] = json!("removed");
                manifest["masks"][0]
                    .as_object_mut()
                    .unwrap()
                    .remove("levels");
            },
            "audit, masks",
        ),
        (
            "a mosaic whose levels are not declared",
            |manifest| {
                manifest["masks"][0]
                    .as_object_mut()
                    .unwrap()
                    .remove("levels");
            },
            "audit, masks",
        ),
        (
            "a mosaic of other levels",
            |manifest| {
                let luma = &mut manifest["masks"][0]["levels"]["luma"];
                *luma = json!("0".repeat(luma.as_str().unwrap().len()));
            },
            "audit, masks",
        ),
        (
            "finer cells than declared",
            |manifest| manifest["masks"][0]["effect"]["cells_across"] = json!(1),
            "manifest, content",
        ),
        (
            "the start of a mute",
            |manifest| manifest["mutes"][0]["release_seconds"][0] = json!(0.3),
            "audit, mutes",
        ),
        (
            "the end of a mute",
            |manifest| manifest["mutes"][0]["release_seconds"][1] = json!(1.7),
            "audit, mutes",
        ),
        (
            "the other microphone",
            |manifest| {
                manifest["mutes"][0]["sound_tracks"] = json!("all");
                // A muted track that is said to be copied would be refused before it is heard.
                for track in manifest["coding"]["sound"].as_array_mut().unwrap() {
                    track["copied"] = json!(false);
                    track["sha256"] = Value::Null;
                }
            },
            "audit, mutes",
        ),
    ];
    let work = released();
    fs::copy(work.path("clip.redacted.mp4"), work.path(FORGED)).unwrap();
    work.forge(FORGED, |_| {});
    assert_eq!(wrong(&work, false), BTreeSet::new());
    for (what, claim, check) in table {
        work.forge(FORGED, claim);
        let found = wrong(&work, false);
        assert_eq!(found, BTreeSet::from([(*check).to_owned()]), "{what}");
    }
}

/// Goal: with the source, nothing can be hidden, cut or moved that was not declared.
#[test]
fn what_was_changed_and_not_declared_is_caught() {
    let work = released();
    let renumber = |manifest: &mut Value| manifest["mutes"][0]["item"] = json!(1);
    fs::copy(work.path("clip.redacted.mp4"), work.path(FORGED)).unwrap();
    work.forge(FORGED, |_| {});
    assert_eq!(wrong(&work, true), BTreeSet::new());
    work.forge(FORGED, |manifest| {
        manifest["masks"] = json!([]);
        renumber(manifest);
    });
    let found = wrong(&work, true);
    assert!(found.contains("change, picture outside masks"), "{found:?}");
    work.forge(FORGED, |manifest| manifest["mutes"] = json!([]));
    let found = wrong(&work, true);
    assert!(found.contains("change, sound"), "{found:?}");

    let remux = |options: &str| {
        work.ffmpeg(&format!(
            "-i clip.redacted.mp4 -map 0 -c copy {options} -fflags +bitexact {FORGED}"
        ));
        work.forge(FORGED, |_| {});
        wrong(&work, true)
    };
    let found = remux("-frames:v 49");
    assert!(found.contains("change, frames"), "{found:?}");
    let found = remux("-bsf:a setts=ts=TS+9600");
    assert!(found.contains("audit, mutes"), "{found:?}");
}

/// A coded stream with a caption (CEA-608 in a message of type 4) before each picture.
///
/// Source: ITU-T H.264, 7.3.2.3 and annex B; ATSC A/53 part 4, 6.2.3 (`GA94`, type 3, `cc_data`).
fn captioned(stream: &[u8]) -> Vec<u8> {
    let words = b"\xb5\x00\x31GA94\x03\xc1\xff\xfc\x94\x2c\xff";
    let length = u8::try_from(words.len()).unwrap();
    let message = [&[0, 0, 0, 1, 6, 4, length][..], words, &[0x80]].concat();
    let mut out = Vec::with_capacity(stream.len() * 2);
    let mut at = 0;
    while let Some(found) = stream[at..].windows(3).position(|bytes| bytes == [0, 0, 1]) {
        let start = at + found;
        // A start code of four bytes begins one earlier.
        let begins = start - usize::from(start > at && stream[start - 1] == 0);
        out.extend(&stream[at..begins]);
        if matches!(stream[start + 3] & 0x1f, 1 | 5) {
            out.extend(&message);
        }
        out.extend(&stream[begins..start + 3]);
        at = start + 3;
    }
    out.extend(&stream[at..]);
    out
}

/// Puts captions into the pictures of `from`.
fn with_captions(work: &Work, from: &str, to: &str) {
    work.ffmpeg(&format!("-i {from} -map 0:v -c copy -f h264 plain.h264"));
    let coded = captioned(&fs::read(work.path("plain.h264")).unwrap());
    fs::write(work.path("captions.h264"), coded).unwrap();
    // Parameter sets stay in the header alone, as in a camera's file.
    work.ffmpeg(&format!(
        "-r 25 -i captions.h264 -i {from} -map 0:v -map 1:a -c copy \
         -bsf:v filter_units=remove_types=7-8 -fflags +bitexact {to}"
    ));
}

fn has_captions(work: &Work, name: &str) -> bool {
    let probe = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_frames"])
        .arg(work.path(name))
        .output()
        .unwrap();
    let bytes = fs::read(work.path(name)).unwrap();
    let by_player = String::from_utf8_lossy(&probe.stdout).contains("Closed Captions");
    let by_bytes = bytes.windows(4).any(|bytes| bytes == b"GA94");
    assert_eq!(by_player, by_bytes, "{name}");
    by_player
}

/// Goal: captions that ride inside the pictures leave with no release, whether its pictures are
/// copied or encoded anew, and are found in a file that has them.
#[test]
fn captions_inside_the_pictures_do_not_survive() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=192x144:rate=25:duration=2 -f lavfi -i \
         sine=frequency=440:duration=2 -c:v libx264 -preset ultrafast -bf 0 -g 10 -c:a aac \
         plain.mp4",
    );
    with_captions(&work, "plain.mp4", "clip.mp4");
    assert!(has_captions(&work, "clip.mp4"), "the control");
    assert!(!has_captions(&work, "plain.mp4"));
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut plan = work.approve_findings();
    Work::mute_only(&mut plan, json!([]));
    work.approve_edited(&plan);
    for coding in ["touched", "all"] {
        let render = ["render", "clip.mp4", "clip.plan.json", "--force"];
        work.redact(&[&render[..], &["--reencode", coding]].concat())
            .expect_status(0);
        assert!(!has_captions(&work, "clip.redacted.mp4"), "{coding}");
        let manifest = work.json("clip.redacted.manifest.json");
        let copied = manifest["coding"]["pictures"][0]["copied"] == true;
        assert_eq!(copied, coding == "touched", "{manifest:#}");
        let removed = manifest["removed"].to_string();
        assert!(removed.contains("captions and positions"), "{removed}");
        work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"])
            .expect_status(0);
    }
    with_captions(&work, "clip.redacted.mp4", FORGED);
    assert!(has_captions(&work, FORGED));
    work.forge(FORGED, |_| {});
    let found = wrong(&work, false);
    assert!(found.contains("leak, sei-user-data"), "{found:?}");
}

/// Goal: names of files tell nothing, and nothing is left beside a release.
#[test]
fn only_the_records_lie_beside_a_release() {
    let work = Work::new();
    work.clip("clip.mp4");
    let policy = policy("public-release.toml");
    let mut args = vec!["run", "clip.mp4", "--policy", &policy];
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    work.redact(&args).expect_status(0);
    let mut expected: Vec<String> = ["findings.json", "mp4", "plan.json"]
        .map(|name| format!("clip.{name}"))
        .into();
    for name in [
        "log.csv",
        "log.html",
        "log.pdf",
        "manifest.json",
        "manifest.json.minisig",
        "mp4",
        "sealed.json",
        "sealed.json.minisig",
    ] {
        expected.push(format!("clip.redacted.{name}"));
    }
    expected.sort();
    assert_eq!(work.files(), expected);
}
