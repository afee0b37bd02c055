//! Workers and the database are killed and stopped while jobs run.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use redact_queue::{ChunkOutput, JobId, JobKind, QueueError, digest_bytes};

use crate::processes::{LEASE, WorkerProcess, committed, expected_output};
use crate::server::{Server, job};

/// Goal: whatever dies, every chunk is committed once, with its own output. Method: 4 workers of 2
/// slots do 80 chunks; 6 of them are killed, 3 are stopped for longer than their lease and wake
/// again, and the database is killed twice. Control: the test knows every expected digest, and sees
/// that attempts were lost.
#[tokio::test(flavor = "multi_thread")]
async fn every_chunk_is_committed_once() {
    const PLAN: &str = "ms=400";
    const CHUNKS: u32 = 80;
    let mut server = Server::start();
    let client = server.client().await;
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().to_owned();
    let waiting = tokio::spawn(async move {
        let job = job(JobKind::Scan, PLAN, CHUNKS);
        client
            .do_job(&job, ("tester", &folder), |_, _| ControlFlow::Continue(()))
            .await
    });
    let mut workers: Vec<WorkerProcess> = (0..4)
        .map(|n| WorkerProcess::start(&server, &format!("w{n}")))
        .collect();
    let pause = Duration::from_millis(800);
    for round in 0..6 {
        tokio::time::sleep(pause).await;
        workers[round % 4] = WorkerProcess::start(&server, &format!("w{}", round + 4));
        if round % 2 == 0 {
            let stopped = (round + 1) % 4;
            workers[stopped].signal("STOP");
            tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
            workers[stopped].signal("CONT");
        }
        if round % 3 == 1 {
            server.kill();
            tokio::time::sleep(pause).await;
            server.start_again();
        }
    }
    let limit = Duration::from_secs(45);
    let done = tokio::time::timeout(limit, waiting).await.unwrap().unwrap();
    let (id, outputs) = done.unwrap();
    check(&server, id, &outputs, (PLAN, CHUNKS)).await;

    let sql = server.sql("owner").await;
    let retried: i64 =
        sqlx::query_scalar("SELECT count(*) FROM redact.chunk WHERE generation > attempts")
            .fetch_one(&sql)
            .await
            .unwrap();
    assert!(retried > 0, "no attempt was lost: the test killed nothing");
}

/// Every output is the expected one, in the store and in the queue, and was committed once.
async fn check(server: &Server, id: JobId, outputs: &[ChunkOutput], (plan, chunks): (&str, u32)) {
    assert_eq!(outputs.len(), chunks as usize);
    for (index, output) in (0..chunks).zip(outputs) {
        let expected = digest_bytes(&expected_output(plan, index));
        assert_eq!((output.index, output.sha256), (index, expected));
        let object = server
            .store_folder()
            .join("objects")
            .join(expected.to_string());
        assert_eq!(std::fs::read(object).unwrap(), expected_output(plan, index));
    }
    let mut times = BTreeMap::new();
    for (job, index, _) in committed(server) {
        assert_eq!(job, id.0);
        *times.entry(index).or_insert(0) += 1;
    }
    // A worker that was killed after its commit did not report it.
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "committed more than once: {twice:?}");
    let alarms = server.database().await.alarms(id).await.unwrap();
    assert!(alarms.is_empty(), "{alarms:?}");
}

/// Goal: a chunk that kills its worker is stopped after three tries, and harms no other job and no
/// other chunk of its own. Method: workers are started again when they die, as systemd does.
#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_kills_its_worker_is_stopped() {
    let server = Server::start();
    let client = server.client().await;
    let scratch = tempfile::tempdir().unwrap();
    let poison = job(JobKind::Render, "ms=20 kill=3", 8);
    let healthy = job(JobKind::Render, "ms=20", 20);
    let poison = client
        .submit(&poison, "tester", scratch.path())
        .await
        .unwrap();
    let healthy = client
        .submit(&healthy, "tester", scratch.path())
        .await
        .unwrap();
    let mut workers: Vec<WorkerProcess> = (0..2)
        .map(|n| WorkerProcess::start(&server, &format!("w{n}")))
        .collect();
    let database = client.database();
    let mut killed = 0;
    for _ in 0..400 {
        for (n, worker) in workers.iter_mut().enumerate() {
            if worker.is_killed() {
                killed += 1;
                *worker = WorkerProcess::start(&server, &format!("w{n}-{killed}"));
            }
        }
        let states = [poison, healthy].map(|id| database.job(id));
        let [poison, healthy] = states;
        let (poison, healthy) = (poison.await.unwrap(), healthy.await.unwrap());
        if poison.done == 7 && poison.state == "needs_person" && healthy.state == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let chunks = database.chunks(poison).await.unwrap();
    let states: Vec<_> = chunks.iter().map(|c| (c.index, c.state.as_str())).collect();
    let expected: Vec<_> = (0..8)
        .map(|index| (index, if index == 3 { "needs_person" } else { "done" }))
        .collect();
    assert_eq!(states, expected);
    assert_eq!(chunks[3].attempts, 3);
    assert_eq!(database.job(healthy).await.unwrap().state, "done");
    assert!(killed >= 3, "{killed} workers died");

    let mut waiter = redact_queue::Waiter::new(database.clone(), poison);
    match waiter.next().await {
        Err(QueueError::NeedsPerson {
            index,
            attempts,
            failure,
            ..
        }) => {
            assert_eq!((index, attempts), (3, 3));
            assert!(failure.contains("died"), "{failure}");
        }
        other => panic!("{other:?}"),
    }
}
