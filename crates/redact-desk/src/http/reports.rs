//! Reports of the office's own records as PDF, signed where they are evidence.

use axum::extract::{Path, State};
use axum::response::Response;
use redact_record::papers::{ReportPaper, ReportSection, report_pdf};
use serde::Serialize;

use super::files::download;
use crate::api_error::{ApiError, ApiResult};
use crate::domain::exports::Export;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::papers;
use crate::time;

/// A report to print.
pub(super) struct Report {
    pub(super) title: &'static str,
    pub(super) facts: Vec<String>,
    pub(super) sections: Vec<ReportSection>,
}

/// A signed document, ready to download.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SignedExport {
    id: Id,
    name: String,
    entries: usize,
}

impl SignedExport {
    /// What the page shows of an export with that many entries.
    pub(super) fn of(export: &Export, entries: usize) -> Self {
        Self {
            id: export.id.clone(),
            name: export.name.clone(),
            entries,
        }
    }
}

impl Report {
    /// A report that says which agency it is of.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn new(app: &App, title: &'static str) -> ApiResult<Self> {
        Ok(Self {
            title,
            facts: papers::agency(app).await?.into_iter().collect(),
            sections: Vec::new(),
        })
    }

    /// Who made it, and when.
    pub(super) fn made_by(&mut self, app: &App, who: &SessionUser) {
        let now = app.now();
        self.facts.push(format!(
            "Made by {} on {}, local time in {} {}.",
            who.name,
            time::plain(&time::text(now)),
            app.zone().name,
            app.zone().local_text(now)
        ));
    }

    /// The report as PDF.
    ///
    /// # Errors
    /// Internal errors.
    pub(super) async fn pdf(self, app: &App) -> ApiResult<Vec<u8>> {
        let program = app.options.event_log.program.clone();
        let made_at = app.now_nanos();
        let made = tokio::task::spawn_blocking(move || {
            report_pdf(&ReportPaper {
                title: self.title,
                facts: &self.facts,
                sections: &self.sections,
                program: &program,
                made_at,
            })
        });
        Ok(made.await??)
    }

    /// The report, signed with the release key and held until it is downloaded.
    ///
    /// # Errors
    /// Internal errors, also if the key cannot be used.
    pub(super) async fn signed(
        self,
        app: &App,
        who: &SessionUser,
        (name, entries): (&str, usize),
    ) -> ApiResult<SignedExport> {
        let pdf = self.pdf(app).await?;
        let (sign, made_at) = (app.options.sign_export.clone(), app.now_nanos());
        let signed = tokio::task::spawn_blocking(move || {
            let signature = sign(&pdf, made_at).map_err(|error| ApiError::internal(&error))?;
            Ok::<_, ApiError>((pdf, signature))
        });
        let (pdf, signature) = signed.await??;
        let export = Export {
            id: Id::random(),
            owner: who.id.clone(),
            name: format!("{name}-{}.pdf", time::day_text(app.today())),
            pdf,
            signature,
        };
        let made = SignedExport::of(&export, entries);
        app.exports.add(export);
        Ok(made)
    }
}

fn own(app: &App, who: &SessionUser, id: &Id) -> ApiResult<std::sync::Arc<Export>> {
    app.exports.own(&who.id, id).ok_or_else(ApiError::not_found)
}

/// `GET /exports/:id/pdf`.
pub(crate) async fn pdf(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    let export = own(&app, &who, &id)?;
    let bytes = export.pdf.clone();
    Ok(download("application/pdf", &export.name, bytes))
}

/// `GET /exports/:id/signature`.
pub(crate) async fn signature(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<Response> {
    let export = own(&app, &who, &id)?;
    let name = format!("{}.minisig", export.name);
    let text = export.signature.clone().into_bytes();
    Ok(download("text/plain; charset=utf-8", &name, text))
}

/// A spreadsheet to save.
pub(super) fn csv_response(name: &str, text: String) -> Response {
    download("text/csv; charset=utf-8", name, text)
}
