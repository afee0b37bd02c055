//! Letters to requesters, and to whom they were sent.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError};
use super::query;
use crate::api_error::ApiResult;
use crate::id::Id;
use crate::model::Unit;
use crate::model::papers::{LetterKind, SentBy};
use crate::time::Millis;

/// A letter without its PDF.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct LetterRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) kind: LetterKind,
    pub(crate) title: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    /// The Markdown that the PDF was made of.
    pub(crate) text: String,
    pub(crate) extension_days: Option<u16>,
    pub(crate) extension_unit: Option<Unit>,
    pub(crate) extension_reason: String,
    /// Length of the PDF in bytes.
    pub(crate) bytes: i64,
    /// SHA-256 of the PDF.
    pub(crate) sha256: String,
}

/// To whom a letter was sent.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct SendRow {
    pub(crate) id: Id,
    pub(crate) letter: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) recipient: String,
    pub(crate) means: SentBy,
    /// `2026-01-31`.
    pub(crate) sent_on: String,
    pub(crate) note: String,
}

const ROW: &str = "SELECT id, request, kind, title, at, by, text, extension_days, extension_unit,
    extension_reason, length(pdf) AS bytes, sha256 FROM letters";

/// The letters of a request, newest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<LetterRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY at DESC, rowid DESC");
    query::all_of(db, sql, request).await
}

/// One letter.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<LetterRow> {
    query::by_id(db, ROW, id).await
}

/// The PDF of a letter.
pub(crate) async fn pdf(db: &Db, id: &Id) -> Result<Vec<u8>, DbError> {
    let (pdf,): (Vec<u8>,) = sqlx::query_as("SELECT pdf FROM letters WHERE id = ?")
        .bind(id)
        .fetch_one(db)
        .await?;
    Ok(pdf)
}

/// Adds a letter.
pub(crate) async fn insert(
    change: &mut Connection,
    row: &LetterRow,
    pdf: &[u8],
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO letters (id, request, kind, title, at, by, text, extension_days,
           extension_unit, extension_reason, pdf, sha256)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(row.kind)
    .bind(&row.title)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.text)
    .bind(row.extension_days)
    .bind(row.extension_unit)
    .bind(&row.extension_reason)
    .bind(pdf)
    .bind(&row.sha256)
    .execute(change)
    .await
    .map(drop)
}

/// Removes a letter that was not sent.
pub(crate) async fn remove(change: &mut Connection, id: &Id) -> Result<(), DbError> {
    sqlx::query("DELETE FROM letters WHERE id = ?")
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

/// To whom the letters of a request were sent, by letter, oldest first.
pub(crate) async fn sends(db: &Db, request: &Id) -> Result<HashMap<Id, Vec<SendRow>>, DbError> {
    let sql = "SELECT id, letter, at, by, recipient, means, sent_on, note FROM letter_sends
        WHERE letter IN (SELECT id FROM letters WHERE request = ?) ORDER BY at, rowid";
    let rows = query::all_of(db, sql.to_owned(), request).await?;
    Ok(query::groups(rows, |row: &SendRow| {
        Some(row.letter.clone())
    }))
}

/// Records that a letter was sent.
pub(crate) async fn insert_send(change: &mut Connection, row: &SendRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO letter_sends (id, letter, at, by, recipient, means, sent_on, note)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.letter)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.recipient)
    .bind(row.means)
    .bind(&row.sent_on)
    .bind(&row.note)
    .execute(change)
    .await
    .map(drop)
}
