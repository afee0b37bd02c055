//! Changes as they happen, to every open page. What is sent says that something changed, so that
//! a message that was lost costs a look and nothing else.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::jobs::{Job, shown_at};
use crate::id::Id;
use crate::model::{Role, Who};
use crate::service::app::{App, Shared};
use crate::service::change::Change;
use crate::service::sessions;

/// How often it is looked whether the session still holds.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What changed, as the page hears of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Change"))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ChangeShown {
    Request { id: Id },
    Recording { id: Id },
    Review { id: Id },
    Release { id: Id },
    Audit { id: Id },
    Job { id: Id, job: Box<Job> },
}

fn shown(app: &Shared, change: Change) -> ChangeShown {
    match change {
        Change::Request(id) => ChangeShown::Request { id },
        Change::Recording(id) => ChangeShown::Recording { id },
        Change::Review(id) => ChangeShown::Review { id },
        Change::Release(id) => ChangeShown::Release { id },
        Change::Audit(id) => ChangeShown::Audit { id },
        Change::Job(job) => {
            let (row, reached) = *job;
            ChangeShown::Job {
                id: row.id.clone(),
                job: Box::new(shown_at(app, row, reached)),
            }
        }
    }
}

struct Listening {
    app: App,
    who: Who,
    changes: Receiver<Change>,
    ended: bool,
}

/// `GET /stream`.
pub(crate) async fn stream(
    State(app): State<App>,
    who: Who,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.changes.subscribe();
    let listening = Listening {
        app,
        who,
        changes,
        ended: false,
    };
    let events = stream::unfold(listening, |mut listening| async move {
        let event = next(&mut listening).await?;
        Some((Ok(event), listening))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(LOOK_EVERY))
}

/// The next message; `None` closes the stream.
async fn next(listening: &mut Listening) -> Option<Event> {
    if listening.ended {
        return None;
    }
    loop {
        let change = match tokio::time::timeout(LOOK_EVERY, listening.changes.recv()).await {
            Ok(Ok(change)) => Some(change),
            Ok(Err(RecvError::Lagged(_))) | Err(_) => None,
            Ok(Err(RecvError::Closed)) => return None,
        };
        if !sessions::holds(&listening.app, &listening.who).await {
            listening.ended = true;
            return Some(Event::default().event("end").data("{}"));
        }
        let Some(change) = change else { continue };
        if listening.who.role == Role::Auditor && !change.is_for_auditors() {
            continue;
        }
        if let Ok(event) = Event::default()
            .event("change")
            .json_data(shown(&listening.app, change))
        {
            return Some(event);
        }
    }
}
