//! `verify.html`, with which a recipient checks a release in a browser.

use std::ops::ControlFlow;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use redact_record::events::Act;
use serde::Serialize;

use super::files::{self, SendAs};
use crate::api_error::{ApiError, ApiResult};
use crate::event::Event;
use crate::model::SessionUser;
use crate::service::app::App;

/// The name of its file.
const NAME: &str = "verify.html";

/// The verifier of this installation.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Verifier {
    name: &'static str,
    bytes: u64,
    /// For the agency to publish.
    sha256: String,
}

fn missing() -> ApiError {
    ApiError::conflict("no_verifier", "verify.html is not installed.")
        .hint("Build it with `make checker`, or start the desk with --verifier FILE.")
}

/// `GET /verifier`.
pub(crate) async fn show(State(app): State<App>) -> ApiResult<axum::Json<Verifier>> {
    let path = app.options.verifier.clone().ok_or_else(missing)?;
    let digest = tokio::task::spawn_blocking(move || {
        redact_record::digest_file(&path, &mut |_, _| ControlFlow::Continue(()))
    });
    let (digest, bytes) = digest.await?.map_err(|_| missing())?;
    Ok(axum::Json(Verifier {
        name: NAME,
        bytes,
        sha256: digest.to_string(),
    }))
}

/// `GET /verifier/file`.
pub(crate) async fn file(
    State(app): State<App>,
    who: SessionUser,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let path = app.options.verifier.as_ref().ok_or_else(missing)?;
    let sent = SendAs {
        // Saved, never shown: it would run in this origin.
        kind: "application/octet-stream",
        save_as: Some(NAME),
    };
    let answer = files::send(path, sent, &headers).await?;
    let event = Event::new(Act::Export, "download").label("file", "verifier");
    app.log_event(&who.name, event).await?;
    Ok(answer)
}
