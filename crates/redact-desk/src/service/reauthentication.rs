//! Reauthentication of signed-in users before sensitive actions.

use super::app::Shared;
use super::attempts::{self, Origin};
use super::hashing::Lane;
use super::second_factor::{self, wrong_code};
use super::{password, recovery, refusals};
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::users::{self, Account};
use crate::domain::refusals::Refusal;
use crate::model::SessionUser;
use crate::peer::Peer;

/// The credentials that a signed-in user enters again.
pub(crate) struct Reauthentication<'a> {
    pub(crate) account: &'a Account,
    pub(crate) peer: Peer,
    pub(crate) password: &'a str,
    /// The code of the second factor, if it is required.
    pub(crate) code: Option<&'a str>,
    /// The action, as spelled in the event log.
    pub(crate) action: &'static str,
}

/// Checks the password of a signed-in user before what is hard to undo.
///
/// # Errors
/// Those of [`reauthenticate`].
pub(crate) async fn with_password(
    app: &Shared,
    who: &SessionUser,
    (password, peer): (&str, Peer),
    action: &'static str,
) -> ApiResult<()> {
    let account = users::by_id(&app.db, &who.id).await?;
    let given = Reauthentication {
        account: &account,
        peer,
        password,
        code: None,
        action,
    };
    reauthenticate(app, given).await
}

/// Checks the credentials of a signed-in user. Counted per account, apart from sign-ins.
///
/// # Errors
/// 401 `wrong_password`, 422 `wrong_code`, 429 `locked`.
pub(crate) async fn reauthenticate(app: &Shared, given: Reauthentication<'_>) -> ApiResult<()> {
    let account = given.account;
    let refusal = |locked| Refusal {
        peer: given.peer,
        who: &account.name,
        action: given.action,
        locked,
    };
    let attempt = match attempts::reserve(app, &account.login, &Origin::Session).await {
        Ok(attempt) => attempt,
        Err(refused) => {
            refusals::note(app, refusal(true)).await?;
            return Err(refused);
        }
    };
    let known = account.password.as_deref();
    if known.is_none() {
        let message = "Your account has no password, which this requires.";
        return Err(ApiError::conflict("no_password", message)
            .hint("Ask an administrator for a link with which you choose one."));
    }
    if !password::matches(app, Lane::SignedIn, given.password, known).await? {
        refusals::note(app, refusal(false)).await?;
        let message = "The password is wrong.";
        return Err(
            ApiError::new(Status::Unauthorized, "wrong_password", message).about("password"),
        );
    }
    if let Some(code) = given.code
        && !is_second_factor(app, account, code).await?
    {
        refusals::note(app, refusal(false)).await?;
        return Err(wrong_code());
    }
    Ok(attempt.refund(app).await?)
}

/// Whether `given` is a code of the account's authenticator app or one of its recovery codes, and
/// was not used before; uses it up.
///
/// # Errors
/// Database errors.
pub(crate) async fn is_second_factor(
    app: &Shared,
    account: &Account,
    given: &str,
) -> ApiResult<bool> {
    Ok(second_factor::take(app, account, given).await?
        || recovery::take(app, account, given).await?)
}
