//! The machines that scan and encode for the desk.

use axum::http::StatusCode;
use redact_desk::{Machine, MachineJob, MachineList, Role};
use serde_json::json;

use crate::bench::Bench;
use crate::office::office;

fn list() -> MachineList {
    MachineList {
        jobs: vec![MachineJob {
            job: 7,
            kind: "scan".into(),
            recording: "clip 1.mp4".into(),
            state: "needs_person".into(),
            done: 2,
            running: 0,
            failed: 1,
            chunks: 3,
            workers: 1,
            failure: Some("the recording changed".into()),
        }],
        workers: vec![Machine {
            name: "worker-1".into(),
            state: "live".into(),
            running: 1,
            done: 2,
            silent_seconds: 0.5,
        }],
    }
}

/// Goal: what is in the queue is shown as it is; while it cannot be reached, that is said, and
/// nothing of its address or of the cause, which may have a password in it.
#[tokio::test]
async fn the_queue_is_listed_while_it_can_be_reached() {
    let office = office().await;
    let bench: &Bench = &office.bench;
    let away = bench.get(&office.operator, "/api/machines").await;
    assert_eq!(away.status, StatusCode::CONFLICT);
    let text = away.json().to_string();
    assert!(
        text.contains("no_queue") && !text.contains("postgres"),
        "{text}"
    );
    *bench.jobs.machines.lock().unwrap() = Some(list());
    let shown = bench.get(&office.operator, "/api/machines").await.ok();
    assert_eq!(shown, json!(list()));
    let auditor = bench.invited(&office.admin, "uma", Role::Auditor).await;
    let refused = bench.get(&auditor, "/api/machines").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
