//! What waits for the user: approvals, and the requests that are assigned to them.

use axum::extract::State;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::inbox::{self, WaitingRow};
use crate::db::requests;
use crate::db::sealings::Closed;
use crate::domain::stage::{Stage, of_request};
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::absences;
use crate::service::app::{App, Shared};
use crate::service::due;
use crate::service::requests::stage;
use crate::service::sealed;
use crate::time;

/// A request is due soon in this many days.
const SOON_DAYS: i64 = 3;

/// What the user is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub(crate) enum InboxKind {
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
}

/// Something that waits for the user.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct InboxItem {
    kind: InboxKind,
    request: Id,
    request_number: String,
    due_on: String,
    days_left: i64,
    /// The name of the recording.
    recording: Option<String>,
    review: Option<Id>,
    review_title: Option<String>,
    /// For whom the user stands in.
    instead_of: Option<String>,
}

/// What the assignee does with a recording of that stage, if it waits for them.
const fn next_step(stage: Stage) -> Option<InboxKind> {
    match stage {
        Stage::Failed => Some(InboxKind::Failed),
        Stage::Approved => Some(InboxKind::Render),
        Stage::Ready => Some(InboxKind::HandOver),
        _ => None,
    }
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

/// Reviews that wait for the user, without those that an order closes, and for whom they stand in.
async fn waiting_reviews(
    app: &Shared,
    (who, whose): (&SessionUser, &[(Id, Option<String>)]),
    closed: &Closed,
) -> ApiResult<Vec<(InboxKind, WaitingRow, Option<String>)>> {
    // An operator's approval completes only what an approver approved.
    let counts = |row: &WaitingRow| who.role == Role::Approver || row.by_approver;
    let waiting = inbox::waiting_for(&app.db, &who.id).await?.into_iter();
    let waiting = waiting.filter(counts);
    let mut all: Vec<_> = waiting.map(|row| (InboxKind::Approve, row, None)).collect();
    for (user, instead_of) in whose {
        let sent_back = inbox::sent_back_to(&app.db, user).await?.into_iter();
        all.extend(sent_back.map(|row| (InboxKind::SentBack, row, instead_of.clone())));
    }
    all.retain(|(_, row, _)| !closed.has(&row.review));
    Ok(all)
}

/// `GET /inbox`: the earliest due first.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<InboxItem>>> {
    let today = app.today();
    let dues = due::of_all(&app).await?;
    let days_left = |due: &str| time::read_day(due).map_or(0, |due| (due - today).whole_days());
    let closed = sealed::closed_to(&app, &who).await?;
    let of_review = |kind, row: WaitingRow, instead_of: Option<String>| InboxItem {
        kind,
        instead_of,
        days_left: days_left(dues.get(&row.request).unwrap_or(&row.due_on)),
        request_number: row.number,
        due_on: dues.get(&row.request).cloned().unwrap_or(row.due_on),
        request: row.request,
        recording: Some(row.recording),
        review: Some(row.review),
        review_title: Some(row.title),
    };
    let mut items = Vec::new();
    let whose = whose(&app, &who).await?;
    for (kind, row, instead_of) in waiting_reviews(&app, (&who, &whose), &closed).await? {
        items.push(of_review(kind, row, instead_of));
    }
    let mut progress = requests::progress(&app.db, None).await?;
    for rows in progress.values_mut() {
        rows.retain(|one| !closed.has(&one.recording));
    }
    for row in requests::all(&app.db).await? {
        let theirs = whose
            .iter()
            .find(|(user, _)| row.assignee.as_ref() == Some(user));
        let open = !row.closed && !closed.has(&row.id) && row.practice.is_none();
        let Some((_, instead_of)) = theirs.filter(|_| open) else {
            continue;
        };
        let due_on = dues.get(&row.id).unwrap_or(&row.facts.due_on);
        let left = days_left(due_on);
        let item = |kind, recording| InboxItem {
            kind,
            request: row.id.clone(),
            request_number: row.facts.number.clone(),
            due_on: due_on.clone(),
            days_left: left,
            recording,
            review: None,
            review_title: None,
            instead_of: instead_of.clone(),
        };
        let recordings = progress.remove(&row.id).unwrap_or_default().into_iter();
        let responsive = recordings.filter(|recording| !recording.not_responsive);
        let stages: Vec<(Stage, String)> = responsive
            .map(|recording| (stage(&recording), recording.name))
            .collect();
        let all: Vec<Stage> = stages.iter().map(|(stage, _)| *stage).collect();
        let next = stages.into_iter();
        items.extend(next.filter_map(|(stage, name)| Some(item(next_step(stage)?, Some(name)))));
        if left <= SOON_DAYS && of_request(false, &all) != Stage::HandedOver {
            items.push(item(InboxKind::Due, None));
        }
    }
    items.sort_by(|a, b| {
        let by = a.due_on.cmp(&b.due_on);
        by.then_with(|| a.request_number.cmp(&b.request_number))
    });
    Ok(axum::Json(items))
}
