//! What every job of `redact-release` is given here.

use std::time::Duration;

use redact_core::Progress;
use redact_release::outputs::OutputOptions;
use redact_release::ports::Ports;

use crate::args::GlobalArgs;
use crate::clock::now;
use crate::jail::Process;
use crate::{limits, progress};

/// A server that died leaves its job behind for as long as this, until that finds its standard
/// input closed; the server that starts in its place waits for it.
const ORPHAN_STOPS_WITHIN: Duration = Duration::from_secs(15);

/// The worker, the progress and the clock of one job.
pub(crate) fn ports<'a>(
    global: &GlobalArgs,
    worker: &'a Process<'a>,
    progress: &'a dyn Progress,
) -> Ports<'a> {
    Ports {
        worker,
        progress,
        clock: &now,
        threads: limits::threads(global.threads),
    }
}

/// Whether files are replaced, and how long another process that writes them is waited for.
pub(crate) fn output_options(force: bool) -> OutputOptions {
    let wait = match progress::is_tethered() {
        true => ORPHAN_STOPS_WITHIN,
        false => Duration::ZERO,
    };
    OutputOptions { force, wait }
}
