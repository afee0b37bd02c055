//! The progress of a batch on one line: recordings done, time left, current recordings.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::result::End;
use crate::progress::report;
use crate::terminal::say;

/// Below this share of the work, the time left is not estimated.
const SHARE_MIN: f64 = 0.01;

/// The progress of a whole batch.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    began: Instant,
    /// Recordings.
    total: usize,
    done: usize,
    failed: usize,
    /// Bytes of the recordings, a measure of the work.
    bytes: u64,
    bytes_done: u64,
    /// What is under way, by its place in the list.
    running: BTreeMap<usize, Running>,
}

struct Running {
    clip: String,
    bytes: u64,
    phase: String,
    /// Share of the phase.
    share: f64,
    /// Share of the whole run. It never falls: files are digested at the start and at the end.
    reached: f64,
}

impl ProgressLine {
    /// Shows nothing if `quiet`, or where standard error is no terminal.
    pub(super) fn new(quiet: bool, total: usize, bytes: u64) -> Self {
        let target = match quiet {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant; should it ever be wrong, the default bar is shown.
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        let state = State {
            began: Instant::now(),
            total,
            done: 0,
            failed: 0,
            bytes: bytes.max(1),
            bytes_done: 0,
            running: BTreeMap::new(),
        };
        Self {
            bar,
            state: Mutex::new(state),
        }
    }

    /// A recording begins.
    pub(super) fn begin(&self, place: usize, clip: String, bytes: u64) {
        let running = Running {
            clip,
            bytes,
            phase: "start".to_owned(),
            share: 0.0,
            reached: 0.0,
        };
        self.lock().running.insert(place, running);
        self.show();
    }

    /// It goes on.
    #[expect(clippy::cast_precision_loss, reason = "steps of a phase")]
    pub(super) fn advance(&self, place: usize, phase: &str, done: u64, total: Option<u64>) {
        if let Some(running) = self.lock().running.get_mut(&place) {
            phase.clone_into(&mut running.phase);
            let share = total.map_or(0.0, |total| done as f64 / total.max(1) as f64);
            running.share = share.min(1.0);
            let (from, length) = share_of(phase);
            running.reached = running.reached.max(from + length * running.share);
        }
        self.show();
    }

    /// It ended. Only what was processed to its end tells how long the others take.
    pub(super) fn end(&self, place: usize, end: End) {
        let mut state = self.lock();
        if let Some(ended) = state.running.remove(&place) {
            if matches!(end, End::Ok | End::Wrong) {
                state.bytes_done += ended.bytes;
            } else {
                state.bytes = state.bytes.saturating_sub(ended.bytes).max(1);
            }
        }
        state.done += 1;
        state.failed += usize::from(matches!(end, End::Wrong | End::Failed));
        let (done, total) = (state.done as u64, state.total as u64);
        drop(state);
        report("batch", done, Some(total));
        self.show();
    }

    /// Prints a line above the progress.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Removes the line.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        let text = self.lock().text();
        self.bar.set_message(text);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn text(&self) -> String {
        let running = self.running.values().map(|running| {
            let (clip, phase) = (&running.clip, &running.phase);
            format!("{clip} ({phase} {:.0} %)", running.share * 100.0)
        });
        let running: Vec<String> = running.collect();
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let left = self
            .time_left()
            .map(|left| format!(", {} left", rough(left)));
        format!(
            "{} of {} done{failed}{}: {}",
            self.done,
            self.total,
            left.unwrap_or_default(),
            running.join(", ")
        )
    }

    /// From the share that is done, measured in bytes of recordings.
    #[expect(clippy::cast_precision_loss, reason = "bytes as a share")]
    fn time_left(&self) -> Option<Duration> {
        let running = self.running.values();
        let under_way = running.map(|running| running.bytes as f64 * running.reached);
        let done = self.bytes_done as f64 + under_way.sum::<f64>();
        let share = done / self.bytes as f64;
        (SHARE_MIN..=1.0).contains(&share).then(|| {
            let spent = self.began.elapsed().as_secs_f64();
            Duration::from_secs_f64(spent * (1.0 - share) / share)
        })
    }
}

/// Where a phase begins in a run, and how much of the run it is: a rule of thumb.
fn share_of(phase: &str) -> (f64, f64) {
    match phase {
        "scan" => (0.0, 0.6),
        "transcribe" => (0.6, 0.1),
        "render" => (0.7, 0.15),
        "audit" | "compare" => (0.85, 0.15),
        _ => (0.0, 0.0),
    }
}

/// An estimate, no more exact than it is: `about 2 h 10 min`.
fn rough(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, 0 | 1) => "less than a minute".to_owned(),
        (0, minutes) => format!("about {minutes} min"),
        (hours, minutes) => format!("about {hours} h {minutes} min"),
    }
}

/// Hours, minutes and seconds as in a player: `1:02:03`, `0:07`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        hours => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

/// The same of seconds that a file or another process states: zero where they are impossible.
pub(super) fn clock_of(seconds: f64) -> String {
    clock(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the line names what is done, failed and under way, and what was reached stays so when
    /// the release is digested at the end.
    #[test]
    fn the_line_says_how_far_a_batch_is() {
        let line = ProgressLine::new(true, 3, 300);
        line.begin(0, "a.mp4".into(), 100);
        line.begin(1, "b.mp4".into(), 100);
        line.advance(1, "scan", 0, Some(10));
        let text = line.lock().text();
        assert!(!text.contains("left"), "too early for an estimate: {text}");
        line.end(0, End::Failed);
        assert_eq!(line.lock().bytes, 200, "what failed is no measure");
        assert_eq!(line.lock().bytes_done, 0);
        line.advance(1, "scan", 5, Some(10));
        let text = line.lock().text();
        let expected = "1 of 3 done, 1 failed, less than a minute left: b.mp4 (scan 50 %)";
        assert_eq!(text, expected);
        line.advance(1, "digest", 0, Some(10));
        assert!((line.lock().running[&1].reached - 0.3).abs() < 1e-9);
    }

    #[test]
    fn times_are_shown_as_in_a_player() {
        for (seconds, text) in [(7, "0:07"), (61, "1:01"), (3723, "1:02:03")] {
            assert_eq!(clock(Duration::from_secs(seconds)), text);
        }
        assert_eq!(clock_of(61.9), "1:01");
        for impossible in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(clock_of(impossible), "0:00");
        }
        for (seconds, text) in [(90, "about 2 min"), (7_000, "about 1 h 57 min")] {
            assert_eq!(rough(Duration::from_secs(seconds)), text);
        }
    }
}
