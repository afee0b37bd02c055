//! What was said: who may read it, what is muted of it at first, what a reviewer corrects and
//! decides.

use axum::http::StatusCode;
use redact_core::{
    PersonalClass, PersonalItem, TimeSpan, Transcript, Unclear, UnclearCause, Voice, Word,
};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::fake_jobs::FakeJobs;
use crate::office::{Office, office, office_where};

fn span(start_millis: i64, end_millis: i64) -> TimeSpan {
    TimeSpan::new(start_millis * 1_000_000, end_millis * 1_000_000).unwrap()
}

/// "I am Jordan, call", of which the last word was hardly understood.
fn said() -> Transcript {
    let word = |text: &str, at: i64| Word {
        text: text.to_owned(),
        span: span(at, at + 100),
        probability: 0.75,
    };
    Transcript {
        language: "en".to_owned(),
        voices: vec![Voice {
            sound_tracks: vec![0],
            words: vec![
                word("I", 100),
                word("am", 200),
                word("Jordan,", 300),
                word("call", 400),
            ],
            unclear: vec![Unclear {
                span: span(400, 500),
                cause: UnclearCause::Doubtful,
            }],
            personal: vec![
                PersonalItem {
                    class: PersonalClass::PersonName,
                    words: 2..3,
                    span: span(300, 400),
                },
                PersonalItem {
                    class: PersonalClass::PhoneNumber,
                    words: 3..4,
                    span: span(400, 500),
                },
            ],
        }],
    }
}

fn transcribed(jobs: &FakeJobs) {
    *jobs.transcript.lock().unwrap() = Some(said());
}

/// A review by the policy that mutes names, with nothing decided about tracks.
async fn personal_review(office: &Office) -> Value {
    let bench = &office.bench;
    let policies = bench.get(&office.operator, "/api/policies").await.ok();
    let mut policies = policies.as_array().unwrap().iter();
    let policy = policies.find(|p| p["name"] == "without-names").unwrap();
    let path = format!("/api/recordings/{}/reviews", office.recording);
    let body = json!({ "policy": policy["digest"], "title": "Names" });
    bench.post(&office.operator, &path, body).await.ok()
}

fn id(review: &Value) -> &str {
    review["id"].as_str().unwrap()
}

/// The document with all tracks hidden.
async fn decided(office: &Office, review: &str) -> (i64, Value) {
    office.bench.decided(&office.operator, review).await
}

async fn problems(office: &Office, review: &str) -> Vec<String> {
    let path = format!("/api/reviews/{review}/summary");
    let summary = office.bench.get(&office.operator, &path).await.ok();
    let codes = summary["problems"].as_array().unwrap().iter();
    codes
        .map(|problem| problem["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Goal: who reviews reads what was said, and nobody else does; without a transcript there is none.
#[tokio::test]
async fn reviewers_read_what_was_said_and_nobody_else_does() {
    let office = office_where(transcribed).await;
    let bench = &office.bench;
    let path = format!("/api/reviews/{}/transcript", office.review);
    let read = bench.get(&office.operator, &path).await.ok();
    assert_eq!(read["language"], "en");
    let voice = &read["voices"][0];
    assert_eq!(voice["sound_tracks"], json!([0]));
    assert_eq!(voice["words"][2], json!([0.3, 0.4, 0.75, "Jordan,"]));
    assert_eq!(
        voice["unclear"],
        json!([{ "start_seconds": 0.4, "end_seconds": 0.5, "cause": "doubtful" }])
    );
    assert_eq!(
        voice["personal"][0],
        json!({ "class": "person-name", "first": 2, "count": 1,
            "start_seconds": 0.3, "end_seconds": 0.4 })
    );
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    for person in [&auditor, &office.admin] {
        let refused = bench.get(person, &path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.code(), "forbidden");
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("Jordan"));
    }
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(!log.contains("Jordan"));
}

#[tokio::test]
async fn a_recording_that_was_not_transcribed_has_no_transcript() {
    let office = office().await;
    let path = format!("/api/reviews/{}/transcript", office.review);
    let read = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(read, Value::Null);
    let (base, mut document) = decided(&office, &office.review).await;
    document["words"] = json!([{ "voice": 0, "word": 0, "text": "no" }]);
    let bench = &office.bench;
    let wrong = bench.save(&office.operator, &office.review, base, &document);
    assert_eq!(wrong.await.status, StatusCode::BAD_REQUEST);
}

/// Goal: a review by a policy for personal data begins with its mutes, each with its reason; the
/// page learns which classes are muted and why.
#[tokio::test]
async fn a_review_begins_with_what_the_policy_mutes() {
    let office = office_where(transcribed).await;
    let review = personal_review(&office).await;
    assert_eq!(review["policy"]["audio"]["mute"], "personal");
    assert_eq!(
        review["policy"]["audio"]["personal"],
        json!([{ "class": "person-name", "reason": "name" }])
    );
    let mutes = review["document"]["mutes"].as_array().unwrap().iter();
    let mutes: Vec<_> = mutes
        .map(|m| {
            (
                m["start_seconds"].clone(),
                m["end_seconds"].clone(),
                m["reason"].clone(),
            )
        })
        .collect();
    let wanted = [(0.3, 0.4, "name"), (0.4, 0.5, "privacy")];
    assert_eq!(
        mutes,
        wanted.map(|(a, b, why)| (json!(a), json!(b), json!(why)))
    );
    assert_eq!(
        review["policy_mutes"],
        json!([
            { "start_nanos": 300_000_000, "end_nanos": 400_000_000, "reason": "name" },
            { "start_nanos": 400_000_000, "end_nanos": 500_000_000, "reason": "privacy" },
        ])
    );
    // The control: by a policy that mutes all speech there is one mute, and no class.
    let path = format!("/api/reviews/{}", office.review);
    let first = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(first["policy"]["audio"]["mute"], "speech");
    assert_eq!(first["policy"]["audio"]["personal"], json!([]));
    assert_eq!(first["document"]["mutes"].as_array().unwrap().len(), 1);
    assert_eq!(first["document"]["mutes"][0]["start_seconds"], 0.1);
}

/// Goal: a proposal stays audible for a reason alone; what was not understood does, too.
#[tokio::test]
async fn rejecting_a_proposal_needs_a_reason() {
    let office = office_where(transcribed).await;
    let (bench, review) = (&office.bench, personal_review(&office).await);
    let review = id(&review);
    let (base, mut document) = decided(&office, review).await;
    let keep_unclear = document["mutes"][1].clone();
    document["mutes"] = json!([keep_unclear]);
    document["checked_items"] = json!([
        { "voice": 0, "kind": "personal", "item": 0, "muted": false, "by": "Somebody Else" },
    ]);
    let saved = bench.save(&office.operator, review, base, &document).await;
    let base = saved.ok()["revision"].as_i64().unwrap();
    assert_eq!(problems(&office, review).await, ["undecided_speech"]);
    let kept = |reason: Option<&str>| {
        let mut kept = json!({ "start_nanos": 300_000_000, "end_nanos": 400_000_000 });
        if let Some(reason) = reason {
            kept["reason"] = json!(reason);
        }
        json!([kept])
    };
    document["kept_speech"] = kept(None);
    let refused = bench.save(&office.operator, review, base, &document).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    document["kept_speech"] = kept(Some(""));
    let saved = bench.save(&office.operator, review, base, &document).await;
    let base = saved.ok()["revision"].as_i64().unwrap();
    assert_eq!(problems(&office, review).await, ["no_reason"]);
    document["kept_speech"] = kept(Some("nothing-to-withhold"));
    let saved = bench.save(&office.operator, review, base, &document).await;
    let base = saved.ok()["revision"].as_i64().unwrap();
    assert_eq!(problems(&office, review).await, [""; 0]);
    let path = format!("/api/reviews/{review}");
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["document"]["checked_items"][0]["by"], "oli Person");
    let summary = format!("{path}/summary");
    let spoken = bench.get(&office.operator, &summary).await.ok()["spoken"].clone();
    assert_eq!(
        spoken,
        json!({ "proposed": 2, "unclear": 1, "unclear_seconds": 0.1, "unchecked": 2,
            "corrected_words": 0 })
    );
    let approved = bench.approve(&office.approver, review, base).await;
    assert_eq!(approved.ok()["state"], "approved");
}

/// Goal: what a reviewer corrects is in the captions of the plan that is rendered, and is theirs
/// when somebody else saves; two reviews differ in it.
#[tokio::test]
async fn corrected_words_are_in_the_captions() {
    let office = office_where(transcribed).await;
    let (bench, review) = (&office.bench, &office.review);
    let (base, mut document) = decided(&office, review).await;
    document["words"] = json!([
        { "voice": 0, "word": 2, "text": "Jourdain,", "by": "Somebody Else" },
        { "voice": 0, "word": 3, "text": "fall" },
    ]);
    let saved = bench.save(&office.operator, review, base, &document).await;
    let base = saved.ok()["revision"].as_i64().unwrap();
    document["words"][1]["text"] = json!("all");
    let saved = bench.save(&office.approver, review, base, &document).await;
    let revision = saved.ok()["revision"].as_i64().unwrap();
    let path = format!("/api/reviews/{review}");
    let shown = bench.get(&office.operator, &path).await.ok();
    let words = &shown["document"]["words"];
    assert_eq!(
        [&words[0]["by"], &words[1]["by"]],
        ["oli Person", "pat Person"]
    );
    let other = personal_review(&office).await;
    let differences = format!("{path}/differences/{}", id(&other));
    let differences = bench.get(&office.operator, &differences).await.ok();
    assert_eq!(
        differences["words"],
        json!([
            { "start_seconds": 0.3, "here": "Jourdain,", "there": "Jordan," },
            { "start_seconds": 0.4, "here": "all", "there": "[inaudible]" },
        ])
    );
    bench.approve(&office.approver, review, revision).await.ok();
    let release = office.release(review).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    let release = bench.until(&office.operator, &path, ready).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let (plan, _) = redact_record::plan::read(&renders[0].plan).unwrap();
    let captions: Vec<_> = plan.captions.unwrap().into_iter().map(|w| w.text).collect();
    assert_eq!(captions, ["I", "am", "Jourdain,", "all"]);
    assert_eq!(captions_of(&release).len(), 1);
    let file = bench
        .get(&office.operator, &format!("{path}/files/captions"))
        .await;
    assert_eq!(file.headers["content-type"], "text/vtt; charset=utf-8");
    assert_eq!(file.bytes, b"WEBVTT");
}

fn captions_of(release: &Value) -> Vec<String> {
    let files = release["files"].as_array().unwrap().iter();
    let names = files.filter(|file| file["kind"] == "captions");
    names.map(|file| file["name"].to_string()).collect()
}

/// The control: a release of what was not transcribed has no captions.
#[tokio::test]
async fn without_a_transcript_there_are_no_captions() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let revision = office.decide(review).await;
    bench.approve(&office.approver, review, revision).await.ok();
    let release = office.release(review).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    let release = bench.until(&office.operator, &path, ready).await;
    assert_eq!(captions_of(&release), [""; 0]);
    let missing = bench
        .get(&office.operator, &format!("{path}/files/captions"))
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

/// Goal: corrections and checks that refer to nothing, or that captions cannot have, are refused
/// when they are saved.
#[tokio::test]
async fn what_refers_to_no_word_is_refused() {
    let office = office_where(transcribed).await;
    let (bench, review) = (&office.bench, &office.review);
    let (base, document) = decided(&office, review).await;
    let word = |word: usize, text: &str| json!({ "voice": 0, "word": word, "text": text });
    let item =
        |kind: &str, item: usize| json!({ "voice": 0, "kind": kind, "item": item, "muted": true });
    for (key, wrong) in [
        ("words", json!([word(4, "more")])),
        ("words", json!([{ "voice": 1, "word": 0, "text": "other" }])),
        ("words", json!([word(0, "")])),
        ("words", json!([word(0, " spaced")])),
        ("words", json!([word(0, "two\nlines")])),
        ("words", json!([word(0, &"long".repeat(51))])),
        ("words", json!([word(1, "b"), word(0, "a")])),
        ("words", json!([word(1, "a"), word(1, "b")])),
        ("checked_items", json!([item("personal", 2)])),
        ("checked_items", json!([item("unclear", 1)])),
        (
            "checked_items",
            json!([item("personal", 0), item("unclear", 0)]),
        ),
    ] {
        let mut document = document.clone();
        document[key] = wrong.clone();
        let refused = bench.save(&office.operator, review, base, &document).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        let field = refused.json()["error"]["field"].clone();
        let field = field.as_str().unwrap().to_owned();
        assert!(field.starts_with(&format!("document.{key}")), "{field}");
    }
    // The control: the same kinds of lists, with places that exist.
    let mut document = document.clone();
    document["words"] = json!([word(0, "a"), word(3, "b c")]);
    document["checked_items"] = json!([item("unclear", 0), item("personal", 1)]);
    let saved = bench.save(&office.operator, review, base, &document).await;
    assert!(saved.status.is_success(), "{}", saved.json());
}
