//! Invoices and what was paid.

use std::collections::HashMap;

use super::pool::{Connection, Db, DbError, taken};
use super::query;
use crate::api_error::{ApiError, ApiResult};
use crate::id::Id;
use crate::model::papers::InvoiceBasis;
use crate::time::Millis;

/// An invoice without its PDF.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct InvoiceRow {
    pub(crate) id: Id,
    pub(crate) request: Id,
    pub(crate) number: String,
    pub(crate) at: Millis,
    pub(crate) by: String,
    pub(crate) basis: InvoiceBasis,
    /// As JSON.
    pub(crate) lines: String,
    pub(crate) total_cents: i64,
    /// The estimate that it is compared with.
    pub(crate) estimate_cents: Option<i64>,
    /// The invoice that it corrects, and why.
    pub(crate) corrects: Option<Id>,
    pub(crate) why: String,
    /// The Markdown that the PDF was made of.
    pub(crate) text: String,
    pub(crate) voided_at: Option<Millis>,
    pub(crate) voided_by: Option<String>,
    pub(crate) void_reason: Option<String>,
    /// The invoice that corrects it.
    pub(crate) corrected_by: Option<Id>,
    /// SHA-256 of the PDF.
    pub(crate) sha256: String,
}

impl InvoiceRow {
    /// Whether it is neither voided nor corrected.
    pub(crate) const fn is_valid(&self) -> bool {
        self.voided_at.is_none() && self.corrected_by.is_none()
    }
}

/// A payment.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PaymentRow {
    pub(crate) id: Id,
    pub(crate) invoice: Id,
    pub(crate) at: Millis,
    pub(crate) by: String,
    /// `2026-01-31`.
    pub(crate) paid_on: String,
    pub(crate) cents: i64,
    pub(crate) note: String,
    pub(crate) voided_at: Option<Millis>,
    pub(crate) voided_by: Option<String>,
    pub(crate) void_reason: Option<String>,
}

const ROW: &str = "SELECT id, request, number, at, by, basis, lines, total_cents, estimate_cents,
    corrects, why, text, voided_at, voided_by, void_reason,
    (SELECT newer.id FROM invoices newer WHERE newer.corrects = invoices.id) AS corrected_by, sha256
    FROM invoices";

/// The invoices of a request, oldest first.
pub(crate) async fn of_request(db: &Db, request: &Id) -> Result<Vec<InvoiceRow>, DbError> {
    let sql = format!("{ROW} WHERE request = ? ORDER BY at, rowid");
    query::all_of(db, sql, request).await
}

/// One invoice.
///
/// # Errors
/// 404.
pub(crate) async fn by_id(db: &Db, id: &Id) -> ApiResult<InvoiceRow> {
    query::by_id(db, ROW, id).await
}

/// The PDF of an invoice.
pub(crate) async fn pdf(db: &Db, id: &Id) -> Result<Vec<u8>, DbError> {
    let (pdf,): (Vec<u8>,) = sqlx::query_as("SELECT pdf FROM invoices WHERE id = ?")
        .bind(id)
        .fetch_one(db)
        .await?;
    Ok(pdf)
}

/// How many invoices have a number that begins so.
pub(crate) async fn count_of(db: &Db, beginning: &str) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM invoices WHERE substr(number, 1, length(?1)) = ?1";
    let (count,): (i64,) = sqlx::query_as(sql).bind(beginning).fetch_one(db).await?;
    Ok(count)
}

/// Adds an invoice.
///
/// # Errors
/// 409 `conflict` if somebody corrected the same invoice, or took the number, in the meantime.
pub(crate) async fn insert(change: &mut Connection, row: &InvoiceRow, pdf: &[u8]) -> ApiResult<()> {
    let added = sqlx::query(
        "INSERT INTO invoices (id, request, number, at, by, basis, lines, total_cents,
           estimate_cents, corrects, why, text, pdf, sha256)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.request)
    .bind(&row.number)
    .bind(row.at)
    .bind(&row.by)
    .bind(row.basis)
    .bind(&row.lines)
    .bind(row.total_cents)
    .bind(row.estimate_cents)
    .bind(&row.corrects)
    .bind(&row.why)
    .bind(&row.text)
    .bind(pdf)
    .bind(&row.sha256)
    .execute(change)
    .await;
    added.map(drop).map_err(|error| match taken(&error) {
        Some(_) => ApiError::conflict("conflict", "Another invoice was made in the meantime."),
        None => error.into(),
    })
}

/// Voids an invoice.
pub(crate) async fn void(
    change: &mut Connection,
    id: &Id,
    (now, by, reason): (Millis, &str, &str),
) -> Result<(), DbError> {
    let sql = "UPDATE invoices SET voided_at = ?, voided_by = ?, void_reason = ? WHERE id = ?";
    set_void(change, sql, id, (now, by, reason)).await
}

async fn set_void(
    change: &mut Connection,
    sql: &'static str,
    id: &Id,
    (now, by, reason): (Millis, &str, &str),
) -> Result<(), DbError> {
    sqlx::query(sql)
        .bind(now)
        .bind(by)
        .bind(reason)
        .bind(id)
        .execute(change)
        .await
        .map(drop)
}

const PAYMENT: &str = "SELECT id, invoice, at, by, paid_on, cents, note, voided_at, voided_by,
    void_reason FROM payments";

/// The payments for the invoices of a request, by invoice, oldest first.
pub(crate) async fn payments(
    db: &Db,
    request: &Id,
) -> Result<HashMap<Id, Vec<PaymentRow>>, DbError> {
    let sql = format!(
        "{PAYMENT} WHERE invoice IN (SELECT id FROM invoices WHERE request = ?)
         ORDER BY paid_on, rowid"
    );
    let rows = query::all_of(db, sql, request).await?;
    Ok(query::groups(rows, |row: &PaymentRow| {
        Some(row.invoice.clone())
    }))
}

/// One payment.
///
/// # Errors
/// 404.
pub(crate) async fn payment(db: &Db, id: &Id) -> ApiResult<PaymentRow> {
    query::by_id(db, PAYMENT, id).await
}

/// Adds a payment.
pub(crate) async fn insert_payment(
    change: &mut Connection,
    row: &PaymentRow,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO payments (id, invoice, at, by, paid_on, cents, note)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.invoice)
    .bind(row.at)
    .bind(&row.by)
    .bind(&row.paid_on)
    .bind(row.cents)
    .bind(&row.note)
    .execute(change)
    .await
    .map(drop)
}

/// Voids a payment.
pub(crate) async fn void_payment(
    change: &mut Connection,
    id: &Id,
    what: (Millis, &str, &str),
) -> Result<(), DbError> {
    let sql = "UPDATE payments SET voided_at = ?, voided_by = ?, void_reason = ? WHERE id = ?";
    set_void(change, sql, id, what).await
}
