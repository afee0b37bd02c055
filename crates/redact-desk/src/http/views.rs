//! Who viewed a recording, as the API returns it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::recordings;
use crate::db::views::{self as rows, ViewRow};
use crate::domain::spans::{Spans, Timeline};
use crate::id::Id;
use crate::service::app::App;
use crate::service::views;
use crate::time;

/// A view as the API returns it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "View"))]
pub(crate) struct ViewInfo {
    by: String,
    began_at: String,
    last_at: String,
    /// Frames, half-open.
    spans: Vec<(u32, u32)>,
    /// The same in seconds; empty while the recording is not ready.
    seconds: Vec<(f64, f64)>,
    frames: u32,
    seen: BTreeMap<String, u64>,
    /// Whether the session has not ended.
    open: bool,
}

/// `GET /recordings/:id/views`.
pub(crate) async fn list(
    State(app): State<App>,
    Path(recording): Path<Id>,
) -> ApiResult<axum::Json<Vec<ViewInfo>>> {
    recordings::known(&app.db, &recording).await?;
    views::store(&app).await?;
    let rows = rows::of_recording(&app.db, &recording).await?;
    let timeline = views::timeline(&app, &recording).await;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
    let second = |timeline: &Timeline, frame| timeline.start_millis(frame) as f64 / 1000.0;
    let present = |row: ViewRow| {
        let all: Spans = serde_json::from_str(&row.spans).unwrap_or_default();
        let spans = all.at_most(usize::MAX);
        let seconds = timeline.iter().flat_map(|timeline| {
            let times = |&(start, end)| (second(timeline, start), second(timeline, end));
            spans.iter().map(times)
        });
        ViewInfo {
            seconds: seconds.collect(),
            by: row.name,
            began_at: time::text(row.began_at),
            last_at: time::text(row.last_at),
            frames: all.frames(),
            seen: serde_json::from_str(&row.seen).unwrap_or_default(),
            open: !row.written,
            spans,
        }
    };
    Ok(axum::Json(rows.into_iter().map(present).collect()))
}
