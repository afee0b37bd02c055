//! The checks of `redact-verify`, over files that are in memory or read in slices.

use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use redact_bitstream::mp4::coded_tracks::{self, CodedTrack, CodedTracksError, TrackCoding};
use redact_check::records::SignedBytes;
use redact_check::undecoded::{self, ReleaseFiles};
use redact_check::{Scope, Verdict};
use redact_core::Digest;
use redact_record::manifest::PublicManifest;
use redact_record::policy::Policy;
use redact_record::sign::{SignatureVerdict, Signed, TrustFile, TrustStore};
use redact_record::{FileBinding, RecordError};
use serde_json::Value;

use crate::audit::Audit;

/// Why a time stamp is not checked here.
const NO_STAMPS: &str = "verify.html does not check time stamps; use `redact verify --tsa`";
/// Why cropped edges are not measured here: browsers hand over what is shown.
const NO_EDGES: &str = "verify.html does not measure them; use `redact verify`";
/// Why nothing is compared with the original here.
const NO_SOURCE: &str = "the original is not here; use `redact verify --source`";
/// Why copied data are not compared here.
const NO_COPIES: &str = "verify.html does not compare it; use `redact verify`";
/// Why no detector runs here.
const NO_DETECTORS: &str = "no detector ran on the release; use `redact verify --second-look`";

/// The name of the check of mutes.
const MUTES: &str = "mutes";

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

/// Why a release cannot be checked. What is found wrong is in the verdict.
#[derive(Debug, thiserror::Error)]
pub enum CheckerError {
    /// A file with a key cannot be used.
    #[error("cannot use the keys")]
    Keys(#[source] RecordError),
    /// The release cannot be read.
    #[error("cannot read the release")]
    Release(#[source] RecordError),
    /// The release cannot be sought in.
    #[error("cannot read the release")]
    Read(#[from] std::io::Error),
    /// The tracks of the release cannot be listed.
    #[error("cannot list the pictures and the sound of the release")]
    Tracks(#[from] CodedTracksError),
    /// A mask or mute of the manifest cannot be placed.
    #[error("cannot place the masks and mutes of the manifest")]
    Redactions(#[source] RecordError),
    /// Something was asked for before the release was checked.
    #[error("no manifest was checked yet")]
    NotChecked,
}

/// Who signed the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that the reader said they trust.
    Trusted,
    /// Another key: its 56 characters, as in the second line of its `.pub` file.
    Unknown(String),
    /// The signature is not valid.
    Nobody,
}

/// The files of one release, and what their check came to.
#[derive(Default)]
pub struct Checker {
    keys: Vec<TrustFile>,
    manifest: Option<SignedFile>,
    sealed: Option<SignedFile>,
    other_manifests: Vec<SignedFile>,
    has_stamp: bool,
    verdict: Option<Checked>,
}

/// A verdict, and who signed.
pub struct Checked {
    /// What was checked and what was not.
    pub verdict: Verdict,
    /// Who signed the manifest.
    pub signer: Signer,
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

    /// Notes that a time stamp of the manifest is there.
    pub const fn note_stamp(&mut self) {
        self.has_stamp = true;
    }

    /// Checks everything that needs no decoder, as `redact-verify` does.
    ///
    /// # Errors
    /// [`CheckerError`]; [`CheckerError::NotChecked`] without a manifest.
    pub fn check(&mut self, release: impl Read + Seek) -> Result<&Checked, CheckerError> {
        let record = self.manifest.as_ref().ok_or(CheckerError::NotChecked)?;
        let record = record.to_signed_bytes();
        let trust = TrustStore::from_files(self.keys.clone()).map_err(CheckerError::Keys)?;
        let mut verdict = Verdict::new(Scope::Undecoded);
        let mut files = FilesInHand {
            checker: self,
            release,
        };
        undecoded::check(&mut verdict, &record, &trust, &mut files)?;
        let signer = match trust.check(&record.bytes, &record.signature, Signed::PublicManifest) {
            SignatureVerdict::Trusted { .. } => Signer::Trusted,
            SignatureVerdict::Unknown { key } => Signer::Unknown(key.to_base64()),
            SignatureVerdict::Bad(_) => Signer::Nobody,
        };
        Ok(self.verdict.insert(Checked { verdict, signer }))
    }

    /// What a decoder needs to know of the release.
    ///
    /// # Errors
    /// [`CheckerError::Tracks`].
    pub fn tracks(release: impl Read + Seek) -> Result<Vec<CodedTrack>, CheckerError> {
        Ok(coded_tracks::read(release)?)
    }

    /// Begins to measure masks and mutes in `tracks` of the checked release.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`], [`CheckerError::Redactions`].
    pub fn begin_audit(&self, tracks: &[CodedTrack]) -> Result<Audit, CheckerError> {
        let is_sound = |track: &&CodedTrack| matches!(track.coding, TrackCoding::Aac { .. });
        let sounds = tracks.iter().filter(is_sound).count();
        Audit::new(self.manifest_checked()?, sounds).map_err(CheckerError::Redactions)
    }

    /// The manifest, once its signature holds.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`].
    pub fn manifest_checked(&self) -> Result<&PublicManifest, CheckerError> {
        let checked = self.verdict.as_ref();
        let manifest = checked.and_then(|checked| checked.verdict.public.as_ref());
        manifest.ok_or(CheckerError::NotChecked)
    }

    /// Adds to the verdict what was measured; `no_sound` says why sound was not decoded.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`].
    pub fn finish_audit(
        &mut self,
        audit: Audit,
        no_sound: Option<String>,
    ) -> Result<&Checked, CheckerError> {
        let checked = self.verdict.as_mut().ok_or(CheckerError::NotChecked)?;
        let verdict = &mut checked.verdict;
        for check in audit.into_checks() {
            if no_sound.is_none() || check.name != MUTES {
                verdict.add("audit", check.name, check.passed, check.evidence);
            }
        }
        verdict.scope = Scope::Release;
        undecoded::skip_cropped_edges(verdict, NO_EDGES);
        if let Some(why) = no_sound {
            verdict.open("audit", "every mute is silent", why);
        }
        verdict.open("audit", "second look", NO_DETECTORS);
        leave_comparison(verdict);
        Ok(checked)
    }

    /// Adds to the verdict that the release cannot be decoded: a decoder refused it.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`].
    pub fn fail_audit(&mut self, what: String) -> Result<&Checked, CheckerError> {
        let checked = self.verdict.as_mut().ok_or(CheckerError::NotChecked)?;
        let verdict = &mut checked.verdict;
        verdict.add("audit", "can be decoded", false, what);
        undecoded::skip_cropped_edges(verdict, NO_EDGES);
        leave_comparison(verdict);
        Ok(checked)
    }

    /// Adds to the verdict that masks and mutes were not measured, and why not.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`].
    pub fn skip_audit(&mut self, why: String) -> Result<&Checked, CheckerError> {
        let checked = self.verdict.as_mut().ok_or(CheckerError::NotChecked)?;
        let verdict = &mut checked.verdict;
        if verdict.public.is_some() {
            undecoded::skip_cropped_edges(verdict, NO_EDGES);
            undecoded::skip_audit(verdict, why);
            leave_comparison(verdict);
        }
        Ok(checked)
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

fn leave_comparison(verdict: &mut Verdict) {
    verdict.open("change", "copied data", NO_COPIES);
    undecoded::skip_comparison(verdict, NO_SOURCE);
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
