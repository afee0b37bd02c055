//! Templates: named sets of defaults for new requests, the same for everybody.

use redact_record::events::Act;
use serde::{Deserialize, Serialize};

use super::app::Shared;
use super::requests::checked_details;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::pool;
use crate::db::templates::{self as rows, TemplateRow};
use crate::details::RequestDetails;
use crate::event::Event;
use crate::id::Id;
use crate::model::{RequesterKind, SessionUser};

/// The longest name in characters.
const NAME_CHARS_MAX: usize = 60;

/// What a template sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateValues {
    pub(crate) requester_kind: RequesterKind,
    /// The key of a law; empty: that of the office.
    #[serde(default)]
    pub(crate) jurisdiction: String,
    #[serde(default)]
    pub(crate) note: String,
    #[serde(default)]
    pub(crate) details: RequestDetails,
}

/// Adds a template, or replaces the one with that id, and returns its id.
///
/// # Errors
/// 400 for invalid values; 404; 409 `name_taken`.
pub(crate) async fn put(
    app: &Shared,
    who: &SessionUser,
    id: Option<&Id>,
    (name, values): (&str, TemplateValues),
) -> ApiResult<Id> {
    let known = match id {
        Some(id) => Some(rows::by_id(&app.db, id).await?),
        None => None,
    };
    let law = values.jurisdiction.trim();
    if !law.is_empty() && app.statutes.get(law).is_none() {
        return Err(ApiError::field("values.jurisdiction", "Law not found."));
    }
    let values = TemplateValues {
        jurisdiction: law.to_owned(),
        note: optional_text("values.note", &values.note, 5000)?,
        details: checked_details(app, values.details)?,
        ..values
    };
    let row = TemplateRow {
        id: known.as_ref().map_or_else(Id::random, |row| row.id.clone()),
        name: text("name", name, NAME_CHARS_MAX)?.replace('\n', " "),
        template: serde_json::json!(values).to_string(),
        by: who.name.clone(),
    };
    let mut change = pool::begin(&app.db).await?;
    rows::put(&mut change, &row, app.now()).await?;
    let action = if known.is_some() {
        "template-changed"
    } else {
        "template-added"
    };
    let event = Event::new(Act::Request, action).id("template", &row.id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    Ok(row.id)
}

/// Removes a template. Requests that were entered with it stay as they are.
///
/// # Errors
/// 404.
pub(crate) async fn remove(app: &Shared, who: &SessionUser, id: &Id) -> ApiResult<()> {
    rows::by_id(&app.db, id).await?;
    let mut change = pool::begin(&app.db).await?;
    rows::remove(&mut change, id).await?;
    let event = Event::new(Act::Request, "template-removed").id("template", id);
    app.log_event(&who.name, event).await?;
    change.commit().await?;
    Ok(())
}
