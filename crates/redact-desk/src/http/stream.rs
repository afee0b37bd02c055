//! Notifications of changes to every open page. A message only says that something changed, so a
//! lost message costs one reload.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::body::Query;
use super::jobs::{Job, present_at};
use crate::id::Id;
use crate::model::{Role, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::change::Change;
use crate::service::presence::{OpenHere, PresentPerson};
use crate::service::{sealed, sessions};

/// How often the session is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// A change, as the page receives it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Change"))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ChangeMessage {
    Request { id: Id },
    Recording { id: Id },
    Review { id: Id },
    Presence { id: Id, people: Vec<PresentPerson> },
    Release { id: Id },
    Audit { id: Id },
    Job { id: Id, job: Box<Job> },
}

fn present(app: &Shared, change: Change) -> ChangeMessage {
    match change {
        Change::Request(id) => ChangeMessage::Request { id },
        Change::Recording(id) => ChangeMessage::Recording { id },
        Change::Review(id) => ChangeMessage::Review { id },
        Change::Presence(id) => {
            let people = app.presence.of(&id);
            ChangeMessage::Presence { id, people }
        }
        Change::Release(id) => ChangeMessage::Release { id },
        Change::Audit(id) => ChangeMessage::Audit { id },
        Change::Job(job) => {
            let (row, progress) = *job;
            ChangeMessage::Job {
                id: row.id.clone(),
                job: Box::new(present_at(app, row, progress)),
            }
        }
    }
}

struct Listening {
    app: App,
    who: SessionUser,
    changes: Receiver<Change>,
    /// The review that the page has open.
    _open: Option<OpenHere>,
    ended: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamQuery {
    review: Option<Id>,
}

/// `GET /stream`.
pub(crate) async fn stream(
    State(app): State<App>,
    who: SessionUser,
    Query(page): Query<StreamQuery>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.changes.subscribe();
    let mut review = page.review.filter(|_| who.role.reviews());
    if let Some(id) = &review
        && sealed::check(&app, &who, "reviews", id).await.is_err()
    {
        review = None;
    }
    let open = review.map(|review| OpenHere::new(&app.presence, &app.changes, &who, review));
    let listening = Listening {
        _open: open,
        app,
        who,
        changes,
        ended: false,
    };
    let events = stream::unfold(listening, |mut listening| async move {
        let event = next(&mut listening).await?;
        Some((Ok(event), listening))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(CHECK_INTERVAL))
}

/// The next message; `None` closes the stream.
async fn next(listening: &mut Listening) -> Option<Event> {
    if listening.ended {
        return None;
    }
    loop {
        let change = match tokio::time::timeout(CHECK_INTERVAL, listening.changes.recv()).await {
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
        let (kind, id) = change.place();
        // In doubt, nothing is sent: a lost message costs one reload.
        if sealed::check(&listening.app, &listening.who, kind, id)
            .await
            .is_err()
        {
            continue;
        }
        if let Ok(event) = Event::default()
            .event("change")
            .json_data(present(&listening.app, change))
        {
            return Some(event);
        }
    }
}
