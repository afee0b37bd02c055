//! What a release is rendered from, written down the moment that it is asked for: the approved
//! plan, what the request says of itself, and the release whose place it takes.

use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use redact_record::manifest::{self, RequestFile, Terms};
use redact_record::{Overwrite, release_paths};
use serde::Deserialize;
use serde_json::json;

use super::{Release, Row, path, row, shown};
use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, text};
use crate::app::{App, Note, Shared};
use crate::queue::{Kind, NewJob};
use crate::recordings;
use crate::requests::{self, Facts};
use crate::review::{self, Approved};
use crate::store::Id;
use crate::stream::Change;

const PLAN: &str = "plan.json";
const REQUEST: &str = "request.toml";
/// The manifest takes texts of 500 bytes; a letter may have four.
const CHARS_MAX: usize = 120;

/// What a render is told.
pub(crate) struct Order {
    /// The approved plan.
    pub(crate) plan: PathBuf,
    /// The request, as the manifests take it.
    pub(crate) request: PathBuf,
    /// The manifest of the release whose place this one takes.
    pub(crate) supersedes: Option<PathBuf>,
}

/// What a release is rendered from, and what it is checked against.
///
/// # Errors
/// 404.
pub(crate) async fn order(app: &Shared, id: &Id) -> Answer<Order> {
    let row = row(app, id).await?;
    let supersedes = match &row.replaces {
        Some(older) => Some(release_paths(&path(app, older).await?).manifest),
        None => None,
    };
    let folder = app.folders.release(id);
    Ok(Order {
        plan: folder.join(PLAN),
        request: folder.join(REQUEST),
        supersedes,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    replaces: Option<Replaces>,
}

/// An earlier release, and what is wrong with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replaces {
    release: Id,
    why: String,
}

/// `POST /reviews/:id/releases`.
pub(crate) async fn begin(
    State(app): State<App>,
    who: Who,
    Path(review): Path<Id>,
    Body(given): Body<New>,
) -> Answer<(StatusCode, axum::Json<Release>)> {
    let _alone = app.review_lock.lock().await;
    let approved = review::approved_plan(&app, &review).await?;
    let replaced = match given.replaces {
        Some(given) => Some(replaced(&app, &given, &approved).await?),
        None => None,
    };
    let (request, _) = recordings::request_of(&app, &approved.row.recording).await?;
    let facts = requests::facts(&app, &request).await?;
    let id = Id::random();
    let why = replaced.as_ref().map_or("", |(_, why)| why);
    write(&app, &id, &approved, &request_file(&facts, &approved, why)).await?;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO releases (id, request, recording, review, revision, title, policy_name, stem,
         approvals, state, created_at, replaces, why)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'rendering', ?, ?, ?)",
    )
    .bind(&id)
    .bind(&request)
    .bind(&approved.row.recording)
    .bind(&review)
    .bind(approved.row.revision)
    .bind(&approved.row.title)
    .bind(&approved.policy_name)
    .bind(super::neutral_stem(&id))
    .bind(json!(approved.approvals).to_string())
    .bind(app.now())
    .bind(replaced.as_ref().map(|(older, _)| &older.id))
    .bind(why)
    .execute(&mut *change)
    .await?;
    let mut job = NewJob::new(Kind::Render, &who.name);
    job.request = Some(request.clone());
    job.recording = Some(approved.row.recording.clone());
    job.review = Some(review.clone());
    job.release = Some(id.clone());
    job.queue(app.now(), &mut change).await?;
    let mut note = Note::new(Act::Render, "queued")
        .id("review", &review)
        .id("release", &id);
    if let Some((older, _)) = &replaced {
        note = note.id("replaces", &older.id);
    }
    app.note(&who.name, note).await?;
    change.commit().await?;
    app.runner.wake(Kind::Render);
    app.tell(Change::Request { id: request });
    app.tell(Change::Release { id: id.clone() });
    if let Some((older, _)) = replaced {
        app.tell(Change::Release { id: older.id });
    }
    let release = shown(&app, row(&app, &id).await?).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(release)))
}

/// The release whose place is to be taken: verified, of the same recording, newest of its line.
async fn replaced(app: &Shared, given: &Replaces, by: &Approved) -> Answer<(Row, String)> {
    let why = text("why", &given.why, CHARS_MAX)?.replace('\n', " ");
    let unknown = || ApiError::field("replaces.release", "There is no such release.");
    let older = row(app, &given.release).await.map_err(|_| unknown())?;
    if older.recording != by.row.recording {
        let message = "That release is of another recording.";
        return Err(ApiError::field("replaces.release", message));
    }
    if older.state != "ready" {
        let message = "Only a release that was verified can be replaced.";
        return Err(ApiError::conflict("not_verified", message));
    }
    if let Some(newer) = older.replaced_by {
        let message = "That release was replaced already; replace the newer one.";
        return Err(
            ApiError::conflict("replaced", message).details(json!({ "replaced_by": newer }))
        );
    }
    Ok((older, why))
}

/// Its own copies: what comes after in the review or the request is another release's.
async fn write(app: &Shared, id: &Id, approved: &Approved, request: &RequestFile) -> Answer<()> {
    let folder = app.folders.release(id);
    tokio::fs::create_dir(&folder).await?;
    tokio::fs::copy(&approved.plan, folder.join(PLAN)).await?;
    let plan = tokio::fs::File::open(folder.join(PLAN)).await?;
    plan.sync_all().await?;
    manifest::write_request(&folder.join(REQUEST), request, Overwrite::Never)?;
    Ok(())
}

/// The request as the manifests take it: whose law goes out, the rest stays with the agency.
fn request_file(facts: &Facts, approved: &Approved, why: &str) -> RequestFile {
    let line = |text: &str| {
        let plain = |c: char| if redact_record::is_unseen(c) { ' ' } else { c };
        let line: String = text.chars().take(CHARS_MAX).map(plain).collect();
        (!line.trim().is_empty()).then(|| line.trim().to_owned())
    };
    let kind = facts.kind.title();
    let requester = match line(&facts.requester) {
        Some(name) => format!("{name} ({kind})"),
        None => kind.to_owned(),
    };
    let replaces = line(why).map(|why| format!("replaces an earlier release: {why}"));
    RequestFile {
        terms: Terms {
            jurisdiction: line(&facts.law),
            ..Terms::default()
        },
        request: manifest::Request {
            requester: Some(requester),
            request_number: line(&facts.number),
            requested_on: Some(facts.received_on.clone()),
            due_on: Some(facts.due_on.clone()),
            authorised_by: line(&approved.authorised_by()),
            written_basis: replaces,
            ..manifest::Request::default()
        },
    }
}
