//! Reviews that wait for a person: for their approval, or sent back to them.

use super::pool::{Db, DbError};
use super::query;
use crate::id::Id;

/// A review that waits for a person.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct WaitingRow {
    pub(crate) review: Id,
    pub(crate) title: String,
    pub(crate) recording: String,
    pub(crate) request: Id,
    pub(crate) number: String,
    pub(crate) due_on: String,
    /// Whether an approver is among those who approved.
    pub(crate) by_approver: bool,
}

/// The reviews whose newest revision has some approvals, not all, and none of this user's.
pub(crate) async fn waiting_for(db: &Db, user: &Id) -> Result<Vec<WaitingRow>, DbError> {
    let sql = "SELECT r.id AS review, r.title, c.name AS recording, q.id AS request, q.number,
          q.due_on, max(a.role = 'approver') AS by_approver
        FROM approvals a JOIN reviews r ON r.id = a.review AND r.revision = a.revision
          JOIN approved ON approved.review = r.id AND approved.whole = 0
          JOIN recordings c ON c.id = r.recording JOIN requests q ON q.id = c.request
        WHERE a.void = 0 AND q.closed = 0 AND q.practice IS NULL AND c.removed_at IS NULL
        GROUP BY r.id HAVING max(a.user = ?) = 0 ORDER BY q.due_on, q.number";
    query::all_of(db, sql.to_owned(), user).await
}

/// The reviews that were sent back and not handed in again, of requests assigned to this user.
pub(crate) async fn sent_back_to(db: &Db, user: &Id) -> Result<Vec<WaitingRow>, DbError> {
    let sql = "SELECT r.id AS review, r.title, c.name AS recording, q.id AS request, q.number,
          q.due_on, 0 AS by_approver
        FROM review_comments m JOIN reviews r ON r.id = m.review
          JOIN recordings c ON c.id = r.recording JOIN requests q ON q.id = c.request
        WHERE m.kind = 'sent_back' AND m.id IN (
            SELECT max(id) FROM review_comments WHERE kind IN ('sent_back', 'handed_in')
            GROUP BY review)
          AND NOT EXISTS (SELECT 1 FROM approvals a
            WHERE a.review = r.id AND a.revision = r.revision AND a.void = 0)
          AND q.closed = 0 AND q.practice IS NULL AND c.removed_at IS NULL
          AND q.assignee = ?
        ORDER BY q.due_on, q.number";
    query::all_of(db, sql.to_owned(), user).await
}
