//! Ways back for a person whose second factor is lost: recovery codes, and another factor.

use redact_record::events::Act;

use super::app::Shared;
use super::{second_factor, secrets};
use crate::api_error::{ApiError, ApiResult};
use crate::db::users::{self, Account, Enrolled};
use crate::db::{pool, recovery_codes as rows, second_factor_changes};
use crate::domain::recovery_codes;
use crate::event::Event;
use crate::id::{Id, Token};
use crate::time::{HOUR, Millis};

/// How long a person may take to confirm another second factor.
const CONFIRM_WITHIN: Millis = HOUR;

/// What is stored of a code.
fn hash(user: &Id, code: &str) -> String {
    Token::stored(&format!("redact recovery code {user} {code}"))
}

/// Makes a new set of codes for `account`, which voids the one before; they are shown only now.
///
/// # Errors
/// Database errors.
pub(crate) async fn make_codes(app: &Shared, account: &Account) -> ApiResult<Vec<String>> {
    let mut codes = Vec::with_capacity(recovery_codes::COUNT);
    let mut hashes = Vec::with_capacity(recovery_codes::COUNT);
    for _ in 0..recovery_codes::COUNT {
        let mut bytes = [0; recovery_codes::BYTES];
        getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(&error))?;
        let code = recovery_codes::of_bytes(bytes);
        let typed = recovery_codes::read(&code).ok_or_else(|| ApiError::internal(&"a code"))?;
        hashes.push(hash(&account.id, &typed));
        codes.push(code);
    }
    let mut change = pool::begin(&app.db).await?;
    rows::replace(&mut change, &account.id, &hashes, app.now()).await?;
    let event = Event::new(Act::Account, "recovery-codes").count("codes", codes.len());
    app.log_event(&account.name, event).await?;
    change.commit().await?;
    Ok(codes)
}

/// Whether `given` is an unused recovery code of `account`; uses it up if so.
///
/// # Errors
/// Database errors.
pub(crate) async fn take(app: &Shared, account: &Account, given: &str) -> ApiResult<bool> {
    let Some(code) = recovery_codes::read(given) else {
        return Ok(false);
    };
    let mut change = pool::begin(&app.db).await?;
    let hash = hash(&account.id, &code);
    if !rows::take(&mut change, &account.id, &hash, app.now()).await? {
        return Ok(false);
    }
    change.commit().await?;
    let left = usize::try_from(rows::left(&app.db, &account.id).await?).unwrap_or(0);
    let event = Event::new(Act::Account, "recovery-code-used").count("left", left);
    app.log_event(&account.name, event).await?;
    Ok(true)
}

/// What the secret of another second factor is bound to until it is confirmed.
fn change_binding(user: &Id) -> String {
    format!("redact second factor change {user}")
}

/// Makes another second factor for `account`; returns its secret. It takes effect once it is
/// confirmed.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin_second_factor(app: &Shared, account: &Account) -> ApiResult<String> {
    let secret = second_factor::new_secret()?;
    let sealed = app.secrets.seal(&secret, &change_binding(&account.id))?;
    second_factor_changes::insert(&app.db, &account.id, &sealed, app.now()).await?;
    Ok(secret)
}

/// Puts another second factor into effect, if `given` is its code.
///
/// # Errors
/// 409 if none was set up within the last hour; 422 `wrong_code`.
pub(crate) async fn confirm_second_factor(
    app: &Shared,
    account: &Account,
    given: &str,
) -> ApiResult<()> {
    let missing = || {
        ApiError::conflict("conflict", "No authenticator app is being set up.")
            .hint("Start again: the app must be confirmed within an hour.")
    };
    let after = app.now() - CONFIRM_WITHIN;
    let sealed = second_factor_changes::find(&app.db, &account.id, after).await?;
    let sealed = sealed.ok_or_else(missing)?;
    let secret = app.secrets.open(&sealed, &change_binding(&account.id))?;
    let Some(step) = second_factor::step_of(app, &secret, &account.login, given)? else {
        return Err(second_factor::wrong_code());
    };
    let Some(password) = &account.password else {
        return Err(missing());
    };
    let sealed = app
        .secrets
        .seal(&secret, &secrets::user_binding(&account.id))?;
    let mut change = pool::begin(&app.db).await?;
    if !second_factor_changes::delete(&mut change, &account.id).await? {
        return Err(missing());
    }
    let enrolled = Enrolled {
        password,
        secret: &sealed,
        step,
    };
    users::enroll(&mut change, &account.id, enrolled).await?;
    let event = Event::new(Act::Account, "second-factor-change");
    app.log_event(&account.name, event).await?;
    change.commit().await?;
    Ok(())
}
