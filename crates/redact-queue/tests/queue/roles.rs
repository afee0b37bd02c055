//! What a worker's role may not do.

use redact_queue::{Access, ChunkOutcome, Database, JobKind, QueueError, grant_worker};

use crate::rules::{claim, commit, register};
use crate::server::{Server, job};
use crate::work::Local;

/// Goal: a worker whose machine is taken over cannot commit for another, change a job, or read what
/// other workers do. Controls: it does its own work, and the owner sees everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_rights_on_its_own_rows_alone() {
    let server = Server::start();
    let client = server.client().await;
    let owner = server.sql("owner").await;
    sqlx::raw_sql("CREATE ROLE w1 LOGIN; CREATE ROLE w2 LOGIN")
        .execute(&owner)
        .await
        .unwrap();
    for role in ["w1", "w2"] {
        grant_worker(client.database(), role).await.unwrap();
    }
    let scratch = tempfile::tempdir().unwrap();
    let job = job(JobKind::Render, "a", 2);
    let id = client.submit(&job, "tester", scratch.path()).await.unwrap();
    let (one, two) = (server.sql("w1").await, server.sql("w2").await);
    register(&one, "one", "any").await;
    register(&two, "two", "any").await;
    let (_, generation) = claim(&two, "two", id, 0).await;

    let refused = |sql: &'static str| {
        let one = one.clone();
        async move {
            let error = sqlx::raw_sql(sql)
                .execute(&one)
                .await
                .map(|done| done.rows_affected());
            let error = error.expect_err(sql).to_string();
            assert!(error.contains("permission denied"), "{sql}: {error}");
        }
    };
    for sql in [
        "UPDATE redact.job SET state = 'done'",
        "DELETE FROM redact.chunk",
        "UPDATE redact.chunk SET state = 'done', output_sha256 = repeat('1', 64)",
        "INSERT INTO redact.worker SELECT * FROM redact.worker",
        "SELECT * FROM redact.job",
        "SELECT * FROM redact.alarm",
        "SELECT redact.release(1, 0, 'why', true)",
        "CREATE TABLE redact.other (a integer)",
        "DELETE FROM apalis.jobs",
    ] {
        refused(sql).await;
    }
    let stolen = commit(&one, ("two", id, 0), generation, "1").await;
    let stolen = stolen.unwrap_err().to_string();
    assert!(stolen.contains("was not registered by role w1"), "{stolen}");
    // Nor may it take over the other's row by registering it again.
    let taken_over = sqlx::query(
        "SELECT redact.register('two', 'x', 'redact test', 'none', 'any', 'x', NULL, 1, '1 h')",
    );
    assert!(taken_over.execute(&one).await.is_err());

    let workers = "SELECT id FROM redact.worker ORDER BY id";
    let seen: Vec<String> = sqlx::query_scalar(workers).fetch_all(&one).await.unwrap();
    assert_eq!(seen, ["one"]);
    let chunks = "SELECT index FROM redact.chunk ORDER BY index";
    let seen: Vec<i32> = sqlx::query_scalar(chunks).fetch_all(&one).await.unwrap();
    assert!(seen.is_empty(), "{seen:?}");

    let own = commit(&two, ("two", id, 0), generation, "2").await.unwrap();
    assert_eq!(own, "committed");
    let seen: Vec<i32> = sqlx::query_scalar(chunks).fetch_all(&two).await.unwrap();
    assert_eq!(seen, [0]);
    let seen: Vec<String> = sqlx::query_scalar(workers).fetch_all(&owner).await.unwrap();
    assert_eq!(seen, ["one", "two"]);
}

/// Goal: a worker does all its work with these rights. Control: without them it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_needs_no_other_rights() {
    let server = Server::start();
    let client = server.client().await;
    let owner = server.sql("owner").await;
    sqlx::raw_sql("CREATE ROLE w1 LOGIN; CREATE ROLE guest LOGIN")
        .execute(&owner)
        .await
        .unwrap();
    grant_worker(client.database(), "w1").await.unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let worker = Local::start(&server, "w1").await;
    let of_three = job(JobKind::Scan, "ms=10 fail=1", 3);
    let id = client
        .submit(&of_three, "tester", scratch.path())
        .await
        .unwrap();
    for _ in 0..200 {
        let job = client.database().job(id).await.unwrap();
        if job.done == 2 && job.state == "needs_person" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let outcomes = worker.stop().await;
    let committed = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, ChunkOutcome::Committed { .. }));
    assert_eq!(committed.count(), 2, "{outcomes:?}");

    let without = Database::connect(&server.address("guest"), Access::Protected, 2).await;
    assert!(matches!(
        without,
        Err(QueueError::Database { .. } | QueueError::NoSchema { .. })
    ));
}
