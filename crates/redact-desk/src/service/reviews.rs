//! Reviews. Every save is a revision, none is lost, and an approval is for exactly one revision.

use std::collections::HashMap;
use std::sync::Arc;

use redact_core::{Digest, Findings, Plan, Redactions};
use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::policies;
use crate::api_error::{ApiError, ApiResult};
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

/// Adds a revision with its document.
///
/// # Errors
/// Database errors.
pub(super) async fn write(
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
        match merge_checked(&old, &before, &document) {
            Ok(merged) => merged,
            Err(both) => {
                let document = document.attributed(Some(&before), &who.name, &when);
                return Err(conflict(app, &loaded.row, (&document, &who.name), &both).await?);
            }
        }
    };
    let restored = restored(app, (&loaded.row, who), &document, &before).await?;
    let by = (who.name.clone(), when);
    let settled = tokio::task::spawn_blocking(move || {
        loaded.document = settle(document, &before, (&restored, &by), &loaded)?;
        Ok::<_, ApiError>((loaded, before))
    });
    let (loaded, before) = settled.await??;
    let merged = (!is_newest).then(|| loaded.document.clone());
    let mut row = loaded.row.clone();
    if loaded.document != before {
        check_open(app, &row).await?;
        row.revision = store_revision(app, who, &loaded).await?;
    }
    Ok(Saved { row, merged })
}

/// Merges what two people changed of `base`.
///
/// # Errors
/// What both changed in different ways, or that the result does not fit together.
fn merge_checked(
    base: &Document,
    theirs: &Document,
    mine: &Document,
) -> Result<Document, Vec<String>> {
    let merged = merge(Sides { base, theirs, mine })?;
    match merged.check() {
        Ok(()) => Ok(merged),
        Err(_) => Err(vec!["items that do not fit together".to_owned()]),
    }
}

/// The document as it is stored: with authors, and with what the plan needs. What is not valid in a
/// plan is refused now, not at approval.
fn settle(
    document: Document,
    before: &Document,
    (restored, (by, when)): (&HashMap<u32, Decision>, &(String, String)),
    loaded: &LoadedReview,
) -> ApiResult<Document> {
    let mut document = document.attributed(Some(before), by, when);
    for track in &mut document.tracks {
        if let Some(made) = restored.get(&track.id) {
            track.decision = Some(made.clone());
        }
    }
    speech::trim_decisions(
        &mut document,
        Some(before),
        loaded.plan_inputs(),
        (by, when),
    )?;
    Ok(document)
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
            // A long review takes a while to read.
            let read = tokio::task::spawn_blocking(move || {
                serde_json::from_str::<Document>(&saved.document)
            });
            let old = read.await?.map_err(|error| ApiError::internal(&error))?;
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

/// The reasons of a review that do not fit `policy`, or its own, under the law of its request or of
/// the request of the recording `to`, to which its decisions are to be copied.
///
/// # Errors
/// 400 for an unknown policy; 404.
pub(crate) async fn reason_changes(
    app: &Shared,
    id: &Id,
    (policy, to): (Option<&str>, Option<&Id>),
) -> ApiResult<(Policy, Vec<ReasonProposal>)> {
    let loaded = LoadedReview::load(app, id, None).await?;
    let recording = to.unwrap_or(&loaded.row.recording);
    let policy = match (policy, to) {
        (None, None) => loaded.policy,
        (None, Some(_)) => {
            let stored = policies::stored(&app.db, &loaded.row.policy).await?;
            policies::under_law(app, stored, recording).await?
        }
        (Some(digest), _) => {
            let unknown = || ApiError::field("policy", "Policy not found.");
            let known = app.policies.get(digest).ok_or_else(unknown)?;
            policies::under_law(app, known.1.clone(), recording).await?
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
            "revision": row.revision, "by": other, "at": time::text(at), "stored_as": aside,
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
