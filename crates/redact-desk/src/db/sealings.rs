//! Orders of courts that close recordings and requests, and to whom they stay open.

use std::collections::HashSet;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::{Medium, SealingKind};
use crate::time::Millis;

/// An order.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct SealingRow {
    pub(crate) id: Id,
    pub(crate) kind: SealingKind,
    pub(crate) request: Id,
    /// `None`: the whole request.
    pub(crate) recording: Option<Id>,
    pub(crate) court: String,
    pub(crate) number: String,
    /// `2026-01-31`.
    pub(crate) dated: String,
    pub(crate) note: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) lifted_at: Option<Millis>,
    pub(crate) lifted_by: Option<String>,
    pub(crate) lift_court: String,
    pub(crate) lift_number: String,
    pub(crate) lift_dated: String,
}

const ROW: &str = "SELECT id, kind, request, recording, court, number, dated, note, at, by,
    lifted_at, lifted_by, lift_court, lift_number, lift_dated FROM sealings";

/// The order with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<SealingRow> {
    query::by_id(db, ROW, id).await
}

/// All orders, newest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<SealingRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY at DESC, rowid DESC")).await
}

/// The people to whom an order leaves open what it closes: ids and names.
pub(crate) async fn people(db: &Db, sealing: &Id) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT users.id, users.name FROM sealing_people JOIN users
        ON users.id = sealing_people.user WHERE sealing = ? ORDER BY users.name";
    query::all_of(db, sql.to_owned(), sealing).await
}

/// Whether an order names a person.
pub(crate) async fn names(db: &Db, sealing: &Id, user: &Id) -> Result<bool, DbError> {
    let found = people(db, sealing).await?;
    Ok(found.iter().any(|(id, _)| id == user))
}

/// Whether an approver whom an order names can still sign in: approvers record that it was lifted.
pub(crate) async fn names_an_approver(db: &Db, sealing: &Id) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sealing_people JOIN users
        ON users.id = sealing_people.user WHERE sealing = ? AND users.active = 1
          AND users.role = 'approver')";
    let (found,): (bool,) = sqlx::query_as(sql).bind(sealing).fetch_one(db).await?;
    Ok(found)
}

/// Adds an order with the people whom it names.
pub(crate) async fn insert(
    change: &mut Connection,
    row: &SealingRow,
    people: &[Id],
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO sealings (id, kind, request, recording, court, number, dated, note, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(row.kind)
    .bind(&row.request)
    .bind(&row.recording)
    .bind(&row.court)
    .bind(&row.number)
    .bind(&row.dated)
    .bind(&row.note)
    .bind(row.at)
    .bind(&row.by)
    .execute(&mut *change)
    .await?;
    for person in people {
        sqlx::query("INSERT OR IGNORE INTO sealing_people (sealing, user) VALUES (?, ?)")
            .bind(&row.id)
            .bind(person)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// Opens again what an order closed; `false` if that was done already.
pub(crate) async fn lift(
    change: &mut Connection,
    id: &Id,
    (court, number, dated): (&str, &str, &str),
    (by, now): (&str, Millis),
) -> Result<bool, DbError> {
    let set = sqlx::query(
        "UPDATE sealings SET lifted_at = ?, lifted_by = ?, lift_court = ?, lift_number = ?,
         lift_dated = ? WHERE id = ? AND lifted_at IS NULL",
    )
    .bind(now)
    .bind(by)
    .bind(court)
    .bind(number)
    .bind(dated)
    .bind(id)
    .execute(change)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// A copy that was out when the order came.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OutRow {
    /// Of the copy, or of the copy of the package that it was in.
    pub(crate) copy: Id,
    pub(crate) release: Id,
    pub(crate) title: String,
    pub(crate) package: Option<Id>,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) recipient: String,
    pub(crate) medium: Medium,
    pub(crate) told_at: Option<Millis>,
    pub(crate) told_by: Option<String>,
    pub(crate) told_note: Option<String>,
}

/// Every copy of a release of what an order closes, oldest first.
pub(crate) async fn out(db: &Db, sealing: &Id) -> Result<Vec<OutRow>, DbError> {
    let sql = "SELECT received.id AS copy, rel.id AS release, rel.title, received.package,
          received.at, received.by, received.recipient, received.medium,
          t.at AS told_at, t.by AS told_by, t.note AS told_note
        FROM sealings s JOIN releases rel ON rel.recording = s.recording
            OR (s.recording IS NULL AND rel.request = s.request)
          JOIN received ON received.release = rel.id
          LEFT JOIN sealing_told t ON t.sealing = s.id AND t.copy = received.id
        WHERE s.id = ? ORDER BY received.at, received.id";
    query::all_of(db, sql.to_owned(), sealing).await
}

/// Records that the recipient of a copy was told.
pub(crate) async fn insert_told(
    change: &mut Connection,
    (sealing, copy): (&Id, &Id),
    note: &str,
    (by, now): (&str, Millis),
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO sealing_told (sealing, copy, note, at, by) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (sealing, copy) DO UPDATE SET note = excluded.note, at = excluded.at,
           by = excluded.by",
    )
    .bind(sealing)
    .bind(copy)
    .bind(note)
    .bind(now)
    .bind(by)
    .execute(change)
    .await
    .map(drop)
}

/// Orders in force that do not name the person `?1`.
const AGAINST: &str = "SELECT id, request, recording FROM sealings WHERE lifted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM sealing_people WHERE sealing = sealings.id AND user = ?1)";

/// Whether an order closes a thing to a person. `kind`: its place in the API, such as `recordings`.
pub(crate) async fn closes(db: &Db, kind: &str, id: &Id, user: &Id) -> Result<bool, DbError> {
    // Recordings and requests that the thing is of.
    let of = match kind {
        "requests" => "SELECT ?2 AS request, NULL AS recording",
        "recordings" => "SELECT request, id AS recording FROM recordings WHERE id = ?2",
        "reviews" => {
            "SELECT request, c.id AS recording FROM recordings c JOIN reviews v
               ON v.recording = c.id WHERE v.id = ?2"
        }
        "releases" => "SELECT request, recording FROM releases WHERE id = ?2",
        "packages" => {
            "SELECT request, NULL AS recording FROM packages WHERE id = ?2
             UNION ALL SELECT rel.request, rel.recording FROM package_releases p
               JOIN releases rel ON rel.id = p.release WHERE p.package = ?2"
        }
        "jobs" => {
            "SELECT request, recording FROM jobs WHERE id = ?2
             UNION ALL SELECT rel.request, rel.recording FROM jobs j
               JOIN releases rel ON rel.id = j.release WHERE j.id = ?2
             UNION ALL SELECT rel.request, rel.recording FROM jobs j
               JOIN package_releases p ON p.package = j.package
               JOIN releases rel ON rel.id = p.release WHERE j.id = ?2"
        }
        _ => return Ok(false),
    };
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM ({of}) thing JOIN ({AGAINST}) s
           ON s.recording = thing.recording
             OR (s.recording IS NULL AND s.request = thing.request))"
    );
    let (found,): (bool,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user)
        .bind(id)
        .fetch_one(db)
        .await?;
    Ok(found)
}

/// Whether an order closes a recording to anybody.
pub(crate) async fn covers(db: &Db, recording: &Id) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sealed_recordings WHERE recording = ?)";
    let (found,): (bool,) = sqlx::query_as(sql).bind(recording).fetch_one(db).await?;
    Ok(found)
}

/// Whether an order closes a whole request to anybody.
pub(crate) async fn covers_request(db: &Db, request: &Id) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sealings
        WHERE request = ? AND recording IS NULL AND lifted_at IS NULL)";
    let (found,): (bool,) = sqlx::query_as(sql).bind(request).fetch_one(db).await?;
    Ok(found)
}

/// What orders close to a person, for lists. Ids are unique across kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed {
    ids: HashSet<Id>,
}

impl Closed {
    /// Whether a thing is closed to the person.
    pub(crate) fn has(&self, id: &Id) -> bool {
        self.ids.contains(id)
    }

    /// The ids as a JSON list.
    pub(crate) fn json(&self) -> String {
        serde_json::json!(self.ids).to_string()
    }

    /// Whether nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Everything that orders close to a person: requests, recordings, reviews, releases, packages and
/// jobs.
pub(crate) async fn closed_to(db: &Db, user: &Id) -> Result<Closed, DbError> {
    // Lists ask often, and most desks have no order.
    let any: Vec<(Id, Id, Option<Id>)> = query::all_of(db, AGAINST.to_owned(), user).await?;
    if any.is_empty() {
        return Ok(Closed::default());
    }
    let sql = format!(
        "WITH s AS MATERIALIZED ({AGAINST}),
          c AS MATERIALIZED (SELECT DISTINCT c.id FROM s JOIN recordings c ON c.id = s.recording
            OR (s.recording IS NULL AND c.request = s.request)),
          rel AS MATERIALIZED (SELECT id FROM releases WHERE recording IN (SELECT id FROM c)
            OR request IN (SELECT request FROM s WHERE recording IS NULL)),
          p AS MATERIALIZED (SELECT package AS id FROM package_releases
              WHERE release IN (SELECT id FROM rel)
            UNION SELECT id FROM packages
              WHERE request IN (SELECT request FROM s WHERE recording IS NULL))
         SELECT request AS id FROM s WHERE recording IS NULL
         UNION SELECT id FROM c UNION SELECT id FROM rel UNION SELECT id FROM p
         UNION SELECT id FROM reviews WHERE recording IN (SELECT id FROM c)
         UNION SELECT id FROM jobs WHERE recording IN (SELECT id FROM c)
           OR release IN (SELECT id FROM rel) OR package IN (SELECT id FROM p)
           OR request IN (SELECT request FROM s WHERE recording IS NULL)"
    );
    let rows: Vec<(Id,)> = query::all_of(db, sql, user).await?;
    Ok(Closed {
        ids: rows.into_iter().map(|(id,)| id).collect(),
    })
}
