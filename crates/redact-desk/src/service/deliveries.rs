//! Copies that are handed over, and what must hold before anything of a request leaves the office.

use redact_core::Digest;
use redact_record::digest_file;
use redact_record::events::Act;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::history::{self, Entry, HANDED_OVER_REOPENED};
use super::releases::path;
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::copies::{self, CopyRow};
use crate::db::pool::{self, Connection};
use crate::db::{practice, releases};
use crate::domain::release_files::FileKind;
use crate::event::Event;
use crate::id::Id;
use crate::model::{Medium, ReleaseState, SessionUser};

/// A release that is to leave the office, by itself or in a package.
pub(crate) struct Leaving<'a> {
    pub(crate) release: &'a Id,
    pub(crate) recording: &'a Id,
    /// Its title and recording.
    pub(crate) name: String,
    /// Whether its review was reopened or sent back since it was made.
    pub(crate) reopened: bool,
}

/// Why releases leave the office although their reviews were reopened.
pub(crate) struct Despite<'a> {
    recordings: Vec<&'a Id>,
    reason: String,
}

/// Refuses releases of a closed request, and those whose review was reopened or sent back since
/// they were made, unless the user says why they leave all the same: `despite`.
///
/// # Errors
/// 404; 409 `closed`, `reopened`.
pub(crate) async fn check<'a>(
    app: &Shared,
    request: &Id,
    leaving: &'a [Leaving<'a>],
    despite: &str,
) -> ApiResult<Despite<'a>> {
    check_open(app, request).await?;
    let mut reopened = leaving.iter().filter(|one| one.reopened).peekable();
    let reason = optional_text("despite", despite, REASON_CHARS_MAX)?;
    if let (Some(first), true) = (reopened.peek(), reason.is_empty()) {
        let message = format!(
            "The review of {} was reopened or sent back after this release was made.",
            first.name
        );
        return Err(ApiError::conflict("reopened", message)
            .hint("Approve the review and make a new release, or say why this one is handed over.")
            .details(json!({ "release": first.release })));
    }
    Ok(Despite {
        recordings: reopened.map(|one| one.recording).collect(),
        reason,
    })
}

impl Despite<'_> {
    /// Puts the reason into the history of the request.
    ///
    /// # Errors
    /// Those of the database and the log.
    pub(crate) async fn note(
        &self,
        app: &Shared,
        change: &mut Connection,
        (who, request): (&str, &Id),
    ) -> ApiResult<()> {
        for recording in &self.recordings {
            let entry = Entry {
                request,
                recording: Some(recording),
                action: HANDED_OVER_REOPENED,
                changes: Vec::new(),
                reason: &self.reason,
            };
            history::note(app, change, who, entry).await?;
        }
        Ok(())
    }
}

/// A copy as a user records it.
pub(crate) struct NewCopy {
    pub(crate) to: String,
    pub(crate) medium: Medium,
    pub(crate) note: String,
    pub(crate) files: Vec<FileKind>,
    /// Why it is handed over although the review was reopened; may be empty.
    pub(crate) despite: String,
}

/// Records who received a copy of a release.
///
/// # Errors
/// 400 with the field; 404; 409 `not_verified`, `closed`, `reopened`.
pub(crate) async fn hand_over(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    new: NewCopy,
) -> ApiResult<CopyRow> {
    let release = releases::by_id(&app.db, id).await?;
    check_open(app, &release.request).await?;
    let to = text("to", &new.to, 200)?;
    let note = optional_text("note", &new.note, 2000)?;
    let digests = digests(app, id, &new.files).await?;
    // Nobody sends the review back in between.
    let _alone = app.review_lock.lock().await;
    let release = releases::by_id(&app.db, id).await?;
    if release.state != ReleaseState::Ready {
        let message = "Only verified releases can be handed over.";
        return Err(ApiError::conflict("not_verified", message));
    }
    let message = "A release of a practice request cannot be handed over.";
    practice::refuse(&app.db, &release.request, message).await?;
    let leaving = [Leaving {
        release: &release.id,
        recording: &release.recording,
        name: format!("{} ({})", release.title, release.recording_name),
        reopened: release.reopened,
    }];
    let despite = check(app, &release.request, &leaving, &new.despite).await?;
    let mut event = Event::new(Act::Delivery, "copy").id("release", id);
    let mut files = Vec::with_capacity(digests.len());
    for (kind, digest) in digests {
        let entry = json!({ "kind": kind, "sha256": digest.to_string() });
        let word = entry["kind"].as_str().unwrap_or_default().replace('_', "-");
        event = event.subject(&word, digest);
        files.push(entry);
    }
    let row = CopyRow {
        id: Id::random(),
        release: id.clone(),
        at: app.now(),
        by: who.name.clone(),
        recipient: to,
        medium: new.medium,
        note,
        files: json!(files).to_string(),
        package: None,
    };
    let mut change = pool::begin(&app.db).await?;
    copies::insert(&mut change, &row).await?;
    let named = (who.name.as_str(), &release.request);
    despite.note(app, &mut change, named).await?;
    // The recipient is stored only in the database: the event log takes no free text.
    app.log_event(&who.name, event.label("medium", row.medium.word()))
        .await?;
    change.commit().await?;
    app.notify(Change::Release(id.clone()));
    app.notify(Change::Request(release.request.clone()));
    Ok(row)
}

/// The digests of the files that are handed over.
async fn digests(app: &Shared, id: &Id, files: &[FileKind]) -> ApiResult<Vec<(FileKind, Digest)>> {
    let release = releases::by_id(&app.db, id).await?;
    if release.state != ReleaseState::Ready {
        let message = "Only verified releases can be handed over.";
        return Err(ApiError::conflict("not_verified", message));
    }
    if files.is_empty() || files.len() > FileKind::ALL.len() {
        let message = "List the files that were handed over.";
        return Err(ApiError::field("files", message));
    }
    let path = path(app, &release);
    let mut digests = Vec::with_capacity(files.len());
    for &kind in files {
        let file = kind.path(&path);
        let digest = tokio::task::spawn_blocking(move || {
            digest_file(&file, &mut |_, _| std::ops::ControlFlow::Continue(()))
        });
        digests.push((kind, digest.await??.0));
    }
    Ok(digests)
}
