use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use redact_core::UtcNanos;
use redact_record::digest_bytes;
use redact_record::manifest::{Hex, PublicManifest};
use redact_record::package::{
    Exhibit, FileRole, NewPackage, PACKAGE_FILE, PACKAGE_SIGNATURE, PackageFile, PackageRequest,
    ProfileName, SUMS_FILE,
};
use redact_record::sign::{KeyPair, PublicKey, Signed, TrustedKey};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/v0.1.0");
const KEY: &str = "home/trusted/key-D41E40F1984A0D0E.pub";
const VIDEO: &str = "exhibits/exhibit-01.mp4";

impl Slices for Vec<u8> {
    fn read(&mut self, at: u64, bytes: u64) -> std::io::Result<Vec<u8>> {
        let (start, end) = (
            usize::try_from(at).unwrap(),
            usize::try_from(at + bytes).unwrap(),
        );
        Ok(self[start..end].to_vec())
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURE}/{name}")).unwrap()
}

/// Keys: with the office's that signed the package, or only with that of the release.
fn trust(office: Option<&KeyPair>) -> TrustStore {
    let trusted = |name: &str, key: PublicKey| TrustedKey {
        name: name.into(),
        key,
    };
    let maker = trusted("maker", PublicKey::parse(&read(KEY)).unwrap());
    let office = office.map(|pair| trusted("office", pair.public()));
    TrustStore::of(office.into_iter().chain([maker]).collect()).unwrap()
}

/// The files of a package with one release that an earlier version made.
fn package_files(office: &KeyPair) -> BTreeMap<String, Vec<u8>> {
    let record = read("clip.redacted.manifest.json");
    let signature = read("clip.redacted.manifest.json.minisig");
    let text = String::from_utf8(signature.clone()).unwrap();
    let (public, _) = PublicManifest::open(&record, &text, &trust(None)).unwrap();
    let mut package = PackageManifest::new(NewPackage {
        program: "redact 0.1.0".into(),
        profile: ProfileName {
            name: "public".into(),
            sha256: Hex(digest_bytes(b"profile")),
        },
        request: PackageRequest::default(),
        exhibits: vec![Exhibit::new(1, &public, &record, None, Vec::new())],
    });
    let mut files = BTreeMap::new();
    let manifest = "exhibits/exhibit-01.manifest.json";
    for (path, role, bytes) in [
        (VIDEO, FileRole::Release, read("clip.redacted.mp4")),
        (manifest, FileRole::Manifest, record.clone()),
        (
            "exhibits/exhibit-01.manifest.json.minisig",
            FileRole::Signature,
            signature,
        ),
    ] {
        package.add_file(PackageFile {
            path: path.into(),
            role,
            exhibit: Some(1),
            part: None,
            bytes: bytes.len() as u64,
            sha256: Hex(digest_bytes(&bytes)),
        });
        files.insert(path.to_owned(), bytes);
    }
    let bytes = package.to_bytes().unwrap();
    let signature = office
        .sign_repeatably(&bytes, Signed::Package, UtcNanos(0))
        .unwrap()
        .into_bytes();
    let sums = package.sums(digest_bytes(&bytes), digest_bytes(&signature));
    files.insert(PACKAGE_FILE.into(), bytes);
    files.insert(PACKAGE_SIGNATURE.into(), signature);
    files.insert(SUMS_FILE.into(), sums.into_bytes());
    files
}

fn folder(files: &BTreeMap<String, Vec<u8>>) -> PackageInHand<Vec<u8>> {
    let file = |(path, bytes): (&String, &Vec<u8>)| SlicedFile {
        path: path.clone(),
        bytes: bytes.len() as u64,
        slices: bytes.clone(),
    };
    PackageInHand::Folder(files.iter().map(file).collect())
}

fn archive(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Checks a package, and leaves its releases unmeasured.
fn check(package: &mut PackageChecker<Vec<u8>>) -> Vec<String> {
    while let Some(BegunRelease {
        label, mut checked, ..
    }) = package.next_release().unwrap()
    {
        checked.skip_audit("no decoder".to_owned());
        package.add_release(&label, checked);
    }
    let failed = package.verdict().checks.iter();
    let failed = failed.filter(|check| !check.passed);
    failed
        .map(|check| format!("{}, {}: {}", check.group, check.name, check.evidence))
        .collect()
}

/// Goal: a folder and an archive of the same files give the same lines, those of a release by
/// itself among them; what was not measured is listed, and the verdict says so.
#[test]
fn a_good_package_passes_in_every_form() {
    let office = KeyPair::generate(None).unwrap();
    let files = package_files(&office);
    let zip = archive(&files);
    let length = zip.len() as u64;
    let forms = [Ok(folder(&files)), PackageInHand::open(zip, length)];
    let texts = forms.map(|form| {
        let mut package = PackageChecker::new(trust(Some(&office)), form).unwrap();
        assert_eq!(package.signer(), Signer::Trusted);
        assert_eq!(package.paths().unwrap().len(), files.len());
        assert_eq!(check(&mut package), Vec::<String>::new());
        package.verdict().text()
    });
    assert_eq!(texts[0], texts[1]);
    for line in [
        "ok    package, missing file: none: all of 3 files",
        "ok    package, exhibit 1 as in its manifest: 45 frames",
        "ok    exhibit 1: leak, leftover-bytes",
        "-     exhibit 1: audit, every mask is opaque, every mute is silent: not checked: ",
        "verdict: ok (nothing was decoded)",
    ] {
        assert!(texts[0].contains(line), "{line}: {}", texts[0]);
    }
}

/// Goal: the video that a page plays and measures is the one whose bytes were checked.
#[test]
fn the_place_of_a_video_has_its_bytes() {
    let office = KeyPair::generate(None).unwrap();
    let files = package_files(&office);
    let zip = archive(&files);
    let whole = zip.clone();
    let length = zip.len() as u64;
    for (form, contents) in [
        (Ok(folder(&files)), files.values().cloned().collect()),
        (PackageInHand::open(zip, length), vec![whole]),
    ] {
        let mut package = PackageChecker::new(trust(Some(&office)), form).unwrap();
        let begun = package.next_release().unwrap().unwrap();
        let [range] = &begun.video.ranges[..] else {
            panic!("{:?}", begun.video);
        };
        let (start, end) = (
            usize::try_from(range.start).unwrap(),
            usize::try_from(range.end).unwrap(),
        );
        assert!(contents[begun.video.file][start..end] == files[VIDEO]);
        assert_eq!(begun.label, "exhibit 1");
        assert!(package.next_release().unwrap().is_none());
    }
}

/// Goal: what is wrong with a package is a failed check with the file's name; nothing of it is an
/// error, and a key that nobody vouched for is shown.
#[test]
fn bad_packages_fail_by_name() {
    let office = KeyPair::generate(None).unwrap();
    let failures = |trust: TrustStore, form| {
        let mut package = PackageChecker::new(trust, form).unwrap();
        (check(&mut package), package.signer())
    };
    let good = package_files(&office);

    let (failed, signer) = failures(trust(None), Ok(folder(&good)));
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("package, signature: valid, but key"));
    assert!(matches!(signer, Signer::Unknown(_)));

    let mut missing = good.clone();
    missing.remove(VIDEO);
    let (failed, _) = failures(trust(Some(&office)), Ok(folder(&missing)));
    assert_eq!(failed, [format!("package, missing file: {VIDEO}")]);

    let mut unsigned = good.clone();
    unsigned.remove(PACKAGE_SIGNATURE);
    let (failed, signer) = failures(trust(Some(&office)), Ok(folder(&unsigned)));
    assert_eq!(failed, ["package, missing file: package.json.minisig"]);
    assert_eq!(signer, Signer::Nobody);

    let mut cut = archive(&good);
    cut.truncate(cut.len() / 2);
    let length = cut.len() as u64;
    let (failed, _) = failures(trust(Some(&office)), PackageInHand::open(cut, length));
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("package, can be read: not a valid ZIP archive"));
}

/// Goal: a file that is no package, or that only a key opens, is refused with what to do.
#[test]
fn other_files_are_refused() {
    let refused = |bytes: &[u8]| {
        let form = PackageInHand::open(bytes.to_vec(), bytes.len() as u64);
        let package = PackageChecker::new(trust(None), form);
        package.err().map(|error| error.to_string())
    };
    let text = refused(b"age-encryption.org/v1\n-> scrypt").unwrap();
    assert!(text.contains("decrypt it first"), "{text}");
    assert_eq!(refused(b"text").unwrap(), "cannot open the package");
}
