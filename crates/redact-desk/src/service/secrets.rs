//! Secrets of second factors, encrypted in the database (ChaCha20-Poly1305).
//!
//! The key is a separate file in the data folder, readable by its owner only. The database alone,
//! or a copy of it, reveals no second factor; the whole data folder does. Each secret is bound to
//! its account and opens in no other row.

use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::api_error::{ApiError, ApiResult};
use crate::db::pool::{self, Db};
use crate::db::{invites, users};
use crate::error::DeskError;
use crate::id::{Id, unhex};
use crate::private;

/// The file with the key, in the data folder.
pub(crate) const KEY: &str = "second-factor.key";

const KEY_BYTES: usize = 32;

/// The prefix of an encrypted secret; base 32 has no colon.
const SEALED: &str = "sealed:";

/// Encrypts and decrypts secrets.
pub(crate) struct Secrets(LessSafeKey);

/// What an account's secret is bound to.
pub(crate) fn user_binding(user: &Id) -> String {
    format!("redact second factor user {user}")
}

/// What an invitation's secret is bound to: the stored form of its token.
pub(crate) fn invite_binding(token: &str) -> String {
    format!("redact second factor invite {token}")
}

impl Secrets {
    /// Reads or creates the key of a data folder, and encrypts secrets that earlier versions stored
    /// in plain text.
    ///
    /// # Errors
    /// [`DeskError::SecretsKey`] if the key does not open the secrets in the database.
    pub(crate) async fn open_folder(folder: &Path, db: &Db) -> Result<Self, DeskError> {
        let path = folder.join(KEY);
        let fresh = !path.exists();
        let wrong = || DeskError::SecretsKey { path: path.clone() };
        let bytes = if fresh {
            let mut bytes = [0; KEY_BYTES];
            getrandom::fill(&mut bytes).map_err(|_| DeskError::Random)?;
            bytes.to_vec()
        } else {
            redact_record::read(&path, KEY_BYTES as u64).map_err(|_| wrong())?
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| wrong())?;
        let secrets = Self(LessSafeKey::new(key));
        secrets.check(db).await?.then_some(()).ok_or_else(wrong)?;
        if fresh {
            private::write(&path, &bytes)?;
        }
        secrets.seal_old(db).await?;
        Ok(secrets)
    }

    /// Whether the key opens a secret in the database.
    async fn check(&self, db: &Db) -> Result<bool, DeskError> {
        let any = users::any_sealed_secret(db).await?;
        Ok(any.is_none_or(|(id, secret)| self.open(&secret, &user_binding(&id)).is_ok()))
    }

    /// Encrypts secrets in plain text, and removes all traces of them from the database's files.
    async fn seal_old(&self, db: &Db) -> Result<(), DeskError> {
        let mut change = db.begin_with("BEGIN IMMEDIATE").await?;
        let of_users = users::clear_secrets(&mut change).await?;
        let of_invites = invites::clear_secrets(&mut change).await?;
        let seal =
            |secret: &str, bound: &str| self.seal(secret, bound).map_err(|_| DeskError::Random);
        for (user, secret) in &of_users {
            let sealed = seal(secret, &user_binding(user))?;
            users::set_secret(&mut *change, user, &sealed).await?;
        }
        for (token, secret) in &of_invites {
            let sealed = seal(secret, &invite_binding(token))?;
            invites::set_secret(&mut change, token, &sealed).await?;
        }
        change.commit().await?;
        if of_users.len() + of_invites.len() > 0 {
            pool::wipe(db).await?;
        }
        Ok(())
    }

    /// Encrypts a secret, bound to its row.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub(crate) fn seal(&self, secret: &str, bound_to: &str) -> ApiResult<String> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|error| ApiError::internal(&error))?;
        let mut text = secret.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound_to.as_bytes()),
                &mut text,
            )
            .map_err(|_| ApiError::internal(&"a second factor could not be encrypted"))?;
        Ok(format!(
            "{SEALED}{}{}",
            redact_core::hex::encode(&nonce),
            redact_core::hex::encode(&text)
        ))
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// If it was encrypted with another key or for another row.
    pub(crate) fn open(&self, sealed: &str, bound_to: &str) -> ApiResult<String> {
        let refused = || ApiError::internal(&"a second factor cannot be decrypted");
        let bytes = sealed
            .strip_prefix(SEALED)
            .and_then(unhex)
            .ok_or_else(refused)?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut text = text.to_vec();
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(bound_to.as_bytes()), &mut text)
            .map_err(|_| refused())?;
        String::from_utf8(opened.to_vec()).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(byte: u8) -> Secrets {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &[byte; KEY_BYTES]).unwrap();
        Secrets(LessSafeKey::new(key))
    }

    #[test]
    fn a_secret_opens_with_its_key_and_in_its_row_alone() {
        let (ours, other) = (secrets(1), secrets(2));
        let sealed = ours.seal("JBSWY3DPEHPK3PXP", "row 1").unwrap();
        assert!(!sealed.contains("JBSWY3DP"));
        assert_eq!(ours.open(&sealed, "row 1").unwrap(), "JBSWY3DPEHPK3PXP");
        assert!(ours.open(&sealed, "row 2").is_err());
        assert!(other.open(&sealed, "row 1").is_err());
        assert!(ours.open("JBSWY3DPEHPK3PXP", "row 1").is_err());
        assert!(ours.open("sealed:00", "row 1").is_err());
    }
}
