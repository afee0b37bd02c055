//! What an order of a court closes: nobody but the people whom it names sees it.

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::sealings::{self, Closed};
use crate::id::Id;
use crate::model::SessionUser;

fn closed() -> ApiError {
    let message =
        "A court order restricts access to this. Only the people whom it names may see it.";
    ApiError::new(Status::Forbidden, "sealed", message)
        .hint("The list of orders says which court made it, and under which number.")
}

/// Refuses what an order closes to the user. `kind`: its place in the API, such as `recordings`.
///
/// # Errors
/// 403 `sealed`.
pub(crate) async fn check(app: &Shared, who: &SessionUser, kind: &str, id: &Id) -> ApiResult<()> {
    if sealings::closes(&app.db, kind, id, &who.id).await? {
        return Err(closed());
    }
    Ok(())
}

/// Refuses to move or copy what an order closes: what it closes is found by where it is.
///
/// # Errors
/// 409 `sealed`.
pub(crate) async fn check_open_to_all(app: &Shared, recording: &Id) -> ApiResult<()> {
    if !sealings::covers(&app.db, recording).await? {
        return Ok(());
    }
    let message =
        "A court order restricts access to this recording, so it cannot be moved or added again.";
    Err(ApiError::conflict("sealed", message))
}

/// Refuses to move a recording into a request that an order closes: a restore of an older backup
/// would not know that the order covers it.
///
/// # Errors
/// 409 `sealed`.
pub(crate) async fn check_request_open_to_all(app: &Shared, request: &Id) -> ApiResult<()> {
    if !sealings::covers_request(&app.db, request).await? {
        return Ok(());
    }
    let message =
        "A court order restricts access to that request, so nothing can be moved into it.";
    Err(ApiError::conflict("sealed", message))
}

/// What orders close to the user, for lists.
///
/// # Errors
/// Database errors.
pub(crate) async fn closed_to(app: &Shared, who: &SessionUser) -> ApiResult<Closed> {
    Ok(sealings::closed_to(&app.db, &who.id).await?)
}
