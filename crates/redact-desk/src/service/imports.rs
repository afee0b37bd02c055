//! Requests and expected recordings from a spreadsheet of an evidence system: checked line by line,
//! and entered all at once or not at all.

use std::collections::{BTreeMap, HashMap};

use redact_record::events::Act;
use serde::Serialize;

use super::app::Shared;
use super::change::Change;
use super::requests::{Entered, enter, validated};
use super::sealed;
use crate::api_error::{ApiError, ApiResult};
use crate::db::clocks::ClockRows;
use crate::db::expected::{self, ExpectedRow, ListedRow};
use crate::db::pool;
use crate::db::requests::{self, Facts, NumberRow, RequestValues};
use crate::db::sealings::Closed;
use crate::details::{Details as _, RecordingDetails, RequestDetails};
use crate::domain::intake_csv::{self, Sheet, check_mapping};
use crate::event::Event;
use crate::id::Id;
use crate::model::{RequesterKind, SessionUser};
use crate::time;

/// The most words for kinds of requesters that are listed: more are no kinds.
const KINDS_MAX: usize = 30;

/// What lines have that do not say it themselves.
pub(crate) struct ImportDefaults {
    pub(crate) requester_kind: RequesterKind,
    /// What the file's own words for kinds of requesters mean.
    pub(crate) kinds: HashMap<String, RequesterKind>,
    pub(crate) jurisdiction: String,
    pub(crate) received_on: String,
    pub(crate) assignee: Option<Id>,
}

/// A line of the spreadsheet, as it would be entered.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ImportLine {
    /// Of the file, from 1.
    pub(crate) line: u64,
    pub(crate) number: String,
    pub(crate) requester: String,
    /// The name or the evidence ID of the recording; empty: none.
    pub(crate) recording: String,
    /// Whether the request is there already and gets the recording.
    pub(crate) existing: bool,
    /// What is wrong.
    pub(crate) errors: Vec<String>,
}

/// What an import would enter.
pub(crate) struct Import {
    pub(crate) lines: Vec<ImportLine>,
    /// New requests by number.
    new: BTreeMap<String, RequestValues>,
    /// Recordings with the number of their request.
    recordings: Vec<(String, String, RecordingDetails)>,
    known: HashMap<String, NumberRow>,
    /// What requests have or expect already.
    listed: HashMap<Id, Vec<ListedRow>>,
    /// What orders of courts close to the user.
    closed: Closed,
}

impl Import {
    /// Whether a request has or expects a recording already: by its evidence ID, or else its name.
    fn is_listed(&self, request: &Id, (name, details): (&str, &RecordingDetails)) -> bool {
        let mut rows = self.listed.get(request).into_iter().flatten();
        rows.any(|row| {
            let known = RecordingDetails::read(&row.details);
            if !known.evidence_id.is_empty() && !details.evidence_id.is_empty() {
                return known.evidence_id == details.evidence_id;
            }
            if !row.name.is_empty() && !name.is_empty() {
                return row.has_name(name);
            }
            row.name == name && known == *details
        })
    }

    /// Requests that would be entered.
    pub(crate) fn requests(&self) -> usize {
        self.new.len()
    }

    /// Recordings that would be expected.
    pub(crate) fn recordings(&self) -> usize {
        self.recordings.len()
    }

    /// Lines that are wrong.
    pub(crate) fn wrong(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| !line.errors.is_empty())
            .count()
    }
}

/// The cells of a line by the names of their fields.
struct Cells<'a>(HashMap<&'a str, &'a str>);

impl<'a> Cells<'a> {
    fn of(mapping: &'a [String], cells: &'a [String]) -> Self {
        let pairs = mapping.iter().zip(cells);
        let pairs = pairs.filter(|(name, cell)| !name.is_empty() && !cell.is_empty());
        Self(
            pairs
                .map(|(name, cell)| (name.as_str(), cell.as_str()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> &'a str {
        self.0.get(name).copied().unwrap_or_default()
    }
}

/// Checks a spreadsheet and gathers what it would enter.
///
/// # Errors
/// 400 for a mapping that cannot be; database errors. What is wrong with lines is in the result.
pub(crate) async fn check(
    app: &Shared,
    who: &SessionUser,
    (sheet, mapping): (&Sheet, &[String]),
    defaults: &ImportDefaults,
) -> ApiResult<Import> {
    check_mapping(mapping, sheet.headers.len())
        .map_err(|message| ApiError::field("mapping", message))?;
    let known = requests::numbers(&app.db).await?.into_iter();
    let closed = sealed::closed_to(app, who).await?;
    let mut listed: HashMap<Id, Vec<ListedRow>> = HashMap::new();
    for row in expected::listed(&app.db).await? {
        // Nothing is said of what an order closes to the user.
        if row.recording.as_ref().is_none_or(|id| !closed.has(id)) {
            listed.entry(row.request.clone()).or_default().push(row);
        }
    }
    let mut import = Import {
        lines: Vec::new(),
        new: BTreeMap::new(),
        recordings: Vec::new(),
        known: known.map(|row| (row.number.clone(), row)).collect(),
        listed,
        closed,
    };
    for (line, cells) in &sheet.lines {
        let mut shown = ImportLine {
            line: *line,
            number: String::new(),
            requester: String::new(),
            recording: String::new(),
            existing: false,
            errors: Vec::new(),
        };
        match cells {
            Err(error) => shown.errors.push(error.clone()),
            Ok(cells) => {
                let cells = Cells::of(mapping, cells);
                if let Err(error) =
                    check_line(app, &mut import, (&cells, defaults), &mut shown).await
                {
                    shown.errors.push(error.message().to_owned());
                }
            }
        }
        import.lines.push(shown);
    }
    Ok(import)
}

/// Checks one line and adds what it enters.
async fn check_line(
    app: &Shared,
    import: &mut Import,
    (cells, defaults): (&Cells<'_>, &ImportDefaults),
    shown: &mut ImportLine,
) -> ApiResult<()> {
    shown.number = cells.get("number").to_owned();
    shown.requester = cells.get("requester").to_owned();
    if shown.number.is_empty() {
        return Err(ApiError::field("number", "The request number is missing."));
    }
    let recording = recording_of(cells)?;
    if let Some((name, details)) = &recording {
        shown.recording = [name, &details.evidence_id]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or_else(|| "without a name".to_owned(), Clone::clone);
        let listed = |(number, known, same): &(String, String, RecordingDetails)| {
            *number == shown.number && known == name && same.evidence_id == details.evidence_id
        };
        if import.recordings.iter().any(listed) {
            let message = "An earlier row lists the same recording for this request.";
            return Err(ApiError::field("recording", message));
        }
    }
    if let Some(known) = import.known.get(&shown.number) {
        shown.existing = true;
        let message = if known.practice {
            "This number belongs to a practice request."
        } else if import.closed.has(&known.id) {
            "A court order restricts access to the request with this number."
        } else if known.closed {
            "The request with this number is closed. Reopen it first."
        } else if recording.is_none() {
            "A request with this number exists already, and the row lists no recording."
        } else {
            ""
        };
        if !message.is_empty() {
            return Err(ApiError::field("number", message));
        }
        if let Some((name, details)) = &recording
            && import.is_listed(&known.id, (name, details))
        {
            let message = "This recording is listed for the request already.";
            return Err(ApiError::field("recording", message));
        }
    } else {
        let values = validated(app, entered(app, cells, defaults)?, None).await?;
        let before = import.new.get(&shown.number);
        if before.is_some_and(|before| !same(before, &values)) {
            let message = "An earlier row of this request has other values for it.";
            return Err(ApiError::field("number", message));
        }
        import.new.insert(shown.number.clone(), values);
    }
    if let Some((name, details)) = recording {
        import
            .recordings
            .push((shown.number.clone(), name, details));
    }
    Ok(())
}

fn same(a: &RequestValues, b: &RequestValues) -> bool {
    let of = |values: &RequestValues| {
        let facts = &values.facts;
        (
            facts.requester.clone(),
            facts.requester_kind,
            facts.jurisdiction.clone(),
            facts.received_on.clone(),
            (values.note.clone(), values.details.clone()),
        )
    };
    of(a) == of(b)
}

/// The recording of a line; `None` if no cell is about one.
fn recording_of(cells: &Cells<'_>) -> ApiResult<Option<(String, RecordingDetails)>> {
    let mut details = RecordingDetails::default();
    for (field, value) in details.fields_mut() {
        cells.get(&format!("recording.{field}")).clone_into(value);
    }
    let name = cells.get("recording.name");
    if name.chars().count() > 255 || name.chars().any(redact_record::is_invisible) {
        let message = "The file name is longer than 255 characters or has control characters.";
        return Err(ApiError::field("recording.name", message));
    }
    let empty = name.is_empty() && details == RecordingDetails::default();
    if empty {
        return Ok(None);
    }
    Ok(Some((name.to_owned(), details.checked()?)))
}

/// What a word of the file for a kind of requester means: as a person said, or else as it is known.
fn kind_of(defaults: &ImportDefaults, text: &str) -> Option<RequesterKind> {
    let chosen = defaults.kinds.get(text.trim()).copied();
    chosen.or_else(|| intake_csv::read_kind(text))
}

/// The words of the file for kinds of requesters that are not known, each once, in their order.
pub(crate) fn unknown_kinds(sheet: &Sheet, mapping: &[String]) -> Vec<String> {
    let Some(column) = mapping.iter().position(|name| name == "requester_kind") else {
        return Vec::new();
    };
    let mut unknown: Vec<String> = Vec::new();
    for (_, cells) in &sheet.lines {
        let Ok(cells) = cells else { continue };
        let text = cells.get(column).map_or("", |cell| cell.trim());
        let is_new = !unknown.iter().any(|known| known == text);
        if !text.is_empty() && is_new && intake_csv::read_kind(text).is_none() {
            unknown.push(text.to_owned());
        }
        if unknown.len() >= KINDS_MAX {
            break;
        }
    }
    unknown
}

/// The request of a line, with the defaults for what it does not say.
fn entered(app: &Shared, cells: &Cells<'_>, defaults: &ImportDefaults) -> ApiResult<Entered> {
    let day = |field: &'static str, text: &str| match text {
        "" => Ok(String::new()),
        text => intake_csv::read_day(text)
            .map(time::day_text)
            .ok_or_else(|| {
                let message = format!("{text:?} is not a date such as 2026-01-31 or 1/31/2026.");
                ApiError::field(field, message)
            }),
    };
    let mut details = RequestDetails::default();
    for (field, value) in details.fields_mut() {
        cells.get(field).clone_into(value);
    }
    details.incident_on = day("incident_on", cells.get("incident_on"))?;
    let kind = match cells.get("requester_kind") {
        "" => defaults.requester_kind,
        text => kind_of(defaults, text).ok_or_else(|| {
            let message = format!(
                "{text:?} is not a known type of requester. Choose its type under Requester types."
            );
            ApiError::field("requester_kind", message)
        })?,
    };
    let law = match cells.get("jurisdiction") {
        "" => defaults.jurisdiction.clone(),
        text => {
            let laws = app.statutes.all().iter();
            let mut named =
                laws.filter(|law| law.key == text || law.title.eq_ignore_ascii_case(text));
            named
                .next()
                .map_or_else(|| text.to_owned(), |law| law.key.clone())
        }
    };
    let received = match day("received_on", cells.get("received_on"))? {
        day if day.is_empty() => defaults.received_on.clone(),
        day => day,
    };
    Ok(Entered {
        facts: Facts {
            number: cells.get("number").to_owned(),
            requester: cells.get("requester").to_owned(),
            requester_kind: kind,
            jurisdiction: law,
            received_on: received,
            due_on: String::new(),
        },
        rule: None,
        clock: ClockRows::default(),
        assignee: defaults.assignee.clone(),
        note: cells.get("note").to_owned(),
        details,
    })
}

/// Enters everything that was checked.
///
/// # Errors
/// 422 `refused` if a line is wrong: then nothing is entered.
pub(crate) async fn commit(app: &Shared, who: &SessionUser, import: Import) -> ApiResult<()> {
    if import.wrong() > 0 {
        let message = format!(
            "{} of {} rows cannot be imported; nothing was entered.",
            import.wrong(),
            import.lines.len()
        );
        return Err(ApiError::refused("refused", message));
    }
    let mut change = pool::begin(&app.db).await?;
    let mut ids: HashMap<String, Id> = import
        .known
        .into_iter()
        .map(|(number, row)| (number, row.id))
        .collect();
    let (requests, recordings) = (import.new.len(), import.recordings.len());
    let mut touched = Vec::new();
    for (number, values) in import.new {
        let id = enter(app, &mut change, (who, None), &values).await?;
        touched.push(id.clone());
        ids.insert(number, id);
    }
    for (number, name, details) in import.recordings {
        let Some(request) = ids.get(&number) else {
            continue;
        };
        let row = ExpectedRow {
            id: Id::random(),
            request: request.clone(),
            name,
            details: details.text(),
            by: who.name.clone(),
        };
        expected::insert(&mut change, &row, app.now()).await?;
        touched.push(request.clone());
    }
    let event = Event::new(Act::Request, "imported")
        .count("requests", requests)
        .count("recordings", recordings);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    if let Some(request) = touched.pop() {
        app.notify(Change::Request(request));
    }
    Ok(())
}
