//! Changes that one administrator must not make unnoticed: granting access, changing a role,
//! resetting a password.
//!
//! With several administrators, another one must confirm. With one, every user sees a notice. A
//! notice also appears if an administrator deactivates another one in order to be alone, and if a
//! person gets another name.

use redact_record::events::Act;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::grants::{self, GrantRow, NewGrant};
use crate::db::pool::{self, Connection};
use crate::db::users;
use crate::event::Event;
use crate::id::Id;
use crate::model::{GrantAction, GrantState, Role, SessionUser};

/// A grant of access.
pub(crate) struct Grant<'a> {
    pub(crate) user: &'a Id,
    pub(crate) action: GrantAction,
    pub(crate) role: Role,
}

fn note(grant: &Grant<'_>, state: GrantState) -> Event {
    Event::new(Act::Account, "grant")
        .id("account", grant.user)
        .label("for", grant.action.word())
        .label("role", grant.role.name())
        .label("second", state.word())
}

/// Records a grant by `who`, replacing one for the same user that is still waiting; returns whether
/// it waits for a second administrator.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin(
    app: &Shared,
    change: &mut Connection,
    who: &SessionUser,
    grant: Grant<'_>,
) -> ApiResult<GrantState> {
    // An administrator whose password was reset counts: a reset makes nobody the only one.
    let several = users::known_administrators(change).await? > 1;
    let is_shown_only = matches!(grant.action, GrantAction::Remove | GrantAction::Rename);
    let state = if several && !is_shown_only {
        GrantState::Waiting
    } else {
        GrantState::Alone
    };
    let new = NewGrant {
        user: grant.user,
        action: grant.action,
        role: grant.role,
        by: &who.id,
        at: app.now(),
        state,
    };
    grants::insert(change, new).await?;
    app.log_event(&who.name, note(&grant, state)).await?;
    Ok(state)
}

/// Refuses an invitation that needs a second administrator.
///
/// # Errors
/// 409 `awaiting_administrator`.
pub(crate) async fn check_link(app: &Shared, user: &Id) -> ApiResult<()> {
    if grants::waiting(&app.db, user).await?.is_none() {
        return Ok(());
    }
    let message = "A second administrator must confirm this link first.";
    Err(ApiError::conflict("awaiting_administrator", message)
        .hint("Ask the administrator who sent it, then open the link again."))
}

/// Decides about a waiting grant, once.
///
/// # Errors
/// 409 if nothing is waiting, 403 `same_person`.
pub(crate) async fn decide(
    app: &Shared,
    who: &SessionUser,
    user: &Id,
    state: GrantState,
) -> ApiResult<GrantRow> {
    let missing =
        || ApiError::conflict("conflict", "Nothing is waiting for a second administrator.");
    let row = grants::waiting(&app.db, user).await?.ok_or_else(missing)?;
    if state == GrantState::Confirmed && (row.by == who.id || *user == who.id) {
        let message = "Another administrator must confirm this.";
        return Err(ApiError::new(Status::Forbidden, "same_person", message));
    }
    let mut change = pool::begin(&app.db).await?;
    if !grants::decide(&mut change, &row.id, (state, &who.id), app.now()).await? {
        return Err(missing());
    }
    let grant = Grant {
        user,
        action: row.action,
        role: row.role,
    };
    app.log_event(&who.name, note(&grant, state)).await?;
    change.commit().await?;
    Ok(row)
}
