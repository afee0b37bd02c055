//! Requests: who asked for what, the due date, and the stage.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};

use super::body::{Body, Query};
use super::clocks::{self, ClockInfo};
use super::disposals::{DisposedRecording, disposed_of_request};
use super::packages::{self, Package};
use super::recordings::{self, Recording};
use super::releases::{self, Release};
use crate::api_error::ApiResult;
use crate::db::clocks::{ClockRows, PauseRow, by_request};
use crate::db::expected::{self, ExpectedRow};
use crate::db::history;
use crate::db::history::HistoryRow;
use crate::db::requests::{self as rows, Facts, NameRow, Of, ProgressFlags, RequestRow};
use crate::db::sealings::Closed;
use crate::details::{Details as _, RecordingDetails, RequestDetails};
use crate::domain::history::FieldChange;
use crate::domain::older_copies::OlderCopy;
use crate::domain::stage::{Stage, of_request};
use crate::id::Id;
use crate::model::{Disposition, RequesterKind, Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::copies;
use crate::service::due::{self, DueRule};
use crate::service::requests::{self, Entered};
use crate::service::sealed;
use crate::time;

/// A request as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Request {
    id: Id,
    pub(super) number: String,
    pub(super) requester_kind: RequesterKind,
    pub(super) requester: String,
    jurisdiction: String,
    /// The title of the law.
    pub(super) law: String,
    /// A deadline of its own.
    rule: Option<DueRule>,
    pub(super) received_on: String,
    pub(super) due_on: String,
    /// The due date that the law or the rule sets.
    due_counted: String,
    /// Whether the clock stands still while the agency waits for the requester.
    stopped: bool,
    pub(super) days_left: i64,
    pub(super) overdue: bool,
    pub(super) stage: Stage,
    pub(super) disposition: Option<Disposition>,
    pub(super) assignee: Option<Assignee>,
    pub(super) note: String,
    pub(super) details: RequestDetails,
    /// Responsive recordings.
    pub(super) recordings_count: usize,
    /// Recordings of which the requester has the latest release.
    pub(super) handed_over_count: usize,
    not_responsive_count: usize,
    releases_count: i64,
    created_at: String,
    changed_at: String,
    /// Whether it is there for its owner to practice on.
    pub(super) practice: bool,
}

#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Assignee {
    pub(super) id: Id,
    pub(super) name: String,
}

fn present(
    app: &Shared,
    row: RequestRow,
    (recordings, rows): (&[ProgressFlags], &ClockRows),
) -> Request {
    let responsive = recordings.iter().filter(|row| !row.not_responsive);
    let stages: Vec<Stage> = responsive.map(requests::stage).collect();
    let out = stages.iter().filter(|&&stage| stage == Stage::HandedOver);
    let handed_over_count = out.count();
    let stage = of_request(row.closed, &stages);
    let today = app.today();
    let (counted, due_on) = due::both(app, &row, rows);
    let counted = counted.map_or_else(String::new, |counted| time::day_text(counted.on));
    let due = time::read_day(&due_on).unwrap_or(today);
    let days_left = (due - today).whole_days();
    let over = matches!(stage, Stage::Closed | Stage::HandedOver);
    let (rule, details) = (due::rule(&row), RequestDetails::read(&row.details));
    let assignee = row.assignee.zip(row.assignee_name);
    let facts = row.facts;
    let law = app.statutes.title(&facts.jurisdiction);
    let stops = |open: &PauseRow| {
        let known = app.statutes.get(&facts.jurisdiction);
        known.is_some_and(|law| law.is_stopped_by(open.waiting_for))
    };
    Request {
        overdue: days_left < 0 && !over && row.practice.is_none(),
        days_left,
        stage,
        rule,
        details,
        law: law.to_owned(),
        due_counted: counted,
        stopped: rows.open().is_some_and(stops),
        disposition: row.disposition,
        assignee: assignee.map(|(id, name)| Assignee { id, name }),
        id: row.id,
        number: facts.number,
        requester_kind: facts.requester_kind,
        requester: facts.requester,
        jurisdiction: facts.jurisdiction,
        received_on: facts.received_on,
        due_on,
        note: row.note,
        recordings_count: stages.len(),
        handed_over_count,
        not_responsive_count: recordings.len() - stages.len(),
        releases_count: row.releases,
        created_at: time::text(row.created_at),
        changed_at: time::text(row.changed_at),
        practice: row.practice.is_some(),
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    #[default]
    Due,
    Number,
    Received,
    Stage,
    Assignee,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SortOrder {
    #[default]
    Asc,
    Desc,
}

/// Sorts requests; equal ones by their number.
pub(super) fn sort(list: &mut [Request], (by, order): (Sort, SortOrder)) {
    let person = |request: &Request| request.assignee.as_ref().map(|person| person.name.clone());
    list.sort_by(|a, b| {
        let by = match by {
            Sort::Due => a.due_on.cmp(&b.due_on),
            Sort::Number => a.number.cmp(&b.number),
            Sort::Received => a.received_on.cmp(&b.received_on),
            Sort::Stage => a.stage.cmp(&b.stage),
            Sort::Assignee => person(a).cmp(&person(b)),
        };
        by.then_with(|| a.number.cmp(&b.number))
    });
    if order == SortOrder::Desc {
        list.reverse();
    }
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
    order: SortOrder,
}

impl RequestsQuery {
    /// Whether the list has this request.
    fn takes(&self, request: &Request) -> bool {
        let assignee = request.assignee.as_ref();
        let assigned = |wanted: &str| match wanted {
            "none" => assignee.is_none(),
            _ => assignee.is_some_and(|person| person.id.as_str() == wanted),
        };
        self.stage.is_none_or(|stage| request.stage == stage)
            && self
                .overdue
                .is_none_or(|overdue| request.overdue == overdue)
            && self.assignee.as_deref().is_none_or(assigned)
    }
}

/// Whether every word of a search, in lowercase, is in what the list shows or in a recording's
/// name.
fn finds(words: &[String], request: &Request, names: &[String]) -> bool {
    let text = [
        &request.number,
        &request.requester,
        &request.note,
        &request.jurisdiction,
        &request.law,
    ];
    let person = request.assignee.iter().map(|person| &person.name);
    let details = request.details.fields().into_iter().map(|(_, value)| value);
    let text = text.into_iter().chain(person).chain(details).chain(names);
    let text: Vec<String> = text.map(|text| text.to_lowercase()).collect();
    words
        .iter()
        .all(|word| text.iter().any(|text| text.contains(word)))
}

/// The names of recordings by request, without those that an order closes.
fn names_of(rows: Vec<NameRow>, closed: &Closed) -> HashMap<Id, Vec<String>> {
    let mut names: HashMap<Id, Vec<String>> = HashMap::new();
    for row in rows {
        if !closed.has(&row.id) {
            names.entry(row.request).or_default().push(row.name);
        }
    }
    names
}

/// The requests that the user may see and that fit a search. Practice requests are in the list of
/// their owner alone.
///
/// # Errors
/// Those of the database.
pub(super) async fn listed(
    app: &Shared,
    who: &SessionUser,
    search: &str,
) -> ApiResult<Vec<Request>> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let rows = rows::all(&app.db).await?.into_iter();
    let rows = rows.filter(|row| row.practice.as_ref().is_none_or(|owner| *owner == who.id));
    let closed = sealed::closed_to(app, who).await?;
    let rows = rows.filter(|row| !closed.has(&row.id));
    let progress = rows::all_progress(&app.db, &closed.json()).await?;
    let hidden = rows::count_releases(&app.db, &closed.json()).await?;
    let clocks = by_request(&app.db, None).await?;
    let running = ClockRows::default();
    let shown = rows.map(|mut row| {
        row.releases -= hidden.get(&row.id).copied().unwrap_or(0);
        let recordings = progress.get(&row.id).map_or(&[][..], Vec::as_slice);
        let clock = clocks.get(&row.id).unwrap_or(&running);
        present(app, row, (recordings, clock))
    });
    if words.is_empty() {
        return Ok(shown.collect());
    }
    let names = names_of(rows::recording_names(&app.db).await?, &closed);
    let fits = |request: &Request| {
        let names = names.get(&request.id).map_or(&[][..], Vec::as_slice);
        finds(&words, request, names)
    };
    Ok(shown.filter(fits).collect())
}

/// `GET /requests`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
    Query(filter): Query<RequestsQuery>,
) -> ApiResult<axum::Json<Vec<Request>>> {
    let search = filter.search.as_deref().unwrap_or_default();
    let mut list = listed(&app, &who, search).await?;
    list.retain(|request| filter.takes(request));
    sort(&mut list, (filter.sort, filter.order));
    Ok(axum::Json(list))
}

/// A request as the user may see it: what an order closes to them does not count.
async fn find(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<Request> {
    let closed = sealed::closed_to(app, who).await?;
    let hidden = rows::count_releases(&app.db, &closed.json()).await?;
    let mut row = rows::by_id(&app.db, id).await?;
    row.releases -= hidden.get(id).copied().unwrap_or(0);
    let progress = rows::progress(&app.db, Of::Request(id)).await?.remove(id);
    let clock = by_request(&app.db, Some(id)).await?.remove(id);
    let progress = progress.unwrap_or_default().into_iter();
    let seen = progress.filter(|row| !closed.has(&row.recording));
    let flags: Vec<ProgressFlags> = seen.map(|row| row.flags).collect();
    Ok(present(app, row, (&flags, &clock.unwrap_or_default())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequestBody {
    number: String,
    requester_kind: RequesterKind,
    #[serde(default)]
    requester: String,
    jurisdiction: String,
    rule: Option<DueRule>,
    received_on: String,
    due_on: Option<String>,
    assignee: Option<Id>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    details: RequestDetails,
}

/// `POST /requests`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<NewRequestBody>,
) -> ApiResult<(StatusCode, axum::Json<Request>)> {
    let entered = Entered {
        facts: Facts {
            due_on: given.due_on.unwrap_or_default(),
            number: given.number,
            requester: given.requester,
            requester_kind: given.requester_kind,
            received_on: given.received_on,
            jurisdiction: given.jurisdiction,
        },
        rule: given.rule,
        clock: ClockRows::default(),
        assignee: given.assignee,
        note: given.note,
        details: given.details,
    };
    let id = requests::add(&app, &who, entered).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(find(&app, &who, &id).await?),
    ))
}

/// A change in the history of a request.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct HistoryEntry {
    at: String,
    by: String,
    action: String,
    /// The name of the recording that it is about.
    recording: Option<String>,
    changes: Vec<FieldChange>,
    reason: String,
}

fn entry(row: HistoryRow) -> HistoryEntry {
    HistoryEntry {
        at: time::text(row.at),
        by: row.by,
        action: row.action,
        recording: row.recording_name,
        changes: serde_json::from_str(&row.changes).unwrap_or_default(),
        reason: row.reason,
    }
}

/// A recording that an import lists.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ExpectedRecording {
    id: Id,
    /// The name of its file; may be empty.
    name: String,
    details: RecordingDetails,
    /// Who imported the list.
    by: String,
}

fn expectation(row: ExpectedRow) -> ExpectedRecording {
    ExpectedRecording {
        details: RecordingDetails::read(&row.details),
        id: row.id,
        name: row.name,
        by: row.by,
    }
}

/// A request with its recordings and releases.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FullRequest {
    #[serde(flatten)]
    request: Request,
    clock: ClockInfo,
    /// Empty for auditors.
    recordings: Vec<Recording>,
    /// Recordings that are gone, oldest first.
    disposed: Vec<DisposedRecording>,
    /// Recordings that an import lists and that were not added yet; empty for auditors.
    expected: Vec<ExpectedRecording>,
    releases: Vec<Release>,
    /// Newest first.
    packages: Vec<Package>,
    /// Who has a release that was replaced.
    older_copies: Vec<OlderCopy>,
    /// What people changed, newest first.
    history: Vec<HistoryEntry>,
}

/// `GET /requests/:id`.
pub(crate) async fn one(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<FullRequest>> {
    let request = find(&app, &who, &id).await?;
    let row = rows::by_id(&app.db, &id).await?;
    let rows = by_request(&app.db, Some(&id)).await?.remove(&id);
    let (recordings, expected) = if who.role == Role::Auditor {
        (Vec::new(), Vec::new())
    } else {
        let expected = expected::of_request(&app.db, &id).await?;
        (recordings::of_request(&app, &who, &id).await?, expected)
    };
    let closed = sealed::closed_to(&app, &who).await?;
    let mut releases = releases::of_request(&app, &id).await?;
    releases.retain(|release| !closed.has(release.id()));
    let mut packages = packages::of_request(&app, &id).await?;
    packages.retain(|package| !closed.has(package.id()));
    let mut older_copies = copies::older(&app, &id).await?;
    older_copies.retain(|copy| !closed.has(&copy.release));
    let mut history = history::of_request(&app.db, &id).await?;
    history.retain(|row| row.recording.as_ref().is_none_or(|id| !closed.has(id)));
    Ok(axum::Json(FullRequest {
        request,
        clock: clocks::present(&app, &row, &rows.unwrap_or_default()),
        recordings,
        disposed: disposed_of_request(&app, &who, &id).await?,
        expected: expected.into_iter().map(expectation).collect(),
        releases,
        packages,
        older_copies,
        history: history.into_iter().map(entry).collect(),
    }))
}

/// `null` is a value, different from an absent key.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Deserialize::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
pub(crate) struct Edit {
    number: Option<String>,
    requester_kind: Option<RequesterKind>,
    requester: Option<String>,
    jurisdiction: Option<String>,
    #[serde(default, deserialize_with = "given")]
    rule: Option<Option<DueRule>>,
    received_on: Option<String>,
    #[serde(default, deserialize_with = "given")]
    due_on: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    assignee: Option<Option<Id>>,
    note: Option<String>,
    details: Option<RequestDetails>,
}

/// `PATCH /requests/:id`. A due date that nobody set by hand follows the law and the day of
/// receipt; `null` and an empty one are counted again.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(edit): Body<Edit>,
) -> ApiResult<axum::Json<Request>> {
    let old = rows::by_id(&app.db, &id).await?;
    let rule = due::rule(&old);
    let was = old.facts.clone();
    let follows = !due::by_hand(&app, &old, rule.as_ref());
    let clock = by_request(&app.db, Some(&id)).await?.remove(&id);
    let due_on = match edit.due_on {
        Some(due) => due.unwrap_or_default(),
        None if follows => String::new(),
        None => was.due_on,
    };
    let entered = Entered {
        facts: Facts {
            number: edit.number.unwrap_or(was.number),
            requester: edit.requester.unwrap_or(was.requester),
            requester_kind: edit.requester_kind.unwrap_or(was.requester_kind),
            jurisdiction: edit.jurisdiction.unwrap_or(was.jurisdiction),
            received_on: edit.received_on.unwrap_or(was.received_on),
            due_on,
        },
        rule: edit.rule.unwrap_or(rule),
        clock: clock.unwrap_or_default(),
        assignee: edit.assignee.unwrap_or_else(|| old.assignee.clone()),
        note: edit.note.unwrap_or_else(|| old.note.clone()),
        details: edit
            .details
            .unwrap_or_else(|| RequestDetails::read(&old.details)),
    };
    requests::change(&app, &who, old, entered).await?;
    Ok(axum::Json(find(&app, &who, &id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {
    disposition: Disposition,
    #[serde(default)]
    reason: String,
}

/// `POST /requests/:id/close`.
pub(crate) async fn close(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<CloseBody>,
) -> ApiResult<axum::Json<Request>> {
    requests::close(&app, &who, &id, (given.disposition, &given.reason)).await?;
    Ok(axum::Json(find(&app, &who, &id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReopenBody {
    reason: String,
}

/// `POST /requests/:id/reopen`.
pub(crate) async fn reopen(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ReopenBody>,
) -> ApiResult<axum::Json<Request>> {
    requests::reopen(&app, &who, &id, &given.reason).await?;
    Ok(axum::Json(find(&app, &who, &id).await?))
}
