//! The agency's settings.

use axum::http::Method;
use serde_json::{Value, json};

use crate::bench::{Answered, Person};
use crate::office::{Office, office};

impl Office {
    pub(crate) async fn set(&self, name: &str, value: &str) -> Answered {
        let body = json!({ "name": name, "value": value });
        self.bench
            .call(&self.admin, Method::PUT, "/api/settings", body)
            .await
    }
}

/// Goal: settings take effect, every change is kept with who made it, and the log has no typed
/// text. Controls: values that cannot be, a setting of the command line, another role.
#[tokio::test]
async fn settings_take_effect_and_changes_are_recorded() {
    let office = office().await;
    office.set("law", "us-wa").await.ok();
    office.set("policy", "two-people").await.ok();
    office
        .set("letterhead", "12 Main Street\nSpringfield")
        .await
        .ok();
    let shown = office.bench.get(&office.operator, "/api/office").await.ok();
    assert_eq!(shown["law"], "us-wa");
    let (recording, _) = office.second_recording().await;
    let path = format!("/api/recordings/{recording}");
    let shown = office.bench.get(&office.operator, &path).await.ok();
    assert_eq!(shown["reviews"][0]["policy_name"], "two-people");
    let all = office.bench.get(&office.admin, "/api/settings").await.ok();
    let change = &all["changes"][0];
    assert_eq!(
        (&change["name"], &change["by"]),
        (&json!("letterhead"), &json!("Ruth Root"))
    );
    assert!(!office.log().contains("Springfield"));
    for (name, value) in [
        ("law", "us-zz"),
        ("policy", "none"),
        ("holidays", "2026-12-24"),
        ("letterhead", "1\n2\n3\n4\n5\n6\n7\n8\n9"),
    ] {
        let refused = office.set(name, value).await;
        assert_eq!(refused.json()["error"]["field"], "value", "{name}");
    }
    assert_eq!(
        office.set("time-zone", "America/Chicago").await.code(),
        "command_line"
    );
    assert_eq!(office.set("name", "Somewhere").await.code(), "command_line");
    let put = async |person: &Person| {
        let body = json!({ "name": "law", "value": "" });
        office
            .bench
            .call(person, Method::PUT, "/api/settings", body)
            .await
            .status
    };
    assert_eq!(put(&office.approver).await, 403);
}

/// Goal: a day on which the office is closed moves due dates at once and after a restart, and back
/// once it is taken out. Control: calendar days.
#[tokio::test]
async fn a_closed_day_moves_due_dates_at_once() {
    let mut office = office().await;
    let due = async |office: &Office, law: &str| -> Value {
        let path =
            format!("/api/due?jurisdiction={law}&requester_kind=public&received_on=2026-09-14");
        office.bench.get(&office.operator, &path).await.ok()["due_on"].clone()
    };
    let (working, calendar) = (
        due(&office, "us-federal").await,
        due(&office, "us-ca").await,
    );
    office.set("holidays", "2026-09-15 closed Flood").await.ok();
    let moved = due(&office, "us-federal").await;
    assert!(moved.as_str() > working.as_str(), "{moved} {working}");
    assert_eq!(due(&office, "us-ca").await, calendar);
    office.bench = office.bench.again().await;
    assert_eq!(due(&office, "us-federal").await, moved);
    office.set("holidays", "").await.ok();
    assert_eq!(due(&office, "us-federal").await, working);
}
