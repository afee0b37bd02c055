//! Releases as the API returns them: verified, handed over, and every copy recorded.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::files::{self, SendAs};
use super::jobs::{self, Job};
use crate::api_error::{ApiError, ApiResult};
use crate::db::copies::{self as copy_rows, CopyRow};
use crate::db::jobs::{JobRow, newest_by_release};
use crate::db::practice;
use crate::db::releases::{self as rows, LinkRow, ReleaseRow};
use crate::domain::approval::Approval;
use crate::domain::chain::{ReleaseLink, split};
use crate::domain::differences::Differences;
use crate::domain::excerpt::{Excerpt, ExcerptSpan};
use crate::domain::older_copies::OlderCopy;
use crate::domain::release_files::{FileKind, neutral_name};
use crate::domain::verdict::{self, Verdict};
use crate::domain::viewing::Seen;
use crate::event::Event;
use crate::id::Id;
use crate::model::{JobKind, Medium, ReleaseState, Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::change::Change;
use crate::service::copies::older;
use crate::service::deliveries::{self, NewCopy};
use crate::service::jobs::queue;
use crate::service::releases::{self, NewTerms, inputs, path};
use crate::service::{sealed, views};
use crate::time;

/// A release as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Release {
    id: Id,
    request: Id,
    recording: Id,
    review: Id,
    revision: i64,
    title: String,
    policy_name: String,
    state: ReleaseState,
    job: Option<Job>,
    verdict: Option<Verdict>,
    files: Vec<ReleaseFile>,
    approvals: Vec<Approval>,
    made_at: Option<String>,
    request_number: String,
    recording_name: String,
    why: String,
    /// What of the recording it shows; `None`: all of it.
    excerpt: Option<Excerpt>,
    /// The release that replaced it.
    replaced_by: Option<Id>,
    /// Whether its review was reopened or sent back since it was made.
    reopened: bool,
    request_closed: bool,
    /// All versions that replaced each other, oldest first; empty for a single release.
    chain: Vec<ReleaseLink>,
    /// Other releases of the recording, to compare with.
    others: Vec<ReleaseLink>,
    copies: i64,
    /// Who has a version that was replaced; empty in lists.
    older_copies: Vec<OlderCopy>,
    /// Whether it is of a practice request: nothing of it is handed over.
    practice: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReleaseFile {
    kind: FileKind,
    name: String,
    bytes: u64,
}

fn present(app: &Shared, row: ReleaseRow, job: Option<JobRow>) -> Release {
    let path = path(app, &row);
    let files = FileKind::ALL.into_iter().filter_map(|kind| {
        let path = kind.path(&path);
        Some(ReleaseFile {
            kind,
            bytes: std::fs::metadata(&path).ok()?.len(),
            name: neutral_name((&row.id, &row.stem), &path),
        })
    });
    // Nothing is listed before the release itself exists.
    let files: Vec<_> = if path.exists() {
        files.collect()
    } else {
        Vec::new()
    };
    Release {
        job: job.map(|job| jobs::present(app, job)),
        verdict: verdict::parse(row.verdict.as_deref()),
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
        excerpt: row
            .excerpt
            .and_then(|text| serde_json::from_str(&text).ok()),
        replaced_by: row.replaced_by,
        reopened: row.reopened,
        request_closed: row.request_closed,
        chain: Vec::new(),
        others: Vec::new(),
        copies: row.copies,
        older_copies: Vec::new(),
        practice: row.practice,
    }
}

async fn all(app: &Shared, rows: Vec<ReleaseRow>) -> ApiResult<Vec<Release>> {
    let mut jobs = newest_by_release(&app.db, None).await?;
    let list = rows.into_iter().map(|row| {
        let job = jobs.remove(&row.id);
        present(app, row, job)
    });
    Ok(list.collect())
}

async fn present_by_id(app: &Shared, id: &Id) -> ApiResult<Release> {
    let row = rows::by_id(&app.db, id).await?;
    let job = newest_by_release(&app.db, Some(id)).await?.remove(id);
    Ok(present(app, row, job))
}

impl Release {
    pub(super) const fn id(&self) -> &Id {
        &self.id
    }

    /// Without the files that auditors may not have.
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
/// Database errors.
pub(crate) async fn of_request(app: &Shared, request: &Id) -> ApiResult<Vec<Release>> {
    all(app, rows::of_request(&app.db, request).await?).await
}

/// `GET /releases`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<Release>>> {
    let closed = sealed::closed_to(&app, &who).await?;
    let list = all(&app, rows::newest(&app.db).await?).await?;
    let list = list.into_iter().filter(|release| !closed.has(&release.id));
    let list = list.map(|release| release.for_role(who.role));
    Ok(axum::Json(list.collect()))
}

fn link(row: LinkRow) -> ReleaseLink {
    ReleaseLink {
        id: row.id,
        title: row.title,
        policy_name: row.policy_name,
        state: row.state,
        created_at: time::text(row.created_at),
        why: row.why,
        replaces: row.replaces,
    }
}

/// `GET /releases/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Release>> {
    let mut release = present_by_id(&app, &id).await?;
    let all = rows::of_recording(&app.db, &release.recording).await?;
    let all = all.into_iter().map(link).collect();
    (release.chain, release.others) = split(all, &id);
    if !release.chain.is_empty() {
        let older = older(&app, &release.request).await?.into_iter();
        let of_chain = |one: &OlderCopy| release.chain.iter().any(|link| link.id == one.release);
        release.older_copies = older.filter(of_chain).collect();
    }
    Ok(axum::Json(release.for_role(who.role)))
}

/// `POST /releases/:id/verify`.
pub(crate) async fn verify(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<(StatusCode, axum::Json<Job>)> {
    let row = rows::by_id(&app.db, &id).await?;
    if matches!(row.state, ReleaseState::Rendering | ReleaseState::Verifying) {
        let message = "The release is being rendered or verified.";
        return Err(ApiError::conflict("conflict", message));
    }
    if !path(&app, &row).exists() {
        return Err(ApiError::conflict("conflict", "The release was not made."));
    }
    rows::set_state(&app.db, &id, ReleaseState::Verifying).await?;
    let job = queue(&app, releases::job(JobKind::Verify, &row, &who.name)).await?;
    app.notify(Change::Release(id));
    Ok((StatusCode::ACCEPTED, axum::Json(jobs::present(&app, job))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReleaseBody {
    replaces: Option<Replaces>,
    excerpt: Option<NewExcerpt>,
}

/// The spans to show, and why the rest is withheld.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewExcerpt {
    spans: Vec<ExcerptSpan>,
    reason: String,
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
    who: SessionUser,
    Path(review): Path<Id>,
    Body(given): Body<NewReleaseBody>,
) -> ApiResult<(StatusCode, axum::Json<Release>)> {
    let replaces = given.replaces.as_ref();
    let excerpt = given.excerpt.as_ref();
    let terms = NewTerms {
        replaces: replaces.map(|given| (&given.release, given.why.as_str())),
        excerpt: excerpt.map(|given| (given.spans.clone(), given.reason.as_str())),
    };
    let id = releases::begin(&app, &who, &review, terms).await?;
    let release = present_by_id(&app, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(release)))
}

/// `GET /releases/:id/differences/:other`.
pub(crate) async fn differences(
    State(app): State<App>,
    who: SessionUser,
    Path((here, there)): Path<(Id, Id)>,
) -> ApiResult<axum::Json<Differences>> {
    let of = async |id: &Id| ApiResult::Ok(rows::by_id(&app.db, id).await?.recording);
    let recording = of(&here).await?;
    if recording != of(&there).await? {
        let message = "That release belongs to another recording.";
        return Err(ApiError::field("other", message));
    }
    let (here, there) = (inputs(&app, &here).await?, inputs(&app, &there).await?);
    let compared = tokio::task::spawn_blocking(move || -> ApiResult<_> {
        let (here, _) = redact_record::plan::read(&here.plan)?;
        let (there, _) = redact_record::plan::read(&there.plan)?;
        Ok(Differences::between(&here, &there))
    });
    let compared = compared.await??;
    if compared.has_words() {
        views::note(&app, &who, &recording, Seen::Transcript, 0..0).await?;
    }
    Ok(axum::Json(compared))
}

/// `GET /releases/:id/files/:kind`.
pub(crate) async fn file(
    State(app): State<App>,
    who: SessionUser,
    Path((id, kind)): Path<(Id, FileKind)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    if kind.is_sealed() && who.role == Role::Auditor {
        return Err(ApiError::not_found());
    }
    let row = rows::by_id(&app.db, &id).await?;
    let release = path(&app, &row);
    if !release.exists() {
        return Err(ApiError::not_found());
    }
    let message = "The files of a practice release stay in the desk.";
    practice::refuse(&app.db, &row.request, message).await?;
    let file = kind.path(&release);
    let name = neutral_name((&row.id, &row.stem), &file);
    let sent = SendAs {
        kind: kind.media_type(),
        save_as: Some(&name),
    };
    let answer = files::send(&file, sent, &headers).await?;
    let word = serde_json::to_value(kind).unwrap_or_default();
    let word = word.as_str().unwrap_or_default().replace('_', "-");
    let event = Event::new(Act::Export, "download")
        .id("release", &id)
        .label("file", &word);
    app.log_event(&who.name, event).await?;
    Ok(answer)
}

/// A file of a copy.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct CopiedFile {
    kind: FileKind,
    sha256: String,
}

/// A copy as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Copy {
    id: Id,
    at: String,
    by: String,
    to: String,
    medium: Medium,
    note: String,
    files: Vec<CopiedFile>,
    /// The package that it was in.
    package: Option<Id>,
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
            package: row.package,
        }
    }
}

/// `GET /releases/:id/copies`.
pub(crate) async fn copies(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<Copy>>> {
    rows::by_id(&app.db, &id).await?;
    let copies = copy_rows::of_release(&app.db, &id).await?;
    Ok(axum::Json(copies.into_iter().map(Copy::from).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOver {
    to: String,
    medium: Medium,
    #[serde(default)]
    note: String,
    files: Vec<FileKind>,
    /// Why it is handed over although the review was reopened or sent back since.
    #[serde(default)]
    despite: String,
}

/// `POST /releases/:id/copies`.
pub(crate) async fn hand_over(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<HandOver>,
) -> ApiResult<(StatusCode, axum::Json<Copy>)> {
    let new = NewCopy {
        to: given.to,
        medium: given.medium,
        note: given.note,
        files: given.files,
        despite: given.despite,
    };
    let row = deliveries::hand_over(&app, &who, &id, new).await?;
    Ok((StatusCode::CREATED, axum::Json(row.into())))
}
