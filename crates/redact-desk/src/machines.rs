//! The machines that scan and encode for the desk, if it uses a queue.

use redact_core::port::BoxError;
use serde::Serialize;

/// A queue whose workers scan and encode for the desk.
pub trait Machines: Send + Sync {
    /// What is in the queue. Waits for the network, for some seconds at most.
    ///
    /// # Errors
    /// When the queue cannot be reached.
    fn list(&self) -> Result<MachineList, BoxError>;
}

/// The jobs and workers of a queue that the desk shows.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MachineList {
    /// Jobs of the last day, newest first.
    pub jobs: Vec<MachineJob>,
    /// Workers of the last day.
    pub workers: Vec<Machine>,
}

/// A scan or a render in chunks.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MachineJob {
    /// Its number in the queue.
    pub job: i64,
    /// `scan` or `render`.
    pub kind: String,
    /// The recording's file name.
    pub recording: String,
    /// `running`, `done`, `needs_person` or `cancelled`.
    pub state: String,
    /// Chunks that are done.
    pub done: i64,
    /// Chunks that workers have.
    pub running: i64,
    /// Chunks that were tried several times and failed.
    pub failed: i64,
    /// All chunks.
    pub chunks: i64,
    /// Live workers that can do it.
    pub workers: i64,
    /// Why the first of the failed chunks failed.
    pub failure: Option<String>,
}

/// A worker.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// `live`, `silent` or `stopped`.
    pub state: String,
    /// Chunks that it has.
    pub running: i64,
    /// Chunks that it did.
    pub done: i64,
    /// Seconds since its last heartbeat.
    pub silent_seconds: f64,
}
