//! Time stamps by an independent authority (RFC 3161), requested and checked offline.
//!
//! A request contains the SHA-256 of a manifest and nothing else about it; a person takes it to an
//! authority and brings back the response. The response is checked with locally trusted
//! certificates: signatures, purposes, validity at the stamped time and the chain. Revocation lists
//! are not checked.

mod algorithms;
mod chain;
mod error;

use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, Int, OctetString, SetOfVec};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Sequence};
use redact_core::{Digest, UtcNanos};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

pub use chain::Certificate;
pub use error::StampError;

use algorithms::{SHA_256, SHA_384, SHA_512};
use error::malformed;

/// Maximum length of a request or response in bytes: a response contains a few certificates.
pub const STAMP_BYTES_MAX: u64 = 1 << 20;

// RFC 5754, 2; RFC 5652, 5.1 and 11; RFC 3161, 2.4.2; RFC 5816, 2.2.1; RFC 2634, 5.4.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// A time stamp with a valid signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time at which the file existed, according to the authority.
    pub at: UtcNanos,
    /// The authority's name in its certificate.
    pub authority: String,
    /// Whether a trusted certificate vouches for the authority.
    pub trusted: bool,
}

/// A DER request for a time stamp of the file with SHA-256 `digest`.
///
/// It contains a random number, which the authority repeats, so that no two requests are equal.
///
/// # Errors
/// [`StampError::Random`].
pub fn request(digest: Digest) -> Result<Vec<u8>, StampError> {
    let refused = malformed("request");
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(StampError::Random)?;
    // A positive number in the minimum number of bytes, as DER requires.
    number[0] = number[0] & 0x3f | 0x40;
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: x509_cert::spki::AlgorithmIdentifier {
                oid: SHA_256,
                parameters: Some(Any::null()),
            },
            hashed_message: OctetString::new(digest.0).map_err(&refused)?,
        },
        req_policy: None,
        nonce: Some(Int::new(&number).map_err(&refused)?),
        cert_req: true,
        extensions: None,
    };
    request.to_der().map_err(refused)
}

/// Checks an authority's `response` for the file with SHA-256 `digest`.
///
/// - `anchors`: trusted certificates, of authorities or of those who vouch for them.
///
/// # Errors
/// See [`StampError`]. A valid stamp by an unknown authority is not an error: see
/// [`Stamp::trusted`].
pub fn check(
    response: &[u8],
    digest: Digest,
    anchors: &[Certificate],
) -> Result<Stamp, StampError> {
    let data = token(response)?;
    let content = &data.encap_content_info;
    if content.econtent_type != TST_INFO {
        return Err(StampError::Bad {
            what: "the signed content is not a time",
        });
    }
    let missing = || StampError::Bad {
        what: "it has no signed content",
    };
    let content = content.econtent.as_ref().ok_or_else(missing)?;
    let content = content
        .decode_as::<OctetString>()
        .map_err(malformed("content"))?;
    let content = content.as_bytes();
    let info = TstInfo::from_der(content).map_err(malformed("content"))?;
    check_imprint(&info.message_imprint, digest)?;
    let at = info.gen_time.to_unix_duration();
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(StampError::Bad {
            what: "it does not have exactly one signature",
        });
    };
    let inside = chain::certificates(&data)?;
    let known: Vec<&Certificate> = inside.iter().chain(anchors).collect();
    let certificate = known
        .iter()
        .copied()
        .find(|known| is_signer(known, &signer.sid))
        .ok_or(StampError::Bad {
            what: "the signer's certificate is missing",
        })?;
    check_signature(signer, content, certificate)?;
    certificate.check_for_stamps(at)?;
    Ok(Stamp {
        at: UtcNanos(i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)),
        authority: certificate.subject(),
        trusted: certificate.is_vouched_for(&inside, anchors, at),
    })
}

/// The signed part of a response.
fn token(response: &[u8]) -> Result<SignedData, StampError> {
    let response = TimeStampResp::from_der(response).map_err(malformed("response"))?;
    let status = response.status.status;
    let Some(token) = response.time_stamp_token else {
        return Err(StampError::Refused {
            status: format!("{status:?}"),
        });
    };
    // granted, grantedWithMods (RFC 3161, 2.4.2)
    if !matches!(status as u8, 0 | 1) {
        return Err(StampError::Refused {
            status: format!("{status:?}"),
        });
    }
    let ContentInfo {
        content_type,
        content,
    } = token;
    if content_type != SIGNED_DATA {
        return Err(StampError::Bad {
            what: "the token is not signed",
        });
    }
    content.decode_as().map_err(malformed("token"))
}

fn check_imprint(imprint: &MessageImprint, digest: Digest) -> Result<(), StampError> {
    let stamped = imprint.hashed_message.as_bytes();
    if imprint.hash_algorithm.oid == SHA_256 && stamped == digest.0 {
        return Ok(());
    }
    Err(StampError::OtherFile {
        found: redact_core::hex::encode(stamped),
        expected: digest,
    })
}

fn is_signer(certificate: &Certificate, sid: &SignerIdentifier) -> bool {
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            certificate.is_named(&named.issuer, &named.serial_number)
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => certificate.has_key_named(named),
    }
}

/// Checks a signature over attributes, as required by RFC 5652, 5.4 and RFC 5816.
fn check_signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &Certificate,
) -> Result<(), StampError> {
    let bad = |what| StampError::Bad { what };
    let attributes = signer
        .signed_attrs
        .as_ref()
        .ok_or(bad("it has no signed attributes"))?;
    let kind: ObjectIdentifier = attribute(attributes, CONTENT_TYPE)?;
    if kind != TST_INFO {
        return Err(bad("the signature is for another kind of content"));
    }
    let signed: OctetString = attribute(attributes, MESSAGE_DIGEST)?;
    if Some(signed.as_bytes()) != hash(signer.digest_alg.oid, content).as_deref() {
        return Err(bad("the content is not what was signed"));
    }
    check_signing_certificate(attributes, certificate)?;
    let message = attributes.to_der().map_err(malformed("attributes"))?;
    let algorithm = (signer.signature_algorithm.oid, signer.digest_alg.oid);
    if certificate.verifies(algorithm, &message, signer.signature.as_bytes()) {
        return Ok(());
    }
    Err(bad("the signature is not the authority's"))
}

/// Checks that the signature names the certificate that it is checked with.
fn check_signing_certificate(
    attributes: &SetOfVec<Attribute>,
    certificate: &Certificate,
) -> Result<(), StampError> {
    #[derive(Sequence)]
    struct EssCertIdV2 {
        /// SHA-256 if omitted.
        #[asn1(optional = "true")]
        hash_algorithm: Option<AlgorithmIdentifierOwned>,
        cert_hash: OctetString,
        #[asn1(optional = "true")]
        issuer_serial: Option<Any>,
    }
    #[derive(Sequence)]
    struct SigningCertificateV2 {
        certs: Vec<EssCertIdV2>,
        #[asn1(optional = "true")]
        policies: Option<Any>,
    }
    let named: SigningCertificateV2 = attribute(attributes, SIGNING_CERTIFICATE_V2)?;
    let fits = |named: &EssCertIdV2| {
        let algorithm = named.hash_algorithm.as_ref();
        let hash = hash(
            algorithm.map_or(SHA_256, |named| named.oid),
            certificate.der(),
        );
        hash.as_deref() == Some(named.cert_hash.as_bytes())
    };
    if named.certs.first().is_some_and(fits) {
        return Ok(());
    }
    Err(StampError::Bad {
        what: "the signature names another certificate",
    })
}

/// The single value of the single attribute of that kind.
fn attribute<T: for<'a> Decode<'a>>(
    attributes: &SetOfVec<Attribute>,
    kind: ObjectIdentifier,
) -> Result<T, StampError> {
    let mut of_kind = attributes.iter().filter(|attribute| attribute.oid == kind);
    let found = (of_kind.next(), of_kind.next());
    let (Some(attribute), None) = found else {
        return Err(StampError::Bad {
            what: "a signed attribute is missing or repeated",
        });
    };
    let [value] = attribute.values.as_slice() else {
        return Err(StampError::Bad {
            what: "a signed attribute does not have exactly one value",
        });
    };
    let value = value.to_der().map_err(malformed("attribute"))?;
    T::from_der(&value).map_err(malformed("attribute"))
}

fn hash(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        SHA_256 => Some(Sha256::digest(bytes).to_vec()),
        SHA_384 => Some(Sha384::digest(bytes).to_vec()),
        SHA_512 => Some(Sha512::digest(bytes).to_vec()),
        _ => None,
    }
}
