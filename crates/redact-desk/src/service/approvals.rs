//! Approvals: for one revision, by a user who just entered the password, with the plan's own
//! statement and digest.
//!
//! Each is signed with the approver's key, as `redact approve` does it. A later save voids all
//! approvals.

use std::path::PathBuf;

use redact_core::{Digest, Plan, PlanError, UtcNanos};
use redact_record::events::Act;
use redact_record::plan::{self as record, PlanContent};
use redact_record::sign::{KeyPair, PublicKey, TrustStore};
use redact_record::{Overwrite, RecordError};
use serde_json::json;

use super::app::{App, Shared};
use super::change::Change;
use super::comments::{self, NewComment};
use super::reauthentication::{Reauthentication, reauthenticate};
use super::reviews::LoadedReview;
use super::signing;
use crate::api_error::{ApiError, ApiResult, optional_text, sentence};
use crate::db::approvals::{self, ApprovalRow};
use crate::db::pool::{self, Connection};
use crate::db::reviews::ReviewRow;
use crate::db::{recordings, reviews, users};
use crate::domain::approval::{Approval, ReviewState, state};
use crate::domain::problems::check_plan;
use crate::event::Event;
use crate::id::Id;
use crate::model::{CommentKind, Role, SessionUser};
use crate::peer::Peer;
use crate::time;

/// An approval as the API returns it.
pub(crate) fn present(row: &ApprovalRow) -> Approval {
    Approval {
        by: row.name.clone(),
        at: time::text(row.at_nanos.div_euclid(1_000_000)),
        role: row.role,
        statement: row.statement.clone(),
        signed: row.signature.is_some(),
    }
}

/// The state that follows from approvals.
pub(crate) fn state_of(rows: &[ApprovalRow], second_person: bool) -> ReviewState {
    let role = |row: &ApprovalRow| {
        if row.practice {
            Role::Approver
        } else {
            row.role
        }
    };
    state(rows.iter().map(|row| (&row.user, role(row))), second_person)
}

const STATEMENT: &str = "I reviewed this plan and approve it as the only change to the recording.";

/// Refuses if an approver's account is inactive or has another role.
async fn check_active(app: &Shared, given: &[ApprovalRow]) -> ApiResult<()> {
    for given in given {
        let account = users::by_id(&app.db, &given.user).await?;
        if !account.active || account.role != given.role {
            let message = format!("{}'s account was closed or changed.", given.name);
            return Err(ApiError::conflict("not_approved", message)
                .hint("Withdraw the approvals and have another person approve."));
        }
    }
    Ok(())
}

/// Refuses reasons of another law than that of the request, which may have changed since.
fn check_law(loaded: &LoadedReview) -> ApiResult<()> {
    let used = loaded.document.used_reasons();
    let mut known = used.iter().filter_map(|code| loaded.policy.reason(code));
    let (Some(law), Some(other)) = (&loaded.policy.law, known.find(|known| !known.fits)) else {
        return Ok(());
    };
    let message = format!(
        "The review cites {} ({}), but the request falls under a different law: {}.",
        other.statute, other.code, law.title
    );
    Err(ApiError::conflict("not_approved", message)
        .hint("Reopen the review and change its reasons, or correct the law of the request."))
}

/// Adds the approvals `given`, by the same rules as `redact approve`.
fn add_approvals(content: &mut PlanContent, given: &[ApprovalRow]) -> ApiResult<()> {
    for given in given {
        let approved = Digest::from_hex(&given.content)
            .ok_or_else(|| ApiError::internal(&"an approval without a digest"))?;
        let added = content.add_approval(redact_core::Approval {
            by: given.name.clone(),
            at: UtcNanos(given.at_nanos),
            statement: given.statement.clone(),
            content: approved,
            signature: given.signature.clone(),
        });
        added.map_err(|refused| match refused {
            // This version reads the old document differently, so its plan has another digest.
            RecordError::ChangedAfterApproval { .. } => ApiError::conflict(
                "not_approved",
                "The approvals are for different content: an earlier version of the program made \
                 them.",
            )
            .hint("Withdraw the approvals and approve again."),
            other => other.into(),
        })?;
    }
    Ok(())
}

/// The key of each approver, in the order of the approvals; `None` for an approver without a key.
async fn keys_of(app: &Shared, given: &[ApprovalRow]) -> ApiResult<Vec<Option<PublicKey>>> {
    let mut keys = Vec::with_capacity(given.len());
    for given in given {
        keys.push(signing::public(app, &given.user).await?);
    }
    Ok(keys)
}

/// Refuses a plan with an approval that is not signed with the approver's own key.
fn check_keys(plan: &Plan, keys: &[Option<PublicKey>]) -> ApiResult<()> {
    for (approval, key) in plan.approvals.iter().zip(keys) {
        if approval.signature.is_none() {
            // The policy decides whether a signature is required.
            continue;
        }
        let own = key
            .as_ref()
            .is_some_and(|key| record::check_signed_with(approval, key).is_ok());
        if !own {
            let message = format!("{}'s approval is not signed with their key.", approval.by);
            return Err(ApiError::refused("signature", message)
                .hint("Withdraw the approvals and approve again."));
        }
    }
    Ok(())
}

/// Checks that the plan may be approved by `by`, in addition to the earlier approvals; sets the
/// digest and signs it.
fn check(
    loaded: &LoadedReview,
    (earlier, keys): (&[ApprovalRow], &[Option<PublicKey>]),
    mut by: ApprovalRow,
    key: &KeyPair,
) -> ApiResult<ApprovalRow> {
    let (mut content, found) = check_plan(loaded.plan()?, &loaded.document, loaded.plan_inputs())?;
    if !found.is_empty() {
        let message = "The review cannot be approved yet.";
        return Err(ApiError::refused("refused", message).details(json!({ "problems": found })));
    }
    by.content = content.digest().to_string();
    add_approvals(&mut content, earlier)?;
    check_keys(content.plan(), keys)?;
    let approved = content.approve(&by.name, UtcNanos(by.at_nanos), &by.statement);
    approved.map_err(|refused| match refused {
        RecordError::SamePerson { .. } => {
            let message = "A person with your name has already approved this review.";
            ApiError::refused("same_person", message)
        }
        other => other.into(),
    })?;
    content.sign_newest(key)?;
    let newest = content.plan().approvals.last();
    by.signature = newest.and_then(|newest| newest.signature.clone());
    let source = content.plan().source.digest;
    match content.approved(source) {
        Ok(_) | Err(RecordError::Plan(PlanError::SecondPersonMissing { .. })) => Ok(by),
        Err(refused) => Err(ApiError::refused("refused", sentence(&refused))),
    }
}

/// The input of an approval.
pub(crate) struct Approve<'a> {
    pub(crate) revision: i64,
    pub(crate) password: &'a str,
    pub(crate) statement: Option<&'a str>,
}

/// Approves a review's newest revision.
///
/// # Errors
/// 401 `wrong_password`, 409 `newer_revision`, 422 `refused`, `same_person`, `key_lost`,
/// `key_revoked`, `signature`.
pub(crate) async fn approve(
    app: &App,
    (who, peer): (&SessionUser, Peer),
    id: &Id,
    given: Approve<'_>,
) -> ApiResult<()> {
    let account = users::by_id(&app.db, &who.id).await?;
    let again = Reauthentication {
        account: &account,
        peer,
        password: given.password,
        code: None,
        action: "approval",
    };
    reauthenticate(app, again).await?;
    let statement = optional_text("statement", given.statement.unwrap_or(""), 500)?;
    let statement = statement.replace('\n', " ");
    let statement = if statement.is_empty() {
        STATEMENT.to_owned()
    } else {
        statement
    };
    let _alone = app.review_lock.lock().await;
    let loaded = LoadedReview::load(app, id, None).await?;
    if given.revision != loaded.row.revision {
        let message = "The review was changed after you opened it. Review it again.";
        return Err(ApiError::conflict("newer_revision", message)
            .details(json!({ "revision": loaded.row.revision })));
    }
    let earlier = approvals::of(&app.db, &loaded.row).await?;
    if earlier.iter().any(|earlier| earlier.user == who.id) {
        let message = "You have already approved this review. Another person must approve it.";
        return Err(ApiError::refused("same_person", message));
    }
    let key = signing::unlock(app, &account, given.password).await?;
    let keys = keys_of(app, &earlier).await?;
    let row = loaded.row.clone();
    let by = ApprovalRow {
        review: id.clone(),
        user: who.id.clone(),
        name: who.name.clone(),
        role: who.role,
        at_nanos: app.now_nanos().0,
        statement,
        content: String::new(),
        signature: None,
        practice: false,
    };
    let checked =
        tokio::task::spawn_blocking(move || check(&loaded, (&earlier, &keys), by, &key)).await?;
    let approval = match checked {
        Ok(approval) => approval,
        Err(refused) => {
            let event = Event::new(Act::Approval, "approve")
                .refused()
                .id("review", id);
            app.log_event(&who.name, event).await?;
            return Err(refused);
        }
    };
    insert(app, &row, &approval).await?;
    app.notify(Change::Review(id.clone()));
    let recording = recordings::by_id(&app.db, &row.recording).await?;
    app.notify(Change::Request(recording.request));
    Ok(())
}

async fn insert(app: &Shared, row: &ReviewRow, approval: &ApprovalRow) -> ApiResult<()> {
    let mut change = pool::begin(&app.db).await?;
    approvals::insert(&mut change, row, approval).await?;
    let mut event = Event::new(Act::Approval, "approve")
        .id("review", &row.id)
        .label("role", approval.role.name())
        .count("revision", usize::try_from(row.revision).unwrap_or(0));
    if let Some(digest) = Digest::from_hex(&approval.content) {
        event = event.subject("plan", digest);
    }
    app.log_event(&approval.name, event).await?;
    change.commit().await?;
    Ok(())
}

/// Withdraws the approvals of a review.
///
/// # Errors
/// 404, 409 `not_approved`.
pub(crate) async fn withdraw(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    reason: &str,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = reviews::by_id(&app.db, id).await?;
    let mut change = pool::begin(&app.db).await?;
    if approvals::void(&mut change, id).await? == 0 {
        let message = "This review has no approval.";
        return Err(ApiError::conflict("not_approved", message));
    }
    let comment = NewComment {
        kind: CommentKind::Reopened,
        text: reason,
        item: None,
    };
    comments::insert(app, &mut change, (who, &row), &comment).await?;
    let event = Event::new(Act::Approval, "withdraw").id("review", id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Review(id.clone()));
    let recording = recordings::by_id(&app.db, &row.recording).await?;
    app.notify(Change::Request(recording.request));
    Ok(())
}

/// Voids the approvals of all reviews of a recording, or of all recordings of a request, and writes
/// `why` below each review that had one.
///
/// # Errors
/// Database errors.
pub(crate) async fn void_all(
    app: &Shared,
    change: &mut Connection,
    (who, of): (&SessionUser, &Id),
    why: &str,
) -> ApiResult<()> {
    for head in reviews::heads(&app.db, of).await? {
        let review = head.review;
        if approvals::void(change, &review.id).await? > 0 {
            let comment = NewComment {
                kind: CommentKind::Reopened,
                text: why,
                item: None,
            };
            comments::insert(app, change, (who, &review), &comment).await?;
        }
    }
    Ok(())
}

/// An approved review, with its plan on disk.
pub(crate) struct Approved {
    pub(crate) row: ReviewRow,
    pub(crate) policy_name: String,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) plan: PathBuf,
}

/// Writes the approved plan of a review. The caller must hold the review lock.
///
/// # Errors
/// 409 `not_approved`.
pub(crate) async fn approved_plan(app: &Shared, id: &Id) -> ApiResult<Approved> {
    let loaded = LoadedReview::load(app, id, None).await?;
    let given = approvals::of(&app.db, &loaded.row).await?;
    if state_of(&given, loaded.policy.head.second_person) != ReviewState::Approved {
        let message = "The newest revision of this review is not approved.";
        return Err(ApiError::conflict("not_approved", message));
    }
    check_active(app, &given).await?;
    check_law(&loaded)?;
    let plan = app.folders.plan(id, loaded.row.revision);
    if let Some(folder) = plan.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let approved = Approved {
        row: loaded.row.clone(),
        policy_name: loaded.policy.head.name.clone(),
        approvals: given.iter().map(present).collect(),
        plan: plan.clone(),
    };
    let keys = keys_of(app, &given).await?;
    let trusted = app.options.trusted.clone();
    let written = tokio::task::spawn_blocking(move || -> ApiResult<()> {
        let (findings, digest) = &*loaded.findings;
        let mut content = PlanContent::new(loaded.plan()?)?;
        content
            .check_findings(findings, *digest)
            .map_err(|refused| ApiError::refused("left_out", sentence(&refused)))?;
        add_approvals(&mut content, &given)?;
        check_keys(content.plan(), &keys)?;
        // The renderer's own checks: do not write a plan that it would refuse.
        content
            .check_signatures(&TrustStore::open(&trusted)?)
            .map_err(|refused| ApiError::refused("signature", sentence(&refused)))?;
        let source = content.plan().source.digest;
        content.clone().approved(source)?;
        record::write(&plan, content.plan(), Overwrite::Replace)?;
        Ok(())
    });
    written.await??;
    Ok(approved)
}
