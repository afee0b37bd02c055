//! Letters to a requester: previewed, made, sent, and the same again.

use redact_record::events::Act;
use redact_record::letters::Letter;

use super::app::Shared;
use super::change::Change;
use super::clocks::{self, Clocked};
use super::history::{self, Entry};
use super::letter_values::{About, Extending};
use super::papers;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::clocks as clock_rows;
use crate::db::letters::{self, LetterRow, SendRow};
use crate::db::pool::{self, Connection};
use crate::db::practice;
use crate::db::requests;
use crate::domain::history::changes;
use crate::domain::letters::paragraphs;
use crate::domain::statutes::DeadlineKind;
use crate::event::Event;
use crate::id::Id;
use crate::model::papers::{LetterKind, SentBy};
use crate::model::{SessionUser, Unit};
use crate::time;

/// The longest text that a person adds to a letter, in characters.
const TEXT_CHARS_MAX: usize = 8000;

/// A letter as a person wants it.
#[derive(Clone, Copy)]
pub(crate) struct NewLetter<'a> {
    pub(crate) kind: LetterKind,
    /// What the person adds, in paragraphs.
    pub(crate) text: &'a str,
    /// What an extension letter adds to the time for the answer, and why.
    pub(crate) extension: Option<(u16, Unit, &'a str)>,
}

/// A letter that is filled in.
pub(crate) struct FilledLetter {
    pub(crate) letter: Letter,
    /// What the person should know before it is made.
    pub(crate) warnings: Vec<String>,
    about: About,
}

/// Fills a letter in.
///
/// # Errors
/// 400 for invalid values; 404; 409 `practice`, `no_estimate`, `no_releases`; 422 `papers`.
pub(crate) async fn fill(
    app: &Shared,
    request: &Id,
    new: NewLetter<'_>,
) -> ApiResult<FilledLetter> {
    let message = "Letters are not made for practice requests.";
    practice::refuse(&app.db, request, message).await?;
    let given = optional_text("text", new.text, TEXT_CHARS_MAX)?;
    let extension = match (new.kind, new.extension) {
        (LetterKind::Extension, Some((days, unit, reason))) => Some(Extending {
            reason: clocks::check_extension(days, reason)?,
            days,
            unit,
        }),
        (LetterKind::Extension, None) => {
            let message = "Enter the days to add and the reason.";
            return Err(ApiError::field("days", message));
        }
        _ => None,
    };
    let about = About::load(app, request, new.kind).await?;
    if new.kind == LetterKind::Denial && about.decision.is_none() && given.is_empty() {
        let message = "A denial needs its reason: enter it here, or close the request with it.";
        return Err(ApiError::field("text", message));
    }
    let values = about.values(app, (extension.as_ref(), paragraphs(&given)))?;
    let templates = &about.office.templates;
    let letter = templates
        .fill(new.kind.template(), &values)
        .map_err(|error| papers::unusable(&error))?;
    Ok(FilledLetter {
        warnings: about.warnings(app, new.kind),
        letter,
        about,
    })
}

/// Makes a letter and stores it; returns its id.
///
/// # Errors
/// As for [`fill`].
pub(crate) async fn make(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    new: NewLetter<'_>,
) -> ApiResult<Id> {
    let filled = fill(app, request, new).await?;
    let number = filled.about.row.facts.number.clone();
    let letter = filled.letter;
    let (title, text) = (letter.title.clone(), letter.text.clone());
    let printed = papers::print(app, filled.about.office, number, letter).await?;
    let extension = new.extension.filter(|_| new.kind == LetterKind::Extension);
    let row = LetterRow {
        id: Id::random(),
        request: request.clone(),
        kind: new.kind,
        title,
        at: app.now(),
        by: who.name.clone(),
        text,
        extension_days: extension.map(|(days, _, _)| days),
        extension_unit: extension.map(|(_, unit, _)| unit),
        extension_reason: extension
            .map_or("", |(_, _, reason)| reason.trim())
            .to_owned(),
        bytes: i64::try_from(printed.pdf.len()).unwrap_or(i64::MAX),
        sha256: printed.sha256,
    };
    let mut change = pool::begin(&app.db).await?;
    letters::insert(&mut change, &row, &printed.pdf).await?;
    let word = row.kind.word().to_owned();
    let fields = [
        ("letter", String::new(), word),
        ("letter_sha256", String::new(), row.sha256.clone()),
    ];
    note(app, who, &mut change, (request, "letter-made", &fields)).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(row.id)
}

async fn note(
    app: &Shared,
    who: &SessionUser,
    change: &mut Connection,
    (request, action, fields): (&Id, &'static str, &[(&str, String, String)]),
) -> ApiResult<()> {
    let entry = Entry {
        request,
        recording: None,
        action,
        changes: changes(fields),
        reason: "",
    };
    history::note(app, change, &who.name, entry).await
}

/// A letter of that request.
async fn own(app: &Shared, request: &Id, id: &Id) -> ApiResult<LetterRow> {
    let row = letters::by_id(&app.db, id).await?;
    if row.request != *request {
        return Err(ApiError::not_found());
    }
    Ok(row)
}

/// The PDF of a letter, as it was made, and the name of its file. The download is an event.
///
/// # Errors
/// 404; internal error if the stored file was changed.
pub(crate) async fn pdf(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
) -> ApiResult<(String, Vec<u8>)> {
    let row = own(app, request, id).await?;
    let pdf = papers::unchanged(letters::pdf(&app.db, id).await?, &row.sha256)?;
    let event = Event::new(Act::Export, "letter-download")
        .id("request", request)
        .id("letter", id)
        .label("kind", row.kind.word());
    app.log_event(&who.name, event).await?;
    let day = time::day_text(app.zone().day(row.at));
    Ok((format!("{}-{day}.pdf", row.kind.word()), pdf))
}

/// Removes a letter that was never sent.
///
/// # Errors
/// 404; 409 `sent`.
pub(crate) async fn remove(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = own(app, request, id).await?;
    if letters::sends(&app.db, request).await?.contains_key(id) {
        let message = "The letter was sent, so it stays with the request.";
        return Err(ApiError::conflict("sent", message));
    }
    let mut change = pool::begin(&app.db).await?;
    letters::remove(&mut change, id).await?;
    let fields = [
        ("letter", row.kind.word().to_owned(), String::new()),
        ("letter_sha256", row.sha256, String::new()),
    ];
    note(app, who, &mut change, (request, "letter-removed", &fields)).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// That a letter was sent.
pub(crate) struct Sent<'a> {
    pub(crate) to: &'a str,
    pub(crate) means: SentBy,
    pub(crate) on: &'a str,
    pub(crate) note: &'a str,
}

/// Records that a letter was sent. The first time, an acknowledgement or an estimate is recorded
/// with the deadlines of an open request, and an extension is added to them.
///
/// # Errors
/// 400 for invalid values; 404.
pub(crate) async fn send(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    sent: Sent<'_>,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = own(app, request, id).await?;
    let new = SendRow {
        id: Id::random(),
        letter: id.clone(),
        at: app.now(),
        by: who.name.clone(),
        recipient: text("to", sent.to, 200)?,
        means: sent.means,
        sent_on: sent_on(app, &row, sent.on)?,
        note: optional_text("note", sent.note, 300)?,
    };
    let is_first = !letters::sends(&app.db, request).await?.contains_key(id);
    let mut change = pool::begin(&app.db).await?;
    letters::insert_send(&mut change, &new).await?;
    let fields = [
        ("letter", String::new(), row.kind.word().to_owned()),
        ("letter_sha256", String::new(), row.sha256.clone()),
        ("recipient", String::new(), new.recipient.clone()),
        ("sent_on", String::new(), new.sent_on.clone()),
    ];
    note(app, who, &mut change, (request, "letter-sent", &fields)).await?;
    if is_first {
        follow(app, who, &mut change, (&row, &new.sent_on)).await?;
    }
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

fn sent_on(app: &Shared, row: &LetterRow, given: &str) -> ApiResult<String> {
    let invalid = || ApiError::field("on", "Expected a date such as 2026-01-31.");
    let day = time::read_day(given.trim()).ok_or_else(invalid)?;
    let made = app.zone().day(row.at);
    if day > app.today() {
        return Err(ApiError::field("on", "The date is in the future."));
    }
    if day < made {
        let message = format!("The letter was made on {}.", time::day_text(made));
        return Err(ApiError::field("on", message));
    }
    Ok(time::day_text(day))
}

/// What a letter that was sent does to the deadlines of an open request.
async fn follow(
    app: &Shared,
    who: &SessionUser,
    change: &mut Connection,
    (letter, on): (&LetterRow, &str),
) -> ApiResult<()> {
    let row = requests::by_id(&app.db, &letter.request).await?;
    if row.closed {
        return Ok(());
    }
    let rows = clock_rows::by_request(&app.db, Some(&row.id)).await?;
    let rows = rows.into_values().next().unwrap_or_default();
    let (acknowledged, estimated) = (row.acknowledged_on.is_some(), row.estimated_on.is_some());
    let before = Clocked { row, rows };
    let day = Some(on.to_owned());
    match letter.kind {
        // The first one counts.
        LetterKind::Acknowledgement if !acknowledged => {
            let kind = DeadlineKind::Acknowledgement;
            clocks::set_sent(app, who, change, &before, (kind, day)).await
        }
        LetterKind::Estimate if !estimated => {
            let kind = DeadlineKind::Estimate;
            clocks::set_sent(app, who, change, &before, (kind, day)).await
        }
        LetterKind::Extension => {
            let Some((days, unit)) = letter.extension_days.zip(letter.extension_unit) else {
                return Ok(());
            };
            let reason = letter.extension_reason.as_str();
            clocks::add_extension(app, who, change, &before, (days, unit, reason)).await
        }
        _ => Ok(()),
    }
}
