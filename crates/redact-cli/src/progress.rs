//! Progress on a terminal, and Ctrl-C.
//!
//! Bars go to standard error and only when that is a terminal: a log file gets none.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

/// Asks the running job to stop, as the first Ctrl-C does.
pub(crate) fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Set in a confined process, whose parent shows how far it is.
static CONFINED: AtomicBool = AtomicBool::new(false);

/// From now on progress goes to the parent of this confined process.
pub(crate) fn work_for_parent() {
    CONFINED.store(true, Ordering::SeqCst);
}

/// Set when another process listens: see [`tether`].
static TETHERED: AtomicBool = AtomicBool::new(false);

/// Set once a thread waits for standard input to end.
static LISTENING: AtomicBool = AtomicBool::new(false);

/// How often a listening process hears of the same phase.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Ties this process to the one that started it: progress goes out as lines of JSON, and the end
/// of standard input asks the job to stop. A server that dies takes its jobs with it.
pub(crate) fn tether() {
    TETHERED.store(true, Ordering::SeqCst);
}

/// Whether another process started this one and listens to it.
pub(crate) fn is_tethered() -> bool {
    TETHERED.load(Ordering::SeqCst)
}

/// Waits, on a thread of its own, for standard input to end. Whatever is to be read from there is
/// read before; a process that is to be confined starts the thread afterwards.
pub(crate) fn stop_when_input_ends() {
    if !TETHERED.load(Ordering::SeqCst) || LISTENING.swap(true, Ordering::SeqCst) {
        return;
    }
    std::thread::spawn(|| {
        // Whatever else comes is nobody's.
        std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).ok();
        INTERRUPTED.store(true, Ordering::SeqCst);
    });
}

/// Says how far it is to the process that listens.
pub(crate) fn tell(phase: &str, done: u64, total: Option<u64>) {
    if CONFINED.load(Ordering::SeqCst) {
        return crate::jail::tell(phase, done, total);
    }
    let line = serde_json::json!({ "phase": phase, "done": done, "total": total });
    // Nobody listens any more: standard input has ended too.
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Whether somebody asked this process to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Shows one bar per phase.
pub(crate) struct TerminalProgress {
    quiet: bool,
    told: Mutex<Option<(Phase, Instant)>>,
    current: Mutex<Option<(Phase, ProgressBar)>>,
}

impl TerminalProgress {
    /// `quiet` shows nothing but still hears Ctrl-C.
    pub(crate) fn new(quiet: bool) -> Self {
        stop_when_input_ends();
        Self {
            quiet,
            told: Mutex::new(None),
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
        if TETHERED.load(Ordering::SeqCst) || CONFINED.load(Ordering::SeqCst) {
            let mut told = self
                .told
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if told.is_none_or(|(last, at)| last != phase || at.elapsed() >= TELL_EVERY) {
                *told = Some((phase, Instant::now()));
                tell(name(phase), done, total);
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

impl crate::jail::Listener for TerminalProgress {
    fn hear(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        match PHASES.into_iter().find(|known| name(*known) == phase) {
            Some(phase) => self.advance(phase, done, total),
            None if interrupted() => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }
}

const PHASES: [Phase; 5] = [
    Phase::Digest,
    Phase::Scan,
    Phase::Render,
    Phase::Audit,
    Phase::Compare,
];

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.clear();
    }
}

const fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Digest => "digest",
        Phase::Scan => "scan",
        Phase::Render => "render",
        Phase::Audit => "audit",
        Phase::Compare => "compare",
    }
}

fn bar_for(phase: Phase) -> ProgressBar {
    let template = match phase {
        Phase::Digest => "{msg:>9} {wide_bar} {bytes}/{total_bytes} {eta} left",
        Phase::Scan | Phase::Render | Phase::Audit | Phase::Compare => FRAMES,
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template is a constant of ours; should it ever be wrong, the default bar is shown.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(name(phase));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

const FRAMES: &str = "{msg:>9} {wide_bar} {pos}/{len} frames {per_sec} {eta} left";
