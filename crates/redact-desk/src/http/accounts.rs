//! Signing in and out, and one's own password.
//!
//! A sign-in needs login, password and a code of the second factor, and its refusal never says
//! which of them was wrong.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::cookies;
use crate::answer::{Answer, ApiError, Status};
use crate::db::users::{self, Account};
use crate::db::{keys, pool};
use crate::domain::refusals::Refusal;
use crate::id::Id;
use crate::model::{Role, Who};
use crate::note::Note;
use crate::peer::Peer;
use crate::service::app::App;
use crate::service::attempts::{self, Origin};
use crate::service::hashing::Lane;
use crate::service::re_entry::{ReEntry, re_enter};
use crate::service::views::{self, Over};
use crate::service::{password, refusals, second_factor, sessions, signing};
use crate::time::{self, Millis};

/// What the page needs to know before anybody has signed in.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "State"))]
pub(crate) struct DeskState {
    version: &'static str,
    signed_in: bool,
    needs_setup: bool,
    tls: bool,
}

/// `GET /state`.
pub(crate) async fn state(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<axum::Json<DeskState>> {
    let who = cookies::who(&app, &headers).await?;
    Ok(axum::Json(DeskState {
        version: env!("CARGO_PKG_VERSION"),
        signed_in: who.is_some(),
        needs_setup: users::needs_setup(&app.db).await?,
        tls: app.options.tls,
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
) -> Answer<Response> {
    let login = given.login.trim().to_lowercase();
    let account = users::by_login(&app.db, &login).await?;
    let origin = match &account {
        Some(account) => cookies::origin(&app, account, &headers, peer).await?,
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
            password && second_factor::take(&app, account, &given.code).await?
        }
        _ => {
            password::matches(&app, Lane::Strangers, &given.password, None).await?;
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
    let note = Note::new(Act::Account, "sign-in").label("role", account.role.name());
    app.note(&account.name, note.label("address", &peer.label()))
        .await?;
    // Whatever session the browser shows is not gone on with: a sign-in makes a new one.
    cookies::end_shown(&app, &headers).await?;
    let me = axum::Json(Me::new(&account, app.now()));
    cookies::begin(&app, &account, &headers, me).await
}

/// `DELETE /session`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
) -> Answer<Response> {
    cookies::end_shown(&app, &headers).await?;
    app.note(&who.name, Note::new(Act::Account, "sign-out"))
        .await?;
    views::settle(&app, Over::Ended).await?;
    Ok((StatusCode::NO_CONTENT, cookies::forget_cookie()).into_response())
}

/// Oneself, as the page sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
            idle_seconds: sessions::IDLE_MAX / 1000,
            ends_at: time::text(began + sessions::LASTS_MAX),
        }
    }
}

/// `GET /me`.
pub(crate) async fn me(State(app): State<App>, who: Who) -> Answer<axum::Json<Me>> {
    let account = users::by_id(&app.db, &who.id).await?;
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
    let account = users::by_id(&app.db, &who.id).await?;
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
    let mut change = pool::begin(&app.db).await?;
    app.note(&who.name, Note::new(Act::Account, "password-change"))
        .await?;
    users::set_password(&mut change, &who.id, &hash).await?;
    // One change with the password: a key that no password opens would be lost.
    if let Some((key, sealed)) = anew {
        keys::reseal(&mut change, key, &sealed).await?;
    }
    change.commit().await?;
    cookies::end_others(&app, &who, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}
