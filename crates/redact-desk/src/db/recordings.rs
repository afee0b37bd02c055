//! Recordings.

use redact_core::Digest;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
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
}

const ROW: &str = "SELECT id, request, name, bytes, added_at, added_by, sha256, media,
    lost_sound_by, options, options_by FROM recordings";

/// The recording with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<RecordingRow> {
    query::by_id(db, ROW, id).await
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
        "UPDATE recordings SET options = ?, options_by = ?, media = NULL, sha256 = NULL
         WHERE id = ?",
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
        sqlx::query_as("SELECT sha256 FROM recordings WHERE id = ?")
            .bind(id)
            .fetch_optional(db)
            .await?;
    Ok(found.and_then(|(text,)| Digest::from_hex(&text?)))
}
