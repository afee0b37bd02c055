//! Recordings.

use redact_core::Digest;
use sqlx::SqliteExecutor;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// A recording.
#[derive(sqlx::FromRow)]
pub(crate) struct RecordingRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) name: String,
    pub(crate) bytes: i64,
    pub(crate) added_at: Millis,
    pub(crate) added_by: String,
    pub(crate) sha256: Option<String>,
    /// Its properties, as JSON; see `API.md`, `Media`.
    pub(crate) media: Option<String>,
    /// Who accepted that the sound is lost.
    pub(crate) lost_sound_by: Option<String>,
    /// Read options, as JSON; `None` reads it as the file says.
    pub(crate) options: Option<String>,
    /// Who set the read options.
    pub(crate) options_by: Option<String>,
    /// Whether it does not count in the state of its request.
    pub(crate) not_responsive: bool,
    /// When its first frame is, on the clock of its request; `None`: nobody placed it.
    pub(crate) on_clock_micros: Option<i64>,
    /// Minutes that its decisions are expected to take; `None` until they are counted.
    pub(crate) expected_minutes: Option<u32>,
    /// What else is known, as JSON.
    pub(crate) details: String,
}

/// Recordings that were not removed.
const ROW: &str = "SELECT id, request, name, bytes, added_at, added_by, sha256, media,
    lost_sound_by, options, options_by, not_responsive, on_clock_micros, expected_minutes, details
    FROM (SELECT * FROM recordings WHERE removed_at IS NULL)";

/// The recording with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<RecordingRow> {
    query::by_id(db, ROW, id).await
}

/// Refuses an id that no recording has or had: who viewed it can be seen after its removal, too.
///
/// # Errors
/// 404.
pub(crate) async fn known(db: &Db, id: &Id) -> ApiResult<()> {
    let found = request_of(db, id).await?;
    found.map(drop).ok_or_else(ApiError::not_found)
}

/// The request of a recording, also of one that was removed; `None` if there is no such recording.
pub(crate) async fn request_of(db: &Db, id: &Id) -> Result<Option<Id>, DbError> {
    let found: Option<(Id,)> = sqlx::query_as("SELECT request FROM recordings WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await?;
    Ok(found.map(|(request,)| request))
}

/// The ids of all recordings of a request, also of removed ones.
pub(crate) async fn ids_of_request(
    change: &mut Connection,
    request: &Id,
) -> Result<Vec<Id>, DbError> {
    let rows: Vec<(Id,)> = sqlx::query_as("SELECT id FROM recordings WHERE request = ?")
        .bind(request)
        .fetch_all(change)
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The recordings of a request, oldest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<RecordingRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY added_at");
    query::all_of(db, sql, request).await
}

/// A recording to add.
pub(crate) struct NewRecording<'a> {
    pub(crate) id: &'a Id,
    pub(crate) request: &'a Id,
    pub(crate) name: &'a str,
    pub(crate) bytes: u64,
    pub(crate) added_by: &'a str,
    /// Read options, as JSON; `None` reads it as the file says.
    pub(crate) options: Option<String>,
    pub(crate) now: Millis,
}

/// Adds a recording.
pub(crate) async fn insert(
    change: &mut Connection,
    recording: NewRecording<'_>,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO recordings (id, request, name, bytes, added_at, added_by, options, options_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN ?7 IS NULL THEN NULL ELSE ?6 END)",
    )
    .bind(recording.id)
    .bind(recording.request)
    .bind(recording.name)
    .bind(i64::try_from(recording.bytes).unwrap_or(i64::MAX))
    .bind(recording.now)
    .bind(recording.added_by)
    .bind(recording.options)
    .execute(change)
    .await
    .map(drop)
}

/// Stores a recording's properties, as JSON.
pub(crate) async fn set_media(
    change: &mut Connection,
    id: &Id,
    media: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET media = ? WHERE id = ?";
    query::set(change, sql, media, id).await
}

/// Stores a recording's digest after its scan.
pub(crate) async fn set_digest(
    change: &mut Connection,
    id: &Id,
    digest: Digest,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET sha256 = ? WHERE id = ?";
    query::set(change, sql, digest.to_string(), id).await
}

/// Stores the minutes that the decisions about a recording are expected to take.
pub(crate) async fn set_expected_minutes(
    db: impl SqliteExecutor<'_>,
    id: &Id,
    minutes: u32,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET expected_minutes = ? WHERE id = ?";
    query::set(db, sql, minutes, id).await
}

/// Stores the details of a recording, as JSON.
pub(crate) async fn set_details(
    change: &mut Connection,
    id: &Id,
    details: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET details = ? WHERE id = ?";
    query::set(change, sql, details, id).await
}

/// Stores who accepted that a recording's sound is lost.
pub(crate) async fn accept_lost_sound(
    change: &mut Connection,
    id: &Id,
    by: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET lost_sound_by = ? WHERE id = ?";
    query::set(change, sql, by, id).await
}

/// Stores a recording's read options, as JSON, and drops what was prepared with others.
pub(crate) async fn set_options(
    change: &mut Connection,
    id: &Id,
    options: String,
    by: &str,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE recordings SET options = ?, options_by = ?, media = NULL, sha256 = NULL,
         expected_minutes = NULL WHERE id = ?",
    )
    .bind(options)
    .bind(by)
    .bind(id)
    .execute(change)
    .await
    .map(drop)
}

/// The digest of a recording that was scanned.
pub(crate) async fn digest(db: &Db, id: &Id) -> Result<Option<Digest>, DbError> {
    let found: Option<(Option<String>,)> =
        sqlx::query_as("SELECT sha256 FROM recordings WHERE id = ? AND removed_at IS NULL")
            .bind(id)
            .fetch_optional(db)
            .await?;
    Ok(found.and_then(|(text,)| Digest::from_hex(&text?)))
}

/// Sets a recording's name.
pub(crate) async fn set_name(change: &mut Connection, id: &Id, name: &str) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET name = ? WHERE id = ?";
    query::set(change, sql, name, id).await
}

/// Sets whether a recording does not count in the state of its request.
pub(crate) async fn set_not_responsive(
    change: &mut Connection,
    id: &Id,
    not_responsive: bool,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET not_responsive = ? WHERE id = ?";
    query::set(change, sql, not_responsive, id).await
}

/// Sets where a recording is on the clock of its request.
pub(crate) async fn set_on_clock(
    change: &mut Connection,
    id: &Id,
    micros: Option<i64>,
) -> Result<(), DbError> {
    let sql = "UPDATE recordings SET on_clock_micros = ? WHERE id = ?";
    query::set(change, sql, micros, id).await
}

/// Moves a recording and its jobs to another request, whose clock is another one.
pub(crate) async fn set_request(
    change: &mut Connection,
    id: &Id,
    request: &Id,
) -> Result<(), DbError> {
    let sql = "UPDATE jobs SET request = ? WHERE recording = ?";
    query::set(&mut *change, sql, request.as_str(), id).await?;
    let sql = "UPDATE recordings SET request = ?, on_clock_micros = NULL WHERE id = ?";
    query::set(change, sql, request.as_str(), id).await
}

/// Marks a recording as removed, and deletes its reviews and its jobs.
pub(crate) async fn remove(change: &mut Connection, id: &Id, now: Millis) -> Result<(), DbError> {
    for sql in [
        "DELETE FROM review_comments WHERE review IN
           (SELECT id FROM reviews WHERE recording = ?)",
        "DELETE FROM approvals WHERE review IN (SELECT id FROM reviews WHERE recording = ?)",
        "DELETE FROM revisions WHERE review IN (SELECT id FROM reviews WHERE recording = ?)",
        "DELETE FROM reviews WHERE recording = ?",
        "DELETE FROM jobs WHERE recording = ?",
    ] {
        sqlx::query(sql).bind(id).execute(&mut *change).await?;
    }
    let sql = "UPDATE recordings SET removed_at = ?, media = NULL WHERE id = ?";
    query::set(change, sql, now, id).await
}

/// Hides a recording everywhere, while everything of it is being removed.
pub(crate) async fn set_removed(
    change: &mut Connection,
    id: &Id,
    now: Millis,
) -> Result<(), DbError> {
    query::set(
        change,
        "UPDATE recordings SET removed_at = ? WHERE id = ?",
        now,
        id,
    )
    .await
}

/// Removes from the database everything that reproduces a recording, and what people entered about
/// it: its name, its details, who asked for it to stay, and their old values in the history. Its
/// digest stays, and of its properties its length, which statistics count. Can be done again.
pub(crate) async fn dispose(change: &mut Connection, id: &Id, now: Millis) -> Result<(), DbError> {
    let sql = "SELECT media ->> 'duration_seconds' FROM recordings WHERE id = ?";
    let (seconds,): (Option<f64>,) = sqlx::query_as(sql).bind(id).fetch_one(&mut *change).await?;
    remove(change, id, now).await?;
    let sql = "UPDATE recordings SET options = NULL,
        media = CASE WHEN ?1 IS NULL THEN NULL ELSE json_object('duration_seconds', ?1) END,
        name = 'recording-' || substr(id, 1, 8), details = '{}'
        WHERE id = ?2";
    query::set(&mut *change, sql, seconds, id).await?;
    for sql in [
        "UPDATE history SET changes = '[]' WHERE recording = ?
           AND action IN ('renamed', 'details-changed')",
        "UPDATE history SET changes = '[]', reason = '' WHERE recording = ?
           AND action = 'retention-asked'",
        "DELETE FROM retention_asked WHERE recording = ?",
        "DELETE FROM expected_recordings WHERE recording = ?",
        // Its file may still be in the watch folder, and would be added again.
        "DELETE FROM watched_requests WHERE request IN
           (SELECT request FROM watched_files WHERE recording = ?)",
        "DELETE FROM watched_files WHERE recording = ?",
        // Releases are found by the name of their recording.
        "INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'release'
           AND id IN (SELECT id FROM releases WHERE recording = ?)",
    ] {
        sqlx::query(sql).bind(id).execute(&mut *change).await?;
    }
    Ok(())
}

/// Another recording of the same file.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct SameRow {
    pub(crate) sha256: String,
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) request: Id,
    pub(crate) request_number: String,
    /// Its read options, as JSON.
    pub(crate) options: Option<String>,
    /// Whether it has a review with a decision that somebody saved.
    pub(crate) reviewed: bool,
    pub(crate) released: bool,
}

/// All recordings whose file more than one recording has, without those to practice on.
pub(crate) async fn same_files(db: &Db) -> Result<Vec<SameRow>, DbError> {
    query::all(
        db,
        "SELECT sha256, id, name, request, options,
           (SELECT number FROM requests WHERE requests.id = r.request) AS request_number,
           EXISTS (SELECT 1 FROM reviews WHERE reviews.recording = r.id AND revision > 1)
             AS reviewed,
           EXISTS (SELECT 1 FROM releases WHERE releases.recording = r.id AND state = 'ready')
             AS released
         FROM recordings r WHERE removed_at IS NULL AND sha256 IN
           (SELECT sha256 FROM recordings WHERE removed_at IS NULL AND sha256 IS NOT NULL
              GROUP BY sha256 HAVING count(*) > 1)
           AND NOT EXISTS (SELECT 1 FROM requests q
             WHERE q.id = r.request AND q.practice IS NOT NULL) ORDER BY added_at"
            .to_owned(),
    )
    .await
}
