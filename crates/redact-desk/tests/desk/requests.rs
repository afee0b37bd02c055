//! Requests: state, due dates, disposition, and what people change of recordings.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Bench, Person};
use crate::office::{Office, office};

/// Goal: a request is as far as its least advanced recording, and its clock runs until all are out;
/// a release that is replaced is not out. Control: when both are handed over, it is over.
#[tokio::test]
async fn a_request_is_handed_over_when_all_of_its_recordings_are() {
    let office = office().await;
    let (_, other) = office.second_recording().await;
    let first = office.verified(&office.review, json!({})).await;
    office.hand_over(&first).await;
    let shown = office.request().await;
    assert_eq!(shown["stage"], "in_review", "the second one is untouched");
    assert_eq!(shown["handed_over_count"], 1);
    assert_eq!(shown["recordings_count"], 2);
    office.bench.turn_clock(60 * 24 * 3600);
    let operator = office.bench.signed_in(&office.operator).await;
    let approver = office.bench.signed_in(&office.approver).await;
    let office = Office {
        operator,
        approver,
        ..office
    };
    assert_eq!(office.request().await["overdue"], true);

    let second = office.verified(&other, json!({})).await;
    assert_eq!(office.request().await["stage"], "ready");
    office.hand_over(&second).await;
    let shown = office.request().await;
    assert_eq!(shown["stage"], "handed_over");
    assert_eq!(shown["overdue"], false);

    let replaces = json!({ "replaces": { "release": second, "why": "A face was visible." } });
    let newer = office.released(&other, replaces).await;
    let shown = office.request().await;
    assert_eq!(shown["stage"], "ready", "the requester has the old one");
    assert_eq!(shown["handed_over_count"], 1);
    assert_eq!(shown["overdue"], true);
    office.hand_over(&newer).await;
    assert_eq!(office.request().await["stage"], "handed_over");
}

/// Goal: a due date that nobody set follows the law, the day of receipt and a rule; one that was
/// set by hand stays until it is emptied.
#[tokio::test]
async fn the_due_date_follows_what_sets_it_unless_set_by_hand() {
    let office = office().await;
    let made = office.add_request(json!({})).await;
    assert_eq!(made["due_on"], "2026-09-30");
    let id = &made["id"];
    let moved = office
        .edit(id, json!({ "received_on": "2026-09-10" }))
        .await
        .ok();
    assert_eq!(moved["due_on"], "2026-09-20");
    let law = office
        .edit(id, json!({ "jurisdiction": "us-wa" }))
        .await
        .ok();
    assert_eq!(law["due_on"], law["due_counted"]);
    assert_eq!(law["due_on"], "2026-09-17");
    let by_hand = office
        .edit(id, json!({ "due_on": "2026-12-01" }))
        .await
        .ok();
    assert_eq!(by_hand["due_on"], "2026-12-01");
    let kept = office
        .edit(id, json!({ "received_on": "2026-09-11" }))
        .await
        .ok();
    assert_eq!(kept["due_on"], "2026-12-01", "a person set it");
    assert_eq!(kept["due_counted"], "2026-09-18");
    for empty in [json!(""), Value::Null] {
        office
            .edit(id, json!({ "due_on": "2026-12-01" }))
            .await
            .ok();
        let counted = office.edit(id, json!({ "due_on": empty })).await.ok();
        assert_eq!(counted["due_on"], "2026-09-18");
    }
    let rule = json!({ "days": 7, "unit": "days", "note": "Ordinance 12" });
    let other = json!({ "jurisdiction": "City ordinance", "rule": rule });
    let shown = office.edit(id, other).await.ok();
    assert_eq!(shown["due_on"], "2026-09-18");
    assert_eq!(shown["rule"], rule);
    assert_eq!(shown["law"], "City ordinance");
    let path = "/api/due?jurisdiction=x&requester_kind=press&received_on=2026-09-11&days=3\
                &unit=days";
    let due = office.bench.get(&office.operator, path).await.ok();
    assert_eq!(due["due_on"], "2026-09-14");
    let no_note = json!({ "rule": { "days": 7, "unit": "days", "note": " " } });
    let refused = office.edit(id, no_note).await;
    assert_eq!(refused.json()["error"]["field"], "rule.note");
}

/// Goal: impossible dates are refused with both days. Control: today is possible.
#[tokio::test]
async fn dates_that_cannot_be_are_refused() {
    let office = office().await;
    let made = office.add_request(json!({})).await;
    let id = &made["id"];
    let future = office
        .edit(id, json!({ "received_on": "2026-09-22" }))
        .await;
    assert_eq!(future.status, StatusCode::BAD_REQUEST);
    let error = future.json()["error"].clone();
    assert_eq!(error["field"], "received_on");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("2026-09-22") && message.contains("2026-09-21 in UTC"),
        "{message}"
    );
    let early = office.edit(id, json!({ "due_on": "2026-09-19" })).await;
    assert_eq!(early.json()["error"]["field"], "due_on");
    office
        .edit(id, json!({ "received_on": "2026-09-21" }))
        .await
        .ok();
}

/// Goal: a request is closed with how it was decided, a denial has a reason, reopening has one,
/// and all of it is in its history. Control: a closed request takes no recording.
#[tokio::test]
async fn closing_says_how_the_request_was_decided() {
    let office = office().await;
    let id = office.request().await["id"].as_str().unwrap().to_owned();
    let path = |what: &str| format!("/api/requests/{id}/{what}");
    let bench = &office.bench;
    let who = &office.operator;
    let bare = json!({ "disposition": "partly_denied" });
    let refused = bench.post(who, &path("close"), bare).await;
    assert_eq!(refused.json()["error"]["field"], "reason");
    let body = json!({ "disposition": "partly_denied", "reason": "Sec. 7(C)" });
    let closed = bench.post(who, &path("close"), body.clone()).await.ok();
    assert_eq!(closed["stage"], "closed");
    assert_eq!(closed["disposition"], "partly_denied");
    assert_eq!(closed["overdue"], false);
    let twice = bench.post(who, &path("close"), body).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let upload = json!({ "name": "a.mp4", "bytes": 3, "purpose": "recording", "request": id });
    assert_eq!(
        bench.post(who, "/api/uploads", upload).await.code(),
        "closed"
    );
    let again = format!("/api/recordings/{}/again", office.recording);
    let refused = bench.post(who, &again, json!({ "options": {} })).await;
    assert_eq!(refused.code(), "closed", "nor the same file once more");
    let bare = bench
        .post(who, &path("reopen"), json!({ "reason": " " }))
        .await;
    assert_eq!(bare.json()["error"]["field"], "reason");
    let body = json!({ "reason": "The requester appealed." });
    let open = bench.post(who, &path("reopen"), body).await.ok();
    assert_eq!(open["stage"], "in_review");
    assert_eq!(open["disposition"], Value::Null);
    let history = office.request_of(&id).await["history"].clone();
    assert_eq!(history[0]["action"], "reopened");
    assert_eq!(history[0]["reason"], "The requester appealed.");
    assert_eq!(history[1]["changes"][0]["to"], "partly_denied");
    let log = office.log();
    assert!(log.contains("partly_denied") && !log.contains("appealed"));
}

/// Goal: a recording that does not belong is removed with its file and its reviews, with a reason
/// in the history; a failed one, too. Control: one with a release stays.
#[tokio::test]
async fn a_recording_is_removed_unless_a_release_was_made_of_it() {
    let office = office().await;
    let (other, review) = office.second_recording().await;
    let folder = office.bench.folder.path().join("data/recordings");
    let exists = |id: &str| folder.join(id).exists();
    assert!(exists(&other));
    let path = |id: &str| format!("/api/recordings/{id}/remove");
    let who = &office.operator;
    let bench = &office.bench;
    let comment = format!("/api/reviews/{review}/comments");
    let said = bench.post(who, &comment, json!({ "text": "Is it ours?" }));
    said.await.ok();
    let bare = bench
        .post(who, &path(&other), json!({ "reason": "" }))
        .await;
    assert_eq!(bare.json()["error"]["field"], "reason");
    let body = json!({ "reason": "The wrong person's recording" });
    let removed = bench.post(who, &path(&other), body.clone()).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(!exists(&other));
    for gone in [
        format!("/api/recordings/{other}"),
        format!("/api/recordings/{other}/proxy"),
        format!("/api/reviews/{review}"),
    ] {
        assert_eq!(bench.get(who, &gone).await.status, StatusCode::NOT_FOUND);
    }
    let shown = office.request().await;
    assert_eq!(shown["recordings_count"], 1);
    assert_eq!(shown["history"][0]["action"], "removed");
    assert_eq!(shown["history"][0]["recording"], "clip.mp4");
    assert!(office.log().contains("\"removed\""));

    let release = office.verified(&office.review, json!({})).await;
    let own = path(&office.recording);
    let refused = bench.post(who, &own, body.clone()).await;
    assert_eq!(refused.code(), "has_releases");
    // A check that is cancelled changes nothing about that.
    *bench.jobs.slow.lock().unwrap() = true;
    let place = format!("/api/releases/{release}");
    let verify = format!("{place}/verify");
    bench.post(who, &verify, json!({})).await.ok();
    let running = |release: &Value| release["job"]["state"] == "running";
    let shown = bench.until(who, &place, running).await;
    let job = format!("/api/jobs/{}", shown["job"]["id"].as_str().unwrap());
    let cancel = format!("{job}/cancel");
    bench.post(who, &cancel, json!({})).await.ok();
    let ended = |job: &Value| job["state"] == "cancelled";
    bench.until(who, &job, ended).await;
    *bench.jobs.slow.lock().unwrap() = false;
    let shown = bench.get(who, &place).await.ok();
    assert_eq!(shown["state"], "ready", "what the first check found");
    let refused = bench.post(who, &own, body).await;
    assert_eq!(refused.code(), "has_releases");
    assert!(exists(&office.recording));
}

/// Goal: a recording whose preparation runs is removed, too: its jobs are stopped first.
#[tokio::test]
async fn a_recording_that_is_being_prepared_can_be_removed() {
    let office = office().await;
    *office.bench.jobs.slow.lock().unwrap() = true;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let added = office
        .bench
        .upload(&office.operator, &request, b"a text file")
        .await;
    let id = added["id"].as_str().unwrap();
    let path = format!("/api/recordings/{id}/remove");
    let body = json!({ "reason": "Not a recording" });
    let removed = office.bench.post(&office.operator, &path, body).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let folder = office.bench.folder.path().join("data/recordings").join(id);
    assert!(!folder.exists());
}

/// Goal: a recording can be renamed, moved to another request, and left out of its request's state.
#[tokio::test]
async fn a_recording_is_renamed_moved_and_marked() {
    let office = office().await;
    let (other, _) = office.second_recording().await;
    let path = format!("/api/recordings/{other}");
    let change = async |body: Value| {
        let who = &office.operator;
        office.bench.call(who, Method::PATCH, &path, body).await
    };
    let wrong = change(json!({ "name": "unit 12.avi" })).await;
    assert_eq!(wrong.json()["error"]["field"], "name", "the file is .mp4");
    let named = change(json!({ "name": "unit 12.mp4" })).await.ok();
    assert_eq!(named["name"], "unit 12.mp4");

    let marked = change(json!({ "responsive": false, "reason": "Another incident" }))
        .await
        .ok();
    assert_eq!(marked["not_responsive"], true);
    let shown = office.request().await;
    assert_eq!(shown["recordings_count"], 1);
    assert_eq!(shown["not_responsive_count"], 1);
    change(json!({ "responsive": true, "reason": "It is the same incident" }))
        .await
        .ok();

    let target = office.add_request(json!({})).await;
    let bare = change(json!({ "request": target["id"] })).await;
    assert_eq!(bare.json()["error"]["field"], "reason");
    let body = json!({ "request": target["id"], "reason": "Uploaded to the wrong request" });
    let moved = change(body).await.ok();
    assert_eq!(moved["request"], target["id"]);
    assert_eq!(moved["reviews"].as_array().unwrap().len(), 1);
    assert_eq!(office.request().await["recordings_count"], 1);
    let shown = office.request_of(target["id"].as_str().unwrap()).await;
    assert_eq!(shown["recordings"][0]["name"], "unit 12.mp4");
    assert_eq!(shown["history"][0]["changes"][0]["from"], "2026-17");

    let release = office.verified(&office.review, json!({})).await;
    office.hand_over(&release).await;
    let path = format!("/api/recordings/{}", office.recording);
    for (body, code) in [
        (
            json!({ "responsive": false, "reason": "No" }),
            "handed_over",
        ),
        (
            json!({ "request": target["id"], "reason": "No" }),
            "has_releases",
        ),
    ] {
        let who = &office.operator;
        let refused = office.bench.call(who, Method::PATCH, &path, body).await;
        assert_eq!(refused.code(), code);
    }
}

/// Goal: whoever adds the same file again is told where it was reviewed. Control: another file.
#[tokio::test]
async fn the_same_file_in_another_request_is_named() {
    let office = office().await;
    let target = office.add_request(json!({})).await;
    let id = target["id"].as_str().unwrap();
    office.decide(&office.review).await;
    let added = office
        .bench
        .upload(&office.operator, id, b"not really a video")
        .await;
    let path = format!("/api/recordings/{}", added["id"].as_str().unwrap());
    let shown = office
        .bench
        .until(&office.operator, &path, |shown| !shown["sha256"].is_null())
        .await;
    let same = &shown["same"][0];
    assert_eq!(same["request_number"], "2026-17");
    assert_eq!(same["id"], office.recording);
    assert_eq!(same["reviewed"], true);
    assert_eq!(same["released"], false);
}

/// Goal: the list finds a request by its recording, its assignee and its law, and sorts by person.
#[tokio::test]
async fn the_queue_is_searched_and_sorted_by_what_it_shows() {
    let office = office().await;
    let assigned = json!({ "assignee": office.operator.id, "number": "XB-9" });
    office.add_request(assigned).await;
    let numbers = async |query: &str| {
        let path = format!("/api/requests?{query}");
        let list = office.bench.get(&office.operator, &path).await.ok();
        let list = list.as_array().unwrap().iter();
        let numbers = list.map(|request| request["number"].as_str().unwrap().to_owned());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers("search=CLIP.mp4").await, ["2026-17"]);
    assert_eq!(numbers("search=oli%20person").await, ["XB-9"]);
    assert_eq!(numbers("search=california%20xb").await, ["XB-9"]);
    assert_eq!(numbers("search=nothing").await, [""; 0]);
    assert_eq!(
        numbers("sort=assignee&order=desc").await,
        ["XB-9", "2026-17"]
    );
    assert_eq!(numbers("sort=assignee").await, ["2026-17", "XB-9"]);
}

/// Goal: everybody sees what waits for them. Control: nobody sees what they did already.
#[tokio::test]
async fn the_inbox_has_what_waits_for_the_person() {
    let office = office().await;
    let request = office.request().await;
    office
        .edit(&request["id"], json!({ "assignee": office.operator.id }))
        .await
        .ok();
    let kinds = async |person: &Person| {
        let list = office.bench.get(person, "/api/inbox").await.ok();
        let list = list.as_array().unwrap().iter();
        let kinds = list.map(|item| item["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    let (review, revision) = office.by_policy("two-people").await;
    office
        .bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
    assert_eq!(kinds(&office.approver).await, ["approve"]);
    assert_eq!(kinds(&office.operator).await, [""; 0]);
    let back = format!("/api/reviews/{review}/send-back");
    let body = json!({ "text": "Look at the start again." });
    office.bench.post(&office.approver, &back, body).await.ok();
    assert_eq!(kinds(&office.approver).await, [""; 0]);
    assert_eq!(kinds(&office.operator).await, ["sent_back"]);
    let again = format!("/api/reviews/{review}/hand-in");
    let body = json!({ "text": "Done." });
    office.bench.post(&office.operator, &again, body).await.ok();
    office
        .bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
    assert_eq!(kinds(&office.operator).await, [""; 0]);
    office
        .bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    assert_eq!(kinds(&office.approver).await, [""; 0]);
    assert_eq!(kinds(&office.operator).await, ["render"]);
    office.bench.turn_clock(15 * 24 * 3600);
    let operator = office.bench.signed_in(&office.operator).await;
    let mut found = kinds(&operator).await;
    found.sort();
    assert_eq!(found, ["due", "render"]);
}

/// Goal: "today" is the day of the agency, and the page knows its zone.
#[tokio::test]
async fn the_office_has_its_own_day() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    let shown = bench.get(&operator, "/api/office").await.ok();
    assert_eq!(shown["time_zone"], "UTC");
    assert_eq!(shown["today"], "2026-09-21");
    assert_eq!(shown["watch_folder"], true);
}
