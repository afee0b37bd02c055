//! Several recordings of one request: where each is on the clock that they share, and who is named
//! in the others.

use std::collections::HashSet;

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::history::{self, Entry};
use super::{sealed, views};
use crate::api_error::{ApiError, ApiResult};
use crate::db::pool;
use crate::db::{recordings, reviews};
use crate::domain::document::Document;
use crate::domain::history::changes;
use crate::domain::named::{NamedElsewhere, named};
use crate::domain::viewing::Seen;
use crate::id::Id;
use crate::model::SessionUser;

/// How far from the clock's zero a recording may begin: a year.
const SECONDS_MAX: f64 = 366.0 * 86_400.0;

/// The most cameras of one request.
const CAMERAS_MAX: usize = 1000;

/// The second of the clock at which a recording begins, in microseconds; `None`: not placed.
fn micros(seconds: Option<f64>) -> ApiResult<Option<i64>> {
    let Some(seconds) = seconds else {
        return Ok(None);
    };
    if !seconds.is_finite() || seconds.abs() > SECONDS_MAX {
        let expected = "Expected seconds, at most a year from the clock's zero.";
        return Err(ApiError::field("cameras.seconds", expected));
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bound above")]
    let micros = (seconds * 1e6).round() as i64;
    Ok(Some(micros))
}

/// A place on the clock in seconds, or nothing.
fn place_text(micros: Option<i64>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a year")]
    let text = |micros: i64| format!("{}", micros as f64 / 1e6);
    micros.map_or_else(String::new, text)
}

/// Places recordings on the clock of their request.
///
/// # Errors
/// 400 for a recording of another request, or an invalid time; 404; 409 `closed`.
pub(crate) async fn place(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    cameras: &[(Id, Option<f64>)],
) -> ApiResult<()> {
    check_open(app, request).await?;
    if cameras.len() > CAMERAS_MAX {
        let message = format!("At most {CAMERAS_MAX} recordings.");
        return Err(ApiError::field("cameras", message));
    }
    let rows = recordings::of_request(&app.db, request).await?;
    let mut known = HashSet::new();
    let mut change = pool::begin(&app.db).await?;
    let mut moved = false;
    for (id, seconds) in cameras {
        let to = micros(*seconds)?;
        let row = rows.iter().find(|row| row.id == *id);
        let row = row
            .filter(|row| known.insert(row.id.clone()))
            .ok_or_else(|| {
                ApiError::field(
                    "cameras.recording",
                    "Expected recordings of this request, each once.",
                )
            })?;
        if row.on_clock_micros == to {
            continue;
        }
        moved = true;
        recordings::set_on_clock(&mut change, id, to).await?;
        let entry = Entry {
            request,
            recording: Some(id),
            action: "on-clock",
            changes: changes(&[("on_clock", place_text(row.on_clock_micros), place_text(to))]),
            reason: "",
        };
        history::note(app, &mut change, &who.name, entry).await?;
    }
    change.commit().await?;
    if moved {
        app.notify(Change::Request(request.clone()));
    }
    Ok(())
}

/// The people who are named and decided in reviews of the other recordings of a review's request.
/// Whoever reads them has seen those reviews.
///
/// # Errors
/// 404.
pub(crate) async fn named_elsewhere(
    app: &Shared,
    who: &SessionUser,
    review: &Id,
) -> ApiResult<Vec<NamedElsewhere>> {
    let own = reviews::by_id(&app.db, review).await?.recording;
    let request = recordings::by_id(&app.db, &own).await?.request;
    let rows = recordings::of_request(&app.db, &request).await?;
    let mut list: Vec<NamedElsewhere> = Vec::new();
    let closed = sealed::closed_to(app, who).await?;
    for row in rows
        .into_iter()
        .filter(|row| row.id != own && !closed.has(&row.id))
    {
        let mut documents = Vec::new();
        for head in reviews::heads(&app.db, &row.id).await? {
            let review = &head.review;
            let saved = reviews::document(&app.db, &review.id, review.revision).await?;
            documents.push(saved.document);
        }
        // Long reviews take a while to read.
        let read = tokio::task::spawn_blocking(move || named_in(&documents, &row.name));
        let found = read.await??;
        if !found.is_empty() {
            views::note(app, who, &row.id, Seen::Review, 0..0).await?;
            list.extend(found);
        }
    }
    list.sort_by_key(|one| one.name.to_lowercase());
    Ok(list)
}

/// The people who are named and decided in reviews of one recording, each decision once.
fn named_in(documents: &[String], recording: &str) -> ApiResult<Vec<NamedElsewhere>> {
    let mut list: Vec<NamedElsewhere> = Vec::new();
    for text in documents {
        let document: Document =
            serde_json::from_str(text).map_err(|error| ApiError::internal(&error))?;
        for one in named(&document, recording) {
            let twice = |known: &NamedElsewhere| {
                known.name == one.name && known.decision.same(&one.decision)
            };
            if !list.iter().any(twice) {
                list.push(one);
            }
        }
    }
    Ok(list)
}
