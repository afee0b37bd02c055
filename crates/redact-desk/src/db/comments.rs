//! Comments on reviews, oldest first. None is ever changed or deleted.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::id::Id;
use crate::model::{CommentKind, Role};
use crate::time::Millis;

/// A comment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct CommentRow {
    pub(crate) review: Id,
    pub(crate) revision: i64,
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) at: Millis,
    pub(crate) kind: CommentKind,
    pub(crate) text: String,
    /// The track or region that it is about.
    pub(crate) item: Option<String>,
}

const ROW: &str = "SELECT review, revision, user, name, role, at, kind, text, item
    FROM review_comments";

/// Adds a comment.
pub(crate) async fn insert(change: &mut Connection, row: &CommentRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO review_comments (review, revision, user, name, role, at, kind, text, item)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.review)
    .bind(row.revision)
    .bind(&row.user)
    .bind(&row.name)
    .bind(row.role)
    .bind(row.at)
    .bind(row.kind)
    .bind(&row.text)
    .bind(&row.item)
    .execute(change)
    .await
    .map(drop)
}

/// All comments on a review, oldest first.
pub(crate) async fn of(db: &Db, review: &Id) -> Result<Vec<CommentRow>, DbError> {
    let sql = format!("{ROW} WHERE review = ? ORDER BY id");
    query::all_of(db, sql, review).await
}

/// Why reviews are sent back and not handed in again: of a review, of one recording's reviews, or
/// of all reviews of a request.
pub(crate) async fn sent_back(db: &Db, of: &Id) -> Result<HashMap<Id, CommentRow>, DbError> {
    let sql = format!(
        "{ROW} WHERE kind = 'sent_back' AND id IN (
           SELECT max(id) FROM review_comments WHERE kind IN ('sent_back', 'handed_in')
           GROUP BY review)
         AND review IN (SELECT reviews.id FROM reviews
           JOIN recordings ON recordings.id = reviews.recording
           WHERE reviews.id = ?1 OR recordings.id = ?1 OR recordings.request = ?1)"
    );
    let rows = query::all_of(db, sql, of).await?;
    Ok(query::by_key(rows, |row: &CommentRow| {
        Some(row.review.clone())
    }))
}
