//! How long recordings stay: the list, and what people enter.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::body::{Body, Query};
use super::disposals::{self, Disposal};
use super::holds::{self, Hold};
use super::sealings::{self, Sealing};
use crate::api_error::ApiResult;
use crate::db::requests;
use crate::db::retention::AskedRow;
use crate::domain::statutes::RetentionState;
use crate::id::Id;
use crate::model::{Category, DisposalState, SessionUser};
use crate::service::app::{App, Shared};
use crate::service::disposals::obstacles;
use crate::service::retention::{self, CountedFrom, NewAsked, NewRetention, Standing};
use crate::service::sealed;
use crate::time;

/// The most recordings in one answer.
const LIST_MAX: usize = 500;

/// A rule that says how long a recording stays.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RetentionRule {
    statute: String,
    text: String,
    source: String,
}

/// Somebody asked for a recording to stay.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AskedToStay {
    asked_on: String,
    /// `null`: for as long as the law allows.
    days: Option<u16>,
    person: String,
    note: String,
    by: String,
}

impl From<AskedRow> for AskedToStay {
    fn from(row: AskedRow) -> Self {
        Self {
            asked_on: row.asked_on,
            days: row.days,
            person: row.person,
            note: row.note,
            by: row.by,
        }
    }
}

/// What stands against the disposal of a recording today.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DisposalObstacle {
    message: String,
    hint: Option<String>,
}

/// Where a recording stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RetainedRecording {
    recording: Id,
    name: String,
    request: Id,
    request_number: String,
    request_closed: bool,
    /// The title of the law.
    law: String,
    /// The title of the law of its request, where an earlier, stricter one binds the recording. A
    /// new category takes it.
    law_of_request: Option<String>,
    category: Option<Category>,
    counted_from: String,
    basis: CountedFrom,
    /// The last day on which it must be there.
    until: Option<String>,
    /// The last day on which it may be there.
    gone_by: Option<String>,
    state: RetentionState,
    /// Whether the agency may not go below `until`.
    binding: bool,
    /// Whether `until` is the agency's own decision, of which the law says nothing.
    by_agency: bool,
    /// Whether the law says for how long a recording stays that somebody asked to stay.
    law_on_request: bool,
    rules: Vec<RetentionRule>,
    asked: Vec<AskedToStay>,
    held: bool,
    sealed: bool,
    disposal: Option<Id>,
    disposal_state: Option<DisposalState>,
    /// Empty if its disposal can be proposed.
    obstacles: Vec<DisposalObstacle>,
}

fn present(app: &Shared, standing: Standing) -> RetainedRecording {
    let obstacles = obstacles(&standing)
        .into_iter()
        .map(|error| DisposalObstacle {
            message: error.message().to_owned(),
            hint: error.hint_text().map(str::to_owned),
        })
        .collect();
    let row = standing.row;
    let stay = standing.stay;
    let day = |day: Option<::time::Date>| day.map(time::day_text);
    let law = app.statutes.get(row.law.trim());
    let rules = stay.iter().flat_map(|stay| &stay.by);
    let rules = rules.map(|rule| RetentionRule {
        statute: rule.statute.clone(),
        text: rule.text.clone(),
        source: rule.source.clone(),
    });
    RetainedRecording {
        law: app.statutes.title(&row.law).to_owned(),
        law_of_request: standing
            .law_of_request
            .map(|law| app.statutes.title(law.trim()).to_owned()),
        until: day(stay.as_ref().and_then(|stay| stay.until)),
        gone_by: day(stay.as_ref().and_then(|stay| stay.gone_by)),
        by_agency: stay.as_ref().is_some_and(|stay| stay.by_agency),
        law_on_request: law.is_some_and(|law| law.on_request().is_some()),
        binding: stay.as_ref().is_some_and(|stay| stay.binding),
        rules: rules.collect(),
        recording: row.recording,
        name: row.name,
        request: row.request,
        request_number: row.request_number,
        request_closed: row.request_closed,
        category: row.category,
        counted_from: time::day_text(standing.counted_from),
        basis: standing.basis,
        state: standing.state,
        asked: standing.asked.into_iter().map(AskedToStay::from).collect(),
        held: row.held,
        sealed: row.sealed,
        disposal: row.disposal,
        disposal_state: row.disposal_state,
        obstacles,
    }
}

/// What the list of retention can be narrowed to.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Show {
    Overdue,
    MustGo,
    MayGo,
    Decide,
    NoCategory,
    Stays,
    Never,
    Held,
    Sealed,
    Proposed,
}

impl Show {
    fn takes(self, standing: &Standing) -> bool {
        let of_state = |state| standing.state == state;
        match self {
            Self::Overdue => of_state(RetentionState::Overdue),
            Self::MustGo => of_state(RetentionState::MustGo),
            Self::MayGo => of_state(RetentionState::MayGo),
            Self::Decide => of_state(RetentionState::Decide),
            Self::NoCategory => of_state(RetentionState::NoCategory),
            Self::Stays => of_state(RetentionState::Stays),
            Self::Never => of_state(RetentionState::Never),
            Self::Held => standing.row.held,
            Self::Sealed => standing.row.sealed,
            Self::Proposed => standing.row.disposal.is_some(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionQuery {
    show: Option<Show>,
    search: Option<String>,
}

/// How many recordings there are of each kind.
#[derive(Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RetentionCounts {
    all: usize,
    overdue: usize,
    must_go: usize,
    may_go: usize,
    decide: usize,
    no_category: usize,
    stays: usize,
    never: usize,
    held: usize,
    sealed: usize,
    proposed: usize,
}

impl RetentionCounts {
    fn count(&mut self, standing: &Standing) {
        self.all += 1;
        *match standing.state {
            RetentionState::Overdue => &mut self.overdue,
            RetentionState::MustGo => &mut self.must_go,
            RetentionState::MayGo => &mut self.may_go,
            RetentionState::Decide => &mut self.decide,
            RetentionState::NoCategory => &mut self.no_category,
            RetentionState::Stays => &mut self.stays,
            RetentionState::Never => &mut self.never,
        } += 1;
        self.held += usize::from(standing.row.held);
        self.sealed += usize::from(standing.row.sealed);
        self.proposed += usize::from(standing.row.disposal.is_some());
    }
}

/// Recordings with where they stand.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RetentionList {
    counts: RetentionCounts,
    /// How many match; `recordings` has the first 500 of them, what is most urgent first.
    found: usize,
    recordings: Vec<RetainedRecording>,
}

/// `GET /retention`. What an order closes is in the list of the people alone whom it names.
pub(crate) async fn list(
    State(app): State<App>,
    who: SessionUser,
    Query(query): Query<RetentionQuery>,
) -> ApiResult<axum::Json<RetentionList>> {
    let closed = sealed::closed_to(&app, &who).await?;
    let mut all = retention::standings(&app, None).await?;
    all.retain(|one| !closed.has(&one.row.recording));
    let mut counts = RetentionCounts::default();
    for one in &all {
        counts.count(one);
    }
    let words = query.search.unwrap_or_default().to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    all.retain(|one| {
        let text = format!("{} {}", one.row.name, one.row.request_number).to_lowercase();
        query.show.is_none_or(|show| show.takes(one))
            && words.iter().all(|word| text.contains(word))
    });
    all.sort_by(|a, b| {
        let last = |one: &Standing| {
            one.stay
                .as_ref()
                .and_then(|stay| stay.gone_by.or(stay.until))
        };
        let by = a.state.cmp(&b.state).then_with(|| last(a).cmp(&last(b)));
        by.then_with(|| a.row.request_number.cmp(&b.row.request_number))
    });
    let found = all.len();
    all.truncate(LIST_MAX);
    Ok(axum::Json(RetentionList {
        counts,
        found,
        recordings: all.into_iter().map(|one| present(&app, one)).collect(),
    }))
}

/// How long what a request has stays, and why.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct RequestRetention {
    recordings: Vec<RetainedRecording>,
    /// Newest first.
    holds: Vec<Hold>,
    sealings: Vec<Sealing>,
    disposals: Vec<Disposal>,
}

/// `GET /requests/:id/retention`.
pub(crate) async fn of_request(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<RequestRetention>> {
    requests::by_id(&app.db, &id).await?;
    let closed = sealed::closed_to(&app, &who).await?;
    let all = retention::standings(&app, Some(&id)).await?.into_iter();
    let open = all.filter(|one| !closed.has(&one.row.recording));
    Ok(axum::Json(RequestRetention {
        recordings: open.map(|one| present(&app, one)).collect(),
        holds: holds::of_request(&app, &who, &id).await?,
        sealings: sealings::of_request(&app, &who, &id).await?,
        disposals: disposals::of_request(&app, &who, &id).await?,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionBody {
    category: Category,
    counted_from: Option<String>,
    #[serde(default)]
    reason: String,
}

/// `PUT /recordings/:id/retention`.
pub(crate) async fn set(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<RetentionBody>,
) -> ApiResult<axum::Json<RetainedRecording>> {
    let new = NewRetention {
        category: given.category,
        counted_from: given.counted_from.as_deref(),
        reason: &given.reason,
    };
    retention::set(&app, &who, &id, new).await?;
    let standing = retention::of(&app, &id).await?;
    Ok(axum::Json(present(&app, standing)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedBody {
    asked_on: String,
    days: Option<u16>,
    person: String,
    #[serde(default)]
    note: String,
}

/// `POST /recordings/:id/retention/asked`.
pub(crate) async fn ask(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<AskedBody>,
) -> ApiResult<axum::Json<RetainedRecording>> {
    let new = NewAsked {
        asked_on: &given.asked_on,
        days: given.days,
        person: &given.person,
        note: &given.note,
    };
    retention::ask(&app, &who, &id, new).await?;
    let standing = retention::of(&app, &id).await?;
    Ok(axum::Json(present(&app, standing)))
}
