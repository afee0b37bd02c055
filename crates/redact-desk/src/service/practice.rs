//! Practice: a request of a person's own with the sample recording, which counts nowhere and of
//! which nothing leaves the office.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::clips;
use super::recording_changes::{delete_folders, still_stopping, stop_jobs};
use super::recordings::{self, NewFile};
use super::requests::{self, Entered};
use crate::api_error::{ApiError, ApiResult};
use crate::db::clocks::ClockRows;
use crate::db::requests::Facts;
use crate::db::{jobs, pool, practice, recordings as recording_rows, releases, reviews};
use crate::details::RequestDetails;
use crate::event::Event;
use crate::id::Id;
use crate::model::{RequesterKind, SessionUser};
use crate::read_options::ReadOptions;
use crate::time;

/// The sample recording, of which everything is made up: see `fixtures/README.md`.
const SAMPLE: &[u8] = include_bytes!("../../../../fixtures/demo.mp4");

/// The name of the sample recording.
const SAMPLE_NAME: &str = "sample.mp4";

/// The law of a practice request where the agency has not chosen one.
const LAW: &str = "us-federal";

/// The practice request of the user, with the sample recording; makes it unless it exists.
///
/// # Errors
/// File and database errors.
pub(crate) async fn start(app: &Shared, who: &SessionUser) -> ApiResult<Id> {
    // A second press of the button makes no second one.
    let _alone = app.review_lock.lock().await;
    let id = match practice::of(&app.db, &who.id).await? {
        Some(id) => id,
        None => add(app, who).await?,
    };
    // After a crash the request may be there without its recording.
    if recording_rows::of_request(&app.db, &id).await?.is_empty() {
        let copy = app.folders.work().join(Id::random().as_str());
        tokio::fs::write(&copy, SAMPLE).await?;
        let incoming = NewFile {
            request: &id,
            name: SAMPLE_NAME,
            upload: None,
            file: copy,
            options: ReadOptions::default(),
        };
        recordings::import(app, who, incoming).await?;
    }
    Ok(id)
}

/// Adds the request; under another number if somebody named a request so.
async fn add(app: &Shared, who: &SessionUser) -> ApiResult<Id> {
    match requests::add_practice(app, who, entered(app, who, "")).await {
        Err(refused) if refused.is("number_taken") => {
            let more = Id::random();
            let suffix = format!(" ({})", &more.as_str()[..6]);
            requests::add_practice(app, who, entered(app, who, &suffix)).await
        }
        made => made,
    }
}

fn entered(app: &Shared, who: &SessionUser, suffix: &str) -> Entered {
    let today = time::day_text(app.today());
    let law = app.options.law.clone().unwrap_or_else(|| LAW.to_owned());
    Entered {
        facts: Facts {
            number: format!(
                "Practice: {}{suffix}",
                who.name.chars().take(70).collect::<String>()
            ),
            requester: String::new(),
            requester_kind: RequesterKind::Public,
            received_on: today,
            due_on: String::new(),
            jurisdiction: law,
        },
        rule: None,
        clock: ClockRows::default(),
        assignee: Some(who.id.clone()),
        note: String::new(),
        details: RequestDetails::default(),
    }
}

/// Removes the practice request of the user with everything that was made in it.
///
/// # Errors
/// 404 if the user has none; 409 while its jobs are stopping.
pub(crate) async fn remove(app: &Shared, who: &SessionUser) -> ApiResult<()> {
    let found = practice::of(&app.db, &who.id).await?;
    let id = found.ok_or_else(ApiError::not_found)?;
    let rows = recording_rows::of_request(&app.db, &id).await?;
    for row in &rows {
        stop_jobs(app, &row.id).await?;
    }
    let _alone = app.review_lock.lock().await;
    let mut change = pool::begin(&app.db).await?;
    let mut folders = Vec::new();
    for row in &rows {
        if jobs::count_active(&mut change, &row.id).await? > 0 {
            return Err(still_stopping());
        }
        let heads = reviews::heads(&app.db, &row.id).await?;
        for head in &heads {
            clips::delete(app, &head.review.id).await?;
        }
        folders.extend(heads.iter().map(|head| app.folders.plans(&head.review.id)));
        folders.push(app.folders.recording(&row.id));
        recording_rows::remove(&mut change, &row.id, app.now()).await?;
    }
    let made = releases::of_request(&app.db, &id).await?.into_iter();
    folders.extend(made.map(|release| app.folders.release(&release.id)));
    practice::remove(&mut change, &id, app.now()).await?;
    let event = Event::new(Act::Request, "practice-removed").id("request", &id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    for row in &rows {
        app.forget_findings(&row.id);
        app.previews.forget(&row.id);
    }
    delete_folders(folders).await?;
    app.notify(Change::Request(id));
    Ok(())
}
