//! Statements by which one key hands over to the next, so that trust follows.

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::{KeyPair, PublicKey, SignatureVerdict, Signed, TrustStore};
use crate::RecordError;
use crate::json::{self, FileKind, Utc};

const KIND: FileKind = FileKind {
    name: "redact-key-rotation",
    version: 1,
};

/// A signed word of an old key for a new one, as two files: any tool that checks minisign's
/// signatures can check it with the old key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The statement.
    pub bytes: Vec<u8>,
    /// The old key's signature of it.
    pub signature: String,
}

/// What a statement says, once it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The key that signed the statement.
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
    /// Says that `new` follows this key: whoever believes this key then believes that one.
    ///
    /// # Errors
    /// [`RecordError::Field`] when both are one key; [`RecordError::Key`].
    pub fn hand_over(&self, new: &PublicKey, at: UtcNanos) -> Result<Rotation, RecordError> {
        let old = self.public();
        if old == *new {
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
    /// What the statement says, when a key that `trust` believes signed it about itself.
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
