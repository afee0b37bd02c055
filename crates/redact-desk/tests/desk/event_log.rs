//! The event log as auditors and administrators read it.

use axum::http::{Method, StatusCode};
use redact_desk::Role;
use redact_record::sign::{KeyPair, Signed};
use serde_json::{Value, json};

use crate::office::office;

/// Goal: entries have names and old and new values, can be found by person, recording and words,
/// and come newest first. Control: an administrator sees no names of requests.
#[tokio::test]
async fn entries_have_names_and_are_found_by_them() {
    let office = office().await;
    let bench = &office.bench;
    let auditor = bench.invited(&office.admin, "aud", Role::Auditor).await;
    let recording = bench
        .get(
            &office.operator,
            &format!("/api/recordings/{}", office.recording),
        )
        .await
        .ok();
    let request = recording["request"].as_str().unwrap().to_owned();
    let path = format!("/api/requests/{request}");
    let typed = json!({ "requester": "janedoe-555" });
    bench
        .call(&office.operator, Method::PATCH, &path, typed)
        .await
        .ok();
    let edit = json!({ "due_on": "2026-12-24", "requester": "Herald Tribune" });
    bench
        .call(&office.operator, Method::PATCH, &path, edit)
        .await
        .ok();
    let find = async |query: &str| -> Vec<Value> {
        let path = format!("/api/events?{query}");
        let list = bench.get(&auditor, &path).await.ok();
        list.as_array().unwrap().clone()
    };
    let newest = find("order=desc&what=request&limit=1").await;
    let entry = &newest[0];
    assert_eq!(entry["names"][&request], "2026-17");
    let fields: Vec<_> = entry["changes"].as_array().unwrap().iter().collect();
    let due = fields.iter().find(|change| change["field"] == "due_on");
    assert_eq!(due.unwrap()["from"], "2026-09-30");
    assert_eq!(due.unwrap()["to"], "2026-12-24");
    assert!(fields.iter().any(|change| change["to"] == "Herald Tribune"));
    assert_eq!(find("search=herald").await.len(), 1);
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    for typed in ["Herald", "janedoe"] {
        assert!(!log.contains(typed), "the log itself takes no such text");
    }
    assert!(log.contains("2026-12-24"), "but it takes dates");

    let of_recording = find(&format!("about={}", office.recording)).await;
    assert!(!of_recording.is_empty());
    let is_about = |entry: &Value| entry["names"][&office.recording] == "clip.mp4";
    assert!(of_recording.iter().all(is_about));
    let who = find("who=ruth").await;
    assert!(!who.is_empty() && who.iter().all(|entry| entry["who"] == "Ruth Root"));
    let invited = who
        .iter()
        .any(|entry| entry.to_string().contains("pat Person (pat)"));
    assert!(invited, "an invitation says who was invited");
    assert!(find("from=2026-09-22").await.is_empty());
    assert!(!find("from=2026-09-21&to=2026-09-21").await.is_empty());
    let all = find("order=desc").await;
    let before = all[3]["seq"].as_u64().unwrap();
    let older = find(&format!("order=desc&limit=2&before={before}")).await;
    assert_eq!(older[0], all[4]);

    let path = "/api/events?order=desc&what=request&limit=1";
    let shown = bench.get(&office.admin, path).await.ok();
    assert_eq!(shown[0]["names"], json!({}));
    assert_eq!(shown[0]["changes"], json!([]));
}

/// Goal: the export has all matching entries with names, and is itself logged.
#[tokio::test]
async fn the_log_is_exported_as_a_spreadsheet() {
    let office = office().await;
    let bench = &office.bench;
    let auditor = bench.invited(&office.admin, "aud", Role::Auditor).await;
    let answered = bench.get(&auditor, "/api/events/csv?what=intake").await;
    let name = answered.headers["content-disposition"].to_str().unwrap();
    assert!(name.contains("event-log-2026-09-21.csv"), "{name}");
    let text = String::from_utf8(answered.bytes).unwrap();
    let lines: Vec<&str> = text.trim().lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].contains("recording: clip.mp4") && lines[1].contains("request: 2026-17"));
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("\"event-log\""));
}

/// Goal: the entries that a person chose are a PDF with a signature of the agency's release key,
/// which names the filters; the export is in the log. Controls: a changed byte does not verify, and
/// nobody else gets it, not even an administrator who knows its address.
#[tokio::test]
async fn the_log_is_exported_as_a_signed_document() {
    let office = office().await;
    let bench = &office.bench;
    let auditor = bench.invited(&office.admin, "aud", Role::Auditor).await;
    let path = "/api/events/pdf?what=intake&order=desc";
    let made = bench.post(&auditor, path, json!({})).await.ok();
    assert_eq!(made["entries"], 1);
    let name = made["name"].as_str().unwrap();
    assert_eq!(name, "event-log-2026-09-21.pdf");
    let place = format!("/api/exports/{}", made["id"].as_str().unwrap());
    let pdf = bench.get(&auditor, &format!("{place}/pdf")).await;
    assert!(pdf.bytes.starts_with(b"%PDF-1.7"));
    let line = pdf.headers["content-disposition"].to_str().unwrap();
    assert!(line.contains(name), "{line}");
    let signature = bench.get(&auditor, &format!("{place}/signature")).await;
    let text = String::from_utf8(signature.bytes).unwrap();
    let key = KeyPair::load(&bench.folder.path().join("redact.key"), None).unwrap();
    let key = key.public();
    key.verify_bytes(&pdf.bytes, &text, Signed::EventLog)
        .unwrap();
    let mut changed = pdf.bytes.clone();
    changed[40] ^= 1;
    assert!(key.verify_bytes(&changed, &text, Signed::EventLog).is_err());
    let log = std::fs::read_to_string(bench.folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains("event-log-pdf"));
    for other in [&office.operator, &office.admin] {
        for file in ["pdf", "signature"] {
            let refused = bench.get(other, &format!("{place}/{file}")).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "of somebody else");
        }
    }
}
