//! Certificates of time-stamping authorities and their chains (RFC 5280).

use std::time::Duration;

use cms::cert::CertificateChoices;
use cms::signed_data::SignedData;
use der::oid::ObjectIdentifier;
use der::pem::PemLabel as _;
use der::{Decode, Encode};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;

use super::algorithms::{SHA_256, SHA_384, SHA_512};
use super::error::{StampError, malformed};

/// Maximum length of a chain.
const LINKS_MAX: usize = 8;

// RFC 5280, 4.2.1.2 and 4.2.1.12; RFC 8017, appendix C; RFC 5758, 3.2; RFC 5480, 2.1.1.
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA_256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA_384_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA_512_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A certificate of an authority, or of an issuer that vouches for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    inner: x509_cert::Certificate,
    der: Vec<u8>,
}

/// The certificates that come with a token.
pub(super) fn certificates(data: &SignedData) -> Result<Vec<Certificate>, StampError> {
    let all = data.certificates.iter().flat_map(|set| set.0.iter());
    all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(inner) => Some(Certificate::new(inner.clone())),
        CertificateChoices::Other(_) => None,
    })
    .collect()
}

impl Certificate {
    fn new(inner: x509_cert::Certificate) -> Result<Self, StampError> {
        let der = inner.to_der().map_err(malformed("certificate"))?;
        Ok(Self { inner, der })
    }

    /// Reads a certificate in PEM or DER.
    ///
    /// # Errors
    /// [`StampError::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, StampError> {
        let inner = if bytes.starts_with(b"-----BEGIN") {
            // Decoded first, because parsing DER from truncated PEM text does not terminate.
            der::pem::decode_vec(bytes)
                .and_then(|(label, der)| {
                    x509_cert::Certificate::validate_pem_label(label).map(|()| der)
                })
                .map_err(der::Error::from)
                .and_then(|der| x509_cert::Certificate::from_der(&der))
        } else {
            x509_cert::Certificate::from_der(bytes)
        };
        Self::new(inner.map_err(malformed("certificate"))?)
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn subject(&self) -> String {
        self.inner.tbs_certificate.subject.to_string()
    }

    pub(super) fn is_named(&self, issuer: &Name, serial: &SerialNumber) -> bool {
        let inner = &self.inner.tbs_certificate;
        inner.issuer == *issuer && inner.serial_number == *serial
    }

    /// Whether its subject key identifier is `identifier` (RFC 5652, 5.3; RFC 5280, 4.2.1.2).
    pub(super) fn has_key_named(&self, identifier: &SubjectKeyIdentifier) -> bool {
        let own = self.extension::<SubjectKeyIdentifier>(SUBJECT_KEY_IDENTIFIER);
        own.is_some_and(|(_, own)| own == *identifier)
    }

    /// Whether the extension of that kind is critical, and its value.
    fn extension<T: for<'a> Decode<'a>>(&self, kind: ObjectIdentifier) -> Option<(bool, T)> {
        let all = self.inner.tbs_certificate.extensions.as_ref()?;
        let found = all.iter().find(|extension| extension.extn_id == kind)?;
        let value = T::from_der(found.extn_value.as_bytes()).ok()?;
        Some((found.critical, value))
    }

    fn is_valid(&self, at: Duration) -> bool {
        let validity = &self.inner.tbs_certificate.validity;
        let (from, until) = (validity.not_before, validity.not_after);
        (from.to_unix_duration()..=until.to_unix_duration()).contains(&at)
    }

    /// Checks that the certificate is only for time stamps (RFC 3161, 2.3) and was valid `at`.
    pub(super) fn check_for_stamps(&self, at: Duration) -> Result<(), StampError> {
        let purposes = self.extension::<ExtendedKeyUsage>(EXTENDED_KEY_USAGE);
        let right = matches!(
            &purposes,
            Some((true, ExtendedKeyUsage(list))) if list[..] == [TIME_STAMPING]
        );
        if !right {
            return Err(StampError::Bad {
                what: "the signer's certificate is not for time stamps",
            });
        }
        if !self.is_valid(at) {
            return Err(StampError::Bad {
                what: "the signer's certificate was not valid at that time",
            });
        }
        Ok(())
    }

    /// Whether its key signed `message`, with the given signature and digest algorithms.
    pub(super) fn verifies(
        &self,
        (algorithm, digest): (ObjectIdentifier, ObjectIdentifier),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = &self.inner.tbs_certificate.subject_public_key_info;
        let parameters = key.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.decode_as().ok());
        let Some(verification) = verification(algorithm, digest, curve) else {
            return false;
        };
        let bytes = key.subject_public_key.raw_bytes();
        UnparsedPublicKey::new(verification, bytes)
            .verify(message, signature)
            .is_ok()
    }

    /// Whether `issuer` signed this certificate and may sign certificates.
    fn is_issued_by(&self, issuer: &Self, at: Duration) -> bool {
        let may = matches!(
            issuer.extension::<BasicConstraints>(BASIC_CONSTRAINTS),
            Some((_, BasicConstraints { ca: true, .. }))
        ) && issuer
            .extension::<KeyUsage>(KEY_USAGE)
            .is_none_or(|(_, usage)| usage.key_cert_sign());
        let named = self.inner.tbs_certificate.issuer == issuer.inner.tbs_certificate.subject;
        let Ok(message) = self.inner.tbs_certificate.to_der() else {
            return false;
        };
        let algorithm = self.inner.signature_algorithm.oid;
        let signature = self.inner.signature.raw_bytes();
        named
            && may
            && issuer.is_valid(at)
            && issuer.verifies((algorithm, algorithm), &message, signature)
    }

    /// Whether a chain of the certificates `inside` leads from this one to one of `anchors`.
    pub(super) fn is_vouched_for(&self, inside: &[Self], anchors: &[Self], at: Duration) -> bool {
        let mut reached = vec![self];
        for _ in 0..LINKS_MAX {
            let ends = |one: &&Self| {
                anchors.contains(one) || anchors.iter().any(|anchor| one.is_issued_by(anchor, at))
            };
            if reached.iter().any(ends) {
                return true;
            }
            reached = inside
                .iter()
                .filter(|issuer| reached.iter().any(|one| one.is_issued_by(issuer, at)))
                .collect();
        }
        false
    }
}

/// The verification algorithm; `None` for weak or unknown ones.
fn verification(
    algorithm: ObjectIdentifier,
    digest: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
) -> Option<&'static dyn VerificationAlgorithm> {
    match (algorithm, curve) {
        (RSA, _) => match digest {
            SHA_256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            SHA_384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            SHA_512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            _ => None,
        },
        (SHA_256_RSA, _) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        (SHA_384_RSA, _) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        (SHA_512_RSA, _) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        (ECDSA_SHA_256, Some(P_256)) => Some(&signature::ECDSA_P256_SHA256_ASN1),
        (ECDSA_SHA_384, Some(P_256)) => Some(&signature::ECDSA_P256_SHA384_ASN1),
        (ECDSA_SHA_256, Some(P_384)) => Some(&signature::ECDSA_P384_SHA256_ASN1),
        (ECDSA_SHA_384, Some(P_384)) => Some(&signature::ECDSA_P384_SHA384_ASN1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a truncated certificate is rejected, where parsing once did not terminate. Control:
    /// the same in DER.
    #[test]
    fn a_truncated_certificate_is_refused() {
        let cut = b"-----BEGIN CERTIFICATE-----\n/Q==\n-----END CERTIFICATE-----\n";
        assert!(Certificate::read(cut).is_err());
        assert!(Certificate::read(&[0xfd]).is_err());
    }
}
