//! The clock of a request: the law's days, waiting, extensions, and what else is due.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::office::{Office, office};

impl Office {
    async fn clock(&self, request: &Value, what: &str, body: Value) -> Answered {
        let path = format!(
            "/api/requests/{}/clock/{what}",
            request["id"].as_str().unwrap()
        );
        self.bench.post(&self.operator, &path, body).await
    }

    async fn due(&self, request: &Value) -> Value {
        let shown = self.request_of(request["id"].as_str().unwrap()).await;
        shown["due_on"].clone()
    }
}

/// Goal: waiting moves the due date of a law that stops its clock, an extension adds to it, and
/// both are in the history. Controls: a law that says nothing; a due date set by hand.
#[tokio::test]
async fn waiting_and_extensions_move_the_due_date() {
    let office = office().await;
    let oregon = json!({ "number": "OR-1", "jurisdiction": "us-or", "received_on": "2026-09-08" });
    let made = office.add_request(oregon).await;
    assert_eq!(made["due_on"], "2026-09-29", "5 + 10 working days");
    let stop = json!({ "waiting_for": "payment", "since": "2026-09-14", "note": "Deposit" });
    office.clock(&made, "stop", stop.clone()).await.ok();
    let twice = office.clock(&made, "stop", stop).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let shown = office.request_of(made["id"].as_str().unwrap()).await;
    assert_eq!(shown["stopped"], true);
    assert_eq!(
        shown["due_on"], "2026-10-07",
        "six working days until today do not count"
    );
    let early = office
        .clock(&made, "start", json!({ "on": "2026-09-13" }))
        .await;
    assert_eq!(early.json()["error"]["field"], "on");
    office
        .clock(&made, "start", json!({ "on": "2026-09-16" }))
        .await
        .ok();
    assert_eq!(
        office.due(&made).await,
        "2026-10-02",
        "three working days do not count"
    );
    let bare = json!({ "days": 5, "unit": "days", "reason": " " });
    let refused = office.clock(&made, "extend", bare).await;
    assert_eq!(refused.json()["error"]["field"], "reason");
    let more = json!({ "days": 5, "unit": "days", "reason": "Counsel agreed" });
    office.clock(&made, "extend", more).await.ok();
    assert_eq!(office.due(&made).await, "2026-10-07");
    office
        .clock(&made, "take-back", json!({ "reason": "Not needed" }))
        .await
        .ok();
    assert_eq!(office.due(&made).await, "2026-10-02");
    let shown = office.request_of(made["id"].as_str().unwrap()).await;
    let actions: Vec<&str> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let expected = [
        "extension-removed",
        "extended",
        "clock-started",
        "clock-stopped",
    ];
    assert_eq!(actions, expected);
    assert_eq!(shown["clock"]["pauses"][0]["until"], "2026-09-16");

    let set = json!({ "due_on": "2026-12-01" });
    office.edit(&made["id"], set).await.ok();
    let again = json!({ "waiting_for": "payment", "since": "2026-09-18" });
    office.clock(&made, "stop", again).await.ok();
    assert_eq!(office.due(&made).await, "2026-12-01", "a person set it");

    let california = json!({ "number": "CA-1", "received_on": "2026-09-08" });
    let made = office.add_request(california).await;
    let stop = json!({ "waiting_for": "payment", "since": "2026-09-14" });
    office.clock(&made, "stop", stop).await.ok();
    let shown = office.request_of(made["id"].as_str().unwrap()).await;
    assert_eq!(
        shown["due_on"], "2026-09-18",
        "California does not stop the clock"
    );
    assert_eq!(shown["stopped"], false);
}

/// Goal: whoever closes a request no longer waits for the requester, so the due date stops moving.
/// Control: a request that stays open goes on waiting.
#[tokio::test]
async fn closing_ends_the_waiting() {
    let office = office().await;
    let stop = json!({ "waiting_for": "payment", "since": "2026-09-14" });
    let mut both = Vec::new();
    for number in ["OR-1", "OR-2"] {
        let facts =
            json!({ "number": number, "jurisdiction": "us-or", "received_on": "2026-09-08" });
        let made = office.add_request(facts).await;
        office.clock(&made, "stop", stop.clone()).await.ok();
        both.push(made["id"].as_str().unwrap().to_owned());
    }
    let close = format!("/api/requests/{}/close", both[0]);
    let how = json!({ "disposition": "withdrawn" });
    office.bench.post(&office.operator, &close, how).await.ok();
    let closed = office.request_of(&both[0]).await;
    let today = office.bench.get(&office.operator, "/api/office").await.ok()["today"].clone();
    assert_eq!(closed["clock"]["pauses"][0]["until"], today);
    assert_eq!(closed["stopped"], false);
    let open = office.request_of(&both[1]).await;
    assert_eq!(open["clock"]["pauses"][0]["until"], Value::Null);
    assert_eq!(open["stopped"], true);
}

/// Goal: what else is due is shown with its date until it is recorded; impossible dates and a
/// closed request are refused. Control: a law that asks for neither.
#[tokio::test]
async fn acknowledgement_and_estimate_are_recorded() {
    let office = office().await;
    let oregon = json!({ "number": "OR-1", "jurisdiction": "us-or", "received_on": "2026-09-08" });
    let made = office.add_request(oregon).await;
    let milestone = |shown: &Value| shown["clock"]["milestones"][0].clone();
    let id = made["id"].as_str().unwrap();
    let shown = milestone(&office.request_of(id).await);
    assert_eq!(shown["kind"], "acknowledgement");
    assert_eq!(
        (&shown["due_on"], &shown["days_left"]),
        (&json!("2026-09-15"), &json!(-6))
    );
    for (on, field) in [("2026-09-22", "on"), ("2026-09-07", "on"), ("soon", "on")] {
        let body = json!({ "kind": "acknowledgement", "on": on });
        let refused = office.clock(&made, "record", body).await;
        assert_eq!(refused.json()["error"]["field"], field, "{on}");
    }
    let answer = json!({ "kind": "answer", "on": "2026-09-09" });
    let refused = office.clock(&made, "record", answer).await;
    assert_eq!(refused.json()["error"]["field"], "kind");
    let body = json!({ "kind": "acknowledgement", "on": "2026-09-09" });
    office.clock(&made, "record", body).await.ok();
    assert_eq!(
        milestone(&office.request_of(id).await)["done_on"],
        "2026-09-09"
    );

    let close = json!({ "disposition": "withdrawn" });
    let path = format!("/api/requests/{id}/close");
    office.bench.post(&office.operator, &path, close).await.ok();
    let more = json!({ "days": 5, "unit": "days", "reason": "Late" });
    assert_eq!(
        office.clock(&made, "extend", more).await.status,
        StatusCode::CONFLICT
    );

    let federal = json!({ "number": "F-1", "jurisdiction": "us-ca" });
    let made = office.add_request(federal).await;
    let shown = office.request_of(made["id"].as_str().unwrap()).await;
    assert_eq!(shown["clock"]["milestones"], json!([]));
}

/// Goal: where a law sets no number of days for a requester, the office's own rule counts, and
/// without one a target that says so. Control: the requester for whom the law has a number.
#[tokio::test]
async fn a_rule_counts_where_the_law_has_no_number() {
    let office = office().await;
    let rule = json!({ "days": 7, "unit": "days", "note": "Policy 7" });
    let minnesota = |number: &str, kind: &str, rule: Value| {
        json!({ "number": number, "jurisdiction": "us-mn", "requester_kind": kind, "rule": rule,
            "received_on": "2026-09-08" })
    };
    let basis = async |made: &Value| {
        let shown = office.request_of(made["id"].as_str().unwrap()).await;
        (shown["due_on"].clone(), shown["clock"]["basis"].clone())
    };
    let made = office
        .add_request(minnesota("1", "press", rule.clone()))
        .await;
    assert_eq!(basis(&made).await, (json!("2026-09-15"), json!("rule")));
    let made = office
        .add_request(minnesota("2", "press", Value::Null))
        .await;
    assert_eq!(basis(&made).await, (json!("2026-09-22"), json!("target")));
    let made = office
        .add_request(minnesota("3", "data_subject", rule))
        .await;
    assert_eq!(basis(&made).await, (json!("2026-09-22"), json!("law")));
    assert_eq!(made["rule"], Value::Null, "the law goes before it");
}

/// Goal: laws are listed with their sources. Control: who may not see requests sees no laws.
#[tokio::test]
async fn laws_are_listed_with_their_sources() {
    let office = office().await;
    let laws = office.bench.get(&office.operator, "/api/laws").await.ok();
    let laws = laws.as_array().unwrap();
    assert_eq!(laws.len(), 11);
    let ohio = laws.iter().find(|law| law["key"] == "us-oh").unwrap();
    assert_eq!(ohio["fees"]["request_max"], "750.00");
    assert!(
        ohio["fees"]["source"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
}
