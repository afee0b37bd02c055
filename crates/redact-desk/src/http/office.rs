//! The agency's settings, as pages need them.

use axum::extract::State;
use serde::Serialize;

use crate::service::app::App;
use crate::time;

/// The agency's settings.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Office {
    /// The name of its time zone in the IANA database.
    time_zone: String,
    /// The day in that zone.
    today: String,
    /// The key of the law that new requests start with.
    law: Option<String>,
    /// Whether there is a watch folder.
    watch_folder: bool,
}

/// `GET /office`.
pub(crate) async fn show(State(app): State<App>) -> axum::Json<Office> {
    axum::Json(Office {
        time_zone: app.zone.name.clone(),
        today: time::day_text(app.today()),
        law: app.options.law.clone(),
        watch_folder: app.options.watch.is_some(),
    })
}
