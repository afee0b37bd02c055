//! Jobs, chunks, workers and alarms as text.

use redact_queue::{Alarm, ChunkRow, JobRow, WorkerRow};
use redact_record::visible;

use crate::terminal::say;

/// A pool's number is long: the first digits tell pools apart.
const POOL_DIGITS: usize = 12;

/// One line for each job, and one for what needs a person.
pub(super) fn jobs(jobs: &[JobRow]) {
    if jobs.is_empty() {
        say("no jobs");
        return;
    }
    say("  job  kind    state         done/chunks  submitted             what");
    for job in jobs {
        let state = job.state.replace('_', " ");
        say(&format!(
            "{:>5}  {:<6}  {state:<12}  {:>5}/{:<5}  {}  {}",
            job.job,
            job.kind,
            job.done,
            job.chunks,
            job.submitted,
            visible(&job.label)
        ));
        if job.state == "running" && job.workers == 0 {
            let pool = short(&job.pool);
            say(&format!(
                "       waiting: no live worker in its pool {pool}"
            ));
        }
        if job.needs_person > 0 {
            say(&format!(
                "       {} chunks need a person: redact queue show {}",
                job.needs_person, job.job
            ));
        }
        if job.alarms > 0 {
            say(&format!(
                "       ALARM: machines in one pool gave different outputs: redact queue show {}",
                job.job
            ));
        }
    }
}

/// One line for each worker.
pub(super) fn workers(workers: &[WorkerRow]) {
    if workers.is_empty() {
        say("no workers");
        return;
    }
    say("worker                    state    running/slots  done  pool          version");
    for worker in workers {
        say(&format!(
            "{:<24}  {:<7}  {:>7}/{:<5}  {:>4}  {:<12}  {}",
            visible(&worker.name),
            worker.state,
            worker.running,
            worker.slots,
            worker.done,
            short(&worker.pool),
            worker.version
        ));
    }
}

/// One line for each chunk, and one for why it failed.
pub(super) fn chunks(chunks: &[ChunkRow]) {
    say("chunk  state         attempts  seconds  worker");
    for chunk in chunks {
        let state = chunk.state.replace('_', " ");
        let seconds = chunk.seconds.map(|seconds| format!("{seconds:.1}"));
        let seconds = seconds.unwrap_or_default();
        let worker = chunk.worker.as_deref().unwrap_or_default();
        say(&format!(
            "{:>5}  {state:<12}  {:>8}  {seconds:>7}  {worker}",
            chunk.index, chunk.attempts
        ));
        if let Some(failure) = &chunk.failure {
            say(&format!("       {}", visible(failure)));
        }
    }
}

/// One line for each alarm.
pub(super) fn alarms(alarms: &[Alarm]) {
    for alarm in alarms {
        say(&format!(
            "ALARM: chunk {}: output {} is committed, worker {} gave {} ({})",
            alarm.index, alarm.committed, alarm.worker, alarm.other, alarm.raised
        ));
    }
}

fn short(pool: &str) -> &str {
    pool.get(..POOL_DIGITS).unwrap_or(pool)
}
