//! Disposal of recordings: proposed by one person, decided by a second one.

use redact_record::events::Act;
use serde_json::json;

use super::app::{App, Shared};
use super::change::Change;
use super::disposing;
use super::holds::check_not_held;
use super::reauthentication::with_password;
use super::requests::REASON_CHARS_MAX;
use super::retention::{self, Standing};
use crate::api_error::{ApiError, ApiResult, Status, optional_text, text};
use crate::db::disposals::{self, DisposalRow};
use crate::db::pool::{self, Connection};
use crate::db::{recordings, releases};
use crate::domain::disposal::{Blocked, DisposalCase, all_blocked, blocked};
use crate::domain::history::changes;
use crate::event::Event;
use crate::id::Id;
use crate::model::{Category, DisposalState, ReleaseState, SessionUser};
use crate::peer::Peer;
use crate::service::history::{self, Entry};
use crate::time;

/// Refuses a disposal that a hold or the law does not allow.
///
/// # Errors
/// 409 `held`, `open_request`, `no_category`, `must_stay`; 400 without a reason where one is
/// needed.
async fn check_allowed(app: &Shared, standing: &Standing, reason: &str) -> ApiResult<()> {
    check_not_held(app, &standing.row.recording).await?;
    let case = DisposalCase {
        state: standing.state,
        stay: standing.stay.as_ref(),
        request_closed: standing.row.request_closed,
        has_reason: !reason.trim().is_empty(),
    };
    blocked(case)
        .and_then(|why| refusal(why, standing))
        .map_or(Ok(()), Err)
}

fn refusal(why: Blocked, standing: &Standing) -> Option<ApiError> {
    Some(match why {
        Blocked::OpenRequest => {
            let message = "The request is open, and its recordings may be needed for it.";
            ApiError::conflict(why.code(), message).hint("Close the request first.")
        }
        Blocked::NoCategory => {
            let message = "The recording has no category, so its retention period is not known.";
            ApiError::conflict(why.code(), message).hint("Set its category first.")
        }
        Blocked::Never | Blocked::Stays => return retention::must_stay(standing),
        Blocked::NeedsReason => {
            let message =
                "The law leaves it to the agency. Enter why the recording may be disposed of.";
            ApiError::field("reason", message)
        }
    })
}

/// Everything that stands against a disposal today, but a missing reason: what a person should know
/// before entering one.
pub(crate) fn obstacles(standing: &Standing) -> Vec<ApiError> {
    let held = standing.row.held.then(|| {
        let message = "The recording is under a legal hold.";
        ApiError::conflict("held", message).hint("An approver can release the hold.")
    });
    let case = DisposalCase {
        state: standing.state,
        stay: standing.stay.as_ref(),
        request_closed: standing.row.request_closed,
        has_reason: true,
    };
    let by_law = all_blocked(case).into_iter();
    let by_law = by_law.filter_map(|why| refusal(why, standing));
    held.into_iter().chain(by_law).collect()
}

/// Refuses releases that are in packages with releases of what a hold or an order keeps: a package
/// goes as a whole.
async fn check_packages(app: &Shared, recording: &Id, releases: &str) -> ApiResult<()> {
    let stay = disposals::packages_that_stay(&app.db, recording, releases).await?;
    let Some((id, title)) = stay.first() else {
        return Ok(());
    };
    let message = format!(
        "A chosen release is in a package ({title}) that must stay: it also has a release of a \
         recording that is under a legal hold or closed by a court order."
    );
    Err(ApiError::conflict("package_stays", message)
        .hint("Leave that release out.")
        .details(json!({ "package": id })))
}

/// A disposal to propose.
pub(crate) struct NewDisposal<'a> {
    pub(crate) recording: &'a Id,
    /// Releases of it that go, too.
    pub(crate) releases: &'a [Id],
    pub(crate) reason: &'a str,
}

/// Proposes the disposal of a recording and returns its id.
///
/// # Errors
/// 400 without a reason where one is needed, or for a release of another recording; 404; 409
/// `held`, `open_request`, `no_category`, `must_stay`, `package_stays`, `disposal`, `conflict`.
pub(crate) async fn propose(
    app: &Shared,
    who: &SessionUser,
    new: NewDisposal<'_>,
) -> ApiResult<Id> {
    let standing = retention::of(app, new.recording).await?;
    let reason = optional_text("reason", new.reason, REASON_CHARS_MAX)?;
    check_allowed(app, &standing, &reason).await?;
    check_packages(app, new.recording, &json!(new.releases).to_string()).await?;
    let made = releases::of_recording(&app.db, new.recording).await?;
    for id in new.releases {
        let Some(release) = made.iter().find(|release| release.id == *id) else {
            let message = "Release not found.";
            return Err(ApiError::field("releases", message));
        };
        if matches!(
            release.state,
            ReleaseState::Rendering | ReleaseState::Verifying
        ) {
            let message = "A release is being rendered or verified.";
            return Err(ApiError::conflict("conflict", message).hint("Try again in a moment."));
        }
    }
    let row = DisposalRow {
        id: Id::random(),
        recording: new.recording.clone(),
        request: standing.row.request.clone(),
        state: DisposalState::Proposed,
        releases: json!(new.releases).to_string(),
        law: standing.row.law.clone(),
        category: standing.row.category.unwrap_or(Category::Other),
        counted_from: time::day_text(standing.counted_from),
        until: standing
            .stay
            .as_ref()
            .and_then(|stay| stay.until)
            .map(time::day_text),
        statute: retention::statute(&standing),
        reason,
        at: app.now(),
        by: who.name.clone(),
        by_user: who.id.clone(),
        decided_at: None,
        decided_by: None,
        decision: String::new(),
        files: None,
        done_at: None,
        certificate: None,
        signature: None,
        recording_name: String::new(),
        recording_sha256: None,
        recording_bytes: 0,
        recording_added_at: 0,
        request_number: String::new(),
    };
    let mut change = pool::begin(&app.db).await?;
    disposals::insert(&mut change, &row).await?;
    note(
        app,
        &mut change,
        &who.name,
        (&row, "disposal-proposed", &row.reason),
    )
    .await?;
    change.commit().await?;
    app.notify(Change::Request(row.request));
    Ok(row.id)
}

/// What the second person decides.
pub(crate) enum SecondDecision<'a> {
    Confirm {
        password: &'a str,
        peer: Peer,
    },
    /// With the reason.
    Refuse(&'a str),
}

/// Confirms or refuses a disposal. Once it is confirmed, nothing brings the recording back.
///
/// # Errors
/// 400 without a reason; 401 `wrong_password`; 403 `second_person` for the person who proposed it;
/// 404; 409 `decided`, and those of [`propose`] if something changed since.
pub(crate) async fn decide(
    app: &App,
    who: &SessionUser,
    id: &Id,
    decision: SecondDecision<'_>,
) -> ApiResult<()> {
    let row = disposals::by_id(&app.db, id).await?;
    let (state, said) = match decision {
        SecondDecision::Confirm { password, peer } => {
            check_second(who, &row)?;
            with_password(app, who, (password, peer), "disposal").await?;
            (DisposalState::Removing, String::new())
        }
        SecondDecision::Refuse(reason) => (
            DisposalState::Refused,
            text("reason", reason, REASON_CHARS_MAX)?,
        ),
    };
    // No hold is placed in between.
    let alone = app.review_lock.lock().await;
    if row.state == DisposalState::Proposed && state == DisposalState::Removing {
        let standing = retention::of(app, &row.recording).await?;
        check_allowed(app, &standing, &row.reason).await?;
        check_packages(app, &row.recording, &row.releases).await?;
    }
    let mut change = pool::begin(&app.db).await?;
    let by = (who.name.as_str(), app.now());
    if !disposals::decide(&mut change, id, (state, &said), by).await? {
        let message = "This disposal was decided already.";
        return Err(ApiError::conflict("decided", message));
    }
    let action = match state {
        DisposalState::Removing => {
            recordings::set_removed(&mut change, &row.recording, app.now()).await?;
            "disposal-confirmed"
        }
        _ => "disposal-refused",
    };
    note(app, &mut change, &who.name, (&row, action, &said)).await?;
    change.commit().await?;
    drop(alone);
    if state == DisposalState::Removing {
        disposing::begin(app, id.clone());
    }
    app.notify(Change::Request(row.request));
    Ok(())
}

fn check_second(who: &SessionUser, row: &DisposalRow) -> ApiResult<()> {
    if row.by_user != who.id {
        return Ok(());
    }
    let message = "You proposed this disposal, so another person has to confirm it.";
    Err(ApiError::new(Status::Forbidden, "second_person", message))
}

async fn note(
    app: &Shared,
    change: &mut Connection,
    who: &str,
    (row, action, reason): (&DisposalRow, &'static str, &str),
) -> ApiResult<()> {
    let entry = Entry {
        request: &row.request,
        recording: Some(&row.recording),
        action,
        changes: changes(&[("category", String::new(), row.category.word().to_owned())]),
        reason,
    };
    history::note(app, change, who, entry).await
}

/// Logs that somebody received the record of a disposal, and gives it with its signature.
///
/// # Errors
/// 404 until it is finished.
pub(crate) async fn certificate(
    app: &Shared,
    who: &SessionUser,
    (id, action): (&Id, &'static str),
) -> ApiResult<(String, String)> {
    let row = disposals::by_id(&app.db, id).await?;
    let found = row.certificate.zip(row.signature);
    let found = found.ok_or_else(ApiError::not_found)?;
    let event = Event::new(Act::Export, action).id("disposal", id);
    app.log_event(&who.name, event).await?;
    Ok(found)
}
