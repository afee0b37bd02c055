//! Sign-in, sign-out, and changing one's own password.
//!
//! Signing in requires login, password and a code. An error never says which of them was wrong.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::cookies;
use super::place::place;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::users::{self, Account};
use crate::db::{keys, pool, recovery_codes};
use crate::domain::refusals::Refusal;
use crate::event::Event;
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::peer::Peer;
use crate::service::app::{App, Shared};
use crate::service::attempts::{self, Origin};
use crate::service::hashing::Lane;
use crate::service::provider_accounts::check_local;
use crate::service::reauthentication::{Reauthentication, is_second_factor, reauthenticate};
use crate::service::views::{self, Sessions};
use crate::service::{password, refusals, sessions, signing};
use crate::time::{self, Millis};

/// What the page needs before anyone has signed in.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "State"))]
pub(crate) struct DeskState {
    version: &'static str,
    signed_in: bool,
    needs_setup: bool,
    tls: bool,
    /// Whether passkeys can be used under the name that the page was opened by.
    passkeys: bool,
    /// What people call the identity provider, if there is one.
    provider: Option<String>,
    /// Whether a mail server is configured.
    mail: bool,
}

/// `GET /state`.
pub(crate) async fn state(
    State(app): State<App>,
    headers: HeaderMap,
) -> ApiResult<axum::Json<DeskState>> {
    let who = cookies::who(&app, &headers).await?;
    Ok(axum::Json(DeskState {
        version: env!("CARGO_PKG_VERSION"),
        signed_in: who.is_some(),
        needs_setup: users::needs_setup(&app.db).await?,
        tls: app.options.tls,
        passkeys: place(&app, &headers).is_some(),
        provider: app
            .provider
            .as_ref()
            .map(|provider| provider.config.title.clone()),
        mail: app.mailer.is_some(),
    }))
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
) -> ApiResult<Response> {
    let login = given.login.trim().to_lowercase();
    let account = users::by_login(&app.db, &login).await?;
    let origin = match &account {
        Some(account) => cookies::origin(&app, account, &headers, peer).await?,
        None => Origin::Unknown(peer),
    };
    let name = account.as_ref().map(|account| account.name.clone());
    // An unknown login is not logged: it may be a password in the wrong field.
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
            // Check both, so that the response time reveals nothing.
            let known = account.password.as_deref();
            let password = password::matches(&app, Lane::Anonymous, &given.password, known).await?;
            password && is_second_factor(&app, account, &given.code).await?
        }
        _ => {
            password::matches(&app, Lane::Anonymous, &given.password, None).await?;
            false
        }
    };
    let Some(account) = account.filter(|_| right) else {
        refusals::note(&app, refusal(false)).await?;
        return Err(ApiError::new(
            Status::Unauthorized,
            "invalid_credentials",
            "The login, password or code is wrong.",
        )
        .hint("Each code works once: wait for the next one before you try again."));
    };
    attempt.refund(&app).await?;
    check_local(&app, &account)?;
    begin_session(&app, &account, (peer, &headers), "password").await
}

/// Begins a session of `account`, who signed in with `with`, as the event log spells it.
///
/// # Errors
/// Errors of the database and the log.
pub(super) async fn begin_session(
    app: &Shared,
    account: &Account,
    (peer, headers): (Peer, &HeaderMap),
    with: &str,
) -> ApiResult<Response> {
    let event = Event::new(Act::Account, "sign-in")
        .label("role", account.role.name())
        .label("with", with);
    app.log_event(&account.name, event.label("address", &peer.label()))
        .await?;
    // A sign-in always starts a new session.
    cookies::end_shown(app, headers).await?;
    let me = axum::Json(Me::load(app, account, app.now()).await?);
    cookies::begin(app, account, headers, me).await
}

/// `DELETE /session`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    who: SessionUser,
    headers: HeaderMap,
) -> ApiResult<Response> {
    cookies::end_shown(&app, &headers).await?;
    app.log_event(&who.name, Event::new(Act::Account, "sign-out"))
        .await?;
    views::log_finished(&app, Sessions::Ended).await?;
    Ok((StatusCode::NO_CONTENT, cookies::forget_cookie()).into_response())
}

/// The signed-in user, as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Me {
    id: Id,
    login: String,
    name: String,
    role: Role,
    idle_seconds: i64,
    ends_at: String,
    /// Recovery codes that were not used.
    recovery_codes: i64,
}

impl Me {
    /// The account, in a session that began at `began`.
    ///
    /// # Errors
    /// Database errors.
    pub(crate) async fn load(app: &Shared, account: &Account, began: Millis) -> ApiResult<Self> {
        Ok(Self {
            id: account.id.clone(),
            login: account.login.clone(),
            name: account.name.clone(),
            role: account.role,
            idle_seconds: sessions::IDLE_MAX / 1000,
            ends_at: time::text(began + sessions::LASTS_MAX),
            recovery_codes: recovery_codes::left(&app.db, &account.id).await?,
        })
    }
}

/// `GET /me`.
pub(crate) async fn me(State(app): State<App>, who: SessionUser) -> ApiResult<axum::Json<Me>> {
    let account = users::by_id(&app.db, &who.id).await?;
    Ok(axum::Json(Me::load(&app, &account, who.began).await?))
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
    who: SessionUser,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<NewPassword>,
) -> ApiResult<StatusCode> {
    let account = users::by_id(&app.db, &who.id).await?;
    let names = [account.login.as_str(), account.name.as_str()];
    password::check("new_password", &given.new_password, &names)?;
    let again = Reauthentication {
        account: &account,
        peer,
        password: &given.password,
        code: Some(&given.code),
        action: "password-change",
    };
    reauthenticate(&app, again).await?;
    let hash = password::hash(&app, Lane::SignedIn, &given.new_password).await?;
    let (old, new) = (&given.password, &given.new_password);
    let resealed = signing::reencrypt(&app, &who.id, old, new).await?;
    let mut change = pool::begin(&app.db).await?;
    app.log_event(&who.name, Event::new(Act::Account, "password-change"))
        .await?;
    users::set_password(&mut change, &who.id, &hash).await?;
    // In the same transaction as the password: a key that no password opens would be lost.
    if let Some((key, sealed)) = resealed {
        keys::reseal(&mut change, key, &sealed).await?;
    }
    change.commit().await?;
    cookies::end_others(&app, &who, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}
