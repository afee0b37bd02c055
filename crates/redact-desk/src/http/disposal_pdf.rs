//! The record of a disposal as a signed PDF.

use axum::extract::{Path, State};
use redact_record::papers::{ReportColumn, ReportSection};

use super::disposals::check_sealed;
use super::reports::{Report, SignedExport};
use crate::api_error::{ApiError, ApiResult};
use crate::domain::disposal::DisposalCertificate;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::disposals;
use crate::time;

/// `POST /disposals/:id/pdf`: the record as a signed document. The export is an event.
pub(crate) async fn make(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<SignedExport>> {
    check_sealed(&app, &who, &id).await?;
    let (text, _) = disposals::certificate(&app, &who, (&id, "disposal-pdf")).await?;
    let record: DisposalCertificate =
        serde_json::from_str(&text).map_err(|error| ApiError::internal(&error))?;
    let mut report = Report::new(&app, "Record of a disposal").await?;
    report.facts.extend(facts(&record));
    report.facts.push(format!(
        "The signed record itself is a file of JSON, whose SHA-256 is {}. This document repeats \
         it.",
        redact_record::digest_bytes(text.as_bytes())
    ));
    report.made_by(&app, &who);
    report.sections = vec![files(&record), backups(&record), stays(&record)];
    let name = format!("disposal-{}", short(&id.to_string()));
    let signed = report.signed(&app, &who, (&name, record.files.len()));
    Ok(axum::Json(signed.await?))
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn facts(record: &DisposalCertificate) -> Vec<String> {
    let digest = match &record.recording_sha256 {
        Some(digest) => format!(", SHA-256 {digest}"),
        None => String::new(),
    };
    let until = match &record.had_to_stay_until {
        Some(day) => format!("; it had to be retained through {day}"),
        None => String::new(),
    };
    let releases = match record.releases.len() {
        0 => "No release was disposed of with it.".to_owned(),
        1 => format!("Disposed of with it: release {}.", record.releases[0]),
        _ => format!(
            "Disposed of with it: releases {}.",
            record.releases.join(", ")
        ),
    };
    let store = record.queue_store.as_ref().map(|store| {
        format!(
            "The store of the queue ({store}) may still have parts of it, which remain there until \
             an administrator runs `redact queue clean --days 1`, a day or more after the jobs \
             ended."
        )
    });
    let is_alone = record.files_that_stay.is_empty() && record.same_file_stays_in.is_empty();
    let found = if is_alone {
        "No copy of them was found."
    } else {
        "No copy of them was found, except the equal files listed below, which belong to records \
         that stay."
    };
    let all = [
        format!("Disposal {}.", record.disposal),
        format!(
            "Recording {}, {} bytes{digest}, of request {}.",
            record.recording, record.recording_bytes, record.request_number
        ),
        format!(
            "Law: {}, {}. Category: {}, counted from {}{until}.",
            record.law,
            record.statute,
            record.category.replace('_', " "),
            record.counted_from
        ),
        format!(
            "Proposed by {} on {}.",
            record.proposed_by,
            time::plain(&record.proposed_at)
        ),
        format!(
            "Confirmed by {} on {}.",
            record.confirmed_by,
            time::plain(&record.confirmed_at)
        ),
        format!(
            "Finished on {}: {} files were deleted, and {} files of the data folder were searched \
             by content afterward. {found}",
            time::plain(&record.done_at),
            record.files.len(),
            record.files_compared
        ),
        releases,
    ];
    all.into_iter().chain(store).collect()
}

fn files(record: &DisposalCertificate) -> ReportSection {
    let rows = record.files.iter().map(|file| {
        vec![
            file.path.clone(),
            file.bytes.to_string(),
            file.sha256.clone(),
        ]
    });
    ReportSection {
        title: "Files deleted".to_owned(),
        columns: vec![
            ReportColumn::text("File", 2.2),
            ReportColumn::number("Bytes", 0.8),
            ReportColumn::text("SHA-256", 2.4),
        ],
        rows: rows.collect(),
        empty: "There were none.".to_owned(),
        ..ReportSection::default()
    }
}

fn backups(record: &DisposalCertificate) -> ReportSection {
    let rows = record.backups_with_it.iter().map(|backup| {
        vec![
            time::plain(&backup.at),
            backup.path.clone(),
            backup.manifest_sha256.clone(),
        ]
    });
    ReportSection {
        title: "Backups that still have it".to_owned(),
        columns: vec![
            ReportColumn::text("Made", 1.2),
            ReportColumn::text("Folder", 1.8),
            ReportColumn::text("SHA-256 of its manifest", 2.4),
        ],
        rows: rows.collect(),
        empty: "No backup is known that has it.".to_owned(),
        note: "A restore removes it again, as far as it finds the ledger (ledger.jsonl)."
            .to_owned(),
        ..ReportSection::default()
    }
}

fn stays(record: &DisposalCertificate) -> ReportSection {
    let requests = record.same_file_stays_in.iter().map(|one| {
        vec![
            format!("Recording {}", one.recording),
            one.request_number.clone(),
        ]
    });
    let files = record
        .files_that_stay
        .iter()
        .map(|path| vec![path.clone(), String::new()]);
    ReportSection {
        title: "Equal files that stay".to_owned(),
        columns: vec![
            ReportColumn::text("Where", 3.0),
            ReportColumn::text("Request", 1.4),
        ],
        rows: requests.chain(files).collect(),
        empty: "There are none.".to_owned(),
        ..ReportSection::default()
    }
}
