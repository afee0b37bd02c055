//! Limits that the system sets for this process: file sizes, open files, and who may read what it
//! writes; and how many threads it uses.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGXFSZ;

/// Makes a limit on file sizes (`ulimit -f`, quotas of a service) an error of the write that meets
/// it, as a full disk is. By default the system ends the process, and what was half written stays.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn make_size_limit_an_error() -> std::io::Result<()> {
    // The flag is of no interest: the write itself fails.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Raises the number of files that this process may have open to what the system allows it: every
/// browser's connection is one.
pub(crate) fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!("cannot raise the limit of open files: {error}");
    }
}

/// Makes what this process and its children write readable by their user alone.
pub(crate) fn write_for_owner_alone() {
    use nix::sys::stat::{Mode, umask};
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Threads to use: what was asked for, or one per processor core.
pub(crate) fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.unwrap_or_else(cores).max(1)
}
