//! Requests from a spreadsheet of an evidence system: what it would enter, and entering it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::LargeBody;
use crate::api_error::{ApiError, ApiResult, Status};
use crate::db::expected;
use crate::db::pool;
use crate::domain::intake_csv::{COLUMNS, ImportField, Sheet};
use crate::event::Event;
use crate::id::Id;
use crate::model::{RequesterKind, SessionUser};
use crate::service::app::App;
use crate::service::change::Change;
use crate::service::imports::{self, Import, ImportDefaults, ImportLine};

/// The largest spreadsheet in bytes.
const BYTES_MAX: usize = 8 << 20;

/// Lines that a preview shows; what is wrong is shown in any case.
const SHOWN_LINES: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    /// The text of the file.
    text: String,
    /// What each column is; absent: guessed by its heading.
    mapping: Option<Vec<String>>,
    requester_kind: RequesterKind,
    /// What the file's own words for types of requesters mean.
    #[serde(default)]
    requester_kinds: HashMap<String, RequesterKind>,
    jurisdiction: String,
    received_on: String,
    assignee: Option<Id>,
}

/// What a spreadsheet would enter.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ImportPreview {
    headers: Vec<String>,
    /// What each column is; empty: left out.
    mapping: Vec<String>,
    /// The headings of columns that are left out although they have values.
    left_out: Vec<String>,
    /// The file's words for types of requesters that are not known: a person says what they mean.
    unknown_kinds: Vec<String>,
    /// What a column can be.
    fields: Vec<ImportField>,
    /// What is wrong with the mapping; nothing else is checked then.
    problem: Option<String>,
    /// The first lines and those that are wrong.
    lines: Vec<ImportLine>,
    lines_count: usize,
    /// Requests and recordings that would be entered.
    requests: usize,
    recordings: usize,
    /// Lines that are wrong: then nothing can be entered.
    wrong: usize,
}

fn read(given: &ImportBody) -> ApiResult<(Sheet, Vec<String>)> {
    if given.text.len() > BYTES_MAX {
        let message = "The file is larger than 8 MB. Divide it.";
        return Err(ApiError::new(Status::PayloadTooLarge, "too_large", message));
    }
    let sheet =
        Sheet::read(&given.text).map_err(|refused| ApiError::field("text", refused.to_string()))?;
    let mapping = given.mapping.clone().unwrap_or_else(|| sheet.guess());
    Ok((sheet, mapping))
}

fn defaults(given: &ImportBody) -> ImportDefaults {
    ImportDefaults {
        requester_kind: given.requester_kind,
        kinds: given.requester_kinds.clone(),
        jurisdiction: given.jurisdiction.clone(),
        received_on: given.received_on.clone(),
        assignee: given.assignee.clone(),
    }
}

/// The headings of columns that are left out although they have values.
fn left_out(sheet: &Sheet, mapping: &[String]) -> Vec<String> {
    let has_values = |at: usize| {
        let mut lines = sheet
            .lines
            .iter()
            .filter_map(|(_, cells)| cells.as_ref().ok());
        lines.any(|cells| cells.get(at).is_some_and(|cell| !cell.is_empty()))
    };
    let columns = sheet.headers.iter().zip(mapping).enumerate();
    let without = columns.filter(|(at, (_, name))| name.is_empty() && has_values(*at));
    without
        .map(|(at, (header, _))| match header.as_str() {
            "" => format!("Column {}", at + 1),
            header => header.to_owned(),
        })
        .collect()
}

fn present(
    (sheet, mapping): (Sheet, Vec<String>),
    import: Result<Import, String>,
) -> ImportPreview {
    let fields = COLUMNS
        .iter()
        .map(|(name, title, _)| ImportField { name, title });
    let mut preview = ImportPreview {
        left_out: left_out(&sheet, &mapping),
        unknown_kinds: imports::unknown_kinds(&sheet, &mapping),
        headers: sheet.headers,
        mapping,
        fields: fields.collect(),
        problem: None,
        lines: Vec::new(),
        lines_count: sheet.lines.len(),
        requests: 0,
        recordings: 0,
        wrong: 0,
    };
    match import {
        Err(problem) => preview.problem = Some(problem),
        Ok(import) => {
            preview.requests = import.requests();
            preview.recordings = import.recordings();
            preview.wrong = import.wrong();
            let numbered = import.lines.into_iter().enumerate();
            let shown = numbered.filter(|(at, line)| *at < SHOWN_LINES || !line.errors.is_empty());
            preview.lines = shown.map(|(_, line)| line).take(2 * SHOWN_LINES).collect();
        }
    }
    preview
}

/// `POST /imports/preview`: enters nothing.
pub(crate) async fn preview(
    State(app): State<App>,
    who: SessionUser,
    LargeBody(given): LargeBody<ImportBody>,
) -> ApiResult<axum::Json<ImportPreview>> {
    let (sheet, mapping) = read(&given)?;
    let checked = imports::check(&app, &who, (&sheet, &mapping), &defaults(&given)).await;
    let import = match checked {
        Ok(import) => Ok(import),
        Err(refused) if refused.is_about("mapping") => Err(refused.message().to_owned()),
        Err(other) => return Err(other),
    };
    Ok(axum::Json(present((sheet, mapping), import)))
}

/// `POST /imports`: enters everything, or nothing.
pub(crate) async fn commit(
    State(app): State<App>,
    who: SessionUser,
    LargeBody(given): LargeBody<ImportBody>,
) -> ApiResult<StatusCode> {
    let (sheet, mapping) = read(&given)?;
    let import = imports::check(&app, &who, (&sheet, &mapping), &defaults(&given)).await?;
    imports::commit(&app, &who, import).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /requests/:id/expected/:entry`.
pub(crate) async fn remove_expected(
    State(app): State<App>,
    who: SessionUser,
    Path((id, entry)): Path<(Id, Id)>,
) -> ApiResult<StatusCode> {
    let row = expected::by_id(&app.db, &entry).await?;
    if row.request != id {
        return Err(ApiError::not_found());
    }
    let mut change = pool::begin(&app.db).await?;
    expected::remove(&mut change, &entry).await?;
    let event = Event::new(Act::Request, "expected-removed").id("request", &id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    app.notify(Change::Request(id));
    Ok(StatusCode::NO_CONTENT)
}
