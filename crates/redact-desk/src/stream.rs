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

use crate::accounts::session::{self, Who};
use crate::app::App;
use crate::queue::Job;
use crate::routes::Role;
use crate::store::Id;

/// Changes that wait for a slow page before it loses some.
pub(crate) const WAITING_MAX: usize = 256;

/// How often it is looked whether the session still holds.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What changed.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Change {
    Request { id: Id },
    Recording { id: Id },
    Review { id: Id },
    Release { id: Id },
    Audit { id: Id },
    Job { id: Id, job: Box<Job> },
}

impl Change {
    /// Whether an auditor, who sees no recording and no review, may hear of it.
    fn is_for_auditors(&self) -> bool {
        matches!(
            self,
            Self::Request { .. } | Self::Release { .. } | Self::Audit { .. }
        )
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
        if !session::holds(&listening.app, &listening.who).await {
            listening.ended = true;
            return Some(Event::default().event("end").data("{}"));
        }
        let Some(change) = change else { continue };
        if listening.who.role == Role::Auditor && !change.is_for_auditors() {
            continue;
        }
        if let Ok(event) = Event::default().event("change").json_data(change) {
            return Some(event);
        }
    }
}
