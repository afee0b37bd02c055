//! `redact batch`: one child process per recording, one result line each, and a summary.
//!
//! A child may run out of memory, crash or be killed: the others go on, and the line of the one
//! that failed says why. What was done is in a journal in the output folder, so that the same
//! command continues a batch that was interrupted by anything.

mod capacity;
mod card;
mod children;
mod earlier;
mod estimate;
mod inputs;
mod journal;
mod list;
mod names;
mod probe;
mod progress_line;
mod rates;
mod result;
mod summary;
mod tasks;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::args::{BatchArgs, GlobalArgs};
use crate::event_log::Recorder;
use crate::outcome::Outcome;
use crate::terminal::{say, warn_line};
use crate::{key, paths, progress};
use card::Card;
use children::{Places, ReleaseProcesses};
use inputs::shown;
use journal::{Done, FileFacts, Journal, Past, real};
pub(crate) use probe::ProbeWork;
use progress_line::ProgressLine;
use rates::{Rate, Rates};
use result::{ClipResult, End};
use summary::Totals;
use tasks::BatchTask;

/// Scans, approves, renders and verifies all recordings of the inputs.
///
/// # Errors
/// When an input, a list or a policy cannot be used, there is no recording, or another batch is
/// writing to the folder; a recording that fails is a line.
pub(crate) fn batch(args: &BatchArgs, global: &GlobalArgs) -> Result<Outcome> {
    let found = inputs::find(args)?;
    if args.dry_run {
        let past = Past::read(&args.out_dir);
        let tasks = tasks::tasks(found.recordings, args, &past)?;
        return estimate::dry_run(tasks, &found.beside, args, global, &past);
    }
    summary::check_targets(&args.summary)?;
    // A policy that cannot be used is an error before anything is written.
    tasks::tasks(found.recordings.clone(), args, &Past::default())?;
    // Made now if there is none: processes that begin together would each make one. And a key that
    // cannot be loaded is one error, not one for each recording.
    let recorder = Recorder::open(global, args.answer.by.as_deref())?;
    key::signing_key(args.release.key.as_deref(), &recorder)?;
    std::fs::create_dir_all(&args.out_dir)
        .with_context(|| format!("{}: cannot make the folder", shown(&args.out_dir)))?;
    let (journal, past) = Journal::open(&args.out_dir)?;
    let tasks = tasks::tasks(found.recordings, args, &past)?;
    let batch = Batch::new(args, global, &tasks, journal, past)?;
    batch.run(tasks, &found.beside)
}

/// A batch that is under way.
struct Batch<'a> {
    args: &'a BatchArgs,
    global: &'a GlobalArgs,
    children: ReleaseProcesses<'a>,
    places: Places,
    journal: Journal,
    past: Past,
    line: ProgressLine,
    rates: Rates,
    /// Recordings that are processed at a time.
    jobs: usize,
    /// Processes at work.
    running: AtomicUsize,
    began: Instant,
}

impl<'a> Batch<'a> {
    fn new(
        args: &'a BatchArgs,
        global: &'a GlobalArgs,
        tasks: &[BatchTask],
        journal: Journal,
        past: Past,
    ) -> Result<Self> {
        let names = tasks
            .iter()
            .map(|task| (task.clip.as_path(), task.name.as_str()));
        journal.set_names(names)?;
        let (jobs, threads) = capacity::jobs_and_threads(args.jobs, global.threads, tasks.len());
        let bytes = tasks.iter().map(|task| task.bytes).sum();
        Ok(Self {
            args,
            global,
            children: ReleaseProcesses::new(args, global, threads)?,
            places: Places {
                out_dir: args.out_dir.clone(),
                home: None,
            },
            journal,
            past,
            line: ProgressLine::new(global.quiet, tasks.len(), bytes),
            rates: Rates::read(&paths::batch_rates()?),
            jobs,
            running: AtomicUsize::new(0),
            began: Instant::now(),
        })
    }

    fn run(&self, tasks: Vec<BatchTask>, beside: &Card) -> Result<Outcome> {
        if !self.global.json {
            self.line.say(&summary::table_head());
        }
        let mut results = self.lines_beside(beside);
        let count = tasks.len();
        let queue = Mutex::new(tasks.into_iter().enumerate());
        let done = Mutex::new(Vec::with_capacity(count));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while let Some((place, mut task)) = next(&queue) {
                        let result = self.process(place, &mut task);
                        lock(&done).push((place, result));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(place, _)| *place);
        results.extend(done.into_iter().map(|(_, result)| result));
        self.line.clear();
        self.conclude(&results, beside)
    }

    /// Says what was found beside recordings; gives what counts as a recording that failed.
    fn lines_beside(&self, beside: &Card) -> Vec<ClipResult> {
        for (path, what) in &beside.companions {
            self.show(&ClipResult::without_work(path, End::Companion, what));
        }
        for (path, what) in &beside.passed_over {
            self.show(&ClipResult::without_work(path, End::Ignored, what));
        }
        let unreadable = beside.unreadable.iter();
        let failed = unreadable.map(|(path, why)| ClipResult::without_work(path, End::Failed, why));
        let failed: Vec<ClipResult> = failed.collect();
        failed.iter().for_each(|result| self.show(result));
        failed
    }

    /// Does one recording, unless that was done or the batch is to stop.
    fn process(&self, place: usize, task: &mut BatchTask) -> ClipResult {
        if progress::interrupted() {
            self.line.end(place, End::Cancelled);
            return task.result(End::Cancelled, "not begun");
        }
        self.line.begin(place, shown(&task.clip), task.bytes);
        earlier::settle(task, self.args, &self.past);
        let result = match task.done.take() {
            Some(done) => done,
            None => self.release(place, task),
        };
        self.line.end(place, result.end);
        // Text lists only what happened now; the summary has all of it.
        if result.end != End::Skipped || self.global.json {
            self.show(&result);
        }
        result
    }

    fn release(&self, place: usize, task: &BatchTask) -> ClipResult {
        if let Err(error) = self.journal.set_started(&task.name, &task.settings) {
            return task.result(End::Failed, &format!("{error:#}"));
        }
        let before = FileFacts::of(&task.clip);
        let at_start = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        let report = |phase: &str, done, total| self.line.advance(place, phase, done, total);
        let mut result = self.children.run(task, &self.places, &report);
        let at_end = self.running.fetch_sub(1, Ordering::SeqCst);
        let (Some(figures), true) = (&result.figures, result.end == End::Ok) else {
            return result;
        };
        self.rates.add(&Rate::new(
            task,
            figures,
            result.seconds,
            at_start.midpoint(at_end),
        ));
        match before.filter(|before| FileFacts::of(&task.clip).as_ref() == Some(before)) {
            Some(file) => {
                let done = Done {
                    clip: real(&task.clip),
                    name: task.name.clone(),
                    file,
                    settings: task.settings.clone(),
                    figures: figures.clone(),
                    needs_person: result.needs_person.clone(),
                };
                if let Err(error) = self.journal.set_done(done) {
                    warn_line(&format!("warning: {error:#}"));
                }
            }
            None => result.needs_person.push(
                "the recording was changed after it was read; if it was still being copied, \
                 release it again"
                    .to_owned(),
            ),
        }
        result
    }

    fn show(&self, result: &ClipResult) {
        self.line.say(&match self.global.json {
            // Strings and numbers always serialize.
            true => serde_json::to_string(result).unwrap_or_default(),
            false => summary::table_row(result),
        });
    }

    /// Reports the totals, and writes the summaries.
    fn conclude(&self, results: &[ClipResult], beside: &Card) -> Result<Outcome> {
        let mut totals = Totals::new(results, self.began.elapsed().as_secs_f64());
        totals.companions = beside.companions.len();
        totals.other_files = beside.others.values().sum();
        if self.global.json {
            say(&serde_json::to_string(&totals)?);
        } else {
            say(&totals.text());
            if totals.other_files > 0 {
                let endings = inputs::endings(&beside.others);
                say(&format!(
                    "not recordings: {} other files ({endings})",
                    totals.other_files
                ));
            }
            if let Some(list) = summary::person_list(results) {
                say(&list);
            }
        }
        for target in &self.args.summary {
            summary::write(target, results, &totals)?;
        }
        Ok(match (totals.failed + totals.not_done, totals.wrong) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::Wrong,
            _ => Outcome::Failed,
        })
    }
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(queue).next()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
