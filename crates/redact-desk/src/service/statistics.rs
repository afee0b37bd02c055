//! Gathers what statistics are counted from.

use serde_json::Value;

use super::app::Shared;
use super::due::due_on;
use super::releases::path;
use super::requests::stage;
use crate::api_error::{ApiError, ApiResult};
use crate::db::clocks::by_request;
use crate::db::statistics::{self as rows, AnswerRow};
use crate::db::{releases, requests};
use crate::domain::release_files::FileKind;
use crate::domain::stage::{Stage, of_request};
use crate::domain::statistics::{
    CountedRecording, CountedRelease, CountedRequest, CountedTime, Records, ReleaseFigures,
};
use crate::id::Id;
use crate::model::ReleaseState;
use crate::time;

/// Everything that is counted, also what an order of a court closes: figures say how many there
/// were and how long, and nothing of which.
///
/// # Errors
/// Those of the database.
pub(crate) async fn records(app: &Shared) -> ApiResult<Records> {
    let added = rows::added(&app.db).await?.into_iter();
    let spent = rows::spent(&app.db).await?.into_iter();
    let mut records = Records {
        requests: requests(app).await?,
        recordings: added
            .map(|row| CountedRecording {
                added: app.zone().day(row.at),
                seconds: row.seconds.unwrap_or(0.0),
            })
            .collect(),
        releases: Vec::new(),
        time: spent
            .filter_map(|row| {
                Some(CountedTime {
                    day: time::read_day(&row.day)?,
                    name: row.name,
                    minutes: row.minutes,
                })
            })
            .collect(),
    };
    for row in rows::made(&app.db).await? {
        let figures = match &row.figures {
            Some(known) => serde_json::from_str(known).unwrap_or_default(),
            None => figures(app, &row.id).await?,
        };
        records.releases.push(CountedRelease {
            made: app.zone().day(row.at),
            figures,
        });
    }
    Ok(records)
}

async fn requests(app: &Shared) -> ApiResult<Vec<CountedRequest>> {
    let mut progress = requests::all_progress(&app.db, "[]").await?;
    let mut clocks = by_request(&app.db, None).await?;
    let answers = rows::answers(&app.db).await?;
    let answers: std::collections::HashMap<_, AnswerRow> = answers
        .into_iter()
        .map(|row| (row.request.clone(), row))
        .collect();
    let mut found = Vec::new();
    for row in requests::all(&app.db).await? {
        if row.practice.is_some() {
            continue;
        }
        let all = progress.remove(&row.id).unwrap_or_default();
        let responsive = all.iter().filter(|recording| !recording.not_responsive);
        let stages: Vec<Stage> = responsive.map(stage).collect();
        let out = of_request(false, &stages) == Stage::HandedOver;
        let answer = answers.get(&row.id);
        let handed_over = answer
            .and_then(|answer| answer.handed_over_at)
            .filter(|_| out);
        let closed = answer.and_then(|answer| answer.closed_at);
        let answered = [handed_over, closed].into_iter().flatten().min();
        let clock = clocks.remove(&row.id).unwrap_or_default();
        let due = time::read_day(&due_on(app, &row, &clock));
        let received = time::read_day(&row.facts.received_on);
        let Some((received, due)) = received.zip(due) else {
            continue;
        };
        found.push(CountedRequest {
            received,
            due,
            answered: answered.map(|at| app.zone().day(at)),
            disposition: row.disposition,
            assignee: row.assignee_name,
        });
    }
    Ok(found)
}

/// Counts and stores the figures of a release that was verified.
///
/// # Errors
/// 404; those of its files.
pub(crate) async fn count_release(app: &Shared, release: &Id) -> ApiResult<()> {
    if releases::by_id(&app.db, release).await?.state == ReleaseState::Ready {
        figures(app, release).await?;
    }
    Ok(())
}

/// The figures of a release, read from its public manifest once and then stored: a verified
/// release never changes.
async fn figures(app: &Shared, release: &Id) -> ApiResult<ReleaseFigures> {
    let row = releases::by_id(&app.db, release).await?;
    let manifest = FileKind::Manifest.path(&path(app, &row));
    let bytes = tokio::fs::read(&manifest).await?;
    let manifest: Value =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::internal(&error))?;
    let figures = ReleaseFigures::of_manifest(&manifest);
    let text = serde_json::json!(figures).to_string();
    rows::set_figures(&app.db, release, &text).await?;
    Ok(figures)
}

/// Stores the figures of all verified releases of a recording, before their manifests go.
///
/// # Errors
/// Those of the database and of manifests.
pub(crate) async fn count_figures(app: &Shared, recording: &crate::id::Id) -> ApiResult<()> {
    let of_it = releases::of_recording(&app.db, recording).await?;
    for row in rows::made(&app.db).await? {
        if row.figures.is_none() && of_it.iter().any(|release| release.id == row.id) {
            figures(app, &row.id).await?;
        }
    }
    Ok(())
}
