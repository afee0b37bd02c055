//! The database itself: opening it, its version, changes, errors.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::answer::{Answer, ApiError};
use crate::error::DeskError;
use crate::private;

/// The version of the tables, in SQLite's `user_version`.
const VERSION: i64 = 8;

/// What makes each version out of the one before it: [`VERSION`] of them.
const STEPS: [&str; 8] = [
    include_str!("schema/schema.sql"),
    include_str!("schema/schema-2.sql"),
    include_str!("schema/schema-3.sql"),
    include_str!("schema/schema-4.sql"),
    include_str!("schema/schema-5.sql"),
    include_str!("schema/schema-6.sql"),
    include_str!("schema/schema-7.sql"),
    include_str!("schema/schema-8.sql"),
];

/// The database.
pub(crate) type Db = SqlitePool;

/// What a change is made through.
pub(crate) type Connection = sqlx::SqliteConnection;

/// A change that takes effect when it is committed; no other change is made meanwhile.
pub(crate) type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// Why the database refused.
pub(crate) type DbError = sqlx::Error;

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::internal(&format!("database: {error}"))
    }
}

/// Begins a change.
pub(crate) async fn begin(db: &Db) -> Answer<Transaction> {
    Ok(db.begin_with("BEGIN IMMEDIATE").await?)
}

/// The database's own words, when what was to be unique is there already.
pub(crate) fn taken(error: &DbError) -> Option<&str> {
    match error {
        sqlx::Error::Database(refused) if refused.is_unique_violation() => Some(refused.message()),
        _ => None,
    }
}

/// Takes every trace of what was deleted or changed out of the database's files.
pub(crate) async fn wipe(db: &Db) -> Result<(), DbError> {
    sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(db)
        .await
        .map(drop)
}

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
}
