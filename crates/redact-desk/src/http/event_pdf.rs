//! Entries of the event log as a signed PDF.

use axum::extract::State;
use redact_record::events::{self, Act};
use redact_record::papers::{EventLogPaper, EventLogRow, event_log_pdf};

use super::body::Query;
use super::events::{EventEntry, EventsQuery, find};
use super::reports::SignedExport;
use crate::api_error::{ApiError, ApiResult};
use crate::domain::exports::Export;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::papers;
use crate::time;

/// The most entries of a document: some two thousand pages.
const ENTRIES_PDF_MAX: usize = 20_000;

/// `POST /events/pdf`: makes a document of all entries that the query wants, and signs it. The
/// export is itself an entry.
pub(crate) async fn make(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<EventsQuery>,
) -> ApiResult<axum::Json<SignedExport>> {
    let filters = query.filters();
    let about = query.about().map(str::to_owned);
    let entries = find(&app, &who, query, ENTRIES_PDF_MAX + 1).await?;
    if entries.len() > ENTRIES_PDF_MAX {
        let message = format!("More than {ENTRIES_PDF_MAX} entries match.");
        return Err(ApiError::refused("too_many", message)
            .hint("Choose fewer days, a person or a kind of entry, or export a spreadsheet."));
    }
    let log = app.options.event_log.log.path().to_owned();
    let checked = tokio::task::spawn_blocking(move || events::verify(&log)).await??;
    let mut facts: Vec<String> = papers::agency(&app).await?.into_iter().collect();
    facts.push(match (filters.is_empty(), about.is_some()) {
        (true, false) => "All entries, without a filter.".to_owned(),
        (true, true) => String::new(),
        (false, _) => format!("Filters: {}.", filters.join("; ")),
    });
    facts.retain(|fact| !fact.is_empty());
    if let Some(id) = about {
        let name = entries.iter().find_map(|entry| entry.name_of(&id));
        facts.push(format!("Only entries about: {}.", name.unwrap_or(id)));
    }
    facts.push(format!("Entries in this list: {}.", entries.len()));
    facts.push(match checked.problems.first() {
        None => format!(
            "The chain of the whole log was checked: {} entries, none changed, removed or \
             inserted.",
            checked.entries
        ),
        Some(problem) => format!("THE LOG IS DAMAGED: {problem}"),
    });
    let now = app.now();
    facts.push(format!(
        "Made by {} on {}, local time in {} {}. Times are in UTC, with local time below.",
        who.name,
        time::plain(&time::text(now)),
        app.zone().name,
        app.zone().local_text(now)
    ));
    let event = Event::new(Act::Export, "event-log-pdf").count("entries", entries.len());
    app.log_event(&who.name, event).await?;
    let count = entries.len();
    let export = export(&app, &who, facts, entries).await?;
    let made = SignedExport::of(&export, count);
    app.exports.add(export);
    Ok(axum::Json(made))
}

async fn export(
    app: &App,
    who: &SessionUser,
    facts: Vec<String>,
    entries: Vec<EventEntry>,
) -> ApiResult<Export> {
    let (sign, program) = (
        app.options.sign_export.clone(),
        app.options.event_log.program.clone(),
    );
    let (zone, made_at) = (app.zone(), app.now_nanos());
    let made = tokio::task::spawn_blocking(move || {
        let row = |entry: &EventEntry| EventLogRow {
            number: entry.seq().to_string(),
            time: time::plain(entry.at()),
            local_time: entry
                .millis()
                .map_or_else(String::new, |at| zone.local_text(at)),
            person: entry.who().to_owned(),
            what: entry.what_and_outcome(),
            details: entry.lines(),
            written_by: entry.written_by(),
        };
        let rows: Vec<EventLogRow> = entries.iter().map(row).collect();
        let pdf = event_log_pdf(&EventLogPaper {
            facts: &facts,
            rows: &rows,
            program: &program,
            made_at,
        })?;
        let signature = sign(&pdf, made_at).map_err(|error| ApiError::internal(&error))?;
        Ok::<_, ApiError>((pdf, signature))
    });
    let (pdf, signature) = made.await??;
    Ok(Export {
        id: Id::random(),
        owner: who.id.clone(),
        name: format!("event-log-{}.pdf", time::day_text(app.today())),
        pdf,
        signature,
    })
}
