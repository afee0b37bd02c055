//! What waits for the user: approvals, disposals and policies that others propose, requests and
//! tasks that are assigned to them, and notes that mention them.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::clocks::{ClockRows, by_request};
use crate::db::inbox::{self, WaitingRow};
use crate::db::requests::{self, Of, ProgressRow, RequestRow};
use crate::db::sealings::Closed;
use crate::db::{disposals, notes, policy_versions, pool, tasks};
use crate::domain::queue::SOON_DAYS;
use crate::domain::stage::{Stage, of_request};
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::absences;
use crate::service::app::{App, Shared};
use crate::service::due;
use crate::service::requests::stage;
use crate::service::sealed;
use crate::time;

/// Characters of a note that the inbox shows.
const SHOWN_CHARS: usize = 160;

/// What the user is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum InboxKind {
    /// Read a note that mentions the user.
    Mention,
    /// Do a task.
    Task,
    /// Approve a review that somebody else approved.
    Approve,
    /// Change a review that an approver sent back.
    SentBack,
    /// See why a recording or a release failed.
    Failed,
    /// Render an approved review.
    Render,
    /// Hand over a verified release.
    HandOver,
    /// Answer a request that is due soon or overdue.
    Due,
    /// Confirm or refuse a disposal that somebody else proposed.
    Disposal,
    /// Decide about a version of a policy that somebody else proposed.
    Policy,
}

impl InboxKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Task => "task",
            Self::Approve => "approve",
            Self::SentBack => "sent-back",
            Self::Failed => "failed",
            Self::Render => "render",
            Self::HandOver => "hand-over",
            Self::Due => "due",
            Self::Disposal => "disposal",
            Self::Policy => "policy",
        }
    }
}

/// Something that waits for the user.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct InboxItem {
    kind: InboxKind,
    /// `null` for a version of a policy.
    request: Option<Id>,
    request_number: Option<String>,
    /// When the request or the task is due; `null` for a note, and for a task without a day.
    due_on: Option<String>,
    days_left: Option<i64>,
    /// The name of the recording.
    recording: Option<String>,
    review: Option<Id>,
    review_title: Option<String>,
    disposal: Option<Id>,
    /// The name of the policy whose version waits.
    policy: Option<String>,
    /// The task, or the beginning of the note.
    text: Option<String>,
    /// Who wrote the note, or proposed what waits.
    by: Option<String>,
    /// Whether the user has not seen it.
    new: bool,
    /// For whom the user stands in.
    instead_of: Option<String>,
    /// By which it is seen.
    #[serde(skip)]
    key: String,
}

/// An item about a request.
fn item(kind: InboxKind, (request, number): (&Id, &str), about: &str) -> InboxItem {
    InboxItem {
        request: Some(request.clone()),
        request_number: Some(number.to_owned()),
        ..plain(kind, about)
    }
}

/// An item with nothing but its kind and what it is about.
fn plain(kind: InboxKind, about: &str) -> InboxItem {
    InboxItem {
        kind,
        request: None,
        request_number: None,
        due_on: None,
        days_left: None,
        recording: None,
        review: None,
        review_title: None,
        disposal: None,
        policy: None,
        text: None,
        by: None,
        new: true,
        instead_of: None,
        key: format!("{} {about}", kind.word()),
    }
}

/// The same with the day on which it is due.
fn due_item(app: &Shared, item: InboxItem, due_on: &str) -> InboxItem {
    let left = time::read_day(due_on).map(|due| (due - app.today()).whole_days());
    InboxItem {
        due_on: Some(due_on.to_owned()),
        days_left: left,
        ..item
    }
}

/// `GET /inbox`: the earliest due first.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<InboxItem>>> {
    let mut items = all(&app, &who).await?;
    let seen = inbox::seen(&app.db, &who.id).await?;
    for item in &mut items {
        item.new = !seen.contains(&item.key);
    }
    Ok(axum::Json(items))
}

/// `POST /inbox/seen`: what is in the inbox now is no longer new.
pub(crate) async fn see(State(app): State<App>, who: SessionUser) -> ApiResult<StatusCode> {
    let items = all(&app, &who).await?;
    let mut change = pool::begin(&app.db).await?;
    inbox::set_seen(&mut change, &who.id, items.iter().map(|item| &item.key)).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose things wait for the user: their own, and those of people for whom they stand in, by name.
async fn whose(app: &Shared, who: &SessionUser) -> ApiResult<Vec<(Id, Option<String>)>> {
    let absent = absences::today(app).await?.into_iter();
    let absent = absent.filter(|row| row.stand_in == who.id);
    let own = std::iter::once((who.id.clone(), None));
    Ok(own
        .chain(absent.map(|row| (row.user, Some(row.name))))
        .collect())
}

/// Everything that waits, without what an order closes to the user.
async fn all(app: &Shared, who: &SessionUser) -> ApiResult<Vec<InboxItem>> {
    let closed = sealed::closed_to(app, who).await?;
    let mut items = approvals(app, who).await?;
    if who.role == Role::Approver {
        items.extend(proposals(app, who, &closed).await?);
    }
    let mut clocks = by_request(&app.db, None).await?;
    for (user, instead_of) in whose(app, who).await? {
        let theirs = of_person(app, &user, (&mut clocks, &closed)).await?;
        items.extend(theirs.into_iter().map(|item| InboxItem {
            instead_of: instead_of.clone(),
            ..item
        }));
    }
    items.retain(|item| {
        let mut about = item.request.iter().chain(&item.review);
        !about.any(|id| closed.has(id))
    });
    items.sort_by(|a, b| {
        let day = |item: &InboxItem| (item.due_on.is_none(), item.due_on.clone());
        let by = day(a).cmp(&day(b));
        by.then_with(|| a.request_number.cmp(&b.request_number))
    });
    Ok(items)
}

/// What waits for a person: reviews that were sent back, requests, tasks and mentions.
async fn of_person(
    app: &Shared,
    user: &Id,
    (clocks, closed): (&mut HashMap<Id, ClockRows>, &Closed),
) -> ApiResult<Vec<InboxItem>> {
    let sent_back = inbox::sent_back_to(&app.db, user).await?.into_iter();
    let mut items = reviews(app, sent_back.map(|row| (InboxKind::SentBack, row))).await?;
    let mut progress = requests::progress(&app.db, Of::Assignee(user)).await?;
    for row in requests::open_of(&app.db, user).await? {
        if row.practice.is_none() {
            let mut recordings = progress.remove(&row.id).unwrap_or_default();
            recordings.retain(|one| !closed.has(&one.recording));
            let clock = clocks.remove(&row.id).unwrap_or_default();
            items.extend(of_own_request(app, (&row, &clock), recordings));
        }
    }
    for row in tasks::open_of(&app.db, user).await? {
        let about = (&row.request, row.number.as_str());
        let plain = item(InboxKind::Task, about, row.id.as_str());
        let dated = match &row.due_on {
            Some(due_on) => due_item(app, plain, due_on),
            None => plain,
        };
        items.push(InboxItem {
            text: Some(row.text),
            ..dated
        });
    }
    for row in notes::unseen(&app.db, user).await? {
        let about = (&row.request, row.number.as_str());
        let beginning: String = row.text.chars().take(SHOWN_CHARS).collect();
        items.push(InboxItem {
            text: Some(beginning),
            by: Some(row.by),
            ..item(InboxKind::Mention, about, row.note.as_str())
        });
    }
    Ok(items)
}

/// Reviews that wait for the user's approval. Nobody approves for another.
async fn approvals(app: &Shared, who: &SessionUser) -> ApiResult<Vec<InboxItem>> {
    // An operator's approval completes only what an approver approved.
    let counts = |row: &WaitingRow| who.role == Role::Approver || row.by_approver;
    let waiting = inbox::waiting_for(&app.db, &who.id).await?.into_iter();
    let waiting = waiting.filter(counts).map(|row| (InboxKind::Approve, row));
    reviews(app, waiting).await
}

/// Disposals and versions of policies that other people proposed and that wait for an approver.
async fn proposals(app: &Shared, who: &SessionUser, closed: &Closed) -> ApiResult<Vec<InboxItem>> {
    let waiting = disposals::proposed(&app.db).await?.into_iter();
    let waiting = waiting.filter(|row| row.by_user != who.id && !closed.has(&row.recording));
    let mut items: Vec<InboxItem> = waiting
        .map(|row| InboxItem {
            recording: Some(row.recording_name),
            by: Some(row.by),
            disposal: Some(row.id.clone()),
            ..item(
                InboxKind::Disposal,
                (&row.request, &row.request_number),
                row.id.as_str(),
            )
        })
        .collect();
    let versions = policy_versions::proposed(&app.db).await?.into_iter();
    let versions = versions.filter(|row| row.user != who.id);
    items.extend(versions.map(|row| InboxItem {
        policy: Some(row.name),
        by: Some(row.by),
        ..plain(InboxKind::Policy, row.id.as_str())
    }));
    Ok(items)
}

async fn reviews(
    app: &Shared,
    rows: impl Iterator<Item = (InboxKind, WaitingRow)>,
) -> ApiResult<Vec<InboxItem>> {
    let mut dues: HashMap<Id, String> = HashMap::new();
    let mut items = Vec::new();
    for (kind, row) in rows {
        let due_on = match dues.get(&row.request) {
            Some(known) => known.clone(),
            None => due::facts(app, &row.request).await?.due_on,
        };
        let about = format!("{} {}", row.review, row.revision);
        let plain = item(kind, (&row.request, &row.number), &about);
        items.push(InboxItem {
            recording: Some(row.recording),
            review: Some(row.review),
            review_title: Some(row.title),
            ..due_item(app, plain, &due_on)
        });
        dues.insert(row.request, due_on);
    }
    Ok(items)
}

/// What an open request of the user needs.
fn of_own_request(
    app: &Shared,
    (row, clock): (&RequestRow, &ClockRows),
    recordings: Vec<ProgressRow>,
) -> Vec<InboxItem> {
    let due_on = due::due_on(app, row, clock);
    let make = |kind, about: &str| {
        let plain = item(kind, (&row.id, &row.facts.number), about);
        due_item(app, plain, &due_on)
    };
    let responsive = recordings
        .into_iter()
        .filter(|one| !one.flags.not_responsive);
    let stages: Vec<(Stage, ProgressRow)> = responsive
        .map(|recording| (stage(&recording.flags), recording))
        .collect();
    let all: Vec<Stage> = stages.iter().map(|(stage, _)| *stage).collect();
    let mut items = Vec::new();
    for (stage, recording) in stages {
        let kind = match stage {
            Stage::Failed => InboxKind::Failed,
            Stage::Approved => InboxKind::Render,
            Stage::Ready => InboxKind::HandOver,
            _ => continue,
        };
        items.push(InboxItem {
            recording: Some(recording.name),
            ..make(kind, recording.recording.as_str())
        });
    }
    let due = make(InboxKind::Due, row.id.as_str());
    let soon = due.days_left.is_none_or(|left| left <= SOON_DAYS);
    if soon && of_request(false, &all) != Stage::HandedOver {
        items.push(due);
    }
    items
}
