//! Requests: who asked for what, by when it is due, and how far it is.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError, Body, Query, optional_text, text};
use crate::app::{App, Note, Shared};
use crate::routes::Role;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};
use crate::{clocks, recordings, releases};

/// Who may have asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum RequesterKind {
    Public,
    Press,
    DataSubject,
    Attorney,
    Court,
    Agency,
    Other,
}

impl RequesterKind {
    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Public => "member of the public",
            Self::Press => "press",
            Self::DataSubject => "person in the recording",
            Self::Attorney => "attorney",
            Self::Court => "court",
            Self::Agency => "another agency",
            Self::Other => "other",
        }
    }
}

/// How far a request is; the order is that of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Failed,
    NeedsRecording,
    Preparing,
    InReview,
    AwaitingApproval,
    Approved,
    Rendering,
    Ready,
    HandedOver,
    Closed,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    number: String,
    requester_kind: RequesterKind,
    requester: String,
    jurisdiction: String,
    received_on: String,
    due_on: String,
    assignee: Option<Id>,
    assignee_name: Option<String>,
    note: String,
    closed: bool,
    created_at: Millis,
    changed_at: Millis,
    recordings: i64,
    preparing: i64,
    failed: i64,
    approved: i64,
    awaiting: i64,
    releases: i64,
    rendering: i64,
    ready: i64,
    unreleased: i64,
    copies: i64,
}

const ROWS: &str = "SELECT r.id, number, requester_kind, requester, jurisdiction, received_on,
    due_on, assignee, users.name AS assignee_name, note, closed, r.created_at, r.changed_at,
    (SELECT count(*) FROM recordings WHERE request = r.id) AS recordings,
    (SELECT count(*) FROM jobs WHERE request = r.id AND state IN ('queued', 'running')
       AND kind IN ('prepare', 'scan', 'thumbnails')) AS preparing,
    (SELECT count(*) FROM jobs WHERE request = r.id
       AND state IN ('failed', 'cancelled', 'interrupted')
       AND kind IN ('prepare', 'scan', 'thumbnails')) AS failed,
    (SELECT count(*) FROM reviews JOIN recordings ON recordings.id = reviews.recording
       JOIN approved ON approved.review = reviews.id
       WHERE request = r.id AND approved.whole = 1) AS approved,
    (SELECT count(*) FROM reviews JOIN recordings ON recordings.id = reviews.recording
       JOIN approved ON approved.review = reviews.id
       WHERE request = r.id AND approved.whole = 0) AS awaiting,
    (SELECT count(*) FROM releases WHERE request = r.id) AS releases,
    (SELECT count(*) FROM releases WHERE request = r.id
       AND state IN ('rendering', 'verifying')) AS rendering,
    (SELECT count(*) FROM releases WHERE request = r.id AND state = 'ready') AS ready,
    (SELECT count(*) FROM releases WHERE request = r.id
       AND state IN ('failed', 'wrong')) AS unreleased,
    (SELECT count(*) FROM copies JOIN releases ON releases.id = copies.release
       WHERE releases.request = r.id) AS copies
    FROM requests r LEFT JOIN users ON users.id = assignee";

/// A request as the page sees it.
#[derive(Serialize)]
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
struct Assignee {
    id: Id,
    name: String,
}

impl Row {
    fn stage(&self) -> Stage {
        match self {
            _ if self.closed => Stage::Closed,
            _ if self.recordings == 0 => Stage::NeedsRecording,
            _ if self.rendering > 0 => Stage::Rendering,
            _ if self.copies > 0 => Stage::HandedOver,
            _ if self.ready > 0 => Stage::Ready,
            _ if self.failed > 0 || self.unreleased > 0 => Stage::Failed,
            _ if self.preparing > 0 => Stage::Preparing,
            _ if self.approved > 0 => Stage::Approved,
            _ if self.awaiting > 0 => Stage::AwaitingApproval,
            _ => Stage::InReview,
        }
    }

    fn shown(self, now: Millis) -> Request {
        let stage = self.stage();
        let due = time::read_day(&self.due_on).unwrap_or_else(|| time::day(now));
        let days_left = (due - time::day(now)).whole_days();
        let over = matches!(stage, Stage::Closed | Stage::HandedOver);
        Request {
            overdue: days_left < 0 && !over,
            days_left,
            stage,
            assignee: self
                .assignee
                .zip(self.assignee_name)
                .map(|(id, name)| Assignee { id, name }),
            id: self.id,
            number: self.number,
            requester_kind: self.requester_kind,
            requester: self.requester,
            jurisdiction: self.jurisdiction,
            received_on: self.received_on,
            due_on: self.due_on,
            note: self.note,
            recordings_count: self.recordings,
            releases_count: self.releases,
            created_at: time::text(self.created_at),
            changed_at: time::text(self.changed_at),
        }
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
pub(crate) struct Filter {
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
    Query(filter): Query<Filter>,
) -> Answer<axum::Json<Vec<Request>>> {
    let rows: Vec<Row> = sqlx::query_as(ROWS).fetch_all(&app.db).await?;
    let now = app.now();
    let wanted = filter
        .search
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    let mut list: Vec<Request> = rows
        .into_iter()
        .map(|row| row.shown(now))
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

async fn find(app: &Shared, id: &Id) -> Answer<Request> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} WHERE r.id = ?")))
        .bind(id)
        .fetch_optional(&app.db)
        .await?;
    Ok(row.ok_or_else(ApiError::not_found)?.shown(app.now()))
}

/// What a request says of itself in the manifests of its releases.
#[derive(sqlx::FromRow)]
pub(crate) struct Facts {
    pub(crate) number: String,
    pub(crate) requester: String,
    #[sqlx(rename = "requester_kind")]
    pub(crate) kind: RequesterKind,
    /// Whose law it runs under, in words.
    #[sqlx(rename = "jurisdiction")]
    pub(crate) law: String,
    pub(crate) received_on: String,
    pub(crate) due_on: String,
}

/// What is known of a request now.
///
/// # Errors
/// 404.
pub(crate) async fn facts(app: &Shared, id: &Id) -> Answer<Facts> {
    let found: Option<Facts> = sqlx::query_as(
        "SELECT number, requester, requester_kind, jurisdiction, received_on, due_on
         FROM requests WHERE id = ?",
    )
    .bind(id)
    .fetch_optional(&app.db)
    .await?;
    let mut facts = found.ok_or_else(ApiError::not_found)?;
    if let Some(title) = clocks::title(&facts.law) {
        title.clone_into(&mut facts.law);
    }
    Ok(facts)
}

/// Refuses an id that no request has.
///
/// # Errors
/// 400 on field `request`.
pub(crate) async fn check(app: &Shared, id: &Id) -> Answer<()> {
    find(app, id)
        .await
        .map(drop)
        .map_err(|_| ApiError::field("request", "There is no such request."))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
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

fn day(field: &'static str, given: &str) -> Answer<::time::Date> {
    time::read_day(given).ok_or_else(|| ApiError::field(field, "A day is spelled 2026-01-31."))
}

fn taken(error: sqlx::Error) -> ApiError {
    match &error {
        sqlx::Error::Database(refused) if refused.is_unique_violation() => ApiError::conflict(
            "number_taken",
            "There is a request with that number already.",
        ),
        _ => error.into(),
    }
}

async fn check_assignee(app: &Shared, assignee: Option<&Id>) -> Answer<()> {
    let Some(assignee) = assignee else {
        return Ok(());
    };
    let account = crate::accounts::by_id(&app.db, assignee).await;
    let works = account.is_ok_and(|account| {
        account.active && matches!(account.role, Role::Operator | Role::Approver)
    });
    if works {
        return Ok(());
    }
    let message = "Operators and approvers have requests, nobody else.";
    Err(ApiError::field("assignee", message))
}

/// `POST /requests`.
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(given): Body<New>,
) -> Answer<(StatusCode, axum::Json<Request>)> {
    let received = day("received_on", &given.received_on)?;
    let jurisdiction = text("jurisdiction", &given.jurisdiction, 100)?;
    let due = match &given.due_on {
        Some(due) => day("due_on", due)?,
        None => clocks::due(&app.holidays, &jurisdiction, received),
    };
    check_assignee(&app, given.assignee.as_ref()).await?;
    let id = Id::random();
    let now = app.now();
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO requests (id, number, requester_kind, requester, jurisdiction, received_on,
         due_on, assignee, note, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(text("number", &given.number, 100)?)
    .bind(given.requester_kind)
    .bind(optional_text("requester", &given.requester, 200)?)
    .bind(&jurisdiction)
    .bind(time::day_text(received))
    .bind(time::day_text(due))
    .bind(&given.assignee)
    .bind(optional_text("note", &given.note, 5000)?)
    .bind(now)
    .bind(now)
    .execute(&mut *change)
    .await
    .map_err(taken)?;
    app.note(
        &who.name,
        Note::new(Act::Request, "entered").id("request", &id),
    )
    .await?;
    change.commit().await?;
    app.tell(Change::Request { id: id.clone() });
    Ok((StatusCode::CREATED, axum::Json(find(&app, &id).await?)))
}

/// `GET /requests/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Value>> {
    let mut request = json!(find(&app, &id).await?);
    let recordings = if who.role == Role::Auditor {
        Vec::new()
    } else {
        recordings::of_request(&app, &id).await?
    };
    request["recordings"] = json!(recordings);
    request["releases"] = json!(releases::of_request(&app, &id).await?);
    Ok(axum::Json(request))
}

/// `null` is a value, and not the same as nothing.
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

/// `PATCH /requests/:id`. A new day of receipt or jurisdiction moves the due day only with it.
pub(crate) async fn change(
    State(app): State<App>,
    who: Who,
    Path(id): Path<Id>,
    Body(edit): Body<Edit>,
) -> Answer<axum::Json<Request>> {
    let old = find(&app, &id).await?;
    let received = edit.received_on.as_deref().unwrap_or(&old.received_on);
    let due = edit.due_on.as_deref().unwrap_or(&old.due_on);
    let assignee = match edit.assignee {
        Some(assignee) => assignee,
        None => old.assignee.map(|assignee| assignee.id),
    };
    check_assignee(&app, assignee.as_ref()).await?;
    let closed = edit.closed.unwrap_or(old.stage == Stage::Closed);
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "UPDATE requests SET number = ?, requester_kind = ?, requester = ?, jurisdiction = ?,
         received_on = ?, due_on = ?, assignee = ?, note = ?, closed = ?, changed_at = ?
         WHERE id = ?",
    )
    .bind(text(
        "number",
        edit.number.as_deref().unwrap_or(&old.number),
        100,
    )?)
    .bind(edit.requester_kind.unwrap_or(old.requester_kind))
    .bind(optional_text(
        "requester",
        edit.requester.as_deref().unwrap_or(&old.requester),
        200,
    )?)
    .bind(text(
        "jurisdiction",
        edit.jurisdiction.as_deref().unwrap_or(&old.jurisdiction),
        100,
    )?)
    .bind(time::day_text(day("received_on", received)?))
    .bind(time::day_text(day("due_on", due)?))
    .bind(assignee)
    .bind(optional_text(
        "note",
        edit.note.as_deref().unwrap_or(&old.note),
        5000,
    )?)
    .bind(closed)
    .bind(app.now())
    .bind(&id)
    .execute(&mut *change)
    .await
    .map_err(taken)?;
    let note = Note::new(Act::Request, "changed").id("request", &id);
    app.note(
        &who.name,
        note.label("state", if closed { "closed" } else { "open" }),
    )
    .await?;
    change.commit().await?;
    app.tell(Change::Request { id: id.clone() });
    Ok(axum::Json(find(&app, &id).await?))
}
