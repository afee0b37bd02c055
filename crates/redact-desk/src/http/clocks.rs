//! Statutory clocks as the page sees them.

use axum::extract::State;
use serde::Serialize;

use crate::domain::clocks::{CLOCKS, StatutoryClock, Unit};
use crate::service::app::App;

/// A clock as the page sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Clock"))]
pub(crate) struct ClockShown {
    #[serde(flatten)]
    clock: StatutoryClock,
    /// Where the holidays stand that are left out; `null` when only weekends are.
    holidays: Option<String>,
}

/// `GET /clocks`.
pub(crate) async fn list(State(app): State<App>) -> axum::Json<Vec<ClockShown>> {
    let shown = |clock: StatutoryClock| {
        let working = clock.unit == Unit::WorkingDays;
        let holidays = app.holidays.source(clock.key).filter(|_| working);
        ClockShown {
            holidays: holidays.map(str::to_owned),
            clock,
        }
    };
    axum::Json(CLOCKS.map(shown).into())
}
