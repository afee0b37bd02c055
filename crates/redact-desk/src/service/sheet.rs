//! The contact sheet of a review.

use super::app::Shared;
use super::reviews::LoadedReview;
use super::views;
use crate::api_error::{ApiError, ApiResult};
use crate::domain::sheet::{SheetItem, sheet};
use crate::id::Id;

/// The contact sheet of one revision.
pub(crate) struct ReviewSheet {
    pub(crate) recording: Id,
    /// In order of time.
    pub(crate) items: Vec<SheetItem>,
}

/// The contact sheet of a revision of a review, or of the newest.
///
/// # Errors
/// 404, 409 `not_ready`.
pub(crate) async fn of(app: &Shared, review: &Id, revision: Option<i64>) -> ApiResult<ReviewSheet> {
    let loaded = LoadedReview::load(app, review, revision).await?;
    let recording = loaded.row.recording.clone();
    let timeline = views::timeline(app, &recording).await;
    let not_ready = || ApiError::conflict("not_ready", "The recording is not ready yet.");
    let timeline = timeline.ok_or_else(not_ready)?;
    let made = tokio::task::spawn_blocking(move || {
        let plan = loaded.plan()?;
        Ok::<_, ApiError>(sheet(&loaded.document, &plan, &timeline))
    });
    let items = made.await??;
    Ok(ReviewSheet { recording, items })
}
