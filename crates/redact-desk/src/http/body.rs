//! Request bodies, queries and errors.

use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::api_error::{ApiError, ApiResult, Status, too_large};
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::sessions::signed_out;

/// The largest JSON body, except for reviews.
const BODY_BYTES_MAX: usize = 256 << 10;

/// The largest review: enough for 500 tracks drawn by hand in every frame of an hour.
const REVIEW_BYTES_MAX: usize = 64 << 20;

/// Time limits for a body, and for a review.
const BODY_WITHIN: Duration = Duration::from_secs(30);

const REVIEW_WITHIN: Duration = Duration::from_secs(300);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, body) = self.into_parts();
        let status = StatusCode::from_u16(status as u16);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, axum::Json(body)).into_response()
    }
}

/// A JSON body of limited size. The type must refuse unknown keys.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_json(request, BODY_BYTES_MAX, BODY_WITHIN)
            .await
            .map(Self)
    }
}

/// A review's JSON body.
pub(crate) struct LargeBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for LargeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read_json(request, REVIEW_BYTES_MAX, REVIEW_WITHIN)
            .await
            .map(Self)
    }
}

async fn read_json<T: DeserializeOwned>(
    request: Request,
    max: usize,
    within: Duration,
) -> ApiResult<T> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_json = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        });
    if !is_json {
        return Err(ApiError::new(
            Status::UnsupportedMediaType,
            "unsupported_media_type",
            "The request must have Content-Type: application/json.",
        ));
    }
    let read = axum::body::to_bytes(request.into_body(), max);
    let bytes = tokio::time::timeout(within, read)
        .await
        .map_err(|_| too_slow())?
        .map_err(|_| too_large())?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|refused| {
        let path = refused.path().to_string();
        ApiError::field(path, refused.into_inner().to_string())
    })?;
    reader
        .end()
        .map_err(|refused| ApiError::field(".", refused.to_string()))?;
    Ok(value)
}

/// The body did not arrive in time.
fn too_slow() -> ApiError {
    let message = "The request took too long to arrive.";
    ApiError::new(Status::RequestTimeout, "too_slow", message)
}

/// Query parameters. The type must refuse unknown keys.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        match read {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refused) => Err(ApiError::field("query", refused.body_text())),
        }
    }
}

/// Set by the guard. A route without a guard has no signed-in user.
impl<S: Send + Sync> FromRequestParts<S> for SessionUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(signed_out)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let info = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
        Ok(Self(info.map(|info| info.0.ip().to_canonical())))
    }
}
