//! This user's keys and whose signatures are believed: made, loaded, trusted.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::Overwrite;
use redact_record::events::{Act, EventDraft};
use redact_record::sign::{
    KeyPair, PublicKey, Purpose, ROTATION_KEY_SUFFIX, ROTATION_SUFFIX, TrustStore, TrustedKey,
};
use redact_release::ports::Events as _;

use crate::args::GlobalArgs;
use crate::event_log::{OpenEvent, Recorder};
use crate::paths;

/// The key that signs releases: the given one, or this user's, made now if there is none yet.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn signing_key(given: Option<&Path>, recorder: &Recorder) -> Result<KeyPair> {
    if let Some(path) = given {
        return load(path, Purpose::Release);
    }
    let path = paths::secret_key(Purpose::Release)?;
    if path.exists() {
        return load(&path, Purpose::Release);
    }
    let pair = make(&path, Purpose::Release, recorder)?;
    tracing::info!("made a signing key, {}", path.display());
    Ok(pair)
}

/// The key that signs this user's approvals: the given one, or this user's, made now if there is
/// none yet. It counts under a name once another person binds it to one.
///
/// # Errors
/// When it cannot be read or made, or is a key that signs releases.
pub(crate) fn approver_key(given: Option<&Path>, recorder: &Recorder) -> Result<KeyPair> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => paths::secret_key(Purpose::Approver)?,
    };
    if given.is_none() && !path.exists() {
        let pair = make(&path, Purpose::Approver, recorder)?;
        tracing::info!("made an approver's key, {}", path.display());
        return Ok(pair);
    }
    let pair = load(&path, Purpose::Approver)?;
    let id = pair.public().id();
    let store = trust_store()?;
    if store.find(id).is_some() || store.rotation_key(id).is_some() {
        bail!(
            "{}: key {id} signs releases or vouches for keys; an approval needs a key of the \
             approver's own (`redact key new --approver`)",
            path.display()
        );
    }
    Ok(pair)
}

/// The key that signs the segments that this user encodes, made if there is none. Another user's
/// renders take these only where it is trusted as a worker's.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn segment_key() -> Result<KeyPair> {
    let path = paths::secret_key(Purpose::Segment)?;
    let name = || path.display().to_string();
    if path.exists() {
        return load(&path, Purpose::Segment);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(name)?;
    }
    let pair = KeyPair::generate(None).with_context(name)?;
    match pair.save(&path, Overwrite::Never) {
        // Another process made it in the meantime.
        Err(_) if path.exists() => load(&path, Purpose::Segment),
        saved => saved.map(|()| pair).with_context(name),
    }
}

/// Keys whose signatures are believed: those in `files`, or this user's trusted ones.
///
/// # Errors
/// When a key cannot be read.
pub(crate) fn trusted(files: &[PathBuf]) -> Result<TrustStore> {
    if files.is_empty() {
        let folder = paths::trusted_keys()?;
        return TrustStore::open(&folder).with_context(|| folder.display().to_string());
    }
    Ok(TrustStore::from_paths(files)?)
}

/// Only `key`: what a run checks its own release with.
///
/// # Errors
/// Never for a single key.
pub(crate) fn trusted_only(key: &PublicKey) -> Result<TrustStore> {
    let name = "the key that signed it".to_owned();
    Ok(TrustStore::of(vec![TrustedKey {
        name,
        key: key.clone(),
    }])?)
}

/// Makes a key pair and records it. A key for releases is trusted for them, and a rotation
/// key for keys; an approver's counts for nothing until another person binds it to a name.
pub(super) fn make(path: &Path, purpose: Purpose, recorder: &Recorder) -> Result<KeyPair> {
    recorder.record(draft("new"), |event| {
        let pair = make_files(path, purpose)?;
        event.draft().subject("key", fingerprint(&pair.public()));
        Ok(pair)
    })
}

fn draft(action: &str) -> EventDraft {
    let mut draft = EventDraft::new(Act::Key);
    draft.label("action", action);
    draft
}

/// Does something with keys and records it under `action`.
pub(super) fn recorded<T>(
    action: &str,
    global: &GlobalArgs,
    act: impl FnOnce(&mut OpenEvent<'_>) -> Result<T>,
) -> Result<T> {
    Recorder::open(global, None)?.record(draft(action), act)
}

/// SHA-256 of a public key as its file spells it.
pub(super) fn fingerprint(public: &PublicKey) -> Digest {
    redact_record::digest_bytes(public.to_base64().as_bytes())
}

fn make_files(path: &Path, purpose: Purpose) -> Result<KeyPair> {
    let name = || path.display().to_string();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(name)?;
    }
    let passphrase = paths::passphrase(purpose);
    let pair = KeyPair::generate(passphrase.as_deref()).with_context(name)?;
    pair.save(path, Overwrite::Never).with_context(name)?;
    match purpose {
        Purpose::Release => trust(&pair.public())?,
        Purpose::Rotation => trust_store()?.add_rotation_key(&pair.public())?,
        Purpose::Approver | Purpose::Segment => {}
    }
    Ok(pair)
}

pub(super) fn load(path: &Path, purpose: Purpose) -> Result<KeyPair> {
    let passphrase = paths::passphrase(purpose);
    KeyPair::load(path, passphrase.as_deref()).with_context(|| path.display().to_string())
}

pub(super) fn trust(public: &PublicKey) -> Result<()> {
    let folder = paths::trusted_keys()?;
    let mut store = trust_store()?;
    if store
        .find(public.id())
        .is_none_or(|known| known.key != *public)
    {
        let name = format!("key-{}", public.id());
        store
            .add(&name, public)
            .with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

/// The key that vouches for others, where one is trusted here or `given`: the rotation key.
pub(super) fn vouching_key(given: Option<&Path>, store: &TrustStore) -> Result<Option<KeyPair>> {
    if given.is_none() && store.rotation_keys().is_empty() {
        return Ok(None);
    }
    let path = match given {
        Some(path) => path.to_owned(),
        None => paths::secret_key(Purpose::Rotation)?,
    };
    if !path.exists() {
        bail!(
            "{}: no rotation key found; need the secret key that vouches for other keys \
             (--rotation-key FILE)",
            path.display()
        );
    }
    let pair = load(&path, Purpose::Rotation)?;
    let id = pair.public().id();
    if store
        .rotation_key(id)
        .is_none_or(|known| known.key != pair.public())
    {
        bail!(
            "{}: key {id} is not trusted here as a rotation key; need one that is \
             (`redact key trust NAME{ROTATION_KEY_SUFFIX}`)",
            path.display()
        );
    }
    Ok(Some(pair))
}

pub(super) fn is_rotation_key(file: &Path) -> bool {
    file.to_string_lossy().ends_with(ROTATION_KEY_SUFFIX)
}

pub(super) fn is_rotation(file: &Path) -> bool {
    file.to_string_lossy().ends_with(ROTATION_SUFFIX)
}

/// The trust folder.
pub(super) fn trust_store() -> Result<TrustStore> {
    let folder = paths::trusted_keys()?;
    TrustStore::open(&folder).with_context(|| folder.display().to_string())
}
