//! Key pairs and public keys in minisign's file formats.

use std::path::Path;

use super::key_id::KeyId;
use crate::store::{self, Access};
use crate::{Overwrite, RecordError};

/// Maximum length of a key file in bytes.
const KEY_BYTES_MAX: u64 = 4096;
/// Length of a public key in base64: algorithm (2 bytes), ID (8), key (32).
const PUBLIC_BASE64_LEN: usize = 56;

pub(super) fn library(source: minisign::PError) -> RecordError {
    RecordError::Key {
        source: Box::new(source),
    }
}

/// A key that checks signatures.
#[derive(Clone, Debug)]
pub struct PublicKey {
    inner: minisign::PublicKey,
    id: KeyId,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.inner.to_bytes() == other.inner.to_bytes()
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Parses the 56 characters of a key in the second line of a `.pub` file.
    ///
    /// # Errors
    /// [`RecordError::KeyMalformed`].
    pub fn from_base64(text: &str) -> Result<Self, RecordError> {
        let malformed = |what: String| RecordError::KeyMalformed { what };
        if text.len() != PUBLIC_BASE64_LEN {
            let found = text.len();
            let what = format!("found {found} characters, expected {PUBLIC_BASE64_LEN}");
            return Err(malformed(what));
        }
        let inner = minisign::PublicKey::from_base64(text)
            .map_err(|refused| malformed(refused.to_string()))?;
        let id = KeyId::from_le(inner.keynum()).ok_or_else(|| malformed("no key ID".into()))?;
        let key = Self { inner, id };
        if key.to_base64() != text || key.inner.to_bytes()[..2] != *b"Ed" {
            return Err(malformed("not an Ed25519 key".into()));
        }
        Ok(key)
    }

    /// Reads a `.pub` file: a comment line and the key.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::TooLarge`], [`RecordError::KeyMalformed`].
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        Self::parse(&store::read(path, KEY_BYTES_MAX)?)
    }

    /// Reads the content of a `.pub` file.
    ///
    /// # Errors
    /// [`RecordError::KeyMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let lines: Vec<&str> = text(bytes)?.lines().collect();
        match lines[..] {
            [comment, key] if comment.starts_with("untrusted comment: ") => {
                Self::from_base64(key.trim_end())
            }
            _ => Err(RecordError::KeyMalformed {
                what: "expected a comment line and a line with the key".into(),
            }),
        }
    }

    /// Writes a `.pub` file.
    ///
    /// # Errors
    /// [`RecordError::Exists`], [`RecordError::Write`].
    pub fn save(&self, path: &Path, overwrite: Overwrite) -> Result<(), RecordError> {
        let text = self.inner.to_box().map_err(library)?.into_string();
        store::write(path, text.as_bytes(), overwrite)
    }

    /// The key as 56 characters.
    #[must_use]
    pub fn to_base64(&self) -> String {
        self.inner.to_base64()
    }

    /// Its ID.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) const fn inner(&self) -> &minisign::PublicKey {
        &self.inner
    }
}

/// A key that signs.
pub struct KeyPair {
    secret: minisign::SecretKey,
    public: PublicKey,
    /// The text of its file: the secret key, encrypted if there is a passphrase.
    stored: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("id", &self.public.id)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Generates a key; `passphrase` encrypts its file.
    ///
    /// # Errors
    /// [`RecordError::Key`]; [`RecordError::Field`] for an empty passphrase.
    pub fn generate(passphrase: Option<&str>) -> Result<Self, RecordError> {
        let Some(passphrase) = passphrase else {
            let pair = minisign::KeyPair::generate_unencrypted_keypair().map_err(library)?;
            let stored = pair.sk.to_box(Some("redact secret key")).map_err(library)?;
            return Self::new(pair.sk, stored.into_string());
        };
        if passphrase.is_empty() {
            let expected = "text, or no passphrase";
            return Err(RecordError::field("passphrase", "empty", expected));
        }
        let pair = minisign::KeyPair::generate_encrypted_keypair(Some(passphrase.to_owned()))
            .map_err(library)?;
        let stored = pair
            .sk
            .to_box(Some("redact encrypted secret key"))
            .map_err(library)?
            .into_string();
        let secret = minisign::SecretKeyBox::from_string(&stored)
            .and_then(|sealed| sealed.into_secret_key(Some(passphrase.to_owned())))
            .map_err(library)?;
        Self::new(secret, stored)
    }

    fn new(secret: minisign::SecretKey, stored: String) -> Result<Self, RecordError> {
        let inner = minisign::PublicKey::from_secret_key(&secret).map_err(library)?;
        let public = PublicKey::from_base64(&inner.to_base64())?;
        Ok(Self {
            secret,
            public,
            stored,
        })
    }

    /// Reads a secret key file, which other users must not be able to read.
    ///
    /// # Errors
    /// [`RecordError::Read`]; [`RecordError::KeyTooOpen`]; [`RecordError::KeyMalformed`];
    /// [`RecordError::PassphraseNeeded`]; [`RecordError::KeyRefused`].
    pub fn load(path: &Path, passphrase: Option<&str>) -> Result<Self, RecordError> {
        let (file, _) = store::open(path)?;
        let mode = store::mode(&file)?;
        if mode & 0o077 != 0 {
            return Err(RecordError::KeyTooOpen { mode });
        }
        let stored = text(&store::read(path, KEY_BYTES_MAX)?)?.to_owned();
        Self::from_stored(stored, passphrase)
    }

    /// Parses the text of a secret key file.
    ///
    /// # Errors
    /// [`RecordError::KeyMalformed`], [`RecordError::PassphraseNeeded`],
    /// [`RecordError::KeyRefused`].
    pub fn from_stored(stored: String, passphrase: Option<&str>) -> Result<Self, RecordError> {
        // Bytes 3 and 4 are the algorithm that protects the key: zeros for none.
        let encoded = stored.lines().nth(1).unwrap_or_default();
        let open = match encoded.get(..6) {
            Some("RWQAAE") => true,
            Some("RWRTY0") => false,
            _ => {
                return Err(RecordError::KeyMalformed {
                    what: "expected a comment line and a line with a secret key".into(),
                });
            }
        };
        let sealed = minisign::SecretKeyBox::from_string(&stored).map_err(library)?;
        let secret = match (open, passphrase) {
            (true, _) => sealed.into_unencrypted_secret_key(),
            (false, None) => return Err(RecordError::PassphraseNeeded),
            (false, Some(passphrase)) => sealed.into_secret_key(Some(passphrase.to_owned())),
        };
        Self::new(secret.map_err(|_| RecordError::KeyRefused)?, stored)
    }

    /// The text of its secret key file.
    #[must_use]
    pub fn stored(&self) -> &str {
        &self.stored
    }

    /// Writes the secret key file with mode 0600.
    ///
    /// # Errors
    /// [`RecordError::Exists`], [`RecordError::Write`].
    pub fn save(&self, path: &Path, overwrite: Overwrite) -> Result<(), RecordError> {
        store::write_with(path, self.stored.as_bytes(), overwrite, Access::Owner)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    pub(super) const fn secret(&self) -> &minisign::SecretKey {
        &self.secret
    }
}

fn text(bytes: &[u8]) -> Result<&str, RecordError> {
    std::str::from_utf8(bytes).map_err(|_| RecordError::KeyMalformed {
        what: "not text".into(),
    })
}
