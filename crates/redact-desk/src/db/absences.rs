//! Absences: who stands in for whom, and when.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// An absence; days are `2026-01-31`, the first and the last.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct AbsenceRow {
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) stand_in: Id,
    pub(crate) stand_in_name: String,
    pub(crate) from_on: String,
    pub(crate) until_on: String,
}

/// Those that were not ended and whose stand-in can work.
const ABSENCE: &str = "SELECT a.user, u.name, a.stand_in, s.name AS stand_in_name, a.from_on,
    a.until_on FROM absences a JOIN users u ON u.id = a.user JOIN users s ON s.id = a.stand_in
    WHERE a.ended_at IS NULL AND s.active = 1 AND s.role IN ('operator', 'approver')";

/// The absences that include that day.
pub(crate) async fn on(db: &Db, day: &str) -> Result<Vec<AbsenceRow>, DbError> {
    let sql = format!("{ABSENCE} AND ?1 BETWEEN a.from_on AND a.until_on ORDER BY u.name_key");
    query::all_of(db, sql, day).await
}

/// The absences that are not over on that day, the first ones first.
pub(crate) async fn not_over(db: &Db, day: &str) -> Result<Vec<AbsenceRow>, DbError> {
    let sql = format!("{ABSENCE} AND a.until_on >= ? ORDER BY a.from_on");
    query::all_of(db, sql, day).await
}

/// The absence of a person that is not over on that day.
pub(crate) async fn of(db: &Db, user: &Id, day: &str) -> Result<Option<AbsenceRow>, DbError> {
    let sql = format!("{ABSENCE} AND a.user = ? AND a.until_on >= ? ORDER BY a.from_on LIMIT 1");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user)
        .bind(day)
        .fetch_optional(db)
        .await
}

/// Adds an absence.
pub(crate) async fn insert(
    change: &mut Connection,
    (user, stand_in): (&Id, &Id),
    (from, until): (&str, &str),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO absences (id, user, stand_in, from_on, until_on, made_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(Id::random())
    .bind(user)
    .bind(stand_in)
    .bind(from)
    .bind(until)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
}

/// Ends the absences of a person that were not ended; `false` if there are none.
pub(crate) async fn end(change: &mut Connection, user: &Id, now: Millis) -> Result<bool, DbError> {
    let ended = sqlx::query("UPDATE absences SET ended_at = ? WHERE user = ? AND ended_at IS NULL")
        .bind(now)
        .bind(user)
        .execute(change)
        .await?;
    Ok(ended.rows_affected() > 0)
}
