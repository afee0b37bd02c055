//! Practice requests: seen by their owner alone, counted nowhere, and nothing of them leaves.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Bench, Person};
use crate::office::{Office, office};

impl Bench {
    /// A practice request whose recording is ready, with its id and its review.
    async fn practice(&self, person: &Person) -> (String, String, String) {
        let made = self.post(person, "/api/practice", json!({})).await.ok();
        let request = made["request"].as_str().unwrap().to_owned();
        let path = format!("/api/requests/{request}");
        let ready = |shown: &Value| {
            let reviews = shown["recordings"][0]["reviews"].as_array();
            reviews.is_some_and(|reviews| !reviews.is_empty())
        };
        let shown = self.until(person, &path, ready).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let recording = &shown["recordings"][0];
        let review = &recording["reviews"][0]["id"];
        (request, text(&recording["id"]), text(review))
    }

    async fn numbers(&self, person: &Person) -> Vec<String> {
        let list = self.get(person, "/api/requests").await.ok();
        let list = list.as_array().unwrap().iter();
        list.map(|row| row["number"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A verified release of the practice request, approved by its owner alone.
async fn practiced(office: &Office) -> (String, String) {
    let bench = &office.bench;
    let (request, _, review) = bench.practice(&office.operator).await;
    let revision = office.decide(&review).await;
    let approved = bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
    assert_eq!(approved["state"], "approved");
    let made = office.release(&review).await.ok();
    let release = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/releases/{release}");
    let ready = |release: &Value| release["state"] == "ready";
    let shown = bench.until(&office.operator, &path, ready).await;
    assert_eq!(shown["practice"], true);
    (request, release)
}

/// Goal: a person has one practice request, with the sample, and only they see it.
#[tokio::test]
async fn a_practice_request_is_its_owners_alone() {
    let office = office().await;
    let bench = &office.bench;
    let (request, recording, _) = bench.practice(&office.operator).await;
    let again = bench
        .post(&office.operator, "/api/practice", json!({}))
        .await;
    assert_eq!(again.ok()["request"], json!(request));
    let path = format!("/api/requests/{request}");
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["practice"], true);
    assert_eq!(shown["overdue"], false);
    assert_eq!(shown["recordings"].as_array().unwrap().len(), 1);
    let path = format!("/api/recordings/{recording}");
    let sample = bench.get(&office.operator, &path).await.ok();
    assert_eq!(sample["bytes"], 1_773_928);
    let own = bench.numbers(&office.operator).await;
    assert!(own.iter().any(|number| number.starts_with("Practice: ")));
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    for other in [&office.approver, &auditor] {
        let seen = bench.numbers(other).await;
        assert!(!seen.iter().any(|number| number.starts_with("Practice: ")));
    }
}

/// Goal: it is in no inbox, also not as due, and its sample is not named as a duplicate.
#[tokio::test]
async fn practice_counts_nowhere() {
    let office = office().await;
    let bench = &office.bench;
    let (_, recording, _) = bench.practice(&office.operator).await;
    let (_, other, _) = bench.practice(&office.approver).await;
    bench.turn_clock(100 * 86_400);
    let operator = bench.signed_in(&office.operator).await;
    let inbox = bench.get(&operator, "/api/inbox").await.ok();
    let about = |item: &Value| item["request_number"].to_string().contains("Practice");
    assert!(!inbox.as_array().unwrap().iter().any(about));
    let approver = bench.signed_in(&office.approver).await;
    for (person, recording) in [(&operator, recording), (&approver, other)] {
        let path = format!("/api/recordings/{recording}");
        let same = bench.get(person, &path).await.ok()["same"].to_string();
        assert!(!same.contains("Practice"), "{same}");
    }
}

/// Goal: an operator practices alone to the end, and nothing of it can leave the office.
#[tokio::test]
async fn nothing_of_a_practice_request_is_handed_over() {
    let office = office().await;
    let bench = &office.bench;
    let (request, release) = practiced(&office).await;
    let copy = json!({ "to": "A. Reporter", "medium": "portal", "files": ["release"] });
    let path = format!("/api/releases/{release}/copies");
    let refused = bench.post(&office.operator, &path, copy).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::CONFLICT, "practice")
    );
    let order = json!({
        "releases": [release], "profile": "public", "form": "zip", "encryption": "none",
    });
    let path = format!("/api/requests/{request}/packages");
    let refused = bench.post(&office.operator, &path, order).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::CONFLICT, "practice")
    );
    for list in ["/api/releases", "/api/rechecks"] {
        let text = bench.get(&office.operator, list).await.ok().to_string();
        assert!(!text.contains(&release), "{list}");
    }
    // A real request still needs its approver.
    let revision = office.decide(&office.review).await;
    let real = bench.approve(&office.operator, &office.review, revision);
    assert_eq!(real.await.ok()["state"], "awaiting_second");
}

/// Goal: real recordings do not get into practice, and the sample gets into no real request.
#[tokio::test]
async fn practice_and_real_recordings_stay_apart() {
    let office = office().await;
    let bench = &office.bench;
    let (request, sample, _) = bench.practice(&office.operator).await;
    let new = json!({ "name": "a.mp4", "bytes": 3, "purpose": "recording", "request": request });
    let refused = bench.post(&office.operator, "/api/uploads", new).await;
    assert_eq!(refused.code(), "practice");
    let path = format!("/api/recordings/{}", office.recording);
    let real = bench.get(&office.operator, &path).await.ok()["request"].clone();
    for (recording, to) in [(&office.recording, json!(request)), (&sample, real)] {
        let path = format!("/api/recordings/{recording}");
        let body = json!({ "request": to, "reason": "It belongs there." });
        let moved = bench
            .call(&office.operator, Method::PATCH, &path, body)
            .await;
        assert_eq!(moved.code(), "practice");
    }
}

/// Goal: its owner removes it with all files, and can begin again; nobody else can.
#[tokio::test]
async fn a_practice_request_is_removed_by_its_owner() {
    let office = office().await;
    let bench = &office.bench;
    let (request, release) = practiced(&office).await;
    let remove = |person: Person| async move {
        bench
            .call(&person, Method::DELETE, "/api/practice", json!({}))
            .await
    };
    // Nobody else sees it, and its files stay in the desk.
    let files = format!("/api/releases/{release}/files/release");
    assert_eq!(bench.get(&office.operator, &files).await.code(), "practice");
    let path = format!("/api/requests/{request}");
    for place in [&files, &path] {
        let other = bench.get(&office.approver, place).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{place}");
    }
    let jobs = bench.get(&office.approver, "/api/jobs").await.ok();
    let named = |job: &serde_json::Value| job["request"] == request.as_str();
    assert!(!jobs.as_array().unwrap().iter().any(named));
    let renamed = json!({ "number": "2026-0001" });
    let kept = bench
        .call(&office.operator, Method::PATCH, &path, renamed)
        .await;
    assert_eq!(kept.code(), "practice");
    let none = remove(office.approver.clone()).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let gone = remove(office.operator.clone()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let path = format!("/api/requests/{request}");
    let shown = bench.get(&office.operator, &path).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    let path = format!("/api/releases/{release}/files/release");
    let file = bench.get(&office.operator, &path).await;
    assert_eq!(file.status, StatusCode::NOT_FOUND);
    let own = bench.numbers(&office.operator).await;
    assert!(!own.iter().any(|number| number.starts_with("Practice: ")));
    let (again, ..) = bench.practice(&office.operator).await;
    assert_ne!(again, request);
}

/// Goal: only the sample's review of a practice request is scored.
#[tokio::test]
async fn only_practice_is_scored() {
    let office = office().await;
    let bench = &office.bench;
    let path = format!("/api/practice/reviews/{}/score", office.review);
    let refused = bench.get(&office.operator, &path).await;
    assert_eq!(refused.code(), "not_practice");
    // The jobs of these tests do not read the sample, so its findings are of another file.
    let (_, _, review) = bench.practice(&office.operator).await;
    let path = format!("/api/practice/reviews/{review}/score");
    let refused = bench.get(&office.operator, &path).await;
    assert_eq!(refused.code(), "not_sample");
}

/// Goal: the manual is there for everybody, its files for those who are signed in.
#[tokio::test]
async fn the_manual_is_served() {
    let office = office().await;
    let bench = &office.bench;
    let manual = bench.get(&Person::default(), "/api/manual").await.ok();
    let first = &manual["chapters"][0];
    assert_eq!(first["slug"], "first-steps");
    assert_eq!(manual["editions"].as_array().unwrap().len(), 6);
    let text = manual.to_string();
    assert!(text.contains(r#""anchor":"hand-it-over""#) && !text.contains("<p>"));
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let pdf = bench.get(&auditor, "/api/manual/auditor.pdf").await;
    assert_eq!(pdf.status, StatusCode::OK);
    assert!(pdf.bytes.starts_with(b"%PDF"));
    let none = bench.get(&auditor, "/api/manual/clown.pdf").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let out = bench
        .get(&Person::default(), "/api/manual/auditor.pdf")
        .await;
    assert_eq!(out.status, StatusCode::UNAUTHORIZED);
}
