//! What somebody who is signed in enters again, before something that matters.

use super::app::Shared;
use super::attempts::{self, Origin};
use super::hashing::Lane;
use super::{password, refusals, second_factor};
use crate::answer::{Answer, ApiError, Status};
use crate::db::users::Account;
use crate::domain::refusals::Refusal;
use crate::peer::Peer;

/// A code that is wrong, or was used.
pub(crate) fn wrong_code() -> ApiError {
    ApiError::refused("wrong_code", "The code is wrong or was used before.")
        .hint("Wait for the next code, and check that the clock of your phone is right.")
}

/// What somebody who is signed in enters again.
pub(crate) struct ReEntry<'a> {
    pub(crate) account: &'a Account,
    pub(crate) peer: Peer,
    pub(crate) password: &'a str,
    /// The second factor, where it is asked for.
    pub(crate) code: Option<&'a str>,
    /// For what, as the event log spells it.
    pub(crate) action: &'static str,
}

/// Checks what somebody who is signed in enters again; counted by account, apart from sign-ins.
///
/// # Errors
/// 401 `wrong_password`, 422 `wrong_code`, 429 `locked`.
pub(crate) async fn re_enter(app: &Shared, given: ReEntry<'_>) -> Answer<()> {
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
    if !password::matches(app, Lane::SignedIn, given.password, known).await? {
        refusals::note(app, refusal(false)).await?;
        let message = "The password is wrong.";
        return Err(ApiError::new(
            Status::Unauthorized,
            "wrong_password",
            message,
        ));
    }
    if let Some(code) = given.code
        && !second_factor::take(app, account, code).await?
    {
        refusals::note(app, refusal(false)).await?;
        return Err(wrong_code());
    }
    Ok(attempt.refund(app).await?)
}
