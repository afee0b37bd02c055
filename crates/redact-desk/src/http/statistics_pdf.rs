//! Statistics as a PDF for a council or an audit, with the figures of the page and the spreadsheet.

use axum::extract::State;
use axum::response::Response;
use redact_record::events::Act;
use redact_record::papers::{ChartBar, ReportChart, ReportColumn, ReportSection};

use super::body::Query;
use super::letters::pdf_response;
use super::reports::Report;
use super::statistics::{PeriodQuery, find};
use crate::api_error::ApiResult;
use crate::domain::statistics::{ItemCount, PeriodFigures, Statistics};
use crate::event::Event;
use crate::model::{Disposition, SessionUser};
use crate::service::app::App;

/// `GET /statistics/pdf`. The export is an event.
pub(crate) async fn pdf(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<PeriodQuery>,
) -> ApiResult<Response> {
    let found = find(&app, query).await?;
    let (from, to) = found.period();
    let event = Event::new(Act::Export, "statistics-pdf")
        .label("from", from)
        .label("to", to);
    app.log_event(&who.name, event).await?;
    let mut report = Report::new(&app, "Statistics").await?;
    report.facts.push(format!("From {from} to {to}."));
    report.made_by(&app, &who);
    let figures = found.statistics();
    report.sections = vec![
        by_month(figures),
        decisions(figures),
        withheld(figures),
        people(figures),
    ];
    let name = format!("statistics-{from}-to-{to}.pdf");
    Ok(pdf_response(&name, report.pdf(&app).await?))
}

fn by_month(figures: &Statistics) -> ReportSection {
    let titles = [
        "Received",
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
    ];
    // A title is on one line.
    let share = |title: &str| f32::from(u16::try_from(title.len()).unwrap_or(0)) + 3.0;
    let mut columns = vec![ReportColumn::text("Month", 10.0)];
    columns.extend(
        titles
            .iter()
            .map(|title| ReportColumn::number(title, share(title))),
    );
    let bar = |month: &PeriodFigures| ChartBar {
        label: month.month.clone(),
        counts: [
            month.on_time,
            month.late,
            month.received.saturating_sub(month.on_time + month.late),
        ],
    };
    ReportSection {
        title: "Requests by month".to_owned(),
        chart: Some(ReportChart {
            description: "Requests received by month; the table has the figures".to_owned(),
            parts: ["Answered on time", "Late", "Open, not due yet"].map(str::to_owned),
            bars: figures.months.iter().map(bar).collect(),
        }),
        columns,
        rows: figures
            .months
            .iter()
            .chain([&figures.total])
            .map(month)
            .collect(),
        has_total: true,
        note: "A request counts in the month in which it was received, a recording in the one in \
               which it was added, a release in the one in which it was made. Late: answered after \
               the due date, or open beyond it. Days are those of the agency."
            .to_owned(),
        ..ReportSection::default()
    }
}

fn month(of: &PeriodFigures) -> Vec<String> {
    let hours = |seconds: f64| format!("{:.2}", seconds / 3600.0);
    let name = if of.month.is_empty() {
        "Total"
    } else {
        &of.month
    };
    vec![
        name.to_owned(),
        of.received.to_string(),
        of.answered.to_string(),
        of.on_time.to_string(),
        of.late.to_string(),
        of.open.to_string(),
        of.median_days
            .map_or_else(String::new, |days| days.to_string()),
        of.recordings.to_string(),
        hours(of.seconds_in),
        of.releases.to_string(),
        hours(of.seconds_out),
        format!("{:.1}", of.muted_seconds / 60.0),
    ]
}

fn decisions(figures: &Statistics) -> ReportSection {
    let title = |disposition: Option<Disposition>| match disposition {
        Some(Disposition::Granted) => "Granted",
        Some(Disposition::PartlyDenied) => "Denied in part",
        Some(Disposition::Denied) => "Denied",
        Some(Disposition::Withdrawn) => "Withdrawn",
        Some(Disposition::NoRecords) => "No responsive records",
        None => "Handed over, not closed",
    };
    let rows = figures.dispositions.iter();
    ReportSection {
        title: "How requests were decided".to_owned(),
        columns: vec![
            ReportColumn::text("Decision", 4.0),
            ReportColumn::number("Requests", 1.0),
        ],
        rows: rows
            .map(|row| vec![title(row.disposition).to_owned(), row.count.to_string()])
            .collect(),
        empty: "No request was decided.".to_owned(),
        ..ReportSection::default()
    }
}

fn withheld(figures: &Statistics) -> ReportSection {
    let what = |item: &ItemCount| match item.class.as_str() {
        "drawn" => "Drawn region".to_owned(),
        "speech" => "Speech".to_owned(),
        class => {
            let mut words = class.replace(['-', '_'], " ");
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    };
    let row = |item: &ItemCount| vec![what(item), item.statute.clone(), item.count.to_string()];
    ReportSection {
        title: "What was withheld".to_owned(),
        columns: vec![
            ReportColumn::text("What", 1.5),
            ReportColumn::text("Statute", 4.0),
            ReportColumn::number("Items", 1.0),
        ],
        rows: figures.items.iter().map(row).collect(),
        empty: "Nothing was withheld.".to_owned(),
        ..ReportSection::default()
    }
}

fn people(figures: &Statistics) -> ReportSection {
    let rows = figures.people.iter().map(|person| {
        let name = match person.name.as_str() {
            "" => "Unassigned",
            name => name,
        };
        vec![
            name.to_owned(),
            person.open.to_string(),
            person.overdue.to_string(),
            person.answered.to_string(),
            person.minutes.to_string(),
        ]
    });
    ReportSection {
        title: "Work by person".to_owned(),
        columns: vec![
            ReportColumn::text("Assigned to", 3.0),
            ReportColumn::number("Open", 1.0),
            ReportColumn::number("Overdue", 1.0),
            ReportColumn::number("Answered", 1.0),
            ReportColumn::number("Minutes entered", 1.2),
        ],
        rows: rows.collect(),
        empty: "Nobody had a request in this period.".to_owned(),
        ..ReportSection::default()
    }
}
