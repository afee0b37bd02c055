//! Which keys are believed: a folder of `.pub` files.

use std::path::{Path, PathBuf};

use super::{KeyId, Parsed, PublicKey, SignatureProblem, Signed};
use crate::{Overwrite, RecordError};

/// A key that somebody here chose to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Name of its file, without `.pub`.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// What a signature is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// The file is what the owner of a trusted key signed.
    Trusted {
        /// The key's identifier.
        key: KeyId,
        /// The name it has in the trust folder.
        name: String,
    },
    /// The file is what somebody signed, and nobody here knows who: it says of itself what it
    /// likes.
    Unknown {
        /// The key that comes with the signature.
        key: PublicKey,
    },
    /// The file is not to be believed.
    Bad(SignatureProblem),
}

/// Keys that are believed.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
    keys: Vec<TrustedKey>,
}

impl TrustStore {
    /// Reads every `.pub` file of `folder`; other files are left alone.
    ///
    /// A folder that is not there is an empty one.
    ///
    /// # Errors
    /// [`RecordError::Read`]; [`RecordError::KeyMalformed`] with the file's name;
    /// [`RecordError::KeyConflict`].
    pub fn open(folder: &Path) -> Result<Self, RecordError> {
        let mut store = Self {
            folder: folder.to_owned(),
            keys: Vec::new(),
        };
        let read = |source| RecordError::Read { source };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(store),
            Err(source) => return Err(read(source)),
        };
        for entry in entries {
            let path = entry.map_err(read)?.path();
            if path.extension().is_none_or(|extension| extension != "pub") {
                continue;
            }
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let key = PublicKey::load(&path).map_err(|refused| match refused {
                RecordError::KeyMalformed { what } => RecordError::KeyMalformed {
                    what: format!("{name}.pub: {what}"),
                },
                other => other,
            })?;
            store.insert(TrustedKey { name, key })?;
        }
        store.keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(store)
    }

    /// Believes exactly `keys`, wherever they come from; nothing is read.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`].
    pub fn of(keys: Vec<TrustedKey>) -> Result<Self, RecordError> {
        let mut store = Self {
            folder: PathBuf::new(),
            keys: Vec::with_capacity(keys.len()),
        };
        keys.into_iter().try_for_each(|key| store.insert(key))?;
        Ok(store)
    }

    fn insert(&mut self, new: TrustedKey) -> Result<(), RecordError> {
        match self.find(new.key.id()) {
            Some(known) if known.key != new.key => {
                Err(RecordError::KeyConflict { id: new.key.id() })
            }
            Some(_) => Ok(()),
            None => {
                self.keys.push(new);
                Ok(())
            }
        }
    }

    /// Believes `key` from now on, under `name`; writes it into the folder.
    ///
    /// # Errors
    /// [`RecordError::Field`] for a name that is no plain file name; [`RecordError::Exists`];
    /// [`RecordError::KeyConflict`]; [`RecordError::Write`].
    pub fn add(&mut self, name: &str, key: &PublicKey) -> Result<(), RecordError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            let expected = "1 to 100 letters, digits, `-` or `_`";
            return Err(RecordError::field(
                "name of the key",
                format!("{name:?}"),
                expected,
            ));
        }
        let new = TrustedKey {
            name: name.to_owned(),
            key: key.clone(),
        };
        let mut grown = self.clone();
        grown.insert(new)?;
        std::fs::create_dir_all(&self.folder).map_err(|source| RecordError::Write { source })?;
        key.save(&self.folder.join(format!("{name}.pub")), Overwrite::Never)?;
        *self = grown;
        Ok(())
    }

    /// The trusted key with that identifier.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.id() == id)
    }

    /// All trusted keys, by name.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// What `signature` is worth for `bytes` as a `kind`.
    ///
    /// A key that comes with the signature is used only when no trusted key has its identifier.
    #[must_use]
    pub fn check(&self, bytes: &[u8], signature: &str, kind: Signed) -> SignatureVerdict {
        let parsed = match Parsed::new(signature) {
            Ok(parsed) => parsed,
            Err(problem) => return SignatureVerdict::Bad(problem),
        };
        let trusted = self.find(parsed.key);
        let key = trusted.map_or(&parsed.signer, |trusted| &trusted.key);
        match (parsed.verify(bytes, key, kind), trusted) {
            (Err(problem), _) => SignatureVerdict::Bad(problem),
            (Ok(()), Some(trusted)) => SignatureVerdict::Trusted {
                key: trusted.key.id(),
                name: trusted.name.clone(),
            },
            (Ok(()), None) => SignatureVerdict::Unknown {
                key: parsed.signer.clone(),
            },
        }
    }
}
