//! Policies that reviews were made with.

use std::collections::HashMap;

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::db::policies::{self, PolicyRow};
use crate::db::pool::Db;
use crate::db::requests;
use crate::domain::law::Law;
use crate::domain::policy::{Policies, Policy};
use crate::error::DeskError;
use crate::id::Id;

/// Stores all policies for later reviews.
///
/// # Errors
/// [`DeskError::Database`].
pub(crate) async fn store(db: &Db, all: &Policies) -> Result<(), DeskError> {
    for known in all.all() {
        let policy = &known.1;
        let row = PolicyRow {
            digest: policy.head.digest.clone(),
            policy: serde_json::to_string(policy).unwrap_or_default(),
            rules: policy.rules.clone(),
        };
        policies::store(db, &row).await?;
    }
    Ok(())
}

/// `policy` under the law of a recording's request: with that law's reasons.
///
/// # Errors
/// 404 if there is no such recording.
pub(crate) async fn under_law(app: &Shared, policy: Policy, recording: &Id) -> ApiResult<Policy> {
    let key = requests::law_of_recording(&app.db, recording).await?;
    let law = (!key.trim().is_empty()).then(|| Law {
        title: app.statutes.title(&key).to_owned(),
        key,
        covered: false,
    });
    Ok(policy.under(law, &app.law_sets))
}

/// The policy that a review was made with.
///
/// # Errors
/// 404.
pub(crate) async fn stored(db: &Db, digest: &str) -> ApiResult<Policy> {
    let row = policies::find(db, digest).await?;
    Policy::stored(&row.policy, row.rules)
}

/// Every policy that a review was made with, by digest.
///
/// # Errors
/// Database errors.
pub(crate) async fn all_stored(db: &Db) -> ApiResult<HashMap<String, Policy>> {
    let rows = policies::all(db).await?;
    let pair =
        |(digest, row): (String, PolicyRow)| Ok((digest, Policy::stored(&row.policy, row.rules)?));
    rows.into_iter().map(pair).collect()
}
