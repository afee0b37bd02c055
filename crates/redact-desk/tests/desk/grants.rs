//! What an administrator does not do alone unseen.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, PASSWORD, Person};

async fn invite(bench: &Bench, admin: &Person, login: &str, role: &str) -> (String, String) {
    let body = json!({ "login": login, "name": format!("{login} Person"), "role": role });
    let made = bench.post(admin, "/api/users", body).await.ok();
    let token = made["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let id = made["user"]["id"].as_str().unwrap();
    (id.to_owned(), token.to_owned())
}

async fn open_link(bench: &Bench, token: &str) -> Answered {
    bench
        .get(&Person::default(), &format!("/api/invites/{token}"))
        .await
}

async fn decide(bench: &Bench, admin: &Person, user: &str, how: &str) -> Answered {
    let path = format!("/api/users/{user}/{how}");
    bench.post(admin, &path, json!({})).await
}

async fn notices(bench: &Bench, person: &Person) -> Vec<Value> {
    let shown = bench.get(person, "/api/notices").await.ok();
    shown.as_array().unwrap().clone()
}

/// Goal: the only administrator invites whom they like, themselves too, and everybody is shown it
/// until they have read it.
#[tokio::test]
async fn what_one_administrator_does_is_shown_to_all() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    invite(&bench, &admin, "root2", "approver").await;
    for person in [&admin, &operator] {
        let shown = notices(&bench, person).await;
        assert_eq!(shown.len(), 2);
        assert_eq!(shown[0]["by"], "Ruth Root");
        assert_eq!(shown[0]["about"], "root2 Person");
        assert_eq!(shown[0]["role"], "approver");
    }
    let id = notices(&bench, &operator).await[0]["id"].clone();
    let path = format!("/api/notices/{}/dismiss", id.as_str().unwrap());
    bench.post(&operator, &path, json!({})).await.ok();
    assert_eq!(notices(&bench, &operator).await.len(), 1);
    assert_eq!(notices(&bench, &admin).await.len(), 2, "each for oneself");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("[\"second\",\"alone\"]"));
}

/// Goal: with two administrators, neither lets anybody in alone: by an invitation, a role, an
/// account that is switched on again, a new link.
/// Control: once the other one confirms, it holds.
#[tokio::test]
async fn two_administrators_confirm_each_other() {
    let bench = Bench::new().await;
    let ruth = bench.administrator().await;
    let operator = bench.invited(&ruth, "oli", Role::Operator).await;
    let sam = bench.invited(&ruth, "sam", Role::Administrator).await;
    let (user, token) = invite(&bench, &ruth, "pat", "approver").await;
    let refused = open_link(&bench, &token).await;
    assert_eq!(refused.code(), "awaiting_administrator");
    let body = json!({ "password": PASSWORD });
    let path = format!("/api/invites/{token}");
    let refused = bench.post(&Person::default(), &path, body).await;
    assert_eq!(refused.code(), "awaiting_administrator");
    assert_eq!(
        decide(&bench, &ruth, &user, "confirm").await.code(),
        "same_person"
    );
    let shown = decide(&bench, &sam, &user, "confirm").await.ok();
    assert_eq!(shown["pending"], Value::Null);
    assert_eq!(open_link(&bench, &token).await.status, StatusCode::OK);
    let again = decide(&bench, &sam, &user, "confirm").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    // Another role.
    let path = format!("/api/users/{}", operator.id);
    let role = json!({ "role": "approver" });
    let waits = bench.call(&ruth, Method::PATCH, &path, role).await.ok();
    assert_eq!(waits["role"], "operator");
    assert_eq!(waits["pending"]["role"], "approver");
    assert_eq!(
        bench.get(&operator, "/api/me").await.ok()["role"],
        "operator"
    );
    let shown = decide(&bench, &sam, &operator.id, "confirm").await.ok();
    assert_eq!(shown["role"], "approver");
    // Less than before takes effect at once, and so does switching off; on again waits.
    for body in [json!({ "role": "auditor" }), json!({ "active": false })] {
        let shown = bench.call(&ruth, Method::PATCH, &path, body).await.ok();
        assert_eq!(shown["pending"], Value::Null);
    }
    let on = json!({ "active": true });
    let waits = bench.call(&ruth, Method::PATCH, &path, on).await.ok();
    assert_eq!(waits["active"], false);
    let taken_back = decide(&bench, &ruth, &operator.id, "refuse").await.ok();
    assert_eq!(taken_back["active"], false);
    assert_eq!(taken_back["pending"], Value::Null);
    assert_eq!(
        decide(&bench, &sam, &operator.id, "confirm").await.status,
        StatusCode::CONFLICT
    );
    // An invitation that is refused lets nobody in.
    let (user, token) = invite(&bench, &sam, "sam2", "administrator").await;
    decide(&bench, &ruth, &user, "refuse").await.ok();
    assert_eq!(
        open_link(&bench, &token).await.status,
        StatusCode::NOT_FOUND
    );
}

/// Goal: nobody becomes the only administrator unseen: a reset does not make one, and whoever shuts
/// the other one out is shown to all.
#[tokio::test]
async fn shutting_the_other_one_out_is_seen() {
    let bench = Bench::new().await;
    let ruth = bench.administrator().await;
    let operator = bench.invited(&ruth, "oli", Role::Operator).await;
    let sam = bench.invited(&ruth, "sam", Role::Administrator).await;
    let before = notices(&bench, &operator).await.len();
    let path = format!("/api/users/{}", sam.id);
    let link = bench
        .post(&ruth, &format!("{path}/reset"), json!({}))
        .await
        .ok();
    let token = link["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let refused = open_link(&bench, token).await;
    assert_eq!(refused.code(), "awaiting_administrator");
    let (_, token) = invite(&bench, &ruth, "ruth2", "approver").await;
    let refused = open_link(&bench, &token).await;
    assert_eq!(
        refused.code(),
        "awaiting_administrator",
        "not alone by a reset"
    );
    assert_eq!(notices(&bench, &operator).await.len(), before);
    let off = json!({ "active": false });
    bench.call(&ruth, Method::PATCH, &path, off).await.ok();
    let shown = notices(&bench, &operator).await;
    assert_eq!(shown[0]["action"], "remove");
    assert_eq!(shown[0]["about"], "sam Person");
    let (_, token) = invite(&bench, &ruth, "ruth3", "approver").await;
    assert_eq!(open_link(&bench, &token).await.status, StatusCode::OK);
    assert_eq!(notices(&bench, &operator).await[0]["about"], "ruth3 Person");
}
