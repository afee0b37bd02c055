//! The second factor: time-based codes (RFC 6238), each valid once.
//!
//! A recovery code stands in for one: see `recovery`.

use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Secret, Totp};

use super::app::Shared;
use super::secrets;
use crate::api_error::{ApiError, ApiResult};
use crate::db::users::{self, Account};

/// How far a phone's clock may be behind, including the time to type, and ahead. Together they are
/// shorter than a step of 30 s, so that at most two codes are valid at a time.
const SECONDS_BEHIND: u64 = 20;

const SECONDS_AHEAD: u64 = 9;

/// A wrong or used code.
pub(crate) fn wrong_code() -> ApiError {
    ApiError::refused("wrong_code", "The code is wrong or was used before.")
        .hint("Wait for the next code, and check that the clock of your phone is right.")
}

/// A new secret of 160 bits, in base 32. Source: RFC 4226, section 4, R6.
pub(crate) fn new_secret() -> ApiResult<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(&error))?;
    Ok(Secret::from(&bytes[..]).to_base32())
}

fn totp(secret: &str, login: &str) -> ApiResult<Totp> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|_| ApiError::internal(&"invalid second factor"))?;
    Builder::new()
        .with_secret(secret)
        .with_skew(0)
        .with_account_name(login)
        .with_issuer(Some("Redact"))
        .build()
        .map_err(|error| ApiError::internal(&error))
}

/// The URI for an authenticator app, and its QR code as SVG.
///
/// # Errors
/// If the secret is invalid.
pub(crate) fn enrollment(secret: &str, login: &str) -> ApiResult<(String, String)> {
    let uri = totp(secret, login)?
        .to_url()
        .map_err(|error| ApiError::internal(&error))?;
    let code = QrCode::new(&uri).map_err(|error| ApiError::internal(&error))?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    Ok((uri, picture))
}

/// The step of the code `given`, if it is valid now.
///
/// # Errors
/// If the secret is invalid.
pub(crate) fn step_of(
    app: &Shared,
    secret: &str,
    login: &str,
    given: &str,
) -> ApiResult<Option<i64>> {
    let given: String = given.split_whitespace().collect();
    if given.len() != 6 || !given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(app.now() / 1000).unwrap_or(0);
    let totp = totp(secret, login)?;
    let step = [
        seconds.saturating_sub(SECONDS_BEHIND),
        seconds + SECONDS_AHEAD,
    ]
    .into_iter()
    .find_map(|at| totp.check(&given, at));
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Whether a code of `account` is right and newer than all accepted before; accepts it if so.
///
/// # Errors
/// Database errors.
pub(crate) async fn take(app: &Shared, account: &Account, given: &str) -> ApiResult<bool> {
    let Some(secret) = &account.secret else {
        return Ok(false);
    };
    let secret = app
        .secrets
        .open(secret, &secrets::user_binding(&account.id))?;
    let Some(step) = step_of(app, &secret, &account.login, given)? else {
        return Ok(false);
    };
    Ok(users::take_step(&app.db, &account.id, step).await?)
}
