//! What access to recordings is related to, and the flags on unusual access.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::papers::{AccessOutcome, AccessRule};
use crate::time::Millis;

/// A recording with its request. Those of practice requests are left out: they have the sample of
/// the program.
#[derive(sqlx::FromRow)]
pub(crate) struct AccessedRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) request: Id,
    pub(crate) number: String,
    pub(crate) assignee: Option<String>,
}

/// All recordings, also removed ones.
pub(crate) async fn recordings(db: &Db) -> Result<Vec<AccessedRow>, DbError> {
    let sql = "SELECT recordings.id, recordings.name, request, number, users.name AS assignee
        FROM recordings JOIN requests ON requests.id = request
          LEFT JOIN users ON users.id = assignee
        WHERE practice IS NULL";
    query::all(db, sql.to_owned()).await
}

/// Something that recordings were made into.
#[derive(sqlx::FromRow)]
pub(crate) struct OfRecording {
    pub(crate) id: Id,
    pub(crate) recording: Id,
}

/// Releases, packages and reviews with each of their recordings.
pub(crate) async fn of_recordings(db: &Db) -> Result<Vec<OfRecording>, DbError> {
    let sql = "SELECT id, recording FROM releases
        UNION ALL SELECT package AS id, recording FROM package_releases
          JOIN releases ON releases.id = release
        UNION ALL SELECT id, recording FROM reviews";
    query::all(db, sql.to_owned()).await
}

/// Work on a request that somebody gave a person.
#[derive(sqlx::FromRow)]
pub(crate) struct GivenRow {
    pub(crate) person: String,
    pub(crate) request: Id,
    pub(crate) at: Millis,
}

/// Tasks that others assigned to people, and notes of others that mention them.
pub(crate) async fn given(db: &Db) -> Result<Vec<GivenRow>, DbError> {
    let sql = "SELECT users.name AS person, t.request, t.at FROM request_tasks t
          JOIN users ON users.id = t.assignee WHERE t.by != users.name
        UNION ALL SELECT users.name AS person, n.request, n.at FROM note_mentions m
          JOIN request_notes n ON n.id = m.note JOIN users ON users.id = m.user
          WHERE n.user != m.user";
    query::all(db, sql.to_owned()).await
}

/// A flag on unusual access.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct FlagRow {
    pub(crate) id: Id,
    pub(crate) rule: AccessRule,
    pub(crate) person: String,
    /// `2026-01-31`.
    pub(crate) day: String,
    /// Empty for access to several.
    pub(crate) recording: String,
    pub(crate) request: String,
    /// When the access began.
    pub(crate) at: Millis,
    /// As JSON.
    pub(crate) detail: String,
    pub(crate) found_at: Millis,
    /// `None` until it was reviewed.
    pub(crate) outcome: Option<AccessOutcome>,
    pub(crate) finding: String,
    pub(crate) reviewed_by: Option<String>,
    pub(crate) reviewed_at: Option<Millis>,
}

const FLAG: &str =
    "SELECT id, rule, person, day, recording, request, at, detail, found_at, outcome,
    finding, reviewed_by, reviewed_at FROM access_flags";

/// All flags, newest access first.
pub(crate) async fn flags(db: &Db) -> Result<Vec<FlagRow>, DbError> {
    query::all(db, format!("{FLAG} ORDER BY at DESC, rowid DESC")).await
}

/// One flag.
///
/// # Errors
/// 404.
pub(crate) async fn flag(db: &Db, id: &Id) -> ApiResult<FlagRow> {
    query::by_id(db, FLAG, id).await
}

/// Adds a flag, or updates the figures of one that was not reviewed.
pub(crate) async fn put_flag(change: &mut Connection, row: &FlagRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO access_flags (id, rule, person, day, recording, request, at, detail, found_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (rule, person, day, recording)
         DO UPDATE SET at = excluded.at, detail = excluded.detail WHERE outcome IS NULL",
    )
    .bind(&row.id)
    .bind(row.rule)
    .bind(&row.person)
    .bind(&row.day)
    .bind(&row.recording)
    .bind(&row.request)
    .bind(row.at)
    .bind(&row.detail)
    .bind(row.found_at)
    .execute(change)
    .await
    .map(drop)
}

/// Stores the finding; `false` if somebody reviewed it in the meantime.
pub(crate) async fn review(
    change: &mut Connection,
    id: &Id,
    (outcome, finding): (AccessOutcome, &str),
    (by, now): (&str, Millis),
) -> Result<bool, DbError> {
    let set = sqlx::query(
        "UPDATE access_flags SET outcome = ?, finding = ?, reviewed_by = ?, reviewed_at = ?
         WHERE id = ? AND outcome IS NULL",
    )
    .bind(outcome)
    .bind(finding)
    .bind(by)
    .bind(now)
    .bind(id)
    .execute(change)
    .await?;
    Ok(set.rows_affected() == 1)
}
