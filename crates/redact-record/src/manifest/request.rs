//! A request for a recording, and facts about the recording that its file does not contain.
//!
//! An agency writes one file per request, from which both manifests are filled in: [`Terms`] are
//! public, a [`Request`] is sealed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::json::check_text;
use crate::{Overwrite, RecordError, store, toml_file};

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1 << 20;
/// Maximum length of a text in bytes.
const TEXT_MAX: usize = 500;
/// Maximum number of related recordings.
const RELATED_MAX: usize = 1000;

/// The terms of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// The releasing agency.
    pub agency: Option<String>,
    /// The general audience: public, court, data subject, agency.
    pub profile: Option<String>,
    /// The jurisdiction whose law applies.
    pub jurisdiction: Option<String>,
    /// The data classification.
    pub classification: Option<String>,
}

/// The request, and what else is known about the recording; everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// The requester.
    pub requester: Option<String>,
    /// The request number.
    pub request_number: Option<String>,
    /// The case number.
    pub case_number: Option<String>,
    /// When the request was received; statutory deadlines count from here.
    pub requested_on: Option<String>,
    /// When the response is due.
    pub due_on: Option<String>,
    /// Who authorized the release.
    pub authorised_by: Option<String>,
    /// The written basis of the release.
    pub written_basis: Option<String>,
    /// Reference to the consent that the release is based on.
    pub consent_reference: Option<String>,
    /// To whom and how the release is delivered.
    pub delivery: Option<String>,
    /// The copy number.
    pub copy_number: Option<u32>,
    /// Minutes of work, for fees that are charged by the minute.
    pub minutes_of_work: Option<u32>,
    /// The recording's ID in the agency's evidence system.
    pub evidence_id: Option<String>,
    /// The camera's serial number.
    pub device_serial: Option<String>,
    /// How the camera's clock was set.
    pub clock_basis: Option<String>,
    /// When the recording started, by the camera's clock.
    pub recorded_start: Option<String>,
    /// When the recording ended, by the camera's clock.
    pub recorded_end: Option<String>,
    /// Seconds that the camera records without sound before an event, which explains missing sound.
    pub pre_event_seconds: Option<u32>,
    /// Other recordings of the incident, in which what is hidden here may be visible.
    pub related_recordings: Vec<String>,
}

/// The content of a request file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFile {
    /// The public part.
    pub terms: Terms,
    /// The sealed part.
    pub request: Request,
}

impl RequestFile {
    /// Checks all texts, as reading and writing a request file does.
    ///
    /// # Errors
    /// [`RecordError::Field`] with the first field that is wrong.
    pub fn check(&self) -> Result<(), RecordError> {
        self.terms.check()?;
        self.request.check()
    }
}

/// Reads a request file: TOML with the tables `terms` and `request`.
///
/// # Errors
/// [`RecordError::Read`], [`RecordError::TooLarge`]; [`RecordError::NewerVersion`];
/// [`RecordError::Syntax`] and [`RecordError::Field`] with the place.
pub fn read_request(path: &Path) -> Result<RequestFile, RecordError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Layout {
        // Checked earlier, against the newest supported version.
        #[serde(rename = "format_version")]
        _format_version: u32,
        #[serde(default)]
        terms: Terms,
        #[serde(default)]
        request: Request,
    }
    let layout: Layout = toml_file::parse(&store::read(path, BYTES_MAX)?, VERSION)?;
    let file = RequestFile {
        terms: layout.terms,
        request: layout.request,
    };
    file.check()?;
    Ok(file)
}

/// Writes a request file for [`read_request`].
///
/// # Errors
/// [`RecordError::Field`] for a text that could not be read back; [`RecordError::Exists`],
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
    request.check()?;
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

/// Checks the texts that are present, by field name.
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
