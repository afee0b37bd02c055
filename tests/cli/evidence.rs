//! What a release says of itself beyond masks and mutes: what was dropped, what people changed, and
//! what detectors still see.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::work::{Work, models, policy, repository};

const RENDER: [&str; 3] = ["render", "clip.mp4", "clip.plan.json"];

fn approve(work: &Work) {
    work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
        .expect_status(0);
}

/// Findings of a clip with two faces, as a scan with a model would write them, and their plan.
fn two_faces(work: &Work) -> Value {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    let track = |id: u32, x: f64| {
        let boxes: Vec<Value> = (3..9)
            .map(|frame| json!([frame, x, 0.25, x + 0.125, 0.5, 0.9, "detected"]))
            .collect();
        json!({"id": id, "class": "face", "boxes": boxes})
    };
    findings["tracks"] = json!([track(1, 0.25), track(2, 0.625)]);
    work.write_json("clip.findings.json", &findings);
    work.approve_findings()
}

/// Goal: nobody has to guess what a file carried that its release does not.
#[test]
fn what_is_dropped_is_an_item_of_the_log() {
    let work = Work::new();
    work.clip("plain.mp4");
    let text = "1\n00:00:00,100 --> 00:00:00,900\nsecret words\n";
    fs::write(work.path("text.srt"), text).unwrap();
    let chapter = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=secret\n";
    fs::write(work.path("chapter.txt"), chapter).unwrap();
    work.ffmpeg(
        "-i plain.mp4 -i text.srt -i chapter.txt -map 0 -map 1 -map_chapters 2 -c copy \
         -c:s mov_text clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    work.redact(&RENDER).expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    let removed = manifest["removed"].as_array().unwrap();
    let [captions, .., chapters] = removed.as_slice() else {
        panic!("{removed:?}");
    };
    assert_eq!(captions["medium"], "caption");
    assert_eq!(captions["stream"], 2);
    assert_eq!(
        captions["description"],
        "Subtitles or captions: stream 2 (mov_text)"
    );
    assert_eq!(chapters["description"], "Chapter marks: 1");
    let first = manifest["mutes"].as_array().unwrap().len() + 1;
    assert_eq!(
        captions["item"], first,
        "numbers go on after masks and mutes"
    );
    for name in ["manifest.json", "log.html", "log.csv"] {
        let text = fs::read_to_string(work.path(&format!("clip.redacted.{name}"))).unwrap();
        assert!(text.contains("mov_text"), "{name}");
        assert!(!text.contains("secret"), "{name}");
    }
    let stream = &manifest["source"]["streams"][2];
    assert!(stream["seconds_per_tick"].is_array(), "{stream}");
    assert!(stream["first_tick"].is_i64(), "{stream}");
    work.redact(&["verify", "clip.redacted.mp4"])
        .expect_status(0);
    // Control: a manifest that keeps it to itself contradicts its own list of streams.
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["removed"].as_array_mut().unwrap().pop();
    });
    let run = work
        .redact(&["verify", "clip.redacted.mp4"])
        .expect_status(1);
    assert!(run.stdout().contains("removed"), "{}", run.stdout());
}

/// Goal: a person decides, the model suggests; which is which is on record, with the agency.
#[test]
fn what_people_changed_is_in_the_sealed_manifest() {
    let work = Work::new();
    let mut plan = two_faces(&work);
    work.redact(&RENDER).expect_status(0);
    let changes = |work: &Work| work.json("clip.redacted.sealed.json")["body"]["changes"].clone();
    assert_eq!(changes(&work), json!([]), "the policy alone decided");

    let kept = json!({"verdict": "keep", "reason": "privacy-face", "by": "Olsen",
        "at": "2026-03-01T08:00:00Z"});
    plan["tracks"][1]["decision"] = kept;
    plan["tracks"][0]["boxes"][0][1] = json!(0.125);
    plan["drawn"] = json!([{
        "id": "door", "effect": {"kind": "fill"}, "reason": "privacy-face", "frames": [12, 18],
        "keyframes": [[12, 0.25, 0.25, 0.5, 0.5]],
    }]);
    let muted = plan["mutes"].as_array().unwrap().len();
    assert_eq!(muted, 1, "nothing listened, so all sound was muted");
    Work::mute_only(&mut plan, json!([]));
    work.write_json("clip.plan.json", &plan);
    approve(&work);
    let again = [&RENDER[..], &["--force"]].concat();
    work.redact(&again).expect_status(0);
    let found = changes(&work);
    let line = |at: usize| {
        let word = |key: &str| found[at][key].as_str().unwrap_or("-").to_owned();
        ["thing", "plan_id", "change", "by"].map(word).join(" ")
    };
    let by_policy = "Ada";
    assert_eq!(line(0), format!("track 1 changed {by_policy}"));
    assert_eq!(line(1), "track 2 changed Olsen");
    assert_eq!(line(2), "mask door added -");
    assert_eq!(line(3), "mute speech-1 removed -");
    assert!(found[1]["is"].as_str().unwrap().contains("kept"), "{found}");
    assert!(
        found[0]["is"].as_str().unwrap().contains("edited"),
        "{found}"
    );
    let public = fs::read_to_string(work.path("clip.redacted.manifest.json")).unwrap();
    assert!(!public.contains("Olsen") && !public.contains("edited by hand"));

    // Without the findings, or with others, nobody can tell: that needs a reason, on record.
    fs::rename(work.path("clip.findings.json"), work.path("f.json")).unwrap();
    let refused = work
        .redact(&again)
        .expect_refusal(&["clip.findings.json does not exist"]);
    assert!(refused.stderr().contains("--findings FILE"));
    let without = [&again[..], &["--without-findings", "disk 7 is lost"]].concat();
    work.redact(&without).expect_status(0);
    assert_eq!(changes(&work), Value::Null);
    for name in ["manifest.json", "log.html"] {
        let text = fs::read_to_string(work.path(&format!("clip.redacted.{name}"))).unwrap();
        assert!(text.contains("disk 7 is lost"), "{name}");
    }
    let log = fs::read_to_string(work.path("keys/events.jsonl")).unwrap();
    assert!(log.contains("[\"findings\",\"not-compared\"]"), "{log}");
    let said = work.redact(&["verify", "clip.redacted.mp4", "--no-media"]);
    let said = said.expect_status(0).stdout();
    assert!(
        said.contains("no finding is left out: not checked"),
        "{said}"
    );
    let named = [&again[..], &["--findings", "f.json"]].concat();
    work.redact(&named).expect_status(0);
    assert_eq!(changes(&work), found);
    let mut others = work.json("f.json");
    others["tracks"] = json!([]);
    work.write_json("clip.findings.json", &others);
    work.redact(&again)
        .expect_refusal(&["SHA-256 of the findings"]);
    work.redact(&[&again[..], &["--findings", "clip.findings.json"]].concat())
        .expect_refusal(&["SHA-256 of the findings"]);
}

/// Goal: what tells who is where, and who decided, is for its owner's eyes. Control: what goes out
/// is not.
#[test]
fn working_files_and_the_sealed_record_are_for_their_owner() {
    let work = crate::tamper::released();
    let mode = |name: &str| {
        let meta = fs::metadata(work.path(name)).unwrap();
        meta.permissions().mode() & 0o777
    };
    for name in [
        "clip.findings.json",
        "clip.plan.json",
        "clip.redacted.sealed.json",
    ] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    fs::write(work.path("plain"), b"x").unwrap();
    for name in ["clip.redacted.mp4", "clip.redacted.manifest.json"] {
        assert_eq!(mode(name), mode("plain"), "{name}");
    }
}

/// Goal: a plan that was edited to describe another recording moves no mask.
#[test]
fn a_plan_that_describes_the_recording_wrongly_is_refused() {
    type Edit = fn(&mut Value);
    let edits: &[(&str, Edit)] = &[
        ("first timestamp", |plan| {
            plan["source"]["video"]["first_tick"] = json!(512)
        }),
        ("time base", |plan| {
            plan["source"]["video"]["seconds_per_tick"] = json!([1, 1000]);
        }),
        ("frame rate", |plan| {
            plan["source"]["video"]["frames_per_second"] = json!([30, 1]);
        }),
        ("200 frames", |plan| plan["source"]["frames"] = json!(200)),
        ("the plan is for 40", |plan| {
            plan["source"]["frames"] = json!(40)
        }),
        ("shape", |plan| {
            plan["source"]["video"]["width"] = json!(322)
        }),
        ("shape", |plan| {
            plan["source"]["video"]["rotation_degrees"] = json!(90);
        }),
        ("sound tracks", |plan| {
            plan["source"]["audio"][0]["rate_hz"] = json!(8000)
        }),
    ];
    let work = Work::new();
    let good = two_faces(&work);
    let files = work.files();
    for (word, edit) in edits {
        let mut plan = good.clone();
        edit(&mut plan);
        assert_ne!(plan, good, "{word} changes nothing");
        work.write_json("clip.plan.json", &plan);
        let again = ["approve", "clip.plan.json", "--by", "Ada", "--force"];
        work.redact(&again).expect_refusal(&["source of the plan"]);
        // Where the findings are lost, the recording itself is what it is compared with.
        let without = ["--without-findings", "lost"];
        work.redact(&[&again[..], &without].concat())
            .expect_status(0);
        work.redact(&[&RENDER[..], &without].concat())
            .expect_refusal(&["clip.", "the plan", word]);
        assert_eq!(work.files(), files, "{word}: nothing is left");
    }
    work.write_json("clip.plan.json", &good);
    work.redact(&RENDER).expect_status(0);
}

/// Goal: a hostile plan costs no more than reading it.
#[test]
fn a_plan_with_too_many_masks_is_refused_at_once() {
    let work = Work::new();
    let mut plan = two_faces(&work);
    let mask = |id: u32| {
        json!({"id": format!("m{id}"), "effect": {"kind": "fill"}, "reason": "privacy-face",
            "frames": [0, 50], "keyframes": [[0, 0.25, 0.25, 0.5, 0.5]]})
    };
    plan["drawn"] = (0..100_000).map(mask).collect();
    work.write_json("clip.plan.json", &plan);
    let began = std::time::Instant::now();
    work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
        .expect_refusal(&["clip.plan.json", "masks", "at most"]);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    plan["drawn"] = (0..5000).map(mask).collect();
    work.write_json("clip.plan.json", &plan);
    work.redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"])
        .expect_refusal(&["clip.plan.json", "masks over one frame", "at most"]);
}

/// Goal: where nothing can be written, nothing is begun and nothing is left.
#[test]
fn folders_that_cannot_be_written_are_said_and_left_alone() {
    let work = Work::new();
    two_faces(&work);
    let files = work.files();
    // Not even root writes there.
    work.redact(&[&RENDER[..], &["-o", "/proc/release.mp4"]].concat())
        .expect_refusal(&["/proc/release.mp4"]);
    fs::write(work.path("no-folder"), b"x").unwrap();
    let home = work.path("no-folder").display().to_string();
    let run = work.redact_with_words(&RENDER, &[("REDACT_HOME", &home)]);
    run.expect_refusal(&["cannot write the event log"]);
    fs::remove_file(work.path("no-folder")).unwrap();
    assert_eq!(work.files(), files);
}

/// Goal: what detectors still see in a release stops it, unless it was kept on purpose or somebody
/// accepts it; and a stranger with the same detectors finds the same.
/// Method: one found face is taken out of the plan, which no other check can notice.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn a_second_look_finds_the_face_that_the_plan_forgot() {
    let Some(models) = models() else { return };
    let work = Work::new();
    let demo = repository().join("fixtures/demo.mp4").display().to_string();
    work.ffmpeg(&format!(
        "-i {demo} -t 2 -an -c:v libx264 -preset veryfast clip.mp4"
    ));
    let rules = fs::read_to_string(policy("public-release.toml")).unwrap();
    let rules = rules.replace("[approval]", "[check]\nsecond_look = true\n\n[approval]");
    fs::write(work.path("strict.toml"), rules).unwrap();
    let redact = |args: &[&str]| work.redact_with_models(&models, args);
    redact(&["scan", "clip.mp4"]).expect_status(0);
    let approve = [
        "approve",
        "clip.findings.json",
        "--policy",
        "strict.toml",
        "--by",
        "Ada",
    ];
    redact(&approve).expect_status(0);
    let good = work.json("clip.plan.json");

    redact(&RENDER).expect_status(0);
    let look = &work.json("clip.redacted.manifest.json")["checks"]["second_look"];
    assert_eq!(look["seen"], json!([]), "{look:#}");
    let verify = ["verify", "clip.redacted.mp4", "--second-look"];
    redact(&verify).expect_status(0);

    let mut plan = good.clone();
    let tracks = plan["tracks"].as_array_mut().unwrap();
    let longest = |track: &Value| match track["class"] == "face" {
        true => track["boxes"].as_array().unwrap().len(),
        false => 0,
    };
    let most = tracks.iter().map(longest).max().unwrap();
    tracks.retain(|track| longest(track) != most);
    assert_ne!(plan, good);
    work.write_json("clip.plan.json", &plan);
    let approve = ["approve", "clip.plan.json", "--by", "Ada", "--force"];
    redact(&approve).expect_refusal(&["not covered by the plan"]);
    let without = ["--without-findings", "a test"];
    redact(&[&approve[..], &without].concat()).expect_status(0);
    let again = [&RENDER[..], &["--force"]].concat();
    redact(&[&again[..], &without].concat())
        .expect_refusal(&["the second look found", "face in frames"]);
    // The release that was there before is still the one.
    redact(&verify).expect_status(0);

    let accepted = [&again[..], &without, &["--accept-seen"]].concat();
    redact(&accepted).expect_status(0);
    let manifest = work.json("clip.redacted.manifest.json");
    let seen = &manifest["checks"]["second_look"]["seen"][0];
    assert_eq!(
        (&seen["class"], &seen["kept"]),
        (&json!("face"), &json!(false))
    );
    redact(&verify).expect_status(0);
    // Control: the same release, whose manifest does not say so.
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["checks"]["second_look"]["seen"] = json!([]);
    });
    let run = redact(&verify).expect_status(1);
    let said = run.stdout();
    assert!(said.contains("WRONG audit, second look"), "{said}");
    // And a manifest without a second look is none that this policy made.
    work.forge("clip.redacted.mp4", |manifest| {
        manifest["checks"]["second_look"] = Value::Null;
    });
    let strict = ["verify", "clip.redacted.mp4", "--policy", "strict.toml"];
    let run = redact(&strict).expect_status(1);
    assert!(run.stdout().contains("second_look"), "{}", run.stdout());

    // What was kept by a decision is no surprise.
    let mut plan = good;
    for track in plan["tracks"].as_array_mut().unwrap() {
        if longest(track) == most {
            track["decision"] = json!({"verdict": "keep", "reason": "privacy-face", "by": "Olsen",
                "at": "2026-03-01T08:00:00Z"});
        }
    }
    work.write_json("clip.plan.json", &plan);
    redact(&["approve", "clip.plan.json", "--by", "Ada", "--force"]).expect_status(0);
    redact(&again).expect_status(0);
    redact(&verify).expect_status(0);
}

/// Goal: a policy that asks for a second look gets one, or no release.
#[test]
fn a_second_look_without_eyes_is_refused() {
    let work = Work::new();
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    work.approve_findings();
    work.redact(&[&RENDER[..], &["--second-look"]].concat())
        .expect_status(0);
    let look = &work.json("clip.redacted.manifest.json")["checks"]["second_look"];
    assert_eq!(
        look["models"],
        json!([]),
        "all classes were accepted as unexamined"
    );
    work.redact(&["verify", "clip.redacted.mp4", "--second-look"])
        .expect_refusal(&["no detector"]);
}
