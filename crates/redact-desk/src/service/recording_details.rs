//! Details of a recording, and what of a request and its recordings a manifest takes up.

use redact_record::manifest::RequestFile;

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::history::{self, Entry};
use crate::api_error::ApiResult;
use crate::db::{pool, recordings};
use crate::details::{Details as _, RecordingDetails, RequestDetails};
use crate::domain::history::changes;
use crate::id::Id;
use crate::model::SessionUser;

/// Changes the details of a recording.
///
/// # Errors
/// 400 for invalid values; 404; 409 `closed`.
pub(crate) async fn change(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    given: RecordingDetails,
) -> ApiResult<()> {
    let given = given.checked()?;
    let row = recordings::by_id(&app.db, id).await?;
    check_open(app, &row.request).await?;
    let known = RecordingDetails::read(&row.details);
    let pairs = known.fields().into_iter().zip(given.fields());
    let pairs = pairs.map(|((field, from), (_, to))| (field, from.clone(), to.clone()));
    let made = changes(&pairs.collect::<Vec<_>>());
    if made.is_empty() {
        return Ok(());
    }
    let mut change = pool::begin(&app.db).await?;
    recordings::set_details(&mut change, id, &given.text()).await?;
    let entry = Entry {
        request: &row.request,
        recording: Some(id),
        action: "details-changed",
        changes: made,
        reason: "",
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Recording(id.clone()));
    app.notify(Change::Request(row.request));
    Ok(())
}

/// Adds the details of a request, and of the recording of a release, to what manifests record. They
/// are in the sealed manifest alone.
pub(crate) fn add_to_manifest(
    file: &mut RequestFile,
    request: &RequestDetails,
    recording: Option<&RecordingDetails>,
) {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let to = &mut file.request;
    to.case_number = some(&request.case_number).or_else(|| some(&request.incident_number));
    to.consent_reference = some(&request.consent_reference);
    to.written_basis = match (some(&request.written_basis), to.written_basis.take()) {
        (Some(basis), Some(why)) => Some(format!("{basis}; {why}")),
        (basis, why) => basis.or(why),
    };
    if let Some(recording) = recording {
        to.evidence_id = some(&recording.evidence_id);
        to.device_serial = some(&recording.device_serial);
        to.clock_basis = some(&recording.clock_basis);
        to.recorded_start = some(&recording.recorded_start);
        to.recorded_end = some(&recording.recorded_end);
        to.pre_event_seconds = recording.pre_event_seconds.parse().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: what the agency entered is in the sealed part, also beside what a newer release
    /// replaces. Control: what is not known stays absent.
    #[test]
    fn the_sealed_manifest_has_the_details() {
        let mut file = RequestFile::default();
        add_to_manifest(&mut file, &RequestDetails::default(), None);
        assert_eq!(file, RequestFile::default());
        file.request.written_basis = Some("replaces an earlier release: a plate".to_owned());
        let request = RequestDetails {
            incident_number: "CAD 7".to_owned(),
            written_basis: "Court order 12".to_owned(),
            ..RequestDetails::default()
        };
        let recording = RecordingDetails {
            evidence_id: "E-9".to_owned(),
            pre_event_seconds: "30".to_owned(),
            ..RecordingDetails::default()
        };
        add_to_manifest(&mut file, &request, Some(&recording));
        let to = &file.request;
        assert_eq!(to.case_number.as_deref(), Some("CAD 7"));
        let basis = "Court order 12; replaces an earlier release: a plate";
        assert_eq!(to.written_basis.as_deref(), Some(basis));
        assert_eq!(
            (to.evidence_id.as_deref(), to.pre_event_seconds),
            (Some("E-9"), Some(30))
        );
        assert_eq!(to.device_serial, None);
        assert!(file.check().is_ok());
    }
}
