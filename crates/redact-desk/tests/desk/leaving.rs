//! What may leave the office, and what voids it: reviews that are sent back, requests that are
//! closed, recordings that are moved or removed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::office::{Office, office};

impl Office {
    async fn send_back(&self) {
        let path = format!("/api/reviews/{}/send-back", self.review);
        let body = json!({ "text": "A face is visible." });
        self.bench.post(&self.approver, &path, body).await.ok();
    }

    async fn copy_to(&self, path: &str, more: Value) -> Answered {
        let mut body = json!({ "to": "A. Reporter", "medium": "portal" });
        if path.starts_with("/api/releases") {
            body["files"] = json!(["release"]);
        }
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let path = format!("{path}/copies");
        self.bench.post(&self.operator, &path, body).await
    }

    async fn package(&self, release: &str, more: Value) -> Answered {
        let request = self.request().await["id"].as_str().unwrap().to_owned();
        let mut body = json!({
            "releases": [release], "profile": "public", "form": "zip", "encryption": "none",
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let path = format!("/api/requests/{request}/packages");
        self.bench.post(&self.operator, &path, body).await
    }

    /// A package that is made.
    async fn packed(&self, release: &str) -> String {
        let made = self.package(release, json!({})).await.ok();
        let path = format!("/api/packages/{}", made["id"].as_str().unwrap());
        let ready = |package: &Value| package["state"] == "ready";
        self.bench.until(&self.operator, &path, ready).await;
        path
    }

    async fn close(&self) -> String {
        let id = self.request().await["id"].as_str().unwrap().to_owned();
        let body = json!({ "disposition": "granted" });
        let path = format!("/api/requests/{id}/close");
        self.bench.post(&self.operator, &path, body).await.ok();
        id
    }

    async fn approvals(&self) -> usize {
        let path = format!("/api/reviews/{}", self.review);
        let shown = self.bench.get(&self.approver, &path).await.ok();
        shown["approvals"].as_array().unwrap().len()
    }
}

/// Goal: a release whose review was sent back after it was made is handed over and packed only with
/// a reason, which is on record. Control: before, none is asked for.
#[tokio::test]
async fn what_was_sent_back_is_handed_over_only_with_a_reason() {
    let office = office().await;
    let release = office.verified(&office.review, json!({})).await;
    let place = format!("/api/releases/{release}");
    let package = office.packed(&release).await;
    office.copy_to(&place, json!({})).await.ok();
    office.copy_to(&package, json!({})).await.ok();
    office.send_back().await;
    let shown = office.bench.get(&office.operator, &place).await.ok();
    assert_eq!(shown["reopened"], true);
    let refused = [
        office.copy_to(&place, json!({})).await,
        office.copy_to(&package, json!({ "despite": " " })).await,
        office.package(&release, json!({})).await,
    ];
    for refused in refused {
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.code(), "reopened");
        assert_eq!(
            refused.json()["error"]["details"]["release"],
            release.as_str()
        );
    }
    let why = json!({ "despite": "The court ordered this very copy." });
    office.copy_to(&place, why.clone()).await.ok();
    office.copy_to(&package, why.clone()).await.ok();
    office.package(&release, why).await.ok();
    let history = office.request().await["history"].clone();
    for entry in &history.as_array().unwrap()[..3] {
        assert_eq!(entry["action"], "handed-over-reopened");
        assert_eq!(entry["reason"], "The court ordered this very copy.");
        assert_eq!(entry["recording"], "clip.mp4");
    }
    assert!(!office.log().contains("very copy"));
    // Approved by an operator alone, it is not as it was.
    office.bench.turn_clock(60);
    let operator = office.bench.signed_in(&office.operator).await;
    let path = format!("/api/reviews/{}", office.review);
    let revision = office.bench.get(&operator, &path).await.ok()["revision"].clone();
    let revision = revision.as_i64().unwrap();
    office
        .bench
        .approve(&operator, &office.review, revision)
        .await
        .ok();
    let office = Office { operator, ..office };
    assert_eq!(office.copy_to(&place, json!({})).await.code(), "reopened");
}

/// Goal: an approval was given for one kind of requester. Control: a corrected name voids nothing.
#[tokio::test]
async fn another_kind_of_requester_voids_the_approvals() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    let id = office.request().await["id"].clone();
    office
        .edit(&id, json!({ "requester": "Daily News" }))
        .await
        .ok();
    assert_eq!(office.approvals().await, 1);
    office
        .edit(&id, json!({ "requester_kind": "data_subject" }))
        .await
        .ok();
    assert_eq!(office.approvals().await, 0);
    assert_eq!(office.release(&office.review).await.code(), "not_approved");
    let path = format!("/api/reviews/{}/comments", office.review);
    let comments = bench.get(&office.approver, &path).await.ok();
    assert_eq!(comments[0]["text"], "The kind of requester was changed.");
}

/// Goal: of several changes to a recording, all are made or none. Control: the same without the one
/// that is refused.
#[tokio::test]
async fn changes_of_a_recording_are_made_together() {
    let office = office().await;
    let path = format!("/api/recordings/{}", office.recording);
    let change = async |body: Value| {
        let who = &office.operator;
        office.bench.call(who, Method::PATCH, &path, body).await
    };
    let nowhere = "0".repeat(32);
    let body = json!({
        "name": "unit 12.mp4", "responsive": false, "request": nowhere, "reason": "Mistake",
    });
    let refused = change(body).await;
    assert_eq!(refused.json()["error"]["field"], "request");
    let shown = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["name"], "clip.mp4");
    assert_eq!(shown["not_responsive"], false);
    let target = office.add_request(json!({})).await;
    let body = json!({
        "name": "unit 12.mp4", "responsive": false, "request": target["id"],
        "reason": "Mistake",
    });
    let shown = change(body).await.ok();
    assert_eq!(shown["name"], "unit 12.mp4");
    assert_eq!(shown["not_responsive"], true);
    assert_eq!(shown["request"], target["id"]);
}

/// Goal: nothing of a closed request is handed over or packed; its note can change. Control: when
/// it is reopened, all of it can.
#[tokio::test]
async fn nothing_of_a_closed_request_is_handed_over() {
    let office = office().await;
    let release = office.verified(&office.review, json!({})).await;
    let place = format!("/api/releases/{release}");
    let package = office.packed(&release).await;
    let id = office.close().await;
    let shown = office.bench.get(&office.operator, &place).await.ok();
    assert_eq!(shown["request_closed"], true);
    for refused in [
        office.copy_to(&place, json!({})).await,
        office.copy_to(&package, json!({})).await,
        office.package(&release, json!({})).await,
        office.edit(&json!(id), json!({ "number": "7" })).await,
    ] {
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.code(), "closed");
    }
    let note = json!({ "note": "The requester called.", "assignee": office.operator.id });
    let edited = office.edit(&json!(id), note).await.ok();
    assert_eq!(edited["note"], "The requester called.");
    let body = json!({ "reason": "The requester called." });
    let path = format!("/api/requests/{id}/reopen");
    office.bench.post(&office.operator, &path, body).await.ok();
    office.copy_to(&place, json!({})).await.ok();
    office.copy_to(&package, json!({})).await.ok();
    office.package(&release, json!({})).await.ok();
}

/// Goal: a closed request takes no release and no change of its recordings. Control: an open one.
#[tokio::test]
async fn a_closed_request_refuses_changes_and_releases() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    let other = office.add_request(json!({})).await;
    let id = office.close().await;
    let path = format!("/api/recordings/{}", office.recording);
    let who = &office.operator;
    for body in [
        json!({ "name": "unit 12.mp4" }),
        json!({ "responsive": false, "reason": "Another incident" }),
        json!({ "request": other["id"], "reason": "Another incident" }),
    ] {
        let refused = bench.call(who, Method::PATCH, &path, body).await;
        assert_eq!(refused.code(), "closed");
    }
    let body = json!({ "reason": "Mistake" });
    let refused = bench.post(who, &format!("{path}/remove"), body).await;
    assert_eq!(refused.code(), "closed");
    assert_eq!(office.release(&office.review).await.code(), "closed");
    let path = format!("/api/requests/{id}/reopen");
    let body = json!({ "reason": "Closed by mistake" });
    bench.post(who, &path, body).await.ok();
    let made = office.release(&office.review).await;
    assert_eq!(made.status, StatusCode::ACCEPTED);
}

/// Goal: whoever approved a recording did so for its request: in another one, it is approved again.
#[tokio::test]
async fn a_moved_recording_has_no_approval() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    assert_eq!(office.approvals().await, 1);
    let target = office.add_request(json!({})).await;
    let body = json!({ "request": target["id"], "reason": "Uploaded to the wrong request" });
    let path = format!("/api/recordings/{}", office.recording);
    let who = &office.operator;
    bench.call(who, Method::PATCH, &path, body).await.ok();
    assert_eq!(office.approvals().await, 0);
    assert_eq!(office.release(&office.review).await.code(), "not_approved");
}

/// Goal: a recording that is removed leaves neither approved plans nor clips of previews.
#[tokio::test]
async fn a_removed_recording_leaves_no_plan_and_no_clip() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    let (who, review) = (&office.operator, &office.review);
    bench.approve(&office.approver, review, revision).await.ok();
    // A release that is cancelled before it is made leaves the plan.
    *bench.jobs.slow.lock().unwrap() = true;
    let release = office.release(review).await.ok();
    let place = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let running = |release: &Value| release["job"]["state"] == "running";
    let shown = bench.until(who, &place, running).await;
    let job = shown["job"]["id"].as_str().unwrap();
    let cancel = format!("/api/jobs/{job}/cancel");
    bench.post(who, &cancel, json!({})).await.ok();
    let failed = |release: &Value| release["state"] == "failed";
    bench.until(who, &place, failed).await;
    *bench.jobs.slow.lock().unwrap() = false;
    let preview = json!({ "revision": revision, "start": 0, "end": 5 });
    let path = format!("/api/reviews/{review}/preview");
    let job = bench.post(who, &path, preview).await.ok();
    let job = job["id"].as_str().unwrap();
    let done = |job: &Value| job["state"] == "done";
    bench.until(who, &format!("/api/jobs/{job}"), done).await;
    let data = bench.folder.path().join("data");
    let plan = data.join(format!("reviews/{review}/{revision}.plan.json"));
    let clip = data.join(format!("work/{job}.mp4"));
    assert!(plan.exists() && clip.exists());
    let path = format!("/api/recordings/{}/remove", office.recording);
    let body = json!({ "reason": "The wrong person's recording" });
    let removed = bench.post(who, &path, body).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(!plan.exists() && !clip.exists());
    assert!(!data.join("reviews").join(review).exists());
}

/// Goal: a review that was sent back and then approved waits for nobody. Control: until then, it is
/// in the inbox of whoever the request is assigned to.
#[tokio::test]
async fn what_was_sent_back_and_approved_leaves_the_inbox() {
    let office = office().await;
    let bench = &office.bench;
    let request = office.request().await;
    let assigned = json!({ "assignee": office.operator.id });
    office.edit(&request["id"], assigned).await.ok();
    let revision = office.decide(&office.review).await;
    office.send_back().await;
    let kinds = async || {
        let list = bench.get(&office.operator, "/api/inbox").await.ok();
        let list = list.as_array().unwrap().iter();
        list.map(|item| item["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["sent_back"]);
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    assert_eq!(kinds().await, ["render"]);
}
