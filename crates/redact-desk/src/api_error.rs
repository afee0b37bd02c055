//! Results of requests and jobs: a value, or an error that tells a person what to do.

use serde::Serialize;
use serde_json::{Value, json};

/// A value, or the error that is sent instead.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// HTTP status codes of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Status {
    BadRequest = 400,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    RequestTimeout = 408,
    Conflict = 409,
    PayloadTooLarge = 413,
    UnsupportedMediaType = 415,
    RangeNotSatisfiable = 416,
    MisdirectedRequest = 421,
    UnprocessableEntity = 422,
    TooManyRequests = 429,
    InternalServerError = 500,
    ServiceUnavailable = 503,
}

/// An error as defined in `API.md`.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: Status,
    code: &'static str,
    message: String,
    hint: Option<String>,
    field: Option<String>,
    // Boxed: most functions here return this type, so it should be small.
    details: Option<Box<Value>>,
}

impl ApiError {
    pub(crate) fn new(status: Status, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: None,
            field: None,
            details: None,
        }
    }

    /// An invalid value.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut error = Self::new(Status::BadRequest, "malformed", message);
        error.field = Some(field.into());
        error
    }

    /// Does not exist, or is hidden from this user.
    pub(crate) fn not_found() -> Self {
        Self::new(Status::NotFound, "not_found", "Not found.")
    }

    /// The current state does not allow it.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Status::Conflict, code, message)
    }

    /// A valid request that a rule of the plan or policy forbids.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Status::UnprocessableEntity, code, message)
    }

    /// An internal error. The cause goes to the log, not to the page.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!("desk: {cause}");
        Self::new(
            Status::InternalServerError,
            "internal",
            "Internal error. Details are in the server log.",
        )
    }

    /// Its code.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// Whether it has this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The message, for a page that shows it among other things.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, if that is known.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether it is about this field.
    pub(crate) fn is_about(&self, field: &str) -> bool {
        self.field.as_deref() == Some(field)
    }

    /// The field beside which it is shown.
    pub(crate) fn about(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
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

impl ApiError {
    /// The status and the body as defined in `API.md`.
    pub(crate) fn into_parts(self) -> (Status, Value) {
        let mut error = json!({ "code": self.code, "message": self.message });
        for (key, value) in [("hint", self.hint), ("field", self.field)] {
            if let Some(value) = value {
                error[key] = value.into();
            }
        }
        if let Some(details) = self.details {
            error["details"] = *details;
        }
        (self.status, json!({ "error": error }))
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            tracing::error!("desk: {error}");
            return Self::new(
                Status::ServiceUnavailable,
                "busy",
                "The server's disk is full.",
            )
            .hint("Ask your system administrator to free disk space. Nothing was lost.");
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
        Self::internal(&redact_core::error::with_causes(&error))
    }
}

/// The request is larger than the limit.
pub(crate) fn too_large() -> ApiError {
    ApiError::new(
        Status::PayloadTooLarge,
        "too_large",
        "The upload or request is larger than the server accepts.",
    )
}

/// Text of 1 to `max` characters without control characters, trimmed.
pub(crate) fn text(field: &'static str, given: &str, max: usize) -> ApiResult<String> {
    let trimmed = given.trim();
    if trimmed.is_empty() {
        return Err(ApiError::field(field, format!("{field} is required.")));
    }
    optional_text(field, trimmed, max)
}

/// The same, but the text may be empty.
pub(crate) fn optional_text(field: &'static str, given: &str, max: usize) -> ApiResult<String> {
    let trimmed = given.trim();
    if trimmed.chars().count() > max {
        let message = format!("{field} is longer than {max} characters.");
        return Err(ApiError::field(field, message));
    }
    if trimmed
        .chars()
        .any(|c| redact_record::is_invisible(c) && c != '\n')
    {
        return Err(ApiError::field(
            field,
            format!("{field} contains control or text-direction characters."),
        ));
    }
    Ok(trimmed.to_owned())
}

/// A message as a sentence: with a capital letter and a period.
pub(crate) fn sentence(message: &dyn std::fmt::Display) -> String {
    let mut text = message.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
