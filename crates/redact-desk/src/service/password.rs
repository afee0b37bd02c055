//! Passwords: Argon2id with 19 MiB and two passes, as recommended by OWASP's Password Storage Cheat
//! Sheet.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

use super::app::Shared;
use super::hashing::{Lane, Turn};
use crate::api_error::{ApiError, ApiResult};
use crate::domain::weak_passwords::weakness;

const CHARS_MIN: usize = 12;

const CHARS_MAX: usize = 200;

/// A hash that no password has, so that an unknown login takes as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks the length of a new password, and that it is not easily guessed. `names`: the login and
/// the name of the account.
///
/// # Errors
/// 400 for `field`.
pub(crate) fn check(field: &'static str, password: &str, names: &[&str]) -> ApiResult<()> {
    let chars = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&chars) {
        let message = format!("A password must have {CHARS_MIN} to {CHARS_MAX} characters.");
        return Err(ApiError::field(field, message));
    }
    match weakness(password, names) {
        Some(why) => Err(ApiError::field(field, why)
            .hint("Use several unrelated words, or let a password manager make one.")),
        None => Ok(()),
    }
}

/// Bytes of a new salt. Source: RFC 9106, section 3.1.
const SALT_BYTES: usize = 16;

/// Hashes a password.
///
/// # Errors
/// 503 `busy`; 500 if there is not enough memory.
pub(crate) async fn hash(app: &Shared, lane: Lane, password: &str) -> ApiResult<String> {
    let turn = app.hashing.turn(lane).await?;
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || hash_now(turn, &password));
    hashed.await?.map_err(|error| ApiError::internal(&error))
}

fn hash_now(mut turn: Turn, password: &str) -> Result<String, argon2::password_hash::Error> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| argon2::password_hash::Error::Crypto)?;
    let argon2 = Argon2::default();
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    turn.derive(&argon2, (password.as_bytes(), &salt), &mut out)?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(Salt::new(&salt)?),
        hash: Some(Output::new(&out)?),
    };
    Ok(hash.to_string())
}

/// Whether `given` is the password with the hash `stored`. Takes as long if there is no hash.
///
/// # Errors
/// 503 `busy`; 500 if the hash is invalid.
pub(crate) async fn matches(
    app: &Shared,
    lane: Lane,
    given: &str,
    stored: Option<&str>,
) -> ApiResult<bool> {
    if given.chars().count() > CHARS_MAX {
        return Ok(false);
    }
    let turn = app.hashing.turn(lane).await?;
    let given = given.to_owned();
    let known = stored.is_some();
    let stored = stored.unwrap_or(NOBODY).to_owned();
    let matched = tokio::task::spawn_blocking(move || matches_now(turn, &given, &stored));
    let matched = matched.await?.map_err(|error| ApiError::internal(&error))?;
    Ok(matched && known)
}

fn matches_now(
    mut turn: Turn,
    given: &str,
    stored: &str,
) -> Result<bool, argon2::password_hash::Error> {
    let stored = PasswordHash::new(stored)?;
    let version = stored.version.map(Version::try_from).transpose()?;
    let argon2 = Argon2::new(
        Algorithm::try_from(stored.algorithm.as_str())?,
        version.unwrap_or_default(),
        Params::try_from(&stored)?,
    );
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Ok(false);
    };
    let mut out = vec![0; expected.len()];
    turn.derive(&argon2, (given.as_bytes(), salt), &mut out)?;
    // A comparison in constant time.
    Ok(Output::new(&out)? == *expected)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;
    use crate::service::hashing::Hashing;

    /// Goal: hashing in reused memory gives the same hashes as the crate itself.
    #[tokio::test]
    async fn hashes_are_those_of_the_crate() {
        let hashing = Hashing::default();
        let turn = async || hashing.turn(Lane::Anonymous).await.unwrap();
        let ours = hash_now(turn().await, "correct horse").unwrap();
        let read = PasswordHash::new(&ours).unwrap();
        let verified = Argon2::default().verify_password(b"correct horse", &read);
        assert!(verified.is_ok());
        let theirs = Argon2::default().hash_password(b"battery").unwrap();
        let theirs = theirs.to_string();
        assert!(matches_now(turn().await, "battery", &theirs).unwrap());
        assert!(!matches_now(turn().await, "staple", &theirs).unwrap());
        assert!(!matches_now(turn().await, "x", NOBODY).unwrap());
    }

    #[test]
    fn the_hash_of_nobody_is_one_and_of_the_same_cost() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert!(Argon2::default().verify_password(b"x", &hash).is_err());
        let real = Argon2::default().hash_password(b"x").unwrap().to_string();
        let cost = |text: &str| text.split('$').nth(3).map(str::to_owned);
        assert_eq!(cost(NOBODY), cost(&real));
    }
}
