//! Mail: what a person chose, and the state of the queue for administrators.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::{ApiError, ApiResult};
use crate::db::mail::{self as rows, MailRow};
use crate::db::users;
use crate::id::Id;
use crate::model::{MailKind, SessionUser};
use crate::service::app::App;
use crate::service::{mail, mailer};
use crate::time;

/// Where a person gets mail, and about what.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MailChoice {
    /// Whether a mail server is configured.
    available: bool,
    address: String,
    kinds: Vec<MailKind>,
}

/// `GET /me/mail`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<MailChoice>> {
    let row = rows::choice(&app.db, &who.id).await?;
    let (address, kinds) = row.map_or_else(
        || (String::new(), MailKind::usual().join(" ")),
        |row| (row.address, row.kinds),
    );
    Ok(axum::Json(MailChoice {
        available: app.mailer.is_some(),
        address,
        kinds: kinds.split(' ').filter_map(MailKind::read).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailChoiceBody {
    /// Empty: no mail.
    address: String,
    kinds: Vec<MailKind>,
}

/// `PUT /me/mail`.
pub(crate) async fn choose(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<MailChoiceBody>,
) -> ApiResult<StatusCode> {
    let address = match given.address.trim() {
        "" => String::new(),
        text => mailer::address(text)?,
    };
    if given.kinds.iter().any(|kind| !kind.is_chosen()) {
        return Err(ApiError::field("kinds", "This mail cannot be chosen."));
    }
    let account = users::by_id(&app.db, &who.id).await?;
    mail::choose(&app, &account, (&address, &given.kinds)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message that was not sent.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct WaitingMail {
    id: Id,
    kind: MailKind,
    /// The name of the person.
    to: String,
    made_at: String,
    attempts: i64,
    /// When it is tried next; `null`: it was given up.
    next_at: Option<String>,
    /// What the server answered.
    error: Option<String>,
}

impl From<MailRow> for WaitingMail {
    fn from(row: MailRow) -> Self {
        let is_over = row.given_up_at.is_some();
        Self {
            id: row.id,
            kind: row.kind,
            to: row.name,
            made_at: time::text(row.made_at),
            attempts: row.attempts,
            next_at: (!is_over).then(|| time::text(row.next_at)),
            error: row.error,
        }
    }
}

/// The state of the mail.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MailState {
    /// The mail server; `null`: none is configured.
    server: Option<String>,
    last_sent_at: Option<String>,
    waiting: Vec<WaitingMail>,
}

/// `GET /mail`.
pub(crate) async fn state(State(app): State<App>) -> ApiResult<axum::Json<MailState>> {
    let waiting = rows::not_sent(&app.db).await?.into_iter();
    Ok(axum::Json(MailState {
        server: app.mailer.as_ref().map(|mailer| mailer.place.clone()),
        last_sent_at: rows::last_sent(&app.db).await?.map(time::text),
        waiting: waiting.map(WaitingMail::from).collect(),
    }))
}

/// `POST /mail/test`: sends a test to the administrator's own address.
pub(crate) async fn test(State(app): State<App>, who: SessionUser) -> ApiResult<StatusCode> {
    mail::test(&app, &who.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /mail/:id/retry`.
pub(crate) async fn retry(State(app): State<App>, Path(id): Path<Id>) -> ApiResult<StatusCode> {
    match rows::retry(&app.db, &id, app.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `DELETE /mail/:id`.
pub(crate) async fn remove(State(app): State<App>, Path(id): Path<Id>) -> ApiResult<StatusCode> {
    match rows::delete(&app.db, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}
