//! Mail about what waits for a person, as they chose, and invitations.
//!
//! Messages wait in the database and are sent in the background: a server that is down or refuses
//! holds up nobody. What is new for a person is what waits for them now and did not before.

use std::collections::{BTreeSet, HashMap};

use ::time::Date;
use redact_record::events::Act;

use super::app::Shared;
use super::mailer::Mailer;
use super::requests::stage;
use super::{absences, due};
use crate::api_error::{ApiError, ApiResult};
use crate::db::clocks::by_request;
use crate::db::mail::{self as rows, MailChoiceRow, MailRow};
use crate::db::requests::{self, Of, RequestRow};
use crate::db::sealings::{self, Closed};
use crate::db::users::{self, Account};
use crate::db::{inbox, pool};
use crate::domain::mail_text;
use crate::domain::stage::{Stage, of_request};
use crate::event::Event;
use crate::id::Id;
use crate::model::{MailKind, Role};
use crate::time::{self, HOUR, MINUTE, Millis};

/// A request is due soon in this many days.
const SOON_DAYS: i64 = 3;

/// Nobody is sent mail about what appears while they use the desk, or did within this time.
const AT_DESK: Millis = 10 * MINUTE;

/// A message is given up after this time.
const GIVEN_UP_AFTER: Millis = 24 * HOUR;

/// The longest wait between two attempts.
const WAIT_MAX: Millis = HOUR;

/// How long messages that were sent are listed.
const SENT_LISTED: Millis = 30 * 24 * HOUR;

/// Messages that are sent at a time.
const BATCH: i64 = 20;

/// The mail server, if one is configured.
///
/// # Errors
/// 409 `no_mail_server`.
pub(crate) fn configured(app: &Shared) -> ApiResult<&Mailer> {
    app.mailer.as_ref().ok_or_else(|| {
        let message = "No mail server is configured.";
        ApiError::conflict("no_mail_server", message)
            .hint("Your system administrator can configure one with --mail.")
    })
}

/// What a link is bound to while it waits, encrypted.
fn binding(id: &Id) -> String {
    format!("redact mail {id}")
}

/// Queues a message; its place is secret if it is an invitation.
async fn queue(
    app: &Shared,
    (user, kind): (&Id, MailKind),
    (number, place): (&str, &str),
) -> ApiResult<()> {
    let id = Id::random();
    let sealed = app.secrets.seal(place, &binding(&id))?;
    let mut change = pool::begin(&app.db).await?;
    rows::insert(&mut change, (&id, user, kind), (number, &sealed), app.now()).await?;
    Ok(change.commit().await?)
}

/// Queues the link of an invitation, and stores the address for later mail.
///
/// # Errors
/// 409 `no_mail_server`; database errors.
pub(crate) async fn invite(
    app: &Shared,
    who: &str,
    user: &Id,
    (address, place): (&str, &str),
) -> ApiResult<()> {
    configured(app)?;
    let mut change = pool::begin(&app.db).await?;
    let kinds = rows::choice(&app.db, user).await?;
    let kinds = kinds.map_or_else(|| MailKind::usual().join(" "), |row| row.kinds);
    rows::choose(&mut change, user, (address, &kinds)).await?;
    let event = Event::new(Act::Account, "invitation-mailed").id("account", user);
    app.log_event(who, event).await?;
    change.commit().await?;
    queue(app, (user, MailKind::Invitation), ("", place)).await
}

/// Queues a test message.
///
/// # Errors
/// 409 `no_mail_server`, or `conflict` without an address.
pub(crate) async fn test(app: &Shared, user: &Id) -> ApiResult<()> {
    configured(app)?;
    if rows::choice(&app.db, user).await?.is_none() {
        let message = "Enter your own email address first, in your account.";
        return Err(ApiError::conflict("conflict", message));
    }
    queue(app, (user, MailKind::Test), ("", "#/")).await
}

/// Stores where a person gets mail and about what; no address: none.
///
/// # Errors
/// Errors of the database and the log.
pub(crate) async fn choose(
    app: &Shared,
    account: &Account,
    (address, kinds): (&str, &[MailKind]),
) -> ApiResult<()> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
    let is_first = rows::choice(&app.db, &account.id).await?.is_none();
    // What waits already is no news.
    let waiting = if is_first && !address.is_empty() {
        News::load(app).await?.of(account)
    } else {
        Vec::new()
    };
    let mut change = pool::begin(&app.db).await?;
    if address.is_empty() {
        rows::forget(&mut change, &account.id).await?;
    } else {
        rows::choose(&mut change, &account.id, (address, &words.join(" "))).await?;
    }
    for item in waiting {
        rows::set_known(&mut change, (&account.id, &item.key), false).await?;
    }
    let event = Event::new(Act::Account, "mail-chosen").count("kinds", kinds.len());
    app.log_event(&account.name, event).await?;
    Ok(change.commit().await?)
}

/// Something that waits for a person.
struct Item {
    key: String,
    kind: MailKind,
    number: String,
    place: String,
}

/// What waits for whom.
struct News {
    today: Date,
    requests: Vec<RequestRow>,
    dues: HashMap<Id, String>,
    progress: HashMap<Id, Vec<requests::ProgressRow>>,
    approvals: HashMap<Id, Vec<inbox::WaitingRow>>,
    /// For whom each person stands in today.
    standing_in: HashMap<Id, Vec<Id>>,
    /// What orders close to each person.
    closed: HashMap<Id, Closed>,
}

impl News {
    async fn load(app: &Shared) -> ApiResult<Self> {
        let open = |row: &RequestRow| !row.closed && row.practice.is_none();
        let requests = requests::all(&app.db).await?.into_iter();
        let requests: Vec<RequestRow> = requests.filter(open).collect();
        let mut clocks = by_request(&app.db, None).await?;
        let due = |row: &RequestRow| {
            let clock = clocks.remove(&row.id).unwrap_or_default();
            (row.id.clone(), due::due_on(app, row, &clock))
        };
        let mut news = Self {
            today: app.today(),
            dues: requests.iter().map(due).collect(),
            requests,
            progress: HashMap::new(),
            approvals: HashMap::new(),
            standing_in: absences::standing_in(app).await?,
            closed: HashMap::new(),
        };
        for choice in rows::choices(&app.db).await? {
            let user = choice.user;
            let absent = news.standing_in.get(&user).into_iter().flatten();
            for person in absent.chain([&user]) {
                let theirs = requests::progress(&app.db, Of::Assignee(person)).await?;
                news.progress.extend(theirs);
            }
            let waiting = inbox::waiting_for(&app.db, &user).await?;
            news.approvals.insert(user.clone(), waiting);
            let closed = sealings::closed_to(&app.db, &user).await?;
            news.closed.insert(user, closed);
        }
        Ok(news)
    }

    /// What waits for that person.
    fn of(&self, account: &Account) -> Vec<Item> {
        let mut items = Vec::new();
        if !account.role.reviews() {
            return items;
        }
        let absent = self.standing_in.get(&account.id);
        let closed = |id: &Id| self.closed.get(&account.id).is_some_and(|all| all.has(id));
        for row in self.requests.iter().filter(|row| !closed(&row.id)) {
            let Some(assignee) = &row.assignee else {
                continue;
            };
            if *assignee == account.id || absent.is_some_and(|absent| absent.contains(assignee)) {
                self.add_request(row, &closed, &mut items);
            }
        }
        for row in self.approvals.get(&account.id).into_iter().flatten() {
            let counts = account.role == Role::Approver || row.by_approver;
            if counts && !closed(&row.review) {
                items.push(Item {
                    key: format!("approval {}", row.review),
                    kind: MailKind::Approval,
                    number: row.number.clone(),
                    place: format!("#/review/{}/approve", row.review),
                });
            }
        }
        items
    }

    fn add_request(&self, row: &RequestRow, closed: &dyn Fn(&Id) -> bool, items: &mut Vec<Item>) {
        let item = |key: String, kind| Item {
            key,
            kind,
            number: row.facts.number.clone(),
            place: format!("#/request/{}", row.id),
        };
        items.push(item(format!("assigned {}", row.id), MailKind::Assigned));
        let recordings = self.progress.get(&row.id).into_iter().flatten();
        let responsive = recordings.filter(|one| !one.flags.not_responsive);
        let responsive: Vec<_> = responsive.filter(|one| !closed(&one.recording)).collect();
        for recording in &responsive {
            if stage(&recording.flags) == Stage::InReview {
                let key = format!("ready {} {}", row.id, recording.recording);
                items.push(item(key, MailKind::Ready));
            }
        }
        let due = self.dues.get(&row.id).unwrap_or(&row.facts.due_on);
        let days_left = time::read_day(due).map(|due| (due - self.today).whole_days());
        let stages: Vec<Stage> = responsive
            .iter()
            .map(|recording| stage(&recording.flags))
            .collect();
        let is_open = of_request(false, &stages) != Stage::HandedOver;
        if is_open && days_left.is_some_and(|days| days <= SOON_DAYS) {
            items.push(item(format!("due {} {due}", row.id), MailKind::Due));
        }
    }
}

/// Queues mail about what is new for people who are not at the desk.
///
/// # Errors
/// Database errors.
pub(crate) async fn collect(app: &Shared) -> ApiResult<()> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let choices = rows::choices(&app.db).await?;
    if choices.is_empty() {
        return Ok(());
    }
    let news = News::load(app).await?;
    for choice in choices {
        let account = users::by_id(&app.db, &choice.user).await?;
        collect_for(app, &choice, news.of(&account)).await?;
    }
    Ok(())
}

async fn collect_for(app: &Shared, choice: &MailChoiceRow, items: Vec<Item>) -> ApiResult<()> {
    let user = &choice.user;
    let known: BTreeSet<String> = rows::known(&app.db, user).await?.into_iter().collect();
    let now: BTreeSet<&String> = items.iter().map(|item| &item.key).collect();
    let gone: Vec<&String> = known.iter().filter(|key| !now.contains(key)).collect();
    let new: Vec<&Item> = items
        .iter()
        .filter(|item| !known.contains(&item.key))
        .collect();
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    let seen = choice.last_seen_at.unwrap_or(0);
    let is_away = app.now() - seen >= AT_DESK;
    let mut change = pool::begin(&app.db).await?;
    for key in gone {
        rows::set_known(&mut change, (user, key), true).await?;
    }
    for item in new {
        rows::set_known(&mut change, (user, &item.key), false).await?;
        let is_wanted = choice.kinds.split(' ').any(|word| word == item.kind.word());
        if is_wanted && is_away {
            let id = Id::random();
            let place = app.secrets.seal(&item.place, &binding(&id))?;
            let what = (&id, user, item.kind);
            rows::insert(&mut change, what, (&item.number, &place), app.now()).await?;
        }
    }
    Ok(change.commit().await?)
}

/// Sends what is due. A message that the server does not take waits longer each time, and is given
/// up after a day, or at once if the server refuses it for good.
///
/// # Errors
/// Database errors.
pub(crate) async fn deliver(app: &Shared) -> ApiResult<()> {
    let Some(mailer) = &app.mailer else {
        return Ok(());
    };
    for row in rows::due(&app.db, app.now(), BATCH).await? {
        let sent = send(app, mailer, &row).await?;
        let now = app.now();
        let Err((why, is_permanent)) = sent else {
            rows::sent(&app.db, &row.id, (now, now - SENT_LISTED)).await?;
            continue;
        };
        let wait = (MINUTE << row.attempts.clamp(0, 10)).min(WAIT_MAX);
        let is_over = is_permanent || now - row.made_at >= GIVEN_UP_AFTER;
        let next = (!is_over).then_some(now + wait);
        rows::failed(&app.db, &row.id, &why, (now, next)).await?;
        if !is_permanent {
            // The server is down: the others wait too, and nothing hammers at it.
            break;
        }
    }
    Ok(())
}

/// Sends one message; why it was not sent, and whether that is for good.
async fn send(
    app: &Shared,
    mailer: &Mailer,
    row: &MailRow,
) -> ApiResult<Result<(), (String, bool)>> {
    let Some(choice) = rows::choice(&app.db, &row.user).await? else {
        return Ok(Err(("the person has no address any more".to_owned(), true)));
    };
    let Ok(place) = app.secrets.open(&row.place, &binding(&row.id)) else {
        return Ok(Err(("its link cannot be decrypted".to_owned(), true)));
    };
    let message = mail_text::message(row.kind, &row.number, &mailer.link(&place));
    let sent = mailer.send(&choice.address, message).await;
    Ok(sent.map_err(|fault| (fault.why, fault.is_permanent)))
}
