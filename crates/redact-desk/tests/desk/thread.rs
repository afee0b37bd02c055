//! Notes and tasks of a request.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::{Answered, Person};
use crate::office::{Office, office};

impl Office {
    async fn thread(&self, request: &str) -> Value {
        let path = format!("/api/requests/{request}/thread");
        self.bench.get(&self.operator, &path).await.ok()
    }

    async fn tell(&self, person: &Person, path: String, body: Value) -> Answered {
        self.bench
            .post(person, &format!("/api/requests/{path}"), body)
            .await
    }

    async fn inbox_of(&self, person: &Person) -> Vec<Value> {
        let items = self.bench.get(person, "/api/inbox").await.ok();
        items.as_array().unwrap().clone()
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Goal: a note reaches whom it mentions until that person has seen it; its author alone changes
/// it, with the earlier text in the history and no text in the log. Controls: a colleague, an empty
/// note, a mention of somebody who does not review.
#[tokio::test]
async fn a_note_reaches_whom_it_mentions() {
    let office = office().await;
    let request = id(&office.add_request(json!({ "number": "1" })).await);
    let notes = format!("{request}/notes");
    let body = json!({ "text": "Ask the precinct.", "mentions": [office.approver.id] });
    office
        .tell(&office.operator, notes.clone(), body)
        .await
        .ok();
    let items = office.inbox_of(&office.approver).await;
    assert_eq!(
        (&items[0]["kind"], &items[0]["text"]),
        (&json!("mention"), &json!("Ask the precinct."))
    );
    assert!(office.inbox_of(&office.operator).await.is_empty());
    office
        .tell(&office.approver, format!("{notes}/seen"), json!({}))
        .await
        .ok();
    assert!(office.inbox_of(&office.approver).await.is_empty());
    let note = id(&office.thread(&request).await["notes"][0]);
    let path = format!("/api/requests/{notes}/{note}");
    let new = json!({ "text": "Ask the clerk.", "mentions": [office.approver.id] });
    let put = async |person| {
        office
            .bench
            .call(person, Method::PUT, &path, new.clone())
            .await
    };
    assert_eq!(put(&office.approver).await.status, StatusCode::FORBIDDEN);
    put(&office.operator).await.ok();
    let thread = office.thread(&request).await;
    assert_eq!(thread["notes"][0]["text"], "Ask the clerk.");
    assert!(thread["notes"][0]["edited_at"].is_string());
    assert_eq!(thread["notes"][0]["mentions"][0]["name"], "pat Person");
    let whole = office.request_of(&request).await;
    let change = &whole["history"][0]["changes"][0];
    assert_eq!(
        (&change["from"], &change["to"]),
        (&json!("Ask the precinct."), &json!("Ask the clerk."))
    );
    assert!(
        !office.log().contains("precinct"),
        "no typed text is in the log"
    );
    for (body, field) in [
        (json!({ "text": " " }), "text"),
        (
            json!({ "text": "x", "mentions": [office.admin.id] }),
            "mentions",
        ),
    ] {
        let refused = office.tell(&office.operator, notes.clone(), body).await;
        assert_eq!(refused.json()["error"]["field"], field);
    }
}

/// Goal: a task is in its assignee's inbox until it is done, and what was done is in the history.
/// Controls: a task of another request, one without a day.
#[tokio::test]
async fn a_task_waits_for_its_assignee() {
    let office = office().await;
    let request = id(&office.add_request(json!({ "number": "1" })).await);
    let tasks = format!("{request}/tasks");
    let body = json!({ "text": "Call", "due_on": "2026-09-20", "assignee": office.approver.id });
    office
        .tell(&office.operator, tasks.clone(), body.clone())
        .await
        .ok();
    office
        .tell(&office.operator, tasks.clone(), json!({ "text": "No day" }))
        .await
        .ok();
    let items = office.inbox_of(&office.approver).await;
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["kind"], &items[0]["days_left"]),
        (&json!("task"), &json!(-1))
    );
    let thread = office.thread(&request).await;
    assert_eq!(thread["tasks"][0]["overdue"], true);
    assert_eq!(thread["tasks"][1]["overdue"], false);
    let path = |of: &str| format!("/api/requests/{of}/tasks/{}", id(&thread["tasks"][0]));
    let mut done = body;
    done["done"] = json!(true);
    let put = async |path: &str| {
        office
            .bench
            .call(&office.approver, Method::PUT, path, done.clone())
            .await
    };
    let other = id(&office.add_request(json!({ "number": "2" })).await);
    assert_eq!(put(&path(&other)).await.status, StatusCode::NOT_FOUND);
    put(&path(&request)).await.ok();
    assert!(office.inbox_of(&office.approver).await.is_empty());
    let whole = office.request_of(&request).await;
    assert_eq!(whole["history"][0]["action"], "task-done");
    let thread = office.thread(&request).await;
    assert_eq!(thread["tasks"][1]["done_by"], "pat Person");
    office
        .bench
        .call(
            &office.operator,
            Method::DELETE,
            &path(&request),
            Value::Null,
        )
        .await
        .ok();
    assert_eq!(
        office.thread(&request).await["tasks"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let wrong = json!({ "text": "x", "due_on": "tomorrow" });
    let refused = office.tell(&office.operator, tasks, wrong).await;
    assert_eq!(refused.json()["error"]["field"], "due_on");
}

/// Goal: a closed request takes notes and finished tasks, but no new tasks. Control: while open.
#[tokio::test]
async fn a_closed_request_takes_notes_alone() {
    let office = office().await;
    let request = id(&office.add_request(json!({ "number": "1" })).await);
    let task = json!({ "text": "Call" });
    office
        .tell(&office.operator, format!("{request}/tasks"), task.clone())
        .await
        .ok();
    let close = json!({ "disposition": "withdrawn" });
    office
        .tell(&office.operator, format!("{request}/close"), close)
        .await
        .ok();
    let refused = office
        .tell(&office.operator, format!("{request}/tasks"), task)
        .await;
    assert_eq!(refused.code(), "closed");
    let note = json!({ "text": "The requester thanked us." });
    office
        .tell(&office.operator, format!("{request}/notes"), note)
        .await
        .ok();
    let thread = office.thread(&request).await;
    let path = format!("/api/requests/{request}/tasks/{}", id(&thread["tasks"][0]));
    let done = json!({ "text": "Call", "done": true });
    office
        .bench
        .call(&office.operator, Method::PUT, &path, done)
        .await
        .ok();
}
