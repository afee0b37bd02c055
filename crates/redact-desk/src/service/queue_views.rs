//! Saved views of the queue: filters and columns under a name, for oneself or for all who work on
//! requests.

use redact_record::events::Act;

use super::app::Shared;
use crate::api_error::{ApiError, ApiResult, text};
use crate::db::pool;
use crate::db::queue_views::{self as rows, QueueViewRow};
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;

/// The longest name in characters.
const NAME_CHARS_MAX: usize = 60;

/// The longest address of filters, in bytes.
const QUERY_BYTES_MAX: usize = 2000;

/// Columns of the queue that a view can show besides the number, the due date and the state.
pub(crate) const COLUMNS: [&str; 10] = [
    "requester",
    "law",
    "assignee",
    "recordings",
    "received",
    "case_number",
    "incident_number",
    "incident_on",
    "location",
    "officer",
];

/// What a person saves.
pub(crate) struct SavedView<'a> {
    pub(crate) name: &'a str,
    pub(crate) shared: bool,
    pub(crate) query: &'a str,
    pub(crate) columns: &'a [String],
}

/// Adds a view, or changes the user's own one with that id, and returns its id.
///
/// # Errors
/// 400 for invalid values; 404 for a view of somebody else; 409 `name_taken`.
pub(crate) async fn put(
    app: &Shared,
    who: &SessionUser,
    id: Option<&Id>,
    given: SavedView<'_>,
) -> ApiResult<Id> {
    let known = match id {
        Some(id) => Some(rows::own(&app.db, &who.id, id).await?),
        None => None,
    };
    if given.query.len() > QUERY_BYTES_MAX || given.query.chars().any(char::is_control) {
        return Err(ApiError::field(
            "query",
            "The filters are not those of the queue.",
        ));
    }
    if let Some(column) = given
        .columns
        .iter()
        .find(|one| !COLUMNS.contains(&one.as_str()))
    {
        let message = format!("{column:?} is not a column of the queue.");
        return Err(ApiError::field("columns", message));
    }
    let row = QueueViewRow {
        id: known.as_ref().map_or_else(Id::random, |row| row.id.clone()),
        user: who.id.clone(),
        owner: who.name.clone(),
        name: text("name", given.name, NAME_CHARS_MAX)?.replace('\n', " "),
        shared: given.shared,
        query: given.query.to_owned(),
        columns: serde_json::json!(given.columns).to_string(),
    };
    let mut change = pool::begin(&app.db).await?;
    rows::put(&mut change, &row, app.now()).await?;
    let action = if known.is_some() {
        "view-changed"
    } else {
        "view-added"
    };
    log(app, who, action, &row).await?;
    change.commit().await?;
    Ok(row.id)
}

/// Removes a view of the user.
///
/// # Errors
/// 404.
pub(crate) async fn remove(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<()> {
    let row = rows::own(&app.db, &who.id, id).await?;
    let mut change = pool::begin(&app.db).await?;
    rows::remove(&mut change, id).await?;
    log(app, who, "view-removed", &row).await?;
    change.commit().await?;
    Ok(())
}

async fn log(app: &Shared, who: &SessionUser, action: &str, row: &QueueViewRow) -> ApiResult<()> {
    let shared = if row.shared { "yes" } else { "no" };
    let event = Event::new(Act::Request, action)
        .id("view", &row.id)
        .label("shared", shared);
    app.log_event(&who.name, event).await
}
