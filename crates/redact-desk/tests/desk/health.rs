//! Whether the desk works: what monitors and administrators see.

use redact_desk::Role;

use crate::bench::{Bench, Person};

/// Goal: a monitor without a session learns one word and nothing else. Control: an event log that
/// cannot be written.
#[tokio::test]
async fn a_monitor_learns_one_word() {
    let bench = Bench::new().await;
    let well = bench.get(&Person::default(), "/api/health").await;
    assert_eq!(
        (well.status.as_u16(), well.bytes.as_slice()),
        (200, &br#"{"ok":true}"#[..])
    );
    let log = bench.folder.path().join("events.jsonl");
    std::fs::remove_file(&log).ok();
    std::fs::create_dir(&log).unwrap();
    let ill = bench.get(&Person::default(), "/api/health").await;
    assert_eq!(
        (ill.status.as_u16(), ill.bytes.as_slice()),
        (503, &br#"{"ok":false}"#[..])
    );
}

/// Goal: an administrator sees sizes, jobs, keys and versions, and nothing of a request. Control:
/// what was added counts.
#[tokio::test]
async fn an_administrator_sees_how_the_desk_is() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let operator = bench.invited(&admin, "oli", Role::Operator).await;
    bench.ready(&operator).await;
    let path = "/api/health/details";
    let shown = bench.get(&admin, path).await.ok();
    assert_eq!(shown["ok"], true);
    assert!(shown["schema_version"].as_i64().unwrap() >= 18);
    assert_eq!(shown["time_zone"], "UTC");
    assert_eq!(shown["jobs"]["failed"], 0);
    let sizes = shown["sizes"].as_array().unwrap();
    let recordings = sizes
        .iter()
        .find(|size| size["name"] == "recordings")
        .unwrap();
    assert!(recordings["bytes"].as_u64().unwrap() >= 18, "{recordings}");
    assert!(shown["disk"]["free"].as_u64().unwrap() > 0);
    assert!(shown["certificate_ends_at"].is_null() && shown["last_backup_at"].is_null());
    assert!(!shown.to_string().contains("2026-17"), "{shown}");
    assert_eq!(bench.get(&operator, path).await.status, 403);
}
