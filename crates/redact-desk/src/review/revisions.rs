//! What was saved of a review: every revision, with who saved it and when.

use axum::extract::{Path, State};
use serde::Serialize;

use super::{Review, row, shown};
use crate::accounts::session::Who;
use crate::answer::Answer;
use crate::app::App;
use crate::store::Id;
use crate::time::{self, Millis};
use crate::views::{self, Seen};

#[derive(Serialize, sqlx::FromRow)]
pub(crate) struct Revision {
    revision: i64,
    #[serde(serialize_with = "as_text")]
    at: Millis,
    by: String,
    undecided: i64,
}

fn as_text<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::text(*at))
}

/// `GET /reviews/:id/revisions`.
pub(crate) async fn revisions(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> Answer<axum::Json<Vec<Revision>>> {
    row(&app, &id).await?;
    let list = sqlx::query_as(
        "SELECT revision, at, by, undecided FROM revisions WHERE review = ? ORDER BY revision",
    )
    .bind(&id)
    .fetch_all(&app.db)
    .await?;
    Ok(axum::Json(list))
}

/// `GET /reviews/:id/revisions/:n`.
pub(crate) async fn revision(
    State(app): State<App>,
    who: Who,
    Path((id, revision)): Path<(Id, i64)>,
) -> Answer<axum::Json<Review>> {
    let mut row = row(&app, &id).await?;
    views::note(&app, &who, &row.recording, Seen::Review, 0..0).await?;
    // A revision that was lost in a conflict has a number below zero.
    row.revision = revision;
    Ok(axum::Json(shown(&app, row).await?))
}
