//! Reviews. Every save is a revision, none is lost, and an approval is for exactly one revision.

use std::collections::HashMap;
use std::sync::Arc;

use redact_core::{Digest, Findings, Plan, Redactions};
use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::{policies, recordings};
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::approvals;
use crate::db::pool::{self, Connection};
use crate::db::reviews::{self, NewRevision, ReviewRow};
use crate::domain::document::{Decision, Document};
use crate::domain::merge::{Sides, merge};
use crate::domain::plan::{self, PlanInputs};
use crate::domain::policy::Policy;
use crate::domain::reason_changes::{ReasonChange, ReasonProposal, proposals};
use crate::domain::speech;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time;

/// A review at one revision, with everything that its plan is built from.
pub(crate) struct LoadedReview {
    pub(crate) row: ReviewRow,
    pub(crate) policy: Policy,
    pub(crate) document: Document,
    pub(crate) findings: Arc<(Findings, Digest)>,
}

impl LoadedReview {
    /// Loads a revision of a review, or the newest.
    ///
    /// # Errors
    /// 404, 409 `not_ready`.
    pub(crate) async fn load(app: &Shared, id: &Id, revision: Option<i64>) -> ApiResult<Self> {
        let row = reviews::by_id(&app.db, id).await?;
        let revision = revision.unwrap_or(row.revision);
        let policy = policies::stored(&app.db, &row.policy).await?;
        let policy = policies::under_law(app, policy, &row.recording).await?;
        let saved = reviews::document(&app.db, id, revision).await?;
        let document: Document =
            serde_json::from_str(&saved.document).map_err(|error| ApiError::internal(&error))?;
        let mut loaded = Self {
            findings: app.findings(&row.recording).await?,
            row,
            policy,
            document,
        };
        let mut document = std::mem::take(&mut loaded.document);
        let by = (saved.by.as_str(), time::text(saved.at));
        speech::migrate(&mut document, loaded.plan_inputs(), (by.0, &by.1))?;
        loaded.document = document;
        Ok(loaded)
    }

    /// What the plan is built from, besides the document.
    pub(crate) fn plan_inputs(&self) -> PlanInputs<'_> {
        let (findings, digest) = &*self.findings;
        PlanInputs {
            findings,
            digest: *digest,
            policy: &self.policy,
        }
    }

    /// Builds the plan, without approvals.
    ///
    /// # Errors
    /// 400 with the field that is not valid in a plan.
    pub(crate) fn plan(&self) -> ApiResult<Plan> {
        plan::build(&self.document, self.plan_inputs())
    }
}

/// How the decisions of a new review start.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decisions {
    Copy,
    Policy,
    None,
}

/// A review to start.
pub(crate) struct NewReview<'a> {
    pub(crate) policy: &'a str,
    pub(crate) title: &'a str,
    /// A review of the same recording to copy.
    pub(crate) copy: Option<&'a Id>,
    pub(crate) decisions: Option<Decisions>,
    /// Reasons of the copied review to replace.
    pub(crate) reasons: &'a [ReasonChange],
}

/// Starts a review of a recording and returns its id.
///
/// # Errors
/// 400 for an unknown policy; 404, 409 `not_ready`.
pub(crate) async fn begin(
    app: &Shared,
    who: &SessionUser,
    recording: &Id,
    new: NewReview<'_>,
) -> ApiResult<Id> {
    recordings::frames(app, recording).await?;
    let title = text("title", new.title, 100)?;
    let unknown = || ApiError::field("policy", "Policy not found.");
    let (_, policy) = app.policies.get(new.policy).ok_or_else(unknown)?;
    let policy = &policies::under_law(app, policy.clone(), recording).await?;
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let inputs = PlanInputs {
        findings: found,
        digest: *digest,
        policy,
    };
    let mut document = match new.copy {
        None => {
            let written = policy.written()?;
            fresh(found, *digest, &written, (&who.name, app.now_nanos()))?
        }
        Some(copied) => {
            let copied = LoadedReview::load(app, copied, None).await?;
            if copied.row.recording != *recording {
                let message = "That review belongs to another recording.";
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
        document.checked_items = Vec::new();
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
    document.change_reasons(new.reasons, policy)?;
    let when = time::text(app.now());
    let mut document = document.attributed(None, &who.name, &when);
    let before = new.copy.is_some().then(|| document.clone());
    speech::trim_decisions(&mut document, before.as_ref(), inputs, (&who.name, &when))?;
    let id = insert(app, (recording, &title), policy, (&document, &who.name)).await?;
    app.notify(Change::Recording(recording.clone()));
    Ok(id)
}

/// A document without decisions, with the policy's mutes.
fn fresh(
    found: &Findings,
    digest: Digest,
    written: &redact_record::policy::Policy,
    (by, at): (&str, redact_core::UtcNanos),
) -> ApiResult<Document> {
    let proposed = redact_record::plan::propose(found, digest, written, by, at)?;
    let mut fresh = Document::undecided_tracks(found);
    fresh.mutes = Document::mutes_of(&proposed);
    Ok(fresh)
}

/// Starts the review that every prepared recording has: under the first policy, with nothing
/// decided.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin_first(app: &Shared, recording: &Id, by: &str) -> ApiResult<()> {
    if reviews::has_any(&app.db, recording).await? {
        return Ok(());
    }
    let (_, policy) = app.policies.first();
    let policy = &policies::under_law(app, policy.clone(), recording).await?;
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let document = fresh(found, *digest, &policy.written()?, (by, app.now_nanos()))?;
    let title = policy.head.title();
    insert(app, (recording, title), policy, (&document, by)).await?;
    Ok(())
}

async fn insert(
    app: &Shared,
    (recording, title): (&Id, &str),
    policy: &Policy,
    (document, by): (&Document, &str),
) -> ApiResult<Id> {
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
    let event = Event::new(Act::Decision, "begun")
        .id("review", &row.id)
        .id("recording", recording);
    app.log_event(by, event.count("tracks", document.tracks.len()))
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
) -> ApiResult<()> {
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

/// The result of a save.
pub(crate) struct Saved {
    /// The review with the new revision, or unchanged if the document did not change.
    pub(crate) row: ReviewRow,
    /// What was saved, if it has changes of others since revision `base`.
    pub(crate) merged: Option<Document>,
}

/// Saves a document that is based on revision `base`. What others changed since then stays.
///
/// # Errors
/// 400 with the field; 409 `newer_revision` if others changed the same items, `approved`.
pub(crate) async fn save(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (base, document): (i64, Document),
) -> ApiResult<Saved> {
    document.check()?;
    let _alone = app.review_lock.lock().await;
    let mut loaded = LoadedReview::load(app, id, None).await?;
    let when = time::text(app.now());
    let before = std::mem::take(&mut loaded.document);
    let is_newest = base == loaded.row.revision;
    let document = if is_newest {
        document
    } else {
        let old = LoadedReview::load(app, id, Some(base)).await?.document;
        let sides = Sides {
            base: &old,
            theirs: &before,
            mine: &document,
        };
        let merged = merge(sides).and_then(|merged| match merged.check() {
            Ok(()) => Ok(merged),
            Err(_) => Err(vec!["items that do not fit together".to_owned()]),
        });
        match merged {
            Ok(merged) => merged,
            Err(both) => {
                let document = document.attributed(Some(&before), &who.name, &when);
                return Err(conflict(app, &loaded.row, (&document, &who.name), &both).await?);
            }
        }
    };
    let restored = restored(app, (&loaded.row, who), &document, &before).await?;
    let mut document = document.attributed(Some(&before), &who.name, &when);
    for track in &mut document.tracks {
        if let Some(made) = restored.get(&track.id) {
            track.decision = Some(made.clone());
        }
    }
    // Refuse now what is not valid in a plan, not at approval.
    let by = who.name.clone();
    let settled = tokio::task::spawn_blocking(move || -> ApiResult<_> {
        speech::trim_decisions(
            &mut document,
            Some(&before),
            loaded.plan_inputs(),
            (&by, &when),
        )?;
        loaded.document = document;
        Ok((loaded, before))
    });
    let (loaded, before) = settled.await??;
    let merged = (!is_newest).then(|| loaded.document.clone());
    if loaded.document == before {
        return Ok(Saved {
            row: loaded.row,
            merged,
        });
    }
    check_open(app, &loaded.row).await?;
    let revision = store_revision(app, who, &loaded).await?;
    Ok(Saved {
        row: ReviewRow {
            revision,
            ..loaded.row
        },
        merged,
    })
}

/// Stores the document of `loaded` as the newest revision and returns its number.
async fn store_revision(app: &Shared, who: &SessionUser, loaded: &LoadedReview) -> ApiResult<i64> {
    let id = &loaded.row.id;
    let revision = loaded.row.revision + 1;
    let mut change = pool::begin(&app.db).await?;
    let place = (id, revision);
    write(app, &mut change, place, &loaded.document, &who.name).await?;
    reviews::set_revision(&mut change, id, revision).await?;
    let event = Event::new(Act::Decision, "saved")
        .id("review", id)
        .count("revision", usize::try_from(revision).unwrap_or(0))
        .count("undecided", loaded.document.undecided());
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Review(id.clone()));
    Ok(revision)
}

/// Refuses changes to a review that somebody approved, until it is reopened.
async fn check_open(app: &Shared, row: &ReviewRow) -> ApiResult<()> {
    let given = approvals::of(&app.db, row).await?;
    if given.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = given.iter().map(|given| given.name.as_str()).collect();
    let message = format!("{} approved this review.", names.join(" and "));
    Err(ApiError::conflict("approved", message).hint("Reopen it to change it."))
}

/// The earlier revisions in which an author is looked up.
const REVISIONS_SEARCHED: i64 = 200;

/// Decisions in `document` that return to those before `who`'s own last changes, with who made
/// them: what undoes one's own change restores the author. Whoever overrules somebody else, or
/// brings back what was overruled, is the author.
async fn restored(
    app: &Shared,
    (row, who): (&ReviewRow, &SessionUser),
    document: &Document,
    before: &Document,
) -> ApiResult<HashMap<u32, Decision>> {
    let mut found = HashMap::new();
    let mut claims = document.claims(before);
    let mut revision = row.revision;
    while !claims.is_empty() && revision > (row.revision - REVISIONS_SEARCHED).max(1) {
        let (_, by) = reviews::saved(&app.db, &row.id, revision).await?;
        if by != who.name {
            break;
        }
        revision -= 1;
        if let Ok(saved) = reviews::document(&app.db, &row.id, revision).await {
            let old: Document = serde_json::from_str(&saved.document)
                .map_err(|error| ApiError::internal(&error))?;
            claims.retain(|claim| match old.confirms(claim) {
                Some(made) => {
                    found.insert(claim.id, made);
                    false
                }
                None => true,
            });
        }
    }
    Ok(found)
}

/// Replaces reasons in the newest revision of a review.
///
/// # Errors
/// 400 for a reason that the policy does not offer; 409 `newer_revision`, `approved`.
pub(crate) async fn change_reasons(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (base, changes): (i64, &[ReasonChange]),
) -> ApiResult<Saved> {
    let loaded = LoadedReview::load(app, id, None).await?;
    if base != loaded.row.revision {
        let message = "The review was changed after you opened it. Review it again.";
        return Err(ApiError::conflict("newer_revision", message)
            .details(json!({ "revision": loaded.row.revision })));
    }
    let mut document = loaded.document;
    document.change_reasons(changes, &loaded.policy)?;
    save(app, who, id, (base, document)).await
}

/// The reasons of a review that do not fit `policy`, or its own, under the law of the request.
///
/// # Errors
/// 400 for an unknown policy; 404.
pub(crate) async fn reason_changes(
    app: &Shared,
    id: &Id,
    policy: Option<&str>,
) -> ApiResult<(Policy, Vec<ReasonProposal>)> {
    let loaded = LoadedReview::load(app, id, None).await?;
    let policy = match policy {
        None => loaded.policy,
        Some(digest) => {
            let unknown = || ApiError::field("policy", "Policy not found.");
            let (_, policy) = app.policies.get(digest).ok_or_else(unknown)?;
            policies::under_law(app, policy.clone(), &loaded.row.recording).await?
        }
    };
    let found = proposals(&loaded.document, &policy);
    Ok((policy, found))
}

/// Stores a save that lost a conflict under a negative number, and returns the error.
async fn conflict(
    app: &Shared,
    row: &ReviewRow,
    (document, by): (&Document, &str),
    both: &[String],
) -> ApiResult<ApiError> {
    let mut change = pool::begin(&app.db).await?;
    let aside = reviews::lowest_revision(&mut change, &row.id).await?.min(0) - 1;
    write(app, &mut change, (&row.id, aside), document, by).await?;
    change.commit().await?;
    let (at, other) = reviews::saved(&app.db, &row.id, row.revision).await?;
    let message = format!("{other} also changed {}.", both.join(", "));
    Ok(ApiError::conflict("newer_revision", message)
        .hint("Nothing is lost: your version was saved beside it.")
        .details(json!({
            "revision": row.revision, "by": other, "at": time::text(at), "kept_as": aside,
            "both": both,
        })))
}

/// The redactions of a review, with everything undecided hidden and muted.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn preview_of(
    app: &Shared,
    review: &Id,
    revision: Option<i64>,
) -> ApiResult<Redactions> {
    let loaded = LoadedReview::load(app, review, revision).await?;
    let made = tokio::task::spawn_blocking(move || {
        let plan = plan::hide_undecided(loaded.plan()?, loaded.plan_inputs())?;
        Ok(Redactions::preview(&plan))
    });
    made.await?
}
