//! What is known of a request and of a recording beside the file itself.
//!
//! An agency writes it down once per request, in a file of its own, and both manifests take it from
//! there: [`Terms`] go out, a [`Request`] does not.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::json::check_text;
use crate::{Overwrite, RecordError, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
/// Longest text, in bytes.
const TEXT_MAX: usize = 500;
/// Most recordings of one incident that are named.
const RELATED_MAX: usize = 1000;

/// The terms of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// The agency that releases.
    pub agency: Option<String>,
    /// For whom the copy is made in general: public, court, data subject, agency.
    pub profile: Option<String>,
    /// Whose law applies.
    pub jurisdiction: Option<String>,
    /// The data classification.
    pub classification: Option<String>,
}

/// The request and what else is known of the recording; all optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// Who asked.
    pub requester: Option<String>,
    /// The request's number: every release must be documented.
    pub request_number: Option<String>,
    /// The case's number.
    pub case_number: Option<String>,
    /// When it was asked for: statutory clocks start here.
    pub requested_on: Option<String>,
    /// When it is due.
    pub due_on: Option<String>,
    /// Who authorised the release.
    pub authorised_by: Option<String>,
    /// The written basis of the release.
    pub written_basis: Option<String>,
    /// Whose consent it rests on, by reference.
    pub consent_reference: Option<String>,
    /// To whom and how it is handed over.
    pub delivery: Option<String>,
    /// Number of the copy.
    pub copy_number: Option<u32>,
    /// Minutes of work: some fees are per minute.
    pub minutes_of_work: Option<u32>,
    /// The recording's name in the agency's evidence system.
    pub evidence_id: Option<String>,
    /// The camera's serial number.
    pub device_serial: Option<String>,
    /// How the camera's clock was set.
    pub clock_basis: Option<String>,
    /// When the recording started, as the camera says.
    pub recorded_start: Option<String>,
    /// When the recording ended, as the camera says.
    pub recorded_end: Option<String>,
    /// Seconds at the start that the camera records without sound: explains sound that is missing.
    pub pre_event_seconds: Option<u32>,
    /// Other recordings of the incident: what is hidden here may be visible there.
    pub related_recordings: Vec<String>,
}

/// A request as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFile {
    /// What goes out.
    pub terms: Terms,
    /// What stays with the agency.
    pub request: Request,
}

/// Reads a request from a TOML file with the tables `terms` and `request`.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::NewerVersion`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] say where.
pub fn read_request(path: &Path) -> Result<RequestFile, RecordError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Layout {
        // Checked before, against the newest version that is read.
        #[serde(rename = "format_version")]
        _format_version: u32,
        #[serde(default)]
        terms: Terms,
        #[serde(default)]
        request: Request,
    }
    let layout: Layout = toml_file::parse(&store::read(path, BYTES_MAX)?, VERSION)?;
    layout.terms.check()?;
    layout.request.check()?;
    Ok(RequestFile {
        terms: layout.terms,
        request: layout.request,
    })
}

/// Writes a request as [`read_request`] reads it.
///
/// # Errors
/// [`RecordError::Field`] for what could not be read back; [`RecordError::Exists`],
/// [`RecordError::Write`].
pub fn write_request(
    path: &Path,
    request: &RequestFile,
    overwrite: Overwrite,
) -> Result<(), RecordError> {
    #[derive(Serialize)]
    struct Layout<'a> {
        format_version: u32,
        terms: &'a Terms,
        request: &'a Request,
    }
    request.terms.check()?;
    request.request.check()?;
    let layout = Layout {
        format_version: VERSION,
        terms: &request.terms,
        request: &request.request,
    };
    let text = toml::to_string(&layout).map_err(|refused| RecordError::Syntax {
        at: ".".into(),
        source: Box::new(refused),
    })?;
    store::write(path, text.as_bytes(), overwrite)
}

/// Text that a page and a log can show: each that is there, by the name of its field.
fn check_texts(table: &str, texts: &[(&str, &Option<String>)]) -> Result<(), RecordError> {
    texts.iter().try_for_each(|(field, text)| match text {
        Some(text) => check_text(&format!("{table}.{field}"), text, TEXT_MAX),
        None => Ok(()),
    })
}

impl Terms {
    pub(super) fn check(&self) -> Result<(), RecordError> {
        let texts = [
            ("agency", &self.agency),
            ("profile", &self.profile),
            ("jurisdiction", &self.jurisdiction),
            ("classification", &self.classification),
        ];
        check_texts("terms", &texts)
    }
}

impl Request {
    pub(super) fn check(&self) -> Result<(), RecordError> {
        let texts = [
            ("requester", &self.requester),
            ("request_number", &self.request_number),
            ("case_number", &self.case_number),
            ("requested_on", &self.requested_on),
            ("due_on", &self.due_on),
            ("authorised_by", &self.authorised_by),
            ("written_basis", &self.written_basis),
            ("consent_reference", &self.consent_reference),
            ("delivery", &self.delivery),
            ("evidence_id", &self.evidence_id),
            ("device_serial", &self.device_serial),
            ("clock_basis", &self.clock_basis),
            ("recorded_start", &self.recorded_start),
            ("recorded_end", &self.recorded_end),
        ];
        check_texts("request", &texts)?;
        if self.related_recordings.len() > RELATED_MAX {
            return Err(RecordError::field(
                "request.related_recordings",
                self.related_recordings.len(),
                format!("at most {RELATED_MAX}"),
            ));
        }
        self.related_recordings
            .iter()
            .try_for_each(|text| check_text("request.related_recordings", text, TEXT_MAX))
    }
}
