//! `redact key`: signing keys, and whose signatures are believed.
//!
//! Each key has one purpose: the agency's signs releases, its rotation key vouches for other keys,
//! an approver's signs approvals, and a fourth one what a render leaves on this machine for the
//! next.

mod custody;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::Digest;
use redact_record::Overwrite;
use redact_record::events::Act;
use redact_record::person::is_one_person;
use redact_record::sign::{
    APPROVER_SUFFIX, ApproverRecord, KeyPair, NewApprover, PublicKey, Purpose, ROTATION_KEY_SUFFIX,
    Rotation, TrustStore, TrustedKey,
};

use crate::args::{GlobalArgs, KeyArgs, KeyCommand};
use crate::journal::{Journal, Note};
use crate::{Outcome, places};

/// Makes, shows or trusts a key.
///
/// # Errors
/// When a file cannot be read or written, or is no key.
pub(crate) fn key(args: &KeyArgs, global: &GlobalArgs) -> Result<Outcome> {
    match &args.command {
        KeyCommand::New {
            output,
            approver,
            rotation,
        } => {
            let purpose = match (approver, rotation) {
                (true, _) => Purpose::Approver,
                (false, true) => Purpose::Rotation,
                (false, false) => Purpose::Release,
            };
            new_key(output.as_deref(), purpose, global)?;
        }
        KeyCommand::Show { key, rotation } => show_key(key.as_deref(), *rotation, global)?,
        KeyCommand::Trust {
            file,
            approver: Some(name),
            rotation_key,
        } => trust_approver(file, name, rotation_key.as_deref(), global)?,
        KeyCommand::Trust {
            file,
            approver: None,
            rotation_key: _,
        } => trust_key(file, global)?,
        KeyCommand::Rotate { rotation_key } => rotate(rotation_key.as_deref(), global)?,
        KeyCommand::Backup { output, force } => custody::backup(output, *force, global)?,
        KeyCommand::Restore { file } => custody::restore(file, global)?,
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

fn new_key(output: Option<&Path>, purpose: Purpose, global: &GlobalArgs) -> Result<()> {
    let journal = Journal::open(global, None)?;
    let path = match (output, purpose) {
        (Some(path), _) => path.to_owned(),
        (None, Purpose::Approver) => places::approver_key()?,
        (None, Purpose::Rotation) => places::rotation_key()?,
        (None, _) => places::secret_key()?,
    };
    if path.exists() {
        bail!(
            "{}: there is a key already, and something was signed with it",
            path.display()
        );
    }
    let pair = make(&path, purpose, &journal)?;
    show(&pair.public(), global);
    Ok(())
}

fn show_key(key: Option<&Path>, is_rotation: bool, global: &GlobalArgs) -> Result<()> {
    let path = match key {
        Some(path) => path.to_owned(),
        None if is_rotation => places::rotation_key()?,
        None => places::secret_key()?,
    };
    let public = if is_rotation {
        load_rotation_key(&path)?.public()
    } else {
        load(&path)?.public()
    };
    show(&public, global);
    if !global.json && !global.quiet {
        crate::warn_line(&publication(&public, is_rotation));
    }
    Ok(())
}

fn trust_key(file: &Path, global: &GlobalArgs) -> Result<()> {
    let journal = Journal::open(global, None)?;
    let mut note = note("trust");
    let public = trust_file(file).map_err(|error| journal.failed(&note, error))?;
    note.subject("key", fingerprint(&public));
    journal.done(&note)?;
    let id = public.id();
    crate::say(&match is_rotation_key(file) {
        true => format!("key {id} is trusted now to vouch for other keys"),
        false => format!("releases signed with key {id} are trusted now"),
    });
    Ok(())
}

/// Trusts a public key, or the key to which a trusted one hands over.
fn trust_file(file: &Path) -> Result<PublicKey> {
    let name = || file.display().to_string();
    if !is_rotation(file) {
        let public = PublicKey::load(file).with_context(name)?;
        if is_rotation_key(file) {
            store()?.add_rotation_key(&public).with_context(name)?;
            return Ok(public);
        }
        trust(&public)?;
        return Ok(public);
    }
    let rotation = Rotation::load(file).with_context(name)?;
    Ok(store()?.add_rotation(&rotation).with_context(name)?.new)
}

/// Binds an approver's key to a name, with the signature of the key that vouches for others.
fn trust_approver(
    file: &Path,
    name: &str,
    rotation_key: Option<&Path>,
    global: &GlobalArgs,
) -> Result<()> {
    let journal = Journal::open(global, None)?;
    let mut note = note("trust-approver");
    let bound = bind_approver(file, name, rotation_key, &journal);
    let bound = bound.map_err(|error| journal.failed(&note, error))?;
    note.subject("key", fingerprint(&bound));
    journal.done(&note)?;
    crate::say(&format!(
        "approvals by {name:?} count when signed with key {}",
        bound.id()
    ));
    Ok(())
}

fn bind_approver(
    file: &Path,
    name: &str,
    rotation_key: Option<&Path>,
    journal: &Journal,
) -> Result<PublicKey> {
    let path = || file.display().to_string();
    let key = PublicKey::load(file).with_context(path)?;
    let me = journal.who();
    if is_one_person(me, name) || made_here(&key, me, journal)? {
        bail!(
            "{}: {me:?} cannot vouch for a key of their own; another person must run this, with \
             the public key that the approver hands over",
            file.display()
        );
    }
    let mut store = store()?;
    let voucher = match vouching_key(rotation_key, &store)? {
        Some(rotation) => rotation,
        None => signing_key(None, journal)?,
    };
    let record = voucher.vouch_for(NewApprover {
        name,
        key: &key,
        added_by: me,
        replaces: store.approver_key(name).filter(|id| *id != key.id()),
        at: crate::approve::now(),
    });
    let record = record.with_context(path)?;
    // Read again: the release key may have been made, and trusted, just now.
    store = self::store()?;
    store.add_approver(&record).with_context(path)?;
    Ok(key)
}

/// Whether the event log says that `who` made the key here.
fn made_here(key: &PublicKey, who: &str, journal: &Journal) -> Result<bool> {
    let (wanted, me) = (fingerprint(key), crate::journal::machine());
    let mut made = false;
    let log = journal.path();
    redact_record::events::read(log, &mut |entry| {
        let Ok(entry) = entry else { return };
        let event = &entry.event;
        let is_new = event.details.iter().any(|(_, detail)| {
            matches!(detail, redact_record::events::Detail::Label(label) if label.as_str() == "new")
        });
        let same = event.subjects.iter().any(|(_, digest)| *digest == wanted);
        // The user by the system's word, not by the name that somebody approved under.
        let by_me = event.machine == me || is_one_person(&event.who, who);
        made |= event.what == Act::Key && is_new && same && by_me;
    })
    .with_context(|| log.display().to_string())?;
    Ok(made)
}

/// The key that vouches for others, where one is trusted here or `given`: the rotation key.
fn vouching_key(given: Option<&Path>, store: &TrustStore) -> Result<Option<KeyPair>> {
    if given.is_none() && store.rotation_keys().is_empty() {
        return Ok(None);
    }
    let path = match given {
        Some(path) => path.to_owned(),
        None => places::rotation_key()?,
    };
    if !path.exists() {
        bail!(
            "{}: no rotation key found; need the secret key that vouches for other keys \
             (--rotation-key FILE)",
            path.display()
        );
    }
    let pair = load_rotation_key(&path)?;
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

/// What releases, or keys, can be checked by: the sentence for the agency's website.
fn publication(public: &PublicKey, is_rotation: bool) -> String {
    let what = match is_rotation {
        true => "New signing keys of [AGENCY] are announced with",
        false => "Redacted recordings released by [AGENCY] are signed with",
    };
    format!(
        "fingerprint (SHA-256 of the second line above): {}\n\
         for the agency's website: \"{what} minisign key {}, fingerprint {}.\"",
        fingerprint(public),
        public.id(),
        fingerprint(public)
    )
}

fn is_rotation_key(file: &Path) -> bool {
    file.to_string_lossy().ends_with(ROTATION_KEY_SUFFIX)
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

fn rotate(rotation_key: Option<&Path>, global: &GlobalArgs) -> Result<()> {
    let journal = Journal::open(global, None)?;
    let mut note = note("rotate");
    let rotated = rotate_files(rotation_key);
    let (old, new) = rotated.map_err(|error| journal.failed(&note, error))?;
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
fn rotate_files(rotation_key: Option<&Path>) -> Result<(PublicKey, PublicKey)> {
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
    let now = crate::approve::now();
    let rotation = match vouching_key(rotation_key, &store()?)? {
        Some(pair) => pair.sign_rotation(&old.public(), &new.public(), now)?,
        None => old.hand_over(&new.public(), now)?,
    };
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
        let approvers: Vec<serde_json::Value> = store
            .approvers()
            .iter()
            .map(|approver| {
                serde_json::json!({
                    "id": approver.key.id().to_string(), "name": approver.name,
                    "added_by": approver.added_by, "vouched_by": approver.vouched_by.to_string(),
                })
            })
            .collect();
        let rotation: Vec<String> = store
            .rotation_keys()
            .iter()
            .map(|trusted| trusted.key.id().to_string())
            .collect();
        let document = serde_json::json!({
            "trusted": trusted, "rotation": rotation, "approvers": approvers, "revoked": revoked,
        });
        crate::say(&document.to_string());
        return Ok(());
    }
    for trusted in store.keys() {
        crate::say(&format!("trusted  {}  {}", trusted.key.id(), trusted.name));
    }
    for trusted in store.rotation_keys() {
        crate::say(&format!("rotation {}  {}", trusted.key.id(), trusted.name));
    }
    for approver in store.approvers() {
        crate::say(&format!(
            "approver {}  {}, added by {}",
            approver.key.id(),
            approver.name,
            approver.added_by
        ));
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
    let pair = make(&path, Purpose::Release, journal)?;
    tracing::info!("made a signing key, {}", path.display());
    Ok(pair)
}

/// The key that signs this user's approvals: the given one, or this user's, made now if there is
/// none yet. It counts under a name when somebody else binds it to one.
///
/// # Errors
/// When it cannot be read or made, or is a key that signs releases.
pub(crate) fn approver_key(given: Option<&Path>, journal: &Journal) -> Result<KeyPair> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => places::approver_key()?,
    };
    if given.is_none() && !path.exists() {
        let pair = make(&path, Purpose::Approver, journal)?;
        tracing::info!("made an approver's key, {}", path.display());
        return Ok(pair);
    }
    let pair = load(&path)?;
    let id = pair.public().id();
    let store = store()?;
    if store.find(id).is_some() || store.rotation_key(id).is_some() {
        bail!(
            "{}: key {id} signs releases or vouches for keys; an approval needs a key of the \
             approver's own (`redact key new --approver`)",
            path.display()
        );
    }
    Ok(pair)
}

/// The key that signs what a render leaves for the next one on this machine, made if there is none.
/// It is for this user alone: nothing trusts it.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn segment_key() -> Result<KeyPair> {
    let path = places::segment_key()?;
    let name = || path.display().to_string();
    if path.exists() {
        return KeyPair::load(&path, None).with_context(name);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(name)?;
    }
    let pair = KeyPair::generate(None).with_context(name)?;
    match pair.save(&path, Overwrite::Never) {
        // Another process made it in the meantime.
        Err(_) if path.exists() => KeyPair::load(&path, None).with_context(name),
        saved => saved.map(|()| pair).with_context(name),
    }
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
    let (rotation_keys, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.into_iter().partition(|file| is_rotation_key(file));
    let (approvers, files): (Vec<&PathBuf>, Vec<&PathBuf>) = files
        .into_iter()
        .partition(|file| file.to_string_lossy().ends_with(APPROVER_SUFFIX));
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
    for file in rotation_keys {
        let name = || file.display().to_string();
        let key = PublicKey::load(file).with_context(name)?;
        let added = store.trust_rotation_key(&name(), &key);
        added.with_context(name)?;
    }
    for file in rotations {
        let name = || file.display().to_string();
        let rotation = Rotation::load(file).with_context(name)?;
        store.follow(&rotation).with_context(name)?;
    }
    for file in approvers {
        let name = || file.display().to_string();
        let record = ApproverRecord::load(file).with_context(name)?;
        store.follow_approver(&record).with_context(name)?;
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

/// Makes a key pair and writes that down. A key for releases is trusted for them, and a rotation
/// key for keys; an approver's counts for nothing until somebody else binds it to a name.
fn make(path: &Path, purpose: Purpose, journal: &Journal) -> Result<KeyPair> {
    let mut note = note("new");
    let pair = make_files(path, purpose).map_err(|error| journal.failed(&note, error))?;
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

fn make_files(path: &Path, purpose: Purpose) -> Result<KeyPair> {
    let name = || path.display().to_string();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(name)?;
    }
    let passphrase = match purpose {
        Purpose::Rotation => places::rotation_passphrase(),
        _ => places::passphrase(),
    };
    let pair = KeyPair::generate(passphrase.as_deref()).with_context(name)?;
    pair.save(path, Overwrite::Never).with_context(name)?;
    match purpose {
        Purpose::Release => trust(&pair.public())?,
        Purpose::Rotation => store()?.add_rotation_key(&pair.public())?,
        Purpose::Approver | Purpose::Segment => {}
    }
    Ok(pair)
}

fn load_rotation_key(path: &Path) -> Result<KeyPair> {
    KeyPair::load(path, places::rotation_passphrase().as_deref())
        .with_context(|| path.display().to_string())
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
        let fingerprint = fingerprint(public).to_string();
        let document =
            serde_json::json!({ "id": id, "public_key": key, "fingerprint": fingerprint });
        crate::say(&document.to_string());
    } else {
        crate::say(&format!(
            "untrusted comment: minisign public key {id}\n{key}"
        ));
    }
}
