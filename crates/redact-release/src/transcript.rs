//! Transcripts of releases: the words of their captions as a text to read or print.
//!
//! A transcript is made of captions that fit the signed manifest beside them, and of nothing else:
//! what is muted in the release cannot be in it.

mod docx;

use std::path::{Path, PathBuf};

use redact_core::Digest;
use redact_record::captions::{Captions, transcript_text};
use redact_record::manifest::PublicManifest;
use redact_record::papers::transcript_pdf;
use redact_record::sign::{SignatureVerdict, TrustStore};
use redact_record::{digest_bytes, release_paths};

use crate::error::{Context as _, ReleaseError, Result};
use crate::files::{read_captions, read_signed};

/// The forms of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranscriptForm {
    /// Plain text, as it is in packages.
    Text,
    /// A document for word processors (Office Open XML).
    Docx,
    /// A document to print.
    Pdf,
}

impl TranscriptForm {
    /// Every form, with its name on the command line and in file names.
    pub const ALL: [Self; 3] = [Self::Text, Self::Docx, Self::Pdf];

    /// The file for the transcript of `release` in this form.
    #[must_use]
    pub fn beside(self, release: &Path) -> PathBuf {
        release.with_extension(format!("transcript.{}", self.name()))
    }

    /// Its name, which is also the ending of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Docx => "docx",
            Self::Pdf => "pdf",
        }
    }
}

/// The captions of a release, compared with its manifest.
pub struct ReleasedWords {
    public: PublicManifest,
    manifest: Digest,
    captions: Captions,
    /// SHA-256 of the captions.
    pub digest: Digest,
}

impl ReleasedWords {
    /// Reads the captions of a release, given as `X.mp4` or `X.vtt`, and its manifest beside them.
    ///
    /// # Errors
    /// When a file is missing, the manifest is not signed with a key of `trust`, it names no
    /// captions, or the captions do not fit it.
    pub fn read(file: &Path, trust: &TrustStore) -> Result<Self> {
        let paths = release_paths(file);
        let record = read_signed(&paths.manifest)?;
        let opened = PublicManifest::open(&record.bytes, &record.signature, trust);
        let (public, who) = opened.in_file(&paths.manifest)?;
        if !matches!(who, SignatureVerdict::Trusted { .. }) {
            return Err(ReleaseError::UntrustedManifest).in_file(&paths.manifest);
        }
        let Some(found) = read_captions(file, &public)? else {
            return Err(ReleaseError::NoCaptions).in_file(&paths.manifest);
        };
        Ok(Self {
            public,
            manifest: digest_bytes(&record.bytes),
            digest: digest_bytes(&found.bytes),
            captions: found.content,
        })
    }

    /// The bytes of the transcript.
    ///
    /// # Errors
    /// When the document cannot be produced.
    pub fn transcript(&self, form: TranscriptForm) -> Result<Vec<u8>> {
        match form {
            TranscriptForm::Text => Ok(transcript_text(&self.captions).into_bytes()),
            TranscriptForm::Pdf => Ok(transcript_pdf(&self.public, self.manifest, &self.captions)?),
            TranscriptForm::Docx => docx::write(&self.public, self.manifest, &self.captions),
        }
    }
}
