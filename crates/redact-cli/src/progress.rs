//! Progress on a terminal, and Ctrl-C.
//!
//! Bars go to standard error and only when that is a terminal: a log file gets none.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use redact_core::{Phase, Progress};

/// Set by Ctrl-C; asked between batches.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Makes the first Ctrl-C ask the running job to stop and clean up, and the second one end the
/// program at once.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn watch_for_interrupt() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            // The person asked twice; partial files never have a final name.
            #[expect(clippy::exit, reason = "the second Ctrl-C ends the program at once")]
            std::process::exit(crate::EXIT_FAILED);
        }
    })
}

/// Shows one bar per phase.
pub(crate) struct TerminalProgress {
    quiet: bool,
    current: Mutex<Option<(Phase, ProgressBar)>>,
}

impl TerminalProgress {
    /// `quiet` shows nothing but still hears Ctrl-C.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            current: Mutex::new(None),
        }
    }

    /// Takes the bar away, so that what is printed next stands alone.
    pub(crate) fn clear(&self) {
        if let Some((_, bar)) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Phase, ProgressBar)>> {
        // A bar left half drawn by a panic elsewhere is no reason to panic here.
        self.current
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for TerminalProgress {
    fn advance(&self, phase: Phase, done: u64, total: Option<u64>) -> ControlFlow<()> {
        if INTERRUPTED.load(Ordering::SeqCst) {
            return ControlFlow::Break(());
        }
        if !self.quiet {
            let mut current = self.lock();
            if current.as_ref().is_none_or(|(shown, _)| *shown != phase) {
                if let Some((_, bar)) = current.take() {
                    bar.finish_and_clear();
                }
                *current = Some((phase, bar_for(phase)));
            }
            if let Some((_, bar)) = current.as_ref() {
                if let Some(total) = total {
                    bar.set_length(total.max(done));
                }
                bar.set_position(done);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar_for(phase: Phase) -> ProgressBar {
    let (name, template) = match phase {
        Phase::Digest => (
            "digest",
            "{msg:>9} {wide_bar} {bytes}/{total_bytes} {eta} left",
        ),
        Phase::Scan => ("scan", FRAMES),
        Phase::Render => ("render", FRAMES),
        Phase::Audit => ("audit", FRAMES),
        Phase::Compare => ("compare", FRAMES),
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template is a constant of ours; should it ever be wrong, the default bar is shown.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(name);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

const FRAMES: &str = "{msg:>9} {wide_bar} {pos}/{len} frames {per_sec} {eta} left";
