//! Who may come in: signing in and out, invitations, one's own password.
//!
//! A sign-in needs login, password and a code of the second factor, and its refusal never says
//! which of them was wrong. How many are allowed: [`attempts`].

pub(crate) mod attempts;
pub(crate) mod code;
pub(crate) mod hashing;
mod invite;
pub(crate) mod password;
pub(crate) mod refusals;
pub(crate) mod secrets;
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
use crate::peer::Peer;
use crate::routes::Role;
use crate::store::{Db, Id};
use crate::time::{self, Millis};
use crate::views::{self, Over};

use attempts::Origin;
use hashing::Lane;
pub(crate) use invite::{confirm, enrol, invite, link_for};
use refusals::Refusal;
use session::Who;

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
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<SignIn>,
) -> Answer<Response> {
    let login = given.login.trim().to_lowercase();
    let account = by_login(&app.db, &login).await?;
    let origin = match &account {
        Some(account) => session::origin(&app, account, &headers, peer).await?,
        None => Origin::Stranger(peer),
    };
    let name = account.as_ref().map(|account| account.name.clone());
    // What was typed may be a password in the wrong field: an unknown login is not written down.
    let refusal = |locked| Refusal {
        peer,
        who: name.as_deref().unwrap_or("unknown"),
        action: "sign-in",
        locked,
    };
    let attempt = match attempts::reserve(&app, &login, &origin).await {
        Ok(attempt) => attempt,
        Err(refused) => {
            refusals::note(&app, refusal(true)).await?;
            return Err(refused);
        }
    };
    let right = match &account {
        Some(account) if account.active => {
            // Both are looked at, so that time tells nothing.
            let known = account.password.as_deref();
            let password = password::matches(&app, Lane::Strangers, &given.password, known).await?;
            password && code::take(&app, account, &given.code).await?
        }
        _ => {
            password::matches(&app, Lane::Strangers, &given.password, None).await?;
            false
        }
    };
    let Some(account) = account.filter(|_| right) else {
        refusals::note(&app, refusal(false)).await?;
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "Login, password and code do not go together.",
        )
        .hint("A code is good once: wait for the next one before you try again."));
    };
    attempt.refund(&app).await?;
    let note = Note::new(Act::Account, "sign-in").label("role", account.role.name());
    app.note(&account.name, note.label("address", &peer.label()))
        .await?;
    // Whatever session the browser shows is not gone on with: a sign-in makes a new one.
    session::end_shown(&app, &headers).await?;
    session::begin(&app, &account, &headers).await
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
    views::settle(&app, Over::Ended).await?;
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
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<NewPassword>,
) -> Answer<StatusCode> {
    let account = by_id(&app.db, &who.id).await?;
    password::check(&given.new_password)?;
    let again = ReEntry {
        account: &account,
        peer,
        password: &given.password,
        code: Some(&given.code),
        action: "password-change",
    };
    re_enter(&app, again).await?;
    let hash = password::hash(&app, Lane::SignedIn, &given.new_password).await?;
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
    session::end_others(&app, &who, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A code that is wrong, or was used.
pub(crate) fn wrong_code() -> ApiError {
    ApiError::refused("wrong_code", "The code is wrong, or was used already.")
        .hint("Wait for the next code; check that the clock of your telephone is right.")
}

/// What somebody who is signed in enters again.
pub(crate) struct ReEntry<'a> {
    pub(crate) account: &'a Account,
    pub(crate) peer: Peer,
    pub(crate) password: &'a str,
    /// The second factor, where it is asked for.
    pub(crate) code: Option<&'a str>,
    /// For what, as the event log spells it.
    pub(crate) action: &'static str,
}

/// Checks what somebody who is signed in enters again; counted by account, apart from sign-ins.
///
/// # Errors
/// 401 `wrong_password`, 422 `wrong_code`, 429 `locked`.
pub(crate) async fn re_enter(app: &Shared, given: ReEntry<'_>) -> Answer<()> {
    let account = given.account;
    let refusal = |locked| Refusal {
        peer: given.peer,
        who: &account.name,
        action: given.action,
        locked,
    };
    let attempt = match attempts::reserve(app, &account.login, &Origin::Session).await {
        Ok(attempt) => attempt,
        Err(refused) => {
            refusals::note(app, refusal(true)).await?;
            return Err(refused);
        }
    };
    let known = account.password.as_deref();
    if !password::matches(app, Lane::SignedIn, given.password, known).await? {
        refusals::note(app, refusal(false)).await?;
        let message = "The password is wrong.";
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_password",
            message,
        ));
    }
    if let Some(code) = given.code
        && !code::take(app, account, code).await?
    {
        refusals::note(app, refusal(false)).await?;
        return Err(wrong_code());
    }
    Ok(attempt.refund(app).await?)
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
