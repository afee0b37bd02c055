//! Keys that sign approvals: one per user, created with the first approval.
//!
//! The private half is encrypted with the user's password (ChaCha20-Poly1305 under a key derived by
//! Argon2id) and bound to the user and the public half, so that it opens in no other account. It is
//! decrypted only during an approval or a password change: the database alone signs nothing. The
//! public half is bound to the account's name, which an administrator chose, by a record that the
//! agency's release key signs; `redact render` and `redact verify` look it up in the folder of
//! trusted keys. It signs only approvals.
//!
//! A password reset deletes the private half and thereby retires the key. Earlier signatures stay
//! valid, or every release that the user approved would fail its next verification. For a key that
//! may have been stolen, use `redact key revoke`.

use argon2::Argon2;
use redact_core::port::BoxError;
use redact_record::events::Act;
use redact_record::sign::{KeyPair, NewApprover, PublicKey, TrustStore};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::app::{App, Shared};
use super::hashing::{Lane, Turn};
use crate::api_error::{ApiError, ApiResult};
use crate::db::keys::{self, SigningKeyRow};
use crate::db::users::Account;
use crate::error::DeskError;
use crate::event::Event;
use crate::id::Id;

/// Bytes of the salt from which a password's key is derived. Source: RFC 9106, section 3.1.
const SALT_BYTES: usize = 16;

/// The key that `user` signs with, if there is one.
///
/// # Errors
/// Database errors; 500 if the stored key is invalid.
pub(crate) async fn public(app: &Shared, user: &Id) -> ApiResult<Option<PublicKey>> {
    let row = keys::in_use(&app.db, user).await?;
    Ok(row
        .map(|row| PublicKey::from_base64(&row.public))
        .transpose()?)
}

/// The key of `account`, decrypted with the verified password; created if there is none.
///
/// # Errors
/// 422 `key_revoked`; database errors and errors of the key folder.
pub(crate) async fn unlock(app: &App, account: &Account, password: &str) -> ApiResult<KeyPair> {
    let mut turn = app.hashing.turn(Lane::SignedIn).await?;
    let (user, password) = (account.id.clone(), password.to_owned());
    let pair = match keys::in_use(&app.db, &account.id).await? {
        Some(row) => {
            let opened =
                tokio::task::spawn_blocking(move || open(&mut turn, &row, &user, &password));
            opened.await??
        }
        None => {
            let made = tokio::task::spawn_blocking(move || -> ApiResult<_> {
                let pair = KeyPair::generate(None)?;
                let sealed = seal(&mut turn, &pair, &user, &password)?;
                Ok((pair, sealed))
            });
            let (pair, sealed) = made.await??;
            let public = pair.public().to_base64();
            let event = Event::new(Act::Key, "new").id("account", &account.id);
            let digest = redact_record::digest_bytes(public.as_bytes());
            app.log_event(&account.name, event.subject("key", digest))
                .await?;
            let key = (public.as_str(), sealed.as_slice());
            keys::insert(&app.db, &account.id, key, app.now()).await?;
            pair
        }
    };
    trust(app, account, &pair.public())?;
    Ok(pair)
}

/// Who binds keys to names: administrators name the accounts.
const ADDED_BY: &str = "administrator of the release desk";

/// Makes the key trusted for this user's approvals, unless it was revoked.
fn trust(app: &Shared, account: &Account, key: &PublicKey) -> ApiResult<()> {
    let store = TrustStore::open(&app.options.trusted)?;
    if store.revoked().contains(key) {
        let message = "Your signing key was revoked.";
        return Err(ApiError::refused("key_revoked", message)
            .hint("Ask an administrator for a new link, which creates a new key."));
    }
    if store
        .approver(key.id())
        .is_some_and(|known| known.name == account.name)
    {
        return Ok(());
    }
    bind(app, &account.name, key).map_err(|error| ApiError::internal(&error))
}

/// Binds `key` to `name`, replacing the key that the name had.
fn bind(app: &Shared, name: &str, key: &PublicKey) -> Result<(), BoxError> {
    let replaces = TrustStore::open(&app.options.trusted)?.approver_key(name);
    let record = (app.options.vouch)(NewApprover {
        name,
        key,
        added_by: ADDED_BY,
        replaces,
        at: app.now_nanos(),
    })?;
    // Open it again: the release key may have been created just now.
    TrustStore::open(&app.options.trusted)?.add_approver(&record)?;
    Ok(())
}

/// Moves approvers' keys that an earlier version stored as release keys.
///
/// # Errors
/// Database errors and errors of the key folder. A key that cannot be vouched for stays where it
/// is.
pub(crate) async fn upgrade(app: &Shared) -> Result<(), DeskError> {
    for (name, public) in keys::all_with_names(&app.db).await? {
        let key = PublicKey::from_base64(&public)?;
        let mut store = TrustStore::open(&app.options.trusted)?;
        let old = store.find(key.id()).map(|trusted| trusted.name.clone());
        let Some(old) = old.filter(|old| old.starts_with("desk-")) else {
            continue;
        };
        store.forget(&old)?;
        if let Err(refused) = bind(app, &name, &key) {
            tracing::warn!("the key of an approver could not be moved: {refused}");
            store.add(&old, &key)?;
        }
    }
    Ok(())
}

/// The private half, encrypted with the new password; `None` without a key.
///
/// # Errors
/// If the old password does not open it.
pub(crate) async fn reencrypt(
    app: &Shared,
    user: &Id,
    old: &str,
    new: &str,
) -> ApiResult<Option<(i64, Vec<u8>)>> {
    let Some(row) = keys::in_use(&app.db, user).await? else {
        return Ok(None);
    };
    let mut turn = app.hashing.turn(Lane::SignedIn).await?;
    let (user, old, new) = (user.clone(), old.to_owned(), new.to_owned());
    let sealed = tokio::task::spawn_blocking(move || -> ApiResult<_> {
        let pair = open(&mut turn, &row, &user, &old)?;
        Ok(Some((row.id, seal(&mut turn, &pair, &user, &new)?)))
    });
    sealed.await?
}

/// What the encryption is bound to.
fn bound_to(user: &Id, public: &str) -> Vec<u8> {
    format!("redact approval key {user} {public}").into_bytes()
}

fn cipher(turn: &mut Turn, password: &str, salt: &[u8]) -> ApiResult<LessSafeKey> {
    let mut key = [0; 32];
    turn.derive(&Argon2::default(), (password.as_bytes(), salt), &mut key)
        .map_err(|error| ApiError::internal(&error))?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
        .map_err(|_| ApiError::internal(&"a key of the wrong length"))?;
    Ok(LessSafeKey::new(key))
}

/// Salt, nonce, and the private half encrypted under both.
fn seal(turn: &mut Turn, pair: &KeyPair, user: &Id, password: &str) -> ApiResult<Vec<u8>> {
    let mut head = [0; SALT_BYTES + NONCE_LEN];
    getrandom::fill(&mut head).map_err(|error| ApiError::internal(&error))?;
    let (salt, nonce) = head.split_at(SALT_BYTES);
    let refused = |_| ApiError::internal(&"a signing key could not be encrypted");
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(refused)?;
    let mut text = pair.stored().as_bytes().to_vec();
    let aad = Aad::from(bound_to(user, &pair.public().to_base64()));
    cipher(turn, password, salt)?
        .seal_in_place_append_tag(nonce, aad, &mut text)
        .map_err(refused)?;
    Ok([&head[..], &text].concat())
}

fn open(turn: &mut Turn, row: &SigningKeyRow, user: &Id, password: &str) -> ApiResult<KeyPair> {
    let refused = || {
        ApiError::refused("key_lost", "Your signing key cannot be decrypted.")
            .hint("Ask an administrator for a new link, which creates a new key.")
    };
    let sealed = row.sealed.as_deref().ok_or_else(refused)?;
    let (salt, rest) = sealed.split_at_checked(SALT_BYTES).ok_or_else(refused)?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
    let mut text = text.to_vec();
    let aad = Aad::from(bound_to(user, &row.public));
    let cipher = cipher(turn, password, salt)?;
    let opened = cipher.open_in_place(nonce, aad, &mut text);
    let text = opened.map_err(|_| refused())?.to_vec();
    let pair = KeyPair::from_stored(String::from_utf8(text).map_err(|_| refused())?, None)?;
    if pair.public().to_base64() == row.public {
        Ok(pair)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::hashing::Hashing;

    async fn turn() -> Turn {
        Hashing::default().turn(Lane::SignedIn).await.unwrap()
    }

    async fn stored(user: &Id, password: &str) -> (KeyPair, SigningKeyRow) {
        let pair = KeyPair::generate(None).unwrap();
        let row = SigningKeyRow {
            id: 1,
            public: pair.public().to_base64(),
            sealed: Some(seal(&mut turn().await, &pair, user, password).unwrap()),
        };
        (pair, row)
    }

    /// Goal: a key opens unchanged with its own password in its own account, and otherwise not.
    #[tokio::test]
    async fn a_key_opens_for_its_person_and_password_alone() {
        let user = Id::random();
        let (pair, mut row) = stored(&user, "correct horse").await;
        let opened = open(&mut turn().await, &row, &user, "correct horse").unwrap();
        assert_eq!(opened.public(), pair.public());
        assert!(open(&mut turn().await, &row, &user, "wrong horse").is_err());
        assert!(open(&mut turn().await, &row, &Id::random(), "correct horse").is_err());
        let (_, other) = stored(&user, "correct horse").await;
        assert!(
            open(
                &mut turn().await,
                &SigningKeyRow {
                    sealed: other.sealed,
                    ..row
                },
                &user,
                "correct horse"
            )
            .is_err(),
            "another private half under the same public one"
        );
        row = stored(&user, "correct horse").await.1;
        let sealed = row.sealed.as_mut().unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        assert!(open(&mut turn().await, &row, &user, "correct horse").is_err());
        row.sealed = Some(vec![0; 9]);
        assert!(open(&mut turn().await, &row, &user, "correct horse").is_err());
    }

    #[tokio::test]
    async fn nothing_of_the_key_is_stored_in_the_open() {
        let user = Id::random();
        let (pair, row) = stored(&user, "correct horse").await;
        let secret = pair.stored().lines().nth(1).unwrap().as_bytes().to_vec();
        let sealed = row.sealed.unwrap();
        assert!(
            !sealed
                .windows(16)
                .any(|bytes| secret.windows(16).any(|s| s == bytes))
        );
    }
}
