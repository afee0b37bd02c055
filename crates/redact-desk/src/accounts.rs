//! Who may come in: signing in and out, invitations, one's own password.
//!
//! A sign-in needs login, password and a code of the second factor, and its refusal never says
//! which of them was wrong. Five refusals in 15 minutes lock the login, known or not, until the
//! first of them is 15 minutes old.

pub(crate) mod code;
mod invite;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod signing;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{Answer, ApiError, Body};
use crate::app::{App, Note, Shared};
use crate::routes::Role;
use crate::store::{Db, Id};
use crate::time::{self, MINUTE, Millis};

pub(crate) use invite::{confirm, enrol, invite, link_for};
use session::Who;

/// So many refusals within [`FAILURES_WITHIN`] lock a login.
const FAILURES_MAX: i64 = 5;
const FAILURES_WITHIN: Millis = 15 * MINUTE;

/// An account, as the database has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Account {
    pub(crate) id: Id,
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) active: bool,
    pub(crate) password: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) last_seen_at: Option<Millis>,
}

/// The columns of an [`Account`].
pub(crate) const ACCOUNT: &str =
    "SELECT id, login, name, role, active, password, secret, last_seen_at FROM users";

/// Whether nobody has ever finished the set-up.
///
/// # Errors
/// The database's.
pub(crate) async fn needs_setup(db: &Db) -> Result<bool, sqlx::Error> {
    let (administrators,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM users WHERE role = 'administrator' AND password IS NOT NULL",
    )
    .fetch_one(db)
    .await?;
    Ok(administrators == 0)
}

/// `GET /state`.
pub(crate) async fn state(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<axum::Json<serde_json::Value>> {
    let who = session::find(&app, &headers).await?;
    Ok(axum::Json(json!({
        "version": env!("CARGO_PKG_VERSION"), "signed_in": who.is_some(),
        "needs_setup": needs_setup(&app.db).await?, "tls": app.options.tls,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    login: String,
    password: String,
    code: String,
}

/// `POST /session`.
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Body(given): Body<SignIn>,
) -> Answer<Response> {
    let login = given.login.trim().to_lowercase();
    check_lock(&app, &login).await?;
    let account = by_login(&app.db, &login).await?;
    let right = match &account {
        Some(account) if account.active => {
            // Both are looked at, so that time tells nothing.
            let known = account.password.as_deref();
            let password = password::matches(&app, &given.password, known).await?;
            password && code::take(&app, account, &given.code).await?
        }
        _ => {
            password::matches(&app, &given.password, None).await?;
            false
        }
    };
    let Some(account) = account.filter(|_| right) else {
        fail(&app, &login, "sign-in").await?;
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "Login, password and code do not go together.",
        )
        .hint("A code is good once: wait for the next one before you try again."));
    };
    forget_failures(&app, &login).await?;
    let note = Note::new(Act::Account, "sign-in").label("role", account.role.name());
    app.note(&account.name, note).await?;
    // Whatever session the browser shows is not gone on with: a sign-in makes a new one.
    session::end_shown(&app, &headers).await?;
    session::begin(&app, &account).await
}

/// `DELETE /session`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
) -> Answer<Response> {
    session::end_shown(&app, &headers).await?;
    app.note(&who.name, Note::new(Act::Account, "sign-out"))
        .await?;
    Ok((StatusCode::NO_CONTENT, session::forget_cookie()).into_response())
}

/// Oneself, as the page sees it.
#[derive(Serialize)]
pub(crate) struct Me {
    id: Id,
    login: String,
    name: String,
    role: Role,
    idle_seconds: i64,
    ends_at: String,
}

impl Me {
    pub(crate) fn new(account: &Account, began: Millis) -> Self {
        Self {
            id: account.id.clone(),
            login: account.login.clone(),
            name: account.name.clone(),
            role: account.role,
            idle_seconds: session::IDLE_MAX / 1000,
            ends_at: time::text(began + session::LASTS_MAX),
        }
    }
}

/// `GET /me`.
pub(crate) async fn me(State(app): State<App>, who: Who) -> Answer<axum::Json<Me>> {
    let account = by_id(&app.db, &who.id).await?;
    Ok(axum::Json(Me::new(&account, who.began)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: String,
    new_password: String,
    code: String,
}

/// `POST /me/password`.
pub(crate) async fn change_password(
    State(app): State<App>,
    who: Who,
    Body(given): Body<NewPassword>,
) -> Answer<StatusCode> {
    let account = by_id(&app.db, &who.id).await?;
    password::check(&given.new_password)?;
    re_enter(&app, &account, &given.password, "password-change").await?;
    if !code::take(&app, &account, &given.code).await? {
        fail(&app, &account.login, "password-change").await?;
        return Err(wrong_code());
    }
    let hash = password::hash(&app, &given.new_password).await?;
    let (old, new) = (&given.password, &given.new_password);
    let anew = signing::sealed_anew(&app, &who.id, old, new).await?;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    app.note(&who.name, Note::new(Act::Account, "password-change"))
        .await?;
    sqlx::query("UPDATE users SET password = ? WHERE id = ?")
        .bind(hash)
        .bind(&who.id)
        .execute(&mut *change)
        .await?;
    // One change with the password: a key that no password opens would be lost.
    signing::reseal(&mut change, anew).await?;
    change.commit().await?;
    session::end_others(&app, &who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A code that is wrong, or was used.
pub(crate) fn wrong_code() -> ApiError {
    ApiError::refused("wrong_code", "The code is wrong, or was used already.")
        .hint("Wait for the next code; check that the clock of your telephone is right.")
}

/// Checks the password of somebody who is signed in; a wrong one counts as a failed sign-in.
///
/// # Errors
/// 401 `wrong_password`, 429 `locked`.
pub(crate) async fn re_enter(
    app: &Shared,
    account: &Account,
    given: &str,
    what: &str,
) -> Answer<()> {
    check_lock(app, &account.login).await?;
    if password::matches(app, given, account.password.as_deref()).await? {
        return Ok(());
    }
    fail(app, &account.login, what).await?;
    let message = "The password is wrong.";
    Err(ApiError::new(
        StatusCode::UNAUTHORIZED,
        "wrong_password",
        message,
    ))
}

/// Refuses a login that is locked.
async fn check_lock(app: &Shared, login: &str) -> Answer<()> {
    let Some(until) = locked_until(app, login).await? else {
        return Ok(());
    };
    let message = "Too many wrong tries; this login is locked for a while.";
    Err(
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "locked", message)
            .hint("Wait, or ask an administrator to reset the account.")
            .details(json!({ "until": time::text(until) })),
    )
}

/// Until when a login is locked.
pub(crate) async fn locked_until(app: &Shared, login: &str) -> Result<Option<Millis>, sqlx::Error> {
    let (count, first): (i64, Option<Millis>) = sqlx::query_as(
        "SELECT count(*), min(at) FROM (SELECT at FROM failures WHERE login = ? AND at > ?
         ORDER BY at DESC LIMIT ?)",
    )
    .bind(login)
    .bind(app.now() - FAILURES_WITHIN)
    .bind(FAILURES_MAX)
    .fetch_one(&app.db)
    .await?;
    Ok(first
        .filter(|_| count >= FAILURES_MAX)
        .map(|first| first + FAILURES_WITHIN))
}

/// Counts a refusal.
async fn fail(app: &Shared, login: &str, what: &str) -> Answer<()> {
    // A login that nobody has is counted as well, cut to what a login may be.
    let login: String = login.chars().take(64).collect();
    sqlx::query("DELETE FROM failures WHERE at < ?")
        .bind(app.now() - 96 * FAILURES_WITHIN)
        .execute(&app.db)
        .await?;
    sqlx::query("INSERT INTO failures (login, at) VALUES (?, ?)")
        .bind(&login)
        .bind(app.now())
        .execute(&app.db)
        .await?;
    let locked = locked_until(app, &login).await?.is_some();
    let account = by_login(&app.db, &login).await?;
    // What was typed may be a password in the wrong field: an unknown login is not written down.
    let name = account.map_or_else(|| "unknown".to_owned(), |account| account.name);
    let outcome = if locked { "locked" } else { "open" };
    app.note(
        &name,
        Note::new(Act::Account, what)
            .refused()
            .label("login", outcome),
    )
    .await
}

/// Unlocks a login.
pub(crate) async fn forget_failures(app: &Shared, login: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM failures WHERE login = ?")
        .bind(login)
        .execute(&app.db)
        .await
        .map(drop)
}

async fn by_login(db: &Db, login: &str) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ACCOUNT} WHERE login = ?")))
        .bind(login)
        .fetch_optional(db)
        .await
}

/// The account with that id.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> Answer<Account> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ACCOUNT} WHERE id = ?")))
        .bind(id)
        .fetch_optional(db)
        .await?
        .ok_or_else(ApiError::not_found)
}
