//! The verdict on one release, to which the audit of masks and mutes is added.

use redact_bitstream::mp4::coded_tracks::{CodedTrack, TrackCoding};
use redact_check::records::SignedBytes;
use redact_check::{Scope, Verdict, undecoded};
use redact_record::manifest::PublicManifest;
use redact_record::sign::{SignatureVerdict, Signed, TrustStore};

use crate::audit::{Audit, MUTES};
use crate::error::CheckerError;

/// Why a time stamp is not checked here.
pub(crate) const NO_STAMPS: &str =
    "verify.html does not check time stamps; use `redact verify --tsa`";
/// Why cropped edges are not measured here: browsers hand over what is shown.
const NO_EDGES: &str = "verify.html does not measure them; use `redact verify`";
/// Why nothing is compared with the original here.
const NO_SOURCE: &str = "the original is not here; use `redact verify --source`";
/// Why copied data are not compared here.
const NO_COPIES: &str = "verify.html does not compare it; use `redact verify`";
/// Why no detector runs here.
const NO_DETECTORS: &str = "no detector ran on the release; use `redact verify --second-look`";

/// Who signed a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that the reader said they trust.
    Trusted,
    /// Another key: its 56 characters, as in the second line of its `.pub` file.
    Unknown(String),
    /// The signature is not valid.
    Nobody,
}

impl Signer {
    pub(crate) fn of(verdict: &SignatureVerdict) -> Self {
        match verdict {
            SignatureVerdict::Trusted { .. } => Self::Trusted,
            SignatureVerdict::Unknown { key } => Self::Unknown(key.to_base64()),
            SignatureVerdict::Bad(_) => Self::Nobody,
        }
    }

    /// Who signed the public manifest of a release.
    pub(crate) fn of_record(record: &SignedBytes, trust: &TrustStore) -> Self {
        let kind = Signed::PublicManifest;
        Self::of(&trust.check(&record.bytes, &record.signature, kind))
    }
}

/// A verdict, and who signed.
pub struct Checked {
    /// What was checked and what was not.
    pub verdict: Verdict,
    /// Who signed the manifest.
    pub signer: Signer,
}

impl Checked {
    /// The manifest, once its signature holds.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`].
    pub fn manifest(&self) -> Result<&PublicManifest, CheckerError> {
        let manifest = self.verdict.public.as_ref();
        manifest.ok_or(CheckerError::NotChecked)
    }

    /// Begins to measure masks and mutes in `tracks` of the release.
    ///
    /// # Errors
    /// [`CheckerError::NotChecked`], [`CheckerError::Redactions`].
    pub fn begin_audit(&self, tracks: &[CodedTrack]) -> Result<Audit, CheckerError> {
        let is_sound = |track: &&CodedTrack| matches!(track.coding, TrackCoding::Aac { .. });
        let sounds = tracks.iter().filter(is_sound).count();
        Audit::new(self.manifest()?, sounds).map_err(CheckerError::Redactions)
    }

    /// Adds to the verdict what was measured; `no_sound` says why sound was not decoded.
    pub fn finish_audit(&mut self, audit: Audit, no_sound: Option<String>) {
        let verdict = &mut self.verdict;
        let findings = audit.into_findings();
        let mutes = verdict
            .public
            .as_ref()
            .map_or(0, |public| public.mutes.len());
        if findings.is_measured(mutes > 0 && no_sound.is_none()) {
            verdict.scope = Scope::Release;
        }
        for check in findings.checks {
            if no_sound.is_none() || check.name != MUTES {
                verdict.add("audit", check.name, check.passed, check.evidence);
            }
        }
        undecoded::skip_cropped_edges(verdict, NO_EDGES);
        for (what, why) in findings.not_measured {
            verdict.open("audit", what, why);
        }
        if let Some(why) = no_sound {
            verdict.open("audit", "every mute is silent", why);
        }
        verdict.open("audit", "second look", NO_DETECTORS);
        leave_comparison(verdict);
    }

    /// Adds to the verdict that the release cannot be decoded: a decoder refused it.
    pub fn fail_audit(&mut self, what: String) {
        let verdict = &mut self.verdict;
        verdict.add("audit", "can be decoded", false, what);
        undecoded::skip_cropped_edges(verdict, NO_EDGES);
        leave_comparison(verdict);
    }

    /// Adds to the verdict that masks and mutes were not measured, and why not.
    pub fn skip_audit(&mut self, why: String) {
        let verdict = &mut self.verdict;
        if verdict.public.is_some() {
            undecoded::skip_cropped_edges(verdict, NO_EDGES);
            undecoded::skip_audit(verdict, why);
            leave_comparison(verdict);
        }
    }
}

fn leave_comparison(verdict: &mut Verdict) {
    verdict.open("change", "copied data", NO_COPIES);
    undecoded::skip_comparison(verdict, NO_SOURCE);
}
