//! Approvals and the attacks on them: one person as two, old approvals for new content.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::{Answered, PASSWORD, Person};
use crate::office::{Office, office};

#[tokio::test]
async fn what_is_undecided_is_not_approved_and_the_summary_says_why() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let refused = bench.approve(&office.approver, review, 1).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problems = refused.json()["error"]["details"]["problems"].clone();
    let summary = bench
        .get(&office.operator, &format!("/api/reviews/{review}/summary"))
        .await
        .ok();
    assert_eq!(summary["problems"], problems);
    let codes: Vec<_> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["code"].clone())
        .collect();
    assert_eq!(
        codes,
        ["undecided", "undecided", "undecided", "unacknowledged"]
    );
    let revision = office.decide(review).await;
    let approved = bench.approve(&office.approver, review, revision).await.ok();
    assert_eq!(approved["state"], "approved");
}

#[tokio::test]
async fn an_operator_alone_is_not_enough_and_an_approver_alone_is() {
    let office = office().await;
    let revision = office.decide(&office.review).await;
    let bench = &office.bench;
    let first = bench
        .approve(&office.operator, &office.review, revision)
        .await
        .ok();
    assert_eq!(first["state"], "awaiting_second");
    assert_eq!(office.release(&office.review).await.code(), "not_approved");
    let second = bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    assert_eq!(second["state"], "approved");
}

/// Goal: where two people are demanded, no way leads there with one.
#[tokio::test]
async fn one_person_is_never_two() {
    let office = office().await;
    let bench = &office.bench;
    let (review, revision) = office.by_policy("two-people").await;
    let first = bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
    assert_eq!(first["state"], "awaiting_second", "an approver alone");
    assert_eq!(
        bench
            .approve(&office.approver, &review, revision)
            .await
            .code(),
        "same_person"
    );
    // From another session of the same person.
    let again = Person {
        cookie: crate::bench::cookie(&bench.sign_in(&office.approver).await),
        ..office.approver.clone()
    };
    assert_eq!(
        bench.approve(&again, &review, revision).await.code(),
        "same_person"
    );
    // In another role.
    let path = format!("/api/users/{}", office.approver.id);
    bench
        .call(
            &office.admin,
            Method::PATCH,
            &path,
            json!({ "role": "operator" }),
        )
        .await
        .ok();
    bench.turn_clock(60);
    let again = Person {
        cookie: crate::bench::cookie(&bench.sign_in(&office.approver).await),
        ..office.approver.clone()
    };
    let first = bench.approve(&again, &review, revision).await.ok();
    let given = first["approvals"].as_array().unwrap().len();
    assert_eq!(given, 1, "what the approver had approved is void");
    let twice = bench.approve(&again, &review, revision).await;
    assert_eq!(twice.code(), "same_person");
    // With a second account of the same name.
    let body = json!({ "login": "pat2", "name": "PAT person", "role": "approver" });
    assert_eq!(
        bench.post(&office.admin, "/api/users", body).await.code(),
        "name_taken"
    );
    assert_eq!(office.release(&review).await.code(), "not_approved");
    let second = bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
    assert_eq!(second["state"], "awaiting_second", "two operators");
    let body = json!({ "role": "approver" });
    bench
        .call(&office.admin, Method::PATCH, &path, body)
        .await
        .ok();
    bench.turn_clock(60);
    let again = bench.signed_in(&office.approver).await;
    let second = bench.approve(&again, &review, revision).await.ok();
    assert_eq!(
        second["state"], "approved",
        "the control: another person is enough"
    );
    assert_eq!(office.release(&review).await.status, StatusCode::ACCEPTED);
}

/// Goal: an approved review is read-only until somebody reopens it and says why; what is changed
/// then has to be approved again.
#[tokio::test]
async fn an_approved_review_is_read_only_until_it_is_reopened() {
    let office = office().await;
    let bench = &office.bench;
    let revision = office.decide(&office.review).await;
    bench
        .approve(&office.approver, &office.review, revision)
        .await
        .ok();
    let path = format!("/api/reviews/{}", office.review);
    let shown = bench.get(&office.operator, &path).await.ok();
    // The same content is no edit.
    let saved = bench.save(
        &office.operator,
        &office.review,
        revision,
        &shown["document"],
    );
    assert_eq!(saved.await.ok()["state"], "approved");
    let mut document = shown["document"].clone();
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    for person in [&office.operator, &office.approver] {
        let refused = bench
            .save(person, &office.review, revision, &document)
            .await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.code(), "approved");
    }
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["revision"], revision, "nothing was saved");
    assert_eq!(shown["state"], "approved");
    let reopen = format!("{path}/withdraw");
    let silent = bench
        .post(&office.operator, &reopen, json!({ "reason": " " }))
        .await;
    assert_eq!(silent.status, StatusCode::BAD_REQUEST);
    let body = json!({ "reason": "Face 1 is the requester." });
    let opened = bench.post(&office.operator, &reopen, body).await.ok();
    assert_eq!(opened["state"], "in_review");
    let saved = bench
        .save(&office.operator, &office.review, revision, &document)
        .await
        .ok();
    assert_eq!(saved["state"], "in_review");
    assert_eq!(office.release(&office.review).await.code(), "not_approved");
    let old = bench
        .approve(&office.approver, &office.review, revision)
        .await;
    assert_eq!(old.code(), "newer_revision");
    // Why it was reopened is on record.
    let comments = format!("{path}/comments");
    let comments = bench.get(&office.approver, &comments).await.ok();
    assert_eq!(comments[0]["kind"], "reopened");
    assert_eq!(comments[0]["by"], "oli Person");
    assert_eq!(comments[0]["text"], "Face 1 is the requester.");
}

/// Goal: an approver sends a review back with a comment, which the operator sees until the review
/// is handed in again. An operator cannot send a review back.
#[tokio::test]
async fn a_review_is_sent_back_with_a_comment() {
    let office = office().await;
    let bench = &office.bench;
    let path = format!("/api/reviews/{}", office.review);
    let revision = office.decide(&office.review).await;
    bench
        .approve(&office.operator, &office.review, revision)
        .await
        .ok();
    let back = format!("{path}/send-back");
    let body = json!({ "text": "Plate 2 is legible at the start.", "item": "plate-2" });
    let refused = bench.post(&office.operator, &back, body.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let silent = bench.post(&office.approver, &back, json!({ "text": "" }));
    assert_eq!(silent.await.status, StatusCode::BAD_REQUEST);
    bench.post(&office.approver, &back, body).await.ok();
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["state"], "in_review", "the approval is void");
    assert_eq!(
        shown["sent_back"]["text"],
        "Plate 2 is legible at the start."
    );
    assert_eq!(shown["sent_back"]["by"], "pat Person");
    assert_eq!(shown["sent_back"]["item"], "plate-2");
    let recording = format!("/api/recordings/{}", office.recording);
    let listed = bench.get(&office.operator, &recording).await.ok();
    assert_eq!(listed["reviews"][0]["sent_back"], shown["sent_back"]);
    let comment = json!({ "text": "Extended by a second." });
    bench
        .post(&office.operator, &format!("{path}/comments"), comment)
        .await
        .ok();
    let shown = bench.get(&office.operator, &path).await.ok();
    assert!(shown["sent_back"].is_object(), "a comment alone does not");
    let again = json!({ "text": "" });
    let hand_in = format!("{path}/hand-in");
    let all = bench.post(&office.operator, &hand_in, again).await.ok();
    let kinds: Vec<_> = all.as_array().unwrap().iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["sent_back", "comment", "handed_in"]);
    let shown = bench.get(&office.operator, &path).await.ok();
    assert!(shown["sent_back"].is_null());
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("sent-back") && !log.contains("legible"));
}

/// Goal: the contact sheet has every track and region once, with a frame in which it is, and who
/// decided.
#[tokio::test]
async fn the_contact_sheet_has_every_track_and_region() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (base, mut document) = bench.decided(&office.operator, review).await;
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    document["drawn"] = json!([{ "id": "door", "effect": { "kind": "fill" }, "reason": "privacy",
        "start": 2, "end": 9,
        "keyframes": [[2, 0.1, 0.1, 0.2, 0.2], [6, 0.1, 0.1, 0.4, 0.4]] }]);
    bench
        .save(&office.operator, review, base, &document)
        .await
        .ok();
    bench.write_timeline(&office.recording);
    let path = format!("/api/reviews/{review}/sheet");
    let sheet = bench.get(&office.approver, &path).await.ok();
    let sheet = sheet.as_array().unwrap();
    let tracks = document["tracks"].as_array().unwrap();
    assert_eq!(sheet.len(), tracks.len() + 1);
    for track in tracks {
        let item = sheet.iter().find(|item| item["track"] == track["id"]);
        let item = item.unwrap();
        assert_eq!(item["decision"]["verdict"], track["decision"]["verdict"]);
        assert_eq!(item["decision"]["by"], "oli Person");
        assert_eq!(item["thumbnail"], track["parts"][0]["found"]);
        let part = &track["parts"][0];
        let of = |value: &Value| value.as_u64().unwrap();
        assert!((of(&part["start"])..of(&part["end"])).contains(&of(&item["frame"])));
        assert!(item["start_seconds"].as_f64() < item["end_seconds"].as_f64());
    }
    let door = sheet.iter().find(|item| item["region"] == "door").unwrap();
    assert_eq!(door["frame"], 6, "where it is largest");
    assert_eq!(door["decision"]["reason"], "privacy");
    let auditor = office
        .bench
        .invited(&office.admin, "una", redact_desk::Role::Auditor);
    let refused = bench.get(&auditor.await, &path).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_approval_takes_the_password_and_wrong_ones_lock() {
    let office = office().await;
    let bench = &office.bench;
    let revision = office.decide(&office.review).await;
    let path = format!("/api/reviews/{}/approve", office.review);
    let wrong = json!({ "revision": revision, "password": "a wrong password" });
    for _ in 0..5 {
        let answered = bench.post(&office.approver, &path, wrong.clone()).await;
        assert_eq!(answered.code(), "wrong_password");
    }
    let right = json!({ "revision": revision, "password": PASSWORD });
    assert_eq!(
        bench.post(&office.approver, &path, right).await.code(),
        "locked"
    );
}

#[tokio::test]
async fn who_decided_is_said_by_the_server_alone() {
    let office = office().await;
    let bench = &office.bench;
    let (base, mut document) = bench.decided(&office.operator, &office.review).await;
    document["tracks"][0]["decision"]["by"] = json!("Somebody Else");
    document["tracks"][0]["decision"]["at"] = json!("2001-01-01T00:00:00Z");
    bench
        .save(&office.operator, &office.review, base, &document)
        .await
        .ok();
    let path = format!("/api/reviews/{}", office.review);
    let shown = bench.get(&office.approver, &path).await.ok();
    assert_eq!(
        shown["document"]["tracks"][0]["decision"]["by"],
        "oli Person"
    );
    // Another person changes one decision: that one is theirs, the others stay.
    let mut document = shown["document"].clone();
    document["tracks"][1]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    let base = shown["revision"].as_i64().unwrap();
    bench
        .save(&office.approver, &office.review, base, &document)
        .await
        .ok();
    let shown = bench.get(&office.approver, &path).await.ok();
    let by = |track: usize| shown["document"]["tracks"][track]["decision"]["by"].clone();
    assert_eq!(
        [by(0), by(1), by(2)],
        ["oli Person", "pat Person", "oli Person"]
    );
}

/// Goal: what somebody approved whose account is closed, or has another role, is released no more,
/// from whichever moment on.
/// Control: without the change the same release is made.
#[tokio::test]
async fn a_closed_or_changed_account_approves_nothing_that_waits() {
    let office = office().await;
    let bench = &office.bench;
    let path = format!("/api/users/{}", office.approver.id);
    for body in [json!({ "active": false }), json!({ "role": "auditor" })] {
        let (review, revision) = office.by_policy("two-people").await;
        for person in [&office.operator, &office.approver] {
            bench.turn_clock(60);
            let person = bench.signed_in(person).await;
            bench.approve(&person, &review, revision).await.ok();
        }
        let control = office.release(&review).await;
        assert_eq!(control.status, StatusCode::ACCEPTED);
        bench
            .call(&office.admin, Method::PATCH, &path, body)
            .await
            .ok();
        assert_eq!(office.release(&review).await.code(), "not_approved");
        let back = json!({ "active": true, "role": "approver" });
        bench
            .call(&office.admin, Method::PATCH, &path, back)
            .await
            .ok();
        assert_eq!(
            office.release(&review).await.code(),
            "not_approved",
            "what was voided stays void"
        );
    }
}

/// Goal: a release that waits or is under way when an approver's account is closed is not made.
#[tokio::test]
async fn a_release_under_way_stops_with_its_approver() {
    let office = office().await;
    let path = format!("/api/users/{}", office.approver.id);
    let body = json!({ "active": false });
    let close = async |_: &str| {
        let bench = &office.bench;
        bench.call(&office.admin, Method::PATCH, &path, body).await
    };
    check_that_releases_stop(&office, close).await;
}

/// Goal: nor one whose review is sent back or reopened meanwhile.
#[tokio::test]
async fn a_release_under_way_stops_when_its_review_is_sent_back_or_reopened() {
    for (verb, body) in [
        ("send-back", json!({ "text": "A face is visible." })),
        ("withdraw", json!({ "reason": "A face is visible." })),
    ] {
        let office = office().await;
        let act = async |review: &str| {
            let path = format!("/api/reviews/{review}/{verb}");
            office.bench.post(&office.approver, &path, body).await
        };
        check_that_releases_stop(&office, act).await;
    }
}

/// Begins two releases, of which one waits, then lets `act` happen: no video is left.
async fn check_that_releases_stop(office: &Office, act: impl AsyncFnOnce(&str) -> Answered) {
    let bench = &office.bench;
    let (review, revision) = office.by_policy("two-people").await;
    for person in [&office.operator, &office.approver] {
        bench.approve(person, &review, revision).await.ok();
    }
    *bench.jobs.slow.lock().unwrap() = true;
    let mut releases = Vec::new();
    for _ in 0..2 {
        let release = office.release(&review).await.ok();
        releases.push(format!("/api/releases/{}", release["id"].as_str().unwrap()));
    }
    let running = |release: &Value| release["job"]["state"] == "running";
    bench.until(&office.operator, &releases[0], running).await;
    act(&review).await.ok();
    *bench.jobs.slow.lock().unwrap() = false;
    let made = bench.folder.path().join("data/releases");
    for release in &releases {
        let failed = |release: &Value| release["state"] == "failed";
        bench.until(&office.operator, release, failed).await;
    }
    for release in std::fs::read_dir(made).unwrap() {
        let mut files = std::fs::read_dir(release.unwrap().path()).unwrap();
        let is_video =
            |file: std::fs::DirEntry| file.path().extension().is_some_and(|e| e == "mp4");
        assert!(!files.any(|file| is_video(file.unwrap())));
    }
}

/// Goal: the summary warns where a mask covers a person who is kept. Control: without the mask it
/// does not.
#[tokio::test]
async fn a_mask_over_a_person_who_is_kept_is_in_the_summary() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (mut base, mut document) = bench.decided(&office.operator, review).await;
    let faces = document["tracks"].as_array().unwrap().iter();
    let face = faces.clone().position(|track| track["class"] == "face");
    let face = face.expect("the sample has a face");
    document["tracks"][face]["decision"] = json!({ "verdict": "keep", "reason": "privacy-face" });
    let start = document["tracks"][face]["parts"][0]["start"].clone();
    let path = format!("/api/reviews/{review}/summary");
    for drawn in [true, false] {
        document["drawn"] = match drawn {
            true => json!([{ "id": "door", "effect": { "kind": "fill" }, "reason": "privacy-face",
                "start": start, "end": start.as_u64().unwrap() + 1,
                "keyframes": [[start, 0.0, 0.0, 1.0, 1.0]] }]),
            false => json!([]),
        };
        let saved = bench.save(&office.operator, review, base, &document).await;
        base = saved.ok()["revision"].as_i64().unwrap();
        let summary = bench.get(&office.operator, &path).await.ok();
        let covered = &summary["kept_covered"];
        let expected = match drawn {
            true => json!([{ "track": document["tracks"][face]["id"], "class": "face",
                "frames": 1, "worst_frame": start, "share": 1.0, "masks": ["door"] }]),
            false => json!([]),
        };
        assert_eq!(covered, &expected);
    }
}

/// Goal: a region whose reason nobody chose, or that lost what it follows, blocks approval and is
/// named; its name is in no plan. Control: with a reason, and checked, it blocks nothing.
#[tokio::test]
async fn a_region_without_a_reason_or_that_lost_its_object_blocks_approval() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (mut base, mut document) = bench.decided(&office.operator, review).await;
    let path = format!("/api/reviews/{review}/summary");
    // A reason that the policy has.
    let known = document["tracks"][0]["decision"]["reason"].clone();
    let known = known.as_str().unwrap();
    let region = |reason: &str, lost: Value| {
        json!([{ "id": "region-1", "name": "front door", "effect": { "kind": "fill" },
            "reason": reason, "start": 0, "end": 2, "keyframes": [[0, 0.0, 0.0, 0.1, 0.1]],
            "lost": lost }])
    };
    for (reason, lost, code, expected) in [
        (
            "",
            json!([]),
            "no_reason",
            "Region \"front door\" has no reason. Choose one.",
        ),
        (
            known,
            json!([[2, 5]]),
            "lost",
            "Region \"front door\" lost the object in frames 2 to 4. Check them.",
        ),
        (known, json!([]), "", ""),
    ] {
        document["drawn"] = region(reason, lost);
        let saved = bench.save(&office.operator, review, base, &document).await;
        base = saved.ok()["revision"].as_i64().unwrap();
        let summary = bench.get(&office.operator, &path).await.ok();
        let problems = summary["problems"].as_array().unwrap();
        let found = problems
            .iter()
            .map(|p| (p["code"].as_str(), p["message"].as_str()));
        let expected: Vec<_> = match code {
            "" => Vec::new(),
            _ => vec![(Some(code), Some(expected))],
        };
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
    let stored = bench
        .get(&office.operator, &format!("/api/reviews/{review}"))
        .await
        .ok();
    assert_eq!(stored["document"]["drawn"][0]["name"], "front door");
    for (key, wrong) in [("name", json!(" ")), ("lost", json!([[4, 4]]))] {
        let mut refused = document.clone();
        refused["drawn"][0][key] = wrong;
        let answer = bench.save(&office.operator, review, base, &refused).await;
        assert_eq!(answer.status, 400, "{key}");
    }
}

/// Goal: what is rejected is not masked, and is on record with person, time and reason: in the
/// summary, in the plan that is rendered, and until it is taken back.
#[tokio::test]
async fn what_is_rejected_is_shown_and_on_record() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let (base, hidden) = bench.decided(&office.operator, review).await;
    let mut document = hidden.clone();
    let rejected = json!({ "verdict": "reject", "reason": "nothing-to-withhold" });
    document["tracks"][0]["decision"] = rejected;
    let saved = bench.save(&office.operator, review, base, &document).await;
    let base = saved.ok()["revision"].as_i64().unwrap();
    let masks = async || {
        let path = format!("/api/reviews/{review}/preview/6");
        String::from_utf8(bench.get(&office.operator, &path).await.bytes).unwrap()
    };
    assert_eq!(masks().await, "2 masks");
    let path = format!("/api/reviews/{review}/summary");
    let summary = bench.get(&office.operator, &path).await.ok();
    assert_eq!(summary["problems"], json!([]));
    assert_eq!(summary["against_policy"], json!([]));
    assert_eq!(summary["rejected"][0]["track"], 1);
    assert_eq!(summary["rejected"][0]["by"], "oli Person");
    assert!(summary["rejected"][0]["at"].is_string());
    assert_eq!(summary["classes"][0]["rejected"], 1);
    assert_eq!(summary["classes"][0]["kept"], 0);
    // Taken back, and rejected again.
    let undone = bench.save(&office.operator, review, base, &hidden).await;
    let base = undone.ok()["revision"].as_i64().unwrap();
    assert_eq!(masks().await, "3 masks");
    let saved = bench.save(&office.operator, review, base, &document).await;
    let revision = saved.ok()["revision"].as_i64().unwrap();
    bench.approve(&office.approver, review, revision).await.ok();
    let release = office.release(review).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let (plan, _) = redact_record::plan::read(&renders[0].plan).unwrap();
    let made = plan.tracks[0].decision.as_ref().unwrap();
    assert_eq!(made.verdict, redact_core::Verdict::Reject);
    assert_eq!(made.by, "oli Person");
    assert_eq!(made.reason.0, "nothing-to-withhold");
}
