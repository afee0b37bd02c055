//! Packages as the API returns them: ordered, made by a job, downloaded, handed over.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::files::{self, SendAs};
use super::jobs::{self, Job};
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::jobs::{JobRow, newest_by_package};
use crate::db::packages::{self as rows, ExhibitRow, PackageCopyRow, PackageRow};
use crate::domain::package::{EncryptionInput, file_name, media_type};
use crate::domain::transmittals::ProfileInfo;
use crate::event::Event;
use crate::id::Id;
use crate::model::{
    EncryptionKind, Medium, PackageForm, PackageState, ReleaseState, Role, SessionUser,
};
use crate::service::app::{App, Shared};
use crate::service::packages::{self, Order};
use crate::service::sealed;
use crate::time;

/// `GET /transmittals`.
pub(crate) async fn profiles(State(app): State<App>) -> ApiResult<axum::Json<Vec<ProfileInfo>>> {
    let profiles = app.options.profiles.clone();
    let all = tokio::task::spawn_blocking(move || profiles.read()).await??;
    let infos = all.into_iter().map(|profile| profile.info);
    Ok(axum::Json(infos.collect()))
}

/// A package as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Package {
    id: Id,
    request: Id,
    request_number: String,
    /// Name of the profile.
    profile: String,
    /// Title of the profile.
    title: String,
    form: PackageForm,
    encryption: EncryptionKind,
    /// The public keys that open it.
    recipients: Vec<String>,
    /// Whether sealed records are in it.
    sealed: bool,
    /// Whether the profile includes `verify.html`, and whether it is in the package.
    wants_verifier: bool,
    has_verifier: bool,
    /// The date of the letters.
    dated: String,
    state: PackageState,
    job: Option<Job>,
    /// The name of its file.
    name: String,
    bytes: Option<i64>,
    /// SHA-256 of the file.
    sha256: Option<String>,
    /// SHA-256 of the package's manifest, as `redact verify` shows it.
    manifest_sha256: Option<String>,
    by: String,
    created_at: String,
    made_at: Option<String>,
    exhibits: Vec<ExhibitInfo>,
    copies: Vec<PackageCopy>,
}

/// A release in a package.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Exhibit"))]
pub(crate) struct ExhibitInfo {
    number: i64,
    release: Id,
    title: String,
    recording: Id,
    recording_name: String,
    state: ReleaseState,
    /// The release that replaced it.
    replaced_by: Option<Id>,
    /// Whether its review was reopened or sent back since it was made.
    reopened: bool,
}

/// A package that was handed over.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PackageCopy {
    id: Id,
    at: String,
    by: String,
    to: String,
    medium: Medium,
    note: String,
    /// SHA-256 of the package.
    sha256: String,
}

impl From<PackageCopyRow> for PackageCopy {
    fn from(row: PackageCopyRow) -> Self {
        Self {
            id: row.id,
            at: time::text(row.at),
            by: row.by,
            to: row.recipient,
            medium: row.medium,
            note: row.note,
            sha256: row.sha256,
        }
    }
}

impl From<ExhibitRow> for ExhibitInfo {
    fn from(row: ExhibitRow) -> Self {
        Self {
            number: row.number,
            release: row.release,
            title: row.title,
            recording: row.recording,
            recording_name: row.recording_name,
            state: row.state,
            replaced_by: row.replaced_by,
            reopened: row.reopened,
        }
    }
}

/// What belongs to the packages of a request.
struct Parts {
    exhibits: HashMap<Id, Vec<ExhibitRow>>,
    copies: HashMap<Id, Vec<PackageCopyRow>>,
    jobs: HashMap<Id, JobRow>,
}

impl Parts {
    async fn load(app: &Shared, request: &Id, only: Option<&Id>) -> ApiResult<Self> {
        Ok(Self {
            exhibits: rows::exhibits(&app.db, request).await?,
            copies: rows::copies(&app.db, request).await?,
            jobs: newest_by_package(&app.db, only).await?,
        })
    }

    fn present(&mut self, app: &Shared, row: PackageRow) -> Package {
        let exhibits = self.exhibits.remove(&row.id).unwrap_or_default();
        let copies = self.copies.remove(&row.id).unwrap_or_default();
        let job = self.jobs.remove(&row.id);
        Package {
            name: file_name(&row.id, row.form, row.encryption),
            job: job.map(|job| jobs::present(app, job)),
            exhibits: exhibits.into_iter().map(ExhibitInfo::from).collect(),
            copies: copies.into_iter().map(PackageCopy::from).collect(),
            recipients: serde_json::from_str(&row.recipients).unwrap_or_default(),
            created_at: time::text(row.created_at),
            made_at: row.made_at.map(time::text),
            id: row.id,
            request: row.request,
            request_number: row.request_number,
            profile: row.profile,
            title: row.title,
            form: row.form,
            encryption: row.encryption,
            sealed: row.sealed,
            wants_verifier: row.wants_verifier,
            has_verifier: row.has_verifier,
            dated: row.dated,
            state: row.state,
            bytes: row.bytes,
            sha256: row.sha256,
            manifest_sha256: row.manifest_sha256,
            by: row.by,
        }
    }
}

impl Package {
    pub(super) const fn id(&self) -> &Id {
        &self.id
    }
}

/// The packages of a request, newest first.
///
/// # Errors
/// Database errors.
pub(crate) async fn of_request(app: &Shared, request: &Id) -> ApiResult<Vec<Package>> {
    let mut parts = Parts::load(app, request, None).await?;
    let rows = rows::of_request(&app.db, request).await?.into_iter();
    Ok(rows.map(|row| parts.present(app, row)).collect())
}

async fn present_by_id(app: &Shared, id: &Id) -> ApiResult<Package> {
    let row = rows::by_id(&app.db, id).await?;
    let mut parts = Parts::load(app, &row.request, Some(id)).await?;
    Ok(parts.present(app, row))
}

/// `GET /packages/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Package>> {
    Ok(axum::Json(present_by_id(&app, &id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPackageBody {
    releases: Vec<Id>,
    profile: String,
    form: PackageForm,
    encryption: EncryptionKind,
    passphrase: Option<String>,
    #[serde(default)]
    recipients: Vec<String>,
    dated: Option<String>,
    /// Why it is made although a review was reopened or sent back since.
    #[serde(default)]
    despite: String,
}

/// `POST /requests/:id/packages`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    Path(request): Path<Id>,
    Body(given): Body<NewPackageBody>,
) -> ApiResult<(StatusCode, axum::Json<Package>)> {
    for release in &given.releases {
        sealed::check(&app, &who, "releases", release).await?;
    }
    let today = time::day_text(app.today());
    let dated = given.dated.unwrap_or(today);
    if time::read_day(&dated).is_none() {
        return Err(ApiError::field(
            "dated",
            "Expected a date such as 2026-01-31.",
        ));
    }
    let order = Order {
        releases: given.releases,
        profile: given.profile,
        form: given.form,
        encryption: EncryptionInput {
            kind: given.encryption,
            passphrase: given.passphrase,
            recipients: given.recipients,
        },
        dated,
        despite: given.despite,
    };
    let id = packages::begin(&app, &who, &request, order).await?;
    let package = present_by_id(&app, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(package)))
}

/// `GET /packages/:id/file`.
pub(crate) async fn file(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let row = rows::by_id(&app.db, &id).await?;
    let hidden = row.sealed && who.role == Role::Auditor;
    if hidden || row.state != PackageState::Ready {
        return Err(ApiError::not_found());
    }
    let path = packages::path(&app, &row);
    let name = file_name(&row.id, row.form, row.encryption);
    let sent = SendAs {
        kind: media_type(row.form, row.encryption),
        save_as: Some(&name),
    };
    let answer = files::send(&path, sent, &headers).await?;
    let event = Event::new(Act::Export, "download").id("package", &id);
    app.log_event(&who.name, event).await?;
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOverPackage {
    to: String,
    medium: Medium,
    #[serde(default)]
    note: String,
    /// Why it is handed over although a review was reopened or sent back since.
    #[serde(default)]
    despite: String,
}

/// `POST /packages/:id/copies`.
pub(crate) async fn hand_over(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<HandOverPackage>,
) -> ApiResult<(StatusCode, axum::Json<PackageCopy>)> {
    let row = rows::by_id(&app.db, &id).await?;
    let copy = PackageCopyRow {
        id: Id::random(),
        package: id,
        at: app.now(),
        by: who.name.clone(),
        recipient: text("to", &given.to, 200)?,
        medium: given.medium,
        note: optional_text("note", &given.note, 2000)?,
        sha256: row.sha256.clone().unwrap_or_default(),
    };
    packages::hand_over(&app, &who, &row, (copy.clone(), &given.despite)).await?;
    Ok((StatusCode::CREATED, axum::Json(copy.into())))
}
