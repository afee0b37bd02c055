//! Figures for a council or an audit.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Query;
use super::csv::line;
use crate::api_error::{ApiError, ApiResult};
use crate::domain::statistics::{Statistics, count};
use crate::event::Event;
use crate::model::SessionUser;
use crate::service::app::{App, Shared};
use crate::service::statistics::records;
use crate::time;

/// The longest period in days: fifty years.
const DAYS_MAX: i64 = 50 * 366;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodQuery {
    /// The first and the last day; by default the year to date.
    from: Option<String>,
    to: Option<String>,
}

/// Figures of a period.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PeriodStatistics {
    from: String,
    to: String,
    #[serde(flatten)]
    statistics: Statistics,
}

impl PeriodStatistics {
    /// The first and the last day.
    pub(super) fn period(&self) -> (&str, &str) {
        (&self.from, &self.to)
    }

    pub(super) const fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

pub(super) async fn find(app: &Shared, query: PeriodQuery) -> ApiResult<PeriodStatistics> {
    let today = app.today();
    let read = |field: &'static str, given: Option<String>| match given {
        None => Ok(None),
        Some(text) => time::read_day(&text)
            .map(Some)
            .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31.")),
    };
    let to = read("to", query.to)?.unwrap_or(today);
    let first = ::time::Date::from_ordinal_date(to.year(), 1).unwrap_or(to);
    let from = read("from", query.from)?.unwrap_or(first);
    if from > to || (to - from).whole_days() > DAYS_MAX {
        let message = "Enter a first day on or before the last day, at most 50 years apart.";
        return Err(ApiError::field("from", message));
    }
    Ok(PeriodStatistics {
        from: time::day_text(from),
        to: time::day_text(to),
        statistics: count(&records(app).await?, (from, to), today),
    })
}

/// `GET /statistics`.
pub(crate) async fn show(
    State(app): State<App>,
    Query(query): Query<PeriodQuery>,
) -> ApiResult<axum::Json<PeriodStatistics>> {
    Ok(axum::Json(find(&app, query).await?))
}

/// `GET /statistics/csv`. The export is an event.
pub(crate) async fn csv(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<PeriodQuery>,
) -> ApiResult<Response> {
    let found = find(&app, query).await?;
    let event = Event::new(Act::Export, "statistics")
        .label("from", &found.from)
        .label("to", &found.to);
    app.log_event(&who.name, event).await?;
    let name = format!(
        "attachment; filename=\"statistics-{}-to-{}.csv\"",
        found.from, found.to
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text(&found)).into_response())
}

/// One table of months, then one for each list.
fn text(found: &PeriodStatistics) -> String {
    // The mark tells spreadsheet programs that it is UTF-8.
    let mut text = String::from("\u{feff}");
    let figures = &found.statistics;
    text += &line(&[
        "Month",
        "Requests received",
        "Answered",
        "On time",
        "Late",
        "Open",
        "Median days",
        "Recordings",
        "Hours received",
        "Releases",
        "Hours released",
        "Minutes muted",
    ]);
    let hours = |seconds: f64| format!("{:.2}", seconds / 3600.0);
    for month in figures.months.iter().chain([&figures.total]) {
        let name = if month.month.is_empty() {
            "Total"
        } else {
            &month.month
        };
        let median = month
            .median_days
            .map_or_else(String::new, |days| days.to_string());
        text += &line(&[
            name,
            &month.received.to_string(),
            &month.answered.to_string(),
            &month.on_time.to_string(),
            &month.late.to_string(),
            &month.open.to_string(),
            &median,
            &month.recordings.to_string(),
            &hours(month.seconds_in),
            &month.releases.to_string(),
            &hours(month.seconds_out),
            &format!("{:.1}", month.muted_seconds / 60.0),
        ]);
    }
    text += &line(&[]);
    text += &line(&["Disposition", "Requests"]);
    for row in &figures.dispositions {
        let word = row.disposition.map_or("not closed", |found| found.word());
        text += &line(&[word, &row.count.to_string()]);
    }
    text += &line(&[]);
    text += &line(&["Withheld", "Statute", "Items"]);
    for item in &figures.items {
        text += &line(&[&item.class, &item.statute, &item.count.to_string()]);
    }
    text += &line(&[]);
    text += &line(&["Person", "Open", "Overdue", "Answered", "Minutes"]);
    for person in &figures.people {
        let name = if person.name.is_empty() {
            "Unassigned"
        } else {
            &person.name
        };
        text += &line(&[
            name,
            &person.open.to_string(),
            &person.overdue.to_string(),
            &person.answered.to_string(),
            &person.minutes.to_string(),
        ]);
    }
    text
}
