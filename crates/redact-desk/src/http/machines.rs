//! Other machines as the API returns them.

use axum::extract::State;

use crate::api_error::{ApiError, ApiResult};
use crate::machines::MachineList;
use crate::service::app::App;

/// `GET /machines`: `null` where the desk uses no queue.
pub(crate) async fn list(State(app): State<App>) -> ApiResult<axum::Json<Option<MachineList>>> {
    let Some(machines) = app.options.machines.clone() else {
        return Ok(axum::Json(None));
    };
    let listed = tokio::task::spawn_blocking(move || machines.list()).await;
    match listed {
        Ok(Ok(list)) => Ok(axum::Json(Some(list))),
        Ok(Err(error)) => {
            tracing::warn!("cannot list the machines of the queue: {error}");
            Err(unreachable())
        }
        Err(_) => Err(unreachable()),
    }
}

fn unreachable() -> ApiError {
    ApiError::conflict("no_queue", "The queue cannot be reached.").hint(
        "Scans and renders go on when its database is back. The administrator finds the cause in \
         the desk's own messages.",
    )
}
