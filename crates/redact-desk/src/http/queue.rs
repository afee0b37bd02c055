//! The queue: a page of it, with how many requests each filter would show, and all of it as a
//! spreadsheet.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::body::Query;
use super::csv::line;
use super::requests::{Assignee, Request, Sort, SortOrder, listed, sort};
use crate::api_error::ApiResult;
use crate::domain::queue::{
    DueChoice, QueueChoice, QueueCounts, QueuedRequest, StageChoice, Whose,
};
use crate::domain::stage::Stage;
use crate::event::Event;
use crate::model::SessionUser;
use crate::service::app::App;
use crate::time;

/// Requests on one page.
const PAGE_ROWS: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueQuery {
    #[serde(default)]
    search: String,
    #[serde(default)]
    stage: StageChoice,
    #[serde(default)]
    due: DueChoice,
    /// `all`, `mine`, `nobody`, or the id of a person.
    #[serde(default)]
    whose: String,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    order: SortOrder,
    page: Option<usize>,
}

/// A page of the queue.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct QueuePage {
    requests: Vec<Request>,
    /// Requests that the filters show, without practice.
    total: usize,
    /// The place of the first request of the page among those that are shown, from 0.
    first: usize,
    /// All that are shown.
    shown: usize,
    page: usize,
    pages: usize,
    /// Whether any request fits the search, whatever the filters.
    any: bool,
    counts: QueueCounts,
    /// The people to whom requests are assigned, by name.
    people: Vec<Assignee>,
}

impl QueueQuery {
    fn choice(&self, who: &SessionUser) -> QueueChoice {
        QueueChoice {
            stage: self.stage,
            due: self.due,
            whose: match self.whose.as_str() {
                "" | "all" => Whose::Everybody,
                "nobody" => Whose::Nobody,
                "mine" => Whose::Person(who.id.as_str().to_owned()),
                id => Whose::Person(id.to_owned()),
            },
        }
    }
}

fn of(request: &Request) -> QueuedRequest<'_> {
    QueuedRequest {
        stage: request.stage,
        overdue: request.overdue,
        days_left: request.days_left,
        practice: request.practice,
        assignee: request.assignee.as_ref().map(|person| person.id.as_str()),
    }
}

/// Everybody to whom one of the requests is assigned.
fn people(all: &[Request]) -> Vec<Assignee> {
    let mut people: Vec<Assignee> = Vec::new();
    for person in all.iter().filter_map(|request| request.assignee.as_ref()) {
        if !people.iter().any(|known| known.id == person.id) {
            people.push(person.clone());
        }
    }
    people.sort_by(|a, b| a.name.cmp(&b.name));
    people
}

/// `GET /queue`.
pub(crate) async fn show(
    State(app): State<App>,
    who: SessionUser,
    Query(given): Query<QueueQuery>,
) -> ApiResult<axum::Json<QueuePage>> {
    let all = listed(&app, &who, &given.search).await?;
    let choice = given.choice(&who);
    let (any, people) = (!all.is_empty(), people(&all));
    let counts = choice.counts(all.iter().map(of));
    let mut requests: Vec<Request> = all
        .into_iter()
        .filter(|one| choice.shows(&of(one)))
        .collect();
    sort(&mut requests, (given.sort, given.order));
    let shown = requests.len();
    let total = requests.iter().filter(|one| !one.practice).count();
    let pages = shown.div_ceil(PAGE_ROWS).max(1);
    let page = given.page.unwrap_or(1).clamp(1, pages);
    let first = (page - 1) * PAGE_ROWS;
    let requests = requests.into_iter().skip(first).take(PAGE_ROWS).collect();
    Ok(axum::Json(QueuePage {
        requests,
        total,
        first,
        shown,
        page,
        pages,
        any,
        counts,
        people,
    }))
}

/// `GET /queue/csv`: all that the filters show, without practice. The export is an event.
pub(crate) async fn csv(
    State(app): State<App>,
    who: SessionUser,
    Query(given): Query<QueueQuery>,
) -> ApiResult<Response> {
    let choice = given.choice(&who);
    let all = listed(&app, &who, &given.search).await?.into_iter();
    let shown = all.filter(|one| !one.practice && choice.shows(&of(one)));
    let mut requests: Vec<Request> = shown.collect();
    sort(&mut requests, (given.sort, given.order));
    let event = Event::new(Act::Export, "requests").count("requests", requests.len());
    app.log_event(&who.name, event).await?;
    let name = format!("requests-{}.csv", time::day_text(app.today()));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, text(&requests)).into_response())
}

fn text(requests: &[Request]) -> String {
    // The mark tells spreadsheet programs that it is UTF-8.
    let mut text = String::from("\u{feff}");
    text += &line(&[
        "Number",
        "Requester",
        "Requester type",
        "Law",
        "Received on",
        "Due on",
        "Days left",
        "Overdue",
        "State",
        "Decision",
        "Recordings",
        "Handed over",
        "Assigned to",
        "Note",
        "Case number",
        "Incident number",
        "Incident date",
        "Location",
        "Officer",
    ]);
    for request in requests {
        let over = matches!(request.stage, Stage::Closed | Stage::HandedOver);
        let days_left = if over {
            String::new()
        } else {
            request.days_left.to_string()
        };
        let details = &request.details;
        text += &line(&[
            &request.number,
            &request.requester,
            request.requester_kind.title(),
            &request.law,
            &request.received_on,
            &request.due_on,
            &days_left,
            if request.overdue { "yes" } else { "no" },
            request.stage.title(),
            request.disposition.map_or("", |found| found.title()),
            &request.recordings_count.to_string(),
            &request.handed_over_count.to_string(),
            request.assignee.as_ref().map_or("", |person| &person.name),
            &request.note,
            &details.case_number,
            &details.incident_number,
            &details.incident_on,
            &details.location,
            &details.officer,
        ]);
    }
    text
}
