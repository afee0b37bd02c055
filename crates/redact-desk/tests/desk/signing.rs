//! Approvals that are signed, each with the approver's own key.

use axum::http::StatusCode;
use redact_core::UtcNanos;
use redact_record::plan::{self, PlanContent};
use redact_record::sign::{Approver, KeyPair, TrustStore};
use serde_json::{Value, json};
use sqlx::SqlitePool;

use crate::bench::{Bench, PASSWORD, Person};
use crate::office::{Office, office};

const NEW_PASSWORD: &str = "staple battery horse";

/// The names of the approvers that renders believe, with their keys.
fn trusted(bench: &Bench) -> Vec<String> {
    let store = TrustStore::open(&bench.jobs.trusted).unwrap();
    assert_eq!(store.keys().len(), 1, "no approver's key signs releases");
    let approvers = store.approvers().iter();
    approvers
        .map(|known| format!("{} {}", known.name, known.key.id()))
        .collect()
}

async fn database(bench: &Bench) -> SqlitePool {
    let path = bench.folder.path().join("data/desk.sqlite");
    SqlitePool::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap()
}

/// A review by the policy that asks for two signed approvals, approved by both.
async fn signed_by_two(office: &Office) -> String {
    let (review, revision) = office.by_policy("two-signed").await;
    let bench = &office.bench;
    for person in [&office.operator, &office.approver] {
        bench.approve(person, &review, revision).await.ok();
    }
    review
}

async fn shown(office: &Office, review: &str) -> Value {
    let path = format!("/api/reviews/{review}");
    office.bench.get(&office.operator, &path).await.ok()
}

/// Goal: what the renderer demands of a policy with signatures, the desk gives it.
/// Method: the jobs check each plan as the renderer does, with the folder of trusted keys.
#[tokio::test]
async fn a_policy_that_asks_for_signatures_is_rendered() {
    let office = office().await;
    let review = signed_by_two(&office).await;
    let seen = shown(&office, &review).await;
    assert_eq!(seen["approvals"][1]["signed"], true);
    assert_eq!(seen["policy"]["signed"], true);
    let release = office.release(&review).await.ok();
    let path = format!("/api/releases/{}", release["id"].as_str().unwrap());
    let ready = |release: &Value| release["state"] == "ready";
    office.bench.until(&office.operator, &path, ready).await;
    let names = trusted(&office.bench);
    assert_eq!(names.len(), 2, "{names:?}");
    for person in [&office.operator, &office.approver] {
        let bound = names
            .iter()
            .any(|name| name.to_lowercase().contains(&person.login));
        assert!(bound, "{} in {names:?}", person.login);
    }
    let log = std::fs::read_to_string(office.bench.folder.path().join("events.jsonl")).unwrap();
    assert_eq!(
        log.matches("\"what\":\"key\"").count(),
        2,
        "both keys are written down"
    );
}

/// Goal: whoever can write the database still cannot approve in another's name.
/// Method: the approver's approval is signed anew, word for word, with a key that is trusted for
/// releases; desk and renderer both refuse it.
#[tokio::test]
async fn an_approval_signed_with_somebody_elses_key_is_refused() {
    let office = office().await;
    let bench = &office.bench;
    let review = signed_by_two(&office).await;
    let release = office.release(&review).await.ok();
    let id = release["id"].as_str().unwrap();
    let file = bench
        .folder
        .path()
        .join(format!("data/releases/{id}/plan.json"));
    let (genuine, _) = plan::read(&file).unwrap();
    let approvals = genuine.approvals.clone();
    let (first, second) = (&approvals[0], &approvals[1]);
    let attacker = KeyPair::generate(None).unwrap();
    let mut store = TrustStore::open(&bench.jobs.trusted).unwrap();
    store.add("attacker", &attacker.public()).unwrap();
    let mut forged = PlanContent::new(plan::without_approvals(genuine)).unwrap();
    forged.add_approval(first.clone()).unwrap();
    let approved = forged.approve(&second.by, second.at, &second.statement);
    approved.unwrap();
    forged.sign_newest(&attacker).unwrap();
    let forged = forged.into_plan();
    plan::check_signatures(&forged, &store).unwrap_err();
    let database = database(bench).await;
    let swap = async |signature: &Option<String>| {
        let done = sqlx::query("UPDATE approvals SET signature = ? WHERE name = ? AND void = 0")
            .bind(signature)
            .bind(&second.by)
            .execute(&database)
            .await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    };
    swap(&forged.approvals[1].signature).await;
    let refused = office.release(&review).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.code(), "signature");
    swap(&None).await;
    assert_eq!(
        office.release(&review).await.code(),
        "signature",
        "no signature"
    );
    swap(&first.signature).await;
    assert_eq!(
        office.release(&review).await.code(),
        "signature",
        "the first person's"
    );
    swap(&second.signature).await;
    assert_eq!(
        office.release(&review).await.status,
        StatusCode::ACCEPTED,
        "the control"
    );
}

/// Goal: a key that is put under another person's account opens there for nobody.
#[tokio::test]
async fn a_key_that_was_copied_in_the_database_does_not_open() {
    let office = office().await;
    let bench = &office.bench;
    signed_by_two(&office).await;
    let database = database(bench).await;
    let copied = "UPDATE keys SET sealed = (SELECT other.sealed FROM keys other
                  WHERE other.user = ?) WHERE user = ?";
    sqlx::query(copied)
        .bind(&office.approver.id)
        .bind(&office.operator.id)
        .execute(&database)
        .await
        .unwrap();
    let (review, revision) = office.by_policy("two-signed").await;
    let refused = bench.approve(&office.operator, &review, revision).await;
    assert_eq!(refused.code(), "key_lost");
    bench
        .approve(&office.approver, &review, revision)
        .await
        .ok();
}

async fn change_password(bench: &Bench, person: &Person) {
    bench.turn_clock(60);
    let body = json!({
        "password": PASSWORD, "new_password": NEW_PASSWORD, "code": bench.code(&person.secret),
    });
    bench.post(person, "/api/me/password", body).await.ok();
}

#[tokio::test]
async fn a_new_password_opens_the_same_key() {
    let office = office().await;
    let bench = &office.bench;
    let review = signed_by_two(&office).await;
    let before = trusted(bench);
    change_password(bench, &office.approver).await;
    // What was approved with the old password holds.
    assert_eq!(office.release(&review).await.status, StatusCode::ACCEPTED);
    let (review, revision) = office.by_policy("two-signed").await;
    let old = bench.approve(&office.approver, &review, revision).await;
    assert_eq!(old.code(), "wrong_password");
    let path = format!("/api/reviews/{review}/approve");
    let body = json!({ "revision": revision, "password": NEW_PASSWORD });
    bench.post(&office.approver, &path, body).await.ok();
    assert_eq!(trusted(bench), before, "no other key was made");
}

/// Goal: after a reset the key signs nothing more, and what it signed and was not rendered is void;
/// the person gets another key.
#[tokio::test]
async fn a_reset_retires_the_key_and_voids_what_waits() {
    let office = office().await;
    let bench = &office.bench;
    let review = signed_by_two(&office).await;
    let path = format!("/api/users/{}/reset", office.approver.id);
    let link = bench.post(&office.admin, &path, json!({})).await.ok();
    assert_eq!(shown(&office, &review).await["state"], "awaiting_second");
    assert_eq!(office.release(&review).await.code(), "not_approved");
    let (kept,): (i64,) = sqlx::query_as("SELECT count(*) FROM keys WHERE sealed IS NOT NULL")
        .fetch_one(&database(bench).await)
        .await
        .unwrap();
    assert_eq!(kept, 1, "the private half is gone");
    let token = link["link"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let again = bench
        .accept(&token, "pat", json!({ "password": PASSWORD }))
        .await;
    let revision = shown(&office, &review).await["revision"].as_i64().unwrap();
    bench.approve(&again, &review, revision).await.ok();
    assert_eq!(office.release(&review).await.status, StatusCode::ACCEPTED);
    assert_eq!(
        trusted(bench).len(),
        3,
        "the retired key vouches for what it signed before"
    );
}

/// Goal: a key that the agency revoked approves nothing, until there is another one.
#[tokio::test]
async fn a_key_that_was_revoked_approves_nothing() {
    let office = office().await;
    let bench = &office.bench;
    let review = signed_by_two(&office).await;
    let mut store = TrustStore::open(&bench.jobs.trusted).unwrap();
    let theirs = |known: &&Approver| known.name.to_lowercase().contains(&office.approver.login);
    let key = store.approvers().iter().find(theirs).unwrap().key.clone();
    store.revoke(&key).unwrap();
    assert_eq!(office.release(&review).await.code(), "signature");
    let (review, revision) = office.by_policy("two-signed").await;
    let refused = bench.approve(&office.approver, &review, revision).await;
    assert_eq!(refused.code(), "key_revoked");
    bench
        .approve(&office.operator, &review, revision)
        .await
        .ok();
}

/// Goal: keys that an earlier version put among those that sign releases are moved to the
/// approvers, under the account's name, and vouch for no release any more.
#[tokio::test]
async fn keys_of_an_earlier_version_become_approvers() {
    let office = office().await;
    let review = signed_by_two(&office).await;
    let folder = office.bench.jobs.trusted.clone();
    let before = trusted(&office.bench);
    let mut store = TrustStore::open(&folder).unwrap();
    let keys: Vec<_> = store.approvers().iter().map(|a| a.key.clone()).collect();
    std::fs::remove_dir_all(folder.join("approvers")).unwrap();
    store = TrustStore::open(&folder).unwrap();
    for key in &keys {
        store.add(&format!("desk-x-{}", key.id()), key).unwrap();
    }
    let office = Office {
        bench: office.bench.again().await,
        ..office
    };
    assert_eq!(trusted(&office.bench).len(), before.len());
    assert_eq!(office.release(&review).await.status, StatusCode::ACCEPTED);
}

/// The time is part of what is signed: a signature of one moment is none of another.
#[tokio::test]
async fn a_signature_is_for_its_own_moment() {
    let office = office().await;
    let review = signed_by_two(&office).await;
    let database = database(&office.bench).await;
    let later = UtcNanos(1);
    sqlx::query("UPDATE approvals SET at_nanos = at_nanos + ?")
        .bind(later.0)
        .execute(&database)
        .await
        .unwrap();
    assert_eq!(office.release(&review).await.code(), "signature");
}
