//! Releases of one recording: which took whose place, what differs, what their manifests are told.

use axum::http::{StatusCode, header};
use redact_record::manifest::read_request;
use serde_json::{Value, json};

use crate::office::{Office, office};

/// Approves a review as it stands and releases it; `replaces` as the page sends it.
async fn released(office: &Office, review: &str, replaces: Option<Value>) -> Value {
    let bench = &office.bench;
    let path = format!("/api/reviews/{review}");
    let seen = bench.get(&office.operator, &path).await.ok();
    let revision = seen["revision"].as_i64().unwrap();
    if seen["state"] != "approved" {
        bench.approve(&office.approver, review, revision).await.ok();
    }
    let body = replaces.map_or(json!({}), |replaces| json!({ "replaces": replaces }));
    let path = format!("{path}/releases");
    let release = bench.post(&office.operator, &path, body).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await
}

fn id(release: &Value) -> &str {
    release["id"].as_str().unwrap()
}

/// Reopens a review and keeps the first track visible.
async fn edit(office: &Office, review: &str) {
    let bench = &office.bench;
    let path = format!("/api/reviews/{review}");
    let seen = bench.get(&office.operator, &path).await.ok();
    let mut document = seen["document"].clone();
    document["tracks"][0]["decision"] = json!({ "verdict": "keep", "reason": "privacy" });
    let base = seen["revision"].as_i64().unwrap();
    if seen["state"] == "approved" {
        let body = json!({ "reason": "Face 1 may be shown." });
        let reopen = format!("{path}/withdraw");
        bench.post(&office.operator, &reopen, body).await.ok();
    }
    bench
        .save(&office.operator, review, base, &document)
        .await
        .ok();
}

/// Goal: a release that takes another's place says so everywhere, in the renderer's own words, and
/// the line cannot fork.
#[tokio::test]
async fn a_release_takes_the_place_of_an_earlier_one() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let first = released(&office, &office.review, None).await;
    assert_eq!(first["chain"], json!([]));
    edit(&office, &office.review).await;
    let why = json!({ "release": id(&first), "why": "a face was hidden\nin vain" });
    let second = released(&office, &office.review, Some(why.clone())).await;
    assert_ne!(first["files"][0]["name"], second["files"][0]["name"]);
    let chain: Vec<_> = second["chain"].as_array().unwrap().iter().collect();
    assert_eq!([id(chain[0]), id(chain[1])], [id(&first), id(&second)]);
    assert_eq!(chain[1]["why"], "a face was hidden in vain");
    let path = format!("/api/releases/{}", id(&first));
    let first_now = bench.get(&office.operator, &path).await.ok();
    assert_eq!(first_now["replaced_by"], second["id"]);
    assert_eq!(first_now["chain"], second["chain"]);
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let manifest = redact_record::release_paths(&renders[0].release).manifest;
    assert_eq!(renders[0].supersedes, None);
    assert_eq!(renders[1].supersedes.as_ref(), Some(&manifest));
    let checks = bench.jobs.checks.lock().unwrap().clone();
    assert_eq!(checks[0].previous, None);
    assert_eq!(checks[1].previous, Some(manifest));
    let path = format!("/api/reviews/{}/releases", office.review);
    let again = json!({ "replaces": why });
    let forked = bench.post(&office.operator, &path, again).await;
    assert_eq!(forked.status, StatusCode::CONFLICT);
    assert_eq!(forked.code(), "replaced");
    let third = json!({ "release": id(&second), "why": "once more" });
    let third = released(&office, &office.review, Some(third)).await;
    assert_eq!(third["chain"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn only_a_verified_release_of_the_same_recording_is_replaced_and_with_a_reason() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let first = released(&office, &office.review, None).await;
    let path = format!("/api/reviews/{}/releases", office.review);
    let nowhere = "0123456789abcdef0123456789abcdef";
    for (replaces, status) in [
        (json!({ "release": id(&first), "why": " " }), 400),
        (json!({ "release": id(&first) }), 400),
        (json!({ "release": nowhere, "why": "a mistake" }), 400),
    ] {
        let body = json!({ "replaces": replaces });
        let refused = bench.post(&office.operator, &path, body).await;
        assert_eq!(refused.status.as_u16(), status, "{replaces}");
    }
    let request = first["request"].as_str().unwrap();
    let other = bench
        .upload(&office.operator, request, b"another one")
        .await;
    let other = format!("/api/recordings/{}", other["id"].as_str().unwrap());
    let reviewed = |shown: &Value| !shown["reviews"].as_array().unwrap().is_empty();
    let other = bench.until(&office.operator, &other, reviewed).await;
    let review = other["reviews"][0]["id"].as_str().unwrap();
    let revision = office.decide(review).await;
    bench.approve(&office.approver, review, revision).await.ok();
    let body = json!({ "replaces": { "release": id(&first), "why": "a mistake" } });
    let path = format!("/api/reviews/{review}/releases");
    let refused = bench.post(&office.operator, &path, body).await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "of another recording"
    );
}

/// Goal: what is known of the request reaches the manifests as the command line would take it.
#[tokio::test]
async fn the_request_reaches_the_manifests() {
    let office = office().await;
    office.decide(&office.review).await;
    released(&office, &office.review, None).await;
    let renders = office.bench.jobs.renders.lock().unwrap().clone();
    let read = read_request(&renders[0].request).unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        read.terms.jurisdiction,
        text("California Public Records Act")
    );
    assert_eq!(read.request.request_number, text("2026-17"));
    assert_eq!(read.request.requester, text("press"));
    assert_eq!(read.request.requested_on, text("2026-09-20"));
    assert_eq!(read.request.due_on, text("2026-09-30"));
    assert_eq!(read.request.authorised_by, text("pat Person"));
    assert_eq!(read.request.written_basis, None);
}

#[tokio::test]
async fn what_differs_between_two_releases_is_told() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let first = released(&office, &office.review, None).await;
    let (court, _) = office.by_policy("two-people").await;
    edit(&office, &court).await;
    let seen = bench
        .get(&office.operator, &format!("/api/reviews/{court}"))
        .await
        .ok();
    let revision = seen["revision"].as_i64().unwrap();
    bench.approve(&office.operator, &court, revision).await.ok();
    let second = released(&office, &court, None).await;
    assert_eq!(
        second["chain"],
        json!([]),
        "releases side by side are no line"
    );
    assert_eq!(id(&second["others"][0]), id(&first));
    let path = format!("/api/releases/{}/differences/{}", id(&first), id(&second));
    let found = bench.get(&office.operator, &path).await.ok();
    assert_eq!(
        found["tracks"],
        json!([{
            "track": 1, "class": "face", "here": "fill (privacy)", "there": "kept (privacy)",
        }])
    );
    assert_eq!(found["muted_seconds"][0], found["muted_seconds"][1]);
    let same = format!("/api/releases/{}/differences/{}", id(&first), id(&first));
    let same = bench.get(&office.operator, &same).await.ok();
    assert_eq!(same["tracks"], json!([]));
}

/// Goal: what a person adds to a found box reaches the plan, and never takes from what was found.
#[tokio::test]
async fn margins_reach_the_plan() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let path = format!("/api/reviews/{}", office.review);
    let seen = bench.get(&office.operator, &path).await.ok();
    let base = seen["revision"].as_i64().unwrap();
    let mut document = seen["document"].clone();
    document["tracks"][0]["margins"] = json!([[0, -0.5, 0.0, 0.0, 0.0]]);
    let refused = bench
        .save(&office.operator, &office.review, base, &document)
        .await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "less than was found"
    );
    document["tracks"][0]["margins"] = json!([[0, 0.5, 0.0, 0.0, 1.0]]);
    bench
        .save(&office.operator, &office.review, base, &document)
        .await
        .ok();
    released(&office, &office.review, None).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let (plan, _) = redact_record::plan::read(&renders[0].plan).unwrap();
    let sides = plan.tracks[0].track.boxes()[0].rect.sides();
    let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
    assert!(near(sides[0], 0.05) && near(sides[1], 0.1), "{sides:?}");
    assert!(near(sides[2], 0.2) && near(sides[3], 0.5), "{sides:?}");
    let found = crate::fake_jobs::found().tracks[0].boxes()[0].rect;
    assert_eq!(
        plan.tracks[0].track.boxes()[0].rect.hull(found),
        plan.tracks[0].track.boxes()[0].rect
    );
}

/// Goal: no file that a requester gets is named after the recording, the request or the policy, nor
/// is one that an earlier version made.
#[tokio::test]
async fn files_go_out_under_neutral_names() {
    let office = office().await;
    let bench = &office.bench;
    office.decide(&office.review).await;
    let release = released(&office, &office.review, None).await;
    let neutral = format!("release-{}", &id(&release)[..8]);
    let tells = |name: &str| {
        ["2026", "17", "clip", "public"]
            .iter()
            .any(|w| name.contains(w))
    };
    let check = async |release: &Value| {
        let files = release["files"].as_array().unwrap();
        assert!(files.len() >= 3);
        for file in files {
            let name = file["name"].as_str().unwrap();
            let rest = name.strip_prefix(&neutral).unwrap();
            assert!(!tells(rest), "{name}");
            let kind = file["kind"].as_str().unwrap();
            let path = format!("/api/releases/{}/files/{kind}", id(release));
            let answered = bench.get(&office.operator, &path).await;
            let line = answered.headers[header::CONTENT_DISPOSITION]
                .to_str()
                .unwrap();
            assert_eq!(line, format!("attachment; filename=\"{name}\""));
        }
    };
    check(&release).await;
    let renders = bench.jobs.renders.lock().unwrap().clone();
    let made = renders[0].release.file_name().unwrap().to_string_lossy();
    assert_eq!(
        made,
        format!("{neutral}.redacted.mp4"),
        "the manifest's name"
    );
    // As an earlier version had it on the disk.
    let folder = renders[0].release.parent().unwrap();
    let old = "2026-17.clip.public-release";
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .replace(&neutral, old);
        std::fs::rename(&path, folder.join(name)).unwrap();
    }
    let database = format!("sqlite:{}/data/desk.sqlite", bench.folder.path().display());
    let database = sqlx::SqlitePool::connect(&database).await.unwrap();
    sqlx::query("UPDATE releases SET stem = ?")
        .bind(old)
        .execute(&database)
        .await
        .unwrap();
    let path = format!("/api/releases/{}", id(&release));
    check(&bench.get(&office.operator, &path).await.ok()).await;
}
