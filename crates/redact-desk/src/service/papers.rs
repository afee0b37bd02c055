//! The office's papers: its letterhead, templates and appeals, and letters as PDF.

use redact_core::error::with_causes;
use redact_record::RecordError;
use redact_record::letters::Letter;
use redact_record::manifest::PublicManifest;
use redact_record::office::Office;
use redact_record::package::Exhibit;
use redact_record::papers::{LetterPaper, letter_pdf, words};

use super::app::Shared;
use super::releases::path;
use super::settings::{Setting, effective};
use crate::api_error::{ApiError, ApiResult, sentence};
use crate::db::releases;
use crate::domain::release_files::FileKind;
use crate::id::Id;
use crate::model::ReleaseState;
use crate::time;

/// The office as its papers show it. Read each time: an office edits its files and settings while
/// the desk is running. This is the one place from which the desk takes the letterhead: the name
/// and the lines of the settings go before those of the folder.
///
/// # Errors
/// 422 `papers` names the file that is wrong, and of a template the line; database errors.
pub(crate) async fn office(app: &Shared) -> ApiResult<Office> {
    let folder = app.options.office.clone();
    let read = tokio::task::spawn_blocking(move || Office::read(&folder)).await?;
    let mut office = read.map_err(|error| unusable(&error))?;
    if let Some(name) = effective(app, Setting::Name).await? {
        office.letterhead.agency = Some(name);
    }
    if let Some(lines) = effective(app, Setting::Letterhead).await? {
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
        office.letterhead.address = lines.map(str::to_owned).collect();
        office.letterhead.contact.clear();
    }
    Ok(office)
}

/// Which agency a report is of, as its letters name it; `None` if that was not set. A file of the
/// office that cannot be read stops no report: nothing else of it is in one.
///
/// # Errors
/// Those of the database.
pub(crate) async fn agency(app: &Shared) -> ApiResult<Option<String>> {
    let named = match effective(app, Setting::Name).await? {
        Some(name) => Some(name),
        None => {
            let office = office(app).await.ok();
            office.and_then(|office| office.letterhead.agency)
        }
    };
    Ok(named.map(|name| format!("Agency: {name}")))
}

/// What is wrong with a file of the office.
pub(crate) fn unusable(error: &RecordError) -> ApiError {
    ApiError::refused("papers", sentence(&with_causes(error)))
        .hint("Correct the file in the office's folder, and try again.")
}

/// A letter as it goes out.
pub(crate) struct PrintedLetter {
    pub(crate) pdf: Vec<u8>,
    pub(crate) sha256: String,
}

/// Prints a letter about a request under the office's letterhead.
///
/// # Errors
/// 422 `papers` for a letter that is not text; internal errors.
pub(crate) async fn print(
    app: &Shared,
    office: Office,
    number: String,
    letter: Letter,
) -> ApiResult<PrintedLetter> {
    letter.check().map_err(|error| unusable(&error))?;
    let program = app.options.event_log.program.clone();
    let made_at = app.now_nanos();
    let made = tokio::task::spawn_blocking(move || {
        let paper = LetterPaper {
            office: &office,
            agency: office.letterhead.agency.as_deref(),
            request_number: Some(&number),
            program: &program,
            made_at,
        };
        letter_pdf(&paper, &letter)
    });
    let pdf = made.await??;
    let sha256 = redact_record::digest_bytes(&pdf).to_string();
    Ok(PrintedLetter { pdf, sha256 })
}

/// Checks a stored PDF against its digest.
///
/// # Errors
/// Internal error if it was changed.
pub(crate) fn unchanged(pdf: Vec<u8>, sha256: &str) -> ApiResult<Vec<u8>> {
    if redact_record::digest_bytes(&pdf).to_string() == sha256 {
        return Ok(pdf);
    }
    Err(ApiError::internal(
        &"a stored PDF differs from its digest; restore the database from a backup",
    ))
}

/// The verified releases of a request that no newer one replaced, as letters list them: without the
/// names of recordings, which may name people.
///
/// # Errors
/// 409 `no_releases`; internal errors for a manifest that cannot be read.
pub(crate) async fn released(app: &Shared, request: &Id) -> ApiResult<Vec<Exhibit>> {
    let mut exhibits = Vec::new();
    for row in releases::of_request(&app.db, request).await? {
        if row.state != ReleaseState::Ready || row.replaced_by.is_some() {
            continue;
        }
        let bytes = tokio::fs::read(FileKind::Manifest.path(&path(app, &row))).await?;
        let manifest: PublicManifest =
            serde_json::from_slice(&bytes).map_err(|error| ApiError::internal(&error))?;
        let number = u32::try_from(exhibits.len() + 1).unwrap_or(u32::MAX);
        exhibits.push(Exhibit::new(number, &manifest, &bytes, None, Vec::new()));
    }
    if exhibits.is_empty() {
        let message = "The request has no verified release that this letter could be about.";
        return Err(ApiError::conflict("no_releases", message));
    }
    Ok(exhibits)
}

/// `January 31, 2026`, of `2026-01-31`.
pub(crate) fn day_in_words(day: &str) -> String {
    time::read_day(day).map_or_else(|| day.to_owned(), words::day)
}
