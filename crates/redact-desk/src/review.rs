//! Reviews: every save is a revision, none is lost, and an approval is for one of them alone.

mod approval;
mod differences;
pub(crate) mod document;
mod kept_speech;
mod plan;
mod revisions;
mod summary;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use redact_core::{
    Digest, Findings, FrameIndex, FrameSpan, Keyframe, MaskRegion, Plan, Redactions,
};
use redact_record::RecordError;
use redact_record::events::Act;
use redact_record::plan::PlanContent;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, LargeBody, Query};
use crate::app::{App, Note, Shared};
use crate::policies::{self, Policy};
use crate::queue::{Job, Kind, NewJob};
use crate::recordings;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::views::{self, Seen};
use document::{ClassName, Document};

pub(crate) use approval::{Approved, Shown, approve, approved_plan, void_of_person, withdraw};
pub(crate) use differences::{Differences, differences};
pub(crate) use revisions::{revision, revisions};
pub(crate) use summary::summary;

/// The longest preview, in frames.
const PREVIEW_FRAMES_MAX: u32 = 900;

/// What a list says of a review.
#[derive(Clone, Serialize)]
pub(crate) struct Head {
    id: Id,
    recording: Id,
    title: String,
    policy_name: String,
    policy_digest: String,
    revision: i64,
    changed_at: String,
    changed_by: String,
    state: approval::State,
    second_person: bool,
    approvals: Vec<approval::Shown>,
}

/// A review as the page sees it.
#[derive(Serialize)]
pub(crate) struct Review {
    #[serde(flatten)]
    head: Head,
    policy: Policy,
    /// Speech that the policy mutes, in nanoseconds from the first frame; what of it no mute covers
    /// has to be decided about.
    policy_mutes: Vec<[i64; 2]>,
    document: Document,
}

#[derive(Clone, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) recording: Id,
    pub(crate) title: String,
    pub(crate) policy: String,
    pub(crate) revision: i64,
}

/// The review with that id.
///
/// # Errors
/// 404.
pub(crate) async fn row(app: &Shared, id: &Id) -> Answer<Row> {
    sqlx::query_as("SELECT id, recording, title, policy, revision FROM reviews WHERE id = ?")
        .bind(id)
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(ApiError::not_found)
}

async fn head(app: &Shared, row: &Row, policy: &Policy) -> Answer<Head> {
    let (at, by): (Millis, String) =
        sqlx::query_as("SELECT at, by FROM revisions WHERE review = ? AND revision = ?")
            .bind(&row.id)
            .bind(row.revision)
            .fetch_one(&app.db)
            .await?;
    let approvals = approval::of(app, row).await?;
    Ok(Head {
        state: approval::state(&approvals, policy.head.second_person),
        approvals: approvals.iter().map(approval::Shown::from).collect(),
        second_person: policy.head.second_person,
        id: row.id.clone(),
        recording: row.recording.clone(),
        title: row.title.clone(),
        policy_name: policy.head.name.clone(),
        policy_digest: policy.head.digest.clone(),
        revision: row.revision,
        changed_at: time::text(at),
        changed_by: by,
    })
}

/// The reviews of a recording.
///
/// # Errors
/// The database's.
pub(crate) async fn heads_of(app: &Shared, recording: &Id) -> Answer<Vec<Head>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, recording, title, policy, revision FROM reviews WHERE recording = ?
         ORDER BY created_at, id",
    )
    .bind(recording)
    .fetch_all(&app.db)
    .await?;
    let mut heads = Vec::with_capacity(rows.len());
    for row in rows {
        let policy = policies::kept(&app.db, &row.policy).await?;
        heads.push(head(app, &row, &policy).await?);
    }
    Ok(heads)
}

/// What was saved as one revision of a review, with what it is about.
///
/// # Errors
/// 404, 409 `not_ready`.
async fn opened(app: &Shared, row: &Row, policy: &Policy, revision: i64) -> Answer<Opened> {
    let found: Option<(String, Millis, String)> =
        sqlx::query_as("SELECT document, at, by FROM revisions WHERE review = ? AND revision = ?")
            .bind(&row.id)
            .bind(revision)
            .fetch_optional(&app.db)
            .await?;
    let (text, at, by) = found.ok_or_else(ApiError::not_found)?;
    let mut document: Document =
        serde_json::from_str(&text).map_err(|error| ApiError::internal(&error))?;
    let findings = app.findings(&row.recording).await?;
    let (found, digest) = &*findings;
    let ground = plan::Ground {
        findings: found,
        digest: *digest,
        policy,
    };
    kept_speech::migrate(&mut document, ground, (&by, &time::text(at)))?;
    Ok(Opened { document, findings })
}

/// A revision's document and the findings that it is about.
struct Opened {
    document: Document,
    findings: Arc<(Findings, Digest)>,
}

async fn shown(app: &Shared, row: Row) -> Answer<Review> {
    let policy = policies::kept(&app.db, &row.policy).await?;
    let opened = opened(app, &row, &policy, row.revision).await?;
    let mutes = redact_record::plan::speech_mutes(&opened.findings.0, &policy.written()?);
    let span = |mute: &redact_core::MuteRegion| [mute.span.start_nanos(), mute.span.end_nanos()];
    Ok(Review {
        head: head(app, &row, &policy).await?,
        policy_mutes: mutes.iter().map(span).collect(),
        document: opened.document,
        policy,
    })
}

/// A review with what its plan is made of, at one revision.
struct Ready {
    row: Row,
    policy: Policy,
    document: Document,
    findings: Arc<(Findings, Digest)>,
}

impl Ready {
    async fn load(app: &Shared, id: &Id, revision: Option<i64>) -> Answer<Self> {
        let row = row(app, id).await?;
        let revision = revision.unwrap_or(row.revision);
        let policy = policies::kept(&app.db, &row.policy).await?;
        let Opened { document, findings } = opened(app, &row, &policy, revision).await?;
        Ok(Self {
            row,
            policy,
            document,
            findings,
        })
    }

    fn ground(&self) -> plan::Ground<'_> {
        let (findings, digest) = &*self.findings;
        plan::Ground {
            findings,
            digest: *digest,
            policy: &self.policy,
        }
    }

    fn plan(&self) -> Answer<Plan> {
        plan::of(&self.document, self.ground())
    }

    /// Whether `plan` covers all that was found: what the renderer checks too.
    fn check_findings(&self, plan: &PlanContent) -> Result<(), RecordError> {
        let (findings, digest) = &*self.findings;
        plan.check_findings(findings, *digest)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decisions {
    Copy,
    Policy,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    policy: String,
    title: String,
    copy: Option<Id>,
    decisions: Option<Decisions>,
}

/// `POST /recordings/:id/reviews`.
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Path(recording): Path<Id>,
    Body(given): Body<New>,
) -> Answer<(StatusCode, axum::Json<Review>)> {
    recordings::frames(&app, &recording).await?;
    let title = crate::answer::text("title", &given.title, 100)?;
    let unknown = || ApiError::field("policy", "There is no such policy.");
    let (written, policy) = app.policies.get(&given.policy).ok_or_else(unknown)?;
    let findings = app.findings(&recording).await?;
    let (found, digest) = &*findings;
    let mut document = match &given.copy {
        None => {
            let at = app.now_nanos();
            let proposed = redact_record::plan::propose(found, *digest, written, &who.name, at)?;
            let mut fresh = Document::fresh(found);
            fresh.mutes = Document::mutes_of(&proposed);
            fresh
        }
        Some(copied) => {
            let copied = row(&app, copied).await?;
            if copied.recording != recording {
                return Err(ApiError::field(
                    "copy",
                    "That review is of another recording.",
                ));
            }
            let kept = policies::kept(&app.db, &copied.policy).await?;
            opened(&app, &copied, &kept, copied.revision)
                .await?
                .document
        }
    };
    let otherwise = if given.copy.is_some() {
        Decisions::Copy
    } else {
        Decisions::None
    };
    let decisions = given.decisions.unwrap_or(otherwise);
    if decisions != Decisions::Copy {
        document.kept_speech = Some(Vec::new());
    }
    for track in &mut document.tracks {
        match decisions {
            Decisions::Copy => {}
            Decisions::None => track.decision = None,
            Decisions::Policy => {
                track.decision = Some(plan::policy_decision(policy, track.class.into()));
            }
        }
    }
    let when = time::text(app.now());
    let mut document = document.signed(None, &who.name, &when);
    let before = given.copy.is_some().then(|| document.clone());
    let ground = plan::Ground {
        findings: found,
        digest: *digest,
        policy,
    };
    kept_speech::settle(&mut document, before.as_ref(), ground, (&who.name, &when))?;
    let id = insert(&app, &recording, &title, policy, (&document, &who.name)).await?;
    app.tell(Change::Recording { id: recording });
    let row = row(&app, &id).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(&app, row).await?)))
}

/// The review that every recording has as soon as it is ready: by the first policy, undecided.
///
/// # Errors
/// The database's.
pub(crate) async fn begin_first(app: &Shared, recording: &Id, by: &str) -> Answer<()> {
    let (there,): (i64,) = sqlx::query_as("SELECT count(*) FROM reviews WHERE recording = ?")
        .bind(recording)
        .fetch_one(&app.db)
        .await?;
    if there > 0 {
        return Ok(());
    }
    let (written, policy) = app.policies.first();
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let proposed = redact_record::plan::propose(found, *digest, written, by, app.now_nanos())?;
    let mut document = Document::fresh(found);
    document.mutes = Document::mutes_of(&proposed);
    let title = policy.head.title().to_owned();
    insert(app, recording, &title, policy, (&document, by)).await?;
    Ok(())
}

async fn insert(
    app: &Shared,
    recording: &Id,
    title: &str,
    policy: &Policy,
    (document, by): (&Document, &str),
) -> Answer<Id> {
    let id = Id::random();
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO reviews (id, recording, title, policy, revision, created_at)
         VALUES (?, ?, ?, ?, 1, ?)",
    )
    .bind(&id)
    .bind(recording)
    .bind(title)
    .bind(&policy.head.digest)
    .bind(app.now())
    .execute(&mut *change)
    .await?;
    write(app, &mut change, (&id, 1), document, by).await?;
    let note = Note::new(Act::Decision, "begun")
        .id("review", &id)
        .id("recording", recording);
    app.note(by, note.count("tracks", document.tracks.len()))
        .await?;
    change.commit().await?;
    Ok(id)
}

async fn write(
    app: &Shared,
    change: &mut sqlx::SqliteConnection,
    (review, revision): (&Id, i64),
    document: &Document,
    by: &str,
) -> Answer<()> {
    let text = serde_json::to_string(document).map_err(|error| ApiError::internal(&error))?;
    sqlx::query(
        "INSERT INTO revisions (review, revision, at, by, undecided, document)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(review)
    .bind(revision)
    .bind(app.now())
    .bind(by)
    .bind(i64::try_from(document.undecided()).unwrap_or(i64::MAX))
    .bind(text)
    .execute(change)
    .await?;
    Ok(())
}

/// `GET /reviews/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Review>> {
    let row = row(&app, &id).await?;
    views::note(&app, &who, &row.recording, Seen::Review, 0..0).await?;
    Ok(axum::Json(shown(&app, row).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Save {
    base: i64,
    document: Document,
}

#[derive(Serialize)]
pub(crate) struct Saved {
    revision: i64,
    saved_at: String,
    state: approval::State,
    approvals_voided: u64,
}

/// `PUT /reviews/:id`.
pub(crate) async fn save(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    LargeBody(given): LargeBody<Save>,
) -> Answer<axum::Json<Saved>> {
    given.document.check()?;
    let _alone = app.review_lock.lock().await;
    let mut ready = Ready::load(&app, &id, None).await?;
    let when = time::text(app.now());
    let before = std::mem::take(&mut ready.document);
    let document = given.document.signed(Some(&before), &who.name, &when);
    if given.base != ready.row.revision {
        return Err(conflict(&app, &ready.row, &document, &who.name).await?);
    }
    ready.document = document;
    // What no plan can spell is refused now, not when it is to be approved.
    let by = who.name.clone();
    let recorded = tokio::task::spawn_blocking(move || -> Answer<_> {
        let mut document = std::mem::take(&mut ready.document);
        kept_speech::settle(&mut document, Some(&before), ready.ground(), (&by, &when))?;
        ready.document = document;
        Ok((ready, before, when))
    });
    let (ready, before, when) = recorded.await??;
    if ready.document == before {
        let head = head(&app, &ready.row, &ready.policy).await?;
        return Ok(axum::Json(Saved {
            revision: head.revision,
            saved_at: head.changed_at,
            state: head.state,
            approvals_voided: 0,
        }));
    }
    let revision = ready.row.revision + 1;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    write(
        &app,
        &mut change,
        (&id, revision),
        &ready.document,
        &who.name,
    )
    .await?;
    sqlx::query("UPDATE reviews SET revision = ? WHERE id = ?")
        .bind(revision)
        .bind(&id)
        .execute(&mut *change)
        .await?;
    let voided = approval::void(&mut change, &id).await?;
    let note = Note::new(Act::Decision, "saved")
        .id("review", &id)
        .count("revision", usize::try_from(revision).unwrap_or(0))
        .count("undecided", ready.document.undecided())
        .count("approvals-voided", usize::try_from(voided).unwrap_or(0));
    app.note(&who.name, note).await?;
    change.commit().await?;
    app.tell(Change::Review { id });
    Ok(axum::Json(Saved {
        revision,
        saved_at: when,
        state: approval::State::InReview,
        approvals_voided: voided,
    }))
}

/// Keeps what came too late under a number below zero, and says what was there before it.
async fn conflict(app: &Shared, row: &Row, document: &Document, by: &str) -> Answer<ApiError> {
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let (lowest,): (i64,) = sqlx::query_as("SELECT min(revision) FROM revisions WHERE review = ?")
        .bind(&row.id)
        .fetch_one(&mut *change)
        .await?;
    let aside = lowest.min(0) - 1;
    write(app, &mut change, (&row.id, aside), document, by).await?;
    let (at, other): (Millis, String) =
        sqlx::query_as("SELECT at, by FROM revisions WHERE review = ? AND revision = ?")
            .bind(&row.id)
            .bind(row.revision)
            .fetch_one(&mut *change)
            .await?;
    change.commit().await?;
    let message = format!("{other} saved this review after you opened it.");
    Ok(ApiError::conflict("newer_revision", message)
        .hint("Nothing is lost: your version was kept beside it.")
        .details(json!({
            "revision": row.revision, "by": other, "at": time::text(at), "kept_as": aside,
        })))
}

/// What a review hides and mutes, with what is undecided hidden and muted.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn preview_of(
    app: &Shared,
    review: &Id,
    revision: Option<i64>,
) -> Answer<Redactions> {
    let ready = Ready::load(app, review, revision).await?;
    let made = tokio::task::spawn_blocking(move || {
        let plan = plan::hidden_where_undecided(ready.plan()?, ready.ground())?;
        Ok(Redactions::preview(&plan))
    });
    made.await?
}

/// The part of `redactions` that lies in frames `start..end`; mutes stay whole.
pub(crate) fn within(redactions: &Redactions, start: u32, end: u32) -> Redactions {
    let masks = redactions.masks.iter().filter_map(|mask| {
        let first = mask.span().start().get().max(start);
        let after = mask.span().end().get().min(end);
        let span = FrameSpan::new(FrameIndex::new(first), FrameIndex::new(after))?;
        let path = (first..after)
            .filter_map(|frame| {
                let frame = FrameIndex::new(frame);
                Some(Keyframe {
                    frame,
                    rect: mask.rect_at(frame)?,
                })
            })
            .collect();
        let (id, reason) = (mask.id().to_owned(), mask.reason().clone());
        MaskRegion::new(id, mask.origin(), mask.effect(), reason, span, path)
    });
    Redactions {
        masks: masks.collect(),
        mutes: redactions.mutes.clone(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Look {
    revision: Option<i64>,
    width: Option<u32>,
}

/// `GET /reviews/:id/preview/:frame`.
pub(crate) async fn preview_frame(
    State(app): State<App>,
    who: Who,
    Path((id, frame)): Path<(Id, u32)>,
    Query(look): Query<Look>,
) -> Answer<Response> {
    let recording = row(&app, &id).await?.recording;
    let all = preview_of(&app, &id, look.revision).await?;
    let shown = within(&all, frame, frame.saturating_add(1));
    let seen = (&who, Seen::Preview);
    recordings::picture(&app, &recording, seen, frame, look.width, shown).await
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
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<Stretch>,
) -> Answer<(StatusCode, axum::Json<Job>)> {
    let recording = row(&app, &id).await?.recording;
    let frames = recordings::frames(&app, &recording).await?;
    if given.start >= given.end || given.end > frames {
        let message = format!("A stretch of frames within 0 to {frames}.");
        return Err(ApiError::field("end", message));
    }
    if given.end - given.start > PREVIEW_FRAMES_MAX {
        let message = format!("A preview has at most {PREVIEW_FRAMES_MAX} frames.");
        return Err(ApiError::field("end", message));
    }
    Ready::load(&app, &id, Some(given.revision)).await?;
    let mut job = NewJob::new(Kind::Preview, &who.name);
    job.request = Some(recordings::request_of(&app, &recording).await?.0);
    job.recording = Some(recording);
    job.review = Some(id);
    job.input = json!(crate::jobs::PreviewInput {
        revision: given.revision,
        start: given.start,
        end: given.end,
    });
    let job = recordings::queue_now(&app, job).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}
