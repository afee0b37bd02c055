//! What a handler answers: JSON, or an error that a person can act on.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The largest JSON body but a review's.
const BODY_BYTES_MAX: usize = 256 << 10;

/// The largest review: 500 tracks drawn by hand in every frame of an hour are less.
pub(crate) const REVIEW_BYTES_MAX: usize = 64 << 20;

/// A body has to be there within this time, and a review within that.
const BODY_WITHIN: Duration = Duration::from_secs(30);
const REVIEW_WITHIN: Duration = Duration::from_secs(300);

/// What every handler gives.
pub(crate) type Answer<T> = Result<T, ApiError>;

/// An error as `API.md` spells it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: Option<String>,
    field: Option<String>,
    // Boxed: an error is an answer of most functions here, and should be small.
    details: Option<Box<Value>>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: None,
            field: None,
            details: None,
        }
    }

    /// A value that cannot be taken.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "malformed", message);
        error.field = Some(field.into());
        error
    }

    /// Nothing of that name, or not for this person.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found.")
    }

    /// The state does not allow it.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Understood, and a rule of the record forbids it.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// Something of ours went wrong; the cause goes to the log, not to the page.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!("desk: {cause}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on the server; its log says what.",
        )
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(details).ok().map(Box::new);
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        for (key, value) in [("hint", self.hint), ("field", self.field)] {
            if let Some(value) = value {
                error[key] = value.into();
            }
        }
        if let Some(details) = self.details {
            error["details"] = *details;
        }
        (self.status, axum::Json(json!({ "error": error }))).into_response()
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&format!("database: {error}"))
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            tracing::error!("desk: {error}");
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The server's disk is full.",
            )
            .hint("Ask whoever runs the server to free some space; nothing was lost.");
        }
        Self::internal(&error)
    }
}

impl From<tokio::task::JoinError> for ApiError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

impl From<redact_record::RecordError> for ApiError {
    fn from(error: redact_record::RecordError) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self::internal(&text)
    }
}

/// A JSON body of bounded size; unknown keys are for the type to refuse.
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
) -> Answer<T> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_json = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        });
    if !is_json {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The request must say Content-Type: application/json.",
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

/// A body that did not come in time.
fn too_slow() -> ApiError {
    let message = "The request took too long to arrive.";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message)
}

/// More bytes than are taken.
pub(crate) fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "That is more than the server takes.",
    )
}

/// Query parameters; unknown keys are for the type to refuse.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> axum::extract::FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        match read {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refused) => Err(ApiError::field("query", refused.body_text())),
        }
    }
}

/// Text of 1 to `max` characters without control characters, trimmed.
pub(crate) fn text(field: &'static str, given: &str, max: usize) -> Answer<String> {
    let trimmed = given.trim();
    if trimmed.is_empty() {
        return Err(ApiError::field(field, format!("{field} is empty.")));
    }
    optional_text(field, trimmed, max)
}

/// The same, may be empty.
pub(crate) fn optional_text(field: &'static str, given: &str, max: usize) -> Answer<String> {
    let trimmed = given.trim();
    if trimmed.chars().count() > max {
        let message = format!("{field} has more than {max} characters.");
        return Err(ApiError::field(field, message));
    }
    if trimmed
        .chars()
        .any(|c| redact_record::is_unseen(c) && c != '\n')
    {
        return Err(ApiError::field(
            field,
            format!("{field} has control characters, or some that turn text."),
        ));
    }
    Ok(trimmed.to_owned())
}
