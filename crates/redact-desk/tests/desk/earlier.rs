//! A data folder that an earlier version wrote (`tests/desk/earlier/`, by the version before the
//! desk asked for reasons for audible speech): it opens, and the work in it goes on.

use std::path::Path;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::bench::{Bench, Person, cookie};

struct Earlier {
    bench: Bench,
    known: Value,
    people: Vec<Person>,
}

impl Earlier {
    async fn open() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk/earlier");
        let known = std::fs::read(folder.join("fixture.json")).unwrap();
        let known: Value = serde_json::from_slice(&known).unwrap();
        let bench = Bench::of_an_earlier_version(&folder).await;
        let mut people = Vec::new();
        for person in known["people"].as_array().unwrap() {
            let text = |key: &str| person[key].as_str().unwrap().to_owned();
            let person = Person {
                id: text("id"),
                login: text("login"),
                cookie: None,
                secret: text("secret"),
            };
            let answered = bench.sign_in(&person).await;
            assert!(answered.status.is_success(), "{}", answered.status);
            people.push(Person {
                cookie: cookie(&answered),
                ..person
            });
        }
        Self {
            bench,
            known,
            people,
        }
    }

    fn id(&self, name: &str) -> &str {
        self.known[name].as_str().unwrap()
    }

    async fn get(&self, person: usize, path: &str) -> Value {
        self.bench.get(&self.people[person], path).await.ok()
    }

    async fn release(&self, review: &str) -> crate::bench::Answered {
        let path = format!("/api/reviews/{review}/releases");
        self.bench.post(&self.people[1], &path, json!({})).await
    }
}

/// Goal: everything that the version before showed is there.
#[tokio::test]
async fn a_data_folder_of_the_version_before_opens_with_all_that_is_in_it() {
    let earlier = Earlier::open().await;
    let request = format!("/api/requests/{}", earlier.id("request"));
    let request = earlier.get(1, &request).await;
    assert_eq!(request["stage"], "handed_over");
    let recording = &request["recordings"][0];
    assert_eq!(recording["state"], "ready");
    assert_eq!(recording["lost_sound_by"], Value::Null);
    assert_eq!(recording["reviews"].as_array().unwrap().len(), 3);
    let release = format!("/api/releases/{}", earlier.id("release"));
    let shown = earlier.get(3, &release).await;
    assert_eq!(shown["state"], "ready");
    assert_eq!(shown["verdict"]["ok"], true);
    assert_eq!(shown["copies"], 1);
    let copies = earlier.get(3, &format!("{release}/copies")).await;
    assert_eq!(copies[0]["to"], "A. Reporter");
    let first = format!("/api/reviews/{}", earlier.id("first"));
    let review = earlier.get(1, &first).await;
    assert_eq!(review["document"]["tracks"][2]["person"], "the van");
    assert_eq!(review["document"]["tracks"][2]["margins"][0][0], 3);
    assert_eq!(review["document"]["drawn"][0]["effect"]["kind"], "blur");
    assert_eq!(review["policy"]["audio"]["mute"], "speech");
    let said = earlier.get(1, &format!("{first}/transcript")).await;
    assert_eq!(said, Value::Null);
    let summary = earlier.get(1, &format!("{first}/summary")).await;
    // Its policy does not say so, but its rules do: that reason is to hide, and a face is kept
    // under it. One change makes it right.
    let problems = summary["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["code"], "wrong_purpose");
    let changes = &summary["reason_changes"];
    assert_eq!(changes[0]["from"], "privacy");
    assert_eq!(changes[0]["to"], "nothing-to-withhold");
    let jobs = earlier.get(1, "/api/jobs").await;
    let followed = jobs
        .as_array()
        .unwrap()
        .iter()
        .find(|j| j["kind"] == "follow");
    assert_eq!(followed.unwrap()["result"]["start"], 3);
    let audits = earlier.get(3, "/api/audits").await;
    assert_eq!(audits[0]["verdict"]["ok"], true);
    let upload = format!("/api/uploads/{}", earlier.id("upload"));
    assert_eq!(earlier.get(1, &upload).await["offset"], 4);
    assert_eq!(earlier.get(3, "/api/events/check").await["whole"], true);
    let views = format!("/api/recordings/{}/views", earlier.id("recording"));
    assert!(!earlier.get(3, &views).await.as_array().unwrap().is_empty());
    let differences = format!("{first}/differences/{}", earlier.id("court"));
    let differences = earlier.get(1, &differences).await;
    assert_eq!(differences["mutes_only_here"], json!(["speech-1"]));
}

/// Goal: what two people approved in the version before is released.
#[tokio::test]
async fn approvals_of_the_version_before_count() {
    let earlier = Earlier::open().await;
    let court = earlier.id("court");
    let review = earlier.get(1, &format!("/api/reviews/{court}")).await;
    assert_eq!(review["state"], "approved");
    let kept = &review["document"]["kept_speech"][0];
    assert_eq!(kept["reason"], "nothing-to-withhold");
    let release = earlier.release(court).await;
    assert_eq!(release.status, StatusCode::ACCEPTED);
    let path = format!("/api/releases/{}", release.ok()["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    earlier.bench.until(&earlier.people[1], &path, ready).await;
}

/// Goal: a review whose mutes were deleted before anything was written down about speech opens as
/// decided by whoever saved it, and is approved and released as it stands, without another save.
#[tokio::test]
async fn deleted_mutes_of_older_reviews_are_decisions() {
    let earlier = Earlier::open().await;
    let (bench, older) = (&earlier.bench, earlier.id("older"));
    let path = format!("/api/reviews/{older}");
    let review = earlier.get(1, &path).await;
    let kept = &review["document"]["kept_speech"][0];
    assert_eq!(kept["by"], "oli Person");
    assert_eq!(kept["reason"], "nothing-to-withhold");
    let revision = review["revision"].as_i64().unwrap();
    let summary = earlier.get(1, &format!("{path}/summary")).await;
    assert_eq!(summary["problems"], json!([]));
    // What was approved then had nothing about speech in it.
    let refused = earlier.release(older).await;
    assert_eq!(refused.code(), "not_approved");
    let body = json!({ "reason": "approved by an earlier version" });
    bench
        .post(&earlier.people[1], &format!("{path}/withdraw"), body)
        .await
        .ok();
    for person in &earlier.people[1..3] {
        bench.approve(person, older, revision).await.ok();
    }
    assert_eq!(earlier.release(older).await.status, StatusCode::ACCEPTED);
}
