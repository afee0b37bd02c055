//! The access report as a signed PDF.

use axum::extract::State;
use redact_record::events::Act;
use redact_record::papers::{ReportColumn, ReportSection};

use super::access::{AccessQuery, FoundAccess, shown_text};
use super::body::Query;
use super::reports::{Report, SignedExport};
use crate::api_error::{ApiError, ApiResult};
use crate::event::Event;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::time;

/// The most entries of a document.
const ENTRIES_PDF_MAX: usize = 20_000;

/// `POST /access/pdf`: the report as a signed document. The export is an event.
pub(crate) async fn pdf(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<AccessQuery>,
) -> ApiResult<axum::Json<SignedExport>> {
    let found = FoundAccess::load(&app, &who, query).await?;
    let count = found.all.len();
    if count > ENTRIES_PDF_MAX {
        let message = format!("More than {ENTRIES_PDF_MAX} entries match.");
        return Err(ApiError::refused("too_many", message)
            .hint("Choose fewer days, a person or a recording, or export a spreadsheet."));
    }
    let event = Event::new(Act::Export, "access-report-pdf").count("entries", count);
    app.log_event(&who.name, event).await?;
    let mut report = Report::new(&app, "Access report").await?;
    report.facts.push(match found.filters.is_empty() {
        true => "All access to recordings, without a filter.".to_owned(),
        false => format!("Filters: {}.", found.filters.join("; ")),
    });
    report.facts.push(format!(
        "Accesses in this report: {count}. A view is one session of a person with a recording. \
         Practice recordings are left out."
    ));
    report.made_by(&app, &who);
    report.sections = vec![
        by_person(&found),
        by_recording(&found),
        one_by_one(&app, &found),
    ];
    Ok(axum::Json(
        report.signed(&app, &who, ("access", count)).await?,
    ))
}

fn figure_columns() -> Vec<ReportColumn> {
    let titles = [
        "Views",
        "Playbacks",
        "Frames",
        "Downloads",
        "Exports",
        "Copies",
    ];
    titles
        .iter()
        .map(|title| ReportColumn::number(title, 0.8))
        .collect()
}

fn by_person(found: &FoundAccess) -> ReportSection {
    let mut columns = vec![
        ReportColumn::text("Person", 2.4),
        ReportColumn::number("Recordings", 0.9),
    ];
    columns.extend(figure_columns());
    let rows = found.people().into_iter().map(|person| {
        let mut row = vec![person.name, person.recordings.to_string()];
        row.extend(person.figures.cells());
        row
    });
    ReportSection {
        title: "By person".to_owned(),
        columns,
        rows: rows.collect(),
        empty: "Nobody.".to_owned(),
        ..ReportSection::default()
    }
}

fn by_recording(found: &FoundAccess) -> ReportSection {
    let mut columns = vec![
        ReportColumn::text("Recording", 2.6),
        ReportColumn::text("People", 2.2),
    ];
    columns.extend(figure_columns());
    let rows = found.recordings().into_iter().map(|one| {
        let mut row = vec![one.recording.text(), one.people.join(", ")];
        row.extend(one.figures.cells());
        row
    });
    ReportSection {
        title: "By recording".to_owned(),
        columns,
        rows: rows.collect(),
        empty: "None.".to_owned(),
        ..ReportSection::default()
    }
}

fn one_by_one(app: &App, found: &FoundAccess) -> ReportSection {
    let rows = found.all.iter().rev().map(|access| {
        let frames = match access.frames {
            0 => String::new(),
            frames => format!("; {frames} frames"),
        };
        let open = if access.is_open { "; session open" } else { "" };
        vec![
            time::plain(&time::text(access.at)),
            app.zone().local_text(access.at),
            access.who.clone(),
            access.kind.title().to_owned(),
            found.recordings_text(access),
            format!("{}{frames}{open}", shown_text(access)),
        ]
    });
    ReportSection {
        title: "Access, newest first".to_owned(),
        columns: vec![
            ReportColumn::text("Time", 1.5),
            ReportColumn::text("Local time", 1.2),
            ReportColumn::text("Person", 1.4),
            ReportColumn::text("Access", 0.9),
            ReportColumn::text("Recordings", 2.2),
            ReportColumn::text("What", 2.0),
        ],
        rows: rows.collect(),
        empty: "No access matches.".to_owned(),
        ..ReportSection::default()
    }
}
