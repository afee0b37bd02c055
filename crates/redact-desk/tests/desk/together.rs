//! Two people in one review, and changes that are taken back.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::office::office;

fn keep() -> Value {
    json!({ "verdict": "keep", "reason": "privacy" })
}

/// Goal: whoever brings back what somebody else overruled is the author of that, now.
#[tokio::test]
async fn what_was_overruled_is_not_brought_back_in_the_name_of_its_author() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let base = office.decide(review).await;
    let path = format!("/api/reviews/{review}");
    let begun = bench.get(&office.operator, &path).await.ok()["document"].clone();
    bench.turn_clock(60);
    let approver = bench.signed_in(&office.approver).await;
    let mut overruled = begun.clone();
    overruled["tracks"][0]["decision"] = keep();
    let saved = bench.save(&approver, review, base, &overruled).await.ok();
    bench.turn_clock(60);
    let operator = bench.signed_in(&office.operator).await;
    let newest = saved["revision"].as_i64().unwrap();
    bench.save(&operator, review, newest, &begun).await.ok();
    let shown = bench.get(&operator, &path).await.ok();
    let (was, is) = (
        &begun["tracks"][0]["decision"],
        &shown["document"]["tracks"][0]["decision"],
    );
    assert_eq!(was["by"], is["by"]);
    assert_ne!(was["at"], is["at"], "it is a decision of today");
}

/// Goal: of two people who change different tracks at the same time both changes stay, each with
/// its author, and the later one gets the whole result.
#[tokio::test]
async fn changes_to_different_tracks_both_stay() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let base = office.decide(review).await;
    let path = format!("/api/reviews/{review}");
    let begun = bench.get(&office.operator, &path).await.ok()["document"].clone();
    let (mut first, mut second) = (begun.clone(), begun.clone());
    first["tracks"][0]["decision"] = keep();
    second["tracks"][1]["decision"] = keep();
    let saved = bench
        .save(&office.operator, review, base, &first)
        .await
        .ok();
    assert!(saved["merged"].is_null(), "nobody else saved");
    let saved = bench.save(&office.approver, review, base, &second).await;
    let saved = saved.ok();
    let shown = bench.get(&office.operator, &path).await.ok();
    assert_eq!(saved["merged"], shown["document"]);
    assert_eq!(saved["revision"], shown["revision"]);
    let made = |track: usize| {
        let decision = &shown["document"]["tracks"][track]["decision"];
        (decision["verdict"].clone(), decision["by"].clone())
    };
    assert_eq!(made(0), (json!("keep"), json!("oli Person")));
    assert_eq!(made(1), (json!("keep"), json!("pat Person")));
    assert_eq!(made(2), (json!("redact"), json!("oli Person")));
}

/// Goal: of two people who change the same track in different ways the later one is asked, with the
/// name of the track, and both versions are stored.
#[tokio::test]
async fn changes_to_the_same_track_ask() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let base = office.decide(review).await;
    let path = format!("/api/reviews/{review}");
    let begun = bench.get(&office.operator, &path).await.ok()["document"].clone();
    let (mut first, mut second) = (begun.clone(), begun.clone());
    first["tracks"][0]["decision"] = keep();
    second["tracks"][0]["person"] = json!("Officer Reyes");
    second["tracks"][1]["decision"] = keep();
    bench
        .save(&office.operator, review, base, &first)
        .await
        .ok();
    let refused = bench.save(&office.approver, review, base, &second).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.code(), "newer_revision");
    let details = refused.json()["error"]["details"].clone();
    assert_eq!(details["both"].as_array().unwrap().len(), 1);
    let class = begun["tracks"][0]["class"].as_str().unwrap();
    assert_eq!(details["both"][0], format!("{class} 1"));
    let aside = format!("{path}/revisions/{}", details["stored_as"]);
    let aside = bench.get(&office.approver, &aside).await.ok();
    assert_eq!(aside["document"]["tracks"][0]["person"], "Officer Reyes");
}

/// Goal: a change that is taken back leaves the decision, its author and its time as they were. An
/// author that nobody was is not believed.
#[tokio::test]
async fn what_is_taken_back_has_its_author_again() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let base = office.decide(review).await;
    let path = format!("/api/reviews/{review}");
    let begun = bench.get(&office.operator, &path).await.ok()["document"].clone();
    bench.turn_clock(60);
    let approver = bench.signed_in(&office.approver).await;
    let mut slip = begun.clone();
    slip["tracks"][0]["decision"] = keep();
    let saved = bench.save(&approver, review, base, &slip).await.ok();
    let newest = saved["revision"].as_i64().unwrap();
    // Undo sends what was there, with its author.
    bench.save(&approver, review, newest, &begun).await.ok();
    let shown = bench.get(&approver, &path).await.ok();
    assert_eq!(shown["document"], begun);
    // The same decision without that author is the approver's.
    let newest = shown["revision"].as_i64().unwrap();
    let saved = bench.save(&approver, review, newest, &slip).await.ok();
    let mut own = begun.clone();
    let decision = own["tracks"][0]["decision"].as_object_mut().unwrap();
    decision.insert("by".into(), json!("Somebody Else"));
    let newest = saved["revision"].as_i64().unwrap();
    bench.save(&approver, review, newest, &own).await.ok();
    let shown = bench.get(&approver, &path).await.ok();
    let by = &shown["document"]["tracks"][0]["decision"]["by"];
    assert_eq!(by, "pat Person");
}

/// Goal: two saves that are valid by themselves, but not together, are a conflict, and nothing is
/// lost. Control: what fits is merged.
#[tokio::test]
async fn a_merge_that_does_not_fit_is_a_conflict() {
    let office = office().await;
    let (bench, review) = (&office.bench, &office.review);
    let base = office.decide(review).await;
    let path = format!("/api/reviews/{review}");
    let begun = bench.get(&office.operator, &path).await.ok()["document"].clone();
    // More than half of the mutes that a review may have.
    let mutes = |name: &str, count: u32| {
        let mute = |at: u32| {
            let start = f64::from(at) * 1e-4;
            json!({ "id": format!("{name}-{at}"), "start_seconds": start,
                "end_seconds": start + 1e-4, "sound_tracks": "all", "style": "silence",
                "reason": "privacy" })
        };
        (0..count).map(mute).collect::<Vec<_>>()
    };
    let with = |name: &str, count: u32| {
        let mut document = begun.clone();
        let list = document["mutes"].as_array_mut().unwrap();
        list.extend(mutes(name, count));
        document
    };
    let first = with("a", 10_001);
    bench
        .save(&office.operator, review, base, &first)
        .await
        .ok();
    let second = with("b", 10_001);
    let refused = bench.save(&office.approver, review, base, &second).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.code(), "newer_revision");
    let details = refused.json()["error"]["details"].clone();
    assert_eq!(details["both"], json!(["items that do not fit together"]));
    let aside = format!("{path}/revisions/{}", details["stored_as"]);
    let aside = bench.get(&office.approver, &aside).await.ok();
    assert_eq!(aside["document"]["mutes"].as_array().unwrap().len(), 10_002);
    let fits = with("c", 1);
    let saved = bench.save(&office.approver, review, base, &fits).await.ok();
    let merged = saved["merged"]["mutes"].as_array().unwrap().len();
    assert_eq!(merged, 10_003);
}
