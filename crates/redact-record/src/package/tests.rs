//! Package manifests, lists of digests and profiles: complete, strict, deterministic.

use proptest::prelude::*;
use redact_core::Digest;

use super::*;
use crate::json::{Hex, OneLine, Seconds};
use crate::sign::{KeyPair, SignatureProblem, SignatureVerdict, Signed, TrustStore, TrustedKey};
use crate::testing::{Made, NOW};
use crate::{RecordError, digest_bytes};

fn store(pair: &KeyPair) -> TrustStore {
    TrustStore::of(vec![TrustedKey {
        name: "agency".into(),
        key: pair.public(),
    }])
    .unwrap()
}

fn file(path: &str, role: FileRole, exhibit: Option<u32>, part: Option<u32>) -> PackageFile {
    PackageFile {
        path: path.into(),
        role,
        exhibit,
        part,
        bytes: 5,
        sha256: Hex(digest_bytes(path.as_bytes())),
    }
}

fn add_video(package: &mut PackageManifest, stem: &str, exhibit: u32, part: Option<u32>) {
    for (ending, role) in [
        (".mp4", FileRole::Release),
        (".manifest.json", FileRole::Manifest),
        (".manifest.json.minisig", FileRole::Signature),
    ] {
        let path = format!("{}/{stem}{ending}", exhibit_folder());
        package.add_file(file(&path, role, Some(exhibit), part));
    }
}

/// A package of two exhibits: one in one piece, one in two parts.
fn package() -> PackageManifest {
    let made = Made::new().build();
    let public = &made.public;
    let half = Seconds(public.totals.seconds.0 / 2);
    let parts = vec![
        ExhibitPart {
            number: 1,
            frames: (0, 5),
            seconds: (Seconds(0), half),
        },
        ExhibitPart {
            number: 2,
            frames: (5, public.totals.frames),
            seconds: (half, public.totals.seconds),
        },
    ];
    let mut other = public.clone();
    other.manifest_id = "0".repeat(32);
    let exhibits = vec![
        Exhibit::new(
            1,
            public,
            &made.public_bytes,
            Some("a\u{202e}b.mp4".into()),
            vec![],
        ),
        Exhibit::new(2, &other, b"another file", None, parts),
    ];
    let mut package = PackageManifest::new(NewPackage {
        program: "redact 0.1.0".into(),
        profile: ProfileName {
            name: "public".into(),
            sha256: Hex(digest_bytes(b"profile")),
        },
        request: PackageRequest {
            agency: Some("Example Police Department".into()),
            number: Some("2026-17".into()),
            ..PackageRequest::default()
        },
        exhibits,
    });
    add_video(&mut package, "exhibit-01", 1, None);
    add_video(&mut package, "exhibit-02-part-1-of-2", 2, Some(1));
    add_video(&mut package, "exhibit-02-part-2-of-2", 2, Some(2));
    for (path, role) in [
        ("exhibits/exhibit-02.manifest.json", FileRole::WholeManifest),
        (
            "exhibits/exhibit-02.manifest.json.minisig",
            FileRole::WholeSignature,
        ),
        ("exhibits/exhibit-02.log.pdf", FileRole::Log),
    ] {
        package.add_file(file(path, role, Some(2), None));
    }
    package.add_file(file("index.html", FileRole::Index, None, None));
    package
}

fn open(bytes: &[u8]) -> Result<PackageManifest, RecordError> {
    let pair = KeyPair::generate(None).unwrap();
    let signature = pair.sign_bytes(bytes, Signed::Package, NOW)?;
    let (package, verdict) = PackageManifest::open(bytes, &signature, &store(&pair))?;
    assert!(matches!(verdict, SignatureVerdict::Trusted { .. }));
    Ok(package)
}

#[test]
fn a_package_manifest_comes_back_and_reads_well() {
    let package = package();
    let bytes = package.to_bytes().unwrap();
    assert_eq!(open(&bytes).unwrap(), package);
    let text = String::from_utf8(bytes).unwrap();
    for line in [
        "  \"schema\": \"redact-package\",",
        "  \"profile\": {\"name\":\"public\",\"sha256\":\"",
        "    \"agency\": \"Example Police Department\",",
        "      \"number\": 2,",
        "        {\"number\":1,\"frames\":[0,5],\"seconds\":[0,",
        "    {\"path\":\"exhibits/exhibit-01.mp4\",\"role\":\"release\",\"exhibit\":1,\"bytes\":5,",
        "    {\"path\":\"index.html\",\"role\":\"index\",\"bytes\":5,\"sha256\":\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Goal: a package's manifest never passes for that of a release, nor the other way around.
#[test]
fn a_signature_of_another_kind_is_not_valid() {
    let bytes = package().to_bytes().unwrap();
    let pair = KeyPair::generate(None).unwrap();
    let other = pair
        .sign_bytes(&bytes, Signed::PublicManifest, NOW)
        .unwrap();
    let refused = PackageManifest::open(&bytes, &other, &store(&pair)).unwrap_err();
    assert!(matches!(
        refused,
        RecordError::Signature(SignatureProblem::OtherKind { .. })
    ));
}

/// Goal: nothing about the request or the recording is in the manifest unless the caller passed
/// it. Control: what was passed is there.
#[test]
fn names_are_there_only_if_the_profile_allows_them() {
    let bytes = package().to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for secret in crate::testing::SENSITIVE {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains("2026-17") && text.contains("a\\\\u{202e}b.mp4"));
}

#[track_caller]
fn refuse(change: impl FnOnce(&mut PackageManifest), field: &str) {
    let mut package = package();
    change(&mut package);
    let refused = package.to_bytes().unwrap_err();
    let by_writer = refused.to_string();
    assert!(by_writer.contains(field), "{by_writer}");
    // The reader's own check, as the writer can be another program.
    let refused = open(&crate::json::pretty(&package)).unwrap_err();
    assert_eq!(refused.to_string(), by_writer);
}

/// Goal: a manifest that contradicts itself is never accepted.
#[test]
fn contradictions_are_refused() {
    refuse(|p| p.exhibits.clear(), "exhibits");
    refuse(|p| p.exhibits[1].number = 3, "number");
    refuse(|p| p.exhibits[1].parts[1].0.frames.0 = 6, "parts");
    refuse(|p| p.exhibits[1].parts[1].0.number = 1, "parts");
    refuse(|p| p.exhibits[1].parts.swap(0, 1), "parts");
    refuse(|p| p.exhibits[1].parts.truncate(1), "parts");
    refuse(|p| p.exhibits[1].parts[1].0.seconds.0.0 += 1, "parts");
    refuse(
        |p| p.exhibits[1].manifest_sha256 = p.exhibits[0].manifest_sha256,
        "manifest_sha256",
    );
    refuse(|p| p.created.0.0 += 1, "created");
    refuse(|p| p.request.number = Some("a\nb".into()), "request.number");
    refuse(|p| p.files.swap(0, 1), "files");
    refuse(|p| p.files.insert(0, p.files[0].clone()), "files");
    refuse(|p| drop(p.files.remove(0)), "exhibit");
    refuse(|p| p.files[0].0.exhibit = None, "files");
    refuse(|p| p.files[0].0.exhibit = Some(9), "files");
    refuse(|p| p.files[0].0.part = Some(3), "files");
    refuse(|p| p.files[0].0.path = "../index.html".into(), "files");
    refuse(
        |p| p.add_file(file("package.json", FileRole::Index, None, None)),
        "files",
    );
    refuse(
        |p| p.add_file(file("x.log", FileRole::Log, None, None)),
        "files",
    );
    let sealed = |p: &mut PackageManifest| {
        p.add_file(file(
            "exhibits/a.sealed.json",
            FileRole::SealedManifest,
            Some(1),
            None,
        ));
    };
    refuse(sealed, "sealed-signature");
    refuse(
        |p| p.exhibits[0].withheld[0].0.reason = "z".into(),
        "withheld",
    );
    package().to_bytes().unwrap();
}

/// Goal: a newer format is refused as newer, whatever else is in it.
#[test]
fn a_newer_version_is_refused_as_newer() {
    let bytes = package().to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text
        .replacen("\"1.0\"", "\"1.1\"", 1)
        .replacen("\"program\"", "\"tool\"", 1);
    assert!(matches!(
        open(newer.as_bytes()).unwrap_err(),
        RecordError::NewerVersion { .. }
    ));
    let other = text.replacen("redact-package", "redact-manifest", 1);
    assert!(matches!(
        open(other.as_bytes()).unwrap_err(),
        RecordError::OtherKind { .. }
    ));
}

#[test]
fn an_exhibit_describes_its_release_and_no_other() {
    let made = Made::new().build();
    let exhibit = Exhibit::new(1, &made.public, &made.public_bytes, None, vec![]);
    assert!(exhibit.describes(&made.public, &made.public_bytes));
    assert!(!exhibit.describes(&made.public, b"x"));
    let mut other = made.public.clone();
    other.masks.pop();
    assert!(!exhibit.describes(&other, &made.public_bytes));
}

/// Goal: names are the same on Windows, macOS, Linux and a disc, and lead nowhere else.
#[test]
fn only_neutral_paths_are_paths() {
    for good in [
        "index.html",
        "exhibits/exhibit-01-part-1-of-2.manifest.json.minisig",
    ] {
        assert!(is_package_path(good), "{good}");
    }
    for bad in [
        "", "/a", "a/", "a//b", "a/b/c", "../a", "a/..", ".a", "a.", "A", "a b", "a\\b", "a:b",
        "é", "con", "aux.txt", "com1.mp4", "a\n", "-a", "a..b",
    ] {
        assert!(!is_package_path(bad), "{bad:?}");
    }
    assert!(!is_package_path(&"a".repeat(65)));
    assert_eq!(exhibit_stem(7, 12), "exhibit-07");
    assert_eq!(exhibit_stem(7, 120), "exhibit-007");
    assert_eq!(part_stem("exhibit-07", 2, 10), "exhibit-07-part-02-of-10");
    let longest = part_stem(&exhibit_stem(9999, 9999), 9999, 9999);
    assert!(is_package_path(&format!(
        "exhibits/{longest}.manifest.json.minisig"
    )));
}

#[test]
fn sums_are_in_the_format_of_sha256sum() {
    let package = package();
    let text = package.sums(digest_bytes(b"m"), digest_bytes(b"s"));
    let listed = parse_sums(text.as_bytes()).unwrap();
    assert_eq!(listed.len(), package.files.len() + 2);
    assert!(listed.is_sorted_by_key(|(path, _)| path.clone()));
    assert!(listed.iter().any(|(path, _)| path == PACKAGE_FILE));
    for bad in ["x  a\n", "  a\n", &format!("{}  \n", "0".repeat(64)), "\n"] {
        assert!(parse_sums(bad.as_bytes()).is_err(), "{bad:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.mp4"), b"a").unwrap();
    std::fs::write(
        folder.path().join(SUMS_FILE),
        sums([("a.mp4", digest_bytes(b"a"))]),
    )
    .unwrap();
    let check = || {
        let mut command = std::process::Command::new("sha256sum");
        command.args(["-c", "--quiet", "--strict", SUMS_FILE]);
        command
            .current_dir(folder.path())
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(check());
    // The control.
    std::fs::write(folder.path().join("a.mp4"), b"b").unwrap();
    assert!(!check());
}

proptest! {
    #[test]
    fn sums_come_back(names in prop::collection::btree_set("[a-z0-9]{1,8}", 0..8)) {
        let files = names.iter().map(|name| (name.as_str(), digest_bytes(name.as_bytes())));
        let expected: Vec<(String, Digest)> =
            files.clone().map(|(name, digest)| (name.to_owned(), digest)).collect();
        prop_assert_eq!(parse_sums(sums(files).as_bytes()).unwrap(), expected);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text: String) {
        parse_sums(text.as_bytes()).ok();
        std::hint::black_box(is_package_path(&text));
        transmittal_of(text.as_bytes()).ok();
    }
}

const PROFILE: &str = r#"
format_version = 1
name = "court"
title = "A court"
note = "A starting point."
containers = ["zip", "iso"]
documents = ["index-html"]
sealed_manifests = true
findings = false
verifier = true
[limits]
part_bytes = 500_000_000
[names]
source_names = true
request_number = true
case_number = true
requester = false
"#;

#[test]
fn profiles_are_strict_and_sealed_records_are_encrypted_by_default() {
    let profile = transmittal_of(PROFILE.as_bytes()).unwrap();
    assert!(profile.encrypt && profile.has_sealed_records());
    assert_eq!(profile.limits.part_bytes, Some(500_000_000));
    let with = |from: &str, to: &str| {
        assert!(PROFILE.contains(from), "{from}");
        transmittal_of(PROFILE.replacen(from, to, 1).as_bytes())
    };
    assert!(
        !with("sealed_manifests = true", "sealed_manifests = false")
            .unwrap()
            .encrypt
    );
    assert!(
        !with("verifier = true", "verifier = true\nencrypt = false")
            .unwrap()
            .encrypt
    );
    for (from, to) in [
        ("\"zip\", \"iso\"", "\"zip\", \"zip\""),
        ("\"zip\", \"iso\"", ""),
        ("\"zip\"", "\"rar\""),
        ("500_000_000", "1000"),
        ("requester = false", ""),
        ("requester = false", "requester = false\nextra = 1"),
        ("title = \"A court\"", "title = \"\""),
    ] {
        assert!(with(from, to).is_err(), "{from} -> {to}");
    }
    assert!(matches!(
        with("format_version = 1", "format_version = 2").unwrap_err(),
        RecordError::NewerVersion { .. }
    ));
}

/// Goal: the profiles in the repository are valid, and their files are named after them.
#[test]
fn the_profiles_in_the_repository_are_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../transmittals");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let profile = read_transmittal(&path).unwrap();
            assert_eq!(path.file_stem().unwrap().to_str().unwrap(), profile.name);
            // What stays with the agency leaves it encrypted.
            assert!(
                !profile.has_sealed_records() || profile.encrypt,
                "{}",
                profile.name
            );
            names.push(profile.name);
        }
    }
    names.sort();
    assert_eq!(
        names,
        [
            "court-500mb",
            "other-agency",
            "press",
            "prosecutor",
            "public"
        ]
    );
}

#[test]
fn one_line_rows_are_on_one_line() {
    let text = String::from_utf8(package().to_bytes().unwrap()).unwrap();
    let OneLine(first) = &package().files[0];
    let line = text
        .lines()
        .find(|line| line.contains(&first.path))
        .unwrap();
    assert!(line.contains(&first.sha256.0.to_string()));
}
