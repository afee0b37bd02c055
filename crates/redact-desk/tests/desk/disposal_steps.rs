//! Disposals that wait, are refused, or are interrupted.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Method;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bench::{Bench, PASSWORD};
use crate::disposal::MARKS;
use crate::office::office;

/// Goal: what a killed backup left is gone once a disposal is done, and a disposal waits for a
/// backup that runs. Control: it is done once the backup has ended.
#[tokio::test]
async fn a_disposal_reaches_what_backups_left() {
    let mut office = office().await;
    office.expired().await;
    let work = office.data().join("work");
    let make = |name: &str| {
        let folder = work.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("desk.sqlite"), MARKS[5]).unwrap();
        folder
    };
    let (left, running) = (make("backup-left"), make("backup-running"));
    let lock = std::fs::File::create(running.join("lock")).unwrap();
    lock.lock().unwrap();
    let proposed = office.propose(json!({})).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    for _ in 0..1000 {
        if !left.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!left.exists() && running.exists());
    let path = format!("/api/disposals/{}", proposed["id"].as_str().unwrap());
    let shown = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["state"], "removing");
    drop(lock);
    office.disposed(&proposed["id"]).await;
    assert!(!running.exists());
}

/// Goal: a chosen release does not take a package along that has a release of a recording under a
/// hold. Control: once the hold is released, it does.
#[tokio::test]
async fn a_package_that_must_stay_is_named() {
    let mut office = office().await;
    let first = office.verified(&office.review.clone(), json!({})).await;
    let (second, review) = office.second_recording().await;
    let other = office.verified(&review, json!({})).await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let body = json!({
        "releases": [first, other], "profile": "public", "form": "zip", "encryption": "none",
    });
    let path = format!("/api/requests/{request}/packages");
    let package = office.bench.post(&office.operator, &path, body).await.ok();
    let path = format!("/api/packages/{}", package["id"].as_str().unwrap());
    let ready = |package: &Value| package["state"] == "ready";
    office.bench.until(&office.operator, &path, ready).await;
    office.expired().await;
    let hold = json!({ "recording": second, "matter": "m", "authority": "a", "reason": "r" });
    let placed = office
        .bench
        .post(&office.operator, "/api/holds", hold)
        .await
        .ok();
    let refused = office.propose(json!({ "releases": [first] })).await;
    assert_eq!(refused.code(), "package_stays");
    assert_eq!(refused.json()["error"]["details"]["package"], package["id"]);
    let path = format!("/api/holds/{}/release", placed["id"].as_str().unwrap());
    office.release_hold(&path).await;
    office.propose(json!({ "releases": [first] })).await.ok();
}

/// Goal: a disposal that is interrupted goes on at the next start, and lists what there was before.
/// Control: until then it is not done, and has no record.
#[tokio::test]
async fn an_interrupted_disposal_goes_on_at_the_next_start() {
    let mut office = office().await;
    office.expired().await;
    let key = office.bench.folder.path().join("redact.key");
    let hidden = key.with_extension("hidden");
    std::fs::rename(&key, &hidden).unwrap();
    let proposed = office.propose(json!({})).await.ok();
    office.confirm(&proposed["id"], PASSWORD).await.ok();
    // The files go, but their record cannot be signed.
    let folder = office.data().join("recordings").join(&office.recording);
    for _ in 0..1000 {
        if !folder.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!folder.exists());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let path = format!("/api/disposals/{}", proposed["id"].as_str().unwrap());
    let shown = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(
        (&shown["state"], &shown["files"]),
        (&json!("removing"), &json!([]))
    );
    office.bench.desk.close().await;
    std::fs::rename(&hidden, &key).unwrap();
    let again = office.bench.open_again().await.unwrap();
    let mut shown = Value::Null;
    for _ in 0..1000 {
        let request = Bench::request(&office.operator, Method::GET, &path);
        let request = request.body(Body::empty()).unwrap();
        let answer = again.router().oneshot(request).await.unwrap();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        shown = serde_json::from_slice(&bytes).unwrap();
        if shown["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let digest = redact_record::digest_bytes(b"not really a video").to_string();
    let files = shown["files"].as_array().unwrap();
    assert!(
        files.iter().any(|file| file["sha256"] == digest.as_str()),
        "{shown}"
    );
}
