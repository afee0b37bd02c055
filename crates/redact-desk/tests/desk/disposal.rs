//! Disposal: what goes, what proves it, and what remains.

use std::path::Path;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use redact_record::sign::{KeyPair, Signed};
use serde_json::{Value, json};

use crate::bench::{Answered, PASSWORD, Person};
use crate::office::{Office, office};

/// Text that stands in the recording and in everything made from it.
pub(crate) const MARKS: [&str; 11] = [
    "not really a video",
    "mark of the proxy",
    "mark of the waveform",
    "mark of the thumbnail",
    "mark of a segment",
    "mark of a comment",
    "mark of a left upload",
    "mark of the clip",
    "mark of a revision",
    "DOE-CAMERA",
    "mark of a person who asked",
];

/// Files below `folder` that contain one of the marks, in any encoding of UTF-8 bytes.
fn marked(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for mark in MARKS {
                if bytes
                    .windows(mark.len())
                    .any(|window| window == mark.as_bytes())
                {
                    found.push(format!("{}: {mark}", path.display()));
                }
            }
        }
    }
    found
}

impl Office {
    /// Marks in the data folder and in the cache beside it.
    fn marks(&self) -> Vec<String> {
        let mut found = marked(&self.data());
        found.extend(marked(&self.bench.folder.path().join("cache")));
        found
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.bench.folder.path().join("data")
    }

    /// Puts the marks into what was made from the recording.
    async fn mark(&self) {
        let folder = self.data().join("recordings").join(&self.recording);
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proxy.mp4", MARKS[1]);
        write("waveform-0", MARKS[2]);
        write("thumbnails/1.jpg", MARKS[3]);
        let cache = self.bench.folder.path().join("cache/ab");
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::write(cache.join("segment"), MARKS[4]).unwrap();
        let path = format!("/api/reviews/{}/comments", self.review);
        let text = json!({ "text": MARKS[5] });
        self.bench.post(&self.operator, &path, text).await.ok();
        let (base, mut document) = self.bench.decided(&self.operator, &self.review).await;
        document["tracks"][0]["person"] = json!(MARKS[8]);
        let saved = self
            .bench
            .save(&self.operator, &self.review, base, &document)
            .await;
        saved.ok();
    }

    /// Names and details of the recording: the former name is in the history alone.
    async fn enter_names(&self) {
        let path = format!("/api/recordings/{}", self.recording);
        for name in ["DOE-CAMERA 1.mp4", "DOE-CAMERA 2.mp4"] {
            let body = json!({ "name": name });
            let renamed = self.bench.call(&self.operator, Method::PATCH, &path, body);
            renamed.await.ok();
        }
        let put = async |path: &str, body: Value| {
            let sent = self.bench.call(&self.operator, Method::PUT, path, body);
            sent.await.ok();
        };
        put(
            &format!("{path}/details"),
            json!({ "officer": "DOE-CAMERA" }),
        )
        .await;
        let asked = json!({ "asked_on": "2026-09-21", "person": MARKS[10], "days": 1 });
        let path = format!("{path}/retention/asked");
        self.bench.post(&self.operator, &path, asked).await.ok();
    }

    /// An upload of 18 bytes under another name, of which these have arrived.
    async fn begin_upload(&self, request: &Value, bytes: &[u8]) -> Value {
        let body = json!({
            "name": "other.mp4", "bytes": 18, "purpose": "recording", "request": request,
        });
        let begun = self
            .bench
            .post(&self.operator, "/api/uploads", body)
            .await
            .ok();
        let id = begun["id"].as_str().unwrap();
        let sent = self.bench.put(&self.operator, id, 0, bytes).await;
        sent.ok();
        begun["id"].clone()
    }

    pub(crate) async fn propose(&self, body: Value) -> Answered {
        let path = format!("/api/recordings/{}/disposal", self.recording);
        self.bench.post(&self.operator, &path, body).await
    }

    pub(crate) async fn confirm(&self, id: &Value, password: &str) -> Answered {
        let path = format!("/api/disposals/{}/confirm", id.as_str().unwrap());
        let body = json!({ "password": password });
        self.bench.post(&self.approver, &path, body).await
    }

    /// Puts the recording under a hold, and gives the address of the hold.
    async fn hold(&self) -> String {
        let hold = json!({
            "recording": self.recording, "matter": "m", "authority": "a", "reason": "r",
        });
        let placed = self
            .bench
            .post(&self.operator, "/api/holds", hold)
            .await
            .ok();
        format!("/api/holds/{}/release", placed["id"].as_str().unwrap())
    }

    pub(crate) async fn release_hold(&self, path: &str) {
        let over = json!({ "reason": "over" });
        self.bench.post(&self.approver, path, over).await.ok();
    }

    /// The record of a disposal, whose signature holds, and does not for a changed record.
    async fn certificate(&self, id: &Value) -> Value {
        let path = format!("/api/disposals/{}", id.as_str().unwrap());
        let get = async |part: &str| {
            let path = format!("{path}/{part}");
            self.bench.get(&self.operator, &path).await
        };
        let certificate = get("certificate").await;
        let text = String::from_utf8(get("signature").await.bytes).unwrap();
        let key = KeyPair::load(&self.bench.folder.path().join("redact.key"), None).unwrap();
        let key = key.public();
        key.verify_bytes(&certificate.bytes, &text, Signed::Disposal)
            .unwrap();
        let mut changed = certificate.bytes.clone();
        changed[40] ^= 1;
        key.verify_bytes(&changed, &text, Signed::Disposal)
            .unwrap_err();
        certificate.json()
    }

    /// The record as a PDF, whose signature holds and which the log has.
    async fn printed(&self, id: &Value) {
        let path = format!("/api/disposals/{}/pdf", id.as_str().unwrap());
        let made = self.bench.post(&self.operator, &path, json!({})).await.ok();
        let place = format!("/api/exports/{}", made["id"].as_str().unwrap());
        let get = async |person: &Person, part: &str| {
            self.bench.get(person, &format!("{place}/{part}")).await
        };
        let pdf = get(&self.operator, "pdf").await.bytes;
        crate::letters::show("disposal.pdf", &pdf);
        let text = String::from_utf8(get(&self.operator, "signature").await.bytes).unwrap();
        let key = KeyPair::load(&self.bench.folder.path().join("redact.key"), None).unwrap();
        let check = |bytes: &[u8]| key.public().verify_bytes(bytes, &text, Signed::EventLog);
        check(&pdf).unwrap();
        check(&pdf[1..]).unwrap_err();
        let other = get(&self.approver, "pdf").await.status;
        assert_eq!(other, StatusCode::NOT_FOUND, "of somebody else");
        assert!(self.log().contains("disposal-certificate"));
    }

    /// The request says that it is gone, and where the record is; the search finds no name of it.
    async fn is_named_as_gone(&self, request: &str, disposal: &Value) {
        let get = async |path: &str| self.bench.get(&self.operator, path).await.ok();
        let shown = get(request).await;
        assert_eq!(shown["recordings"], json!([]));
        assert_eq!(shown["disposed"][0]["disposal"], *disposal);
        assert_eq!(shown["disposed"][0]["confirmed_by"], "pat Person");
        let found = get("/api/search?find=DOE-CAMERA").await;
        assert_eq!(found["hits"], json!([]));
    }

    pub(crate) async fn disposed(&self, id: &Value) -> Value {
        let path = format!("/api/disposals/{}", id.as_str().unwrap());
        let done = |shown: &Value| shown["state"] == "done";
        self.bench.until(&self.operator, &path, done).await
    }

    /// A recording whose time is over, in a closed request of Washington.
    pub(crate) async fn expired(&mut self) {
        let request = self.request().await;
        self.edit(&request["id"], json!({ "jurisdiction": "us-wa" }))
            .await
            .ok();
        let body = json!({ "category": "not_evidence" });
        self.set_retention(&self.recording, body).await.ok();
        self.close_request().await;
        self.later(61).await;
    }
}

/// Goal: nothing goes while the law, a hold or an open request says that it stays. Control: the
/// same recording once nothing stands against it.
#[tokio::test]
async fn a_disposal_waits_for_the_law() {
    let mut office = office().await;
    let none = json!({});
    assert_eq!(office.propose(none.clone()).await.code(), "no_category");
    let request = office.request().await;
    office
        .edit(&request["id"], json!({ "jurisdiction": "us-wa" }))
        .await
        .ok();
    let body = json!({ "category": "not_evidence" });
    office.set_retention(&office.recording, body).await.ok();
    let stays = office
        .propose(json!({ "reason": "We need the space." }))
        .await;
    assert_eq!(stays.code(), "must_stay");
    let message = stays.json()["error"]["message"].to_string();
    assert!(
        message.contains("2026-11-20 (RCW 42.56.240(14))"),
        "{message}"
    );
    office.later(61).await;
    assert_eq!(office.propose(none.clone()).await.code(), "open_request");
    let obstacles = async |office: &Office| {
        let shown = office.retained("").await["recordings"][0]["obstacles"].clone();
        shown.as_array().unwrap().len()
    };
    assert_eq!(obstacles(&office).await, 1, "the open request");
    office.close_request().await;
    assert_eq!(obstacles(&office).await, 0);
    let hold = office.hold().await;
    assert_eq!(obstacles(&office).await, 1, "the hold");
    assert_eq!(office.propose(none.clone()).await.code(), "held");
    office.release_hold(&hold).await;
    office.propose(none).await.ok();
}

/// Goal: a disposal that was proposed is in the inbox of an approver, and of nobody else. Control:
/// it is gone once it is decided.
#[tokio::test]
async fn a_disposal_waits_in_the_inbox() {
    let mut office = office().await;
    office.expired().await;
    let made = office.propose(json!({})).await.ok();
    let waiting = async |office: &Office, person: &Person| {
        let inbox = office.bench.get(person, "/api/inbox").await.ok();
        let all = inbox.as_array().unwrap().iter();
        all.filter(|one| one["kind"] == "disposal")
            .map(|one| one["disposal"].clone())
            .collect::<Vec<_>>()
    };
    let approver = &office.approver;
    assert_eq!(waiting(&office, approver).await, [made["id"].clone()]);
    assert!(waiting(&office, &office.operator).await.is_empty());
    let path = format!("/api/disposals/{}/refuse", made["id"].as_str().unwrap());
    let reason = json!({ "reason": "Not yet" });
    office.bench.post(approver, &path, reason).await.ok();
    assert!(waiting(&office, approver).await.is_empty());
}

/// Goal: nobody confirms alone, without the password, or against a hold that was placed since.
/// Control: a second person once the hold is released.
#[tokio::test]
async fn a_disposal_waits_for_a_second_person() {
    let mut office = office().await;
    office.expired().await;
    let none = json!({});
    let path = format!("/api/recordings/{}/disposal", office.recording);
    let own = office
        .bench
        .post(&office.approver, &path, none.clone())
        .await
        .ok();
    assert_eq!(
        office.confirm(&own["id"], PASSWORD).await.code(),
        "second_person"
    );
    assert_eq!(office.propose(none.clone()).await.code(), "disposal");
    let refuse = format!("/api/disposals/{}/refuse", own["id"].as_str().unwrap());
    let reason = json!({ "reason": "Not yet." });
    office
        .bench
        .post(&office.operator, &refuse, reason)
        .await
        .ok();
    let proposed = office.propose(none).await.ok();
    let wrong = office.confirm(&proposed["id"], "wrong password 1").await;
    assert_eq!(wrong.code(), "wrong_password");
    let hold = office.hold().await;
    assert_eq!(
        office.confirm(&proposed["id"], PASSWORD).await.code(),
        "held"
    );
    office.release_hold(&hold).await;
    let confirmed = office.confirm(&proposed["id"], PASSWORD).await;
    assert_eq!(confirmed.status, StatusCode::ACCEPTED);
    office.disposed(&proposed["id"]).await;
    let twice = office.confirm(&proposed["id"], PASSWORD).await;
    assert_eq!(twice.code(), "decided");
}

/// Goal: no byte of a recording, or of what was made from it, is left in the data folder, and the
/// signed record lists what there was. Control: the same search finds all of it before.
#[tokio::test]
async fn nothing_of_a_recording_is_left() {
    let mut office = office().await;
    office.mark().await;
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.hand_over(&release).await;
    // The same file, uploaded and never added, and begun.
    let request = office.request().await["id"].clone();
    office.begin_upload(&request, b"not really a video").await;
    office.begin_upload(&request, b"not really").await;
    let other = office.begin_upload(&request, b"another on").await;
    office.enter_names().await;
    office.expired().await;
    let before = office.marks();
    for mark in MARKS
        .iter()
        .filter(|mark| !mark.contains("upload") && !mark.contains("clip"))
    {
        assert!(
            before.iter().any(|line| line.ends_with(mark)),
            "{mark}: {before:?}"
        );
    }
    assert!(
        before.iter().any(|line| line.contains("uploads/")),
        "{before:?}"
    );
    let proposed = office.propose(json!({})).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    let done = office.disposed(&proposed["id"]).await;
    assert_eq!(office.marks(), Vec::<String>::new());
    let whole = office.certificate(&proposed["id"]).await;
    let digest = redact_record::digest_bytes(b"not really a video").to_string();
    let files = done["files"].as_array().unwrap();
    let source = files
        .iter()
        .filter(|file| file["sha256"] == digest.as_str());
    assert_eq!(source.count(), 2, "the recording and the upload: {files:?}");
    let is_upload = |file: &&Value| file["path"].as_str().unwrap().starts_with("uploads/");
    let uploads = files.iter().filter(is_upload);
    assert_eq!(uploads.count(), 2, "whole and begun: {files:?}");
    let left = office.bench.get(&office.operator, "/api/uploads").await;
    assert_eq!(left.ok()[0]["id"], other, "the control: of another file");
    assert_eq!(whole["confirmed_by"], "pat Person");
    assert_eq!(whole["queue_store"], "/mnt/queue-store");
    assert_eq!(whole["statute"], "RCW 42.56.240(14)");
    // The release that the requester has stays, and so do the figures.
    let shown = office
        .bench
        .get(&office.operator, &format!("/api/releases/{release}"))
        .await
        .ok();
    assert_eq!(shown["state"], "ready");
    let request = office
        .bench
        .get(&office.operator, "/api/requests")
        .await
        .ok();
    assert_eq!(request[0]["handed_over_count"], 1);
    let path = format!("/api/requests/{}", request[0]["id"].as_str().unwrap());
    office.is_named_as_gone(&path, &proposed["id"]).await;
    let ledger = std::fs::read_to_string(office.data().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains(&digest));
    office.printed(&proposed["id"]).await;
}

/// Goal: a hold on something that is gone says what remains of it. Control: a hold of its request
/// is placed.
#[tokio::test]
async fn a_hold_on_what_is_gone_says_what_remains() {
    let mut office = office().await;
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.hand_over(&release).await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    office.expired().await;
    let proposed = office.propose(json!({})).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    office.disposed(&proposed["id"]).await;
    let hold =
        |of: &str, id: &str| json!({ of: id, "matter": "m", "authority": "a", "reason": "r" });
    let late = hold("recording", &office.recording);
    let refused = office
        .bench
        .post(&office.operator, "/api/holds", late)
        .await;
    assert_eq!(refused.code(), "disposed");
    let error = &refused.json()["error"];
    assert_eq!(error["details"]["releases"], 1);
    assert_eq!(error["details"]["copies"], 1);
    assert!(
        error["message"].as_str().unwrap().contains("2026-11-2"),
        "{error}"
    );
    let whole = hold("request", &request);
    office
        .bench
        .post(&office.operator, "/api/holds", whole)
        .await
        .ok();
}

/// Goal: releases go only if they are chosen, with the packages that they are in. Control: the
/// other release stays.
#[tokio::test]
async fn only_chosen_releases_go() {
    let mut office = office().await;
    let chosen = office.verified(&office.review.clone(), json!({})).await;
    let stays = office.released(&office.review.clone(), json!({})).await;
    office.expired().await;
    let other = json!({ "releases": ["0123456789abcdef0123456789abcdef"] });
    let refused = office.propose(other).await;
    assert_eq!(refused.json()["error"]["field"], "releases");
    let proposed = office.propose(json!({ "releases": [chosen] })).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    office.disposed(&proposed["id"]).await;
    let folder = |id: &str| office.data().join("releases").join(id);
    assert!(!folder(&chosen).exists());
    assert!(folder(&stays).exists() && !folder(&stays).join("plan.json").exists());
    let file = async |id: &str| {
        let path = format!("/api/releases/{id}/files/release");
        office.bench.get(&office.operator, &path).await.status
    };
    assert_eq!(file(&chosen).await, StatusCode::NOT_FOUND);
    assert_eq!(file(&stays).await, StatusCode::OK);
    // The release that stays is still checked, without its recording.
    let path = format!("/api/releases/{stays}/verify");
    office
        .bench
        .post(&office.operator, &path, json!({}))
        .await
        .ok();
    let path = format!("/api/releases/{stays}");
    let ready = |shown: &Value| shown["state"] == "ready";
    office.bench.until(&office.operator, &path, ready).await;
    let checks = office.bench.jobs.checks.lock().unwrap();
    assert!(checks.last().unwrap().source.is_none());
}

/// Goal: nothing in the folder of another recording goes: neither the same file that is not scanned
/// yet, nor equal derived files of another file. Control: a stray copy goes, and the record says
/// what stays.
#[tokio::test]
async fn other_recordings_lose_nothing() {
    let mut office = office().await;
    office.mark().await;
    let other = office.add_request(json!({ "number": "S-2" })).await;
    let second = other["id"].as_str().unwrap();
    let same = office
        .bench
        .upload(&office.operator, second, b"not really a video")
        .await;
    let third = office
        .bench
        .upload(&office.operator, second, b"another one")
        .await;
    let folder = |added: &Value| {
        let id = added["id"].as_str().unwrap();
        office.data().join("recordings").join(id)
    };
    let (same, third) = (folder(&same), folder(&third));
    for path in [same.join("source.mp4"), third.join("source.mp4")] {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    std::fs::write(third.join("waveform-9"), MARKS[2]).unwrap();
    let stray = office.data().join("work/stray");
    office.expired().await;
    // As while it is being prepared.
    let database = office.data().join("desk.sqlite");
    let db = sqlx::SqlitePool::connect(&format!("sqlite:{}", database.display()))
        .await
        .unwrap();
    sqlx::query("UPDATE recordings SET sha256 = NULL")
        .execute(&db)
        .await
        .unwrap();
    db.close().await;
    let hold = json!({ "request": second, "matter": "m", "authority": "a", "reason": "r" });
    office
        .bench
        .post(&office.operator, "/api/holds", hold)
        .await
        .ok();
    std::fs::write(&stray, b"not really a video").unwrap();
    let proposed = office.propose(json!({})).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    office.disposed(&proposed["id"]).await;
    assert_eq!(
        std::fs::read(same.join("source.mp4")).unwrap(),
        b"not really a video"
    );
    assert_eq!(
        std::fs::read(third.join("waveform-9")).unwrap(),
        MARKS[2].as_bytes()
    );
    assert!(!stray.exists());
    let record = office.certificate(&proposed["id"]).await;
    assert_eq!(record["same_file_stays_in"][0]["request_number"], "S-2");
    let stays = record["files_that_stay"].to_string();
    assert!(
        stays.contains("source.mp4") && stays.contains("waveform-9"),
        "{stays}"
    );
}
