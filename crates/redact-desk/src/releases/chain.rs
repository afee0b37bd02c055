//! Which releases took each other's place, and what differs between two of one recording.

use axum::extract::{Path, State};
use serde::Serialize;

use super::order::order;
use super::row;
use crate::answer::{Answer, ApiError};
use crate::app::{App, Shared};
use crate::review::Differences;
use crate::store::Id;
use crate::time::{self, Millis};

/// A release among others.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Link {
    id: Id,
    title: String,
    policy_name: String,
    state: String,
    #[serde(serialize_with = "as_text")]
    created_at: Millis,
    why: String,
    #[serde(skip)]
    replaces: Option<Id>,
}

fn as_text<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::text(*at))
}

/// All releases of a recording that were not given up, the oldest first.
///
/// # Errors
/// The database's.
pub(super) async fn of_recording(app: &Shared, recording: &Id) -> Result<Vec<Link>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, title, policy_name, state, created_at, why, replaces FROM releases
         WHERE recording = ? ORDER BY created_at, rowid",
    )
    .bind(recording)
    .fetch_all(&app.db)
    .await
}

/// Those that took each other's place with `id` among them, and those that stand beside.
///
/// A release alone is no chain, and a failed one takes nothing's place.
pub(super) fn split(all: Vec<Link>, id: &Id) -> (Vec<Link>, Vec<Link>) {
    let mut members = vec![id.clone()];
    // Older ones come first in `all`: one pass back and one on find the whole line.
    for link in all.iter().rev() {
        if members.contains(&link.id) {
            members.extend(link.replaces.clone());
        }
    }
    for link in &all {
        let follows = link
            .replaces
            .as_ref()
            .is_some_and(|old| members.contains(old));
        if follows && link.state != "failed" && !members.contains(&link.id) {
            members.push(link.id.clone());
        }
    }
    let (chain, others): (Vec<Link>, Vec<Link>) =
        all.into_iter().partition(|link| members.contains(&link.id));
    let others = others
        .into_iter()
        .filter(|link| link.state != "failed")
        .collect();
    if chain.len() < 2 {
        return (Vec::new(), others);
    }
    (chain, others)
}

/// `GET /releases/:id/differences/:other`.
pub(crate) async fn differences(
    State(app): State<App>,
    Path((here, there)): Path<(Id, Id)>,
) -> Answer<axum::Json<Differences>> {
    if row(&app, &here).await?.recording != row(&app, &there).await?.recording {
        let message = "That release is of another recording.";
        return Err(ApiError::field("other", message));
    }
    let (here, there) = (order(&app, &here).await?, order(&app, &there).await?);
    let compared = tokio::task::spawn_blocking(move || -> Answer<_> {
        let (here, _) = redact_record::plan::read(&here.plan)?;
        let (there, _) = redact_record::plan::read(&there.plan)?;
        Ok(Differences::between(&here, &there))
    });
    Ok(axum::Json(compared.await??))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(replaces: Option<&Id>, state: &str) -> Link {
        Link {
            id: Id::random(),
            title: String::new(),
            policy_name: String::new(),
            state: state.to_owned(),
            created_at: 0,
            why: String::new(),
            replaces: replaces.cloned(),
        }
    }

    #[test]
    fn a_chain_is_found_from_any_of_its_links() {
        let first = link(None, "ready");
        let beside = link(None, "ready");
        let failed = link(Some(&first.id), "failed");
        let second = link(Some(&first.id), "ready");
        let third = link(Some(&second.id), "ready");
        let all = [&first, &beside, &failed, &second, &third].map(Clone::clone);
        for from in [&first, &second, &third] {
            let (chain, others) = split(all.to_vec(), &from.id);
            let ids: Vec<_> = chain.iter().map(|link| &link.id).collect();
            assert_eq!(ids, [&first.id, &second.id, &third.id]);
            assert_eq!(others.len(), 1);
        }
        let (chain, others) = split(all.to_vec(), &beside.id);
        assert!(chain.is_empty());
        assert_eq!(others.len(), 3);
    }
}
