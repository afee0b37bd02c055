//! Wrong sign-ins: how many are tried, whom they stop, and what the event log has of them.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, PASSWORD, Person};
use crate::office::office;

const STRANGER: &str = "198.51.100.7";
const OFFICE: &str = "192.0.2.1";

fn wrong(login: &str) -> Value {
    json!({ "login": login, "password": "wrong password!", "code": "123456" })
}

fn right(bench: &Bench, person: &Person) -> Value {
    json!({ "login": person.login, "password": PASSWORD, "code": bench.code(&person.secret) })
}

/// So many sign-ins at once; how many were tried, and how many refused before that.
async fn flood(bench: &Bench, bodies: Vec<(String, Value)>) -> (usize, usize) {
    let sent = bodies
        .iter()
        .map(|(from, body)| bench.sign_in_from(from, None, body.clone()));
    let answers = futures_util::future::join_all(sent).await;
    let count = |status: StatusCode| answers.iter().filter(|a| a.status == status).count();
    let tried = count(StatusCode::UNAUTHORIZED);
    let refused = count(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tried + refused, answers.len(), "nothing else is answered");
    (tried, refused)
}

fn log(bench: &Bench) -> Vec<Value> {
    let text = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn refused_sign_ins(bench: &Bench) -> Vec<Value> {
    let is = |event: &Value| event["what"] == "account" && event["outcome"] == "refused";
    log(bench).into_iter().filter(is).collect()
}

/// Goal: of many wrong sign-ins at once no more are tried than one after the other.
/// Control: the limit itself is reached, so that the attempts were real ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_at_once_are_five_tries() {
    let bench = Bench::new().await;
    bench.administrator().await;
    let same = vec![(STRANGER.to_owned(), wrong("root")); 200];
    assert_eq!(flood(&bench, same).await, (5, 195));
    bench.turn_clock(16 * 60);
    let logins = (0..200).map(|n| (STRANGER.to_owned(), wrong(&format!("user{n}"))));
    assert_eq!(flood(&bench, logins.collect()).await, (30, 170));
    bench.turn_clock(16 * 60);
    let addresses = (0..200).map(|n| (format!("203.0.113.{n}"), wrong("root")));
    assert_eq!(flood(&bench, addresses.collect()).await, (20, 180));
    // One host has a whole /64 of IPv6.
    bench.turn_clock(24 * 3600);
    let one_host = (0..50).map(|n| (format!("2001:db8::{n:x}"), wrong("root")));
    assert_eq!(flood(&bench, one_host.collect()).await, (5, 45));
}

/// Goal: codes of the second factor are counted like passwords, over the day as well.
#[tokio::test]
async fn guessing_codes_with_the_right_password_is_counted() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let guess = json!({ "login": "root", "password": PASSWORD, "code": "000000" });
    let mut tried = 0;
    for quarter in 0..40 {
        for n in 0..30 {
            let from = format!("203.0.113.{}", (quarter * 30 + n) % 250);
            let answered = bench.sign_in_from(&from, None, guess.clone()).await;
            tried += usize::from(answered.status == StatusCode::UNAUTHORIZED);
        }
        bench.turn_clock(15 * 60 + 1);
    }
    assert_eq!(tried, 50, "in ten hours, from any number of addresses");
    bench.turn_clock(24 * 3600);
    let body = right(&bench, &admin);
    assert_eq!(
        bench.sign_in_from(OFFICE, None, body).await.status,
        StatusCode::OK
    );
}

/// Two codes are good at a time, for a telephone that is a little slow or fast.
#[tokio::test]
async fn two_codes_are_good_at_a_time() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let mut good = 0;
    let now = bench.code(&admin.secret);
    for offset in [-60, -30, 0, 30, 60] {
        bench.turn_clock(offset);
        let code = bench.code(&admin.secret);
        bench.turn_clock(-offset);
        let body = json!({ "login": "root", "password": PASSWORD, "code": code });
        let answered = bench.sign_in_from(OFFICE, None, body).await;
        good += usize::from(answered.status == StatusCode::OK);
        assert!(offset != 0 || code == now);
    }
    assert!((1..=2).contains(&good), "{good} codes");
}

fn cookies(answered: &Answered) -> Vec<String> {
    let lines = answered.headers.get_all(header::SET_COOKIE).iter();
    let cookie = |line: &header::HeaderValue| {
        let line = line.to_str().unwrap();
        line.split(';').next().unwrap().to_owned()
    };
    lines.map(cookie).collect()
}

/// Goal: a stranger's wrong sign-ins, from wherever, stop neither the work of somebody who is
/// signed in nor the next sign-in at a browser that person used before.
/// Control: a browser that nobody knows is stopped.
#[tokio::test]
async fn a_stranger_stops_nobody() {
    let office = office().await;
    let bench = &office.bench;
    let first = right(bench, &office.approver);
    let first = bench.sign_in_from(OFFICE, None, first).await;
    let device = cookies(&first)
        .into_iter()
        .find(|cookie| cookie.starts_with("__Host-redact-device="));
    let device = device.unwrap();
    for from in [OFFICE, STRANGER, "203.0.113.1", "203.0.113.2"] {
        for _ in 0..6 {
            bench.sign_in_from(from, None, wrong("pat")).await;
        }
    }
    let (review, revision) = office.by_policy("public-release").await;
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    bench.turn_clock(60);
    let body = right(bench, &office.approver);
    let unknown = bench.sign_in_from(OFFICE, None, body.clone()).await;
    assert_eq!(unknown.code(), "locked");
    let other = bench
        .sign_in_from(OFFICE, Some(&format!("{device}0")), body.clone())
        .await;
    assert_eq!(other.code(), "locked", "another cookie is none");
    let known = bench.sign_in_from(OFFICE, Some(&device), body).await;
    assert_eq!(known.status, StatusCode::OK);
    // The cookie is for one person, and has a limit of its own.
    let of_another = right(bench, &office.operator);
    for _ in 0..5 {
        bench.sign_in_from(OFFICE, None, wrong("oli")).await;
    }
    let answered = bench.sign_in_from(OFFICE, Some(&device), of_another).await;
    assert_eq!(answered.code(), "locked");
    for _ in 0..5 {
        bench
            .sign_in_from(OFFICE, Some(&device), wrong("pat"))
            .await;
    }
    bench.turn_clock(60);
    let body = right(bench, &office.approver);
    let answered = bench.sign_in_from(OFFICE, Some(&device), body).await;
    assert_eq!(
        answered.code(),
        "locked",
        "a stolen browser guesses no more"
    );
}

/// Passwords that are entered again have a limit of their own.
#[tokio::test]
async fn entering_the_password_again_is_counted_on_its_own() {
    let office = office().await;
    let bench = &office.bench;
    let (review, revision) = office.by_policy("public-release").await;
    let path = format!("/api/reviews/{review}/approve");
    let body = json!({ "revision": revision, "password": "wrong password!" });
    let sent = (0..40).map(|_| bench.post(&office.approver, &path, body.clone()));
    let answers = futures_util::future::join_all(sent).await;
    let tried = answers.iter().filter(|a| a.code() == "wrong_password");
    assert_eq!(tried.count(), 5);
    let locked = bench.approve(&office.approver, &review, revision).await;
    assert_eq!(locked.code(), "locked");
    let body = right(bench, &office.approver);
    let sign_in = bench.sign_in_from(OFFICE, None, body).await;
    assert_eq!(
        sign_in.status,
        StatusCode::OK,
        "signing in is another count"
    );
    bench.turn_clock(16 * 60);
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
}

/// Goal: a flood of refusals is a few entries, with its count; the chain stays whole.
#[tokio::test]
async fn a_flood_does_not_fill_the_event_log() {
    let bench = Bench::new().await;
    bench.administrator().await;
    for _ in 0..300 {
        bench.sign_in_from(STRANGER, None, wrong("root")).await;
    }
    let at_once = refused_sign_ins(&bench);
    assert_eq!(at_once.len(), 1, "{at_once:?}");
    bench.turn_clock(61);
    bench.sign_in_from(OFFICE, None, wrong("nobody")).await;
    let entries = refused_sign_ins(&bench);
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert_eq!(entries[1]["who"], "Ruth Root");
    let details = entries[1]["details"].to_string();
    assert!(details.contains("[\"more\",299]"), "{details}");
    assert!(details.contains(STRANGER), "{details}");
    // From many addresses as well: 64 are told apart.
    for n in 0..200 {
        bench
            .sign_in_from(&format!("203.0.113.{n}"), None, wrong("root"))
            .await;
    }
    bench.desk.close().await;
    let entries = refused_sign_ins(&bench);
    assert!(entries.len() <= 70, "{}", entries.len());
    let text = entries.last().unwrap()["details"].to_string();
    let others = entries
        .iter()
        .any(|entry| entry["details"].to_string().contains("others"));
    assert!(others, "{text}");
    let log = bench.folder.path().join("events.jsonl");
    assert!(redact_record::events::verify(&log).unwrap().is_intact());
}
