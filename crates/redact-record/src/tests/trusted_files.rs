//! Trust stores from files: the same files give the same verdicts.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::sign::{
    KeyPair, NewApprover, SignatureVerdict, Signed, TrustFile, TrustStore, TrustedKey,
};
use crate::testing::NOW;
use crate::{Overwrite, RecordError};

/// An agency with a rotation key, two rotations and an approver.
struct Agency {
    rotation: KeyPair,
    releases: [KeyPair; 3],
    approver: KeyPair,
}

impl Agency {
    fn new() -> Self {
        let new = || KeyPair::generate(None).unwrap();
        Self {
            rotation: new(),
            releases: [new(), new(), new()],
            approver: new(),
        }
    }

    /// The first release key, and all that leads from it to the third and to the approver. The
    /// later rotation comes first, by name and in the list.
    fn files(&self) -> Vec<TrustFile> {
        let [first, second, third] = &self.releases;
        let follows = |old: &KeyPair, new: &KeyPair| {
            let (old, new) = (old.public(), new.public());
            self.rotation.sign_rotation(&old, &new, NOW).unwrap()
        };
        let later = follows(second, third);
        let earlier = follows(first, second);
        let record = self.rotation.vouch_for(NewApprover {
            name: "Ada Lovelace",
            key: &self.approver.public(),
            added_by: "Ben Ruiz",
            replaces: None,
            at: NOW,
        });
        let record = record.unwrap();
        vec![
            file("a/ada.approver.json", &record.bytes),
            file("a/ada.approver.json.minisig", record.signature.as_bytes()),
            file("1.rotation.json", &later.bytes),
            file("1.rotation.json.minisig", later.signature.as_bytes()),
            file("2.rotation.json", &earlier.bytes),
            file("2.rotation.json.minisig", earlier.signature.as_bytes()),
            file("agency.rotation.pub", &public_file(&self.rotation)),
            file("agency.pub", &public_file(first)),
        ]
    }
}

fn file(name: &str, bytes: &[u8]) -> TrustFile {
    TrustFile {
        name: name.into(),
        bytes: bytes.to_vec(),
    }
}

fn public_file(pair: &KeyPair) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("k.pub");
    pair.public().save(&path, Overwrite::Never).unwrap();
    std::fs::read(path).unwrap()
}

fn write_all(files: &[TrustFile]) -> (TempDir, Vec<PathBuf>) {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let write = |file: &TrustFile| {
        let path = folder.path().join(&file.name);
        std::fs::write(&path, &file.bytes).unwrap();
        path
    };
    let paths: Vec<PathBuf> = files.iter().map(write).collect();
    (folder, paths)
}

fn refusal(files: Vec<TrustFile>) -> (String, RecordError) {
    match TrustStore::from_files(files).unwrap_err() {
        RecordError::TrustFile { file, source } => (file, *source),
        other => panic!("{other:?} names no file"),
    }
}

/// Goal: the same files always give the same verdicts.
/// Method: one list in two orders, and the same files by path; a release by each key, and one by
/// a stranger as the control.
#[test]
fn the_same_files_give_the_same_verdicts() {
    let agency = Agency::new();
    let files = agency.files();
    let backwards: Vec<TrustFile> = files.iter().rev().cloned().collect();
    let (_folder, paths) = write_all(&files);
    let listed: Vec<PathBuf> = paths
        .into_iter()
        .filter(|path| !path.to_string_lossy().ends_with(".minisig"))
        .collect();
    let stores = [
        TrustStore::from_files(files).unwrap(),
        TrustStore::from_files(backwards).unwrap(),
        TrustStore::from_paths(&listed).unwrap(),
    ];
    let stranger = KeyPair::generate(None).unwrap();
    for (pair, trusted) in agency.releases.iter().zip([true; 3]).chain([
        (&stranger, false),
        (&agency.approver, false),
        (&agency.rotation, false),
    ]) {
        let kind = Signed::PublicManifest;
        let signature = pair.sign_bytes(b"record", kind, NOW).unwrap();
        let verdicts = stores
            .each_ref()
            .map(|s| s.check(b"record", &signature, kind));
        assert_eq!(verdicts[0], verdicts[1]);
        assert_eq!(verdicts[0], verdicts[2]);
        let is_trusted = matches!(verdicts[0], SignatureVerdict::Trusted { .. });
        assert_eq!(is_trusted, trusted, "{:?}", verdicts[0]);
    }
    for store in &stores {
        assert_eq!(store.approvers()[0].name, "Ada Lovelace");
        assert_eq!(store.keys().len(), 3);
    }
}

/// Goal: errors name the file that is wrong.
#[test]
fn a_file_that_cannot_be_trusted_is_named() {
    let files = Agency::new().files();
    TrustStore::from_files(files.clone()).unwrap();
    for at in 0..files.len() {
        let mut broken = files.clone();
        broken[at].bytes = b"broken".to_vec();
        let whole = files[at].name.trim_end_matches(".minisig");
        let named = refusal(broken).0;
        if whole.ends_with(".pub") {
            assert_eq!(named, whole);
        } else {
            // A later statement that builds on the broken one may be named in its place.
            assert!(named.ends_with(".json"), "{named}, not {whole}");
        }
        let mut large = files.clone();
        large[at].bytes = vec![b' '; 4097];
        let (named, why) = refusal(large);
        assert_eq!(named, files[at].name);
        assert!(matches!(why, RecordError::TooLarge { found: 4097, .. }));
    }
    let without = |name: &str| -> Vec<TrustFile> {
        let others = files.iter().filter(|file| file.name != name);
        others.cloned().collect()
    };
    let (named, why) = refusal(without("2.rotation.json.minisig"));
    assert_eq!(named, "2.rotation.json");
    assert!(matches!(why, RecordError::Signature(_)), "{why:?}");
    let (named, _) = refusal(without("2.rotation.json"));
    assert_eq!(named, "2.rotation.json.minisig");
    let (named, _) = refusal(without("agency.rotation.pub"));
    assert_eq!(named, "1.rotation.json");
    let (_folder, paths) = write_all(&without("agency.pub"));
    let missing = paths[0].with_file_name("none.pub");
    let refused = TrustStore::from_paths(std::slice::from_ref(&missing)).unwrap_err();
    assert!(matches!(
        &refused,
        RecordError::TrustFile { file, .. } if *file == missing.to_string_lossy()
    ));
}

/// Goal: a revoked key in a list is not trusted, even if the list has it as a key, too.
#[test]
fn a_revoked_key_is_never_trusted() {
    let agency = Agency::new();
    let pair = &agency.releases[0];
    let signature = pair.sign_bytes(b"record", Signed::PublicManifest, NOW);
    let signature = signature.unwrap();
    let content = public_file(pair);
    let revoked = TrustStore::from_files(vec![
        file("agency.pub", &content),
        file("old.revoked", &content),
    ]);
    let check = |store: &TrustStore| store.check(b"record", &signature, Signed::PublicManifest);
    assert!(matches!(check(&revoked.unwrap()), SignatureVerdict::Bad(_)));
    let trusted = TrustStore::from_files(vec![file("x/agency.pub", &content)]).unwrap();
    let expected = TrustedKey {
        name: "agency".into(),
        key: pair.public(),
    };
    assert_eq!(trusted.keys(), [expected]);
    assert!(matches!(check(&trusted), SignatureVerdict::Trusted { .. }));
}
