//! Releases: rendered from an approved review, checked, handed over, and every copy written down.
//!
//! A release may take the place of an earlier one of the same recording; both stay, and each says
//! so. What is rendered is written down before it is queued: the plan, and the request as it was.

mod chain;
mod copies;
mod files;
mod order;
mod verdict;

use std::path::{Path, PathBuf};

use axum::extract::{Path as Named, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError};
use crate::app::{App, Shared};
use crate::queue::{self, Job, Kind, NewJob};
use crate::recordings;
use crate::review::Shown;
use crate::routes::Role;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};

pub(crate) use chain::differences;
pub use copies::{RecordedCopy, recorded_copies};
pub(crate) use copies::{copies, hand_over};
pub(crate) use files::{file, report_path};
pub(crate) use order::{begin, order};
pub(crate) use verdict::{unreadable, verdict};

use files::FileKind;

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    request: Id,
    recording: Id,
    review: Id,
    revision: i64,
    title: String,
    policy_name: String,
    stem: String,
    approvals: String,
    state: String,
    verdict: Option<String>,
    made_at: Option<Millis>,
    replaces: Option<Id>,
    why: String,
    replaced_by: Option<Id>,
    request_number: String,
    recording_name: String,
    copies: i64,
}

const ROW: &str = "SELECT id, request, recording, review, revision, title, policy_name, stem,
    approvals, state, verdict, made_at, replaces, why,
    (SELECT newer.id FROM releases newer WHERE newer.replaces = releases.id
       AND newer.state != 'failed') AS replaced_by,
    (SELECT number FROM requests WHERE requests.id = releases.request) AS request_number,
    (SELECT name FROM recordings WHERE recordings.id = releases.recording) AS recording_name,
    (SELECT count(*) FROM copies WHERE copies.release = releases.id) AS copies FROM releases";

/// A release as the page sees it.
#[derive(Serialize)]
pub(crate) struct Release {
    id: Id,
    request: Id,
    recording: Id,
    review: Id,
    revision: i64,
    title: String,
    policy_name: String,
    state: String,
    job: Option<Job>,
    verdict: Option<Value>,
    files: Vec<FileShown>,
    approvals: Value,
    made_at: Option<String>,
    request_number: String,
    recording_name: String,
    why: String,
    /// The newer release that took its place.
    replaced_by: Option<Id>,
    /// All that took each other's place, the oldest first; of one release alone, empty.
    chain: Vec<chain::Link>,
    /// Other releases of the recording, to compare with.
    others: Vec<chain::Link>,
    copies: i64,
}

#[derive(Serialize)]
struct FileShown {
    kind: FileKind,
    name: String,
    bytes: u64,
}

/// What the files of a release are named after: nothing of the recording, the request or the policy
/// reaches whoever gets them.
pub(crate) fn neutral_stem(id: &Id) -> String {
    format!("release-{}", &id.as_str()[..8])
}

/// The name that a file of a release goes out under. On the disk, releases of earlier versions are
/// named after recording and request.
fn neutral_name(row: &Row, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let rest = name.strip_prefix(&row.stem).unwrap_or(".file");
    format!("{}{rest}", neutral_stem(&row.id))
}

fn release_file(app: &Shared, id: &Id, stem: &str) -> PathBuf {
    app.folders.release(id).join(format!("{stem}.redacted.mp4"))
}

async fn row(app: &Shared, id: &Id) -> Answer<Row> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROW} WHERE id = ?")))
        .bind(id)
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(ApiError::not_found)
}

async fn shown(app: &Shared, row: Row) -> Answer<Release> {
    let path = release_file(app, &row.id, &row.stem);
    let files = FileKind::ALL.into_iter().filter_map(|kind| {
        let path = kind.path(&path);
        Some(FileShown {
            kind,
            bytes: std::fs::metadata(&path).ok()?.len(),
            name: neutral_name(&row, &path),
        })
    });
    // Before the release is there, nothing of it is shown.
    let files: Vec<_> = if path.exists() {
        files.collect()
    } else {
        Vec::new()
    };
    Ok(Release {
        job: queue::of_release(app, &row.id).await?,
        verdict: row
            .verdict
            .and_then(|text| serde_json::from_str(&text).ok()),
        approvals: serde_json::from_str(&row.approvals).unwrap_or_default(),
        made_at: row.made_at.map(time::text),
        id: row.id,
        request: row.request,
        recording: row.recording,
        review: row.review,
        revision: row.revision,
        title: row.title,
        policy_name: row.policy_name,
        state: row.state,
        files,
        request_number: row.request_number,
        recording_name: row.recording_name,
        why: row.why,
        replaced_by: row.replaced_by,
        chain: Vec::new(),
        others: Vec::new(),
        copies: row.copies,
    })
}

async fn all(app: &Shared, rows: Vec<Row>, who: Option<&Who>) -> Answer<Vec<Release>> {
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        let release = shown(app, row).await?;
        list.push(match who {
            Some(who) => release.for_role(who.role),
            None => release,
        });
    }
    Ok(list)
}

impl Release {
    /// Without what an auditor does not get.
    fn for_role(mut self, role: Role) -> Self {
        if role == Role::Auditor {
            self.files.retain(|file| !file.kind.is_sealed());
        }
        self
    }
}

/// The releases of a request.
///
/// # Errors
/// The database's.
pub(crate) async fn of_request(app: &Shared, request: &Id) -> Answer<Vec<Release>> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY created_at");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(request)
        .fetch_all(&app.db)
        .await?;
    all(app, rows, None).await
}

/// Where a release lies.
///
/// # Errors
/// 404.
pub(crate) async fn path(app: &Shared, id: &Id) -> Answer<PathBuf> {
    let row = row(app, id).await?;
    Ok(release_file(app, id, &row.stem))
}

/// Whether somebody who approved what a release is made of was since disabled, given another role
/// or reset.
///
/// # Errors
/// The database's.
pub(crate) async fn is_revoked(app: &Shared, id: &Id) -> Answer<bool> {
    let row = row(app, id).await?;
    let revoked: Vec<(String, i64)> = sqlx::query_as(
        "SELECT name, at_nanos FROM approvals WHERE review = ? AND revision = ? AND void = 2",
    )
    .bind(&row.review)
    .bind(row.revision)
    .fetch_all(&app.db)
    .await?;
    let given: Vec<Shown> = serde_json::from_str(&row.approvals).unwrap_or_default();
    Ok(revoked
        .iter()
        .any(|(name, at)| given.iter().any(|given| given.is(name, *at))))
}

/// Removes the files of a release that must not be.
///
/// # Errors
/// The database's and the disk's.
pub(crate) async fn remove(app: &Shared, id: &Id) -> Answer<()> {
    let release = path(app, id).await?;
    for kind in FileKind::ALL {
        match tokio::fs::remove_file(kind.path(&release)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Stops renders of what somebody approved whose account was changed.
///
/// # Errors
/// The database's.
pub(crate) async fn stop_revoked(app: &Shared) -> Answer<()> {
    let running: Vec<(Id, Id)> = sqlx::query_as(
        "SELECT id, release FROM jobs
         WHERE kind = 'render' AND state = 'running' AND release IS NOT NULL",
    )
    .fetch_all(&app.db)
    .await?;
    for (job, release) in running {
        if is_revoked(app, &release).await? {
            app.runner.stop(&job);
        }
    }
    Ok(())
}

/// Writes down that a release is there.
///
/// # Errors
/// The database's.
pub(crate) async fn rendered(
    app: &Shared,
    id: &Id,
    change: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE releases SET state = 'verifying', made_at = ? WHERE id = ?")
        .bind(app.now())
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// Writes a verdict down.
///
/// # Errors
/// The database's.
pub(crate) async fn verified(
    app: &Shared,
    id: &Id,
    value: &Value,
    change: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let verdict = verdict(value);
    sqlx::query("UPDATE releases SET state = ?, verdict = ?, checked_at = ? WHERE id = ?")
        .bind(if verdict.ok { "ready" } else { "wrong" })
        .bind(json!(verdict).to_string())
        .bind(app.now())
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// `GET /releases`.
pub(crate) async fn list(State(app): State<App>, who: Who) -> Answer<axum::Json<Vec<Release>>> {
    let sql = format!("{ROW} ORDER BY created_at DESC LIMIT 1000");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&app.db)
        .await?;
    Ok(axum::Json(all(&app, rows, Some(&who)).await?))
}

/// `GET /releases/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Named(id): Named<Id>,
) -> Answer<axum::Json<Release>> {
    let row = row(&app, &id).await?;
    let all = chain::of_recording(&app, &row.recording).await?;
    let (chain, others) = chain::split(all, &id);
    let mut release = shown(&app, row).await?;
    (release.chain, release.others) = (chain, others);
    Ok(axum::Json(release.for_role(who.role)))
}

/// `POST /releases/:id/verify`.
pub(crate) async fn verify(
    State(app): State<App>,
    who: Who,
    Named(id): Named<Id>,
) -> Answer<(StatusCode, axum::Json<Job>)> {
    let row = row(&app, &id).await?;
    if row.state == "rendering" || row.state == "verifying" {
        return Err(ApiError::conflict(
            "conflict",
            "The release is being made or checked.",
        ));
    }
    if !release_file(&app, &id, &row.stem).exists() {
        return Err(ApiError::conflict("conflict", "The release was not made."));
    }
    sqlx::query("UPDATE releases SET state = 'verifying' WHERE id = ?")
        .bind(&id)
        .execute(&app.db)
        .await?;
    let mut job = NewJob::new(Kind::Verify, &who.name);
    job.request = Some(row.request);
    job.recording = Some(row.recording);
    job.review = Some(row.review);
    job.release = Some(id.clone());
    let job = recordings::queue_now(&app, job).await?;
    app.tell(Change::Release { id });
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}
