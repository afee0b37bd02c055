//! `redact key`: signing keys, and whose signatures are believed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::Overwrite;
use redact_record::events::Act;
use redact_record::sign::{KeyPair, PublicKey, Rotation, TrustStore, TrustedKey};

use crate::args::{GlobalArgs, KeyArgs, KeyCommand};
use crate::journal::{Journal, Note};
use crate::{Outcome, places};

/// Makes, shows or trusts a key.
///
/// # Errors
/// When a file cannot be read or written, or is no key.
pub(crate) fn key(args: &KeyArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        KeyCommand::New { output } => {
            let journal = Journal::open(global, None)?;
            let path = match output {
                Some(path) => path.clone(),
                None => places::secret_key()?,
            };
            if path.exists() {
                bail!(
                    "{}: there is a key already, and releases were signed with it",
                    path.display()
                );
            }
            let pair = make(&path, &journal)?;
            show(&pair.public(), global);
        }
        KeyCommand::Show { key } => {
            let path = match key {
                Some(path) => path.clone(),
                None => places::secret_key()?,
            };
            show(&load(&path)?.public(), global);
        }
        KeyCommand::Trust { file } => {
            let journal = Journal::open(global, None)?;
            let mut note = note("trust");
            let public = trust_file(file).map_err(|error| journal.failed(&note, error))?;
            note.subject("key", fingerprint(&public));
            journal.done(&note)?;
            crate::say(&format!(
                "releases signed with key {} are trusted now",
                public.id()
            ));
        }
        KeyCommand::Rotate => rotate(global)?,
        KeyCommand::Revoke { file } => {
            let journal = Journal::open(global, None)?;
            let mut note = note("revoke");
            let public = revoke(file).map_err(|error| journal.failed(&note, error))?;
            note.subject("key", fingerprint(&public));
            journal.done(&note)?;
            crate::say(&format!("key {} is not trusted any more", public.id()));
        }
        KeyCommand::List => list(global)?,
    }
    Ok(Outcome::Done)
}

/// Trusts a public key, or the key to which a trusted one hands over.
fn trust_file(file: &Path) -> Result<PublicKey> {
    let name = || file.display().to_string();
    if !is_rotation(file) {
        let public = PublicKey::load(file).with_context(name)?;
        trust(&public)?;
        return Ok(public);
    }
    let rotation = Rotation::load(file).with_context(name)?;
    Ok(store()?.add_rotation(&rotation).with_context(name)?.new)
}

fn is_rotation(file: &Path) -> bool {
    file.to_string_lossy().ends_with(".rotation.json")
}

fn revoke(file: &Path) -> Result<PublicKey> {
    let public = PublicKey::load(file).with_context(|| file.display().to_string())?;
    store()?.revoke(&public)?;
    Ok(public)
}

/// The trust folder.
fn store() -> Result<TrustStore> {
    let folder = places::trusted_keys()?;
    TrustStore::open(&folder).with_context(|| folder.display().to_string())
}

fn rotate(global: &GlobalArgs) -> Result<()> {
    let journal = Journal::open(global, None)?;
    let mut note = note("rotate");
    let (old, new) = rotate_files().map_err(|error| journal.failed(&note, error))?;
    note.subject("old-key", fingerprint(&old));
    note.subject("key", fingerprint(&new));
    journal.done(&note)?;
    if !global.json {
        let (old, new) = (old.id(), new.id());
        let statement = places::trusted_keys()?.join(format!("{old}-to-{new}.rotation.json"));
        crate::say(&format!(
            "key {new} follows key {old}\nfor auditors, with the .minisig beside it: {}",
            statement.display()
        ));
    }
    show(&new, global);
    Ok(())
}

/// Makes the new key and the statement, then lets the new key take the old one's place.
fn rotate_files() -> Result<(PublicKey, PublicKey)> {
    let path = places::secret_key()?;
    let name = || path.display().to_string();
    let old = load(&path)?;
    let kept = path.with_file_name(format!("redact-{}.key", old.public().id()));
    if kept.exists() {
        bail!(
            "{}: there is a key already, and releases were signed with it",
            kept.display()
        );
    }
    let new = KeyPair::generate(places::new_passphrase().as_deref()).with_context(name)?;
    let rotation = old.hand_over(&new.public(), crate::approve::now())?;
    // The statement first: a new key that nobody follows would sign releases that nobody trusts.
    store()?.add_rotation(&rotation)?;
    old.save(&kept, Overwrite::Never)
        .with_context(|| kept.display().to_string())?;
    new.save(&path, Overwrite::Replace).with_context(name)?;
    Ok((old.public(), new.public()))
}

fn list(global: &GlobalArgs) -> Result<()> {
    let store = store()?;
    let revoked: Vec<String> = store
        .revoked()
        .iter()
        .map(|key| key.id().to_string())
        .collect();
    if global.json {
        let trusted: Vec<serde_json::Value> = store
            .keys()
            .iter()
            .map(|trusted| {
                serde_json::json!({ "id": trusted.key.id().to_string(), "name": trusted.name })
            })
            .collect();
        crate::say(&serde_json::json!({ "trusted": trusted, "revoked": revoked }).to_string());
        return Ok(());
    }
    for trusted in store.keys() {
        crate::say(&format!("trusted  {}  {}", trusted.key.id(), trusted.name));
    }
    for id in revoked {
        crate::say(&format!("revoked  {id}"));
    }
    Ok(())
}

/// The key that signs releases: the given one, or this user's, made now if there is none yet.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn signing_key(given: Option<&Path>, journal: &Journal) -> Result<KeyPair> {
    if let Some(path) = given {
        return load(path);
    }
    let path = places::secret_key()?;
    if path.exists() {
        return load(&path);
    }
    let pair = make(&path, journal)?;
    tracing::info!("made a signing key, {}", path.display());
    Ok(pair)
}

/// Keys whose signatures are believed: those in `files`, or this user's trusted ones.
///
/// # Errors
/// When a key cannot be read.
pub(crate) fn trusted(files: &[PathBuf]) -> Result<TrustStore> {
    if files.is_empty() {
        let folder = places::trusted_keys()?;
        return TrustStore::open(&folder).with_context(|| folder.display().to_string());
    }
    let mut keys = Vec::with_capacity(files.len());
    let (rotations, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|file| is_rotation(file));
    for file in files {
        let key = PublicKey::load(file).with_context(|| file.display().to_string())?;
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        keys.push(TrustedKey { name, key });
    }
    let mut store = TrustStore::of(keys)?;
    for file in rotations {
        let name = || file.display().to_string();
        let rotation = Rotation::load(file).with_context(name)?;
        store.follow(&rotation).with_context(name)?;
    }
    Ok(store)
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

/// Makes a key pair, trusts it and writes that down.
fn make(path: &Path, journal: &Journal) -> Result<KeyPair> {
    let mut note = note("new");
    let pair = make_files(path).map_err(|error| journal.failed(&note, error))?;
    note.subject("key", fingerprint(&pair.public()));
    journal.done(&note)?;
    Ok(pair)
}

fn note(action: &str) -> Note {
    let mut note = Note::new(Act::Key);
    note.label("action", action);
    note
}

/// SHA-256 of a public key as its file spells it.
fn fingerprint(public: &PublicKey) -> Digest {
    redact_record::digest_bytes(public.to_base64().as_bytes())
}

fn make_files(path: &Path) -> Result<KeyPair> {
    let name = || path.display().to_string();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(name)?;
    }
    let pair = KeyPair::generate(places::passphrase().as_deref()).with_context(name)?;
    pair.save(path, Overwrite::Never).with_context(name)?;
    trust(&pair.public())?;
    Ok(pair)
}

fn load(path: &Path) -> Result<KeyPair> {
    KeyPair::load(path, places::passphrase().as_deref()).with_context(|| path.display().to_string())
}

fn trust(public: &PublicKey) -> Result<()> {
    let folder = places::trusted_keys()?;
    let mut store = store()?;
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

/// Prints the public key file: two lines that minisign reads too.
fn show(public: &PublicKey, global: &GlobalArgs) {
    let (id, key) = (public.id().to_string(), public.to_base64());
    if global.json {
        crate::say(&serde_json::json!({ "id": id, "public_key": key }).to_string());
    } else {
        crate::say(&format!(
            "untrusted comment: minisign public key {id}\n{key}"
        ));
    }
}
