//! Packages: releases of one request for one recipient.
//!
//! The request and the profile are stored before the package is queued, so that after a crash it is
//! made from the same inputs. A passphrase stays in memory until its package is made.

use std::path::PathBuf;

use redact_record::Overwrite;
use redact_record::events::Act;
use redact_record::manifest;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::deliveries::{self, Leaving};
use super::due;
use super::package_state::{forget, passphrases};
use super::releases;
use crate::api_error::{ApiError, ApiResult};
use crate::db;
use crate::db::jobs::{self, NewJob};
use crate::db::packages::{self, NewPackage, PackageCopyRow, PackageRow};
use crate::db::pool;
use crate::db::practice;
use crate::db::releases::ReleaseRow;
use crate::domain::package::{EncryptionInput, RELEASES_MAX, file_name};
use crate::domain::transmittals::Profile;
use crate::event::Event;
use crate::id::Id;
use crate::model::{EncryptionKind, JobKind, PackageForm, PackageState, ReleaseState, SessionUser};
use crate::paths::package_files::{PROFILE, REQUEST};
use crate::paths::recording_files::FINDINGS;
use crate::private;
use crate::task::{PackageEncryption, PackageTask, TaskError};

/// A package as a user orders it.
pub(crate) struct Order {
    /// In the order of the exhibits.
    pub(crate) releases: Vec<Id>,
    /// Name of the profile.
    pub(crate) profile: String,
    pub(crate) form: PackageForm,
    pub(crate) encryption: EncryptionInput,
    /// The date of the letters.
    pub(crate) dated: String,
    /// Why it is made although a review was reopened or sent back since; may be empty.
    pub(crate) despite: String,
}

/// The path of a package.
pub(crate) fn path(app: &Shared, row: &PackageRow) -> PathBuf {
    let folder = app.folders.package(&row.id);
    folder.join(file_name(&row.id, row.form, row.encryption))
}

/// Why a release cannot be in a package; `None` if it can.
///
/// The program checks the same and more when it makes the package; this is what a user can be shown
/// at once.
fn problem(release: &ReleaseRow, request: &Id) -> Option<ApiError> {
    let name = format!("{} ({})", release.title, release.recording_name);
    let error = if release.request != *request {
        ApiError::conflict(
            "other_request",
            format!(
                "{name} belongs to request {}. A package contains releases of one request.",
                release.request_number
            ),
        )
    } else if let Some(newer) = &release.replaced_by {
        let message = format!("{name} was replaced by a newer release. Choose the newer one.");
        return Some(
            ApiError::conflict("replaced", message)
                .details(json!({ "release": release.id, "replaced_by": newer })),
        );
    } else if release.state != ReleaseState::Ready {
        let message = format!("{name} is not verified. Only verified releases can be chosen.");
        ApiError::conflict("not_verified", message)
    } else {
        return None;
    };
    Some(error.details(json!({ "release": release.id })))
}

/// The chosen releases, in order.
async fn chosen(app: &Shared, request: &Id, ids: &[Id]) -> ApiResult<Vec<ReleaseRow>> {
    if ids.is_empty() || ids.len() > RELEASES_MAX {
        let message = format!("Choose 1 to {RELEASES_MAX} releases.");
        return Err(ApiError::field("releases", message));
    }
    let mut rows: Vec<ReleaseRow> = Vec::with_capacity(ids.len());
    for id in ids {
        let unknown = |_| ApiError::field("releases", "Release not found.");
        let row = db::releases::by_id(&app.db, id).await.map_err(unknown)?;
        if rows.iter().any(|known| known.id == row.id) {
            let message = "A release was chosen twice.";
            return Err(ApiError::field("releases", message));
        }
        if let Some(problem) = problem(&row, request) {
            return Err(problem);
        }
        rows.push(row);
    }
    Ok(rows)
}

async fn profile(app: &Shared, order: &Order) -> ApiResult<Profile> {
    let profiles = app.options.profiles.clone();
    let all = tokio::task::spawn_blocking(move || profiles.read()).await??;
    let found = all.into_iter().find(|one| one.info.name == order.profile);
    let unknown = || ApiError::field("profile", "There is no profile of this name.");
    let profile = found.ok_or_else(unknown)?;
    if let Some(problem) = &profile.info.problem {
        return Err(ApiError::field("profile", problem.clone()));
    }
    if !profile.info.forms.contains(&order.form) {
        let message = format!("{} does not allow this form.", profile.info.title);
        return Err(ApiError::field("form", message));
    }
    if profile.info.encrypt && order.encryption.kind == EncryptionKind::None {
        let message = format!("{} requires encryption.", profile.info.title);
        return Err(ApiError::refused("encryption_required", message)
            .hint("Enter a passphrase, or the recipient's public key."));
    }
    Ok(profile)
}

/// Queues a package and returns its id.
///
/// # Errors
/// 400 for an invalid value; 404; 409 `closed`, `other_request`, `replaced`, `not_verified`,
/// `reopened`, `number_changed`; 422 `encryption_required`.
pub(crate) async fn begin(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    order: Order,
) -> ApiResult<Id> {
    // No release is replaced in between.
    let _alone = app.review_lock.lock().await;
    let message = "Releases of a practice request cannot be packaged.";
    practice::refuse(&app.db, request, message).await?;
    let facts = due::facts(app, request).await?;
    check_open(app, request).await?;
    let rows = chosen(app, request, &order.releases).await?;
    let leaving = leaving(&rows);
    let despite = deliveries::check(app, request, &leaving, &order.despite).await?;
    let profile = profile(app, &order).await?;
    let kind = order.encryption.kind;
    let encryption = order.encryption.check()?;
    let law = app.statutes.title(&facts.jurisdiction);
    let file = releases::request_file((&facts, law), "", "");
    check_number(app, &rows, file.request.request_number.as_deref())?;
    let id = Id::random();
    let folder = app.folders.package(&id);
    private::folder(&folder).map_err(|error| ApiError::internal(&error))?;
    manifest::write_request(&folder.join(REQUEST), &file, Overwrite::Never)?;
    let text = profile.text.as_bytes();
    redact_record::write_for_owner(&folder.join(PROFILE), text, Overwrite::Never)?;
    let info = profile.info;
    let mut change = pool::begin(&app.db).await?;
    let new = NewPackage {
        id: &id,
        request,
        profile: &info.name,
        title: &info.title,
        form: order.form,
        encryption: kind,
        recipients: json!(recipients(&encryption)).to_string(),
        sealed: info.sealed_manifests || info.findings,
        wants_verifier: info.verifier,
        dated: &order.dated,
        by: &who.name,
        releases: &order.releases,
        now: app.now(),
    };
    packages::insert(&mut change, new).await?;
    despite.note(app, &mut change, (&who.name, request)).await?;
    let job = NewJob {
        request: Some(request.clone()),
        package: Some(id.clone()),
        ..NewJob::new(JobKind::Package, &who.name)
    };
    jobs::insert(&mut change, job, app.now()).await?;
    let event = Event::new(Act::Export, "package-queued")
        .id("package", &id)
        .id("request", request)
        .label("profile", &info.name)
        .count("releases", order.releases.len());
    app.log_event(&who.name, event).await?;
    if let PackageEncryption::Passphrase(passphrase) = encryption {
        passphrases(app).insert(id.clone(), passphrase);
    }
    if let Err(error) = change.commit().await {
        forget(app, &id);
        return Err(error.into());
    }
    app.runner.wake(JobKind::Package);
    app.notify(Change::Request(request.clone()));
    Ok(id)
}

fn leaving(rows: &[ReleaseRow]) -> Vec<Leaving<'_>> {
    rows.iter()
        .map(|row| Leaving {
            release: &row.id,
            recording: &row.recording,
            name: format!("{} ({})", row.title, row.recording_name),
            reopened: row.reopened,
        })
        .collect()
}

fn recipients(encryption: &PackageEncryption) -> &[String] {
    match encryption {
        PackageEncryption::Recipients(keys) => keys,
        PackageEncryption::None | PackageEncryption::Passphrase(_) => &[],
    }
}

/// Refuses releases that were made while the request had another number: their sealed manifests
/// name it, so that the program would not put them into a package of this request.
fn check_number(app: &Shared, rows: &[ReleaseRow], number: Option<&str>) -> ApiResult<()> {
    for row in rows {
        let path = app
            .folders
            .release(&row.id)
            .join(crate::paths::release_files::REQUEST);
        // What cannot be read is found when the package is made.
        let Ok(made_for) = manifest::read_request(&path) else {
            continue;
        };
        if made_for.request.request_number.as_deref() != number {
            let found = made_for.request.request_number.unwrap_or_default();
            let message = format!(
                "{} ({}) was made when this request had the number {found}.",
                row.title, row.recording_name
            );
            return Err(ApiError::conflict("number_changed", message)
                .hint("Change the number back, or render the release again."));
        }
    }
    Ok(())
}

/// The task that makes a package.
///
/// # Errors
/// If a release was replaced or failed its check meanwhile, or the passphrase is gone.
pub(crate) async fn task(
    app: &Shared,
    id: &Id,
    by: String,
) -> ApiResult<Result<PackageTask, TaskError>> {
    let row = packages::by_id(&app.db, id).await?;
    let all = packages::exhibits(&app.db, &row.request).await?;
    let mut paths = Vec::new();
    let mut findings = Vec::new();
    for exhibit in all.get(id).map_or(&[][..], Vec::as_slice) {
        let release = db::releases::by_id(&app.db, &exhibit.release).await?;
        if let Some(problem) = problem(&release, &row.request) {
            let (_, body) = problem.into_parts();
            let message = body["error"]["message"].as_str().unwrap_or_default();
            return Ok(Err(TaskError {
                hint: Some("Make the package again.".to_owned()),
                ..TaskError::new(message)
            }));
        }
        paths.push(releases::path(app, &release));
        findings.push(app.folders.recording(&release.recording).join(FINDINGS));
    }
    let encryption = match row.encryption {
        EncryptionKind::None => PackageEncryption::None,
        EncryptionKind::Recipients => {
            let keys = serde_json::from_str(&row.recipients);
            PackageEncryption::Recipients(keys.map_err(|error| ApiError::internal(&error))?)
        }
        EncryptionKind::Passphrase => match passphrases(app).get(id) {
            Some(passphrase) => PackageEncryption::Passphrase(passphrase.clone()),
            None => return Ok(Err(without_passphrase())),
        },
    };
    let folder = app.folders.package(id);
    Ok(Ok(PackageTask {
        releases: paths,
        findings,
        request: folder.join(REQUEST),
        profile: folder.join(PROFILE),
        package: path(app, &row),
        dated: row.dated,
        encryption,
        by,
    }))
}

fn without_passphrase() -> TaskError {
    TaskError {
        hint: Some("Make the package again, and enter the passphrase.".to_owned()),
        ..TaskError::new("passphrases are not stored")
    }
}

/// Records who received a package. `despite`: why, although a review in it was reopened or sent
/// back since; may be empty.
///
/// # Errors
/// 409 `not_ready`, `not_verified`, `closed`, `reopened`.
pub(crate) async fn hand_over(
    app: &Shared,
    who: &SessionUser,
    row: &PackageRow,
    (copy, despite): (PackageCopyRow, &str),
) -> ApiResult<()> {
    // Nobody sends a review back in between.
    let _alone = app.review_lock.lock().await;
    if row.state != PackageState::Ready {
        let message = "The package is not ready.";
        return Err(ApiError::conflict("not_ready", message));
    }
    let all = packages::exhibits(&app.db, &row.request).await?;
    let exhibits = all.get(&row.id).map_or(&[][..], Vec::as_slice);
    if let Some(wrong) = exhibits.iter().find(|one| one.state != ReleaseState::Ready) {
        let message = format!(
            "Exhibit {} ({}) is no longer verified. Only verified releases can be handed over.",
            wrong.number, wrong.recording_name
        );
        return Err(ApiError::conflict("not_verified", message));
    }
    let leaving: Vec<Leaving<'_>> = exhibits
        .iter()
        .map(|one| Leaving {
            release: &one.release,
            recording: &one.recording,
            name: format!("exhibit {} ({})", one.number, one.recording_name),
            reopened: one.reopened,
        })
        .collect();
    let despite = deliveries::check(app, &row.request, &leaving, despite).await?;
    let mut event = Event::new(Act::Delivery, "copy").id("package", &row.id);
    if let Some(digest) = redact_core::Digest::from_hex(&copy.sha256) {
        event = event.subject("package", digest);
    }
    let mut change = pool::begin(&app.db).await?;
    packages::insert_copy(&mut change, &copy).await?;
    let named = (who.name.as_str(), &row.request);
    despite.note(app, &mut change, named).await?;
    // The recipient is stored only in the database: the event log takes no free text.
    let event = event.label("medium", copy.medium.word());
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Request(row.request.clone()));
    for exhibit in exhibits {
        app.notify(Change::Release(exhibit.release.clone()));
    }
    Ok(())
}
