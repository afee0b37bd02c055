//! Versions of policies: two people, and old reviews under their old version.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::bench::{Answered, PASSWORD, Person};
use crate::office::{Office, office};

impl Office {
    async fn policy_text(&self, name: &str) -> (String, String) {
        let list = self.bench.get(&self.admin, "/api/policies").await.ok();
        let all = list.as_array().unwrap();
        let head = all.iter().find(|one| one["name"] == name).unwrap();
        let digest = head["digest"].as_str().unwrap().to_owned();
        let path = format!("/api/policies/{digest}/text");
        let text = self.bench.get(&self.admin, &path).await.ok();
        (digest, text["text"].as_str().unwrap().to_owned())
    }

    async fn propose_policy(&self, text: &str) -> Answered {
        let body = json!({ "text": text, "why": "Counsel asked for it" });
        self.bench
            .post(&self.admin, "/api/policy-versions", body)
            .await
    }

    async fn decide_version(&self, person: &Person, id: &Value, what: &str) -> Answered {
        let path = format!("/api/policy-versions/{}/{what}", id.as_str().unwrap());
        let body = match what {
            "confirm" => json!({ "password": PASSWORD }),
            _ => json!({}),
        };
        self.bench.post(person, &path, body).await
    }
}

/// Goal: a version that was proposed is in an approver's inbox until it is decided. Control: an
/// operator, who does not decide about it.
#[tokio::test]
async fn a_version_waits_in_the_inbox() {
    let office = office().await;
    let (_, text) = office.policy_text("public-release").await;
    let made = office
        .propose_policy(&text.replace("title = \"For a test\"", "title = \"Newer\""))
        .await
        .ok();
    let waiting = async |person: &Person| {
        let inbox = office.bench.get(person, "/api/inbox").await.ok();
        let all = inbox.as_array().unwrap().iter();
        let found: Vec<Value> = all
            .filter(|one| one["kind"] == "policy")
            .map(|one| json!([one["policy"], one["by"], one["request"]]))
            .collect();
        json!(found)
    };
    let expected = json!([["public-release", "Ruth Root", null]]);
    assert_eq!(waiting(&office.approver).await, expected);
    assert_eq!(waiting(&office.operator).await, json!([]));
    office
        .decide_version(&office.approver, &made["id"], "refuse")
        .await
        .ok();
    assert_eq!(waiting(&office.approver).await, json!([]));
}

/// Goal: a version is in force once a second person says so, also after a restart; a review that
/// was begun earlier stays under its own. Controls: the one who proposed it, an operator, a second
/// proposal, one that was decided.
#[tokio::test]
async fn a_second_person_puts_a_policy_into_force() {
    let mut office = office().await;
    let (old, text) = office.policy_text("public-release").await;
    let new = text.replace("title = \"For a test\"", "title = \"Newer\"");
    let made = office.propose_policy(&new).await.ok();
    assert_eq!(
        office
            .propose_policy(&new.replace("Newer", "Newest"))
            .await
            .code(),
        "conflict"
    );
    let own = office
        .decide_version(&office.admin, &made["id"], "confirm")
        .await;
    assert_eq!(
        (own.status, own.code()),
        (StatusCode::FORBIDDEN, "same_person".to_owned())
    );
    let operator = office
        .decide_version(&office.operator, &made["id"], "confirm")
        .await;
    assert_eq!(operator.status, StatusCode::FORBIDDEN);
    let path = format!(
        "/api/policy-versions/{}/confirm",
        made["id"].as_str().unwrap()
    );
    let guessed = json!({ "password": "a guess" });
    let guessed = office.bench.post(&office.approver, &path, guessed).await;
    assert_eq!(guessed.code(), "wrong_password");
    assert_eq!(office.policy_text("public-release").await.0, old);
    office
        .decide_version(&office.approver, &made["id"], "confirm")
        .await
        .ok();
    let again = office
        .decide_version(&office.approver, &made["id"], "refuse")
        .await;
    assert_eq!(again.code(), "conflict");
    let (now, _) = office.policy_text("public-release").await;
    assert_ne!(now, old);
    office.bench = office.bench.again().await;
    assert_eq!(office.policy_text("public-release").await.0, now);
    let review = format!("/api/reviews/{}", office.review);
    let review = office.bench.get(&office.operator, &review).await.ok();
    assert_eq!(
        review["policy"]["title"], "For a test",
        "the review stays as it was"
    );
    let (_, begun) = office.second_recording().await;
    let begun = office
        .bench
        .get(&office.operator, &format!("/api/reviews/{begun}"))
        .await
        .ok();
    assert_eq!(begun["policy"]["title"], "Newer");
    let list = office
        .bench
        .get(&office.admin, "/api/policy-versions")
        .await
        .ok();
    assert_eq!(
        (&list[0]["state"], &list[0]["decided_by"]),
        (&json!("in_force"), &json!("pat Person"))
    );
    assert!(office.log().contains("policy-in-force"));
}

/// Goal: a text that is wrong is refused with its place. Controls: the version in force, and a
/// version that is refused.
#[tokio::test]
async fn a_wrong_text_is_refused_with_its_place() {
    let office = office().await;
    let (old, text) = office.policy_text("public-release").await;
    let refused = async |text: &str| {
        let answered = office.propose_policy(text).await;
        assert_eq!(answered.json()["error"]["field"], "text");
        answered.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(
        refused(&text.replace("title =", "title"))
            .await
            .starts_with("Line 3")
    );
    assert!(
        refused(&text.replace("\"face\"", "\"nose\""))
            .await
            .contains("nose")
    );
    assert!(refused(&text).await.contains("in force"));
    let made = office
        .propose_policy(&text.replace("None.", "Some."))
        .await
        .ok();
    office
        .decide_version(&office.admin, &made["id"], "refuse")
        .await
        .ok();
    assert_eq!(office.policy_text("public-release").await.0, old);
}
