//! Captions of a release: made with its manifest, and compared with it.

use redact_core::TimeSpan;

use super::input::ManifestInput;
use super::public::PublicManifest;
use super::spoken::{CaptionsFile, SpeechMuteName, SpeechSummary};
use super::{Hex, OneLine, Seconds};
use crate::captions::{self, Captions, ReleaseSound};
use crate::{RecordError, digest_bytes, plan, policy};

/// The summary for a recording with sound.
pub(super) fn speech(
    input: &ManifestInput<'_>,
) -> Result<Option<OneLine<SpeechSummary>>, RecordError> {
    let plan = input.plan.plan();
    if plan.source.info.audio.is_empty() {
        return Ok(None);
    }
    let rules = policy::embedded(&plan.policy)?;
    let found = input.findings.map(|(found, _)| found);
    let unclear = found.and_then(plan::unclear_nanos);
    // Where nothing was transcribed, all speech is muted.
    let is_whole = found.is_some_and(|found| found.transcript.is_none());
    let mute = match SpeechMuteName::from(&rules.audio.mute) {
        SpeechMuteName::Personal if is_whole => SpeechMuteName::Speech,
        mute => mute,
    };
    Ok(Some(OneLine(SpeechSummary {
        mute,
        unclear_seconds: unclear.map(Seconds),
    })))
}

/// The captions of the release that `public` describes, if it is to have any.
pub(super) fn captions(
    input: &ManifestInput<'_>,
    public: &PublicManifest,
) -> Result<Option<String>, RecordError> {
    if !input.captions {
        return Ok(None);
    }
    let words = captions::words_of(input.plan).ok_or_else(|| {
        let expected = "a plan with a transcript, for a release with captions";
        RecordError::field("captions", "none", expected)
    })?;
    let transcript = input
        .findings
        .and_then(|(found, _)| found.transcript.as_ref());
    let language = transcript.map(|transcript| transcript.language.as_str());
    Ok(Some(captions::write(&words, &public.sound()?, language)))
}

/// The entry for captions with this text, in `public`.
///
/// # Errors
/// [`RecordError::Captions`] if it could not be read back, or has a word that is muted.
pub(super) fn entry(
    text: &str,
    public: &PublicManifest,
) -> Result<OneLine<CaptionsFile>, RecordError> {
    // What is written must be readable, and is checked like captions from elsewhere.
    let captions = captions::parse(text.as_bytes())?;
    captions.check(&public.sound()?)?;
    Ok(OneLine(CaptionsFile {
        bytes: text.len() as u64,
        sha256: Hex(digest_bytes(text.as_bytes())),
        language: captions.language,
    }))
}

impl PublicManifest {
    /// When the release is muted, on any track, and when it ends: with its pictures or its longest
    /// sound track.
    ///
    /// # Errors
    /// Those of [`Self::redactions`].
    pub fn sound(&self) -> Result<ReleaseSound, RecordError> {
        let mutes = self.redactions()?.mutes.into_iter();
        let mutes: Vec<TimeSpan> = mutes.map(|mute| mute.span).collect();
        let tracks = self.totals.sound.iter().map(|sound| sound.0.seconds);
        let end = tracks.fold(self.totals.seconds, Ord::max);
        Ok(ReleaseSound::new(mutes, end.0))
    }

    /// Reads the captions of the release, whose file is `bytes`: they are those that the manifest
    /// names, and no word of them is muted.
    ///
    /// # Errors
    /// [`RecordError::Field`] if the manifest names no captions; [`RecordError::Mismatch`] for
    /// another file; [`RecordError::Captions`].
    pub fn captions_of(&self, bytes: &[u8]) -> Result<Captions, RecordError> {
        let Some(OneLine(named)) = &self.captions else {
            let expected = "captions, as the manifest of the release names them";
            return Err(RecordError::field("captions", "none", expected));
        };
        let found = digest_bytes(bytes);
        if found != named.sha256.0 || bytes.len() as u64 != named.bytes {
            return Err(RecordError::Mismatch {
                what: "SHA-256 of the captions",
                found: format!("{found} ({} bytes)", bytes.len()),
                expected: format!("{} ({} bytes)", named.sha256.0, named.bytes),
            });
        }
        self.read_captions(bytes)
    }

    /// Reads captions, whose file is `bytes`: no word of them may be muted. They need not be those
    /// that the manifest names.
    ///
    /// # Errors
    /// [`RecordError::Captions`]; those of [`Self::sound`].
    pub fn read_captions(&self, bytes: &[u8]) -> Result<Captions, RecordError> {
        let captions = captions::parse(bytes)?;
        captions.check(&self.sound()?)?;
        Ok(captions)
    }
}
