//! `redact key`: signing keys, and whose signatures are believed.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::Overwrite;
use redact_record::events::Act;
use redact_record::sign::{KeyPair, PublicKey, TrustStore, TrustedKey};

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
            let public = PublicKey::load(file)
                .with_context(|| file.display().to_string())
                .and_then(|public| trust(&public).map(|()| public))
                .map_err(|error| journal.failed(&note, error))?;
            note.subject("key", fingerprint(&public));
            journal.done(&note)?;
            crate::say(&format!(
                "releases signed with key {} are trusted now",
                public.id()
            ));
        }
    }
    Ok(Outcome::Done)
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
pub(crate) fn trusted(files: &[std::path::PathBuf]) -> Result<TrustStore> {
    if files.is_empty() {
        let folder = places::trusted_keys()?;
        return TrustStore::open(&folder).with_context(|| folder.display().to_string());
    }
    let mut keys = Vec::with_capacity(files.len());
    for file in files {
        let key = PublicKey::load(file).with_context(|| file.display().to_string())?;
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        keys.push(TrustedKey { name, key });
    }
    Ok(TrustStore::of(keys)?)
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
    let mut store = TrustStore::open(&folder).with_context(|| folder.display().to_string())?;
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
