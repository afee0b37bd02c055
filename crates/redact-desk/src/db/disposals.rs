//! Disposals of recordings: proposed, decided, done.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::{Category, DisposalState};
use crate::time::Millis;

/// A disposal.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct DisposalRow {
    pub(crate) id: Id,
    pub(crate) recording: Id,
    pub(crate) request: Id,
    pub(crate) state: DisposalState,
    /// Ids of the releases that go, too, as JSON.
    pub(crate) releases: String,
    /// Key of a law, or free text.
    pub(crate) law: String,
    pub(crate) category: Category,
    pub(crate) counted_from: String,
    /// The last day on which it had to be there.
    pub(crate) until: Option<String>,
    pub(crate) statute: String,
    pub(crate) reason: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) by_user: Id,
    pub(crate) decided_at: Option<Millis>,
    pub(crate) decided_by: Option<String>,
    /// What the second person wrote.
    pub(crate) decision: String,
    /// The files that were there, as JSON; `None` until they are listed.
    pub(crate) files: Option<String>,
    pub(crate) done_at: Option<Millis>,
    pub(crate) certificate: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) recording_name: String,
    pub(crate) recording_sha256: Option<String>,
    pub(crate) recording_bytes: i64,
    pub(crate) recording_added_at: Millis,
    pub(crate) request_number: String,
}

const ROW: &str = "SELECT id, recording, request, state, releases, law, category, counted_from,
    until, statute, reason, at, by, by_user, decided_at, decided_by, decision, files, done_at,
    certificate, signature,
    (SELECT name FROM recordings WHERE recordings.id = disposals.recording) AS recording_name,
    (SELECT sha256 FROM recordings WHERE recordings.id = disposals.recording)
      AS recording_sha256,
    (SELECT bytes FROM recordings WHERE recordings.id = disposals.recording) AS recording_bytes,
    (SELECT added_at FROM recordings WHERE recordings.id = disposals.recording)
      AS recording_added_at,
    (SELECT number FROM requests WHERE requests.id = disposals.request) AS request_number
    FROM disposals";

/// The disposal with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<DisposalRow> {
    query::by_id(db, ROW, id).await
}

/// All disposals, newest first.
pub(crate) async fn all(db: &Db) -> Result<Vec<DisposalRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY at DESC, rowid DESC")).await
}

/// The disposals of a request, newest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<DisposalRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY at DESC, rowid DESC");
    query::all_of(db, sql, request).await
}

/// The disposal of a recording that was confirmed, whether it is finished or not.
pub(crate) async fn begun(db: &Db, recording: &Id) -> Result<Option<DisposalRow>, DbError> {
    let sql = format!("{ROW} WHERE recording = ? AND state IN ('removing', 'done')");
    let rows: Vec<DisposalRow> = query::all_of(db, sql, recording).await?;
    Ok(rows.into_iter().next())
}

/// Disposals that wait for a second person, oldest first.
pub(crate) async fn proposed(db: &Db) -> Result<Vec<DisposalRow>, DbError> {
    query::all(
        db,
        format!("{ROW} WHERE state = 'proposed' ORDER BY at, rowid"),
    )
    .await
}

/// Disposals that were confirmed and not finished.
pub(crate) async fn unfinished(db: &Db) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT id FROM disposals WHERE state = 'removing' ORDER BY decided_at";
    let rows: Vec<(Id,)> = query::all(db, sql.to_owned()).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What is left of a recording that is gone.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct RemainsRow {
    /// Releases whose files are there.
    pub(crate) releases: i64,
    /// Copies of releases that were handed over.
    pub(crate) copies: i64,
}

/// What is left of a recording that is gone.
pub(crate) async fn remains(db: &Db, recording: &Id) -> Result<RemainsRow, DbError> {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM releases WHERE recording = ?1 AND made_at IS NOT NULL
             AND disposed_at IS NULL) AS releases,
           (SELECT count(*) FROM received JOIN releases ON releases.id = received.release
             WHERE recording = ?1) AS copies",
    )
    .bind(recording)
    .fetch_one(db)
    .await
}

/// Adds a proposal.
///
/// # Errors
/// 409 `disposal` if one is in force.
pub(crate) async fn insert(change: &mut Connection, row: &DisposalRow) -> ApiResult<()> {
    add(change, row).await.map_err(|error| match taken(&error) {
        Some(_) => {
            let message = "The disposal of this recording was proposed already.";
            ApiError::conflict("disposal", message)
        }
        None => error.into(),
    })
}

/// Adds a row with all its own columns.
async fn add(change: &mut Connection, row: &DisposalRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO disposals (id, recording, request, state, releases, law, category,
         counted_from, until, statute, reason, at, by, by_user, decided_at, decided_by, files,
         done_at, certificate, signature)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.recording)
    .bind(&row.request)
    .bind(row.state)
    .bind(&row.releases)
    .bind(&row.law)
    .bind(row.category)
    .bind(&row.counted_from)
    .bind(&row.until)
    .bind(&row.statute)
    .bind(&row.reason)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.by_user)
    .bind(row.decided_at)
    .bind(&row.decided_by)
    .bind(&row.files)
    .bind(row.done_at)
    .bind(&row.certificate)
    .bind(&row.signature)
    .execute(change)
    .await
    .map(drop)
}

/// Records what the second person decided; `false` if somebody decided before.
pub(crate) async fn decide(
    change: &mut Connection,
    id: &Id,
    (state, decision): (DisposalState, &str),
    (by, now): (&str, Millis),
) -> Result<bool, DbError> {
    let set = sqlx::query(
        "UPDATE disposals SET state = ?, decision = ?, decided_by = ?, decided_at = ?
         WHERE id = ? AND state = 'proposed'",
    )
    .bind(state)
    .bind(decision)
    .bind(by)
    .bind(now)
    .bind(id)
    .execute(change)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// Stores which files there are, as JSON, before any of them is removed.
pub(crate) async fn set_files(db: &Db, id: &Id, files: &str) -> Result<(), DbError> {
    let sql = "UPDATE disposals SET files = ? WHERE id = ? AND files IS NULL";
    query::set(db, sql, files, id).await
}

/// Records a disposal that was done after the backup from which this database is.
pub(crate) async fn insert_done(change: &mut Connection, row: &DisposalRow) -> Result<(), DbError> {
    sqlx::query("DELETE FROM disposals WHERE id = ? OR (recording = ? AND state != 'refused')")
        .bind(&row.id)
        .bind(&row.recording)
        .execute(&mut *change)
        .await?;
    add(change, row).await
}

/// Records that everything is gone, with the signed record of it.
pub(crate) async fn set_done(
    change: &mut Connection,
    id: &Id,
    (certificate, signature): (&str, &str),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE disposals SET state = 'done', certificate = ?, signature = ?, done_at = ?
         WHERE id = ?",
    )
    .bind(certificate)
    .bind(signature)
    .bind(now)
    .bind(id)
    .execute(change)
    .await
    .map(drop)
}

/// Removes from the database what reproduces a release: what was decided about its content.
pub(crate) async fn clear_release(
    change: &mut Connection,
    release: &Id,
    now: Millis,
) -> Result<(), DbError> {
    let sql = "UPDATE releases SET disposed_at = ?, verdict = NULL WHERE id = ?";
    query::set(&mut *change, sql, now, release).await?;
    sqlx::query("DELETE FROM jobs WHERE release = ?")
        .bind(release)
        .execute(change)
        .await
        .map(drop)
}

/// Packages that a release is in.
pub(crate) async fn packages_with(db: &Db, release: &Id) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT package FROM package_releases WHERE release = ?";
    let rows: Vec<(Id,)> = query::all_of(db, sql.to_owned(), release).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A recording that stays when another one goes.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StayingRow {
    pub(crate) id: Id,
    /// Of its request.
    pub(crate) number: String,
    /// Whether it is known to be of the same file: it is not before both were scanned.
    pub(crate) same: bool,
}

/// All other recordings that were not removed.
pub(crate) async fn staying(db: &Db, recording: &Id) -> Result<Vec<StayingRow>, DbError> {
    let sql = "SELECT c.id, q.number,
          coalesce(c.sha256 = (SELECT sha256 FROM recordings WHERE id = ?1), 0) AS same
        FROM recordings c JOIN requests q ON q.id = c.request
        WHERE c.removed_at IS NULL AND c.id != ?1 ORDER BY c.added_at";
    query::all_of(db, sql.to_owned(), recording).await
}

/// Packages that one of the releases `?2` (JSON) is in with a release of another recording than
/// `?1` that is under a hold or closed by an order, and stays: ids and titles.
pub(crate) async fn packages_that_stay(
    db: &Db,
    recording: &Id,
    releases: &str,
) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT DISTINCT p.id, p.title FROM packages p
          JOIN package_releases mine ON mine.package = p.id
          JOIN package_releases theirs ON theirs.package = p.id
          JOIN releases rel ON rel.id = theirs.release
          LEFT JOIN recordings c ON c.id = rel.recording
        WHERE mine.release IN (SELECT value FROM json_each(?2)) AND rel.recording != ?1
          AND (EXISTS (SELECT 1 FROM holds h WHERE h.released_at IS NULL
              AND (h.recording = rel.recording OR (h.recording IS NULL
                AND h.request IN (rel.request, c.request, p.request))))
            OR EXISTS (SELECT 1 FROM sealings s WHERE s.lifted_at IS NULL
              AND (s.recording = rel.recording OR (s.recording IS NULL
                AND s.request IN (rel.request, c.request, p.request)))))
        ORDER BY p.created_at";
    sqlx::query_as(sql)
        .bind(recording)
        .bind(releases)
        .fetch_all(db)
        .await
}

/// Other recordings of a file that were not removed: id and number of the request.
pub(crate) async fn same_file(db: &Db, recording: &Id) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT c.id, q.number FROM recordings c JOIN requests q ON q.id = c.request
        WHERE c.removed_at IS NULL AND c.id != ?1
          AND c.sha256 = (SELECT sha256 FROM recordings WHERE id = ?1) ORDER BY c.added_at";
    query::all_of(db, sql.to_owned(), recording).await
}

/// Recordings whose files should be gone: removed, or disposed of to the end.
pub(crate) async fn removed(db: &Db) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT id FROM recordings WHERE removed_at IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM disposals d WHERE d.recording = recordings.id AND d.state = 'removing')";
    let rows: Vec<(Id,)> = query::all(db, sql.to_owned()).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
