//! Verifications of uploaded releases: the file, its manifest, its signature, and a verdict.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::files::{self, SendAs};
use super::jobs::{Job, present as present_job};
use super::uploads::check_finished;
use crate::api_error::{ApiError, ApiResult};
use crate::db::audits::{self as rows, AuditRow};
use crate::db::jobs::{self, JobRow, NewJob, newest_by_audit};
use crate::db::{pool, uploads};
use crate::domain::verdict::{self, Verdict};
use crate::event::Event;
use crate::id::Id;
use crate::model::{JobKind, Purpose, SessionUser};
use crate::paths::audit_files::{MANIFEST, RELEASE, REPORT, SIGNATURE};
use crate::service::app::{App, Shared};
use crate::service::audits::check_public;
use crate::service::change::Change;
use crate::time;

/// An audit as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Audit {
    id: Id,
    release_name: String,
    at: String,
    job: Option<Job>,
    verdict: Option<Verdict>,
    /// Whether there is a report to download.
    report: bool,
}

fn present(app: &Shared, row: AuditRow, job: Option<JobRow>) -> Audit {
    Audit {
        report: app.folders.audit(&row.id).join(REPORT).exists(),
        job: job.map(|job| present_job(app, job)),
        id: row.id,
        release_name: row.release_name,
        at: time::text(row.at),
        verdict: verdict::parse(row.verdict.as_deref()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAuditBody {
    release: Id,
    manifest: Id,
    signature: Id,
}

/// `POST /audits`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewAuditBody>,
) -> ApiResult<(StatusCode, axum::Json<Audit>)> {
    let mut files = Vec::new();
    let mut release_name = String::new();
    for (upload, name, field) in [
        (&given.release, RELEASE, "release"),
        (&given.manifest, MANIFEST, "manifest"),
        (&given.signature, SIGNATURE, "signature"),
    ] {
        let row = uploads::own(&app.db, &who.id, upload).await;
        let row = row.map_err(|_| ApiError::field(field, "Upload not found."))?;
        check_finished(&row)?;
        if row.purpose != Purpose::Audit {
            return Err(ApiError::field(field, "This upload is not for a check."));
        }
        if name == RELEASE {
            release_name = row.name;
        }
        if name == MANIFEST {
            check_public(&app.folders.upload(upload)).await?;
        }
        files.push((upload.clone(), name));
    }
    let id = Id::random();
    let folder = app.folders.audit(&id);
    tokio::fs::create_dir(&folder).await?;
    for (upload, name) in &files {
        tokio::fs::hard_link(app.folders.upload(upload), folder.join(name)).await?;
    }
    let mut change = pool::begin(&app.db).await?;
    rows::insert(&mut change, &id, (&who.id, &release_name), app.now()).await?;
    let mut job = NewJob::new(JobKind::Audit, &who.name);
    job.audit = Some(id.clone());
    jobs::insert(&mut change, job, app.now()).await?;
    app.log_event(&who.name, Event::new(Act::Verify, "asked").id("audit", &id))
        .await?;
    change.commit().await?;
    app.runner.wake(JobKind::Audit);
    app.notify(Change::Audit(id.clone()));
    let audit = present_by_id(&app, &who, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(audit)))
}

async fn present_by_id(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<Audit> {
    let row = rows::own(&app.db, &who.id, id).await?;
    let job = newest_by_audit(&app.db, &who.id).await?.remove(id);
    Ok(present(app, row, job))
}

/// `GET /audits`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Audit>>> {
    let mut jobs = newest_by_audit(&app.db, &who.id).await?;
    let rows = rows::of_user(&app.db, &who.id).await?.into_iter();
    let list = rows.map(|row| {
        let job = jobs.remove(&row.id);
        present(&app, row, job)
    });
    Ok(axum::Json(list.collect()))
}

/// `GET /audits/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Audit>> {
    Ok(axum::Json(present_by_id(&app, &who, &id).await?))
}

/// `GET /audits/:id/report`: what was checked, as a PDF.
pub(crate) async fn report(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    rows::own(&app.db, &who.id, &id).await?;
    let path = app.folders.audit(&id).join(REPORT);
    if !path.exists() {
        return Err(ApiError::not_found());
    }
    let name = format!("verification-{}.pdf", &id.as_str()[..8]);
    let shown = SendAs {
        kind: "application/pdf",
        save_as: Some(&name),
    };
    let answer = files::send(&path, shown, &headers).await?;
    let event = Event::new(Act::Export, "download")
        .id("audit", &id)
        .label("file", "verification");
    app.log_event(&who.name, event).await?;
    Ok(answer)
}
