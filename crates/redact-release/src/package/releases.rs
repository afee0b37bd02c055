//! The releases of a package: read, and refused unless everything about them is right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redact_check::records::{self, SignedBytes};
use redact_check::{Scope, Verdict, leaks};
use redact_core::Digest;
use redact_record::manifest::{PublicManifest, RequestFile, SealedManifest};
use redact_record::sign::{SignatureVerdict, TrustStore};
use redact_record::timestamp::STAMP_BYTES_MAX;
use redact_record::{ReleasePaths, digest_bytes, release_paths};

use super::error::PackageError;
use crate::error::{Context as _, ReleaseError, Result};
use crate::files::{CheckedCaptions, check_recording, read_captions, read_signed, stamp_path};
use crate::names::folder_of;

/// How public manifests end.
const MANIFEST_SUFFIX: &str = ".manifest.json";

/// How findings end.
const FINDINGS_SUFFIX: &str = ".findings.json";

/// A release that passed its checks. Its video is compared with the manifest while it is copied.
pub(super) struct CheckedRelease {
    /// The video.
    pub(super) path: PathBuf,
    /// The public manifest and its signature.
    pub(super) record: SignedBytes,
    /// Its content.
    pub(super) public: PublicManifest,
    /// The sealed manifest and its signature.
    pub(super) sealed_record: SignedBytes,
    /// Its content.
    pub(super) sealed: SealedManifest,
    /// The time stamp of the manifest.
    pub(super) stamp: Option<Vec<u8>>,
    /// Its captions, if it has any.
    pub(super) captions: Option<CheckedCaptions>,
}

/// What releases are checked against.
pub(super) struct ReleaseRules<'a> {
    pub(super) request: &'a RequestFile,
    pub(super) trust: &'a TrustStore,
    /// Digests of public manifests that are known to be replaced, and by what.
    pub(super) replaced: &'a BTreeMap<Digest, String>,
    /// Whether every byte of the videos is scanned for leaks again, by the rules of this version.
    pub(super) scan: bool,
}

impl ReleaseRules<'_> {
    /// Reads and checks all releases, in order.
    ///
    /// # Errors
    /// The first problem, with the file's name.
    pub(super) fn check_all(&self, paths: &[PathBuf]) -> Result<Vec<CheckedRelease>> {
        if paths.is_empty() {
            return Err(PackageError::NoReleases.into());
        }
        if self.request.request.request_number.is_none() {
            return Err(PackageError::NoRequestNumber.into());
        }
        let checked: Vec<CheckedRelease> = paths
            .iter()
            .map(|path| self.check(path))
            .collect::<Result<_>>()?;
        // First, because a correction that changed no picture is the same file as what it replaces.
        let replaced = self.replaced_by(&checked);
        for release in &checked {
            if let Some(by) = replaced.get(&release.digest()) {
                let by = by.clone();
                return Err(PackageError::Superseded { by }).in_file(&release.path);
            }
        }
        for (at, release) in checked.iter().enumerate() {
            if let Some(other) = checked[..at].iter().find(|other| other.is_same(release)) {
                let other = other.path.clone();
                return Err(PackageError::Duplicate { other }).in_file(&release.path);
            }
        }
        Ok(checked)
    }

    fn check(&self, path: &Path) -> Result<CheckedRelease> {
        check_recording(path)?;
        let paths = release_paths(path);
        let record = read_signed(&paths.manifest)?;
        if !paths.sealed.exists() {
            let path = paths.sealed.clone();
            return Err(PackageError::NoSealedManifest { path }).in_file(&paths.sealed);
        }
        let sealed_record = read_signed(&paths.sealed)?;
        let public = self.check_records(path, &record, &sealed_record)?;
        if let Some(part) = &public.part {
            let number = part.number;
            return Err(PackageError::IsPart { number }).in_file(path);
        }
        // Its signature was checked with the others.
        let (sealed, _) =
            SealedManifest::open(&sealed_record.bytes, &sealed_record.signature, self.trust)
                .in_file(&paths.sealed)?;
        self.check_request(&public, &sealed).in_file(path)?;
        Ok(CheckedRelease {
            path: path.to_owned(),
            stamp: read_stamp(&paths)?,
            captions: read_captions(path, &public)?,
            record,
            public,
            sealed_record,
            sealed,
        })
    }

    /// The checks of `redact verify` that need only the records.
    fn check_records(
        &self,
        path: &Path,
        record: &SignedBytes,
        sealed: &SignedBytes,
    ) -> Result<PublicManifest> {
        let mut verdict = Verdict::new(Scope::Records);
        let public = records::manifest(&mut verdict, record, self.trust);
        if let Some(public) = &public {
            records::sealed(
                &mut verdict,
                public,
                &record.bytes,
                Some(sealed),
                self.trust,
            );
            records::geometry(&mut verdict, public);
            let bytes = std::fs::metadata(path).in_file(path)?.len();
            let evidence = format!("found {bytes} bytes, expected {}", public.release.bytes);
            verdict.add("file", "length", bytes == public.release.bytes, evidence);
            if self.scan {
                let file = std::fs::File::open(path).in_file(path)?;
                leaks::check(&mut verdict, public, std::io::BufReader::new(file));
            }
        }
        let failed = verdict.checks.iter().filter(|check| !check.passed);
        let failed: Vec<String> = failed
            .map(|check| format!("{}, {}: {}", check.group, check.name, check.evidence))
            .collect();
        match public.filter(|_| failed.is_empty()) {
            Some(public) => Ok(public),
            None => {
                let checks = failed.join("; ");
                Err(PackageError::Rejected { checks }).in_file(path)
            }
        }
    }

    /// Checks that a release was made for the request, by the agency of the request.
    fn check_request(
        &self,
        public: &PublicManifest,
        sealed: &SealedManifest,
    ) -> Result<(), PackageError> {
        let expected = self
            .request
            .request
            .request_number
            .clone()
            .unwrap_or_default();
        let Some(found) = &sealed.body.request.request_number else {
            return Err(PackageError::ReleaseWithoutRequest { expected });
        };
        let agencies = public
            .terms
            .agency
            .as_ref()
            .zip(self.request.terms.agency.as_ref());
        let other = |what, found: &str, expected: &str| {
            Err(PackageError::OtherRequest {
                what,
                found: found.to_owned(),
                expected: expected.to_owned(),
            })
        };
        match agencies {
            _ if *found != expected => other("request number", found, &expected),
            Some((found, expected)) if found != expected => other("agency", found, expected),
            _ => Ok(()),
        }
    }

    /// Every replaced manifest that is known: to the caller, from the releases themselves, and from
    /// manifests beside them that a trusted key signed.
    fn replaced_by(&self, releases: &[CheckedRelease]) -> BTreeMap<Digest, String> {
        let mut replaced = self.replaced.clone();
        let mut add = |public: &PublicManifest, name: String| {
            if let Some(older) = &public.supersedes {
                replaced.insert(older.0.sha256.0, name);
            }
        };
        let mut folders: Vec<PathBuf> = releases.iter().map(|one| folder_of(&one.path)).collect();
        folders.sort();
        folders.dedup();
        for release in releases {
            add(&release.public, release.path.display().to_string());
        }
        for path in folders
            .iter()
            .flat_map(|folder| files_ending(folder, MANIFEST_SUFFIX))
        {
            // What cannot be read or is not signed by this agency replaces nothing.
            let Ok(record) = read_signed(&path) else {
                continue;
            };
            let opened = PublicManifest::open(&record.bytes, &record.signature, self.trust);
            if let Ok((public, SignatureVerdict::Trusted { .. })) = opened {
                add(&public, path.display().to_string());
            }
        }
        replaced
    }
}

impl CheckedRelease {
    /// SHA-256 of its public manifest.
    pub(super) fn digest(&self) -> Digest {
        digest_bytes(&self.record.bytes)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.digest() == other.digest() || self.public.release.sha256 == other.public.release.sha256
    }

    /// The findings of its scan, in its folder or among `given` files and folders.
    ///
    /// # Errors
    /// [`PackageError::NoFindings`].
    pub(super) fn find_findings(&self, given: &[PathBuf]) -> Result<PathBuf> {
        let wanted = self.sealed.body.findings_sha256.0;
        let own = folder_of(&self.path);
        let places = std::iter::once(&own).chain(given);
        let candidates = places.flat_map(|place| match place.is_dir() {
            true => files_ending(place, FINDINGS_SUFFIX),
            false => vec![place.clone()],
        });
        for path in candidates {
            let go_on = &mut |_, _| std::ops::ControlFlow::Continue(());
            if redact_record::digest_file(&path, go_on).is_ok_and(|(found, _)| found == wanted) {
                return Ok(path);
            }
        }
        Err(ReleaseError::from(PackageError::NoFindings {
            digest: wanted,
        }))
        .in_file(&self.path)
    }
}

fn read_stamp(paths: &ReleasePaths) -> Result<Option<Vec<u8>>> {
    let path = stamp_path(&paths.manifest);
    match path.exists() {
        true => Ok(Some(
            redact_record::read(&path, STAMP_BYTES_MAX).in_file(&path)?,
        )),
        false => Ok(None),
    }
}

/// Files of a folder whose names end in `suffix`, sorted; none if it cannot be read.
fn files_ending(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(suffix))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}
