//! An office of ten thousand requests: how long the queue, the search, the inbox and the statistics
//! take to answer.

use std::time::{Duration, Instant};

use axum::http::Method;
use redact_desk::Role;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::bench::{Bench, Person};
use crate::office::office;

const REQUESTS: u32 = 10_000;

/// Of several answers the quickest counts: whatever else the machine does makes the others slower.
const TRIES: u32 = 3;

/// Requests of three years under three laws, a third of them closed, with three recordings each.
const FILL: [&str; 8] = [
    "INSERT INTO requests (id, number, requester_kind, requester, jurisdiction, received_on, due_on,
       assignee, note, closed, disposition, created_at, changed_at, due_by_hand, details)
     WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
     SELECT printf('%032x', i + 1048576), printf('PR-%05d', i),
       CASE i % 3 WHEN 0 THEN 'press' WHEN 1 THEN 'public' ELSE 'attorney' END,
       'Requester ' || (i % 700), CASE i % 3 WHEN 0 THEN 'us-ca' WHEN 1 THEN 'us-wa'
         ELSE 'us-federal' END, date('2026-09-20', '-' || (i % 1000) || ' days'), '2026-09-30',
       CASE i % 4 WHEN 0 THEN ?1 END, 'Note about the stop on Main Street ' || i, i % 3 = 0,
       CASE i % 3 WHEN 0 THEN 'granted' END, 1000 * i, 1789900000000, 0,
       json_object('case_number', printf('26-%06d', i), 'officer', 'Officer ' || (i % 90))
     FROM n",
    "INSERT INTO recordings (id, request, name, bytes, added_at, added_by, sha256, media,
       expected_minutes)
     WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
     SELECT printf('%032x', i + 2097152), printf('%032x', i / 3 + 1048576),
       printf('axon-body-%05d.mp4', i), 1000, 1789000000000, 'x', printf('%064x', i * 7919 + 1),
       '{\"frames\":30,\"duration_seconds\":600.0}', 12 FROM n",
    "INSERT INTO jobs (id, kind, request, recording, state, input, queued_at, by, number)
     WITH k (kind, at) AS (VALUES ('prepare', 0), ('scan', 1), ('thumbnails', 2))
     SELECT printf('%032x', r.rowid * 3 + k.at + 4194304), kind, request, r.id, 'done', 'null', 1,
       'x', 100 + r.rowid * 3 + k.at FROM recordings r JOIN k",
    "INSERT OR IGNORE INTO reviews (id, recording, title, policy, revision, created_at)
     SELECT printf('%032x', rowid + 8388608), id, 'Release',
       (SELECT digest FROM policies LIMIT 1), 2, 1 FROM recordings",
    "INSERT INTO approvals (review, revision, user, name, role, at_nanos, statement, content)
     SELECT id, 2, ?1, 'n', 'approver', 1, 's', 'c' FROM reviews WHERE rowid % 2 = 0",
    "INSERT INTO releases (id, request, recording, review, revision, title, policy_name, stem,
       approvals, state, created_at, made_at, figures)
     SELECT printf('%032x', v.rowid + 16777216), c.request, c.id, v.id, 2, 'Release', 'p',
       'release', '[]', 'ready', 1, 1789000000000, '{\"seconds\":600.0,\"muted_seconds\":1.0,
       \"items\":[{\"class\":\"face\",\"statute\":\"Sec. 7\",\"count\":9}]}'
     FROM reviews v JOIN recordings c ON c.id = v.recording WHERE v.rowid % 2 = 0",
    "INSERT INTO copies (id, release, at, by, recipient, medium, note, files)
     SELECT printf('%032x', rowid + 33554432), id, 1789100000000, 'x', 'A. Reporter', 'portal', '',
       '[{\"kind\":\"release\",\"sha256\":\"aa\"}]' FROM releases WHERE rowid % 3 = 0",
    "INSERT INTO history (id, request, at, by, action, changes, reason)
     SELECT printf('%032x', rowid + 67108864), id, 1789200000000, 'x', 'closed', '[]', ''
     FROM requests WHERE closed = 1",
];

async fn fill(bench: &Bench, person: &Person) {
    let file = bench.folder.path().join("data/desk.sqlite");
    let options = SqliteConnectOptions::new().filename(file);
    let db = SqlitePool::connect_with(options).await.unwrap();
    for sql in FILL {
        let query = sqlx::query(sql).bind(&person.id);
        query.execute(&db).await.unwrap();
    }
    db.close().await;
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs it")]
async fn answer(bench: &Bench, person: &Person, path: &str) -> Value {
    let mut best = Duration::MAX;
    let mut found = Value::Null;
    for _ in 0..TRIES {
        let began = Instant::now();
        let answered = bench.get(person, path).await;
        best = best.min(began.elapsed());
        found = answered.ok();
    }
    println!("{path}: {} ms", best.as_millis());
    found
}

/// Goal: with 10,000 requests and 30,000 recordings every page that lists them is about all of
/// them. How long each takes is printed; `benches/desk.md` has the figures.
#[tokio::test]
async fn ten_thousand_requests_are_all_listed() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    fill(&bench, &operator).await;
    let open = async |path: &str| answer(&bench, &operator, path).await;
    let queue = open("/api/queue").await;
    assert_eq!(queue["counts"]["all"], REQUESTS);
    assert_eq!(queue["requests"].as_array().unwrap().len(), 50);
    let found = open("/api/queue?search=axon-body-00299&stage=all").await;
    assert_eq!(found["total"], 1);
    open("/api/queue?whose=mine&sort=assignee&order=desc&page=3").await;
    let found = open("/api/search?find=pr-04321").await;
    assert_eq!(found["hits"][0]["title"], "PR-04321");
    let found = open("/api/search?find=axon+body").await;
    assert_eq!(found["counts"]["recording"], 30_000);
    open("/api/search?find=st").await;
    let statistics = open("/api/statistics?from=2020-01-01&to=2026-12-31").await;
    assert_eq!(statistics["total"]["received"], REQUESTS);
    assert_eq!(statistics["total"]["recordings"], 30_000);
    open("/api/inbox").await;
    open("/api/releases").await;
    let one = format!("/api/requests/{:032x}", 1_048_576 + 5_000);
    open(&one).await;
    open(&format!("{one}/fees")).await;
}

/// Goal: the reports of access read a long log once, and after that what was appended alone.
/// 200,000 entries: half of them views, half of them work. Control: an entry that is appended
/// later counts.
#[tokio::test]
async fn a_long_log_is_read_once() {
    let office = office().await;
    let bench = &office.bench;
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let path = format!("/api/recordings/{}/frames/1", office.recording);
    bench.get(&office.operator, &path).await;
    let gone = bench.call(&office.operator, Method::DELETE, "/api/session", json!({}));
    gone.await.ok();
    let log = office.log();
    let line = |what: &str, action: &str| {
        let mut lines = log.lines();
        let wanted = format!("\"what\":\"{what}\"");
        let found = lines.find(|line| line.contains(&wanted) && line.contains(action));
        format!("{}\n", found.unwrap())
    };
    let pair = line("view", "viewed") + &line("request", "entered");
    let file = bench.folder.path().join("events.jsonl");
    let long = std::fs::read_to_string(&file).unwrap() + &pair.repeat(100_000);
    std::fs::write(&file, long).unwrap();
    let count = async || timed(bench, &auditor, "/api/access").await["count"].clone();
    let first = count().await;
    assert!(first.as_u64().unwrap() > 100_000, "{first}");
    assert_eq!(count().await, first);
    timed(bench, &auditor, "/api/misuse").await;
    let long = std::fs::read_to_string(&file).unwrap() + &pair;
    std::fs::write(&file, long).unwrap();
    assert_eq!(count().await, first.as_u64().unwrap() + 1);
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs it")]
async fn timed(bench: &Bench, person: &Person, path: &str) -> Value {
    let began = Instant::now();
    let answered = bench.get(person, path).await;
    println!("{path}: {} ms", began.elapsed().as_millis());
    answered.ok()
}
