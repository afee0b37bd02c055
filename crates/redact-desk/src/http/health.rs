//! Whether the desk works: a word for monitors, and the details for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::health as rows;
use crate::model::JobKind;
use crate::service::app::App;
use crate::service::health::{self, CERTIFICATE_DAYS, DataSize, DiskRoom, JobCounts, ModelFile};
use crate::time;

/// What a monitor is told.
#[derive(Serialize)]
pub(crate) struct HealthWord {
    ok: bool,
}

/// `GET /health`, without a session: whether the desk works, and nothing else. 503 if it does not.
pub(crate) async fn word(State(app): State<App>) -> (StatusCode, axum::Json<HealthWord>) {
    let ok = health::is_well(&app).await;
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, axum::Json(HealthWord { ok }))
}

/// A job that failed.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct FailedJob {
    kind: JobKind,
    at: Option<String>,
}

/// Keys that approvals are signed with.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct KeyStates {
    in_use: i64,
    retired: i64,
    /// Operators and approvers who have no key yet: they get one when they approve.
    without: i64,
}

/// The state of the desk.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Health {
    /// What monitors are told.
    ok: bool,
    program: String,
    schema_version: i64,
    /// The server's clock, in UTC, and the agency's time zone.
    now: String,
    time_zone: String,
    /// `null`: the system does not say.
    disk: Option<DiskRoom>,
    /// The largest first.
    sizes: Vec<DataSize>,
    jobs: JobCounts,
    /// Of the last seven days, the newest first.
    failed: Vec<FailedJob>,
    keys: KeyStates,
    models: Vec<ModelFile>,
    /// `null`: none was made.
    last_backup_at: Option<String>,
    /// When the certificate ends; `null` without TLS.
    certificate_ends_at: Option<String>,
    /// Whether that is soon.
    certificate_ends_soon: bool,
}

/// `GET /health/details`.
pub(crate) async fn show(State(app): State<App>) -> ApiResult<axum::Json<Health>> {
    let models = health::models(&app).await?;
    let week = app.now() - 7 * 24 * time::HOUR;
    let failed = rows::failed(&app.db, week).await?.into_iter();
    let keys = rows::keys(&app.db).await?;
    let ends = app.certificate_ends.get().copied();
    let soon = app.now() + CERTIFICATE_DAYS * 24 * time::HOUR;
    Ok(axum::Json(Health {
        ok: health::is_well(&app).await,
        program: app.options.event_log.program.clone(),
        schema_version: rows::schema_version(&app.db).await?,
        now: time::text(app.now()),
        time_zone: app.zone().name.clone(),
        disk: health::room(&app).await,
        sizes: health::sizes(&app).await?,
        jobs: health::jobs(&app).await?,
        failed: failed
            .map(|row| FailedJob {
                kind: row.kind,
                at: row.ended_at.map(time::text),
            })
            .collect(),
        keys: KeyStates {
            in_use: keys.in_use,
            retired: keys.retired,
            without: keys.without,
        },
        models,
        last_backup_at: rows::last_backup(&app.db).await?.map(time::text),
        certificate_ends_at: ends.map(time::text),
        certificate_ends_soon: ends.is_some_and(|ends| ends < soon),
    }))
}
