//! Checks of releases that somebody brings: the file, its manifest, its signature, and a verdict.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body};
use crate::app::{App, Note, Shared};
use crate::jobs::VerifyTask;
use crate::queue::{self, Job, Kind, NewJob};
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::uploads::{self, Purpose};

/// Names that the checker finds its files by: the manifest's signature beside it.
const RELEASE: &str = "release.mp4";
const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.json.minisig";

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    release_name: String,
    at: Millis,
    verdict: Option<String>,
}

/// An audit as the page sees it.
#[derive(Serialize)]
pub(crate) struct Audit {
    id: Id,
    release_name: String,
    at: String,
    job: Option<Job>,
    verdict: Option<Value>,
}

async fn shown(app: &Shared, row: Row) -> Answer<Audit> {
    Ok(Audit {
        job: queue::of_audit(app, &row.id).await?,
        id: row.id,
        release_name: row.release_name,
        at: time::text(row.at),
        verdict: row
            .verdict
            .and_then(|text| serde_json::from_str(&text).ok()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    release: Id,
    manifest: Id,
    signature: Id,
}

/// `POST /audits`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: Who,
    Body(given): Body<New>,
) -> Answer<(StatusCode, axum::Json<Audit>)> {
    let mut files = Vec::new();
    let mut release_name = String::new();
    for (upload, name, field) in [
        (&given.release, RELEASE, "release"),
        (&given.manifest, MANIFEST, "manifest"),
        (&given.signature, SIGNATURE, "signature"),
    ] {
        let row = uploads::own(&app, &who, upload).await;
        let row = row.map_err(|_| ApiError::field(field, "There is no such upload."))?;
        row.check_finished()?;
        if row.purpose != Purpose::Audit {
            return Err(ApiError::field(field, "That upload is not for a check."));
        }
        if name == RELEASE {
            release_name = row.name;
        }
        files.push((upload.clone(), name));
    }
    let id = Id::random();
    let folder = app.folders.audit(&id);
    tokio::fs::create_dir(&folder).await?;
    for (upload, name) in &files {
        tokio::fs::hard_link(app.folders.upload(upload), folder.join(name)).await?;
    }
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("INSERT INTO audits (id, user, release_name, at) VALUES (?, ?, ?, ?)")
        .bind(&id)
        .bind(&who.id)
        .bind(release_name)
        .bind(app.now())
        .execute(&mut *change)
        .await?;
    let mut job = NewJob::new(Kind::Audit, &who.name);
    job.audit = Some(id.clone());
    job.queue(app.now(), &mut change).await?;
    app.note(&who.name, Note::new(Act::Verify, "asked").id("audit", &id))
        .await?;
    change.commit().await?;
    app.runner.wake(Kind::Audit);
    app.tell(Change::Audit { id: id.clone() });
    let row = find(&app, &who, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(shown(&app, row).await?)))
}

async fn find(app: &Shared, who: &Who, id: &Id) -> Answer<Row> {
    sqlx::query_as("SELECT id, release_name, at, verdict FROM audits WHERE id = ? AND user = ?")
        .bind(id)
        .bind(&who.id)
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(ApiError::not_found)
}

/// `GET /audits`.
pub(crate) async fn list(State(app): State<App>, who: Who) -> Answer<axum::Json<Vec<Audit>>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, release_name, at, verdict FROM audits WHERE user = ? ORDER BY at DESC",
    )
    .bind(&who.id)
    .fetch_all(&app.db)
    .await?;
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        list.push(shown(&app, row).await?);
    }
    Ok(axum::Json(list))
}

/// `GET /audits/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Audit>> {
    let row = find(&app, &who, &id).await?;
    Ok(axum::Json(shown(&app, row).await?))
}

/// The check that an audit asks for.
pub(crate) fn task(app: &Shared, audit: &Id, by: String) -> VerifyTask {
    let folder = app.folders.audit(audit);
    VerifyTask {
        release: folder.join(RELEASE),
        manifest: folder.join(MANIFEST),
        source: None,
        previous: None,
        report: None,
        by,
    }
}
