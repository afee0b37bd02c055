//! Passwords: Argon2id with 19 MiB and two passes, as OWASP's Password Storage Cheat Sheet asks.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::answer::{Answer, ApiError};
use crate::app::Shared;

const CHARS_MIN: usize = 12;
const CHARS_MAX: usize = 200;

/// The hash of a password that nobody has: an unknown login takes as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses a password that is too short or too long.
///
/// # Errors
/// 400.
pub(crate) fn check(password: &str) -> Answer<()> {
    let chars = password.chars().count();
    if (CHARS_MIN..=CHARS_MAX).contains(&chars) {
        return Ok(());
    }
    let message = format!("A password has {CHARS_MIN} to {CHARS_MAX} characters.");
    Err(ApiError::field("password", message))
}

/// The hash to keep.
///
/// # Errors
/// When hashing fails, which it does for want of memory alone.
pub(crate) async fn hash(app: &Shared, password: &str) -> Answer<String> {
    let _turn = app.hashing.acquire().await;
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    });
    hashed.await?.map_err(|error| ApiError::internal(&error))
}

/// Whether `given` is the password that was `kept`; takes as long when nothing was.
///
/// # Errors
/// When what was kept is no hash.
pub(crate) async fn matches(app: &Shared, given: &str, kept: Option<&str>) -> Answer<bool> {
    if given.chars().count() > CHARS_MAX {
        return Ok(false);
    }
    let _turn = app.hashing.acquire().await;
    let given = given.to_owned();
    let known = kept.is_some();
    let kept = kept.unwrap_or(NOBODY).to_owned();
    let matched = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&kept).map(|hash| {
            Argon2::default()
                .verify_password(given.as_bytes(), &hash)
                .is_ok()
        })
    });
    let matched = matched.await?.map_err(|error| ApiError::internal(&error))?;
    Ok(matched && known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_is_one_and_of_the_same_cost() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert!(Argon2::default().verify_password(b"x", &hash).is_err());
        let real = Argon2::default().hash_password(b"x").unwrap().to_string();
        let cost = |text: &str| text.split('$').nth(3).map(str::to_owned);
        assert_eq!(cost(NOBODY), cost(&real));
    }
}
