//! How long recordings stay, and legal holds.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::office::{Office, office};

const DAY: i64 = 86_400;

impl Office {
    pub(crate) async fn set_retention(
        &self,
        recording: &str,
        body: Value,
    ) -> crate::bench::Answered {
        let path = format!("/api/recordings/{recording}/retention");
        self.bench
            .call(&self.operator, Method::PUT, &path, body)
            .await
    }

    pub(crate) async fn retained(&self, query: &str) -> Value {
        let path = format!("/api/retention{query}");
        self.bench.get(&self.operator, &path).await.ok()
    }

    /// Lets days pass, after which everybody signs in again.
    pub(crate) async fn later(&mut self, days: i64) {
        self.bench.turn_clock(days * DAY);
        self.operator = self.bench.signed_in(&self.operator).await;
        self.approver = self.bench.signed_in(&self.approver).await;
    }

    pub(crate) async fn close_request(&self) -> String {
        let request = self.request().await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/requests/{request}/close");
        let granted = json!({ "disposition": "granted" });
        self.bench.post(&self.operator, &path, granted).await.ok();
        request
    }
}

/// Goal: a recording stands where the law of its request says, on each day, and the list can be
/// narrowed to it. Controls: no category; the day before.
#[tokio::test]
async fn a_recording_stands_where_its_law_says() {
    let mut office = office().await;
    let request = office.request().await;
    office
        .edit(&request["id"], json!({ "jurisdiction": "us-or" }))
        .await
        .ok();
    let first = &office.retained("").await["recordings"][0];
    assert_eq!(
        (&first["state"], &first["until"]),
        (&json!("no_category"), &Value::Null)
    );
    assert_eq!(first["basis"], "added");
    let body = json!({ "category": "not_evidence", "counted_from": "2026-08-31" });
    let set = office.set_retention(&office.recording, body).await.ok();
    assert_eq!(set["until"], "2027-02-27");
    assert_eq!(set["gone_by"], "2029-02-28");
    assert_eq!(set["rules"][0]["statute"], "ORS 133.741");
    assert_eq!(office.retained("?show=stays").await["found"], 1);
    assert_eq!(office.retained("?show=must_go").await["found"], 0);
    office.later(160).await;
    let listed = office.retained("?show=must_go&search=2026-17").await;
    assert_eq!(listed["counts"]["must_go"], 1);
    assert_eq!(listed["recordings"][0]["state"], "must_go");
    assert_eq!(office.retained("?search=another").await["found"], 0);
    let whole = office.request().await;
    assert_eq!(whole["history"][0]["action"], "retention-set");
    let log = office.log();
    assert!(
        log.contains("category-to") && log.contains("not_evidence"),
        "{log}"
    );
}

/// Goal: what is entered wrongly is refused at its field and changes nothing. Control: what is
/// right is taken, and a second change needs a reason.
#[tokio::test]
async fn invalid_retention_is_refused() {
    let office = office().await;
    for (body, field) in [
        (json!({ "category": "requested" }), "category"),
        (
            json!({ "category": "force", "counted_from": "2026-13-01" }),
            "counted_from",
        ),
        (
            json!({ "category": "force", "counted_from": "2026-09-22" }),
            "counted_from",
        ),
    ] {
        let refused = office.set_retention(&office.recording, body).await;
        assert_eq!(refused.json()["error"]["field"], field);
    }
    let first = &office.retained("").await["recordings"][0];
    assert_eq!(first["category"], Value::Null);
    office
        .set_retention(&office.recording, json!({ "category": "force" }))
        .await
        .ok();
    let again = json!({ "category": "not_evidence" });
    let refused = office.set_retention(&office.recording, again).await;
    assert_eq!(refused.json()["error"]["field"], "reason");
    let again = json!({ "category": "not_evidence", "reason": "No force was used." });
    let set = office.set_retention(&office.recording, again).await.ok();
    assert_eq!(set["binding"], false, "a best practice of California");
}

/// Goal: whoever asks for a recording to stay extends its time as the law says. Controls: more days
/// than the law allows; a law without a number needs one.
#[tokio::test]
async fn somebody_asks_for_a_recording_to_stay() {
    let office = office().await;
    let request = office.request().await;
    let ask = async |body: Value| {
        let path = format!("/api/recordings/{}/retention/asked", office.recording);
        office.bench.post(&office.operator, &path, body).await
    };
    let asked = json!({ "asked_on": "2026-09-20", "person": "The subject" });
    let refused = ask(asked.clone()).await;
    assert_eq!(
        refused.json()["error"]["field"],
        "days",
        "California has no number"
    );
    office
        .edit(&request["id"], json!({ "jurisdiction": "us-mn" }))
        .await
        .ok();
    let body = json!({ "category": "not_evidence", "counted_from": "2026-09-01" });
    let set = office.set_retention(&office.recording, body).await.ok();
    assert_eq!(set["until"], "2026-11-30");
    let many = json!({ "asked_on": "2026-09-20", "person": "The subject", "days": 181 });
    assert_eq!(
        ask(many).await.json()["error"]["message"],
        "The law allows at most 180 days."
    );
    let set = ask(asked).await.ok();
    assert_eq!(set["until"], "2027-03-19");
    assert_eq!(set["asked"][0]["person"], "The subject");
    assert_eq!(set["rules"][1]["statute"], "Minn. Stat. 13.825, subd. 3(c)");
    assert!(
        !office.log().contains("The subject"),
        "no typed text in the log"
    );
}

/// Goal: what is under a hold cannot be removed until an approver releases the hold. Controls: an
/// operator cannot release it; afterward the recording can be removed.
#[tokio::test]
async fn a_hold_stops_removal() {
    let office = office().await;
    let hold = json!({
        "recording": office.recording, "matter": "Doe v. City", "authority": "City attorney",
        "reason": "A claim was filed.",
    });
    let placed = office
        .bench
        .post(&office.operator, "/api/holds", hold.clone())
        .await
        .ok();
    let remove = async || {
        let path = format!("/api/recordings/{}/remove", office.recording);
        let body = json!({ "reason": "Added by mistake." });
        office.bench.post(&office.operator, &path, body).await
    };
    let refused = remove().await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (StatusCode::CONFLICT, "held")
    );
    assert_eq!(office.retained("?show=held").await["found"], 1);
    let path = format!("/api/holds/{}/release", placed["id"].as_str().unwrap());
    let over = json!({ "reason": "The claim was settled." });
    let operator = office
        .bench
        .post(&office.operator, &path, over.clone())
        .await;
    assert_eq!(operator.status, StatusCode::FORBIDDEN);
    let none = office
        .bench
        .post(&office.approver, &path, json!({ "reason": " " }))
        .await;
    assert_eq!(none.json()["error"]["field"], "reason");
    office
        .bench
        .post(&office.approver, &path, over.clone())
        .await
        .ok();
    let again = office.bench.post(&office.approver, &path, over).await;
    assert_eq!(again.code(), "released");
    remove().await.ok();
    let gone = office
        .bench
        .post(&office.operator, "/api/holds", hold)
        .await;
    assert_eq!(
        gone.status,
        StatusCode::NOT_FOUND,
        "a removed recording was never evidence"
    );
    assert!(!office.log().contains("Doe"), "no typed text in the log");
}

/// Goal: a recording that its law says must stay is not removed, also when its request gets another
/// law, or it is moved to a request with another law. Controls: without a category, and after its
/// time, it is removed.
#[tokio::test]
async fn a_law_stops_removal() {
    let mut office = office().await;
    let (second, _) = office.second_recording().await;
    let request = office.request().await["id"].clone();
    let law = async |office: &Office, law: &str| {
        let law = json!({ "jurisdiction": law });
        office.edit(&request, law).await.ok();
    };
    let remove = async |office: &Office, id: &str| {
        let path = format!("/api/recordings/{id}/remove");
        let body = json!({ "reason": "We need the space." });
        office.bench.post(&office.operator, &path, body).await
    };
    law(&office, "us-wa").await;
    let body = json!({ "category": "not_evidence" });
    office.set_retention(&office.recording, body).await.ok();
    let refused = remove(&office, &office.recording).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (StatusCode::CONFLICT, "must_stay")
    );
    law(&office, "us-ca").await;
    assert_eq!(remove(&office, &office.recording).await.code(), "must_stay");
    let other = office.add_request(json!({ "number": "other" })).await;
    let path = format!("/api/recordings/{}", office.recording);
    let body = json!({ "request": other["id"], "reason": "It belongs there." });
    office
        .bench
        .call(&office.operator, Method::PATCH, &path, body)
        .await
        .ok();
    assert_eq!(remove(&office, &office.recording).await.code(), "must_stay");
    remove(&office, &second).await.ok();
    office.later(61).await;
    remove(&office, &office.recording).await.ok();
}

/// Goal: a new category takes the law that the request has now only with a reason, and the history
/// has both laws. Control: until then the stricter law of before binds, and says which one would.
#[tokio::test]
async fn a_new_category_takes_the_law_of_now() {
    let office = office().await;
    let request = office.request().await["id"].clone();
    let law = async |law: &str| {
        let law = json!({ "jurisdiction": law });
        office.edit(&request, law).await.ok();
    };
    law("us-wa").await;
    let body = json!({ "category": "not_evidence" });
    office
        .set_retention(&office.recording, body.clone())
        .await
        .ok();
    let shown = async || office.retained("").await["recordings"][0].clone();
    assert!(shown().await["law_of_request"].is_null());
    law("us-ca").await;
    let before = shown().await;
    assert!(
        before["law"].as_str().unwrap().contains("Washington"),
        "{before}"
    );
    assert!(
        before["law_of_request"]
            .as_str()
            .unwrap()
            .contains("California")
    );
    let bare = office.set_retention(&office.recording, body).await;
    assert_eq!(bare.json()["error"]["field"], "reason");
    let body = json!({ "category": "not_evidence", "reason": "The request is Californian." });
    office.set_retention(&office.recording, body).await.ok();
    let after = shown().await;
    assert!(
        after["law"].as_str().unwrap().contains("California"),
        "{after}"
    );
    assert!(after["law_of_request"].is_null());
    let path = format!("/api/requests/{}", request.as_str().unwrap());
    let history = office.bench.get(&office.operator, &path).await.ok()["history"].clone();
    let set = &history[0];
    assert_eq!(set["reason"], "The request is Californian.");
    let changes = set["changes"].as_array().unwrap().iter();
    let law = changes
        .clone()
        .find(|change| change["field"] == "retention_law");
    assert!(
        law.unwrap()["from"]
            .as_str()
            .unwrap()
            .contains("Washington"),
        "{set}"
    );
}

/// Goal: a recording under a hold of its request is not moved out of it. Control: once the hold is
/// released, it is.
#[tokio::test]
async fn a_hold_stops_moves() {
    let office = office().await;
    let request = office.request().await["id"].clone();
    let hold = json!({ "request": request, "matter": "m", "authority": "a", "reason": "r" });
    let placed = office
        .bench
        .post(&office.operator, "/api/holds", hold)
        .await
        .ok();
    let other = office.add_request(json!({ "number": "other" })).await;
    let path = format!("/api/recordings/{}", office.recording);
    let body = json!({ "request": other["id"], "reason": "It belongs there." });
    let go = async || {
        let body = body.clone();
        office
            .bench
            .call(&office.operator, Method::PATCH, &path, body)
            .await
    };
    assert_eq!(go().await.code(), "held");
    let over = format!("/api/holds/{}/release", placed["id"].as_str().unwrap());
    office
        .bench
        .post(&office.approver, &over, json!({ "reason": "over" }))
        .await
        .ok();
    go().await.ok();
}

/// Goal: a hold of a request holds all its recordings. Control: another request.
#[tokio::test]
async fn a_hold_of_a_request_holds_its_recordings() {
    let office = office().await;
    let request = office.request().await["id"].as_str().unwrap().to_owned();
    let (second, _) = office.second_recording().await;
    let hold = json!({
        "request": request, "matter": "24-CR-1", "authority": "District court", "reason": "Order.",
    });
    office
        .bench
        .post(&office.operator, "/api/holds", hold)
        .await
        .ok();
    assert_eq!(office.retained("?show=held").await["found"], 2);
    let path = format!("/api/recordings/{second}/remove");
    let refused = office
        .bench
        .post(&office.operator, &path, json!({ "reason": "x" }))
        .await;
    assert_eq!(refused.code(), "held");
    let other = office.add_request(json!({ "number": "other" })).await;
    let other = other["id"].as_str().unwrap();
    let added = office.bench.upload(&office.operator, other, b"third").await;
    let path = format!("/api/recordings/{}/remove", added["id"].as_str().unwrap());
    office
        .bench
        .post(&office.operator, &path, json!({ "reason": "x" }))
        .await
        .ok();
}

/// Goal: where the law says nothing of people who ask, a longer time is the agency's own decision,
/// and no statute is cited for it. Control: the law's own number before.
#[tokio::test]
async fn a_longer_time_by_the_agency_cites_no_statute() {
    let mut office = office().await;
    office.expired().await;
    let path = format!("/api/recordings/{}/retention/asked", office.recording);
    let ask = async |more: Value| {
        let mut body = json!({ "asked_on": "2026-09-21", "person": "The family" });
        if more["days"].is_number() {
            body["days"] = more["days"].clone();
        }
        office.bench.post(&office.operator, &path, body).await
    };
    assert_eq!(ask(json!({})).await.json()["error"]["field"], "days");
    let set = ask(json!({ "days": 10 })).await.ok();
    assert_eq!(
        (&set["by_agency"], &set["law_on_request"]),
        (&json!(false), &json!(false)),
        "the law's number is later"
    );
    let set = ask(json!({ "days": 200 })).await.ok();
    assert_eq!(set["by_agency"], true);
    let refused = office.propose(json!({})).await;
    assert_eq!(refused.code(), "must_stay");
    let message = refused.json()["error"]["message"].to_string();
    assert!(
        message.contains("the agency decided so") && !message.contains("RCW"),
        "{message}"
    );
}
