//! Verifications of uploaded releases.

use std::path::Path;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::paths::audit_files::{MANIFEST, RELEASE, REPORT, SIGNATURE};
use crate::task::VerifyTask;

/// The verification task of an audit.
pub(crate) fn task(app: &Shared, audit: &Id, by: String) -> VerifyTask {
    let folder = app.folders.audit(audit);
    VerifyTask {
        release: folder.join(RELEASE),
        manifest: folder.join(MANIFEST),
        source: None,
        previous: None,
        report: Some(folder.join(REPORT)),
        by,
    }
}

/// A message of a verification without the paths of this server: the uploaded file's kind is what
/// its reader knows. `folder`: that of the verification.
pub(crate) fn without_paths(folder: &Path, message: &str) -> String {
    let mut text = message.to_owned();
    for (file, name) in [
        (SIGNATURE, "the signature"),
        (MANIFEST, "the manifest"),
        (RELEASE, "the release"),
    ] {
        text = text.replace(&*folder.join(file).to_string_lossy(), name);
    }
    text.replace(&*folder.to_string_lossy(), "the upload")
}

/// The schema of sealed manifests.
const SEALED: &str = "redact-sealed-manifest";

/// The start of a manifest, which has its schema.
const HEAD_BYTES: usize = 4096;

/// Refuses a sealed manifest where the public one belongs.
///
/// # Errors
/// 422 `sealed_manifest`; file errors.
pub(crate) async fn check_public(manifest: &Path) -> ApiResult<()> {
    use tokio::io::AsyncReadExt as _;
    let mut head = Vec::new();
    let file = tokio::fs::File::open(manifest).await?;
    file.take(HEAD_BYTES as u64).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head);
    if !head.contains(&format!("\"{SEALED}\"")) {
        return Ok(());
    }
    let message = "This is the sealed manifest. Choose the public manifest instead.";
    Err(ApiError::refused("sealed_manifest", message).hint(
        "The name of the public manifest ends with .manifest.json, without .sealed. The sealed \
             manifest stays with the agency.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_path_of_the_server() {
        let folder = Path::new("/srv/redact/audits/0b63");
        let message = "/srv/redact/audits/0b63/manifest.json.minisig: cannot read";
        assert_eq!(without_paths(folder, message), "the signature: cannot read");
        let message = "/srv/redact/audits/0b63/release.mp4: not a video";
        assert_eq!(without_paths(folder, message), "the release: not a video");
    }
}
