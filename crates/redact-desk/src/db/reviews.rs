//! Reviews and their revisions. Every save is a revision, and none is ever deleted.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// A review.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ReviewRow {
    pub(crate) id: Id,
    pub(crate) recording: Id,
    pub(crate) title: String,
    /// Digest of the policy.
    pub(crate) policy: String,
    pub(crate) revision: i64,
}

/// The review with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<ReviewRow> {
    let select = "SELECT id, recording, title, policy, revision FROM reviews";
    query::by_id(db, select, id).await
}

/// A review with its newest revision.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct HeadRow {
    #[sqlx(flatten)]
    pub(crate) review: ReviewRow,
    pub(crate) at: Millis,
    pub(crate) by: String,
}

const HEAD: &str = "SELECT reviews.id, recording, title, policy, reviews.revision, at, by
    FROM reviews JOIN revisions
      ON revisions.review = reviews.id AND revisions.revision = reviews.revision";

/// The reviews of one recording, or of all recordings of a request.
pub(crate) async fn heads(db: &Db, of: &Id) -> Result<Vec<HeadRow>, DbError> {
    let sql = format!(
        "{HEAD} WHERE recording IN (SELECT id FROM recordings WHERE id = ?1 OR request = ?1)
         ORDER BY created_at, reviews.id"
    );
    query::all_of(db, sql, of).await
}

/// Who saved a revision, and when.
///
/// # Errors
/// 404.
pub(crate) async fn saved(db: &Db, review: &Id, revision: i64) -> ApiResult<(Millis, String)> {
    sqlx::query_as("SELECT at, by FROM revisions WHERE review = ? AND revision = ?")
        .bind(review)
        .bind(revision)
        .fetch_optional(db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// Whether a recording has a review.
pub(crate) async fn has_any(db: &Db, recording: &Id) -> Result<bool, DbError> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM reviews WHERE recording = ?")
        .bind(recording)
        .fetch_one(db)
        .await?;
    Ok(count > 0)
}

/// Adds a review without revisions.
pub(crate) async fn insert(
    change: &mut Connection,
    row: &ReviewRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO reviews (id, recording, title, policy, revision, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.recording)
    .bind(&row.title)
    .bind(&row.policy)
    .bind(row.revision)
    .bind(now)
    .execute(change)
    .await
    .map(drop)
}

/// Makes a revision the newest one.
pub(crate) async fn set_revision(
    change: &mut Connection,
    review: &Id,
    revision: i64,
) -> Result<(), DbError> {
    let sql = "UPDATE reviews SET revision = ? WHERE id = ?";
    query::set(change, sql, revision, review).await
}

/// A revision as a list shows it.
#[derive(sqlx::FromRow)]
pub(crate) struct RevisionRow {
    pub(crate) revision: i64,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) undecided: i64,
}

/// All revisions of a review, oldest first; negative numbers are saves that lost a conflict.
pub(crate) async fn revisions(db: &Db, review: &Id) -> Result<Vec<RevisionRow>, DbError> {
    sqlx::query_as(
        "SELECT revision, at, by, undecided FROM revisions WHERE review = ? ORDER BY revision",
    )
    .bind(review)
    .fetch_all(db)
    .await
}

/// A revision's document, as JSON.
#[derive(sqlx::FromRow)]
pub(crate) struct DocumentRow {
    pub(crate) document: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
}

/// The document of one revision.
///
/// # Errors
/// 404.
pub(crate) async fn document(db: &Db, review: &Id, revision: i64) -> ApiResult<DocumentRow> {
    sqlx::query_as("SELECT document, at, by FROM revisions WHERE review = ? AND revision = ?")
        .bind(review)
        .bind(revision)
        .fetch_optional(db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// A revision to add.
pub(crate) struct NewRevision<'a> {
    pub(crate) review: &'a Id,
    pub(crate) revision: i64,
    pub(crate) by: &'a str,
    pub(crate) undecided: usize,
    /// As JSON.
    pub(crate) document: String,
    pub(crate) now: Millis,
}

/// Adds a revision.
pub(crate) async fn insert_revision(
    change: &mut Connection,
    revision: NewRevision<'_>,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO revisions (review, revision, at, by, undecided, document)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(revision.review)
    .bind(revision.revision)
    .bind(revision.now)
    .bind(revision.by)
    .bind(i64::try_from(revision.undecided).unwrap_or(i64::MAX))
    .bind(revision.document)
    .execute(change)
    .await
    .map(drop)
}

/// The lowest revision number of a review.
pub(crate) async fn lowest_revision(change: &mut Connection, review: &Id) -> Result<i64, DbError> {
    let (lowest,): (i64,) = sqlx::query_as("SELECT min(revision) FROM revisions WHERE review = ?")
        .bind(review)
        .fetch_one(change)
        .await?;
    Ok(lowest)
}
