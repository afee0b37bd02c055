//! `redact batch --dry-run`: what would be done, and about how long it takes and what it needs.
//!
//! Times follow from releases that were made on this machine. If there are none of the profile, the
//! shortest recording that is long enough is released into a temporary folder, which is removed.

mod ranges;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_release::options::InputOptions;
use redact_release::ports::{Access, ProgressListener};
use serde_json::{Value, json};

use super::capacity;
use super::card::Card;
use super::children::{Places, ReleaseProcesses};
use super::earlier;
use super::inputs::{self, shown};
use super::journal::Past;
use super::probe::{ProbeWork, Probed};
use super::progress_line::clock_of;
use super::rates::{Rate, Rates};
use super::result::End;
use super::tasks::BatchTask;
use crate::args::{BatchArgs, GlobalArgs};
use crate::jail::{Process, WorkKind};
use crate::outcome::Outcome;
use crate::paths;
use crate::progress::{TerminalProgress, check_interrupted};
use crate::terminal::{say, warn_line};
use ranges::{Range, Work};

/// Durations of recordings that are released to measure this machine, seconds. Of a shorter one,
/// loading the models and starting programs would be most of the time.
const CALIBRATION_MIN: f64 = 5.0;
const CALIBRATION_MAX: f64 = 120.0;

/// One recording, and what would become of it.
struct Preview {
    task: BatchTask,
    /// What it declares; `None` where nothing is to be done, or it does not open.
    probed: Option<Probed>,
}

/// Shows what would be done, and estimates time, disk space and cost. Nothing is written.
///
/// # Errors
/// When a person cancels it.
pub(super) fn dry_run(
    tasks: Vec<BatchTask>,
    beside: &Card,
    args: &BatchArgs,
    global: &GlobalArgs,
    past: &Past,
) -> Result<Outcome> {
    let progress = TerminalProgress::new(global.quiet);
    if !global.json {
        say(&head());
    }
    for (path, why) in &beside.unreadable {
        let line = json!({ "clip": inputs::plain(path), "action": "fail", "detail": why });
        show(&line, global, || {
            row(["-"; 4], 0, "cannot", &shown(path), why)
        });
    }
    let mut previews = Vec::with_capacity(tasks.len());
    for task in tasks {
        check_interrupted()?;
        let preview = preview(task, args, global, past, &progress);
        progress.clear();
        preview.show(args, global);
        previews.push(preview);
    }
    let estimate = Estimate::new(&previews, beside, args, global)?;
    if global.json {
        say(&estimate.json().to_string());
    } else {
        say(&estimate.text());
    }
    Ok(match estimate.failing {
        0 => Outcome::Done,
        _ => Outcome::Failed,
    })
}

fn show(line: &Value, global: &GlobalArgs, text: impl FnOnce() -> String) {
    say(&match global.json {
        true => line.to_string(),
        false => text(),
    });
}

fn preview(
    mut task: BatchTask,
    args: &BatchArgs,
    global: &GlobalArgs,
    past: &Past,
    progress: &TerminalProgress,
) -> Preview {
    earlier::settle(&mut task, args, past);
    let mut probed = None;
    if task.done.is_none() {
        match probe(&task.clip, args, global, progress) {
            Ok(found) => probed = Some(found),
            Err(error) => task.done = Some(task.result(End::Failed, &format!("{error:#}"))),
        }
    }
    Preview { task, probed }
}

fn probe(
    clip: &Path,
    args: &BatchArgs,
    global: &GlobalArgs,
    progress: &TerminalProgress,
) -> Result<Probed> {
    let work = ProbeWork {
        clip: clip.to_owned(),
        input: InputOptions::from(&args.input),
    };
    let access = Access {
        read: vec![clip.to_owned()],
        ..Access::default()
    };
    let listener = ProgressListener(progress);
    let (value, _) = Process::new(global).run_work(WorkKind::Probe, &work, &access, &listener)?;
    serde_json::from_value(value).context("invalid result of opening the recording")
}

impl Preview {
    /// What would be done, in a word.
    fn action(&self) -> &'static str {
        match &self.task.done {
            None => "release",
            Some(done) if done.end == End::Skipped => "skip",
            Some(_) => "fail",
        }
    }

    /// The release, or why there would be none.
    fn detail(&self, args: &BatchArgs) -> String {
        match &self.task.done {
            None => inputs::plain(&self.task.release(&args.out_dir)),
            Some(done) => done.detail.clone(),
        }
    }

    fn show(&self, args: &BatchArgs, global: &GlobalArgs) {
        let (task, probed) = (&self.task, self.probed.as_ref());
        let line = json!({
            "clip": inputs::plain(&task.clip), "action": self.action(),
            "detail": self.detail(args),
            "policy": inputs::plain(&task.policy), "profile": task.models.profile.0.name(),
            "case_number": task.keys().case_number, "evidence_id": task.keys().evidence_id,
            "bytes": task.bytes, "video_seconds": probed.and_then(|probed| probed.seconds),
            "width": probed.map(|probed| probed.size.0),
            "height": probed.map(|probed| probed.size.1),
            "codec": probed.map(|probed| &probed.codec),
        });
        show(&line, global, || {
            let video = probed.and_then(|probed| probed.seconds);
            let video = video.map(clock_of);
            let size = probed.map(|probed| format!("{}x{}", probed.size.0, probed.size.1));
            let word = match self.action() {
                "fail" => "cannot",
                word => word,
            };
            let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            let codec = probed.map(|probed| probed.codec.clone());
            let cells = [
                or(video),
                or(size),
                or(codec),
                task.models.profile.0.name().to_owned(),
            ];
            let cells = [&*cells[0], &cells[1], &cells[2], &cells[3]];
            let detail = redact_record::visible(&self.detail(args));
            row(cells, task.bytes, word, &shown(&task.clip), &detail)
        });
    }

    /// What there is to do; `None` where nothing is.
    fn work(&self) -> Option<Work> {
        let probed = self.probed.as_ref()?;
        Some(Work {
            profile: self.task.models.profile.0.name(),
            pixels: u64::from(probed.size.0) * u64::from(probed.size.1),
            seconds: probed.seconds,
            is_h264: probed.codec == "h264",
            bytes: self.task.bytes,
        })
    }
}

fn head() -> String {
    let [action, video, bytes, size, codec, profile] =
        ["action", "video", "size", "picture", "codec", "profile"];
    format!(
        "{action:<8}{video:>8}{bytes:>10}{size:>11}  {codec:<8}{profile:<10}recording and release"
    )
}

/// - `cells`: duration, picture, codec and profile.
fn row(cells: [&str; 4], bytes: u64, action: &str, clip: &str, detail: &str) -> String {
    let [video, size, codec, profile] = cells;
    let bytes = ranges::bytes_text(bytes);
    format!("{action:<8}{video:>8}{bytes:>10}{size:>11}  {codec:<8}{profile:<10}{clip}: {detail}")
}

/// What a batch would need.
struct Estimate {
    to_do: usize,
    skipped: usize,
    failing: usize,
    /// Video to be processed, seconds, of the recordings that declare their duration.
    video_seconds: f64,
    /// Recordings that do not declare it.
    without_duration: usize,
    /// Seconds of this machine, all its cores together; `None` where nothing was measured.
    time: Option<Range>,
    /// What the time follows from.
    basis: String,
    cost: Option<Range>,
    disk: Range,
    /// Bytes that are free where the releases go.
    free: Option<u64>,
    others: String,
}

impl Estimate {
    fn new(
        previews: &[Preview],
        beside: &Card,
        args: &BatchArgs,
        global: &GlobalArgs,
    ) -> Result<Self> {
        let count = |action| previews.iter().filter(|p| p.action() == action).count();
        let work: Vec<Work> = previews.iter().filter_map(Preview::work).collect();
        let mut rates = Rates::read(&paths::batch_rates()?).all;
        let is_known = |work: &Work| rates.iter().any(|rate| rate.profile == work.profile);
        let mut basis = String::new();
        if !work.iter().all(is_known) {
            match calibrate(previews, args, global) {
                Ok(rate) => {
                    basis = format!(
                        "one release of {:.0} s of video just now",
                        rate.video_seconds
                    );
                    rates.push(rate);
                }
                Err(why) => basis = format!("{why:#}"),
            }
        }
        let (time, of) = ranges::time(&work, &rates);
        if basis.is_empty() {
            basis = format!("{of} releases of recordings on this machine");
        }
        let other_files = beside.others.values().sum::<usize>();
        Ok(Self {
            to_do: count("release"),
            skipped: count("skip"),
            failing: count("fail") + beside.unreadable.len(),
            video_seconds: work.iter().filter_map(|work| work.seconds).sum(),
            without_duration: work.iter().filter(|work| work.seconds.is_none()).count(),
            cost: time
                .zip(args.cost_per_hour)
                .map(|(time, price)| time.times(price / 3600.0)),
            time,
            basis,
            disk: ranges::disk(&work, &rates),
            free: free_bytes(&args.out_dir),
            others: match other_files {
                0 => String::new(),
                n => format!(
                    "not recordings: {n} other files ({})",
                    inputs::endings(&beside.others)
                ),
            },
        })
    }

    fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} to release, {} released already, {} that cannot be released",
            self.to_do, self.skipped, self.failing
        )];
        if !self.others.is_empty() {
            lines.push(self.others.clone());
        }
        if self.to_do > 0 {
            let mut video = clock_of(self.video_seconds);
            if self.without_duration > 0 {
                let without = self.without_duration;
                video.push_str(&format!(" and {without} recordings of unknown duration"));
            }
            lines.push(format!("video: {video}"));
            lines.push(match self.time {
                Some(time) => format!("time:  {} (from {})", time.times_text(), self.basis),
                None => format!("time:  unknown ({})", self.basis),
            });
            if let Some(cost) = self.cost {
                lines.push(format!("cost:  {:.2} to {:.2}", cost.low, cost.high));
            }
            let free = self.free.map_or("unknown".to_owned(), ranges::bytes_text);
            lines.push(format!("disk:  {}; {free} free", self.disk.bytes_text()));
            if self.is_disk_short() {
                lines.push("warning: the disk may be too small".to_owned());
            }
        }
        lines.join("\n")
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes of a disk")]
    fn is_disk_short(&self) -> bool {
        self.free.is_some_and(|free| self.disk.high > free as f64)
    }

    fn json(&self) -> Value {
        json!({
            "dry_run": true, "to_release": self.to_do, "released_already": self.skipped,
            "cannot": self.failing, "video_seconds": self.video_seconds,
            "unknown_durations": self.without_duration, "seconds": self.time,
            "from": self.basis, "cost": self.cost, "disk_bytes": self.disk,
            "free_bytes": self.free, "is_disk_short": self.is_disk_short(),
        })
    }
}

/// Bytes that are free where `out_dir` is or would be.
fn free_bytes(out_dir: &Path) -> Option<u64> {
    let real = std::path::absolute(out_dir).ok()?;
    let there = real.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The best of recordings of these durations (seconds) to measure this machine with: the shortest
/// that is long enough, otherwise the longest.
fn to_measure(durations: &[Option<f64>]) -> Option<usize> {
    let usable = |seconds: f64| (0.0..=CALIBRATION_MAX).contains(&seconds);
    let known = durations.iter().enumerate();
    let known = known.filter_map(|(at, seconds)| seconds.filter(|s| usable(*s)).map(|s| (s, at)));
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0);
    let long = known.clone().filter(|(s, _)| *s >= CALIBRATION_MIN);
    let best = long.min_by(order).or_else(|| known.max_by(order));
    best.map(|(_, at)| at)
}

/// Releases one recording into a temporary folder, with keys, event log and cache of its own there,
/// and measures that.
fn calibrate(previews: &[Preview], args: &BatchArgs, global: &GlobalArgs) -> Result<Rate> {
    let duration = |preview: &Preview| preview.probed.as_ref()?.seconds;
    let durations: Vec<_> = previews.iter().map(duration).collect();
    let measured = to_measure(&durations).map(|at| &previews[at]);
    let measured = measured.with_context(|| {
        format!(
            "nothing was released on this machine yet, and no recording is short enough to measure \
             it: at most {CALIBRATION_MAX} s"
        )
    })?;
    if !global.quiet {
        let clip = shown(&measured.task.clip);
        warn_line(&format!(
            "measuring this machine with {clip}, in a temporary folder"
        ));
    }
    let home = tempfile::tempdir().context("cannot make a folder for temporary files")?;
    let places = Places {
        out_dir: home.path().join("out"),
        home: Some(home.path().to_owned()),
    };
    let (_, threads) = capacity::jobs_and_threads(Some(1), global.threads, 1);
    let own = GlobalArgs {
        events: Some(PathBuf::from(home.path()).join("events.jsonl")),
        ..global.clone()
    };
    let children = ReleaseProcesses::new(args, &own, threads)?;
    let progress = TerminalProgress::new(global.quiet);
    let result = children.run(&measured.task, &places, &|_, _, _| {});
    progress.clear();
    check_interrupted()?;
    let figures = result.figures.as_ref();
    let figures = figures.with_context(|| format!("the measurement failed: {}", result.detail))?;
    Ok(Rate::new(&measured.task, figures, result.seconds, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a clip of a second, most of whose time is the start of programs, does not stand for an
    /// hour. Control: where there is nothing else, the longest of the short ones is taken.
    #[test]
    fn the_machine_is_not_measured_with_a_very_short_recording() {
        let of = |durations: &[f64]| {
            to_measure(&durations.iter().copied().map(Some).collect::<Vec<_>>())
        };
        assert_eq!(of(&[1.0, 40.0, 6.0, 300.0]), Some(2));
        assert_eq!(of(&[1.0, 3.0, 300.0]), Some(1));
        assert_eq!(of(&[300.0]), None);
        assert_eq!(to_measure(&[None, Some(f64::NAN)]), None);
    }
}
