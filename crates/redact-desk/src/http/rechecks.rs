//! Rechecks of all past releases under the rules of this version: which no longer pass, why, and
//! who received a copy.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::copies;
use crate::db::jobs::{self, newest_by_release};
use crate::db::pool;
use crate::db::rechecks::{self, RecheckRow};
use crate::db::releases::{self as rows, ReleaseRow};
use crate::domain::release_files::neutral_stem;
use crate::domain::verdict::{self, CheckStatus};
use crate::event::Event;
use crate::id::Id;
use crate::model::{JobKind, Medium, ReleaseState, Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::change::Change;
use crate::service::{releases, sealed};
use crate::time;

/// A copy that was handed over.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct CopyOut {
    at: String,
    by: String,
    to: String,
    medium: Medium,
}

/// A failed check of a release.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Fault {
    name: String,
    evidence: String,
}

/// A rechecked release.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RecheckedRelease {
    id: Id,
    /// The name of its files for recipients.
    name: String,
    title: String,
    policy_name: String,
    /// `None` for administrators, who see no requests.
    request_number: Option<String>,
    state: ReleaseState,
    /// `None` while it is being verified.
    holds: Option<bool>,
    why: Vec<Fault>,
    made_at: Option<String>,
    checked_at: Option<String>,
    copies: Vec<CopyOut>,
}

/// All releases, and the progress of the latest recheck.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Recheck {
    began_at: Option<String>,
    by: Option<String>,
    /// Releases left to verify, of `total`.
    waiting: usize,
    total: i64,
    releases: Vec<RecheckedRelease>,
}

async fn copies_by_release(app: &Shared) -> ApiResult<HashMap<Id, Vec<CopyOut>>> {
    let mut by_release: HashMap<Id, Vec<CopyOut>> = HashMap::new();
    for row in copies::all(&app.db).await? {
        by_release.entry(row.release).or_default().push(CopyOut {
            at: time::text(row.at),
            by: row.by,
            to: row.recipient,
            medium: row.medium,
        });
    }
    Ok(by_release)
}

/// The failed checks, or why verification could not run.
fn faults(row: &ReleaseRow, error: Option<String>) -> Vec<Fault> {
    if row.state == ReleaseState::Failed {
        return vec![Fault {
            name: "verification".to_owned(),
            evidence: error.unwrap_or_default(),
        }];
    }
    let verdict = verdict::parse(row.verdict.as_deref()).unwrap_or_default();
    let wrong = verdict.checks.into_iter();
    wrong
        .filter(|check| check.status == CheckStatus::Wrong)
        .map(|check| Fault {
            name: check.name,
            evidence: check.evidence,
        })
        .collect()
}

fn present_release(
    row: ReleaseRow,
    who: &SessionUser,
    error: Option<String>,
    copies: Vec<CopyOut>,
) -> RecheckedRelease {
    let holds = match row.state {
        ReleaseState::Ready => Some(true),
        ReleaseState::Wrong | ReleaseState::Failed => Some(false),
        ReleaseState::Rendering | ReleaseState::Verifying => None,
    };
    let why = if holds == Some(false) {
        faults(&row, error)
    } else {
        Vec::new()
    };
    let number = row.request_number;
    RecheckedRelease {
        name: neutral_stem(&row.id),
        request_number: (who.role != Role::Administrator).then_some(number),
        made_at: row.made_at.map(time::text),
        checked_at: row.checked_at.map(time::text),
        id: row.id,
        title: row.title,
        policy_name: row.policy_name,
        state: row.state,
        holds,
        why,
        copies,
    }
}

/// `GET /rechecks`: failed releases first.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Recheck>> {
    let newest = rechecks::newest(&app.db).await?;
    let mut copies = copies_by_release(&app).await?;
    let mut jobs = newest_by_release(&app.db, None).await?;
    let closed = sealed::closed_to(&app, &who).await?;
    let made = rows::made(&app.db).await?.into_iter();
    let made = made.filter(|row| !closed.has(&row.id));
    let mut releases: Vec<RecheckedRelease> = made
        .map(|row| {
            let copies = copies.remove(&row.id).unwrap_or_default();
            let error = jobs.remove(&row.id).and_then(|job| job.error);
            present_release(row, &who, error, copies)
        })
        .collect();
    releases.sort_by_key(|release| match release.holds {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    let waiting = releases.iter().filter(|r| r.holds.is_none()).count();
    Ok(axum::Json(Recheck {
        began_at: newest.as_ref().map(|newest| time::text(newest.at)),
        total: newest.as_ref().map_or(0, |newest| newest.releases),
        by: newest.map(|newest| newest.by),
        waiting,
        releases,
    }))
}

/// `POST /rechecks`: queues a verification of every finished release.
pub(crate) async fn begin(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<(StatusCode, axum::Json<Recheck>)> {
    let mut change = pool::begin(&app.db).await?;
    let mut queued = Vec::new();
    for row in rows::made(&app.db).await? {
        // A release in progress gets its verdict anyway.
        if matches!(row.state, ReleaseState::Rendering | ReleaseState::Verifying) {
            continue;
        }
        rows::set_state(&mut *change, &row.id, ReleaseState::Verifying).await?;
        let job = releases::job(JobKind::Verify, &row, &who.name);
        jobs::insert(&mut change, job, app.now()).await?;
        queued.push(row.id);
    }
    let row = RecheckRow {
        at: app.now(),
        by: who.name.clone(),
        releases: i64::try_from(queued.len()).unwrap_or(i64::MAX),
    };
    rechecks::insert(&mut change, &row).await?;
    let event = Event::new(Act::Verify, "recheck").count("releases", queued.len());
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.runner.wake(JobKind::Verify);
    for id in queued {
        app.notify(Change::Release(id));
    }
    let shown = show(State(app), who).await?;
    Ok((StatusCode::ACCEPTED, shown))
}
