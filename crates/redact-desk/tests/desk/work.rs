//! The work itself: from a request to a release that was handed over, and what a crash leaves.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use serde_json::{Value, json};

use crate::bench::{Bench, Person};

async fn office() -> (Bench, Person, Person) {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    let approver = bench.invited(&admin, "pat", Role::Approver).await;
    (bench, operator, approver)
}

async fn stage(bench: &Bench, person: &Person, request: &str) -> Value {
    bench
        .get(person, &format!("/api/requests/{request}"))
        .await
        .ok()["stage"]
        .clone()
}

/// Goal: the whole way, with the stage of the request at every step.
#[tokio::test]
async fn a_request_goes_all_the_way_to_a_copy() {
    let (bench, operator, approver) = office().await;
    let (request, recording, review) = bench.ready(&operator).await;
    assert_eq!(
        *bench.jobs.told.lock().unwrap(),
        ["Prepare", "Scan", "Thumbnails"]
    );
    assert_eq!(stage(&bench, &operator, &request).await, "in_review");
    let tracks = bench
        .get(&operator, &format!("/api/recordings/{recording}/tracks"))
        .await
        .ok();
    assert_eq!(
        tracks["tracks"][0]["boxes"].as_array().unwrap().len(),
        20 * 4
    );
    assert_eq!(tracks["tracks"][0]["origins"], "d".repeat(20));
    assert_eq!(tracks["missing"], json!(["screen"]));
    let (base, document) = bench.decided(&operator, &review).await;
    assert_eq!(
        document["mutes"].as_array().unwrap().len(),
        1,
        "speech is muted as the policy says"
    );
    let saved = bench.save(&operator, &review, base, &document).await.ok();
    let revision = saved["revision"].as_i64().unwrap();
    bench.approve(&operator, &review, revision).await.ok();
    assert_eq!(
        stage(&bench, &operator, &request).await,
        "awaiting_approval"
    );
    bench.approve(&approver, &review, revision).await.ok();
    assert_eq!(stage(&bench, &operator, &request).await, "approved");
    let path = format!("/api/reviews/{review}/releases");
    let release = bench.post(&operator, &path, json!({})).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let early = json!({ "to": "A. Reporter", "medium": "portal", "files": ["release"] });
    let done = bench
        .until(&operator, &path, |release| release["state"] == "ready")
        .await;
    assert_eq!(done["verdict"]["ok"], true);
    assert_eq!(done["approvals"].as_array().unwrap().len(), 2);
    let file = bench.get(&operator, &format!("{path}/files/release")).await;
    assert_eq!(file.bytes, b"0123456789");
    let name = file.headers["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        name.contains("release-") && !name.contains("clip") && !name.contains("2026"),
        "{name}"
    );
    let copy = bench
        .post(&operator, &format!("{path}/copies"), early)
        .await
        .ok();
    assert_eq!(copy["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(stage(&bench, &operator, &request).await, "handed_over");
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(
        !log.contains("Reporter"),
        "no name that was typed goes into the log"
    );
    assert!(log.contains("\"delivery\""));
}

/// Goal: of two that save at a time one wins, the other is told, and both are kept.
#[tokio::test]
async fn a_conflict_is_told_and_nothing_is_lost() {
    let (bench, operator, approver) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let (base, mut document) = bench.decided(&operator, &review).await;
    bench.save(&operator, &review, base, &document).await.ok();
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    let late = bench.save(&approver, &review, base, &document).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(late.code(), "newer_revision");
    let details = late.json()["error"]["details"].clone();
    assert_eq!(details["by"], "oli Person");
    let kept = details["stored_as"].as_i64().unwrap();
    let path = format!("/api/reviews/{review}/revisions/{kept}");
    let kept = bench.get(&operator, &path).await.ok();
    assert_eq!(kept["document"]["tracks"][0]["decision"]["verdict"], "keep");
    let newest = bench
        .get(&operator, &format!("/api/reviews/{review}"))
        .await
        .ok();
    assert_eq!(
        newest["document"]["tracks"][0]["decision"]["verdict"],
        "redact"
    );
}

#[tokio::test]
async fn every_answered_save_is_there_after_a_restart() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let (mut base, mut document) = bench.decided(&operator, &review).await;
    for person in ["a", "b", "c"] {
        document["tracks"][0]["person"] = json!(person);
        let saved = bench.save(&operator, &review, base, &document).await.ok();
        base = saved["revision"].as_i64().unwrap();
    }
    let bench = bench.again().await;
    let path = format!("/api/reviews/{review}");
    let shown = bench.get(&operator, &path).await.ok();
    assert_eq!(shown["revision"], base);
    assert_eq!(shown["document"]["tracks"][0]["person"], "c");
    let revisions = bench
        .get(&operator, &format!("{path}/revisions"))
        .await
        .ok();
    assert_eq!(revisions.as_array().unwrap().len(), 4);
}

/// Goal: a server that stops in the middle of a job takes it up again.
#[tokio::test]
async fn a_job_that_was_cut_off_is_done_after_the_restart() {
    let (bench, operator, _) = office().await;
    *bench.jobs.slow.lock().unwrap() = true;
    let body = json!({
        "number": "1", "requester_kind": "court", "jurisdiction": "elsewhere",
        "received_on": "2026-09-20",
    });
    let request = bench.post(&operator, "/api/requests", body).await.ok();
    let request = request["id"].as_str().unwrap().to_owned();
    let recording = bench.upload(&operator, &request, b"frames").await;
    let path = format!("/api/recordings/{}", recording["id"].as_str().unwrap());
    bench
        .until(&operator, &path, |shown| {
            shown["jobs"][0]["state"] == "running"
        })
        .await;
    let bench = bench.again().await;
    *bench.jobs.slow.lock().unwrap() = false;
    let ready = bench
        .until(&operator, &path, |shown| shown["state"] == "ready")
        .await;
    assert_eq!(ready["proxy"], true);
}

#[tokio::test]
async fn a_cancelled_job_ends_and_can_be_started_again() {
    let (bench, operator, _) = office().await;
    let (_, recording, _) = bench.ready(&operator).await;
    *bench.jobs.slow.lock().unwrap() = true;
    let path = format!("/api/recordings/{recording}/follow");
    let body = json!({ "frame": 3, "rect": [0.1, 0.1, 0.2, 0.2], "back": true, "forward": true });
    let job = bench.post(&operator, &path, body).await.ok();
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    bench
        .until(&operator, &path, |job| job["state"] == "running")
        .await;
    bench
        .post(&operator, &format!("{path}/cancel"), json!({}))
        .await
        .ok();
    bench
        .until(&operator, &path, |job| job["state"] == "cancelled")
        .await;
    *bench.jobs.slow.lock().unwrap() = false;
    bench
        .post(&operator, &format!("{path}/retry"), json!({}))
        .await
        .ok();
    let done = bench
        .until(&operator, &path, |job| job["state"] == "done")
        .await;
    assert_eq!(done["result"]["start"], 3);
}

/// Goal: what is shown before rendering hides what is undecided.
#[tokio::test]
async fn a_preview_hides_what_nobody_decided_about() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let masks = async |frame: u32| {
        let path = format!("/api/reviews/{review}/preview/{frame}");
        String::from_utf8(bench.get(&operator, &path).await.bytes).unwrap()
    };
    assert_eq!(masks(7).await, "3 masks");
    assert_eq!(masks(25).await, "1 masks");
    let (base, mut document) = bench.decided(&operator, &review).await;
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    bench.save(&operator, &review, base, &document).await.ok();
    assert_eq!(
        masks(7).await,
        "2 masks",
        "the control: what is kept is shown"
    );
}

/// Goal: whoever looks at a frame gets it first, and its neighbors are there for the next steps: a
/// step makes no further picture. Control: a change makes them all again.
#[tokio::test]
async fn the_neighbors_of_a_previewed_frame_are_made_with_it() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let look = async |frame: u32| {
        let path = format!("/api/reviews/{review}/preview/{frame}?width=640");
        bench.get(&operator, &path).await.status
    };
    let made = || bench.jobs.pictures.lock().unwrap().clone();
    assert_eq!(look(7).await, 200);
    assert_eq!(made()[0], 7);
    for _ in 0..200 {
        if made().len() >= 24 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let all = made();
    assert_eq!(all[..3], [7, 8, 9]);
    assert!((0..24).all(|frame| all.contains(&frame)), "{all:?}");
    for frame in [8, 9, 10, 6] {
        assert_eq!(look(frame).await, 200);
    }
    assert_eq!(made(), all, "steps find what is there");
    let frames = 1_000_000;
    assert_eq!(look(frames).await, 400, "no such frame");
    let (base, mut document) = bench.decided(&operator, &review).await;
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    bench.save(&operator, &review, base, &document).await.ok();
    assert_eq!(look(7).await, 200);
    assert!(made().len() > all.len());
}

/// Goal: the pictures of a contact sheet are made in one process, one for each of its frames and no
/// neighbors, with the masks of the release. Control: without `sheet`, neighbors are made.
#[tokio::test]
async fn the_pictures_of_a_contact_sheet_are_made_together() {
    let (bench, operator, _) = office().await;
    let (_, recording, review) = bench.ready(&operator).await;
    let (base, mut document) = bench.decided(&operator, &review).await;
    document["drawn"] = json!([{ "id": "door", "effect": { "kind": "fill" }, "reason": "privacy",
        "start": 26, "end": 29, "keyframes": [[26, 0.1, 0.1, 0.2, 0.2]] }]);
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    bench.save(&operator, &review, base, &document).await.ok();
    bench.write_timeline(&recording);
    let path = format!("/api/reviews/{review}/sheet");
    let sheet = bench.get(&operator, &path).await.ok();
    let mut frames: Vec<u32> = sheet
        .as_array()
        .unwrap()
        .iter()
        .map(|item| u32::try_from(item["frame"].as_u64().unwrap()).unwrap())
        .collect();
    frames.sort_unstable();
    frames.dedup();
    let look = async |frame: u32, more: &str| {
        let path = format!("/api/reviews/{review}/preview/{frame}?width=640{more}");
        String::from_utf8(bench.get(&operator, &path).await.bytes).unwrap()
    };
    let began = bench.jobs.told.lock().unwrap().len();
    for &frame in &frames {
        let hidden = look(frame, "&sheet=true").await;
        assert_eq!(hidden, look(frame, "").await, "frame {frame}");
    }
    let of_sheet = look(frames[0], "&sheet=true").await;
    assert!(of_sheet.ends_with("masks"), "{of_sheet}");
    let told = bench.jobs.told.lock().unwrap()[began..].to_vec();
    assert!(told.iter().all(|task| task == "Pictures"), "{told:?}");
    let made = bench.jobs.pictures.lock().unwrap().clone();
    let sets = bench.jobs.picture_runs.lock().unwrap().clone();
    assert_eq!(
        sets.iter().filter(|set| **set == frames).count(),
        1,
        "{sets:?}"
    );
    assert!(made.len() > frames.len(), "the control makes neighbors");
}

/// Goal: the clip of the whole is made once for a revision, in a lane of its own, and counts as
/// watched as far as it was sent. Control: another revision has none.
#[tokio::test]
async fn the_clip_of_the_whole_is_made_once_for_a_revision() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let (revision, document) = bench.decided(&operator, &review).await;
    let path = format!("/api/reviews/{review}/clip");
    let of = |revision: i64| format!("{path}?revision={revision}");
    assert!(bench.get(&operator, &of(revision)).await.ok().is_null());
    let body = json!({ "revision": revision });
    let job = bench.post(&operator, &path, body.clone()).await.ok();
    let id = job["id"].as_str().unwrap().to_owned();
    assert_eq!(job["kind"], "clip");
    let place = format!("/api/jobs/{id}");
    bench
        .until(&operator, &place, |job| job["state"] == "done")
        .await;
    let again = bench.post(&operator, &path, body).await.ok();
    assert_eq!(again["id"], job["id"]);
    assert_eq!(
        bench.get(&operator, &of(revision)).await.ok()["id"],
        job["id"]
    );
    assert_eq!(bench.jobs.previews.lock().unwrap().len(), 1);
    let sent = bench.get(&operator, &format!("{place}/clip")).await;
    assert_eq!(sent.bytes, b"clip");
    let saved = bench
        .save(&operator, &review, revision, &document)
        .await
        .ok();
    let newer = saved["revision"].as_i64().unwrap();
    assert!(bench.get(&operator, &of(newer)).await.ok().is_null());
    let unknown = json!({ "revision": newer + 7 });
    assert_eq!(bench.post(&operator, &path, unknown).await.status, 404);
}

/// Goal: a region may be an ellipse or polygon if it is filled; its preview and its plan have the
/// outline. Controls: a blurred one, and one with two corners, are refused with the place.
#[tokio::test]
async fn regions_have_outlines_only_if_they_are_filled() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let (mut base, mut document) = bench.decided(&operator, &review).await;
    let region = |effect: Value, shape: Value| {
        json!([{ "id": "door", "effect": effect, "shape": shape, "reason": "privacy",
            "start": 0, "end": 5, "keyframes": [[0, 0.2, 0.2, 0.6, 0.6]] }])
    };
    let fill = json!({ "kind": "fill" });
    let corners = json!([[0.0, 0.0], [1.0, 0.5], [0.0, 1.0]]);
    for shape in [
        json!({ "kind": "ellipse" }),
        json!({ "kind": "polygon", "points": corners }),
    ] {
        document["drawn"] = region(fill.clone(), shape.clone());
        let saved = bench.save(&operator, &review, base, &document).await.ok();
        base = saved["revision"].as_i64().unwrap();
        let path = format!("/api/reviews/{review}");
        let stored = bench.get(&operator, &path).await.ok();
        assert_eq!(stored["document"]["drawn"][0]["shape"], shape);
    }
    let body = json!({ "revision": base, "start": 0, "end": 5 });
    let path = format!("/api/reviews/{review}/preview");
    let job = bench.post(&operator, &path, body).await.ok();
    let place = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    bench
        .until(&operator, &place, |job| job["state"] == "done")
        .await;
    let previews = bench.jobs.previews.lock().unwrap().clone();
    let outlined = previews[0]
        .masks
        .iter()
        .filter(|mask| mask.shape().is_some());
    assert_eq!(outlined.count(), 1);
    let blur = json!({ "kind": "blur", "cells_across": 4 });
    for (effect, shape, field) in [
        (blur, json!({ "kind": "ellipse" }), "effect"),
        (
            fill,
            json!({ "kind": "polygon", "points": [[0.0, 0.0], [1.0, 1.0]] }),
            "shape.points",
        ),
    ] {
        document["drawn"] = region(effect, shape);
        let refused = bench.save(&operator, &review, base, &document).await;
        assert_eq!(refused.status, 400, "{field}");
        let expected = format!("document.drawn, door, {field}");
        assert_eq!(refused.json()["error"]["field"], expected);
    }
}

/// Goal: trimming, merging and drawing give boxes where they should, and what was taken out shows.
#[tokio::test]
async fn tracks_are_cut_joined_and_extended() {
    let (bench, operator, _) = office().await;
    let (_, _, review) = bench.ready(&operator).await;
    let (base, mut document) = bench.decided(&operator, &review).await;
    let decision = document["tracks"][0]["decision"].clone();
    document["tracks"] = json!([
        { "id": 1, "class": "face", "person": null, "decision": decision, "parts": [
            { "found": 1, "start": 2, "end": 8 },
            { "path": [[20, 0.5, 0.5, 0.6, 0.6]], "start": 20, "end": 30 } ] },
        { "id": 2, "class": "face", "person": "a", "decision": decision, "parts": [
            { "found": 2, "start": 5, "end": 30 } ] },
    ]);
    bench.save(&operator, &review, base, &document).await.ok();
    let summary = bench
        .get(&operator, &format!("/api/reviews/{review}/summary"))
        .await
        .ok();
    let left = summary["left_out"].as_array().unwrap();
    let frames: Vec<_> = left
        .iter()
        .map(|l| (l["track"].clone(), l["frames"].clone()))
        .collect();
    assert_eq!(frames, [(json!(1), json!(14)), (json!(3), json!(10))]);
    let path = format!("/api/reviews/{review}/preview/14");
    let between = String::from_utf8(bench.get(&operator, &path).await.bytes).unwrap();
    assert_eq!(between, "2 masks", "a gap between parts is filled");
    for (key, part) in [
        ("outside", json!({ "found": 1, "start": 2, "end": 21 })),
        ("unknown", json!({ "found": 9, "start": 2, "end": 3 })),
        ("backwards", json!({ "found": 1, "start": 5, "end": 5 })),
        ("no path", json!({ "path": [], "start": 1, "end": 2 })),
        (
            "too far",
            json!({ "path": [[1, 0.1, 0.1, 0.2, 0.2]], "start": 1, "end": 99 }),
        ),
        (
            "inside out",
            json!({ "path": [[1, 0.3, 0.1, 0.2, 0.2]], "start": 1, "end": 2 }),
        ),
    ] {
        document["tracks"][0]["parts"] = json!([part]);
        let refused = bench.save(&operator, &review, base + 1, &document).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{key}");
    }
}

#[tokio::test]
async fn several_releases_come_from_one_review_and_their_differences_are_told() {
    let (bench, operator, _) = office().await;
    let (_, recording, review) = bench.ready(&operator).await;
    let (base, document) = bench.decided(&operator, &review).await;
    bench.save(&operator, &review, base, &document).await.ok();
    let policies = bench.get(&operator, "/api/policies").await.ok();
    let body = json!({
        "policy": policies[1]["digest"], "title": "Court", "copy": review, "decisions": "copy",
    });
    let path = format!("/api/recordings/{recording}/reviews");
    let other = bench.post(&operator, &path, body).await.ok();
    let other = other["id"].as_str().unwrap();
    let (base, mut document) = bench.decided(&operator, other).await;
    document["tracks"][1]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    document["mutes"] = json!([]);
    bench.save(&operator, other, base, &document).await.ok();
    let path = format!("/api/reviews/{review}/differences/{other}");
    let differences = bench.get(&operator, &path).await.ok();
    assert_eq!(differences["tracks"][0]["track"], 2);
    assert_eq!(differences["tracks"][0]["there"], "kept (privacy)");
    assert_eq!(differences["mutes_only_here"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_queue_finds_filters_and_sorts() {
    let (bench, operator, _) = office().await;
    for (number, day, who) in [
        ("B-2", "2026-09-10", "Daily News"),
        ("A-1", "2026-09-15", ""),
    ] {
        let body = json!({
            "number": number, "requester_kind": "press", "requester": who,
            "jurisdiction": "us-ca", "received_on": day,
        });
        bench.post(&operator, "/api/requests", body).await.ok();
    }
    let numbers = async |query: &str| -> Vec<String> {
        let list = bench
            .get(&operator, &format!("/api/requests{query}"))
            .await
            .ok();
        let number = |request: &Value| request["number"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(number).collect()
    };
    assert_eq!(
        numbers("").await,
        ["B-2", "A-1"],
        "by the day on which it is due"
    );
    assert_eq!(numbers("?sort=number&order=desc").await, ["B-2", "A-1"]);
    assert_eq!(numbers("?sort=number").await, ["A-1", "B-2"]);
    assert_eq!(numbers("?search=daily").await, ["B-2"]);
    assert_eq!(numbers("?stage=closed").await, [""; 0]);
    assert_eq!(numbers("?overdue=true").await, ["B-2"]);
    let again = json!({
        "number": "A-1", "requester_kind": "press", "jurisdiction": "us-ca",
        "received_on": "2026-09-10",
    });
    let taken = bench.post(&operator, "/api/requests", again).await;
    assert_eq!(taken.code(), "number_taken");
    let list = bench.get(&operator, "/api/requests?search=A-1").await.ok();
    let path = format!("/api/requests/{}", list[0]["id"].as_str().unwrap());
    let close = json!({ "disposition": "granted" });
    let closing = format!("{path}/close");
    let closed = bench.post(&operator, &closing, close).await.ok();
    assert_eq!(closed["stage"], "closed");
    let body = json!({ "assignee": operator.id });
    let changed = bench.call(&operator, Method::PATCH, &path, body).await.ok();
    assert_eq!(changed["stage"], "closed", "it stays closed");
    assert_eq!(changed["assignee"]["name"], "oli Person");
    let body = json!({ "assignee": null });
    let changed = bench.call(&operator, Method::PATCH, &path, body).await.ok();
    assert_eq!(changed["assignee"], Value::Null);
}
