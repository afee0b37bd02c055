//! Time spent on a request, and its fee.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::ApiResult;
use crate::db::fees::{self as rows, EstimateRow, TimeRow};
use crate::db::requests;
use crate::domain::statutes::{Fee, FeeRules, Money};
use crate::id::Id;
use crate::model::{SessionUser, Work};
use crate::service::app::App;
use crate::service::fees::{self, EnteredTime, Minutes};
use crate::time;

/// An entry of time.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TimeEntry {
    id: Id,
    name: String,
    day: String,
    work: Work,
    minutes: u32,
    note: String,
}

fn entry(row: TimeRow) -> TimeEntry {
    TimeEntry {
        id: row.id,
        name: row.name,
        day: row.day,
        work: row.work,
        minutes: row.minutes,
        note: row.note,
    }
}

/// Minutes that the saves of a person show.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MeasuredTime {
    name: String,
    minutes: u32,
}

/// An estimate that was given to the requester.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FeeEstimate {
    at: String,
    by: String,
    rate: Money,
    search_minutes: u32,
    review_minutes: u32,
    redaction_minutes: u32,
    total: Money,
}

fn present(row: &EstimateRow) -> FeeEstimate {
    FeeEstimate {
        at: time::text(row.at),
        by: row.by.clone(),
        rate: cents(row.rate_cents),
        search_minutes: row.search_minutes,
        review_minutes: row.review_minutes,
        redaction_minutes: row.redaction_minutes,
        total: cents(row.total_cents),
    }
}

fn cents(stored: i64) -> Money {
    Money(u64::try_from(stored).unwrap_or(0))
}

/// Time and fee of a request.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestFees {
    /// What the law lets an agency charge; `null`: no rules are known.
    rules: Option<FeeRules>,
    recordings: u32,
    video_seconds: u64,
    /// Minutes that the decisions are expected to take; `null` until all recordings are scanned.
    expected_minutes: Option<u32>,
    /// Oldest first.
    entries: Vec<TimeEntry>,
    measured: Vec<MeasuredTime>,
    /// Newest first.
    estimates: Vec<FeeEstimate>,
    /// The hourly rate of the office's newest estimate.
    rate: Option<Money>,
    /// The fee for the time that was entered, at the rate of the newest estimate of this request.
    bill: Option<Fee>,
    /// By how many percent the bill differs from the newest estimate.
    difference_percent: Option<i64>,
    /// The percent that a difference may have, or reach, before it needs an explanation.
    difference_max: u16,
    /// Whether the bill is farther above the estimate than it may be.
    difference_beyond: bool,
}

/// `GET /requests/:id/fees`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestFees>> {
    let row = requests::by_id(&app.db, &id).await?;
    let extent = fees::extent(&app, &who, &id).await?;
    let time = rows::time_of(&app.db, &id).await?;
    let estimates = rows::estimates_of(&app.db, &id).await?;
    let rules = fees::rules(&app, &row);
    let last = estimates.last();
    let bill = rules.zip(last).map(|(rules, last)| {
        let spent = (Minutes::of(&time), cents(last.rate_cents));
        fees::fee(rules, &row, extent, spent)
    });
    let difference = bill.zip(last);
    let difference_percent = difference
        .and_then(|(bill, last)| fees::difference_percent(bill.total, cents(last.total_cents)));
    let tolerance = fees::tolerance(rules);
    let measured = fees::measured(&app, &who, &id).await?.into_iter();
    Ok(axum::Json(RequestFees {
        difference_max: tolerance.percent,
        difference_beyond: difference.is_some_and(|(bill, last)| {
            let estimate = cents(last.total_cents);
            bill.total > estimate && tolerance.is_exceeded(bill.total, estimate)
        }),
        rules: rules.cloned(),
        recordings: extent.recordings,
        video_seconds: extent.video_seconds,
        expected_minutes: extent.expected_minutes,
        entries: time.into_iter().map(entry).collect(),
        measured: measured
            .map(|(name, minutes)| MeasuredTime { name, minutes })
            .collect(),
        estimates: estimates.iter().rev().map(present).collect(),
        rate: rows::last_rate(&app.db).await?.map(cents),
        bill,
        difference_percent,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeBody {
    day: String,
    work: Work,
    minutes: u32,
    #[serde(default)]
    note: String,
}

impl TimeBody {
    fn entered(&self) -> EnteredTime<'_> {
        EnteredTime {
            day: &self.day,
            work: self.work,
            minutes: self.minutes,
            note: &self.note,
        }
    }
}

/// `POST /requests/:id/time`.
pub(crate) async fn add_time(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<TimeBody>,
) -> ApiResult<StatusCode> {
    fees::add_time(&app, &who, &id, given.entered()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /requests/:id/time/:entry`.
pub(crate) async fn change_time(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
    Body(given): Body<TimeBody>,
) -> ApiResult<StatusCode> {
    fees::change_time(&app, &who, (&id, &entry), given.entered()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /requests/:id/time/:entry`.
pub(crate) async fn remove_time(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
) -> ApiResult<StatusCode> {
    fees::remove_time(&app, &who, (&id, &entry)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateBody {
    rate: String,
    #[serde(default)]
    search_minutes: u32,
    #[serde(default)]
    review_minutes: u32,
    #[serde(default)]
    redaction_minutes: u32,
}

/// `POST /requests/:id/estimates`.
pub(crate) async fn estimate(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<EstimateBody>,
) -> ApiResult<StatusCode> {
    let minutes = Minutes {
        search: given.search_minutes,
        review: given.review_minutes,
        redaction: given.redaction_minutes,
    };
    fees::estimate(&app, &who, &id, (minutes, &given.rate)).await?;
    Ok(StatusCode::NO_CONTENT)
}
