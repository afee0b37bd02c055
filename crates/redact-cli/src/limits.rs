//! What the system says when a file may grow no further.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGXFSZ;

/// Makes a limit on file sizes (`ulimit -f`, quotas of a service) an error of the write that meets
/// it, as a full disk is. By default the system ends the process, and what was half written stays.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn make_size_limit_an_error() -> std::io::Result<()> {
    // That it happened is of no interest: the write says so itself.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}
