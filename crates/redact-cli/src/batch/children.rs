//! One process of this program for each recording: its arguments, its progress and its result.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use redact_record::Overwrite;
use redact_record::manifest::write_request;
use serde::Deserialize;
use serde_json::Value;

use super::inputs::plain;
use super::result::{ClipResult, End};
use super::tasks::BatchTask;
use crate::args::{BatchArgs, GlobalArgs, ReleaseArgs, Words};
use crate::progress;

/// A process that was asked to stop and has not is ended after this: longer than it gives its own
/// confined process.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// How often a process that sends nothing is checked.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// The most that a process prints on standard output.
const OUTPUT_MAX: u64 = 64 << 20;

/// Where a process writes, beside what a task says.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// Folder for all output files.
    pub(super) out_dir: PathBuf,
    /// Keys, event log and cache, if not this user's.
    pub(super) home: Option<PathBuf>,
}

/// Starts this program again for every recording.
pub(super) struct ReleaseProcesses<'a> {
    program: PathBuf,
    args: &'a BatchArgs,
    global: GlobalArgs,
    /// Request files of recordings, for this user alone.
    requests: tempfile::TempDir,
}

/// Called from time to time with phase, steps done and their total.
pub(super) type Report<'a> = &'a dyn Fn(&str, u64, Option<u64>);

impl<'a> ReleaseProcesses<'a> {
    /// Processes that use `threads` each.
    ///
    /// # Errors
    /// When this program cannot be located, or there is no place for temporary files.
    pub(super) fn new(args: &'a BatchArgs, global: &GlobalArgs, threads: usize) -> Result<Self> {
        Ok(Self {
            program: std::env::current_exe().context("cannot locate this program")?,
            args,
            global: GlobalArgs {
                threads: Some(threads),
                ..global.clone()
            },
            requests: tempfile::tempdir().context("cannot make a folder for temporary files")?,
        })
    }

    /// Releases one recording, and waits for it. Ctrl-C cancels it.
    pub(super) fn run(&self, task: &BatchTask, places: &Places, report: Report<'_>) -> ClipResult {
        let began = Instant::now();
        let mut result = match self.start(task, places, report) {
            Ok(ended) => ended.result(task, &places.out_dir),
            Err(error) => task.result(End::Failed, &format!("{error:#}")),
        };
        if !result.end.is_released() && progress::interrupted() {
            result = task.result(End::Cancelled, "cancelled");
        }
        result.seconds = began.elapsed().as_secs_f64();
        result
    }

    fn start(&self, task: &BatchTask, places: &Places, report: Report<'_>) -> Result<Ended> {
        let mut command = Command::new(&self.program);
        command
            .args(self.child_arguments(task, places)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the batch, which asks its processes to stop.
            .process_group(0);
        if let Some(home) = &places.home {
            command.env("REDACT_HOME", home);
        }
        let mut child = command.spawn().context("cannot start the program")?;
        let input = child.stdin.take();
        let output = child.stdout.take().map(read_all);
        let (sender, lines) = channel::<String>();
        if let Some(stream) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let ended = wait(&mut child, input, &lines, report);
        let (status, last_line) = ended.context("cannot wait for the process")?;
        let printed = output.and_then(|reader| reader.join().ok());
        let printed = printed.unwrap_or_default();
        Ok(Ended {
            status,
            printed: serde_json::from_slice(&printed).unwrap_or_default(),
            last_line,
        })
    }

    /// The arguments of `redact run` for one recording.
    fn child_arguments(&self, task: &BatchTask, places: &Places) -> Result<Words> {
        let args = self.args;
        let mut release = ReleaseArgs {
            agency: None,
            request: None,
            requester: None,
            request_file: None,
            ..args.release.clone()
        };
        if let Some(details) = &task.details {
            let file = self
                .requests
                .path()
                .join(format!("{:016x}.toml", place_of(task)));
            write_request(&file, details, Overwrite::Replace)
                .context("cannot write the request for the recording")?;
            release.request_file = Some(file);
        }
        let words = Words::default()
            .word("run")
            .flag("tethered", true)
            .flag("json", true)
            .flag("quiet", true)
            .option("on-behalf", self.global.on_behalf.as_ref())
            .option("name", Some(&task.name))
            .option("policy", Some(&task.policy))
            .option("out-dir", Some(&places.out_dir));
        let words = args.input.add_to(args.speech.add_to(words));
        let words = release.add_to(task.models.add_to(words));
        let words = args.on_queue.add_to(words);
        let words = self.global.add_to(args.answer.add_to(words));
        Ok(words.word("--").word(&task.clip))
    }
}

/// A number for the task's files: its name is unique, and may be too long or odd for one.
fn place_of(task: &BatchTask) -> u64 {
    let digest = redact_record::digest_bytes(task.name.as_bytes()).0;
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn read_all(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read is what counts.
        stream.take(OUTPUT_MAX).read_to_end(&mut bytes).ok();
        bytes
    })
}

/// Progress on standard error.
#[derive(Deserialize)]
struct Reached {
    phase: String,
    done: u64,
    total: Option<u64>,
}

/// Waits for a process, passes its progress on, and closes its input to cancel it. Gives the last
/// line that it logged.
fn wait(
    child: &mut Child,
    mut input: Option<ChildStdin>,
    lines: &Receiver<String>,
    report: Report<'_>,
) -> std::io::Result<(ExitStatus, String)> {
    let mut stopping: Option<Instant> = None;
    let mut last_line = String::new();
    loop {
        match lines.recv_timeout(POLL_EVERY) {
            Ok(line) => match serde_json::from_str::<Reached>(&line) {
                Ok(Reached { phase, done, total }) => report(&phase, done, total),
                Err(_) if line.trim().is_empty() => {}
                Err(_) => last_line = line,
            },
            Err(error) => {
                if let Some(status) = child.try_wait()? {
                    return Ok((status, last_line));
                }
                if error == RecvTimeoutError::Disconnected {
                    std::thread::sleep(POLL_EVERY);
                }
            }
        }
        if progress::interrupted() && input.take().is_some() {
            stopping = Some(Instant::now());
        }
        if stopping.is_some_and(|since| since.elapsed() > STOP_WITHIN) {
            child.kill()?;
        }
    }
}

/// How a process ended.
struct Ended {
    status: ExitStatus,
    /// The JSON on its standard output; null if there is none.
    printed: Value,
    /// The last line on its standard error.
    last_line: String,
}

impl Ended {
    fn result(&self, task: &BatchTask, out_dir: &Path) -> ClipResult {
        let printed = &self.printed;
        match self.status.code() {
            Some(0) => {
                let release = plain(&task.release(out_dir));
                ClipResult {
                    release: Some(release.clone()),
                    figures: serde_json::from_value(printed["figures"].clone()).ok(),
                    needs_person: texts(&printed["needs_person"]),
                    ..task.result(End::Ok, &release)
                }
            }
            Some(1) => {
                let failed = texts(&printed["failed_checks"]).join("; ");
                let detail = format!("the release did not verify and was removed: {failed}");
                task.result(End::Wrong, &detail)
            }
            Some(_) if printed["error"].is_string() => {
                let error = printed["error"].as_str().unwrap_or_default();
                // The line names the recording already.
                let own = format!("{}: ", task.clip.display());
                let error = error.strip_prefix(&own).unwrap_or(error);
                let mut result = task.result(End::Failed, error);
                let hint = printed["hint"].as_str().map(str::to_owned);
                result.needs_person.extend(hint);
                result
            }
            Some(code) => task.result(
                End::Failed,
                &format!("the process ended with status {code}: {}", self.last_line),
            ),
            None => {
                let detail = format!("the process was ended by the system ({})", self.status);
                let mut result = task.result(End::Failed, &detail);
                let hint = "the machine may be short of memory; --jobs 1 needs the least";
                result.needs_person.push(hint.to_owned());
                result
            }
        }
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|text| Some(text.as_str()?.to_owned()))
        .collect()
}
