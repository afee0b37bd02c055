//! Copies that were handed over, and who has an older version.

use super::app::Shared;
use crate::api_error::ApiResult;
use crate::db::{copies, releases};
use crate::domain::older_copies::{OlderCopy, Received, Version, older_copies};
use crate::id::Id;
use crate::model::ReleaseState;

/// Who has a release of the request that was replaced.
///
/// # Errors
/// Database errors.
pub(crate) async fn older(app: &Shared, request: &Id) -> ApiResult<Vec<OlderCopy>> {
    let releases = releases::of_request(&app.db, request).await?;
    let copies = copies::of_request(&app.db, request).await?;
    let versions: Vec<Version<'_>> = releases
        .iter()
        .map(|row| Version {
            id: &row.id,
            replaced_by: row.replaced_by.as_ref(),
            title: &row.title,
            recording_name: &row.recording_name,
            is_ready: row.state == ReleaseState::Ready,
        })
        .collect();
    let received: Vec<Received<'_>> = copies
        .iter()
        .map(|row| Received {
            release: &row.release,
            to: &row.recipient,
            medium: row.medium,
            at: row.at,
            by: &row.by,
            package: row.package.as_ref(),
        })
        .collect();
    Ok(older_copies(&versions, &received))
}
