//! Public-records laws, and the clock of a request.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::body::{Body, Query};
use crate::api_error::ApiResult;
use crate::db::clocks::ClockRows;
use crate::db::requests::{Facts, RequestRow};
use crate::domain::statutes::{
    Deadline, DeadlineKind, Due, Extension, FeeRules, Retention, Statute, Tolling,
};
use crate::id::Id;
use crate::model::{RequesterKind, SessionUser, Unit, WaitingFor};
use crate::service::app::{App, Shared};
use crate::service::clocks;
use crate::service::due::{self, DueBasis, DueRule};
use crate::service::requests;
use crate::time;

/// A law as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Statute"))]
pub(crate) struct StatuteInfo {
    key: String,
    title: String,
    note: String,
    deadlines: Vec<Deadline>,
    extensions: Vec<Extension>,
    tolling: Vec<Tolling>,
    fees: Option<FeeRules>,
    retention: Vec<Retention>,
    /// The source of the holidays that working days exclude; `null`: only weekends.
    holidays: Option<String>,
}

/// `GET /laws`.
pub(crate) async fn laws(State(app): State<App>) -> axum::Json<Vec<StatuteInfo>> {
    let present = |law: &Statute| StatuteInfo {
        key: law.key.clone(),
        title: law.title.clone(),
        note: law.note.clone(),
        deadlines: law.deadlines.clone(),
        extensions: law.extensions.clone(),
        tolling: law.tolling.clone(),
        fees: law.fees.clone(),
        retention: law.retention.clone(),
        holidays: app.holidays().source(&law.key).map(str::to_owned),
    };
    axum::Json(app.statutes.all().iter().map(present).collect())
}

/// What a form that is not saved yet counts from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DueQuery {
    jurisdiction: String,
    requester_kind: RequesterKind,
    received_on: String,
    days: Option<u16>,
    unit: Option<Unit>,
}

/// A counted due date.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Due"))]
pub(crate) struct DueInfo {
    /// `null` for a day of receipt that is not a date.
    due_on: Option<String>,
    /// `null` in the same case.
    basis: Option<DueBasis>,
}

/// `GET /due`.
pub(crate) async fn due(
    State(app): State<App>,
    Query(given): Query<DueQuery>,
) -> axum::Json<DueInfo> {
    let facts = Facts {
        number: String::new(),
        requester: String::new(),
        requester_kind: given.requester_kind,
        jurisdiction: given.jurisdiction,
        received_on: given.received_on,
        due_on: String::new(),
    };
    let rule = given.days.zip(given.unit).map(|(days, unit)| DueRule {
        days: days.min(requests::RULE_DAYS_MAX),
        unit,
        note: String::new(),
    });
    let counted = due::counted(&app, &facts, rule.as_ref(), &ClockRows::default());
    axum::Json(DueInfo {
        due_on: counted.map(|counted| time::day_text(counted.on)),
        basis: counted.map(|counted| counted.basis),
    })
}

/// A deadline of a request beside its due date.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Milestone {
    kind: DeadlineKind,
    /// `null`: the law sets no number of days.
    due_on: Option<String>,
    /// When it was done.
    done_on: Option<String>,
    days_left: Option<i64>,
    statute: String,
    text: String,
}

/// A time in which the agency waited for the requester.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PauseInfo {
    waiting_for: WaitingFor,
    since: String,
    /// `null` while the agency waits.
    until: Option<String>,
    note: String,
    by: String,
    /// Whether the law stops the clock for it.
    stops: bool,
}

/// What was added to the time for the answer.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AddedTime {
    days: u16,
    unit: Unit,
    reason: String,
    by: String,
}

/// The clock of a request.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ClockInfo {
    basis: Option<DueBasis>,
    milestones: Vec<Milestone>,
    /// Oldest first.
    pauses: Vec<PauseInfo>,
    /// Oldest first.
    extensions: Vec<AddedTime>,
}

/// The clock of a request as its page shows it.
pub(crate) fn present(app: &Shared, row: &RequestRow, rows: &ClockRows) -> ClockInfo {
    let rule = due::rule(row);
    let counted = due::counted(app, &row.facts, rule.as_ref(), rows);
    let law = app.statutes.get(row.facts.jurisdiction.trim());
    let kinds = [
        (DeadlineKind::Acknowledgement, &row.acknowledged_on),
        (DeadlineKind::Estimate, &row.estimated_on),
    ];
    let milestones = kinds.into_iter().filter_map(|(kind, done_on)| {
        let deadline = law?.deadline(kind, row.facts.requester_kind)?;
        let day = match due::deadline(app, &row.facts, rows, kind)? {
            Due::On(day) => Some(day),
            Due::NoNumber => None,
            Due::OlderThanLaw => return None,
        };
        Some(Milestone {
            kind,
            due_on: day.map(time::day_text),
            days_left: day.map(|day| (day - app.today()).whole_days()),
            done_on: done_on.clone(),
            statute: deadline.authority.statute.clone(),
            text: deadline.authority.text.clone(),
        })
    });
    ClockInfo {
        basis: counted.map(|counted| counted.basis),
        milestones: milestones.collect(),
        pauses: rows
            .pauses
            .iter()
            .map(|row| PauseInfo {
                stops: law.is_some_and(|law| law.is_stopped_by(row.waiting_for)),
                waiting_for: row.waiting_for,
                since: row.since.clone(),
                until: row.until.clone(),
                note: row.note.clone(),
                by: row.by.clone(),
            })
            .collect(),
        extensions: rows
            .extensions
            .iter()
            .map(|row| AddedTime {
                days: row.days,
                unit: row.unit,
                reason: row.reason.clone(),
                by: row.by.clone(),
            })
            .collect(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopBody {
    waiting_for: WaitingFor,
    since: String,
    #[serde(default)]
    note: String,
}

/// `POST /requests/:id/clock/stop`.
pub(crate) async fn stop(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<StopBody>,
) -> ApiResult<axum::http::StatusCode> {
    let entered = (given.waiting_for, given.since.as_str(), given.note.as_str());
    clocks::stop(&app, &who, &id, entered).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBody {
    on: String,
}

/// `POST /requests/:id/clock/start`.
pub(crate) async fn start(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<StartBody>,
) -> ApiResult<axum::http::StatusCode> {
    clocks::start(&app, &who, &id, &given.on).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendBody {
    days: u16,
    unit: Unit,
    reason: String,
}

/// `POST /requests/:id/clock/extend`.
pub(crate) async fn extend(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<ExtendBody>,
) -> ApiResult<axum::http::StatusCode> {
    let added = (given.days, given.unit, given.reason.as_str());
    clocks::extend(&app, &who, &id, added).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeBackBody {
    reason: String,
}

/// `POST /requests/:id/clock/take-back`.
pub(crate) async fn take_back(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<TakeBackBody>,
) -> ApiResult<axum::http::StatusCode> {
    clocks::take_back(&app, &who, &id, &given.reason).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordBody {
    kind: DeadlineKind,
    on: String,
}

/// `POST /requests/:id/clock/record`.
pub(crate) async fn record(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<RecordBody>,
) -> ApiResult<axum::http::StatusCode> {
    clocks::record(&app, &who, &id, (given.kind, &given.on)).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
