//! The rules of the tables, called as a worker calls them.

use redact_queue::{JobId, JobKind};
use sqlx::PgPool;

use crate::server::{Server, job};

/// A worker's row.
pub(crate) async fn register(sql: &PgPool, worker: &str, cpu: &str) -> String {
    sqlx::query_scalar(
        "SELECT redact.register($1, $1, 'redact test', 'none', $2, 'here', NULL, 1, '1 hour')",
    )
    .bind(worker)
    .bind(cpu)
    .fetch_one(sql)
    .await
    .unwrap()
}

/// What a claim answers, and its generation.
pub(crate) async fn claim(sql: &PgPool, worker: &str, job: JobId, index: i32) -> (String, i32) {
    sqlx::query_as("SELECT outcome, generation FROM redact.claim($1, $2, $3)")
        .bind(worker)
        .bind(job.0)
        .bind(index)
        .fetch_one(sql)
        .await
        .unwrap()
}

/// What a commit answers. The output is named by one digit.
pub(crate) async fn commit(
    sql: &PgPool,
    (worker, job, index): (&str, JobId, i32),
    generation: i32,
    output: &str,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT redact.commit_output($1, $2, $3, $4, $5, 1)")
        .bind(worker)
        .bind(job.0)
        .bind(index)
        .bind(generation)
        .bind(output.repeat(64))
        .fetch_one(sql)
        .await
}

async fn fail(sql: &PgPool, (worker, job): (&str, JobId), generation: i32, how: &str) -> String {
    sqlx::query_scalar("SELECT redact.fail($1, $2, 0, $3, $4, 'why')")
        .bind(worker)
        .bind(job.0)
        .bind(generation)
        .bind(how)
        .fetch_one(sql)
        .await
        .unwrap()
}

async fn lapse(sql: &PgPool) {
    sqlx::raw_sql(
        "UPDATE redact.chunk SET deadline = now() - interval '1 s', lease = '-1 hour'
            WHERE state = 'running'",
    )
    .execute(sql)
    .await
    .unwrap();
}

async fn submit(server: &Server, kind: JobKind, plan: &str) -> JobId {
    let scratch = tempfile::tempdir().unwrap();
    let client = server.client().await;
    let job = job(kind, plan, 1);
    client.submit(&job, "tester", scratch.path()).await.unwrap()
}

/// Goal: only the claim that has the generation commits, and only once. Controls: the claim that
/// has it, and the same commit sent again because its answer was lost.
#[tokio::test]
async fn a_commit_needs_the_generation() {
    let server = Server::start();
    let id = submit(&server, JobKind::Render, "a").await;
    let sql = server.sql("owner").await;
    for worker in ["w1", "w2"] {
        register(&sql, worker, "any").await;
    }
    let (outcome, first) = claim(&sql, "w1", id, 0).await;
    assert_eq!(outcome, "claimed");
    assert_eq!(claim(&sql, "w2", id, 0).await.0, "taken");

    // The first worker is stopped past its lease; the second takes over, then the first wakes.
    lapse(&sql).await;
    let (outcome, second) = claim(&sql, "w2", id, 0).await;
    assert_eq!(outcome, "claimed");
    assert!(second > first);
    let late = commit(&sql, ("w1", id, 0), first, "1").await.unwrap();
    assert_eq!(late, "superseded");
    // A worker cannot borrow the other's generation either.
    let borrowed = commit(&sql, ("w1", id, 0), second, "1").await.unwrap();
    assert_eq!(borrowed, "superseded");

    let own = commit(&sql, ("w2", id, 0), second, "2").await.unwrap();
    assert_eq!(own, "committed");
    let again = commit(&sql, ("w2", id, 0), second, "2").await.unwrap();
    assert_eq!(again, "committed");
    // A render's second output is discarded, and no alarm.
    let other = commit(&sql, ("w1", id, 0), first, "1").await.unwrap();
    assert_eq!(other, "superseded");
    let database = server.database().await;
    assert!(database.alarms(id).await.unwrap().is_empty());
    assert_eq!(database.job(id).await.unwrap().state, "done");
}

/// Goal: two outputs of one scan chunk are an alarm that people see. Control: the same output twice
/// is none.
#[tokio::test]
async fn another_output_of_a_scan_is_an_alarm() {
    let server = Server::start();
    let id = submit(&server, JobKind::Scan, "a").await;
    let sql = server.sql("owner").await;
    for worker in ["w1", "w2"] {
        register(&sql, worker, "any").await;
    }
    let (_, first) = claim(&sql, "w1", id, 0).await;
    lapse(&sql).await;
    let (_, second) = claim(&sql, "w2", id, 0).await;
    commit(&sql, ("w2", id, 0), second, "2").await.unwrap();
    let same = commit(&sql, ("w1", id, 0), first, "2").await.unwrap();
    assert_eq!(same, "superseded");
    let database = server.database().await;
    assert!(database.alarms(id).await.unwrap().is_empty());

    let differs = commit(&sql, ("w1", id, 0), first, "1").await.unwrap();
    assert_eq!(differs, "differs");
    let alarms = database.alarms(id).await.unwrap();
    assert_eq!(alarms.len(), 1);
    assert_eq!(
        (alarms[0].committed.as_str(), alarms[0].other.as_str()),
        ("2".repeat(64).as_str(), "1".repeat(64).as_str())
    );
    assert_eq!(database.job(id).await.unwrap().alarms, 1);
}

/// Goal: nothing is tried forever: attempts are counted at the claim and stop at three, however
/// they end. Controls: a worker that stops costs nothing; a full disk costs nothing three times.
#[tokio::test]
async fn attempts_stop_at_three() {
    let server = Server::start();
    let sql = server.sql("owner").await;
    let failing = submit(&server, JobKind::Scan, "failing").await;
    register(&sql, "w1", "any").await;
    let attempt = async |id: JobId, how: &str| {
        let (outcome, generation) = claim(&sql, "w1", id, 0).await;
        assert_eq!(outcome, "claimed", "{how}");
        match how {
            "dies" => {
                lapse(&sql).await;
                String::new()
            }
            how => fail(&sql, ("w1", id), generation, how).await,
        }
    };
    for _ in 0..5 {
        assert_eq!(attempt(failing, "stopped").await, "queued");
    }
    assert_eq!(attempt(failing, "failed").await, "queued");
    attempt(failing, "dies").await;
    assert_eq!(attempt(failing, "failed").await, "needs_person");
    assert_eq!(claim(&sql, "w1", failing, 0).await.0, "taken");

    let full = submit(&server, JobKind::Scan, "full").await;
    for _ in 0..5 {
        assert_eq!(attempt(full, "excused").await, "queued");
    }
    assert_eq!(attempt(full, "excused").await, "needs_person");

    let dying = submit(&server, JobKind::Scan, "dying").await;
    for _ in 0..3 {
        attempt(dying, "dies").await;
    }
    assert_eq!(claim(&sql, "w1", dying, 0).await.0, "taken");
    let database = server.database().await;
    assert_eq!(database.job(dying).await.unwrap().state, "needs_person");

    // A person has looked at it.
    assert_eq!(database.retry_job(dying).await.unwrap(), 1);
    assert_eq!(claim(&sql, "w1", dying, 0).await.0, "claimed");
}

/// Goal: a worker of another version, model set or CPU never gets a chunk, even if it asks for it
/// by its number. Control: one of the job's pool does.
#[tokio::test]
async fn another_pool_gets_nothing() {
    let server = Server::start();
    let id = submit(&server, JobKind::Scan, "a").await;
    let sql = server.sql("owner").await;
    register(&sql, "other", "another").await;
    register(&sql, "own", "any").await;
    assert_eq!(claim(&sql, "other", id, 0).await.0, "absent");
    assert_eq!(claim(&sql, "own", id, 7).await.0, "absent");
    assert_eq!(claim(&sql, "own", JobId(id.0 + 1), 0).await.0, "absent");
    assert_eq!(claim(&sql, "own", id, 0).await.0, "claimed");

    let client = server.client().await;
    let choice = client.choose_pool(&crate::server::pool()).await.unwrap();
    assert_eq!(choice.pool, Some((crate::server::pool(), 1)));
    assert_eq!(choice.others[0].reasons, ["other CPU"]);
}

/// Goal: two batches on one folder share their jobs. Control: another plan is another job.
#[tokio::test]
async fn the_same_job_is_submitted_once() {
    let server = Server::start();
    let first = submit(&server, JobKind::Scan, "a").await;
    assert_eq!(submit(&server, JobKind::Scan, "a").await, first);
    assert_ne!(submit(&server, JobKind::Scan, "b").await, first);
    let sql = server.sql("owner").await;
    let messages: i64 = sqlx::query_scalar("SELECT count(*) FROM apalis.jobs")
        .fetch_one(&sql)
        .await
        .unwrap();
    assert_eq!(messages, 2);
}

/// Goal: a lost message delays a chunk and no more. Method: all messages are deleted. Control:
/// while a message is there, none is sent again.
#[tokio::test]
async fn a_lost_message_is_sent_again() {
    let server = Server::start();
    let id = submit(&server, JobKind::Scan, "a").await;
    let sql = server.sql("owner").await;
    let sweep = async || {
        sqlx::raw_sql("UPDATE redact.pool SET swept = '-infinity'")
            .execute(&sql)
            .await
            .unwrap();
        let lost: Vec<(i64, i32, i32)> =
            sqlx::query_as("SELECT s.* FROM redact.pool p, redact.sweep(p.id, 10) s")
                .fetch_all(&sql)
                .await
                .unwrap();
        lost
    };
    assert!(sweep().await.is_empty());
    sqlx::raw_sql("DELETE FROM apalis.jobs")
        .execute(&sql)
        .await
        .unwrap();
    assert_eq!(sweep().await, [(id.0, 0, 1)]);
}

/// Goal: when the database could not be reached by anyone, no lease ends before its worker had the
/// time to be heard of again. Control: when workers were heard of all the time, it ends.
#[tokio::test]
async fn an_outage_ends_no_lease() {
    let server = Server::start();
    let id = submit(&server, JobKind::Scan, "a").await;
    let sql = server.sql("owner").await;
    register(&sql, "w1", "any").await;
    assert_eq!(claim(&sql, "w1", id, 0).await.0, "claimed");
    let state_after = async |swept: &str, resumed: &str| {
        let set = "UPDATE redact.chunk SET deadline = now() - interval '1 s', lease = '1 s'";
        sqlx::raw_sql(set).execute(&sql).await.unwrap();
        sqlx::query(
            "UPDATE redact.pool SET swept = now() - $1::text::interval,
                resumed = now() - $2::text::interval",
        )
        .bind(swept)
        .bind(resumed)
        .execute(&sql)
        .await
        .unwrap();
        sqlx::raw_sql("SELECT s.* FROM redact.pool p, redact.sweep(p.id, 10) s")
            .execute(&sql)
            .await
            .unwrap();
        let state: String = sqlx::query_scalar("SELECT state FROM redact.chunk")
            .fetch_one(&sql)
            .await
            .unwrap();
        state
    };
    // The server's own start counts, too.
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert_eq!(state_after("1 minute", "1 hour").await, "running");
    assert_eq!(state_after("3 s", "0 s").await, "running");
    assert_eq!(state_after("3 s", "2 s").await, "queued");
}

/// Goal: a chunk that may have killed its worker is done alone, so that it harms no other.
/// Controls: other chunks are done beside each other, and the suspect one by a worker that has
/// nothing else.
#[tokio::test]
async fn a_suspect_chunk_is_done_alone() {
    let server = Server::start();
    let sql = server.sql("owner").await;
    let suspect = submit(&server, JobKind::Scan, "suspect").await;
    let first = submit(&server, JobKind::Scan, "first").await;
    let second = submit(&server, JobKind::Scan, "second").await;
    for worker in ["w1", "w2", "w3"] {
        register(&sql, worker, "any").await;
    }
    assert_eq!(claim(&sql, "w1", suspect, 0).await.0, "claimed");
    lapse(&sql).await;
    let (_, generation) = claim(&sql, "w2", first, 0).await;
    assert_eq!(claim(&sql, "w2", suspect, 0).await.0, "later");
    assert_eq!(claim(&sql, "w2", second, 0).await.0, "claimed");
    commit(&sql, ("w2", first, 0), generation, "1")
        .await
        .unwrap();

    assert_eq!(claim(&sql, "w3", suspect, 0).await.0, "claimed");
    let third = submit(&server, JobKind::Scan, "third").await;
    assert_eq!(claim(&sql, "w3", third, 0).await.0, "later");
    assert_eq!(claim(&sql, "w1", third, 0).await.0, "claimed");
}

/// Goal: what ended is removed with its files, and no file that another job needs; recordings at
/// their own paths stay. Control: before its days are over, nothing is removed.
#[tokio::test]
async fn what_ended_is_removed_with_its_files() {
    let server = Server::start();
    let sql = server.sql("owner").await;
    let (ended, running) = (
        submit(&server, JobKind::Scan, "a").await,
        submit(&server, JobKind::Scan, "b").await,
    );
    register(&sql, "w1", "any").await;
    let store = server.store("w1");
    let scratch = tempfile::tempdir().unwrap();
    // Both jobs have one output in common, and each its plan.
    let file = scratch.path().join("output");
    std::fs::write(&file, "found").unwrap();
    let output = redact_queue::digest_bytes(b"found");
    store.put(&file, output).await.unwrap();
    for (job, state) in [(ended, "done"), (running, "running")] {
        sqlx::query(
            "UPDATE redact.chunk SET state = 'done', output_sha256 = $2, bytes = 5 WHERE job = $1",
        )
        .bind(job.0)
        .bind(output.to_string())
        .execute(&sql)
        .await
        .unwrap();
        sqlx::query("UPDATE redact.job SET state = $2, ended = $3::timestamptz WHERE id = $1")
            .bind(job.0)
            .bind(state)
            .bind((state == "done").then_some("now"))
            .execute(&sql)
            .await
            .unwrap();
    }
    // What a killed submitter left: old, and new.
    let left = |name: &str, hours: u64| {
        let path = server.store_folder().join(name);
        std::fs::write(&path, "left").unwrap();
        let age = std::time::Duration::from_secs(hours * 3600);
        let then = std::time::SystemTime::now() - age;
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(then).unwrap();
        path
    };
    let (old, new) = (left("partial/old", 25), left("partial/new", 1));
    let client = server.client().await;
    let cleaned = client.clean(1).await.unwrap();
    assert_eq!((cleaned.jobs, cleaned.files), (0, 1));
    assert!(!old.exists() && new.exists());
    let cleaned = client.clean(0).await.unwrap();
    assert_eq!((cleaned.jobs, cleaned.files), (1, 1), "the plan of one job");
    let fetched = scratch.path().join("fetched");
    store.get(output, &fetched).await.unwrap();
    assert_eq!(client.database().jobs(true).await.unwrap().len(), 1);
    let plan = redact_queue::digest_bytes(b"a");
    let lost = store.get(plan, &scratch.path().join("plan")).await;
    assert!(lost.is_err(), "the plan of the job that ended is removed");
}
