//! The columns of a list: a recording, how it is processed, and what is known of its request.

use redact_record::manifest::{Request, RequestFile, Terms};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The recording.
    Path,
    /// The policy that decides.
    Policy,
    /// Which detectors run.
    Profile,
    /// A key of the table `terms` of a request file, and how it is written.
    Terms(&'static str),
    /// A key of the table `request`.
    Request(&'static str, Form),
}

/// How a value is written in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// A whole number.
    Number,
    /// Texts, separated by vertical bars.
    Texts,
}

/// Every column by its name. The audience is `profile` in request files; here that is the option
/// `--profile`.
const COLUMNS: [(&str, Column); 29] = [
    ("path", Column::Path),
    ("policy", Column::Policy),
    ("profile", Column::Profile),
    ("agency", Column::Terms("agency")),
    ("audience", Column::Terms("profile")),
    ("jurisdiction", Column::Terms("jurisdiction")),
    ("classification", Column::Terms("classification")),
    ("public_request_number", Column::Terms("request_number")),
    ("public_recording", Column::Terms("recording")),
    ("time_zone", Column::Terms("time_zone")),
    ("utc_offset", Column::Terms("utc_offset")),
    ("requester", Column::Request("requester", Form::Text)),
    (
        "request_number",
        Column::Request("request_number", Form::Text),
    ),
    ("case_number", Column::Request("case_number", Form::Text)),
    ("requested_on", Column::Request("requested_on", Form::Text)),
    ("due_on", Column::Request("due_on", Form::Text)),
    (
        "authorised_by",
        Column::Request("authorised_by", Form::Text),
    ),
    (
        "written_basis",
        Column::Request("written_basis", Form::Text),
    ),
    (
        "consent_reference",
        Column::Request("consent_reference", Form::Text),
    ),
    ("delivery", Column::Request("delivery", Form::Text)),
    ("copy_number", Column::Request("copy_number", Form::Number)),
    (
        "minutes_of_work",
        Column::Request("minutes_of_work", Form::Number),
    ),
    ("evidence_id", Column::Request("evidence_id", Form::Text)),
    (
        "device_serial",
        Column::Request("device_serial", Form::Text),
    ),
    ("clock_basis", Column::Request("clock_basis", Form::Text)),
    (
        "recorded_start",
        Column::Request("recorded_start", Form::Text),
    ),
    ("recorded_end", Column::Request("recorded_end", Form::Text)),
    (
        "pre_event_seconds",
        Column::Request("pre_event_seconds", Form::Number),
    ),
    (
        "related_recordings",
        Column::Request("related_recordings", Form::Texts),
    ),
];

/// The column with a name as people write it: `Case number` and `case-number` are `case_number`.
///
/// # Errors
/// The names that there are.
pub(super) fn column(header: &str) -> Result<Column, String> {
    let name = header.trim().to_lowercase().replace([' ', '-'], "_");
    let known = COLUMNS.iter().find(|(known, _)| *known == name);
    known.map(|(_, column)| *column).ok_or_else(|| {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        format!("found column {header:?}; need one of {}", names.join(", "))
    })
}

/// Puts a cell's value into what is known of the request.
///
/// # Errors
/// What was found and what is needed.
pub(super) fn set(column: Column, text: &str, details: &mut RequestFile) -> Result<(), String> {
    match column {
        Column::Path | Column::Policy | Column::Profile => Ok(()),
        Column::Terms(key) => {
            let only = with_key::<Terms>(key, text.into())?;
            // A zone and its offset are two cells of one row.
            if !matches!(key, "time_zone" | "utc_offset") {
                check(&RequestFile {
                    terms: only,
                    ..RequestFile::default()
                })?;
            }
            details.terms = add_key(&details.terms, key, text.into())?;
            Ok(())
        }
        Column::Request(key, form) => {
            let value = value(text, form)?;
            check(&RequestFile {
                request: with_key::<Request>(key, value.clone())?,
                ..RequestFile::default()
            })?;
            details.request = add_key(&details.request, key, value)?;
            Ok(())
        }
    }
}

fn value(text: &str, form: Form) -> Result<Value, String> {
    match form {
        Form::Text => Ok(text.into()),
        Form::Number => {
            let number: Result<u32, _> = text.trim().parse();
            let number = number.map_err(|_| format!("found {text:?}; need a whole number"));
            number.map(Value::from)
        }
        Form::Texts => {
            let texts = text
                .split('|')
                .map(str::trim)
                .filter(|text| !text.is_empty());
            Ok(texts.collect())
        }
    }
}

fn check(details: &RequestFile) -> Result<(), String> {
    details.check().map_err(|error| error.to_string())
}

/// A table of a request file that has one key.
fn with_key<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, String> {
    let table = Map::from_iter([(key.to_owned(), value)]);
    serde_json::from_value(table.into()).map_err(|error| error.to_string())
}

/// The same table with one more key.
fn add_key<T: DeserializeOwned + serde::Serialize>(
    table: &T,
    key: &str,
    value: Value,
) -> Result<T, String> {
    let text = |error: serde_json::Error| error.to_string();
    let mut table = serde_json::to_value(table).map_err(text)?;
    table[key] = value;
    serde_json::from_value(table).map_err(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a list can say all that a request file can. Method: the keys of both tables, as they
    /// are written, are the columns.
    #[test]
    fn every_key_of_a_request_file_is_a_column() {
        let keys =
            |table: Value| -> Vec<String> { table.as_object().unwrap().keys().cloned().collect() };
        let text = || Some(String::new());
        let terms = Terms {
            request_number: text(),
            recording: text(),
            time_zone: text(),
            utc_offset: text(),
            ..Terms::default()
        };
        let terms = keys(serde_json::to_value(terms).unwrap());
        let request = keys(serde_json::to_value(Request::default()).unwrap());
        let of = |wanted: fn(&Column) -> Option<&'static str>| -> Vec<String> {
            let all = COLUMNS.iter().filter_map(|(_, column)| wanted(column));
            let mut all: Vec<String> = all.map(str::to_owned).collect();
            all.sort();
            all
        };
        let sorted = |mut keys: Vec<String>| {
            keys.sort();
            keys
        };
        let in_terms = of(|column| match column {
            Column::Terms(key) => Some(key),
            _ => None,
        });
        let in_request = of(|column| match column {
            Column::Request(key, _) => Some(key),
            _ => None,
        });
        assert_eq!(in_terms, sorted(terms));
        assert_eq!(in_request, sorted(request));
    }

    /// Goal: values get where they belong, and wrong ones are refused.
    #[test]
    fn values_are_checked_one_by_one() {
        let mut details = RequestFile::default();
        set(column("Case Number").unwrap(), "26-1", &mut details).unwrap();
        set(column("copy-number").unwrap(), " 2 ", &mut details).unwrap();
        set(
            column("related_recordings").unwrap(),
            "EV-1 | EV-2",
            &mut details,
        )
        .unwrap();
        set(column("audience").unwrap(), "public", &mut details).unwrap();
        assert_eq!(details.request.case_number.as_deref(), Some("26-1"));
        assert_eq!(details.request.copy_number, Some(2));
        assert_eq!(details.request.related_recordings, ["EV-1", "EV-2"]);
        assert_eq!(details.terms.profile.as_deref(), Some("public"));
        let refused = set(column("copy_number").unwrap(), "two", &mut details).unwrap_err();
        assert!(refused.contains("whole number"), "{refused}");
        let long = "x".repeat(501);
        assert!(set(column("requester").unwrap(), &long, &mut details).is_err());
        let refused = column("case no.").unwrap_err();
        assert!(
            refused.contains("case no.") && refused.contains("case_number"),
            "{refused}"
        );
    }
}
