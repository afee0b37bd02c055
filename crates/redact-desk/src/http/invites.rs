//! Invitations: a link with which a user chooses a password and sets up the second factor.
//!
//! The first start creates one for the first administrator. Administrators create one for every
//! other account, and for accounts whose password or phone was lost.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::accounts::Me;
use super::body::Body;
use super::cookies;
use crate::api_error::{ApiError, ApiResult};
use crate::db::invites::{self, Chosen, InviteRow};
use crate::db::users::{self, Enrolled, NewAccount};
use crate::db::{attempts, pool};
use crate::domain::accounts;
use crate::event::Event;
use crate::id::{Id, Token};
use crate::model::Role;
use crate::service::app::{App, Shared};
use crate::service::grants;
use crate::service::hashing::Lane;
use crate::service::second_factor::wrong_code;
use crate::service::{password, second_factor, secrets, sessions};
use crate::time;

async fn find(app: &Shared, token: &str) -> ApiResult<InviteRow> {
    let row = invites::find(&app.db, &Token::stored(token), app.now()).await?;
    // The link of the first start creates only one administrator.
    let row = match row {
        Some(row) if row.user.is_none() && !users::needs_setup(&app.db).await? => None,
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

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
) -> ApiResult<axum::Json<Invite>> {
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
pub(crate) struct EnrollBody {
    login: Option<String>,
    name: Option<String>,
    password: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Enrollment {
    secret: String,
    uri: String,
    qr_svg: String,
}

impl Enrollment {
    /// For an authenticator app.
    ///
    /// # Errors
    /// If the secret is invalid.
    pub(super) fn new(secret: String, login: &str) -> ApiResult<Self> {
        let (uri, qr_svg) = second_factor::enrollment(&secret, login)?;
        Ok(Self {
            secret,
            uri,
            qr_svg,
        })
    }
}

/// `POST /invites/:token`: stores password and second factor with the invitation until a code
/// confirms them.
pub(crate) async fn enroll(
    State(app): State<App>,
    Path(token): Path<String>,
    Body(given): Body<EnrollBody>,
) -> ApiResult<axum::Json<Enrollment>> {
    let row = find(&app, &token).await?;
    let (login, name) = match &row.user {
        Some(_) if given.login.is_some() || given.name.is_some() => {
            return Err(ApiError::field(
                "login",
                "This invitation already has a login and a name.",
            ));
        }
        Some(user) => {
            let account = users::by_id(&app.db, user).await?;
            (account.login, account.name)
        }
        None => {
            let login = accounts::login(given.login.as_deref().unwrap_or_default())?;
            let name = accounts::name(given.name.as_deref().unwrap_or_default())?;
            (login, name)
        }
    };
    password::check("password", &given.password, &[&login, &name])?;
    let hash = password::hash(&app, Lane::Anonymous, &given.password).await?;
    let secret = second_factor::new_secret()?;
    let sealed = app
        .secrets
        .seal(&secret, &secrets::invite_binding(&row.token))?;
    let chosen = Chosen {
        login: &login,
        name: &name,
        password: &hash,
        secret: &sealed,
    };
    invites::choose(&app.db, &row.token, chosen).await?;
    Ok(axum::Json(Enrollment::new(secret, &login)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    code: String,
}

/// `POST /invites/:token/confirm`: creates or updates the account and deletes the invitation.
pub(crate) async fn confirm(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(given): Body<Confirm>,
) -> ApiResult<Response> {
    let row = find(&app, &token).await?;
    let (Some(login), Some(name), Some(hash), Some(secret)) =
        (row.login, row.name, row.password, row.secret)
    else {
        let message = "Choose a password first.";
        return Err(ApiError::conflict("conflict", message));
    };
    let secret = app
        .secrets
        .open(&secret, &secrets::invite_binding(&row.token))?;
    let Some(step) = second_factor::step_of(&app, &secret, &login, &given.code)? else {
        return Err(wrong_code());
    };
    let mut change = pool::begin(&app.db).await?;
    if !invites::use_up(&mut change, &row.token).await? {
        return Err(ApiError::not_found());
    }
    let user = row.user.clone().unwrap_or_else(Id::random);
    let secret = app.secrets.seal(&secret, &secrets::user_binding(&user))?;
    let enrolled = Enrolled {
        password: &hash,
        secret: &secret,
        step,
    };
    match row.user {
        Some(_) => users::enroll(&mut change, &user, enrolled).await?,
        None => {
            let first = NewAccount {
                id: &user,
                login: &login,
                name: &name,
                role: row.role,
                enrolled: Some(enrolled),
                now: app.now(),
            };
            users::insert(&mut change, first).await?;
        }
    }
    let event = Event::new(Act::Account, "enrolled").label("role", row.role.name());
    app.log_event(&name, event).await?;
    change.commit().await?;
    attempts::forget(&app.db, &login).await?;
    sessions::end_all(&app, &user).await?;
    cookies::end_shown(&app, &headers).await?;
    let account = users::by_id(&app.db, &user).await?;
    if !account.active {
        return Err(sessions::signed_out());
    }
    let me = axum::Json(Me::load(&app, &account, app.now()).await?);
    cookies::begin(&app, &account, &headers, me).await
}
