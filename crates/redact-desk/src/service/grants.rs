//! What one administrator alone must not do unseen: let somebody in, give a role, reset a password.
//!
//! With two administrators or more, the other one confirms it. With one, every user is shown it. An
//! administrator who shuts the other one out in order to be alone is shown to all as well.

use redact_record::events::Act;

use super::app::Shared;
use crate::answer::{Answer, ApiError, Status};
use crate::db::grants::{self, GrantRow, NewGrant};
use crate::db::pool::{self, Connection};
use crate::db::users;
use crate::id::Id;
use crate::model::{GrantAction, GrantState, Role, Who};
use crate::note::Note;

/// What is given to whom.
pub(crate) struct Grant<'a> {
    pub(crate) user: &'a Id,
    pub(crate) action: GrantAction,
    pub(crate) role: Role,
}

fn note(grant: &Grant<'_>, state: GrantState) -> Note {
    Note::new(Act::Account, "grant")
        .id("account", grant.user)
        .label("for", grant.action.word())
        .label("role", grant.role.name())
        .label("second", state.word())
}

/// Writes down what `who` gives; says whether it waits for a second administrator. What waited for
/// the same person before is replaced.
///
/// # Errors
/// The database's.
pub(crate) async fn begin(
    app: &Shared,
    change: &mut Connection,
    who: &Who,
    grant: Grant<'_>,
) -> Answer<GrantState> {
    // One whose password was reset counts: nobody becomes the only one by that.
    let several = users::known_administrators(change).await? > 1;
    let state = if several && grant.action != GrantAction::Remove {
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
    app.note(&who.name, note(&grant, state)).await?;
    Ok(state)
}

/// Refuses an invitation that waits for a second administrator.
///
/// # Errors
/// 409 `awaiting_administrator`.
pub(crate) async fn check_link(app: &Shared, user: &Id) -> Answer<()> {
    if grants::waiting(&app.db, user).await?.is_none() {
        return Ok(());
    }
    let message = "A second administrator must confirm this link first.";
    Err(ApiError::conflict("awaiting_administrator", message)
        .hint("Ask the administrator who sent it, then open it again."))
}

/// Takes a decision about what waits for it, once.
///
/// # Errors
/// 409 when nothing waits, 403 `same_person`.
pub(crate) async fn decide(
    app: &Shared,
    who: &Who,
    user: &Id,
    state: GrantState,
) -> Answer<GrantRow> {
    let missing = || ApiError::conflict("conflict", "Nothing waits for a second administrator.");
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
    app.note(&who.name, note(&grant, state)).await?;
    change.commit().await?;
    Ok(row)
}
