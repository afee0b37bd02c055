//! Which keys are trusted: a folder of `.pub` files.
//!
//! Keys that sign releases lie in the folder itself; approvers' keys lie in `approvers` below it,
//! as records that a release key signed. Neither counts as the other.
//!
//! Rotation keys lie in `rotation` below it. Once there is one, no other key vouches for keys; what
//! release keys vouched for before, and lies in the folder, still counts.
//!
//! Beside them lie `.revoked` files, public keys that are not trusted whoever vouches for them, and
//! statements by which a trusted key hands over to the next (`.rotation.json` with `.minisig`).

use std::path::{Path, PathBuf};

use redact_core::UtcNanos;

use super::key::PublicKey;
use super::key_id::KeyId;
use super::kind::{Purpose, Signed};
use super::problem::SignatureProblem;
use super::signature::{self, Parsed, SIGNATURE_BYTES_MAX};
use crate::person::is_one_person;
use crate::{Overwrite, RecordError, store};

/// How files with rotation statements end.
pub(super) const ROTATION_SUFFIX: &str = ".rotation.json";
/// How files with rotation keys end that are handed out.
pub const ROTATION_KEY_SUFFIX: &str = ".rotation.pub";
/// The folder with rotation keys, below the trust folder.
const ROTATION_FOLDER: &str = "rotation";
/// How files with revoked keys end.
const REVOKED_SUFFIX: &str = ".revoked";

/// A key for releases that this user chose to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Name of its file, without `.pub`.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// An approver whose key is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name that approvals signed with the key must carry.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// The person or operating system user who bound the two.
    pub added_by: String,
    /// The release key that signed the record.
    pub vouched_by: KeyId,
    /// When.
    pub at: UtcNanos,
    /// The earlier key of the same person that this one replaces.
    pub replaces: Option<KeyId>,
}

/// Result of checking a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// The file is what the owner of a trusted key signed.
    Trusted {
        /// The key's identifier.
        key: KeyId,
        /// The name it has in the trust folder.
        name: String,
    },
    /// The file is what an unknown key signed: the name in it proves nothing.
    Unknown {
        /// The key that comes with the signature.
        key: PublicKey,
    },
    /// The signature is invalid.
    Bad(SignatureProblem),
}

/// The trusted keys.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
    keys: Vec<TrustedKey>,
    rotation_keys: Vec<TrustedKey>,
    approvers: Vec<Approver>,
    revoked: Vec<PublicKey>,
    /// While the folder is read: what lies in it was believed when it was put there.
    is_reading: bool,
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
            rotation_keys: Vec::new(),
            approvers: Vec::new(),
            revoked: Vec::new(),
            is_reading: false,
        };
        let mut rotations = Vec::new();
        let read = |source| RecordError::Read { source };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(store),
            Err(source) => return Err(read(source)),
        };
        for entry in entries {
            let path = entry.map_err(read)?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.ends_with(ROTATION_SUFFIX) {
                rotations.push(path.clone());
            }
            let revoked = file.ends_with(REVOKED_SUFFIX);
            if !revoked && !file.ends_with(".pub") {
                continue;
            }
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let key = PublicKey::load(&path).map_err(|refused| match refused {
                RecordError::KeyMalformed { what } => RecordError::KeyMalformed {
                    what: format!("{file}: {what}"),
                },
                other => other,
            })?;
            if revoked {
                store.revoked.push(key);
            } else {
                store.insert(TrustedKey { name, key })?;
            }
        }
        let revoked = std::mem::take(&mut store.revoked);
        store.keys.retain(|trusted| !revoked.contains(&trusted.key));
        store.revoked = revoked;
        store.open_rotation_keys()?;
        store.is_reading = true;
        store.follow_rotations(&rotations);
        store.keys.sort_by(|a, b| a.name.cmp(&b.name));
        store.open_approvers()?;
        store.is_reading = false;
        Ok(store)
    }

    fn open_rotation_keys(&mut self) -> Result<(), RecordError> {
        let read = |source| RecordError::Read { source };
        let entries = match std::fs::read_dir(self.folder.join(ROTATION_FOLDER)) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(read(source)),
        };
        for entry in entries {
            let path = entry.map_err(read)?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(name) = file.strip_suffix(".pub") else {
                continue;
            };
            let key = PublicKey::load(&path)?;
            if !self.revoked.contains(&key) {
                self.trust_rotation_key(name, &key)?;
            }
        }
        self.rotation_keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Trusts what the rotation key `key` says of other keys, from now on; nothing is written.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`] for a key that is trusted for something else.
    pub fn trust_rotation_key(&mut self, name: &str, key: &PublicKey) -> Result<(), RecordError> {
        match self.known(key.id()) {
            Some((Purpose::Rotation, known, _)) if known == key => Ok(()),
            Some(_) => Err(RecordError::KeyConflict { id: key.id() }),
            None => {
                self.rotation_keys.push(TrustedKey {
                    name: name.to_owned(),
                    key: key.clone(),
                });
                Ok(())
            }
        }
    }

    /// The same, and writes the key into the folder.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`]; [`RecordError::Write`].
    pub fn add_rotation_key(&mut self, key: &PublicKey) -> Result<(), RecordError> {
        let name = format!("key-{}", key.id());
        self.trust_rotation_key(&name, key)?;
        let folder = self.folder.join(ROTATION_FOLDER);
        std::fs::create_dir_all(&folder).map_err(|source| RecordError::Write { source })?;
        key.save(&folder.join(format!("{name}.pub")), Overwrite::Replace)
    }

    /// Rotation keys that are trusted, by name.
    #[must_use]
    pub fn rotation_keys(&self) -> &[TrustedKey] {
        &self.rotation_keys
    }

    /// The rotation key with that identifier.
    #[must_use]
    pub fn rotation_key(&self, id: KeyId) -> Option<&TrustedKey> {
        let mut keys = self.rotation_keys.iter();
        keys.find(|trusted| trusted.key.id() == id)
    }

    /// Revokes `key` and every key that only it vouches for; writes that into the folder.
    ///
    /// # Errors
    /// [`RecordError::Write`], [`RecordError::Read`].
    pub fn revoke(&mut self, key: &PublicKey) -> Result<(), RecordError> {
        std::fs::create_dir_all(&self.folder).map_err(|source| RecordError::Write { source })?;
        let name = format!("{}{REVOKED_SUFFIX}", key.id());
        key.save(&self.folder.join(name), Overwrite::Replace)?;
        *self = Self::open(&self.folder)?;
        Ok(())
    }

    /// The revoked keys.
    #[must_use]
    pub fn revoked(&self) -> &[PublicKey] {
        &self.revoked
    }

    /// Trusts exactly `keys`, wherever they come from; nothing is read.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`].
    pub fn of(keys: Vec<TrustedKey>) -> Result<Self, RecordError> {
        let mut store = Self {
            folder: PathBuf::new(),
            keys: Vec::with_capacity(keys.len()),
            rotation_keys: Vec::new(),
            approvers: Vec::new(),
            revoked: Vec::new(),
            is_reading: false,
        };
        keys.into_iter().try_for_each(|key| store.insert(key))?;
        Ok(store)
    }

    pub(super) fn insert(&mut self, new: TrustedKey) -> Result<(), RecordError> {
        if let Some(approver) = self.approver(new.key.id()) {
            return Err(RecordError::ApproverTaken {
                key: new.key.id(),
                name: approver.name.clone(),
            });
        }
        if self.rotation_key(new.key.id()).is_some() {
            return Err(RecordError::KeyConflict { id: new.key.id() });
        }
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

    /// Trusts `key` from now on, under `name`; writes it into the folder.
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

    /// Stops trusting the release key called `name`, without revoking it; removes its file.
    ///
    /// # Errors
    /// [`RecordError::Write`].
    pub fn forget(&mut self, name: &str) -> Result<(), RecordError> {
        self.keys.retain(|trusted| trusted.name != name);
        match std::fs::remove_file(self.folder.join(format!("{name}.pub"))) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RecordError::Write { source })
            }
            _ => Ok(()),
        }
    }

    /// Approvers whose keys are trusted.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// The approver with that key.
    #[must_use]
    pub fn approver(&self, id: KeyId) -> Option<&Approver> {
        self.approvers.iter().find(|known| known.key.id() == id)
    }

    /// The key that the person called `name` has now: the one that no other key of theirs replaces.
    #[must_use]
    pub fn approver_key(&self, name: &str) -> Option<KeyId> {
        let theirs = |known: &&Approver| is_one_person(&known.name, name);
        let all: Vec<&Approver> = self.approvers.iter().filter(theirs).collect();
        let replaced = |id| all.iter().any(|other| other.replaces == Some(id));
        let mut ids = all.iter().map(|known| known.key.id());
        ids.find(|id| !replaced(*id))
    }

    pub(super) fn push_approver(&mut self, new: Approver) {
        self.approvers.push(new);
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key with that identifier, what it is for, and its name.
    fn known(&self, id: KeyId) -> Option<(Purpose, &PublicKey, &str)> {
        if let Some(trusted) = self.find(id) {
            return Some((Purpose::Release, &trusted.key, &trusted.name));
        }
        if let Some(trusted) = self.rotation_key(id) {
            return Some((Purpose::Rotation, &trusted.key, &trusted.name));
        }
        let approver = self.approver(id)?;
        Some((Purpose::Approver, &approver.key, &approver.name))
    }

    /// The trusted release key with that identifier.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.id() == id)
    }

    /// All trusted release keys, by name.
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
        let trusted = self.known(parsed.key);
        if trusted.is_none() && self.revoked.iter().any(|key| key.id() == parsed.key) {
            return SignatureVerdict::Bad(SignatureProblem::Revoked { key: parsed.key });
        }
        let key = trusted.map_or(&parsed.signer, |(_, key, _)| key);
        match (parsed.verify(bytes, key, kind), trusted) {
            (Err(problem), _) => SignatureVerdict::Bad(problem),
            (Ok(()), Some((purpose, key, _))) if !self.may_sign(purpose, kind) => {
                SignatureVerdict::Bad(SignatureProblem::OtherPurpose {
                    key: key.id(),
                    found: purpose.text(),
                    expected: kind.purpose().text(),
                })
            }
            (Ok(()), Some((_, key, name))) => SignatureVerdict::Trusted {
                key: key.id(),
                name: name.to_owned(),
            },
            (Ok(()), None) => SignatureVerdict::Unknown {
                key: parsed.signer.clone(),
            },
        }
    }
}

impl TrustStore {
    /// Whether a key of `purpose` vouches for a `kind` here.
    fn may_sign(&self, purpose: Purpose, kind: Signed) -> bool {
        let stands_in = self.is_reading || self.rotation_keys.is_empty();
        purpose == kind.purpose()
            || stands_in && purpose == Purpose::Release && kind.purpose() == Purpose::Rotation
    }
}

pub(super) fn signature_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

/// A statement about a key and the signature beside it.
pub(super) fn read_signed(path: &Path) -> Result<(Vec<u8>, String), RecordError> {
    let text = store::read(&signature_beside(path), SIGNATURE_BYTES_MAX)?;
    let signature = String::from_utf8(text)
        .map_err(|_| RecordError::Signature(signature::malformed("not text")))?;
    let bytes = store::read(path, SIGNATURE_BYTES_MAX)?;
    Ok((bytes, signature))
}
