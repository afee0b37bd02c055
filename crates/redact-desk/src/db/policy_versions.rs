//! Versions of policies that administrators propose and other people put into force.

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::time::Millis;

/// Whether a version counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, sqlx::Type)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum PolicyVersionState {
    /// It waits for a second person.
    Proposed,
    InForce,
    Refused,
    /// A later version is in force.
    Replaced,
}

/// A version of a policy.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PolicyVersionRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) digest: String,
    /// TOML.
    pub(crate) text: String,
    /// The digest of the version that was in force when it was proposed; empty: none was.
    pub(crate) before: String,
    /// What is changed and why.
    pub(crate) why: String,
    pub(crate) user: Id,
    pub(crate) by: String,
    pub(crate) at: Millis,
    pub(crate) state: PolicyVersionState,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<Millis>,
}

const ROW: &str = "SELECT id, name, digest, text, before, why, user, by, at, state, decided_by,
    decided_at FROM policy_versions";

/// The newest 200 versions, newest first.
pub(crate) async fn newest(db: &Db) -> Result<Vec<PolicyVersionRow>, DbError> {
    query::all(db, format!("{ROW} ORDER BY at DESC, rowid DESC LIMIT 200")).await
}

/// The versions that wait for a second person, oldest first.
pub(crate) async fn proposed(db: &Db) -> Result<Vec<PolicyVersionRow>, DbError> {
    let sql = format!("{ROW} WHERE state = 'proposed' ORDER BY at, rowid");
    query::all(db, sql).await
}

/// The versions that are in force.
pub(crate) async fn in_force(db: &Db) -> Result<Vec<PolicyVersionRow>, DbError> {
    query::all(db, format!("{ROW} WHERE state = 'in_force'")).await
}

/// One version.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<PolicyVersionRow> {
    query::by_id(db, ROW, id).await
}

/// Adds a version that is proposed.
///
/// # Errors
/// 409 if another version of the policy waits for a decision.
pub(crate) async fn insert(change: &mut Connection, row: &PolicyVersionRow) -> ApiResult<()> {
    let inserted = sqlx::query(
        "INSERT INTO policy_versions (id, name, digest, text, before, why, user, by, at, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(&row.digest)
    .bind(&row.text)
    .bind(&row.before)
    .bind(&row.why)
    .bind(&row.user)
    .bind(&row.by)
    .bind(row.at)
    .bind(row.state)
    .execute(change)
    .await;
    inserted.map(drop).map_err(|error| match taken(&error) {
        Some(_) => {
            let message = "Another version of this policy waits for a decision.";
            ApiError::conflict("conflict", message)
        }
        None => error.into(),
    })
}

/// Decides about a version that is proposed; `false` if somebody else did.
pub(crate) async fn decide(
    change: &mut Connection,
    row: &PolicyVersionRow,
    (state, by): (PolicyVersionState, &str),
    now: Millis,
) -> Result<bool, DbError> {
    if state == PolicyVersionState::InForce {
        sqlx::query(
            "UPDATE policy_versions SET state = 'replaced' WHERE name = ? AND state = 'in_force'",
        )
        .bind(&row.name)
        .execute(&mut *change)
        .await?;
    }
    let decided = sqlx::query(
        "UPDATE policy_versions SET state = ?, decided_by = ?, decided_at = ?
         WHERE id = ? AND state = 'proposed'",
    )
    .bind(state)
    .bind(by)
    .bind(now)
    .bind(&row.id)
    .execute(change)
    .await?;
    Ok(decided.rows_affected() == 1)
}
