//! All past releases, checked again by the rules of this version: which no longer hold, why, and who
//! received a copy.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use redact_record::events::Act;
use serde::Serialize;
use serde_json::Value;

use crate::accounts::session::Who;
use crate::answer::Answer;
use crate::app::{App, Note, Shared};
use crate::queue::{Kind, NewJob};
use crate::releases;
use crate::routes::Role;
use crate::store::Id;
use crate::stream::Change;
use crate::time::{self, Millis};

#[derive(sqlx::FromRow)]
struct Row {
    id: Id,
    request: Id,
    recording: Id,
    review: Id,
    title: String,
    policy_name: String,
    state: String,
    verdict: Option<String>,
    made_at: Option<Millis>,
    checked_at: Option<Millis>,
    number: Option<String>,
    error: Option<String>,
}

/// Every release that was made, with the newest error of a check that could not be carried out.
async fn made(app: &Shared) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, request, recording, review, title, policy_name, state, verdict, made_at,
         checked_at,
         (SELECT number FROM requests WHERE requests.id = releases.request) AS number,
         (SELECT error FROM jobs WHERE jobs.release = releases.id ORDER BY jobs.number DESC LIMIT 1)
           AS error
         FROM releases WHERE made_at IS NOT NULL ORDER BY made_at DESC",
    )
    .fetch_all(&app.db)
    .await
}

/// A copy that was handed over.
#[derive(Serialize)]
struct Copy {
    at: String,
    by: String,
    to: String,
    medium: String,
}

/// What is wrong with a release.
#[derive(Serialize)]
struct Reason {
    name: String,
    evidence: String,
}

/// A release among all.
#[derive(Serialize)]
struct Checked {
    id: Id,
    /// The name that its files go out under.
    name: String,
    title: String,
    policy_name: String,
    /// Administrators see no request.
    request_number: Option<String>,
    state: String,
    /// `None` while it is being checked.
    holds: Option<bool>,
    why: Vec<Reason>,
    made_at: Option<String>,
    checked_at: Option<String>,
    copies: Vec<Copy>,
}

/// All of them, and how far the newest check is.
#[derive(Serialize)]
pub(crate) struct Recheck {
    began_at: Option<String>,
    by: Option<String>,
    /// Releases that are not checked yet, of how many.
    waiting: usize,
    total: i64,
    releases: Vec<Checked>,
}

async fn copies(app: &Shared) -> Result<HashMap<String, Vec<Copy>>, sqlx::Error> {
    let rows: Vec<(Id, Millis, String, String, String)> =
        sqlx::query_as("SELECT release, at, by, recipient, medium FROM copies ORDER BY at")
            .fetch_all(&app.db)
            .await?;
    let mut by_release: HashMap<String, Vec<Copy>> = HashMap::new();
    for (release, at, by, to, medium) in rows {
        let copy = Copy {
            at: time::text(at),
            by,
            to,
            medium,
        };
        let release = release.as_str().to_owned();
        by_release.entry(release).or_default().push(copy);
    }
    Ok(by_release)
}

/// The checks that failed, by what the database has of a verdict.
fn reasons(row: &Row) -> Vec<Reason> {
    if row.state == "failed" {
        let evidence = row.error.clone().unwrap_or_default();
        let name = "could not be checked".to_owned();
        return vec![Reason { name, evidence }];
    }
    let verdict: Value = row
        .verdict
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let checks = verdict["checks"].as_array().into_iter().flatten();
    checks
        .filter(|check| check["status"] == "wrong")
        .map(|check| Reason {
            name: word(check, "name"),
            evidence: word(check, "evidence"),
        })
        .collect()
}

fn checked(row: Row, who: &Who, copies: Vec<Copy>) -> Checked {
    let holds = match row.state.as_str() {
        "ready" => Some(true),
        "wrong" | "failed" => Some(false),
        _ => None,
    };
    let why = if holds == Some(false) {
        reasons(&row)
    } else {
        Vec::new()
    };
    Checked {
        name: releases::neutral_stem(&row.id),
        request_number: row.number.filter(|_| who.role != Role::Administrator),
        made_at: row.made_at.map(time::text),
        checked_at: row.checked_at.map(time::text),
        id: row.id,
        title: row.title,
        policy_name: row.policy_name,
        state: row.state,
        holds,
        why,
        copies,
    }
}

/// `GET /rechecks`: those that do not hold first.
pub(crate) async fn show(State(app): State<App>, who: Who) -> Answer<axum::Json<Recheck>> {
    let newest: Option<(Millis, String, i64)> =
        sqlx::query_as("SELECT at, by, releases FROM rechecks ORDER BY id DESC LIMIT 1")
            .fetch_optional(&app.db)
            .await?;
    let mut copies = copies(&app).await?;
    let mut releases: Vec<Checked> = made(&app)
        .await?
        .into_iter()
        .map(|row| {
            let copies = copies.remove(row.id.as_str()).unwrap_or_default();
            checked(row, &who, copies)
        })
        .collect();
    releases.sort_by_key(|release| match release.holds {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    let waiting = releases.iter().filter(|r| r.holds.is_none()).count();
    let (began_at, by, total) = match newest {
        Some((at, by, total)) => (Some(time::text(at)), Some(by), total),
        None => (None, None, 0),
    };
    Ok(axum::Json(Recheck {
        began_at,
        by,
        waiting,
        total,
        releases,
    }))
}

/// `POST /rechecks`: queues a check of every release that was made.
pub(crate) async fn begin(
    State(app): State<App>,
    who: Who,
) -> Answer<(StatusCode, axum::Json<Recheck>)> {
    let mut change = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let mut queued = Vec::new();
    for row in made(&app).await? {
        // What is being checked gets its verdict anyway.
        if matches!(row.state.as_str(), "rendering" | "verifying") {
            continue;
        }
        sqlx::query("UPDATE releases SET state = 'verifying' WHERE id = ?")
            .bind(&row.id)
            .execute(&mut *change)
            .await?;
        let mut job = NewJob::new(Kind::Verify, &who.name);
        job.request = Some(row.request);
        job.recording = Some(row.recording);
        job.review = Some(row.review);
        job.release = Some(row.id.clone());
        job.queue(app.now(), &mut change).await?;
        queued.push(row.id);
    }
    let count = i64::try_from(queued.len()).unwrap_or(i64::MAX);
    sqlx::query("INSERT INTO rechecks (at, by, releases) VALUES (?, ?, ?)")
        .bind(app.now())
        .bind(&who.name)
        .bind(count)
        .execute(&mut *change)
        .await?;
    let note = Note::new(Act::Verify, "recheck").count("releases", queued.len());
    app.note(&who.name, note).await?;
    change.commit().await?;
    app.runner.wake(Kind::Verify);
    for id in queued {
        app.tell(Change::Release { id });
    }
    let shown = show(State(app), who).await?;
    Ok((StatusCode::ACCEPTED, shown))
}
