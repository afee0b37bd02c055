//! All checks of a package, in their order.

use std::collections::BTreeMap;

use redact_record::digest_bytes;
use redact_record::package::{
    PACKAGE_BYTES_MAX, PACKAGE_FILE, PACKAGE_SIGNATURE, PackageManifest, SUMS_BYTES_MAX, SUMS_FILE,
};
use redact_record::sign::{SIGNATURE_BYTES_MAX, SignatureVerdict, TrustStore};

use super::files;
use super::packaged::ReadFiles;
use super::port::{CheckRelease, GROUP, PackageFiles, read_small};
use crate::Verdict;
use crate::records::{key_of, refused};
use redact_core::error::with_causes;

/// Checks a package. Returns its manifest if its signature is valid.
///
/// # Errors
/// The first error of `files`; what is wrong with the package is in the verdict.
pub fn check<F: CheckRelease>(
    verdict: &mut Verdict,
    trust: &TrustStore,
    files: &mut F,
) -> Result<Option<PackageManifest>, F::Error> {
    let Some(check) = PackageCheck::begin(verdict, trust, files)? else {
        return Ok(None);
    };
    for place in check.places() {
        let begun = check.begin_release(verdict, place, trust, files)?;
        if let Some((release, mut one)) = begun {
            files.check_release(&mut one, &release, trust)?;
            add_release(verdict, &release.label, one);
        }
    }
    Ok(Some(check.package))
}

/// A package whose releases are checked one after the other, for a caller that has to wait between
/// them. [`check()`] is the order.
pub struct PackageCheck {
    /// The package manifest.
    pub package: PackageManifest,
    /// Who signed it.
    pub signer: SignatureVerdict,
    pub(super) read: ReadFiles,
}

impl PackageCheck {
    /// Checks the package itself: its signature, every file, and the list of digests. `None` if
    /// its manifest is not valid, which is a failed check.
    ///
    /// # Errors
    /// The first error of `files`.
    pub fn begin<F: PackageFiles>(
        verdict: &mut Verdict,
        trust: &TrustStore,
        files: &mut F,
    ) -> Result<Option<Self>, F::Error> {
        let found: BTreeMap<String, u64> = files
            .list()?
            .into_iter()
            .map(|file| (file.path, file.bytes))
            .collect();
        let Some((record, signature)) = read_records(verdict, &found, files)? else {
            return Ok(None);
        };
        verdict
            .digests
            .push(("package manifest", digest_bytes(&record)));
        let Some((package, signer)) = open(verdict, &record, &signature, trust) else {
            return Ok(None);
        };
        if let Some(excess) = files.excess() {
            verdict.add(GROUP, "added data", false, excess.to_owned());
        }
        let read = files::read_all(&found, &package, files)?;
        files::compare(verdict, &package, &found, &read);
        let expected = package.sums(digest_bytes(&record), digest_bytes(&signature));
        check_sums(verdict, &expected, &found, files)?;
        Ok(Some(Self {
            package,
            signer,
            read,
        }))
    }
}

/// Adds the lines of one release to those of the package.
pub fn add_release(verdict: &mut Verdict, label: &str, one: Verdict) {
    verdict
        .checks
        .extend(one.checks.into_iter().map(|mut check| {
            check.group = format!("{label}: {}", check.group).into();
            check
        }));
    verdict
        .not_checked
        .extend(one.not_checked.into_iter().map(|mut open| {
            open.group = format!("{label}: {}", open.group).into();
            open
        }));
}

/// Checks the signature of the package manifest, and what it says.
fn open(
    verdict: &mut Verdict,
    record: &[u8],
    signature: &[u8],
    trust: &TrustStore,
) -> Option<(PackageManifest, SignatureVerdict)> {
    let text = String::from_utf8_lossy(signature);
    match PackageManifest::open(record, &text, trust) {
        Ok((package, who)) => {
            check_signature(verdict, &who);
            Some((package, who))
        }
        Err(error) => {
            verdict.add(GROUP, refused(&error), false, with_causes(&error));
            verdict.open(
                GROUP,
                "everything else",
                "there is no valid package manifest",
            );
            None
        }
    }
}

/// The package manifest and its signature; `None` if one is missing, which is a failed check.
#[expect(
    clippy::type_complexity,
    reason = "two files, named where they are used"
)]
fn read_records<F: PackageFiles>(
    verdict: &mut Verdict,
    found: &BTreeMap<String, u64>,
    files: &mut F,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, F::Error> {
    let limits = [
        (PACKAGE_FILE, PACKAGE_BYTES_MAX),
        (PACKAGE_SIGNATURE, SIGNATURE_BYTES_MAX),
    ];
    let mut records = Vec::new();
    for (path, max) in limits {
        match found.get(path) {
            None => verdict.add(GROUP, "missing file", false, path.to_owned()),
            Some(bytes) if *bytes > max => {
                let evidence = format!("{path} has {bytes} bytes; at most {max} are allowed");
                verdict.add(GROUP, "content", false, evidence);
            }
            Some(_) => records.push(read_small(files, path, max)?),
        }
    }
    let Ok([record, signature]) = <[Vec<u8>; 2]>::try_from(records) else {
        verdict.open(
            GROUP,
            "everything else",
            "there is no signed package manifest",
        );
        return Ok(None);
    };
    Ok(Some((record, signature)))
}

fn check_signature(verdict: &mut Verdict, who: &SignatureVerdict) {
    crate::records::signature(verdict, GROUP, who);
    verdict.key = key_of(who);
}

/// Compares `SHA256SUMS` with what it must contain.
fn check_sums<F: PackageFiles>(
    verdict: &mut Verdict,
    expected: &str,
    found: &BTreeMap<String, u64>,
    files: &mut F,
) -> Result<(), F::Error> {
    let name = SUMS_FILE;
    let Some(bytes) = found.get(name) else {
        verdict.add(GROUP, name, false, "the file is missing".to_owned());
        return Ok(());
    };
    if *bytes > SUMS_BYTES_MAX {
        let evidence = format!("{bytes} bytes; at most {SUMS_BYTES_MAX} are allowed");
        verdict.add(GROUP, name, false, evidence);
        return Ok(());
    }
    let text = read_small(files, name, SUMS_BYTES_MAX)?;
    let evidence = files::sums_evidence(expected, &text);
    let passed = text == expected.as_bytes();
    verdict.add(GROUP, name, passed, evidence);
    Ok(())
}
