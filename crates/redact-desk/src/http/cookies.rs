//! Cookies of sessions and of known browsers.

use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::api_error::ApiResult;
use crate::db::pool::DbError;
use crate::db::sessions as rows;
use crate::db::users::Account;
use crate::id::Token;
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::app::Shared;
use crate::service::attempts::Origin;
use crate::service::sessions;
use crate::time::{HOUR, Millis};

const COOKIE: &str = "__Host-redact";

/// The cookie of a browser that a user signed in with. On its own it admits nobody.
const DEVICE: &str = "__Host-redact-device";

/// How long a browser is known after the last sign-in.
const DEVICE_LASTS: Millis = 180 * 24 * HOUR;

/// The session token that a browser sends.
fn present(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE)
}

/// A cookie that a browser sends; the first of several.
fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let pairs = cookies.filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, token)| token.to_owned())
}

/// The user of the session that the browser sends, unless it has ended.
///
/// # Errors
/// Database errors.
pub(crate) async fn who(app: &Shared, headers: &HeaderMap) -> ApiResult<Option<SessionUser>> {
    match present(headers) {
        Some(token) => sessions::find(app, &token).await,
        None => Ok(None),
    }
}

/// Begins a session and returns `body` with its cookie.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
    body: impl IntoResponse,
) -> ApiResult<Response> {
    let token = sessions::begin(app, &account.id).await?;
    let cookie = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
        token.text
    );
    let device = remember(app, account, headers).await?;
    let cookies = AppendHeaders([(header::SET_COOKIE, cookie), (header::SET_COOKIE, device)]);
    Ok((cookies, body).into_response())
}

/// The stored form of the device cookie that a browser sends, if it belongs to `account`.
async fn device(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
) -> Result<Option<String>, DbError> {
    let Some(token) = cookie(headers, DEVICE) else {
        return Ok(None);
    };
    let stored = Token::stored(&token);
    let after = app.now() - DEVICE_LASTS;
    let known = rows::knows_device(&app.db, &stored, &account.id, after).await?;
    Ok(known.then_some(stored))
}

/// The origin of a sign-in for `account`.
///
/// # Errors
/// Database errors.
pub(crate) async fn origin(
    app: &Shared,
    account: &Account,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Origin, DbError> {
    let device = device(app, account, headers).await?;
    Ok(device.map_or(Origin::Unknown(peer), Origin::Device))
}

/// The header that makes a browser known: its present cookie, or a new one.
async fn remember(app: &Shared, account: &Account, headers: &HeaderMap) -> ApiResult<String> {
    let now = app.now();
    let text = match (
        device(app, account, headers).await?,
        cookie(headers, DEVICE),
    ) {
        (Some(known), Some(present)) => {
            rows::touch_device(&app.db, &known, now).await?;
            present
        }
        _ => {
            let token = Token::random();
            let times = (now, now - DEVICE_LASTS);
            rows::insert_device(&app.db, &token.stored, &account.id, times).await?;
            token.text
        }
    };
    let seconds = DEVICE_LASTS / 1000;
    Ok(format!(
        "{DEVICE}={text}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}"
    ))
}

/// The cookie of a browser that went to the identity provider. It is not `Strict`, because the
/// browser comes back from another site.
const PROVIDER: &str = "__Host-redact-provider";

/// The token of a browser that returns from the identity provider.
pub(crate) fn provider_browser(headers: &HeaderMap) -> Option<String> {
    cookie(headers, PROVIDER)
}

/// The header that gives a browser its token for the way to the identity provider.
pub(crate) fn provider_cookie(token: &Token) -> [(HeaderName, String); 1] {
    let cookie = format!(
        "{PROVIDER}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
        token.text
    );
    [(header::SET_COOKIE, cookie)]
}

/// Deletes that cookie.
pub(crate) fn forget_provider_cookie() -> [(HeaderName, String); 1] {
    let gone = format!("{PROVIDER}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    [(header::SET_COOKIE, gone)]
}

/// Deletes the browser's session cookie.
pub(crate) fn forget_cookie() -> [(HeaderName, String); 1] {
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    [(header::SET_COOKIE, gone)]
}

/// Ends the session that the browser sends, if any.
///
/// # Errors
/// Database errors.
pub(crate) async fn end_shown(app: &Shared, headers: &HeaderMap) -> Result<(), DbError> {
    match present(headers) {
        Some(token) => rows::delete(&app.db, &Token::stored(&token)).await,
        None => Ok(()),
    }
}

/// Ends all other sessions of `who`, and forgets all other browsers.
///
/// # Errors
/// Database errors.
pub(crate) async fn end_others(
    app: &Shared,
    who: &SessionUser,
    headers: &HeaderMap,
) -> Result<(), DbError> {
    let here = cookie(headers, DEVICE).map(|token| Token::stored(&token));
    rows::delete_devices_of(&app.db, &who.id, here.as_deref()).await?;
    rows::delete_of(&app.db, &who.id, Some(&who.session)).await
}
