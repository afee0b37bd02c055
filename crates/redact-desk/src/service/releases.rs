//! Releases of approved reviews, and what each is rendered from.
//!
//! A release may replace an earlier one of the same recording; both stay and refer to each other.
//! The plan and the request are stored before rendering is queued.

use std::path::PathBuf;

use redact_record::events::Act;
use redact_record::manifest::{self, RequestFile, Terms};
use redact_record::{Overwrite, release_paths};
use serde_json::json;

use super::app::Shared;
use super::approvals::{self, Approved};
use super::change::Change;
use super::closed::check_open;
use super::due;
use super::recording_details::add_to_manifest;
use super::settings::{Setting, effective};
use crate::api_error::{ApiError, ApiResult, text};
use crate::db;
use crate::db::jobs::{self, NewJob};
use crate::db::pool;
use crate::db::recordings;
use crate::db::releases::{self, NewRelease, ReleaseRow};
use crate::db::requests::{self, Facts};
use crate::details::{Details as _, RecordingDetails, RequestDetails};
use crate::domain::approval::{Approval, approvers};
use crate::domain::excerpt::{Excerpt, ExcerptSpan};
use crate::domain::release_files::{FileKind, neutral_stem};
use crate::event::Event;
use crate::id::Id;
use crate::model::{JobKind, ReleaseState, SessionUser};
use crate::paths::release_files::{PLAN, REQUEST};

/// The manifest takes texts of 500 bytes; a character may take four.
const CHARS_MAX: usize = 120;

/// The path of a release.
pub(crate) fn path(app: &Shared, row: &ReleaseRow) -> PathBuf {
    let folder = app.folders.release(&row.id);
    folder.join(format!("{}.redacted.mp4", row.stem))
}

/// What a release is rendered from and verified against.
pub(crate) struct ReleaseInputs {
    /// The path of the release.
    pub(crate) release: PathBuf,
    /// The approved plan.
    pub(crate) plan: PathBuf,
    /// The request, as manifests record it.
    pub(crate) request: PathBuf,
    /// The manifest of the release that this one replaces.
    pub(crate) supersedes: Option<PathBuf>,
    /// What of the recording it shows; `None`: all of it.
    pub(crate) excerpt: Option<Excerpt>,
}

/// What a release is rendered from and verified against.
///
/// # Errors
/// 404.
pub(crate) async fn inputs(app: &Shared, id: &Id) -> ApiResult<ReleaseInputs> {
    let row = releases::by_id(&app.db, id).await?;
    let supersedes = match &row.replaces {
        Some(older) => {
            let older = releases::by_id(&app.db, older).await?;
            Some(release_paths(&path(app, &older)).manifest)
        }
        None => None,
    };
    let excerpt = row.excerpt.as_deref().map(serde_json::from_str);
    let excerpt = excerpt.transpose();
    let folder = app.folders.release(id);
    Ok(ReleaseInputs {
        release: path(app, &row),
        plan: folder.join(PLAN),
        request: folder.join(REQUEST),
        supersedes,
        excerpt: excerpt.map_err(|error| ApiError::internal(&error))?,
    })
}

/// Whether the account of an approver was deactivated, changed or reset after the approval.
///
/// # Errors
/// Database errors.
pub(crate) async fn is_revoked(app: &Shared, id: &Id) -> ApiResult<bool> {
    let row = releases::by_id(&app.db, id).await?;
    let revoked = db::approvals::revoked(&app.db, &row.review, row.revision).await?;
    let given: Vec<Approval> = serde_json::from_str(&row.approvals).unwrap_or_default();
    Ok(revoked
        .iter()
        .any(|(name, at)| given.iter().any(|given| given.is(name, *at))))
}

/// Deletes the files of a release that must not exist.
///
/// # Errors
/// Database and file errors.
pub(crate) async fn remove(app: &Shared, id: &Id) -> ApiResult<()> {
    let release = path(app, &releases::by_id(&app.db, id).await?);
    for kind in FileKind::ALL {
        match tokio::fs::remove_file(kind.path(&release)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Stops renders whose approvals count no longer.
///
/// # Errors
/// Database errors.
pub(crate) async fn stop_revoked(app: &Shared) -> ApiResult<()> {
    for (job, release) in jobs::running_renders(&app.db).await? {
        if is_revoked(app, &release).await? {
            app.runner.stop(&job);
        }
    }
    Ok(())
}

/// A job for a release.
pub(crate) fn job(kind: JobKind, release: &ReleaseRow, by: &str) -> NewJob {
    NewJob {
        request: Some(release.request.clone()),
        recording: Some(release.recording.clone()),
        review: Some(release.review.clone()),
        release: Some(release.id.clone()),
        ..NewJob::new(kind, by)
    }
}

/// What of a review's approved plan is released.
#[derive(Default)]
pub(crate) struct NewTerms<'a> {
    /// The release to replace, and what is wrong with it.
    pub(crate) replaces: Option<(&'a Id, &'a str)>,
    /// The spans to show, and the reason for withholding the rest; `None`: all of it.
    pub(crate) excerpt: Option<(Vec<ExcerptSpan>, &'a str)>,
}

/// Queues rendering of a review's approved plan and returns the release.
///
/// # Errors
/// 400 for an invalid excerpt; 409 `not_approved`, `not_verified`, `replaced`; 422 `signature`.
pub(crate) async fn begin(
    app: &Shared,
    who: &SessionUser,
    review: &Id,
    terms: NewTerms<'_>,
) -> ApiResult<Id> {
    let _alone = app.review_lock.lock().await;
    let approved = approvals::approved_plan(app, review).await?;
    let replaced = match terms.replaces {
        Some(given) => Some(replaced(app, given, &approved).await?),
        None => None,
    };
    let recording = &approved.row.recording;
    let excerpt = match terms.excerpt {
        Some(given) => Some(excerpt(app, who, &approved, given).await?),
        None => None,
    };
    let request = recordings::by_id(&app.db, recording).await?.request;
    check_open(app, &request).await?;
    let id = Id::random();
    let why = replaced.as_ref().map_or("", |(_, why)| why);
    let by = approvers(&approved.approvals);
    let stem = neutral_stem(&id);
    let file = file_of(app, (&request, recording), (&by, why), &stem).await?;
    write(app, &id, &approved, &file).await?;
    let mut change = pool::begin(&app.db).await?;
    let new = NewRelease {
        id: &id,
        request: &request,
        recording,
        review,
        revision: approved.row.revision,
        title: &approved.row.title,
        policy_name: &approved.policy_name,
        stem,
        approvals: json!(approved.approvals).to_string(),
        replaces: replaced.as_ref().map(|(older, _)| &older.id),
        why,
        excerpt: excerpt.as_ref().map(|excerpt| json!(excerpt).to_string()),
        now: app.now(),
    };
    releases::insert(&mut change, new).await?;
    let job = NewJob {
        request: Some(request.clone()),
        recording: Some(recording.clone()),
        review: Some(review.clone()),
        release: Some(id.clone()),
        ..NewJob::new(JobKind::Render, &who.name)
    };
    jobs::insert(&mut change, job, app.now()).await?;
    let mut event = Event::new(Act::Render, "queued")
        .id("review", review)
        .id("release", &id);
    if let Some(excerpt) = &excerpt {
        event = event.count("excerpt-spans", excerpt.spans.len());
    }
    if let Some((older, _)) = &replaced {
        event = event.id("replaces", &older.id);
    }
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.runner.wake(JobKind::Render);
    app.notify(Change::Request(request));
    app.notify(Change::Release(id.clone()));
    if let Some((older, _)) = replaced {
        app.notify(Change::Release(older.id));
    }
    Ok(id)
}

/// The request as the manifests of a release record it, with what the agency knows of the
/// recording.
async fn file_of(
    app: &Shared,
    (request, recording): (&Id, &Id),
    (by, why): (&str, &str),
    stem: &str,
) -> ApiResult<RequestFile> {
    let facts = due::facts(app, request).await?;
    let law = app.statutes.title(&facts.jurisdiction);
    let mut file = request_file((&facts, law), by, why);
    let of_request = requests::by_id(&app.db, request).await?.details;
    let of_recording = recordings::by_id(&app.db, recording).await?.details;
    let (of_request, of_recording) = (
        RequestDetails::read(&of_request),
        RecordingDetails::read(&of_recording),
    );
    add_to_manifest(&mut file, &of_request, Some(&of_recording));
    file.terms = public_terms(app, file.terms, (&file.request, stem));
    // A name on the command line is handed to the renderer, which puts it there.
    if app.options.agency.is_none() {
        file.terms.agency = effective(app, Setting::Name).await?;
    }
    Ok(file)
}

/// The release to replace: verified, of the same recording, and not replaced yet.
async fn replaced(
    app: &Shared,
    (older, why): (&Id, &str),
    by: &Approved,
) -> ApiResult<(ReleaseRow, String)> {
    let why = text("why", why, CHARS_MAX)?.replace('\n', " ");
    let unknown = || ApiError::field("replaces.release", "Release not found.");
    let older = releases::by_id(&app.db, older)
        .await
        .map_err(|_| unknown())?;
    if older.recording != by.row.recording {
        let message = "That release belongs to another recording.";
        return Err(ApiError::field("replaces.release", message));
    }
    if older.state != ReleaseState::Ready {
        let message = "Only a verified release can be replaced.";
        return Err(ApiError::conflict("not_verified", message));
    }
    if let Some(newer) = &older.replaced_by {
        let message = "That release was already replaced. Replace the newer one.";
        return Err(
            ApiError::conflict("replaced", message).details(json!({ "replaced_by": newer }))
        );
    }
    Ok((older, why))
}

/// The excerpt of a recording that is released. Who withholds the rest is the user, as signed in.
async fn excerpt(
    app: &Shared,
    who: &SessionUser,
    approved: &Approved,
    (spans, reason): (Vec<ExcerptSpan>, &str),
) -> ApiResult<Excerpt> {
    let media = recordings::by_id(&app.db, &approved.row.recording)
        .await?
        .media;
    let media: serde_json::Value = media
        .as_deref()
        .and_then(|media| serde_json::from_str(media).ok())
        .unwrap_or_default();
    let duration = media["duration_seconds"].as_f64();
    let duration = duration.ok_or_else(|| {
        ApiError::conflict("not_ready", "The length of the recording is not known.")
    })?;
    let path = approved.plan.clone();
    let plan = tokio::task::spawn_blocking(move || redact_record::plan::read(&path));
    let (plan, _) = plan.await??;
    let codes: Vec<&str> = plan
        .reasons
        .iter()
        .map(|known| known.code.0.as_str())
        .collect();
    Excerpt::new(spans, (reason, &who.name), duration, &codes)
}

/// Copies of the plan and the request: later changes belong to other releases.
async fn write(app: &Shared, id: &Id, approved: &Approved, request: &RequestFile) -> ApiResult<()> {
    let folder = app.folders.release(id);
    tokio::fs::create_dir(&folder).await?;
    tokio::fs::copy(&approved.plan, folder.join(PLAN)).await?;
    let plan = tokio::fs::File::open(folder.join(PLAN)).await?;
    plan.sync_all().await?;
    manifest::write_request(&folder.join(REQUEST), request, Overwrite::Never)?;
    Ok(())
}

/// What the requester reads in the manifest and the log besides the law: the number of the request,
/// the name of the file that they receive, and the agency's time. The recording's own name may say
/// more than they may know.
fn public_terms(app: &Shared, terms: Terms, (request, stem): (&manifest::Request, &str)) -> Terms {
    Terms {
        request_number: request.request_number.clone(),
        recording: Some(format!("{stem}.redacted.mp4")),
        time_zone: Some(app.zone().name.clone()),
        utc_offset: Some(app.zone().offset_text(app.now())),
        ..terms
    }
}

/// The request, as manifests and packages record it: only the title of its law is public.
/// `authorised_by` and `why` may be empty.
pub(crate) fn request_file(
    (facts, law): (&Facts, &str),
    authorised_by: &str,
    why: &str,
) -> RequestFile {
    let line = |text: &str| {
        let plain = |c: char| {
            if redact_record::is_invisible(c) {
                ' '
            } else {
                c
            }
        };
        let line: String = text.chars().take(CHARS_MAX).map(plain).collect();
        (!line.trim().is_empty()).then(|| line.trim().to_owned())
    };
    let kind = facts.requester_kind.title();
    let requester = match line(&facts.requester) {
        Some(name) => format!("{name} ({kind})"),
        None => kind.to_owned(),
    };
    let replaces = line(why).map(|why| format!("replaces an earlier release: {why}"));
    RequestFile {
        terms: Terms {
            jurisdiction: line(law),
            ..Terms::default()
        },
        request: manifest::Request {
            requester: Some(requester),
            request_number: line(&facts.number),
            requested_on: Some(facts.received_on.clone()),
            due_on: Some(facts.due_on.clone()),
            authorised_by: line(authorised_by),
            written_basis: replaces,
            ..manifest::Request::default()
        },
    }
}
