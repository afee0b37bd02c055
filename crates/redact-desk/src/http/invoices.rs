//! Invoices of a request, and what was paid.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::letters::{MadePaper, PaperPreview, pdf_response};
use super::manual::present_blocks;
use crate::api_error::ApiResult;
use crate::db::invoices::{self as rows, InvoiceRow, PaymentRow};
use crate::db::requests;
use crate::domain::invoices::{FeeLine, dollars};
use crate::id::Id;
use crate::model::SessionUser;
use crate::model::papers::InvoiceBasis;
use crate::service::app::App;
use crate::service::invoices::{self, NewInvoice};
use crate::service::letter_values::without;
use crate::service::payments::{self, Paid};
use crate::time;

/// A line of an invoice; the amount may be less than zero.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct InvoiceLine {
    what: String,
    basis: String,
    statute: String,
    amount: String,
}

/// That something was voided.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Voided {
    at: String,
    by: String,
    reason: String,
}

/// A payment.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Payment {
    id: Id,
    paid_on: String,
    amount: String,
    note: String,
    by: String,
    voided: Option<Voided>,
}

/// An invoice.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Invoice {
    id: Id,
    number: String,
    at: String,
    by: String,
    basis: InvoiceBasis,
    lines: Vec<InvoiceLine>,
    total: String,
    /// Of this invoice and those that it corrects.
    paid: String,
    /// What is to be paid; less than zero: to be returned. `null` for one that is not valid.
    balance: Option<String>,
    /// The number of the invoice that it corrects.
    corrects: Option<String>,
    why: String,
    /// The number of the invoice that corrects it.
    corrected_by: Option<String>,
    voided: Option<Voided>,
    sha256: String,
    payments: Vec<Payment>,
}

fn voided(at: Option<i64>, by: Option<String>, reason: Option<String>) -> Option<Voided> {
    Some(Voided {
        at: time::text(at?),
        by: by.unwrap_or_default(),
        reason: reason.unwrap_or_default(),
    })
}

fn payment(row: PaymentRow) -> Payment {
    Payment {
        id: row.id,
        paid_on: row.paid_on,
        amount: dollars(row.cents),
        note: row.note,
        by: row.by,
        voided: voided(row.voided_at, row.voided_by, row.void_reason),
    }
}

fn line(line: &FeeLine) -> InvoiceLine {
    InvoiceLine {
        what: line.what.clone(),
        basis: line.basis.clone(),
        statute: line.statute.clone(),
        amount: dollars(line.cents),
    }
}

fn present(
    row: &InvoiceRow,
    all: &[InvoiceRow],
    payments: &HashMap<Id, Vec<PaymentRow>>,
) -> Invoice {
    let number = |id: &Id| {
        let found = all.iter().find(|row| row.id == *id);
        found.map(|row| row.number.clone())
    };
    let paid = invoices::paid(all, payments, &row.id);
    let lines: Vec<FeeLine> = serde_json::from_str(&row.lines).unwrap_or_default();
    let own = payments.get(&row.id).cloned().unwrap_or_default();
    Invoice {
        id: row.id.clone(),
        number: row.number.clone(),
        at: time::text(row.at),
        by: row.by.clone(),
        basis: row.basis,
        lines: lines.iter().map(line).collect(),
        total: dollars(row.total_cents),
        paid: dollars(paid),
        balance: row.is_valid().then(|| dollars(row.total_cents - paid)),
        corrects: row.corrects.as_ref().and_then(number),
        why: row.why.clone(),
        corrected_by: row.corrected_by.as_ref().and_then(number),
        voided: voided(
            row.voided_at,
            row.voided_by.clone(),
            row.void_reason.clone(),
        ),
        sha256: row.sha256.clone(),
        payments: own.into_iter().map(payment).collect(),
    }
}

/// `GET /requests/:id/invoices`: newest first.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<Id>,
) -> ApiResult<axum::Json<Vec<Invoice>>> {
    requests::by_id(&app.db, &id).await?;
    let all = rows::of_request(&app.db, &id).await?;
    let payments = rows::payments(&app.db, &id).await?;
    let shown = all.iter().rev().map(|row| present(row, &all, &payments));
    Ok(axum::Json(shown.collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectsBody {
    invoice: Id,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReductionBody {
    amount: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvoiceBody {
    basis: InvoiceBasis,
    corrects: Option<CorrectsBody>,
    reduction: Option<ReductionBody>,
    #[serde(default)]
    text: String,
}

impl InvoiceBody {
    fn new_invoice(&self) -> NewInvoice<'_> {
        let (corrects, reduction) = (self.corrects.as_ref(), self.reduction.as_ref());
        NewInvoice {
            basis: self.basis,
            corrects: corrects.map(|given| (&given.invoice, given.why.as_str())),
            reduction: reduction.map(|given| (given.amount.as_str(), given.reason.as_str())),
            text: &self.text,
        }
    }
}

/// `POST /requests/:id/invoices/preview`.
pub(crate) async fn preview(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<InvoiceBody>,
) -> ApiResult<axum::Json<PaperPreview>> {
    let filled = invoices::fill(&app, (&who, &id), given.new_invoice()).await?;
    let differs = filled.difference.map(|percent| {
        let side = if percent < 0 { "below" } else { "above" };
        format!(
            "The invoice is {} % {side} the estimate.",
            percent.unsigned_abs()
        )
    });
    Ok(axum::Json(PaperPreview {
        blocks: present_blocks(filled.letter.blocks(), ""),
        title: filled.letter.title,
        warnings: differs
            .into_iter()
            .chain(without(&filled.about.office))
            .collect(),
    }))
}

/// `POST /requests/:id/invoices`.
pub(crate) async fn make(
    State(app): State<App>,
    who: SessionUser,
    Path(id): Path<Id>,
    Body(given): Body<InvoiceBody>,
) -> ApiResult<(StatusCode, axum::Json<MadePaper>)> {
    let id = invoices::make(&app, &who, &id, given.new_invoice()).await?;
    Ok((StatusCode::CREATED, axum::Json(MadePaper { id })))
}

/// `GET /requests/:id/invoices/:invoice/pdf`.
pub(crate) async fn pdf(
    State(app): State<App>,
    who: SessionUser,
    Path((id, invoice)): Path<(Id, Id)>,
) -> ApiResult<Response> {
    let (name, pdf) = invoices::pdf(&app, &who, (&id, &invoice)).await?;
    Ok(pdf_response(&name, pdf))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidBody {
    reason: String,
}

/// `POST /requests/:id/invoices/:invoice/void`.
pub(crate) async fn void(
    State(app): State<App>,
    who: SessionUser,
    Path((id, invoice)): Path<(Id, Id)>,
    Body(given): Body<VoidBody>,
) -> ApiResult<StatusCode> {
    invoices::void(&app, &who, (&id, &invoice), &given.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentBody {
    paid_on: String,
    amount: String,
    #[serde(default)]
    note: String,
}

/// `POST /requests/:id/invoices/:invoice/payments`.
pub(crate) async fn pay(
    State(app): State<App>,
    who: SessionUser,
    Path((id, invoice)): Path<(Id, Id)>,
    Body(given): Body<PaymentBody>,
) -> ApiResult<StatusCode> {
    let paid = Paid {
        on: &given.paid_on,
        amount: &given.amount,
        note: &given.note,
    };
    payments::pay(&app, &who, (&id, &invoice), paid).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /requests/:id/invoices/:invoice/payments/:payment/void`.
pub(crate) async fn void_payment(
    State(app): State<App>,
    who: SessionUser,
    Path((id, invoice, payment)): Path<(Id, Id, Id)>,
    Body(given): Body<VoidBody>,
) -> ApiResult<StatusCode> {
    payments::void_payment(&app, &who, (&id, &invoice, &payment), &given.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
