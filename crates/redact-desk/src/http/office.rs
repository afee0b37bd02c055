//! The agency's settings, as pages need them.

use axum::extract::State;
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::service::app::App;
use crate::service::settings::{Setting, effective};
use crate::time;

/// The agency's settings.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Office {
    /// The agency, as papers name it.
    name: Option<String>,
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
pub(crate) async fn show(State(app): State<App>) -> ApiResult<axum::Json<Office>> {
    let law = effective(&app, Setting::Law).await?;
    Ok(axum::Json(Office {
        name: effective(&app, Setting::Name).await?,
        time_zone: app.zone().name.clone(),
        today: time::day_text(app.today()),
        // A law whose file was removed is not offered.
        law: law.filter(|key| app.statutes.get(key).is_some()),
        watch_folder: app.options.watch.is_some(),
    }))
}
