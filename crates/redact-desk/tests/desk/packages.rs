//! Packages: ordered from releases of one request, made by a job, handed over, and outdated.

use axum::http::{StatusCode, header};
use redact_desk::{PackageEncryption, Role};
use redact_record::manifest::read_request;
use serde_json::{Value, json};

use crate::bench::{Answered, Bench, Person};
use crate::office::{Office, office};

const PHRASE: &str = "seven grey herons wade";

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

/// Approves the review as it stands and releases it.
async fn released(office: &Office, replaces: Option<Value>) -> Value {
    let bench = &office.bench;
    let path = format!("/api/reviews/{}", office.review);
    let seen = bench.get(&office.operator, &path).await.ok();
    if seen["state"] != "approved" {
        let revision = seen["revision"].as_i64().unwrap();
        let approver = &office.approver;
        bench.approve(approver, &office.review, revision).await.ok();
    }
    let body = replaces.map_or(json!({}), |replaces| json!({ "replaces": replaces }));
    let path = format!("{path}/releases");
    let release = bench.post(&office.operator, &path, body).await.ok();
    let path = format!("/api/releases/{}", id(&release));
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await
}

/// An office with a release that can be packed.
async fn with_release() -> (Office, Value) {
    let office = office().await;
    office.decide(&office.review).await;
    let release = released(&office, None).await;
    (office, release)
}

fn plain(releases: &[&Value]) -> Value {
    let ids: Vec<&str> = releases.iter().map(|release| id(release)).collect();
    json!({ "releases": ids, "profile": "public", "form": "zip", "encryption": "none" })
}

async fn order(office: &Office, request: &str, body: Value) -> Answered {
    let path = format!("/api/requests/{request}/packages");
    office.bench.post(&office.operator, &path, body).await
}

async fn made(office: &Office, release: &Value, body: Value) -> Value {
    let request = release["request"].as_str().unwrap();
    let package = order(office, request, body).await;
    assert_eq!(package.status, StatusCode::ACCEPTED);
    ended(office, &package.ok()).await
}

async fn ended(office: &Office, package: &Value) -> Value {
    let path = format!("/api/packages/{}", id(package));
    let done = |package: &Value| package["state"] != "making";
    office.bench.until(&office.operator, &path, done).await
}

async fn hand_over(bench: &Bench, person: &Person, path: &str, to: &str) -> Answered {
    let mut body = json!({ "to": to, "medium": "portal", "note": "case 7" });
    if path.contains("releases") {
        body["files"] = json!(["release", "manifest"]);
    }
    bench.post(person, &format!("{path}/copies"), body).await
}

/// Goal: a package is made from what was chosen, downloaded, handed over, and listed with all of
/// it; copies in it count for the release.
#[tokio::test]
async fn a_package_goes_from_its_releases_to_its_recipient() {
    let (office, release) = with_release().await;
    let bench = &office.bench;
    let profiles = bench.get(&office.operator, "/api/transmittals").await.ok();
    assert_eq!(profiles[0]["name"], "prosecutor");
    assert_eq!(profiles[0]["encrypt"], true);
    assert_eq!(profiles[1]["forms"], json!(["zip", "iso"]));
    let mut body = plain(&[&release]);
    body["dated"] = json!("2026-10-02");
    let package = made(&office, &release, body).await;
    assert_eq!(package["state"], "ready");
    assert_eq!(package["title"], "A member of the public");
    assert_eq!(package["by"], "oli Person");
    assert_eq!(package["exhibits"][0]["release"], release["id"]);
    let name = format!("package-{}.zip", &id(&package)[..8]);
    assert_eq!(package["name"], name.as_str());
    let task = bench.jobs.packages.lock().unwrap()[0].clone();
    assert_eq!(task.dated, "2026-10-02");
    assert_eq!(task.encryption, PackageEncryption::None);
    assert!(task.findings[0].ends_with("findings.json"));
    let request = read_request(&task.request).unwrap();
    assert_eq!(request.request.request_number.as_deref(), Some("2026-17"));
    let path = format!("/api/packages/{}", id(&package));
    let file = bench.get(&office.operator, &format!("{path}/file")).await;
    assert_eq!(file.bytes, b"a package");
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/zip");
    let line = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(line, format!("attachment; filename=\"{name}\""));
    let copy = hand_over(bench, &office.operator, &path, "A. Reporter").await;
    assert_eq!(copy.status, StatusCode::CREATED);
    assert_eq!(copy.ok()["sha256"], package["sha256"]);
    let whole = format!("/api/requests/{}", release["request"].as_str().unwrap());
    let whole = bench.get(&office.operator, &whole).await.ok();
    assert_eq!(whole["stage"], "handed_over");
    assert_eq!(whole["packages"][0]["copies"][0]["to"], "A. Reporter");
    assert_eq!(whole["releases"][0]["copies"], 1);
    assert_eq!(whole["older_copies"], json!([]));
    let copies = format!("/api/releases/{}/copies", id(&release));
    let copies = bench.get(&office.operator, &copies).await.ok();
    assert_eq!(copies[0]["package"], package["id"]);
    let digest = redact_record::digest_bytes(b"0123456789").to_string();
    assert_eq!(copies[0]["files"][0]["sha256"], digest.as_str());
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let log = bench.get(&auditor, "/api/events?limit=500").await.ok();
    let log: Vec<&Value> = log.as_array().unwrap().iter().collect();
    let of = |what: &str, action: &str| {
        log.iter().any(|entry| {
            entry["what"] == what
                && entry["details"]["action"] == action
                && entry["details"]["package"] == package["id"]
        })
    };
    assert!(of("export", "package-queued") && of("export", "download"));
    assert!(of("delivery", "copy"));
}

/// Goal: what a recheck of past releases says about recipients includes those of packages.
#[tokio::test]
async fn recipients_of_packages_are_found_again() {
    let (office, release) = with_release().await;
    let package = made(&office, &release, plain(&[&release])).await;
    let path = format!("/api/packages/{}", id(&package));
    hand_over(&office.bench, &office.operator, &path, "District Court").await;
    let database = office.bench.folder.path().join("data/desk.sqlite");
    let copies = redact_desk::recorded_copies(&database).await.unwrap();
    let digest = redact_record::digest_bytes(b"0123456789").to_string();
    let found: Vec<&str> = copies
        .iter()
        .filter(|copy| copy.sha256 == digest)
        .map(|copy| copy.to.as_str())
        .collect();
    assert_eq!(found, ["District Court"]);
    let shown = office
        .bench
        .get(&office.operator, "/api/rechecks")
        .await
        .ok();
    assert_eq!(shown["releases"][0]["copies"][0]["to"], "District Court");
}

/// Goal: no package has a release that was replaced or failed its check, or releases of two
/// requests, and the message says which one. Control: the newer release is taken.
#[tokio::test]
async fn only_current_verified_releases_of_the_request_are_packed() {
    let (office, first) = with_release().await;
    let bench = &office.bench;
    let request = first["request"].as_str().unwrap().to_owned();
    let why = json!({ "release": id(&first), "why": "a face was visible" });
    let second = released(&office, Some(why)).await;
    let refused = order(&office, &request, plain(&[&first])).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.code(), "replaced");
    assert_eq!(
        refused.json()["error"]["details"]["replaced_by"],
        second["id"]
    );
    let body = json!({
        "number": "2026-18", "requester_kind": "press", "jurisdiction": "us-wa",
        "received_on": "2026-09-20",
    });
    let other = bench
        .post(&office.operator, "/api/requests", body)
        .await
        .ok();
    let mixed = order(&office, id(&other), plain(&[&second])).await;
    assert_eq!(mixed.code(), "other_request");
    for (wrong, status) in [
        (plain(&[]), 400),
        (plain(&[&second, &second]), 400),
        (json!({ "profile": "nobody" }), 400),
        (json!({ "profile": "../public" }), 400),
        (json!({ "form": "folder" }), 400),
        (json!({ "dated": "tomorrow" }), 400),
        (json!({ "profile": "prosecutor" }), 422),
        (
            json!({ "encryption": "passphrase", "passphrase": "short" }),
            400,
        ),
        (json!({ "passphrase": PHRASE }), 400),
        (
            json!({ "encryption": "recipients", "recipients": ["age1"] }),
            400,
        ),
    ] {
        let mut body = plain(&[&second]);
        for (key, value) in wrong.as_object().unwrap() {
            body[key] = value.clone();
        }
        let refused = order(&office, &request, body).await;
        assert_eq!(refused.status.as_u16(), status, "{wrong}");
    }
    *bench.jobs.wrong.lock().unwrap() = Some(id(&second).to_owned());
    let path = format!("/api/releases/{}", id(&second));
    let verify = format!("{path}/verify");
    bench.post(&office.operator, &verify, json!({})).await.ok();
    let wrong = |release: &Value| release["state"] == "wrong";
    bench.until(&office.operator, &path, wrong).await;
    let refused = order(&office, &request, plain(&[&second])).await;
    assert_eq!(refused.code(), "not_verified");
    *bench.jobs.wrong.lock().unwrap() = None;
    bench.post(&office.operator, &verify, json!({})).await.ok();
    let ready = |release: &Value| release["state"] == "ready";
    bench.until(&office.operator, &path, ready).await;
    let package = made(&office, &second, plain(&[&second])).await;
    assert_eq!(package["state"], "ready");
}

/// Goal: a release made under another number of the request is refused with what to do.
#[tokio::test]
async fn a_changed_request_number_is_found_at_once() {
    let (office, release) = with_release().await;
    let request = release["request"].as_str().unwrap();
    let path = format!("/api/requests/{request}");
    let patch = axum::http::Method::PATCH;
    let body = json!({ "number": "2026-99" });
    let call = office.bench.call(&office.operator, patch, &path, body);
    call.await.ok();
    let refused = order(&office, request, plain(&[&release])).await;
    assert_eq!(refused.code(), "number_changed");
    assert!(
        refused.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("2026-17")
    );
}

/// Goal: whoever has an older copy, by itself or in a package, is listed on the request and on
/// every version of the release, until the newer one is sent. Control: who has only the newer one
/// is not.
#[tokio::test]
async fn recipients_of_older_copies_are_listed() {
    let (office, first) = with_release().await;
    let (bench, operator) = (&office.bench, &office.operator);
    let package = made(&office, &first, plain(&[&first])).await;
    let path = format!("/api/packages/{}", id(&package));
    hand_over(bench, operator, &path, "A. Reporter").await.ok();
    let single = format!("/api/releases/{}", id(&first));
    hand_over(bench, operator, &single, "District Court")
        .await
        .ok();
    bench.turn_clock(60);
    let why = json!({ "release": id(&first), "why": "a face was visible" });
    let second = released(&office, Some(why)).await;
    let newer = format!("/api/releases/{}", id(&second));
    hand_over(bench, operator, &newer, "Somebody else")
        .await
        .ok();
    hand_over(bench, operator, &newer, "district court")
        .await
        .ok();
    let request = format!("/api/requests/{}", first["request"].as_str().unwrap());
    for path in [&request, &single, &newer] {
        let shown = bench.get(operator, path).await.ok();
        let older = &shown["older_copies"];
        assert_eq!(older.as_array().unwrap().len(), 2, "{path}");
        assert_eq!(older[0]["to"], "A. Reporter");
        assert_eq!(older[0]["package"], package["id"]);
        assert_eq!(older[0]["newest"], second["id"]);
        assert_eq!(older[0]["sent_at"], Value::Null);
        assert_eq!(older[1]["to"], "District Court");
        assert!(older[1]["sent_at"].is_string());
    }
    let shown = bench.get(operator, &path).await.ok();
    assert_eq!(shown["exhibits"][0]["replaced_by"], second["id"]);
}

/// Goal: a passphrase reaches the job and nothing else: no file, no database, no event, no answer.
#[tokio::test]
async fn a_passphrase_is_nowhere_but_in_the_job() {
    let (office, release) = with_release().await;
    let bench = &office.bench;
    let mut body = plain(&[&release]);
    body["profile"] = json!("prosecutor");
    body["encryption"] = json!("passphrase");
    body["passphrase"] = json!(PHRASE);
    let package = made(&office, &release, body).await;
    assert_eq!(package["state"], "ready");
    assert_eq!(package["sealed"], true);
    assert!(package["name"].as_str().unwrap().ends_with(".zip.age"));
    let task = bench.jobs.packages.lock().unwrap()[0].clone();
    let PackageEncryption::Passphrase(passphrase) = &task.encryption else {
        panic!("{task:?}");
    };
    assert_eq!(passphrase.expose(), PHRASE);
    assert!(!format!("{task:?}").contains(PHRASE));
    assert!(!package.to_string().contains(PHRASE));
    bench.desk.close().await;
    let mut read = 0;
    let mut waiting = vec![bench.folder.path().to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(PHRASE.len())
            .any(|part| part == PHRASE.as_bytes());
        assert!(!found, "{}", path.display());
        read += 1;
    }
    assert!(read > 20, "the control: files were read");
}

/// Goal: an auditor sees that a package with sealed records exists, and cannot download it.
/// Control: one without is downloaded.
#[tokio::test]
async fn auditors_download_no_sealed_records() {
    let (office, release) = with_release().await;
    let auditor = office
        .bench
        .invited(&office.admin, "uma", Role::Auditor)
        .await;
    let mut sealed = plain(&[&release]);
    sealed["profile"] = json!("prosecutor");
    sealed["encryption"] = json!("recipients");
    sealed["recipients"] = json!([format!("age1{}", "q".repeat(58))]);
    for (body, status) in [(sealed, 404), (plain(&[&release]), 200)] {
        let package = made(&office, &release, body).await;
        let path = format!("/api/packages/{}", id(&package));
        assert_eq!(
            office.bench.get(&auditor, &path).await.ok()["state"],
            "ready"
        );
        let file = office.bench.get(&auditor, &format!("{path}/file")).await;
        assert_eq!(file.status.as_u16(), status);
    }
}

/// Goal: of a package that was not made, nothing is left, and it can be tried again. Control: one
/// with a passphrase cannot, because the passphrase is gone.
#[tokio::test]
async fn nothing_is_left_of_a_package_that_failed() {
    let (office, release) = with_release().await;
    let bench = &office.bench;
    *bench.jobs.disk_full.lock().unwrap() = true;
    let mut secret = plain(&[&release]);
    secret["encryption"] = json!("passphrase");
    secret["passphrase"] = json!(PHRASE);
    let failed = made(&office, &release, plain(&[&release])).await;
    let secret = made(&office, &release, secret).await;
    for package in [&failed, &secret] {
        assert_eq!(package["state"], "failed");
        let error = &package["job"]["error"]["message"];
        assert!(error.as_str().unwrap().contains("no space left"));
        let folder = bench.folder.path().join("data/packages").join(id(package));
        let mut left: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["profile.toml", "request.toml"]);
        let path = format!("/api/packages/{}", id(package));
        let file = bench.get(&office.operator, &format!("{path}/file")).await;
        assert_eq!(file.status, StatusCode::NOT_FOUND);
        let copy = hand_over(bench, &office.operator, &path, "A. Reporter").await;
        assert_eq!(copy.code(), "not_ready");
    }
    *bench.jobs.disk_full.lock().unwrap() = false;
    let retry = |package: &Value| format!("/api/jobs/{}/retry", id(&package["job"]));
    let refused = bench
        .post(&office.operator, &retry(&secret), json!({}))
        .await;
    assert_eq!(refused.code(), "passphrase_gone");
    bench
        .post(&office.operator, &retry(&failed), json!({}))
        .await
        .ok();
    assert_eq!(ended(&office, &failed).await["state"], "ready");
}

/// Goal: after a restart a package is made from the same inputs; one with a passphrase is not, says
/// so, and what a crash left of it is gone.
#[tokio::test]
async fn packages_go_on_after_a_restart_unless_they_need_a_passphrase() {
    let (mut office, release) = with_release().await;
    *office.bench.jobs.slow.lock().unwrap() = true;
    let request = release["request"].as_str().unwrap().to_owned();
    let mut secret = plain(&[&release]);
    secret["encryption"] = json!("passphrase");
    secret["passphrase"] = json!(PHRASE);
    let plain = order(&office, &request, plain(&[&release])).await.ok();
    let secret = order(&office, &request, secret).await.ok();
    let packages = office.bench.folder.path().join("data/packages");
    std::fs::write(packages.join(id(&secret)).join(".x.partial"), "half").unwrap();
    let orphan = packages.join("0123456789abcdef0123456789abcdef");
    std::fs::create_dir(&orphan).unwrap();
    office.bench = office.bench.again().await;
    assert!(!orphan.exists());
    assert!(!packages.join(id(&secret)).join(".x.partial").exists());
    *office.bench.jobs.slow.lock().unwrap() = false;
    assert_eq!(ended(&office, &plain).await["state"], "ready");
    let secret = ended(&office, &secret).await;
    assert_eq!(secret["state"], "failed");
    assert_eq!(secret["job"]["state"], "interrupted");
    assert!(
        secret["job"]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("passphrases")
    );
}

/// Goal: a release that is replaced while its package waits is not packed.
#[tokio::test]
async fn a_release_that_is_replaced_meanwhile_is_not_packed() {
    let (office, first) = with_release().await;
    let bench = &office.bench;
    *bench.jobs.slow.lock().unwrap() = true;
    let request = first["request"].as_str().unwrap();
    // The lane is busy with the first, so that the second waits.
    let running = order(&office, request, plain(&[&first])).await.ok();
    let waiting = order(&office, request, plain(&[&first])).await.ok();
    let path = format!("/api/reviews/{}/releases", office.review);
    let why = json!({ "replaces": { "release": id(&first), "why": "a face" } });
    bench.post(&office.operator, &path, why).await.ok();
    *bench.jobs.slow.lock().unwrap() = false;
    let waited = ended(&office, &waiting).await;
    assert_eq!(waited["state"], "failed");
    assert!(
        waited["job"]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("replaced")
    );
    ended(&office, &running).await;
    let cancelled = order(&office, request, plain(&[&first])).await;
    assert_eq!(cancelled.code(), "replaced");
}

/// Goal: `verify.html` is offered as a file to save, with its digest. Control: without it, the
/// answer says how to get it.
#[tokio::test]
async fn the_verifier_is_offered_where_it_is_installed() {
    let mut office = office().await;
    let missing = office.bench.get(&office.operator, "/api/verifier").await;
    assert_eq!(missing.code(), "no_verifier");
    let file = office
        .bench
        .get(&office.operator, "/api/verifier/file")
        .await;
    assert_eq!(file.code(), "no_verifier");
    let page = b"<!doctype html><script>1</script>";
    std::fs::write(office.bench.folder.path().join("verify.html"), page).unwrap();
    office.bench = office.bench.again().await;
    let shown = office
        .bench
        .get(&office.operator, "/api/verifier")
        .await
        .ok();
    let digest = redact_record::digest_bytes(page).to_string();
    assert_eq!(shown["sha256"], digest.as_str());
    let file = office
        .bench
        .get(&office.operator, "/api/verifier/file")
        .await;
    assert_eq!(file.bytes, page);
    assert_eq!(
        file.headers[header::CONTENT_TYPE],
        "application/octet-stream"
    );
    let line = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(line, "attachment; filename=\"verify.html\"");
}
