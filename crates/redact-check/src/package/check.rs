//! All checks of a package, in their order.

use std::collections::BTreeMap;

use redact_record::digest_bytes;
use redact_record::package::{
    PACKAGE_BYTES_MAX, PACKAGE_FILE, PACKAGE_SIGNATURE, PackageManifest, SUMS_BYTES_MAX, SUMS_FILE,
};
use redact_record::sign::{SIGNATURE_BYTES_MAX, SignatureVerdict, TrustStore};

use super::exhibits;
use super::files;
use super::port::{GROUP, PackageFiles, read_small};
use crate::records::{key_of, refused};
use crate::{Verdict, chain};

/// Checks a package. Returns its manifest if its signature is valid.
///
/// # Errors
/// The first error of `files`; what is wrong with the package is in the verdict.
pub fn check<F: PackageFiles>(
    verdict: &mut Verdict,
    trust: &TrustStore,
    files: &mut F,
) -> Result<Option<PackageManifest>, F::Error> {
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
    let text = String::from_utf8_lossy(&signature);
    let package = match PackageManifest::open(&record, &text, trust) {
        Ok((package, who)) => {
            check_signature(verdict, &who);
            package
        }
        Err(error) => {
            verdict.add(GROUP, refused(&error), false, chain(&error));
            verdict.open(
                GROUP,
                "everything else",
                "there is no valid package manifest",
            );
            return Ok(None);
        }
    };
    if let Some(excess) = files.excess() {
        verdict.add(GROUP, "added data", false, excess.to_owned());
    }
    let read = files::read_all(&found, &package, files)?;
    files::compare(verdict, &package, &found, &read);
    let expected = package.sums(digest_bytes(&record), digest_bytes(&signature));
    check_sums(verdict, &expected, &found, files)?;
    exhibits::check(verdict, &package, &read, trust, files)?;
    Ok(Some(package))
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
