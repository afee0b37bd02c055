//! Ways back for a person whose second factor is lost.

use axum::http::StatusCode;
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, PASSWORD, Person, cookie};

async fn make(bench: &Bench, person: &Person, code: &str) -> Answered {
    let body = json!({ "password": PASSWORD, "code": code });
    bench.post(person, "/api/me/recovery-codes", body).await
}

fn codes(made: &Value) -> Vec<String> {
    let list = made["codes"].as_array().unwrap().iter();
    list.map(|code| code.as_str().unwrap().to_owned()).collect()
}

async fn sign_in(bench: &Bench, login: &str, code: &str) -> Answered {
    let body = json!({ "login": login, "password": PASSWORD, "code": code });
    bench.post(&Person::default(), "/api/session", body).await
}

/// Goal: ten codes, each good once and for its owner alone, none of them in the database or the
/// log; a new set voids the old one; the number left is shown.
#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    bench.invited(&admin, "pat", Role::Approver).await;
    assert_eq!(bench.get(&oli, "/api/me").await.ok()["recovery_codes"], 0);
    let refused = make(&bench, &oli, "000000").await;
    assert_eq!(refused.code(), "wrong_code");
    let first = make(&bench, &oli, &bench.code(&oli.secret)).await.ok();
    let first = codes(&first);
    assert_eq!(first.len(), 10);
    assert_eq!(bench.get(&oli, "/api/me").await.ok()["recovery_codes"], 10);
    let of_another = sign_in(&bench, "pat", &first[0]).await;
    assert_eq!(of_another.code(), "invalid_credentials");
    // As people type it.
    let typed = first[0].to_uppercase().replace('-', " ");
    let me = sign_in(&bench, "oli", &typed).await.ok();
    assert_eq!(me["recovery_codes"], 9);
    let again = sign_in(&bench, "oli", &first[0]).await;
    assert_eq!(again.code(), "invalid_credentials");
    // A code also lets a person make a new set, and voids the old one.
    let second = codes(&make(&bench, &oli, &first[1]).await.ok());
    let old = sign_in(&bench, "oli", &first[2]).await;
    assert_eq!(old.code(), "invalid_credentials");
    assert!(sign_in(&bench, "oli", &second[0]).await.status.is_success());
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("recovery-code-used") && log.contains("[\"left\",9]"));
    for file in ["desk.sqlite", "desk.sqlite-wal"] {
        let bytes = std::fs::read(bench.folder.path().join("data").join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for code in &second {
            let bare = code.replace('-', "");
            assert!(!text.contains(code) && !text.contains(&bare), "{file}");
        }
    }
}

/// Goal: of many attempts at the same time with one code, one succeeds.
#[tokio::test]
async fn a_recovery_code_is_not_spent_twice_at_once() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let made = make(&bench, &admin, &bench.code(&admin.secret)).await.ok();
    let code = codes(&made).remove(0);
    let sent = (0..4).map(|_| sign_in(&bench, "root", &code));
    let answers = futures_util::future::join_all(sent).await;
    let right = answers.iter().filter(|a| a.status == StatusCode::OK);
    assert_eq!(right.count(), 1);
}

/// Goal: a new telephone without an administrator: a recovery code signs in and sets up another
/// app, whose codes are good from then on; those of the old one are not.
/// Control: until it is confirmed, the old one is.
#[tokio::test]
async fn another_telephone_takes_the_place_of_the_old_one() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let made = make(&bench, &admin, &bench.code(&admin.secret)).await.ok();
    let codes = codes(&made);
    let other = Person {
        cookie: cookie(&sign_in(&bench, "root", &codes[0]).await),
        ..admin.clone()
    };
    let confirm = async |code: String| {
        let path = "/api/me/second-factor/confirm";
        bench.post(&other, path, json!({ "code": code })).await
    };
    assert_eq!(
        confirm("123456".to_owned()).await.status,
        StatusCode::CONFLICT
    );
    let body = json!({ "password": PASSWORD, "code": codes[1] });
    let begun = bench.post(&other, "/api/me/second-factor", body).await.ok();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    assert_eq!(confirm("000000".to_owned()).await.code(), "wrong_code");
    bench.turn_clock(60);
    assert!(
        bench.sign_in(&admin).await.status.is_success(),
        "the old one"
    );
    let done = confirm(bench.code(&secret)).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.get(&admin, "/api/me").await.code(), "signed_out");
    assert_eq!(bench.get(&other, "/api/me").await.status, StatusCode::OK);
    bench.turn_clock(60);
    assert_eq!(bench.sign_in(&admin).await.code(), "invalid_credentials");
    let new = Person { secret, ..admin };
    assert!(bench.sign_in(&new).await.status.is_success());
    assert_eq!(
        confirm("123456".to_owned()).await.status,
        StatusCode::CONFLICT
    );
}

/// Goal: a new link from an administrator voids the recovery codes too.
#[tokio::test]
async fn a_reset_voids_recovery_codes() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    let made = make(&bench, &oli, &bench.code(&oli.secret)).await.ok();
    let path = format!("/api/users/{}/reset", oli.id);
    let link = bench.post(&admin, &path, json!({})).await.ok();
    let token = link["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let body = json!({ "password": PASSWORD });
    let new = bench.accept(token, "oli", body).await;
    assert_eq!(bench.get(&new, "/api/me").await.ok()["recovery_codes"], 0);
    let refused = sign_in(&bench, "oli", &codes(&made)[0]).await;
    assert_eq!(refused.code(), "invalid_credentials");
}
