//! The files of a release: where they lie, and who may have which.

use std::path::{Path as FilePath, PathBuf};

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use redact_record::events::Act;
use redact_record::release_paths;
use serde::{Deserialize, Serialize};

use super::{neutral_name, release_file, row};
use crate::accounts::session::Who;
use crate::answer::{Answer, ApiError};
use crate::app::{App, Note};
use crate::files::{self, Shown};
use crate::routes::Role;
use crate::store::Id;

/// The files of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileKind {
    Release,
    Manifest,
    ManifestSignature,
    Sealed,
    SealedSignature,
    Log,
    LogCsv,
    LogPdf,
    Report,
}

impl FileKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Release,
        Self::Manifest,
        Self::ManifestSignature,
        Self::Sealed,
        Self::SealedSignature,
        Self::Log,
        Self::LogCsv,
        Self::LogPdf,
        Self::Report,
    ];

    /// Whether it tells what was hidden, and so stays in the house.
    pub(super) const fn is_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::SealedSignature)
    }

    pub(super) fn path(self, release: &FilePath) -> PathBuf {
        let paths = release_paths(release);
        match self {
            Self::Release => release.to_owned(),
            Self::Manifest => paths.manifest,
            Self::ManifestSignature => paths.manifest_signature,
            Self::Sealed => paths.sealed,
            Self::SealedSignature => paths.sealed_signature,
            Self::Log => paths.log,
            Self::LogCsv => paths.log_csv,
            Self::LogPdf => paths.log_pdf,
            Self::Report => report_path(release),
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Release => "video/mp4",
            Self::Manifest | Self::Sealed => "application/json",
            Self::LogPdf | Self::Report => "application/pdf",
            Self::LogCsv => "text/csv; charset=utf-8",
            // A log as a page would run in this origin: it is saved, and read as text here.
            Self::Log | Self::ManifestSignature | Self::SealedSignature => {
                "text/plain; charset=utf-8"
            }
        }
    }
}

/// Where the verdict as a page lies.
pub(crate) fn report_path(release: &FilePath) -> PathBuf {
    release.with_extension("verdict.pdf")
}

/// `GET /releases/:id/files/:kind`.
pub(crate) async fn file(
    State(app): State<App>,
    who: Who,
    Path((id, kind)): Path<(Id, FileKind)>,
    headers: HeaderMap,
) -> Answer<Response> {
    if kind.is_sealed() && who.role == Role::Auditor {
        return Err(ApiError::not_found());
    }
    let row = row(&app, &id).await?;
    let release = release_file(&app, &id, &row.stem);
    if !release.exists() {
        return Err(ApiError::not_found());
    }
    let path = kind.path(&release);
    let name = neutral_name(&row, &path);
    let shown = Shown {
        kind: kind.media_type(),
        save_as: Some(&name),
    };
    let answer = files::send(&path, shown, &headers).await?;
    let word = serde_json::to_value(kind).unwrap_or_default();
    let word = word.as_str().unwrap_or_default().replace('_', "-");
    let note = Note::new(Act::Export, "download")
        .id("release", &id)
        .label("file", &word);
    app.note(&who.name, note).await?;
    Ok(answer)
}
