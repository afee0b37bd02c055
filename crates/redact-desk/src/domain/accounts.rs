//! Rules for accounts. Names are unique, because a plan tells its approvals apart by name.

use crate::api_error::{ApiError, ApiResult, text};
use crate::model::Role;

/// A login: 1 to 64 of the characters `a-z 0-9 . _ -`.
///
/// # Errors
/// 400.
pub(crate) fn login(given: &str) -> ApiResult<String> {
    let login = given.trim().to_lowercase();
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if (1..=64).contains(&login.len()) && login.bytes().all(fits) {
        return Ok(login);
    }
    let message = "A login must have 1 to 64 characters: a to z, 0 to 9, '.', '_' and '-'.";
    Err(ApiError::field("login", message))
}

/// A person's name.
///
/// # Errors
/// 400.
pub(crate) fn name(given: &str) -> ApiResult<String> {
    let name = text("name", given, 100)?;
    if name.contains('\n') {
        return Err(ApiError::field("name", "A name must be a single line."));
    }
    Ok(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether a new role and state allow more than the old ones.
pub(crate) fn gains((old, was_active): (Role, bool), (new, active): (Role, bool)) -> bool {
    let reopened = active && !was_active;
    let more = match (old, new) {
        (old, new) if old == new => false,
        (Role::Approver, Role::Operator) | (_, Role::Auditor) => false,
        _ => true,
    };
    reopened || (active && more)
}
