//! Closed requests: what they refuse until somebody reopens them.

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult};
use crate::db::requests;
use crate::id::Id;

/// Refuses changes of a closed request: its recordings are evidence of how it was decided.
///
/// # Errors
/// 404; 409 `closed`.
pub(crate) async fn check_open(app: &Shared, id: &Id) -> ApiResult<()> {
    if requests::is_closed(&app.db, id).await? {
        return Err(ApiError::conflict("closed", "The request is closed.")
            .hint("Reopen the request first."));
    }
    Ok(())
}
