//! Who got at which recording, unusual access, and that everything that leaves is in the log.

use axum::http::{Method, StatusCode};
use redact_desk::{Role, route_table};
use redact_record::sign::{KeyPair, Signed};
use serde_json::{Value, json};

use crate::bench::{Bench, Person};
use crate::letters::show;
use crate::office::{Office, office};

async fn watch(office: &Office, person: &Person) {
    for what in ["frames/4", "frames/5", "proxy"] {
        let path = format!("/api/recordings/{}/{what}", office.recording);
        let shown = office.bench.get(person, &path).await;
        assert!(shown.status.is_success(), "{path}: {}", shown.status);
    }
}

async fn sign_out(bench: &Bench, person: &Person) {
    let path = "/api/session";
    bench
        .call(person, Method::DELETE, path, json!({}))
        .await
        .ok();
}

/// Goal: the report has views, playback, downloads and copies by recording and by person, also of a
/// session that goes on; its exports are entries themselves and the PDF is signed. Controls: other
/// days and people, a changed byte, and an administrator, who sees no names of evidence.
#[tokio::test]
async fn who_got_at_a_recording_is_reported() {
    let office = office().await;
    let bench = &office.bench;
    bench.write_timeline(&office.recording);
    watch(&office, &office.operator).await;
    let release = office.verified(&office.review, json!({})).await;
    office.hand_over(&release).await;
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let file = format!("/api/releases/{release}/files/release");
    bench.get(&auditor, &file).await;
    let get = async |query: &str| {
        let path = format!("/api/access{query}");
        bench.get(&auditor, &path).await.ok()
    };
    let open = get("").await;
    assert_eq!(open["entries"].as_array().unwrap().len(), open["count"]);
    let operator = |report: &Value| report["people"][0].clone();
    assert_eq!(operator(&open)["name"], "oli Person");
    let figures = &operator(&open)["figures"];
    assert_eq!(
        (&figures["views"], &figures["playbacks"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&figures["copies"], &figures["downloads"]),
        (&json!(1), &json!(0))
    );
    sign_out(bench, &office.operator).await;
    let ended = get("").await;
    assert_eq!(
        operator(&ended)["figures"],
        operator(&open)["figures"],
        "the same once logged"
    );
    let of = &ended["recordings"][0];
    assert_eq!(
        (&of["recording"]["name"], &of["recording"]["request"]),
        (&json!("clip.mp4"), &json!("2026-17"))
    );
    assert_eq!(
        (&of["figures"]["views"], &of["figures"]["downloads"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(of["people"], json!(["oli Person", "uma Person"]));
    assert_eq!(get("?person=UMA").await["count"], 1);
    assert_eq!(get("?to=2026-09-20").await["count"], 0);
    let wrong = bench.get(&auditor, "/api/access?from=soon").await;
    assert_eq!(wrong.json()["error"]["field"], "from");
    let csv = bench.get(&auditor, "/api/access/csv?person=uma").await;
    let text = String::from_utf8(csv.bytes).unwrap();
    assert!(
        text.contains("\"Downloaded\",\"clip.mp4, request 2026-17\",\"release\""),
        "{text}"
    );
    signed_report(&office, &auditor).await;
    let shown = bench.get(&office.admin, "/api/access").await.ok();
    assert_eq!(shown["recordings"][0]["recording"]["name"], "");
    let log = office.log();
    assert!(log.contains("access-report\"") && log.contains("access-report-pdf"));
}

async fn signed_report(office: &Office, auditor: &Person) {
    let bench = &office.bench;
    let made = bench.post(auditor, "/api/access/pdf", json!({})).await.ok();
    assert_eq!(made["name"], "access-2026-09-21.pdf");
    let place = format!("/api/exports/{}", made["id"].as_str().unwrap());
    let pdf = bench.get(auditor, &format!("{place}/pdf")).await.bytes;
    assert!(pdf.starts_with(b"%PDF-1.7"));
    show("access.pdf", &pdf);
    let signature = bench.get(auditor, &format!("{place}/signature")).await;
    let signature = String::from_utf8(signature.bytes).unwrap();
    let key = KeyPair::load(&bench.folder.path().join("redact.key"), None).unwrap();
    let check = |bytes: &[u8]| {
        key.public()
            .verify_bytes(bytes, &signature, Signed::EventLog)
    };
    check(&pdf).unwrap();
    let mut changed = pdf;
    changed[50] ^= 1;
    assert!(check(&changed).is_err());
}

/// Goal: who looks at a recording of somebody else's request, or comes at night, is flagged, and
/// somebody else reviews that once, with a finding that the log does not have. Controls: the person
/// it is assigned to, and the approver who approved it.
#[tokio::test]
async fn unusual_access_is_reviewed_by_somebody_else() {
    let office = office().await;
    let bench = &office.bench;
    let request = office.request().await["id"].clone();
    let assign = json!({ "assignee": office.operator.id });
    office.edit(&request, assign).await.ok();
    watch(&office, &office.operator).await;
    watch(&office, &office.approver).await;
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let early = bench.get(&auditor, "/api/misuse").await.ok();
    assert_eq!(
        early[0]["person"], "pat Person",
        "looked and did nothing else yet"
    );
    let release = office.verified(&office.review, json!({})).await;
    let other = bench.invited(&office.admin, "olga", Role::Operator).await;
    watch(&office, &other).await;
    let flags = async |person: &Person| bench.get(person, "/api/misuse").await.ok();
    let found = flags(&auditor).await;
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    assert_eq!(
        found[1], early[0],
        "a flag stays although its person approved since"
    );
    assert_eq!(
        (&found[0]["rule"], &found[0]["person"]),
        (&json!("outside_assignment"), &json!("olga Person"))
    );
    assert_eq!(found[0]["recording_name"], "clip.mp4");
    assert_eq!(flags(&office.admin).await[0]["recording_name"], "");
    let review = |flag: &Value| format!("/api/misuse/{}/review", flag["id"].as_str().unwrap());
    let finding = json!({ "outcome": "justified", "finding": "Covered for a colleague" });
    let bare = json!({ "outcome": "justified", "finding": " " });
    let refused = bench.post(&auditor, &review(&found[0]), bare).await;
    assert_eq!(refused.json()["error"]["field"], "finding");
    bench
        .post(&auditor, &review(&found[0]), finding.clone())
        .await
        .ok();
    let twice = bench
        .post(&office.admin, &review(&found[0]), finding.clone())
        .await;
    assert_eq!(twice.code(), "reviewed");
    let shown = &flags(&auditor).await[0];
    assert_eq!(
        (&shown["outcome"], &shown["reviewed_by"]),
        (&json!("justified"), &json!("uma Person"))
    );
    assert_eq!(shown["finding"], "Covered for a colleague");
    at_night(&office, &auditor, &release).await;
    let log = office.log();
    assert!(log.contains("access-review") && !log.contains("colleague"));
}

/// Goal: an unreviewed flag stays when its person records a note on the request afterwards, and a
/// person to whom a task was assigned before is not flagged. Control: the same person without one.
#[tokio::test]
async fn later_work_removes_no_flag() {
    let office = office().await;
    let bench = &office.bench;
    let request = office.request().await["id"].clone();
    let assign = json!({ "assignee": office.operator.id });
    office.edit(&request, assign).await.ok();
    let (tom, tia) = (
        bench.invited(&office.admin, "tom", Role::Operator).await,
        bench.invited(&office.admin, "tia", Role::Operator).await,
    );
    let of = |what: &str| format!("/api/requests/{}/{what}", request.as_str().unwrap());
    let task = json!({ "text": "See", "due_on": "", "assignee": tia.id, "done": false });
    bench.post(&office.operator, &of("tasks"), task).await.ok();
    for person in [&tom, &tia] {
        bench.turn_clock(1);
        watch(&office, person).await;
    }
    let flagged = async || {
        let flags = bench.get(&office.admin, "/api/misuse").await.ok();
        let all = flags.as_array().unwrap().iter();
        all.map(|one| one["person"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(flagged().await, ["tom Person"]);
    let note = json!({ "text": "I was here", "mentions": [] });
    bench.post(&tom, &of("notes"), note).await.ok();
    assert_eq!(flagged().await, ["tom Person"]);
}

/// An auditor who comes at night is flagged, and cannot review that.
async fn at_night(office: &Office, auditor: &Person, release: &str) {
    let bench = &office.bench;
    let flags = async |person: &Person| bench.get(person, "/api/misuse").await.ok();
    let review = |flag: &Value| format!("/api/misuse/{}/review", flag["id"].as_str().unwrap());
    let finding = json!({ "outcome": "justified", "finding": "On call" });
    // To 23:30 of the same day.
    bench.turn_clock(9 * 3600);
    let auditor = bench.signed_in(auditor).await;
    let file = format!("/api/releases/{release}/files/release");
    bench.get(&auditor, &file).await;
    let found = flags(&auditor).await;
    assert_eq!(
        (&found[0]["rule"], &found[0]["person"]),
        (&json!("night"), &json!("uma Person"))
    );
    assert_eq!(found[0]["reviewable"], false);
    let own = bench
        .post(&auditor, &review(&found[0]), finding.clone())
        .await;
    assert_eq!(own.code(), "own");
    let admin = bench.signed_in(&office.admin).await;
    bench.post(&admin, &review(&found[0]), finding).await.ok();
    let csv = bench.get(&admin, "/api/misuse/csv").await;
    let text = String::from_utf8(csv.bytes).unwrap();
    assert!(
        text.contains("\"At night\"") && text.contains("\"Justified\""),
        "{text}"
    );
}

/// Every `GET` that sends a file, with who may have it. What shows a recording in the page is
/// tested elsewhere.
const FILES: &str = "
OPU  /api/releases/{release}/files/release
OPU  /api/packages/{package}/file
OPU  /api/requests/{request}/letters/{letter}/pdf
OPU  /api/requests/{request}/invoices/{invoice}/pdf
OPU  /api/verifier/file
P    /api/audits/{audit}/report
UA   /api/events/csv
OPUA /api/statistics/csv
OPUA /api/statistics/pdf
UA   /api/access/csv
UA   /api/misuse/csv
OPU  /api/queue/csv
";

/// Words in the paths of routes that send a file to save.
const FILE_WORDS: [&str; 7] = [
    "csv", "pdf", "file", "files", "report", "download", "export",
];

/// Not an export: the manual of the program, and documents whose making was the entry.
const NO_EXPORT: [&str; 2] = ["/api/manual/{file}", "/api/exports/{id}/pdf"];

/// Replaces the names of things in a path by what the route table calls them.
fn route_of(path: &str) -> String {
    let mut route = path.replace("files/release", "files/{kind}");
    for name in ["{release}", "{package}", "{request}", "{audit}"] {
        route = route.replace(name, "{id}");
    }
    route
}

/// Goal: every file that leaves the desk is an entry of the log with the person, whatever the role;
/// a refused one is none. Method: every such route as every role.
#[tokio::test]
async fn every_file_that_leaves_is_in_the_log() {
    let office = office().await;
    std::fs::write(office.bench.folder.path().join("verify.html"), "<p>").unwrap();
    // The desk looks for the verifier when it starts.
    let bench = office.bench.again().await;
    let office = Office { bench, ..office };
    let bench = &office.bench;
    let listed: Vec<(&str, &str)> = FILES
        .trim()
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(who, path)| (who, path.trim()))
        .collect();
    for route in route_table() {
        let mut words = route.path.split(['/', '{', '}']);
        let sends = route.method == Method::GET && words.any(|word| FILE_WORDS.contains(&word));
        let is_listed = listed.iter().any(|(_, path)| route_of(path) == route.path);
        let expected = sends && !NO_EXPORT.contains(&route.path);
        assert_eq!(is_listed, expected, "{}", route.path);
    }
    let places = places(&office).await;
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let people = [
        ('O', &office.operator),
        ('P', &office.approver),
        ('U', &auditor),
        ('A', &office.admin),
    ];
    for (who, path) in listed {
        let mut path = path.to_owned();
        for (name, id) in &places {
            path = path.replace(name, id);
        }
        for (letter, person) in people {
            let before = exports(&office);
            let answered = bench.get(person, &path).await;
            let may = who.contains(letter);
            let status = answered.status;
            assert_eq!(
                status == StatusCode::OK,
                may,
                "{path} as {letter}: {status}"
            );
            let new = exports(&office).split_off(before.len());
            assert_eq!(new.len(), usize::from(may), "{path} as {letter}: {new:?}");
            let by = format!("{} Person", person.login);
            let by = if letter == 'A' { "Ruth Root" } else { &by };
            assert!(new.iter().all(|entry| entry["who"] == by), "{new:?}");
        }
    }
}

fn exports(office: &Office) -> Vec<Value> {
    let log = office.log();
    let entries = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.filter(|entry| entry["what"] == "export").collect()
}

/// One thing of each kind that has a file.
async fn places(office: &Office) -> Vec<(&'static str, String)> {
    let bench = &office.bench;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let release = office.verified(&office.review, json!({})).await;
    let request = id(&office.request().await);
    let order = json!({ "releases": [release], "profile": "public", "form": "zip",
        "encryption": "none" });
    let path = format!("/api/requests/{request}/packages");
    let package = id(&bench.post(&office.operator, &path, order).await.ok());
    let path = format!("/api/packages/{package}");
    bench
        .until(&office.operator, &path, |package| {
            package["state"] == "ready"
        })
        .await;
    let none = json!({ "kind": "no_records" });
    let letter = id(&office.letter(&request, "", none).await.ok());
    let estimate = json!({ "rate": "30", "search_minutes": 60, "redaction_minutes": 60 });
    let billed = office
        .add_request(json!({ "number": "WA", "jurisdiction": "us-wa" }))
        .await;
    let billed = id(&billed);
    let post = async |what: &str, body: Value| {
        let path = format!("/api/requests/{billed}/{what}");
        bench.post(&office.operator, &path, body).await.ok()
    };
    post("estimates", estimate).await;
    let invoice = id(&post("invoices", json!({ "basis": "estimate" })).await);
    vec![
        ("{request}/invoices", format!("{billed}/invoices")),
        ("{release}", release),
        ("{package}", package),
        ("{request}", request),
        ("{letter}", letter),
        ("{invoice}", invoice),
        ("{audit}", audit(office).await),
    ]
}

/// A verification of what the approver brought, with its report.
async fn audit(office: &Office) -> String {
    let bench = &office.bench;
    let mut ids = Vec::new();
    for name in ["r.mp4", "r.manifest.json", "r.manifest.json.minisig"] {
        let body = json!({ "name": name, "bytes": 4, "purpose": "audit" });
        let upload = bench
            .post(&office.approver, "/api/uploads", body)
            .await
            .ok();
        let id = upload["id"].as_str().unwrap().to_owned();
        bench.put(&office.approver, &id, 0, b"0123").await.ok();
        let path = format!("/api/uploads/{id}/finish");
        bench.post(&office.approver, &path, json!({})).await.ok();
        ids.push(id);
    }
    let body = json!({ "release": ids[0], "manifest": ids[1], "signature": ids[2] });
    let audit = bench.post(&office.approver, "/api/audits", body).await.ok();
    let id = audit["id"].as_str().unwrap().to_owned();
    let path = format!("/api/audits/{id}");
    bench
        .until(&office.approver, &path, |audit| !audit["verdict"].is_null())
        .await;
    id
}
