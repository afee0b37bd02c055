//! What becomes of packages: made, failed, tried again, recovered after a crash; and their
//! passphrases, which stay in memory until the package is made.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use serde_json::json;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult};
use crate::db::packages::{self, MadePackage};
use crate::db::pool::Connection;
use crate::error::DeskError;
use crate::id::Id;
use crate::model::{EncryptionKind, PackageState};
use crate::paths::package_files::{PROFILE, REQUEST};
use crate::task::{Packaged, Passphrase};

/// Passphrases of packages that are being made.
pub(crate) fn passphrases(app: &Shared) -> MutexGuard<'_, HashMap<Id, Passphrase>> {
    app.passphrases
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the passphrase of a package.
pub(crate) fn forget(app: &Shared, id: &Id) {
    passphrases(app).remove(id);
}

/// Refuses to make a package again whose passphrase is gone, and marks it as being made.
///
/// # Errors
/// 409 `passphrase_gone`.
pub(crate) async fn again(app: &Shared, change: &mut Connection, id: &Id) -> ApiResult<()> {
    let row = packages::by_id(&app.db, id).await?;
    if row.encryption == EncryptionKind::Passphrase && !passphrases(app).contains_key(id) {
        let message = "Passphrases are not stored, so this package cannot be tried again.";
        return Err(ApiError::conflict("passphrase_gone", message)
            .hint("Make the package again, and enter the passphrase."));
    }
    packages::set_state(change, id, PackageState::Making).await?;
    Ok(())
}

/// Records that a package was made.
///
/// # Errors
/// Database errors.
pub(crate) async fn made(
    app: &Shared,
    change: &mut Connection,
    (id, made): (&Id, Packaged),
) -> ApiResult<()> {
    forget(app, id);
    let files = made.exhibits.iter().map(|exhibit| {
        json!([
            { "kind": "release", "sha256": exhibit.release_sha256.to_string() },
            { "kind": "manifest", "sha256": exhibit.manifest_sha256.to_string() },
        ])
        .to_string()
    });
    let row = MadePackage {
        bytes: i64::try_from(made.bytes).unwrap_or(i64::MAX),
        sha256: made.sha256.to_string(),
        manifest_sha256: made.manifest_sha256.to_string(),
        has_verifier: made.has_verifier,
        files: files.collect(),
        now: app.now(),
    };
    Ok(packages::set_made(change, id, row).await?)
}

/// Records that a package was not made, and removes what there is of it.
///
/// # Errors
/// Database errors.
pub(crate) async fn failed(app: &Shared, change: &mut Connection, id: &Id) -> ApiResult<()> {
    forget(app, id);
    clear(&app.folders.package(id));
    Ok(packages::set_state(change, id, PackageState::Failed).await?)
}

/// Removes everything of a package but what it is made by.
fn clear(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name == REQUEST || name == PROFILE {
            continue;
        }
        // What cannot be removed is removed at the next start.
        let path = entry.path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).ok();
        } else {
            std::fs::remove_file(path).ok();
        }
    }
}

/// Recovers after a crash: ends packages whose passphrase is gone, and removes what is left of
/// packages that were not made.
///
/// # Errors
/// Database errors.
pub(crate) async fn recover(app: &Shared) -> Result<(), DeskError> {
    packages::end_without_passphrase(&app.db, app.now()).await?;
    let states = packages::states(&app.db).await?;
    let folders = std::fs::read_dir(app.folders.packages());
    for entry in folders.into_iter().flatten().flatten() {
        let id = entry.file_name().to_str().and_then(Id::read);
        match id.and_then(|id| states.get(&id)) {
            Some(PackageState::Ready | PackageState::Making) => {}
            Some(PackageState::Failed) => clear(&entry.path()),
            // Its row was never stored.
            None => {
                std::fs::remove_dir_all(entry.path()).ok();
            }
        }
    }
    Ok(())
}
