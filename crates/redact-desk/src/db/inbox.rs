//! Reviews that wait for a person: for their approval, or sent back to them; and what of the inbox
//! the person has seen.

use std::collections::HashSet;

use super::pool::{Connection, Db, DbError};
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
    pub(crate) revision: i64,
    /// Whether an approver is among those who approved.
    pub(crate) by_approver: bool,
}

/// The reviews whose newest revision has some approvals, not all, and none of this user's.
pub(crate) async fn waiting_for(db: &Db, user: &Id) -> Result<Vec<WaitingRow>, DbError> {
    let sql = "SELECT r.id AS review, r.title, c.name AS recording, q.id AS request, q.number,
          r.revision, max(a.role = 'approver') AS by_approver
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
          r.revision, 0 AS by_approver
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

/// The keys of the items that a person has seen.
pub(crate) async fn seen(db: &Db, user: &Id) -> Result<HashSet<String>, DbError> {
    let sql = "SELECT item FROM inbox_seen WHERE user = ?".to_owned();
    let rows: Vec<(String,)> = query::all_of(db, sql, user).await?;
    Ok(rows.into_iter().map(|(item,)| item).collect())
}

/// Replaces the keys of the items that a person has seen.
pub(crate) async fn set_seen<'a>(
    change: &mut Connection,
    user: &Id,
    items: impl Iterator<Item = &'a String>,
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM inbox_seen WHERE user = ?")
        .bind(user)
        .execute(&mut *change)
        .await?;
    for item in items {
        sqlx::query("INSERT OR IGNORE INTO inbox_seen (user, item) VALUES (?, ?)")
            .bind(user)
            .bind(item)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}
