//! Rules for accounts. A name belongs to one person alone: it is what a plan's approvals are told
//! apart by.

use crate::answer::{Answer, ApiError, text};
use crate::model::Role;

/// A login: 1 to 64 of `a-z 0-9 . _ -`.
///
/// # Errors
/// 400.
pub(crate) fn login(given: &str) -> Answer<String> {
    let login = given.trim().to_lowercase();
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if (1..=64).contains(&login.len()) && login.bytes().all(fits) {
        return Ok(login);
    }
    let message = "A login has 1 to 64 of the letters a to z, digits, '.', '_' and '-'.";
    Err(ApiError::field("login", message))
}

/// A person's name.
///
/// # Errors
/// 400.
pub(crate) fn name(given: &str) -> Answer<String> {
    let name = text("name", given, 100)?;
    if name.contains('\n') {
        return Err(ApiError::field("name", "A name is one line."));
    }
    Ok(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether somebody may do more than before with another role and state.
pub(crate) fn gains((old, was_active): (Role, bool), (new, active): (Role, bool)) -> bool {
    let reopened = active && !was_active;
    let more = match (old, new) {
        (old, new) if old == new => false,
        (Role::Approver, Role::Operator) | (_, Role::Auditor) => false,
        _ => true,
    };
    reopened || (active && more)
}
