//! Requests, and how far their recordings are.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::{Disposition, RequesterKind, Unit};
use crate::time::Millis;

/// A request.
#[derive(sqlx::FromRow)]
pub(crate) struct RequestRow {
    pub(crate) id: Id,
    #[sqlx(flatten)]
    pub(crate) facts: Facts,
    pub(crate) rule_days: Option<u16>,
    pub(crate) rule_unit: Option<Unit>,
    pub(crate) rule_note: String,
    /// Whether a person set the due date; `None`: entered by an earlier version.
    pub(crate) due_by_hand: Option<bool>,
    pub(crate) acknowledged_on: Option<String>,
    pub(crate) estimated_on: Option<String>,
    pub(crate) assignee: Option<Id>,
    pub(crate) assignee_name: Option<String>,
    pub(crate) note: String,
    /// What else is known, as JSON.
    pub(crate) details: String,
    pub(crate) closed: bool,
    /// `None` while it is open, and where an earlier version closed it.
    pub(crate) disposition: Option<Disposition>,
    pub(crate) created_at: Millis,
    pub(crate) changed_at: Millis,
    pub(crate) releases: i64,
    /// Whose practice request it is; `None` for a real one.
    pub(crate) practice: Option<Id>,
}

const ROWS: &str = "SELECT r.id, number, requester_kind, requester, jurisdiction, received_on,
    due_on, rule_days, rule_unit, rule_note, due_by_hand, acknowledged_on, estimated_on, assignee,
    users.name AS assignee_name, note, details, closed, disposition, r.created_at, r.changed_at,
    (SELECT count(*) FROM releases WHERE request = r.id) AS releases,
    practice FROM requests r LEFT JOIN users ON users.id = assignee";

/// Removed practice requests are nowhere.
const SHOWN: &str = "practice_removed_at IS NULL";

/// Every request.
pub(crate) async fn all(db: &Db) -> Result<Vec<RequestRow>, DbError> {
    query::all(db, format!("{ROWS} WHERE {SHOWN}")).await
}

/// What is known of a recording's way to the requester.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct ProgressFlags {
    pub(crate) not_responsive: bool,
    pub(crate) preparing: bool,
    pub(crate) failed: bool,
    pub(crate) approved: bool,
    pub(crate) awaiting: bool,
    pub(crate) rendering: bool,
    pub(crate) unreleased: bool,
    pub(crate) ready: bool,
    pub(crate) out: bool,
}

/// The flags of a recording as one number, in the order of [`ProgressFlags`].
const BITS: &str = "not_responsive + preparing * 2 + failed * 4 + approved * 8 + awaiting * 16
    + rendering * 32 + unreleased * 64 + ready * 128 + out * 256";

impl ProgressFlags {
    fn of(bits: u16) -> Self {
        let set = |bit: u16| bits & (1 << bit) != 0;
        Self {
            not_responsive: set(0),
            preparing: set(1),
            failed: set(2),
            approved: set(3),
            awaiting: set(4),
            rendering: set(5),
            unreleased: set(6),
            ready: set(7),
            out: set(8),
        }
    }
}

/// A recording with its progress.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ProgressRow {
    pub(crate) recording: Id,
    pub(crate) request: Id,
    pub(crate) name: String,
    #[sqlx(flatten)]
    pub(crate) flags: ProgressFlags,
}

/// Which requests are looked at.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    Request(&'a Id),
    /// Those that are assigned to a person and open.
    Assignee(&'a Id),
}

/// Recordings that were disposed of still count: what the requester received does not change. A
/// release counts unless a newer version was made. A failed one counts where it was to replace
/// another, or where its review has no verified release.
const PROGRESS: &str = "WITH
    chosen AS MATERIALIZED (SELECT id, request, name, not_responsive FROM recordings
      WHERE (removed_at IS NULL OR EXISTS (SELECT 1 FROM disposals d
        WHERE d.recording = recordings.id AND d.state IN ('removing', 'done'))) AND CHOSEN),
    current AS (SELECT rel.rowid AS place, rel.* FROM releases rel
      WHERE rel.recording IN (SELECT id FROM chosen) AND NOT EXISTS
      (SELECT 1 FROM releases newer WHERE newer.replaces = rel.id AND newer.state != 'failed')),
    made AS (SELECT recording,
      max(state IN ('rendering', 'verifying')) AS rendering,
      max(state = 'wrong' OR (state = 'failed' AND NOT EXISTS
        (SELECT 1 FROM releases later WHERE later.review = current.review
           AND later.rowid > current.place AND later.state != 'failed')
        AND (replaces IS NOT NULL OR NOT EXISTS
          (SELECT 1 FROM releases good WHERE good.review = current.review
             AND good.state = 'ready')))) AS unreleased,
      max(state = 'ready' AND NOT (given OR packed)) AS ready,
      max(state = 'ready' AND (given OR packed)) AS out
      FROM (SELECT current.*,
          EXISTS (SELECT 1 FROM copies WHERE copies.release = current.id) AS given,
          EXISTS (SELECT 1 FROM package_releases p JOIN package_copies c ON c.package = p.package
            WHERE p.release = current.id) AS packed FROM current) current
      GROUP BY recording),
    marks AS (SELECT recording, max(whole = 1) AS approved, max(whole = 0) AS awaiting
      FROM reviews JOIN approved ON approved.review = reviews.id
      WHERE reviews.recording IN (SELECT id FROM chosen) AND approved.review IN
        (SELECT id FROM reviews WHERE recording IN (SELECT id FROM chosen))
      GROUP BY recording),
    prepared AS (SELECT recording, max(state IN ('queued', 'running')) AS preparing,
      max(state IN ('failed', 'cancelled', 'interrupted')) AS failed FROM jobs
      WHERE kind IN ('prepare', 'scan', 'thumbnails') AND state != 'done'
        AND recording IN (SELECT id FROM chosen) GROUP BY recording)
    SELECT r.id AS recording, r.request, r.name, r.not_responsive,
      coalesce(preparing, 0) AS preparing, coalesce(failed, 0) AS failed,
      coalesce(approved, 0) AS approved, coalesce(awaiting, 0) AS awaiting,
      coalesce(rendering, 0) AS rendering, coalesce(unreleased, 0) AS unreleased,
      coalesce(ready, 0) AS ready, coalesce(out, 0) AS out
    FROM chosen r LEFT JOIN made ON made.recording = r.id
      LEFT JOIN marks ON marks.recording = r.id LEFT JOIN prepared ON prepared.recording = r.id";

/// The recordings of requests with their progress, by request.
pub(crate) async fn progress(
    db: &Db,
    of: Of<'_>,
) -> Result<HashMap<Id, Vec<ProgressRow>>, DbError> {
    let (chosen, id) = match of {
        Of::Request(id) => ("request = ?1", id),
        Of::Assignee(id) => (
            "request IN (SELECT id FROM requests WHERE assignee = ?1 AND closed = 0)",
            id,
        ),
    };
    let rows = query::all_of(db, PROGRESS.replace("CHOSEN", chosen), id).await?;
    Ok(query::groups(rows, |row: &ProgressRow| {
        Some(row.request.clone())
    }))
}

/// The progress of the recordings of all requests, but `without` (ids as a JSON list), by request.
/// A row for each request, not for each recording: an office may have tens of thousands.
pub(crate) async fn all_progress(
    db: &Db,
    without: &str,
) -> Result<HashMap<Id, Vec<ProgressFlags>>, DbError> {
    let each = PROGRESS.replace("CHOSEN", "id NOT IN (SELECT value FROM json_each(?1))");
    let sql = format!("SELECT request, group_concat({BITS}) FROM ({each}) GROUP BY request");
    let rows: Vec<(Id, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(without)
        .fetch_all(db)
        .await?;
    let flags = |bits: String| {
        let numbers = bits.split(',').filter_map(|one| one.parse().ok());
        numbers.map(ProgressFlags::of).collect()
    };
    Ok(rows
        .into_iter()
        .map(|(id, bits)| (id, flags(bits)))
        .collect())
}

/// How many of these releases (ids as a JSON list) each request has.
pub(crate) async fn count_releases(db: &Db, of: &str) -> Result<HashMap<Id, i64>, DbError> {
    let sql = "SELECT request, count(*) FROM releases
        WHERE id IN (SELECT value FROM json_each(?)) GROUP BY request";
    let rows: Vec<(Id, i64)> = sqlx::query_as(sql).bind(of).fetch_all(db).await?;
    Ok(rows.into_iter().collect())
}

/// The name of a recording.
#[derive(sqlx::FromRow)]
pub(crate) struct NameRow {
    pub(crate) request: Id,
    pub(crate) id: Id,
    pub(crate) name: String,
}

/// The names of all recordings.
pub(crate) async fn recording_names(db: &Db) -> Result<Vec<NameRow>, DbError> {
    let sql = "SELECT request, id, name FROM recordings WHERE removed_at IS NULL";
    query::all(db, sql.to_owned()).await
}

/// The open requests that are assigned to a person.
pub(crate) async fn open_of(db: &Db, user: &Id) -> Result<Vec<RequestRow>, DbError> {
    let sql = format!("{ROWS} WHERE {SHOWN} AND assignee = ? AND closed = 0");
    query::all_of(db, sql, user).await
}

/// A request by its number.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct NumberRow {
    pub(crate) id: Id,
    pub(crate) number: String,
    pub(crate) closed: bool,
    pub(crate) practice: bool,
}

/// The numbers of all requests.
pub(crate) async fn numbers(db: &Db) -> Result<Vec<NumberRow>, DbError> {
    let sql = "SELECT id, number, closed, practice IS NOT NULL AS practice FROM requests";
    query::all(db, sql.to_owned()).await
}

/// The details of the request of a recording, as JSON.
///
/// # Errors
/// 404.
pub(crate) async fn details_of_recording(db: &Db, recording: &Id) -> ApiResult<String> {
    let sql = "SELECT details FROM requests WHERE id =
        (SELECT request FROM recordings WHERE id = ?)";
    let found: Option<(String,)> = sqlx::query_as(sql)
        .bind(recording)
        .fetch_optional(db)
        .await?;
    Ok(found.ok_or_else(ApiError::not_found)?.0)
}

/// The request with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<RequestRow> {
    let row: Option<RequestRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{ROWS} WHERE r.id = ? AND {SHOWN}"
    )))
    .bind(id)
    .fetch_optional(db)
    .await?;
    row.ok_or_else(ApiError::not_found)
}

/// The facts of a request.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Facts {
    pub(crate) number: String,
    pub(crate) requester: String,
    pub(crate) requester_kind: RequesterKind,
    /// Key of a statutory clock, or free text.
    pub(crate) jurisdiction: String,
    /// `2026-01-31`.
    pub(crate) received_on: String,
    pub(crate) due_on: String,
}

/// The current facts of a request.
///
/// # Errors
/// 404.
pub(crate) async fn facts(db: &Db, id: &Id) -> ApiResult<Facts> {
    let found: Option<Facts> = sqlx::query_as(
        "SELECT number, requester, requester_kind, jurisdiction, received_on, due_on
         FROM requests WHERE id = ?",
    )
    .bind(id)
    .fetch_optional(db)
    .await?;
    found.ok_or_else(ApiError::not_found)
}

/// The law under which the request of a recording is answered, as [`Facts`] has it.
///
/// # Errors
/// 404.
pub(crate) async fn law_of_recording(db: &Db, recording: &Id) -> ApiResult<String> {
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT jurisdiction FROM requests JOIN recordings ON recordings.request = requests.id
         WHERE recordings.id = ?",
    )
    .bind(recording)
    .fetch_optional(db)
    .await?;
    Ok(found.ok_or_else(ApiError::not_found)?.0)
}

/// A request to add, or new values for one.
pub(crate) struct RequestValues {
    pub(crate) facts: Facts,
    /// A deadline of its own: days, which ones, and where it comes from.
    pub(crate) rule: Option<(u16, Unit, String)>,
    /// Whether a person set the due date.
    pub(crate) due_by_hand: bool,
    pub(crate) assignee: Option<Id>,
    pub(crate) note: String,
    /// What else is known, as JSON.
    pub(crate) details: String,
}

fn number_taken(error: DbError) -> ApiError {
    match taken(&error) {
        Some(_) => ApiError::conflict("number_taken", "A request with this number exists already."),
        None => error.into(),
    }
}

/// Adds a request.
///
/// # Errors
/// 409 `number_taken`.
pub(crate) async fn insert(
    change: &mut Connection,
    id: &Id,
    values: &RequestValues,
    now: Millis,
) -> ApiResult<()> {
    let facts = &values.facts;
    sqlx::query(
        "INSERT INTO requests (id, number, requester_kind, requester, jurisdiction, received_on,
         due_on, assignee, note, created_at, changed_at, rule_days, rule_unit, rule_note,
         due_by_hand, details)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(&facts.number)
    .bind(facts.requester_kind)
    .bind(&facts.requester)
    .bind(&facts.jurisdiction)
    .bind(&facts.received_on)
    .bind(&facts.due_on)
    .bind(&values.assignee)
    .bind(&values.note)
    .bind(now)
    .bind(now)
    .bind(values.rule.as_ref().map(|rule| rule.0))
    .bind(values.rule.as_ref().map(|rule| rule.1))
    .bind(values.rule.as_ref().map_or("", |rule| &rule.2))
    .bind(values.due_by_hand)
    .bind(&values.details)
    .execute(change)
    .await
    .map(drop)
    .map_err(number_taken)
}

/// Updates a request.
///
/// # Errors
/// 409 `number_taken`.
pub(crate) async fn update(
    change: &mut Connection,
    id: &Id,
    values: &RequestValues,
    now: Millis,
) -> ApiResult<()> {
    let facts = &values.facts;
    sqlx::query(
        "UPDATE requests SET number = ?, requester_kind = ?, requester = ?, jurisdiction = ?,
         received_on = ?, due_on = ?, assignee = ?, note = ?, rule_days = ?, rule_unit = ?,
         rule_note = ?, due_by_hand = ?, details = ?, changed_at = ? WHERE id = ?",
    )
    .bind(&facts.number)
    .bind(facts.requester_kind)
    .bind(&facts.requester)
    .bind(&facts.jurisdiction)
    .bind(&facts.received_on)
    .bind(&facts.due_on)
    .bind(&values.assignee)
    .bind(&values.note)
    .bind(values.rule.as_ref().map(|rule| rule.0))
    .bind(values.rule.as_ref().map(|rule| rule.1))
    .bind(values.rule.as_ref().map_or("", |rule| &rule.2))
    .bind(values.due_by_hand)
    .bind(&values.details)
    .bind(now)
    .bind(id)
    .execute(change)
    .await
    .map(drop)
    .map_err(number_taken)
}

/// Closes a request with a disposition, or reopens it with `None`; `false` if it was so already.
pub(crate) async fn set_closed(
    change: &mut Connection,
    id: &Id,
    disposition: Option<Disposition>,
    now: Millis,
) -> Result<bool, DbError> {
    let closed = disposition.is_some();
    let set = sqlx::query(
        "UPDATE requests SET closed = ?, disposition = ?, changed_at = ?
         WHERE id = ? AND closed != ?",
    )
    .bind(closed)
    .bind(disposition)
    .bind(now)
    .bind(id)
    .bind(closed)
    .execute(change)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// Whether a request is closed.
///
/// # Errors
/// 404.
pub(crate) async fn is_closed(db: &Db, id: &Id) -> ApiResult<bool> {
    let found: Option<(bool,)> = sqlx::query_as("SELECT closed FROM requests WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await?;
    let (closed,) = found.ok_or_else(ApiError::not_found)?;
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every flag has a bit of its own, in the order in which SQL adds them.
    #[test]
    fn every_flag_has_its_bit() {
        let names = [
            "not_responsive",
            "preparing",
            "failed",
            "approved",
            "awaiting",
            "rendering",
            "unreleased",
            "ready",
            "out",
        ];
        for (bit, name) in names.into_iter().enumerate() {
            let shown = format!("{:?}", ProgressFlags::of(1 << bit));
            assert_eq!(shown.matches("true").count(), 1, "{shown}");
            assert!(shown.contains(&format!("{name}: true")), "{shown}");
            let factor = if bit == 0 {
                name.to_owned()
            } else {
                format!("{name} * {}", 1 << bit)
            };
            assert!(BITS.contains(&factor), "{factor}");
        }
    }
}
