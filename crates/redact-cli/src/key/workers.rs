//! Keys of workers whose segments a render uses.
//!
//! A worker signs what it encodes with its segment key. `redact key trust-worker` puts the public
//! half into the folder `workers` beside the keys of the user who makes the release.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_record::Overwrite;
use redact_record::sign::{PublicKey, Purpose};
use redact_release::ports::Events as _;

use super::store::{fingerprint, load, recorded, trust_store};
use crate::args::GlobalArgs;
use crate::paths;
use crate::terminal::say;

/// How names of public key files end.
const SUFFIX: &str = ".pub";

/// The keys whose segments a render uses: those of trusted workers that are not revoked, and this
/// user's own.
///
/// # Errors
/// When a key cannot be read.
pub(crate) fn trusted_workers() -> Result<Vec<PublicKey>> {
    let mut keys = workers()?;
    let own = paths::secret_key(Purpose::Segment)?;
    if own.exists() {
        keys.push(load(&own, Purpose::Segment)?.public());
    }
    Ok(keys)
}

/// The keys of trusted workers that are not revoked, by ID.
///
/// # Errors
/// When the folder or a key cannot be read.
pub(super) fn workers() -> Result<Vec<PublicKey>> {
    let folder = paths::worker_keys()?;
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let revoked = trust_store()?.revoked().to_vec();
    let name = || folder.display().to_string();
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(name)? {
        let path = entry.with_context(name)?.path();
        if !path.to_string_lossy().ends_with(SUFFIX) {
            continue;
        }
        let key = PublicKey::load(&path).with_context(|| path.display().to_string())?;
        if !revoked.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort_by_key(|key| key.id().to_string());
    Ok(keys)
}

/// Trusts the segments of the worker with this public key, a file or its 56 characters.
///
/// # Errors
/// When it is no key, is trusted for something else, or is revoked.
pub(super) fn trust_worker(key: &str, global: &GlobalArgs) -> Result<()> {
    let public = recorded("trust-worker", global, |event| {
        let public = read(key)?;
        add(key, &public)?;
        event.draft().subject("key", fingerprint(&public));
        Ok(public)
    })?;
    say(&format!(
        "worker key {} is trusted: renders use segments signed with it if they pass every check",
        public.id()
    ));
    Ok(())
}

fn read(key: &str) -> Result<PublicKey> {
    if let Ok(public) = PublicKey::from_base64(key) {
        return Ok(public);
    }
    PublicKey::load(Path::new(key)).with_context(|| key.to_owned())
}

fn add(name: &str, public: &PublicKey) -> Result<()> {
    let (store, id) = (trust_store()?, public.id());
    if store.revoked().contains(public) {
        bail!("{name}: key {id} was revoked here; need the worker's current key");
    }
    let is_other = store.find(id).is_some()
        || store.rotation_key(id).is_some()
        || store.approver(id).is_some();
    if is_other {
        bail!(
            "{name}: key {id} is trusted here for releases, approvals or keys; need the worker's \
             segment key, as `redact worker key` prints it"
        );
    }
    let path: PathBuf = paths::worker_keys()?.join(format!("{id}{SUFFIX}"));
    let place = || path.display().to_string();
    if path.exists() {
        let known = PublicKey::load(&path).with_context(place)?;
        if known == *public {
            return Ok(());
        }
        bail!("{}: another key already has this ID", place());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(place)?;
    }
    public.save(&path, Overwrite::Never).with_context(place)
}
