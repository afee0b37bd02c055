//! Who stands in for whom, what they see, and that two approvals stay those of two people.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, Person};
use crate::office::office;

async fn enter(bench: &Bench, who: &Person, stand_in: &str, days: (&str, &str)) -> Answered {
    let body = json!({ "stand_in": stand_in, "from": days.0, "until": days.1 });
    bench.call(who, Method::PUT, "/api/me/absence", body).await
}

async fn inbox(bench: &Bench, who: &Person) -> Vec<Value> {
    let shown = bench.get(who, "/api/inbox").await.ok();
    shown.as_array().unwrap().clone()
}

/// Goal: during an absence, and neither before nor after, the stand-in sees what waits for the
/// absent person, marked with the name. Control: others see nothing of it.
#[tokio::test]
async fn the_stand_in_sees_what_waits() {
    let office = office().await;
    let bench = &office.bench;
    let other = bench.invited(&office.admin, "uta", Role::Operator).await;
    // The bench begins on 2026-09-21.
    let due =
        json!({ "number": "due", "assignee": office.operator.id, "received_on": "2026-09-10" });
    office.add_request(due).await;
    assert!(!inbox(bench, &office.operator).await.is_empty());
    assert_eq!(inbox(bench, &office.approver).await, [] as [Value; 0]);
    let days = ("2026-09-22", "2026-09-23");
    let done = enter(bench, &office.operator, &office.approver.id, days).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(
        inbox(bench, &office.approver).await,
        [] as [Value; 0],
        "not yet"
    );
    bench.turn_clock(24 * 3600);
    let approver = bench.signed_in(&office.approver).await;
    let seen = inbox(bench, &approver).await;
    assert_eq!(seen[0]["instead_of"], "oli Person");
    assert_eq!(seen[0]["request_number"], "due");
    let other = bench.signed_in(&other).await;
    assert_eq!(inbox(bench, &other).await, [] as [Value; 0]);
    let operator = bench.signed_in(&office.operator).await;
    assert_eq!(inbox(bench, &operator).await[0]["instead_of"], Value::Null);
    let people = bench.get(&approver, "/api/people").await.ok();
    let absent = people.as_array().unwrap().iter();
    let absent: Vec<&Value> = absent.filter(|p| !p["absence"].is_null()).collect();
    assert_eq!(absent.len(), 1);
    assert_eq!(absent[0]["absence"]["stand_in_name"], "pat Person");
    let shown = bench.get(&approver, "/api/me/absence").await.ok();
    assert_eq!(shown["standing_in"][0]["name"], "oli Person");
    bench.turn_clock(2 * 24 * 3600);
    let approver = bench.signed_in(&office.approver).await;
    assert_eq!(inbox(bench, &approver).await, [] as [Value; 0], "over");
}

/// Goal: somebody who stands in for an approver is still one person: what the absent one approved
/// and what the stand-in approves are two approvals, and two of the stand-in are one.
#[tokio::test]
async fn four_eyes_stay_four() {
    let office = office().await;
    let bench = &office.bench;
    let (review, revision) = office.by_policy("two-people").await;
    let days = ("2026-09-21", "2026-09-30");
    enter(bench, &office.approver, &office.operator.id, days).await;
    bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
    let again = bench.approve(&office.operator, &review, revision).await;
    assert_eq!(
        again.code(),
        "same_person",
        "in their own name and instead of another"
    );
    let path = format!("/api/reviews/{review}");
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(shown["approvals"][0]["by"], "oli Person");
    assert_ne!(shown["state"], "approved");
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["state"], "approved", "the control: the second person");
}

/// Goal: impossible absences are refused with their field; a new one takes the place of the old
/// one.
#[tokio::test]
async fn an_absence_must_be_possible() {
    let office = office().await;
    let bench = &office.bench;
    let (own, other) = (&office.operator, &office.approver);
    let field = async |stand_in: &str, days| {
        let refused = enter(bench, own, stand_in, days).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        refused.json()["error"]["field"].clone()
    };
    let days = ("2026-09-22", "2026-09-30");
    assert_eq!(field(&own.id, days).await, "stand_in");
    assert_eq!(field(&office.admin.id, days).await, "stand_in");
    assert_eq!(
        field(&other.id, ("2026-09-30", "2026-09-22")).await,
        "until"
    );
    assert_eq!(
        field(&other.id, ("2026-09-01", "2026-09-02")).await,
        "until"
    );
    assert_eq!(
        field(&other.id, ("2026-09-22", "2028-09-22")).await,
        "until"
    );
    assert_eq!(field(&other.id, ("soon", "2026-09-22")).await, "from");
    let third = bench.invited(&office.admin, "uta", Role::Operator).await;
    enter(bench, other, &third.id, days).await.ok();
    assert_eq!(
        field(&other.id, ("2026-09-25", "2026-10-02")).await,
        "stand_in"
    );
    enter(bench, own, &third.id, days).await.ok();
    enter(bench, own, &third.id, ("2026-10-01", "2026-10-02"))
        .await
        .ok();
    let shown = bench.get(own, "/api/me/absence").await.ok();
    assert_eq!(shown["own"]["from"], "2026-10-01");
    let ended = bench
        .call(own, Method::DELETE, "/api/me/absence", json!({}))
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let shown = bench.get(own, "/api/me/absence").await.ok();
    assert_eq!(shown["own"], Value::Null);
}

/// Goal: an administrator enters and ends the absence of somebody who is ill; the log names both.
/// Controls: an operator, who enters no absence of others; somebody for whom nothing waits.
#[tokio::test]
async fn an_administrator_enters_an_absence() {
    let office = office().await;
    let bench = &office.bench;
    let due =
        json!({ "number": "due", "assignee": office.operator.id, "received_on": "2026-09-10" });
    office.add_request(due).await;
    let body =
        json!({ "stand_in": office.approver.id, "from": "2026-09-21", "until": "2026-09-30" });
    let path = format!("/api/users/{}/absence", office.operator.id);
    let put =
        async |who: &Person, path: &str| bench.call(who, Method::PUT, path, body.clone()).await;
    assert_eq!(
        put(&office.approver, &path).await.status,
        StatusCode::FORBIDDEN
    );
    let own = format!("/api/users/{}/absence", office.admin.id);
    assert_eq!(put(&office.admin, &own).await.code(), "conflict");
    assert_eq!(
        put(&office.admin, &path).await.status,
        StatusCode::NO_CONTENT
    );
    let seen = inbox(bench, &office.approver).await;
    assert_eq!(seen[0]["instead_of"], "oli Person");
    let users = bench.get(&office.admin, "/api/users").await.ok();
    let absent = users.as_array().unwrap().iter();
    let absent: Vec<&Value> = absent.filter(|user| !user["absence"].is_null()).collect();
    assert_eq!(absent.len(), 1);
    assert_eq!(absent[0]["absence"]["stand_in_name"], "pat Person");
    let log = office.log();
    let line = log
        .lines()
        .find(|line| line.contains("\"absence\""))
        .unwrap();
    assert!(
        line.contains(&office.operator.id) && line.contains("Ruth Root"),
        "{line}"
    );
    let ended = bench
        .call(&office.admin, Method::DELETE, &path, json!({}))
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(inbox(bench, &office.approver).await, [] as [Value; 0]);
}
