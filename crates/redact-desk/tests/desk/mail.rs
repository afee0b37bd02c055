//! Mail: to whom, about what, with what in it, and a server that does not take it.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Bench, PASSWORD, Person};
use crate::fake_smtp::{FakeSmtp, Mood};

const QUARTER: i64 = 15 * 60;

async fn office() -> (Bench, FakeSmtp, Person) {
    let server = FakeSmtp::start().await;
    let bench = Bench::new().await;
    let text = format!(
        "server = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Desk <desk@city.gov>\"\n\
         link_to = \"https://desk.city.gov\"\n",
        server.port
    );
    std::fs::write(bench.folder.path().join("mail.toml"), text).unwrap();
    let bench = bench.again().await;
    let admin = bench.administrator().await;
    (bench, server, admin)
}

async fn choose(bench: &Bench, person: &Person, address: &str, kinds: &[&str]) {
    let body = json!({ "address": address, "kinds": kinds });
    let done = bench.call(person, Method::PUT, "/api/me/mail", body).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
}

async fn add_request(bench: &Bench, person: &Person, more: Value) -> String {
    let mut body = json!({
        "number": "2026-17", "requester_kind": "press", "requester": "Secret Reporter",
        "jurisdiction": "us-ca", "received_on": "2026-09-20",
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let made = bench.post(person, "/api/requests", body).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn state(bench: &Bench, admin: &Person) -> Value {
    let admin = bench.signed_in(admin).await;
    bench.get(&admin, "/api/mail").await.ok()
}

/// Goal: people get mail about what is new for them while they are away: an assignment, a recording
/// that is ready, a due date, a review that needs their approval; each once, with number and link
/// and without a name. Control: what they did not choose, what waited before, and people at the
/// desk.
#[tokio::test]
async fn people_get_what_they_chose() {
    let (bench, server, admin) = office().await;
    let oli = bench.invited(&admin, "oli", Role::Operator).await;
    let pat = bench.invited(&admin, "pat", Role::Approver).await;
    let assigned = json!({ "assignee": pat.id, "number": "old" });
    add_request(&bench, &oli, assigned).await;
    choose(
        &bench,
        &pat,
        "pat@city.gov",
        &["assigned", "due", "approval", "ready"],
    )
    .await;
    choose(&bench, &oli, "oli@city.gov", &["due"]).await;
    bench.turn_clock(QUARTER);
    bench.desk.send_mail().await;
    assert_eq!(server.drain(), [], "what waited before is no news");
    let oli = bench.signed_in(&oli).await;
    let request = add_request(&bench, &oli, json!({ "assignee": pat.id })).await;
    bench.desk.send_mail().await;
    bench.desk.send_mail().await;
    let sent = server.drain();
    assert_eq!(sent.len(), 1, "{sent:?}");
    let (to, text) = &sent[0];
    assert!(to.contains("pat@city.gov"), "{to}");
    assert!(
        text.contains("request 2026-17 is assigned to you"),
        "{text}"
    );
    let link = format!("https://desk.city.gov/#/request/{request}");
    assert!(text.replace("=\n", "").contains(&link), "{text}");
    for name in ["Secret", "Reporter", "Person", "oli"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    bench.upload(&oli, &request, b"not really a video").await;
    for _ in 0..300 {
        bench.desk.send_mail().await;
        if !server.taken.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let sent = server.drain();
    assert!(
        sent.len() == 1 && sent[0].1.contains("recording"),
        "{sent:?}"
    );
    // At the desk, a person sees it there.
    let pat = bench.signed_in(&pat).await;
    add_request(&bench, &pat, json!({ "assignee": pat.id, "number": "own" })).await;
    bench.desk.send_mail().await;
    assert_eq!(server.drain(), []);
    bench.turn_clock(12 * 24 * 3600);
    bench.desk.send_mail().await;
    let sent = server.drain();
    assert!(!sent.is_empty());
    assert!(
        sent.iter().all(|(_, text)| text.contains("due soon")),
        "{sent:?}"
    );
}

/// Goal: an invitation by mail has the link, which is nowhere in the database in plain text.
#[tokio::test]
async fn an_invitation_is_sent() {
    let (bench, server, admin) = office().await;
    let body = |address: &str| json!({ "login": "oli", "name": "Oli Stone", "role": "operator", "address": address });
    let refused = bench.post(&admin, "/api/users", body("oli at city")).await;
    assert_eq!(refused.json()["error"]["field"], "address");
    let made = bench
        .post(&admin, "/api/users", body("oli@city.gov"))
        .await
        .ok();
    assert_eq!(made["mailed"], true);
    let token = made["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let database = std::fs::read(bench.folder.path().join("data/desk.sqlite-wal")).unwrap();
    assert!(!String::from_utf8_lossy(&database).contains(token));
    bench.desk.send_mail().await;
    let sent = server.drain();
    let text = sent[0].1.replace("=\n", "");
    assert!(text.contains(&format!("#/welcome/{token}")), "{text}");
    assert!(!text.contains("Oli"), "{text}");
    let person = bench
        .accept(token, "oli", json!({ "password": PASSWORD }))
        .await;
    let chosen = bench.get(&person, "/api/me/mail").await.ok();
    assert_eq!(chosen["address"], "oli@city.gov");
    let plain = Bench::new().await;
    let admin = plain.administrator().await;
    let refused = plain.post(&admin, "/api/users", body("oli@city.gov")).await;
    assert_eq!(refused.code(), "no_mail_server");
    assert_eq!(state(&plain, &admin).await["server"], Value::Null);
}

/// Goal: a server that is down holds nobody up; its mail waits, longer each time, and is sent once
/// it is back. One that refuses for good is not asked again, until an administrator says so.
#[tokio::test]
async fn a_server_that_refuses_blocks_nothing() {
    let (bench, server, admin) = office().await;
    let refused = bench.post(&admin, "/api/mail/test", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "no address yet");
    choose(&bench, &admin, "root@city.gov", &[]).await;
    server.set(Mood::Later);
    bench.post(&admin, "/api/mail/test", json!({})).await.ok();
    bench.desk.send_mail().await;
    let shown = state(&bench, &admin).await;
    let waiting = &shown["waiting"][0];
    assert_eq!(waiting["kind"], "test");
    assert_eq!(waiting["attempts"], 1);
    assert!(
        waiting["error"]
            .as_str()
            .unwrap()
            .contains("try again later")
    );
    let before = *server.connections.lock().unwrap();
    bench.desk.send_mail().await;
    assert_eq!(*server.connections.lock().unwrap(), before, "not yet again");
    server.set(Mood::Takes);
    bench.turn_clock(61);
    bench.desk.send_mail().await;
    assert_eq!(server.drain().len(), 1);
    assert_eq!(state(&bench, &admin).await["waiting"], json!([]));
    server.set(Mood::Refuses);
    bench.post(&admin, "/api/mail/test", json!({})).await.ok();
    bench.desk.send_mail().await;
    let shown = state(&bench, &admin).await;
    assert_eq!(shown["waiting"][0]["next_at"], Value::Null, "given up");
    server.set(Mood::Takes);
    bench.turn_clock(3600);
    bench.desk.send_mail().await;
    assert_eq!(server.drain(), []);
    let admin = bench.signed_in(&admin).await;
    let id = shown["waiting"][0]["id"].as_str().unwrap();
    let path = format!("/api/mail/{id}/retry");
    bench.post(&admin, &path, json!({})).await.ok();
    bench.desk.send_mail().await;
    assert_eq!(server.drain().len(), 1);
    let again = bench.post(&admin, &path, json!({})).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

/// Goal: while a server takes the connection and says nothing, everything else goes on.
#[tokio::test]
async fn a_silent_server_stops_no_request() {
    let (bench, server, admin) = office().await;
    choose(&bench, &admin, "root@city.gov", &[]).await;
    server.set(Mood::Silent);
    bench.post(&admin, "/api/mail/test", json!({})).await.ok();
    let soon = std::time::Duration::from_secs(2);
    let sending = tokio::time::timeout(soon, bench.desk.send_mail());
    let working = async {
        for _ in 0..20 {
            bench.get(&admin, "/api/users").await.ok();
        }
    };
    let (sent, ()) = tokio::join!(sending, working);
    assert!(sent.is_err(), "the control: it is still being sent");
}
