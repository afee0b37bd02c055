//! What is known of a request and of a recording besides what the work needs: fields of the
//! agency's case and evidence systems, which the sealed manifest of a release takes up.

use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, ApiResult, optional_text};
use crate::time;

/// The longest of these texts in characters; a manifest takes 500 bytes, a character may have four.
const CHARS_MAX: usize = 120;

/// Details of a request. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RequestDetails {
    pub(crate) case_number: String,
    pub(crate) incident_number: String,
    /// `2026-01-31`.
    pub(crate) incident_on: String,
    pub(crate) location: String,
    /// The officers who are concerned.
    pub(crate) officer: String,
    /// The requester's postal address.
    pub(crate) address: String,
    pub(crate) email: String,
    pub(crate) telephone: String,
    /// What the release is based on in writing, such as a court order.
    pub(crate) written_basis: String,
    /// Reference to the consent that the release is based on.
    pub(crate) consent_reference: String,
    /// The name of the policy of first reviews; empty: that of the office.
    pub(crate) policy: String,
}

/// Details of a recording. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RecordingDetails {
    /// Its ID in the evidence system.
    pub(crate) evidence_id: String,
    pub(crate) device_serial: String,
    /// Who wore or drove with the camera.
    pub(crate) officer: String,
    pub(crate) location: String,
    /// By the camera's clock, as the evidence system spells it.
    pub(crate) recorded_start: String,
    pub(crate) recorded_end: String,
    /// How the camera's clock was set.
    pub(crate) clock_basis: String,
    /// Seconds without sound before an event; digits or empty.
    pub(crate) pre_event_seconds: String,
}

/// Details as the database stores them.
pub(crate) trait Details: Default + Serialize + for<'de> Deserialize<'de> {
    /// The fields by name.
    fn fields(&self) -> Vec<(&'static str, &String)>;

    /// The same, to set them.
    fn fields_mut(&mut self) -> Vec<(&'static str, &mut String)>;

    /// Refuses a value that cannot be.
    fn check(&self) -> ApiResult<()>;

    /// Reads what is stored; what an earlier version did not have is empty.
    fn read(stored: &str) -> Self {
        serde_json::from_str(stored).unwrap_or_default()
    }

    /// As it is stored.
    fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Trimmed and checked, as a person entered them.
    ///
    /// # Errors
    /// 400 with the field that is wrong.
    fn checked(mut self) -> ApiResult<Self> {
        for (field, value) in self.fields_mut() {
            let name = format!("details.{field}");
            let plain = optional_text("details", value, CHARS_MAX).map_err(|_| {
                let message = format!(
                    "Enter at most {CHARS_MAX} characters, without control or text-direction \
                     characters."
                );
                ApiError::field(name, message)
            })?;
            *value = plain.replace('\n', " ");
        }
        self.check()?;
        Ok(self)
    }
}

/// A macro, because a field that is forgotten in one of two lists would be lost in silence.
macro_rules! fields {
    ($($field:ident)+) => {
        fn fields(&self) -> Vec<(&'static str, &String)> {
            vec![$((stringify!($field), &self.$field),)+]
        }

        fn fields_mut(&mut self) -> Vec<(&'static str, &mut String)> {
            let Self { $($field,)+ } = self;
            vec![$((stringify!($field), $field),)+]
        }
    };
}

impl Details for RequestDetails {
    fields! {
        case_number incident_number incident_on location officer address email telephone
        written_basis consent_reference policy
    }

    fn check(&self) -> ApiResult<()> {
        if !self.incident_on.is_empty() && time::read_day(&self.incident_on).is_none() {
            let message = "Expected a date such as 2026-01-31.";
            return Err(ApiError::field("details.incident_on", message));
        }
        let plain = |text: &str| {
            let (name, host) = text.split_once('@').unwrap_or_default();
            !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
        };
        if !self.email.is_empty() && !plain(&self.email) {
            let message = "Expected an address such as name@example.com.";
            return Err(ApiError::field("details.email", message));
        }
        Ok(())
    }
}

impl Details for RecordingDetails {
    fields! {
        evidence_id device_serial officer location recorded_start recorded_end clock_basis
        pre_event_seconds
    }

    fn check(&self) -> ApiResult<()> {
        let seconds = &self.pre_event_seconds;
        if !seconds.is_empty() && seconds.parse::<u16>().is_err() {
            let message = "Enter whole seconds from 0 to 65535.";
            return Err(ApiError::field("details.pre_event_seconds", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what is stored is read back, and every field of the JSON is in the list of fields.
    /// Control: an unknown field of a newer version does not lose the page.
    #[test]
    fn details_are_read_as_they_were_stored() {
        let mut details = RequestDetails::default();
        for (at, (_, value)) in details.fields_mut().into_iter().enumerate() {
            *value = format!("value {at}");
        }
        assert_eq!(RequestDetails::read(&details.text()), details);
        let stored: serde_json::Value = serde_json::from_str(&details.text()).unwrap();
        assert_eq!(stored.as_object().unwrap().len(), details.fields().len());
        let recording = RecordingDetails::default();
        let stored: serde_json::Value = serde_json::from_str(&recording.text()).unwrap();
        assert_eq!(stored.as_object().unwrap().len(), recording.fields().len());
        assert_eq!(RequestDetails::read("{}"), RequestDetails::default());
        assert_eq!(RequestDetails::read("nonsense"), RequestDetails::default());
    }

    /// Goal: a value that cannot be is refused with its field. Control: plain values pass trimmed.
    #[test]
    fn wrong_details_are_refused() {
        let of = |set: fn(&mut RequestDetails)| {
            let mut details = RequestDetails::default();
            set(&mut details);
            details.checked()
        };
        assert!(of(|d| d.incident_on = "2026-02-30".into()).is_err());
        assert!(of(|d| d.email = "nobody".into()).is_err());
        assert!(of(|d| d.email = "a b@example.com".into()).is_err());
        assert!(of(|d| d.officer = "x".repeat(121)).is_err());
        assert!(of(|d| d.location = "a\u{202e}b".into()).is_err());
        let plain = of(|d| {
            d.email = " a@example.com ".into();
            d.incident_on = "2026-02-28".into();
        });
        assert_eq!(plain.ok().map(|d| d.email), Some("a@example.com".into()));
        let wrong = RecordingDetails {
            pre_event_seconds: "soon".into(),
            ..RecordingDetails::default()
        };
        assert!(wrong.checked().is_err());
    }
}
