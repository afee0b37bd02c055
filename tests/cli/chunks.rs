//! Scans in chunks: the same findings as one scan, and nothing else is linked.

use std::fs;
use std::path::{Path, PathBuf};

use redact_record::digest_bytes;
use serde_json::{Value, json};

use crate::work::{Run, Work, models, repository};

/// Ten seconds of the demonstration clip with two sound tracks, as `clip.mp4`, with a key frame
/// every 15 frames and two B-frames between others.
fn demo(work: &Work, more: &str) {
    let demo = repository().join("fixtures/demo.mp4");
    work.ffmpeg(&format!(
        "-i {} -t 6 -map 0:v -map 0:a -c:v libx264 -preset ultrafast -bf 2 -g 15 -sc_threshold 0 \
         -vf scale=640:360 -c:a copy {more} clip.mp4",
        demo.display()
    ));
}

/// A generated clip of some seconds with a key frame every second, as `name`, without sound.
fn generated(work: &Work, seconds: u32, name: &str) {
    work.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration={seconds} -c:v libx264 \
         -preset ultrafast -g 25 -bf 2 {name}"
    ));
}

/// Divides `clip.mp4` without models into the folder `work`; gives the number of tasks.
#[track_caller]
fn divide(work: &Work, more: &[&str]) -> u64 {
    let words = ["chunks", "scan", "clip.mp4", "--out-dir", "work", "--json"];
    let run = work.redact(&[&words[..], more].concat()).expect_status(0);
    run.json()["tasks"].as_u64().unwrap()
}

/// Does a task of the plan in the folder `work` without models.
fn task(work: &Work, number: u64, more: &[&str]) -> Run {
    let number = number.to_string();
    let words = ["worker", "--plan", "work/chunks.json", "--task", &number];
    work.redact(&[&words[..], more].concat())
}

/// Links the tasks in the folder `work`.
fn link(work: &Work) -> Run {
    work.redact(&["scan", "clip.mp4", "--chunks", "work", "--force"])
}

/// The newest entry of the event log, without its place in the log and its time.
fn newest_event(work: &Work) -> Value {
    let log = fs::read_to_string(work.path("keys/events.jsonl")).unwrap();
    let mut entry: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let fields = entry.as_object_mut().unwrap();
    for own in ["seq", "at", "prev", "sum", "hash", "time"] {
        fields.remove(own);
    }
    entry
}

/// Goal: whatever the number of chunks and the order in which they are done, and if tasks are
/// done twice, findings are byte for byte those of one scan, and so is the event.
#[test]
fn findings_are_those_of_one_scan_whatever_the_chunks() {
    let work = Work::new();
    let Some(models) = models() else { return };
    demo(&work, "");
    let redact = |args: &[&str]| work.redact_with_models(&models, args).expect_status(0);
    redact(&["scan", "clip.mp4", "--profile", "fast", "-o", "one.json"]);
    let (one, event) = (
        fs::read(work.path("one.json")).unwrap(),
        newest_event(&work),
    );
    let found: Value = serde_json::from_slice(&one).unwrap();
    assert!(
        !found["tracks"].as_array().unwrap().is_empty(),
        "the test needs tracks"
    );
    assert!(
        !found["speech"].as_array().unwrap().is_empty(),
        "the test needs speech"
    );
    for (name, more, tasks) in [
        ("whole", ["--whole"].as_slice(), 1),
        ("two", &["--chunk-seconds", "3"], 3),
        ("six", &["--chunk-seconds", "1"], 7),
    ] {
        let words = [
            "chunks",
            "scan",
            "clip.mp4",
            "--profile",
            "fast",
            "--json",
            "--out-dir",
        ];
        let divided = redact(&[&words[..], &[name], more].concat()).json();
        assert_eq!(divided["tasks"], tasks, "{divided}");
        let plan = format!("{name}/chunks.json");
        let task = |number: u32| {
            let number = number.to_string();
            redact(&["worker", "--plan", &plan, "--task", &number, "--json"]).json()
        };
        let outputs: Vec<Value> = (0..tasks).rev().map(task).collect();
        // The second time nothing is done, and the answer is the same.
        assert_eq!(task(tasks - 1), outputs[0]);
        redact(&[
            "scan",
            "clip.mp4",
            "--chunks",
            name,
            "--force",
            "-o",
            "linked.json",
        ]);
        let linked = fs::read(work.path("linked.json")).unwrap();
        assert!(
            linked == one,
            "{name}: {}",
            String::from_utf8_lossy(&linked)
        );
        assert_eq!(newest_event(&work), event);
    }
}

/// Goal: sound in chunks is the sound of one scan: two tracks of which one begins late, a track
/// that is cut in the middle, and none. Method: findings with speech, byte for byte.
#[test]
fn sound_is_that_of_one_scan() {
    let work = Work::new();
    let Some(models) = models() else { return };
    let redact = |args: &[&str]| work.redact_with_models(&models, args).expect_status(0);
    let demo = repository().join("fixtures/demo.mp4").display().to_string();
    let video = "-c:v libx264 -preset ultrafast -g 15 -vf scale=160:90 -c:a aac";
    let late = format!("-i {demo} -itsoffset 1.37 -i {demo} -map 0:v -map 1:a:0 -map 0:a:0");
    let early = format!("-ss 1 -i {demo} -map 0:v -map 0:a:1");
    let none = format!("-i {demo} -map 0:v");
    for (sound, tracks) in [(late, 2), (early, 1), (none, 0)] {
        work.ffmpeg(&format!("{sound} -t 4 {video} clip.mp4"));
        redact(&[
            "scan",
            "clip.mp4",
            "--profile",
            "fast",
            "-o",
            "one.json",
            "--force",
        ]);
        let one = fs::read(work.path("one.json")).unwrap();
        let found: Value = serde_json::from_slice(&one).unwrap();
        assert_eq!(found["source"]["audio"].as_array().unwrap().len(), tracks);
        fs::remove_dir_all(work.path("work")).ok();
        let words = [
            "chunks",
            "scan",
            "clip.mp4",
            "--profile",
            "fast",
            "--out-dir",
            "work",
        ];
        let divided = redact(&[&words[..], &["--chunk-seconds", "2", "--json"]].concat()).json();
        assert_eq!(divided["tasks"], 3);
        for number in ["0", "1", "2"] {
            redact(&["worker", "--plan", "work/chunks.json", "--task", number]);
        }
        redact(&[
            "scan",
            "clip.mp4",
            "--chunks",
            "work",
            "-o",
            "linked.json",
            "--force",
        ]);
        let linked = fs::read(work.path("linked.json")).unwrap();
        assert!(linked == one, "{}", String::from_utf8_lossy(&linked));
    }
}

/// Goal: a recording of which it is not proved that it can be divided is one task, with the reason,
/// and its findings are those of one scan.
#[test]
fn other_recordings_are_one_task() {
    let work = Work::new();
    let testsrc = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=3";
    for (name, codec, words, more) in [
        (
            "clip.mp4",
            "libx265 -g 25 -x265-params log-level=none",
            "hevc",
            &[][..],
        ),
        ("clip.mkv", "libx264 -g 25", "matroska", &[]),
        (
            "clip.mp4",
            "libx264 -g 25 -x264-params open-gop=1:bframes=3",
            "closed GOP",
            &[],
        ),
        (
            "clip.mp4",
            "libx264 -g 25",
            "damage",
            &["--damaged", "mask"],
        ),
        ("clip.mp4", "libx264 -g 250", "closed GOP", &[]),
    ] {
        work.ffmpeg(&format!("{testsrc} -c:v {codec} {name}"));
        fs::remove_dir_all(work.path("work")).ok();
        let scan = [
            "chunks",
            "scan",
            name,
            "--out-dir",
            "work",
            "--chunk-seconds",
            "1",
            "--json",
        ];
        let divided = work
            .redact(&[&scan[..], more].concat())
            .expect_status(0)
            .json();
        assert_eq!(divided["tasks"], 1, "{divided}");
        let why = divided["whole"].as_str().unwrap();
        assert!(why.contains(words), "{codec}: {why}");
        task(&work, 0, &[]).expect_status(0);
        let chunks = [
            "scan",
            name,
            "--chunks",
            "work",
            "-o",
            "linked.json",
            "--force",
        ];
        work.redact(&chunks).expect_status(0);
        let scan = ["scan", name, "-o", "one.json", "--force"];
        work.redact(&[&scan[..], more].concat()).expect_status(0);
        let read = |name: &str| fs::read(work.path(name)).unwrap();
        assert!(read("linked.json") == read("one.json"), "{codec}");
    }
}

/// The committed output of a task: its path and its document.
fn output(work: &Work, task: u32) -> (PathBuf, Value) {
    let done = work.json(&format!("work/done/{task}"));
    let path = work.path(&format!(
        "work/objects/{}",
        done["output"].as_str().unwrap()
    ));
    let document = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (path, document)
}

/// Commits another output for a task, as a machine that did it differently would have.
fn recommit(work: &Work, task: u32, document: &Value) {
    let bytes = serde_json::to_vec(document).unwrap();
    let digest = digest_bytes(&bytes).to_string();
    fs::write(work.path(&format!("work/objects/{digest}")), &bytes).unwrap();
    let mut done = work.json(&format!("work/done/{task}"));
    done["output"] = digest.into();
    done["bytes"] = bytes.len().into();
    work.write_json(&format!("work/done/{task}"), &done);
}

/// A clip of three chunks that are done and linked.
fn linked_chunks() -> Work {
    let work = Work::new();
    generated(&work, 3, "clip.mp4");
    assert_eq!(divide(&work, &["--chunk-seconds", "1"]), 4);
    for number in 0..4 {
        task(&work, number, &[]).expect_status(0);
    }
    link(&work).expect_status(0);
    work
}

/// Edits the output of task 1: linking is refused with `words`. Then the output is as it was.
#[track_caller]
fn refused(work: &Work, edit: impl FnOnce(&mut Value), words: &[&str]) {
    let good = fs::read(work.path("work/done/1")).unwrap();
    let (_, mut document) = output(work, 1);
    edit(&mut document);
    recommit(work, 1, &document);
    link(work).expect_refusal(words);
    fs::write(work.path("work/done/1"), &good).unwrap();
}

/// Goal: outputs of another plan, version, format, processor or task are never linked, and neither
/// is what the storage lost or changed; the error says what it is. Control: before and after, the
/// tasks are linked.
#[test]
fn outputs_of_others_are_refused() {
    let work = linked_chunks();
    fs::rename(work.path("work/done/1"), work.path("aside")).unwrap();
    link(&work).expect_refusal(&["1 of 4 tasks are not done: 1"]);
    fs::rename(work.path("aside"), work.path("work/done/1")).unwrap();
    refused(
        &work,
        |document| document["program"] = "redact 0.0.1".into(),
        &["task 1", "another version", "redact 0.0.1"],
    );
    refused(
        &work,
        |document| document["format"] = "redact-chunk/2".into(),
        &["redact-chunk/2", "redact-chunk/1"],
    );
    let other = "0".repeat(64);
    refused(
        &work,
        |document| document["plan"] = other.clone().into(),
        &["task 1", "another chunk plan", &other],
    );
    refused(
        &work,
        |document| document["machine"]["processor"] = json!(["x86_64", "avx1024"]),
        &["compute differently", "avx1024"],
    );
    refused(
        &work,
        |document| document["task"] = 2.into(),
        &["task of an output", "found 2", "1"],
    );
    refused(
        &work,
        |document| document["more"] = 1.into(),
        &["invalid output of a task"],
    );
    let (path, _) = output(&work, 1);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    link(&work).expect_refusal(&["task 1", "not what was committed"]);
    fs::write(&path, &whole).unwrap();
    link(&work).expect_status(0);
}

/// Goal: chunks that do not fit together are not linked: another number of frames, a time that does
/// not follow, detectors that did not continue, pictures that were converted or are others.
/// Control: afterward the tasks are linked.
#[test]
fn chunks_that_do_not_fit_together_are_refused() {
    let work = linked_chunks();
    let unfit = |edit: &dyn Fn(&mut Value), words: &str| {
        let edit = |document: &mut Value| edit(&mut document["content"]["pictures"]);
        refused(&work, edit, &["do not fit together: task 1", words]);
    };
    unfit(
        &|found| drop(found["frames"].as_array_mut().unwrap().pop()),
        "24 frames, expected 25",
    );
    unfit(&|found| found["frames"][3][0] = 1.into(), "tick 1");
    unfit(
        &|found| found["runs"][0] = json!([[0, 7]]),
        "detectors did not continue",
    );
    unfit(
        &|found| found["conversions"] = json!(["pictures were deinterlaced"]),
        "deinterlaced",
    );
    unfit(
        &|found| found["video"]["width"] = 4.into(),
        "pictures differ",
    );
    link(&work).expect_status(0);
}

/// Goal: a task of another recording is neither done nor linked, wherever the recording is.
/// Control: the recording under another name is fine.
#[test]
fn a_changed_recording_is_found_out() {
    let work = Work::new();
    generated(&work, 2, "clip.mp4");
    generated(&work, 3, "other.mp4");
    assert_eq!(divide(&work, &["--chunk-seconds", "1"]), 3);
    fs::rename(work.path("clip.mp4"), work.path("moved.mp4")).unwrap();
    task(&work, 0, &[]).expect_refusal(&["clip.mp4", "No such file"]);
    task(&work, 0, &["--clip", "moved.mp4"]).expect_status(0);
    task(&work, 1, &["--clip", "other.mp4"]).expect_refusal(&[
        "other.mp4",
        "not the one of the chunk plan",
        "SHA-256",
    ]);
    task(&work, 1, &["--clip", "moved.mp4"]).expect_status(0);
    task(&work, 2, &["--clip", "moved.mp4"]).expect_status(0);
    fs::copy(work.path("other.mp4"), work.path("clip.mp4")).unwrap();
    link(&work).expect_refusal(&["clip.mp4", "not the one of the chunk plan"]);
    fs::copy(work.path("moved.mp4"), work.path("clip.mp4")).unwrap();
    link(&work).expect_status(0);
    // Another recording cannot be divided into the same folder; the same one can.
    assert_eq!(divide(&work, &["--chunk-seconds", "1"]), 3);
    let again = ["chunks", "scan", "other.mp4", "--out-dir", "work"];
    work.redact(&again)
        .expect_refusal(&["chunks.json", "another chunk plan"]);
    // A folder with outputs of another plan is not used.
    let other = ["chunks", "scan", "other.mp4", "--out-dir", "other"];
    work.redact(&[&other[..], &["--chunk-seconds", "1"]].concat())
        .expect_status(0);
    fs::create_dir(work.path("other/done")).unwrap();
    fs::copy(work.path("work/done/0"), work.path("other/done/0")).unwrap();
    work.redact(&["worker", "--plan", "other/chunks.json", "--task", "0"])
        .expect_refusal(&["task 0 was done for another chunk plan"]);
}

/// Goal: the task's number comes from the command line, or from whichever scheduler there is, and
/// is never guessed.
#[test]
fn a_scheduler_gives_the_number_of_a_task() {
    let work = Work::new();
    generated(&work, 2, "clip.mp4");
    divide(&work, &["--chunk-seconds", "1"]);
    let array = |more: &[&str], words: &[(&str, &str)]| {
        let plan = ["worker", "--plan", "work/chunks.json", "--json"];
        work.redact_with_words(&[&plan[..], more].concat(), words)
    };
    let (slurm, kubernetes) = ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX");
    array(&[], &[]).expect_refusal(&["no task", "--task N", slurm]);
    for (name, number) in [
        (slurm, "0"),
        (kubernetes, "1"),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "2"),
    ] {
        let done = array(&[], &[(name, number)]).expect_status(0).json();
        assert_eq!(done["task"].to_string(), number);
    }
    let both = [(slurm, "1"), (kubernetes, "2")];
    array(&[], &both).expect_refusal(&[slurm, kubernetes, "--task N"]);
    array(&[], &[(slurm, "1"), (kubernetes, "1")]).expect_status(0);
    let explicit = array(&["--task", "2"], &both).expect_status(0).json();
    assert_eq!(explicit["task"], 2);
    array(&[], &[(slurm, "two")]).expect_refusal(&[slurm, "two"]);
    array(&["--task", "3"], &[]).expect_refusal(&["no task 3", "3 tasks", "from 0"]);
}

/// Goal: every machine has the plan's version and models, in the plan's order.
#[test]
fn another_version_or_other_models_are_refused() {
    let work = Work::new();
    generated(&work, 1, "clip.mp4");
    divide(&work, &[]);
    let good = work.json("work/chunks.json");
    let refused = |edit: &dyn Fn(&mut Value), words: &[&str]| {
        let mut plan = good.clone();
        edit(&mut plan);
        work.write_json("work/chunks.json", &plan);
        task(&work, 0, &[]).expect_refusal(words);
        work.write_json("work/chunks.json", &good);
    };
    refused(
        &|plan| plan["program"] = "redact 9.9.9".into(),
        &["the chunk plan", "another version", "redact 9.9.9"],
    );
    refused(
        &|plan| plan["format"] = "redact-chunks/2".into(),
        &["redact-chunks/2", "redact-chunks/1"],
    );
    refused(
        &|plan| plan["extra"] = 1.into(),
        &["invalid chunk plan", "extra"],
    );
    let model = json!({ "name": "faces", "sha256": "0".repeat(64) });
    refused(
        &|plan| plan["work"]["scan"]["models"]["detectors"] = json!([model]),
        &["the models are not those", "faces"],
    );
    let Some(models) = models() else { return };
    let with_models = |args: &[&str]| work.redact_with_models(&models, args);
    with_models(&["worker", "--plan", "work/chunks.json", "--task", "0"])
        .expect_refusal(&["the models are not those", "none of these"]);
    with_models(&["chunks", "scan", "clip.mp4", "--out-dir", "swapped"]).expect_status(0);
    let mut plan = work.json("swapped/chunks.json");
    let detectors = plan["work"]["scan"]["models"]["detectors"]
        .as_array_mut()
        .unwrap();
    detectors.swap(0, 1);
    work.write_json("swapped/chunks.json", &plan);
    with_models(&["worker", "--plan", "swapped/chunks.json", "--task", "0"])
        .expect_refusal(&["the models are not those", "order"]);
}

/// Goal: a full disk leaves the task to be done, and nothing half written. Control: with room it is
/// done.
#[test]
fn a_full_disk_leaves_the_task_undone() {
    let work = Work::new();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=40 -c:v libx264 -preset ultrafast \
         -g 25 clip.mp4",
    );
    divide(&work, &["--chunk-seconds", "30"]);
    let words = ["worker", "--plan", "work/chunks.json", "--task", "0"];
    work.redact_with_small_files(&words)
        .expect_refusal(&["objects", "File too large"]);
    let objects = || fs::read_dir(work.path("work/objects")).unwrap().count();
    assert_eq!(objects(), 0, "nothing half written stays");
    assert!(!work.path("work/done/0").exists());
    task(&work, 0, &[]).expect_status(0);
    assert_eq!(objects(), 1);
}

/// Goal: names with spaces, quotes and letters of any script work, and outputs may be elsewhere.
#[test]
fn names_may_have_any_letters() {
    let work = Work::new();
    let folder = "case 7's \"ünïcode\" 完";
    fs::create_dir(work.path(folder)).unwrap();
    generated(&work, 2, "clip.mp4");
    let clip = format!("{folder}/the clip's \"nämé\".mp4");
    fs::rename(work.path("clip.mp4"), work.path(&clip)).unwrap();
    let out = format!("{folder}/work");
    let chunks = [
        "chunks",
        "scan",
        &clip,
        "--out-dir",
        &out,
        "--chunk-seconds",
        "1",
    ];
    work.redact(&chunks).expect_status(0);
    let (plan, elsewhere) = (format!("{out}/chunks.json"), "else where");
    for number in ["0", "1", "2"] {
        let words = [
            "worker",
            "--plan",
            &plan,
            "--task",
            number,
            "--out-dir",
            elsewhere,
        ];
        work.redact(&words).expect_status(0);
    }
    let link = ["scan", &clip, "--chunks", &out, "-o", "linked.json"];
    work.redact(&link)
        .expect_refusal(&["3 of 3 tasks are not done: 0, 1, 2"]);
    for folder in ["objects", "done"] {
        let from = work.path(elsewhere).join(folder);
        fs::rename(from, work.path(&out).join(folder)).unwrap();
    }
    work.redact(&link).expect_status(0);
    work.redact(&["scan", &clip, "-o", "one.json"])
        .expect_status(0);
    assert_eq!(
        fs::read(work.path("linked.json")).unwrap(),
        fs::read(work.path("one.json")).unwrap()
    );
}

/// Goal: two machines that do one task at one time both succeed, and one output counts.
#[test]
fn of_two_outputs_of_one_task_the_first_counts() {
    let work = Work::new();
    generated(&work, 2, "clip.mp4");
    divide(&work, &["--chunk-seconds", "1"]);
    let words = [
        "worker",
        "--plan",
        "work/chunks.json",
        "--task",
        "0",
        "--json",
    ];
    let both = [work.spawn(&words), work.spawn(&words)];
    let answers: Vec<Value> = both
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            serde_json::from_slice(&output.stdout).unwrap()
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    let done = work.json("work/done/0");
    assert_eq!(answers[0]["output"], done["output"]);
    let name = done["output"].as_str().unwrap();
    assert!(Path::new(&work.path("work/objects")).join(name).is_file());
}
