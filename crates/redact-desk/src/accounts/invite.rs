//! Invitations: a link with which somebody chooses a password and sets the second factor up.
//!
//! The first start makes one for an administrator that does not exist yet; an administrator makes
//! one for every other account, and for one whose password or telephone was lost.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::hashing::Lane;
use super::{Account, attempts, by_id, code, password, secrets, session, wrong_code};
use crate::answer::{Answer, ApiError, Body};
use crate::app::{App, Note, Shared};
use crate::routes::Role;
use crate::store::{Id, Token};
use crate::time::{self, HOUR, Millis};
use crate::{grants, people};

const LASTS: Millis = 72 * HOUR;

#[derive(sqlx::FromRow)]
struct Row {
    token: String,
    user: Option<Id>,
    role: Role,
    expires_at: Millis,
    login: Option<String>,
    name: Option<String>,
    password: Option<String>,
    secret: Option<String>,
}

async fn find(app: &Shared, token: &str) -> Answer<Row> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT token, user, role, expires_at, login, name, password, secret FROM invites
         WHERE token = ? AND expires_at > ?",
    )
    .bind(Token::kept(token))
    .bind(app.now())
    .fetch_optional(&app.db)
    .await?;
    // The link of the first start makes one administrator and no second one.
    let row = match row {
        Some(row) if row.user.is_none() && !super::needs_setup(&app.db).await? => None,
        row => row,
    };
    let row = row.ok_or_else(|| {
        ApiError::not_found()
            .hint("The link was used, or is older than 72 hours. Ask for a new one.")
    })?;
    if let Some(user) = &row.user {
        grants::check_link(app, user).await?;
    }
    Ok(row)
}

/// Makes a link for `account`; links made before for it are void.
///
/// # Errors
/// The database's.
pub(crate) async fn link_for(app: &Shared, account: &Account) -> Answer<String> {
    let token = Token::random();
    sqlx::query("DELETE FROM invites WHERE user = ? OR expires_at < ?")
        .bind(&account.id)
        .bind(app.now())
        .execute(&app.db)
        .await?;
    sqlx::query(
        "INSERT INTO invites (token, user, role, expires_at, login, name) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&token.kept)
    .bind(&account.id)
    .bind(account.role)
    .bind(app.now() + LASTS)
    .bind(&account.login)
    .bind(&account.name)
    .execute(&app.db)
    .await?;
    let scheme = if app.options.tls { "https" } else { "http" };
    let host = app.options.hosts.first().map_or("", String::as_str);
    Ok(format!("{scheme}://{host}/#/welcome/{}", token.text))
}

#[derive(Serialize)]
pub(crate) struct Invite {
    login: Option<String>,
    name: Option<String>,
    role: Role,
    expires_at: String,
}

/// `GET /invites/:token`.
pub(crate) async fn invite(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Answer<axum::Json<Invite>> {
    let row = find(&app, &token).await?;
    let known = row.user.is_some();
    Ok(axum::Json(Invite {
        login: row.login.filter(|_| known),
        name: row.name.filter(|_| known),
        role: row.role,
        expires_at: time::text(row.expires_at),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    login: Option<String>,
    name: Option<String>,
    password: String,
}

#[derive(Serialize)]
pub(crate) struct Enrolment {
    secret: String,
    uri: String,
    qr_svg: String,
}

/// `POST /invites/:token`: keeps password and second factor with the link until a code confirms.
pub(crate) async fn enrol(
    State(app): State<App>,
    Path(token): Path<String>,
    Body(given): Body<Accept>,
) -> Answer<axum::Json<Enrolment>> {
    let row = find(&app, &token).await?;
    password::check(&given.password)?;
    let (login, name) = match &row.user {
        Some(_) if given.login.is_some() || given.name.is_some() => {
            return Err(ApiError::field("login", "The invitation says who you are."));
        }
        Some(user) => {
            let account = by_id(&app.db, user).await?;
            (account.login, account.name)
        }
        None => {
            let login = people::login(given.login.as_deref().unwrap_or_default())?;
            let name = people::name(given.name.as_deref().unwrap_or_default())?;
            (login, name)
        }
    };
    let hash = password::hash(&app, Lane::Strangers, &given.password).await?;
    let secret = code::new_secret()?;
    let sealed = app.secrets.seal(&secret, &secrets::of_invite(&row.token))?;
    sqlx::query("UPDATE invites SET login = ?, name = ?, password = ?, secret = ? WHERE token = ?")
        .bind(&login)
        .bind(&name)
        .bind(hash)
        .bind(sealed)
        .bind(&row.token)
        .execute(&app.db)
        .await?;
    let (uri, qr_svg) = code::enrolment(&secret, &login)?;
    Ok(axum::Json(Enrolment {
        secret,
        uri,
        qr_svg,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    code: String,
}

/// `POST /invites/:token/confirm`: the account is there from now on, and the link is used up.
pub(crate) async fn confirm(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(given): Body<Confirm>,
) -> Answer<Response> {
    let row = find(&app, &token).await?;
    let (Some(login), Some(name), Some(hash), Some(secret)) =
        (row.login, row.name, row.password, row.secret)
    else {
        let message = "Choose a password first.";
        return Err(ApiError::conflict("conflict", message));
    };
    let secret = app.secrets.open(&secret, &secrets::of_invite(&row.token))?;
    let Some(step) = code::step_of(&app, &secret, &login, &given.code)? else {
        return Err(wrong_code());
    };
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let used = sqlx::query("DELETE FROM invites WHERE token = ?")
        .bind(&row.token)
        .execute(&mut *change)
        .await?;
    if used.rows_affected() != 1 {
        return Err(ApiError::not_found());
    }
    let user = row.user.clone().unwrap_or_else(Id::random);
    let secret = app.secrets.seal(&secret, &secrets::of_user(&user))?;
    match row.user {
        Some(_) => {
            sqlx::query("UPDATE users SET password = ?, secret = ?, last_step = ? WHERE id = ?")
                .bind(hash)
                .bind(secret)
                .bind(step)
                .bind(&user)
                .execute(&mut *change)
                .await?;
        }
        None => {
            let made = sqlx::query(
                "INSERT INTO users (id, login, name, name_key, role, active, password, secret,
                 last_step, created_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
            )
            .bind(&user)
            .bind(&login)
            .bind(&name)
            .bind(people::name_key(&name))
            .bind(row.role)
            .bind(hash)
            .bind(secret)
            .bind(step)
            .bind(app.now())
            .execute(&mut *change)
            .await;
            people::made(made)?;
        }
    }
    let note = Note::new(Act::Account, "enrolled").label("role", row.role.name());
    app.note(&name, note).await?;
    change.commit().await?;
    attempts::forget(&app.db, &login).await?;
    session::end_all(&app, &user).await?;
    session::end_shown(&app, &headers).await?;
    let account = by_id(&app.db, &user).await?;
    if !account.active {
        return Err(session::signed_out());
    }
    session::begin(&app, &account, &headers).await
}
