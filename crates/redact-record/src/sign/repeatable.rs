//! Signatures that are the same each time: deterministic Ed25519 (RFC 8032, section 5.1.6).
//!
//! The minisign library adds random bytes to each signature. Packages and parts of a release need
//! signatures that come out the same when they are made again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use redact_core::UtcNanos;
use ring::signature::Ed25519KeyPair;

use super::key::KeyPair;
use super::kind::Signed;
use super::signature::{trusted_comment, untrusted_comment};
use crate::RecordError;

/// Where the secret key is in the library's bytes of a key: after algorithms (6 bytes), salt (32),
/// limits (16) and key ID (8). It is the seed (32 bytes) and the public key (32).
const KEY_AT: std::ops::Range<usize> = 62..126;

impl KeyPair {
    /// Signs `bytes` as a `kind`, with the same result each time.
    ///
    /// # Errors
    /// [`RecordError::KeyRefused`], [`RecordError::Signature`] if the key cannot be used.
    pub fn sign_repeatably(
        &self,
        bytes: &[u8],
        kind: Signed,
        at: UtcNanos,
    ) -> Result<String, RecordError> {
        let stored = self.secret().to_bytes();
        let secret = stored.get(KEY_AT).ok_or(RecordError::KeyRefused)?;
        let (seed, public) = secret.split_at(32);
        // Checks that seed and public key belong together.
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public)
            .map_err(|_| RecordError::KeyRefused)?;
        let public = self.public();
        let signature = pair.sign(&Blake2b512::digest(bytes));
        let comment = trusted_comment(kind, at, &public);
        let both = [signature.as_ref(), comment.as_bytes()].concat();
        // `ED`: the signature is over the BLAKE2b digest.
        let line = [b"ED", public.inner().keynum(), signature.as_ref()].concat();
        let text = format!(
            "untrusted comment: {}\n{}\ntrusted comment: {comment}\n{}\n",
            untrusted_comment(public.id()),
            STANDARD.encode(&line),
            STANDARD.encode(pair.sign(&both)),
        );
        // What the library would not accept must not leave this function.
        public.verify_bytes(bytes, &text, kind)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use crate::sign::{KeyPair, Signed};
    use crate::testing::NOW;

    /// Goal: the same bytes have the same signature, which the library accepts. Controls: the
    /// library's own signatures differ; another kind and other bytes are refused.
    #[test]
    fn signing_again_gives_the_same_signature() {
        for passphrase in [None, Some("correct horse")] {
            let pair = KeyPair::generate(passphrase).unwrap();
            let sign = |bytes: &[u8]| pair.sign_repeatably(bytes, Signed::Package, NOW).unwrap();
            let signature = sign(b"bytes");
            assert_eq!(signature, sign(b"bytes"));
            let public = pair.public();
            public
                .verify_bytes(b"bytes", &signature, Signed::Package)
                .unwrap();
            assert!(
                public
                    .verify_bytes(b"other", &signature, Signed::Package)
                    .is_err()
            );
            assert!(
                public
                    .verify_bytes(b"bytes", &signature, Signed::PublicManifest)
                    .is_err()
            );
            let random = || pair.sign_bytes(b"bytes", Signed::Package, NOW).unwrap();
            assert_ne!(random(), random());
            assert_eq!(random().lines().next(), signature.lines().next());
            assert_eq!(random().lines().nth(2), signature.lines().nth(2));
        }
    }
}
