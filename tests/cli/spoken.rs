//! Speech: what is transcribed, what a policy mutes of it, and what becomes known of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::shared::{shared, skip_without};
use crate::work::{Work, models, policy, repository};

/// The model folder, if the model that recognizes words is in it.
fn speech_models() -> Option<std::path::PathBuf> {
    let models = models()?;
    if models.join("whisper-base.bin").is_file() {
        return Some(models);
    }
    skip_without("the model that recognizes words (scripts/setup --speech)");
    None
}

/// A clip of a narrator, in `work` under the name `clip.mp4`.
fn narrated(work: &Work) -> Option<std::path::PathBuf> {
    let clip = shared("footage/nasa_13013.mp4")?;
    let models = speech_models()?;
    fs::copy(clip, work.path("clip.mp4")).unwrap();
    Some(models)
}

/// All words of the transcript in findings.
fn words(findings: &Value) -> Vec<String> {
    let voices = findings["transcript"]["voices"].as_array().unwrap().iter();
    let rows = voices.flat_map(|voice| voice["words"].as_array().unwrap());
    rows.map(|row| row[3].as_str().unwrap().to_owned())
        .collect()
}

/// Goal: a scan transcribes; a policy that mutes personal data mutes the name and leaves the rest;
/// the release verifies, and no word reaches a public record, the sealed manifest or the event log.
#[test]
fn a_name_is_found_muted_and_left_out_of_the_captions() {
    let work = Work::new();
    let Some(models) = narrated(&work) else {
        return;
    };
    work.redact_with_models(&models, &["scan", "clip.mp4", "--profile", "fast"])
        .expect_status(0);
    let findings = work.json("clip.findings.json");
    let said = words(&findings);
    assert!(said.contains(&"telescope".to_owned()), "{said:?}");
    assert!(
        said.iter().any(|word| word.starts_with("Goddard")),
        "{said:?}"
    );
    let reviewed = policy("public-reviewed.toml");
    work.redact(&[
        "approve",
        "clip.findings.json",
        "--policy",
        &reviewed,
        "--by",
        "Ada",
    ])
    .expect_status(0);
    work.redact(&["render", "clip.mp4", "clip.plan.json"])
        .expect_status(0);
    let captions = fs::read_to_string(work.path("clip.redacted.vtt")).unwrap();
    assert!(
        captions.contains("telescope") && captions.contains("[redacted]"),
        "{captions}"
    );
    assert!(!captions.contains("Goddard"), "{captions}");
    let verified = work.redact(&["verify", "clip.redacted.mp4", "--source", "clip.mp4"]);
    assert!(
        verified
            .expect_status(0)
            .stdout()
            .contains("captions, no word is muted")
    );
    let manifest = work.json("clip.redacted.manifest.json");
    assert_eq!(manifest["speech"]["mute"], "personal");
    let silent = ["manifest.json", "sealed.json", "log.html", "log.csv"];
    for record in silent.map(|ending| format!("clip.redacted.{ending}")) {
        assert_says_nothing(&work.path(&record));
    }
    assert_says_nothing(&work.path("keys/events.jsonl"));
}

/// No word of the narrator is in the file.
#[track_caller]
fn assert_says_nothing(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    for word in ["telescope", "Goddard", "Greenbelt"] {
        assert!(!text.contains(word), "{word} is in {}", file.display());
    }
}

/// Goal: findings of a scan without a transcript get the same one later. Control: once more needs
/// `--force`, and another recording is refused.
#[test]
fn a_transcript_is_made_later_as_by_the_scan() {
    let work = Work::new();
    let Some(models) = narrated(&work) else {
        return;
    };
    let scan = |output: &str, more: &[&str]| {
        let words = ["scan", "clip.mp4", "-o", output, "--profile", "fast"];
        let all = [&words[..], more].concat();
        work.redact_with_models(&models, &all).expect_status(0);
    };
    scan("with.json", &[]);
    scan("clip.findings.json", &["--no-transcript"]);
    assert_eq!(work.json("clip.findings.json").get("transcript"), None);
    let make = ["transcript", "make", "clip.findings.json"];
    work.redact_with_models(&models, &make).expect_status(0);
    let (made, scanned) = (work.json("clip.findings.json"), work.json("with.json"));
    assert_eq!(made["transcript"], scanned["transcript"]);
    assert_eq!(made["tracks"], scanned["tracks"]);
    work.redact_with_models(&models, &make)
        .expect_refusal(&["already has a transcript", "--force"]);
    work.clip("other.mp4");
    let other = [&make[..], &["--clip", "other.mp4", "--force"]].concat();
    work.redact_with_models(&models, &other)
        .expect_refusal(&["other.mp4", "SHA-256 of the recording"]);
}

/// Findings of a generated clip in which somebody speaks and nobody knows what.
fn untranscribed(work: &Work) {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    findings["speech"] = json!([{"start_seconds": 0.5, "end_seconds": 0.75}]);
    work.write_json("clip.findings.json", &findings);
}

/// Goal: without the model, a policy that needs to know what is said is refused with what to do,
/// and mutes all speech if a person accepts that.
#[test]
fn personal_data_needs_a_transcript_or_all_speech_is_muted() {
    let work = Work::new();
    untranscribed(&work);
    let reviewed = policy("public-reviewed.toml");
    let approve = [
        "approve",
        "clip.findings.json",
        "--policy",
        &reviewed,
        "--by",
        "Ada",
        "--accept-missing",
        "face",
        "--accept-missing",
        "plate",
        "--accept-missing",
        "screen",
    ];
    let refused = work.redact(&approve);
    let refused =
        refused.expect_refusal(&["\"public-reviewed\" mutes personal data", "no transcript"]);
    for hint in [
        "redact transcript make",
        "scripts/setup --speech",
        "--accept-untranscribed",
    ] {
        assert!(refused.stderr().contains(hint), "{hint}");
    }
    let accepted = [&approve[..], &["--accept-untranscribed"]].concat();
    work.redact(&accepted).expect_status(0);
    let mutes = work.json("clip.plan.json")["mutes"].clone();
    assert_eq!(mutes[0]["start_seconds"], json!(0.25), "{mutes}");
    assert_eq!(mutes[0]["end_seconds"], json!(1), "{mutes}");
    let make = work.redact(&["transcript", "make", "clip.findings.json"]);
    let make = make.expect_refusal(&["no model that recognizes words"]);
    assert!(
        make.stderr().contains("scripts/setup --speech"),
        "{}",
        make.stderr()
    );
}

/// Goal: a truth file that is not one is refused with its fault, and figures come from the program.
#[test]
fn transcripts_are_scored() {
    let work = Work::new();
    untranscribed(&work);
    let truth = json!({
        "words": [{"text": "Hello", "start": 0.5, "end": 0.6}, {"text": "Jane", "start": 0.6, "end": 0.75}],
        "items": [{"class": "person-name", "start": 0.6, "end": 0.75}],
        "clear": [{"start": 0.5, "end": 0.6}],
    });
    work.write_json("said.json", &truth);
    let score = [
        "score",
        "--speech",
        "clip.findings.json",
        "said.json",
        "--json",
    ];
    work.redact(&score)
        .expect_refusal(&["the findings have no transcript"]);
    let mut findings = work.json("clip.findings.json");
    findings["transcript"] = json!({"language": "en", "voices": [{
        "sound_tracks": [0],
        "words": [[0.5, 0.6, 0.9, "Hello"], [0.6, 0.75, 0.9, "Jane."]],
        "unclear": [],
        "personal": [["person-name", 1, 1, 0.6, 0.75]],
    }]});
    work.write_json("clip.findings.json", &findings);
    let figures = work.redact(&score).expect_status(0).json();
    assert_eq!([&figures["items"], &figures["muted"]], [1, 1]);
    assert_eq!(figures["word_errors"], 0);
    // The mutes of a policy that mutes nothing.
    let court = policy("court.toml");
    let none = [&score[..], &["--policy", &court]].concat();
    assert_eq!(work.redact(&none).expect_status(0).json()["muted"], 0);
    let mut wrong = truth;
    wrong["items"][0]["class"] = json!("shoe-size");
    work.write_json("said.json", &wrong);
    work.redact(&score)
        .expect_refusal(&["said.json", "shoe-size"]);
}

/// Goal: the README names the policy that mutes personal data, and it is there.
#[test]
fn the_reviewed_policy_comes_along() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.contains("policies/public-reviewed.toml"));
    assert!(Path::new(&policy("public-reviewed.toml")).is_file());
}
