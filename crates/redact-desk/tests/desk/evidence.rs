//! Evidence on its way in and out: pieces, ranges, sizes, the watch folder, audits.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use redact_desk::Role;
use serde_json::json;

use crate::bench::{Answered, Bench, Person};

async fn operator(bench: &Bench) -> (Person, Person) {
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    (admin, operator)
}

async fn request(bench: &Bench, person: &Person) -> String {
    let body = json!({
        "number": "1", "requester_kind": "public", "jurisdiction": "us-wa",
        "received_on": "2026-09-20",
    });
    let made = bench.post(person, "/api/requests", body).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off_also_after_a_restart() {
    let bench = Bench::new().await;
    let (_, person) = operator(&bench).await;
    let request = request(&bench, &person).await;
    let body = json!({ "name": "a.mp4", "bytes": 10, "purpose": "recording", "request": request });
    let upload = bench.post(&person, "/api/uploads", body).await.ok();
    let id = upload["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.put(&person, &id, 0, b"01234").await.ok()["offset"], 5);
    let bench = bench.again().await;
    let path = format!("/api/uploads/{id}");
    assert_eq!(bench.get(&person, &path).await.ok()["offset"], 5);
    let wrong = bench.put(&person, &id, 3, b"xx").await;
    assert_eq!(wrong.code(), "wrong_offset");
    assert_eq!(wrong.json()["error"]["details"]["offset"], 5);
    let early = bench
        .post(&person, &format!("{path}/finish"), json!({}))
        .await;
    assert_eq!(early.code(), "incomplete");
    assert_eq!(
        bench.put(&person, &id, 5, b"56789").await.ok()["offset"],
        10
    );
    let recording = bench
        .post(&person, &format!("{path}/finish"), json!({}))
        .await
        .ok();
    assert_eq!(recording["bytes"], 10);
    assert_eq!(
        bench.get(&person, &path).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn too_much_and_malformed_uploads_leave_nothing_behind() {
    let bench = Bench::new().await;
    let (_, person) = operator(&bench).await;
    let request = request(&bench, &person).await;
    let new = |bytes: u64| json!({ "name": "a.mp4", "bytes": bytes, "purpose": "recording", "request": request });
    let large = bench.post(&person, "/api/uploads", new(21 << 20)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        bench.post(&person, "/api/uploads", new(0)).await.code(),
        "malformed"
    );
    for body in [
        json!({}),
        json!([]),
        json!({ "name": "a", "bytes": -1, "purpose": "recording", "request": request }),
        json!({ "name": "a", "bytes": 1, "purpose": "recording", "request": "../x" }),
        json!({ "name": "a", "bytes": 1, "purpose": "recording" }),
        json!({ "name": "a", "bytes": 1, "purpose": "other" }),
        json!({ "name": "", "bytes": 1, "purpose": "audit" }),
        json!({ "name": "a", "bytes": 1, "purpose": "audit", "path": "/etc/passwd" }),
    ] {
        let answered = bench.post(&person, "/api/uploads", body.clone()).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let upload = bench.post(&person, "/api/uploads", new(4)).await.ok();
    let id = upload["id"].as_str().unwrap();
    let over = bench.put(&person, id, 0, b"01234").await;
    assert_eq!(over.status, StatusCode::PAYLOAD_TOO_LARGE);
    let shown = bench.get(&person, &format!("/api/uploads/{id}")).await.ok();
    assert_eq!(
        shown["offset"], 0,
        "none of a piece that is too large stays"
    );
    let piece = vec![0; (8 << 20) + 1];
    let upload = bench
        .post(&person, "/api/uploads", new(10 << 20))
        .await
        .ok();
    let id = upload["id"].as_str().unwrap();
    assert_eq!(
        bench.put(&person, id, 0, &piece).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let text = Bench::request(&person, Method::POST, "/api/uploads");
    let answered = bench.send(text.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answered.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn nobody_sees_the_uploads_of_another() {
    let bench = Bench::new().await;
    let (admin, person) = operator(&bench).await;
    let other = bench.invited(&admin, "olga", Role::Operator).await;
    let body = json!({ "name": "a.mp4", "bytes": 4, "purpose": "audit" });
    let upload = bench.post(&person, "/api/uploads", body).await.ok();
    let id = upload["id"].as_str().unwrap();
    assert_eq!(
        bench.put(&other, id, 0, b"0123").await.status,
        StatusCode::NOT_FOUND
    );
    let path = format!("/api/uploads/{id}");
    assert_eq!(bench.get(&other, &path).await.status, StatusCode::NOT_FOUND);
    let gone = bench.call(&other, Method::DELETE, &path, json!({})).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.get(&person, &path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_range_is_answered_and_several_are_refused() {
    let bench = Bench::new().await;
    let (_, person) = operator(&bench).await;
    let (_, recording, _) = bench.ready(&person).await;
    let path = format!("/api/recordings/{recording}/proxy");
    let ranged = async |range: &str| -> Answered {
        let request = Bench::request(&person, Method::GET, &path).header(header::RANGE, range);
        bench.send(request.body(Body::empty()).unwrap()).await
    };
    let whole = bench.get(&person, &path).await;
    assert_eq!((whole.status, whole.bytes.len()), (StatusCode::OK, 100));
    assert_eq!(whole.headers[header::ACCEPT_RANGES], "bytes");
    let part = ranged("bytes=3-12").await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes, b"3456789012");
    assert_eq!(part.headers[header::CONTENT_RANGE], "bytes 3-12/100");
    for wrong in ["bytes=0-1,5-6", "bytes=100-", "bytes=9-3", "lines=1-2"] {
        let answered = ranged(wrong).await;
        assert_eq!(
            answered.status,
            StatusCode::RANGE_NOT_SATISFIABLE,
            "{wrong}"
        );
        assert_eq!(answered.code(), "bad_range");
    }
}

#[tokio::test]
async fn the_watched_folder_gives_files_and_no_links() {
    let bench = Bench::new().await;
    let (_, person) = operator(&bench).await;
    let request = request(&bench, &person).await;
    let inbox = bench.folder.path().join("inbox");
    std::fs::write(inbox.join("clip.mp4"), b"moving").unwrap();
    std::fs::write(inbox.join(".hidden"), b"x").unwrap();
    std::fs::create_dir_all(inbox.join("DCIM/100GOPRO")).unwrap();
    std::fs::create_dir(inbox.join(".Trashes")).unwrap();
    for name in ["a.mp4", "a.THM", "._a.mp4"] {
        std::fs::write(inbox.join("DCIM/100GOPRO").join(name), b"card").unwrap();
        std::fs::write(inbox.join(".Trashes").join(name), b"card").unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", inbox.join("link.mp4")).unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let ahead = i64::try_from(now.as_secs()).unwrap() - 1_790_000_000;
    if ahead < 0 {
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for name in ["clip.mp4", "DCIM/100GOPRO/a.mp4", "DCIM/100GOPRO/a.THM"] {
            let mut how = std::fs::File::options();
            let file = how.write(true).open(inbox.join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
    } else {
        bench.turn_clock(ahead + 60);
    }
    let person = Person {
        cookie: crate::bench::cookie(&bench.sign_in(&person).await),
        ..person
    };
    let files = bench.get(&person, "/api/watch-folder").await.ok();
    let names: Vec<_> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].clone())
        .collect();
    assert_eq!(names, ["DCIM/100GOPRO/a.mp4", "clip.mp4"]);
    for (file, name) in [(0, "a.mp4"), (1, "clip.mp4")] {
        let path = format!(
            "/api/watch-folder/{}/take",
            files[file]["id"].as_str().unwrap()
        );
        let taken = bench
            .post(&person, &path, json!({ "request": request }))
            .await
            .ok();
        assert_eq!(taken["name"], name);
    }
    assert!(
        inbox.join("clip.mp4").exists(),
        "what others put there stays"
    );
}

/// Goal: an auditor brings a release and hears the verdict, and sees nothing else.
#[tokio::test]
async fn an_auditor_checks_what_was_brought() {
    let bench = Bench::new().await;
    let (admin, _) = operator(&bench).await;
    let auditor = bench.invited(&admin, "uma", Role::Auditor).await;
    let mut ids = Vec::new();
    for name in ["r.mp4", "r.manifest.json", "r.manifest.json.minisig"] {
        let body = json!({ "name": name, "bytes": 4, "purpose": "audit" });
        let upload = bench.post(&auditor, "/api/uploads", body).await.ok();
        let id = upload["id"].as_str().unwrap().to_owned();
        bench.put(&auditor, &id, 0, b"0123").await.ok();
        if ids.len() == 2 {
            let body = json!({ "release": ids[0], "manifest": ids[1], "signature": id });
            let early = bench.post(&auditor, "/api/audits", body).await;
            assert_eq!(early.code(), "incomplete");
        }
        bench
            .post(&auditor, &format!("/api/uploads/{id}/finish"), json!({}))
            .await
            .ok();
        ids.push(id);
    }
    let body = json!({ "release": ids[0], "manifest": ids[1], "signature": ids[2] });
    let audit = bench.post(&auditor, "/api/audits", body).await.ok();
    let path = format!("/api/audits/{}", audit["id"].as_str().unwrap());
    let done = bench
        .until(&auditor, &path, |audit| !audit["verdict"].is_null())
        .await;
    assert_eq!(done["verdict"]["ok"], true);
    let recording = json!({ "name": "a", "bytes": 1, "purpose": "recording" });
    let refused = bench.post(&auditor, "/api/uploads", recording).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let chain = bench.get(&auditor, "/api/events/check").await.ok();
    assert_eq!(chain["whole"], true);
    let events = bench.get(&auditor, "/api/events").await.ok();
    let asked = events
        .as_array()
        .unwrap()
        .iter()
        .any(|event| event["details"]["action"] == "asked");
    assert!(asked, "{events}");
}

/// Goal: a sealed manifest where the public one belongs is named as such, before anything is
/// verified, and a finished verification has a report. Control: a public one is taken.
#[tokio::test]
async fn a_sealed_manifest_is_refused_by_name() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let auditor = bench.invited(&admin, "uma", Role::Auditor).await;
    let upload = async |bytes: &str| -> String {
        let body = json!({ "name": "x.json", "bytes": bytes.len(), "purpose": "audit" });
        let made = bench.post(&auditor, "/api/uploads", body).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        bench.put(&auditor, &id, 0, bytes.as_bytes()).await.ok();
        let path = format!("/api/uploads/{id}/finish");
        bench.post(&auditor, &path, json!({})).await.ok();
        id
    };
    let [release, sealed, public, signature] = [
        upload("a video").await,
        upload("{ \"schema\": \"redact-sealed-manifest\" }").await,
        upload("{ \"schema\": \"redact-manifest\" }").await,
        upload("a signature").await,
    ];
    let body = json!({ "release": release, "manifest": sealed, "signature": signature });
    let refused = bench.post(&auditor, "/api/audits", body).await;
    assert_eq!(refused.code(), "sealed_manifest");
    let body = json!({ "release": release, "manifest": public, "signature": signature });
    let audit = bench.post(&auditor, "/api/audits", body).await.ok();
    let path = format!("/api/audits/{}", audit["id"].as_str().unwrap());
    bench
        .until(&auditor, &path, |audit| audit["report"] == true)
        .await;
    let report = bench.get(&auditor, &format!("{path}/report")).await;
    assert_eq!(report.headers[header::CONTENT_TYPE], "application/pdf");
    let other = bench.invited(&admin, "una", Role::Auditor).await;
    let hidden = bench.get(&other, &format!("{path}/report")).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
}
