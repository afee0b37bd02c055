//! One release of a package, checked as a release by itself.

use std::io::{Read, Seek};

use redact_core::Digest;
use redact_record::FileBinding;
use redact_record::manifest::{MANIFEST_BYTES_MAX, PublicManifest};
use redact_record::policy::Policy;
use redact_record::sign::{SIGNATURE_BYTES_MAX, TrustStore};

use super::packaged::PackagedRelease;
use super::port::{PackageFiles, read_small};
use crate::Verdict;
use crate::records::SignedBytes;
use crate::undecoded::{self, ReleaseFiles};

/// The public manifest of `release` and its signature.
///
/// # Errors
/// If they cannot be read.
pub(super) fn record<F: PackageFiles>(
    files: &mut F,
    release: &PackagedRelease,
) -> Result<SignedBytes, F::Error> {
    signed(files, &release.manifest, &release.signature)
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

/// How a release of a package is checked without a decoder, beyond what is the same everywhere.
pub trait UndecodedRelease<E> {
    /// Adds the check of the time stamp on the manifest with that SHA-256; `None` if there is
    /// none.
    ///
    /// # Errors
    /// If the stamp cannot be used.
    fn check_stamp(
        &mut self,
        verdict: &mut Verdict,
        stamp: Option<&[u8]>,
        manifest: Digest,
    ) -> Result<(), E>;
}

/// The maximum length of a time stamp, as in `redact_record::timestamp`.
const STAMP_BYTES_MAX: u64 = 1 << 20;

/// Checks everything about one release of a package that needs no decoder. Returns whether its
/// manifest is valid.
///
/// # Errors
/// The first error of `files` or `how`.
pub fn check_undecoded<F: PackageFiles>(
    verdict: &mut Verdict,
    release: &PackagedRelease,
    trust: &TrustStore,
    files: &mut F,
    how: &mut impl UndecodedRelease<F::Error>,
) -> Result<bool, F::Error> {
    let record = record(files, release)?;
    let mut files = FilesInPackage {
        files,
        release,
        how,
    };
    undecoded::check(verdict, &record, trust, &mut files)
}

/// The files of a release, in a package.
struct FilesInPackage<'a, F, H> {
    files: &'a mut F,
    release: &'a PackagedRelease,
    how: &'a mut H,
}

impl<F: PackageFiles, H: UndecodedRelease<F::Error>> ReleaseFiles for FilesInPackage<'_, F, H> {
    type Error = F::Error;

    fn check_stamp(&mut self, verdict: &mut Verdict, manifest: Digest) -> Result<(), F::Error> {
        let path = self.release.stamp.as_ref();
        let stamp = path
            .map(|path| read_small(self.files, path, STAMP_BYTES_MAX))
            .transpose()?;
        self.how.check_stamp(verdict, stamp.as_deref(), manifest)
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
