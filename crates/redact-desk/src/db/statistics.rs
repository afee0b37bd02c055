//! What statistics are counted from.

use super::pool::{Db, DbError};
use super::query;
use crate::id::Id;
use crate::time::Millis;

/// When a request was closed and when its releases were last handed over.
#[derive(sqlx::FromRow)]
pub(crate) struct AnswerRow {
    pub(crate) request: Id,
    pub(crate) closed_at: Option<Millis>,
    pub(crate) handed_over_at: Option<Millis>,
}

/// The answers of all requests.
pub(crate) async fn answers(db: &Db) -> Result<Vec<AnswerRow>, DbError> {
    let sql = "WITH
        ended AS (SELECT request, max(at) AS at FROM history WHERE action = 'closed'
          GROUP BY request),
        given AS (SELECT rel.request, max(received.at) AS at FROM received
          JOIN releases rel ON rel.id = received.release GROUP BY rel.request)
        SELECT r.id AS request, CASE WHEN r.closed THEN coalesce(ended.at, r.changed_at) END
          AS closed_at, given.at AS handed_over_at
        FROM requests r LEFT JOIN ended ON ended.request = r.id
          LEFT JOIN given ON given.request = r.id";
    query::all(db, sql.to_owned()).await
}

/// When a recording was added, and its properties as JSON.
#[derive(sqlx::FromRow)]
pub(crate) struct AddedRow {
    pub(crate) at: Millis,
    pub(crate) seconds: Option<f64>,
}

/// All responsive recordings that were not removed, with those that were disposed of.
pub(crate) async fn added(db: &Db) -> Result<Vec<AddedRow>, DbError> {
    let sql = "SELECT added_at AS at, media ->> 'duration_seconds' AS seconds FROM recordings
        WHERE (removed_at IS NULL OR EXISTS (SELECT 1 FROM disposals d
            WHERE d.recording = recordings.id AND d.state IN ('removing', 'done')))
          AND not_responsive = 0
          AND request IN (SELECT id FROM requests WHERE practice IS NULL)";
    query::all(db, sql.to_owned()).await
}

/// A verified release.
#[derive(sqlx::FromRow)]
pub(crate) struct MadeRow {
    pub(crate) id: Id,
    pub(crate) at: Millis,
    /// As JSON; `None` until they are counted.
    pub(crate) figures: Option<String>,
}

/// All verified releases.
pub(crate) async fn made(db: &Db) -> Result<Vec<MadeRow>, DbError> {
    let sql = "SELECT id, made_at AS at, figures FROM releases
        WHERE state = 'ready' AND made_at IS NOT NULL
          AND request IN (SELECT id FROM requests WHERE practice IS NULL)";
    query::all(db, sql.to_owned()).await
}

/// Stores the figures of a release.
pub(crate) async fn set_figures(db: &Db, release: &Id, figures: &str) -> Result<(), DbError> {
    query::set(
        db,
        "UPDATE releases SET figures = ? WHERE id = ?",
        figures,
        release,
    )
    .await
}

/// Time that was entered.
#[derive(sqlx::FromRow)]
pub(crate) struct SpentRow {
    pub(crate) day: String,
    pub(crate) name: String,
    pub(crate) minutes: u32,
}

/// All time that was entered.
pub(crate) async fn spent(db: &Db) -> Result<Vec<SpentRow>, DbError> {
    query::all(
        db,
        "SELECT day, name, minutes FROM request_time
        WHERE request IN (SELECT id FROM requests WHERE practice IS NULL)"
            .to_owned(),
    )
    .await
}
