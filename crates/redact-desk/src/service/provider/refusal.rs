//! What a person is told when the provider cannot be asked or its answer is not valid.

use crate::api_error::{ApiError, Status};

/// The provider could not be asked.
pub(super) fn down(title: &str, why: &dyn std::fmt::Display) -> ApiError {
    tracing::warn!("desk: the identity provider: {why}");
    let message = format!("{title} does not respond.");
    ApiError::new(Status::ServiceUnavailable, "provider_down", message)
        .hint("Sign in with your password, or try again later.")
}

/// The provider's answer is not valid.
pub(super) fn refused(title: &str, why: &dyn std::fmt::Display) -> ApiError {
    tracing::warn!("desk: the identity provider's answer was refused: {why}");
    let message = format!("The answer of {title} was not accepted.");
    ApiError::refused("provider_answer", message)
        .hint("Try again. If it happens again, ask your system administrator: the log says why.")
}
