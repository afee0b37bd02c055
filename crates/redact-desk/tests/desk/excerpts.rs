//! Excerpts: which spans of a recording a release shows, and who withholds the rest.

use axum::http::StatusCode;
use redact_desk::ExcerptTask;
use serde_json::{Value, json};

use crate::office::{Office, office};

async fn approved() -> Office {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    let approved = bench.approve(&office.approver, &office.review, revision);
    approved.await.ok();
    office
}

fn excerpt(spans: &Value, reason: &str) -> Value {
    json!({ "excerpt": { "spans": spans, "reason": reason } })
}

fn span(start: f64, end: f64) -> Value {
    json!({ "start_seconds": start, "end_seconds": end })
}

/// Goal: the spans, the reason and the person reach the renderer, to the nanosecond and in order of
/// time, and the release shows them. Control: a release without them is of the whole recording.
#[tokio::test]
async fn an_excerpt_reaches_the_renderer_and_the_release() {
    let office = approved().await;
    let (bench, operator) = (&office.bench, &office.operator);
    let path = format!("/api/reviews/{}/releases", office.review);
    let spans = json!([span(12.033, 59.5), span(0.5, 2.25)]);
    let body = excerpt(&spans, "not-requested");
    let release = bench.post(operator, &path, body).await.ok();
    let shown = &release["excerpt"];
    assert_eq!(shown["spans"], json!([span(0.5, 2.25), span(12.033, 59.5)]));
    assert_eq!(shown["by"], "oli Person");
    assert_eq!(shown["reason"], "not-requested");
    let at = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    let made = bench.until(operator, &at, ready).await;
    assert_eq!(made["excerpt"], *shown);
    let whole = bench.post(operator, &path, json!({})).await.ok();
    assert_eq!(whole["excerpt"], Value::Null);
    let at = format!("/api/releases/{}", whole["id"].as_str().unwrap());
    bench.until(operator, &at, ready).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let wanted = ExcerptTask {
        spans_nanos: vec![
            (500_000_000, 2_250_000_000),
            (12_033_000_000, 59_500_000_000),
        ],
        reason: "not-requested".to_owned(),
        by: "oli Person".to_owned(),
    };
    assert_eq!(renders[0].excerpt, Some(wanted));
    assert_eq!(renders[1].excerpt, None);
}

/// Goal: what the renderer would refuse is refused at once, and nobody else can be named as the one
/// who withholds the rest.
#[tokio::test]
async fn an_excerpt_that_cannot_be_rendered_is_refused_at_once() {
    let office = approved().await;
    let (bench, operator) = (&office.bench, &office.operator);
    let path = format!("/api/reviews/{}/releases", office.review);
    let mut named = excerpt(&json!([span(0.0, 1.0)]), "not-requested");
    named["excerpt"]["by"] = json!("Somebody else");
    for body in [
        excerpt(&json!([]), "not-requested"),
        excerpt(&json!([span(2.0, 1.0)]), "not-requested"),
        excerpt(&json!([span(70.0, 80.0)]), "not-requested"),
        excerpt(&json!([span(0.0, 2.0), span(1.0, 3.0)]), "not-requested"),
        excerpt(&json!([span(0.0, 1.0)]), "no-such-reason"),
        named,
    ] {
        let refused = bench.post(operator, &path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(bench.jobs.renders.lock().unwrap().is_empty());
    let body = excerpt(&json!([span(0.0, 1.0)]), "privacy");
    let taken = bench.post(operator, &path, body).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "the control");
}
