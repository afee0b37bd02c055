//! Names of what the event log has only ids of.

use std::collections::HashMap;

use super::pool::{Db, DbError};
use super::query;

/// People only; administrators see no requests and no evidence.
const PEOPLE: &str = "SELECT id, name || ' (' || login || ')' AS name FROM users";

const OTHERS: &str = "UNION ALL SELECT id, number FROM requests
    UNION ALL SELECT id, name FROM recordings
    UNION ALL SELECT id, title || ', ' || coalesce((SELECT name FROM recordings
      WHERE recordings.id = reviews.recording), '') FROM reviews
    UNION ALL SELECT id, title || ', ' || coalesce((SELECT name FROM recordings
      WHERE recordings.id = releases.recording), '') FROM releases
    UNION ALL SELECT id, title FROM packages
    UNION ALL SELECT id, release_name FROM audits";

/// Names by id.
pub(crate) async fn all(db: &Db, people_only: bool) -> Result<HashMap<String, String>, DbError> {
    let others = if people_only { "" } else { OTHERS };
    let rows: Vec<(String, String)> = query::all(db, format!("{PEOPLE} {others}")).await?;
    Ok(rows.into_iter().collect())
}
