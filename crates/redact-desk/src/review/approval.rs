//! Approvals: for one revision, by a person who just gave the password again, in the words and with
//! the digest that the plan's own record has.
//!
//! Each is signed with the approver's key, as `redact approve` does it.
//!
//! A review is approved when an approver approved it and, where the policy demands two people, two
//! did. Anything that is saved afterwards voids all of it.

use std::path::PathBuf;

use axum::extract::{Path, State as Shareable};
use redact_core::{Approval, Plan, PlanError, UtcNanos};
use redact_record::events::Act;
use redact_record::plan::PlanContent;
use redact_record::sign::{KeyPair, PublicKey, TrustStore};
use redact_record::{Overwrite, RecordError, plan as record};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::SqliteConnection;

use super::summary::checked;
use super::{Ready, Review, Row, row, shown};
use crate::accounts::session::Who;
use crate::accounts::{ReEntry, by_id, re_enter, signing};
use crate::answer::{Answer, ApiError, Body, optional_text, text};
use crate::app::{App, Note, Shared};
use crate::peer::Peer;
use crate::routes::Role;
use crate::store::{self, Id};
use crate::stream::Change;
use crate::time;

const STATEMENT: &str = "I reviewed this plan and approve it as the only change to the recording.";

/// An approval that holds.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Given {
    user: Id,
    name: String,
    role: Role,
    at_nanos: i64,
    statement: String,
    content: String,
    signature: Option<String>,
}

/// An approval as the page sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    by: String,
    at: String,
    role: Role,
    statement: String,
    #[serde(default)]
    signed: bool,
}

impl Shown {
    /// Whether this is the approval that somebody gave at a moment.
    pub(crate) fn is(&self, name: &str, at_nanos: i64) -> bool {
        self.by == name && self.at == time::text(at_nanos.div_euclid(1_000_000))
    }
}

impl From<&Given> for Shown {
    fn from(given: &Given) -> Self {
        Self {
            by: given.name.clone(),
            at: time::text(given.at_nanos.div_euclid(1_000_000)),
            role: given.role,
            statement: given.statement.clone(),
            signed: given.signature.is_some(),
        }
    }
}

/// Where a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    InReview,
    AwaitingSecond,
    Approved,
}

/// The approvals that hold for the newest revision, oldest first.
///
/// # Errors
/// The database's.
pub(crate) async fn of(app: &Shared, row: &Row) -> Result<Vec<Given>, sqlx::Error> {
    sqlx::query_as(
        "SELECT user, name, role, at_nanos, statement, content, signature FROM approvals
         WHERE review = ? AND revision = ? AND void = 0 ORDER BY id",
    )
    .bind(&row.id)
    .bind(row.revision)
    .fetch_all(&app.db)
    .await
}

/// What approvals come to.
pub(crate) fn state(approvals: &[Given], second_person: bool) -> State {
    let approver = approvals.iter().any(|given| given.role == Role::Approver);
    let two = approvals
        .iter()
        .any(|given| given.user != approvals[0].user);
    match approvals.is_empty() {
        true => State::InReview,
        false if approver && (two || !second_person) => State::Approved,
        false => State::AwaitingSecond,
    }
}

/// Voids what approvals there are; gives how many held.
///
/// # Errors
/// The database's.
pub(super) async fn void(change: &mut SqliteConnection, review: &Id) -> Result<u64, sqlx::Error> {
    let voided = sqlx::query("UPDATE approvals SET void = 1 WHERE review = ? AND void = 0")
        .bind(review)
        .execute(change)
        .await?;
    Ok(voided.rows_affected())
}

/// Voids what somebody approved and was not released, because the account was changed; gives the
/// reviews.
///
/// # Errors
/// The database's.
pub(crate) async fn void_of_person(
    change: &mut SqliteConnection,
    user: &Id,
) -> Result<Vec<Id>, sqlx::Error> {
    let reviews: Vec<(Id,)> = sqlx::query_as(
        "UPDATE approvals SET void = 2 WHERE user = ? AND void = 0 RETURNING review",
    )
    .bind(user)
    .fetch_all(change)
    .await?;
    Ok(reviews.into_iter().map(|(review,)| review).collect())
}

/// Refuses when somebody who approved has no such account any more.
async fn check_active(app: &Shared, given: &[Given]) -> Answer<()> {
    for given in given {
        let account = by_id(&app.db, &given.user).await?;
        if !account.active || account.role != given.role {
            let message = format!("{}'s account was closed or changed.", given.name);
            return Err(ApiError::conflict("not_approved", message)
                .hint("Take the approvals back and have somebody else approve."));
        }
    }
    Ok(())
}

/// Adds the approvals `given`, by the same rules as `redact approve`.
fn add_approvals(content: &mut PlanContent, given: &[Given]) -> Answer<()> {
    for given in given {
        let approved = store::digest(&given.content)
            .ok_or_else(|| ApiError::internal(&"an approval without a digest"))?;
        let added = content.add_approval(Approval {
            by: given.name.clone(),
            at: UtcNanos(given.at_nanos),
            statement: given.statement.clone(),
            content: approved,
            signature: given.signature.clone(),
        });
        added.map_err(|refused| match refused {
            // A version that reads an old document differently approves another plan.
            RecordError::ChangedAfterApproval { .. } => {
                let message = "The approvals are for other content, from an earlier version.";
                ApiError::conflict("not_approved", message)
                    .hint("Take the approvals back and approve again.")
            }
            other => other.into(),
        })?;
    }
    Ok(())
}

/// The key of each approver, in the order of the approvals; `None` for who has none.
async fn keys_of(app: &Shared, given: &[Given]) -> Answer<Vec<Option<PublicKey>>> {
    let mut keys = Vec::with_capacity(given.len());
    for given in given {
        keys.push(signing::public(app, &given.user).await?);
    }
    Ok(keys)
}

/// Refuses a plan with an approval that is signed with another key than the approver's own.
fn check_keys(plan: &Plan, keys: &[Option<PublicKey>]) -> Answer<()> {
    for (approval, key) in plan.approvals.iter().zip(keys) {
        if approval.signature.is_none() {
            // Whether there must be one is for the policy to say.
            continue;
        }
        let own = key
            .as_ref()
            .is_some_and(|key| record::check_signed_with(approval, key).is_ok());
        if !own {
            let message = format!("{}'s approval is not signed with their key.", approval.by);
            return Err(ApiError::refused("signature", message)
                .hint("Take the approvals back and approve again."));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approve {
    revision: i64,
    password: String,
    statement: Option<String>,
}

/// `POST /reviews/:id/approve`.
pub(crate) async fn approve(
    Shareable(app): Shareable<App>,
    who: Who,
    peer: Peer,
    Path(id): Path<Id>,
    Body(given): Body<Approve>,
) -> Answer<axum::Json<Review>> {
    let account = by_id(&app.db, &who.id).await?;
    let again = ReEntry {
        account: &account,
        peer,
        password: &given.password,
        code: None,
        action: "approval",
    };
    re_enter(&app, again).await?;
    let statement = optional_text("statement", given.statement.as_deref().unwrap_or(""), 500)?;
    let statement = statement.replace('\n', " ");
    let statement = if statement.is_empty() {
        STATEMENT.to_owned()
    } else {
        statement
    };
    let _alone = app.review_lock.lock().await;
    let ready = Ready::load(&app, &id, None).await?;
    if given.revision != ready.row.revision {
        let message = "The review was changed after you opened it; look at it again.";
        return Err(ApiError::conflict("newer_revision", message)
            .details(json!({ "revision": ready.row.revision })));
    }
    let earlier = of(&app, &ready.row).await?;
    if earlier.iter().any(|earlier| earlier.user == who.id) {
        let message = "You have approved this already; it takes another person.";
        return Err(ApiError::refused("same_person", message));
    }
    let key = signing::unlock(&app, &account, &given.password).await?;
    let keys = keys_of(&app, &earlier).await?;
    let row = ready.row.clone();
    let by = Given {
        user: who.id.clone(),
        name: who.name.clone(),
        role: who.role,
        at_nanos: app.now_nanos().0,
        statement,
        content: String::new(),
        signature: None,
    };
    let checked =
        tokio::task::spawn_blocking(move || check(&ready, (&earlier, &keys), by, &key)).await?;
    let given = match checked {
        Ok(given) => given,
        Err(refused) => {
            let note = Note::new(Act::Approval, "approve")
                .refused()
                .id("review", &id);
            app.note(&who.name, note).await?;
            return Err(refused);
        }
    };
    insert(&app, &row, &given).await?;
    app.tell(Change::Review { id: id.clone() });
    let (request, _) = crate::recordings::request_of(&app, &row.recording).await?;
    app.tell(Change::Request { id: request });
    Ok(axum::Json(shown(&app, super::row(&app, &id).await?).await?))
}

/// Whether the plan may be approved by `by`, on top of the earlier approvals and their keys; fills
/// in what it is an approval of, and signs it.
fn check(
    ready: &Ready,
    (earlier, keys): (&[Given], &[Option<PublicKey>]),
    mut by: Given,
    key: &KeyPair,
) -> Answer<Given> {
    let (mut content, found) = checked(ready, ready.plan()?)?;
    if !found.is_empty() {
        let message = "Something has to be decided first.";
        return Err(ApiError::refused("refused", message).details(json!({ "problems": found })));
    }
    by.content = content.digest().to_string();
    add_approvals(&mut content, earlier)?;
    check_keys(content.plan(), keys)?;
    let approved = content.approve(&by.name, UtcNanos(by.at_nanos), &by.statement);
    approved.map_err(|refused| match refused {
        RecordError::SamePerson { .. } => {
            let message = "Somebody of your name has approved this already.";
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
        Err(refused) => Err(ApiError::refused("refused", refused.to_string())),
    }
}

/// A plan that leaves out part of what was found.
fn left_out(refused: RecordError) -> ApiError {
    ApiError::refused("left_out", format!("{refused}."))
}

async fn insert(app: &Shared, row: &Row, given: &Given) -> Answer<()> {
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO approvals (review, revision, user, name, role, at_nanos, statement, content,
         signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(row.revision)
    .bind(&given.user)
    .bind(&given.name)
    .bind(given.role)
    .bind(given.at_nanos)
    .bind(&given.statement)
    .bind(&given.content)
    .bind(&given.signature)
    .execute(&mut *change)
    .await?;
    let mut note = Note::new(Act::Approval, "approve")
        .id("review", &row.id)
        .label("role", given.role.name())
        .count("revision", usize::try_from(row.revision).unwrap_or(0));
    if let Some(digest) = store::digest(&given.content) {
        note = note.subject("plan", digest);
    }
    app.note(&given.name, note).await?;
    change.commit().await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdraw {
    reason: String,
}

/// `POST /reviews/:id/withdraw`.
pub(crate) async fn withdraw(
    Shareable(app): Shareable<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(given): Body<Withdraw>,
) -> Answer<axum::Json<Review>> {
    text("reason", &given.reason, 500)?;
    let _alone = app.review_lock.lock().await;
    row(&app, &id).await?;
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    if void(&mut change, &id).await? == 0 {
        return Err(ApiError::conflict(
            "not_approved",
            "Nobody has approved this.",
        ));
    }
    app.note(
        &who.name,
        Note::new(Act::Approval, "withdraw").id("review", &id),
    )
    .await?;
    change.commit().await?;
    app.tell(Change::Review { id: id.clone() });
    Ok(axum::Json(shown(&app, row(&app, &id).await?).await?))
}

/// A review that is approved, with its plan on the disk.
pub(crate) struct Approved {
    pub(crate) row: Row,
    pub(crate) policy_name: String,
    pub(crate) approvals: Vec<Shown>,
    pub(crate) plan: PathBuf,
}

impl Approved {
    /// The approvers among those who approved.
    pub(crate) fn authorised_by(&self) -> String {
        let approvers = self.approvals.iter().filter(|a| a.role == Role::Approver);
        let names: Vec<&str> = approvers.map(|approval| approval.by.as_str()).collect();
        names.join(", ")
    }
}

/// Writes the approved plan of a review; call it with the reviews' lock held.
///
/// # Errors
/// 409 `not_approved`.
pub(crate) async fn approved_plan(app: &Shared, id: &Id) -> Answer<Approved> {
    let ready = Ready::load(app, id, None).await?;
    let given = of(app, &ready.row).await?;
    if state(&given, ready.policy.head.second_person) != State::Approved {
        let message = "The review is not approved as it stands.";
        return Err(ApiError::conflict("not_approved", message));
    }
    check_active(app, &given).await?;
    let folder = app.folders.review(id);
    tokio::fs::create_dir_all(&folder).await?;
    let plan = folder.join(format!("{}.plan.json", ready.row.revision));
    let approved = Approved {
        row: ready.row.clone(),
        policy_name: ready.policy.head.name.clone(),
        approvals: given.iter().map(Shown::from).collect(),
        plan: plan.clone(),
    };
    let keys = keys_of(app, &given).await?;
    let trusted = app.options.trusted.clone();
    let written = tokio::task::spawn_blocking(move || -> Answer<()> {
        let mut content = PlanContent::new(ready.plan()?)?;
        ready.check_findings(&content).map_err(left_out)?;
        add_approvals(&mut content, &given)?;
        check_keys(content.plan(), &keys)?;
        // The renderer's own checks: what it would refuse is not written.
        content
            .check_signatures(&TrustStore::open(&trusted)?)
            .map_err(|refused| ApiError::refused("signature", format!("{refused}.")))?;
        let source = content.plan().source.digest;
        content.clone().approved(source)?;
        record::write(&plan, content.plan(), Overwrite::Replace)?;
        Ok(())
    });
    written.await??;
    Ok(approved)
}
