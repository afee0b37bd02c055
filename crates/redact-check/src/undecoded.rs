//! All checks that need no decoder, in their order.

use std::io::{Read, Seek};

use redact_core::Digest;
use redact_record::FileBinding;
use redact_record::manifest::PublicManifest;
use redact_record::policy::Policy;
use redact_record::sign::TrustStore;

use crate::records::{self, SignedBytes};
use crate::{Verdict, Word, captions, files, leaks};

/// The files of one release: on disk, or in a browser. Each is asked for when its turn comes.
pub trait ReleaseFiles {
    /// Why a file cannot be read.
    type Error;

    /// Adds the check of the time stamp on the manifest with that SHA-256, if there is one.
    ///
    /// # Errors
    /// If a stamp exists and cannot be read.
    fn check_stamp(&mut self, verdict: &mut Verdict, manifest: Digest) -> Result<(), Self::Error>;

    /// The written policy, if it was given.
    ///
    /// # Errors
    /// If it cannot be read.
    fn policy(&mut self) -> Result<Option<Policy>, Self::Error>;

    /// Manifests that `public` replaces, newest first.
    ///
    /// # Errors
    /// If one cannot be read.
    fn previous(&mut self, public: &PublicManifest) -> Result<Vec<SignedBytes>, Self::Error>;

    /// The sealed manifest, if it exists.
    ///
    /// # Errors
    /// If it cannot be read.
    fn sealed(&mut self) -> Result<Option<SignedBytes>, Self::Error>;

    /// The captions of the release, if there are any.
    ///
    /// # Errors
    /// If they exist and cannot be read.
    fn captions(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Digests of the release.
    ///
    /// # Errors
    /// If it cannot be read.
    fn binding(&mut self) -> Result<FileBinding, Self::Error>;

    /// SHA-256 of the original recording, if it was given.
    ///
    /// # Errors
    /// If it cannot be read.
    fn source(&mut self) -> Result<Option<Digest>, Self::Error>;

    /// The bytes of the release.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn release(&mut self) -> Result<impl Read + Seek, Self::Error>;
}

/// Checks a release without decoding it. Returns whether its manifest can be trusted as far as
/// that the other checks could be made; then [`Verdict::public`] has it.
///
/// # Errors
/// The first error of `files`.
pub fn check<F: ReleaseFiles>(
    verdict: &mut Verdict,
    record: &SignedBytes,
    trust: &TrustStore,
    files: &mut F,
) -> Result<bool, F::Error> {
    let Some(public) = records::manifest(verdict, record, trust) else {
        return Ok(false);
    };
    files.check_stamp(verdict, redact_record::digest_bytes(&record.bytes))?;
    records::policy(verdict, &public, files.policy()?.as_ref());
    records::extent(verdict, &public);
    records::findings(verdict, &public);
    let previous = files.previous(&public)?;
    records::previous(verdict, &public, &previous, trust);
    let sealed = files.sealed()?;
    records::sealed(verdict, &public, &record.bytes, sealed.as_ref(), trust);
    files::release(verdict, &public, &files.binding()?);
    files::source(verdict, &public, files.source()?);
    if records::geometry(verdict, &public) {
        captions::check(verdict, &public, files.captions()?.as_deref());
        leaks::check(verdict, &public, files.release()?);
    }
    leaks::not_judged(verdict);
    verdict.public = Some(public);
    Ok(true)
}

/// Lists the pictures behind the cropping rectangle as not checked.
pub fn skip_cropped_edges(verdict: &mut Verdict, why: impl Into<Word>) {
    verdict.open(leaks::GROUP, "cropped edges", why);
}

/// Lists masks and mutes as not checked.
pub fn skip_audit(verdict: &mut Verdict, why: impl Into<Word>) {
    verdict.open("audit", "every mask is opaque, every mute is silent", why);
}

/// Lists the comparison with the original as not checked.
pub fn skip_comparison(verdict: &mut Verdict, why: impl Into<Word>) {
    verdict.open("change", "nothing else differs from the original", why);
}
