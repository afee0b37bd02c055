//! One's own second factor: recovery codes, and another authenticator app.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::cookies;
use super::invites::Enrollment;
use crate::api_error::ApiResult;
use crate::db::users::{self, Account};
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::app::{App, Shared};
use crate::service::reauthentication::{Reauthentication, reauthenticate};
use crate::service::recovery;

/// What a signed-in person enters again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    password: String,
    /// Six digits, or a recovery code.
    code: String,
}

/// The account of the person, who entered the credentials again.
///
/// # Errors
/// 401 `wrong_password`, 422 `wrong_code`, 429 `locked`.
pub(super) async fn checked(
    app: &Shared,
    (who, peer): (&SessionUser, Peer),
    given: &Credentials,
    action: &'static str,
) -> ApiResult<Account> {
    let account = users::by_id(&app.db, &who.id).await?;
    let again = Reauthentication {
        account: &account,
        peer,
        password: &given.password,
        code: Some(&given.code),
        action,
    };
    reauthenticate(app, again).await?;
    Ok(account)
}

/// A new set of recovery codes.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RecoveryCodes {
    codes: Vec<String>,
}

/// `POST /me/recovery-codes`: a new set, which voids the one before.
pub(crate) async fn make_codes(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Body(given): Body<Credentials>,
) -> ApiResult<axum::Json<RecoveryCodes>> {
    let account = checked(&app, (&who, peer), &given, "recovery-codes").await?;
    let codes = recovery::make_codes(&app, &account).await?;
    Ok(axum::Json(RecoveryCodes { codes }))
}

/// `POST /me/second-factor`: another authenticator app, until a code confirms it.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Body(given): Body<Credentials>,
) -> ApiResult<axum::Json<Enrollment>> {
    let account = checked(&app, (&who, peer), &given, "second-factor-change").await?;
    let secret = recovery::begin_second_factor(&app, &account).await?;
    Ok(axum::Json(Enrollment::new(secret, &account.login)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    code: String,
}

/// `POST /me/second-factor/confirm`: the app takes the place of the one before.
pub(crate) async fn confirm(
    State(app): State<App>,
    who: SessionUser,
    headers: HeaderMap,
    Body(given): Body<FirstCode>,
) -> ApiResult<StatusCode> {
    let account = users::by_id(&app.db, &who.id).await?;
    recovery::confirm_second_factor(&app, &account, &given.code).await?;
    cookies::end_others(&app, &who, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}
