//! Backups of secret keys: one file, encrypted under a passphrase.
//!
//! The key of the cipher (ChaCha20-Poly1305) is derived from the passphrase with scrypt. All other
//! fields of the file are authenticated together with the ciphertext. Without the passphrase
//! nothing in it can be recovered.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::RecordError;
use crate::json::{self, FileKind, Utc};
use redact_core::{UtcNanos, hex};

const KIND: FileKind = FileKind {
    name: "redact-key-backup",
    version: 1,
};

/// Maximum length of a backup in bytes.
pub const BACKUP_BYTES_MAX: u64 = 1 << 20;
/// Minimum length of a backup's passphrase in characters: anyone may be able to copy the file.
pub const BACKUP_PASSPHRASE_MIN: usize = 12;
/// Length of the salt in bytes: RFC 7914, section 2 leaves it open; 16 as in RFC 9106, section 3.1.
const SALT_BYTES: usize = 16;
/// scrypt's cost: 2^17 blocks of 8 x 128 bytes, 128 MiB. Source: OWASP Password Storage Cheat
/// Sheet.
const LOG_N: u8 = 17;
const R: u32 = 8;
const P: u32 = 1;

/// One secret key file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupKey {
    /// The file's name.
    pub file: String,
    /// Its text: a secret key, encrypted if it has a passphrase of its own.
    pub stored: String,
}

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupKey")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupFile {
    file: String,
    format_version: u32,
    made_at: Utc,
    /// Salt, nonce and ciphertext as hexadecimal digits.
    salt: String,
    nonce: String,
    sealed: String,
}

/// A backup of `keys`, encrypted with `passphrase`; `at` is the current time.
///
/// # Errors
/// [`RecordError::Field`] for a short passphrase; [`RecordError::Key`] if there are no random
/// numbers.
pub fn seal_backup(
    keys: &[BackupKey],
    passphrase: &str,
    at: UtcNanos,
) -> Result<Vec<u8>, RecordError> {
    if passphrase.chars().count() < BACKUP_PASSPHRASE_MIN {
        let expected = format!("at least {BACKUP_PASSPHRASE_MIN} characters");
        return Err(RecordError::field(
            "passphrase of the backup",
            "fewer characters",
            expected,
        ));
    }
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_LEN]);
    for bytes in [&mut salt[..], &mut nonce[..]] {
        getrandom::fill(bytes).map_err(|source| RecordError::Key {
            source: Box::new(source),
        })?;
    }
    let mut text = json::compact(&keys);
    let failed = |_| library("cannot encrypt the backup");
    cipher(passphrase, &salt)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated_data(at, &salt)),
            &mut text,
        )
        .map_err(failed)?;
    Ok(json::pretty(&BackupFile {
        file: KIND.name.into(),
        format_version: KIND.version,
        made_at: Utc(at),
        salt: hex::encode(&salt),
        nonce: hex::encode(&nonce),
        sealed: hex::encode(&text),
    }))
}

/// The keys in a backup.
///
/// # Errors
/// [`RecordError::BackupRefused`] for a wrong passphrase or a damaged file;
/// [`RecordError::OtherKind`], [`RecordError::NewerVersion`], [`RecordError::Syntax`].
pub fn open_backup(bytes: &[u8], passphrase: &str) -> Result<Vec<BackupKey>, RecordError> {
    KIND.check(bytes)?;
    let file: BackupFile = json::parse(bytes)?;
    let refused = || RecordError::BackupRefused;
    let salt = unhex(&file.salt).ok_or_else(refused)?;
    let nonce = unhex(&file.nonce).ok_or_else(refused)?;
    let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| refused())?;
    let mut text = unhex(&file.sealed).ok_or_else(refused)?;
    let aad = Aad::from(associated_data(file.made_at.0, &salt));
    let opened = cipher(passphrase, &salt)?
        .open_in_place(nonce, aad, &mut text)
        .map_err(|_| refused())?;
    json::parse(opened)
}

/// The associated data of the cipher.
fn associated_data(at: UtcNanos, salt: &[u8]) -> Vec<u8> {
    format!(
        "{} {} {} {}",
        KIND.name,
        KIND.version,
        Utc(at),
        hex::encode(salt)
    )
    .into_bytes()
}

fn cipher(passphrase: &str, salt: &[u8]) -> Result<LessSafeKey, RecordError> {
    let failed = || library("cannot derive the backup's key");
    let params = scrypt::Params::new(LOG_N, R, P, 32).map_err(|_| failed())?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut key).map_err(|_| failed())?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| failed())?;
    Ok(LessSafeKey::new(key))
}

fn library(what: &'static str) -> RecordError {
    RecordError::Key {
        source: what.into(),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: UtcNanos = UtcNanos(1_772_352_000_000_000_000);

    /// Goal: a backup opens only with its passphrase, and only unmodified.
    #[test]
    fn a_backup_opens_only_with_its_passphrase() {
        let keys = vec![BackupKey {
            file: "redact.key".into(),
            stored: "untrusted comment: x\nsecret words\n".into(),
        }];
        let bytes = seal_backup(&keys, "correct horse battery", AT).unwrap();
        assert_eq!(open_backup(&bytes, "correct horse battery").unwrap(), keys);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains("secret words") && !text.contains("redact.key"));
        let refused = open_backup(&bytes, "correct horse batterx").unwrap_err();
        assert!(matches!(refused, RecordError::BackupRefused), "{refused}");
        let later = text.replace("2026-03-01", "2026-03-02");
        assert_ne!(later, text);
        let changed = open_backup(later.as_bytes(), "correct horse battery");
        assert!(matches!(changed, Err(RecordError::BackupRefused)));
        assert!(seal_backup(&keys, "short", AT).is_err());
    }
}
