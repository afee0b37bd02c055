//! Renders in chunks: segments that workers encode, and what happens to wrong ones.

use std::path::PathBuf;

use redact_core::UtcNanos;
use redact_record::sign::{KeyPair, Signed};
use serde_json::{Value, json};

use crate::kept::{CLIP, approve, mask, work};
use crate::work::{Run, Work};

/// The folder of the chunk plan.
const CHUNKS: &str = "chunks";

/// A recording of 130 s, in runs of 6 or 7 s.
const LONG: &str = "-f lavfi -i testsrc2=size=160x120:rate=10:duration=130 \
     -f lavfi -i sine=frequency=440:duration=130 -c:v libx264 -preset veryfast -g 10 \
     -keyint_min 10 -sc_threshold 0 -c:a aac clip.mp4";

/// Runs `redact` as the worker `name`, which has a home and keys of its own.
fn as_worker(work: &Work, name: &str, args: &[&str]) -> Run {
    let home = work.path(name).display().to_string();
    work.redact_with_words(args, &[("REDACT_HOME", &home)])
}

/// Divides the render of `clip` into `folder`; gives the number of tasks.
fn divide(work: &Work, folder: &str) -> u64 {
    let words = [
        "--json",
        "chunks",
        "render",
        "clip.mp4",
        "clip.plan.json",
        "--out-dir",
        folder,
    ];
    let said = work.redact(&words).expect_status(0).json();
    said["tasks"].as_u64().unwrap()
}

/// Lets the worker do all tasks of `folder`.
fn encode(work: &Work, folder: &str, worker: &str, tasks: u64) {
    let plan = format!("{folder}/chunks.json");
    for task in 0..tasks {
        let number = task.to_string();
        let words = ["worker", "--plan", &plan, "--task", &number];
        as_worker(work, worker, &words).expect_status(0);
    }
}

/// Trusts the worker's key; gives its ID.
fn trust(work: &Work, worker: &str) -> String {
    let said = as_worker(work, worker, &["--json", "worker", "key"]);
    let key = said.expect_status(0).json();
    let text = key["public_key"].as_str().unwrap();
    work.redact(&["key", "trust-worker", text]).expect_status(0);
    key["id"].as_str().unwrap().to_owned()
}

fn join(work: &Work, folder: &str) -> Run {
    let words = [
        "--json",
        "render",
        "clip.mp4",
        "clip.plan.json",
        "--no-cache",
        "--force",
    ];
    work.redact(&[&words[..], &["--chunks", folder]].concat())
}

fn verify(work: &Work) {
    let both = ["verify", "clip.redacted.mp4", "--source", "clip.mp4"];
    work.redact(&both).expect_status(0);
}

/// Two masked GOPs of twelve, encoded by the worker `one`, who is trusted: tasks of [`CHUNKS`].
fn encoded() -> Work {
    let work = work(
        CLIP,
        &[mask("door", [80, 90], 0.1), mask("face", [210, 220], 0.6)],
    );
    assert_eq!(divide(&work, CHUNKS), 1);
    encode(&work, CHUNKS, "one", 1);
    trust(&work, "one");
    work
}

/// What was committed for task 0 of `folder`.
fn done(work: &Work, folder: &str) -> Value {
    work.json(&format!("{folder}/done/0"))
}

fn object(work: &Work, folder: &str) -> PathBuf {
    let output = done(work, folder)["output"].as_str().unwrap().to_owned();
    work.path(&format!("{folder}/objects/{output}"))
}

/// Commits other bytes for task 0 of [`CHUNKS`], as somebody could who may write to the folder.
fn commit(work: &Work, bytes: &[u8]) {
    let output = redact_record::digest_bytes(bytes).to_string();
    std::fs::write(work.path(&format!("{CHUNKS}/objects/{output}")), bytes).unwrap();
    let mut file = done(work, CHUNKS);
    file["output"] = json!(output);
    file["bytes"] = json!(bytes.len());
    work.write_json(&format!("{CHUNKS}/done/0"), &file);
}

/// A segment in the output of a task: its first line and its pictures.
struct Segment {
    header: Value,
    pictures: Vec<u8>,
}

/// The segments of a task's output, without their signatures.
fn segments(bytes: &[u8]) -> Vec<Segment> {
    let mut rest = bytes.strip_prefix(b"redact-segments/1\n").unwrap();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<4>().unwrap();
        let behind = &behind[u32::from_le_bytes(*length) as usize..];
        let (length, behind) = behind.split_first_chunk::<8>().unwrap();
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap();
        let (signed, behind) = behind.split_at(length);
        let line = signed.iter().position(|byte| *byte == b'\n').unwrap();
        all.push(Segment {
            header: serde_json::from_slice(&signed[..line]).unwrap(),
            pictures: signed[line + 1..].to_vec(),
        });
        rest = behind;
    }
    all
}

/// An output with `segments`, signed by the worker `name`.
fn signed(work: &Work, name: &str, segments: &[Segment]) -> Vec<u8> {
    let key = KeyPair::load(&work.path(&format!("{name}/segment.key")), None).unwrap();
    let mut bytes = b"redact-segments/1\n".to_vec();
    for segment in segments {
        let line = serde_json::to_vec(&segment.header).unwrap();
        let content = [&line, &b"\n"[..], &segment.pictures].concat();
        let signature = key
            .sign_bytes(&content, Signed::CachedSegment, UtcNanos(0))
            .unwrap();
        bytes.extend(u32::try_from(signature.len()).unwrap().to_le_bytes());
        bytes.extend(signature.as_bytes());
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(content);
    }
    bytes
}

/// Goal: a render of which every picture was encoded elsewhere, in several tasks, gives the release
/// of one machine: the same frames, times, masks and levels, and it verifies against the recording.
/// Every picture is decoded and checked by the machine that signs.
#[test]
fn a_render_in_chunks_agrees_with_one_machine() {
    let mosaic = json!({
        "id": "mosaic", "effect": {"kind": "pixelate", "cells_across": 4},
        "reason": "privacy-face", "frames": [100, 900],
        "keyframes": [[100, 0.6, 0.25, 0.9, 0.6]],
    });
    let work = work(LONG, &[mask("all", [0, 1300], 0.1), mosaic]);
    let render = ["render", "clip.mp4", "clip.plan.json", "--no-cache"];
    work.redact(&render).expect_status(0);
    let alone = work.json("clip.redacted.manifest.json");
    let times = |work: &Work| {
        let shown = std::process::Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-select_streams",
                "v",
                "-show_entries",
                "packet=pts,dts",
            ])
            .args(["-of", "csv"])
            .arg(work.path("clip.redacted.mp4"))
            .output()
            .unwrap();
        String::from_utf8(shown.stdout).unwrap()
    };
    let alone_times = times(&work);
    assert_eq!(alone_times.lines().count(), 1300);

    assert_eq!(divide(&work, CHUNKS), 3);
    encode(&work, CHUNKS, "one", 2);
    join(&work, CHUNKS).expect_refusal(&["1 of 3 tasks are not done: 2"]);
    encode(&work, CHUNKS, "two", 3);
    let (one, two) = (trust(&work, "one"), trust(&work, "two"));
    let said = join(&work, CHUNKS).expect_status(0).json();
    assert_eq!(said["frames_kept"], 1300, "{said:#}");
    assert_eq!(said["segments"]["refused"], json!([]));
    let mut keys = vec![json!(one), json!(two)];
    assert_eq!(said["segments"]["keys"], json!(keys));
    verify(&work);
    let chunked = work.json("clip.redacted.manifest.json");
    for part in ["masks", "mutes", "coding"] {
        assert_eq!(chunked[part], alone[part], "{part}");
    }
    assert_eq!(times(&work), alone_times);
    // Nothing that others say of their segments counts.
    let audit = chunked["checks"]["audit"].to_string();
    assert!(audit.contains("1300 of 1300 frames decoded"), "{audit}");
    assert!(!audit.contains("while they were written"), "{audit}");
    assert!(!audit.contains("earlier render"), "{audit}");
    let options = chunked["tool"]["options"].to_string();
    keys.retain(|key| !options.contains(key.as_str().unwrap()));
    assert!(
        keys.is_empty() && options.contains("encoded by workers"),
        "{options}"
    );
}

/// Goal: only the GOPs that masks touch are divided; the others are copied as without chunks, and a
/// task that is done again changes nothing.
#[test]
fn only_touched_gops_are_encoded_elsewhere() {
    let work = encoded();
    let first = done(&work, CHUNKS);
    encode(&work, CHUNKS, "two", 1);
    assert_eq!(done(&work, CHUNKS), first);
    let all = segments(&std::fs::read(object(&work, CHUNKS)).unwrap());
    let frames: Vec<Value> = all.iter().map(|s| s.header["frames"].clone()).collect();
    assert_eq!(frames, [json!([75, 100]), json!([200, 225])]);
    let said = join(&work, CHUNKS).expect_status(0).json();
    let counts = (said["frames_kept"].clone(), said["frames_copied"].clone());
    assert_eq!(counts, (json!(50), json!(250)), "{said:#}");
    verify(&work);
}

/// Goal: workers find their runs in other containers, too.
#[test]
fn touched_gops_of_other_containers_are_encoded_elsewhere() {
    for container in ["matroska", "mpegts", "avi"] {
        let clip = CLIP.replace("clip.mp4", &format!("-f {container} clip.mp4"));
        let masks = [mask("door", [80, 90], 0.1), mask("face", [210, 220], 0.6)];
        let work = work(&clip, &masks);
        assert_eq!(divide(&work, CHUNKS), 1, "{container}");
        encode(&work, CHUNKS, "one", 1);
        trust(&work, "one");
        let said = join(&work, CHUNKS).expect_status(0).json();
        let counts = (said["frames_kept"].clone(), said["frames_copied"].clone());
        assert_eq!(counts, (json!(50), json!(250)), "{container}: {said:#}");
        verify(&work);
    }
}

/// Goal: an untrusted key's segments are not used, and nothing is released until a person decides.
/// Control: once the key is trusted, the same files are used; once it is revoked, no more.
#[test]
fn segments_of_strangers_are_refused() {
    let work = work(CLIP, &[mask("door", [80, 90], 0.1)]);
    divide(&work, CHUNKS);
    encode(&work, CHUNKS, "one", 1);
    let words = [
        "segment of frames 75 to 99 (task 0)",
        "worker key",
        "is not trusted here",
    ];
    let said = join(&work, CHUNKS).expect_refusal(&words).stderr();
    assert!(said.contains("redact key trust-worker RW"), "{said}");
    assert!(!work.path("clip.redacted.mp4").exists());
    // The agency's own release key is not a worker's.
    let own = work.redact(&["key", "show", "--json"]).json();
    let text = own["public_key"].as_str().unwrap();
    work.redact(&["key", "trust-worker", text])
        .expect_refusal(&["is trusted here for releases"]);
    let id = trust(&work, "one");
    let listed = work.redact(&["key", "list"]).expect_status(0).stdout();
    assert!(listed.contains(&format!("worker   {id}")), "{listed}");
    assert_eq!(
        join(&work, CHUNKS).expect_status(0).json()["frames_kept"],
        25
    );
    let public = as_worker(&work, "one", &["worker", "key"]).stdout();
    std::fs::write(work.path("one.pub"), public).unwrap();
    work.redact(&["key", "revoke", "one.pub"]).expect_status(0);
    join(&work, CHUNKS).expect_refusal(&words);
    work.redact(&["key", "trust-worker", "one.pub"])
        .expect_refusal(&["was revoked here"]);
}

/// Goal: what was changed or belongs to another render is not used, and the render says so and
/// encodes it itself. Method: one changed byte where the digest tells, the same where only the
/// signature tells, and segments of another plan. Control: without a change all are used.
#[test]
fn changed_segments_are_encoded_again() {
    let work = encoded();
    let whole = std::fs::read(object(&work, CHUNKS)).unwrap();
    let refused = |why: &str, count: usize| {
        let run = join(&work, CHUNKS).expect_status(0);
        let (said, warned) = (run.json(), run.stderr());
        let list = said["segments"]["refused"].as_array().unwrap().clone();
        assert_eq!(list.len(), count, "{list:?}");
        assert!(
            list.iter().all(|text| text.as_str().unwrap().contains(why)),
            "{list:?}"
        );
        assert!(
            warned.contains("not used, so this machine encodes the frames itself: task 0"),
            "{warned}"
        );
        verify(&work);
        said["frames_kept"].as_u64().unwrap()
    };
    let mut changed = whole.clone();
    let place = whole.len() - 5;
    changed[place] ^= 1;
    std::fs::write(object(&work, CHUNKS), &changed).unwrap();
    assert_eq!(refused("is not what was committed", 1), 0);
    commit(&work, &changed);
    assert_eq!(refused("a segment was changed", 1), 25);
    commit(&work, &whole[..place]);
    assert_eq!(refused("it is truncated", 1), 0);
    std::fs::remove_file(object(&work, CHUNKS)).unwrap();
    assert_eq!(refused("No such file", 1), 0);

    // The same recording with one mask elsewhere.
    let plan = work.json("clip.plan.json");
    approve(
        &work,
        &[mask("door", [80, 90], 0.3), mask("face", [210, 220], 0.6)],
    );
    divide(&work, "other");
    join(&work, CHUNKS).expect_refusal(&["chunks.json", "made for another plan"]);
    encode(&work, "other", "one", 1);
    let other = std::fs::read(object(&work, "other")).unwrap();
    work.write_json("clip.plan.json", &plan);
    commit(&work, &other);
    assert_eq!(refused("it is for another set of masks", 1), 25);
    commit(&work, &whole);
    assert_eq!(
        join(&work, CHUNKS).expect_status(0).json()["frames_kept"],
        50
    );
}

/// Goal: whatever a trusted worker signs, a wrong picture never gets into a release, and the error
/// names the segment and the key. Method: segments with the right first line, signed with the
/// worker's own key, whose pictures lack a mask, or show other frames. Control: the same pieces put
/// together rightly.
#[test]
fn a_trusted_worker_cannot_get_a_wrong_picture_released() {
    let work = encoded();
    let key = trust(&work, "one");
    let whole = std::fs::read(object(&work, CHUNKS)).unwrap();
    let plan = work.json("clip.plan.json");

    // Two masks in the same GOP, of which only one is drawn.
    approve(
        &work,
        &[mask("small", [85, 86], 0.1), mask("face", [210, 220], 0.6)],
    );
    divide(&work, "bare");
    encode(&work, "bare", "one", 1);
    let bare = segments(&std::fs::read(object(&work, "bare")).unwrap());

    // The same plan for a recording with other pictures.
    std::fs::rename(work.path("clip.mp4"), work.path("true.mp4")).unwrap();
    work.ffmpeg(&CLIP.replace("-c:v", "-vf hflip -c:v"));
    work.redact(&["scan", "clip.mp4", "--force"])
        .expect_status(0);
    std::fs::remove_file(work.path("clip.plan.json")).unwrap();
    work.approve_findings();
    approve(
        &work,
        &[mask("door", [80, 90], 0.1), mask("face", [210, 220], 0.6)],
    );
    divide(&work, "foreign");
    encode(&work, "foreign", "one", 1);
    let foreign = segments(&std::fs::read(object(&work, "foreign")).unwrap());
    std::fs::rename(work.path("true.mp4"), work.path("clip.mp4")).unwrap();
    work.redact(&["scan", "clip.mp4", "--force"])
        .expect_status(0);
    work.write_json("clip.plan.json", &plan);

    for pictures in [&bare[0].pictures, &foreign[0].pictures] {
        let mut forged = segments(&whole);
        assert_ne!(&forged[0].pictures, pictures);
        forged[0].pictures.clone_from(pictures);
        commit(&work, &signed(&work, "one", &forged));
        join(&work, CHUNKS).expect_refusal(&[
            "the segment of frames 75 to 99 (task 0, worker key",
            &key,
            "failed its audit and was discarded",
        ]);
        assert!(!work.path("clip.redacted.mp4").exists());
    }
    // Pictures of other frames than their first line says.
    let mut swapped = segments(&whole);
    let second = swapped[1].pictures.clone();
    swapped[0].pictures = second;
    commit(&work, &signed(&work, "one", &swapped));
    let said = join(&work, CHUNKS).expect_status(0).json();
    assert_eq!(said["frames_kept"], 25);
    assert!(
        said["segments"]["refused"][0]
            .as_str()
            .unwrap()
            .contains("it has pictures of frames")
    );
    std::fs::remove_file(work.path("clip.redacted.mp4")).unwrap();
    // The control.
    commit(&work, &signed(&work, "one", &segments(&whole)));
    assert_eq!(
        join(&work, CHUNKS).expect_status(0).json()["frames_kept"],
        50
    );
    verify(&work);
}

/// Goal: where nothing can be divided, the plan says why, and the render works without tasks. An
/// excerpt, and a recording that changed, are refused.
#[test]
fn what_cannot_be_divided_says_why() {
    let clip = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -c:v libx264 -preset \
         veryfast -g 25 -f flv clip.mp4";
    let work = Work::new();
    work.ffmpeg(clip);
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    approve(&work, &[mask("door", [0, 50], 0.1)]);
    let words = [
        "chunks",
        "render",
        "clip.mp4",
        "clip.plan.json",
        "--out-dir",
        CHUNKS,
    ];
    let said = work.redact(&words).expect_status(0).stdout();
    assert!(said.contains("not divided: its container is flv"), "{said}");
    assert!(said.contains("tasks: 0"), "{said}");
    let plan = format!("{CHUNKS}/chunks.json");
    work.redact(&["worker", "--plan", &plan, "--task", "0"])
        .expect_refusal(&["no task 0", "0 tasks"]);
    assert_eq!(
        join(&work, CHUNKS).expect_status(0).json()["frames_kept"],
        0
    );
    verify(&work);
    let excerpt = ["render", "clip.mp4", "clip.plan.json", "--chunks", CHUNKS];
    let run = work.redact(&[&excerpt[..], &["--from", "0", "--to", "1"]].concat());
    let said = run.expect_status(2).stderr();
    assert!(said.contains("cannot be used with"), "{said}");
}

/// Goal: a worker does nothing with a recording that is not the one that was divided.
#[test]
fn a_worker_refuses_another_recording() {
    let work = encoded();
    divide(&work, "again");
    work.ffmpeg(
        &CLIP
            .replace("testsrc2=", "testsrc=")
            .replace("clip.mp4", "other.mp4"),
    );
    let words = [
        "worker",
        "--plan",
        "again/chunks.json",
        "--task",
        "0",
        "--clip",
        "other.mp4",
    ];
    as_worker(&work, "one", &words).expect_refusal(&["other.mp4", "not the one of the chunk plan"]);
    // Whoever says that it was compared: the times of its frames are, whatever it shows, the same
    // here; the machine that signs would notice.
    work.ffmpeg(
        &CLIP
            .replace("rate=25", "rate=24")
            .replace("clip.mp4", "slow.mp4"),
    );
    let slow = words.map(|word| {
        if word == "other.mp4" {
            "slow.mp4"
        } else {
            word
        }
    });
    as_worker(&work, "one", &[&slow[..], &["--clip-is-verified"]].concat())
        .expect_refusal(&["slow.mp4", "wrong plan for this recording: time base"]);
}

/// Goal: a worker refuses a chunk plan that was edited to encode more coarsely than any render of
/// its plan would: masks could fail their audit. Control: the plan as it was made is worked on.
#[test]
fn a_coarser_encoding_than_that_of_a_render_is_refused() {
    let work = encoded();
    let plan = format!("{CHUNKS}/chunks.json");
    let text = std::fs::read_to_string(work.path(&plan)).unwrap();
    let edited = text.replace("\"crf\": 18", "\"crf\": 30");
    assert_ne!(edited, text);
    let folder = "edited";
    std::fs::create_dir(work.path(folder)).unwrap();
    std::fs::write(work.path(&format!("{folder}/chunks.json")), edited).unwrap();
    let plan = format!("{folder}/chunks.json");
    let refused = as_worker(&work, "one", &["worker", "--plan", &plan, "--task", "0"]);
    let refused = refused.expect_status(2).stderr();
    assert!(refused.contains("at most 22"), "{refused}");
}
