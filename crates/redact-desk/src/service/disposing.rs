//! Removes everything of a recording whose disposal was confirmed, and proves that it is gone.
//!
//! Every step can be done again: after a crash the desk goes on where it was. What there is is
//! listed with digests before anything is removed, so that the list says what there was.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redact_record::events::Act;

use super::app::{App, Shared};
use super::change::Change;
use super::clips;
use super::copies_of_file::{self, FoundCopies};
use super::ledger::{self, LedgerLine};
use super::left_backups;
use super::recording_changes::stop_jobs;
use super::statistics;
use crate::api_error::{ApiError, ApiResult};
use crate::db::disposals::{self, DisposalRow, StayingRow};
use crate::db::pool::{self, Db};
use crate::db::{backups, jobs, recordings, releases, reviews, uploads};
use crate::domain::disposal::{BackupNamed, DisposalCertificate, GoneFile, StaysElsewhere};
use crate::event::Event;
use crate::id::Id;
use crate::paths::Folders;
use crate::paths::recording_files::SOURCE;
use crate::paths::release_files::PLAN;
use crate::time::{self, Millis};

/// How often a disposal that failed is tried again before the next start.
const TRIES: u32 = 5;

const PAUSE: Duration = Duration::from_secs(20);

/// How long to wait before looking again whether a backup runs.
const BACKUP_PAUSE: Duration = Duration::from_secs(2);

/// Begins to remove, in the background.
pub(crate) fn begin(app: &App, id: Id) {
    let app = App::clone(app);
    tokio::spawn(async move {
        for _ in 0..TRIES {
            match run(&app, &id).await {
                Ok(()) => return,
                Err(error) => tracing::error!("desk: disposal {id}: {error:?}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
}

/// Goes on with disposals that a crash or a full disk interrupted, and removes what is left of
/// recordings that were removed.
///
/// # Errors
/// Database errors.
pub(crate) async fn resume(app: &App) -> ApiResult<()> {
    for id in disposals::removed(&app.db).await? {
        tokio::fs::remove_dir_all(app.folders.recording(&id))
            .await
            .ok();
    }
    for id in disposals::unfinished(&app.db).await? {
        begin(app, id);
    }
    Ok(())
}

/// Removes, proves and records.
async fn run(app: &Shared, id: &Id) -> ApiResult<()> {
    let row = disposals::by_id(&app.db, id).await?;
    stop_jobs(app, &row.recording).await?;
    let alone = app.review_lock.lock().await;
    let chosen: Vec<Id> =
        serde_json::from_str(&row.releases).map_err(|error| ApiError::internal(&error))?;
    let places = places((&app.db, &app.folders), &row.recording, &chosen).await?;
    if row.files.is_none() {
        let files = list(app, &row, places.clone()).await?;
        let text = serde_json::json!(files).to_string();
        disposals::set_files(&app.db, id, &text).await?;
    }
    let row = disposals::by_id(&app.db, id).await?;
    let files: Vec<GoneFile> = serde_json::from_str(row.files.as_deref().unwrap_or("[]"))
        .map_err(|error| ApiError::internal(&error))?;
    clear_rows(app, &row, (&chosen, &files)).await?;
    remove(app, &places, &files).await?;
    empty_caches(app).await?;
    drop(alone);
    wait_for_backups(app).await?;
    // Free pages of the database and its log still have what was in it.
    pool::wipe(&app.db).await?;
    let staying = disposals::staying(&app.db, &row.recording).await?;
    let found = prove(app, &files, &staying).await?;
    finish(app, &row, (chosen, files), (staying, found)).await
}

/// Removes what ended backups left, and waits for those that run: they have copies of the database
/// and second names of files from before.
async fn wait_for_backups(app: &Shared) -> ApiResult<()> {
    loop {
        let work = app.folders.work();
        if tokio::task::spawn_blocking(move || left_backups::remove(&work)).await?? == 0 {
            return Ok(());
        }
        tokio::time::sleep(BACKUP_PAUSE).await;
    }
}

/// The folders and files that go.
///
/// # Errors
/// Database errors.
pub(crate) async fn places(
    (db, folders): (&Db, &Folders),
    recording: &Id,
    chosen: &[Id],
) -> ApiResult<Vec<PathBuf>> {
    let mut places = vec![folders.recording(recording)];
    for head in reviews::heads(db, recording).await? {
        places.push(folders.plans(&head.review.id));
    }
    for job in jobs::of_recording(db, recording).await? {
        places.push(folders.clip(&job));
    }
    for release in releases::of_recording(db, recording).await? {
        let folder = folders.release(&release.id);
        if chosen.contains(&release.id) {
            places.push(folder);
            for package in disposals::packages_with(db, &release.id).await? {
                places.push(folders.package(&package));
            }
        } else {
            // What the release shows stays; how the recording was read and what was said, not.
            places.push(folder.join(PLAN));
        }
    }
    places.retain(|place| place.exists());
    Ok(places)
}

/// What there is, with digests: also copies of the same files elsewhere in the data folder that no
/// other recording needs, such as uploads that nobody finished.
async fn list(app: &Shared, row: &DisposalRow, places: Vec<PathBuf>) -> ApiResult<Vec<GoneFile>> {
    // Statistics are counted from manifests, once.
    statistics::count_figures(app, &row.recording).await?;
    let root = app.folders.root().to_owned();
    let staying = disposals::staying(&app.db, &row.recording).await?;
    let others = others(&app.folders, &staying)?;
    let (folder, uploads) = (app.folders.recording(&row.recording), app.folders.uploads());
    let listed = tokio::task::spawn_blocking(move || {
        let mut files = Vec::new();
        for place in &places {
            copies_of_file::add_files(&root, place, &mut files)?;
        }
        for begun in begun_uploads(&folder, &uploads)? {
            copies_of_file::add_files(&root, &begun, &mut files)?;
        }
        let found = copies_of_file::find(&root, &files, &others)?;
        for copy in found.copies {
            if !files.iter().any(|known: &GoneFile| known.path == copy.path) {
                files.push(copy);
            }
        }
        std::io::Result::Ok(files)
    });
    Ok(listed.await??)
}

/// Uploads with which the recording in `folder` begins, which nobody finished.
///
/// # Errors
/// For a file that cannot be read.
pub(crate) fn begun_uploads(folder: &Path, uploads: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        copies_of_file::files_below(folder, &mut files)?;
    }
    let is_source = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == SOURCE);
    match files.iter().find(is_source) {
        Some(source) => copies_of_file::beginnings(uploads, source),
        None => Ok(Vec::new()),
    }
}

/// Folders in which equal bytes belong to something that stays: all other recordings, whatever file
/// they are of, and reviews, releases, packages and audits, which go only by their place. What a
/// backup holds while it runs goes with it.
///
/// # Errors
/// If the folder of temporary files cannot be read.
pub(crate) fn others(folders: &Folders, staying: &[StayingRow]) -> ApiResult<HashSet<PathBuf>> {
    let mut others: HashSet<PathBuf> = staying
        .iter()
        .map(|other| folders.recording(&other.id))
        .collect();
    others.extend([folders.releases(), folders.packages()]);
    others.extend(["reviews", "audits"].map(|name| folders.root().join(name)));
    others.extend(left_backups::folders(&folders.work())?);
    Ok(others)
}

/// Removes from the database what reproduces the recording, and says so in the event log.
async fn clear_rows(
    app: &Shared,
    row: &DisposalRow,
    (chosen, files): (&[Id], &[GoneFile]),
) -> ApiResult<()> {
    let heads = reviews::heads(&app.db, &row.recording).await?;
    for head in &heads {
        clips::delete(app, &head.review.id).await?;
    }
    let mut change = pool::begin(&app.db).await?;
    for release in chosen {
        disposals::clear_release(&mut change, release, app.now()).await?;
    }
    for file in files {
        if let Some(upload) = Folders::upload_at(&file.path) {
            uploads::delete(&mut *change, &upload).await?;
        }
    }
    recordings::dispose(&mut change, &row.recording, app.now()).await?;
    let event = Event::new(Act::Intake, "disposal-removing")
        .id("recording", &row.recording)
        .id("disposal", &row.id);
    app.log_event(row.decided_by.as_deref().unwrap_or(&row.by), event)
        .await?;
    change.commit().await?;
    app.forget_findings(&row.recording);
    app.previews.forget(&row.recording);
    app.notify(Change::Recording(row.recording.clone()));
    Ok(())
}

async fn remove(app: &Shared, places: &[PathBuf], files: &[GoneFile]) -> ApiResult<()> {
    let root = app.folders.root();
    let listed = files.iter().map(|file| root.join(&file.path));
    let all: Vec<PathBuf> = listed.chain(places.iter().cloned()).collect();
    tokio::task::spawn_blocking(move || copies_of_file::remove(&all)).await??;
    Ok(())
}

/// Removes everything from the caches.
async fn empty_caches(app: &Shared) -> ApiResult<()> {
    let caches = app.options.caches.clone();
    let emptied = tokio::task::spawn_blocking(move || {
        for cache in caches.iter().filter(|folder| folder.is_dir()) {
            let mut files = Vec::new();
            copies_of_file::files_below(cache, &mut files)?;
            copies_of_file::remove(&files)?;
        }
        std::io::Result::Ok(())
    });
    Ok(emptied.await??)
}

/// Searches the data folder for the files that there were.
///
/// # Errors
/// If one of them is still there.
async fn prove(app: &Shared, files: &[GoneFile], staying: &[StayingRow]) -> ApiResult<FoundCopies> {
    let (root, files) = (app.folders.root().to_owned(), files.to_vec());
    let others = others(&app.folders, staying)?;
    let found = tokio::task::spawn_blocking(move || {
        let left = files.iter().find(|file| root.join(&file.path).exists());
        let left = left.map(|file| file.path.clone());
        Ok::<_, std::io::Error>((left, copies_of_file::find(&root, &files, &others)?))
    });
    let (left, found) = found.await??;
    let left = left.or_else(|| found.copies.first().map(|copy| copy.path.clone()));
    match left {
        Some(path) => Err(ApiError::internal(&format!(
            "disposal: {path} is still there"
        ))),
        None => Ok(found),
    }
}

/// The backups that were made since the recording was added.
async fn backups_with(app: &Shared, row: &DisposalRow) -> ApiResult<Vec<BackupNamed>> {
    let known = backups::since(&app.db, row.recording_added_at).await?;
    let named = known.into_iter().map(|backup| BackupNamed {
        at: time::text(backup.at),
        path: backup.path,
        manifest_sha256: backup.manifest_sha256,
    });
    Ok(named.collect())
}

async fn finish(
    app: &Shared,
    row: &DisposalRow,
    (chosen, files): (Vec<Id>, Vec<GoneFile>),
    (staying, found): (Vec<StayingRow>, FoundCopies),
) -> ApiResult<()> {
    let now = app.now();
    let certificate = certificate(app, (row, now), (chosen, files), (staying, found)).await?;
    let text = serde_json::to_string_pretty(&certificate);
    let text = text.map_err(|error| ApiError::internal(&error))? + "\n";
    let (sign, at, bytes) = (
        app.options.sign_disposal.clone(),
        app.now_nanos(),
        text.clone().into_bytes(),
    );
    let signed = tokio::task::spawn_blocking(move || {
        sign(&bytes, at).map_err(|error| ApiError::internal(&error))
    });
    let signature = signed.await??;
    // The ledger first: a restore must know of every disposal that the desk says is done.
    let line = LedgerLine::Disposal {
        certificate: Box::new(certificate.clone()),
        signature: signature.clone(),
    };
    ledger::add(app, line).await?;
    let mut change = pool::begin(&app.db).await?;
    disposals::set_done(&mut change, &row.id, (&text, &signature), now).await?;
    let event = Event::new(Act::Intake, "disposed")
        .id("recording", &row.recording)
        .id("disposal", &row.id)
        .subject("certificate", redact_record::digest_bytes(text.as_bytes()))
        .count("files", certificate.files.len())
        .count("backups-with-it", certificate.backups_with_it.len());
    app.log_event(&certificate.confirmed_by, event).await?;
    change.commit().await?;
    app.notify(Change::Request(row.request.clone()));
    Ok(())
}

/// The record of what was done.
async fn certificate(
    app: &Shared,
    (row, now): (&DisposalRow, Millis),
    (chosen, files): (Vec<Id>, Vec<GoneFile>),
    (staying, found): (Vec<StayingRow>, FoundCopies),
) -> ApiResult<DisposalCertificate> {
    let has_equal = |id: &Id| {
        let folder = format!("recordings/{id}/source");
        found.stay.iter().any(|path| path.starts_with(&folder))
    };
    let same_file_stays_in = staying
        .into_iter()
        .filter(|other| other.same || has_equal(&other.id))
        .map(|other| StaysElsewhere {
            recording: other.id.to_string(),
            request_number: other.number,
        })
        .collect();
    Ok(DisposalCertificate {
        format_version: 1,
        disposal: row.id.to_string(),
        recording: row.recording.to_string(),
        recording_sha256: row.recording_sha256.clone(),
        recording_bytes: row.recording_bytes,
        request: row.request.to_string(),
        request_number: row.request_number.clone(),
        law: app.statutes.title(&row.law).to_owned(),
        statute: row.statute.clone(),
        category: row.category.word().to_owned(),
        counted_from: row.counted_from.clone(),
        had_to_stay_until: row.until.clone(),
        proposed_at: time::text(row.at),
        proposed_by: row.by.clone(),
        proposed_by_account: row.by_user.to_string(),
        confirmed_at: row.decided_at.map_or_else(String::new, time::text),
        confirmed_by: row.decided_by.clone().unwrap_or_default(),
        done_at: time::text(now),
        releases: chosen.iter().map(Id::to_string).collect(),
        files,
        files_compared: found.compared,
        caches_emptied: app.options.caches.len(),
        queue_store: app.options.queue_store.clone(),
        same_file_stays_in,
        files_that_stay: found.stay,
        backups_with_it: backups_with(app, row).await?,
    })
}
