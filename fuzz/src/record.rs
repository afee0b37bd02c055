//! Records: working files, manifests, event logs, keys and time stamps.

use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use redact_check::package::ZipPackage;
use redact_core::{Digest, TimeSpan, UtcNanos};
use redact_record::captions::{self, ReleaseSound};
use redact_record::manifest::{PublicManifest, SealedManifest};
use redact_record::package::{self as packages, PackageManifest};
use redact_record::sign::{
    ApproverRecord, KeyPair, PublicKey, Rotation, Signed, TrustStore, TrustedKey,
};
use redact_record::{policy as policies, timestamp as stamps};

use crate::ignore;

/// Some time: no target depends on which.
const NOW: UtcNanos = UtcNanos(1_800_000_000_000_000_000);

/// A key that signs whatever is given, and a checker that trusts it: behind a signature that holds
/// stands what a hostile colleague wrote.
struct Signer {
    key: KeyPair,
    trust: TrustStore,
}

impl Signer {
    fn get() -> &'static Self {
        static SIGNER: OnceLock<Signer> = OnceLock::new();
        SIGNER.get_or_init(|| {
            let key = KeyPair::generate(None).expect("random bytes are there");
            let trusted = TrustedKey {
                name: "fuzz".into(),
                key: key.public(),
            };
            let trust = TrustStore::of(vec![trusted]).expect("one key is trusted");
            Self { key, trust }
        })
    }

    fn sign(&self, bytes: &[u8], kind: Signed) -> String {
        self.key
            .sign_bytes(bytes, kind, NOW)
            .expect("the key is open")
    }
}

/// Calls `read` with a file that holds `bytes`.
fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    let mut file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("the folder for temporary files can be written to");
    file.write_all(bytes).expect("the file can be written to");
    read(file.path());
}

/// A plan file.
///
/// # Panics
/// Where a plan that was read is another one after it was written.
pub fn plan(file: &[u8]) {
    use redact_record::plan::{from_bytes, to_bytes};

    if let Ok(read) = from_bytes(file) {
        let again = from_bytes(&to_bytes(&read)).expect("a plan that was written is read");
        assert_eq!(read, again);
    }
}

/// Captions of a release.
///
/// # Panics
/// If captions that were read and written again cannot be read, or have a word that is muted.
pub fn captions(file: &[u8]) {
    let Ok(read) = captions::parse(file) else {
        return;
    };
    ignore(captions::transcript_text(&read));
    let mute = TimeSpan::new(1_000_000_000, 2_000_000_000).into_iter();
    let sound = ReleaseSound::new(mute.collect(), i64::MAX);
    ignore(read.check(&sound));
    let text = captions::cut(&read, (0, i64::MAX), &sound);
    let again = captions::parse(text.as_bytes()).expect("captions that were written are read");
    assert_eq!(again.check(&sound), Ok(()));
}

/// A findings file: tracks, timelines, evidence.
///
/// # Panics
/// Where findings that were read are others after they were written.
pub fn findings(file: &[u8]) {
    use redact_record::findings::{from_bytes, to_bytes};

    if let Ok(read) = from_bytes(file) {
        let bytes = to_bytes(&read);
        let again = from_bytes(&bytes).expect("findings that were written are read");
        assert_eq!(bytes, to_bytes(&again));
    }
}

/// A public or sealed manifest whose signature holds: a byte that chooses, the manifest.
///
/// # Panics
/// Where a manifest is accepted whose items are impossible.
pub fn manifests(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    let signer = Signer::get();
    if choice & 1 == 0 {
        let signature = signer.sign(file, Signed::PublicManifest);
        if let Ok((manifest, _)) = PublicManifest::open(file, &signature, &signer.trust) {
            assert!(manifest.redactions().is_ok());
        }
    } else {
        let signature = signer.sign(file, Signed::SealedManifest);
        ignore(SealedManifest::open(file, &signature, &signer.trust));
    }
}

/// A file of a package: a byte that chooses, then a package manifest whose signature is valid, a
/// list of digests, a transmittal profile or a ZIP archive.
///
/// # Panics
/// If a manifest is accepted that would not be written, or an archive lists a file that it cannot
/// open.
pub fn package(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    match choice & 3 {
        0 => {
            let signer = Signer::get();
            let signature = signer.sign(file, Signed::Package);
            if let Ok((manifest, _)) = PackageManifest::open(file, &signature, &signer.trust) {
                let bytes = manifest
                    .to_bytes()
                    .expect("a manifest that was read is written");
                let signature = signer.sign(&bytes, Signed::Package);
                let again = PackageManifest::open(&bytes, &signature, &signer.trust);
                assert_eq!(again.expect("what was written is read").0, manifest);
            }
        }
        1 => ignore(packages::parse_sums(file)),
        2 => ignore(packages::transmittal_of(file)),
        _ => {
            if let Ok(mut archive) = ZipPackage::new(std::io::Cursor::new(file)) {
                let paths: Vec<String> = archive
                    .files()
                    .iter()
                    .map(|file| file.path.clone())
                    .collect();
                for path in paths {
                    assert!(archive.open(&path).is_ok());
                }
            }
        }
    }
}

/// An event log.
///
/// # Panics
/// Never, as far as is known.
pub fn events(log: &[u8]) {
    with_file(log, |path| {
        let mut entries = 0_u32;
        let read = redact_record::events::read(path, &mut |entry| {
            entries += u32::from(entry.is_ok());
        });
        assert!(read.is_ok());
    });
}

/// A policy, and a set of reasons, in TOML.
///
/// # Panics
/// Never, as far as is known.
pub fn policy(file: &[u8]) {
    with_file(file, |path| {
        ignore(policies::read(path));
    });
    ignore(redact_record::reasons::parse(file));
}

/// Key files and what keys sign: a byte that chooses, the text.
///
/// # Panics
/// Where a public key that was read is written as another one, or a signature by nobody holds.
pub fn keys(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    let signer = Signer::get();
    let text = String::from_utf8_lossy(file).into_owned();
    let bytes = file.to_vec();
    match choice % 5 {
        0 => {
            if let Ok(key) = PublicKey::from_base64(text.trim()) {
                assert_eq!(key.to_base64(), text.trim());
            }
        }
        1 => {
            ignore(KeyPair::from_stored(text, None));
        }
        2 => {
            let key = signer.key.public();
            assert!(key.verify_bytes(b"x", &text, Signed::Approval).is_err());
        }
        3 => {
            let signature = signer.sign(&bytes, Signed::ApproverKey);
            let record = ApproverRecord { bytes, signature };
            ignore(signer.trust.clone().follow_approver(&record));
        }
        _ => {
            let signature = signer.sign(&bytes, Signed::KeyRotation);
            ignore(Rotation { bytes, signature }.check(&signer.trust));
        }
    }
}

/// A time-stamping authority's answer, or its certificate: a byte that chooses, DER or PEM.
///
/// # Panics
/// Where a stamp by nobody is trusted.
pub fn timestamp(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    if choice & 1 == 0 {
        if let Ok(stamp) = stamps::check(file, Digest([0; 32]), &[]) {
            assert!(!stamp.trusted);
        }
    } else {
        ignore(stamps::Certificate::read(file));
    }
}
