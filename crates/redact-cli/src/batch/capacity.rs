//! How many recordings this machine processes at a time, and with how many threads each.

use crate::limits;

/// Processor cores for one recording: a scan uses them all, and with fewer, the models' threads of
/// several recordings displace each other's data.
const CORES_PER_JOB: usize = 4;

/// Memory for one recording: twice the peak of a render of an hour together with the models.
const BYTES_PER_JOB: u64 = 2 << 30;

/// Recordings at a time, and threads for each.
///
/// - `jobs`, `threads`: what was asked for;
/// - `recordings`: how many there are.
pub(super) fn jobs_and_threads(
    jobs: Option<u16>,
    threads: Option<usize>,
    recordings: usize,
) -> (usize, usize) {
    choose(
        jobs,
        threads,
        recordings,
        limits::threads(None),
        free_memory(),
    )
}

fn choose(
    jobs: Option<u16>,
    threads: Option<usize>,
    recordings: usize,
    cores: usize,
    free: Option<u64>,
) -> (usize, usize) {
    let by_memory = free.map_or(1, |free| usize::try_from(free / BYTES_PER_JOB).unwrap_or(1));
    let default = (cores / CORES_PER_JOB).min(by_memory);
    let jobs = jobs
        .map_or(default, usize::from)
        .clamp(1, recordings.max(1));
    (jobs, threads.unwrap_or_else(|| cores.div_ceil(jobs)).max(1))
}

/// Bytes that the system could give to new processes; `None` if it does not say.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_from_cores_and_memory() {
        let gib = |gib: u64| Some(gib << 30);
        assert_eq!(choose(None, None, 100, 2, gib(16)), (1, 2));
        assert_eq!(choose(None, None, 100, 16, gib(64)), (4, 4));
        assert_eq!(choose(None, None, 100, 16, gib(5)), (2, 8));
        assert_eq!(choose(None, None, 100, 16, None), (1, 16));
        assert_eq!(choose(None, None, 3, 64, gib(64)), (3, 22));
        assert_eq!(choose(Some(5), Some(3), 100, 2, gib(1)), (5, 3));
        assert!(free_memory().is_some_and(|free| free > 0));
    }
}
