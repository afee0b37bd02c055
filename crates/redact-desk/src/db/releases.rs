//! Releases.

use sqlx::SqliteExecutor;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::ReleaseState;
use crate::time::Millis;

/// A release.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ReleaseRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) recording: Id,
    pub(crate) review: Id,
    pub(crate) revision: i64,
    pub(crate) title: String,
    pub(crate) policy_name: String,
    /// The stem of its file names.
    pub(crate) stem: String,
    /// Its approvals as the API returns them, as JSON.
    pub(crate) approvals: String,
    pub(crate) state: ReleaseState,
    /// The verdict, as JSON.
    pub(crate) verdict: Option<String>,
    pub(crate) made_at: Option<Millis>,
    pub(crate) checked_at: Option<Millis>,
    pub(crate) replaces: Option<Id>,
    pub(crate) why: String,
    /// What of the recording it shows, as JSON; `None`: all of it.
    pub(crate) excerpt: Option<String>,
    /// The release that replaced it.
    pub(crate) replaced_by: Option<Id>,
    pub(crate) request_number: String,
    pub(crate) recording_name: String,
    pub(crate) copies: i64,
    /// Whether it is of a practice request.
    pub(crate) practice: bool,
    /// Whether its review was reopened or sent back since.
    pub(crate) reopened: bool,
    pub(crate) request_closed: bool,
}

const ROW: &str = "SELECT id, request, recording, review, revision, title, policy_name, stem,
    approvals, state, verdict, made_at, checked_at, replaces, why, excerpt,
    (SELECT newer.id FROM releases newer WHERE newer.replaces = releases.id
       AND newer.state != 'failed') AS replaced_by,
    (SELECT number FROM requests WHERE requests.id = releases.request) AS request_number,
    (SELECT name FROM recordings WHERE recordings.id = releases.recording) AS recording_name,
    (SELECT count(*) FROM received WHERE received.release = releases.id) AS copies,
    (SELECT practice IS NOT NULL FROM requests WHERE requests.id = releases.request) AS practice,
    EXISTS (SELECT 1 FROM reopened WHERE reopened.release = releases.id) AS reopened,
    (SELECT closed FROM requests WHERE requests.id = releases.request) AS request_closed
    FROM releases";

/// The release with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<ReleaseRow> {
    query::by_id(db, ROW, id).await
}

/// The releases of a request, oldest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<ReleaseRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY created_at");
    query::all_of(db, sql, request).await
}

/// Releases of practice requests are in no list of the office.
const REAL: &str = "request NOT IN (SELECT id FROM requests WHERE practice IS NOT NULL)";

/// The newest 1000 releases, newest first.
pub(crate) async fn newest(db: &Db) -> Result<Vec<ReleaseRow>, DbError> {
    query::all(
        db,
        format!("{ROW} WHERE {REAL} ORDER BY created_at DESC LIMIT 1000"),
    )
    .await
}

/// All finished releases whose files are there, newest first.
pub(crate) async fn made(db: &Db) -> Result<Vec<ReleaseRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE made_at IS NOT NULL AND disposed_at IS NULL AND {REAL} ORDER BY made_at DESC"
    );
    query::all(db, sql).await
}

/// A release as another release of its recording lists it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LinkRow {
    pub(crate) id: Id,
    pub(crate) title: String,
    pub(crate) policy_name: String,
    pub(crate) state: ReleaseState,
    pub(crate) created_at: Millis,
    /// `None` until it was rendered.
    pub(crate) made_at: Option<Millis>,
    pub(crate) why: String,
    pub(crate) replaces: Option<Id>,
}

/// All releases of a recording, oldest first.
pub(crate) async fn of_recording(db: &Db, recording: &Id) -> Result<Vec<LinkRow>, DbError> {
    sqlx::query_as(
        "SELECT id, title, policy_name, state, created_at, made_at, why, replaces FROM releases
         WHERE recording = ? ORDER BY created_at, rowid",
    )
    .bind(recording)
    .fetch_all(db)
    .await
}

/// The number of copies of a recording's releases that were handed over.
pub(crate) async fn recipients(db: &Db, recording: &Id) -> Result<i64, DbError> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM received JOIN releases ON releases.id = received.release
         WHERE recording = ?",
    )
    .bind(recording)
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// A release to add.
pub(crate) struct NewRelease<'a> {
    pub(crate) id: &'a Id,
    pub(crate) request: &'a Id,
    pub(crate) recording: &'a Id,
    pub(crate) review: &'a Id,
    pub(crate) revision: i64,
    pub(crate) title: &'a str,
    pub(crate) policy_name: &'a str,
    pub(crate) stem: String,
    pub(crate) approvals: String,
    pub(crate) replaces: Option<&'a Id>,
    pub(crate) why: &'a str,
    pub(crate) excerpt: Option<String>,
    pub(crate) now: Millis,
}

/// Adds a release, to be rendered.
pub(crate) async fn insert(
    change: &mut Connection,
    release: NewRelease<'_>,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO releases (id, request, recording, review, revision, title, policy_name, stem,
         approvals, state, created_at, replaces, why, excerpt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'rendering', ?, ?, ?, ?)",
    )
    .bind(release.id)
    .bind(release.request)
    .bind(release.recording)
    .bind(release.review)
    .bind(release.revision)
    .bind(release.title)
    .bind(release.policy_name)
    .bind(release.stem)
    .bind(release.approvals)
    .bind(release.now)
    .bind(release.replaces)
    .bind(release.why)
    .bind(release.excerpt)
    .execute(change)
    .await
    .map(drop)
}

/// Sets a release's state.
pub(crate) async fn set_state(
    db: impl SqliteExecutor<'_>,
    id: &Id,
    state: ReleaseState,
) -> Result<(), DbError> {
    query::set(db, "UPDATE releases SET state = ? WHERE id = ?", state, id).await
}

/// Records that a release was rendered and is being verified.
pub(crate) async fn set_made(change: &mut Connection, id: &Id, now: Millis) -> Result<(), DbError> {
    let sql = "UPDATE releases SET state = 'verifying', made_at = ? WHERE id = ?";
    query::set(change, sql, now, id).await
}

/// Stores a verdict, as JSON.
pub(crate) async fn set_verdict(
    change: &mut Connection,
    id: &Id,
    (state, verdict): (ReleaseState, String),
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query("UPDATE releases SET state = ?, verdict = ?, checked_at = ? WHERE id = ?")
        .bind(state)
        .bind(verdict)
        .bind(now)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}
