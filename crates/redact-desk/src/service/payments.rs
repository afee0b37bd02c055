//! Payments for invoices: recorded, and voided with a reason.

use super::app::Shared;
use super::invoices::{note, own};
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::invoices::{self, InvoiceRow, PaymentRow};
use crate::db::pool;
use crate::domain::invoices::{cents, dollars};
use crate::domain::statutes::Money;
use crate::id::Id;
use crate::model::SessionUser;
use crate::time::{self, Millis};

/// A payment as a person enters it.
pub(crate) struct Paid<'a> {
    pub(crate) on: &'a str,
    pub(crate) amount: &'a str,
    pub(crate) note: &'a str,
}

/// Records a payment for a valid invoice.
///
/// # Errors
/// 400 for invalid values; 404; 409 for an invoice that is not valid.
pub(crate) async fn pay(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    given: Paid<'_>,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let row = own(app, request, id).await?;
    if !row.is_valid() {
        let message = "The invoice was voided or corrected: record the payment with the newer one.";
        return Err(ApiError::conflict("conflict", message));
    }
    let day = time::read_day(given.on.trim());
    let day =
        day.ok_or_else(|| ApiError::field("paid_on", "Expected a date such as 2026-01-31."))?;
    if day > app.today() {
        return Err(ApiError::field("paid_on", "The date is in the future."));
    }
    let billed = app.zone().day(first_billed(app, &row).await?);
    if day < billed {
        let message = format!(
            "The payment date is before the invoice date, {}. Enter the day on which the \
             payment was received.",
            time::day_text(billed)
        );
        return Err(ApiError::field("paid_on", message));
    }
    let invalid = || ApiError::field("amount", "Enter dollars such as 32.50, above zero.");
    let amount = Money::read(given.amount.trim()).filter(|amount| *amount > Money(0));
    let payment = PaymentRow {
        id: Id::random(),
        invoice: id.clone(),
        at: app.now(),
        by: who.name.clone(),
        paid_on: time::day_text(day),
        cents: cents(amount.ok_or_else(invalid)?),
        note: optional_text("note", given.note, 300)?,
        voided_at: None,
        voided_by: None,
        void_reason: None,
    };
    let mut change = pool::begin(&app.db).await?;
    invoices::insert_payment(&mut change, &payment).await?;
    let fields = [("payment", String::new(), payment_text(&row, &payment))];
    note(app, who, change, (request, "payment-recorded", ""), &fields).await
}

/// When the invoice was made, or the first of those that it corrects: a payment for one counts for
/// the next.
async fn first_billed(app: &Shared, row: &InvoiceRow) -> ApiResult<Millis> {
    let all = invoices::of_request(&app.db, &row.request).await?;
    let mut first = row;
    while let Some(earlier) = first.corrects.as_ref() {
        match all.iter().find(|one| one.id == *earlier) {
            Some(found) if found.at < first.at => first = found,
            _ => break,
        }
    }
    Ok(first.at)
}

/// `INV-2026-0001, 2026-01-31, $32.50`.
fn payment_text(invoice: &InvoiceRow, payment: &PaymentRow) -> String {
    let amount = dollars(payment.cents);
    format!("{}, {}, ${amount}", invoice.number, payment.paid_on)
}

/// Voids a payment that was recorded by mistake, or came back.
///
/// # Errors
/// 400 without a reason; 404; 409 if it is voided.
pub(crate) async fn void_payment(
    app: &Shared,
    who: &SessionUser,
    (request, id, payment): (&Id, &Id, &Id),
    reason: &str,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let reason = text("reason", reason, REASON_CHARS_MAX)?;
    let row = own(app, request, id).await?;
    let payment = invoices::payment(&app.db, payment).await?;
    if payment.invoice != row.id {
        return Err(ApiError::not_found());
    }
    if payment.voided_at.is_some() {
        return Err(ApiError::conflict(
            "conflict",
            "The payment is voided already.",
        ));
    }
    let mut change = pool::begin(&app.db).await?;
    let what = (app.now(), who.name.as_str(), reason.as_str());
    invoices::void_payment(&mut change, &payment.id, what).await?;
    let fields = [("payment", payment_text(&row, &payment), String::new())];
    note(
        app,
        who,
        change,
        (request, "payment-voided", &reason),
        &fields,
    )
    .await
}
