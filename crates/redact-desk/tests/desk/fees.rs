//! Time spent on a request, and its fee.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::office::{Office, office};

impl Office {
    async fn fees(&self, request: &str) -> Value {
        let path = format!("/api/requests/{request}/fees");
        self.bench.get(&self.operator, &path).await.ok()
    }
}

/// Goal: an estimate follows the limits of the law. Control: rates that are none.
#[tokio::test]
async fn an_estimate_follows_the_law() {
    let office = office().await;
    let ohio = json!({ "number": "OH-1", "jurisdiction": "us-oh" });
    let made = office.add_request(ohio).await;
    let id = made["id"].as_str().unwrap();
    let post = async |what: &str, body: Value| {
        let path = format!("/api/requests/{id}/{what}");
        office.bench.post(&office.operator, &path, body).await
    };
    let none = office.fees(id).await;
    assert_eq!(
        (&none["bill"], &none["rules"]["request_max"]),
        (&Value::Null, &json!("750.00"))
    );
    for (rate, field) in [("-1", "rate"), ("many", "rate"), ("1000.01", "rate")] {
        let refused = post("estimates", json!({ "rate": rate })).await;
        assert_eq!(refused.json()["error"]["field"], field, "{rate}");
    }
    // Nothing was uploaded: an hourly limit of video is zero dollars.
    post(
        "estimates",
        json!({ "rate": "30", "redaction_minutes": 60 }),
    )
    .await
    .ok();
    assert_eq!(office.fees(id).await["estimates"][0]["total"], "0.00");
}

/// Goal: entered time gives the bill, and how far it is from the estimate; changes are in the
/// history. Control: time that is not charged.
#[tokio::test]
async fn the_bill_follows_from_the_time_entered() {
    let office = office().await;
    let washington =
        json!({ "number": "WA-1", "jurisdiction": "us-wa", "requester_kind": "press" });
    let made = office.add_request(washington).await;
    let id = made["id"].as_str().unwrap();
    let post = async |what: &str, body: Value| {
        let path = format!("/api/requests/{id}/{what}");
        office.bench.post(&office.operator, &path, body).await
    };
    post(
        "estimates",
        json!({ "rate": "30", "redaction_minutes": 60 }),
    )
    .await
    .ok();
    let time = |work: &str, minutes: u32| json!({ "day": "2026-09-21", "work": work, "minutes": minutes, "note": "" });
    post("time", time("redaction", 70)).await.ok();
    post("time", time("other", 600)).await.ok();
    let shown = office.fees(id).await;
    assert_eq!(shown["estimates"][0]["total"], "30.00");
    assert_eq!(shown["bill"]["total"], "35.00");
    assert_eq!(shown["difference_percent"], 17);
    assert_eq!(shown["difference_max"], 25);
    let entry = shown["entries"][0]["id"].as_str().unwrap();
    let path = format!("/api/requests/{id}/time/{entry}");
    office
        .bench
        .call(&office.operator, Method::PUT, &path, time("redaction", 90))
        .await
        .ok();
    assert_eq!(office.fees(id).await["bill"]["total"], "45.00");
    office
        .bench
        .call(&office.operator, Method::DELETE, &path, Value::Null)
        .await
        .ok();
    assert_eq!(office.fees(id).await["bill"]["total"], "0.00");
    let whole = office.request_of(id).await;
    let last = &whole["history"][0];
    assert_eq!(last["action"], "time-removed");
    assert_eq!(
        last["changes"][0]["from"],
        "2026-09-21, redaction, 90 minutes, oli Person"
    );
    for wrong in [time("redaction", 0), time("redaction", 1441)] {
        assert_eq!(
            post("time", wrong).await.json()["error"]["field"],
            "minutes"
        );
    }
    let future = json!({ "day": "2026-09-22", "work": "review", "minutes": 5 });
    assert_eq!(post("time", future).await.json()["error"]["field"], "day");
}

/// Goal: an entry of time belongs to its request, and a closed request takes none. Control: the
/// same entry through its own request.
#[tokio::test]
async fn time_belongs_to_its_request() {
    let office = office().await;
    let one = office.add_request(json!({ "number": "1" })).await;
    let two = office.add_request(json!({ "number": "2" })).await;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/requests/{}/time", id(&one));
    let body = json!({ "day": "2026-09-20", "work": "review", "minutes": 5 });
    office
        .bench
        .post(&office.operator, &path, body.clone())
        .await
        .ok();
    let entry = office.fees(&id(&one)).await["entries"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let by = |request: &Value| format!("/api/requests/{}/time/{entry}", id(request));
    let other = office
        .bench
        .call(&office.operator, Method::PUT, &by(&two), body.clone())
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    office
        .bench
        .call(&office.operator, Method::PUT, &by(&one), body.clone())
        .await
        .ok();
    let close = format!("/api/requests/{}/close", id(&one));
    let withdrawn = json!({ "disposition": "withdrawn" });
    office
        .bench
        .post(&office.operator, &close, withdrawn)
        .await
        .ok();
    let closed = office.bench.post(&office.operator, &path, body).await;
    assert_eq!(closed.status, StatusCode::CONFLICT);
}

/// Goal: statistics count what was done, and the export has the same figures and is an event.
/// Control: a period before it has nothing.
#[tokio::test]
async fn statistics_count_what_was_done() {
    let office = office().await;
    let made = office
        .add_request(json!({ "number": "1", "received_on": "2026-09-01" }))
        .await;
    let id = made["id"].as_str().unwrap();
    let close = format!("/api/requests/{id}/close");
    let denied = json!({ "disposition": "denied", "reason": "Sec. 7" });
    office
        .bench
        .post(&office.operator, &close, denied)
        .await
        .ok();
    let get = async |query: &str| {
        let path = format!("/api/statistics{query}");
        office.bench.get(&office.operator, &path).await
    };
    let found = get("?from=2026-09-01&to=2026-09-01").await.ok();
    let total = &found["total"];
    assert_eq!(
        (&total["received"], &total["answered"], &total["late"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(total["median_days"], 20.0);
    assert_eq!(
        found["dispositions"],
        json!([{ "disposition": "denied", "count": 1 }])
    );
    let all = get("").await.ok();
    assert_eq!(all["from"], "2026-01-01");
    assert!(all["total"]["recordings"].as_u64().unwrap() >= 1, "{all}");
    assert_eq!(all["months"].as_array().unwrap().len(), 9);
    let before = get("?from=2020-01-01&to=2020-12-31").await.ok();
    assert_eq!(before["total"]["received"], 0);
    let wrong = get("?from=2026-09-02&to=2026-09-01").await;
    assert_eq!(wrong.json()["error"]["field"], "from");
    let csv = office
        .bench
        .get(&office.operator, "/api/statistics/csv")
        .await;
    let text = String::from_utf8(csv.bytes).unwrap();
    assert!(text.contains("\"denied\",\"1\""), "{text}");
}

/// Goal: the statistics are printed as well, for any period, and that is an entry of the log.
/// Control: an invalid period.
#[tokio::test]
async fn statistics_are_printed() {
    let office = office().await;
    office
        .add_request(json!({ "number": "1", "received_on": "2026-09-01" }))
        .await;
    let get = async |query: &str| {
        let path = format!("/api/statistics/pdf{query}");
        office.bench.get(&office.operator, &path).await
    };
    let pdf = get("?from=2026-01-01&to=2026-09-21").await;
    assert!(pdf.bytes.starts_with(b"%PDF-1.7"));
    let name = pdf.headers["content-disposition"].to_str().unwrap();
    assert!(
        name.contains("statistics-2026-01-01-to-2026-09-21.pdf"),
        "{name}"
    );
    crate::letters::show("statistics.pdf", &pdf.bytes);
    let empty = get("?from=2020-01-01&to=2020-01-31").await;
    assert!(empty.bytes.starts_with(b"%PDF-1.7"));
    let wrong = get("?from=2026-09-02&to=2026-09-01").await;
    assert_eq!(wrong.json()["error"]["field"], "from");
    assert_eq!(office.log().matches("statistics-pdf").count(), 2);
}
