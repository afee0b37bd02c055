//! `redact key`: signing keys, and whose signatures are believed.
//!
//! Each key has one purpose: the agency's signs releases, its rotation key vouches for other keys,
//! an approver's signs approvals, and a fourth one signs the segments that this user encodes.

mod custody;
mod store;
mod workers;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_record::Overwrite;
use redact_record::events::{Act, Detail};
use redact_record::person::is_one_person;
use redact_record::sign::{KeyPair, NewApprover, PublicKey, Purpose, Rotation};
use redact_release::ports::Events as _;

use crate::args::{GlobalArgs, KeyArgs, KeyCommand};
use crate::clock::now;
use crate::event_log::Recorder;
use crate::outcome::Outcome;
use crate::terminal::{say, warn_line};
use crate::{host, paths};
pub(crate) use store::{approver_key, segment_key, signing_key, trusted, trusted_only};
use store::{
    fingerprint, is_rotation, is_rotation_key, load, make, recorded, trust, trust_store,
    vouching_key,
};
pub(crate) use workers::trusted_workers;

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
        KeyCommand::TrustWorker { key } => workers::trust_worker(key, global)?,
        KeyCommand::Rotate { rotation_key } => rotate(rotation_key.as_deref(), global)?,
        KeyCommand::Backup { output, force } => custody::backup(output, *force, global)?,
        KeyCommand::Restore { file } => custody::restore(file, global)?,
        KeyCommand::Revoke { file } => {
            let public = recorded("revoke", global, |event| {
                let public = revoke(file)?;
                event.draft().subject("key", fingerprint(&public));
                Ok(public)
            })?;
            say(&format!("key {} is not trusted any more", public.id()));
        }
        KeyCommand::List => list(global)?,
    }
    Ok(Outcome::Done)
}

fn new_key(output: Option<&Path>, purpose: Purpose, global: &GlobalArgs) -> Result<()> {
    let recorder = Recorder::open(global, None)?;
    let path = match output {
        Some(path) => path.to_owned(),
        None => paths::secret_key(purpose)?,
    };
    if path.exists() {
        bail!(
            "{}: there is a key already, and something was signed with it",
            path.display()
        );
    }
    let pair = make(&path, purpose, &recorder)?;
    show(&pair.public(), global);
    Ok(())
}

fn show_key(key: Option<&Path>, is_rotation: bool, global: &GlobalArgs) -> Result<()> {
    let purpose = match is_rotation {
        true => Purpose::Rotation,
        false => Purpose::Release,
    };
    let path = match key {
        Some(path) => path.to_owned(),
        None => paths::secret_key(purpose)?,
    };
    let public = load(&path, purpose)?.public();
    show(&public, global);
    if !global.json && !global.quiet {
        let purpose = purpose_of(&path, &public, is_rotation)?;
        warn_line(&publication(&public, purpose));
    }
    Ok(())
}

/// What a key of this user is for: by where it is trusted, else by the name of its file.
fn purpose_of(path: &Path, public: &PublicKey, is_rotation: bool) -> Result<Purpose> {
    let (store, id) = (trust_store()?, public.id());
    let mut approvers = store.approvers().iter();
    if is_rotation || store.rotation_key(id).is_some() {
        return Ok(Purpose::Rotation);
    }
    if store.find(id).is_some() {
        return Ok(Purpose::Release);
    }
    if approvers.any(|approver| approver.key == *public) {
        return Ok(Purpose::Approver);
    }
    let others = [Purpose::Approver, Purpose::Rotation, Purpose::Segment];
    let named = others.into_iter().find(|&purpose| {
        let known = paths::secret_key(purpose);
        known.is_ok_and(|known| known.file_name() == path.file_name())
    });
    Ok(named.unwrap_or(Purpose::Release))
}

fn trust_key(file: &Path, global: &GlobalArgs) -> Result<()> {
    let public = recorded("trust", global, |event| {
        let public = trust_file(file)?;
        event.draft().subject("key", fingerprint(&public));
        Ok(public)
    })?;
    let id = public.id();
    say(&match is_rotation_key(file) {
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
            trust_store()?
                .add_rotation_key(&public)
                .with_context(name)?;
            return Ok(public);
        }
        trust(&public)?;
        return Ok(public);
    }
    let rotation = Rotation::load(file).with_context(name)?;
    Ok(trust_store()?
        .add_rotation(&rotation)
        .with_context(name)?
        .new)
}

/// Binds an approver's key to a name, with the signature of the key that vouches for others.
fn trust_approver(
    file: &Path,
    name: &str,
    rotation_key: Option<&Path>,
    global: &GlobalArgs,
) -> Result<()> {
    let bound = recorded("trust-approver", global, |event| {
        let bound = bind_approver(file, name, rotation_key, event.recorder())?;
        event.draft().subject("key", fingerprint(&bound));
        Ok(bound)
    })?;
    say(&format!(
        "approvals by {name:?} count when signed with key {}",
        bound.id()
    ));
    Ok(())
}

fn bind_approver(
    file: &Path,
    name: &str,
    rotation_key: Option<&Path>,
    recorder: &Recorder,
) -> Result<PublicKey> {
    let path = || file.display().to_string();
    let key = PublicKey::load(file).with_context(path)?;
    let me = recorder.who();
    if is_one_person(me, name) || made_here(&key, me, recorder)? {
        bail!(
            "{}: {me:?} cannot vouch for a key of their own; another person must run this, with \
             the public key that the approver hands over",
            file.display()
        );
    }
    let mut store = trust_store()?;
    let voucher = match vouching_key(rotation_key, &store)? {
        Some(rotation) => rotation,
        None => signing_key(None, recorder)?,
    };
    let record = voucher.vouch_for(NewApprover {
        name,
        key: &key,
        added_by: me,
        replaces: store.approver_key(name).filter(|id| *id != key.id()),
        at: now(),
    });
    let record = record.with_context(path)?;
    // Read again: the release key may have been made, and trusted, just now.
    store = trust_store()?;
    store.add_approver(&record).with_context(path)?;
    Ok(key)
}

/// Whether the event log says that `who` made the key here.
fn made_here(key: &PublicKey, who: &str, recorder: &Recorder) -> Result<bool> {
    let (wanted, me) = (fingerprint(key), host::user_at_machine());
    let mut made = false;
    let log = recorder.path();
    redact_record::events::read(log, &mut |entry| {
        let Ok(entry) = entry else { return };
        let event = &entry.event;
        let is_new = event
            .details
            .iter()
            .any(|(_, detail)| matches!(detail, Detail::Label(label) if label.as_str() == "new"));
        let same = event.subjects.iter().any(|(_, digest)| *digest == wanted);
        // The user that the system reports, not the name that a person approved under.
        let by_me = event.machine == me || is_one_person(&event.who, who);
        made |= event.what == Act::Key && is_new && same && by_me;
    })
    .with_context(|| log.display().to_string())?;
    Ok(made)
}

/// What the key is for, and the sentence by which the agency publishes it on its website.
fn publication(public: &PublicKey, purpose: Purpose) -> String {
    let (id, fingerprint) = (public.id(), fingerprint(public));
    let lines = format!("fingerprint (SHA-256 of the second line above): {fingerprint}");
    let what = match purpose {
        Purpose::Release => "Redacted recordings released by [AGENCY] are signed with",
        Purpose::Rotation => "New signing keys of [AGENCY] are announced with",
        Purpose::Approver => {
            return format!(
                "{lines}\nthis key signs approvals: hand it to the person who adds it with \
                 `redact key trust --approver NAME`; it is not for the agency's website"
            );
        }
        Purpose::Segment => {
            return format!(
                "{lines}\nthis key signs the segments that this user encodes, and no release"
            );
        }
    };
    format!(
        "{lines}\nfor the agency's website: \"{what} minisign key {id}, fingerprint \
         {fingerprint}.\""
    )
}

fn revoke(file: &Path) -> Result<PublicKey> {
    let public = PublicKey::load(file).with_context(|| file.display().to_string())?;
    trust_store()?.revoke(&public)?;
    Ok(public)
}

fn rotate(rotation_key: Option<&Path>, global: &GlobalArgs) -> Result<()> {
    let (old, new) = recorded("rotate", global, |event| {
        let (old, new) = rotate_files(rotation_key)?;
        event.draft().subject("old-key", fingerprint(&old));
        event.draft().subject("key", fingerprint(&new));
        Ok((old, new))
    })?;
    if !global.json {
        let (old, new) = (old.id(), new.id());
        let statement = paths::trusted_keys()?.join(format!("{old}-to-{new}.rotation.json"));
        say(&format!(
            "key {new} follows key {old}\nfor auditors, with the .minisig beside it: {}",
            statement.display()
        ));
    }
    show(&new, global);
    Ok(())
}

/// Makes the new key and the statement, then lets the new key take the old one's place.
fn rotate_files(rotation_key: Option<&Path>) -> Result<(PublicKey, PublicKey)> {
    let path = paths::secret_key(Purpose::Release)?;
    let name = || path.display().to_string();
    let old = load(&path, Purpose::Release)?;
    let aside = path.with_file_name(format!("redact-{}.key", old.public().id()));
    if aside.exists() {
        bail!(
            "{}: there is a key already, and releases were signed with it",
            aside.display()
        );
    }
    let new = KeyPair::generate(paths::new_passphrase().as_deref()).with_context(name)?;
    let now = now();
    let rotation = match vouching_key(rotation_key, &trust_store()?)? {
        Some(pair) => pair.sign_rotation(&old.public(), &new.public(), now)?,
        None => old.hand_over(&new.public(), now)?,
    };
    // The statement first: without it, the new key would sign releases that are not trusted.
    trust_store()?.add_rotation(&rotation)?;
    old.save(&aside, Overwrite::Never)
        .with_context(|| aside.display().to_string())?;
    new.save(&path, Overwrite::Replace).with_context(name)?;
    Ok((old.public(), new.public()))
}

fn list(global: &GlobalArgs) -> Result<()> {
    let store = trust_store()?;
    let revoked: Vec<String> = store
        .revoked()
        .iter()
        .map(|key| key.id().to_string())
        .collect();
    let workers = workers::workers()?;
    let workers: Vec<String> = workers.iter().map(|key| key.id().to_string()).collect();
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
            "trusted": trusted, "rotation": rotation, "approvers": approvers,
            "workers": workers, "revoked": revoked,
        });
        say(&document.to_string());
        return Ok(());
    }
    for trusted in store.keys() {
        say(&format!("trusted  {}  {}", trusted.key.id(), trusted.name));
    }
    for trusted in store.rotation_keys() {
        say(&format!("rotation {}  {}", trusted.key.id(), trusted.name));
    }
    for approver in store.approvers() {
        say(&format!(
            "approver {}  {}, added by {}",
            approver.key.id(),
            approver.name,
            approver.added_by
        ));
    }
    for id in workers {
        say(&format!("worker   {id}"));
    }
    for id in revoked {
        say(&format!("revoked  {id}"));
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
        say(&document.to_string());
    } else {
        say(&format!(
            "untrusted comment: minisign public key {id}\n{key}"
        ));
    }
}

/// Prints the public key that this user's segments are signed with; it is made if there is none.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn show_worker_key(global: &GlobalArgs) -> Result<()> {
    let public = segment_key()?.public();
    show(&public, global);
    if !global.json && !global.quiet {
        warn_line(
            "this key signs the segments that this user encodes; to use them, run `redact key \
             trust-worker` on the machine that makes releases",
        );
    }
    Ok(())
}
