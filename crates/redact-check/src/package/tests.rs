use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, Write as _};

use redact_core::{Digest, UtcNanos};
use redact_record::manifest::{Hex, PublicManifest};
use redact_record::package::{
    Exhibit, FileRole, NewPackage, PACKAGE_FILE, PACKAGE_SIGNATURE, PackageFile, PackageManifest,
    PackageRequest, ProfileName, SUMS_FILE,
};
use redact_record::sign::{KeyPair, PublicKey, Signed, TrustStore, TrustedKey};
use redact_record::{RecordError, digest_bytes};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::{Scope, Verdict};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/v0.1.0");
const KEY: &str = "home/trusted/key-D41E40F1984A0D0E.pub";

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURE}/{name}")).unwrap()
}

/// A package in memory: a release that an earlier version made, with two papers.
struct Case {
    pair: KeyPair,
    trust: TrustStore,
    package: PackageManifest,
    files: BTreeMap<String, Vec<u8>>,
}

impl Case {
    fn new() -> Self {
        let pair = KeyPair::generate(None).unwrap();
        let trusted = |name: &str, key: PublicKey| TrustedKey {
            name: name.into(),
            key,
        };
        let maker = PublicKey::parse(&read(KEY)).unwrap();
        let trust = TrustStore::of(vec![
            trusted("office", pair.public()),
            trusted("maker", maker),
        ])
        .unwrap();
        let record = read("clip.redacted.manifest.json");
        let signature = String::from_utf8(read("clip.redacted.manifest.json.minisig")).unwrap();
        let (public, _) = PublicManifest::open(&record, &signature, &trust).unwrap();
        let package = PackageManifest::new(NewPackage {
            program: "redact 0.1.0".into(),
            profile: ProfileName {
                name: "public".into(),
                sha256: Hex(digest_bytes(b"profile")),
            },
            request: PackageRequest::default(),
            exhibits: vec![Exhibit::new(1, &public, &record, None, Vec::new())],
        });
        let mut case = Self {
            pair,
            trust,
            package,
            files: BTreeMap::new(),
        };
        let one = Some(1);
        case.add(
            "exhibits/exhibit-01.mp4",
            FileRole::Release,
            one,
            read("clip.redacted.mp4"),
        );
        case.add(
            "exhibits/exhibit-01.manifest.json",
            FileRole::Manifest,
            one,
            record,
        );
        let name = "exhibits/exhibit-01.manifest.json.minisig";
        case.add(name, FileRole::Signature, one, signature.into_bytes());
        case.add("index.html", FileRole::Index, None, b"<p>index".to_vec());
        case.add(
            "cover-letter.pdf",
            FileRole::CoverLetter,
            None,
            b"letter".to_vec(),
        );
        case.sign();
        case
    }

    fn add(&mut self, path: &str, role: FileRole, exhibit: Option<u32>, bytes: Vec<u8>) {
        self.package.add_file(PackageFile {
            path: path.into(),
            role,
            exhibit,
            part: None,
            bytes: bytes.len() as u64,
            sha256: Hex(digest_bytes(&bytes)),
        });
        self.files.insert(path.into(), bytes);
    }

    /// Signs the manifest and makes the list of digests.
    fn sign(&mut self) {
        let bytes = self.package.to_bytes().unwrap();
        self.sign_bytes(bytes);
    }

    fn sign_bytes(&mut self, bytes: Vec<u8>) {
        let signature = self
            .pair
            .sign_repeatably(&bytes, Signed::Package, UtcNanos(0))
            .unwrap();
        let signature = signature.into_bytes();
        let sums = self
            .package
            .sums(digest_bytes(&bytes), digest_bytes(&signature));
        self.files.insert(PACKAGE_FILE.into(), bytes);
        self.files.insert(PACKAGE_SIGNATURE.into(), signature);
        self.files.insert(SUMS_FILE.into(), sums.into_bytes());
    }

    fn check(&self) -> Verdict {
        let mut files = InMemory { files: &self.files };
        let mut verdict = Verdict::new(Scope::Undecoded);
        check(&mut verdict, &self.trust, &mut files).unwrap();
        verdict
    }
}

struct InMemory<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
}

impl PackageFiles for InMemory<'_> {
    type Error = RecordError;

    fn list(&mut self) -> Result<Vec<FoundFile>, RecordError> {
        let found = |(path, bytes): (&String, &Vec<u8>)| FoundFile {
            path: path.clone(),
            bytes: bytes.len() as u64,
        };
        Ok(self.files.iter().map(found).collect())
    }

    fn open(&mut self, path: &str) -> Result<impl Read + Seek, RecordError> {
        Ok(Cursor::new(self.files[path].clone()))
    }

    fn check_stamp(
        &mut self,
        _: &mut Verdict,
        _: &str,
        _: Option<&[u8]>,
        _: Digest,
    ) -> Result<(), RecordError> {
        Ok(())
    }
}

impl CheckRelease for InMemory<'_> {
    fn check_release(
        &mut self,
        verdict: &mut Verdict,
        release: &PackagedRelease,
        trust: &TrustStore,
    ) -> Result<(), RecordError> {
        check_undecoded(verdict, release, trust, self).map(drop)
    }
}

fn failed(verdict: &Verdict) -> Vec<String> {
    let wrong = verdict.checks.iter().filter(|check| !check.passed);
    wrong
        .map(|check| format!("{}, {}: {}", check.group, check.name, check.evidence))
        .collect()
}

/// Changes a good package, and expects failed checks that begin with these words, in order.
#[track_caller]
fn expect(change: impl FnOnce(&mut Case), expected: &[&str]) {
    let mut case = Case::new();
    change(&mut case);
    let failed = failed(&case.check());
    assert_eq!(failed.len(), expected.len(), "{failed:#?}");
    for (failed, expected) in failed.iter().zip(expected) {
        assert!(
            failed.starts_with(expected),
            "{failed}, expected {expected}"
        );
    }
}

/// Goal: a good package passes, its release is checked as one by itself, and the lines say of which
/// exhibit they are.
#[test]
fn a_good_package_passes() {
    let verdict = Case::new().check();
    assert_eq!(failed(&verdict), Vec::<String>::new());
    let text = verdict.text();
    for line in [
        "ok    package, signature: valid, by key",
        "ok    package, missing file: none: all of 5 files",
        "ok    package, SHA256SUMS: agrees with the package manifest: 7 files",
        "ok    package, exhibit 1 as in its manifest: 45 frames",
        "ok    exhibit 1: manifest, signature: valid",
        "ok    exhibit 1: file, SHA-256: ",
        "ok    exhibit 1: leak, leftover-bytes",
        "-     exhibit 1: sealed manifest, belongs to the manifest: not checked",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(verdict.key.is_some());
}

/// Goal: every kind of change is reported by the file's name. The control is the test above.
#[test]
fn missing_added_changed_and_swapped_files_are_named() {
    expect(
        |case| drop(case.files.remove("index.html")),
        &["package, missing file: index.html"],
    );
    expect(
        |case| drop(case.files.insert("exhibits/notes.txt".into(), vec![1])),
        &["package, added file: exhibits/notes.txt"],
    );
    expect(
        |case| case.files.get_mut("index.html").unwrap()[0] ^= 1,
        &["package, changed file: index.html: found SHA-256"],
    );
    expect(
        |case| case.files.get_mut("index.html").unwrap().push(0),
        &["package, changed file: index.html: found SHA-256"],
    );
    expect(
        |case| {
            let letter = case.files.remove("cover-letter.pdf").unwrap();
            let index = case.files.insert("index.html".into(), letter).unwrap();
            case.files.insert("cover-letter.pdf".into(), index);
        },
        &[
            "package, swapped file: cover-letter.pdf has the content of index.html",
            "package, swapped file: index.html has the content of cover-letter.pdf",
        ],
    );
    expect(
        |case| drop(case.files.remove("exhibits/exhibit-01.mp4")),
        &["package, missing file: exhibits/exhibit-01.mp4"],
    );
    expect(
        |case| {
            let video = case.files.get_mut("exhibits/exhibit-01.mp4").unwrap();
            let middle = video.len() / 2;
            video[middle] ^= 1;
        },
        &[
            "package, changed file: exhibits/exhibit-01.mp4",
            "exhibit 1: file, SHA-256",
            "exhibit 1: leak, leftover-bytes",
        ],
    );
}

/// Goal: records of the package that were changed, exchanged or written by a newer version fail by
/// name, and are never believed.
#[test]
fn wrong_records_of_the_package_fail() {
    let missing = &["package, missing file: package.json"];
    expect(|case| drop(case.files.remove(PACKAGE_FILE)), missing);
    let missing = &["package, missing file: package.json.minisig"];
    expect(|case| drop(case.files.remove(PACKAGE_SIGNATURE)), missing);
    expect(
        |case| case.files.get_mut(PACKAGE_FILE).unwrap().push(b'\n'),
        &["package, signature: the signature is not valid"],
    );
    expect(
        |case| {
            let text = String::from_utf8(case.files[PACKAGE_FILE].clone()).unwrap();
            case.sign_bytes(text.replacen("\"1.0\"", "\"2.0\"", 1).into_bytes());
        },
        &["package, version: format version 2.0 is newer"],
    );
    expect(
        |case| {
            case.pair = KeyPair::generate(None).unwrap();
            case.sign();
        },
        &["package, signature: valid, but key"],
    );
    expect(
        |case| {
            case.package.exhibits[0].frames += 1;
            case.sign();
        },
        &["package, exhibit 1 as in its manifest: found manifest"],
    );
    expect(
        |case| drop(case.files.remove(SUMS_FILE)),
        &["package, SHA256SUMS: the file is missing"],
    );
    expect(
        |case| {
            let sums = case.files.get_mut(SUMS_FILE).unwrap();
            sums[0] = if sums[0] == b'0' { b'1' } else { b'0' };
        },
        &["package, SHA256SUMS: differs from the package manifest: cover-letter.pdf"],
    );
}

/// The package as a ZIP archive.
fn archive(case: &Case, method: CompressionMethod, comment: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (path, bytes) in &case.files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.set_comment(comment.to_owned()).unwrap();
    writer.finish().unwrap().into_inner()
}

/// Goal: an archive gives exactly its files, and data that no file has are found. Controls: an
/// archive without any.
#[test]
fn archives_hold_nothing_but_their_files() {
    let case = Case::new();
    let good = archive(&case, CompressionMethod::Stored, "");
    let mut package = ZipPackage::new(Cursor::new(good.clone())).unwrap();
    assert_eq!(package.excess(), None);
    assert_eq!(package.files().len(), case.files.len());
    for (path, bytes) in &case.files {
        let mut found = Vec::new();
        package.open(path).unwrap().read_to_end(&mut found).unwrap();
        assert_eq!(found, *bytes, "{path}");
    }
    assert!(package.open("no such file").is_err());

    let excess = |bytes: Vec<u8>| {
        ZipPackage::new(Cursor::new(bytes)).map(|package| package.excess().map(str::to_owned))
    };
    let commented = archive(&case, CompressionMethod::Stored, "hello");
    assert_eq!(excess(commented).unwrap().as_deref(), Some("a comment"));
    let prefixed = [b"secret".as_slice(), &good].concat();
    assert!(!matches!(excess(prefixed), Ok(None)));
    // Between the last file and the directory.
    let directory = good
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let (files, rest) = good.split_at(directory);
    let mut gap = [files, b"secret", rest].concat();
    let end = gap.len() - 22 + 16;
    let start = u32::try_from(directory + 6).unwrap();
    gap[end..end + 4].copy_from_slice(&start.to_le_bytes());
    assert!(!matches!(excess(gap), Ok(None)));
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    assert!(ZipPackage::new(Cursor::new(cut)).is_err());
    assert!(ZipPackage::new(Cursor::new(b"text".to_vec())).is_err());
}

/// Goal: an archive that names one file twice is refused, whichever of them a reader would take.
#[test]
fn an_archive_with_two_files_of_one_name_is_refused() {
    let case = Case::new();
    let good = archive(&case, CompressionMethod::Stored, "");
    let mut twice = good;
    // Names of equal length, in the local header and in the directory.
    let (from, to) = (b"cover-letter.pdf", b"package.json.min");
    let places: Vec<usize> = (0..twice.len() - from.len())
        .filter(|at| twice[*at..].starts_with(from))
        .collect();
    let mut other = twice.clone();
    for at in &places {
        other[*at..*at + to.len()].copy_from_slice(to);
    }
    // The control: another name is fine for the reader of archives.
    assert!(ZipPackage::new(Cursor::new(other)).is_ok());
    let (from, to) = (b"index.html", b"SHA256SUMS");
    for at in 0..twice.len() - from.len() {
        if twice[at..].starts_with(from) {
            twice[at..at + to.len()].copy_from_slice(to);
        }
    }
    assert!(ZipPackage::new(Cursor::new(twice)).is_err());
}
