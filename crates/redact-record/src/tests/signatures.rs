//! Keys and signatures: what is valid here is valid for minisign too, and nothing else is.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;

use crate::sign::{
    KeyId, KeyPair, PublicKey, SignatureProblem, SignatureVerdict, Signed, TrustStore,
};
use crate::testing::NOW;
use crate::{Overwrite, RecordError};

const KIND: Signed = Signed::PublicManifest;

fn signed(bytes: &[u8]) -> (KeyPair, String) {
    let pair = KeyPair::generate(None).unwrap();
    let signature = pair.sign_bytes(bytes, KIND, NOW).unwrap();
    (pair, signature)
}

#[test]
fn a_signature_holds_for_its_bytes_kind_and_key_only() {
    let (pair, signature) = signed(b"record");
    let public = pair.public();
    public.verify_bytes(b"record", &signature, KIND).unwrap();
    let verify = |key: &PublicKey, bytes: &[u8], kind| key.verify_bytes(bytes, &signature, kind);
    assert_eq!(verify(&public, b"recorD", KIND), Err(SignatureProblem::Bad));
    assert!(matches!(
        verify(&public, b"record", Signed::SealedManifest),
        Err(SignatureProblem::OtherKind { .. })
    ));
    let other = KeyPair::generate(None).unwrap().public();
    assert!(matches!(
        verify(&other, b"record", KIND),
        Err(SignatureProblem::OtherKey { .. })
    ));
}

/// Goal: each signature has exactly one spelling.
/// Method: every byte of the file is changed in several ways; the unchanged file is the control.
#[test]
fn every_changed_byte_of_a_signature_is_refused() {
    let (pair, signature) = signed(b"record");
    let mut trust = TrustStore::open(&TempDir::new().unwrap().path().join("none")).unwrap();
    let folder = TempDir::new().unwrap();
    let mut trusting = TrustStore::open(folder.path()).unwrap();
    trusting.add("agency", &pair.public()).unwrap();
    let good = trusting.check(b"record", &signature, KIND);
    assert!(matches!(good, SignatureVerdict::Trusted { .. }), "{good:?}");
    for at in 0..signature.len() {
        for flip in [0x01, 0x02, 0x20] {
            let mut bytes = signature.clone().into_bytes();
            bytes[at] ^= flip;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            for store in [&mut trust, &mut trusting] {
                let verdict = store.check(b"record", &changed, KIND);
                let bad = matches!(verdict, SignatureVerdict::Bad(_));
                assert!(bad, "byte {at} ^ {flip}: {verdict:?} for {changed}");
            }
        }
    }
    for odd in [
        "",
        "\n\n\n\n",
        &signature.repeat(2),
        &signature[..signature.len() - 1],
    ] {
        let verdict = trusting.check(b"record", odd, KIND);
        let malformed = SignatureVerdict::Bad(SignatureProblem::Malformed {
            what: String::new(),
        });
        assert_eq!(
            std::mem::discriminant(&verdict),
            std::mem::discriminant(&malformed)
        );
        assert!(matches!(verdict, SignatureVerdict::Bad(_)), "{odd:?}");
    }
    let windows = signature.replace('\n', "\r\n");
    assert!(matches!(
        trusting.check(b"record", &windows, KIND),
        SignatureVerdict::Bad(_)
    ));
}

#[test]
fn trusted_and_unknown_keys_are_distinguished() {
    let (pair, signature) = signed(b"record");
    let folder = TempDir::new().unwrap();
    let mut trust = TrustStore::open(&folder.path().join("keys")).unwrap();
    let key = pair.public();
    let unknown = SignatureVerdict::Unknown { key: key.clone() };
    assert_eq!(trust.check(b"record", &signature, KIND), unknown);
    let bad = trust.check(b"other", &signature, KIND);
    assert_eq!(bad, SignatureVerdict::Bad(SignatureProblem::Bad));
    trust.add("agency-2026", &key).unwrap();
    let reopened = TrustStore::open(&folder.path().join("keys")).unwrap();
    for store in [&trust, &reopened] {
        assert_eq!(
            store.check(b"record", &signature, KIND),
            SignatureVerdict::Trusted {
                key: key.id(),
                name: "agency-2026".into()
            }
        );
        assert_eq!(store.find(key.id()).unwrap().key, key);
        assert_eq!(store.keys().len(), 1);
    }
    assert_eq!(KeyId::from_text(&key.id().to_string()), Some(key.id()));
    assert!(
        trust
            .add("../up", &KeyPair::generate(None).unwrap().public())
            .is_err()
    );
}

/// Goal: putting a trusted key's ID on another key gains nothing.
#[test]
fn a_key_with_a_borrowed_id_is_not_trusted() {
    let (honest, _) = signed(b"record");
    let folder = TempDir::new().unwrap();
    let mut trust = TrustStore::open(folder.path()).unwrap();
    trust.add("agency", &honest.public()).unwrap();
    let (other, signature) = signed(b"record");
    // The identifier is bytes 2 to 10 of both a signature and a public key, unencoded.
    let borrowed = borrow_id(&other.public(), &honest.public());
    assert_eq!(borrowed.id(), honest.public().id());
    assert!(matches!(
        trust.add("twin", &borrowed),
        Err(RecordError::KeyConflict { .. })
    ));
    borrowed
        .save(&folder.path().join("twin.pub"), Overwrite::Never)
        .unwrap();
    assert!(matches!(
        TrustStore::open(folder.path()),
        Err(RecordError::TrustFile { source, .. })
            if matches!(*source, RecordError::KeyConflict { .. })
    ));
    let verdict = trust.check(b"record", &signature, KIND);
    assert!(
        matches!(verdict, SignatureVerdict::Unknown { .. }),
        "its own identifier"
    );
}

fn borrow_id(key: &PublicKey, from: &PublicKey) -> PublicKey {
    // 56 characters carry 42 bytes; the first 12 carry bytes 0 to 9, and byte 9 ends inside the
    // fourteenth, so a key is searched whose next byte's top bits agree.
    let mut text = format!("{}{}", &from.to_base64()[..13], &key.to_base64()[13..]);
    for letter in ('A'..='Z').chain('a'..='z').chain('0'..='9') {
        text.replace_range(13..14, &letter.to_string());
        let candidate = PublicKey::from_base64(&text).unwrap();
        if candidate.id() == from.id() && candidate != *from {
            return candidate;
        }
    }
    panic!("one of the letters carries the right bits");
}

#[test]
fn keys_are_stored_for_their_owner_alone_and_come_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agency.key");
    let pair = KeyPair::generate(None).unwrap();
    pair.save(&path, Overwrite::Never).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let loaded = KeyPair::load(&path, None).unwrap();
    let signature = loaded.sign_bytes(b"x", KIND, NOW).unwrap();
    pair.public().verify_bytes(b"x", &signature, KIND).unwrap();
    assert!(matches!(
        pair.save(&path, Overwrite::Never),
        Err(RecordError::Exists)
    ));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = KeyPair::load(&path, None).unwrap_err();
    assert!(matches!(open, RecordError::KeyTooOpen { mode: 0o640 }));
    assert!(
        !format!("{pair:?}").contains("sk"),
        "a secret is never printed"
    );
}

#[test]
fn a_passphrase_is_needed_and_must_be_right() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agency.key");
    let pair = KeyPair::generate(Some("correct horse")).unwrap();
    pair.save(&path, Overwrite::Never).unwrap();
    assert!(matches!(
        KeyPair::load(&path, None),
        Err(RecordError::PassphraseNeeded)
    ));
    assert!(matches!(
        KeyPair::load(&path, Some("wrong")),
        Err(RecordError::KeyRefused)
    ));
    let loaded = KeyPair::load(&path, Some("correct horse")).unwrap();
    assert_eq!(loaded.public(), pair.public());
    assert!(KeyPair::generate(Some("")).is_err());
    std::fs::write(&path, "untrusted comment: x\nRWQAAE\n").unwrap();
    assert!(matches!(
        KeyPair::load(&path, None),
        Err(RecordError::KeyRefused)
    ));
    std::fs::write(&path, "hello").unwrap();
    assert!(matches!(
        KeyPair::load(&path, None),
        Err(RecordError::KeyMalformed { .. })
    ));
}

/// Goal: a third party can check a signature without this program.
#[test]
fn minisign_agrees() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("m.json");
    let (pair, signature) = signed(b"record");
    std::fs::write(&file, b"record").unwrap();
    std::fs::write(folder.path().join("m.json.minisig"), signature).unwrap();
    let key = folder.path().join("agency.pub");
    pair.public().save(&key, Overwrite::Never).unwrap();
    assert_eq!(PublicKey::load(&key).unwrap(), pair.public());
    let check = || {
        Command::new("minisign")
            .arg("-Vm")
            .arg(&file)
            .arg("-p")
            .arg(&key)
            .output()
    };
    let Ok(good) = check() else {
        println!("skipped: no minisign program here");
        return;
    };
    assert!(good.status.success(), "{good:?}");
    std::fs::write(&file, b"recorD").unwrap();
    assert!(!check().unwrap().status.success());
}
