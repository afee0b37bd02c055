//! One's own absence, and for whom one stands in.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::api_error::{ApiError, ApiResult};
use crate::db::absences::AbsenceRow;
use crate::id::Id;
use crate::model::SessionUser;
use crate::service::absences::{self, NewAbsence};
use crate::service::app::App;
use crate::time;

/// An absence, with the first and the last day.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Absence {
    user: Id,
    name: String,
    stand_in: Id,
    stand_in_name: String,
    from: String,
    until: String,
}

impl From<AbsenceRow> for Absence {
    fn from(row: AbsenceRow) -> Self {
        Self {
            user: row.user,
            name: row.name,
            stand_in: row.stand_in,
            stand_in_name: row.stand_in_name,
            from: row.from_on,
            until: row.until_on,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Absences {
    /// The user's own, now or next.
    own: Option<Absence>,
    /// Those in which the user stands in today.
    standing_in: Vec<Absence>,
}

/// `GET /me/absence`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
) -> ApiResult<axum::Json<Absences>> {
    let own = absences::of(&app, &who.id).await?.map(Absence::from);
    let today = absences::today(&app).await?.into_iter();
    let standing_in = today.filter(|row| row.stand_in == who.id);
    Ok(axum::Json(Absences {
        own,
        standing_in: standing_in.map(Absence::from).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbsenceBody {
    stand_in: Id,
    from: String,
    until: String,
}

impl AbsenceBody {
    fn read(self) -> ApiResult<NewAbsence> {
        let day = |field: &'static str, text: &str| {
            time::read_day(text)
                .ok_or_else(|| ApiError::field(field, "Expected a date such as 2026-01-31."))
        };
        Ok(NewAbsence {
            from: day("from", &self.from)?,
            until: day("until", &self.until)?,
            stand_in: self.stand_in,
        })
    }
}

/// `PUT /me/absence`.
pub(crate) async fn enter(
    State(app): State<App>,
    who: SessionUser,
    Body(given): Body<AbsenceBody>,
) -> ApiResult<StatusCode> {
    absences::enter(&app, (&who, &who.id), &given.read()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me/absence`.
pub(crate) async fn end(State(app): State<App>, who: SessionUser) -> ApiResult<StatusCode> {
    absences::end(&app, &who, &who.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /users/:id/absence`: for somebody who cannot enter it.
pub(crate) async fn enter_for(
    State(app): State<App>,
    who: SessionUser,
    Path(user): Path<Id>,
    Body(given): Body<AbsenceBody>,
) -> ApiResult<StatusCode> {
    absences::enter(&app, (&who, &user), &given.read()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /users/:id/absence`.
pub(crate) async fn end_for(
    State(app): State<App>,
    who: SessionUser,
    Path(user): Path<Id>,
) -> ApiResult<StatusCode> {
    absences::end(&app, &who, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
