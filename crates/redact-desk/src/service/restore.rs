//! Restores a backup into an empty folder, and applies disposals and orders of courts again that
//! came after it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use redact_record::sign::TrustStore;

use super::backup::{
    BackupProgress, absolute, check_partial, drop_partial, finish_partial, make_partial,
    partial_of, sync_folder,
};
use super::backup_error::BackupError;
use super::backup_files::{self, BackupManifest, DATA, EVENTS};
use super::copies_of_file;
use super::disposing::{begun_uploads, others, places};
use super::ledger::{self, LEDGER, LedgerLine, LiftingEntry, SealingEntry};
use super::sealings::{part_of_order, parts};
use crate::api_error::{ApiError, ApiResult};
use crate::db::disposals::{self, DisposalRow};
use crate::db::pool::{self, Db};
use crate::db::sealings::{self, SealingRow};
use crate::db::{recordings, requests, uploads, users};
use crate::domain::disposal::{DisposalCertificate, GoneFile};
use crate::id::Id;
use crate::model::{Category, DisposalState};
use crate::paths::Folders;
use crate::time::Millis;

/// What to restore, and where.
pub struct RestoreOrder {
    /// The backup.
    pub from: PathBuf,
    /// The data folder to make.
    pub data: PathBuf,
    /// Ledgers besides the one beside the backup.
    pub ledgers: Vec<PathBuf>,
    /// The keys whose signatures are believed in ledgers.
    pub trust: TrustStore,
    /// Where the event log goes; it stays in the backup if something is there.
    pub event_log: PathBuf,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Number of files.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// The moment of the backup, in RFC 3339.
    pub at: String,
    /// Ids of the recordings that were disposed of after the backup, and are gone again.
    pub disposed: Vec<String>,
    /// Ids of court orders that were entered after the backup, and are in force again.
    pub sealed: Vec<String>,
    /// Whether the event log was restored.
    pub event_log: bool,
    /// What was left out of ledgers, and why.
    pub warnings: Vec<String>,
}

/// Restores a backup.
///
/// # Errors
/// See [`BackupError`]. Nothing is then left at the target.
pub async fn restore(
    order: RestoreOrder,
    progress: BackupProgress<'_>,
) -> Result<Restored, BackupError> {
    let manifest = backup_files::read_manifest(&order.from)?;
    if manifest.schema > pool::VERSION {
        return Err(BackupError::Newer {
            found: manifest.schema,
            known: pool::VERSION,
        });
    }
    let data = absolute(&order.data)?;
    check_empty(&data)?;
    let partial = partial_of(&data);
    check_partial(&partial)?;
    let restored = write(&order, &manifest, (&partial, &data), progress).await;
    if restored.is_err() {
        drop_partial(&partial);
    }
    restored
}

fn check_empty(data: &Path) -> Result<(), BackupError> {
    let not_empty = || BackupError::NotEmpty {
        path: data.to_owned(),
    };
    match std::fs::read_dir(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(_) => Err(not_empty()),
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(not_empty())),
    }
}

async fn write(
    order: &RestoreOrder,
    manifest: &BackupManifest,
    (partial, data): (&Path, &Path),
    progress: BackupProgress<'_>,
) -> Result<Restored, BackupError> {
    make_partial(partial)?;
    let total = manifest.bytes();
    let done = AtomicU64::new(0);
    let report = |phase: &str, count: u64| -> ControlFlow<()> {
        let done = done.fetch_add(count, Ordering::Relaxed) + count;
        progress(phase, done, total)
    };
    // Everything is compared before anything is used.
    for file in &manifest.files {
        let checking = |count: u64| report("verify", count);
        tokio::task::block_in_place(|| backup_files::check(&order.from, file, &checking))?;
    }
    done.store(0, Ordering::Relaxed);
    let copying = |count: u64| report("copy", count);
    let copy = |from: &str, to: &Path, bytes: u64| {
        let from = order.from.join(from);
        tokio::task::block_in_place(|| backup_files::copy(&from, to, bytes, &copying)).map(drop)
    };
    let mut log = None;
    for file in &manifest.files {
        match Path::new(&file.path).strip_prefix(DATA) {
            Ok(inside) => copy(&file.path, &partial.join(inside), file.bytes)?,
            Err(_) if file.path == EVENTS => log = Some(file),
            Err(_) => {}
        }
    }
    let again = apply_ledgers(order, partial).await?;
    if data.is_dir() {
        std::fs::remove_dir(data).map_err(|source| BackupError::write(data, source))?;
    }
    let log = log.filter(|_| order.event_log.symlink_metadata().is_err());
    if let Some(file) = log {
        copy(&file.path, &order.event_log, file.bytes)?;
    }
    finish_partial(partial, data)?;
    sync_folder(data.parent().unwrap_or(data))?;
    Ok(Restored {
        files: manifest.files.len(),
        bytes: total,
        at: manifest.at.clone(),
        disposed: again.disposed,
        sealed: again.sealed,
        event_log: log.is_some(),
        warnings: again.warnings,
    })
}

/// What a ledger had that the backup did not.
#[derive(Default)]
struct Again {
    /// Ids of recordings.
    disposed: Vec<String>,
    /// Ids of orders.
    sealed: Vec<String>,
    warnings: Vec<String>,
}

/// The lines of all ledgers, each once, and what is wrong with the ledgers.
fn read_ledgers(
    order: &RestoreOrder,
    beside: &Path,
) -> Result<(Vec<LedgerLine>, Vec<String>), BackupError> {
    let mut known = HashSet::new();
    let (mut lines, mut warnings) = (Vec::new(), Vec::new());
    for path in std::iter::once(beside).chain(order.ledgers.iter().map(PathBuf::as_path)) {
        if path != beside && !path.is_file() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(BackupError::read(path, missing));
        }
        let read = ledger::read(path).map_err(|source| BackupError::read(path, source))?;
        let is_new = |line: &LedgerLine| known.insert(serde_json::json!(line).to_string());
        lines.extend(read.lines.into_iter().filter(is_new));
        warnings.extend(read.cut.iter().map(|number| {
            let path = path.display();
            format!("{path}: line {number} was cut off while it was written, and is left out")
        }));
    }
    Ok((lines, warnings))
}

/// Applies again what the ledgers have and the restored data does not.
async fn apply_ledgers(order: &RestoreOrder, partial: &Path) -> Result<Again, BackupError> {
    let beside = order.from.parent().unwrap_or(&order.from).join(LEDGER);
    let (mut lines, warnings) = read_ledgers(order, &beside)?;
    let db = pool::open(partial).await?;
    let folders = Folders::make(partial)?;
    let mut again = Again {
        warnings,
        ..Again::default()
    };
    for line in &lines {
        let is_trusted = line.is_trusted(&order.trust);
        let applied = apply((&db, &folders), line, is_trusted, &mut again).await;
        applied.map_err(|error| BackupError::Ledger {
            line: line.key(),
            what: error.into_parts().1["error"]["message"].to_string(),
        })?;
    }
    lines.retain(|line| line.is_trusted(&order.trust));
    for id in disposals::removed(&db)
        .await
        .map_err(BackupError::database)?
    {
        std::fs::remove_dir_all(folders.recording(&id)).ok();
    }
    pool::wipe(&db).await.map_err(BackupError::database)?;
    db.close().await;
    let own = partial.join(LEDGER);
    ledger::merge_lines(&lines, &own).map_err(|source| BackupError::write(&own, source))?;
    Ok(again)
}

/// Applies a line. One without the signature of a trusted key neither removes nor opens anything.
async fn apply(
    (db, folders): (&Db, &Folders),
    line: &LedgerLine,
    is_trusted: bool,
    again: &mut Again,
) -> ApiResult<()> {
    match line {
        LedgerLine::Disposal {
            certificate,
            signature,
        } => {
            if dispose((db, folders), (certificate, signature), is_trusted).await? {
                again.disposed.push(certificate.recording.clone());
            }
        }
        LedgerLine::Sealing(entry) => {
            if seal(db, entry, is_trusted).await? {
                again.sealed.push(entry.sealing.clone());
            }
        }
        LedgerLine::Lifting(entry) if is_trusted => {
            lift(db, entry).await?;
        }
        LedgerLine::Lifting(_) => again.warnings.push(format!(
            "the ledger's {} has no signature of a trusted key, and is left out",
            line.key()
        )),
    }
    Ok(())
}

fn untrusted() -> ApiError {
    let message = "It has no signature of a trusted key. Name the agency's key with --trust.";
    ApiError::conflict("untrusted", message)
}

/// What an order closes in the restored data: a request, or a recording of it.
struct ToClose {
    /// Of the order.
    id: Id,
    request: Id,
    recording: Option<Id>,
}

/// What an order closes in this data. An order about a whole request also closes the recordings
/// that were moved into it after the backup, each by itself, where they are now.
async fn to_close(db: &Db, entry: &SealingEntry) -> ApiResult<Vec<ToClose>> {
    let ids = Id::read(&entry.sealing).zip(Id::read(&entry.request));
    let Some((id, request)) = ids else {
        return Ok(Vec::new());
    };
    // An order that the backup has may have been lifted, and what it closed be elsewhere.
    if sealings::by_id(db, &id).await.is_ok() {
        return Ok(Vec::new());
    }
    if let Some(recording) = entry.recording.as_deref().and_then(Id::read) {
        let request = known_request(db, &recording, request).await?;
        return Ok(request
            .map(|request| ToClose {
                id,
                request,
                recording: Some(recording),
            })
            .into_iter()
            .collect());
    }
    let mut all = Vec::new();
    for recording in entry.recordings.iter().filter_map(|one| Id::read(one)) {
        match recordings::request_of(db, &recording).await? {
            Some(had) if had != request => all.push(ToClose {
                id: part_of_order(&id, &recording),
                request: had,
                recording: Some(recording),
            }),
            _ => {}
        }
    }
    if requests::facts(db, &request).await.is_ok() {
        all.push(ToClose {
            id,
            request,
            recording: None,
        });
    }
    Ok(all)
}

/// Closes what an order closed after the backup; `false` if the data has the order already, or
/// never had what it closes.
async fn seal(db: &Db, entry: &SealingEntry, is_trusted: bool) -> ApiResult<bool> {
    let mut closed = false;
    for part in to_close(db, entry).await? {
        if sealings::by_id(db, &part.id).await.is_ok() {
            continue;
        }
        if !is_trusted {
            return Err(untrusted());
        }
        close(db, entry, part).await?;
        closed = true;
    }
    Ok(closed)
}

async fn close(db: &Db, entry: &SealingEntry, part: ToClose) -> ApiResult<()> {
    let mut people = Vec::new();
    for person in entry.people.iter().filter_map(|id| Id::read(id)) {
        // Somebody whose account is newer than the backup is let in again by hand.
        if users::by_id(db, &person).await.is_ok() {
            people.push(person);
        }
    }
    let row = SealingRow {
        id: part.id,
        kind: entry.kind,
        request: part.request,
        recording: part.recording,
        court: entry.court.clone(),
        number: entry.number.clone(),
        dated: entry.dated.clone(),
        note: String::new(),
        at: entry.at,
        by: entry.by.clone(),
        lifted_at: None,
        lifted_by: None,
        lift_court: String::new(),
        lift_number: String::new(),
        lift_dated: String::new(),
    };
    let mut change = pool::begin(db).await?;
    sealings::insert(&mut change, &row, &people).await?;
    Ok(change.commit().await?)
}

/// The request that the data has for a recording: the one of a ledger's entry, or where the
/// recording was before it was moved there; `None` if the data never had the recording.
async fn known_request(db: &Db, recording: &Id, named: Id) -> ApiResult<Option<Id>> {
    let Some(had) = recordings::request_of(db, recording).await? else {
        return Ok(None);
    };
    let has_named = requests::facts(db, &named).await.is_ok();
    Ok(Some(if has_named { named } else { had }))
}

/// Lifts an order that was lifted after the backup; `false` if the data does not have it in force.
async fn lift(db: &Db, entry: &LiftingEntry) -> ApiResult<bool> {
    let Some(id) = Id::read(&entry.sealing) else {
        return Ok(false);
    };
    let order = (&*entry.court, &*entry.number, &*entry.dated);
    let parts = parts(db, &id).await?;
    let ids = parts.into_iter().chain([id]);
    let mut change = pool::begin(db).await?;
    let mut lifted = false;
    for one in ids {
        lifted |= sealings::lift(&mut change, &one, order, (&entry.by, entry.at)).await?;
    }
    change.commit().await?;
    Ok(lifted)
}

/// Applies one disposal; `false` if the data knows it as done, or never had the recording.
async fn dispose(
    (db, folders): (&Db, &Folders),
    (certificate, signature): (&DisposalCertificate, &str),
    is_trusted: bool,
) -> ApiResult<bool> {
    let Some(mut row) = row(certificate, signature) else {
        return Ok(false);
    };
    match known_request(db, &row.recording, row.request.clone()).await? {
        Some(request) => row.request = request,
        None => return Ok(false),
    }
    let begun = disposals::begun(db, &row.recording).await?;
    if begun.is_some_and(|known| known.state == DisposalState::Done) {
        return Ok(false);
    }
    if !is_trusted {
        return Err(untrusted());
    }
    let chosen: Vec<Id> = certificate
        .releases
        .iter()
        .filter_map(|id| Id::read(id))
        .collect();
    let mut gone = places((db, folders), &row.recording, &chosen).await?;
    let staying = disposals::staying(db, &row.recording).await?;
    let others = others(folders, &staying)?;
    // None of them is gone here, so they are also sought where they were.
    let sought: Vec<GoneFile> = certificate.files.iter().map(sought).collect();
    let begun = begun_uploads(&folders.recording(&row.recording), &folders.uploads())?;
    let found = copies_of_file::find(folders.root(), &sought, &others)?;
    gone.extend(
        found
            .copies
            .iter()
            .map(|copy| folders.root().join(&copy.path)),
    );
    gone.extend(begun);
    let now = row.done_at.unwrap_or(row.at);
    let mut change = pool::begin(db).await?;
    for release in &chosen {
        disposals::clear_release(&mut change, release, now).await?;
    }
    for path in &gone {
        let inside = path.strip_prefix(folders.root()).unwrap_or(path);
        if let Some(upload) = Folders::upload_at(&inside.to_string_lossy()) {
            uploads::delete(&mut *change, &upload).await?;
        }
    }
    recordings::dispose(&mut change, &row.recording, now).await?;
    disposals::insert_done(&mut change, &row).await?;
    change.commit().await?;
    copies_of_file::remove(&gone)?;
    Ok(true)
}

/// A file to seek by its content and name, at any place.
fn sought(file: &GoneFile) -> GoneFile {
    GoneFile {
        path: Path::new("gone")
            .join(&file.path)
            .to_string_lossy()
            .into_owned(),
        ..file.clone()
    }
}

/// The row of a disposal from its record; `None` if it is not one of this program.
fn row(certificate: &DisposalCertificate, signature: &str) -> Option<DisposalRow> {
    let millis = |text: &str| -> Option<Millis> {
        let at = redact_record::manifest::Utc::from_text(text)?;
        Some(at.0.0.div_euclid(1_000_000))
    };
    let category = serde_json::from_value(serde_json::json!(certificate.category)).ok();
    let text = serde_json::to_string_pretty(certificate).ok()? + "\n";
    Some(DisposalRow {
        id: Id::read(&certificate.disposal)?,
        recording: Id::read(&certificate.recording)?,
        request: Id::read(&certificate.request)?,
        state: DisposalState::Done,
        releases: serde_json::json!(certificate.releases).to_string(),
        law: certificate.law.clone(),
        category: category.unwrap_or(Category::Other),
        counted_from: certificate.counted_from.clone(),
        until: certificate.had_to_stay_until.clone(),
        statute: certificate.statute.clone(),
        reason: String::new(),
        at: millis(&certificate.proposed_at)?,
        by: certificate.proposed_by.clone(),
        by_user: Id::read(&certificate.proposed_by_account)?,
        decided_at: millis(&certificate.confirmed_at),
        decided_by: Some(certificate.confirmed_by.clone()),
        decision: String::new(),
        files: Some("[]".to_owned()),
        done_at: millis(&certificate.done_at),
        certificate: Some(text),
        signature: Some(signature.to_owned()),
        recording_name: String::new(),
        recording_sha256: certificate.recording_sha256.clone(),
        recording_bytes: certificate.recording_bytes,
        recording_added_at: 0,
        request_number: certificate.request_number.clone(),
    })
}
