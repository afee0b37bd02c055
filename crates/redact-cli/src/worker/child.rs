//! One chunk, done by a process of this very program, `redact worker --plan`.
//!
//! A chunk that crashes, hangs or takes too much memory ends only that process, and the worker
//! reports an error. The process gets none of the worker's credentials.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_queue::{Cancel, ChunkRunner, ChunkTask, RunFailure, RunOutput};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;

use crate::args::{GlobalArgs, Words};
use crate::failure::is_full_message;
use crate::paths;

/// How long a chunk may take where nothing else is said.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// The process notices the limit of a job by itself; this is how much later it is ended.
const TIME_MARGIN: Duration = Duration::from_secs(120);
/// A process that was asked to stop and has not is ended after this.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How much of a log's end is read to find out why a process ended.
const LOG_BYTES: usize = 4096;

/// Starts processes that do chunks.
pub(super) struct ChildRunner {
    program: PathBuf,
    models: Option<PathBuf>,
    global: GlobalArgs,
    time_max: Duration,
}

/// What a process prints: its output, or its error.
#[derive(Deserialize)]
struct Printed {
    output: Option<String>,
    bytes: Option<u64>,
    error: Option<String>,
}

impl ChildRunner {
    /// Processes with the limits that this process was given.
    pub(super) fn new(models: Option<&Path>, global: &GlobalArgs) -> Result<Self> {
        let minutes = global.time_max.map(|minutes| minutes * 60.0);
        let time_max = minutes.map_or(TIME_MAX, Duration::from_secs_f64);
        Ok(Self {
            program: std::env::current_exe().context("cannot locate this program")?,
            models: models.map(Path::to_owned),
            global: global.clone(),
            time_max: time_max + TIME_MARGIN,
        })
    }

    fn arguments(&self, task: &ChunkTask) -> Words {
        let words = Words::default()
            .word("worker")
            .flag("json", true)
            .flag("quiet", true)
            .flag("tethered", true)
            .option("plan", Some(&task.plan))
            .number("task", Some(task.index))
            .option("out-dir", Some(&task.folder))
            .option("models", self.models.as_ref());
        let words = match &task.source {
            Some((path, _)) => words
                .option("clip", Some(path))
                .flag("clip-is-verified", true),
            None => words,
        };
        self.global.add_to(words)
    }

    fn start(&self, task: &ChunkTask) -> std::io::Result<Child> {
        use std::os::unix::process::CommandExt as _;
        let log = std::fs::File::create(log_file(task))?;
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments(task))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is this process's alone; and what the child starts can be ended with it.
            .process_group(0);
        for secret in paths::QUEUE_SECRETS {
            command.env_remove(secret);
        }
        command.spawn()
    }
}

impl ChunkRunner for ChildRunner {
    async fn run(&self, task: ChunkTask, mut cancel: Cancel) -> Result<RunOutput, RunFailure> {
        let started = self.start(&task);
        let mut child = started.map_err(|error| failure(format!("cannot start: {error}")))?;
        let group = Pid::from_child(&child);
        let input = child.stdin.take();
        let mut end = tokio::task::spawn_blocking(move || child.wait_with_output());
        let ended = tokio::select! {
            ended = &mut end => ended,
            () = cancel.cancelled() => {
                // The end of its input asks it to stop.
                drop(input);
                if tokio::time::timeout(STOP_WITHIN, &mut end).await.is_err() {
                    end_group(group);
                    end.await.ok();
                }
                return Err(failure("cancelled".to_owned()));
            }
            () = tokio::time::sleep(self.time_max) => {
                end_group(group);
                end.await.ok();
                let minutes = self.time_max.as_secs() / 60;
                return Err(failure(format!("ended after {minutes} minutes")));
            }
        };
        let output = ended
            .map_err(std::io::Error::other)
            .and_then(|output| output)
            .map_err(|error| failure(format!("cannot wait for it: {error}")))?;
        read_output(&task, &output)
    }
}

fn end_group(group: Pid) {
    if let Err(error) = kill_process_group(group, Signal::KILL) {
        tracing::debug!("cannot end process group {group}: {error}");
    }
}

fn log_file(task: &ChunkTask) -> PathBuf {
    task.folder.join("log")
}

fn failure(message: String) -> RunFailure {
    RunFailure {
        is_full: is_full_message(&message),
        message,
    }
}

/// The output that a process printed, or why there is none.
fn read_output(task: &ChunkTask, output: &Output) -> Result<RunOutput, RunFailure> {
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Option<Printed> = text
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok());
    if let Some(printed) = printed {
        if let Some(error) = printed.error {
            return Err(failure(error));
        }
        let sha256 = printed.output.as_deref().and_then(Digest::from_hex);
        if let (true, Some(sha256), Some(bytes)) = (output.status.success(), sha256, printed.bytes)
        {
            return Ok(RunOutput {
                file: task.folder.join("objects").join(sha256.to_string()),
                sha256,
                bytes,
            });
        }
    }
    let log = std::fs::read(log_file(task)).unwrap_or_default();
    let last = last_line(&log);
    Err(failure(format!(
        "the process ended: {}{last}",
        output.status
    )))
}

/// The last line of a log that is no progress, after a colon.
fn last_line(log: &[u8]) -> String {
    let end = &log[log.len().saturating_sub(LOG_BYTES)..];
    let text = String::from_utf8_lossy(end);
    let mut lines = text.lines().rev();
    let line = lines.find(|line| !line.trim().is_empty() && !line.starts_with('{'));
    line.map(|line| format!(": {line}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::last_line;

    /// Goal: a failure says what the process said last, not how far it was.
    #[test]
    fn progress_is_no_reason() {
        let log = b"redact: memory allocation failed\n{\"phase\":\"scan\",\"done\":3}\n\n";
        assert_eq!(last_line(log), ": redact: memory allocation failed");
        assert_eq!(last_line(b"{\"phase\":\"scan\"}\n"), "");
    }
}
