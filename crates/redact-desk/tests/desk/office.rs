//! An office at work, which most tests begin with.

use axum::http::Method;
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, Person};
use crate::fake_jobs::FakeJobs;

/// Four people and a recording that is ready, with its first review.
pub(crate) struct Office {
    pub(crate) bench: Bench,
    pub(crate) admin: Person,
    pub(crate) operator: Person,
    pub(crate) approver: Person,
    pub(crate) recording: String,
    pub(crate) review: String,
}

pub(crate) async fn office() -> Office {
    office_where(|_| ()).await
}

/// An office whose jobs are prepared before the recording arrives.
pub(crate) async fn office_where(prepare: impl FnOnce(&FakeJobs)) -> Office {
    let bench = Bench::new().await;
    prepare(&bench.jobs);
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    let approver = bench.invited(&admin, "pat", Role::Approver).await;
    let (_, recording, review) = bench.ready(&operator).await;
    Office {
        bench,
        admin,
        operator,
        approver,
        recording,
        review,
    }
}

impl Office {
    /// A review by that policy, with everything decided.
    pub(crate) async fn by_policy(&self, name: &str) -> (String, i64) {
        let policies = self.bench.get(&self.operator, "/api/policies").await.ok();
        let policy = policies
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["name"] == name);
        let path = format!("/api/recordings/{}/reviews", self.recording);
        let body = json!({
            "policy": policy.unwrap()["digest"], "title": "Court", "copy": self.review,
        });
        let made = self.bench.post(&self.operator, &path, body).await.ok();
        let review = made["id"].as_str().unwrap().to_owned();
        let revision = self.decide(&review).await;
        (review, revision)
    }

    pub(crate) async fn decide(&self, review: &str) -> i64 {
        let (base, document) = self.bench.decided(&self.operator, review).await;
        let saved = self
            .bench
            .save(&self.operator, review, base, &document)
            .await
            .ok();
        saved["revision"].as_i64().unwrap()
    }

    pub(crate) async fn release(&self, review: &str) -> Answered {
        let path = format!("/api/reviews/{review}/releases");
        self.bench.post(&self.operator, &path, json!({})).await
    }

    pub(crate) async fn request(&self) -> Value {
        let path = format!("/api/recordings/{}", self.recording);
        let recording = self.bench.get(&self.operator, &path).await.ok();
        self.request_of(recording["request"].as_str().unwrap())
            .await
    }

    pub(crate) async fn request_of(&self, id: &str) -> Value {
        let path = format!("/api/requests/{id}");
        self.bench.get(&self.operator, &path).await.ok()
    }

    pub(crate) async fn add_request(&self, body: Value) -> Value {
        let mut all = json!({
            "number": "2026-18", "requester_kind": "public", "jurisdiction": "us-ca",
            "received_on": "2026-09-20",
        });
        for (key, value) in body.as_object().unwrap() {
            all[key] = value.clone();
        }
        self.bench
            .post(&self.operator, "/api/requests", all)
            .await
            .ok()
    }

    pub(crate) async fn edit(&self, id: &Value, body: Value) -> Answered {
        let path = format!("/api/requests/{}", id.as_str().unwrap());
        self.bench
            .call(&self.operator, Method::PATCH, &path, body)
            .await
    }

    /// A verified release of the review, with everything decided.
    pub(crate) async fn verified(&self, review: &str, more: Value) -> String {
        let revision = self.decide(review).await;
        self.bench
            .approve(&self.approver, review, revision)
            .await
            .ok();
        self.released(review, more).await
    }

    /// A verified release of a review that is approved.
    pub(crate) async fn released(&self, review: &str, more: Value) -> String {
        let path = format!("/api/reviews/{review}/releases");
        let made = self.bench.post(&self.operator, &path, more).await.ok();
        let release = made["id"].as_str().unwrap().to_owned();
        let path = format!("/api/releases/{release}");
        self.bench
            .until(&self.operator, &path, |release| release["state"] == "ready")
            .await;
        release
    }

    pub(crate) async fn hand_over(&self, release: &str) {
        let path = format!("/api/releases/{release}/copies");
        let body = json!({ "to": "A. Reporter", "medium": "portal", "files": ["release"] });
        self.bench.post(&self.operator, &path, body).await.ok();
    }

    /// A second recording of the same request, with its first review.
    pub(crate) async fn second_recording(&self) -> (String, String) {
        let request = self.request().await["id"].as_str().unwrap().to_owned();
        let added = self
            .bench
            .upload(&self.operator, &request, b"another")
            .await;
        let id = added["id"].as_str().unwrap().to_owned();
        let path = format!("/api/recordings/{id}");
        let shown = self
            .bench
            .until(&self.operator, &path, |shown| {
                shown["reviews"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty())
            })
            .await;
        let review = shown["reviews"][0]["id"].as_str().unwrap().to_owned();
        (id, review)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.bench.folder.path().join("events.jsonl")).unwrap()
    }
}
