//! `redact batch`: one child process per recording, one result line each, and a summary.
//!
//! A child may run out of memory, crash or be killed: the others go on, and the line of the one
//! that failed says why.

mod card;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use redact_release::names::{RELEASE_SUFFIX, named};
use serde::Serialize;

use crate::args::{BatchArgs, GlobalArgs, Words};
use crate::outcome::Outcome;
use crate::terminal::say;
use card::{Card, Earlier};

/// How one recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Ok,
    Wrong,
    Failed,
    Skipped,
    /// No recording, but a file that belongs to one.
    Companion,
}

/// One result line.
#[derive(Clone, Debug, Serialize)]
struct ClipResult {
    clip: PathBuf,
    end: End,
    /// The release, or what went wrong.
    detail: String,
    seconds: f64,
}

impl ClipResult {
    /// Of a file or folder that no process was started for.
    fn without_work(path: &Path, end: End, detail: &str) -> Self {
        Self {
            clip: path.to_owned(),
            end,
            detail: detail.to_owned(),
            seconds: 0.0,
        }
    }
}

/// Scans, approves, renders and verifies all recordings of a folder.
///
/// # Errors
/// When a folder cannot be read or none holds a recording; a recording that fails is a line.
pub(crate) fn batch(args: &BatchArgs, global: &GlobalArgs) -> Result<Outcome> {
    let card = Card::read(&args.dir, &args.out_dir)?;
    std::fs::create_dir_all(&args.out_dir)
        .with_context(|| format!("{}: cannot make the folder", args.out_dir.display()))?;
    for (path, what) in &card.companions {
        show(
            &ClipResult::without_work(path, End::Companion, what),
            global,
        );
    }
    let unreadable = card.unreadable.iter();
    let unread = unreadable.map(|(path, why)| ClipResult::without_work(path, End::Failed, why));
    let unread: Vec<ClipResult> = unread.collect();
    unread.iter().for_each(|result| show(result, global));
    let program = std::env::current_exe().context("cannot locate this program")?;
    let queue = Mutex::new(work_list(&card.clips, args).into_iter());
    let results = Mutex::new(unread);
    std::thread::scope(|scope| {
        for _ in 0..args.jobs {
            scope.spawn(|| {
                loop {
                    let next = lock(&queue).next();
                    let Some(mut task) = next else { break };
                    let result = match task.done.take() {
                        Some(result) => result,
                        None => run_child(&program, &task, args, global),
                    };
                    show(&result, global);
                    lock(&results).push(result);
                }
            });
        }
    });
    let results = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(summarize(&results, &card, global))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One recording to process.
struct Task {
    clip: PathBuf,
    /// Its release's name without endings.
    name: String,
    /// How it ended, where nothing is to be done.
    done: Option<ClipResult>,
}

impl Task {
    fn release(&self, args: &BatchArgs) -> PathBuf {
        named(&self.name, RELEASE_SUFFIX, &args.out_dir)
    }
}

/// Recordings in order, each with a name of its own; those whose release is there already come with
/// their result. A release of another recording under that name is not replaced.
fn work_list(clips: &[PathBuf], args: &BatchArgs) -> Vec<Task> {
    let names = card::names(clips, &args.dir);
    let tasks = clips.iter().zip(names).map(|(clip, name)| {
        let mut task = Task {
            clip: clip.clone(),
            name,
            done: None,
        };
        if args.release.force {
            return task;
        }
        task.done = match card::earlier(clip, &task.name, &args.out_dir) {
            Err(error) => Some(ClipResult::without_work(
                clip,
                End::Failed,
                &format!("{error:#}"),
            )),
            Ok(None) => None,
            Ok(Some(Earlier::Same(name))) => {
                task.name = name;
                let detail = format!("{} exists already", task.release(args).display());
                Some(ClipResult::without_work(clip, End::Skipped, &detail))
            }
            Ok(Some(Earlier::Other(name))) => {
                task.name = name;
                None
            }
        };
        task
    });
    tasks.collect()
}

fn run_child(program: &Path, task: &Task, args: &BatchArgs, global: &GlobalArgs) -> ClipResult {
    let started = Instant::now();
    let output = Command::new(program)
        .args(child_arguments(task, args, global))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let (end, detail) = match output {
        Err(error) => (End::Failed, format!("cannot start the program: {error}")),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = stderr
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default();
            let first = first.trim_start_matches("redact: ").to_owned();
            match output.status.code() {
                Some(0) => (End::Ok, task.release(args).display().to_string()),
                Some(1) => (End::Wrong, first),
                Some(_) => (End::Failed, first),
                None => (
                    End::Failed,
                    format!("ended by a signal ({})", output.status),
                ),
            }
        }
    };
    ClipResult {
        clip: task.clip.clone(),
        end,
        detail,
        seconds: started.elapsed().as_secs_f64(),
    }
}

/// The arguments of `redact run` for one clip.
fn child_arguments(task: &Task, args: &BatchArgs, global: &GlobalArgs) -> Words {
    let words = Words::default()
        .word("run")
        .flag("quiet", true)
        .option("name", Some(&task.name))
        .option("policy", Some(&args.policy))
        .option("out-dir", Some(&args.out_dir));
    let words = args.speech.add_to(words);
    let words = args.models.add_to(args.input.add_to(words));
    let words = args.answer.add_to(args.release.add_to(words));
    global.add_to(words).word("--").word(&task.clip)
}

fn show(result: &ClipResult, global: &GlobalArgs) {
    let line = if global.json {
        // A struct of strings and numbers always serializes.
        serde_json::to_string(result).unwrap_or_default()
    } else {
        let word = match result.end {
            End::Ok => "ok",
            End::Wrong => "WRONG",
            End::Failed => "FAILED",
            End::Skipped => "skipped",
            End::Companion => "no clip",
        };
        let clip = result.clip.display();
        format!(
            "{word:<8}{clip}: {} ({})",
            result.detail,
            seconds(result.seconds)
        )
    };
    say(&line);
}

fn seconds(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds).as_secs();
    if whole >= 60 {
        format!("{}:{:02} min", whole / 60, whole % 60)
    } else {
        format!("{whole} s")
    }
}

fn summarize(results: &[ClipResult], card: &Card, global: &GlobalArgs) -> Outcome {
    let count = |end| results.iter().filter(|result| result.end == end).count();
    let (ok, wrong) = (count(End::Ok), count(End::Wrong));
    let (failed, skipped) = (count(End::Failed), count(End::Skipped));
    let (companions, others) = (card.companions.len(), card.others.values().sum::<usize>());
    if global.json {
        let summary = serde_json::json!({
            "recordings": results.len(), "ok": ok, "wrong": wrong, "failed": failed,
            "skipped": skipped, "companions": companions, "other_files": others,
        });
        say(&summary.to_string());
    } else {
        say(&format!(
            "{} recordings: {ok} released, {wrong} wrong, {failed} failed, {skipped} skipped",
            results.len()
        ));
        if others > 0 {
            let endings = card::endings(&card.others);
            say(&format!("not recordings: {others} other files ({endings})"));
        }
    }
    match (failed, wrong) {
        (0, 0) => Outcome::Done,
        (0, _) => Outcome::Wrong,
        _ => Outcome::Failed,
    }
}
