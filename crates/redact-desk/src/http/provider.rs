//! Sign-in through the agency's identity provider.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::accounts::begin_session;
use super::body::Body;
use super::cookies;
use super::users::{User, present_by_id};
use crate::api_error::{ApiError, ApiResult, optional_text};
use crate::db::users;
use crate::domain::refusals::Refusal;
use crate::id::Id;
use crate::model::SessionUser;
use crate::peer::Peer;
use crate::service::app::App;
use crate::service::provider_accounts::{self as accounts, configured};
use crate::service::refusals;

/// Where the person signs in.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ProviderSignIn {
    url: String,
}

/// `POST /session/provider`: begins a sign-in at the provider.
pub(crate) async fn begin(State(app): State<App>) -> ApiResult<Response> {
    let (url, browser) = configured(&app)?.begin(app.now()).await?;
    let cookie = cookies::provider_cookie(&browser);
    Ok((cookie, axum::Json(ProviderSignIn { url })).into_response())
}

/// `GET /sign-in/return`: the person returns from the provider.
pub(crate) async fn finish(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Query(given): Query<HashMap<String, String>>,
) -> Response {
    let mut response = match sign_in(&app, (peer, &headers), &given).await {
        Ok(response) => redirect(response, "/#/".to_owned()),
        Err(error) => {
            let refusal = Refusal {
                peer,
                who: "unknown",
                action: "sign-in",
                locked: false,
            };
            let error = refusals::note(&app, refusal).await.err().unwrap_or(error);
            let place = format!("/#/sign-in?problem={}", error.code());
            redirect(StatusCode::SEE_OTHER.into_response(), place)
        }
    };
    for (name, value) in cookies::forget_provider_cookie() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The response without its body, leading to a place of the page.
fn redirect(response: Response, place: String) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::SEE_OTHER;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Ok(place) = HeaderValue::from_str(&place) {
        parts.headers.insert(header::LOCATION, place);
    }
    Response::from_parts(parts, axum::body::Body::empty())
}

async fn sign_in(
    app: &App,
    (peer, headers): (Peer, &HeaderMap),
    given: &HashMap<String, String>,
) -> ApiResult<Response> {
    let provider = configured(app)?;
    let value = |name: &str| given.get(name).map(String::as_str);
    let browser = cookies::provider_browser(headers);
    let state = value("state").unwrap_or_default();
    let Some(code) = value("code") else {
        let message = "The identity provider did not sign you in.";
        return Err(ApiError::refused("provider_denied", message));
    };
    let found = provider.finish((browser.as_deref(), state), code, app.now());
    let claims = found.await?;
    let account = accounts::find(app, provider, &claims).await?;
    begin_session(app, &account, (peer, headers), "provider").await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderLink {
    /// The account name at the provider; `null` disconnects.
    account: Option<String>,
}

/// `POST /users/:id/provider`.
pub(crate) async fn link(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ProviderLink>,
) -> ApiResult<axum::Json<User>> {
    let account = users::by_id(&app.db, &id).await?;
    let name = optional_text("account", given.account.as_deref().unwrap_or_default(), 200)?;
    if given.account.is_some() && name.is_empty() {
        return Err(ApiError::field("account", "Enter the account name."));
    }
    let name = Some(name.as_str()).filter(|name| !name.is_empty());
    accounts::link(&app, &who, &account, name).await?;
    Ok(axum::Json(present_by_id(&app, &id).await?))
}
