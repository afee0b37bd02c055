//! A measurement, for `benches/scale/overhead`.

use std::ops::ControlFlow;
use std::time::Instant;

use redact_queue::{JobKind, digest_bytes, run_worker};

use crate::processes::{FakeRunner, options};
use crate::server::{Server, job};

const CHUNKS: u32 = 500;

/// Milliseconds that the queue and the store cost for each chunk.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn milliseconds_per_chunk() {
    let server = Server::durable();
    let client = server.client().await;
    let scratch = tempfile::tempdir().unwrap();
    let mut options = options("local", scratch.path());
    options.slots = 1;
    let worker = run_worker(
        server.database().await,
        server.store("local"),
        FakeRunner,
        options,
        std::future::pending(),
    );
    let worker = tokio::spawn(worker);
    let job = job(JobKind::Scan, "measured", CHUNKS);
    let id = client.submit(&job, "tester", scratch.path()).await.unwrap();
    let done = client.do_job(&job, ("tester", scratch.path()), |_, _| {
        ControlFlow::Continue(())
    });
    done.await.unwrap();
    worker.abort();
    let sql = server.sql("owner").await;
    let seconds: f64 = sqlx::query_scalar(
        "SELECT extract(epoch FROM max(ended) - min(started))::float8 FROM redact.chunk
            WHERE job = $1",
    )
    .bind(id.0)
    .fetch_one(&sql)
    .await
    .unwrap();

    let store = server.store("alone");
    let began = Instant::now();
    for index in 0..CHUNKS {
        let bytes = format!("alone {index}").into_bytes();
        let file = scratch.path().join("alone");
        std::fs::write(&file, &bytes).unwrap();
        store.put(&file, digest_bytes(&bytes)).await.unwrap();
    }
    let alone = began.elapsed().as_secs_f64();
    let each = |seconds: f64| 1000.0 * seconds / f64::from(CHUNKS);
    println!(
        "{:.1} ms per chunk, of these {:.1} ms in the store",
        each(seconds),
        each(alone)
    );
}
