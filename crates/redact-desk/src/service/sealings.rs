//! Orders of courts to seal or expunge: entered, told to recipients, and lifted.

use redact_record::events::Act;

use super::app::Shared;
use super::change::Change;
use super::ledger::{self, LedgerLine, LiftingEntry, SealingEntry};
use super::reauthentication::with_password;
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, Status, optional_text, text};
use crate::db::pool::{self, Db};
use crate::db::sealings::{self, SealingRow};
use crate::db::{practice, recordings, requests, users};
use crate::event::Event;
use crate::id::Id;
use crate::model::{SealingKind, SessionUser};
use crate::peer::Peer;
use crate::time;

/// The most people whom an order names.
const PEOPLE_MAX: usize = 100;

/// An order to enter.
pub(crate) struct NewSealing<'a> {
    pub(crate) kind: SealingKind,
    /// The request to close with all that it has, or that of `recording`.
    pub(crate) request: Option<&'a Id>,
    pub(crate) recording: Option<&'a Id>,
    pub(crate) court: &'a str,
    pub(crate) number: &'a str,
    pub(crate) dated: &'a str,
    pub(crate) note: &'a str,
    /// Who may still see it.
    pub(crate) people: &'a [Id],
    pub(crate) password: &'a str,
    pub(crate) peer: Peer,
}

fn past_day(app: &Shared, given: &str) -> ApiResult<String> {
    let day = time::read_day(given);
    let day = day.ok_or_else(|| ApiError::field("dated", "Expected a date such as 2026-01-31."))?;
    if day > app.today() {
        return Err(ApiError::field("dated", "This day is in the future."));
    }
    Ok(time::day_text(day))
}

async fn check_people(app: &Shared, people: &[Id]) -> ApiResult<()> {
    if people.is_empty() || people.len() > PEOPLE_MAX {
        let message = "Name at least one person who may still see it: somebody has to tell the \
                       recipients.";
        return Err(ApiError::field("people", message));
    }
    for person in people {
        let account = users::by_id(&app.db, person).await;
        let unknown = |_| ApiError::field("people", "Person not found.");
        if !account.map_err(unknown)?.role.reviews() {
            let message = "Only operators and approvers see recordings.";
            return Err(ApiError::field("people", message));
        }
    }
    Ok(())
}

/// Enters an order, which closes what it is about at once, and returns its id.
///
/// # Errors
/// 400 for an invalid value; 401 `wrong_password`; 404; 409 `practice`.
pub(crate) async fn enter(app: &Shared, who: &SessionUser, new: NewSealing<'_>) -> ApiResult<Id> {
    let (request, recording) = match (new.request, new.recording) {
        (Some(request), None) => (requests::by_id(&app.db, request).await?.id, None),
        (None, Some(id)) => {
            let row = recordings::by_id(&app.db, id).await?;
            (row.request, Some(id.clone()))
        }
        _ => {
            let message = "Expected either a request or a recording.";
            return Err(ApiError::field("recording", message));
        }
    };
    let message = "Nothing of a practice request is sealed.";
    practice::refuse(&app.db, &request, message).await?;
    check_people(app, new.people).await?;
    let row = SealingRow {
        id: Id::random(),
        kind: new.kind,
        request,
        recording,
        court: text("court", new.court, 200)?,
        number: text("number", new.number, 100)?,
        dated: past_day(app, new.dated)?,
        note: optional_text("note", new.note, REASON_CHARS_MAX)?,
        at: app.now(),
        by: who.name.clone(),
        lifted_at: None,
        lifted_by: None,
        lift_court: String::new(),
        lift_number: String::new(),
        lift_dated: String::new(),
    };
    with_password(app, who, (new.password, new.peer), "court-order").await?;
    // Nothing is moved into or out of what it closes in between.
    let _alone = app.review_lock.lock().await;
    let mut change = pool::begin(&app.db).await?;
    sealings::insert(&mut change, &row, new.people).await?;
    let event = event("sealing-entered", &row)
        .label("kind", row.kind.word())
        .label("dated", &row.dated)
        .count("people", new.people.len());
    app.log_event(&who.name, event).await?;
    // A restore of an older backup must not open it again.
    let recordings: Vec<Id> = match row.recording {
        Some(_) => Vec::new(),
        None => recordings::ids_of_request(&mut change, &row.request).await?,
    };
    let entry = SealingEntry::new(&row, new.people, &recordings);
    ledger::add(app, LedgerLine::Sealing(entry)).await?;
    change.commit().await?;
    notify(app, &row);
    Ok(row.id)
}

fn event(action: &str, row: &SealingRow) -> Event {
    let event = Event::new(Act::Request, action).id("sealing", &row.id);
    let event = event.id("request", &row.request);
    match &row.recording {
        Some(recording) => event.id("recording", recording),
        None => event,
    }
}

fn notify(app: &Shared, row: &SealingRow) {
    app.notify(Change::Request(row.request.clone()));
    if let Some(recording) = &row.recording {
        app.notify(Change::Recording(recording.clone()));
    }
}

/// Records that the recipient of a copy was told of an order.
///
/// # Errors
/// 400 for a copy that the order does not concern; 403 for people whom it does not name; 404.
pub(crate) async fn told(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (copy, note): (&Id, &str),
) -> ApiResult<()> {
    let row = sealings::by_id(&app.db, id).await?;
    check_named(app, who, id).await?;
    let note = optional_text("note", note, REASON_CHARS_MAX)?;
    let out = sealings::out(&app.db, id).await?;
    if !out.iter().any(|one| one.copy == *copy) {
        return Err(ApiError::field(
            "copy",
            "The order does not concern this copy.",
        ));
    }
    let mut change = pool::begin(&app.db).await?;
    let by = (who.name.as_str(), app.now());
    sealings::insert_told(&mut change, (id, copy), &note, by).await?;
    let event = event("sealing-told", &row).id("copy", copy);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    notify(app, &row);
    Ok(())
}

/// Refuses people whom an order does not name.
///
/// # Errors
/// 403 `sealed`.
pub(crate) async fn check_named(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<()> {
    if sealings::names(&app.db, id, &who.id).await? {
        return Ok(());
    }
    let message = "Only the people whom the order names may do this.";
    Err(ApiError::new(
        crate::api_error::Status::Forbidden,
        "sealed",
        message,
    ))
}

/// The id of the part of an order that closes one recording: the same in every restore.
pub(crate) fn part_of_order(order: &Id, recording: &Id) -> Id {
    let digest = redact_record::digest_bytes(format!("{order} {recording}").as_bytes()).to_string();
    Id::read(&digest[..32]).expect("half a digest in hexadecimal digits")
}

/// The parts of an order about a whole request that a restore made.
///
/// # Errors
/// Those of the database.
pub(crate) async fn parts(db: &Db, order: &Id) -> ApiResult<Vec<Id>> {
    let is_part = |row: &SealingRow| {
        let recording = row.recording.as_ref();
        recording.is_some_and(|recording| row.id == part_of_order(order, recording))
    };
    let all = sealings::all(db).await?.into_iter();
    Ok(all.filter(is_part).map(|row| row.id).collect())
}

/// Opens again what an order closed, by a later order.
///
/// # Errors
/// 400 for an invalid value; 401 `wrong_password`; 403 `sealed`; 404; 409 `lifted`.
pub(crate) async fn lift(
    app: &Shared,
    who: &SessionUser,
    id: &Id,
    (court, number, dated): (&str, &str, &str),
    given: (&str, Peer),
) -> ApiResult<()> {
    let row = sealings::by_id(&app.db, id).await?;
    let is_named = sealings::names(&app.db, id, &who.id).await?;
    if !is_named && sealings::names_an_approver(&app.db, id).await? {
        let message = "Only an approver whom the order names can record that it was lifted.";
        return Err(ApiError::new(Status::Forbidden, "sealed", message));
    }
    let court = text("court", court, 200)?;
    let number = text("number", number, 100)?;
    let dated = past_day(app, dated)?;
    if dated < row.dated {
        let message = "This order is older than the one that it lifts.";
        return Err(ApiError::field("dated", message));
    }
    with_password(app, who, given, "lifting-of-an-order").await?;
    let mut change = pool::begin(&app.db).await?;
    let by = (court.as_str(), number.as_str(), dated.as_str());
    if !sealings::lift(&mut change, id, by, (&who.name, app.now())).await? {
        let message = "This order was lifted already.";
        return Err(ApiError::conflict("lifted", message));
    }
    for part in parts(&app.db, id).await? {
        sealings::lift(&mut change, &part, by, (&who.name, app.now())).await?;
    }
    let event = event("sealing-lifted", &row).label("dated", &dated);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    let entry = LiftingEntry {
        sealing: row.id.to_string(),
        court,
        number,
        dated,
        at: app.now(),
        by: who.name.clone(),
        signature: String::new(),
    };
    ledger::add(app, LedgerLine::Lifting(entry)).await?;
    notify(app, &row);
    Ok(())
}
