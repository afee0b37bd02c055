//! Sessions: kept on the server, shown by a cookie that only this server sets.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};

use super::attempts::Origin;
use super::{Account, Me};
use crate::answer::{Answer, ApiError};
use crate::app::Shared;
use crate::peer::Peer;
use crate::routes::Role;
use crate::store::{Id, Token};
use crate::time::{HOUR, MINUTE, Millis};

/// A session ends when nothing was asked for so long, and so long after it began.
pub(crate) const IDLE_MAX: Millis = 30 * MINUTE;
pub(crate) const LASTS_MAX: Millis = 12 * HOUR;

const COOKIE: &str = "__Host-redact";

/// The cookie of a browser that somebody signed in with; it alone lets nobody in.
const DEVICE: &str = "__Host-redact-device";

/// How long such a browser is known after the last sign-in.
const DEVICE_LASTS: Millis = 180 * 24 * HOUR;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// When the session began.
    pub(crate) began: Millis,
    /// What is kept of its token.
    pub(crate) session: String,
}

/// What a handler gets was put there by the guard; a route without it has nobody signed in.
impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(signed_out)
    }
}

/// Nobody is signed in.
pub(crate) fn signed_out() -> ApiError {
    let message = "You are not signed in, or your session has ended.";
    ApiError::new(StatusCode::UNAUTHORIZED, "signed_out", message)
}

/// The session's token that a browser shows.
fn shown(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE)
}

/// A cookie that a browser shows; the first one, should there be several.
fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let pairs = cookies.filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, token)| token.to_owned())
}

/// Whose session the browser shows, if it has not ended.
///
/// # Errors
/// The database's.
pub(crate) async fn find(app: &Shared, headers: &HeaderMap) -> Answer<Option<Who>> {
    let Some(token) = shown(headers) else {
        return Ok(None);
    };
    let session = Token::kept(&token);
    let found: Option<(Id, String, Role, Millis, Millis)> = sqlx::query_as(
        "SELECT users.id, name, role, sessions.created_at, seen_at FROM sessions
         JOIN users ON users.id = sessions.user WHERE token = ? AND active = 1",
    )
    .bind(&session)
    .fetch_optional(&app.db)
    .await?;
    let Some((id, name, role, began, seen)) = found else {
        return Ok(None);
    };
    let now = app.now();
    if now - seen >= IDLE_MAX || now - began >= LASTS_MAX {
        sqlx::query("DELETE FROM sessions WHERE token = ?")
            .bind(&session)
            .execute(&app.db)
            .await?;
        return Ok(None);
    }
    Ok(Some(Who {
        id,
        name,
        role,
        began,
        session,
    }))
}

/// Whether a session still holds, without keeping it awake.
pub(crate) async fn holds(app: &Shared, who: &Who) -> bool {
    let found: Result<Option<(Millis, Millis)>, _> = sqlx::query_as(
        "SELECT sessions.created_at, seen_at FROM sessions JOIN users ON users.id = sessions.user
         WHERE token = ? AND active = 1",
    )
    .bind(&who.session)
    .fetch_optional(&app.db)
    .await;
    let now = app.now();
    matches!(found, Ok(Some((began, seen)))
        if now - seen < IDLE_MAX && now - began < LASTS_MAX)
}

/// Keeps a session awake; written once a minute at most.
///
/// # Errors
/// The database's.
pub(crate) async fn touch(app: &Shared, who: &Who) -> Result<(), sqlx::Error> {
    let now = app.now();
    let touched = sqlx::query("UPDATE sessions SET seen_at = ? WHERE token = ? AND seen_at <= ?")
        .bind(now)
        .bind(&who.session)
        .bind(now - MINUTE)
        .execute(&app.db)
        .await?;
    if touched.rows_affected() > 0 {
        sqlx::query("UPDATE users SET last_seen_at = ? WHERE id = ?")
            .bind(now)
            .bind(&who.id)
            .execute(&app.db)
            .await?;
    }
    Ok(())
}

/// Begins a session and answers with its cookie.
///
/// # Errors
/// The database's.
pub(crate) async fn begin(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
) -> Answer<Response> {
    let token = Token::random();
    let now = app.now();
    sqlx::query("DELETE FROM sessions WHERE created_at < ?")
        .bind(now - LASTS_MAX)
        .execute(&app.db)
        .await?;
    sqlx::query("INSERT INTO sessions (token, user, created_at, seen_at) VALUES (?, ?, ?, ?)")
        .bind(&token.kept)
        .bind(&account.id)
        .bind(now)
        .bind(now)
        .execute(&app.db)
        .await?;
    sqlx::query("UPDATE users SET last_seen_at = ? WHERE id = ?")
        .bind(now)
        .bind(&account.id)
        .execute(&app.db)
        .await?;
    let cookie = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
        token.text
    );
    let device = remember(app, account, headers).await?;
    let cookies = AppendHeaders([(header::SET_COOKIE, cookie), (header::SET_COOKIE, device)]);
    Ok((cookies, axum::Json(Me::new(account, now))).into_response())
}

/// The device of `account` that a browser shows, by what is stored of its cookie.
async fn device(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
) -> Result<Option<String>, sqlx::Error> {
    let Some(token) = cookie(headers, DEVICE) else {
        return Ok(None);
    };
    let known: Option<(String,)> =
        sqlx::query_as("SELECT token FROM devices WHERE token = ? AND user = ? AND seen_at > ?")
            .bind(Token::kept(&token))
            .bind(&account.id)
            .bind(app.now() - DEVICE_LASTS)
            .fetch_optional(&app.db)
            .await?;
    Ok(known.map(|(token,)| token))
}

/// Where a sign-in for `account` comes from.
///
/// # Errors
/// The database's.
pub(super) async fn origin(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Origin, sqlx::Error> {
    let device = device(app, account, headers).await?;
    Ok(device.map_or(Origin::Stranger(peer), Origin::Device))
}

/// The line that makes a browser known: the cookie that it has, or a new one.
async fn remember(app: &Shared, account: &Account, headers: &HeaderMap) -> Answer<String> {
    let now = app.now();
    let text = match (
        device(app, account, headers).await?,
        cookie(headers, DEVICE),
    ) {
        (Some(known), Some(shown)) => {
            sqlx::query("UPDATE devices SET seen_at = ? WHERE token = ?")
                .bind(now)
                .bind(known)
                .execute(&app.db)
                .await?;
            shown
        }
        _ => {
            let token = Token::random();
            sqlx::query("DELETE FROM devices WHERE seen_at <= ?")
                .bind(now - DEVICE_LASTS)
                .execute(&app.db)
                .await?;
            sqlx::query("INSERT INTO devices VALUES (?, ?, ?, ?)")
                .bind(&token.kept)
                .bind(&account.id)
                .bind(now)
                .bind(now)
                .execute(&app.db)
                .await?;
            token.text
        }
    };
    let seconds = DEVICE_LASTS / 1000;
    Ok(format!(
        "{DEVICE}={text}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"
    ))
}

/// Makes the browser forget its cookie.
pub(crate) fn forget_cookie() -> [(HeaderName, String); 1] {
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    [(header::SET_COOKIE, gone)]
}

/// Ends the session that the browser shows, if any.
///
/// # Errors
/// The database's.
pub(crate) async fn end_shown(app: &Shared, headers: &HeaderMap) -> Result<(), sqlx::Error> {
    let Some(token) = shown(headers) else {
        return Ok(());
    };
    sqlx::query("DELETE FROM sessions WHERE token = ?")
        .bind(Token::kept(&token))
        .execute(&app.db)
        .await
        .map(drop)
}

/// Ends every session of somebody; no browser of theirs is known any more.
///
/// # Errors
/// The database's.
pub(crate) async fn end_all(app: &Shared, user: &Id) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM devices WHERE user = ?")
        .bind(user)
        .execute(&app.db)
        .await?;
    sqlx::query("DELETE FROM sessions WHERE user = ?")
        .bind(user)
        .execute(&app.db)
        .await
        .map(drop)
}

/// Ends every session of `who` but this one, and forgets every browser but this one.
///
/// # Errors
/// The database's.
pub(crate) async fn end_others(
    app: &Shared,
    who: &Who,
    headers: &HeaderMap,
) -> Result<(), sqlx::Error> {
    let here = cookie(headers, DEVICE).map(|token| Token::kept(&token));
    sqlx::query("DELETE FROM devices WHERE user = ? AND token != ?")
        .bind(&who.id)
        .bind(here.unwrap_or_default())
        .execute(&app.db)
        .await?;
    sqlx::query("DELETE FROM sessions WHERE user = ? AND token != ?")
        .bind(&who.id)
        .bind(&who.session)
        .execute(&app.db)
        .await
        .map(drop)
}
