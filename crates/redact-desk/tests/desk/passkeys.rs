//! Passkeys: registration, sign-in, and everything that must not sign in.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::authenticator::{SoftAuthenticator, base64};
use crate::bench::{Answered, Bench, NAMED_HOST, PASSWORD, Person, cookie};

const ORIGIN: &str = "http://localhost:7350";

async fn call(bench: &Bench, person: &Person, method: Method, path: &str, body: Value) -> Answered {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, NAMED_HOST)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = &person.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    bench
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

async fn post(bench: &Bench, person: &Person, path: &str, body: Value) -> Answered {
    call(bench, person, Method::POST, path, body).await
}

async fn registration(bench: &Bench, person: &Person) -> Value {
    bench.turn_clock(60);
    let body = json!({ "password": PASSWORD, "code": bench.code(&person.secret) });
    let begun = post(bench, person, "/api/me/passkeys/begin", body)
        .await
        .ok();
    begun["options"].clone()
}

async fn add(bench: &Bench, person: &Person, credential: Value) -> Answered {
    let body = json!({ "name": "Phone", "credential": credential });
    post(bench, person, "/api/me/passkeys", body).await
}

async fn registered(bench: &Bench, person: &Person) -> SoftAuthenticator {
    let mut key = SoftAuthenticator::new("localhost", ORIGIN);
    let options = registration(bench, person).await;
    let credential = key.create(&options);
    add(bench, person, credential).await.ok();
    key
}

async fn challenge(bench: &Bench) -> Value {
    let begun = post(
        bench,
        &Person::default(),
        "/api/session/passkey/begin",
        json!({}),
    )
    .await;
    begun.ok()["options"].clone()
}

async fn answer(bench: &Bench, credential: &Value) -> Answered {
    let body = json!({ "credential": credential });
    post(bench, &Person::default(), "/api/session/passkey", body).await
}

/// Goal: a passkey signs in without a password, and is shown with its uses; an approval still asks
/// for the password. Control: once it is removed, it signs in no more.
#[tokio::test]
async fn a_passkey_signs_in() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let mut key = registered(&bench, &pat).await;
    let shown = bench.get(&pat, "/api/me/passkeys").await.ok();
    assert_eq!(shown[0]["name"], "Phone");
    assert_eq!(shown[0]["host"], "localhost");
    assert_eq!(shown[0]["last_used_at"], Value::Null);
    for _ in 0..2 {
        let options = challenge(&bench).await;
        assert_eq!(options["userVerification"], "required");
        let signed_in = answer(&bench, &key.get(&options)).await;
        let person = Person {
            cookie: cookie(&signed_in),
            ..pat.clone()
        };
        assert_eq!(signed_in.ok()["login"], "pat");
        assert_eq!(
            bench.get(&person, "/api/me").await.ok()["name"],
            "pat Person"
        );
    }
    let shown = bench.get(&pat, "/api/me/passkeys").await.ok();
    assert!(shown[0]["last_used_at"].is_string());
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("passkey-added") && log.contains("[\"with\",\"passkey\"]"));
    let (_, _, review) = bench.ready(&pat).await;
    let body = json!({ "revision": 1, "password": "" });
    let path = format!("/api/reviews/{review}/approve");
    let refused = bench.post(&pat, &path, body).await;
    assert_eq!(refused.code(), "wrong_password");
    let path = format!("/api/me/passkeys/{}", shown[0]["id"].as_str().unwrap());
    let other = call(&bench, &admin, Method::DELETE, &path, json!({})).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "of another person");
    let removed = call(&bench, &pat, Method::DELETE, &path, json!({})).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let options = challenge(&bench).await;
    assert_eq!(answer(&bench, &key.get(&options)).await.code(), "passkey");
}

/// Goal: an answer signs in once, to its own challenge, and a copy of the key is noticed.
#[tokio::test]
async fn replays_and_copies_are_refused() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let mut key = registered(&bench, &admin).await;
    let options = challenge(&bench).await;
    let credential = key.get(&options);
    assert_eq!(answer(&bench, &credential).await.status, StatusCode::OK);
    let again = answer(&bench, &credential).await;
    assert_eq!(again.code(), "passkey", "the same answer once more");
    let invented = json!({ "challenge": base64(&[7; 16]) });
    let refused = answer(&bench, &key.get(&invented)).await;
    assert_eq!(refused.code(), "passkey", "a challenge that nobody made");
    // The copy still counts from where it was made.
    key.counter = 1;
    let options = challenge(&bench).await;
    let cloned = answer(&bench, &key.get(&options)).await;
    assert_eq!(cloned.code(), "passkey_cloned");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("passkey-cloned"));
    key.counter = 100;
    let options = challenge(&bench).await;
    let signed_in = answer(&bench, &key.get(&options)).await;
    assert_eq!(
        signed_in.status,
        StatusCode::OK,
        "the control: a higher count"
    );
}

/// Goal: nothing signs in that was signed for another site, for another name, without verifying the
/// person, with another key, or under another person's handle.
#[tokio::test]
async fn what_was_signed_for_something_else_is_refused() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let mut key = registered(&bench, &pat).await;
    let other = registered(&bench, &admin).await;
    let own = key.user.clone();
    type Change = fn(&mut SoftAuthenticator);
    let changes: [(&str, Change); 5] = [
        ("site", |key| key.origin = "https://attacker.example".into()),
        ("port", |key| key.origin = "http://localhost:9999".into()),
        ("name", |key| key.host = "attacker.example".into()),
        ("not verified", |key| key.flags = 0x01),
        ("not there", |key| key.flags = 0x04),
    ];
    for (what, change) in changes {
        change(&mut key);
        let options = challenge(&bench).await;
        let refused = answer(&bench, &key.get(&options)).await;
        assert_eq!(refused.code(), "passkey", "{what}");
        key.origin = ORIGIN.into();
        key.host = "localhost".into();
        key.flags = 0x05;
    }
    key.user.clone_from(&other.user);
    let options = challenge(&bench).await;
    let refused = answer(&bench, &key.get(&options)).await;
    assert_eq!(refused.code(), "passkey", "another person's handle");
    key.user = own;
    let options = challenge(&bench).await;
    let mut forged = key.get(&options);
    forged["response"]["signature"] = json!(base64(&[0x30, 6, 2, 1, 1, 2, 1, 1]));
    assert_eq!(answer(&bench, &forged).await.code(), "passkey");
    for nonsense in [json!({}), json!(null), json!({ "id": "x", "response": [] })] {
        assert_eq!(answer(&bench, &nonsense).await.code(), "passkey");
    }
    let options = challenge(&bench).await;
    let signed_in = answer(&bench, &key.get(&options)).await;
    assert_eq!(signed_in.ok()["login"], "pat", "the control");
}

/// Goal: nobody registers a passkey with another person's request, without the password, twice, or
/// for an address.
#[tokio::test]
async fn a_registration_is_for_who_asked_for_it() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let options = registration(&bench, &admin).await;
    let mut key = SoftAuthenticator::new("localhost", ORIGIN);
    let credential = key.create(&options);
    let refused = add(&bench, &pat, credential.clone()).await;
    assert_eq!(refused.code(), "passkey", "another person's request");
    assert_eq!(
        add(&bench, &admin, credential).await.code(),
        "passkey",
        "used up"
    );
    let options = registration(&bench, &admin).await;
    let mut wrong = SoftAuthenticator::new("localhost", "https://attacker.example");
    let credential = wrong.create(&options);
    assert_eq!(add(&bench, &admin, credential).await.code(), "passkey");
    let body = json!({ "password": "wrong password!", "code": bench.code(&admin.secret) });
    let refused = post(&bench, &admin, "/api/me/passkeys/begin", body.clone()).await;
    assert_eq!(refused.code(), "wrong_password");
    let refused = bench.post(&admin, "/api/me/passkeys/begin", body).await;
    assert_eq!(refused.code(), "needs_host_name", "by an address");
    let options = registration(&bench, &admin).await;
    let credential = key.create(&options);
    add(&bench, &admin, credential).await.ok();
    let options = registration(&bench, &pat).await;
    let credential = key.create(&options);
    assert_eq!(
        add(&bench, &pat, credential).await.code(),
        "conflict",
        "the same key"
    );
}

/// Goal: a closed account and a reset one are not entered with a passkey.
#[tokio::test]
async fn a_passkey_ends_with_the_access() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let mut key = registered(&bench, &pat).await;
    let path = format!("/api/users/{}", pat.id);
    let off = json!({ "active": false });
    bench.call(&admin, Method::PATCH, &path, off).await.ok();
    let options = challenge(&bench).await;
    assert_eq!(answer(&bench, &key.get(&options)).await.code(), "passkey");
    let on = json!({ "active": true });
    bench.call(&admin, Method::PATCH, &path, on).await.ok();
    let options = challenge(&bench).await;
    assert_eq!(
        answer(&bench, &key.get(&options)).await.status,
        StatusCode::OK
    );
    bench
        .post(&admin, &format!("{path}/reset"), json!({}))
        .await
        .ok();
    let options = challenge(&bench).await;
    assert_eq!(answer(&bench, &key.get(&options)).await.code(), "passkey");
}
