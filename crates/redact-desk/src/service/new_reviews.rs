//! New reviews: without decisions, with those of the policy, or with those of another review.

use std::sync::Arc;

use redact_core::{Digest, Findings};
use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::reviews::{LoadedReview, write};
use super::settings::{Setting, effective};
use super::{policies, recordings};
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::pool;
use crate::db::requests;
use crate::db::reviews::{self, ReviewRow};
use crate::details::{Details as _, RequestDetails};
use crate::domain::document::Document;
use crate::domain::plan::{self, PlanInputs};
use crate::domain::policy::Policy;
use crate::domain::reason_changes::ReasonChange;
use crate::domain::reuse::{carry_over, is_same_recording};
use crate::domain::speech;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time;

/// How the decisions of a new review start.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decisions {
    Copy,
    Policy,
    None,
}

/// A review to start.
pub(crate) struct NewReview<'a> {
    pub(crate) policy: &'a str,
    pub(crate) title: &'a str,
    /// A review to copy: of the same recording, or of another recording of the same file.
    pub(crate) copy: Option<&'a Id>,
    pub(crate) decisions: Option<Decisions>,
    /// Reasons of the copied review to replace.
    pub(crate) reasons: &'a [ReasonChange],
}

/// Starts a review of a recording and returns its id.
///
/// # Errors
/// 400 for an unknown policy; 404, 409 `not_ready`.
pub(crate) async fn begin(
    app: &Shared,
    who: &SessionUser,
    recording: &Id,
    new: NewReview<'_>,
) -> ApiResult<Id> {
    recordings::frames(app, recording).await?;
    let title = text("title", new.title, 100)?;
    let unknown = || ApiError::field("policy", "Policy not found.");
    let known = app.policies.get(new.policy).ok_or_else(unknown)?;
    let policy = &policies::under_law(app, known.1.clone(), recording).await?;
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let inputs = PlanInputs {
        findings: found,
        digest: *digest,
        policy,
    };
    let mut document = match new.copy {
        None => {
            let written = policy.written()?;
            fresh(found, *digest, &written, (&who.name, app.now_nanos()))?
        }
        Some(copied) => copied_document(app, copied, (recording, &findings)).await?,
    };
    let otherwise = if new.copy.is_some() {
        Decisions::Copy
    } else {
        Decisions::None
    };
    let decisions = new.decisions.unwrap_or(otherwise);
    if decisions != Decisions::Copy {
        document.kept_speech = Some(Vec::new());
        document.checked_items = Vec::new();
    }
    for track in &mut document.tracks {
        match decisions {
            Decisions::Copy => {}
            Decisions::None => track.decision = None,
            Decisions::Policy => {
                track.decision = Some(plan::policy_decision(policy, track.class.into()));
            }
        }
    }
    document.change_reasons(new.reasons, policy)?;
    let when = time::text(app.now());
    let mut document = document.attributed(None, &who.name, &when);
    let before = new.copy.is_some().then(|| document.clone());
    speech::trim_decisions(&mut document, before.as_ref(), inputs, (&who.name, &when))?;
    let id = insert(
        app,
        (recording, &title),
        policy,
        (&document, &who.name),
        new.copy,
    )
    .await?;
    app.notify(Change::Recording(recording.clone()));
    Ok(id)
}

/// The newest document of a review that is copied. One of another recording must be of the same
/// file, read in the same way; its decisions are matched with what the other scan found.
///
/// # Errors
/// 400 for a review of another file; 404.
async fn copied_document(
    app: &Shared,
    copied: &Id,
    (recording, findings): (&Id, &Arc<(Findings, Digest)>),
) -> ApiResult<Document> {
    let copied = LoadedReview::load(app, copied, None).await?;
    if copied.row.recording == *recording {
        return Ok(copied.document);
    }
    let (from, to) = (Arc::clone(&copied.findings), Arc::clone(findings));
    if !is_same_recording(&from.0.source, &to.0.source) {
        let message = "That review is of another recording: its file, or how it is read, is \
                       different.";
        return Err(ApiError::field("copy", message));
    }
    if from.1 == to.1 {
        return Ok(copied.document);
    }
    let document = copied.document;
    let carried = tokio::task::spawn_blocking(move || carry_over(document, &from.0, &to.0));
    Ok(carried.await?)
}

/// A document without decisions, with the policy's mutes.
fn fresh(
    found: &Findings,
    digest: Digest,
    written: &redact_record::policy::Policy,
    (by, at): (&str, redact_core::UtcNanos),
) -> ApiResult<Document> {
    let proposed = redact_record::plan::propose(found, digest, written, by, at)?;
    let mut fresh = Document::undecided_tracks(found);
    fresh.mutes = Document::mutes_of(&proposed);
    Ok(fresh)
}

/// Starts the review that every prepared recording has: under the first policy, with nothing
/// decided.
///
/// # Errors
/// Database errors.
pub(crate) async fn begin_first(app: &Shared, recording: &Id, by: &str) -> ApiResult<()> {
    if reviews::has_any(&app.db, recording).await? {
        return Ok(());
    }
    let details = requests::details_of_recording(&app.db, recording).await?;
    let chosen = match RequestDetails::read(&details).policy {
        none if none.is_empty() => effective(app, Setting::Policy).await?.unwrap_or_default(),
        name => name,
    };
    let known = app.policies.named(&chosen);
    let policy = known.unwrap_or_else(|| app.policies.first()).1.clone();
    let policy = &policies::under_law(app, policy, recording).await?;
    let findings = app.findings(recording).await?;
    let (found, digest) = &*findings;
    let document = fresh(found, *digest, &policy.written()?, (by, app.now_nanos()))?;
    let title = policy.head.title();
    insert(app, (recording, title), policy, (&document, by), None).await?;
    Ok(())
}

async fn insert(
    app: &Shared,
    (recording, title): (&Id, &str),
    policy: &Policy,
    (document, by): (&Document, &str),
    copied: Option<&Id>,
) -> ApiResult<Id> {
    let row = ReviewRow {
        id: Id::random(),
        recording: recording.clone(),
        title: title.to_owned(),
        policy: policy.head.digest.clone(),
        revision: 1,
    };
    let mut change = pool::begin(&app.db).await?;
    reviews::insert(&mut change, &row, app.now()).await?;
    write(app, &mut change, (&row.id, 1), document, by).await?;
    let mut event = Event::new(Act::Decision, "begun")
        .id("review", &row.id)
        .id("recording", recording);
    if let Some(copied) = copied {
        event = event.id("copied", copied);
    }
    app.log_event(by, event.count("tracks", document.tracks.len()))
        .await?;
    change.commit().await?;
    Ok(row.id)
}
