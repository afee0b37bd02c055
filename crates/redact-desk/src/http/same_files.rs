//! Other recordings of a recording's file, with the reviews whose decisions can be used again.

use serde::Serialize;

use crate::api_error::ApiResult;
use crate::db::recordings::SameRow;
use crate::db::reviews::{self, HeadRow};
use crate::id::Id;
use crate::read_options::ReadOptions;
use crate::service::app::Shared;
use crate::time;

/// Another recording of the same file.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SameRecording {
    id: Id,
    name: String,
    request: Id,
    request_number: String,
    reviewed: bool,
    released: bool,
    /// Reviews whose decisions can be copied; none if the file was read differently there.
    reviews: Vec<SameReview>,
}

/// A review of another recording of the same file.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SameReview {
    id: Id,
    title: String,
    changed_at: String,
    changed_by: String,
}

/// The recordings among `known` that are of the same file as the one with that id, digest and read
/// options.
///
/// # Errors
/// Database errors.
pub(crate) async fn same_files(
    app: &Shared,
    known: &[SameRow],
    (id, sha256, options): (&Id, Option<&String>, ReadOptions),
) -> ApiResult<Vec<SameRecording>> {
    let same = |other: &&SameRow| sha256 == Some(&other.sha256) && other.id != *id;
    let mut list = Vec::new();
    for other in known.iter().filter(same) {
        let read = other.options.as_deref().map(serde_json::from_str);
        let read: ReadOptions = read.transpose().unwrap_or_default().unwrap_or_default();
        let mut heads = Vec::new();
        if read.settings() == options.settings() {
            heads = reviews::heads(&app.db, &other.id).await?;
        }
        // The review that every recording has at first has no decision until somebody saves it.
        let decided = (0..).zip(heads);
        let decided = decided.filter(|(at, row)| *at > 0 || row.review.revision > 1);
        list.push(SameRecording {
            id: other.id.clone(),
            name: other.name.clone(),
            request: other.request.clone(),
            request_number: other.request_number.clone(),
            reviewed: other.reviewed,
            released: other.released,
            reviews: decided.map(|(_, row)| present(row)).collect(),
        });
    }
    Ok(list)
}

fn present(row: HeadRow) -> SameReview {
    SameReview {
        id: row.review.id,
        title: row.review.title,
        changed_at: time::text(row.at),
        changed_by: row.by,
    }
}
