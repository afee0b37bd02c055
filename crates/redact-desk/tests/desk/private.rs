//! What the desk leaves on the disk, for whom to read.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use redact_desk::DeskError;
use sqlx::SqlitePool;

use crate::bench::Bench;
use crate::office::office;

/// Everything below `root` that somebody else may read, write or open.
fn open_to_others(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let meta = path.symlink_metadata().unwrap();
        if meta.mode() & 0o077 != 0 {
            found.push(path.clone());
        }
        if meta.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    found
}

/// Goal: a data folder that was open, with everything in it, is closed at the next start; the
/// database's own files as well, although this process' mask would leave them open.
#[tokio::test]
async fn an_existing_folder_is_closed() {
    let office = office().await;
    let data = office.bench.folder.path().join("data");
    for path in [
        "",
        "desk.sqlite",
        "desk.sqlite-wal",
        "second-factor.key",
        "recordings",
    ] {
        let path = data.join(path);
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    assert!(open_to_others(&data).len() >= 5, "the control");
    let bench = office.bench.again().await;
    bench.get(&office.operator, "/api/me").await.ok();
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
}

async fn database(bench: &Bench) -> SqlitePool {
    let path = bench.folder.path().join("data/desk.sqlite");
    SqlitePool::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap()
}

fn holds(folder: &Path, secret: &str) -> bool {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut databases = files.filter(|path| path.to_string_lossy().contains("desk.sqlite"));
    databases.any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    })
}

/// Goal: the database has no second factor in clear, also when an earlier version left one there;
/// a thief of the database alone cannot use it, and signing in goes on.
#[tokio::test]
async fn second_factors_are_encrypted() {
    let bench = Bench::new().await;
    let admin = bench.administrator().await;
    let data = bench.folder.path().join("data");
    assert!(!holds(&data, &admin.secret));
    let pool = database(&bench).await;
    sqlx::query("UPDATE users SET secret = ? WHERE id = ?")
        .bind(&admin.secret)
        .bind(&admin.id)
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    assert!(holds(&data, &admin.secret), "as an earlier version had it");
    let bench = bench.again().await;
    assert!(!holds(&data, &admin.secret), "not even in a free page");
    bench.turn_clock(60);
    bench.sign_in(&admin).await.ok();
    // A secret that is copied to another account opens there for nobody.
    let other = bench
        .invited(&admin, "uma", redact_desk::Role::Auditor)
        .await;
    let pool = database(&bench).await;
    sqlx::query("UPDATE users SET secret = (SELECT secret FROM users WHERE id = ?) WHERE id = ?")
        .bind(&admin.id)
        .bind(&other.id)
        .execute(&pool)
        .await
        .unwrap();
    let copied = crate::bench::Person {
        secret: admin.secret.clone(),
        ..other
    };
    assert!(!bench.sign_in(&copied).await.status.is_success());
}

/// Goal: without its key the database is not opened as if nobody had a second factor.
#[tokio::test]
async fn another_key_is_refused() {
    let bench = Bench::new().await;
    bench.administrator().await;
    let key = bench.folder.path().join("data/second-factor.key");
    let kept = std::fs::read(&key).unwrap();
    bench.desk.close().await;
    for wrong in [Some(vec![7; 32]), Some(vec![7; 9]), None] {
        match wrong {
            Some(bytes) => std::fs::write(&key, bytes).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        let refused = bench.open_again().await;
        assert!(matches!(refused, Err(DeskError::SecretsKey { .. })));
    }
    assert!(!key.exists(), "no new key takes its place");
    std::fs::write(&key, kept).unwrap();
    assert!(bench.open_again().await.is_ok());
}
