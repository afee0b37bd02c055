//! The database itself: opening, schema version, transactions, errors.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::api_error::{ApiError, ApiResult};
use crate::error::DeskError;
use crate::private;

/// The steps from each schema version to the next.
const STEPS: &[&str] = &[
    include_str!("schema/schema.sql"),
    include_str!("schema/schema-2.sql"),
    include_str!("schema/schema-3.sql"),
    include_str!("schema/schema-4.sql"),
    include_str!("schema/schema-5.sql"),
    include_str!("schema/schema-6.sql"),
    include_str!("schema/schema-7.sql"),
    include_str!("schema/schema-8.sql"),
    include_str!("schema/schema-9.sql"),
    include_str!("schema/schema-10.sql"),
    include_str!("schema/schema-11.sql"),
    include_str!("schema/schema-12.sql"),
    include_str!("schema/schema-13.sql"),
    include_str!("schema/schema-14.sql"),
    include_str!("schema/schema-15.sql"),
    include_str!("schema/schema-16.sql"),
    include_str!("schema/schema-17.sql"),
    include_str!("schema/schema-18.sql"),
    include_str!("schema/schema-19.sql"),
];

/// The schema version, in SQLite's `user_version`.
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// The file of the database, in the data folder.
pub(crate) const FILE: &str = "desk.sqlite";

/// How long a write waits for another one.
pub(crate) const BUSY_MAX: Duration = Duration::from_secs(20);

/// The database.
pub(crate) type Db = SqlitePool;

/// A connection for writing.
pub(crate) type Connection = sqlx::SqliteConnection;

/// A transaction. Nothing else writes until it is committed or dropped.
pub(crate) type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// A database error.
pub(crate) type DbError = sqlx::Error;

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::internal(&format!("database: {error}"))
    }
}

/// Begins a transaction.
pub(crate) async fn begin(db: &Db) -> ApiResult<Transaction> {
    Ok(db.begin_with("BEGIN IMMEDIATE").await?)
}

/// The database's message if the error is a violated unique constraint.
pub(crate) fn taken(error: &DbError) -> Option<&str> {
    match error {
        sqlx::Error::Database(refused) if refused.is_unique_violation() => Some(refused.message()),
        _ => None,
    }
}

/// Removes all traces of deleted or changed data from the database's files.
pub(crate) async fn wipe(db: &Db) -> Result<(), DbError> {
    sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(db)
        .await
        .map(drop)
}

/// Opens the database of the data folder, or creates it.
///
/// # Errors
/// [`DeskError::Database`], [`DeskError::NewerData`].
pub(crate) async fn open(folder: &Path) -> Result<Db, DeskError> {
    let path = folder.join(FILE);
    // SQLite gives its other files the same permissions.
    private::file(&path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        // Overwrite deleted or changed data, so that no old secret stays in a free page.
        .pragma("secure_delete", "ON")
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_MAX);
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
        for &step in STEPS.get(done..).unwrap_or_default() {
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

    /// Goal: a database of the first version is upgraded with all its data.
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

    /// Goal: databases that say 11 get the comments, whether they have them already or not: one
    /// version of the program added them without counting the step.
    #[tokio::test]
    async fn a_database_with_an_uncounted_step_is_brought_up_to_date() {
        for steps in [11, 12] {
            let folder = tempfile::TempDir::new().unwrap();
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join("desk.sqlite"))
                .create_if_missing(true);
            let old = SqlitePool::connect_with(options).await.unwrap();
            for step in &STEPS[..steps] {
                sqlx::raw_sql(*step).execute(&old).await.unwrap();
            }
            sqlx::raw_sql("PRAGMA user_version = 11")
                .execute(&old)
                .await
                .unwrap();
            old.close().await;
            let db = open(folder.path()).await.unwrap();
            let (comments,): (i64,) = sqlx::query_as("SELECT count(*) FROM review_comments")
                .fetch_one(&db)
                .await
                .unwrap();
            assert_eq!(comments, 0, "after {steps} steps");
        }
    }
}
