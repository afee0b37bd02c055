//! What nothing may slip by: speech that stays audible, boxes that were found, sound that is lost.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::fake_jobs::FRAMES;
use crate::office::{Office, office};

async fn summary(office: &Office) -> Value {
    let path = format!("/api/reviews/{}/summary", office.review);
    office.bench.get(&office.operator, &path).await.ok()
}

fn codes(summary: &Value) -> Vec<&str> {
    let problems = summary["problems"].as_array().unwrap();
    let codes = problems.iter().map(|p| p["code"].as_str().unwrap());
    codes.collect()
}

async fn save(office: &Office, document: &Value) -> i64 {
    let (base, _) = office.bench.decided(&office.operator, &office.review).await;
    let (bench, review) = (&office.bench, &office.review);
    let saved = bench.save(&office.operator, review, base, document).await;
    saved.ok()["revision"].as_i64().unwrap()
}

/// Goal: speech that the policy mutes stays audible with a reason alone, and person, time and
/// reason are in the plan; who decided says the server.
/// Control: with the mute in its place nothing has to be decided.
#[tokio::test]
async fn speech_stays_audible_for_a_reason_alone() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (_, mut document) = bench.decided(&office.operator, review).await;
    save(&office, &document).await;
    assert_eq!(codes(&summary(&office).await), [""; 0]);
    document["mutes"] = json!([]);
    let revision = save(&office, &document).await;
    let shown = summary(&office).await;
    assert_eq!(codes(&shown), ["undecided_speech"]);
    assert_eq!(shown["problems"][0]["start_seconds"], 0.1);
    let refused = bench.approve(&office.approver, review, revision).await;
    assert_eq!(refused.code(), "refused");
    let kept = |reason: &str| {
        json!([{ "start_nanos": 0, "end_nanos": 2_000_000_000_i64, "reason": reason,
            "by": "Somebody Else", "at": "2001-01-01T00:00:00Z" }])
    };
    document["kept_speech"] = kept("no such reason");
    save(&office, &document).await;
    assert_eq!(codes(&summary(&office).await), ["unknown_reason"]);
    document["kept_speech"] = kept("nothing-to-withhold");
    let revision = save(&office, &document).await;
    let shown = summary(&office).await;
    assert_eq!(codes(&shown), [""; 0]);
    assert_eq!(shown["kept_speech"][0]["by"], "oli Person");
    assert_eq!(shown["kept_speech"][0]["end_seconds"], 0.5);
    let approved = bench.approve(&office.approver, review, revision).await;
    assert_eq!(approved.ok()["state"], "approved");
    let release = office.release(review).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let (plan, _) = redact_record::plan::read(&renders[0].plan).unwrap();
    assert_eq!(plan.kept_speech[0].reason.0, "nothing-to-withhold");
    assert_eq!(plan.kept_speech[0].by, "oli Person");
    let span = plan.kept_speech[0].span;
    assert_eq!(
        (span.start_nanos(), span.end_nanos()),
        (100_000_000, 500_000_000)
    );
}

/// Goal: a decision is for the time that it names; the rest is undecided, and muted in previews.
/// A decision stays its maker's when somebody else saves.
#[tokio::test]
async fn what_of_speech_is_undecided_is_not_heard_in_a_preview() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (_, mut document) = bench.decided(&office.operator, review).await;
    document["mutes"] = json!([]);
    document["kept_speech"] =
        json!([{ "start_nanos": 200_000_000, "end_nanos": 300_000_000, "reason": "privacy" }]);
    save(&office, &document).await;
    let shown = summary(&office).await;
    assert_eq!(codes(&shown), ["undecided_speech", "undecided_speech"]);
    let path = format!("/api/reviews/{review}");
    let open = bench.get(&office.approver, &path).await.ok();
    assert_eq!(
        open["policy_mutes"],
        json!([{ "start_nanos": 100_000_000, "end_nanos": 500_000_000, "reason": "privacy" }])
    );
    let body = json!({ "revision": open["revision"], "start": 0, "end": FRAMES });
    let job = bench
        .post(&office.operator, &format!("{path}/preview"), body)
        .await
        .ok();
    let job = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    let done = |job: &Value| job["state"] == "done";
    bench.until(&office.operator, &job, done).await;
    let previews = bench.jobs.previews.lock().unwrap().clone();
    let muted: Vec<_> = previews[0]
        .mutes
        .iter()
        .map(|mute| {
            (
                mute.span.start_nanos() / 1_000_000,
                mute.span.end_nanos() / 1_000_000,
            )
        })
        .collect();
    assert_eq!(muted, [(100, 200), (300, 500)]);
    let mut document = open["document"].clone();
    let base = open["revision"].as_i64().unwrap();
    let more = json!({ "start_nanos": 300_000_000, "end_nanos": 500_000_000, "reason": "privacy" });
    document["kept_speech"].as_array_mut().unwrap().push(more);
    let saved = bench.save(&office.approver, review, base, &document).await;
    assert!(saved.status.is_success());
    let open = bench.get(&office.operator, &path).await.ok();
    let by = |at: usize| open["document"]["kept_speech"][at]["by"].clone();
    assert_eq!([by(0), by(1)], ["oli Person", "pat Person"]);
    document["kept_speech"] = json!([{ "start_nanos": 5, "end_nanos": 5, "reason": "privacy" }]);
    let wrong = bench
        .save(&office.approver, review, base + 1, &document)
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

/// Goal: boxes that a trim took out stand in the way with words for every track, and once they are
/// a track of their own, rejected, the review is approved.
#[tokio::test]
async fn what_a_trim_takes_out_is_put_back_and_rejected() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (_, mut document) = bench.decided(&office.operator, review).await;
    document["tracks"][0]["parts"] = json!([{ "found": 1, "start": 4, "end": 20 }]);
    document["tracks"][1]["parts"] = json!([{ "found": 2, "start": 5, "end": 20 }]);
    let revision = save(&office, &document).await;
    let shown = summary(&office).await;
    assert_eq!(codes(&shown), ["left_out", "left_out"]);
    let message = shown["problems"][1]["message"].as_str().unwrap();
    assert!(
        message.contains("10 frames of face 2 from frame 20 on"),
        "{message}"
    );
    let refused = bench.approve(&office.approver, review, revision).await;
    assert_eq!(refused.code(), "refused");
    let rejected = json!({ "verdict": "reject", "reason": "nothing-to-withhold" });
    for (id, part) in [
        (4, json!({ "found": 1, "start": 0, "end": 4 })),
        (5, json!({ "found": 2, "start": 20, "end": 30 })),
    ] {
        let rest = json!({ "id": id, "class": "face", "person": null, "parts": [part],
            "decision": rejected });
        document["tracks"].as_array_mut().unwrap().push(rest);
    }
    let revision = save(&office, &document).await;
    let approved = bench.approve(&office.approver, review, revision).await;
    assert_eq!(approved.ok()["state"], "approved");
}

/// Goal: a recording with sound that cannot be decoded is prepared once a person accepts that, who
/// is on record. Control: nobody can accept what a preparation did not fail on.
#[tokio::test]
async fn lost_sound_is_accepted_by_a_person() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench
        .invited(&admin, "oli", redact_desk::Role::Operator)
        .await;
    *bench.jobs.no_sound.lock().unwrap() = true;
    let body = json!({ "number": "1", "requester_kind": "court", "jurisdiction": "elsewhere",
        "received_on": "2026-09-20" });
    let request = bench.post(&operator, "/api/requests", body).await.ok();
    let request = request["id"].as_str().unwrap().to_owned();
    let recording = bench.upload(&operator, &request, b"frames").await;
    let path = format!("/api/recordings/{}", recording["id"].as_str().unwrap());
    let accept = format!("{path}/accept");
    let what = json!({ "what": "lost_sound" });
    let failed = |shown: &Value| shown["state"] == "failed";
    let shown = bench.until(&operator, &path, failed).await;
    assert_eq!(shown["error"]["remedy"], "lost_sound");
    assert_eq!(shown["lost_sound_by"], Value::Null);
    bench.post(&operator, &accept, what.clone()).await.ok();
    let ready = |shown: &Value| shown["state"] == "ready";
    let shown = bench.until(&operator, &path, ready).await;
    assert_eq!(shown["lost_sound_by"], "oli Person");
    let again = bench.post(&operator, &accept, what).await;
    assert_eq!(again.code(), "conflict");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("accept-lost-sound"));
}
