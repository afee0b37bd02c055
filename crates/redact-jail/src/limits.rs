//! Resource limits of a job.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::error::JailError;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// File descriptors: a recording, output files, libraries while they are loaded.
const FILES: u64 = 128;

/// Address space that a thread reserves: its stack and its heap.
const THREAD_BYTES: u64 = 160 * MIB;

/// Address space that a process maps without using it: libraries and the model runtime.
const MAPPED_BYTES: u64 = 4 * GIB;

/// Hard resource limits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Writable memory, in bytes.
    pub memory_bytes: u64,
    /// Address space, in bytes.
    pub address_bytes: u64,
    /// Processor time of all threads together, in seconds.
    pub cpu_seconds: u64,
    /// Length of a file, in bytes.
    pub file_bytes: u64,
    /// Threads and processes of the user.
    pub tasks: u64,
}

/// Limits set by a person, instead of those that follow from the size of the job.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// Memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// Wall time.
    pub time: Option<Duration>,
}

/// Limits of a job, and how long its parent waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Limits of the system.
    pub limits: Limits,
    /// Wall time of the whole job.
    pub wall: Duration,
    /// Wall time without progress.
    pub silence: Duration,
}

impl Budget {
    /// The budget of a job on `input_bytes` with `threads`.
    ///
    /// It is generous: a recording of one hour at 25 kB/s stays within it on a machine that
    /// processes two frames per second. Limits set by a person take precedence.
    #[must_use]
    pub fn new(input_bytes: u64, threads: usize, allowance: Allowance) -> Self {
        let threads = u64::try_from(threads).unwrap_or(1).max(1);
        let memory_bytes = allowance.memory_bytes.unwrap_or(8 * GIB);
        let mib = input_bytes.div_ceil(MIB);
        let wall = allowance
            .time
            .unwrap_or_else(|| Duration::from_secs(30 * 60 + mib.saturating_mul(10 * 60)));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cores = u64::try_from(cores).unwrap_or(1).max(threads) + 1;
        Self {
            limits: Limits {
                memory_bytes,
                address_bytes: memory_bytes + MAPPED_BYTES + (threads * 4 + 16) * THREAD_BYTES,
                cpu_seconds: wall.as_secs().saturating_mul(cores).max(1),
                file_bytes: (4 * GIB).saturating_add(input_bytes.saturating_mul(32)),
                tasks: tasks_now().saturating_add(1024),
            },
            wall,
            // Reading a long file once reports no progress.
            silence: Duration::from_secs(10 * 60 + mib / 10),
        }
    }
}

/// Number of tasks of the system, an upper bound of this user's.
fn tasks_now() -> u64 {
    // proc_loadavg(5): "0.20 0.18 0.12 1/80 11206", where 80 are all tasks.
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let all = text.split_whitespace().nth(3);
    all.and_then(|runs| runs.split('/').nth(1)?.parse().ok())
        .unwrap_or(4096)
}

impl Limits {
    /// Sets the limits for this process; existing lower limits stay.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn enforce(&self) -> Result<(), JailError> {
        let all = [
            (Resource::As, self.address_bytes),
            (Resource::Data, self.memory_bytes),
            (Resource::Cpu, self.cpu_seconds),
            (Resource::Fsize, self.file_bytes),
            (Resource::Nproc, self.tasks),
            (Resource::Nofile, FILES),
            (Resource::Core, 0),
            (Resource::Memlock, 0),
            (Resource::Msgqueue, 0),
            (Resource::Rtprio, 0),
        ];
        for (resource, value) in all {
            let now = getrlimit(resource);
            let value = now.current.unwrap_or(value).min(value);
            let value = now.maximum.unwrap_or(value).min(value);
            let limit = Rlimit {
                current: Some(value),
                maximum: Some(value),
            };
            setrlimit(resource, limit).map_err(|source| JailError::Limit {
                what: format!("{resource:?}"),
                source: source.into(),
            })?;
        }
        Ok(())
    }
}
