//! Changes of accounts, and their consequences.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::releases;
use super::sessions;
use super::views::{self, Sessions};
use crate::api_error::{ApiError, ApiResult};
use crate::db::former_names::FormerNameRow;
use crate::db::invites;
use crate::db::pool::{self, Connection};
use crate::db::users::{self, Account};
use crate::db::{approvals, attempts, keys, passkeys, recovery_codes, second_factor_changes};
use crate::event::Event;
use crate::id::{Id, Token};
use crate::model::{GrantAction, Role, SessionUser};
use crate::service::grants::{self, Grant};
use crate::time::{HOUR, Millis};

/// How long the link of an invitation is valid.
pub(crate) const LINK_LASTS: Millis = 72 * HOUR;

/// Makes a link for `account` and invalidates earlier ones.
///
/// # Errors
/// Database errors.
pub(crate) async fn link_for(app: &Shared, account: &Account) -> ApiResult<String> {
    let token = Token::random();
    let times = (app.now(), app.now() + LINK_LASTS);
    invites::insert(&app.db, &token.stored, account, times).await?;
    let scheme = if app.options.tls { "https" } else { "http" };
    let host = app.options.hosts.first().map_or("", String::as_str);
    Ok(format!("{scheme}://{host}/#/welcome/{}", token.text))
}

/// Changes an account. The caller must hold the review lock.
///
/// # Errors
/// 409 `last_administrator`.
pub(crate) async fn apply(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (role, active): (Option<Role>, Option<bool>),
) -> ApiResult<()> {
    let account = users::by_id(&app.db, id).await?;
    let role = role.unwrap_or(account.role);
    let active = active.unwrap_or(account.active);
    let mut change = pool::begin(&app.db).await?;
    users::set_role(&mut change, id, role, active).await?;
    check_administrators(&mut change).await?;
    // Pending approvals count because of the approver's role.
    let voided = if active && role == account.role {
        Vec::new()
    } else {
        approvals::void_of_person(&mut change, id).await?
    };
    let state = |active| if active { "active" } else { "closed" };
    let event = Event::new(Act::Account, "changed")
        .id("account", id)
        .label("role-from", account.role.name())
        .label("role-to", role.name())
        .label("state-from", state(account.active))
        .label("state-to", state(active));
    app.log_event(&who.name, event.count("approvals-voided", voided.len()))
        .await?;
    change.commit().await?;
    after_voiding(app, voided).await?;
    sessions::end_all(app, id).await?;
    views::log_finished(app, Sessions::Ended).await
}

/// Removes password, second factor, recovery codes and signing key of an account. The caller must
/// hold the review lock.
///
/// # Errors
/// 409 `last_administrator`.
pub(crate) async fn reset(app: &Shared, who: &SessionUser, account: &Account) -> ApiResult<()> {
    let id = &account.id;
    let mut change = pool::begin(&app.db).await?;
    users::clear_password(&mut change, id).await?;
    check_administrators(&mut change).await?;
    keys::retire(&mut change, id, app.now()).await?;
    recovery_codes::delete_of(&mut change, id).await?;
    passkeys::delete_of(&mut change, id).await?;
    second_factor_changes::delete(&mut change, id).await?;
    let voided = approvals::void_of_person(&mut change, id).await?;
    let event = Event::new(Act::Account, "reset").id("account", id);
    app.log_event(&who.name, event.count("approvals-voided", voided.len()))
        .await?;
    let grant = Grant {
        user: id,
        action: GrantAction::Reset,
        role: account.role,
    };
    grants::begin(app, &mut change, who, grant).await?;
    change.commit().await?;
    after_voiding(app, voided).await?;
    attempts::forget(&app.db, &account.login).await?;
    sessions::end_all(app, id).await?;
    views::log_finished(app, Sessions::Ended).await
}

/// Gives an account another name. Records of before show the former one. The signing key is bound
/// to that, so it is retired, and the next approval makes another. The caller must hold the review
/// lock.
///
/// # Errors
/// 400 for the same name; 409 `name_taken`.
pub(crate) async fn rename(
    app: &Shared,
    who: &SessionUser,
    account: &Account,
    (name, reason): (String, String),
) -> ApiResult<()> {
    if name == account.name {
        return Err(ApiError::field("name", "This is the present name."));
    }
    let id = &account.id;
    let row = FormerNameRow {
        id: Id::random(),
        user: id.clone(),
        name: account.name.clone(),
        changed_to: name,
        until: app.now(),
        reason,
    };
    let mut change = pool::begin(&app.db).await?;
    users::rename(&mut change, &row, &who.id).await?;
    keys::retire(&mut change, id, app.now()).await?;
    let voided = approvals::void_of_person(&mut change, id).await?;
    // The log takes no text that a person typed: it refers to the names by id.
    let event = Event::new(Act::Account, "renamed")
        .id("account", id)
        .id("history", &row.id);
    app.log_event(&who.name, event.count("approvals-voided", voided.len()))
        .await?;
    let grant = Grant {
        user: id,
        action: GrantAction::Rename,
        role: account.role,
    };
    grants::begin(app, &mut change, who, grant).await?;
    change.commit().await?;
    after_voiding(app, voided).await
}

/// Stops renders whose approvals were voided, and notifies open pages.
async fn after_voiding(app: &Shared, voided: Vec<Id>) -> ApiResult<()> {
    releases::stop_revoked(app).await?;
    for review in voided {
        app.notify(Change::Review(review));
    }
    Ok(())
}

/// Refuses a change after which no administrator can sign in.
async fn check_administrators(change: &mut Connection) -> ApiResult<()> {
    if users::administrators(change).await? > 0 {
        return Ok(());
    }
    let message = "This is the last administrator. Add another one first.";
    Err(ApiError::conflict("last_administrator", message))
}
