//! Keys and signatures in minisign's format (Ed25519 over BLAKE2b-512 of the file).
//!
//! A stock tool checks them: `minisign -Vm RELEASE.manifest.json -p agency.pub`. The format is
//! described at <https://jedisct1.github.io/minisign/>. Beyond it:
//!
//! - the signed ("trusted") comment says what is signed, so that the signature of one kind of
//!   record is no signature of another, and carries the public key, so that a stranger can tell a
//!   damaged file from one that is signed by somebody not yet trusted;
//! - each signature has one spelling: text that would mean the same is refused, also in the
//!   comment that minisign leaves unsigned.

mod approver;
#[cfg(not(target_family = "wasm"))]
mod backup;
mod key;
mod rotation;
mod trust;

pub use approver::{APPROVER_SUFFIX, Approver, ApproverRecord, NewApprover};
#[cfg(not(target_family = "wasm"))]
pub use backup::{BACKUP_BYTES_MAX, BACKUP_PASSPHRASE_MIN, BackupKey, open_backup, seal_backup};
pub use key::{KeyId, KeyPair, PublicKey};
pub use rotation::{HandedOver, Rotation};
pub use trust::{SignatureVerdict, TrustStore, TrustedKey};

use crate::json::Utc;
use redact_core::UtcNanos;

/// Longest signature file that is read, in bytes.
pub const SIGNATURE_BYTES_MAX: u64 = 4096;

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The manifest that goes out with a release.
    PublicManifest,
    /// The manifest that stays with the agency.
    SealedManifest,
    /// An old key's word for a new one.
    KeyRotation,
    /// The agency's word that an approver's key belongs to a name.
    ApproverKey,
    /// Somebody's word that a plan is right.
    Approval,
    /// What a render keeps for the next one on the same machine.
    KeptRun,
}

impl Signed {
    const fn name(self) -> &'static str {
        match self {
            Self::PublicManifest => "public-manifest",
            Self::SealedManifest => "sealed-manifest",
            Self::KeyRotation => "key-rotation",
            Self::ApproverKey => "approver-key",
            Self::Approval => "approval",
            Self::KeptRun => "kept-run",
        }
    }
}

/// What a key is for. It vouches for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The agency's: releases, the key that follows it, and whose an approver's key is.
    Release,
    /// One person's: approvals.
    Approver,
    /// One user's on one machine: what a render leaves for the next one.
    Segment,
}

impl Purpose {
    /// `a release`, `an approver's` or `a segment`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Release => "a release",
            Self::Approver => "an approver's",
            Self::Segment => "a segment",
        }
    }
}

impl Signed {
    /// What a key must be for that signs this.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::PublicManifest | Self::SealedManifest | Self::KeyRotation | Self::ApproverKey => {
                Purpose::Release
            }
            Self::Approval => Purpose::Approver,
            Self::KeptRun => Purpose::Segment,
        }
    }
}

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// The text is not a signature of ours.
    #[error("not a signature: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// It was made with another key.
    #[error("signed with key {found}, expected key {expected}")]
    OtherKey {
        /// Identifier in the signature.
        found: KeyId,
        /// Identifier of the key it was checked with.
        expected: KeyId,
    },
    /// It is for another kind of record.
    #[error("a signature of {found:?}, expected {expected:?}")]
    OtherKind {
        /// Kind in the signature.
        found: String,
        /// Kind of the record.
        expected: &'static str,
    },
    /// It was made with a key that is for something else.
    #[error("signed with key {key}, which is {found} key; it needs {expected} key")]
    OtherPurpose {
        /// The key's identifier.
        key: KeyId,
        /// What the key is for, with its article.
        found: &'static str,
        /// What it would have to be for, with its article.
        expected: &'static str,
    },
    /// It was made with a key that is not to be believed any more.
    #[error("signed with key {key}, which was revoked here")]
    Revoked {
        /// The key's identifier.
        key: KeyId,
    },
    /// The file is not what was signed, or the signature is forged.
    #[error("the file is not what was signed")]
    Bad,
}

/// A signature file, taken apart but not yet believed.
struct Parsed {
    inner: minisign::SignatureBox,
    key: KeyId,
    kind: String,
    signer: PublicKey,
}

/// `redact KIND TIME KEY`, the signed comment.
fn trusted_comment(kind: Signed, at: UtcNanos, key: &PublicKey) -> String {
    format!("redact {kind} {} {}", Utc(at), key.to_base64())
}

/// The comment in front, which minisign leaves unsigned: here it follows from the rest.
fn untrusted_comment(key: KeyId) -> String {
    format!("signature by redact, key {key}")
}

fn malformed(what: impl Into<String>) -> SignatureProblem {
    SignatureProblem::Malformed { what: what.into() }
}

impl Parsed {
    fn new(text: &str) -> Result<Self, SignatureProblem> {
        if text.len() as u64 > SIGNATURE_BYTES_MAX {
            return Err(malformed("longer than a signature can be"));
        }
        // The base64 of 74 and of 64 bytes; the parser behind trusts the second length.
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        if !matches!(lengths[..], [_, 100, _, 88]) {
            return Err(malformed(
                "expected four lines: comment, signature, comment, signature",
            ));
        }
        let inner = minisign::SignatureBox::from_string(text)
            .map_err(|refused| malformed(refused.to_string()))?;
        let key = KeyId::from_le(inner.keynum()).ok_or_else(|| malformed("no key identifier"))?;
        let comment = inner
            .trusted_comment()
            .map_err(|refused| malformed(refused.to_string()))?;
        let (kind, signer) = parse_comment(&comment)?;
        let untrusted = inner
            .untrusted_comment()
            .map_err(|refused| malformed(refused.to_string()))?;
        let one_spelling = untrusted == untrusted_comment(key) && inner.to_string() == text;
        if !one_spelling || !inner.is_prehashed() {
            return Err(malformed("not spelled as this program spells signatures"));
        }
        Ok(Self {
            inner,
            key,
            kind,
            signer,
        })
    }

    fn verify(&self, bytes: &[u8], with: &PublicKey, kind: Signed) -> Result<(), SignatureProblem> {
        if self.key != with.id() {
            return Err(SignatureProblem::OtherKey {
                found: self.key,
                expected: with.id(),
            });
        }
        minisign::verify(
            with.inner(),
            &self.inner,
            std::io::Cursor::new(bytes),
            true,
            false,
            false,
        )
        .map_err(|_| SignatureProblem::Bad)?;
        if self.kind != kind.name() {
            return Err(SignatureProblem::OtherKind {
                found: self.kind.clone(),
                expected: kind.name(),
            });
        }
        Ok(())
    }
}

fn parse_comment(comment: &str) -> Result<(String, PublicKey), SignatureProblem> {
    let fields: Vec<&str> = comment.split(' ').collect();
    let ["redact", kind, at, key] = fields[..] else {
        return Err(malformed(
            "the signed comment is not `redact KIND TIME KEY`",
        ));
    };
    if Utc::from_text(at).is_none() {
        return Err(malformed("the signed comment has no time in UTC"));
    }
    let key = PublicKey::from_base64(key)
        .map_err(|_| malformed("the signed comment has no public key"))?;
    Ok((kind.to_owned(), key))
}

impl KeyPair {
    /// Signs `bytes` as a `kind`; gives the text of the signature file.
    ///
    /// # Errors
    /// [`crate::RecordError::Key`] when no random numbers can be had.
    pub fn sign_bytes(
        &self,
        bytes: &[u8],
        kind: Signed,
        at: UtcNanos,
    ) -> Result<String, crate::RecordError> {
        let public = self.public();
        let signature = minisign::sign(
            Some(public.inner()),
            self.secret(),
            std::io::Cursor::new(bytes),
            Some(&trusted_comment(kind, at, &public)),
            Some(&untrusted_comment(public.id())),
        )
        .map_err(key::library)?;
        Ok(signature.to_string())
    }
}

impl PublicKey {
    /// Checks that `signature` is this key's for `bytes` as a `kind`.
    ///
    /// # Errors
    /// Why it is not: see [`SignatureProblem`].
    pub fn verify_bytes(
        &self,
        bytes: &[u8],
        signature: &str,
        kind: Signed,
    ) -> Result<(), SignatureProblem> {
        Parsed::new(signature)?.verify(bytes, self, kind)
    }
}
