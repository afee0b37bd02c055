//! What answers say of what an order of a court closes.

use axum::http::Method;
use redact_desk::Role;
use serde_json::{Value, json};

use crate::office::office;

/// Goal: for people whom an order does not name, a closed recording counts in no state, count or
/// fee of its request. Controls: a person whom it names, and statistics, whose figures stay the
/// same.
#[tokio::test]
async fn what_is_closed_is_not_counted() {
    let office = office().await;
    let (second, _) = office.second_recording().await;
    office.verified(&office.review.clone(), json!({})).await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let estimate = json!({ "rate": "30", "search_minutes": 60 });
    let law = json!({ "jurisdiction": "us-wa" });
    office.edit(&json!(request), law).await.ok();
    let path = format!("/api/requests/{request}");
    let sent = format!("{path}/estimates");
    office
        .bench
        .post(&office.operator, &sent, estimate)
        .await
        .ok();
    let counts = async |person: &crate::bench::Person| {
        let get = async |path: &str| office.bench.get(person, path).await.ok();
        let (one, fees) = (get(&path).await, get(&format!("{path}/fees")).await);
        let listed = get("/api/queue").await["requests"][0].clone();
        let of = |shown: &Value| {
            json!([
                shown["recordings_count"],
                shown["releases_count"],
                shown["stage"]
            ])
        };
        assert_eq!(of(&one), of(&listed));
        json!([of(&one), fees["recordings"], fees["video_seconds"]])
    };
    let statistics = async || {
        let path = "/api/statistics?from=2026-01-01&to=2026-12-31";
        office.bench.get(&office.operator, path).await.ok()
    };
    let (before, figures) = (counts(&office.operator).await, statistics().await);
    assert_eq!(before[1], 2);
    office.seal("recording", &office.recording).await;
    let after = counts(&office.operator).await;
    assert_eq!(after[1], 1);
    assert_eq!(
        (&after[0][0], &after[0][1]),
        (&json!(1), &json!(0)),
        "{after}"
    );
    assert_ne!(after[2], before[2]);
    assert_eq!(counts(&office.approver).await, before, "who is named");
    assert_eq!(statistics().await, figures);
    office.seal("recording", &second).await;
    assert_eq!(counts(&office.operator).await[1], 0);
}

/// Goal: whatever is asked for, by whomever the order does not name, no answer has a name, a detail
/// or a word of what it closes: also where a new list forgets to ask. Method: every `GET` of the
/// route table, with the ids of all things in its path, as every role. Control: a person whom the
/// order names is shown them in many answers.
#[tokio::test]
async fn no_answer_has_what_is_closed() {
    const MARK: &str = "SECRETMARK";
    let office = office().await;
    let bench = &office.bench;
    let path = format!("/api/recordings/{}", office.recording);
    let name = json!({ "name": format!("{MARK}.mp4") });
    let renamed = bench
        .call(&office.operator, Method::PATCH, &path, name)
        .await;
    renamed.ok();
    let details = json!({ "officer": MARK });
    let place = format!("{path}/details");
    let changed = bench.call(&office.operator, Method::PUT, &place, details);
    changed.await.ok();
    let comment = json!({ "text": MARK });
    let path = format!("/api/reviews/{}/comments", office.review);
    bench.post(&office.operator, &path, comment).await.ok();
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.hand_over(&release).await;
    bench.write_timeline(&office.recording);
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let order = office.seal("recording", &office.recording).await;
    let ids = [
        request,
        office.recording.clone(),
        office.review.clone(),
        release,
        order["id"].as_str().unwrap().to_owned(),
    ];
    let people = [&office.operator, &auditor, &office.admin, &office.approver];
    let mut told = [0; 4];
    for path in every_get(&ids) {
        for (person, told) in people.iter().zip(&mut told) {
            let answered = bench.get(person, &path).await;
            let text = String::from_utf8_lossy(&answered.bytes).into_owned();
            let shows = text.contains(MARK) || text.contains(&MARK.to_lowercase());
            *told += usize::from(shows);
            let is_named = person.id == office.approver.id;
            assert!(is_named || !shows, "{path} as {}: {text}", person.login);
        }
    }
    assert!(told[3] >= 6, "the control: {told:?}");
}

/// Every `GET` of the API but the stream, which does not end, with each of the ids.
fn every_get(ids: &[String]) -> Vec<String> {
    let routes = redact_desk::route_table();
    let gets = routes
        .iter()
        .filter(|route| route.method == Method::GET && route.path.starts_with("/api/"));
    let paths = gets
        .map(|route| route.path)
        .filter(|path| *path != "/api/stream");
    let mut all = Vec::new();
    for path in paths {
        if !path.contains('{') {
            all.push(path.to_owned());
            continue;
        }
        for id in ids {
            let mut filled = path.to_owned();
            for (name, value) in [
                ("{frame}", "1"),
                ("{track}", "1"),
                ("{revision}", "1"),
                ("{kind}", "release"),
            ] {
                filled = filled.replace(name, value);
            }
            while let Some((before, rest)) = filled.split_once('{') {
                let after = rest.split_once('}').map_or("", |(_, after)| after);
                filled = format!("{before}{id}{after}");
            }
            all.push(filled);
        }
    }
    // What a list shows only to those who search for it.
    all.extend(
        [
            "/api/search?find=SECRETMARK",
            "/api/queue?search=SECRETMARK&stage=all",
        ]
        .map(str::to_owned),
    );
    all
}

/// Goal: an order takes every kind of item about what it closes out of the inbox of people whom it
/// does not name. Controls: what is about the other recording of the request, and the inbox before.
#[tokio::test]
async fn the_inbox_has_nothing_of_what_is_closed() {
    let office = office().await;
    let bench = &office.bench;
    let request = office.request().await["id"].clone();
    let assign = json!({ "assignee": office.operator.id });
    office.edit(&request, assign).await.ok();
    let (second, review) = office.second_recording().await;
    office.verified(&office.review.clone(), json!({})).await;
    let path = format!("/api/reviews/{review}/send-back");
    let revision = office.decide(&review).await;
    let approved = bench.approve(&office.operator, &review, revision).await;
    approved.ok();
    let text = json!({ "text": "Not legible" });
    bench.post(&office.approver, &path, text).await.ok();
    let kinds = async || {
        let inbox = bench.get(&office.operator, "/api/inbox").await.ok();
        let all = inbox.as_array().unwrap().iter();
        let mut kinds: Vec<String> = all
            .map(|item| item["kind"].as_str().unwrap().to_owned())
            .filter(|kind| kind == "hand_over" || kind == "sent_back")
            .collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds().await, ["hand_over", "sent_back"]);
    office.seal("recording", &office.recording).await;
    assert_eq!(kinds().await, ["sent_back"]);
    office.seal("recording", &second).await;
    assert_eq!(kinds().await, [""; 0]);
}
