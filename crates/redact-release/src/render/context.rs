//! What is known of the request, and the release that is replaced.

use std::path::{Path, PathBuf};

use redact_record::manifest::{self, PublicManifest, ReleaseContext, Replaced, RequestFile};
use redact_record::sign::{SignatureVerdict, TrustStore};

use crate::error::{Context as _, ReleaseError, Result};
use crate::files::read_signed;

/// What a person enters about the request. It takes precedence over the request file.
#[derive(Clone, Debug, Default)]
pub struct RequestOptions {
    /// What is known of the request and the recording (TOML).
    pub file: Option<PathBuf>,
    /// Agency that releases the recording.
    pub agency: Option<String>,
    /// Number of the request or case.
    pub request: Option<String>,
    /// Who asked, for the sealed manifest only.
    pub requester: Option<String>,
}

impl RequestOptions {
    /// What a release's manifests say of the request.
    ///
    /// - `supersedes`: the manifest of the release that is replaced;
    /// - `trust`: keys by which that manifest is believed.
    ///
    /// # Errors
    /// When a file cannot be read or is invalid, or the manifest is not trusted.
    pub fn context(&self, supersedes: Option<&Path>, trust: &TrustStore) -> Result<ReleaseContext> {
        let RequestFile {
            mut terms,
            mut request,
        } = match &self.file {
            Some(path) => manifest::read_request(path).in_file(path)?,
            None => RequestFile::default(),
        };
        let or = |typed: &Option<String>, written: Option<String>| typed.clone().or(written);
        terms.agency = or(&self.agency, terms.agency);
        request.request_number = or(&self.request, request.request_number);
        request.requester = or(&self.requester, request.requester);
        Ok(ReleaseContext {
            terms,
            request,
            supersedes: supersedes.map(|path| replaced(path, trust)).transpose()?,
            events_head: None,
        })
    }
}

/// The manifest at `path`, which must be signed with a trusted key.
fn replaced(path: &Path, trust: &TrustStore) -> Result<Replaced> {
    let record = read_signed(path)?;
    let (old, who) = PublicManifest::open(&record.bytes, &record.signature, trust).in_file(path)?;
    if !matches!(who, SignatureVerdict::Trusted { .. }) {
        return Err(ReleaseError::UntrustedManifest).in_file(path);
    }
    Ok(Replaced::new(&old, &record.bytes))
}
