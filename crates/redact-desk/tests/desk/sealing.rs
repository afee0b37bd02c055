//! Orders of courts: what they close, to whom, and what is out already.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bench::{Bench, PASSWORD};
use crate::office::{Office, office};
use redact_desk::Role;

impl Office {
    /// Closes something to everybody but the approver.
    pub(crate) async fn seal(&self, of: &str, id: &str) -> Value {
        let order = json!({
            "kind": "expungement", of: id, "court": "Superior Court", "number": "26-2-1",
            "dated": "2026-09-20", "people": [self.approver.id], "password": PASSWORD,
        });
        self.bench
            .post(&self.approver, "/api/sealings", order)
            .await
            .ok()
    }

    /// Addresses of the recording and of what was made from it.
    fn addresses(&self, release: &str) -> Vec<String> {
        vec![
            format!("/api/recordings/{}", self.recording),
            format!("/api/recordings/{}/frames/1", self.recording),
            format!("/api/recordings/{}/proxy", self.recording),
            format!("/api/recordings/{}/thumbnails/1", self.recording),
            format!("/api/recordings/{}/tracks", self.recording),
            format!("/api/recordings/{}/views", self.recording),
            format!("/api/recordings/{}/retention", self.recording),
            format!("/api/reviews/{}", self.review),
            format!("/api/reviews/{}/comments", self.review),
            format!("/api/releases/{release}"),
            format!("/api/releases/{release}/files/release"),
            format!("/api/releases/{release}/copies"),
        ]
    }

    async fn status(&self, path: &str) -> StatusCode {
        self.bench.get(&self.operator, path).await.status
    }
}

/// Goal: an order closes a recording with everything of it, in every list and under every address.
/// Controls: the person whom it names sees all of it, and another recording stays open.
#[tokio::test]
async fn an_order_closes_a_recording_to_all_but_those_named() {
    let office = office().await;
    let (second, _) = office.second_recording().await;
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.hand_over(&release).await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let paths = office.addresses(&release);
    for path in paths.iter().filter(|path| !path.ends_with("retention")) {
        assert_ne!(
            office.status(path).await,
            StatusCode::FORBIDDEN,
            "{path} before"
        );
    }
    let order = office.seal("recording", &office.recording).await;
    for path in &paths {
        let refused = office.bench.get(&office.operator, path).await;
        let is_sealed = refused.status == StatusCode::METHOD_NOT_ALLOWED
            || (refused.status == StatusCode::FORBIDDEN && refused.code() == "sealed");
        assert!(is_sealed, "{path}: {}", refused.status);
        let named = office.bench.get(&office.approver, path).await.status;
        assert_ne!(named, StatusCode::FORBIDDEN, "{path} for the person named");
    }
    let whole = office.request_of(&request).await;
    assert_eq!(whole["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(whole["recordings"][0]["id"], second.as_str());
    assert_eq!(whole["releases"], json!([]));
    assert_eq!(whole["history"], json!([]), "nothing about the recording");
    for list in [
        "/api/releases",
        "/api/jobs",
        "/api/rechecks",
        "/api/retention",
    ] {
        let text = office
            .bench
            .get(&office.operator, list)
            .await
            .ok()
            .to_string();
        assert!(!text.contains(&office.recording), "{list}: {text}");
        assert!(!text.contains(&release), "{list}: {text}");
    }
    // The order is known, and who has a copy only to those who are named.
    let seen = office
        .bench
        .get(&office.operator, "/api/sealings")
        .await
        .ok();
    assert_eq!(
        (&seen[0]["number"], &seen[0]["out"]),
        (&json!("26-2-1"), &json!([]))
    );
    assert_eq!(seen[0]["recording"], Value::Null);
    assert_eq!(order["out"][0]["to"], "A. Reporter");
    let log = office.log();
    assert!(
        log.contains("sealing-entered") && !log.contains("Superior"),
        "{log}"
    );
    assert!(log.contains("\"refused\""), "attempts are in the log");
}

/// Goal: what an order closes is found by no search, is in no queue, inbox or report by name, and
/// an import adds nothing to it. Controls: all of it before the order, and for the person whom it
/// names.
#[tokio::test]
async fn an_order_holds_in_the_search_the_queue_and_reports() {
    let office = office().await;
    let operator = &office.operator;
    let auditor = office
        .bench
        .invited(&office.admin, "uma", Role::Auditor)
        .await;
    let request = office.request().await;
    let (id, number) = (request["id"].as_str().unwrap(), &request["number"]);
    let path = format!("/api/recordings/{}", office.recording);
    let recording = office.bench.get(operator, &path).await.ok();
    let name = recording["name"].as_str().unwrap().to_owned();
    let mine = json!({ "assignee": office.operator.id });
    office.edit(&request["id"], mine).await.ok();
    let note = json!({ "text": "Zebra crossing" });
    let notes = format!("/api/requests/{id}/notes");
    office.bench.post(&office.approver, &notes, note).await.ok();
    let frame = format!("/api/recordings/{}/frames/1", office.recording);
    assert_eq!(office.status(&frame).await, StatusCode::OK);
    let found = async |person, path: &str, what: &str| {
        let shown = office.bench.get(person, path).await.ok().to_string();
        shown.contains(what)
    };
    let recordings = format!("/api/search?find={name}");
    let number = number.as_str().unwrap();
    let everything: [(&str, &str); 4] = [
        (&recordings, office.recording.as_str()),
        ("/api/search?find=Zebra", id),
        ("/api/queue", id),
        ("/api/requests", id),
    ];
    for (path, what) in everything {
        assert!(found(operator, path, what).await, "{path} before the order");
    }
    assert!(found(&auditor, "/api/access", &name).await, "access before");
    office.seal("request", id).await;
    for (path, what) in everything {
        assert!(!found(operator, path, what).await, "{path}");
        assert!(
            found(&office.approver, path, what).await,
            "{path} for the person named"
        );
    }
    assert!(!found(operator, "/api/inbox", id).await);
    assert!(!found(&auditor, "/api/access", &name).await);
    let import = json!({
        "text": format!("Request number,File name\n{number},other.mp4\n"),
        "requester_kind": "public", "jurisdiction": "us-mn", "received_on": "2026-09-01",
    });
    let shown = office
        .bench
        .post(operator, "/api/imports/preview", import.clone())
        .await
        .ok();
    let errors = shown["lines"][0]["errors"].to_string();
    assert!(errors.contains("court order"), "{shown}");
    let refused = office.bench.post(operator, "/api/imports", import).await;
    assert_ne!(refused.status, StatusCode::CREATED);
}

/// Goal: nobody decides about the disposal of what an order closes to them, or gets its record.
/// Control: before the order, the same request is refused for another reason.
#[tokio::test]
async fn an_order_holds_for_disposals() {
    let office = office().await;
    let request = office.request().await;
    let id = request["id"].as_str().unwrap();
    let close = json!({ "disposition": "withdrawn" });
    let path = format!("/api/requests/{id}/close");
    office.bench.post(&office.operator, &path, close).await.ok();
    let category = json!({ "category": "not_evidence", "counted_from": "2020-01-01" });
    let path = format!("/api/recordings/{}/retention", office.recording);
    let put = office
        .bench
        .call(&office.operator, Method::PUT, &path, category);
    put.await.ok();
    let path = format!("/api/recordings/{}/disposal", office.recording);
    let reason = json!({ "reason": "Beyond its time" });
    let proposed = office
        .bench
        .post(&office.operator, &path, reason)
        .await
        .ok();
    let disposal = format!("/api/disposals/{}", proposed["id"].as_str().unwrap());
    let certificate = format!("{disposal}/certificate");
    assert_eq!(office.status(&certificate).await, StatusCode::NOT_FOUND);
    office.seal("recording", &office.recording).await;
    let refuse = json!({ "reason": "No" });
    let refused = office
        .bench
        .post(&office.operator, &format!("{disposal}/refuse"), refuse)
        .await;
    assert_eq!(refused.code(), "sealed");
    let certificate = office.bench.get(&office.operator, &certificate).await;
    assert_eq!(certificate.code(), "sealed");
    let shown = office.bench.get(&office.operator, &disposal).await.ok();
    assert_eq!(shown["recording_name"], "");
}

/// Goal: no other spelling of an address gets past an order, or past the guard of practice.
/// Control: the plain address is refused with the code of the order, or works for the person named.
#[tokio::test]
async fn an_escaped_address_opens_nothing() {
    let office = office().await;
    let request = office.request().await;
    let id = request["id"].as_str().unwrap();
    let escaped = |path: &str| {
        let (before, id) = path.rsplit_once('/').unwrap();
        format!("{before}/%{:02x}{}", id.as_bytes()[0], &id[1..])
    };
    let plain = [
        format!("/api/recordings/{}", office.recording),
        format!("/api/reviews/{}", office.review),
        format!("/api/requests/{id}"),
    ];
    for path in &plain {
        assert_eq!(office.status(path).await, StatusCode::OK, "{path}");
    }
    office.seal("request", id).await;
    for path in &plain {
        let refused = office.bench.get(&office.operator, path).await;
        assert_eq!(refused.code(), "sealed", "{path}");
        let other = escaped(path);
        assert_eq!(
            office.status(&other).await,
            StatusCode::NOT_FOUND,
            "{other}"
        );
    }
}

/// Goal: what was begun before an order is not finished after it, and ids in what is sent are
/// checked like those in addresses. Control: the same before the order.
#[tokio::test]
async fn an_order_holds_for_what_is_sent() {
    let office = office().await;
    let request = office.request().await;
    let id = request["id"].as_str().unwrap().to_owned();
    let release = office.verified(&office.review.clone(), json!({})).await;
    let (bench, operator) = (&office.bench, &office.operator);
    let cover = json!({ "kind": "cover" });
    let letter = format!("/api/requests/{id}/letters/preview");
    let before = bench.post(operator, &letter, cover.clone()).await;
    assert_ne!(before.status, StatusCode::FORBIDDEN, "the control");
    let cameras = format!("/api/requests/{id}/cameras");
    let placed = json!({ "cameras": [{ "recording": office.recording, "seconds": 1.0 }] });
    let place = async || {
        bench
            .call(operator, Method::PUT, &cameras, placed.clone())
            .await
    };
    place().await.ok();
    let upload = json!({
        "name": "more.mp4", "bytes": 4, "purpose": "recording", "request": id,
    });
    let upload = bench.post(operator, "/api/uploads", upload).await.ok();
    let id_of_upload = upload["id"].as_str().unwrap().to_owned();
    office.seal("recording", &office.recording).await;
    let refused = bench.post(operator, &letter, cover).await;
    assert_eq!(refused.code(), "sealed", "a letter lists {release}");
    assert_eq!(place().await.code(), "sealed");
    office.seal("request", &id).await;
    bench.put(operator, &id_of_upload, 0, b"1234").await;
    let refused = bench
        .post(
            operator,
            &format!("/api/uploads/{id_of_upload}/finish"),
            json!({}),
        )
        .await;
    assert_eq!(refused.code(), "sealed");
}

/// Goal: recipients are told one by one, and a later order opens everything again. Controls: an
/// order that is older; people whom the order does not name.
#[tokio::test]
async fn recipients_are_told_and_an_order_is_lifted() {
    let office = office().await;
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.hand_over(&release).await;
    let order = office.seal("recording", &office.recording).await;
    let path = format!("/api/sealings/{}", order["id"].as_str().unwrap());
    let told = json!({ "copy": order["out"][0]["copy"], "note": "By letter." });
    let told_path = format!("{path}/told");
    let other = office
        .bench
        .post(&office.operator, &told_path, told.clone())
        .await;
    assert_eq!(other.code(), "sealed");
    let shown = office
        .bench
        .post(&office.approver, &told_path, told)
        .await
        .ok();
    assert_eq!(shown["out"][0]["told_note"], "By letter.");
    let unknown = json!({ "copy": "0123456789abcdef0123456789abcdef" });
    let refused = office
        .bench
        .post(&office.approver, &told_path, unknown)
        .await;
    assert_eq!(refused.json()["error"]["field"], "copy");
    let lift = async |dated: &str| {
        let body = json!({ "court": "Court of Appeals", "number": "9", "dated": dated,
            "password": PASSWORD });
        office
            .bench
            .post(&office.approver, &format!("{path}/lift"), body)
            .await
    };
    let other = office
        .bench
        .invited(&office.admin, "ann", Role::Approver)
        .await;
    let body = json!({ "court": "Court of Appeals", "number": "9", "dated": "2026-09-21",
        "password": PASSWORD });
    let invented = office
        .bench
        .post(&other, &format!("{path}/lift"), body)
        .await;
    assert_eq!(invented.code(), "sealed", "who is not named lifts nothing");
    assert_eq!(lift("2026-09-19").await.json()["error"]["field"], "dated");
    let recording = format!("/api/recordings/{}", office.recording);
    assert_eq!(office.status(&recording).await, StatusCode::FORBIDDEN);
    let guessed =
        json!({ "court": "c", "number": "9", "dated": "2026-09-21", "password": "a guess" });
    let refused = office
        .bench
        .post(&office.approver, &format!("{path}/lift"), guessed)
        .await;
    assert_eq!(refused.code(), "wrong_password");
    assert_eq!(office.status(&recording).await, StatusCode::FORBIDDEN);
    lift("2026-09-21").await.ok();
    assert_eq!(office.status(&recording).await, StatusCode::OK);
    assert_eq!(lift("2026-09-21").await.code(), "lifted");
}

/// Goal: an order about a request closes the request and everything in it, also in the list.
/// Controls: another request; an order that names nobody is refused.
#[tokio::test]
async fn an_order_closes_a_whole_request() {
    let office = office().await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let other = office.add_request(json!({ "number": "other" })).await;
    let nobody = json!({
        "kind": "sealing", "request": request, "court": "c", "number": "n",
        "dated": "2026-09-20", "people": [], "password": PASSWORD,
    });
    let refused = office
        .bench
        .post(&office.operator, "/api/sealings", nobody)
        .await;
    assert_eq!(refused.json()["error"]["field"], "people");
    let guessed = json!({
        "kind": "sealing", "request": request, "court": "c", "number": "n",
        "dated": "2026-09-20", "people": [office.approver.id], "password": "a guess",
    });
    let refused = office
        .bench
        .post(&office.approver, "/api/sealings", guessed)
        .await;
    assert_eq!(refused.code(), "wrong_password");
    let path = format!("/api/requests/{request}");
    assert_eq!(office.status(&path).await, StatusCode::OK);
    office.seal("request", &request).await;
    let list = office
        .bench
        .get(&office.operator, "/api/requests")
        .await
        .ok();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["id"], other["id"]);
    for path in [
        format!("/api/requests/{request}"),
        format!("/api/requests/{request}/retention"),
        format!("/api/recordings/{}", office.recording),
        format!("/api/reviews/{}", office.review),
    ] {
        assert_eq!(office.status(&path).await, StatusCode::FORBIDDEN, "{path}");
    }
    let upload = json!({
        "name": "a.mp4", "bytes": 1, "purpose": "recording", "request": request,
    });
    let refused = office
        .bench
        .post(&office.operator, "/api/uploads", upload)
        .await;
    assert_eq!(refused.code(), "sealed");
    // Nobody takes the recording out of what the order closes.
    let path = format!("/api/recordings/{}", office.recording);
    let body = json!({ "request": other["id"], "reason": "It belongs there." });
    let moved = office
        .bench
        .call(&office.approver, Method::PATCH, &path, body)
        .await;
    assert_eq!(moved.code(), "sealed");
}

/// Goal: a page that was open before the order receives nothing about what the order closes.
/// Control: it still receives changes of other requests.
#[tokio::test]
async fn an_open_stream_says_nothing_of_what_is_closed() {
    let office = office().await;
    let other = office.add_request(json!({ "number": "other" })).await;
    let stream = Bench::request(&office.operator, Method::GET, "/api/stream");
    let stream = stream.body(Body::empty()).unwrap();
    let stream = office.bench.router().oneshot(stream).await.unwrap();
    let mut stream = stream.into_body().into_data_stream();
    office.seal("recording", &office.recording).await;
    let path = format!("/api/recordings/{}", office.recording);
    let body = json!({ "name": "renamed.mp4" });
    office
        .bench
        .call(&office.approver, Method::PATCH, &path, body)
        .await
        .ok();
    office
        .edit(&other["id"], json!({ "note": "changed" }))
        .await
        .ok();
    let id = other["id"].as_str().unwrap();
    let mut received = String::new();
    while !received.contains(id) {
        let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
        received += &String::from_utf8_lossy(&next.unwrap().unwrap().unwrap());
    }
    assert!(!received.contains(&office.recording), "{received}");
}
