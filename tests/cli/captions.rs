//! Captions and transcripts: what is muted is in none of them, whoever signs.

use std::fs;
use std::process::Command;

use redact_record::captions::{Captions, parse, transcript_text};
use redact_record::digest_bytes;
use serde_json::{Value, json};

use crate::package::{REQUEST, failed, package_with, release};
use crate::work::{Work, policy};

const CAPTIONS: &str = "clip.redacted.vtt";
const RELEASE: &str = "clip.redacted.mp4";
const RENDER: [&str; 3] = ["render", "clip.mp4", "clip.plan.json"];

/// A folder with a clip whose findings have a transcript, as a scan with a recognizer writes them.
fn transcribed(work: &Work) {
    work.clip("clip.mp4");
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    findings["speech"] = json!([]);
    findings["transcript"] = json!({
        "language": "en",
        "voices": [{
            "sound_tracks": [0],
            "words": [
                [0.1, 0.3, 0.9, "Hello,"], [0.3, 0.5, 0.9, "Zacharias"], [0.5, 0.7, 0.9, "Quimby."],
                [0.8, 1.0, 0.9, "Sit"], [1.0, 1.25, 0.9, "quietly,"], [1.4, 1.6, 0.9, "please."],
            ],
            "unclear": [[1.6, 1.95, "doubtful"]],
            "personal": [["person-name", 1, 2, 0.25, 0.75]],
        }],
    });
    work.write_json("clip.findings.json", &findings);
}

/// The same with a plan that mutes the name, approved by Ada.
fn approved() -> Work {
    let work = Work::new();
    transcribed(&work);
    let mut plan = work.approve_findings();
    plan["mutes"] = json!([{
        "id": "name", "start_seconds": 0.32, "end_seconds": 0.68, "sound_tracks": "all",
        "style": "silence", "reason": "privacy-speech",
    }]);
    work.approve_edited(&plan);
    work
}

fn released() -> Work {
    let work = approved();
    work.redact(&RENDER).expect_status(0);
    work
}

fn captions(work: &Work, name: &str) -> Captions {
    parse(&fs::read(work.path(name)).unwrap()).unwrap()
}

/// Everything that is said, without times.
fn said(work: &Work, name: &str) -> String {
    let text = transcript_text(&captions(work, name));
    let body = text.split_once("not named.\n").unwrap().1;
    body.trim().to_owned()
}

/// Goal: a reviewed release has captions of all that is heard and no muted word; every checker
/// passes them, and a stock reader shows them.
#[test]
fn a_reviewed_release_has_captions_that_follow_the_mutes() {
    let work = released();
    let expected = "00:00:00  Hello, [redacted] Sit quietly, please. [inaudible]";
    // The name begins within the mute, and the greeting ends before it.
    assert_eq!(said(&work, CAPTIONS), expected);
    let manifest = work.json("clip.redacted.manifest.json");
    let bytes = fs::read(work.path(CAPTIONS)).unwrap();
    assert_eq!(
        manifest["captions"]["sha256"],
        digest_bytes(&bytes).to_string()
    );
    assert_eq!(manifest["captions"]["language"], "en");
    assert_eq!(manifest["speech"]["mute"], "speech");
    assert_eq!(manifest["speech"]["unclear_seconds"], 0.35);
    let verified = work.redact(&["verify", RELEASE]).expect_status(0).stdout();
    for line in [
        "ok    captions, SHA-256: ",
        "ok    captions, no word is muted: 4 words, each with its times; 1 mutes",
    ] {
        assert!(verified.contains(line), "{line}: {verified}");
    }
    let shown = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(work.path(CAPTIONS))
        .args(["-f", "srt", "-"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("Hello,") && shown.contains("[redacted]"),
        "{shown}"
    );
    // No public record, log or event has a word.
    for name in work.files() {
        let is_public = name.contains(".redacted.") && name != CAPTIONS && name != RELEASE;
        let text = fs::read(work.path(&name)).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!is_public || !text.contains("quietly"), "{name}");
    }
    let events = work.redact(&["events", "show", "--json"]).expect_status(0);
    assert!(!events.stdout().contains("quietly"));
}

/// Goal: captions that reveal what is muted are found, even if the manifest names exactly them and
/// is signed with the agency's key. Control: the same manifest, signed again, without that edit.
#[test]
fn captions_that_reveal_a_muted_word_are_found_whoever_signs() {
    let work = released();
    let good = fs::read_to_string(work.path(CAPTIONS)).unwrap();
    let told = good.replace(
        "> [redacted] <",
        "> <00:00:00.400>Zacharias<00:00:00.500> <",
    );
    assert_ne!(told, good);
    let sign = |text: &str| {
        fs::write(work.path(CAPTIONS), text).unwrap();
        work.forge(RELEASE, |manifest| {
            manifest["captions"]["sha256"] = digest_bytes(text.as_bytes()).to_string().into();
            manifest["captions"]["bytes"] = text.len().into();
        });
    };
    let wrong = |name: &str| {
        let found = failed(&work, RELEASE);
        let lines: Vec<&String> = found
            .iter()
            .filter(|line| !line.starts_with("sealed"))
            .collect();
        assert_eq!(lines.len(), 1, "{found:#?}");
        assert!(lines[0].starts_with(name), "{found:#?}");
        assert!(!lines[0].contains("Zacharias"), "{found:#?}");
        let text = work
            .redact(&["verify", RELEASE, "--no-media"])
            .expect_status(1);
        assert!(text.stdout().contains("WRONG"));
    };
    fs::write(work.path(CAPTIONS), &told).unwrap();
    let both = failed(&work, RELEASE);
    assert_eq!(both.len(), 2, "{both:#?}");
    sign(&told);
    wrong("captions, no word is muted: the captions cannot be used: a word from 00:00:00.400");
    sign(&good);
    let left = failed(&work, RELEASE);
    assert!(
        left.iter().all(|line| line.starts_with("sealed")),
        "{left:#?}"
    );
    // A comment could tell it, too.
    sign(&good.replace("\n\n00:", "\n\nNOTE Zacharias Quimby\n\n00:"));
    wrong("captions, no word is muted: the captions cannot be used: line 10");
}

/// Goal: missing captions are listed as not checked; a file that the manifest does not name, and
/// captions of another release, are wrong.
#[test]
fn captions_are_found_beside_their_release() {
    let work = released();
    let good = fs::read(work.path(CAPTIONS)).unwrap();
    // A transcript that was exported goes with the captions that it was made of.
    work.redact(&["transcript", "export", RELEASE])
        .expect_status(0);
    assert!(
        work.files()
            .contains(&"clip.redacted.transcript.txt".to_owned())
    );
    fs::remove_file(work.path(CAPTIONS)).unwrap();
    let text = work.redact(&["verify", RELEASE, "--no-media"]);
    let text = text.expect_status(0).stdout();
    assert!(
        text.contains("-     captions, no word is muted: not checked"),
        "{text}"
    );
    let args = [&RENDER[..], &["--no-captions", "--force"]].concat();
    work.redact(&args).expect_status(0);
    assert!(
        !work
            .files()
            .contains(&"clip.redacted.transcript.txt".to_owned())
    );
    assert!(!work.path(CAPTIONS).exists());
    assert_eq!(
        work.json("clip.redacted.manifest.json")["captions"],
        Value::Null
    );
    assert_eq!(failed(&work, RELEASE), [""; 0]);
    fs::write(work.path(CAPTIONS), good).unwrap();
    let found = failed(&work, RELEASE);
    assert!(found[0].contains("names no captions"), "{found:#?}");
    // Captions of a release that is replaced by one without any go, too.
    work.redact(&[&RENDER[..], &["--force"]].concat())
        .expect_status(0);
    assert!(work.path(CAPTIONS).exists());
    work.redact(&args).expect_status(0);
    assert!(!work.path(CAPTIONS).exists());
}

/// Goal: a policy that decides alone writes no captions unless it is told to, and captions without
/// a transcript are refused.
#[test]
fn captions_need_a_transcript_and_a_review() {
    let work = Work::new();
    transcribed(&work);
    let policy = policy("public-release.toml");
    let mut args = vec!["approve", "clip.findings.json", "--policy", &policy];
    args.extend(["--by", "policy public-release"]);
    for class in ["face", "plate", "screen"] {
        args.extend(["--accept-missing", class]);
    }
    work.redact(&args).expect_status(0);
    work.redact(&RENDER).expect_status(0);
    assert!(!work.path(CAPTIONS).exists());
    work.redact(&[&RENDER[..], &["--captions", "--force"]].concat())
        .expect_status(0);
    assert!(work.path(CAPTIONS).exists());

    let silent = Work::new();
    silent.clip("clip.mp4");
    silent.redact(&["scan", "clip.mp4"]).expect_status(0);
    silent.approve_findings();
    let refused = silent.redact(&[&RENDER[..], &["--captions"]].concat());
    let refused = refused.expect_refusal(&["clip.plan.json", "no transcript"]);
    assert!(refused.stderr().contains("hint:"), "{}", refused.stderr());
    assert!(!silent.path(RELEASE).exists());
    silent.redact(&RENDER).expect_status(0);
    assert_eq!(failed(&silent, RELEASE), [""; 0]);
}

/// Goal: captions of an excerpt have its words at its times, and none from outside.
#[test]
fn captions_of_an_excerpt_have_its_words_alone() {
    let work = approved();
    let spans = ["--from", "0.6", "--to", "1.3", "-o", "part.mp4"];
    work.redact(&[&RENDER[..], &spans].concat())
        .expect_status(0);
    assert_eq!(said(&work, "part.vtt"), "00:00:00  [redacted] Sit quietly,");
    let first = format!("{:?}", captions(&work, "part.vtt").cues[0].pieces[1]);
    assert!(
        first.contains("\"Sit\"") && first.contains("200000000"),
        "{first}"
    );
    work.redact(&["verify", "part.mp4"]).expect_status(0);
}

/// Goal: a transcript is made from captions that fit their manifest, and from no others; it has the
/// same words in each form.
#[test]
fn transcripts_are_exported_from_verified_captions() {
    let work = released();
    let export =
        |from: &str, format: &str| work.redact(&["transcript", "export", from, "--format", format]);
    export(RELEASE, "txt").expect_status(0);
    let text = fs::read_to_string(work.path("clip.redacted.transcript.txt")).unwrap();
    assert_eq!(text, transcript_text(&captions(&work, CAPTIONS)));
    export(CAPTIONS, "docx").expect_status(0);
    let docx = fs::read(work.path("clip.redacted.transcript.docx")).unwrap();
    let docx = String::from_utf8_lossy(&docx).into_owned();
    assert!(docx.contains("Hello, [redacted] Sit quietly, please. [inaudible]</w:t>"));
    assert!(!docx.contains("Zacharias"));
    export(RELEASE, "pdf").expect_status(0);
    let pdf = fs::read(work.path("clip.redacted.transcript.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    export(RELEASE, "pdf").expect_refusal(&["exists already"]);

    let good = fs::read_to_string(work.path(CAPTIONS)).unwrap();
    fs::write(work.path(CAPTIONS), good.replace("Sit", "Set")).unwrap();
    let words = ["transcript", "export", RELEASE, "-o", "other.txt"];
    work.redact(&words)
        .expect_refusal(&[CAPTIONS, "SHA-256 of the captions"]);
    fs::write(work.path(CAPTIONS), good).unwrap();
    let args = [&RENDER[..], &["--no-captions", "--force"]].concat();
    work.redact(&args).expect_status(0);
    work.redact(&words).expect_refusal(&["no captions"]);
    assert!(!work.path("other.txt").exists());
}

/// Goal: a package carries captions and the transcript that follows from them, and each edit of
/// either is found. Control: the untouched package.
#[test]
fn packages_carry_captions_and_transcript() {
    let work = approved();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    work.redact(&[&RENDER[..], &["--request-file", "request.toml"]].concat())
        .expect_status(0);
    work.clip("plain.mp4");
    release(&work, "plain.mp4", "request.toml", &[]);
    let releases = [RELEASE, "plain.redacted.mp4"];
    for form in ["case", "case.zip"] {
        package_with(&work, "public", form, &releases).expect_status(0);
        let text = work.redact(&["verify", form]).expect_status(0).stdout();
        for line in [
            "ok    exhibit 1: captions, no word is muted: ",
            "ok    exhibit 1: transcript, as in the captions: ",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("exhibit 2: captions"), "{text}");
    }
    let carried = |ending: &str| work.path(&format!("case/exhibits/exhibit-01.{ending}"));
    let captions = fs::read(carried("vtt")).unwrap();
    assert_eq!(captions, fs::read(work.path(CAPTIONS)).unwrap());
    let text = fs::read_to_string(carried("txt")).unwrap();
    assert_eq!(text, transcript_text(&parse(&captions).unwrap()));
    let index = fs::read_to_string(work.path("case/index.html")).unwrap();
    assert!(index.contains("exhibits/exhibit-01.vtt") && index.contains("Transcript"));
    fs::write(carried("txt"), text.replace("[redacted]", "Zacharias")).unwrap();
    let found = failed(&work, "case");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("package, changed file: exhibits/exhibit-01.txt"));
    assert!(
        found[1].starts_with("exhibit 1: transcript, as in the captions: "),
        "{found:#?}"
    );

    // Without its captions, a release does not go out.
    fs::remove_file(work.path(CAPTIONS)).unwrap();
    package_with(&work, "public", "other", &releases).expect_refusal(&[CAPTIONS]);
}

/// Goal: each part of a large release has the words that are heard in it, on its own clock, and all
/// parts together have those of the whole. Control: the muted word is in none.
#[test]
fn parts_of_a_release_have_captions_of_their_own() {
    let work = Work::new();
    fs::write(work.path("request.toml"), REQUEST).unwrap();
    work.ffmpeg(
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=6 \
         -f lavfi -i sine=frequency=440:duration=6 -vf noise=alls=40:allf=t -c:v libx264 \
         -preset ultrafast -g 25 -b:v 4M -maxrate 4M -bufsize 2M -c:a aac clip.mp4",
    );
    work.redact(&["scan", "clip.mp4"]).expect_status(0);
    let mut findings = work.json("clip.findings.json");
    findings["speech"] = json!([]);
    let seconds = |millis: u32| f64::from(millis) / 1000.0;
    let word = |number: u32| {
        let start = 100 + number * 450;
        let text = match number {
            3 => "Zacharias".to_owned(),
            other => format!("w{other}"),
        };
        json!([seconds(start), seconds(start + 300), 0.9, text])
    };
    findings["transcript"] = json!({
        "language": "en",
        "voices": [{
            "sound_tracks": [0], "words": (0..13).map(word).collect::<Vec<_>>(),
            "unclear": [], "personal": [],
        }],
    });
    work.write_json("clip.findings.json", &findings);
    let mut plan = work.approve_findings();
    plan["mutes"] = json!([{
        "id": "name", "start_seconds": 1.42, "end_seconds": 1.78, "sound_tracks": "all",
        "style": "silence", "reason": "privacy-speech",
    }]);
    work.approve_edited(&plan);
    work.redact(&[&RENDER[..], &["--request-file", "request.toml"]].concat())
        .expect_status(0);
    let profile = crate::work::repository().join("transmittals/court-500mb.toml");
    let small = fs::read_to_string(profile).unwrap();
    let small = small.replace("500_000_000", "3_000_000");
    fs::write(work.path("small-parts.toml"), small).unwrap();
    package_with(&work, "./small-parts.toml", "case", &[RELEASE]).expect_status(0);
    work.redact(&["verify", "case"]).expect_status(0);
    let manifest = work.json("case/package.json");
    let count = manifest["exhibits"][0]["parts"].as_array().unwrap().len();
    assert!(count >= 2, "{manifest:#}");
    let mut words = Vec::new();
    for part in 1..=count {
        let stem = format!("case/exhibits/exhibit-01-part-{part}-of-{count}");
        let text = said(&work, &format!("{stem}.vtt"));
        assert!(text.starts_with("00:00:00  "), "{text}");
        words.extend(text.split_whitespace().map(str::to_owned));
        assert!(work.path(&format!("{stem}.txt")).exists());
    }
    words.retain(|word| !word.contains(':'));
    let expected = said(&work, CAPTIONS);
    let expected: Vec<&str> = expected.split_whitespace().skip(1).collect();
    assert_eq!(words, expected);
    assert!(expected.contains(&"[redacted]") && !expected.contains(&"Zacharias"));
}
