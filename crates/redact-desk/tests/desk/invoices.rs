//! Invoices and payments, to the cent.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::bench::Answered;
use crate::letters::{show, words};
use crate::office::{Office, office};

struct Billing<'a> {
    office: &'a Office,
    request: String,
}

impl Billing<'_> {
    async fn post(&self, what: &str, body: Value) -> Answered {
        let path = format!("/api/requests/{}/{what}", self.request);
        self.office
            .bench
            .post(&self.office.operator, &path, body)
            .await
    }

    async fn invoices(&self) -> Value {
        let path = format!("/api/requests/{}/invoices", self.request);
        self.office
            .bench
            .get(&self.office.operator, &path)
            .await
            .ok()
    }

    async fn spend(&self, minutes: u32) {
        let body = json!({ "day": "2026-09-21", "work": "redaction", "minutes": minutes });
        self.post("time", body).await.ok();
    }

    async fn invoice(&self, body: Value) -> String {
        let made = self.post("invoices", body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }
}

/// A request under Washington's law, with an estimate of 60 minutes at $30.
async fn billing(office: &Office) -> Billing<'_> {
    let washington =
        json!({ "number": "WA-1", "jurisdiction": "us-wa", "requester_kind": "press" });
    let made = office.add_request(washington).await;
    let request = made["id"].as_str().unwrap().to_owned();
    let billing = Billing { office, request };
    let estimate = json!({ "rate": "30", "redaction_minutes": 60 });
    billing.post("estimates", estimate).await.ok();
    billing
}

/// Goal: an invoice for the time that was spent is right to the cent, names its law and how far it
/// is from the estimate, and is paid in parts. By hand: 95 minutes at $30 are $47.50, 58.33 % and
/// so 59 % above $30. Controls: amounts that are none, and a payment that was voided.
#[tokio::test]
async fn an_invoice_is_right_to_the_cent_and_paid() {
    let office = office().await;
    let billing = billing(&office).await;
    billing.spend(95).await;
    let preview = billing
        .post("invoices/preview", json!({ "basis": "time" }))
        .await
        .ok();
    let text = words(&preview);
    for part in [
        "INV-2026-0001",
        "redaction 1 h 35 min",
        "$47.50",
        "59 percent above",
        "RCW 42.56",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        preview["warnings"][0]
            .as_str()
            .unwrap()
            .contains("59 % above")
    );
    let id = billing.invoice(json!({ "basis": "time" })).await;
    let shown = &billing.invoices().await[0];
    assert_eq!(
        (&shown["number"], &shown["total"]),
        (&json!("INV-2026-0001"), &json!("47.50"))
    );
    let place = format!("invoices/{id}/payments");
    for wrong in ["0", "-1", "many", "1.234"] {
        let body = json!({ "paid_on": "2026-09-21", "amount": wrong });
        let refused = billing.post(&place, body).await;
        assert_eq!(refused.json()["error"]["field"], "amount", "{wrong}");
    }
    for amount in ["20.00", "27.5"] {
        let body = json!({ "paid_on": "2026-09-21", "amount": amount, "note": "Check 7" });
        billing.post(&place, body).await.ok();
    }
    let shown = &billing.invoices().await[0];
    assert_eq!(
        (&shown["paid"], &shown["balance"]),
        (&json!("47.50"), &json!("0.00"))
    );
    let first = shown["payments"][0]["id"].as_str().unwrap();
    let void = format!("{place}/{first}/void");
    let bare = billing.post(&void, json!({ "reason": "" })).await;
    assert_eq!(bare.json()["error"]["field"], "reason");
    billing
        .post(&void, json!({ "reason": "Returned check" }))
        .await
        .ok();
    let shown = &billing.invoices().await[0];
    assert_eq!(shown["balance"], "20.00");
    assert_eq!(shown["payments"][0]["voided"]["reason"], "Returned check");
    let pdf = format!("/api/requests/{}/invoices/{id}/pdf", billing.request);
    let pdf = office.bench.get(&office.operator, &pdf).await;
    assert!(pdf.bytes.starts_with(b"%PDF"));
    show("invoice.pdf", &pdf.bytes);
    assert_eq!(
        shown["sha256"],
        redact_record::digest_bytes(&pdf.bytes).to_string()
    );
    let log = office.log();
    assert!(log.contains("payment-voided") && !log.contains("Returned check"));
}

/// Goal: a payment is dated on a day on which it can have come in. Controls: a day later than
/// today, and one before the invoice.
#[tokio::test]
async fn a_payment_is_not_older_than_its_invoice() {
    let office = office().await;
    let billing = billing(&office).await;
    billing.spend(95).await;
    let id = billing.invoice(json!({ "basis": "time" })).await;
    let place = format!("invoices/{id}/payments");
    for day in ["2026-09-22", "2026-09-20"] {
        let wrong = json!({ "paid_on": day, "amount": "1" });
        let refused = billing.post(&place, wrong).await.json();
        assert_eq!(refused["error"]["field"], "paid_on", "{day}");
    }
    let paid = json!({ "paid_on": "2026-09-21", "amount": "1" });
    billing.post(&place, paid).await.ok();
}

/// Goal: after a dispute, a new invoice names the old one and counts its payments. By hand: $45.00
/// less $20.00 are $25.00; $40.00 were paid, so $15.00 go back. Controls: a second valid invoice,
/// an old one that is paid or corrected again, and a reduction beyond the fee.
#[tokio::test]
async fn a_dispute_ends_in_an_invoice_that_corrects_the_old_one() {
    let office = office().await;
    let billing = billing(&office).await;
    billing.spend(90).await;
    let old = billing.invoice(json!({ "basis": "time" })).await;
    let twice = billing.post("invoices", json!({ "basis": "time" })).await;
    assert_eq!(twice.code(), "invoiced");
    let pay = json!({ "paid_on": "2026-09-21", "amount": "40" });
    billing
        .post(&format!("invoices/{old}/payments"), pay.clone())
        .await
        .ok();
    let void = json!({ "reason": "Dispute" });
    let refused = billing
        .post(&format!("invoices/{old}/void"), void.clone())
        .await;
    assert_eq!(refused.code(), "paid");
    let correct = |amount: &str| {
        json!({ "basis": "time", "corrects": { "invoice": old, "why": "Dispute settled." },
            "reduction": { "amount": amount, "reason": "Settlement" } })
    };
    let beyond = billing.post("invoices", correct("45.01")).await;
    assert_eq!(beyond.json()["error"]["field"], "reduction.amount");
    let preview = billing.post("invoices/preview", correct("20")).await.ok();
    let text = words(&preview);
    for part in [
        "corrects invoice INV-2026-0001",
        "-20.00",
        "-$40.00",
        "Refund due",
        "$15.00",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let new = billing.invoice(correct("20")).await;
    let shown = billing.invoices().await;
    assert_eq!(shown[0]["balance"], "-15.00");
    assert_eq!(shown[0]["corrects"], "INV-2026-0001");
    assert_eq!(shown[1]["corrected_by"], "INV-2026-0002");
    assert_eq!(shown[1]["balance"], Value::Null);
    let again = billing.post("invoices", correct("1")).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let late = billing.post(&format!("invoices/{old}/payments"), pay).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let free = json!({ "basis": "time", "corrects": { "invoice": new, "why": "Waived." },
        "reduction": { "amount": "45", "reason": "Waiver" } });
    billing.invoice(free).await;
    assert_eq!(
        billing.invoices().await[0]["total"],
        "0.00",
        "a correction may be of nothing"
    );
}

/// Goal: nothing is charged by accident: a fee of zero has no invoice, and the estimate letter says
/// that there is no charge. Control: an estimate that costs something.
#[tokio::test]
async fn a_fee_of_zero_is_no_invoice() {
    let office = office().await;
    let ohio = office
        .add_request(json!({ "number": "OH-1", "jurisdiction": "us-oh" }))
        .await;
    let free = Billing {
        office: &office,
        request: ohio["id"].as_str().unwrap().to_owned(),
    };
    let early = free.post("invoices", json!({ "basis": "estimate" })).await;
    assert_eq!(early.code(), "no_estimate");
    // Nothing was uploaded: an hourly limit of video is zero dollars.
    let estimate = json!({ "rate": "30", "redaction_minutes": 60 });
    free.post("estimates", estimate).await.ok();
    let refused = free.post("invoices", json!({ "basis": "estimate" })).await;
    assert_eq!(refused.code(), "no_charge");
    let letter = json!({ "kind": "estimate" });
    let preview = free.post("letters/preview", letter.clone()).await.ok();
    assert!(words(&preview).contains("There is no charge"));
    let billing = billing(&office).await;
    let preview = billing.post("letters/preview", letter).await.ok();
    let text = words(&preview);
    assert!(
        text.contains("will cost") && text.contains("$30.00"),
        "{text}"
    );
    let id = billing.invoice(json!({ "basis": "estimate" })).await;
    assert_eq!(billing.invoices().await[0]["total"], "30.00");
    billing
        .post(
            &format!("invoices/{id}/void"),
            json!({ "reason": "Withdrawn" }),
        )
        .await
        .ok();
    assert_eq!(billing.invoices().await[0]["voided"]["reason"], "Withdrawn");
    billing.invoice(json!({ "basis": "estimate" })).await;
    assert_eq!(billing.invoices().await[0]["number"], "INV-2026-0002");
}
