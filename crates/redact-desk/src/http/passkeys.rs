//! One's own passkeys, and sign-in with one.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::begin_session;
use super::body::Body;
use super::place::named_place;
use super::second_factor::{Credentials, checked};
use crate::api_error::{ApiError, ApiResult, Status, text};
use crate::db::passkeys::{self, PasskeyRow};
use crate::db::users;
use crate::domain::refusals::Refusal;
use crate::id::Id;
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::app::App;
use crate::service::passkeys::NotSignedIn;
use crate::service::provider_accounts::check_local;
use crate::service::{passkeys as service, refusals};
use crate::time;

/// A passkey, as its owner sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Passkey {
    id: Id,
    name: String,
    /// The host name that it works for.
    host: String,
    created_at: String,
    last_used_at: Option<String>,
}

/// `GET /me/passkeys`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Passkey>>> {
    let rows = passkeys::of(&app.db, &who.id).await?.into_iter();
    let shown = rows.map(|row: PasskeyRow| Passkey {
        id: row.id,
        name: row.name,
        host: row.host,
        created_at: time::text(row.created_at),
        last_used_at: row.last_used_at.map(time::text),
    });
    Ok(axum::Json(shown.collect()))
}

/// What the browser's own functions take.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PasskeyOptions {
    #[cfg_attr(test, ts(type = "unknown"))]
    options: Value,
}

/// `POST /me/passkeys/begin`: a request to make a passkey.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Credentials>,
) -> ApiResult<axum::Json<PasskeyOptions>> {
    let place = named_place(&app, &headers)?;
    let account = checked(&app, (&who, peer), &given, "passkey").await?;
    let options = service::begin_registration(&app, &account, &place).await?;
    Ok(axum::Json(PasskeyOptions { options }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    name: String,
    /// As the browser returns it, in JSON.
    credential: Value,
}

/// `POST /me/passkeys`: stores the passkey that the browser made.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    headers: HeaderMap,
    Body(given): Body<NewPasskey>,
) -> ApiResult<StatusCode> {
    let place = named_place(&app, &headers)?;
    let name = text("name", &given.name, 60)?;
    let account = users::by_id(&app.db, &who.id).await?;
    let new = (name, &given.credential);
    service::finish_registration(&app, &account, &place, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me/passkeys/:id`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    let account = users::by_id(&app.db, &who.id).await?;
    service::remove(&app, &account, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /session/passkey/begin`: a request to sign in with a passkey.
pub(crate) async fn begin_sign_in(
    State(app): State<App>,
    headers: HeaderMap,
) -> ApiResult<axum::Json<PasskeyOptions>> {
    let place = named_place(&app, &headers)?;
    let options = service::begin_sign_in(&app, &place)?;
    Ok(axum::Json(PasskeyOptions { options }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeySignIn {
    /// As the browser returns it, in JSON.
    credential: Value,
}

/// `POST /session/passkey`.
pub(crate) async fn sign_in(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<PasskeySignIn>,
) -> ApiResult<Response> {
    let place = named_place(&app, &headers)?;
    let refuse = async |who: &str, error: ApiError| {
        let refusal = Refusal {
            peer,
            who,
            action: "sign-in",
            locked: false,
        };
        refusals::note(&app, refusal).await.err().unwrap_or(error)
    };
    let account = match service::finish_sign_in(&app, &place, &given.credential).await {
        Ok(account) if account.active => account,
        // As for a passkey that does not exist: whether an account is closed is not told.
        Ok(account) => {
            let error = ApiError::refused("passkey", "The passkey was not accepted.");
            return Err(refuse(&account.name, error).await);
        }
        Err(NotSignedIn::Refused(account, error)) => {
            return Err(refuse(&account.name, error).await);
        }
        Err(NotSignedIn::Invalid(error)) => return Err(refuse("unknown", error).await),
        Err(NotSignedIn::Failed(error)) => return Err(error),
    };
    if account.password.is_none() {
        let message = "Your account is not set up. Open the link that you got.";
        return Err(ApiError::new(Status::Unauthorized, "not_set_up", message));
    }
    check_local(&app, &account)?;
    begin_session(&app, &account, (peer, &headers), "passkey").await
}
