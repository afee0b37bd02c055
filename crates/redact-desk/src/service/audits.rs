//! Verifications of uploaded releases.

use super::app::Shared;
use crate::id::Id;
use crate::paths::audit_files::{MANIFEST, RELEASE};
use crate::task::VerifyTask;

/// The verification task of an audit.
pub(crate) fn task(app: &Shared, audit: &Id, by: String) -> VerifyTask {
    let folder = app.folders.audit(audit);
    VerifyTask {
        release: folder.join(RELEASE),
        manifest: folder.join(MANIFEST),
        source: None,
        previous: None,
        report: None,
        by,
    }
}
