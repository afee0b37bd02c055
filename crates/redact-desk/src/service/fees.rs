//! Time spent on a request, what it costs under its law, and estimates of that.

use super::app::Shared;
use super::change::Change;
use super::closed::check_open;
use super::history::{self, Entry};
use super::sealed;
use crate::api_error::{ApiError, ApiResult, optional_text};
use crate::db::fees::{self, EstimateRow, TimeRow};
use crate::db::recordings::RecordingRow;
use crate::db::requests::{self, RequestRow};
use crate::db::{pool, recordings};
use crate::domain::effort::{SavedAt, expected_minutes, measured_minutes};
use crate::domain::history::changes;
use crate::domain::statutes::{Fee, FeeCase, FeeRules, Money, Tolerance};
use crate::id::Id;
use crate::model::{SessionUser, Work};
use crate::time;

/// The most minutes in one entry: a day.
const ENTRY_MINUTES_MAX: u32 = 24 * 60;

/// The most minutes in an estimate.
const ESTIMATE_MINUTES_MAX: u32 = 600_000;

/// The most dollars an hour, in cents.
const RATE_MAX: Money = Money(100_000);

const NOTE_CHARS_MAX: usize = 300;

/// By how many percent a bill may differ from its estimate before that is pointed out, where the
/// law sets no other figure.
const DIFFERENCE_PERCENT_MAX: u16 = 25;

/// How far a bill may be from its estimate, by the law or else the figure above.
pub(crate) fn tolerance(rules: Option<&FeeRules>) -> Tolerance {
    rules.and_then(FeeRules::tolerance).unwrap_or(Tolerance {
        percent: DIFFERENCE_PERCENT_MAX,
        includes: false,
    })
}

/// Minutes of work that can be charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Minutes {
    pub(crate) search: u32,
    pub(crate) review: u32,
    pub(crate) redaction: u32,
}

impl Minutes {
    /// The sum of entries; other work is not charged.
    pub(crate) fn of(entries: &[TimeRow]) -> Self {
        let mut sum = Self::default();
        for entry in entries {
            let part = match entry.work {
                Work::Search => &mut sum.search,
                Work::Review => &mut sum.review,
                Work::Redaction => &mut sum.redaction,
                Work::Other => continue,
            };
            *part = part.saturating_add(entry.minutes);
        }
        sum
    }
}

/// The responsive recordings of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) recordings: u32,
    pub(crate) video_seconds: u64,
    /// Minutes that the decisions are expected to take, from what the scans found; `None` until
    /// all are scanned.
    pub(crate) expected_minutes: Option<u32>,
}

/// The extent of the recordings of a request, as far as the user may see them: what an order of a
/// court closes is not released, and nothing is charged for it by people whom it does not name.
///
/// # Errors
/// Those of the database.
pub(crate) async fn extent(app: &Shared, who: &SessionUser, request: &Id) -> ApiResult<Extent> {
    let closed = sealed::closed_to(app, who).await?;
    let rows = recordings::of_request(&app.db, request).await?;
    let mut extent = Extent {
        expected_minutes: Some(0),
        ..Extent::default()
    };
    let counts = |row: &&RecordingRow| !row.not_responsive && !closed.has(&row.id);
    for row in rows.iter().filter(counts) {
        extent.recordings += 1;
        let seconds = seconds_of(row.media.as_deref());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let whole = seconds.clamp(0.0, 1e9).round() as u64;
        extent.video_seconds += whole;
        let expected = match row.expected_minutes {
            Some(known) => Some(known),
            None => count_expected(app, &row.id, seconds).await?,
        };
        let sum = extent.expected_minutes.zip(expected);
        extent.expected_minutes = sum.map(|(sum, more)| sum.saturating_add(more));
    }
    Ok(extent)
}

/// Counts the minutes that the decisions about a recording are expected to take, and stores them;
/// `None` until it is scanned.
///
/// # Errors
/// Those of the database.
pub(crate) async fn count_expected(
    app: &Shared,
    recording: &Id,
    seconds: f64,
) -> ApiResult<Option<u32>> {
    let Ok(findings) = app.findings(recording).await else {
        return Ok(None);
    };
    let found = &findings.0;
    let speech = found.speech.as_deref().unwrap_or_default();
    let heard: i64 = speech.iter().map(|span| span.length_nanos()).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds of a recording")]
    let heard = heard as f64 / 1e9;
    let minutes = expected_minutes(seconds, found.tracks.len(), heard);
    recordings::set_expected_minutes(&app.db, recording, minutes).await?;
    Ok(Some(minutes))
}

/// The length of a recording in seconds, from its properties as JSON; zero until they are known.
pub(crate) fn seconds_of(media: Option<&str>) -> f64 {
    let media: serde_json::Value =
        serde_json::from_str(media.unwrap_or("null")).unwrap_or_default();
    media["duration_seconds"].as_f64().unwrap_or(0.0)
}

/// What the law lets an agency charge for a request; `None`: no rules are known.
pub(crate) fn rules<'a>(app: &'a Shared, row: &RequestRow) -> Option<&'a FeeRules> {
    let law = app.statutes.get(row.facts.jurisdiction.trim())?;
    law.fees.as_ref()
}

/// The fee of a request under its law.
pub(crate) fn fee(
    rules: &FeeRules,
    row: &RequestRow,
    extent: Extent,
    (minutes, rate): (Minutes, Money),
) -> Fee {
    rules.fee(FeeCase {
        requester: row.facts.requester_kind,
        search_minutes: minutes.search,
        review_minutes: minutes.review,
        redaction_minutes: minutes.redaction,
        rate,
        video_seconds: extent.video_seconds,
        recordings: extent.recordings,
    })
}

/// By how many percent `bill` differs from `estimate`; `None` if nothing was estimated.
pub(crate) fn difference_percent(bill: Money, estimate: Money) -> Option<i64> {
    let (bill, estimate) = (i128::from(bill.0), i128::from(estimate.0));
    if estimate == 0 {
        return (bill == 0).then_some(0);
    }
    let difference = (bill - estimate) * 100;
    // Away from zero, so that 25.1 % is more than 25 %.
    let percent = (difference.abs() + estimate - 1) / estimate * difference.signum();
    i64::try_from(percent).ok()
}

/// Minutes that the saves of the request's reviews show, by name, of reviews that the user may see.
///
/// # Errors
/// Those of the database.
pub(crate) async fn measured(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
) -> ApiResult<Vec<(String, u32)>> {
    let closed = sealed::closed_to(app, who).await?;
    let rows = fees::saves_of(&app.db, request).await?;
    let saves: Vec<SavedAt<'_>> = rows
        .iter()
        .filter(|row| !closed.has(&row.review))
        .map(|row| SavedAt {
            review: row.review.as_str(),
            by: &row.by,
            at: row.at,
        })
        .collect();
    Ok(measured_minutes(&saves).into_iter().collect())
}

/// Time that a person enters.
pub(crate) struct EnteredTime<'a> {
    pub(crate) day: &'a str,
    pub(crate) work: Work,
    pub(crate) minutes: u32,
    pub(crate) note: &'a str,
}

/// Adds an entry of time.
///
/// # Errors
/// 400 for invalid values; 404; 409 for a closed request.
pub(crate) async fn add_time(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    entered: EnteredTime<'_>,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    requests::by_id(&app.db, request).await?;
    let row = TimeRow {
        id: Id::random(),
        request: request.clone(),
        user: who.id.clone(),
        name: who.name.clone(),
        day: String::new(),
        work: entered.work,
        minutes: 0,
        note: String::new(),
    };
    put(app, who, (None, row), entered).await
}

/// Changes an entry of time. Whoever does is named in the history.
///
/// # Errors
/// 400 for invalid values; 404; 409 for a closed request.
pub(crate) async fn change_time(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    entered: EnteredTime<'_>,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = own(app, request, id).await?;
    put(app, who, (Some(time_text(&row)), row), entered).await
}

async fn own(app: &Shared, request: &Id, id: &Id) -> ApiResult<TimeRow> {
    let row = fees::time_by_id(&app.db, id).await?;
    if row.request != *request {
        return Err(ApiError::not_found());
    }
    Ok(row)
}

async fn put(
    app: &Shared,
    who: &SessionUser,
    (before, mut row): (Option<String>, TimeRow),
    entered: EnteredTime<'_>,
) -> ApiResult<()> {
    check_open(app, &row.request).await?;
    if !(1..=ENTRY_MINUTES_MAX).contains(&entered.minutes) {
        let message = format!("Enter minutes from 1 to {ENTRY_MINUTES_MAX}.");
        return Err(ApiError::field("minutes", message));
    }
    let invalid = || ApiError::field("day", "Expected a date such as 2026-01-31.");
    let day = time::read_day(entered.day).ok_or_else(invalid)?;
    if day > app.today() {
        return Err(ApiError::field("day", "The date is in the future."));
    }
    row.day = time::day_text(day);
    row.work = entered.work;
    row.minutes = entered.minutes;
    row.note = optional_text("note", entered.note, NOTE_CHARS_MAX)?;
    let mut change = pool::begin(&app.db).await?;
    fees::put_time(&mut change, &row, app.now()).await?;
    let action = if before.is_some() {
        "time-changed"
    } else {
        "time-added"
    };
    let after = time_text(&row);
    finish(
        app,
        who,
        change,
        (&row.request, action),
        ("time", before, Some(after)),
    )
    .await
}

/// Removes an entry of time.
///
/// # Errors
/// 404; 409 for a closed request.
pub(crate) async fn remove_time(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    check_open(app, request).await?;
    let row = own(app, request, id).await?;
    let mut change = pool::begin(&app.db).await?;
    fees::remove_time(&mut change, id).await?;
    let removed = Some(time_text(&row));
    finish(
        app,
        who,
        change,
        (request, "time-removed"),
        ("time", removed, None),
    )
    .await
}

/// `2026-01-31, redaction, 45 minutes, Ada Okafor`.
fn time_text(row: &TimeRow) -> String {
    let unit = if row.minutes == 1 {
        "minute"
    } else {
        "minutes"
    };
    format!(
        "{}, {}, {} {unit}, {}",
        row.day,
        row.work.word(),
        row.minutes,
        row.name
    )
}

async fn finish(
    app: &Shared,
    who: &SessionUser,
    mut change: pool::Transaction,
    (request, action): (&Id, &'static str),
    (field, from, to): (&str, Option<String>, Option<String>),
) -> ApiResult<()> {
    let entry = Entry {
        request,
        recording: None,
        action,
        changes: changes(&[(field, from.unwrap_or_default(), to.unwrap_or_default())]),
        reason: "",
    };
    history::note(app, &mut change, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// Estimates the fee of a request and stores the estimate.
///
/// # Errors
/// 400 for invalid values, or if no fee rules are known for the law; 404; 409 for a closed request.
pub(crate) async fn estimate(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    (minutes, rate): (Minutes, &str),
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    check_open(app, request).await?;
    let row = requests::by_id(&app.db, request).await?;
    let rules = rules(app, &row).ok_or_else(|| {
        ApiError::field(
            "jurisdiction",
            "No fee rules are on file for the law of this request.",
        )
    })?;
    let invalid = || {
        let message = format!("Enter dollars an hour such as 32.50, at most {RATE_MAX}.");
        ApiError::field("rate", message)
    };
    let rate = Money::read(rate.trim()).filter(|rate| *rate <= RATE_MAX);
    let rate = rate.ok_or_else(invalid)?;
    let parts = [
        ("search_minutes", minutes.search),
        ("review_minutes", minutes.review),
        ("redaction_minutes", minutes.redaction),
    ];
    if let Some((field, _)) = parts.into_iter().find(|part| part.1 > ESTIMATE_MINUTES_MAX) {
        let message = format!("Enter minutes from 0 to {ESTIMATE_MINUTES_MAX}.");
        return Err(ApiError::field(field, message));
    }
    let found = fee(
        rules,
        &row,
        extent(app, who, request).await?,
        (minutes, rate),
    );
    let cents = |money: Money| i64::try_from(money.0).unwrap_or(i64::MAX);
    let new = EstimateRow {
        id: Id::random(),
        request: request.clone(),
        at: app.now(),
        by: who.name.clone(),
        rate_cents: cents(rate),
        search_minutes: minutes.search,
        review_minutes: minutes.review,
        redaction_minutes: minutes.redaction,
        total_cents: cents(found.total),
        fee: serde_json::json!(found).to_string(),
    };
    let mut change = pool::begin(&app.db).await?;
    fees::insert_estimate(&mut change, &new).await?;
    let total = Some(format!("${}", found.total));
    finish(
        app,
        who,
        change,
        (request, "fee-estimated"),
        ("fee", None, total),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_rounded_away_from_zero() {
        let percent = |bill, estimate| difference_percent(Money(bill), Money(estimate));
        assert_eq!(percent(12_500, 10_000), Some(25));
        assert_eq!(percent(12_501, 10_000), Some(26));
        assert_eq!(percent(7_499, 10_000), Some(-26));
        assert_eq!(percent(10_000, 10_000), Some(0));
        assert_eq!(percent(0, 0), Some(0));
        assert_eq!(percent(100, 0), None);
    }
}
