//! A request for a recording, and facts about the recording that its file does not contain.
//!
//! An agency writes one file per request, from which both manifests are filled in: [`Terms`] are
//! public, a [`Request`] is sealed.

use std::path::Path;

use redact_core::UtcNanos;
use serde::{Deserialize, Serialize};

use super::Utc;
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
    /// The request number, where the recipient may have it in the manifest and the log. Omitted
    /// where it stays with the agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_number: Option<String>,
    /// The name of the recording, as the recipient knows it. Omitted where it stays with the
    /// agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// The agency's time zone by its name in the IANA database. Omitted where times are in UTC
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How far local time was from UTC when the manifest was made, such as `-05:00`. Present if
    /// `time_zone` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<String>,
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

/// The minutes of `+05:30`; `None` for anything else, or for more than a day.
fn offset_minutes(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str, most: i64| -> Option<i64> {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.then(|| text.parse().ok())?;
        number.filter(|number| *number <= most)
    };
    Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?))
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
            ("request_number", &self.request_number),
            ("recording", &self.recording),
            ("time_zone", &self.time_zone),
        ];
        check_texts("terms", &texts)?;
        match (&self.time_zone, &self.utc_offset) {
            (None, None) => Ok(()),
            (Some(_), Some(offset)) if offset_minutes(offset).is_some() => Ok(()),
            (zone, offset) => Err(RecordError::field(
                "terms.utc_offset",
                match (zone, offset) {
                    (None, Some(_)) => "an offset without a time zone".to_owned(),
                    (_, None) => "a time zone without an offset".to_owned(),
                    (_, Some(offset)) => format!("{offset:.20?}"),
                },
                "an offset such as \"-05:00\", together with terms.time_zone",
            )),
        }
    }

    /// A time in the agency's zone: `2026-03-01 05:15:00 (America/Bogota, UTC-05:00)`; `None`
    /// where times are in UTC alone.
    #[must_use]
    pub fn local(&self, utc: Utc) -> Option<String> {
        let (zone, offset) = (self.time_zone.as_ref()?, self.utc_offset.as_ref()?);
        let shift = offset_minutes(offset)? * 60_000_000_000;
        let text = Utc(UtcNanos(utc.0.0.checked_add(shift)?)).to_string();
        let seconds = text.get(..19)?.replace('T', " ");
        Some(format!("{seconds} ({zone}, UTC{offset})"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(zone: Option<&str>, offset: Option<&str>) -> Terms {
        Terms {
            time_zone: zone.map(str::to_owned),
            utc_offset: offset.map(str::to_owned),
            ..Terms::default()
        }
    }

    /// Goal: local time is written beside UTC, with its zone; an invalid offset is refused.
    #[test]
    fn local_time_follows_from_the_offset() {
        let utc = Utc::from_text("2026-03-01T02:15:00Z").unwrap();
        for (offset, expected) in [
            ("-06:00", "2026-02-28 20:15:00 (zone, UTC-06:00)"),
            ("+05:30", "2026-03-01 07:45:00 (zone, UTC+05:30)"),
        ] {
            let terms = terms(Some("zone"), Some(offset));
            terms.check().unwrap();
            assert_eq!(terms.local(utc).unwrap(), expected);
        }
        assert_eq!(Terms::default().local(utc), None);
        for (zone, offset) in [
            (Some("zone"), None),
            (None, Some("-06:00")),
            (Some("zone"), Some("6")),
            (Some("zone"), Some("-6:00")),
            (Some("zone"), Some("+25:00")),
            (Some("zone"), Some("−06:00")),
        ] {
            let refused = terms(zone, offset).check().unwrap_err();
            assert!(refused.to_string().contains("utc_offset"), "{refused}");
        }
    }
}
