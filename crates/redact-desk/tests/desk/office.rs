//! An office at work, which most tests begin with.

use redact_desk::Role;
use serde_json::json;

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
}
