//! Accounts as administrators manage them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::absences::Absence;
use super::body::Body;
use crate::api_error::{ApiResult, optional_text};
use crate::db::absences::AbsenceRow;
use crate::db::former_names::{self, FormerNameRow};
use crate::db::grants::GrantRow;
use crate::db::users::{self, Account, NewAccount};
use crate::db::{attempts as counted, grants as waiting, pool, provider_accounts};
use crate::domain::accounts;
use crate::event::Event;
use crate::id::Id;
use crate::model::{GrantAction, GrantState, Role, SessionUser};
use crate::service::absences;
use crate::service::accounts::{apply, link_for, rename as rename_account, reset as reset_account};
use crate::service::app::{App, Shared};
use crate::service::attempts;
use crate::service::grants::{self, Grant};
use crate::service::{mail, mailer};
use crate::time::{self, Millis};

/// A change that needs a second administrator.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Pending {
    action: GrantAction,
    role: Role,
    by: String,
    by_id: Id,
    at: String,
}

impl From<GrantRow> for Pending {
    fn from(row: GrantRow) -> Self {
        Self {
            action: row.action,
            role: row.role,
            by: row.by_name,
            by_id: row.by,
            at: time::text(row.at),
        }
    }
}

/// A name that a person had before.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FormerName {
    name: String,
    /// When it changed.
    until: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct User {
    id: Id,
    login: String,
    name: String,
    /// Oldest first.
    former_names: Vec<FormerName>,
    role: Role,
    active: bool,
    enrolled: bool,
    /// The account of the identity provider that signs in as this user.
    provider_account: Option<String>,
    locked_until: Option<String>,
    last_seen_at: Option<String>,
    /// Now or next.
    absence: Option<Absence>,
    /// A change that needs a second administrator.
    pending: Option<Pending>,
}

/// What is known of an account beside its row.
#[derive(Default)]
struct Around {
    locked_until: Option<Millis>,
    pending: Option<GrantRow>,
    former: Vec<FormerNameRow>,
    provider_account: Option<String>,
    absence: Option<AbsenceRow>,
}

fn present(account: Account, around: Around) -> User {
    let former = around.former.into_iter().map(|row| FormerName {
        name: row.name,
        until: time::text(row.until),
    });
    User {
        former_names: former.collect(),
        provider_account: around.provider_account,
        absence: around.absence.map(Absence::from),
        pending: around.pending.map(Pending::from),
        enrolled: account.password.is_some(),
        locked_until: around.locked_until.map(time::text),
        last_seen_at: account.last_seen_at.map(time::text),
        id: account.id,
        login: account.login,
        name: account.name,
        role: account.role,
        active: account.active,
    }
}

/// An account as administrators see it.
///
/// # Errors
/// 404.
pub(crate) async fn present_by_id(app: &Shared, id: &Id) -> ApiResult<User> {
    let account = users::by_id(&app.db, id).await?;
    let locked = attempts::locked_logins(app).await?;
    let around = Around {
        locked_until: locked.get(&account.login).copied(),
        pending: waiting::waiting(&app.db, id).await?,
        former: former_names::of(&app.db, id).await?,
        provider_account: provider_accounts::of(&app.db, id).await?,
        absence: absences::of(app, id).await?,
    };
    Ok(present(account, around))
}

/// `GET /users`.
pub(crate) async fn list(State(app): State<App>) -> ApiResult<axum::Json<Vec<User>>> {
    let locked = attempts::locked_logins(&app).await?;
    let waiting = waiting::all_waiting(&app.db).await?;
    let former = former_names::all(&app.db).await?;
    let linked = provider_accounts::all(&app.db).await?;
    let absent = absences::not_over(&app).await?;
    let accounts = users::all(&app.db).await?.into_iter();
    let list = accounts.map(|account| {
        let of_account = |row: &&FormerNameRow| row.user == account.id;
        let around = Around {
            locked_until: locked.get(&account.login).copied(),
            pending: waiting.iter().find(|row| row.user == account.id).cloned(),
            former: former.iter().filter(of_account).cloned().collect(),
            provider_account: linked
                .iter()
                .find(|row| row.user == account.id)
                .map(|row| row.account.clone()),
            absence: absent.iter().find(|row| row.user == account.id).cloned(),
        };
        present(account, around)
    });
    Ok(axum::Json(list.collect()))
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Person {
    id: Id,
    name: String,
    role: Role,
    /// Today's absence, if any.
    absence: Option<Absence>,
}

/// `GET /people`.
pub(crate) async fn people(State(app): State<App>) -> ApiResult<axum::Json<Vec<Person>>> {
    let accounts = users::all(&app.db).await?.into_iter();
    let people = accounts.filter(|account| account.active && account.role.reviews());
    let absent = absences::today(&app).await?;
    let person = |account: Account| Person {
        absence: absent
            .iter()
            .find(|row| row.user == account.id)
            .map(|row| Absence::from(row.clone())),
        id: account.id,
        name: account.name,
        role: account.role,
    };
    Ok(axum::Json(people.map(person).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    login: String,
    name: String,
    role: Role,
    /// Where the link is sent; `null`: nowhere.
    address: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Invited {
    user: User,
    link: String,
    /// Whether the link is sent by mail.
    mailed: bool,
}

/// `POST /users`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewUser>,
) -> ApiResult<(StatusCode, axum::Json<Invited>)> {
    let login = accounts::login(&given.login)?;
    let name = accounts::name(&given.name)?;
    let address = mail_address(&app, given.address.as_deref())?;
    let id = Id::random();
    let mut change = pool::begin(&app.db).await?;
    let new = NewAccount {
        id: &id,
        login: &login,
        name: &name,
        role: given.role,
        enrolled: None,
        now: app.now(),
    };
    users::insert(&mut change, new).await?;
    let event = Event::new(Act::Account, "added").id("account", &id);
    app.log_event(&who.name, event.label("role", given.role.name()))
        .await?;
    let grant = Grant {
        user: &id,
        action: GrantAction::Invite,
        role: given.role,
    };
    grants::begin(&app, &mut change, &who, grant).await?;
    change.commit().await?;
    let account = users::by_id(&app.db, &id).await?;
    let link = link_for(&app, &account).await?;
    let mailed = address.is_some();
    if let Some(address) = address {
        let place = link.split_once("#/").map_or("", |(_, place)| place);
        let message = (address.as_str(), &*format!("#/{place}"));
        mail::invite(&app, &who.name, &id, message).await?;
    }
    let user = present_by_id(&app, &id).await?;
    let invited = Invited { user, link, mailed };
    Ok((StatusCode::CREATED, axum::Json(invited)))
}

/// The address that an invitation is sent to.
fn mail_address(app: &Shared, given: Option<&str>) -> ApiResult<Option<String>> {
    match given.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => {
            mail::configured(app)?;
            mailer::address(text).map(Some)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUserBody {
    role: Option<Role>,
    active: Option<bool>,
    /// Clears failed sign-ins.
    unlock: Option<bool>,
}

/// `PATCH /users/:id`. At least one administrator can always sign in.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ChangeUserBody>,
) -> ApiResult<axum::Json<User>> {
    let _alone = app.review_lock.lock().await;
    let account = users::by_id(&app.db, &id).await?;
    let role = given.role.unwrap_or(account.role);
    let active = given.active.unwrap_or(account.active);
    if given.unlock == Some(true) {
        counted::forget(&app.db, &account.login).await?;
        let event = Event::new(Act::Account, "unlocked").id("account", &id);
        app.log_event(&who.name, event).await?;
    }
    let others = account.role == Role::Administrator && account.active && account.id != who.id;
    let action = if accounts::gains((account.role, account.active), (role, active)) {
        Some(GrantAction::Change)
    } else if others && (!active || role != Role::Administrator) {
        Some(GrantAction::Remove)
    } else {
        None
    };
    if let Some(action) = action {
        let user = &id;
        let mut change = pool::begin(&app.db).await?;
        let grant = Grant { user, action, role };
        let standing = grants::begin(&app, &mut change, &who, grant).await?;
        change.commit().await?;
        if standing == GrantState::Waiting {
            return Ok(axum::Json(present_by_id(&app, &id).await?));
        }
    }
    if role != account.role || active != account.active {
        apply(&app, &who, &id, (Some(role), Some(active))).await?;
    }
    Ok(axum::Json(present_by_id(&app, &id).await?))
}

/// `POST /users/:id/reset`: removes password, second factor and signing key.
pub(crate) async fn reset(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Invited>> {
    let account = users::by_id(&app.db, &id).await?;
    let _alone = app.review_lock.lock().await;
    reset_account(&app, &who, &account).await?;
    let link = link_for(&app, &account).await?;
    let user = present_by_id(&app, &id).await?;
    let mailed = false;
    Ok(axum::Json(Invited { user, link, mailed }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewName {
    name: String,
    reason: Option<String>,
}

/// `POST /users/:id/rename`.
pub(crate) async fn rename(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<NewName>,
) -> ApiResult<axum::Json<User>> {
    let name = accounts::name(&given.name)?;
    let reason = optional_text("reason", given.reason.as_deref().unwrap_or_default(), 500)?;
    let _alone = app.review_lock.lock().await;
    let account = users::by_id(&app.db, &id).await?;
    rename_account(&app, &who, &account, (name, reason)).await?;
    Ok(axum::Json(present_by_id(&app, &id).await?))
}
