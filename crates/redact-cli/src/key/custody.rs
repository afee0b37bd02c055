//! Backups of this user's secret keys.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::Overwrite;
use redact_record::sign::{
    BACKUP_BYTES_MAX, BACKUP_PASSPHRASE_MIN, BackupKey, Purpose, open_backup, seal_backup,
};
use redact_release::names::check_output;
use redact_release::ports::Events as _;

use super::store::{fingerprint, load, recorded, trust};
use crate::args::GlobalArgs;
use crate::clock::now;
use crate::paths;
use crate::terminal::say;

/// How names of secret key files end.
const KEY_SUFFIX: &str = ".key";

/// The secret keys of this user: the agency's, those that it followed, and the approver's. Cached
/// segments are not worth a backup, and neither is their key.
fn secret_keys() -> Result<Vec<PathBuf>> {
    let folder = paths::key_dir()?;
    let segment = paths::secret_key(Purpose::Segment)?;
    let name = || format!("{}: cannot read", folder.display());
    let mut keys = Vec::new();
    // Without the folder there is no key either.
    std::fs::create_dir_all(&folder).with_context(name)?;
    for entry in std::fs::read_dir(&folder).with_context(name)? {
        let path = entry.with_context(name)?.path();
        if path.to_string_lossy().ends_with(KEY_SUFFIX) && path != segment && path.is_file() {
            keys.push(path);
        }
    }
    keys.sort();
    if keys.is_empty() {
        bail!("{}: no secret key to back up", folder.display());
    }
    Ok(keys)
}

fn passphrase() -> Result<String> {
    paths::backup_passphrase().with_context(|| {
        format!(
            "no passphrase for the backup: set REDACT_BACKUP_PASSPHRASE, at least \
             {BACKUP_PASSPHRASE_MIN} characters"
        )
    })
}

/// Writes a backup of every secret key.
///
/// # Errors
/// When there is no key or no passphrase, or the file cannot be written.
pub(super) fn backup(output: &Path, force: bool, global: &GlobalArgs) -> Result<()> {
    let count = recorded("backup", global, |event| {
        check_output(output, &[], force)?;
        let mut keys = Vec::new();
        for path in secret_keys()? {
            let stored =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            keys.push(BackupKey {
                file: file.into_owned(),
                stored,
            });
        }
        let bytes = seal_backup(&keys, &passphrase()?, now())?;
        let overwrite = match force {
            true => Overwrite::Replace,
            false => Overwrite::Never,
        };
        redact_record::write_for_owner(output, &bytes, overwrite)
            .with_context(|| output.display().to_string())?;
        event.draft().count("keys", keys.len());
        Ok(keys.len())
    })?;
    say(&format!(
        "{count} secret keys in {}; put it away from this machine, and its passphrase apart from it",
        output.display()
    ));
    Ok(())
}

/// Puts the keys of a backup back; a key that is there is never replaced by another.
///
/// # Errors
/// When the passphrase is wrong, the file is damaged, or another key has the place.
pub(super) fn restore(file: &Path, global: &GlobalArgs) -> Result<()> {
    let count = recorded("restore", global, |event| {
        let count = put_back(file)?;
        // Its signatures are believed here again; under a passphrase that is not set, `key trust`
        // does it.
        let release = paths::secret_key(Purpose::Release)?;
        if let Ok(pair) = load(&release, Purpose::Release) {
            trust(&pair.public())?;
            event.draft().subject("key", fingerprint(&pair.public()));
        }
        event.draft().count("keys", count);
        Ok(count)
    })?;
    say(&format!("{count} secret keys are back"));
    Ok(())
}

fn put_back(file: &Path) -> Result<usize> {
    let name = || file.display().to_string();
    let bytes = redact_record::read(file, BACKUP_BYTES_MAX).with_context(name)?;
    let keys = open_backup(&bytes, &passphrase()?).with_context(name)?;
    let folder = paths::key_dir()?;
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for key in &keys {
        let plain = key.file.ends_with(KEY_SUFFIX) && !key.file.contains(['/', '\\']);
        if !plain || key.file.starts_with('.') {
            bail!("{}: {:?} is not the name of a key file", name(), key.file);
        }
        let path = folder.join(&key.file);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == key.stored) {
            continue;
        }
        redact_record::write_for_owner(&path, key.stored.as_bytes(), Overwrite::Never)
            .with_context(|| path.display().to_string())?;
    }
    Ok(keys.len())
}
