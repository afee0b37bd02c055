//! Reading, searching, exporting and checking the event log.

use std::collections::{BTreeMap, HashMap, VecDeque};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use redact_record::events::{self, Act, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Query;
use super::csv::line;
use crate::api_error::{ApiError, ApiResult};
use crate::db::former_names::{self, FormerNameRow};
use crate::db::history::{self, HistoryRow};
use crate::db::names;
use crate::domain::history::FieldChange;
use crate::domain::zone::Zone;
use crate::event::Event;
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::sealed;
use crate::time::{self, Millis};

/// The most entries per response.
const ENTRIES_MAX: usize = 500;

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// Oldest first.
    #[default]
    Asc,
    Desc,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<usize>,
    #[serde(default)]
    order: Order,
    /// Part of the name of the person who acted.
    who: Option<String>,
    /// A kind of act.
    what: Option<String>,
    /// The id of a request, recording, account or anything else.
    about: Option<String>,
    /// Words that an entry has, with all names.
    search: Option<String>,
    /// The first and the last day, in the agency's time zone.
    from: Option<String>,
    to: Option<String>,
}

impl EventsQuery {
    /// The id of what entries are about.
    pub(super) fn about(&self) -> Option<&str> {
        self.about.as_deref().filter(|id| !id.is_empty())
    }

    /// What entries must have, in words.
    pub(super) fn filters(&self) -> Vec<String> {
        let numbers = [
            ("after entry", self.after.map(|number| number.to_string())),
            ("before entry", self.before.map(|number| number.to_string())),
            ("person", self.who.clone()),
            ("kind", self.what.clone()),
            ("words", self.search.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
        ];
        let given = numbers.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            Some(format!("{name} {value:?}"))
        });
        given.collect()
    }
}

/// What is known of the ids in the log.
struct Known {
    names: HashMap<String, String>,
    history: HashMap<Id, HistoryRow>,
    /// Changes of people's names, oldest first.
    former: Vec<FormerNameRow>,
}

impl Known {
    async fn load(app: &Shared, who: &SessionUser) -> ApiResult<Self> {
        // Administrators see no requests.
        let people_only = who.role == Role::Administrator;
        let history = if people_only {
            HashMap::new()
        } else {
            history::all(&app.db).await?
        };
        // What an order closes has no name and no text here, and its ids stay.
        let closed = sealed::closed_to(app, who).await?;
        let mut names = names::all(&app.db, people_only).await?;
        let mut history = history;
        if !closed.is_empty() {
            names.retain(|id, _| Id::read(id).is_none_or(|id| !closed.has(&id)));
            history.retain(|_, row| {
                let recording = row.recording.as_ref();
                !closed.has(&row.request) && recording.is_none_or(|id| !closed.has(id))
            });
        }
        Ok(Self {
            names,
            history,
            former: former_names::all(&app.db).await?,
        })
    }

    /// The name of what `id` is of, for a person the one that they had at that time.
    fn name_at(&self, id: &str, at: Millis) -> Option<String> {
        let former = self.former.iter();
        let then = |row: &&FormerNameRow| row.user.as_str() == id && row.until > at;
        let now = self.names.get(id)?;
        Some(match former.clone().find(then) {
            Some(row) => format!("{} (now {now})", row.name),
            None => now.clone(),
        })
    }

    /// What an entry of the history says: old and new values, and the reason.
    fn written(&self, id: &Id) -> (Vec<FieldChange>, String) {
        if let Some(row) = self.history.get(id) {
            let changes = serde_json::from_str(&row.changes).unwrap_or_default();
            return (changes, row.reason.clone());
        }
        let renamed = self.former.iter().find(|row| row.id == *id);
        let changed = |row: &FormerNameRow| FieldChange {
            field: "name".to_owned(),
            from: row.name.clone(),
            to: row.changed_to.clone(),
        };
        renamed.map_or_else(Default::default, |row| {
            (vec![changed(row)], row.reason.clone())
        })
    }
}

/// An entry of the event log, with subjects and details by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct EventEntry {
    seq: u64,
    at: String,
    who: String,
    #[cfg_attr(test, ts(type = "string"))]
    what: Value,
    #[cfg_attr(test, ts(type = "'success' | 'refused' | 'failure'"))]
    outcome: Value,
    program: String,
    machine: String,
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    subjects: Map<String, Value>,
    #[cfg_attr(test, ts(type = "Record<string, string | number>"))]
    details: Map<String, Value>,
    /// The names of the ids in `details`.
    names: BTreeMap<String, String>,
    /// What changed of a request or a recording.
    changes: Vec<FieldChange>,
    reason: String,
}

fn present(entry: &Recorded, known: &Known) -> EventEntry {
    let value = entry.json();
    let named = |key: &str| -> Map<String, Value> {
        let pairs = value[key].as_array().into_iter().flatten();
        let pair = |pair: &Value| {
            let name = pair[0].as_str().unwrap_or_default().to_owned();
            (name, pair[1].clone())
        };
        pairs.map(pair).collect()
    };
    let event = &entry.event;
    let details = named("details");
    let ids = details.values().filter_map(Value::as_str);
    let at = event.at.0.div_euclid(1_000_000);
    let names = ids.filter_map(|id| Some((id.to_owned(), known.name_at(id, at)?)));
    let names = names.collect();
    let written = details.get("history").and_then(Value::as_str);
    let (changes, reason) = written
        .and_then(Id::read)
        .map_or_else(Default::default, |id| known.written(&id));
    EventEntry {
        seq: entry.seq,
        at: entry.time().to_string(),
        who: event.who.clone(),
        what: value["what"].clone(),
        outcome: value["outcome"].clone(),
        program: event.program.clone(),
        machine: event.machine.clone(),
        subjects: named("subjects"),
        names,
        changes,
        reason,
        details,
    }
}

impl EventEntry {
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }

    /// RFC 3339, in UTC.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    pub(super) fn millis(&self) -> Option<i64> {
        let at = redact_record::manifest::Utc::from_text(&self.at)?;
        Some(at.0.0.div_euclid(1_000_000))
    }

    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// `request: success`.
    pub(super) fn what_and_outcome(&self) -> String {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{}: {}", word(&self.what), word(&self.outcome))
    }

    pub(super) fn written_by(&self) -> String {
        format!("{}, {}", self.program, self.machine)
    }

    /// The name of what that id is of.
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        self.names.get(id).cloned()
    }

    /// Everything about it on one line.
    fn text(&self) -> String {
        self.lines().join("; ")
    }

    /// Everything about it: subjects and details by name, old and new values, the reason.
    pub(super) fn lines(&self) -> Vec<String> {
        let value = |value: &Value| match value {
            Value::String(text) => self.names.get(text).unwrap_or(text).clone(),
            other => other.to_string(),
        };
        let pairs = self.subjects.iter().chain(&self.details);
        let pairs = pairs.filter(|(name, _)| *name != "history");
        let pairs = pairs.map(|(name, found)| format!("{name}: {}", value(found)));
        let changes = self.changes.iter();
        let changes =
            changes.map(|change| format!("{}: {} -> {}", change.field, change.from, change.to));
        let reason = Some(&self.reason).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!("reason: {reason}"));
        pairs.chain(changes).chain(reason).collect()
    }
}

/// What an entry must have, from the query.
struct Filter {
    query: EventsQuery,
    days: (Option<::time::Date>, Option<::time::Date>),
    words: Vec<String>,
    zone: Zone,
}

impl Filter {
    fn of(app: &Shared, query: EventsQuery) -> ApiResult<Self> {
        let day = |field: &'static str, given: &Option<String>| match given.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => time::read_day(text)
                .map(Some)
                .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31.")),
        };
        let search = query.search.as_deref().unwrap_or_default().to_lowercase();
        Ok(Self {
            days: (day("from", &query.from)?, day("to", &query.to)?),
            words: search.split_whitespace().map(str::to_owned).collect(),
            zone: Zone::clone(&app.zone()),
            query,
        })
    }

    /// The entry, if it has all that is wanted.
    fn take(&self, entry: &Recorded, known: &Known) -> Option<EventEntry> {
        let query = &self.query;
        let (from, to) = self.days;
        let day = self.zone.day(entry.event.at.0.div_euclid(1_000_000));
        let who = query.who.as_deref().unwrap_or_default().to_lowercase();
        let within = query.after.is_none_or(|after| entry.seq > after)
            && query.before.is_none_or(|before| entry.seq < before)
            && from.is_none_or(|from| day >= from)
            && to.is_none_or(|to| day <= to)
            && entry.event.who.to_lowercase().contains(&who);
        if !within {
            return None;
        }
        let shown = present(entry, known);
        let what = query.what.as_deref().unwrap_or_default();
        let about = query.about.as_deref().unwrap_or_default();
        let fits = (what.is_empty() || shown.what == what)
            && (about.is_empty() || shown.details.values().any(|value| value == about));
        if !fits {
            return None;
        }
        if self.words.is_empty() {
            return Some(shown);
        }
        let what = shown.what.as_str().unwrap_or_default();
        let text = format!("{} {what} {}", shown.who, shown.text()).to_lowercase();
        let found = self.words.iter().all(|word| text.contains(word));
        found.then_some(shown)
    }
}

/// The entries that the query wants: the first `limit`, or the last ones in reverse.
///
/// # Errors
/// 400 for an invalid date; errors of the log and the database.
pub(super) async fn find(
    app: &App,
    who: &SessionUser,
    query: EventsQuery,
    limit: usize,
) -> ApiResult<Vec<EventEntry>> {
    let known = Known::load(app, who).await?;
    let newest_first = query.order == Order::Desc;
    let filter = Filter::of(app, query)?;
    let path = app.options.event_log.log.path().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut list = VecDeque::new();
        events::read(&path, &mut |entry| {
            let Ok(entry) = entry else { return };
            if !newest_first && list.len() >= limit {
                return;
            }
            let Some(found) = filter.take(&entry, &known) else {
                return;
            };
            list.push_back(found);
            if list.len() > limit {
                list.pop_front();
            }
        })?;
        Ok::<_, redact_record::RecordError>(list)
    });
    let list = read.await??;
    Ok(if newest_first {
        list.into_iter().rev().collect()
    } else {
        list.into()
    })
}

/// `GET /events`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<EventsQuery>,
) -> ApiResult<axum::Json<Vec<EventEntry>>> {
    let limit = query.limit.unwrap_or(ENTRIES_MAX).clamp(1, ENTRIES_MAX);
    Ok(axum::Json(find(&app, &who, query, limit).await?))
}

/// `GET /events/csv`: all entries that the query wants. The export is itself an entry.
pub(crate) async fn csv(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<EventsQuery>,
) -> ApiResult<Response> {
    let entries = find(&app, &who, query, usize::MAX).await?;
    let event = Event::new(Act::Export, "event-log").count("entries", entries.len());
    app.log_event(&who.name, event).await?;
    // The mark tells spreadsheet programs that it is UTF-8.
    let mut text = String::from("\u{feff}");
    text += &line(&[
        "Number",
        "Time (UTC)",
        "Person",
        "What",
        "Outcome",
        "Details",
        "Program",
        "Machine",
    ]);
    for entry in &entries {
        text += &line(&[
            &entry.seq.to_string(),
            &entry.at,
            &entry.who,
            entry.what.as_str().unwrap_or_default(),
            entry.outcome.as_str().unwrap_or_default(),
            &entry.text(),
            &entry.program,
            &entry.machine,
        ]);
    }
    let name = format!(
        "attachment; filename=\"event-log-{}.csv\"",
        time::day_text(app.today())
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Chain {
    whole: bool,
    entries: u64,
    problem: Option<String>,
}

/// `GET /events/check`.
pub(crate) async fn check(State(app): State<App>) -> ApiResult<axum::Json<Chain>> {
    let path = app.options.event_log.log.path().to_owned();
    let report = tokio::task::spawn_blocking(move || events::verify(&path)).await??;
    Ok(axum::Json(Chain {
        whole: report.is_intact(),
        entries: report.entries,
        problem: report.problems.first().map(ToString::to_string),
    }))
}
