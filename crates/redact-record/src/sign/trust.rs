//! Which keys are trusted, for which purpose, and what a signature is worth.

use std::path::{Path, PathBuf};

use redact_core::UtcNanos;

use super::key::PublicKey;
use super::key_id::KeyId;
use super::kind::{Purpose, Signed};
use super::problem::SignatureProblem;
use super::signature::Parsed;
use crate::RecordError;
use crate::person::is_one_person;

/// A trusted key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Name of its file, without the ending.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// An approver whose key is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The name that approvals with the key must have.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// The person or operating system user who bound them.
    pub added_by: String,
    /// The key that signed the record.
    pub vouched_by: KeyId,
    /// When.
    pub at: UtcNanos,
    /// The earlier key of the same person that this one replaces.
    pub replaces: Option<KeyId>,
}

/// The result of checking a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// The file was signed with a trusted key.
    Trusted {
        /// The key's ID.
        key: KeyId,
        /// Its name in the trust store.
        name: String,
    },
    /// The file was signed with an unknown key, which proves nothing about its origin.
    Unknown {
        /// The public key in the signature.
        key: PublicKey,
    },
    /// The signature is invalid.
    Bad(SignatureProblem),
}

/// The trusted keys.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
    pub(super) keys: Vec<TrustedKey>,
    pub(super) rotation_keys: Vec<TrustedKey>,
    approvers: Vec<Approver>,
    pub(super) revoked: Vec<PublicKey>,
    /// True while the folder is read: its statements were checked when they were added.
    pub(super) is_reading: bool,
}

impl TrustStore {
    /// Trusts nobody yet; what is added is written to `folder`.
    pub(super) const fn empty(folder: PathBuf) -> Self {
        Self {
            folder,
            keys: Vec::new(),
            rotation_keys: Vec::new(),
            approvers: Vec::new(),
            revoked: Vec::new(),
            is_reading: false,
        }
    }

    /// Trusts `key` to vouch for other keys; writes nothing.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`] for a key that is trusted for another purpose.
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

    /// The trusted rotation keys, by name.
    #[must_use]
    pub fn rotation_keys(&self) -> &[TrustedKey] {
        &self.rotation_keys
    }

    /// The trusted rotation key with that ID.
    #[must_use]
    pub fn rotation_key(&self, id: KeyId) -> Option<&TrustedKey> {
        let mut keys = self.rotation_keys.iter();
        keys.find(|trusted| trusted.key.id() == id)
    }

    /// The revoked keys.
    #[must_use]
    pub fn revoked(&self) -> &[PublicKey] {
        &self.revoked
    }

    /// Trusts exactly the release keys `keys`.
    ///
    /// # Errors
    /// [`RecordError::KeyConflict`].
    pub fn of(keys: Vec<TrustedKey>) -> Result<Self, RecordError> {
        let mut store = Self::empty(PathBuf::new());
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

    /// The approvers whose keys are trusted.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// The approver with that key.
    #[must_use]
    pub fn approver(&self, id: KeyId) -> Option<&Approver> {
        self.approvers.iter().find(|known| known.key.id() == id)
    }

    /// The current key of the person called `name`: the one that none of their other keys replaces.
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

    /// Purpose, key and name of the trusted key with that ID.
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

    /// The trusted release key with that ID.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.id() == id)
    }

    /// The trusted release keys, by name.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// Checks `signature` for `bytes` as a `kind`.
    ///
    /// The public key in the signature is used only if no trusted key has its ID.
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
    /// Whether a key of `purpose` may sign a `kind` here.
    fn may_sign(&self, purpose: Purpose, kind: Signed) -> bool {
        let release_vouches = self.is_reading || self.rotation_keys.is_empty();
        purpose == kind.purpose()
            || release_vouches && purpose == Purpose::Release && kind.purpose() == Purpose::Rotation
    }
}
