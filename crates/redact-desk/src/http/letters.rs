//! Letters about a request.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use redact_record::letters::TemplateOrigin;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::files::download;
use super::manual::{ManualBlock, present_blocks};
use crate::api_error::ApiResult;
use crate::db::letters::{self as rows, LetterRow, SendRow};
use crate::db::releases;
use crate::db::requests;
use crate::id::Id;
use crate::model::papers::{LetterKind, SentBy};
use crate::model::{SessionUser, Unit};
use crate::service::app::App;
use crate::service::letters::{self, NewLetter, Sent};
use crate::service::papers;
use crate::service::sealed;
use crate::time;

/// A kind of letter that can be made.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LetterChoice {
    kind: LetterKind,
    title: String,
    note: String,
    /// Whether the office wrote its template.
    own: bool,
}

/// To whom a letter was sent.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LetterSend {
    by: String,
    at: String,
    to: String,
    means: SentBy,
    on: String,
    note: String,
}

/// A letter that was made.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestLetter {
    id: Id,
    kind: LetterKind,
    title: String,
    at: String,
    by: String,
    bytes: i64,
    sha256: String,
    /// Oldest first.
    sends: Vec<LetterSend>,
}

/// The letters of a request.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestLetters {
    /// Newest first.
    letters: Vec<RequestLetter>,
    choices: Vec<LetterChoice>,
    /// Why no letter can be made: which of the office's files is wrong.
    problem: Option<String>,
}

fn send(row: SendRow) -> LetterSend {
    LetterSend {
        by: row.by,
        at: time::text(row.at),
        to: row.recipient,
        means: row.means,
        on: row.sent_on,
        note: row.note,
    }
}

fn present(row: LetterRow, sends: Vec<SendRow>) -> RequestLetter {
    RequestLetter {
        id: row.id,
        kind: row.kind,
        title: row.title,
        at: time::text(row.at),
        by: row.by,
        bytes: row.bytes,
        sha256: row.sha256,
        sends: sends.into_iter().map(send).collect(),
    }
}

/// `GET /requests/:id/letters`.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestLetters>> {
    requests::by_id(&app.db, &id).await?;
    let mut sends = rows::sends(&app.db, &id).await?;
    let letters = rows::of_request(&app.db, &id).await?.into_iter();
    let letters = letters.map(|row| {
        let of = sends.remove(&row.id).unwrap_or_default();
        present(row, of)
    });
    let letters = letters.collect();
    let (choices, problem) = match papers::office(&app).await {
        Ok(office) => {
            let choice = |kind: LetterKind| {
                let template = office.templates.get(kind.template())?;
                Some(LetterChoice {
                    kind,
                    title: template.title.clone(),
                    note: template.note.clone(),
                    own: template.origin == TemplateOrigin::Office,
                })
            };
            (
                LetterKind::ALL.into_iter().filter_map(choice).collect(),
                None,
            )
        }
        Err(error) => (Vec::new(), Some(error.message().to_owned())),
    };
    Ok(axum::Json(RequestLetters {
        letters,
        choices,
        problem,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionBody {
    days: u16,
    unit: Unit,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterBody {
    kind: LetterKind,
    #[serde(default)]
    text: String,
    extension: Option<ExtensionBody>,
}

impl LetterBody {
    fn new_letter(&self) -> NewLetter<'_> {
        let extension = self.extension.as_ref();
        NewLetter {
            kind: self.kind,
            text: &self.text,
            extension: extension.map(|given| (given.days, given.unit, given.reason.as_str())),
        }
    }
}

/// A letter or an invoice that is not made yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PaperPreview {
    pub(super) title: String,
    pub(super) blocks: Vec<ManualBlock>,
    /// What the person should know before it is made.
    pub(super) warnings: Vec<String>,
}

/// Refuses a letter about releases of which an order closes one to the user.
async fn check_releases_open(
    app: &App,
    who: &SessionUser,
    request: &Id,
    kind: LetterKind,
) -> ApiResult<()> {
    if kind.has_releases() {
        for release in releases::of_request(&app.db, request).await? {
            sealed::check(app, who, "releases", &release.id).await?;
        }
    }
    Ok(())
}

/// `POST /requests/:id/letters/preview`.
pub(crate) async fn preview(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<LetterBody>,
) -> ApiResult<axum::Json<PaperPreview>> {
    check_releases_open(&app, &who, &id, given.kind).await?;
    let filled = letters::fill(&app, &id, given.new_letter()).await?;
    Ok(axum::Json(PaperPreview {
        blocks: present_blocks(filled.letter.blocks(), ""),
        title: filled.letter.title,
        warnings: filled.warnings,
    }))
}

/// The id of what was made.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct MadePaper {
    pub(super) id: Id,
}

/// `POST /requests/:id/letters`.
pub(crate) async fn make(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<LetterBody>,
) -> ApiResult<(StatusCode, axum::Json<MadePaper>)> {
    check_releases_open(&app, &who, &id, given.kind).await?;
    let id = letters::make(&app, &who, &id, given.new_letter()).await?;
    Ok((StatusCode::CREATED, axum::Json(MadePaper { id })))
}

/// `DELETE /requests/:id/letters/:letter`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path((id, letter)): Path<(Id, Id)>,
) -> ApiResult<StatusCode> {
    letters::remove(&app, &who, (&id, &letter)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A PDF to save.
pub(super) fn pdf_response(name: &str, pdf: Vec<u8>) -> Response {
    download("application/pdf", name, pdf)
}

/// `GET /requests/:id/letters/:letter/pdf`.
pub(crate) async fn pdf(
    State(app): State<App>,
    who: SessionUser,
    Path((id, letter)): Path<(Id, Id)>,
) -> ApiResult<Response> {
    let (name, pdf) = letters::pdf(&app, &who, (&id, &letter)).await?;
    Ok(pdf_response(&name, pdf))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendBody {
    to: String,
    means: SentBy,
    on: String,
    #[serde(default)]
    note: String,
}

/// `POST /requests/:id/letters/:letter/sends`.
pub(crate) async fn record_send(
    State(app): State<App>,
    who: SessionUser,
    Path((id, letter)): Path<(Id, Id)>,
    Body(given): Body<SendBody>,
) -> ApiResult<StatusCode> {
    let sent = Sent {
        to: &given.to,
        means: given.means,
        on: &given.on,
        note: &given.note,
    };
    letters::send(&app, &who, (&id, &letter), sent).await?;
    Ok(StatusCode::NO_CONTENT)
}
