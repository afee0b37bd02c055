//! Past releases, checked again by today's rules.

use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Bench, Person};
use crate::office::{Office, office};

async fn released(office: &Office, review: &str) -> String {
    let bench = &office.bench;
    let revision = office.decide(review).await;
    bench.approve(&office.approver, review, revision).await.ok();
    let release = office.release(review).await.ok()["id"].clone();
    let id = release.as_str().unwrap().to_owned();
    let path = format!("/api/releases/{id}");
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await;
    id
}

async fn recheck(bench: &Bench, person: &Person) -> Value {
    let begun = bench.post(person, "/api/rechecks", json!({})).await.ok();
    assert!(begun["began_at"].is_string());
    let done = |shown: &Value| shown["waiting"] == 0;
    bench.until(person, "/api/rechecks", done).await
}

/// Goal: a release that held when it was made and does not hold by today's rules is listed with the
/// reason and with who received a copy; those that hold are not in doubt.
#[tokio::test]
async fn releases_that_no_longer_hold_are_listed() {
    let office = office().await;
    let bench = &office.bench;
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let first = released(&office, &office.review).await;
    let path = format!("/api/releases/{first}/copies");
    let copy = json!({ "to": "A. Reporter", "medium": "portal", "files": ["release"] });
    bench.post(&office.operator, &path, copy).await.ok();
    let (court, _) = office.by_policy("public-release").await;
    let second = released(&office, &court).await;
    let shown = recheck(bench, &auditor).await;
    assert_eq!(shown["total"], 2);
    let all = shown["releases"].as_array().unwrap();
    assert!(
        all.iter().all(|release| release["holds"] == true),
        "{shown}"
    );
    *bench.jobs.wrong.lock().unwrap() = Some(first.clone());
    for person in [&auditor, &office.admin, &office.operator] {
        let shown = recheck(bench, person).await;
        let worst = &shown["releases"][0];
        assert_eq!(worst["id"], *first);
        assert_eq!(worst["holds"], false);
        assert_eq!(worst["why"][0]["evidence"], "a face is visible");
        assert_eq!(worst["copies"][0]["to"], "A. Reporter");
        let number = &worst["request_number"];
        assert_eq!(number.is_null(), person.login == "root", "{number}");
        assert_eq!(shown["releases"][1]["id"], *second);
        assert_eq!(shown["releases"][1]["holds"], true);
        assert_eq!(shown["releases"][1]["why"], json!([]));
    }
    // What does not hold is not handed over any more.
    let copy = json!({ "to": "B. Reporter", "medium": "portal", "files": ["release"] });
    let refused = bench.post(&office.operator, &path, copy).await;
    assert_eq!(refused.code(), "not_verified");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert_eq!(log.matches("\"recheck\"").count(), 4);
}
