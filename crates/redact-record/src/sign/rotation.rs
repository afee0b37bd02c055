//! Signed statements that one release key follows another, so that trust carries over.

use std::path::Path;

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::key::{KeyPair, PublicKey};
use super::kind::Signed;
use super::problem::SignatureProblem;
use super::trust::{SignatureVerdict, TrustStore, TrustedKey};
use super::trust_names::{ROTATION_SUFFIX, create_folder, read_signed, signature_beside};
use crate::json::{self, FileKind, Utc};
use crate::{Overwrite, RecordError, store};

const KIND: FileKind = FileKind {
    name: "redact-key-rotation",
    version: 1,
};

/// A signed statement that one release key follows another, as two files that minisign can check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The statement.
    pub bytes: Vec<u8>,
    /// The signature by the rotation key, or by the old key if there is no rotation key.
    pub signature: String,
}

/// The content of a statement with a trusted signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The old key.
    pub old: PublicKey,
    /// The key that follows it.
    pub new: PublicKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationFile {
    file: String,
    format_version: u32,
    old_key: String,
    new_key: String,
    at: Utc,
}

impl KeyPair {
    /// States that `new` follows this key.
    ///
    /// # Errors
    /// [`RecordError::Field`] if both are the same key; [`RecordError::Key`].
    pub fn hand_over(&self, new: &PublicKey, at: UtcNanos) -> Result<Rotation, RecordError> {
        self.sign_rotation(&self.public(), new, at)
    }

    /// States, with this rotation key, that `new` follows `old` as the release key.
    ///
    /// # Errors
    /// [`RecordError::Field`] if both are the same key; [`RecordError::Key`].
    pub fn sign_rotation(
        &self,
        old: &PublicKey,
        new: &PublicKey,
        at: UtcNanos,
    ) -> Result<Rotation, RecordError> {
        if old == new {
            let found = format!("the old key {}", new.id());
            return Err(RecordError::field("new key", found, "another key"));
        }
        let bytes = json::pretty(&RotationFile {
            file: KIND.name.into(),
            format_version: KIND.version,
            old_key: old.to_base64(),
            new_key: new.to_base64(),
            at: Utc(at),
        });
        let signature = self.sign_bytes(&bytes, Signed::KeyRotation, at)?;
        Ok(Rotation { bytes, signature })
    }
}

impl Rotation {
    /// The content of the statement. It must be signed by a rotation key in `trust`, or by the old
    /// key itself if `trust` has no rotation key.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::Mismatch`] if the signer is not trusted or may
    /// not speak for the old key; [`RecordError::OtherKind`], [`RecordError::NewerVersion`],
    /// [`RecordError::Syntax`], [`RecordError::KeyMalformed`].
    pub fn check(&self, trust: &TrustStore) -> Result<HandedOver, RecordError> {
        let signer = match trust.check(&self.bytes, &self.signature, Signed::KeyRotation) {
            SignatureVerdict::Trusted { key, .. } => key,
            SignatureVerdict::Unknown { key } => {
                return Err(RecordError::Mismatch {
                    what: "key that signed the rotation",
                    found: key.id().to_string(),
                    expected: "a key that is trusted here".into(),
                });
            }
            SignatureVerdict::Bad(problem) => return Err(RecordError::Signature(problem)),
        };
        KIND.check(&self.bytes)?;
        let file: RotationFile = json::parse(&self.bytes)?;
        let old = PublicKey::from_base64(&file.old_key)?;
        let new = PublicKey::from_base64(&file.new_key)?;
        if trust.rotation_key(signer).is_some() {
            // Otherwise any key could be made a successor.
            let known = trust.find(old.id()).is_some_and(|known| known.key == old);
            return if known {
                Ok(HandedOver { old, new })
            } else {
                Err(RecordError::Mismatch {
                    what: "old key of the rotation",
                    found: old.id().to_string(),
                    expected: "a key that is trusted here".into(),
                })
            };
        }
        if old.id() != signer {
            return Err(RecordError::Mismatch {
                what: "key that signed the rotation",
                found: signer.to_string(),
                expected: format!("{}, the old key of the statement", old.id()),
            });
        }
        Ok(HandedOver { old, new })
    }
}

impl Rotation {
    /// Reads a statement and the signature beside it.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::Signature`] if the
    /// signature is not text.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let (bytes, signature) = read_signed(path)?;
        Ok(Self { bytes, signature })
    }
}

impl TrustStore {
    /// Trusts the key that follows a trusted one; writes nothing.
    ///
    /// # Errors
    /// Those of [`Rotation::check`]; [`RecordError::Signature`] for a revoked key;
    /// [`RecordError::KeyConflict`].
    pub fn follow(&mut self, rotation: &Rotation) -> Result<HandedOver, RecordError> {
        let handed = rotation.check(self)?;
        let new = handed.new.clone();
        if self.revoked().contains(&new) {
            let key = new.id();
            return Err(RecordError::Signature(SignatureProblem::Revoked { key }));
        }
        let before = self.find(handed.old.id()).map(|old| old.name.clone());
        let name = format!("{}, then {}", before.unwrap_or_default(), new.id());
        self.insert(TrustedKey { name, key: new })?;
        Ok(handed)
    }

    /// Trusts the new key of `rotation`, and writes the statement to the trust folder.
    ///
    /// # Errors
    /// Those of [`Self::follow`]; [`RecordError::Write`].
    pub fn add_rotation(&mut self, rotation: &Rotation) -> Result<HandedOver, RecordError> {
        let handed = self.follow(rotation)?;
        let name = format!(
            "{}-to-{}{ROTATION_SUFFIX}",
            handed.old.id(),
            handed.new.id()
        );
        create_folder(self.folder())?;
        let path = self.folder().join(name);
        store::write(&path, &rotation.bytes, Overwrite::Replace)?;
        let signature = rotation.signature.as_bytes();
        store::write(&signature_beside(&path), signature, Overwrite::Replace)?;
        Ok(handed)
    }
}
