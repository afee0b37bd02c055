//! One release of a package, checked as a release by itself.

use std::io::{Read, Seek};

use redact_core::Digest;
use redact_record::FileBinding;
use redact_record::captions::CAPTIONS_BYTES_MAX;
use redact_record::manifest::{MANIFEST_BYTES_MAX, PublicManifest};
use redact_record::policy::Policy;
use redact_record::sign::{SIGNATURE_BYTES_MAX, TrustStore};

use super::packaged::PackagedRelease;
use super::port::{PackageFiles, read_small};
use crate::records::SignedBytes;
use crate::undecoded::{self, ReleaseFiles};
use crate::{Verdict, captions};

impl PackagedRelease {
    /// Its public manifest and the signature.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read_record<F: PackageFiles>(&self, files: &mut F) -> Result<SignedBytes, F::Error> {
        signed(files, &self.manifest, &self.signature)
    }
}

/// A record of the package and its signature.
pub(super) fn signed<F: PackageFiles>(
    files: &mut F,
    record: &str,
    signature: &str,
) -> Result<SignedBytes, F::Error> {
    let bytes = read_small(files, record, MANIFEST_BYTES_MAX)?;
    let text = read_small(files, signature, SIGNATURE_BYTES_MAX)?;
    let signature = String::from_utf8_lossy(&text).into_owned();
    Ok(SignedBytes { bytes, signature })
}

/// The maximum length of a time stamp, as in `redact_record::timestamp`.
const STAMP_BYTES_MAX: u64 = 1 << 20;

/// Checks the time stamp of a manifest. `stamp` is its path; `None` if there is none.
pub(super) fn stamp_of<F: PackageFiles>(
    verdict: &mut Verdict,
    files: &mut F,
    manifest: &str,
    stamp: Option<&str>,
    digest: Digest,
) -> Result<(), F::Error> {
    let bytes = stamp
        .map(|path| read_small(files, path, STAMP_BYTES_MAX))
        .transpose()?;
    let due = format!("{manifest}.tsr");
    files.check_stamp(verdict, stamp.unwrap_or(&due), bytes.as_deref(), digest)
}

/// Checks everything about one release of a package that needs no decoder. Returns whether its
/// manifest is valid.
///
/// # Errors
/// The first error of `files`.
pub fn check_undecoded<F: PackageFiles>(
    verdict: &mut Verdict,
    release: &PackagedRelease,
    trust: &TrustStore,
    files: &mut F,
) -> Result<bool, F::Error> {
    let record = release.read_record(files)?;
    let mut in_package = FilesInPackage { files, release };
    let is_valid = undecoded::check(verdict, &record, trust, &mut in_package)?;
    check_transcript(verdict, release, files)?;
    Ok(is_valid)
}

/// Checks that the transcript of a release of a package is made from its captions. Nothing is added
/// if there is none.
///
/// # Errors
/// The first error of `files`.
pub fn check_transcript<F: PackageFiles>(
    verdict: &mut Verdict,
    release: &PackagedRelease,
    files: &mut F,
) -> Result<(), F::Error> {
    let Some(path) = &release.transcript else {
        return Ok(());
    };
    let transcript = read_small(files, path, CAPTIONS_BYTES_MAX)?;
    let captions = read_captions(release, files)?;
    captions::check_transcript(verdict, &transcript, captions.as_deref());
    Ok(())
}

fn read_captions<F: PackageFiles>(
    release: &PackagedRelease,
    files: &mut F,
) -> Result<Option<Vec<u8>>, F::Error> {
    let path = release.captions.as_ref();
    path.map(|path| read_small(files, path, CAPTIONS_BYTES_MAX))
        .transpose()
}

/// The files of a release, in a package.
struct FilesInPackage<'a, F> {
    files: &'a mut F,
    release: &'a PackagedRelease,
}

impl<F: PackageFiles> ReleaseFiles for FilesInPackage<'_, F> {
    type Error = F::Error;

    fn check_stamp(&mut self, verdict: &mut Verdict, manifest: Digest) -> Result<(), F::Error> {
        // The manifest that a part was made from has the stamp.
        if self.release.is_part {
            return Ok(());
        }
        let stamp = self.release.stamp.as_deref();
        stamp_of(verdict, self.files, &self.release.manifest, stamp, manifest)
    }

    fn policy(&mut self) -> Result<Option<Policy>, F::Error> {
        Ok(None)
    }

    fn previous(&mut self, _: &PublicManifest) -> Result<Vec<SignedBytes>, F::Error> {
        Ok(Vec::new())
    }

    fn sealed(&mut self) -> Result<Option<SignedBytes>, F::Error> {
        let sealed = self.release.sealed.as_ref();
        sealed
            .map(|(record, signature)| signed(self.files, record, signature))
            .transpose()
    }

    fn captions(&mut self) -> Result<Option<Vec<u8>>, F::Error> {
        read_captions(self.release, self.files)
    }

    fn binding(&mut self) -> Result<FileBinding, F::Error> {
        Ok(self.release.binding.clone())
    }

    fn source(&mut self) -> Result<Option<Digest>, F::Error> {
        Ok(None)
    }

    fn release(&mut self) -> Result<impl Read + Seek, F::Error> {
        self.files.open(&self.release.video)
    }
}
