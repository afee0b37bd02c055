//! Reasons: those of the law of the request, and each only for what it is for.

use std::path::Path;

use axum::http::{Method, StatusCode};
use redact_core::Class;
use redact_record::appeals::Appeals;
use redact_record::reasons::{self, DefaultFor, ReasonSet};
use serde_json::{Value, json};

use crate::office::{Office, office};

/// The code of the set that stands for what the policy hides.
const MINNESOTA: &str = "mn-recording-private";

impl Office {
    async fn set_law(&self, law: &str) {
        let path = format!("/api/recordings/{}", self.recording);
        let recording = self.bench.get(&self.operator, &path).await.ok();
        let path = format!("/api/requests/{}", recording["request"].as_str().unwrap());
        let body = json!({ "jurisdiction": law });
        let changed = self.bench.call(&self.operator, Method::PATCH, &path, body);
        changed.await.ok();
    }

    async fn digest(&self, policy: &str) -> Value {
        let policies = self.bench.get(&self.operator, "/api/policies").await.ok();
        let mut all = policies.as_array().unwrap().iter();
        let found = all.find(|known| known["name"] == policy);
        found.unwrap()["digest"].clone()
    }

    /// A review under the federal policy, with further keys.
    async fn federal(&self, more: Value) -> Value {
        let path = format!("/api/recordings/{}/reviews", self.recording);
        let mut body = json!({ "policy": self.digest("federal").await, "title": "Public" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.bench.post(&self.operator, &path, body).await.ok()
    }

    async fn summary(&self, review: &str) -> Value {
        let path = format!("/api/reviews/{review}/summary");
        self.bench.get(&self.operator, &path).await.ok()
    }

    /// Accepts what no detector looked for, and returns the revision.
    async fn acknowledge(&self, review: &str) -> i64 {
        let path = format!("/api/reviews/{review}");
        let shown = self.bench.get(&self.operator, &path).await.ok();
        let mut document = shown["document"].clone();
        document["acknowledged"] = json!(["screen"]);
        let base = shown["revision"].as_i64().unwrap();
        let saved = self.bench.save(&self.operator, review, base, &document);
        saved.await.ok()["revision"].as_i64().unwrap()
    }
}

fn codes(summary: &Value) -> Vec<&str> {
    let problems = summary["problems"].as_array().unwrap().iter();
    problems
        .map(|found| found["code"].as_str().unwrap())
        .collect()
}

/// Goal: a request under the law of Minnesota is answered with its reasons, although the policy
/// cites federal law: tracks, mutes, and what can be chosen.
/// Control: under federal law the policy's own reasons are used.
#[tokio::test]
async fn the_law_of_the_request_chooses_the_reasons() {
    let office = office().await;
    for (law, reason, other) in [
        ("us-mn", MINNESOTA, "fed-privacy"),
        ("us-federal", "fed-privacy", MINNESOTA),
    ] {
        office.set_law(law).await;
        let made = office.federal(json!({ "decisions": "policy" })).await;
        let policy = &made["policy"];
        assert_eq!(policy["law"]["key"], law);
        assert_eq!(policy["law"]["covered"], true);
        for rule in policy["classes"].as_array().unwrap() {
            assert_eq!(rule["reason"], reason);
        }
        assert_eq!(policy["audio"]["reason"], reason);
        for track in made["document"]["tracks"].as_array().unwrap() {
            assert_eq!(track["decision"]["reason"], reason);
        }
        for mute in made["document"]["mutes"].as_array().unwrap() {
            assert_eq!(mute["reason"], reason);
        }
        let of = |code: &str| {
            let mut all = policy["reasons"].as_array().unwrap().iter();
            all.find(|known| known["code"] == code).unwrap().clone()
        };
        assert_eq!(of(reason)["fits"], true);
        assert_eq!(of(reason)["for"], "hide");
        assert_eq!(of(other)["fits"], false);
        assert_eq!(of("mn-on-duty-officer")["for"], "keep");
        // It is approved and released with them.
        let review = made["id"].as_str().unwrap();
        let revision = office.acknowledge(review).await;
        assert_eq!(office.summary(review).await["problems"], json!([]));
        let approved = office.bench.approve(&office.approver, review, revision);
        assert_eq!(approved.await.ok()["state"], "approved");
        assert_eq!(office.release(review).await.status, StatusCode::ACCEPTED);
    }
}

/// The laws, by key and title, that do not have exactly one set of reasons, and an appeal of the
/// same name that is found by the set's jurisdiction and by the law's title.
fn incomplete<'a>(laws: &[(&'a str, &str)], sets: &[ReasonSet], appeals: &Appeals) -> Vec<&'a str> {
    let complete = |key: &str, title: &str| {
        let mut of_law = sets.iter().filter(|set| set.laws == [key]);
        let (Some(set), None) = (of_law.next(), of_law.next()) else {
            return false;
        };
        [set.jurisdiction.as_str(), title].into_iter().all(|place| {
            let found: Vec<&str> = appeals.of(place).map(|one| one.name.as_str()).collect();
            found == [&set.name]
        })
    };
    let missing = laws.iter().filter(|(key, title)| !complete(key, title));
    missing.map(|(key, _)| *key).collect()
}

/// The code that stands for what a policy does with a class, or with speech.
fn default_code<'a>(set: &'a ReasonSet, name: &str) -> &'a str {
    let wanted = match name {
        "face" => DefaultFor::Class(Class::Face),
        "plate" => DefaultFor::Class(Class::Plate),
        "screen" => DefaultFor::Class(Class::Screen),
        "vehicle" => DefaultFor::Class(Class::Vehicle),
        "speech" => DefaultFor::Speech,
        other => panic!("{other}"),
    };
    let mut all = set.reasons.iter();
    let found = all.find(|listed| listed.default_for.contains(&wanted));
    &found.unwrap().reason.code.0
}

/// Goal: every law that the desk knows has reasons and appeals, and a request under it is answered
/// with its reasons.
/// Control: a law without a set of reasons is found, and so is one without an appeal.
#[tokio::test]
async fn every_law_of_the_desk_has_reasons_and_appeals() {
    let mut office = office().await;
    let mut sets = Vec::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reasons");
    for file in std::fs::read_dir(shipped).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            sets.push(reasons::read(&path).unwrap());
            let copies = office.bench.folder.path().join("reasons");
            std::fs::copy(&path, copies.join(path.file_name().unwrap())).unwrap();
        }
    }
    office.bench = office.bench.again().await;
    let listed = office.bench.get(&office.operator, "/api/laws").await.ok();
    let laws: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|law| (law["key"].as_str().unwrap(), law["title"].as_str().unwrap()))
        .collect();
    assert_eq!(laws.len(), 11);
    let appeals = Appeals::built_in().unwrap();
    assert_eq!(incomplete(&laws, &sets, &appeals), [""; 0]);
    for (law, _) in &laws {
        office.set_law(law).await;
        let made = office.federal(json!({ "decisions": "policy" })).await;
        let policy = &made["policy"];
        assert_eq!(policy["law"]["covered"], true, "{law}");
        // The policy has reasons of its own for federal requests.
        if *law == "us-federal" {
            continue;
        }
        let set = sets.iter().find(|set| set.laws == [*law]).unwrap();
        for rule in policy["classes"].as_array().unwrap() {
            let expected = default_code(set, rule["class"].as_str().unwrap());
            assert_eq!(rule["reason"], expected, "{law}");
        }
        assert_eq!(policy["audio"]["reason"], default_code(set, "speech"));
    }
    let untitled = [("us-oh", "No such act")];
    assert_eq!(incomplete(&untitled, &sets, &appeals), ["us-oh"]);
    sets.retain(|set| set.name != "ohio");
    assert_eq!(incomplete(&laws, &sets, &appeals), ["us-oh"]);
}

/// Goal: reasons of another law stand in the way of the approval, each named with its track, and
/// are changed all at once. A law that is corrected after the approval stops the release.
#[tokio::test]
async fn reasons_of_another_law_block_until_they_are_changed() {
    let office = office().await;
    let bench = &office.bench;
    office.set_law("us-federal").await;
    let made = office.federal(json!({ "decisions": "policy" })).await;
    let review = made["id"].as_str().unwrap();
    let revision = office.acknowledge(review).await;
    assert_eq!(office.summary(review).await["problems"], json!([]));
    office.set_law("us-mn").await;
    let summary = office.summary(review).await;
    let tracks = made["document"]["tracks"].as_array().unwrap().len();
    let mutes = made["document"]["mutes"].as_array().unwrap().len();
    assert_eq!(codes(&summary), vec!["other_law"; tracks + mutes]);
    let first = &summary["problems"][0];
    assert_eq!(
        (&first["track"], &first["reason"]),
        (&json!(1), &json!("fed-privacy"))
    );
    assert!(first["message"].as_str().unwrap().contains("Minnesota"));
    let refused = bench.approve(&office.approver, review, revision).await;
    assert_eq!(refused.code(), "refused");
    let proposed = json!([{ "from": "fed-privacy", "statute": "none", "verdict": "redact",
        "items": tracks + mutes, "to": MINNESOTA }]);
    assert_eq!(summary["reason_changes"], proposed);
    let path = format!("/api/reviews/{review}/reasons");
    let change = |to: &str| {
        json!({ "base": revision,
            "changes": [{ "from": "fed-privacy", "verdict": "redact", "to": to }] })
    };
    for wrong in ["fed-privacy", "mn-on-duty-officer", "nonsense"] {
        let refused = bench.post(&office.operator, &path, change(wrong)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let saved = bench.post(&office.operator, &path, change(MINNESOTA)).await;
    let revision = saved.ok()["revision"].as_i64().unwrap();
    assert_eq!(office.summary(review).await["problems"], json!([]));
    let approved = bench.approve(&office.approver, review, revision).await;
    assert_eq!(approved.ok()["state"], "approved");
    office.set_law("us-federal").await;
    assert_eq!(office.release(review).await.code(), "not_approved");
    // Who approved it did so under the other law: going back does not bring the approval back.
    office.set_law("us-mn").await;
    assert_eq!(office.release(review).await.code(), "not_approved");
    let again = bench.approve(&office.approver, review, revision).await;
    assert_eq!(again.ok()["state"], "approved");
    assert_eq!(office.release(review).await.status, StatusCode::ACCEPTED);
}

/// Goal: where the desk has no reasons of a law, the policy's are used and nothing is blocked, but
/// the summary says so.
#[tokio::test]
async fn a_law_without_reasons_is_said() {
    let office = office().await;
    office.set_law("us-wa").await;
    let made = office.federal(json!({ "decisions": "policy" })).await;
    let review = made["id"].as_str().unwrap();
    office.acknowledge(review).await;
    let summary = office.summary(review).await;
    assert_eq!(summary["problems"], json!([]));
    assert_eq!(summary["law"]["covered"], false);
    assert_eq!(summary["law"]["title"], "Washington Public Records Act");
}

/// Goal: nothing is hidden for a reason to keep, or kept for a reason to hide.
#[tokio::test]
async fn a_reason_is_only_for_what_it_is_for() {
    let office = office().await;
    office.set_law("us-mn").await;
    let made = office.federal(json!({ "decisions": "policy" })).await;
    let review = made["id"].as_str().unwrap();
    let mut document = made["document"].clone();
    document["acknowledged"] = json!(["screen"]);
    document["tracks"][0]["decision"]["reason"] = json!("mn-on-duty-officer");
    document["tracks"][1]["decision"] = json!({ "verdict": "keep", "reason": MINNESOTA });
    document["drawn"] = json!([{ "id": "door", "effect": { "kind": "fill" }, "reason": "",
        "start": 2, "end": 9, "keyframes": [[2, 0.1, 0.1, 0.2, 0.2]] }]);
    let saved = office.bench.save(&office.operator, review, 1, &document);
    let base = saved.await.ok()["revision"].as_i64().unwrap();
    let summary = office.summary(review).await;
    let found = codes(&summary);
    assert_eq!(found, ["no_reason", "wrong_purpose", "wrong_purpose"]);
    assert_eq!(summary["problems"][0]["id"], "door");
    assert_eq!(summary["problems"][1]["track"], 1);
    assert_eq!(summary["problems"][2]["track"], 2);
    // The other way around both are right.
    document["tracks"][0]["decision"]["reason"] = json!(MINNESOTA);
    document["tracks"][1]["decision"]["reason"] = json!("mn-on-duty-officer");
    document["drawn"][0]["reason"] = json!("mn-offensive");
    let saved = office.bench.save(&office.operator, review, base, &document);
    saved.await.ok();
    assert_eq!(office.summary(review).await["problems"], json!([]));
}

/// Goal: copying a review to another policy says which reasons do not fit and what to use instead,
/// and uses what is chosen.
#[tokio::test]
async fn a_copy_for_another_policy_changes_reasons_once() {
    let office = office().await;
    office.set_law("us-mn").await;
    office.decide(&office.review).await;
    let digest = office.digest("federal").await;
    let path = format!("/api/reviews/{}/reasons?policy=", office.review);
    let path = path + digest.as_str().unwrap();
    let choices = office.bench.get(&office.operator, &path).await.ok();
    let changes = choices["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["from"], "privacy");
    assert_eq!(changes[0]["to"], MINNESOTA);
    let chosen = json!([{ "from": "privacy", "verdict": "redact", "to": "mn-other-person" }]);
    let more = json!({ "copy": office.review, "reasons": chosen });
    let made = office.federal(more).await;
    for track in made["document"]["tracks"].as_array().unwrap() {
        assert_eq!(track["decision"]["reason"], "mn-other-person");
    }
    let review = made["id"].as_str().unwrap();
    assert_eq!(office.summary(review).await["problems"], json!([]));
    // Without a choice the old reasons stay, and block.
    let made = office.federal(json!({ "copy": office.review })).await;
    let summary = office.summary(made["id"].as_str().unwrap()).await;
    assert!(codes(&summary).contains(&"unknown_reason"));
}
