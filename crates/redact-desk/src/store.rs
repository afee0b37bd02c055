//! The database, and the names of the files beside it.
//!
//! SQLite with a write-ahead log that is on the disk before a write is answered.

use std::path::{Path, PathBuf};
use std::time::Duration;

use redact_core::{Digest, hex};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::{DeskError, private};

/// The version of the tables, in SQLite's `user_version`.
const VERSION: i64 = 7;

/// What makes each version out of the one before it: [`VERSION`] of them.
const STEPS: [&str; 7] = [
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
];

/// The database.
pub(crate) type Db = SqlitePool;

/// Opens the database of the data folder, or makes it.
///
/// # Errors
/// [`DeskError::Database`], [`DeskError::NewerData`].
pub(crate) async fn open(folder: &Path) -> Result<Db, DeskError> {
    let path = folder.join("desk.sqlite");
    // SQLite gives its other files the permissions of this one.
    private::file(&path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        // What is deleted or changed is overwritten: no old secret stays in a free page.
        .pragma("secure_delete", "ON")
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(20));
    let db = SqlitePoolOptions::new()
        .max_connections(8)
        .connect_with(options)
        .await?;
    let (found,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&db).await?;
    if found > VERSION {
        return Err(DeskError::NewerData {
            found,
            known: VERSION,
        });
    }
    if found < VERSION {
        let done = usize::try_from(found).unwrap_or(0);
        let mut making = db.begin_with("BEGIN IMMEDIATE").await?;
        for &step in &STEPS[done..] {
            sqlx::raw_sql(step).execute(&mut *making).await?;
        }
        let version = format!("PRAGMA user_version = {VERSION}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(version))
            .execute(&mut *making)
            .await?;
        making.commit().await?;
    }
    Ok(db)
}

/// Where files lie. Every name is made of an id of ours: nothing a client says becomes a path.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Makes the folders of a data folder; it and all that is in it is for its owner alone.
    ///
    /// # Errors
    /// [`DeskError::Folder`].
    pub(crate) fn make(root: &Path) -> Result<Self, DeskError> {
        for name in [
            "",
            "uploads",
            "recordings",
            "reviews",
            "releases",
            "audits",
            "work",
        ] {
            private::folder(&root.join(name))?;
        }
        let root = root.canonicalize().map_err(|source| DeskError::Folder {
            path: root.to_owned(),
            source,
        })?;
        private::tighten(&root)?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn upload(&self, id: &Id) -> PathBuf {
        self.root.join("uploads").join(id.as_str())
    }

    /// The folder of a recording: the recording itself, its proxy, findings, pictures.
    pub(crate) fn recording(&self, id: &Id) -> PathBuf {
        self.root.join("recordings").join(id.as_str())
    }

    pub(crate) fn review(&self, id: &Id) -> PathBuf {
        self.root.join("reviews").join(id.as_str())
    }

    pub(crate) fn release(&self, id: &Id) -> PathBuf {
        self.root.join("releases").join(id.as_str())
    }

    pub(crate) fn audit(&self, id: &Id) -> PathBuf {
        self.root.join("audits").join(id.as_str())
    }

    /// What may be thrown away at the next start.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }
}

/// 32 characters of `0-9a-f`, made of random bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub(crate) struct Id(String);

impl Id {
    /// A new one.
    ///
    /// # Panics
    /// When the system has no random bytes: nothing can then be kept apart or secret.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(hex::encode(&bytes))
    }

    /// Takes `text` as an id; `None` when it is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text)
            .ok_or_else(|| serde::de::Error::custom("expected 32 characters of 0-9a-f"))
    }
}

/// A secret for a person to carry: 64 hexadecimal characters, and what is kept of it.
pub(crate) struct Token {
    /// What the person gets.
    pub(crate) text: String,
    /// SHA-256 of it, which is all that the database holds.
    pub(crate) kept: String,
}

impl Token {
    /// A new one.
    ///
    /// # Panics
    /// When the system has no random bytes.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let text = hex::encode(&bytes);
        let kept = Self::kept(&text);
        Self { text, kept }
    }

    /// What is kept of a token that somebody shows.
    pub(crate) fn kept(text: &str) -> String {
        redact_record::digest_bytes(text.as_bytes()).to_string()
    }
}

/// Reads what [`hex::encode`] writes.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    text.len()
        .is_multiple_of(2)
        .then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

/// Reads a digest that the database holds.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    Digest::from_hex(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a data folder of the version before is taken over, with all that is in it.
    #[tokio::test]
    async fn an_older_database_is_brought_up_to_date() {
        let folder = tempfile::TempDir::new().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("desk.sqlite"))
            .create_if_missing(true);
        let old = SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql(STEPS[0]).execute(&old).await.unwrap();
        let approval =
            "INSERT INTO requests VALUES ('r', 'n', 'press', '', 'us-ca', 'a', 'b', NULL,
            '', 0, 1, 1); INSERT INTO recordings VALUES ('c', 'r', 'n', 1, 1, 'x', NULL, NULL);
            INSERT INTO reviews VALUES ('v', 'c', 't', 'p', 1, 1);
            INSERT INTO approvals VALUES (1, 'v', 1, 'u', 'n', 'approver', 1, 's', 'c', 0);
            PRAGMA user_version = 1";
        sqlx::raw_sql(approval).execute(&old).await.unwrap();
        old.close().await;
        for _ in 0..2 {
            let db = open(folder.path()).await.unwrap();
            let (name, signature): (String, Option<String>) =
                sqlx::query_as("SELECT name, signature FROM approvals")
                    .fetch_one(&db)
                    .await
                    .unwrap();
            assert_eq!((name.as_str(), signature), ("n", None));
            db.close().await;
        }
        let newer = open(folder.path()).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 99")
            .execute(&newer)
            .await
            .unwrap();
        newer.close().await;
        let refused = open(folder.path()).await;
        assert!(matches!(
            refused,
            Err(DeskError::NewerData { found: 99, .. })
        ));
    }

    #[test]
    fn no_path_is_an_id() {
        assert!(Id::read(Id::random().as_str()).is_some());
        for text in [
            "",
            "..",
            "../../../../../../../etc/passwd0",
            "0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert!(Id::read(text).is_none(), "{text}");
        }
    }
}
