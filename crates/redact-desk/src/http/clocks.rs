//! Statutory clocks as the API returns them.

use axum::extract::State;
use serde::Serialize;

use crate::domain::clocks::{CLOCKS, StatutoryClock};
use crate::model::Unit;
use crate::service::app::App;

/// A clock as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Clock"))]
pub(crate) struct ClockInfo {
    #[serde(flatten)]
    clock: StatutoryClock,
    /// The source of the holidays that are excluded; `null` if only weekends are.
    holidays: Option<String>,
}

/// `GET /clocks`.
pub(crate) async fn list(State(app): State<App>) -> axum::Json<Vec<ClockInfo>> {
    let present = |clock: StatutoryClock| {
        let working = clock.unit == Unit::WorkingDays;
        let holidays = app.holidays.source(clock.key).filter(|_| working);
        ClockInfo {
            holidays: holidays.map(str::to_owned),
            clock,
        }
    };
    axum::Json(CLOCKS.map(present).into())
}
