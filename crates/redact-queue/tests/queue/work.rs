//! One worker in this process, and what it does when things go wrong around it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redact_queue::{
    ChunkOutcome, JobId, JobKind, QueueError, SourceFile, WaitProgress, digest_bytes, run_worker,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::processes::{FakeRunner, expected_output, options};
use crate::server::{Server, connect, job};

type Outcomes = Arc<Mutex<Vec<(i64, ChunkOutcome)>>>;

/// A worker in this process.
pub(crate) struct Local {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), QueueError>>,
    outcomes: Outcomes,
    _scratch: tempfile::TempDir,
}

impl Local {
    pub(crate) async fn start(server: &Server, role: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let outcomes = Outcomes::default();
        let mut options = options("local", scratch.path());
        let reported = Arc::clone(&outcomes);
        options.on_report = Arc::new(move |report| {
            reported
                .lock()
                .unwrap()
                .push((report.job.0, report.outcome));
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            stopped.await.ok();
        };
        let database = connect(&server.address(role)).await;
        let store = server.store("local");
        let task = tokio::spawn(run_worker(database, store, FakeRunner, options, stopped));
        Self {
            stop: Some(stop),
            task,
            outcomes,
            _scratch: scratch,
        }
    }

    /// Stops it as SIGTERM does, and gives what it reported.
    pub(crate) async fn stop(mut self) -> Vec<(i64, ChunkOutcome)> {
        self.stop.take().unwrap().send(()).unwrap();
        let limit = Duration::from_secs(60);
        tokio::time::timeout(limit, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let outcomes = self.outcomes.lock().unwrap();
        outcomes.clone()
    }
}

fn on(_: JobId, _: &WaitProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Goal: a worker that is stopped gives its chunks back, without an attempt, and the next worker
/// does them. Control: the chunks were being done.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_gives_its_chunks_back() {
    let server = Server::start();
    let client = server.client().await;
    let scratch = tempfile::tempdir().unwrap();
    let slow = job(JobKind::Scan, "ms=60000", 2);
    let id = client
        .submit(&slow, "tester", scratch.path())
        .await
        .unwrap();
    let worker = Local::start(&server, "owner").await;
    let database = client.database();
    while database.job(id).await.unwrap().running < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let outcomes = worker.stop().await;
    assert_eq!(
        outcomes,
        [
            (id.0, ChunkOutcome::GivenBack),
            (id.0, ChunkOutcome::GivenBack)
        ]
    );
    for chunk in database.chunks(id).await.unwrap() {
        assert_eq!((chunk.state.as_str(), chunk.attempts), ("queued", 0));
    }
    let workers = database.workers(true).await.unwrap();
    assert_eq!(workers[0].state, "stopped");
}

/// Goal: a job that was removed while somebody waited for it, as `clean` does with one that had
/// ended long ago, is submitted again. Control: it was removed, so the outputs are those of another
/// job.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_job_is_submitted_again() {
    let server = Server::start();
    let (client, sql) = (server.client().await, server.sql("owner").await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let collected = tokio::spawn(async move {
        let job = job(JobKind::Scan, "ms=20", 2);
        client.collect(&job, ("tester", &path), on).await
    });
    let remove = "DELETE FROM redact.job RETURNING id";
    let removed: i64 = loop {
        let removed = sqlx::query_scalar(remove).fetch_optional(&sql).await;
        if let Some(id) = removed.unwrap() {
            break id;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let worker = Local::start(&server, "owner").await;
    let (id, outputs) = collected.await.unwrap().unwrap();
    assert!(id.0 > removed);
    assert_eq!(outputs.len(), 2);
    worker.stop().await;
}

/// Goal: cancelling a job ends what runs of it, and submitting it again goes on. Control: the other
/// job of the same worker is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends() {
    let server = Server::start();
    let client = server.client().await;
    let scratch = tempfile::tempdir().unwrap();
    let slow = job(JobKind::Scan, "ms=60000", 1);
    let id = client
        .submit(&slow, "tester", scratch.path())
        .await
        .unwrap();
    let worker = Local::start(&server, "owner").await;
    let database = client.database();
    while database.job(id).await.unwrap().running < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database.cancel(id).await.unwrap();
    let quick = job(JobKind::Scan, "quick", 3);
    let waited = client.do_job(&quick, ("tester", scratch.path()), on);
    let (quick, outputs) = waited.await.unwrap();
    assert_eq!(outputs.len(), 3);
    let superseded = (id.0, ChunkOutcome::Superseded);
    for _ in 0..100 {
        if worker.outcomes.lock().unwrap().contains(&superseded) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(database.job(id).await.unwrap().state, "cancelled");
    assert_eq!(database.job(quick).await.unwrap().state, "done");
    let mut waiter = redact_queue::Waiter::new(database.clone(), id);
    assert!(matches!(waiter.next().await, Err(QueueError::Cancelled(of)) if of == id));

    assert_eq!(
        client
            .submit(&slow, "tester", scratch.path())
            .await
            .unwrap(),
        id
    );
    assert_eq!(database.job(id).await.unwrap().state, "running");
    let outcomes = worker.stop().await;
    assert!(outcomes.contains(&superseded), "{outcomes:?}");
    assert!(matches!(
        database.cancel(JobId(99)).await,
        Err(QueueError::NoJob(JobId(99)))
    ));
}

/// Goal: an output that the store lost or truncated is made again, and nothing wrong is handed
/// over. Control: the first time, nothing is made again.
#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_the_store_lost_are_made_again() {
    let server = Server::start();
    let client = server.client().await;
    let worker = Local::start(&server, "owner").await;
    let job = job(JobKind::Scan, "a", 3);
    let objects = server.store_folder().join("objects");
    let object = |index: u32| objects.join(digest_bytes(&expected_output("a", index)).to_string());
    for round in 0..3 {
        match round {
            1 => std::fs::remove_file(object(1)).unwrap(),
            2 => std::fs::write(object(2), b"a/").unwrap(),
            _ => {}
        }
        let folder = tempfile::tempdir().unwrap();
        let collected = client.collect(&job, ("tester", folder.path()), on);
        let (_, outputs) = collected.await.unwrap();
        assert_eq!(outputs.len(), 3);
        for output in outputs {
            let fetched = folder
                .path()
                .join("objects")
                .join(output.sha256.to_string());
            let fetched = std::fs::read(fetched).unwrap();
            assert_eq!(fetched, expected_output("a", output.index));
        }
        let done = worker.outcomes.lock().unwrap().len();
        assert_eq!(done, 3 + round, "chunks done by round {round}");
    }
    worker.stop().await;
}

/// Goal: failures say what failed, in the list and to who waits, and a full disk is not the chunk's
/// fault at first. Control: the other chunks of both jobs are done.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told() {
    let server = Server::start();
    let client = server.client().await;
    let worker = Local::start(&server, "owner").await;
    let scratch = tempfile::tempdir().unwrap();
    for (plan, message, attempts) in [
        ("fail=1", "the decoder failed", 3),
        ("full=1", "No space left on device", 6),
    ] {
        let failing = job(JobKind::Render, plan, 3);
        let failed = client
            .do_job(&failing, ("tester", scratch.path()), on)
            .await;
        let failed = failed.unwrap_err().to_string();
        assert!(
            failed.contains("chunk 1") && failed.contains(message),
            "{failed}"
        );
        let made = || {
            let outcomes = worker.outcomes.lock().unwrap();
            let made = outcomes.iter().filter(|(_, outcome)| match outcome {
                ChunkOutcome::Failed { message: of }
                | ChunkOutcome::NeedsPerson { message: of } => of == message,
                _ => false,
            });
            made.count()
        };
        assert_eq!(made(), attempts, "{plan}");
    }
    let done = |outcomes: &[(i64, ChunkOutcome)]| {
        let done = outcomes.iter();
        done.filter(|(_, outcome)| matches!(outcome, ChunkOutcome::Committed { .. }))
            .count()
    };
    for _ in 0..100 {
        if done(&worker.outcomes.lock().unwrap()) == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(done(&worker.stop().await), 4);
}

/// Goal: a chunk is never done on a recording that changed, and the failure names both digests.
/// Control: with the right recording it is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_changed_is_refused() {
    let server = Server::start();
    let client = server.client().await;
    let worker = Local::start(&server, "owner").await;
    let scratch = tempfile::tempdir().unwrap();
    let clip = scratch.path().join("O'Neil clip é.mp4");
    let sha256 = digest_bytes(b"recording");
    for (bytes, plan) in [(&b"recording"[..], "right"), (&b"changed!!"[..], "changed")] {
        std::fs::write(&clip, bytes).unwrap();
        let mut of_clip = job(JobKind::Scan, plan, 1);
        of_clip.source = Some(SourceFile {
            path: clip.clone(),
            sha256,
            bytes: 9,
        });
        let done = client
            .do_job(&of_clip, ("tester", scratch.path()), on)
            .await;
        if plan == "right" {
            assert_eq!(done.unwrap().1.len(), 1);
            continue;
        }
        let refused = done.unwrap_err().to_string();
        for part in [
            sha256.to_string(),
            digest_bytes(bytes).to_string(),
            "O'Neil".to_owned(),
        ] {
            assert!(refused.contains(&part), "{refused}");
        }
    }
    worker.stop().await;
}
