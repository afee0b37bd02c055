//! What is known of a request reaches the manifests, and revisions chain.

use std::fs;

use crate::tamper::{MANIFEST, RELEASE, released};

const REQUEST: &str = r#"
format_version = 1
[terms]
agency = "Example Police Department"
classification = "public"
[request]
requester = "Requester Ray"
request_number = "R-77"
requested_on = "2026-02-03"
due_on = "2026-02-24"
authorised_by = "Chief Chan"
device_serial = "SN-456"
pre_event_seconds = 30
related_recordings = ["another clip"]
"#;

const RENDER: [&str; 4] = ["render", "clip.mp4", "clip.plan.json", "--force"];

/// Goal: every field that an agency gives is in the manifest that it belongs to, and in no other.
#[test]
fn a_request_file_fills_the_manifests() {
    let work = released();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    let options = [
        "--request-file",
        "request.toml",
        "--requester",
        "Somebody Else",
    ];
    work.redact(&[&RENDER[..], &options].concat())
        .expect_status(0);
    let public = work.json(MANIFEST);
    assert_eq!(public["terms"]["agency"], "Example Police Department");
    assert_eq!(
        public["terms"]["jurisdiction"],
        "US federal and state, generic"
    );
    assert_eq!(public["terms"]["profile"], "public-release");
    let sealed = work.json("clip.redacted.sealed.json");
    let request = &sealed["body"]["request"];
    assert_eq!(request["requester"], "Somebody Else");
    assert_eq!(request["request_number"], "R-77");
    assert_eq!(request["pre_event_seconds"], 30);
    assert_eq!(request["related_recordings"][0], "another clip");
    for word in [
        "R-77",
        "Somebody",
        "Chief",
        "SN-456",
        "2026-02",
        "another clip",
    ] {
        assert!(!public.to_string().contains(word), "{word} goes out");
    }
    let mute = &public["mutes"][0];
    assert_eq!(mute["measured"][0]["track"], 0);
    assert!(mute["measured"][0]["loudest_dbfs"].as_f64().unwrap() < -80.0);
    let seconds = public["checks"]["change_by_second"].as_array().unwrap();
    assert_eq!(seconds.len(), 2);
    assert!(
        seconds
            .iter()
            .all(|second| second["worst_db"].as_f64().unwrap() > 24.0)
    );
}

/// Goal: what the requester may know is in the public manifest and the log, and checks accept it.
/// Controls: the number of a request that is sealed stays sealed (see above); a time zone without
/// an offset is refused.
#[test]
fn the_requester_reads_number_recording_and_local_time() {
    let work = released();
    let terms = "[terms]\nrequest_number = \"R-77\"\nrecording = \"unit 12.mp4\"\n\
                 time_zone = \"America/Chicago\"\nutc_offset = \"-06:00\"";
    let file = REQUEST.replacen("[terms]", terms, 1);
    fs::write(work.path("request.toml"), &file).unwrap();
    let render = [&RENDER[..], &["--request-file", "request.toml"]].concat();
    work.redact(&render).expect_status(0);
    let public = work.json(MANIFEST);
    assert_eq!(public["terms"]["request_number"], "R-77");
    assert_eq!(public["terms"]["recording"], "unit 12.mp4");
    let log = fs::read_to_string(work.path("clip.redacted.log.html")).unwrap();
    for wanted in ["R-77", "unit 12.mp4", "America/Chicago, UTC-06:00"] {
        assert!(log.contains(wanted), "{wanted}");
    }
    work.redact(&["verify", RELEASE]).expect_status(0);
    let wrong = file.replacen("utc_offset", "# utc_offset", 1);
    fs::write(work.path("request.toml"), wrong).unwrap();
    work.redact(&render)
        .expect_refusal(&["request.toml", "terms.utc_offset"]);
}

#[test]
fn a_request_file_that_is_not_one_is_refused() {
    let work = released();
    for (from, to, words) in [
        ("requester", "requestor", "requestor"),
        ("= 30", "= -1", "pre_event_seconds"),
        ("R-77", "", "request.request_number"),
        ("format_version = 1", "format_version = 9", "newer"),
    ] {
        fs::write(work.path("bad.toml"), REQUEST.replacen(from, to, 1)).unwrap();
        work.redact(&[&RENDER[..], &["--request-file", "bad.toml"]].concat())
            .expect_refusal(&["bad.toml", words]);
    }
}

/// Goal: a revision names the release that it replaces, and a stranger can walk the chain.
#[test]
fn revisions_chain() {
    let work = released();
    for (older, newer) in [("one", "two"), ("two", "three")] {
        for end in ["json", "json.minisig"] {
            let from = work.path(&format!("clip.redacted.manifest.{end}"));
            fs::copy(from, work.path(&format!("{older}.{end}"))).unwrap();
        }
        let older = format!("{older}.json");
        work.redact(&[&RENDER[..], &["--supersedes", &older]].concat())
            .expect_status(0);
        let named = &work.json(MANIFEST)["supersedes"]["manifest_id"];
        assert_eq!(*named, work.json(&older)["manifest_id"], "{newer}");
    }
    let verify = |previous: &[&str]| {
        let mut args = vec!["verify", RELEASE, "--no-media"];
        for name in previous {
            args.extend(["--previous", name]);
        }
        work.redact(&args)
    };
    verify(&["two.json", "one.json"]).expect_status(0);
    for wrong in [&["one.json"][..], &["two.json", "two.json"]] {
        let said = verify(wrong).expect_status(1).stdout();
        assert!(said.contains("WRONG previous manifest"), "{said}");
    }

    // A manifest of another recording is not what this one replaces.
    work.ffmpeg("-f lavfi -i testsrc=size=64x64:rate=25:duration=1 -c:v libx264 o.mp4");
    let policy = crate::work::policy("public-release.toml");
    let mut run = vec![
        "run",
        "o.mp4",
        "--policy",
        &policy,
        "--supersedes",
        "one.json",
    ];
    for class in ["face", "plate", "screen"] {
        run.extend(["--accept-missing", class]);
    }
    work.redact(&run).expect_refusal(&["the replaced manifest"]);
    assert!(!work.path("o.redacted.mp4").exists());
}
