//! Approvals: for one revision, by a person who just gave the password again, in the words and with
//! the digest that the plan's own record has.
//!
//! A review is approved when an approver approved it and, where the policy demands two people, two
//! did. Anything that is saved afterwards voids all of it.

use std::path::PathBuf;

use axum::extract::{Path, State as Shareable};
use redact_core::{Plan, PlanError, UtcNanos};
use redact_record::events::Act;
use redact_record::{Overwrite, RecordError, plan as record};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::SqliteConnection;

use super::summary::{Problem, problems};
use super::{Ready, Review, Row, row, shown};
use crate::accounts::session::Who;
use crate::accounts::{by_id, re_enter};
use crate::answer::{Answer, ApiError, Body, optional_text, text};
use crate::app::{App, Note, Shared};
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
}

/// An approval as the page sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    by: String,
    at: String,
    role: Role,
    statement: String,
}

impl From<&Given> for Shown {
    fn from(given: &Given) -> Self {
        Self {
            by: given.name.clone(),
            at: time::text(given.at_nanos.div_euclid(1_000_000)),
            role: given.role,
            statement: given.statement.clone(),
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
        "SELECT user, name, role, at_nanos, statement, content FROM approvals
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

/// The plan with approvals, through the same door as `redact approve`.
fn with_approvals(plan: Plan, given: &[Given]) -> Answer<Plan> {
    let content = record::content(&plan);
    if given
        .iter()
        .any(|given| store::digest(&given.content) != Some(content))
    {
        return Err(ApiError::internal(&"an approval is for another plan"));
    }
    given.iter().try_fold(plan, |plan, given| {
        let at = UtcNanos(given.at_nanos);
        Ok(record::approve(plan, &given.name, at, &given.statement)?)
    })
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
    Path(id): Path<Id>,
    Body(given): Body<Approve>,
) -> Answer<axum::Json<Review>> {
    let account = by_id(&app.db, &who.id).await?;
    re_enter(&app, &account, &given.password, "approval").await?;
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
    let row = ready.row.clone();
    let by = Given {
        user: who.id.clone(),
        name: who.name.clone(),
        role: who.role,
        at_nanos: app.now_nanos().0,
        statement,
        content: String::new(),
    };
    let checked = tokio::task::spawn_blocking(move || check(&ready, &earlier, by)).await?;
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

/// Whether the plan may be approved by `by`, on top of `earlier`; fills in what it is an approval of.
fn check(ready: &Ready, earlier: &[Given], mut by: Given) -> Answer<Given> {
    let plan = ready.plan()?;
    let found: Vec<Problem> = problems(&plan);
    if !found.is_empty() {
        let message = "Something has to be decided first.";
        return Err(ApiError::refused("refused", message).details(json!({ "problems": found })));
    }
    let content = record::content(&plan);
    by.content = content.to_string();
    let plan = with_approvals(plan, earlier)?;
    let approved = record::approve(plan, &by.name, UtcNanos(by.at_nanos), &by.statement);
    let approved = approved.map_err(|refused| match refused {
        RecordError::SamePerson { .. } => {
            let message = "Somebody of your name has approved this already.";
            ApiError::refused("same_person", message)
        }
        other => other.into(),
    })?;
    let source = approved.source.digest;
    match record::approved(approved, source) {
        Ok(_) | Err(RecordError::Plan(PlanError::SecondPersonMissing { .. })) => Ok(by),
        Err(refused) => Err(ApiError::refused("refused", refused.to_string())),
    }
}

async fn insert(app: &Shared, row: &Row, given: &Given) -> Answer<()> {
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO approvals (review, revision, user, name, role, at_nanos, statement, content)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(row.revision)
    .bind(&given.user)
    .bind(&given.name)
    .bind(given.role)
    .bind(given.at_nanos)
    .bind(&given.statement)
    .bind(&given.content)
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
    let folder = app.folders.review(id);
    tokio::fs::create_dir_all(&folder).await?;
    let plan = folder.join(format!("{}.plan.json", ready.row.revision));
    let approved = Approved {
        row: ready.row.clone(),
        policy_name: ready.policy.head.name.clone(),
        approvals: given.iter().map(Shown::from).collect(),
        plan: plan.clone(),
    };
    let written = tokio::task::spawn_blocking(move || -> Answer<()> {
        let whole = with_approvals(ready.plan()?, &given)?;
        // The renderer's own door: what it would refuse is not written.
        record::approved(whole.clone(), whole.source.digest)?;
        record::write(&plan, &whole, Overwrite::Replace)?;
        Ok(())
    });
    written.await??;
    Ok(approved)
}
