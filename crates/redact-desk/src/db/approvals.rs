//! Approvals. `void` is 1 if the review was changed or the approval withdrawn, 2 if the approver's
//! account was changed.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use super::reviews::ReviewRow;
use crate::id::Id;
use crate::model::Role;

/// An approval.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ApprovalRow {
    pub(crate) review: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) at_nanos: i64,
    pub(crate) statement: String,
    /// SHA-256 of the plan's content.
    pub(crate) content: String,
    pub(crate) signature: Option<String>,
    /// Whether it is in a practice request, where everybody's approval counts.
    pub(crate) practice: bool,
}

const ROW: &str = "SELECT approvals.review, user, name, role, at_nanos, statement, content,
    signature, EXISTS (SELECT 1 FROM reviews v JOIN recordings c ON c.id = v.recording
      JOIN requests q ON q.id = c.request
      WHERE v.id = approvals.review AND q.practice IS NOT NULL) AS practice FROM approvals";

/// The valid approvals of a revision, oldest first.
pub(crate) async fn of(db: &Db, review: &ReviewRow) -> Result<Vec<ApprovalRow>, DbError> {
    let sql = format!("{ROW} WHERE review = ? AND revision = ? AND void = 0 ORDER BY id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&review.id)
        .bind(review.revision)
        .fetch_all(db)
        .await
}

/// The valid approvals of the newest revisions, by review and oldest first: of one recording's
/// reviews, or of all reviews of a request.
pub(crate) async fn by_review(db: &Db, of: &Id) -> Result<HashMap<Id, Vec<ApprovalRow>>, DbError> {
    let sql = format!(
        "{ROW} JOIN reviews
           ON reviews.id = approvals.review AND reviews.revision = approvals.revision
         WHERE void = 0 AND reviews.recording IN
           (SELECT id FROM recordings WHERE id = ?1 OR request = ?1) ORDER BY approvals.id"
    );
    let rows = query::all_of(db, sql, of).await?;
    Ok(query::groups(rows, |row: &ApprovalRow| {
        Some(row.review.clone())
    }))
}

/// Adds an approval of a revision.
pub(crate) async fn insert(
    change: &mut Connection,
    review: &ReviewRow,
    approval: &ApprovalRow,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO approvals (review, revision, user, name, role, at_nanos, statement, content,
         signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&review.id)
    .bind(review.revision)
    .bind(&approval.user)
    .bind(&approval.name)
    .bind(approval.role)
    .bind(approval.at_nanos)
    .bind(&approval.statement)
    .bind(&approval.content)
    .bind(&approval.signature)
    .execute(change)
    .await
    .map(drop)
}

/// Voids the approvals of a review and returns how many were valid.
pub(crate) async fn void(change: &mut Connection, review: &Id) -> Result<u64, DbError> {
    let valid = "UPDATE approvals SET void = 1 WHERE review = ? AND void = 0";
    let voided = sqlx::query(valid)
        .bind(review)
        .execute(&mut *change)
        .await?;
    // Also those of people whose account was changed: what was rendered from them does not stand.
    query::set(
        change,
        "UPDATE approvals SET void = ? WHERE review = ? AND void = 2",
        1,
        review,
    )
    .await?;
    Ok(voided.rows_affected())
}

/// Voids a user's approvals because the account was changed, and returns the reviews.
pub(crate) async fn void_of_person(change: &mut Connection, user: &Id) -> Result<Vec<Id>, DbError> {
    let reviews: Vec<(Id,)> = sqlx::query_as(
        "UPDATE approvals SET void = 2 WHERE user = ? AND void = 0 RETURNING review",
    )
    .bind(user)
    .fetch_all(change)
    .await?;
    Ok(reviews.into_iter().map(|(review,)| review).collect())
}

/// Names and times of a revision's approvals that count no longer: the review was reopened or sent
/// back, or an account was changed.
pub(crate) async fn revoked(
    db: &Db,
    review: &Id,
    revision: i64,
) -> Result<Vec<(String, i64)>, DbError> {
    sqlx::query_as(
        "SELECT name, at_nanos FROM approvals WHERE review = ? AND revision = ? AND void > 0",
    )
    .bind(review)
    .bind(revision)
    .fetch_all(db)
    .await
}
