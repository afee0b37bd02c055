//! Backups while people work, and what a restore brings back.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redact_core::UtcNanos;
use redact_desk::{
    BackupError, BackupMade, BackupOrder, EventLogConfig, RestoreOrder, Restored, backup, restore,
};
use redact_record::events::EventLog;
use redact_record::sign::{KeyPair, TrustStore, TrustedKey};
use serde_json::{Value, json};

use crate::bench::PASSWORD;
use crate::office::{Office, office};

fn goes_on(_: &str, _: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Office {
    fn at(&self, name: &str) -> PathBuf {
        self.bench.folder.path().join(name)
    }

    fn order(&self, to: &str) -> BackupOrder {
        BackupOrder {
            data: self.at("data"),
            to: self.at(to),
            event_log: EventLogConfig {
                log: EventLog::open(&self.at("events.jsonl")).unwrap(),
                program: "redact test".into(),
                machine: "here".into(),
            },
            by: "someone".into(),
            now: UtcNanos(1_790_003_600_000_000_000),
        }
    }

    async fn back_up(&self, to: &str) -> Result<BackupMade, BackupError> {
        backup(self.order(to), &goes_on).await
    }

    /// The bench's key.
    fn trust(&self) -> TrustStore {
        let pair = KeyPair::load(&self.at("redact.key"), None).unwrap();
        let (name, key) = ("bench".to_owned(), pair.public().clone());
        TrustStore::of(vec![TrustedKey { name, key }]).unwrap()
    }

    async fn bring_back(&self, from: &str, to: &str) -> Result<Restored, BackupError> {
        let order = RestoreOrder {
            from: self.at(from),
            data: self.at(to),
            ledgers: Vec::new(),
            trust: self.trust(),
            event_log: self.at(to).with_extension("events"),
        };
        restore(order, &goes_on).await
    }
}

/// Every file below a folder with its bytes, but those that SQLite makes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let inside = path
                .strip_prefix(folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                waiting.push(path);
            } else if !inside.starts_with("desk.") {
                found.push((inside, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Goal: a backup that is made while people save 50 times a second is of one moment: the note of a
/// request, its history and the event log say the same. Control: the desk itself went on.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_during_edits_is_of_one_moment() {
    let office = Arc::new(office().await);
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let body = json!({
        "name": "long.mp4", "bytes": 1_000_000, "purpose": "recording", "request": request,
    });
    let upload = office
        .bench
        .post(&office.operator, "/api/uploads", body)
        .await
        .ok();
    let upload = upload["id"].as_str().unwrap().to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let editing = tokio::spawn({
        let (office, stop, count) = (Arc::clone(&office), Arc::clone(&stop), Arc::clone(&count));
        let id = json!(request);
        async move {
            let mut every = tokio::time::interval(Duration::from_millis(20));
            while !stop.load(Ordering::SeqCst) {
                every.tick().await;
                let number = count.fetch_add(1, Ordering::SeqCst);
                let body = json!({ "note": (number + 1).to_string() });
                office.edit(&id, body).await.ok();
                let bytes = [b'x'; 100];
                office
                    .bench
                    .put(&office.operator, &upload, number * 100, &bytes)
                    .await
                    .ok();
            }
        }
    });
    while count.load(Ordering::SeqCst) < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let made = office.back_up("backup").await.unwrap();
    let during = count.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::SeqCst);
    editing.await.unwrap();
    assert!(count.load(Ordering::SeqCst) > during && made.files > 5);
    office.bring_back("backup", "restored").await.unwrap();
    let log = std::fs::read_to_string(office.at("restored.events")).unwrap();
    let logged = log.matches("note-changed").count();
    let (folder, operator) = (Arc::clone(&office.bench.folder), office.operator.clone());
    drop(office);
    std::fs::rename(folder.path().join("data"), folder.path().join("before")).unwrap();
    std::fs::rename(folder.path().join("restored"), folder.path().join("data")).unwrap();
    let again = crate::bench::Bench::of_folder(folder).await;
    let operator = again.signed_in(&operator).await;
    let path = format!("/api/requests/{request}");
    let shown = again.get(&operator, &path).await.ok();
    let note: usize = shown["note"].as_str().unwrap().parse().unwrap();
    let history = shown["history"].as_array().unwrap();
    let changed = history
        .iter()
        .filter(|entry| entry["action"] == "changed")
        .count();
    assert!(note >= 10, "{note}");
    assert_eq!((changed, logged), (note, note));
    assert_eq!(history[0]["changes"][0]["to"], note.to_string());
}

/// Goal: every byte of every file comes back. Controls: a file that is changed, cut or missing is
/// named, and nothing is restored.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_brings_back_every_byte() {
    let office = office().await;
    let release = office.verified(&office.review.clone(), json!({})).await;
    office.back_up("backup").await.unwrap();
    let before = contents(&office.at("data"));
    let restored = office.bring_back("backup", "restored").await.unwrap();
    assert!(restored.event_log && restored.disposed.is_empty());
    let after = contents(&office.at("restored"));
    let without = |list: Vec<(String, Vec<u8>)>| -> Vec<_> {
        list.into_iter()
            .filter(|(name, _)| name != "ledger.jsonl")
            .collect()
    };
    assert_eq!(without(before), without(after));
    let refused = office.bring_back("backup", "restored").await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
    let refused = office.back_up("backup").await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
    let file = office.at("backup/data/releases").join(&release);
    let file = file.join(
        std::fs::read_dir(&file)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .file_name(),
    );
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[0] ^= 1;
    for bytes in [Some(&changed[..]), Some(&whole[1..]), None] {
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let refused = office.bring_back("backup", "other").await.unwrap_err();
        let BackupError::Damaged { path, .. } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(path, &file);
        assert!(!office.at("other").exists() && !office.at("other.partial").exists());
    }
}

/// Goal: a backup of a newer program, and a list that was changed, are refused. Control: what is
/// not a backup at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_backup_is_refused() {
    let office = office().await;
    office.back_up("backup").await.unwrap();
    let path = office.at("backup/manifest.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let write = |list: &Value, digest: bool| {
        let text = list.to_string();
        std::fs::write(&path, &text).unwrap();
        if digest {
            let sum = redact_record::digest_bytes(text.as_bytes()).to_string();
            std::fs::write(office.at("backup/manifest.json.sha256"), sum).unwrap();
        }
    };
    list["schema"] = json!(999);
    write(&list, false);
    let refused = office.bring_back("backup", "restored").await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
    write(&list, true);
    let refused = office.bring_back("backup", "restored").await.unwrap_err();
    assert!(
        matches!(refused, BackupError::Newer { found: 999, .. }),
        "{refused}"
    );
    let refused = office.bring_back("data", "restored").await.unwrap_err();
    assert!(matches!(refused, BackupError::NoBackup { .. }), "{refused}");
    list["schema"] = json!(1);
    list["files"][0]["path"] = json!("data/../../outside");
    write(&list, true);
    let refused = office.bring_back("backup", "restored").await.unwrap_err();
    assert!(
        refused.to_string().contains("not a path in a backup"),
        "{refused}"
    );
}

/// Goal: a backup that cannot be finished leaves nothing behind, and the desk forgets it. Control:
/// the next one is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_stopped_leaves_nothing() {
    let office = office().await;
    let stops = |phase: &str, _: u64, _: u64| {
        if phase == "verify" {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let refused = backup(office.order("backup"), &stops).await.unwrap_err();
    assert!(matches!(refused, BackupError::Cancelled), "{refused}");
    assert!(!office.at("backup").exists() && !office.at("backup.partial").exists());
    let work = std::fs::read_dir(office.at("data/work")).unwrap();
    assert_eq!(work.count(), 0, "nothing is left in the data folder");
    office.back_up("backup").await.unwrap();
}

/// Disposes of the recording, which is in that request.
async fn dispose(office: &mut Office, request: &Value) -> Value {
    let law = json!({ "jurisdiction": "us-wa" });
    office.edit(request, law).await.ok();
    let body = json!({ "category": "not_evidence" });
    office.set_retention(&office.recording, body).await.ok();
    let path = format!("/api/requests/{}/close", request.as_str().unwrap());
    let granted = json!({ "disposition": "granted" });
    office
        .bench
        .post(&office.operator, &path, granted)
        .await
        .ok();
    office.later(61).await;
    let path = format!("/api/recordings/{}/disposal", office.recording);
    let proposed = office
        .bench
        .post(&office.operator, &path, json!({}))
        .await
        .ok();
    let path = format!("/api/disposals/{}", proposed["id"].as_str().unwrap());
    let password = json!({ "password": PASSWORD });
    office
        .bench
        .post(&office.approver, &format!("{path}/confirm"), password)
        .await
        .ok();
    let done = |shown: &Value| shown["state"] == "done";
    office.bench.until(&office.operator, &path, done).await
}

/// Moves the recording to a new request, which it gives.
async fn moved(office: &Office) -> Value {
    let other = office.add_request(json!({ "number": "other" })).await;
    let path = format!("/api/recordings/{}", office.recording);
    let body = json!({ "request": other["id"], "reason": "It belongs there." });
    let patch = axum::http::Method::PATCH;
    office
        .bench
        .call(&office.operator, patch, &path, body)
        .await
        .ok();
    other["id"].clone()
}

/// Goal: a recording that was moved to a newer request and disposed of after a backup is removed
/// again, and the new ledger says so, also from a ledger that --ledger named. Control: a line that
/// was changed, or whose key is not trusted, stops the restore by its name.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_recording_is_disposed_of_again() {
    let mut office = office().await;
    let stray = "data/uploads/stray";
    std::fs::write(office.at(stray), b"not really a video").unwrap();
    office.back_up("backup").await.unwrap();
    let other = moved(&office).await;
    dispose(&mut office, &other).await;
    let (ledger, given) = (office.at("ledger.jsonl"), office.at("given.jsonl"));
    std::fs::rename(&ledger, &given).unwrap();
    let order = |to: &str, trust: TrustStore| RestoreOrder {
        from: office.at("backup"),
        data: office.at(to),
        ledgers: vec![given.clone()],
        trust,
        event_log: office.at(to).with_extension("events"),
    };
    let restored = restore(order("restored", office.trust()), &goes_on)
        .await
        .unwrap();
    assert_eq!(restored.disposed, [office.recording.clone()]);
    let source = format!("recordings/{}/source.mp4", office.recording);
    assert!(!office.at("restored").join(&source).exists());
    assert!(office.at("backup").join(stray).exists());
    assert!(!office.at("restored/uploads/stray").exists());
    let text = std::fs::read_to_string(office.at("restored/ledger.jsonl")).unwrap();
    assert!(text.contains(&office.recording));
    let nobody = TrustStore::of(Vec::new()).unwrap();
    let refused = restore(order("other", nobody), &goes_on).await.unwrap_err();
    assert!(refused.to_string().contains("disposal "), "{refused}");
    let line = std::fs::read_to_string(&given).unwrap();
    std::fs::write(&given, line.replace("not_evidence", "force")).unwrap();
    let refused = restore(order("other", office.trust()), &goes_on).await;
    assert!(matches!(refused, Err(BackupError::Ledger { .. })));
    assert!(!office.at("other").exists());
}

/// Goal: an order on a recording that was moved to a newer request after the backup closes it
/// again, and a forged line does not lift it. Control: the line that the desk wrote does.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_line_lifts_no_order() {
    let office = office().await;
    office.back_up("backup").await.unwrap();
    moved(&office).await;
    let order = json!({
        "kind": "sealing", "recording": office.recording, "court": "c", "number": "n",
        "dated": "2026-09-20", "people": [office.approver.id], "password": PASSWORD,
    });
    let entered = office
        .bench
        .post(&office.approver, "/api/sealings", order)
        .await
        .ok();
    let id = entered["id"].as_str().unwrap();
    let ledger = office.at("ledger.jsonl");
    let honest = std::fs::read_to_string(&ledger).unwrap();
    let forged = json!({
        "entry": "lifting", "sealing": id, "court": "c", "number": "m", "dated": "2026-09-21",
        "at": 1, "by": "x",
    });
    std::fs::write(&ledger, format!("{honest}{forged}\n")).unwrap();
    let restored = office.bring_back("backup", "restored").await.unwrap();
    assert_eq!(restored.sealed, [id]);
    assert!(restored.warnings[0].contains(&format!("lifting {id}")));
    let kept = std::fs::read_to_string(office.at("restored/ledger.jsonl")).unwrap();
    assert!(!kept.contains("lifting"));
    std::fs::write(&ledger, honest).unwrap();
    let path = format!("/api/sealings/{id}/lift");
    let body = json!({ "court": "c", "number": "m", "dated": "2026-09-21", "password": PASSWORD });
    office.bench.post(&office.approver, &path, body).await.ok();
    let restored = office.bring_back("backup", "lifted").await.unwrap();
    assert!(restored.warnings.is_empty());
    let kept = std::fs::read_to_string(office.at("lifted/ledger.jsonl")).unwrap();
    assert!(kept.contains("lifting"));
}

/// Goal: an order on a whole request closes, after a restore, the recording that was moved into it
/// after the backup, where the backup has it; its lifting opens that again. Controls: the other
/// recording of the request in which the backup has it, and a move into a closed request, which is
/// refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_on_a_request_covers_what_was_moved_into_it() {
    let office = office().await;
    let (second, _) = office.second_recording().await;
    office.back_up("backup").await.unwrap();
    let other = moved(&office).await;
    let order = json!({
        "kind": "sealing", "request": other, "court": "c", "number": "n",
        "dated": "2026-09-20", "people": [office.approver.id], "password": PASSWORD,
    });
    let bench = &office.bench;
    let entered = bench.post(&office.approver, "/api/sealings", order).await;
    let entered = entered.ok();
    let path = format!("/api/recordings/{second}");
    let body = json!({ "request": other, "reason": "It belongs there." });
    let patch = axum::http::Method::PATCH;
    let refused = bench.call(&office.approver, patch, &path, body).await;
    assert_eq!(refused.code(), "sealed");
    let restored = office.bring_back("backup", "restored").await.unwrap();
    assert_eq!(restored.sealed, [entered["id"].as_str().unwrap()]);
    let path = format!("/api/sealings/{}/lift", entered["id"].as_str().unwrap());
    let body = json!({ "court": "c", "number": "m", "dated": "2026-09-21", "password": PASSWORD });
    bench.post(&office.approver, &path, body).await.ok();
    office.bring_back("backup", "lifted").await.unwrap();
    let (folder, operator) = (Arc::clone(&bench.folder), office.operator.clone());
    let first = office.recording.clone();
    drop(office);
    std::fs::rename(folder.path().join("data"), folder.path().join("before")).unwrap();
    let mut statuses = Vec::new();
    for name in ["restored", "lifted"] {
        let data = folder.path().join("data");
        std::fs::rename(folder.path().join(name), &data).unwrap();
        let again = crate::bench::Bench::of_folder(Arc::clone(&folder)).await;
        let operator = again.signed_in(&operator).await;
        for id in [&first, &second] {
            let path = format!("/api/recordings/{id}");
            statuses.push(again.get(&operator, &path).await.status.as_u16());
        }
        drop(again);
        std::fs::rename(&data, folder.path().join(format!("{name}-seen"))).unwrap();
    }
    assert_eq!(statuses, [403, 200, 200, 200]);
}

/// Goal: a backup is not made in the data folder, and deletes no folder that it did not begin.
/// Control: what it began and did not finish is begun again.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_deletes_nothing_of_others() {
    let office = office().await;
    let refused = office.back_up("data/backup").await.unwrap_err();
    assert!(matches!(refused, BackupError::Inside { .. }), "{refused}");
    let partial = office.at("backup.partial");
    std::fs::create_dir(&partial).unwrap();
    std::fs::write(partial.join("thesis"), "the only copy").unwrap();
    let refused = office.back_up("backup").await.unwrap_err();
    assert!(
        matches!(&refused, BackupError::Exists { path } if *path == partial),
        "{refused}"
    );
    assert!(partial.join("thesis").exists());
    std::fs::write(partial.join(".redact-unfinished"), "").unwrap();
    office.back_up("backup").await.unwrap();
    assert!(!partial.exists() && !office.at("backup/.redact-unfinished").exists());
}

/// Goal: what was disposed of after a backup does not come back with it, and the record of the
/// disposal names the backup. Control: without the ledger it would.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_applies_disposals_again() {
    let mut office = office().await;
    let (second, _) = office.second_recording().await;
    office.back_up("backup").await.unwrap();
    let source = format!("recordings/{}/source.mp4", office.recording);
    assert!(office.at("backup/data").join(&source).exists());
    let request = office.request().await["id"].clone();
    let shown = dispose(&mut office, &request).await;
    let named = shown["backups_with_it"][0]["path"].as_str().unwrap();
    assert!(named.ends_with("/backup"), "{named}");
    let restored = office.bring_back("backup", "restored").await.unwrap();
    assert_eq!(restored.disposed, [office.recording.clone()]);
    assert!(!office.at("restored").join(&source).exists());
    let other = format!("recordings/{second}/source.mp4");
    assert!(office.at("restored").join(other).exists());
    let bytes: Vec<u8> = contents(&office.at("restored"))
        .into_iter()
        .flat_map(|(_, b)| b)
        .collect();
    let mark = b"not really a video";
    assert!(!bytes.windows(mark.len()).any(|window| window == mark));
    std::fs::remove_file(office.at("ledger.jsonl")).unwrap();
    let without = office.bring_back("backup", "without").await.unwrap();
    assert!(without.disposed.is_empty() && office.at("without").join(&source).exists());
}

/// Goal: what an order of a court closed after a backup is closed again by a restore. Control: a
/// lifted order, and what no order closes, stay open.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_closes_again_what_orders_closed() {
    let office = office().await;
    let (second, _) = office.second_recording().await;
    office.back_up("backup").await.unwrap();
    let order = async |recording: &str| {
        let order = json!({
            "kind": "sealing", "recording": recording, "court": "c", "number": "n",
            "dated": "2026-09-20", "people": [office.approver.id], "password": PASSWORD,
        });
        let entered = office
            .bench
            .post(&office.approver, "/api/sealings", order)
            .await
            .ok();
        entered["id"].as_str().unwrap().to_owned()
    };
    let stays = order(&office.recording).await;
    let lifted = order(&second).await;
    let path = format!("/api/sealings/{lifted}/lift");
    let body = json!({ "court": "c", "number": "m", "dated": "2026-09-21", "password": PASSWORD });
    office.bench.post(&office.approver, &path, body).await.ok();
    let restored = office.bring_back("backup", "restored").await.unwrap();
    assert_eq!(restored.sealed, [stays, lifted]);
    let (folder, operator) = (Arc::clone(&office.bench.folder), office.operator.clone());
    let first = office.recording.clone();
    drop(office);
    std::fs::rename(folder.path().join("data"), folder.path().join("before")).unwrap();
    std::fs::rename(folder.path().join("restored"), folder.path().join("data")).unwrap();
    let again = crate::bench::Bench::of_folder(folder).await;
    let operator = again.signed_in(&operator).await;
    let status = async |id: &str| {
        let path = format!("/api/recordings/{id}");
        again.get(&operator, &path).await.status.as_u16()
    };
    assert_eq!((status(&first).await, status(&second).await), (403, 200));
}
