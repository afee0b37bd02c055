//! The tables, and the migration of those of an earlier version.

use apalis_postgres::PostgresStorage;
use sqlx::PgConnection;

use crate::database::{Access, CallError, Database};
use crate::error::QueueError;

/// The version of the tables that this program makes and needs: the number of steps.
pub const SCHEMA_VERSION: i32 = 2;

/// The steps from version N to version N + 1. A step that was released is never edited.
const STEPS: [&str; SCHEMA_VERSION as usize] = [
    include_str!("schema/001_tables.sql"),
    include_str!("schema/002_functions.sql"),
];

/// Held while tables are made, so that of two programs only one does it: "redact" in ASCII.
const LOCK: i64 = 0x7265_6461_6374;

impl Database {
    /// Connects, and makes the tables if there are none and this role may. Those of an earlier
    /// version are migrated only on request ([`Database::migrate`]): programs of that version may
    /// still work with them, and would be refused from then on.
    ///
    /// A password comes from the address, `PGPASSWORD` or the file that `PGPASSFILE` names, as with
    /// every client of PostgreSQL. `connections` is how many are open at a time, at most.
    ///
    /// # Errors
    /// [`QueueError::Unprotected`], errors of the schema, and [`QueueError::Database`] when the
    /// database refuses, or does not answer for 30 seconds.
    pub async fn connect(
        address: &str,
        access: Access,
        connections: u32,
    ) -> Result<Self, QueueError> {
        let database = Self::open(address, access, connections).await?;
        prepare(&database).await?;
        Ok(database)
    }

    /// Connects, whatever schema is there, and migrates it.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn migrate(address: &str, access: Access) -> Result<(Self, i32), QueueError> {
        let database = Self::open(address, access, 2).await?;
        let from = migrate(&database).await?;
        Ok((database, from))
    }
}

/// Checks that the tables are this program's, after making them if there are none.
async fn prepare(database: &Database) -> Result<(), QueueError> {
    let found = version(database).await?;
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    let place = database.place().to_owned();
    if found > SCHEMA_VERSION {
        return Err(QueueError::NewerSchema {
            place,
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found > 0 {
        return Err(QueueError::OlderSchema {
            place,
            found,
            needed: SCHEMA_VERSION,
        });
    }
    if may_make(database).await? {
        return migrate(database).await.map(drop);
    }
    Err(QueueError::NoSchema { place })
}

/// Makes or migrates the tables, the engine's first, and returns the version found.
async fn migrate(database: &Database) -> Result<i32, QueueError> {
    let found = version(database).await?;
    if found > SCHEMA_VERSION {
        return Err(QueueError::NewerSchema {
            place: database.place().to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    let steps = async {
        PostgresStorage::<()>::setup(database.pool()).await?;
        let mut transaction = database.pool().begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await?;
        let found = read_version(&mut transaction).await?;
        let done = usize::try_from(found).unwrap_or(STEPS.len());
        for step in STEPS.iter().skip(done) {
            sqlx::raw_sql(*step).execute(&mut *transaction).await?;
        }
        sqlx::raw_sql("DELETE FROM redact.schema")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO redact.schema (version) VALUES ($1)")
            .bind(SCHEMA_VERSION)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    };
    database.once("migrate its tables", steps).await?;
    Ok(found)
}

async fn version(database: &Database) -> Result<i32, QueueError> {
    let read = || async {
        let mut connection = database.pool().acquire().await?;
        read_version(&mut connection).await
    };
    database
        .retry("read the version of its schema", || false, read)
        .await
}

/// 0 when there are no tables.
async fn read_version(connection: &mut PgConnection) -> Result<i32, CallError> {
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('redact.schema')::text")
        .fetch_one(&mut *connection)
        .await?;
    if table.is_none() {
        return Ok(0);
    }
    let found = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM redact.schema")
        .fetch_one(&mut *connection)
        .await?;
    Ok(found)
}

/// Whether this role may make the tables.
async fn may_make(database: &Database) -> Result<bool, QueueError> {
    const QUESTION: &str = "SELECT coalesce(
        (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'redact'),
        has_database_privilege(current_database(), 'CREATE'))";
    let ask = || async {
        Ok(sqlx::query_scalar(QUESTION)
            .fetch_one(database.pool())
            .await?)
    };
    database.retry("read its own rights", || false, ask).await
}
