//! Under which name a browser reached the desk, for passkeys.

use axum::http::{HeaderMap, header};

use crate::api_error::ApiResult;
use crate::service::app::Shared;
use crate::service::passkeys::{Place, needs_host_name};

/// The place of a request, if it was reached by name.
pub(super) fn place(app: &Shared, headers: &HeaderMap) -> Option<Place> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Place::of(host, app.options.tls)
}

/// The same.
///
/// # Errors
/// 422 `needs_host_name` if it was reached by an address.
pub(super) fn named_place(app: &Shared, headers: &HeaderMap) -> ApiResult<Place> {
    place(app, headers).ok_or_else(needs_host_name)
}
