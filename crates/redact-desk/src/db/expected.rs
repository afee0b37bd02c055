//! Recordings that an import lists for a request and that were not added yet.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::time::Millis;

/// A recording that is expected.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ExpectedRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    /// The name of its file; may be empty.
    pub(crate) name: String,
    /// As JSON.
    pub(crate) details: String,
    pub(crate) by: String,
}

const ROW: &str = "SELECT id, request, name, details, by FROM expected_recordings";

/// The form in which names of files are compared: the same file may have another ending.
fn name_key(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned()
}

/// The recordings that a request still expects, in the order of their list.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<ExpectedRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? AND recording IS NULL ORDER BY rowid");
    query::all_of(db, sql, request).await
}

/// A recording that a request has, or expects.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ListedRow {
    pub(crate) request: Id,
    /// `None` while it is expected.
    pub(crate) recording: Option<Id>,
    pub(crate) name: String,
    /// As JSON.
    pub(crate) details: String,
}

impl ListedRow {
    /// Whether its name is that of a file: without folder, case and ending.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        name_key(&self.name) == name_key(name)
    }
}

/// Everything that requests have or expect, without what was removed.
pub(crate) async fn listed(db: &Db) -> Result<Vec<ListedRow>, DbError> {
    let sql = "SELECT request, NULL AS recording, name, details FROM expected_recordings
          WHERE recording IS NULL
        UNION ALL SELECT e.request, e.recording, e.name, e.details FROM expected_recordings e
          JOIN recordings c ON c.id = e.recording WHERE c.removed_at IS NULL
        UNION ALL SELECT request, id AS recording, name, details FROM recordings
          WHERE removed_at IS NULL";
    query::all(db, sql.to_owned()).await
}

/// One of them.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<ExpectedRow> {
    query::by_id(db, ROW, id).await
}

/// Adds a recording that is expected.
pub(crate) async fn insert(
    change: &mut Connection,
    row: &ExpectedRow,
    now: Millis,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO expected_recordings (id, request, name, name_key, details, at, by)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.name)
    .bind(name_key(&row.name))
    .bind(&row.details)
    .bind(now)
    .bind(&row.by)
    .execute(change)
    .await
    .map(drop)
}

/// Takes the details of the one recording that is expected under the name of a file that was added;
/// `None` if there is none, or several.
pub(crate) async fn take(
    change: &mut Connection,
    (request, recording): (&Id, &Id),
    name: &str,
) -> Result<Option<String>, DbError> {
    let key = name_key(name);
    let found: Vec<(Id, String)> = sqlx::query_as(
        "SELECT id, details FROM expected_recordings
         WHERE request = ? AND name_key = ? AND name_key != '' AND recording IS NULL",
    )
    .bind(request)
    .bind(&key)
    .fetch_all(&mut *change)
    .await?;
    let [(id, details)] = &found[..] else {
        return Ok(None);
    };
    let sql = "UPDATE expected_recordings SET recording = ? WHERE id = ?";
    query::set(change, sql, recording.as_str(), id).await?;
    Ok(Some(details.clone()))
}

/// Removes a recording that is expected.
pub(crate) async fn remove(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM expected_recordings WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_folder_case_and_ending() {
        assert_eq!(name_key(" Export\\Axon_1.MP4 "), "axon_1");
        assert_eq!(name_key("axon_1"), "axon_1");
        assert_eq!(name_key(""), "");
    }
}
