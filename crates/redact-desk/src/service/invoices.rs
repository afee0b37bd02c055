//! Invoices: made, corrected, voided, paid.
//!
//! A request has at most one valid invoice. Whoever finds it wrong corrects it by a new one, for
//! which the payments of the old one count; nothing that went out is changed.

use std::collections::HashMap;

use redact_record::events::Act;
use redact_record::letters::Letter;
use serde_json::json;

use super::app::Shared;
use super::change::Change;
use super::fees::{self, Minutes};
use super::history::{self, Entry};
use super::letter_values::{About, estimated, estimated_on, quantities};
use super::papers;
use super::requests::REASON_CHARS_MAX;
use crate::api_error::{ApiError, ApiResult, optional_text, text};
use crate::db::fees::{self as fee_rows, EstimateRow};
use crate::db::invoices::{self, InvoiceRow, PaymentRow};
use crate::db::pool::{self, Connection};
use crate::db::practice;
use crate::domain::history::changes;
use crate::domain::invoices::{FeeLine, Quantities, cents, dollars, fee_lines};
use crate::domain::letters::{LetterInvoice, LetterLine, paragraphs};
use crate::domain::statutes::Money;
use crate::event::Event;
use crate::id::Id;
use crate::model::SessionUser;
use crate::model::papers::InvoiceBasis;

const TEXT_CHARS_MAX: usize = 4000;

/// An invoice as a person wants it.
#[derive(Clone, Copy)]
pub(crate) struct NewInvoice<'a> {
    pub(crate) basis: InvoiceBasis,
    /// The invoice that it corrects, and why.
    pub(crate) corrects: Option<(&'a Id, &'a str)>,
    /// What the office takes off, and why.
    pub(crate) reduction: Option<(&'a str, &'a str)>,
    /// What the person adds, in paragraphs.
    pub(crate) text: &'a str,
}

/// An invoice that is filled in.
pub(crate) struct FilledInvoice {
    pub(crate) letter: Letter,
    pub(crate) lines: Vec<FeeLine>,
    /// The percent by which it differs from its estimate, if that is more than may be.
    pub(crate) difference: Option<i64>,
    pub(crate) about: About,
    number: String,
    estimate: Option<EstimateRow>,
    corrects: Option<(Id, String)>,
}

impl FilledInvoice {
    /// The sum in cents.
    pub(crate) fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.cents).sum()
    }
}

/// What was paid for an invoice and for those that it corrects, in cents.
pub(crate) fn paid(
    all: &[InvoiceRow],
    payments: &HashMap<Id, Vec<PaymentRow>>,
    invoice: &Id,
) -> i64 {
    let mut sum = 0_i64;
    let mut next = Some(invoice.clone());
    while let Some(id) = next {
        let of = payments.get(&id).map_or(&[][..], Vec::as_slice).iter();
        let valid = of.filter(|payment| payment.voided_at.is_none());
        sum = sum.saturating_add(valid.map(|payment| payment.cents).sum());
        let row = all.iter().find(|row| row.id == id);
        next = row.and_then(|row| row.corrects.clone());
    }
    sum
}

/// Fills an invoice in.
///
/// # Errors
/// 400 for invalid values, or without fee rules; 404; 409 `practice`, `invoiced`, `no_estimate`,
/// `no_rate`, `no_charge`; 422 `papers`.
pub(crate) async fn fill(
    app: &Shared,
    (who, request): (&SessionUser, &Id),
    new: NewInvoice<'_>,
) -> ApiResult<FilledInvoice> {
    let message = "Invoices are not made for practice requests.";
    practice::refuse(&app.db, request, message).await?;
    let given = optional_text("text", new.text, TEXT_CHARS_MAX)?;
    let all = invoices::of_request(&app.db, request).await?;
    let (corrects, why) = corrected(&all, new.corrects)?;
    let about = About::of_request(app, request).await?;
    let estimate = fee_rows::estimates_of(&app.db, request).await?.pop();
    let mut lines = lines(app, (who, &about), new.basis, estimate.as_ref()).await?;
    reduce(&mut lines, new.reduction)?;
    let total: i64 = lines.iter().map(|line| line.cents).sum();
    if total == 0 && corrects.is_none() {
        let message = "The fee is $0.00, so there is nothing to invoice.";
        return Err(ApiError::conflict("no_charge", message)
            .hint("The estimate letter says that there is no charge."));
    }
    let compared = estimate.clone().filter(|_| new.basis == InvoiceBasis::Time);
    let number = next_number(app).await?;
    let difference = difference(app, &about, (total, compared.as_ref()));
    let payments = invoices::payments(&app.db, request).await?;
    let before = corrects.map_or(0, |row| paid(&all, &payments, &row.id));
    let law_text = fees::rules(app, &about.row).map(|rules| rules.authority.text.clone());
    let mut values = about.values(app, (None, paragraphs(&given)))?;
    values.invoice = Some(LetterInvoice {
        number: number.clone(),
        corrects: corrects.map(|row| row.number.clone()),
        why: why.clone(),
        lines: lines
            .iter()
            .map(FeeLine::letter_line)
            .collect::<Vec<LetterLine>>(),
        total: dollars(total),
        paid: (before > 0).then(|| dollars(before)),
        balance: dollars((total - before).abs()),
        balance_name: if total < before {
            "Refund due"
        } else {
            "Balance due"
        },
        text: law_text.unwrap_or_default(),
        estimate: compared.as_ref().map(|row| dollars(row.total_cents)),
        estimated_on: compared.as_ref().map(|row| estimated_on(app, row)),
        difference: difference.map(i64::unsigned_abs),
        direction: if difference < Some(0) {
            "below"
        } else {
            "above"
        },
    });
    let templates = &about.office.templates;
    let letter = templates
        .fill("request-invoice", &values)
        .map_err(|error| papers::unusable(&error))?;
    Ok(FilledInvoice {
        letter,
        lines,
        difference,
        about,
        number,
        estimate: compared,
        corrects: corrects.map(|row| (row.id.clone(), why)),
    })
}

/// The invoice that a new one corrects: the valid one of the request, which must then be named.
fn corrected<'a>(
    all: &'a [InvoiceRow],
    given: Option<(&Id, &str)>,
) -> ApiResult<(Option<&'a InvoiceRow>, String)> {
    let valid = all.iter().find(|row| row.is_valid());
    match (valid, given) {
        (None, None) => Ok((None, String::new())),
        (Some(valid), None) => {
            let message = format!("The request has the invoice {}.", valid.number);
            Err(ApiError::conflict("invoiced", message).hint("Correct it, or void it first."))
        }
        (valid, Some((id, why))) => {
            let row = valid.filter(|row| row.id == *id).ok_or_else(|| {
                let message = "That invoice was voided or corrected, or is of another request.";
                ApiError::conflict("conflict", message)
            })?;
            Ok((Some(row), text("why", why, REASON_CHARS_MAX)?))
        }
    }
}

/// The lines of the fee.
async fn lines(
    app: &Shared,
    (who, about): (&SessionUser, &About),
    basis: InvoiceBasis,
    estimate: Option<&EstimateRow>,
) -> ApiResult<Vec<FeeLine>> {
    let row = &about.row;
    let rules = fees::rules(app, row).ok_or_else(|| {
        let message = "No fee rules are on file for the law of this request.";
        ApiError::field("jurisdiction", message)
    })?;
    let Some(estimate) = estimate else {
        let message = "The request has no fee estimate, which sets the hourly rate.";
        return Err(ApiError::conflict("no_estimate", message)
            .hint("Estimate the fee under “Time and fees” first."));
    };
    if basis == InvoiceBasis::Estimate {
        return Ok(fee_lines(
            rules,
            &estimated(estimate)?,
            quantities(estimate),
        ));
    }
    let spent = Minutes::of(&fee_rows::time_of(&app.db, &row.id).await?);
    let extent = fees::extent(app, who, &row.id).await?;
    let rate = Money(u64::try_from(estimate.rate_cents).unwrap_or(0));
    let fee = fees::fee(rules, row, extent, (spent, rate));
    let of = Quantities {
        search_minutes: spent.search,
        review_minutes: spent.review,
        redaction_minutes: spent.redaction,
        extent: Some((extent.recordings, extent.video_seconds)),
    };
    Ok(fee_lines(rules, &fee, of))
}

/// Takes off what the office decided to.
fn reduce(lines: &mut Vec<FeeLine>, given: Option<(&str, &str)>) -> ApiResult<()> {
    let Some((amount, reason)) = given else {
        return Ok(());
    };
    let total: i64 = lines.iter().map(|line| line.cents).sum();
    let off = Money::read(amount.trim()).map(cents);
    let Some(off) = off.filter(|off| (1..=total).contains(off)) else {
        let message = format!("Enter dollars from 0.01 to {}.", dollars(total));
        return Err(ApiError::field("reduction.amount", message));
    };
    let basis = text("reduction.reason", reason, 300)
        .map_err(|_| ApiError::field("reduction.reason", "Enter why the fee is reduced."))?;
    lines.push(FeeLine {
        what: "Reduction".to_owned(),
        basis,
        statute: String::new(),
        cents: -off,
    });
    Ok(())
}

/// The percent by which a bill differs from its estimate, if that is more than may be.
fn difference(
    app: &Shared,
    about: &About,
    (total, estimate): (i64, Option<&EstimateRow>),
) -> Option<i64> {
    let bill = Money(u64::try_from(total).unwrap_or(0));
    let estimate = Money(u64::try_from(estimate?.total_cents).unwrap_or(0));
    let percent = fees::difference_percent(bill, estimate)?;
    let most = fees::tolerance(fees::rules(app, &about.row));
    most.is_exceeded(bill, estimate).then_some(percent)
}

/// `INV-2026-0001`: counted by the year of the agency's day, without a gap.
async fn next_number(app: &Shared) -> ApiResult<String> {
    let beginning = format!("INV-{}-", app.today().year());
    let count = invoices::count_of(&app.db, &beginning).await?;
    Ok(format!("{beginning}{:04}", count + 1))
}

/// Makes an invoice and stores it; returns its id.
///
/// # Errors
/// As for [`fill`].
pub(crate) async fn make(
    app: &Shared,
    who: &SessionUser,
    request: &Id,
    new: NewInvoice<'_>,
) -> ApiResult<Id> {
    // No two invoices get the same number, or correct the same one.
    let _alone = app.review_lock.lock().await;
    let filled = fill(app, (who, request), new).await?;
    let total_cents = filled.total();
    let request_number = filled.about.row.facts.number.clone();
    let text = filled.letter.text.clone();
    let printed = papers::print(app, filled.about.office, request_number, filled.letter).await?;
    let (corrects, why) = filled.corrects.unzip();
    let row = InvoiceRow {
        id: Id::random(),
        request: request.clone(),
        number: filled.number,
        at: app.now(),
        by: who.name.clone(),
        basis: new.basis,
        lines: json!(filled.lines).to_string(),
        total_cents,
        estimate_cents: filled.estimate.map(|row| row.total_cents),
        corrects,
        why: why.unwrap_or_default(),
        text,
        voided_at: None,
        voided_by: None,
        void_reason: None,
        corrected_by: None,
        sha256: printed.sha256,
    };
    let mut change = pool::begin(&app.db).await?;
    invoices::insert(&mut change, &row, &printed.pdf).await?;
    let what = format!("{}, ${}", row.number, dollars(total_cents));
    let fields = [
        ("invoice", String::new(), what),
        ("letter_sha256", String::new(), row.sha256.clone()),
    ];
    let action = match row.corrects {
        Some(_) => "invoice-corrected",
        None => "invoice-made",
    };
    note(app, who, change, (request, action, &row.why), &fields).await?;
    Ok(row.id)
}

/// Records a change of an invoice in the history and commits it.
///
/// # Errors
/// Those of the database and the log.
pub(super) async fn note(
    app: &Shared,
    who: &SessionUser,
    mut change: pool::Transaction,
    (request, action, reason): (&Id, &'static str, &str),
    fields: &[(&str, String, String)],
) -> ApiResult<()> {
    let connection: &mut Connection = &mut change;
    let entry = Entry {
        request,
        recording: None,
        action,
        changes: changes(fields),
        reason,
    };
    history::note(app, connection, &who.name, entry).await?;
    change.commit().await?;
    app.notify(Change::Request(request.clone()));
    Ok(())
}

/// An invoice of that request.
///
/// # Errors
/// 404.
pub(super) async fn own(app: &Shared, request: &Id, id: &Id) -> ApiResult<InvoiceRow> {
    let row = invoices::by_id(&app.db, id).await?;
    if row.request != *request {
        return Err(ApiError::not_found());
    }
    Ok(row)
}

/// The PDF of an invoice, as it was made, and the name of its file. The download is an event.
///
/// # Errors
/// 404; internal error if the stored file was changed.
pub(crate) async fn pdf(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
) -> ApiResult<(String, Vec<u8>)> {
    let row = own(app, request, id).await?;
    let pdf = papers::unchanged(invoices::pdf(&app.db, id).await?, &row.sha256)?;
    let event = Event::new(Act::Export, "invoice-download")
        .id("request", request)
        .id("invoice", id);
    app.log_event(&who.name, event).await?;
    Ok((format!("{}.pdf", row.number), pdf))
}

/// Voids an invoice.
///
/// # Errors
/// 400 without a reason; 404; 409 if it is not valid or was paid.
pub(crate) async fn void(
    app: &Shared,
    who: &SessionUser,
    (request, id): (&Id, &Id),
    reason: &str,
) -> ApiResult<()> {
    let _alone = app.review_lock.lock().await;
    let reason = text("reason", reason, REASON_CHARS_MAX)?;
    let row = own(app, request, id).await?;
    if !row.is_valid() {
        let message = "The invoice was voided or corrected already.";
        return Err(ApiError::conflict("conflict", message));
    }
    let all = invoices::of_request(&app.db, request).await?;
    let payments = invoices::payments(&app.db, request).await?;
    let paid = paid(&all, &payments, id);
    if paid > 0 {
        let message = format!("${} were paid for this invoice.", dollars(paid));
        return Err(ApiError::conflict("paid", message)
            .hint("Correct the invoice, or void the payments first."));
    }
    let mut change = pool::begin(&app.db).await?;
    invoices::void(&mut change, id, (app.now(), &who.name, &reason)).await?;
    let fields = [("invoice", row.number, String::new())];
    note(
        app,
        who,
        change,
        (request, "invoice-voided", &reason),
        &fields,
    )
    .await
}
