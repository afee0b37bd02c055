//! Every single-byte change of a release's records, and swapped records.

use crate::manifest::{PublicManifest, SealedManifest};
use crate::sign::{KeyPair, SignatureVerdict, Signed};
use crate::testing::{Made, NOW};
use crate::{RecordError, digest_bytes};

use super::manifests::Case;

/// Places at which `accepts` takes a copy of `good` with one bit turned.
fn missed(good: &[u8], accepts: impl Fn(&[u8]) -> bool) -> Vec<usize> {
    let mut bytes = good.to_vec();
    (0..good.len())
        .filter(|&at| {
            bytes[at] ^= 1;
            let accepted = accepts(&bytes);
            bytes[at] ^= 1;
            accepted
        })
        .collect()
}

fn opens_public(case: &Case, bytes: &[u8], signature: &[u8]) -> bool {
    std::str::from_utf8(signature)
        .is_ok_and(|text| PublicManifest::open(bytes, text, &case.trust).is_ok())
}

fn opens_sealed(case: &Case, bytes: &[u8], signature: &[u8]) -> bool {
    std::str::from_utf8(signature)
        .is_ok_and(|text| SealedManifest::open(bytes, text, &case.trust).is_ok())
}

/// Method: each byte of both manifests and of both signatures in turn; the unchanged records are
/// the control.
#[test]
fn no_changed_byte_of_any_record_is_missed() {
    let case = Case::new();
    let (public, sealed) = (&case.made.public_bytes, &case.made.sealed_bytes);
    let public_signature = case.public_signature.as_bytes();
    let sealed_signature = case.sealed_signature.as_bytes();
    assert!(opens_public(&case, public, public_signature));
    assert!(opens_sealed(&case, sealed, sealed_signature));
    let none: [usize; 0] = [];
    let found = missed(public, |bytes| opens_public(&case, bytes, public_signature));
    assert_eq!(found, none, "public manifest");
    let found = missed(sealed, |bytes| opens_sealed(&case, bytes, sealed_signature));
    assert_eq!(found, none, "sealed manifest");
    let found = missed(public_signature, |text| opens_public(&case, public, text));
    assert_eq!(found, none, "signature of the public manifest");
    let found = missed(sealed_signature, |text| opens_sealed(&case, sealed, text));
    assert_eq!(found, none, "signature of the sealed manifest");
}

/// Goal: the suite above can fail. Method: the same changes against a reader that does not check
/// signatures; it accepts many of them.
#[test]
fn a_reader_that_checks_no_signature_misses_changes() {
    let case = Case::new();
    let unsigned = |bytes: &[u8]| {
        let signature = case.pair.sign_bytes(bytes, Signed::PublicManifest, NOW);
        signature.is_ok_and(|text| opens_public(&case, bytes, text.as_bytes()))
    };
    let found = missed(&case.made.public_bytes, unsigned);
    assert!(found.len() > 100, "{} changes taken", found.len());
}

/// Goal: a complete, correctly signed record in the place of another is detected.
#[test]
fn records_of_two_releases_cannot_be_swapped() {
    let case = Case::new();
    let mut other = Made::new();
    other.release.binding.sha256 = digest_bytes(b"another release");
    other.context.terms.agency = Some("Another Department".into());
    let other = other.build();
    // One release's signature under the other's manifest.
    assert!(!opens_public(
        &case,
        &other.public_bytes,
        case.public_signature.as_bytes()
    ));
    // One release's sealed manifest beside the other's public one.
    let trust = &case.trust;
    let (sealed, _) =
        SealedManifest::open(&case.made.sealed_bytes, &case.sealed_signature, trust).unwrap();
    let refused = sealed
        .check_pair(&other.public, &other.public_bytes)
        .unwrap_err();
    assert!(matches!(refused, RecordError::Mismatch { .. }));
    // One release's manifest, rightly signed, beside the other's file.
    let found = other.public.release.binding();
    assert_ne!(found, case.made.public.release.binding());
    // A sealed manifest under the name of a public one, and the other way round.
    assert!(!opens_public(
        &case,
        &case.made.sealed_bytes,
        case.sealed_signature.as_bytes()
    ));
    assert!(!opens_sealed(
        &case,
        &case.made.public_bytes,
        case.public_signature.as_bytes()
    ));
}

/// Goal: a valid signature by an unknown key is reported as such, and never as trusted.
#[test]
fn a_good_signature_of_a_stranger_is_not_trusted() {
    let case = Case::new();
    let stranger = KeyPair::generate(None).unwrap();
    let bytes = &case.made.public_bytes;
    let signature = stranger
        .sign_bytes(bytes, Signed::PublicManifest, NOW)
        .unwrap();
    let (_, who) = PublicManifest::open(bytes, &signature, &case.trust).unwrap();
    assert!(matches!(who, SignatureVerdict::Unknown { key } if key == stranger.public()));
}
