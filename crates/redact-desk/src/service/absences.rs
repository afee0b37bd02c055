//! Absences. Whoever stands in sees what waits for the absent person, and acts in their own name:
//! approvals, decisions and the event log never name the absent one, so two approvals are still of
//! two people.

use std::collections::HashMap;

use ::time::Date;
use redact_record::events::Act;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult};
use crate::db::absences::{self as rows, AbsenceRow};
use crate::db::{pool, users};
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time;

/// The longest absence, in days.
const DAYS_MAX: i64 = 366;

/// For whom each person stands in today.
///
/// # Errors
/// Database errors.
pub(crate) async fn standing_in(app: &Shared) -> ApiResult<HashMap<Id, Vec<Id>>> {
    let mut all: HashMap<Id, Vec<Id>> = HashMap::new();
    for row in today(app).await? {
        all.entry(row.stand_in).or_default().push(row.user);
    }
    Ok(all)
}

/// The absences of today.
///
/// # Errors
/// Database errors.
pub(crate) async fn today(app: &Shared) -> ApiResult<Vec<AbsenceRow>> {
    let today = time::day_text(app.today());
    Ok(rows::on(&app.db, &today).await?)
}

/// The present and next absences of all people.
///
/// # Errors
/// Database errors.
pub(crate) async fn not_over(app: &Shared) -> ApiResult<Vec<AbsenceRow>> {
    let today = time::day_text(app.today());
    Ok(rows::not_over(&app.db, &today).await?)
}

/// The present or next absence of a person.
///
/// # Errors
/// Database errors.
pub(crate) async fn of(app: &Shared, user: &Id) -> ApiResult<Option<AbsenceRow>> {
    let today = time::day_text(app.today());
    Ok(rows::of(&app.db, user, &today).await?)
}

/// An absence to enter.
pub(crate) struct NewAbsence {
    pub(crate) stand_in: Id,
    pub(crate) from: Date,
    pub(crate) until: Date,
}

/// Enters an absence of `user` in place of one that was entered before: of `who` themselves, or of
/// somebody for whom an administrator enters it, such as a person who is ill.
///
/// # Errors
/// 400 for a stand-in who cannot work then, and for days in the wrong order; 404; 409 `conflict`
/// for somebody who reviews no recordings.
pub(crate) async fn enter(
    app: &Shared,
    (who, user): (&SessionUser, &Id),
    new: &NewAbsence,
) -> ApiResult<()> {
    check_days(app.today(), new)?;
    let absent = users::by_id(&app.db, user).await?;
    if !absent.active {
        let message = "This account is not active.";
        return Err(ApiError::conflict("conflict", message));
    }
    if !absent.role.reviews() {
        let message = "This person does not review recordings and needs no stand-in.";
        return Err(ApiError::conflict("conflict", message));
    }
    let stand_in = users::by_id(&app.db, &new.stand_in).await;
    let stand_in = stand_in
        .ok()
        .filter(|account| account.active && account.role.reviews() && account.id != *user);
    let stand_in = stand_in.ok_or_else(|| {
        let message = "Choose another person who reviews recordings.";
        ApiError::field("stand_in", message)
    })?;
    let (from, until) = (time::day_text(new.from), time::day_text(new.until));
    if let Some(theirs) = of(app, &stand_in.id).await?
        && theirs.from_on <= until
        && from <= theirs.until_on
    {
        let message = format!(
            "{} is absent from {} to {}. Choose somebody else or other days.",
            stand_in.name, theirs.from_on, theirs.until_on
        );
        return Err(ApiError::field("stand_in", message));
    }
    let mut change = pool::begin(&app.db).await?;
    rows::end(&mut change, user, app.now()).await?;
    let people = (user, &stand_in.id);
    rows::insert(&mut change, people, (&from, &until), app.now()).await?;
    let event = Event::new(Act::Account, "absence")
        .id("user", user)
        .id("stand-in", &stand_in.id)
        .label("from", &from)
        .label("until", &until);
    app.log_event(&who.name, event).await?;
    Ok(change.commit().await?)
}

fn check_days(today: Date, new: &NewAbsence) -> ApiResult<()> {
    if new.until < new.from {
        let message = "The last day is before the first.";
        return Err(ApiError::field("until", message));
    }
    if new.until < today {
        return Err(ApiError::field("until", "The last day is over."));
    }
    if (new.until - new.from).whole_days() > DAYS_MAX {
        return Err(ApiError::field("until", "An absence lasts a year at most."));
    }
    Ok(())
}

/// Ends the absence of `user`.
///
/// # Errors
/// 404 without one.
pub(crate) async fn end(app: &Shared, who: &SessionUser, user: &Id) -> ApiResult<()> {
    let mut change = pool::begin(&app.db).await?;
    if !rows::end(&mut change, user, app.now()).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::new(Act::Account, "absence-ended").id("user", user);
    app.log_event(&who.name, event).await?;
    Ok(change.commit().await?)
}
