//! Statements by which one key hands over to the next, so that trust follows.

use std::path::{Path, PathBuf};

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::key::{KeyPair, PublicKey};
use super::kind::Signed;
use super::problem::SignatureProblem;
use super::trust::{
    ROTATION_SUFFIX, SignatureVerdict, TrustStore, TrustedKey, read_signed, signature_beside,
};
use crate::json::{self, FileKind, Utc};
use crate::{Overwrite, RecordError, store};

const KIND: FileKind = FileKind {
    name: "redact-key-rotation",
    version: 1,
};

/// A signed word for the key that follows another, as two files: any tool that checks minisign's
/// signatures can check it with the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The statement.
    pub bytes: Vec<u8>,
    /// The signature of the rotation key, or of the old key where there is none.
    pub signature: String,
}

/// What a statement says, once its signature is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The key that is followed.
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
    /// Says that `new` follows this key: whoever trusts this key then trusts that one.
    ///
    /// # Errors
    /// [`RecordError::Field`] when both are one key; [`RecordError::Key`].
    pub fn hand_over(&self, new: &PublicKey, at: UtcNanos) -> Result<Rotation, RecordError> {
        self.sign_rotation(&self.public(), new, at)
    }

    /// Says, with this rotation key, that `new` follows `old` as the key that signs releases.
    ///
    /// # Errors
    /// [`RecordError::Field`] when both are one key; [`RecordError::Key`].
    pub fn sign_rotation(
        &self,
        old: &PublicKey,
        new: &PublicKey,
        at: UtcNanos,
    ) -> Result<Rotation, RecordError> {
        if old == new {
            let found = format!("{} again", new.id());
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
    /// What the statement says, when a rotation key that `trust` trusts signed it, or a key for
    /// releases about itself where `trust` has no rotation key.
    ///
    /// # Errors
    /// [`RecordError::Signature`]; [`RecordError::Mismatch`] when the signer is not trusted or
    /// speaks for another key; [`RecordError::OtherKind`], [`RecordError::NewerVersion`],
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
            // It speaks of a key that is trusted, or it would make any key a successor.
            let known = trust.find(old.id()).is_some_and(|known| known.key == old);
            return if known {
                Ok(HandedOver { old, new })
            } else {
                Err(RecordError::Mismatch {
                    what: "key that the rotation follows",
                    found: old.id().to_string(),
                    expected: "a key that is trusted here".into(),
                })
            };
        }
        if old.id() != signer {
            return Err(RecordError::Mismatch {
                what: "key that signed the rotation",
                found: signer.to_string(),
                expected: format!("{}, of which the statement speaks", old.id()),
            });
        }
        Ok(HandedOver { old, new })
    }
}

impl Rotation {
    /// Reads a statement and the signature beside it.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::Signature`] when the
    /// signature is no text.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let (bytes, signature) = read_signed(path)?;
        Ok(Self { bytes, signature })
    }
}

impl TrustStore {
    /// Follows the statements at `paths` that a trusted key signed, in whatever order they come.
    pub(super) fn follow_rotations(&mut self, paths: &[PathBuf]) {
        // A file that cannot be read vouches for nothing.
        let mut rotations: Vec<Rotation> =
            paths.iter().flat_map(|path| Rotation::load(path)).collect();
        loop {
            let before = rotations.len();
            // A statement that is not trusted yet may be, once an earlier one was followed.
            rotations.retain(|rotation| self.follow(rotation).is_err());
            if rotations.len() == before {
                return;
            }
        }
    }

    /// Trusts the key to which a trusted one hands over, from now on; nothing is written.
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

    /// Trusts the key to which `rotation` hands over, and writes the statement into the folder.
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
        std::fs::create_dir_all(self.folder()).map_err(|source| RecordError::Write { source })?;
        let path = self.folder().join(name);
        store::write(&path, &rotation.bytes, Overwrite::Replace)?;
        let signature = rotation.signature.as_bytes();
        store::write(&signature_beside(&path), signature, Overwrite::Replace)?;
        Ok(handed)
    }
}
