//! Requests: who asked for what, the due date, and the stage.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Deserializer, Serialize};

use super::body::{Body, Query};
use super::packages::{self, Package};
use super::recordings::{self, Recording};
use super::releases::{self, Release};
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::requests::{self as rows, Facts, RequestRow, RequestValues};
use crate::db::{pool, users};
use crate::domain::clocks;
use crate::domain::older_copies::OlderCopy;
use crate::domain::stage::{Progress, Stage};
use crate::event::Event;
use crate::id::Id;
use crate::model::{RequesterKind, Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::change::Change;
use crate::service::copies;
use crate::time::{self, Millis};

/// A request as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Request {
    id: Id,
    number: String,
    requester_kind: RequesterKind,
    requester: String,
    jurisdiction: String,
    received_on: String,
    due_on: String,
    days_left: i64,
    overdue: bool,
    stage: Stage,
    assignee: Option<Assignee>,
    note: String,
    recordings_count: i64,
    releases_count: i64,
    created_at: String,
    changed_at: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Assignee {
    id: Id,
    name: String,
}

fn stage(row: &RequestRow) -> Stage {
    Progress {
        closed: row.closed,
        recordings: row.recordings,
        preparing: row.preparing,
        failed: row.failed,
        approved: row.approved,
        awaiting: row.awaiting,
        rendering: row.rendering,
        ready: row.ready,
        unreleased: row.unreleased,
        copies: row.copies,
    }
    .stage()
}

fn present(row: RequestRow, now: Millis) -> Request {
    let stage = stage(&row);
    let due = time::read_day(&row.due_on).unwrap_or_else(|| time::day(now));
    let days_left = (due - time::day(now)).whole_days();
    let over = matches!(stage, Stage::Closed | Stage::HandedOver);
    let assignee = row.assignee.zip(row.assignee_name);
    Request {
        overdue: days_left < 0 && !over,
        days_left,
        stage,
        assignee: assignee.map(|(id, name)| Assignee { id, name }),
        id: row.id,
        number: row.number,
        requester_kind: row.requester_kind,
        requester: row.requester,
        jurisdiction: row.jurisdiction,
        received_on: row.received_on,
        due_on: row.due_on,
        note: row.note,
        recordings_count: row.recordings,
        releases_count: row.releases,
        created_at: time::text(row.created_at),
        changed_at: time::text(row.changed_at),
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Due,
    Number,
    Received,
    Stage,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Asc,
    Desc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestsQuery {
    search: Option<String>,
    stage: Option<Stage>,
    assignee: Option<String>,
    overdue: Option<bool>,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    order: Order,
}

/// `GET /requests`.
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<RequestsQuery>,
) -> ApiResult<axum::Json<Vec<Request>>> {
    let rows = rows::all(&app.db).await?;
    let now = app.now();
    let wanted = filter
        .search
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    let mut list: Vec<Request> = rows
        .into_iter()
        .map(|row| present(row, now))
        .filter(|request| {
            let assignee = request.assignee.as_ref().map(|assignee| &assignee.id);
            let found = [
                &request.number,
                &request.requester,
                &request.note,
                &request.jurisdiction,
            ];
            filter.stage.is_none_or(|stage| request.stage == stage)
                && filter
                    .overdue
                    .is_none_or(|overdue| request.overdue == overdue)
                && filter
                    .assignee
                    .as_deref()
                    .is_none_or(|wanted| match wanted {
                        "none" => assignee.is_none(),
                        _ => assignee.is_some_and(|id| id.as_str() == wanted),
                    })
                && (wanted.is_empty()
                    || found
                        .iter()
                        .any(|text| text.to_lowercase().contains(&wanted)))
        })
        .collect();
    list.sort_by(|a, b| {
        let by = match filter.sort {
            Sort::Due => a.due_on.cmp(&b.due_on),
            Sort::Number => a.number.cmp(&b.number),
            Sort::Received => a.received_on.cmp(&b.received_on),
            Sort::Stage => a.stage.cmp(&b.stage),
        };
        by.then_with(|| a.number.cmp(&b.number))
    });
    if filter.order == Order::Desc {
        list.reverse();
    }
    Ok(axum::Json(list))
}

async fn find(app: &Shared, id: &Id) -> ApiResult<Request> {
    Ok(present(rows::by_id(&app.db, id).await?, app.now()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequestBody {
    number: String,
    requester_kind: RequesterKind,
    #[serde(default)]
    requester: String,
    jurisdiction: String,
    received_on: String,
    due_on: Option<String>,
    assignee: Option<Id>,
    #[serde(default)]
    note: String,
}

fn day(field: &'static str, given: &str) -> ApiResult<::time::Date> {
    time::read_day(given)
        .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31."))
}

async fn check_assignee(app: &Shared, assignee: Option<&Id>) -> ApiResult<()> {
    let Some(assignee) = assignee else {
        return Ok(());
    };
    let account = users::by_id(&app.db, assignee).await;
    if account.is_ok_and(|account| account.active && account.role.reviews()) {
        return Ok(());
    }
    let message = "Only operators and approvers can be assigned.";
    Err(ApiError::field("assignee", message))
}

/// The values as they are stored, after validation.
fn validated(values: RequestValues) -> ApiResult<RequestValues> {
    let facts = values.facts;
    Ok(RequestValues {
        facts: Facts {
            number: text("number", &facts.number, 100)?,
            requester: optional_text("requester", &facts.requester, 200)?,
            jurisdiction: text("jurisdiction", &facts.jurisdiction, 100)?,
            received_on: time::day_text(day("received_on", &facts.received_on)?),
            due_on: time::day_text(day("due_on", &facts.due_on)?),
            requester_kind: facts.requester_kind,
        },
        note: optional_text("note", &values.note, 5000)?,
        ..values
    })
}

/// `POST /requests`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewRequestBody>,
) -> ApiResult<(StatusCode, axum::Json<Request>)> {
    let received = day("received_on", &given.received_on)?;
    let jurisdiction = given.jurisdiction.trim();
    let due = time::day_text(clocks::due(&app.holidays, jurisdiction, received));
    let values = validated(RequestValues {
        facts: Facts {
            due_on: given.due_on.unwrap_or(due),
            number: given.number,
            requester: given.requester,
            requester_kind: given.requester_kind,
            received_on: given.received_on,
            jurisdiction: given.jurisdiction,
        },
        assignee: given.assignee,
        note: given.note,
        closed: false,
    })?;
    check_assignee(&app, values.assignee.as_ref()).await?;
    let id = Id::random();
    let mut change = pool::begin(&app.db).await?;
    rows::insert(&mut change, &id, &values, app.now()).await?;
    let event = Event::new(Act::Request, "entered").id("request", &id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok((StatusCode::CREATED, axum::Json(find(&app, &id).await?)))
}

/// A request with its recordings and releases.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FullRequest {
    #[serde(flatten)]
    request: Request,
    /// Empty for auditors.
    recordings: Vec<Recording>,
    releases: Vec<Release>,
    /// Newest first.
    packages: Vec<Package>,
    /// Who has a release that was replaced.
    older_copies: Vec<OlderCopy>,
}

/// `GET /requests/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<FullRequest>> {
    let request = find(&app, &id).await?;
    let recordings = if who.role == Role::Auditor {
        Vec::new()
    } else {
        recordings::of_request(&app, &id).await?
    };
    Ok(axum::Json(FullRequest {
        request,
        recordings,
        releases: releases::of_request(&app, &id).await?,
        packages: packages::of_request(&app, &id).await?,
        older_copies: copies::older(&app, &id).await?,
    }))
}

/// `null` is a value, different from an absent key.
#[expect(
    clippy::option_option,
    reason = "absent, null and an id are three things"
)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Id>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::option_option,
    reason = "absent, null and an id are three things"
)]
pub(crate) struct Edit {
    number: Option<String>,
    requester_kind: Option<RequesterKind>,
    requester: Option<String>,
    jurisdiction: Option<String>,
    received_on: Option<String>,
    due_on: Option<String>,
    #[serde(default, deserialize_with = "given")]
    assignee: Option<Option<Id>>,
    note: Option<String>,
    closed: Option<bool>,
}

/// `PATCH /requests/:id`. A new jurisdiction or date of receipt does not change the due date by
/// itself.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(edit): Body<Edit>,
) -> ApiResult<axum::Json<Request>> {
    let old = find(&app, &id).await?;
    let closed = edit.closed.unwrap_or(old.stage == Stage::Closed);
    let values = validated(RequestValues {
        facts: Facts {
            number: edit.number.unwrap_or(old.number),
            requester: edit.requester.unwrap_or(old.requester),
            requester_kind: edit.requester_kind.unwrap_or(old.requester_kind),
            jurisdiction: edit.jurisdiction.unwrap_or(old.jurisdiction),
            received_on: edit.received_on.unwrap_or(old.received_on),
            due_on: edit.due_on.unwrap_or(old.due_on),
        },
        assignee: match edit.assignee {
            Some(assignee) => assignee,
            None => old.assignee.map(|assignee| assignee.id),
        },
        note: edit.note.unwrap_or(old.note),
        closed,
    })?;
    check_assignee(&app, values.assignee.as_ref()).await?;
    let mut change = pool::begin(&app.db).await?;
    rows::update(&mut change, &id, &values, app.now()).await?;
    let event = Event::new(Act::Request, "changed").id("request", &id);
    let state = if closed { "closed" } else { "open" };
    app.log_event(&who.name, event.label("state", state))
        .await?;
    change.commit().await?;
    app.notify(Change::Request(id.clone()));
    Ok(axum::Json(find(&app, &id).await?))
}
