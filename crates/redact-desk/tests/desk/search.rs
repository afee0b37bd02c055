//! The search: what is found, by whom, and that it follows every change.

use axum::http::Method;
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::Person;
use crate::office::{Office, office};

impl Office {
    async fn search(&self, person: &Person, query: &str) -> Value {
        let path = format!("/api/search?find={query}");
        self.bench.get(person, &path).await.ok()
    }

    async fn titles(&self, query: &str) -> Vec<String> {
        let found = self.search(&self.operator, query).await;
        let hits = found["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Goal: numbers, requesters, case numbers, notes, file names, digests and people are found by any
/// part of them, whatever their case and accents. Control: all words must be there.
#[tokio::test]
async fn everything_is_found_by_a_part_of_it() {
    let office = office().await;
    let made = office
        .add_request(json!({
            "number": "PR-2026-0144", "requester": "José Álvarez",
            "details": { "case_number": "26-004417", "location": "Main Street" },
        }))
        .await;
    let path = format!("/api/requests/{}/notes", made["id"].as_str().unwrap());
    let note = json!({ "text": "Called the dispatcher about the towed truck." });
    office.bench.post(&office.operator, &path, note).await.ok();
    for query in ["0144", "jose", "ALVAR", "4417", "main+str", "0144+main"] {
        assert_eq!(office.titles(query).await, ["PR-2026-0144"], "{query}");
    }
    assert_eq!(
        office.titles("dispatcher").await,
        ["oli Person"],
        "a note by its author"
    );
    assert_eq!(office.titles("clip.mp4").await, ["clip.mp4"]);
    let path = format!("/api/recordings/{}", office.recording);
    let recording = office.bench.get(&office.operator, &path).await.ok();
    let beginning = &recording["sha256"].as_str().unwrap()[..10];
    assert_eq!(office.titles(beginning).await, ["clip.mp4"]);
    assert_eq!(office.titles("pat+per&kind=person").await, ["pat Person"]);
    assert_eq!(office.titles("2026-17").await[0], "2026-17");
    for query in ["jose+nothing", "%22", "NOT+x*", "%25", "", "zzz"] {
        assert_eq!(office.titles(query).await, [""; 0], "{query}");
    }
    // Two letters are not in the index, and are found all the same.
    assert!(
        office
            .titles("44")
            .await
            .contains(&"PR-2026-0144".to_owned())
    );
}

/// Goal: filters leave the counts of the other kinds; the days of receipt limit everything.
#[tokio::test]
async fn filters_choose_among_what_is_found() {
    let office = office().await;
    office
        .add_request(json!({ "number": "clip-1", "received_on": "2026-08-03" }))
        .await;
    let all = office.search(&office.operator, "clip").await;
    assert_eq!(all["counts"], json!({ "request": 1, "recording": 1 }));
    let one = office.search(&office.operator, "clip&kind=recording").await;
    assert_eq!(
        (&one["total"], &one["counts"]["request"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(one["hits"].as_array().unwrap().len(), 1);
    let early = office.search(&office.operator, "clip&to=2026-08-31").await;
    assert_eq!(early["counts"], json!({ "request": 1 }));
    let path = "/api/search?find=clip&from=soon";
    let wrong = office.bench.get(&office.operator, path).await;
    assert_eq!(wrong.json()["error"]["field"], "from");
}

/// Goal: what is changed or removed is found by its new words alone.
#[tokio::test]
async fn the_search_follows_every_change() {
    let office = office().await;
    let made = office.add_request(json!({ "number": "before-1" })).await;
    office
        .edit(&made["id"], json!({ "number": "after-1" }))
        .await
        .ok();
    assert_eq!(office.titles("before").await, [""; 0]);
    assert_eq!(office.titles("after-1").await, ["after-1"]);
    let path = format!("/api/recordings/{}/remove", office.recording);
    let reason = json!({ "reason": "Wrong file" });
    office
        .bench
        .post(&office.operator, &path, reason)
        .await
        .ok();
    assert_eq!(office.titles("clip.mp4").await, [""; 0]);
}

/// Goal: each role finds what it may see. Controls: the same words as an operator; practice is
/// found by nobody.
#[tokio::test]
async fn each_role_finds_what_it_may_see() {
    let office = office().await;
    let auditor = office
        .bench
        .invited(&office.admin, "uma", Role::Auditor)
        .await;
    let kinds = async |person: &Person, query: &str| {
        let found = office.search(person, query).await;
        let counts = found["counts"].as_object().unwrap().clone();
        counts.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&office.operator, "clip").await, ["recording"]);
    assert_eq!(kinds(&auditor, "clip").await, [""; 0]);
    assert_eq!(kinds(&auditor, "2026-17").await, ["request"]);
    assert_eq!(kinds(&office.admin, "2026-17").await, [""; 0]);
    assert_eq!(kinds(&office.admin, "person").await, ["person"]);
    office
        .bench
        .post(&office.operator, "/api/practice", json!({}))
        .await
        .ok();
    assert_eq!(kinds(&office.operator, "practice").await, [""; 0]);
    // A login is no business of operators.
    assert_eq!(
        office.search(&office.operator, "root").await["total"],
        1,
        "Ruth Root"
    );
    assert_eq!(office.search(&office.admin, "root").await["total"], 2);
}

/// Goal: whoever received a copy is found, with the release as the page to open.
#[tokio::test]
async fn a_recipient_is_found() {
    let office = office().await;
    let release = office.verified(&office.review, json!({})).await;
    office.hand_over(&release).await;
    let found = office.search(&office.operator, "reporter").await;
    let hit = &found["hits"][0];
    assert_eq!(
        (&hit["kind"], &hit["target"]),
        (&json!("copy"), &json!(release))
    );
    let copies = format!("/api/releases/{release}/copies");
    let copies = office.bench.get(&office.operator, &copies).await.ok();
    let digest = copies[0]["files"][0]["sha256"].as_str().unwrap();
    let found = office.search(&office.operator, &digest[..12]).await;
    assert_eq!(found["counts"]["copy"], 1);
    let method = office
        .bench
        .call(&office.operator, Method::POST, "/api/search", json!({}))
        .await;
    assert_eq!(method.status, 405);
}
