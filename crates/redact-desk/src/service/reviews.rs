//! Reviews: every save is a revision, none is lost, and an approval is for one of them alone.

use std::sync::Arc;

use redact_core::{Digest, Findings, Plan, Redactions};
use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::{policies, recordings};
use crate::answer::{Answer, ApiError, text};
use crate::db::approvals;
use crate::db::pool::{self, Connection};
use crate::db::reviews::{self, NewRevision, ReviewRow};
use crate::domain::document::Document;
use crate::domain::plan::{self, Ground};
use crate::domain::policy::Policy;
use crate::domain::speech;
use crate::id::Id;
use crate::model::Who;
use crate::note::Note;
use crate::time;

/// A review with what its plan is made of, at one revision.
pub(crate) struct Ready {
    pub(crate) row: ReviewRow,
    pub(crate) policy: Policy,
    pub(crate) document: Document,
    pub(crate) findings: Arc<(Findings, Digest)>,
}

impl Ready {
    /// Reads a review's revision, the newest without one.
    ///
    /// # Errors
    /// 404, 409 `not_ready`.
    pub(crate) async fn load(app: &Shared, id: &Id, revision: Option<i64>) -> Answer<Self> {
        let row = reviews::by_id(&app.db, id).await?;
        let revision = revision.unwrap_or(row.revision);
        let policy = policies::stored(&app.db, &row.policy).await?;
        let saved = reviews::document(&app.db, id, revision).await?;
        let document: Document =
            serde_json::from_str(&saved.document).map_err(|error| ApiError::internal(&error))?;
        let mut ready = Self {
            findings: app.findings(&row.recording).await?,
            row,
            policy,
            document,
        };
        let mut document = std::mem::take(&mut ready.document);
        let by = (saved.by.as_str(), time::text(saved.at));
        speech::migrate(&mut document, ready.ground(), (by.0, &by.1))?;
        ready.document = document;
        Ok(ready)
    }

    /// What the plan is made of beside the document.
    pub(crate) fn ground(&self) -> Ground<'_> {
        let (findings, digest) = &*self.findings;
        Ground {
            findings,
            digest: *digest,
            policy: &self.policy,
        }
    }

    /// The plan that the document means, without approvals.
    ///
    /// # Errors
    /// 400 with the field that no plan can spell.
    pub(crate) fn plan(&self) -> Answer<Plan> {
        plan::of(&self.document, self.ground())
    }
}

/// What becomes of decisions in a new review.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decisions {
    Copy,
    Policy,
    None,
}

/// A review to begin.
pub(crate) struct NewReview<'a> {
    pub(crate) policy: &'a str,
    pub(crate) title: &'a str,
    /// A review of the same recording.
    pub(crate) copy: Option<&'a Id>,
    pub(crate) decisions: Option<Decisions>,
}

/// Begins a review of a recording; gives it.
///
/// # Errors
/// 400 for a policy that is not there; 404, 409 `not_ready`.
pub(crate) async fn begin(
    app: &Shared,
    who: &Who,
    recording: &Id,
    new: NewReview<'_>,
) -> Answer<Id> {
    recordings::frames(app, recording).await?;
    let title = text("title", new.title, 100)?;
    let unknown = || ApiError::field("policy", "Policy not found.");
    let (written, policy) = app.policies.get(new.policy).ok_or_else(unknown)?;
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let ground = Ground {
        findings: found,
        digest: *digest,
        policy,
    };
    let mut document = match new.copy {
        None => fresh(found, *digest, written, (&who.name, app.now_nanos()))?,
        Some(copied) => {
            let copied = Ready::load(app, copied, None).await?;
            if copied.row.recording != *recording {
                let message = "That review is of another recording.";
                return Err(ApiError::field("copy", message));
            }
            copied.document
        }
    };
    let otherwise = if new.copy.is_some() {
        Decisions::Copy
    } else {
        Decisions::None
    };
    let decisions = new.decisions.unwrap_or(otherwise);
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
    let before = new.copy.is_some().then(|| document.clone());
    speech::settle(&mut document, before.as_ref(), ground, (&who.name, &when))?;
    let id = insert(app, (recording, &title), policy, (&document, &who.name)).await?;
    app.tell(Change::Recording(recording.clone()));
    Ok(id)
}

/// A document in which nothing is decided, with the policy's mutes.
fn fresh(
    found: &Findings,
    digest: Digest,
    written: &redact_record::policy::Policy,
    (by, at): (&str, redact_core::UtcNanos),
) -> Answer<Document> {
    let proposed = redact_record::plan::propose(found, digest, written, by, at)?;
    let mut fresh = Document::fresh(found);
    fresh.mutes = Document::mutes_of(&proposed);
    Ok(fresh)
}

/// The review that every recording has as soon as it is ready: by the first policy, undecided.
///
/// # Errors
/// The database's.
pub(crate) async fn begin_first(app: &Shared, recording: &Id, by: &str) -> Answer<()> {
    if reviews::has_any(&app.db, recording).await? {
        return Ok(());
    }
    let (written, policy) = app.policies.first();
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let document = fresh(found, *digest, written, (by, app.now_nanos()))?;
    let title = policy.head.title();
    insert(app, (recording, title), policy, (&document, by)).await?;
    Ok(())
}

async fn insert(
    app: &Shared,
    (recording, title): (&Id, &str),
    policy: &Policy,
    (document, by): (&Document, &str),
) -> Answer<Id> {
    let row = ReviewRow {
        id: Id::random(),
        recording: recording.clone(),
        title: title.to_owned(),
        policy: policy.head.digest.clone(),
        revision: 1,
    };
    let mut change = pool::begin(&app.db).await?;
    reviews::insert(&mut change, &row, app.now()).await?;
    write(app, &mut change, (&row.id, 1), document, by).await?;
    let note = Note::new(Act::Decision, "begun")
        .id("review", &row.id)
        .id("recording", recording);
    app.note(by, note.count("tracks", document.tracks.len()))
        .await?;
    change.commit().await?;
    Ok(row.id)
}

async fn write(
    app: &Shared,
    change: &mut Connection,
    (review, revision): (&Id, i64),
    document: &Document,
    by: &str,
) -> Answer<()> {
    let new = NewRevision {
        review,
        revision,
        by,
        undecided: document.undecided(),
        document: serde_json::to_string(document).map_err(|error| ApiError::internal(&error))?,
        now: app.now(),
    };
    Ok(reviews::insert_revision(change, new).await?)
}

/// What came of a save.
pub(crate) struct Saved {
    /// The review with the new revision, or as before when nothing differed from the newest.
    pub(crate) row: ReviewRow,
    /// Approvals that the new revision voided.
    pub(crate) voided: u64,
}

/// Saves a document that is based on revision `base`.
///
/// # Errors
/// 400 with the field; 409 `newer_revision`.
pub(crate) async fn save(
    app: &Shared,
    who: &Who,
    id: &Id,
    (base, document): (i64, Document),
) -> Answer<Saved> {
    document.check()?;
    let _alone = app.review_lock.lock().await;
    let mut ready = Ready::load(app, id, None).await?;
    let when = time::text(app.now());
    let before = std::mem::take(&mut ready.document);
    let mut document = document.signed(Some(&before), &who.name, &when);
    if base != ready.row.revision {
        return Err(conflict(app, &ready.row, &document, &who.name).await?);
    }
    // What no plan can spell is refused now, not when it is to be approved.
    let by = who.name.clone();
    let settled = tokio::task::spawn_blocking(move || -> Answer<_> {
        speech::settle(&mut document, Some(&before), ready.ground(), (&by, &when))?;
        ready.document = document;
        Ok((ready, before))
    });
    let (ready, before) = settled.await??;
    if ready.document == before {
        return Ok(Saved {
            row: ready.row,
            voided: 0,
        });
    }
    let revision = ready.row.revision + 1;
    let mut change = pool::begin(&app.db).await?;
    write(app, &mut change, (id, revision), &ready.document, &who.name).await?;
    reviews::set_revision(&mut change, id, revision).await?;
    let voided = approvals::void(&mut change, id).await?;
    let note = Note::new(Act::Decision, "saved")
        .id("review", id)
        .count("revision", usize::try_from(revision).unwrap_or(0))
        .count("undecided", ready.document.undecided())
        .count("approvals-voided", usize::try_from(voided).unwrap_or(0));
    app.note(&who.name, note).await?;
    change.commit().await?;
    app.tell(Change::Review(id.clone()));
    Ok(Saved {
        row: ReviewRow {
            revision,
            ..ready.row
        },
        voided,
    })
}

/// Stores what came too late under a number below zero, and says what was there before it.
async fn conflict(
    app: &Shared,
    row: &ReviewRow,
    document: &Document,
    by: &str,
) -> Answer<ApiError> {
    let mut change = pool::begin(&app.db).await?;
    let aside = reviews::lowest_revision(&mut change, &row.id).await?.min(0) - 1;
    write(app, &mut change, (&row.id, aside), document, by).await?;
    change.commit().await?;
    let (at, other) = reviews::saved(&app.db, &row.id, row.revision).await?;
    let message = format!("{other} saved this review after you opened it.");
    Ok(ApiError::conflict("newer_revision", message)
        .hint("Nothing is lost: your version was saved beside it.")
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
