//! Changes of accounts, and what follows from them.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::releases;
use super::sessions;
use super::views::{self, Over};
use crate::answer::{Answer, ApiError};
use crate::db::invites;
use crate::db::pool::{self, Connection};
use crate::db::users::{self, Account};
use crate::db::{approvals, attempts, keys};
use crate::id::{Id, Token};
use crate::model::{GrantAction, Role, Who};
use crate::note::Note;
use crate::service::grants::{self, Grant};
use crate::time::{HOUR, Millis};

/// How long the link of an invitation holds.
pub(crate) const LINK_LASTS: Millis = 72 * HOUR;

/// Makes a link for `account`; links made before for it are void.
///
/// # Errors
/// The database's.
pub(crate) async fn link_for(app: &Shared, account: &Account) -> Answer<String> {
    let token = Token::random();
    let times = (app.now(), app.now() + LINK_LASTS);
    invites::insert(&app.db, &token.stored, account, times).await?;
    let scheme = if app.options.tls { "https" } else { "http" };
    let host = app.options.hosts.first().map_or("", String::as_str);
    Ok(format!("{scheme}://{host}/#/welcome/{}", token.text))
}

/// Changes an account; call it with the reviews' lock held.
///
/// # Errors
/// 409 `last_administrator`.
pub(crate) async fn apply(
    app: &Shared,
    who: &Who,
    id: &Id,
    (role, active): (Option<Role>, Option<bool>),
) -> Answer<()> {
    let account = users::by_id(&app.db, id).await?;
    let role = role.unwrap_or(account.role);
    let active = active.unwrap_or(account.active);
    let mut change = pool::begin(&app.db).await?;
    users::set_role(&mut change, id, role, active).await?;
    check_administrators(&mut change).await?;
    // What waits for its render counted because of who approved it.
    let voided = if active && role == account.role {
        Vec::new()
    } else {
        approvals::void_of_person(&mut change, id).await?
    };
    let note = Note::new(Act::Account, "changed").id("account", id);
    let state = if active { "active" } else { "closed" };
    let note = note.label("role", role.name()).label("state", state);
    app.note(&who.name, note.count("approvals-voided", voided.len()))
        .await?;
    change.commit().await?;
    after_voiding(app, voided).await?;
    sessions::end_all(app, id).await?;
    views::settle(app, Over::Ended).await
}

/// Takes password, second factor and signing key from an account; call it with the reviews' lock
/// held.
///
/// # Errors
/// 409 `last_administrator`.
pub(crate) async fn reset(app: &Shared, who: &Who, account: &Account) -> Answer<()> {
    let id = &account.id;
    let mut change = pool::begin(&app.db).await?;
    users::clear_password(&mut change, id).await?;
    check_administrators(&mut change).await?;
    keys::retire(&mut change, id, app.now()).await?;
    let voided = approvals::void_of_person(&mut change, id).await?;
    let note = Note::new(Act::Account, "reset").id("account", id);
    app.note(&who.name, note.count("approvals-voided", voided.len()))
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
    views::settle(app, Over::Ended).await
}

/// Stops what was begun because of approvals that were voided, and tells open pages.
async fn after_voiding(app: &Shared, voided: Vec<Id>) -> Answer<()> {
    releases::stop_revoked(app).await?;
    for review in voided {
        app.tell(Change::Review(review));
    }
    Ok(())
}

/// Refuses a change after which no administrator could sign in.
async fn check_administrators(change: &mut Connection) -> Answer<()> {
    if users::administrators(change).await? > 0 {
        return Ok(());
    }
    let message = "This is the last administrator; add another one first.";
    Err(ApiError::conflict("last_administrator", message))
}
