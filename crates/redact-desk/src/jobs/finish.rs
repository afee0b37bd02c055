//! How a job ends, and what follows from it, in one change of the database.

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::{MEDIA, TaskError, task};
use crate::answer::Answer;
use crate::app::{App, Shared};
use crate::queue::{self, JobState, Kind, NewJob, Row};
use crate::store::Id;
use crate::stream::Change;
use crate::{releases, review};

/// Writes the end of a job down, with what follows.
///
/// # Errors
/// The database's; the job is then taken up again at the next start.
pub(super) async fn finish(
    app: &App,
    job: &Id,
    kind: Kind,
    result: Result<Value, TaskError>,
    stopped: bool,
) -> Answer<()> {
    if stopped && app.runner.is_closing() {
        // The server stops, not a person: the next start takes it up.
        return Ok(());
    }
    let row = queue::row(app, job).await?;
    let result = match (result, &row.release) {
        // It was done before it heard that it should stop.
        (Ok(_), Some(release)) if kind == Kind::Render && task::is_revoked(app, job).await? => {
            releases::remove(app, release).await?;
            Err(task::revoked())
        }
        (result, _) => result,
    };
    let state = match (&result, stopped) {
        (Ok(_), _) => JobState::Done,
        (Err(_), true) => JobState::Cancelled,
        (Err(_), false) => JobState::Failed,
    };
    let shown = result.as_ref().ok().filter(|_| kind == Kind::Follow);
    let error = result.as_ref().err().filter(|_| !stopped);
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "UPDATE jobs SET state = ?, ended_at = ?, error = ?, hint = ?, error_code = ?, result = ?
         WHERE id = ?",
    )
    .bind(state)
    .bind(app.now())
    .bind(error.map(|error| &error.message))
    .bind(error.and_then(|error| error.hint.as_ref()))
    .bind(error.and_then(|error| error.to_accept))
    .bind(shown.map(Value::to_string))
    .bind(job)
    .execute(&mut *change)
    .await?;
    let next = match &result {
        Ok(value) => done(app, &row, value, &mut change).await?,
        Err(error) => {
            failed(app, &row, error, &mut change).await?;
            None
        }
    };
    change.commit().await?;
    if let Some(kind) = next {
        app.runner.wake(kind);
    }
    queue::tell(app, job).await?;
    super::tell_owners(app, &row);
    if kind == Kind::Thumbnails
        && state == JobState::Done
        && let Some(recording) = &row.recording
    {
        review::begin_first(app, recording, &row.by).await?;
        app.tell(Change::Recording {
            id: recording.clone(),
        });
    }
    Ok(())
}

/// What follows when a job was done; gives what it queued.
async fn done(
    app: &Shared,
    row: &Row,
    value: &Value,
    change: &mut SqliteConnection,
) -> Answer<Option<Kind>> {
    let follow_up = |kind| {
        let mut next = NewJob::new(kind, &row.by);
        next.request.clone_from(&row.request);
        next.recording.clone_from(&row.recording);
        next.review.clone_from(&row.review);
        next.release.clone_from(&row.release);
        next
    };
    let next = match (row.kind, &row.recording, &row.release, &row.audit) {
        (Kind::Prepare, Some(recording), ..) => {
            let path = app.folders.recording(recording).join(MEDIA);
            let media = tokio::fs::read_to_string(path).await?;
            sqlx::query("UPDATE recordings SET media = ? WHERE id = ?")
                .bind(media)
                .bind(recording)
                .execute(&mut *change)
                .await?;
            Some(Kind::Scan)
        }
        (Kind::Scan, Some(recording), ..) => {
            sqlx::query("UPDATE recordings SET sha256 = ? WHERE id = ?")
                .bind(value["sha256"].as_str())
                .bind(recording)
                .execute(&mut *change)
                .await?;
            Some(Kind::Thumbnails)
        }
        (Kind::Render, _, Some(release), _) => {
            releases::rendered(app, release, change).await?;
            Some(Kind::Verify)
        }
        (Kind::Verify, _, Some(release), _) => {
            releases::verified(app, release, value, change).await?;
            None
        }
        (Kind::Audit, .., Some(audit)) => {
            let verdict = releases::verdict(value);
            sqlx::query("UPDATE audits SET verdict = ? WHERE id = ?")
                .bind(json!(verdict).to_string())
                .bind(audit)
                .execute(&mut *change)
                .await?;
            None
        }
        _ => None,
    };
    if let Some(kind) = next {
        follow_up(kind).queue(app.now(), change).await?;
    }
    Ok(next)
}

/// What follows when a job was not done.
async fn failed(
    app: &Shared,
    row: &Row,
    error: &TaskError,
    change: &mut SqliteConnection,
) -> Answer<()> {
    match (row.kind, &row.release, &row.audit) {
        (Kind::Render | Kind::Verify, Some(release), _) => {
            sqlx::query("UPDATE releases SET state = 'failed' WHERE id = ?")
                .bind(release)
                .execute(&mut *change)
                .await?;
            app.tell(Change::Release {
                id: release.clone(),
            });
        }
        // A release that cannot even be read is a verdict, and the auditor's answer.
        (Kind::Audit, _, Some(audit)) => {
            let verdict = releases::unreadable(&error.message);
            sqlx::query("UPDATE audits SET verdict = ? WHERE id = ?")
                .bind(json!(verdict).to_string())
                .bind(audit)
                .execute(&mut *change)
                .await?;
        }
        _ => {}
    }
    Ok(())
}
