//! Policies that reviews were made with, by digest. They outlive their files.

use std::collections::HashMap;

use super::pool::{Db, DbError};
use crate::api_error::{ApiError, ApiResult};

/// A policy: the JSON for the page, and its text.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PolicyRow {
    pub(crate) digest: String,
    pub(crate) policy: String,
    pub(crate) rules: String,
}

/// Stores a policy.
pub(crate) async fn store(db: &Db, row: &PolicyRow) -> Result<(), DbError> {
    sqlx::query("INSERT OR REPLACE INTO policies (digest, policy, rules) VALUES (?, ?, ?)")
        .bind(&row.digest)
        .bind(&row.policy)
        .bind(&row.rules)
        .execute(db)
        .await
        .map(drop)
}

/// The policy with that digest.
///
/// # Errors
/// 404.
pub(crate) async fn find(db: &Db, digest: &str) -> ApiResult<PolicyRow> {
    sqlx::query_as("SELECT digest, policy, rules FROM policies WHERE digest = ?")
        .bind(digest)
        .fetch_optional(db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// All policies, by digest. An office has a handful.
pub(crate) async fn all(db: &Db) -> Result<HashMap<String, PolicyRow>, DbError> {
    let rows: Vec<PolicyRow> = sqlx::query_as("SELECT digest, policy, rules FROM policies")
        .fetch_all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.digest.clone(), row))
        .collect())
}
