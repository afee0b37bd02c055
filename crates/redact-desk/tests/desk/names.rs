//! Another name for a person: what is shown of before and after, and what follows from it.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, Person};
use crate::office::office;

async fn rename(bench: &Bench, admin: &Person, person: &str, name: &str) -> Answered {
    let body = json!({ "name": name, "reason": "Marriage" });
    bench
        .post(admin, &format!("/api/users/{person}/rename"), body)
        .await
}

async fn events(bench: &Bench, who: &Person) -> Vec<Value> {
    let shown = bench.get(who, "/api/events").await.ok();
    shown.as_array().unwrap().clone()
}

/// Goal: after a marriage, old records show the old name and new ones the new name; everybody is
/// shown the change, the log has it with both names, and its file has neither.
#[tokio::test]
async fn records_show_the_name_of_then() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    bench.turn_clock(60);
    let shown = rename(&bench, &admin, &operator.id, "Oli  Stone")
        .await
        .ok();
    assert_eq!(shown["name"], "Oli Stone");
    assert_eq!(shown["former_names"][0]["name"], "oli Person");
    let me = bench.get(&operator, "/api/me").await.ok();
    assert_eq!(me["name"], "Oli Stone", "the session goes on");
    bench.turn_clock(60);
    let path = format!("/api/users/{}", operator.id);
    let unlock = json!({ "unlock": true });
    bench.call(&admin, Method::PATCH, &path, unlock).await.ok();
    let listed = events(&bench, &admin).await;
    let named = |action: &str| {
        let entry = listed.iter().find(|e| e["details"]["action"] == action);
        entry.unwrap()["names"][&operator.id].clone()
    };
    assert_eq!(named("added"), "oli Person (now Oli Stone (oli))");
    assert_eq!(named("unlocked"), "Oli Stone (oli)");
    let renamed = listed.iter().find(|e| e["details"]["action"] == "renamed");
    let renamed = renamed.unwrap();
    assert_eq!(renamed["changes"][0]["from"], "oli Person");
    assert_eq!(renamed["changes"][0]["to"], "Oli Stone");
    assert_eq!(renamed["reason"], "Marriage");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    let line = log.lines().find(|line| line.contains("renamed")).unwrap();
    assert!(!line.contains("Stone") && !line.contains("Marriage"));
    let notices = bench.get(&operator, "/api/notices").await.ok();
    assert_eq!(notices[0]["action"], "rename");
    assert_eq!(notices[0]["about"], "Oli Stone");
    assert_eq!(notices[0]["formerly"], "oli Person");
    assert_eq!(notices[1]["about"], "oli Person", "invited under that name");
}

/// Goal: nobody takes the name of another one, not even one of before; one's own old name can come
/// back.
#[tokio::test]
async fn a_former_name_is_not_free_for_others() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let ann = bench.invited(&admin, "ann", Role::Operator).await;
    let bo = bench.invited(&admin, "bo", Role::Approver).await;
    assert_eq!(
        rename(&bench, &admin, &ann.id, " BO person").await.code(),
        "name_taken"
    );
    rename(&bench, &admin, &ann.id, "Ann Lee").await.ok();
    let taken = rename(&bench, &admin, &bo.id, "Ann Person").await;
    assert_eq!(taken.code(), "name_taken");
    let body = json!({ "login": "c", "name": "ann person", "role": "operator" });
    let taken = bench.post(&admin, "/api/users", body).await;
    assert_eq!(taken.code(), "name_taken");
    let same = rename(&bench, &admin, &ann.id, "Ann Lee").await;
    assert_eq!(same.status, StatusCode::BAD_REQUEST);
    assert_eq!(same.json()["error"]["field"], "name");
    bench.turn_clock(1);
    let back = rename(&bench, &admin, &ann.id, "ann Person").await.ok();
    assert_eq!(back["former_names"].as_array().unwrap().len(), 2);
    let refused = rename(&bench, &bo, &ann.id, "Ann Bo").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// Goal: an approval under the old name counts no longer, and the next one is signed with a key
/// that belongs to the new name. Control: an unlock changes neither.
#[tokio::test]
async fn a_new_name_gets_a_new_key() {
    let office = office().await;
    let bench = &office.bench;
    let (review, revision) = office.by_policy("two-signed").await;
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    let path = format!("/api/users/{}", office.approver.id);
    let unlock = json!({ "unlock": true });
    bench
        .call(&office.admin, Method::PATCH, &path, unlock)
        .await
        .ok();
    let state = async || {
        let shown = bench
            .get(&office.approver, &format!("/api/reviews/{review}"))
            .await
            .ok();
        shown["approvals"].clone()
    };
    assert_eq!(state().await.as_array().unwrap().len(), 1);
    rename(bench, &office.admin, &office.approver.id, "Pat Stone")
        .await
        .ok();
    assert_eq!(state().await, json!([]));
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    let approvals = state().await;
    assert_eq!(approvals[0]["by"], "Pat Stone");
    assert_eq!(approvals[0]["signed"], true);
    let trusted = bench.folder.path().join("trusted");
    let store = redact_record::sign::TrustStore::open(&trusted).unwrap();
    let names: Vec<&str> = store.approvers().iter().map(|a| a.name.as_str()).collect();
    assert!(
        names.contains(&"Pat Stone") && names.len() == 2,
        "{names:?}"
    );
}

/// Goal: a name that a reader could take for somebody else's is refused, for an account and for a
/// renamed one, also one that somebody had before. Control: another name.
#[tokio::test]
async fn look_alike_names_are_refused() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    let other = bench.invited(&admin, "una", Role::Operator).await;
    rename(&bench, &admin, &operator.id, "Ada Okafor")
        .await
        .ok();
    rename(&bench, &admin, &operator.id, "Ada Stone").await.ok();
    let cases = [
        "\u{410}da Stone",
        "Ada St\u{43e}ne",
        "Stone, Ada",
        "Ada St0ne",
        "ada okafor",
        "Ada \u{41e}kafor",
    ];
    for name in cases {
        let refused = rename(&bench, &admin, &other.id, name).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{name}");
        assert_eq!(refused.code(), "name_taken");
        let body = json!({ "name": name, "login": "new", "role": "operator" });
        let refused = bench.post(&admin, "/api/users", body).await;
        assert_eq!(refused.code(), "name_taken", "{name}");
    }
    rename(&bench, &admin, &other.id, "Ada Stones").await.ok();
}
