//! Releases: rendered from an approved review, checked, handed over, and every copy written down.

use std::path::{Path as FilePath, PathBuf};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use redact_record::events::Act;
use redact_record::{digest_file, release_paths};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, optional_text, text};
use crate::app::{App, Note, Shared};
use crate::files::{self, Shown};
use crate::queue::{self, Job, Kind, NewJob};
use crate::recordings;
use crate::review;
use crate::routes::Role;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::uploads::Nothing;

/// The files of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileKind {
    Release,
    Manifest,
    ManifestSignature,
    Sealed,
    SealedSignature,
    Log,
    LogCsv,
    LogPdf,
    Report,
}

impl FileKind {
    const ALL: [Self; 9] = [
        Self::Release,
        Self::Manifest,
        Self::ManifestSignature,
        Self::Sealed,
        Self::SealedSignature,
        Self::Log,
        Self::LogCsv,
        Self::LogPdf,
        Self::Report,
    ];

    /// Whether it tells what was hidden, and so stays in the house.
    const fn is_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::SealedSignature)
    }

    fn path(self, release: &FilePath) -> PathBuf {
        let paths = release_paths(release);
        match self {
            Self::Release => release.to_owned(),
            Self::Manifest => paths.manifest,
            Self::ManifestSignature => paths.manifest_signature,
            Self::Sealed => paths.sealed,
            Self::SealedSignature => paths.sealed_signature,
            Self::Log => paths.log,
            Self::LogCsv => paths.log_csv,
            Self::LogPdf => paths.log_pdf,
            Self::Report => report_path(release),
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Release => "video/mp4",
            Self::Manifest | Self::Sealed => "application/json",
            Self::LogPdf | Self::Report => "application/pdf",
            Self::LogCsv => "text/csv; charset=utf-8",
            // A log as a page would run in this origin: it is saved, and read as text here.
            Self::Log | Self::ManifestSignature | Self::SealedSignature => {
                "text/plain; charset=utf-8"
            }
        }
    }
}

/// Where the verdict as a page lies.
pub(crate) fn report_path(release: &FilePath) -> PathBuf {
    release.with_extension("verdict.pdf")
}

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
    copies: i64,
}

const ROW: &str = "SELECT id, request, recording, review, revision, title, policy_name, stem,
    approvals, state, verdict, made_at,
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
    copies: i64,
}

#[derive(Serialize)]
struct FileShown {
    kind: FileKind,
    name: String,
    bytes: u64,
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
            name: path.file_name()?.to_string_lossy().into_owned(),
        })
    });
    // Before the release is there, nothing of it is shown.
    let files = if path.exists() {
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

/// What a release is rendered from: the plan, the request's number, who asked for it.
///
/// # Errors
/// 404.
pub(crate) async fn order(app: &Shared, id: &Id) -> Answer<(PathBuf, String, String)> {
    let row = row(app, id).await?;
    let (number, requester): (String, String) =
        sqlx::query_as("SELECT number, requester FROM requests WHERE id = ?")
            .bind(&row.request)
            .fetch_one(&app.db)
            .await?;
    let plan = app.folders.release(id).join("plan.json");
    Ok((plan, number, requester))
}

/// `POST /reviews/:id/releases`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: Who,
    Path(review): Path<Id>,
    Body(Nothing {}): Body<Nothing>,
) -> Answer<(StatusCode, axum::Json<Release>)> {
    let _alone = app.review_lock.lock().await;
    let approved = review::approved_plan(&app, &review).await?;
    let (request, name) = recordings::request_of(&app, &approved.row.recording).await?;
    let (number,): (String,) = sqlx::query_as("SELECT number FROM requests WHERE id = ?")
        .bind(&request)
        .fetch_one(&app.db)
        .await?;
    let id = Id::random();
    let folder = app.folders.release(&id);
    tokio::fs::create_dir(&folder).await?;
    // Its own copy: what comes after in the review is another release's.
    tokio::fs::copy(&approved.plan, folder.join("plan.json")).await?;
    tokio::fs::File::open(folder.join("plan.json"))
        .await?
        .sync_all()
        .await?;
    let stem = stem(&number, &name, &approved.policy_name);
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO releases (id, request, recording, review, revision, title, policy_name, stem,
         approvals, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'rendering', ?)",
    )
    .bind(&id)
    .bind(&request)
    .bind(&approved.row.recording)
    .bind(&review)
    .bind(approved.row.revision)
    .bind(&approved.row.title)
    .bind(&approved.policy_name)
    .bind(stem)
    .bind(json!(approved.approvals).to_string())
    .bind(app.now())
    .execute(&mut *change)
    .await?;
    let mut job = NewJob::new(Kind::Render, &who.name);
    job.request = Some(request.clone());
    job.recording = Some(approved.row.recording.clone());
    job.review = Some(review.clone());
    job.release = Some(id.clone());
    job.queue(app.now(), &mut change).await?;
    let note = Note::new(Act::Render, "queued")
        .id("review", &review)
        .id("release", &id);
    app.note(&who.name, note).await?;
    change.commit().await?;
    app.runner.wake(Kind::Render);
    app.tell(Change::Request { id: request });
    app.tell(Change::Release { id: id.clone() });
    let release = shown(&app, row(&app, &id).await?).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(release)))
}

/// The name of a release: letters, digits, dots, dashes and underscores of what it is about.
fn stem(number: &str, recording: &str, policy: &str) -> String {
    let name = recording
        .rsplit_once('.')
        .map_or(recording, |(stem, _)| stem);
    let plain = |text: &str| -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        text.chars()
            .take(40)
            .map(|c| if fits(c) { c } else { '_' })
            .collect()
    };
    format!("{}.{}.{}", plain(number), plain(name), plain(policy))
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

/// One thing that was looked at, or not.
#[derive(Debug, Serialize)]
struct Check {
    group: String,
    name: String,
    status: &'static str,
    evidence: String,
}

/// What a check of a release came to.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    ok: bool,
    checks: Vec<Check>,
}

/// What `redact verify --json` prints, in the page's words.
pub(crate) fn verdict(value: &Value) -> Verdict {
    let word = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut checks: Vec<Check> = list("checks")
        .iter()
        .map(|entry| Check {
            group: word(entry, "group"),
            name: word(entry, "name"),
            status: if entry["passed"] == true {
                "ok"
            } else {
                "wrong"
            },
            evidence: word(entry, "evidence"),
        })
        .collect();
    // No check is no verdict: what cannot be read is never ok.
    let ok = !checks.is_empty() && checks.iter().all(|check| check.status == "ok");
    checks.extend(list("not_checked").iter().map(|entry| Check {
        group: word(entry, "group"),
        name: word(entry, "name"),
        status: "not_checked",
        evidence: word(entry, "why"),
    }));
    Verdict { ok, checks }
}

/// The verdict on what could not even be read.
pub(crate) fn unreadable(why: &str) -> Verdict {
    let check = Check {
        group: "file".to_owned(),
        name: "can be checked".to_owned(),
        status: "wrong",
        evidence: why.to_owned(),
    };
    Verdict {
        ok: false,
        checks: vec![check],
    }
}

/// Writes a verdict down.
///
/// # Errors
/// The database's.
pub(crate) async fn verified(
    id: &Id,
    value: &Value,
    change: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let verdict = verdict(value);
    sqlx::query("UPDATE releases SET state = ?, verdict = ? WHERE id = ?")
        .bind(if verdict.ok { "ready" } else { "wrong" })
        .bind(json!(verdict).to_string())
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
    Path(id): Path<Id>,
) -> Answer<axum::Json<Release>> {
    let release = shown(&app, row(&app, &id).await?).await?;
    Ok(axum::Json(release.for_role(who.role)))
}

/// `GET /releases/:id/files/:kind`.
pub(crate) async fn file(
    State(app): State<App>,
    who: Who,
    Path((id, kind)): Path<(Id, FileKind)>,
    headers: HeaderMap,
) -> Answer<Response> {
    if kind.is_sealed() && who.role == Role::Auditor {
        return Err(ApiError::not_found());
    }
    let release = path(&app, &id).await?;
    if !release.exists() {
        return Err(ApiError::not_found());
    }
    let path = kind.path(&release);
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let shown = Shown {
        kind: kind.media_type(),
        save_as: Some(&name),
    };
    let answer = files::send(&path, shown, &headers).await?;
    let word = serde_json::to_value(kind).unwrap_or_default();
    let word = word.as_str().unwrap_or_default().replace('_', "-");
    let note = Note::new(Act::Export, "download")
        .id("release", &id)
        .label("file", &word);
    app.note(&who.name, note).await?;
    Ok(answer)
}

/// `POST /releases/:id/verify`.
pub(crate) async fn verify(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
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

#[derive(sqlx::FromRow)]
struct CopyRow {
    id: Id,
    at: Millis,
    by: String,
    recipient: String,
    medium: String,
    note: String,
    files: String,
}

/// A copy as the page sees it.
#[derive(Serialize)]
pub(crate) struct Copy {
    id: Id,
    at: String,
    by: String,
    to: String,
    medium: String,
    note: String,
    files: Value,
}

impl From<CopyRow> for Copy {
    fn from(row: CopyRow) -> Self {
        Self {
            id: row.id,
            at: time::text(row.at),
            by: row.by,
            to: row.recipient,
            medium: row.medium,
            note: row.note,
            files: serde_json::from_str(&row.files).unwrap_or_default(),
        }
    }
}

/// `GET /releases/:id/copies`.
pub(crate) async fn copies(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Vec<Copy>>> {
    row(&app, &id).await?;
    let rows: Vec<CopyRow> = sqlx::query_as(
        "SELECT id, at, by, recipient, medium, note, files FROM copies WHERE release = ?
         ORDER BY at",
    )
    .bind(&id)
    .fetch_all(&app.db)
    .await?;
    Ok(axum::Json(rows.into_iter().map(Copy::from).collect()))
}

#[derive(Clone, Copy, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
enum Medium {
    Download,
    Disc,
    Drive,
    Portal,
    Mail,
    Other,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOver {
    to: String,
    medium: Medium,
    #[serde(default)]
    note: String,
    files: Vec<FileKind>,
}

/// `POST /releases/:id/copies`.
pub(crate) async fn hand_over(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<HandOver>,
) -> Answer<(StatusCode, axum::Json<Copy>)> {
    let release = row(&app, &id).await?;
    if release.state != "ready" {
        let message = "What was not checked, or was found wrong, is not handed over.";
        return Err(ApiError::conflict("not_verified", message));
    }
    if given.files.is_empty() || given.files.len() > FileKind::ALL.len() {
        return Err(ApiError::field(
            "files",
            "Say which files were handed over.",
        ));
    }
    let to = text("to", &given.to, 200)?;
    let note = optional_text("note", &given.note, 2000)?;
    let path = release_file(&app, &id, &release.stem);
    let mut written = Note::new(Act::Delivery, "copy").id("release", &id);
    let mut files = Vec::new();
    for kind in given.files {
        let file = kind.path(&path);
        let digest = tokio::task::spawn_blocking(move || {
            digest_file(&file, &mut |_, _| std::ops::ControlFlow::Continue(()))
        });
        let (digest, _) = digest.await??;
        let entry = json!({ "kind": kind, "sha256": digest.to_string() });
        let word = entry["kind"].as_str().unwrap_or_default().replace('_', "-");
        written = written.subject(&word, digest);
        files.push(entry);
    }
    let row = CopyRow {
        id: Id::random(),
        at: app.now(),
        by: who.name.clone(),
        recipient: to,
        medium: json!(given.medium).as_str().unwrap_or_default().to_owned(),
        note,
        files: json!(files).to_string(),
    };
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO copies (id, release, at, by, recipient, medium, note, files)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&id)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.recipient)
    .bind(&row.medium)
    .bind(&row.note)
    .bind(&row.files)
    .execute(&mut *change)
    .await?;
    // To whom is in the database: the event log takes no name that was typed.
    app.note(&who.name, written.label("medium", &row.medium))
        .await?;
    change.commit().await?;
    app.tell(Change::Release { id });
    app.tell(Change::Request {
        id: release.request,
    });
    Ok((StatusCode::CREATED, axum::Json(row.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_was_checked_of_is_not_ok() {
        assert!(!verdict(&json!({})).ok);
        assert!(!verdict(&json!({ "checks": [] })).ok);
        let check = json!({ "group": "a", "name": "b", "passed": true, "evidence": "c" });
        assert!(verdict(&json!({ "checks": [check] })).ok);
        let wrong = json!({ "group": "a", "name": "b", "passed": false, "evidence": "c" });
        assert!(!verdict(&json!({ "checks": [check, wrong] })).ok);
    }

    #[test]
    fn a_release_is_named_by_plain_letters() {
        assert_eq!(
            stem("2026/17", "../clip v2.mp4", "court"),
            "2026_17.___clip_v2.court"
        );
    }
}
