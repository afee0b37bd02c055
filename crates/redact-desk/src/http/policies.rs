//! Policies as the API returns them.

use axum::extract::{Path, State};

use crate::api_error::ApiResult;
use crate::domain::policy::{Policy, PolicyHead};
use crate::service::app::App;
use crate::service::policies::stored;

/// `GET /policies`.
pub(crate) async fn list(State(app): State<App>) -> axum::Json<Vec<PolicyHead>> {
    let all = app.policies.all().into_iter();
    let heads = all.map(|known| known.1.head.clone());
    axum::Json(heads.collect())
}

/// `GET /policies/:digest`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(digest): Path<String>,
) -> ApiResult<axum::Json<Policy>> {
    Ok(axum::Json(stored(&app.db, &digest).await?))
}
