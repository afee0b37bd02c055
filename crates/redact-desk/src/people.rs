//! Accounts as administrators manage them. A name belongs to one person alone: it is what a plan's
//! approvals are told apart by.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use crate::accounts::session::{self, Who};
use crate::accounts::signing;
use crate::accounts::{ACCOUNT, Account, attempts, by_id, link_for};
use crate::answer::{Answer, ApiError, Body, text};
use crate::app::{App, Note, Shared};
use crate::grants::{self, Action, Grant, Standing};
use crate::routes::Role;
use crate::store::Id;
use crate::views::{self, Over};
use crate::{releases, review, stream, time};

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

/// What two spellings of one name have in common.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Says which of an account's names is taken.
///
/// # Errors
/// 409 `login_taken`, `name_taken`; the database's.
pub(crate) fn made<T>(result: Result<T, sqlx::Error>) -> Answer<T> {
    result.map_err(|error| match &error {
        sqlx::Error::Database(refused) if refused.is_unique_violation() => {
            if refused.message().contains("name_key") {
                ApiError::conflict("name_taken", "Somebody has that name already.")
                    .hint("Approvals name people: add what tells the two apart.")
            } else {
                ApiError::conflict("login_taken", "Somebody has that login already.")
            }
        }
        _ => error.into(),
    })
}

#[derive(Serialize)]
pub(crate) struct User {
    id: Id,
    login: String,
    name: String,
    role: Role,
    active: bool,
    enrolled: bool,
    locked_until: Option<String>,
    last_seen_at: Option<String>,
    /// What waits for a second administrator.
    pending: Option<grants::Pending>,
}

async fn shown(app: &Shared, account: Account) -> Answer<User> {
    let locked_until = attempts::locked_until(app, &account.login).await?;
    Ok(User {
        pending: grants::pending(app, &account.id).await?,
        enrolled: account.password.is_some(),
        locked_until: locked_until.map(time::text),
        last_seen_at: account.last_seen_at.map(time::text),
        id: account.id,
        login: account.login,
        name: account.name,
        role: account.role,
        active: account.active,
    })
}

/// An account as administrators see it.
///
/// # Errors
/// 404.
pub(crate) async fn shown_by_id(app: &Shared, id: &Id) -> Answer<User> {
    shown(app, by_id(&app.db, id).await?).await
}

async fn all(app: &Shared) -> Answer<Vec<Account>> {
    let sql = format!("{ACCOUNT} ORDER BY name_key");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&app.db)
        .await?)
}

/// `GET /users`.
pub(crate) async fn list(State(app): State<App>) -> Answer<axum::Json<Vec<User>>> {
    let mut users = Vec::new();
    for account in all(&app).await? {
        users.push(shown(&app, account).await?);
    }
    Ok(axum::Json(users))
}

#[derive(Serialize)]
pub(crate) struct Person {
    id: Id,
    name: String,
    role: Role,
}

/// `GET /people`.
pub(crate) async fn people(State(app): State<App>) -> Answer<axum::Json<Vec<Person>>> {
    let works = |account: &Account| {
        account.active && matches!(account.role, Role::Operator | Role::Approver)
    };
    let people = all(&app).await?.into_iter().filter(works);
    let person = |account: Account| Person {
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
}

#[derive(Serialize)]
pub(crate) struct Invited {
    user: User,
    link: String,
}

/// `POST /users`.
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(given): Body<NewUser>,
) -> Answer<(StatusCode, axum::Json<Invited>)> {
    let (login, name) = (login(&given.login)?, name(&given.name)?);
    let id = Id::random();
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let added = sqlx::query(
        "INSERT INTO users (id, login, name, name_key, role, active, created_at)
         VALUES (?, ?, ?, ?, ?, 1, ?)",
    )
    .bind(&id)
    .bind(&login)
    .bind(&name)
    .bind(name_key(&name))
    .bind(given.role)
    .bind(app.now())
    .execute(&mut *change)
    .await;
    made(added)?;
    let note = Note::new(Act::Account, "added").id("account", &id);
    app.note(&who.name, note.label("role", given.role.name()))
        .await?;
    let grant = Grant {
        user: &id,
        action: Action::Invite,
        role: given.role,
    };
    grants::begin(&app, &mut change, &who, grant).await?;
    change.commit().await?;
    let account = by_id(&app.db, &id).await?;
    let link = link_for(&app, &account).await?;
    let user = shown(&app, account).await?;
    Ok((StatusCode::CREATED, axum::Json(Invited { user, link })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    role: Option<Role>,
    active: Option<bool>,
    /// Forgets wrong sign-ins.
    unlock: Option<bool>,
}

/// Whether somebody may do more than before.
fn gains(account: &Account, role: Role, active: bool) -> bool {
    let reopened = active && !account.active;
    let more = match (account.role, role) {
        (old, new) if old == new => false,
        (Role::Approver, Role::Operator) | (_, Role::Auditor) => false,
        _ => true,
    };
    reopened || (active && more)
}

/// `PATCH /users/:id`. There is always one administrator who can come in.
pub(crate) async fn change(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<Change>,
) -> Answer<axum::Json<User>> {
    let _alone = app.review_lock.lock().await;
    let account = by_id(&app.db, &id).await?;
    let role = given.role.unwrap_or(account.role);
    let active = given.active.unwrap_or(account.active);
    if given.unlock == Some(true) {
        attempts::forget(&app.db, &account.login).await?;
        let note = Note::new(Act::Account, "unlocked").id("account", &id);
        app.note(&who.name, note).await?;
    }
    let others = account.role == Role::Administrator && account.active && account.id != who.id;
    let action = if gains(&account, role, active) {
        Some(Action::Change)
    } else if others && (!active || role != Role::Administrator) {
        Some(Action::Remove)
    } else {
        None
    };
    if let Some(action) = action {
        let user = &id;
        let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
        let grant = Grant { user, action, role };
        let standing = grants::begin(&app, &mut change, &who, grant).await?;
        change.commit().await?;
        if standing == Standing::Waiting {
            return Ok(axum::Json(shown(&app, account).await?));
        }
    }
    if role != account.role || active != account.active {
        apply(&app, &who, &id, Some(role), Some(active)).await?;
    }
    Ok(axum::Json(shown_by_id(&app, &id).await?))
}

/// Changes an account; call it with the reviews' lock held.
///
/// # Errors
/// 409 `last_administrator`.
pub(crate) async fn apply(
    app: &Shared,
    who: &Who,
    id: &Id,
    role: Option<Role>,
    active: Option<bool>,
) -> Answer<()> {
    let account = by_id(&app.db, id).await?;
    let role = role.unwrap_or(account.role);
    let active = active.unwrap_or(account.active);
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE users SET role = ?, active = ? WHERE id = ?")
        .bind(role)
        .bind(active)
        .bind(id)
        .execute(&mut *change)
        .await?;
    keep_an_administrator(&mut change).await?;
    // What waits for its render counted because of who approved it.
    let voided = if active && role == account.role {
        Vec::new()
    } else {
        review::void_of_person(&mut change, id).await?
    };
    let note = Note::new(Act::Account, "changed").id("account", id);
    let state = if active { "active" } else { "closed" };
    let note = note.label("role", role.name()).label("state", state);
    app.note(&who.name, note.count("approvals-voided", voided.len()))
        .await?;
    change.commit().await?;
    after_voiding(app, voided).await?;
    session::end_all(app, id).await?;
    views::settle(app, Over::Ended).await
}

/// Stops what was begun because of approvals that were voided, and tells open pages.
async fn after_voiding(app: &Shared, voided: Vec<Id>) -> Answer<()> {
    releases::stop_revoked(app).await?;
    for review in voided {
        app.tell(stream::Change::Review { id: review });
    }
    Ok(())
}

/// Refuses a change after which no administrator could come in.
async fn keep_an_administrator(change: &mut sqlx::SqliteConnection) -> Answer<()> {
    let (administrators,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users
         WHERE role = 'administrator' AND active = 1 AND password IS NOT NULL",
    )
    .fetch_one(change)
    .await?;
    if administrators > 0 {
        return Ok(());
    }
    let message = "This is the last administrator; make another one first.";
    Err(ApiError::conflict("last_administrator", message))
}

/// `POST /users/:id/reset`: password, second factor and signing key are no more.
pub(crate) async fn reset(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Invited>> {
    let account = by_id(&app.db, &id).await?;
    let _alone = app.review_lock.lock().await;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE users SET password = NULL, secret = NULL WHERE id = ?")
        .bind(&id)
        .execute(&mut *change)
        .await?;
    keep_an_administrator(&mut change).await?;
    signing::retire(&app, &mut change, &id).await?;
    let voided = review::void_of_person(&mut change, &id).await?;
    let note = Note::new(Act::Account, "reset").id("account", &id);
    app.note(&who.name, note.count("approvals-voided", voided.len()))
        .await?;
    let grant = Grant {
        user: &id,
        action: Action::Reset,
        role: account.role,
    };
    grants::begin(&app, &mut change, &who, grant).await?;
    change.commit().await?;
    after_voiding(&app, voided).await?;
    attempts::forget(&app.db, &account.login).await?;
    session::end_all(&app, &id).await?;
    views::settle(&app, Over::Ended).await?;
    let link = link_for(&app, &account).await?;
    let user = shown(&app, account).await?;
    Ok(axum::Json(Invited { user, link }))
}
