//! Several recordings of one request: their shared clock, and decisions by name.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::office::office;

/// Goal: where a recording is on the clock of its request is stored, with old and new values in
/// history and log; it is forgotten when the recording moves to another request.
/// Control: the same place again is no change.
#[tokio::test]
async fn recordings_are_placed_on_the_clock_of_their_request() {
    let office = office().await;
    let (second, _) = office.second_recording().await;
    let request = office.request().await;
    let path = format!("/api/requests/{}/cameras", request["id"].as_str().unwrap());
    let place = async |body: Value| {
        let who = &office.operator;
        office.bench.call(who, Method::PUT, &path, body).await
    };
    assert_eq!(request["recordings"][0]["on_clock_seconds"], Value::Null);
    let body = json!({ "cameras": [
        { "recording": office.recording, "seconds": 0.0 },
        { "recording": second, "seconds": 12.345_678 },
    ]});
    for _ in 0..2 {
        assert_eq!(place(body.clone()).await.status, StatusCode::NO_CONTENT);
    }
    let shown = office.request().await;
    assert_eq!(shown["recordings"][1]["on_clock_seconds"], 12.345_678);
    let history = shown["history"].as_array().unwrap();
    let placed: Vec<_> = history
        .iter()
        .filter(|entry| entry["action"] == "on-clock")
        .map(|entry| entry["changes"][0]["to"].clone())
        .collect();
    assert_eq!(placed, ["12.345678", "0"]);
    assert!(office.log().contains("12.345678"));
    for wrong in [
        json!({ "cameras": [{ "recording": "0".repeat(32), "seconds": 1 }] }),
        json!({ "cameras": [{ "recording": second, "seconds": 1e12 }] }),
        json!({ "cameras": [
            { "recording": second, "seconds": 1 }, { "recording": second, "seconds": 2 } ] }),
    ] {
        assert_eq!(place(wrong).await.status, StatusCode::BAD_REQUEST);
    }
    let target = office.add_request(json!({})).await;
    let body = json!({ "request": target["id"], "reason": "Another incident" });
    let moved = format!("/api/recordings/{second}");
    let who = &office.operator;
    let shown = office.bench.call(who, Method::PATCH, &moved, body).await;
    assert_eq!(shown.ok()["on_clock_seconds"], Value::Null);
}

/// Goal: a person who is named in another recording of the request is offered with the decision.
/// Controls: unnamed and undecided tracks, the own recording, another request.
#[tokio::test]
async fn people_named_in_other_recordings_are_offered() {
    let office = office().await;
    let bench = &office.bench;
    let (_, other) = office.second_recording().await;
    let (base, mut document) = bench.decided(&office.operator, &office.review).await;
    document["tracks"][0]["person"] = json!("Officer Diaz");
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    document["tracks"][1]["person"] = json!("Somebody");
    document["tracks"][1]["decision"] = Value::Null;
    bench
        .save(&office.operator, &office.review, base, &document)
        .await
        .ok();
    let named = async |review: &str| {
        let path = format!("/api/reviews/{review}/named");
        bench.get(&office.operator, &path).await.ok()
    };
    let found = named(&other).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["name"], "Officer Diaz");
    assert_eq!(found[0]["recording"], "clip.mp4");
    assert_eq!(found[0]["decision"]["verdict"], "keep");
    assert_eq!(found[0]["decision"]["reason"], "privacy");
    assert_eq!(named(&office.review).await, json!([]));
    // Who read that has seen the review that it is from.
    let path = format!("/api/recordings/{}/views", office.recording);
    let seen = async || {
        let views = bench.get(&office.approver, &path).await.ok();
        let views = views.as_array().unwrap().iter();
        views.filter(|view| view["by"] == "pat Person").count()
    };
    assert_eq!(seen().await, 0);
    let elsewhere = format!("/api/reviews/{other}/named");
    bench.get(&office.approver, &elsewhere).await.ok();
    assert_eq!(seen().await, 1);
}
