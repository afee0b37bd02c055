//! How long recordings stay: their categories, and who asked for them to stay.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::{Category, DisposalState};
use crate::time::Millis;

/// What the time of a recording is computed from.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct RetentionRow {
    pub(crate) recording: Id,
    pub(crate) name: String,
    pub(crate) request: Id,
    pub(crate) request_number: String,
    /// Key of a law, or free text.
    pub(crate) law: String,
    /// The law of the request when the category was set.
    pub(crate) law_then: Option<String>,
    pub(crate) request_closed: bool,
    pub(crate) added_at: Millis,
    /// When its file says that it was recorded, in RFC 3339.
    pub(crate) recorded_at: Option<String>,
    /// `None`: nobody set it.
    pub(crate) category: Option<Category>,
    /// `2026-01-31`; `None`: nobody set it.
    pub(crate) counted_from: Option<String>,
    pub(crate) held: bool,
    pub(crate) sealed: bool,
    /// The disposal in force.
    pub(crate) disposal: Option<Id>,
    pub(crate) disposal_state: Option<DisposalState>,
}

const ROW: &str = "SELECT c.id AS recording, c.name, c.request,
      q.number AS request_number, q.jurisdiction AS law, q.closed AS request_closed, c.added_at,
      c.media ->> 'recorded_at' AS recorded_at, r.category, r.counted_from,
      r.law AS law_then,
      EXISTS (SELECT 1 FROM holds h WHERE h.released_at IS NULL
        AND (h.recording = c.id OR (h.recording IS NULL AND h.request = c.request))) AS held,
      EXISTS (SELECT 1 FROM sealed_recordings s WHERE s.recording = c.id) AS sealed,
      d.id AS disposal, d.state AS disposal_state
    FROM recordings c JOIN requests q ON q.id = c.request
      LEFT JOIN retention r ON r.recording = c.id
      LEFT JOIN disposals d ON d.recording = c.id AND d.state != 'refused'
    WHERE q.practice IS NULL AND c.removed_at IS NULL";

/// All recordings of real requests that were not removed.
pub(crate) async fn all(db: &Db) -> Result<Vec<RetentionRow>, DbError> {
    query::all(db, ROW.to_owned()).await
}

/// The recordings of a request.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<RetentionRow>, DbError> {
    query::all_of(
        db,
        format!("{ROW} AND c.request = ? ORDER BY added_at"),
        request,
    )
    .await
}

/// One recording.
///
/// # Errors
/// 404, also for one of a practice request.
pub(crate) async fn of(db: &Db, recording: &Id) -> ApiResult<RetentionRow> {
    find(db, recording).await?.ok_or_else(ApiError::not_found)
}

/// One recording; `None` for one of a practice request.
pub(crate) async fn find(db: &Db, recording: &Id) -> Result<Option<RetentionRow>, DbError> {
    let found: Vec<RetentionRow> =
        query::all_of(db, format!("{ROW} AND c.id = ?"), recording).await?;
    Ok(found.into_iter().next())
}

/// Sets the category of a recording and the day from which its time is counted.
pub(crate) async fn set(
    change: &mut Connection,
    recording: &Id,
    (category, counted_from): (Category, &str),
    (by, now): (&str, Millis),
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO retention (recording, category, counted_from, law, at, by)
           SELECT c.id, ?2, ?3, q.jurisdiction, ?4, ?5
           FROM recordings c JOIN requests q ON q.id = c.request WHERE c.id = ?1
         ON CONFLICT (recording) DO UPDATE SET category = excluded.category, law = excluded.law,
           counted_from = excluded.counted_from, at = excluded.at, by = excluded.by",
    )
    .bind(recording)
    .bind(category)
    .bind(counted_from)
    .bind(now)
    .bind(by)
    .execute(change)
    .await
    .map(drop)
}

/// Somebody asked for a recording to stay.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct AskedRow {
    pub(crate) recording: Id,
    pub(crate) asked_on: String,
    pub(crate) days: Option<u16>,
    /// Who asked.
    pub(crate) person: String,
    pub(crate) note: String,
    pub(crate) by: String,
}

/// Who asked, by recording, oldest first; for one recording or all.
pub(crate) async fn asked(
    db: &Db,
    recording: Option<&Id>,
) -> Result<HashMap<Id, Vec<AskedRow>>, DbError> {
    let sql = "SELECT recording, asked_on, days, person, note, by FROM retention_asked
        WHERE ?1 IS NULL OR recording = ?1 ORDER BY asked_on, rowid";
    let rows = query::all_of(db, sql.to_owned(), recording).await?;
    Ok(query::groups(rows, |row: &AskedRow| {
        Some(row.recording.clone())
    }))
}

/// Records that somebody asked for a recording to stay.
pub(crate) async fn insert_asked(
    change: &mut Connection,
    row: &AskedRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO retention_asked (id, recording, asked_on, days, person, note, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(Id::random())
    .bind(&row.recording)
    .bind(&row.asked_on)
    .bind(row.days)
    .bind(&row.person)
    .bind(&row.note)
    .bind(now)
    .bind(&row.by)
    .execute(change)
    .await
    .map(drop)
}
