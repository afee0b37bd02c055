//! Notes of requests, and who is mentioned in them.

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::time::Millis;

/// A note.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct NoteRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    pub(crate) at: Millis,
    pub(crate) edited_at: Option<Millis>,
    pub(crate) text: String,
}

const NOTE: &str = "SELECT id, request, user, name, at, edited_at, text FROM request_notes";

/// The notes of a request, oldest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<NoteRow>, DbError> {
    let sql = format!("{NOTE} WHERE request = ? ORDER BY at, rowid");
    query::all_of(db, sql, request).await
}

/// One note.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<NoteRow> {
    query::by_id(db, NOTE, id).await
}

/// Adds a note, or replaces the text of the one with that id.
pub(crate) async fn put(change: &mut Connection, row: &NoteRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO request_notes (id, request, user, name, at, edited_at, text)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET edited_at = excluded.edited_at, text = excluded.text",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.user)
    .bind(&row.name)
    .bind(row.at)
    .bind(row.edited_at)
    .bind(&row.text)
    .execute(change)
    .await
    .map(drop)
}

/// Sets who is mentioned in a note. Those who were and have seen it are not asked again.
pub(crate) async fn set_mentions(
    change: &mut Connection,
    note: &Id,
    users: &[Id],
) -> Result<(), DbError> {
    let known: Vec<(Id,)> = sqlx::query_as("SELECT user FROM note_mentions WHERE note = ?")
        .bind(note)
        .fetch_all(&mut *change)
        .await?;
    for (user,) in known.iter().filter(|(user,)| !users.contains(user)) {
        sqlx::query("DELETE FROM note_mentions WHERE note = ? AND user = ?")
            .bind(note)
            .bind(user)
            .execute(&mut *change)
            .await?;
    }
    for user in users {
        sqlx::query("INSERT OR IGNORE INTO note_mentions (note, user) VALUES (?, ?)")
            .bind(note)
            .bind(user)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// Somebody who is mentioned in a note.
#[derive(sqlx::FromRow)]
pub(crate) struct MentionRow {
    pub(crate) note: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
}

/// Who is mentioned in the notes of a request.
pub(crate) async fn mentions(db: &Db, request: &Id) -> Result<Vec<MentionRow>, DbError> {
    let sql = "SELECT m.note, m.user, users.name FROM note_mentions m
        JOIN request_notes n ON n.id = m.note JOIN users ON users.id = m.user
        WHERE n.request = ? ORDER BY users.name_key";
    query::all_of(db, sql.to_owned(), request).await
}

/// A note that mentions a person who has not seen it.
#[derive(sqlx::FromRow)]
pub(crate) struct UnseenRow {
    pub(crate) note: Id,
    pub(crate) request: Id,
    pub(crate) number: String,
    pub(crate) by: String,
    pub(crate) text: String,
}

/// The notes that mention a person who has not seen them, oldest first.
pub(crate) async fn unseen(db: &Db, user: &Id) -> Result<Vec<UnseenRow>, DbError> {
    let sql = "SELECT n.id AS note, n.request, q.number, n.name AS by, n.text
        FROM note_mentions m JOIN request_notes n ON n.id = m.note
        JOIN requests q ON q.id = n.request
        WHERE m.user = ? AND m.seen_at IS NULL AND q.practice IS NULL ORDER BY n.at";
    query::all_of(db, sql.to_owned(), user).await
}

/// Records that a person has seen the notes of a request that mention them; returns whether there
/// was one.
pub(crate) async fn set_seen(
    db: &Db,
    (user, request): (&Id, &Id),
    now: Millis,
) -> Result<bool, DbError> {
    let set = sqlx::query(
        "UPDATE note_mentions SET seen_at = ? WHERE user = ? AND seen_at IS NULL
         AND note IN (SELECT id FROM request_notes WHERE request = ?)",
    )
    .bind(now)
    .bind(user)
    .bind(request)
    .execute(db)
    .await?;
    Ok(set.rows_affected() > 0)
}
