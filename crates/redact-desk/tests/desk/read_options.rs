//! Recordings that open only when a person says how they are read: from a chosen camera, turned, at
//! a frame rate, or with their damaged parts hidden.

use axum::http::StatusCode;
use redact_desk::{ReadOptions, Remedy, Role};
use serde_json::{Value, json};

use crate::bench::{Bench, Person};

/// A desk, an operator and a request without recordings.
async fn request() -> (Bench, Person, String) {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    let body = json!({ "number": "1", "requester_kind": "court", "jurisdiction": "elsewhere",
        "received_on": "2026-09-20" });
    let request = bench.post(&operator, "/api/requests", body).await.ok();
    let request = request["id"].as_str().unwrap().to_owned();
    (bench, operator, request)
}

/// The second camera of a file, mounted sideways.
fn sideways() -> Value {
    json!({ "video_stream": 1, "turn_degrees": 90 })
}

fn path_of(recording: &Value) -> String {
    format!("/api/recordings/{}", recording["id"].as_str().unwrap())
}

async fn until_state(bench: &Bench, person: &Person, path: &str, state: &str) -> Value {
    bench
        .until(person, path, |shown| shown["state"] == state)
        .await
}

/// What the jobs received since the last call.
fn read(bench: &Bench) -> Vec<ReadOptions> {
    std::mem::take(&mut bench.jobs.read.lock().unwrap())
}

fn events(bench: &Bench) -> String {
    std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap()
}

/// Goal: options of an upload reach every job that reads the recording, its details and the log.
/// Control: without options nothing is stored.
#[tokio::test]
async fn options_of_an_upload_are_used_shown_and_logged() {
    let (bench, operator, request) = request().await;
    let plain = bench.upload(&operator, &request, b"frames").await;
    let shown = until_state(&bench, &operator, &path_of(&plain), "ready").await;
    assert_eq!(
        (&shown["options"], &shown["options_by"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(read(&bench), [ReadOptions::default(); 2]);
    assert!(!events(&bench).contains("video-stream"));

    let body = json!({ "name": "two.mp4", "bytes": 6, "purpose": "recording",
        "request": request });
    let upload = bench.post(&operator, "/api/uploads", body).await.ok();
    let id = upload["id"].as_str().unwrap();
    bench.put(&operator, id, 0, b"frames").await.ok();
    let finish = format!("/api/uploads/{id}/finish");
    let wrong = json!({ "options": { "turn_degrees": 45 } });
    let refused = bench.post(&operator, &finish, wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let body = json!({ "options": sideways() });
    let recording = bench.post(&operator, &finish, body).await.ok();
    let shown = until_state(&bench, &operator, &path_of(&recording), "ready").await;
    assert_eq!(shown["options"]["video_stream"], 1);
    assert_eq!(shown["options"]["turn_degrees"], 90);
    assert_eq!(shown["options"]["mask_damage"], false);
    assert_eq!(shown["options_by"], "oli Person");
    let expected = ReadOptions {
        video_stream: Some(1),
        turn_degrees: 90,
        ..ReadOptions::default()
    };
    assert_eq!(read(&bench), [expected; 2]);
    let log = events(&bench);
    assert!(log.contains("video-stream") && log.contains("turn"));
}

/// Goal: damage keeps a recording from being prepared until a person accepts that it is hidden.
#[tokio::test]
async fn damage_is_hidden_once_a_person_accepts_that() {
    let (bench, operator, request) = request().await;
    *bench.jobs.unreadable.lock().unwrap() = Some(Remedy::Damage);
    let recording = bench.upload(&operator, &request, b"frames").await;
    let path = path_of(&recording);
    let failed = until_state(&bench, &operator, &path, "failed").await;
    assert_eq!(failed["error"]["remedy"], "damage");
    let accept = format!("{path}/accept");
    let other = json!({ "what": "lost_sound" });
    let refused = bench.post(&operator, &accept, other).await;
    assert_eq!(refused.code(), "conflict", "it did not fail on that");
    read(&bench);
    let what = json!({ "what": "damage" });
    bench.post(&operator, &accept, what).await.ok();
    let shown = until_state(&bench, &operator, &path, "ready").await;
    assert_eq!(shown["options"]["mask_damage"], true);
    assert_eq!(shown["options_by"], "oli Person");
    let received = read(&bench);
    assert!(received.len() == 2 && received.iter().all(|options| options.mask_damage));
    let log = events(&bench);
    assert!(log.contains("read-options") && log.contains("damaged"));
}

/// Goal: a recording that did not open is prepared from the start with other options; one that did
/// open is not changed, because decisions may rest on it.
#[tokio::test]
async fn a_recording_that_did_not_open_is_read_another_way() {
    let (bench, operator, request) = request().await;
    *bench.jobs.unreadable.lock().unwrap() = Some(Remedy::ReadOptions);
    let recording = bench.upload(&operator, &request, b"frames").await;
    let path = path_of(&recording);
    let failed = until_state(&bench, &operator, &path, "failed").await;
    assert_eq!(failed["error"]["remedy"], "read_options");
    let set = format!("{path}/options");
    for wrong in [
        json!({ "frame_rate": [0, 1] }),
        json!({ "frame_rate": [25, 0] }),
        json!({ "turn_degrees": 1 }),
        json!({ "camera": 1 }),
    ] {
        let refused = bench
            .post(&operator, &set, json!({ "options": wrong }))
            .await;
        assert_eq!(refused.code(), "malformed");
    }
    let what = json!({ "what": "read_options" });
    let refused = bench.post(&operator, &format!("{path}/accept"), what).await;
    assert_eq!(refused.code(), "malformed", "options are needed");
    read(&bench);
    let rate = json!({ "options": { "frame_rate": [30_000, 1001] } });
    bench.post(&operator, &set, rate.clone()).await.ok();
    let shown = until_state(&bench, &operator, &path, "ready").await;
    assert_eq!(shown["options"]["frame_rate"], json!([30_000, 1001]));
    assert_eq!(shown["error"], Value::Null);
    let received = read(&bench);
    assert!(
        received.len() == 2
            && received
                .iter()
                .all(|o| o.frame_rate == Some((30_000, 1001)))
    );
    assert!(events(&bench).contains("30000-1001"));
    let again = bench.post(&operator, &set, rate).await;
    assert_eq!(again.code(), "conflict");
}

/// Goal: another camera of a file becomes a recording of its own, without another upload.
#[tokio::test]
async fn a_recording_is_added_again_from_another_camera() {
    let (bench, operator, request) = request().await;
    let first = bench.upload(&operator, &request, b"frames").await;
    let path = path_of(&first);
    until_state(&bench, &operator, &path, "ready").await;
    let body = json!({ "options": sideways() });
    let second = bench
        .post(&operator, &format!("{path}/again"), body)
        .await
        .ok();
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["name"], second["name"]);
    let shown = until_state(&bench, &operator, &path_of(&second), "ready").await;
    assert_eq!(shown["options"]["video_stream"], 1);
    assert_eq!(shown["bytes"], 6);
    let unchanged = bench.get(&operator, &path).await.ok();
    assert_eq!(unchanged["options"], Value::Null);
    assert_eq!(unchanged["state"], "ready");
    let data = bench.folder.path().join("data");
    let work = std::fs::read_dir(data.join("work")).unwrap().count();
    assert_eq!(work, 0, "nothing is left behind");
}

/// Goal: options set for a recording are there after a restart.
#[tokio::test]
async fn options_outlive_a_restart() {
    let (bench, operator, request) = request().await;
    *bench.jobs.unreadable.lock().unwrap() = Some(Remedy::Damage);
    let recording = bench.upload(&operator, &request, b"frames").await;
    let path = path_of(&recording);
    until_state(&bench, &operator, &path, "failed").await;
    *bench.jobs.slow.lock().unwrap() = true;
    let body = json!({ "what": "damage" });
    bench
        .post(&operator, &format!("{path}/accept"), body)
        .await
        .ok();
    let bench = bench.again().await;
    *bench.jobs.slow.lock().unwrap() = false;
    let shown = until_state(&bench, &operator, &path, "ready").await;
    assert_eq!(shown["options"]["mask_damage"], true);
}
