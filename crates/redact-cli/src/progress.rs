//! Progress on a terminal, and Ctrl-C.
//!
//! Bars go to standard error and only when that is a terminal: a log file gets none.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use redact_core::{Phase, Progress};
use redact_release::ReleaseError;
use redact_release::ports::phase_name;

use crate::outcome::EXIT_FAILED;

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
            std::process::exit(i32::from(EXIT_FAILED));
        }
    })
}

/// Cancels the running job, as the first Ctrl-C does.
pub(crate) fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Where progress goes: phase, done, total.
type Report = fn(&str, u64, Option<u64>);

/// Set where another process shows the progress of this one.
static REPORT: OnceLock<Report> = OnceLock::new();

/// From now on progress goes to `report` and not to the terminal.
pub(crate) fn report_to(report: Report) {
    // The first one stays.
    REPORT.set(report).ok();
}

/// How often a process that receives progress is notified of the same phase.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// Set when another process started this one and reads its progress: see [`tether`].
static TETHERED: AtomicBool = AtomicBool::new(false);

/// Ties this process to the one that started it: progress goes out as lines of JSON, and the end
/// of standard input cancels the job. A server that dies takes its jobs with it.
///
/// Starts a thread that reads standard input to its end.
pub(crate) fn tether() {
    TETHERED.store(true, Ordering::SeqCst);
    report_to(|phase, done, total| {
        let line = serde_json::json!({ "phase": phase, "done": done, "total": total });
        // Where that fails the reader is gone, and standard input has ended too.
        writeln!(std::io::stderr().lock(), "{line}").ok();
    });
    std::thread::spawn(|| {
        // What arrives has no meaning; only its end does.
        std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).ok();
        interrupt();
    });
}

/// Whether another process started this one and reads its progress.
pub(crate) fn is_tethered() -> bool {
    TETHERED.load(Ordering::SeqCst)
}

/// Reports the progress of a phase that no [`Progress`] knows.
pub(crate) fn report(phase: &str, done: u64, total: Option<u64>) {
    if let Some(report) = REPORT.get() {
        report(phase, done, total);
    }
}

/// That a person asked to stop.
///
/// # Errors
/// [`ReleaseError::Cancelled`] when so.
pub(crate) fn check_interrupted() -> Result<(), ReleaseError> {
    match interrupted() {
        true => Err(ReleaseError::Cancelled),
        false => Ok(()),
    }
}

/// Whether a person asked this process to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Shows one bar per phase.
pub(crate) struct TerminalProgress {
    quiet: bool,
    reported: Mutex<Option<(Phase, Instant)>>,
    current: Mutex<Option<(Phase, ProgressBar)>>,
}

impl TerminalProgress {
    /// `quiet` shows nothing; Ctrl-C cancels all the same.
    pub(crate) const fn new(quiet: bool) -> Self {
        Self {
            quiet,
            reported: Mutex::new(None),
            current: Mutex::new(None),
        }
    }

    /// Removes the bar, so that what is printed next stands alone.
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
        if let Some(report) = REPORT.get() {
            let mut reported = self
                .reported
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if reported.is_none_or(|(last, at)| last != phase || at.elapsed() >= REPORT_EVERY) {
                *reported = Some((phase, Instant::now()));
                report(phase_name(phase), done, total);
            }
            return ControlFlow::Continue(());
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
    let template = match phase {
        Phase::Digest => "{msg:>9} {wide_bar} {bytes}/{total_bytes} {eta} left",
        Phase::Transcribe => "{msg:>10} {wide_bar} {percent} % of the speech {eta} left",
        Phase::Scan | Phase::Render | Phase::Audit | Phase::Compare => FRAMES,
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is a constant; should it ever be wrong, the default bar is shown.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(phase_name(phase));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

const FRAMES: &str = "{msg:>9} {wide_bar} {pos}/{len} frames {per_sec} {eta} left";
