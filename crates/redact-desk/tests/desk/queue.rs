//! The queue by pages, its spreadsheet, saved views, and what is new in the inbox.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::office::{Office, office};

impl Office {
    async fn queue(&self, query: &str) -> Value {
        let path = format!("/api/queue{query}");
        self.bench.get(&self.operator, &path).await.ok()
    }
}

fn numbers(page: &Value) -> Vec<&str> {
    let list = page["requests"].as_array().unwrap();
    list.iter()
        .map(|one| one["number"].as_str().unwrap())
        .collect()
}

/// Goal: a page has 50 requests, the next one goes on, and a page beyond the last is the last.
/// Control: filters and counts are about all pages.
#[tokio::test]
async fn the_queue_comes_in_pages() {
    let office = office().await;
    for at in 0..60 {
        let body = json!({ "number": format!("N-{at:02}"), "assignee": office.operator.id });
        office.add_request(body).await;
    }
    let first = office.queue("?sort=number").await;
    assert_eq!(
        (&first["shown"], &first["pages"], &first["total"]),
        (&json!(61), &json!(2), &json!(61))
    );
    assert_eq!(numbers(&first).len(), 50);
    let second = office.queue("?sort=number&page=2").await;
    assert_eq!((numbers(&second).len(), &second["first"]), (11, &json!(50)));
    assert_eq!(office.queue("?sort=number&page=99").await["page"], 2);
    assert_eq!(second["counts"]["open"], 61);
    let mine = office.queue("?whose=mine&search=n-0").await;
    assert_eq!(
        (numbers(&mine).len(), &mine["people"][0]["name"]),
        (10, &json!("oli Person"))
    );
    assert_eq!(office.queue("?whose=nobody").await["total"], 1);
    let none = office.queue("?stage=closed").await;
    assert_eq!((&none["total"], &none["any"]), (&json!(0), &json!(true)));
    assert_eq!(office.queue("?search=nothing").await["any"], false);
}

/// Goal: the spreadsheet has what the filters show, computes nothing, and is an event. Control:
/// what the filters hide is not in it.
#[tokio::test]
async fn the_spreadsheet_has_what_the_filters_show() {
    let office = office().await;
    let details = json!({ "case_number": "26-77", "officer": "=HYPERLINK(1)" });
    office
        .add_request(json!({ "number": "N-1", "requester": "Daily News", "details": details }))
        .await;
    let answered = office
        .bench
        .get(&office.operator, "/api/queue/csv?search=daily")
        .await;
    let text = String::from_utf8(answered.bytes).unwrap();
    assert!(
        text.contains("\"N-1\"") && text.contains("\"26-77\""),
        "{text}"
    );
    assert!(text.contains("\"'=HYPERLINK(1)\""), "{text}");
    assert!(!text.contains("2026-17"), "{text}");
    let log = office.log();
    let last = log.lines().last().unwrap();
    assert!(
        last.contains("\"export\"") && last.contains("requests"),
        "{last}"
    );
    assert!(!last.contains("daily"), "typed text is not in the log");
}

/// Goal: a view is its owner's, others have it once it is shared, and only the owner changes it.
/// Controls: one that is not shared, a column that does not exist, a name that is taken.
#[tokio::test]
async fn views_are_ones_own_or_shared() {
    let office = office().await;
    let views = async |person| office.bench.get(person, "/api/queue/views").await.ok();
    let add = async |body: Value| {
        office
            .bench
            .post(&office.operator, "/api/queue/views", body)
            .await
    };
    let body = json!({ "name": "Overdue", "query": "due=overdue", "columns": ["case_number"] });
    let made = add(body.clone()).await.ok();
    assert_eq!(views(&office.operator).await[0]["query"], "due=overdue");
    assert_eq!(views(&office.approver).await, json!([]));
    assert_eq!(add(body).await.code(), "name_taken");
    let wrong = add(json!({ "name": "x", "columns": ["password"] })).await;
    assert_eq!(wrong.json()["error"]["field"], "columns");
    let path = format!("/api/queue/views/{}", made["id"].as_str().unwrap());
    let shared = json!({ "name": "Overdue", "shared": true, "query": "due=overdue" });
    let put = Method::PUT;
    let other = office
        .bench
        .call(&office.approver, put.clone(), &path, shared.clone())
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    office
        .bench
        .call(&office.operator, put, &path, shared)
        .await
        .ok();
    let seen = views(&office.approver).await;
    assert_eq!(
        (&seen[0]["own"], &seen[0]["owner"]),
        (&json!(false), &json!("oli Person"))
    );
    let gone = office
        .bench
        .call(&office.operator, Method::DELETE, &path, Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(views(&office.approver).await, json!([]));
}

/// Goal: what comes into the inbox is new until the person says that it was seen. Control: what
/// comes later is new again.
#[tokio::test]
async fn the_inbox_says_what_is_new() {
    let office = office().await;
    let inbox = async || office.bench.get(&office.operator, "/api/inbox").await.ok();
    let mine = json!({
        "number": "A", "assignee": office.operator.id, "received_on": "2026-09-01",
    });
    office.add_request(mine).await;
    assert_eq!(inbox().await[0]["new"], true);
    office
        .bench
        .post(&office.operator, "/api/inbox/seen", json!({}))
        .await
        .ok();
    assert_eq!(inbox().await[0]["new"], false);
    let later = json!({
        "number": "B", "assignee": office.operator.id, "received_on": "2026-09-02",
    });
    office.add_request(later).await;
    let items = inbox().await;
    let new: Vec<(&Value, &Value)> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["request_number"], &item["new"]))
        .collect();
    assert_eq!(
        new,
        [(&json!("A"), &json!(false)), (&json!("B"), &json!(true))]
    );
}

/// Goal: an auditor sees the queue and saves views, and has no inbox.
#[tokio::test]
async fn an_auditor_has_the_queue() {
    let office = office().await;
    let auditor = office
        .bench
        .invited(&office.admin, "uma", Role::Auditor)
        .await;
    let page = office.bench.get(&auditor, "/api/queue").await.ok();
    assert_eq!(page["total"], 1);
}
