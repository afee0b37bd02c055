//! Packages that are encrypted with age (<https://age-encryption.org/v1>), read in place: nothing
//! is decrypted to a disk.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Seek};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Identity, IdentityFile};

use super::zip_archive::ContainerError;

const KIND: &str = "encrypted file";

/// What opens an encrypted package.
#[derive(Default)]
pub struct PackageKeys {
    identities: Vec<Box<dyn Identity>>,
}

impl PackageKeys {
    /// Adds a passphrase.
    pub fn add_passphrase(&mut self, passphrase: String) {
        let passphrase = SecretString::from(passphrase);
        let identity = age::scrypt::Identity::new(passphrase);
        self.identities.push(Box::new(identity));
    }

    /// Adds the secret keys of an identity file (`AGE-SECRET-KEY-1…`).
    ///
    /// # Errors
    /// [`ContainerError::Invalid`] for a file without keys.
    pub fn add_identities(&mut self, file: &[u8]) -> Result<(), ContainerError> {
        let wrong = |what: String| ContainerError::Invalid {
            kind: "identity file",
            what,
        };
        let file = IdentityFile::from_buffer(file).map_err(|error| wrong(error.to_string()))?;
        let keys = file
            .into_identities()
            .map_err(|error| wrong(error.to_string()))?;
        if keys.is_empty() {
            return Err(wrong("no key in it; expected AGE-SECRET-KEY-1…".into()));
        }
        self.identities
            .extend(keys.into_iter().map(|key| key as Box<dyn Identity>));
        Ok(())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    /// The decrypted content of `reader`.
    ///
    /// # Errors
    /// [`ContainerError`] if no key opens it, or it is damaged.
    pub(super) fn decrypt<R: Read + Seek>(
        &self,
        reader: R,
    ) -> Result<impl Read + Seek + use<R>, ContainerError> {
        let invalid = |error: DecryptError| match error {
            DecryptError::Io(source) => ContainerError::Read { kind: KIND, source },
            DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed => {
                let mut what = "no given passphrase or key opens it".to_owned();
                if self.is_empty() {
                    write!(what, "; give one").ok();
                }
                ContainerError::Invalid { kind: KIND, what }
            }
            other => ContainerError::Invalid {
                kind: KIND,
                what: other.to_string().lines().collect::<Vec<_>>().join(" "),
            },
        };
        let decryptor = Decryptor::new_buffered(BufReader::new(reader)).map_err(invalid)?;
        let identities = self.identities.iter().map(|key| &**key);
        decryptor.decrypt(identities).map_err(invalid)
    }
}
