//! What people change of a recording after its intake: its name, its request, whether it is
//! responsive, and its removal.

use std::path::PathBuf;
use std::time::Duration;

use super::app::Shared;
use super::approvals;
use super::change::Change;
use super::clips;
use super::closed::check_open;
use super::history::{self, Entry};
use super::holds::check_not_held;
use super::recordings::extension;
use super::requests::REASON_CHARS_MAX;
use super::retention;
use super::sealed;
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::pool::{self, Connection};
use crate::db::recordings::{self, RecordingRow};
use crate::db::requests::{self, RequestRow};
use crate::db::{jobs, practice, releases, reviews};
use crate::domain::history::changes;
use crate::id::Id;
use crate::model::{ReleaseState, SessionUser};

/// How long to wait for running jobs of a recording that is removed.
const STOP_TRIES: u32 = 100;

const STOP_PAUSE: Duration = Duration::from_millis(100);

/// What a user changes of a recording, all at once or not at all.
#[derive(Default)]
pub(crate) struct RecordingChange<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) responsive: Option<bool>,
    /// The request to move it to.
    pub(crate) request: Option<&'a Id>,
    /// Why it is moved, or responsive or not.
    pub(crate) reason: &'a str,
}

/// Renames a recording, marks it as responsive or not, and moves it to another request with its
/// reviews. If one of these is refused, none is made.
///
/// # Errors
/// 400 for an invalid name, without a reason, or for a request that does not exist or is closed;
/// 404; 409 `closed`, `handed_over` (not responsive), `has_releases` (moving: a release names its
/// request), `held` (moving, under a legal hold), `sealed` (moving, under a court order or into a
/// request under one).
pub(crate) async fn change(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    new: RecordingChange<'_>,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = recordings::by_id(&app.db, id).await?;
    check_open(app, &row.request).await?;
    let name = new.name.map(|name| check_name(&row, name)).transpose()?;
    let name = name.filter(|name| *name != row.name);
    let responsive = match new.responsive {
        Some(responsive) => check_responsive(app, &row, (responsive, new.reason)).await?,
        None => None,
    };
    let target = match new.request {
        Some(to) => Some(check_move(app, &row, (to, new.reason)).await?),
        None => None,
    };
    let mut change = pool::begin(&app.db).await?;
    if let Some(name) = &name {
        rename(app, &mut change, (who, &row), name).await?;
    }
    if let Some((responsive, reason)) = &responsive {
        mark(app, &mut change, (who, &row), (*responsive, reason)).await?;
    }
    if let Some((target, reason)) = &target {
        move_to(app, &mut change, (who, &row), (target, reason)).await?;
    }
    change.commit().await?;
    notify(app, &row);
    if let Some((target, _)) = target {
        app.notify(Change::Request(target.id));
    }
    Ok(())
}

/// A recording's new name. Its ending stays, because the file has it.
fn check_name(row: &RecordingRow, name: &str) -> ApiResult<String> {
    let name = text("name", &redact_record::visible(name), 255)?;
    let ending = extension(&row.name);
    if extension(&name) == ending {
        return Ok(name);
    }
    let ending = row.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let message = if ending.is_empty() || extension(&row.name) == "bin" {
        "The name must not have an ending such as .mp4, because the file has none.".to_owned()
    } else {
        format!("The name must end with .{ending}, as the file does.")
    };
    Err(ApiError::field("name", message))
}

async fn rename(
    app: &Shared,
    change: &mut Connection,
    (who, row): (&SessionUser, &RecordingRow),
    name: &str,
) -> ApiResult<()> {
    recordings::set_name(change, &row.id, name).await?;
    let entry = Entry {
        request: &row.request,
        recording: Some(&row.id),
        action: "renamed",
        changes: changes(&[("name", row.name.clone(), name.to_owned())]),
        reason: "",
    };
    history::note(app, change, &who.name, entry).await
}

/// Whether the recording becomes responsive or not, and why; `None` if it is so already.
async fn check_responsive(
    app: &Shared,
    row: &RecordingRow,
    (responsive, reason): (bool, &str),
) -> ApiResult<Option<(bool, String)>> {
    let reason = required(reason, "Enter why the recording is responsive or not.")?;
    if row.not_responsive != responsive {
        return Ok(None);
    }
    if !responsive && releases::recipients(&app.db, &row.id).await? > 0 {
        let message = "A release of this recording was handed over, so it is responsive.";
        return Err(ApiError::conflict("handed_over", message));
    }
    Ok(Some((responsive, reason)))
}

/// Marks a recording as responsive or not. One that is not does not count in its request's state.
async fn mark(
    app: &Shared,
    change: &mut Connection,
    (who, row): (&SessionUser, &RecordingRow),
    (responsive, reason): (bool, &str),
) -> ApiResult<()> {
    recordings::set_not_responsive(change, &row.id, !responsive).await?;
    let entry = Entry {
        request: &row.request,
        recording: Some(&row.id),
        action: if responsive {
            "responsive"
        } else {
            "not-responsive"
        },
        changes: Vec::new(),
        reason,
    };
    history::note(app, change, &who.name, entry).await
}

/// The request to which a recording can be moved, and why it is.
async fn check_move(
    app: &Shared,
    row: &RecordingRow,
    (to, reason): (&Id, &str),
) -> ApiResult<(RequestRow, String)> {
    let reason = required(
        reason,
        "Enter why the recording belongs to the other request.",
    )?;
    let target = requests::by_id(&app.db, to).await;
    let target = target.map_err(|_| ApiError::field("request", "Request not found."))?;
    if target.closed {
        let message = "That request is closed. Reopen it first.";
        return Err(ApiError::field("request", message));
    }
    sealed::check_open_to_all(app, &row.id).await?;
    sealed::check_request_open_to_all(app, to).await?;
    // A hold of its request is found by where it is.
    check_not_held(app, &row.id).await?;
    let message = "A practice request can have only the sample recording, which cannot be moved.";
    practice::refuse(&app.db, &row.request, message).await?;
    practice::refuse(&app.db, to, message).await?;
    if row.request == *to {
        let message = "The recording is in that request already.";
        return Err(ApiError::field("request", message));
    }
    if let Some(release) = releases::of_recording(&app.db, &row.id).await?.first() {
        let message = format!(
            "The recording has a release ({}), whose manifest names this request.",
            release.title
        );
        return Err(ApiError::conflict("has_releases", message)
            .hint("Add the recording to the other request, too."));
    }
    Ok((target, reason))
}

async fn move_to(
    app: &Shared,
    change: &mut Connection,
    (who, row): (&SessionUser, &RecordingRow),
    (target, reason): (&RequestRow, &str),
) -> ApiResult<()> {
    let from = requests::facts(&app.db, &row.request).await?;
    recordings::set_request(change, &row.id, &target.id).await?;
    // Who approved it did so for the other requester.
    let why = "The recording was moved to another request.";
    approvals::void_all(app, change, (who, &row.id), why).await?;
    // The history of both requests says where the recording went and where it came from.
    for request in [&row.request, &target.id] {
        let entry = Entry {
            request,
            recording: Some(&row.id),
            action: "moved",
            changes: changes(&[("request", from.number.clone(), target.facts.number.clone())]),
            reason,
        };
        history::note(app, change, &who.name, entry).await?;
    }
    Ok(())
}

/// Removes a recording: its file, everything made from it, and its reviews.
///
/// # Errors
/// 400 without a reason; 404; 409 `has_releases` if a release was made of it, `held` under a legal
/// hold, `must_stay` if a law says that it stays, `conflict` while its jobs are stopping.
pub(crate) async fn remove(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    reason: &str,
) -> ApiResult<()> {
    let reason = required(reason, "Enter why the recording is removed.")?;
    let row = recordings::by_id(&app.db, id).await?;
    check_open(app, &row.request).await?;
    check_unreleased(app, id).await?;
    check_not_held(app, id).await?;
    retention::check_may_be_removed(app, id).await?;
    stop_jobs(app, id).await?;
    // Nothing is approved or released in between.
    let _alone = app.review_lock.lock().await;
    let row = recordings::by_id(&app.db, id).await?;
    check_open(app, &row.request).await?;
    check_unreleased(app, id).await?;
    check_not_held(app, id).await?;
    retention::check_may_be_removed(app, id).await?;
    let mut change = pool::begin(&app.db).await?;
    if jobs::count_active(&mut change, id).await? > 0 {
        return Err(still_stopping());
    }
    let heads = reviews::heads(&app.db, id).await?;
    let previews = jobs::of_recording(&app.db, id).await?;
    recordings::remove(&mut change, id, app.now()).await?;
    let entry = Entry {
        request: &row.request,
        recording: Some(id),
        action: "removed",
        changes: Vec::new(),
        reason: &reason,
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.forget_findings(id);
    app.previews.forget(id);
    for head in &heads {
        clips::delete(app, &head.review.id).await?;
    }
    let plans = heads.iter().map(|head| app.folders.plans(&head.review.id));
    let folders: Vec<PathBuf> = plans.chain([app.folders.recording(id)]).collect();
    delete_folders(folders).await?;
    for job in previews {
        // Only previews have one, and what is left is removed at the next start.
        tokio::fs::remove_file(app.folders.clip(&job)).await.ok();
    }
    notify(app, &row);
    Ok(())
}

/// Deletes folders with everything in them, where they exist.
pub(crate) async fn delete_folders(folders: Vec<PathBuf>) -> ApiResult<()> {
    for folder in folders {
        match tokio::fs::remove_dir_all(folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a recording of which a release was made: whoever checks the release later needs it.
async fn check_unreleased(app: &Shared, id: &Id) -> ApiResult<()> {
    let releases = releases::of_recording(&app.db, id).await?;
    // Also one whose later check failed: it may have been handed over.
    let made = releases
        .iter()
        .find(|release| release.made_at.is_some() || release.state != ReleaseState::Failed);
    let Some(release) = made else { return Ok(()) };
    let message = format!(
        "A release was made of this recording ({}), and later checks of it need the recording.",
        release.title
    );
    Err(ApiError::conflict("has_releases", message)
        .hint("If the requester did not ask for it, mark it as not responsive instead."))
}

/// Cancels the recording's jobs and waits until none runs.
pub(crate) async fn stop_jobs(app: &Shared, id: &Id) -> ApiResult<()> {
    for _ in 0..STOP_TRIES {
        let active = jobs::active_of_recording(&app.db, id).await?;
        if active.is_empty() {
            return Ok(());
        }
        for job in active {
            // It may have ended by itself.
            super::jobs::cancel(app, &job).await.ok();
        }
        tokio::time::sleep(STOP_PAUSE).await;
    }
    Err(still_stopping())
}

pub(crate) fn still_stopping() -> ApiError {
    ApiError::conflict("conflict", "The recording's jobs are still stopping.")
        .hint("Try again in a moment.")
}

fn required(reason: &str, message: &str) -> ApiResult<String> {
    match reason.trim() {
        "" => Err(ApiError::field("reason", message)),
        reason => text("reason", reason, REASON_CHARS_MAX),
    }
}

fn notify(app: &Shared, row: &RecordingRow) {
    app.notify(Change::Recording(row.id.clone()));
    app.notify(Change::Request(row.request.clone()));
}
