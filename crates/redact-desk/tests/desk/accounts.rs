//! Accounts: the first one, invitations, sessions that end, codes that are used up, locks.

use axum::http::{Method, StatusCode, header};
use redact_desk::Role;
use serde_json::json;

use crate::bench::{Bench, PASSWORD, Person, cookie};

#[tokio::test]
async fn the_first_link_makes_one_administrator_and_no_second() {
    let bench = Bench::new().await;
    let first = bench.desk.setup_token().await.unwrap().unwrap();
    let token = bench.desk.setup_token().await.unwrap().unwrap();
    let nobody = Person::default();
    let voided = bench.get(&nobody, &format!("/api/invites/{first}")).await;
    assert_eq!(
        voided.status,
        StatusCode::NOT_FOUND,
        "a newer start voids the older link"
    );
    let shown = bench
        .get(&nobody, &format!("/api/invites/{token}"))
        .await
        .ok();
    assert_eq!(shown["role"], "administrator");
    let body = json!({ "login": "root", "name": "Ruth", "password": PASSWORD });
    bench.accept(&token, "root", body.clone()).await;
    let path = format!("/api/invites/{token}");
    assert_eq!(
        bench.post(&nobody, &path, body).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(bench.desk.setup_token().await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_wrong_in_a_sign_in_is_not_said_and_a_code_is_good_once() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let nobody = Person::default();
    let code = bench.code(&admin.secret);
    let tries = [
        json!({ "login": "root", "password": "wrong password!", "code": code }),
        json!({ "login": "nobody", "password": PASSWORD, "code": code }),
        json!({ "login": "root", "password": PASSWORD, "code": "000000" }),
    ];
    let mut words = Vec::new();
    for body in tries {
        let answered = bench.post(&nobody, "/api/session", body).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
        words.push(answered.json());
    }
    assert!(words.windows(2).all(|pair| pair[0] == pair[1]), "{words:?}");
    assert_eq!(bench.sign_in(&admin).await.status, StatusCode::OK);
    let again = bench.sign_in(&admin).await;
    assert_eq!(
        again.status,
        StatusCode::UNAUTHORIZED,
        "the same code once more"
    );
    bench.turn_clock(30);
    assert_eq!(bench.sign_in(&admin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn five_failures_lock_a_login_and_time_unlocks_it() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let wrong = json!({ "login": "root", "password": "wrong password!", "code": "123456" });
    for _ in 0..5 {
        let answered = bench
            .post(&Person::default(), "/api/session", wrong.clone())
            .await;
        assert_eq!(answered.code(), "invalid_credentials");
    }
    let locked = bench.sign_in(&admin).await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(locked.json()["error"]["details"]["until"].is_string());
    let other = json!({ "login": "nobody", "password": PASSWORD, "code": "123456" });
    for _ in 0..5 {
        bench
            .post(&Person::default(), "/api/session", other.clone())
            .await;
    }
    let unknown = bench.post(&Person::default(), "/api/session", other).await;
    assert_eq!(
        unknown.code(),
        "locked",
        "a lock does not tell whether there is an account"
    );
    bench.turn_clock(14 * 60);
    assert_eq!(bench.sign_in(&admin).await.code(), "locked");
    bench.turn_clock(2 * 60);
    assert_eq!(bench.sign_in(&admin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_its_end_whatever_happens() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    bench.turn_clock(29 * 60 - 60);
    assert_eq!(bench.get(&admin, "/api/me").await.status, StatusCode::OK);
    bench.turn_clock(29 * 60);
    assert_eq!(
        bench.get(&admin, "/api/me").await.status,
        StatusCode::OK,
        "kept awake"
    );
    bench.turn_clock(31 * 60);
    assert_eq!(bench.get(&admin, "/api/me").await.code(), "signed_out");
    let busy = Person {
        cookie: cookie(&bench.sign_in(&admin).await),
        ..admin
    };
    for _ in 0..24 {
        bench.turn_clock(29 * 60);
        assert_eq!(bench.get(&busy, "/api/me").await.status, StatusCode::OK);
    }
    bench.turn_clock(25 * 60);
    assert_eq!(
        bench.get(&busy, "/api/me").await.code(),
        "signed_out",
        "twelve hours are over"
    );
}

/// Goal: a session that an attacker put into a browser is not the one that is signed in.
#[tokio::test]
async fn a_planted_session_is_never_gone_on_with_and_an_ended_one_stays_ended() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let planted = format!("__Host-redact={}", "ab".repeat(32));
    let attacker = Person {
        cookie: Some(planted.clone()),
        ..Person::default()
    };
    let body = json!({
        "login": "root", "password": PASSWORD, "code": bench.code(&admin.secret),
    });
    let answered = bench.post(&attacker, "/api/session", body).await;
    let line = answered.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    for word in [
        "__Host-redact=",
        "; Path=/",
        "; Secure",
        "; HttpOnly",
        "; SameSite=Strict",
    ] {
        assert!(line.contains(word), "{line}");
    }
    assert_ne!(cookie(&answered).unwrap(), planted);
    assert_eq!(bench.get(&attacker, "/api/me").await.code(), "signed_out");
    let person = Person {
        cookie: cookie(&answered),
        ..admin.clone()
    };
    assert_eq!(bench.get(&person, "/api/me").await.status, StatusCode::OK);
    let out = bench
        .call(&person, Method::DELETE, "/api/session", json!({}))
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(
        bench.get(&person, "/api/me").await.code(),
        "signed_out",
        "replayed"
    );
}

#[tokio::test]
async fn changes_and_resets_end_sessions_and_the_last_administrator_stays() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let person = bench.invited(&admin, "oli", Role::Operator).await;
    let path = format!("/api/users/{}", person.id);
    let body = json!({ "role": "auditor" });
    bench.call(&admin, Method::PATCH, &path, body).await.ok();
    assert_eq!(bench.get(&person, "/api/me").await.code(), "signed_out");
    bench.turn_clock(60);
    let person = Person {
        cookie: cookie(&bench.sign_in(&person).await),
        ..person
    };
    assert_eq!(bench.get(&person, "/api/me").await.ok()["role"], "auditor");
    bench
        .post(&admin, &format!("{path}/reset"), json!({}))
        .await
        .ok();
    assert_eq!(bench.get(&person, "/api/me").await.code(), "signed_out");
    bench.turn_clock(60);
    let old = bench.sign_in(&person).await;
    assert_eq!(
        old.code(),
        "invalid_credentials",
        "the old password is gone at once"
    );
    let own = format!("/api/users/{}", admin.id);
    for body in [json!({ "active": false }), json!({ "role": "operator" })] {
        let answered = bench.call(&admin, Method::PATCH, &own, body).await;
        assert_eq!(answered.code(), "last_administrator");
    }
    let answered = bench.post(&admin, &format!("{own}/reset"), json!({})).await;
    assert_eq!(answered.code(), "last_administrator");
}

#[tokio::test]
async fn two_people_have_two_names() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let body =
        |login: &str, name: &str| json!({ "login": login, "name": name, "role": "approver" });
    bench
        .post(&admin, "/api/users", body("a", "Ann  Lee"))
        .await
        .ok();
    let same = bench
        .post(&admin, "/api/users", body("b", " ann lee "))
        .await;
    assert_eq!(same.code(), "name_taken");
    let same = bench.post(&admin, "/api/users", body("A", "Bo")).await;
    assert_eq!(same.code(), "login_taken");
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let other = Person {
        cookie: cookie(&bench.sign_in(&admin).await),
        ..admin.clone()
    };
    bench.turn_clock(60);
    let body = |password: &str, new: &str, code: String| json!({ "password": password, "new_password": new, "code": code });
    let path = "/api/me/password";
    let code = || bench.code(&admin.secret);
    let answered = bench
        .post(&admin, path, body(PASSWORD, "short", code()))
        .await;
    assert_eq!(answered.status, StatusCode::BAD_REQUEST);
    let answered = bench
        .post(
            &admin,
            path,
            body("not the password", "another long one", code()),
        )
        .await;
    assert_eq!(answered.code(), "wrong_password");
    let answered = bench
        .post(&admin, path, body(PASSWORD, "another long one", code()))
        .await;
    assert_eq!(answered.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.get(&other, "/api/me").await.code(), "signed_out");
    assert_eq!(bench.get(&admin, "/api/me").await.status, StatusCode::OK);
}

/// Goal: a password that is guessed first is refused, with the field. Control: the tests' own.
#[tokio::test]
async fn a_password_that_is_easily_guessed_is_refused() {
    let bench = Bench::new().await;
    let token = bench.desk.setup_token().await.unwrap().unwrap();
    let path = format!("/api/invites/{token}");
    for weak in ["123456789012", "password1234", "ruthroot1234", "short"] {
        let body = json!({ "login": "root", "name": "Ruth Root", "password": weak });
        let refused = bench.post(&Person::default(), &path, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{weak}");
        assert_eq!(refused.json()["error"]["field"], "password");
    }
    let body = json!({ "login": "root", "name": "Ruth Root", "password": PASSWORD });
    bench.post(&Person::default(), &path, body).await.ok();
}
