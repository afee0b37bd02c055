//! Copies that were handed over: to whom, on what, and exactly which bytes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::digest_file;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files::FileKind;
use super::{release_file, row};
use crate::DeskError;
use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, optional_text, text};
use crate::app::{App, Note};
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};

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

/// A file that was handed over, as the desk recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedCopy {
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// Who handed it over.
    pub by: String,
    /// Who received it.
    pub to: String,
    /// On what: `download`, `disc` and so on.
    pub medium: String,
}

/// Every copy in the desk's database at `database`, oldest first. The desk may be running.
///
/// # Errors
/// [`DeskError::Database`].
pub async fn recorded_copies(database: &std::path::Path) -> Result<Vec<RecordedCopy>, DeskError> {
    use sqlx::ConnectOptions as _;
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .connect()
        .await?;
    let rows: Vec<CopyRow> =
        sqlx::query_as("SELECT id, at, by, recipient, medium, note, files FROM copies ORDER BY at")
            .fetch_all(&mut connection)
            .await?;
    let copies = rows.into_iter().flat_map(|row| {
        let copy = Copy::from(row);
        let files = copy.files.as_array().cloned().unwrap_or_default();
        files.into_iter().map(move |file| RecordedCopy {
            sha256: file["sha256"].as_str().unwrap_or_default().to_owned(),
            at: copy.at.clone(),
            by: copy.by.clone(),
            to: copy.to.clone(),
            medium: copy.medium.clone(),
        })
    });
    Ok(copies.collect())
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
