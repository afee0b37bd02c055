//! Decisions of a review of the same file in another request.

use axum::http::{Method, StatusCode};
use redact_core::{Class, Digest};
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::fake_jobs::{found, track};
use crate::office::{Office, office};

impl Office {
    /// The recording's file once more, in a new request under that law; its recording as the API
    /// shows it when it is ready.
    async fn added_to_another(&self, law: &str) -> Value {
        let body = json!({
            "number": "2026-99", "requester_kind": "public", "jurisdiction": law,
            "received_on": "2026-09-20",
        });
        let made = self.bench.post(&self.operator, "/api/requests", body);
        let request = made.await.ok()["id"].as_str().unwrap().to_owned();
        let added = self.bench.upload(&self.operator, &request, b"the file");
        let path = format!("/api/recordings/{}", added.await["id"].as_str().unwrap());
        let ready = |shown: &Value| shown["state"] == "ready" && shown["reviews"][0].is_object();
        self.bench.until(&self.operator, &path, ready).await
    }

    /// A copy of this office's review for another recording.
    async fn copied(&self, recording: &Value, more: Value) -> Answered {
        let policies = self.bench.get(&self.operator, "/api/policies").await.ok();
        let mut body = json!({
            "policy": policies[0]["digest"], "title": "Again", "copy": self.review,
            "decisions": "copy",
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let id = recording["id"].as_str().unwrap();
        let path = format!("/api/recordings/{id}/reviews");
        self.bench.post(&self.operator, &path, body).await
    }
}

/// Goal: a review of the same file in another request is offered by name, and its decisions are
/// used; nothing of its approval is. Control: a recording of another file.
#[tokio::test]
async fn decisions_of_the_same_file_are_used_again() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    let other = office.added_to_another("us-ca").await;
    let offered = &other["same"][0]["reviews"];
    assert_eq!(other["same"][0]["request_number"], "2026-17");
    assert_eq!(offered[0]["id"], office.review);
    assert_eq!(offered[0]["changed_by"], "oli Person");
    let made = office.copied(&other, json!({})).await.ok();
    assert_eq!(made["recording"], other["id"]);
    assert_eq!(made["state"], "in_review");
    assert_eq!(made["approvals"], json!([]));
    let tracks = made["document"]["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 3);
    for track in tracks {
        assert_eq!(track["decision"]["verdict"], "redact");
        assert_eq!(track["decision"]["by"], "oli Person");
    }
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains(&format!("[\"copied\",\"{}\"]", office.review)));

    let mut another = found();
    another.source.digest = Digest([9; 32]);
    *bench.jobs.found.lock().unwrap() = Some(another);
    let request = other["request"].as_str().unwrap();
    let added = bench
        .upload(&office.operator, request, b"another file")
        .await;
    let path = format!("/api/recordings/{}", added["id"].as_str().unwrap());
    let ready = |shown: &Value| shown["reviews"][0].is_object();
    let stranger = bench.until(&office.operator, &path, ready).await;
    assert_eq!(stranger["same"], json!([]));
    let refused = office.copied(&stranger, json!({})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["field"], "copy");
}

/// Goal: where the other scan found something else, what matches is decided and the rest is not.
#[tokio::test]
async fn what_another_scan_found_starts_undecided() {
    let office = office().await;
    office.decide(&office.review).await;
    let mut other = found();
    other.tracks = vec![
        track(1, Class::Face, (5, 30), 0.21),
        track(2, Class::Face, (0, 20), 0.6),
        track(3, Class::Plate, (0, 10), 0.3),
    ];
    *office.bench.jobs.found.lock().unwrap() = Some(other);
    let recording = office.added_to_another("us-ca").await;
    let made = office.copied(&recording, json!({})).await.ok();
    let tracks = made["document"]["tracks"].as_array().unwrap();
    let decided = tracks.iter().map(|track| {
        let found = track["parts"][0]["found"].as_u64().unwrap();
        (found, !track["decision"].is_null())
    });
    assert_eq!(
        decided.collect::<Vec<_>>(),
        [(1, true), (2, false), (3, true)]
    );
    // It can be saved and decided as any other.
    office.decide(made["id"].as_str().unwrap()).await;
}

/// Goal: reasons are those of the law of the request in which they are used: the page learns which
/// do not fit there. Control: for the request that they come from, all fit.
#[tokio::test]
async fn reasons_follow_the_law_of_the_new_request() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let policies = bench.get(&office.operator, "/api/policies").await.ok();
    let mut all = policies.as_array().unwrap().iter();
    let federal = all.find(|known| known["name"] == "federal").unwrap()["digest"].clone();
    let path = format!("/api/requests?search={}", "2026-17");
    let list = bench.get(&office.operator, &path).await.ok();
    let path = format!("/api/requests/{}", list[0]["id"].as_str().unwrap());
    let law = json!({ "jurisdiction": "us-federal" });
    bench
        .call(&office.operator, Method::PATCH, &path, law)
        .await
        .ok();
    let review = json!({ "policy": federal, "title": "Federal", "decisions": "policy" });
    let path = format!("/api/recordings/{}/reviews", office.recording);
    let first = bench.post(&office.operator, &path, review).await.ok();
    let first = first["id"].as_str().unwrap();

    let other = office.added_to_another("us-mn").await;
    let path = format!("/api/reviews/{first}/reasons");
    let own = bench.get(&office.operator, &path).await.ok();
    assert_eq!(own["changes"], json!([]));
    let there = format!("{path}?recording={}", other["id"].as_str().unwrap());
    let there = bench.get(&office.operator, &there).await.ok();
    let proposed = &there["changes"][0];
    assert_eq!(proposed["from"], "fed-privacy");
    assert_eq!(proposed["to"], "mn-recording-private");
    let more = json!({
        "policy": federal, "copy": first,
        "reasons": [{ "from": "fed-privacy", "verdict": "redact", "to": proposed["to"] }],
    });
    let made = office.copied(&other, more).await.ok();
    for track in made["document"]["tracks"].as_array().unwrap() {
        assert_eq!(track["decision"]["reason"], "mn-recording-private");
    }
}
