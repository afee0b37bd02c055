//! Reviews as the API returns them.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::body::{Body, LargeBody, Query};
use super::jobs::{Job, present as present_job};
use crate::api_error::{ApiError, ApiResult};
use crate::db::approvals::ApprovalRow;
use crate::db::comments::CommentRow;
use crate::db::jobs::NewJob;
use crate::db::reviews::{self as rows, HeadRow, RevisionRow};
use crate::db::{self, recordings};
use crate::domain::approval::{Approval, ReviewState};
use crate::domain::comment::Comment;
use crate::domain::differences::Differences;
use crate::domain::document::Document;
use crate::domain::policy::Policy;
use crate::domain::reason_changes::ReasonChange;
use crate::domain::sheet::SheetItem;
use crate::domain::summary::{Summary, summary as summarize};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::{JobKind, SessionUser};
use crate::peer::Peer;
use crate::service::app::{App, Shared};
use crate::service::approvals::{self, Approve};
use crate::service::comments;
use crate::service::held_pictures::PicturesOf;
use crate::service::job_task::PreviewInput;
use crate::service::jobs::queue;
use crate::service::new_reviews::{self, Decisions, NewReview};
use crate::service::policies;
use crate::service::recordings::frames;
use crate::service::releases;
use crate::service::reviews::{self, LoadedReview, Saved};
use crate::service::sealed;
use crate::service::views;
use crate::service::{previews, sheet as sheets};
use crate::time;

/// The longest preview, in frames.
const PREVIEW_FRAMES_MAX: u32 = 900;

/// A review as lists show it.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ReviewHead {
    id: Id,
    recording: Id,
    title: String,
    policy_name: String,
    policy_digest: String,
    revision: i64,
    changed_at: String,
    changed_by: String,
    state: ReviewState,
    second_person: bool,
    approvals: Vec<Approval>,
    /// Why an approver sent it back, until it is handed in again or approved.
    sent_back: Option<Comment>,
}

/// A review as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Review {
    #[serde(flatten)]
    head: ReviewHead,
    policy: Policy,
    /// What the policy mutes of what was said. Parts without a mute need a decision.
    policy_mutes: Vec<PolicyMute>,
    document: Document,
}

/// A span that the policy mutes, in nanoseconds since the first frame, with its reason. Spans with
/// different reasons may overlap.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PolicyMute {
    start_nanos: i64,
    end_nanos: i64,
    reason: String,
}

fn head(
    row: HeadRow,
    policy: &Policy,
    given: &[ApprovalRow],
    sent_back: Option<CommentRow>,
) -> ReviewHead {
    let second_person = policy.head.second_person;
    ReviewHead {
        sent_back: sent_back
            .filter(|_| given.is_empty())
            .map(comments::present),
        state: approvals::state_of(given, second_person),
        approvals: given.iter().map(approvals::present).collect(),
        second_person,
        id: row.review.id,
        recording: row.review.recording,
        title: row.review.title,
        policy_name: policy.head.name.clone(),
        policy_digest: policy.head.digest.clone(),
        revision: row.review.revision,
        changed_at: time::text(row.at),
        changed_by: row.by,
    }
}

/// The reviews of one recording, or of all recordings of a request, by recording.
///
/// # Errors
/// Database errors.
pub(crate) async fn heads(app: &Shared, of: &Id) -> ApiResult<HashMap<Id, Vec<ReviewHead>>> {
    let policies = policies::all_stored(&app.db).await?;
    let given = db::approvals::by_review(&app.db, of).await?;
    let mut sent_back = db::comments::sent_back(&app.db, of).await?;
    let mut heads: HashMap<Id, Vec<ReviewHead>> = HashMap::new();
    for row in rows::heads(&app.db, of).await? {
        let policy = policies
            .get(&row.review.policy)
            .ok_or_else(|| ApiError::internal(&"a review without a policy"))?;
        let given = given.get(&row.review.id).map_or(&[][..], Vec::as_slice);
        let recording = row.review.recording.clone();
        let sent_back = sent_back.remove(&row.review.id);
        heads
            .entry(recording)
            .or_default()
            .push(head(row, policy, given, sent_back));
    }
    Ok(heads)
}

/// A review at a revision, or the newest.
async fn present(app: &Shared, id: &Id, revision: Option<i64>) -> ApiResult<Review> {
    let mut loaded = LoadedReview::load(app, id, revision).await?;
    loaded.row.revision = revision.unwrap_or(loaded.row.revision);
    let written = loaded.policy.written()?;
    let mutes = redact_record::plan::speech_mutes(&loaded.findings.0, &written);
    let span = |mute: redact_core::MuteRegion| PolicyMute {
        start_nanos: mute.span.start_nanos(),
        end_nanos: mute.span.end_nanos(),
        reason: mute.reason.0,
    };
    let (at, by) = rows::saved(&app.db, id, loaded.row.revision).await?;
    let given = db::approvals::of(&app.db, &loaded.row).await?;
    let sent_back = db::comments::sent_back(&app.db, id).await?.remove(id);
    let row = HeadRow {
        review: loaded.row,
        at,
        by,
    };
    Ok(Review {
        head: head(row, &loaded.policy, &given, sent_back),
        policy_mutes: mutes.into_iter().map(span).collect(),
        document: loaded.document,
        policy: loaded.policy,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReviewBody {
    policy: String,
    title: String,
    copy: Option<Id>,
    decisions: Option<Decisions>,
    #[serde(default)]
    reasons: Vec<ReasonChange>,
}

/// `POST /recordings/:id/reviews`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Path(recording): Path<Id>,
    Body(given): Body<NewReviewBody>,
) -> ApiResult<(StatusCode, axum::Json<Review>)> {
    if let Some(copied) = &given.copy {
        sealed::check(&app, &who, "reviews", copied).await?;
    }
    let new = NewReview {
        policy: &given.policy,
        title: &given.title,
        copy: given.copy.as_ref(),
        decisions: given.decisions,
        reasons: &given.reasons,
    };
    let id = new_reviews::begin(&app, &who, &recording, new).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(present(&app, &id, None).await?),
    ))
}

/// `GET /reviews/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Review>> {
    let row = rows::by_id(&app.db, &id).await?;
    views::note(&app, &who, &row.recording, Seen::Review, 0..0).await?;
    Ok(axum::Json(present(&app, &id, None).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Save {
    base: i64,
    document: Document,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Saved"))]
pub(crate) struct SaveResult {
    revision: i64,
    saved_at: String,
    state: ReviewState,
    /// What was saved, if it has changes of others since the revision that was sent.
    merged: Option<Document>,
}

/// `PUT /reviews/:id`.
pub(crate) async fn save(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    LargeBody(given): LargeBody<Save>,
) -> ApiResult<axum::Json<SaveResult>> {
    let saved = reviews::save(&app, &who, &id, (given.base, given.document)).await?;
    save_result(&app, saved).await
}

/// The result of a save as the API returns it.
///
/// # Errors
/// Database errors.
pub(crate) async fn save_result(
    app: &Shared,
    Saved { row, merged }: Saved,
) -> ApiResult<axum::Json<SaveResult>> {
    let policy = policies::stored(&app.db, &row.policy).await?;
    let (at, _) = rows::saved(&app.db, &row.id, row.revision).await?;
    let given = db::approvals::of(&app.db, &row).await?;
    Ok(axum::Json(SaveResult {
        revision: row.revision,
        saved_at: time::text(at),
        state: approvals::state_of(&given, policy.head.second_person),
        merged,
    }))
}

/// A revision as a list shows it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Revision {
    revision: i64,
    at: String,
    by: String,
    undecided: i64,
}

/// `GET /reviews/:id/revisions`.
pub(crate) async fn revisions(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<Revision>>> {
    rows::by_id(&app.db, &id).await?;
    let revision = |row: RevisionRow| Revision {
        revision: row.revision,
        at: time::text(row.at),
        by: row.by,
        undecided: row.undecided,
    };
    let rows = rows::revisions(&app.db, &id).await?;
    Ok(axum::Json(rows.into_iter().map(revision).collect()))
}

/// `GET /reviews/:id/revisions/:n`. Saves that lost a conflict have negative numbers.
pub(crate) async fn revision(
    State(app): State<App>,
    who: SessionUser,
    Path((id, revision)): Path<(Id, i64)>,
) -> ApiResult<axum::Json<Review>> {
    let row = rows::by_id(&app.db, &id).await?;
    views::note(&app, &who, &row.recording, Seen::Review, 0..0).await?;
    Ok(axum::Json(present(&app, &id, Some(revision)).await?))
}

/// `GET /reviews/:id/summary`.
pub(crate) async fn summary(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Summary>> {
    let loaded = LoadedReview::load(&app, &id, None).await?;
    let given = db::approvals::of(&app.db, &loaded.row).await?;
    let given: Vec<Approval> = given.iter().map(approvals::present).collect();
    let made = tokio::task::spawn_blocking(move || {
        summarize(
            &loaded.document,
            loaded.plan_inputs(),
            loaded.row.revision,
            given,
        )
    });
    Ok(axum::Json(made.await??))
}

/// `GET /reviews/:id/sheet`.
pub(crate) async fn sheet(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<SheetItem>>> {
    let sheet = sheets::of(&app, &id, None).await?;
    views::note(&app, &who, &sheet.recording, Seen::Review, 0..0).await?;
    Ok(axum::Json(sheet.items))
}

/// `GET /reviews/:id/differences/:other`.
pub(crate) async fn differences(
    State(app): State<App>,
    who: SessionUser,
    Path((here, there)): Path<(Id, Id)>,
) -> ApiResult<axum::Json<Differences>> {
    let here = LoadedReview::load(&app, &here, None).await?;
    let there = LoadedReview::load(&app, &there, None).await?;
    if here.row.recording != there.row.recording {
        return Err(ApiError::field(
            "other",
            "That review belongs to another recording.",
        ));
    }
    let recording = here.row.recording.clone();
    let made = tokio::task::spawn_blocking(move || {
        Ok::<_, ApiError>(Differences::between(&here.plan()?, &there.plan()?))
    });
    let made = made.await??;
    if made.has_words() {
        views::note(&app, &who, &recording, Seen::Transcript, 0..0).await?;
    }
    Ok(axum::Json(made))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewQuery {
    revision: Option<i64>,
    width: Option<u32>,
    #[serde(default)]
    sheet: bool,
}

/// `GET /reviews/:id/preview/:frame`.
pub(crate) async fn preview_frame(
    State(app): State<App>,
    who: SessionUser,
    Path((id, frame)): Path<(Id, u32)>,
    Query(look): Query<PreviewQuery>,
) -> ApiResult<Response> {
    let row = rows::by_id(&app.db, &id).await?;
    let of = PicturesOf {
        review: id,
        revision: look.revision.unwrap_or(row.revision),
        width: look.width.map(|width| width.clamp(16, 4096)),
        sheet: look.sheet,
    };
    let jpeg = previews::picture(&app, of, frame).await?;
    views::note(&app, &who, &row.recording, Seen::Preview, frame..frame + 1).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], jpeg.to_vec()).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stretch {
    revision: i64,
    start: u32,
    end: u32,
}

/// `POST /reviews/:id/preview`.
pub(crate) async fn preview_clip(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<Stretch>,
) -> ApiResult<(StatusCode, axum::Json<Job>)> {
    let recording = rows::by_id(&app.db, &id).await?.recording;
    let frames = frames(&app, &recording).await?;
    if given.start >= given.end || given.end > frames {
        let message = format!("Expected a range of frames within 0 to {frames}.");
        return Err(ApiError::field("end", message));
    }
    if given.end - given.start > PREVIEW_FRAMES_MAX {
        let message = format!("A preview can have at most {PREVIEW_FRAMES_MAX} frames.");
        return Err(ApiError::field("end", message));
    }
    rows::saved(&app.db, &id, given.revision).await?;
    let mut job = NewJob::new(JobKind::Preview, &who.name);
    job.request = Some(recordings::by_id(&app.db, &recording).await?.request);
    job.recording = Some(recording);
    job.review = Some(id);
    job.input = json!(PreviewInput {
        revision: given.revision,
        start: given.start,
        end: given.end,
    });
    let job = queue(&app, job).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(present_job(&app, job))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveBody {
    revision: i64,
    password: String,
    statement: Option<String>,
}

/// `POST /reviews/:id/approve`.
pub(crate) async fn approve(
    State(app): State<App>,
    who: SessionUser,
    peer: Peer,
    Path(id): Path<Id>,
    Body(given): Body<ApproveBody>,
) -> ApiResult<axum::Json<Review>> {
    let with = Approve {
        revision: given.revision,
        password: &given.password,
        statement: given.statement.as_deref(),
    };
    approvals::approve(&app, (&who, peer), &id, with).await?;
    Ok(axum::Json(present(&app, &id, None).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdraw {
    reason: String,
}

/// `POST /reviews/:id/withdraw`.
pub(crate) async fn withdraw(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<Withdraw>,
) -> ApiResult<axum::Json<Review>> {
    approvals::withdraw(&app, &who, &id, &given.reason).await?;
    releases::stop_revoked(&app).await?;
    Ok(axum::Json(present(&app, &id, None).await?))
}
