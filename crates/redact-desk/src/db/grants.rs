//! Access that administrators grant, and whether a second administrator has confirmed it.

use super::pool::{Connection, Db, DbError};
use crate::id::Id;
use crate::model::{GrantAction, GrantState, Role};
use crate::time::Millis;

/// A grant that needs a second administrator.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct GrantRow {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) action: GrantAction,
    pub(crate) role: Role,
    pub(crate) by: Id,
    pub(crate) by_name: String,
    pub(crate) at: Millis,
}

const WAITING: &str = "SELECT grants.id, grants.user, action, grants.role, by,
    users.name AS by_name, at FROM grants JOIN users ON users.id = grants.by
    WHERE state = 'waiting'";

/// The grant for a user that needs a second administrator.
pub(crate) async fn waiting(db: &Db, user: &Id) -> Result<Option<GrantRow>, DbError> {
    let sql = format!("{WAITING} AND grants.user = ?");
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(user)
        .fetch_optional(db)
        .await
}

/// All grants that need a second administrator; at most one per user.
pub(crate) async fn all_waiting(db: &Db) -> Result<Vec<GrantRow>, DbError> {
    sqlx::query_as(WAITING).fetch_all(db).await
}

/// A grant to add.
pub(crate) struct NewGrant<'a> {
    pub(crate) user: &'a Id,
    pub(crate) action: GrantAction,
    pub(crate) role: Role,
    pub(crate) by: &'a Id,
    pub(crate) at: Millis,
    pub(crate) state: GrantState,
}

/// Adds a grant, replacing one for the same user that is still waiting. Another name replaces none:
/// it gives no access.
pub(crate) async fn insert(change: &mut Connection, grant: NewGrant<'_>) -> Result<(), DbError> {
    if grant.action != GrantAction::Rename {
        sqlx::query("UPDATE grants SET state = 'refused' WHERE user = ? AND state = 'waiting'")
            .bind(grant.user)
            .execute(&mut *change)
            .await?;
    }
    sqlx::query(
        "INSERT INTO grants (id, user, action, role, by, at, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(Id::random())
    .bind(grant.user)
    .bind(grant.action)
    .bind(grant.role)
    .bind(grant.by)
    .bind(grant.at)
    .bind(grant.state)
    .execute(change)
    .await
    .map(drop)
}

/// Decides about a waiting grant; `false` if it was already decided.
pub(crate) async fn decide(
    change: &mut Connection,
    grant: &Id,
    (state, by): (GrantState, &Id),
    now: Millis,
) -> Result<bool, DbError> {
    let decided = sqlx::query(
        "UPDATE grants SET state = ?, second = ?, decided_at = ? WHERE id = ? AND state = 'waiting'",
    )
    .bind(state)
    .bind(by)
    .bind(now)
    .bind(grant)
    .execute(change)
    .await?;
    Ok(decided.rows_affected() == 1)
}

/// A grant that one administrator made alone.
#[derive(sqlx::FromRow)]
pub(crate) struct NoticeRow {
    pub(crate) id: Id,
    pub(crate) action: GrantAction,
    pub(crate) role: Role,
    pub(crate) by_name: String,
    pub(crate) about: String,
    /// The name before, if the grant is another name.
    pub(crate) formerly: Option<String>,
    pub(crate) at: Millis,
}

/// Grants made alone after `after` that `user` has not dismissed, newest first, with the names of
/// then.
pub(crate) async fn notices(db: &Db, after: Millis, user: &Id) -> Result<Vec<NoticeRow>, DbError> {
    sqlx::query_as(
        "SELECT grants.id, action, grants.role, at,
           coalesce((SELECT name FROM former_names WHERE user = grants.by AND until > at
             ORDER BY until LIMIT 1), maker.name) AS by_name,
           coalesce((SELECT name FROM former_names WHERE user = grants.user AND until > at
             ORDER BY until LIMIT 1), about.name) AS about,
           (SELECT name FROM former_names WHERE user = grants.user AND until = at
             AND action = 'rename' LIMIT 1) AS formerly
         FROM grants
         JOIN users maker ON maker.id = grants.by JOIN users about ON about.id = grants.user
         WHERE state = 'alone' AND at > ? AND NOT EXISTS (SELECT 1 FROM notices_dismissed
           WHERE notice = grants.id AND notices_dismissed.user = ?)
         ORDER BY at DESC, grants.rowid DESC LIMIT 100",
    )
    .bind(after)
    .bind(user)
    .fetch_all(db)
    .await
}

/// Records that a user has read a notice; `false` if there is no such notice.
pub(crate) async fn dismiss(db: &Db, notice: &Id, user: &Id) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT OR IGNORE INTO notices_dismissed (notice, user) SELECT id, ? FROM grants
         WHERE id = ? AND state = 'alone'",
    )
    .bind(user)
    .bind(notice)
    .execute(db)
    .await?;
    let known: Option<(Id,)> = sqlx::query_as("SELECT id FROM grants WHERE id = ?")
        .bind(notice)
        .fetch_optional(db)
        .await?;
    Ok(done.rows_affected() > 0 || known.is_some())
}
