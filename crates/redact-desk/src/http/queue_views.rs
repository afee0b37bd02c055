//! Saved views of the queue.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::ApiResult;
use crate::db::queue_views::{self as rows, QueueViewRow};
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::service::queue_views::{self as views, SavedView};

/// Filters and columns of the queue under a name.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct QueueView {
    id: Id,
    name: String,
    /// The name of its owner.
    owner: String,
    /// Whether it is the user's own.
    own: bool,
    shared: bool,
    /// The filters, as the address of the queue has them.
    query: String,
    columns: Vec<String>,
}

fn present(who: &SessionUser, row: QueueViewRow) -> QueueView {
    QueueView {
        own: row.user == who.id,
        columns: serde_json::from_str(&row.columns).unwrap_or_default(),
        id: row.id,
        name: row.name,
        owner: row.owner,
        shared: row.shared,
        query: row.query,
    }
}

/// `GET /queue/views`.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Vec<QueueView>>> {
    let rows = rows::of(&app.db, &who.id).await?.into_iter();
    Ok(axum::Json(rows.map(|row| present(&who, row)).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueViewBody {
    name: String,
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    query: String,
    #[serde(default)]
    columns: Vec<String>,
}

impl QueueViewBody {
    fn saved(&self) -> SavedView<'_> {
        SavedView {
            name: &self.name,
            shared: self.shared,
            query: &self.query,
            columns: &self.columns,
        }
    }
}

/// `POST /queue/views`.
pub(crate) async fn add(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<QueueViewBody>,
) -> ApiResult<(StatusCode, axum::Json<QueueView>)> {
    let id = views::put(&app, &who, None, given.saved()).await?;
    let row = rows::own(&app.db, &who.id, &id).await?;
    Ok((StatusCode::CREATED, axum::Json(present(&who, row))))
}

/// `PUT /queue/views/:id`.
pub(crate) async fn change(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<QueueViewBody>,
) -> ApiResult<axum::Json<QueueView>> {
    views::put(&app, &who, Some(&id), given.saved()).await?;
    let row = rows::own(&app.db, &who.id, &id).await?;
    Ok(axum::Json(present(&who, row)))
}

/// `DELETE /queue/views/:id`.
pub(crate) async fn remove(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<StatusCode> {
    views::remove(&app, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
