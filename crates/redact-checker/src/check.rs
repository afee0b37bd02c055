//! The checks of `redact-verify`, over files that are in memory or read in slices.

use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use redact_bitstream::mp4::coded_tracks::{self, CodedTrack};
use redact_check::records::SignedBytes;
use redact_check::undecoded::{self, ReleaseFiles};
use redact_check::{Scope, Verdict};
use redact_core::Digest;
use redact_record::FileBinding;
use redact_record::manifest::PublicManifest;
use redact_record::policy::Policy;
use redact_record::sign::{TrustFile, TrustStore};
use serde_json::Value;

use crate::checked::{Checked, NO_STAMPS, Signer};
use crate::error::CheckerError;

/// A record and its signature file, as the page received them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFile {
    /// The record.
    pub bytes: Vec<u8>,
    /// The signature file.
    pub signature: Vec<u8>,
}

impl SignedFile {
    fn to_signed_bytes(&self) -> SignedBytes {
        SignedBytes {
            bytes: self.bytes.clone(),
            signature: String::from_utf8_lossy(&self.signature).into_owned(),
        }
    }
}

/// The files of one release.
#[derive(Default)]
pub struct Checker {
    keys: Vec<TrustFile>,
    manifest: Option<SignedFile>,
    sealed: Option<SignedFile>,
    other_manifests: Vec<SignedFile>,
    captions: Option<Vec<u8>>,
    has_stamp: bool,
}

impl Checker {
    /// Trusts a key file, a rotation statement, an approver's record, or takes the signature of
    /// one: the ending of `name` says which.
    pub fn add_key(&mut self, name: String, bytes: Vec<u8>) {
        self.keys.push(TrustFile { name, bytes });
    }

    /// Takes the manifest of the release.
    pub fn set_manifest(&mut self, manifest: SignedFile) {
        self.manifest = Some(manifest);
    }

    /// Takes the sealed manifest, which recipients rarely have.
    pub fn set_sealed(&mut self, sealed: SignedFile) {
        self.sealed = Some(sealed);
    }

    /// Takes another public manifest: perhaps one that this one replaces.
    pub fn add_manifest(&mut self, manifest: SignedFile) {
        self.other_manifests.push(manifest);
    }

    /// Takes the captions of the release.
    pub fn set_captions(&mut self, bytes: Vec<u8>) {
        self.captions = Some(bytes);
    }

    /// Notes that a time stamp of the manifest is there.
    pub const fn note_stamp(&mut self) {
        self.has_stamp = true;
    }

    /// The keys that were added.
    ///
    /// # Errors
    /// [`CheckerError::Keys`].
    pub fn trust(&self) -> Result<TrustStore, CheckerError> {
        TrustStore::from_files(self.keys.clone()).map_err(CheckerError::Keys)
    }

    /// Checks everything that needs no decoder, as `redact-verify` does.
    ///
    /// # Errors
    /// [`CheckerError`]; [`CheckerError::NotChecked`] without a manifest.
    pub fn check(&self, release: impl Read + Seek) -> Result<Checked, CheckerError> {
        let record = self.manifest.as_ref().ok_or(CheckerError::NotChecked)?;
        let record = record.to_signed_bytes();
        let trust = self.trust()?;
        let mut verdict = Verdict::new(Scope::Undecoded);
        let mut files = FilesInHand {
            checker: self,
            release,
        };
        undecoded::check(&mut verdict, &record, &trust, &mut files)?;
        Ok(Checked {
            verdict,
            signer: Signer::of_record(&record, &trust),
        })
    }

    /// What a decoder needs to know of the release.
    ///
    /// # Errors
    /// [`CheckerError::Tracks`].
    pub fn tracks(release: impl Read + Seek) -> Result<Vec<CodedTrack>, CheckerError> {
        Ok(coded_tracks::read(release)?)
    }

    /// The manifests of `self.other_manifests` that `public` replaces, newest first: each names
    /// the one before it.
    fn chain(&self, public: &PublicManifest) -> Vec<SignedBytes> {
        let mut left: Vec<(&SignedFile, Value)> = Vec::new();
        for file in &self.other_manifests {
            let content = serde_json::from_slice(&file.bytes).unwrap_or_default();
            left.push((file, content));
        }
        let replaced = public.supersedes.as_ref();
        let mut wanted = replaced.map(|replaced| replaced.0.manifest_id.clone());
        let mut chain = Vec::new();
        while let Some(id) = wanted.take() {
            let is_wanted = |(_, content): &(&SignedFile, Value)| content["manifest_id"] == *id;
            let Some(place) = left.iter().position(is_wanted) else {
                break;
            };
            let (file, content) = left.swap_remove(place);
            chain.push(file.to_signed_bytes());
            let older = content["supersedes"]["manifest_id"].as_str();
            wanted = older.map(str::to_owned);
        }
        chain
    }
}

/// The files that the page handed in, while they are checked.
struct FilesInHand<'a, R> {
    checker: &'a Checker,
    release: R,
}

impl<R: Read + Seek> ReleaseFiles for FilesInHand<'_, R> {
    type Error = CheckerError;

    fn check_stamp(&mut self, verdict: &mut Verdict, _: Digest) -> Result<(), CheckerError> {
        if self.checker.has_stamp {
            verdict.open("manifest", "time stamp", NO_STAMPS);
        }
        Ok(())
    }

    fn policy(&mut self) -> Result<Option<Policy>, CheckerError> {
        Ok(None)
    }

    fn previous(&mut self, public: &PublicManifest) -> Result<Vec<SignedBytes>, CheckerError> {
        Ok(self.checker.chain(public))
    }

    fn sealed(&mut self) -> Result<Option<SignedBytes>, CheckerError> {
        Ok(self
            .checker
            .sealed
            .as_ref()
            .map(SignedFile::to_signed_bytes))
    }

    fn captions(&mut self) -> Result<Option<Vec<u8>>, CheckerError> {
        Ok(self.checker.captions.clone())
    }

    fn binding(&mut self) -> Result<FileBinding, CheckerError> {
        let length = self.release.seek(SeekFrom::End(0))?;
        self.release.rewind()?;
        let mut advance = |_, _| ControlFlow::Continue(());
        FileBinding::of_reader(&mut self.release, length, &mut advance)
            .map_err(CheckerError::Release)
    }

    fn source(&mut self) -> Result<Option<Digest>, CheckerError> {
        Ok(None)
    }

    fn release(&mut self) -> Result<impl Read + Seek, CheckerError> {
        Ok(&mut self.release)
    }
}

#[cfg(test)]
mod tests;
