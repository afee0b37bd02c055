//! Creating, parsing and verifying signature files.

use redact_core::UtcNanos;

use super::key::{self, KeyPair, PublicKey};
use super::key_id::KeyId;
use super::kind::Signed;
use super::problem::SignatureProblem;
use crate::json::Utc;

/// Maximum length of a signature file in bytes.
pub const SIGNATURE_BYTES_MAX: u64 = 4096;

/// A signature file, parsed but not verified yet.
pub(super) struct Parsed {
    inner: minisign::SignatureBox,
    /// ID of the key that made it, as stated in the file.
    pub(super) key: KeyId,
    kind: String,
    /// The public key in its signed comment.
    pub(super) signer: PublicKey,
}

/// The signed comment: `redact KIND TIME KEY`.
pub(super) fn trusted_comment(kind: Signed, at: UtcNanos, key: &PublicKey) -> String {
    format!("redact {kind} {} {}", Utc(at), key.to_base64())
}

/// The first comment, which minisign does not sign; here it follows from the rest.
pub(super) fn untrusted_comment(key: KeyId) -> String {
    format!("signature by redact, key {key}")
}

pub(super) fn malformed(what: impl Into<String>) -> SignatureProblem {
    SignatureProblem::Malformed { what: what.into() }
}

impl Parsed {
    pub(super) fn new(text: &str) -> Result<Self, SignatureProblem> {
        if text.len() as u64 > SIGNATURE_BYTES_MAX {
            return Err(malformed("too long"));
        }
        // Base64 of 74 and of 64 bytes; the library's parser does not check the second length.
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        if !matches!(lengths[..], [_, 100, _, 88]) {
            return Err(malformed(
                "expected four lines: comment, signature, comment, signature",
            ));
        }
        let inner = minisign::SignatureBox::from_string(text)
            .map_err(|refused| malformed(refused.to_string()))?;
        let key = KeyId::from_le(inner.keynum()).ok_or_else(|| malformed("no key ID"))?;
        let comment = inner
            .trusted_comment()
            .map_err(|refused| malformed(refused.to_string()))?;
        let (kind, signer) = parse_comment(&comment)?;
        let untrusted = inner
            .untrusted_comment()
            .map_err(|refused| malformed(refused.to_string()))?;
        let one_spelling = untrusted == untrusted_comment(key) && inner.to_string() == text;
        if !one_spelling || !inner.is_prehashed() {
            return Err(malformed("not in the canonical form of this program"));
        }
        Ok(Self {
            inner,
            key,
            kind,
            signer,
        })
    }

    pub(super) fn verify(
        &self,
        bytes: &[u8],
        with: &PublicKey,
        kind: Signed,
    ) -> Result<(), SignatureProblem> {
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
        return Err(malformed("the signed comment has no UTC time"));
    }
    let key = PublicKey::from_base64(key)
        .map_err(|_| malformed("the signed comment has no public key"))?;
    Ok((kind.to_owned(), key))
}

impl KeyPair {
    /// Signs `bytes` as a `kind`; returns the text of the signature file.
    ///
    /// # Errors
    /// [`crate::RecordError::Key`] if no random numbers are available.
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
    /// Checks that `signature` was made with this key for `bytes` as a `kind`.
    ///
    /// # Errors
    /// See [`SignatureProblem`].
    pub fn verify_bytes(
        &self,
        bytes: &[u8],
        signature: &str,
        kind: Signed,
    ) -> Result<(), SignatureProblem> {
        Parsed::new(signature)?.verify(bytes, self, kind)
    }
}
