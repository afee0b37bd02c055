//! The desk's jobs: each a process of this program, tethered to the desk and confined to its files.

use std::io::{BufRead as _, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use redact_core::Digest;
use redact_desk::{
    Jobs, PackageEncryption, PackageTask, ReadOptions, RenderTask, Task, TaskError, TaskOutcome,
    VerifyTask, Watch,
};
use serde::Deserialize;
use serde_json::Value;

use super::remedy::remedy;
use super::{confined, package};
use crate::args::{DeskArgs, GlobalArgs, ModelArgs, OnQueueArgs, Words};
use crate::paths::{self, PACKAGE_PASSPHRASE};

/// A process that was asked to stop and has not is ended after this.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// How often a process that sends nothing is checked.
const POLL_EVERY: Duration = Duration::from_millis(100);

/// The most that a process prints on standard output.
const OUTPUT_MAX: u64 = 64 << 20;

/// Starts this program again for every job.
pub(super) struct Children {
    program: PathBuf,
    global: GlobalArgs,
    models: ModelArgs,
    /// Whose workers scan and encode, if not this machine.
    on_queue: OnQueueArgs,
    key: Option<PathBuf>,
    agency: Option<String>,
    /// `verify.html`, for packages.
    verifier: Option<PathBuf>,
}

impl Children {
    /// Children with the options that the desk was started with.
    ///
    /// # Errors
    /// When this program cannot be located.
    pub(super) fn new(
        args: &DeskArgs,
        global: &GlobalArgs,
        events: &Path,
        verifier: Option<&Path>,
    ) -> Result<Self> {
        Ok(Self {
            program: std::env::current_exe().context("cannot locate this program")?,
            global: GlobalArgs {
                events: Some(events.to_owned()),
                ..global.clone()
            },
            models: args.models.clone(),
            on_queue: args.on_queue.clone(),
            key: args.key.clone(),
            agency: args.agency.clone(),
            verifier: verifier.map(Path::to_owned),
        })
    }

    fn words(&self, verb: &str, by: &str) -> Words {
        let words = Words::default().word(verb).option("on-behalf", Some(by));
        let words = words.flag("tethered", true).flag("json", true);
        self.global.add_to(words.flag("quiet", true))
    }

    fn command(&self, words: Words) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn scan(
        &self,
        (clip, options): (&Path, &ReadOptions),
        findings: &Path,
        accept_lost_sound: bool,
        by: &str,
    ) -> Words {
        let turn = Some(options.turn_degrees).filter(|&turn| turn != 0);
        let rate = options.frame_rate.map(|(num, den)| format!("{num}/{den}"));
        let damaged = options.mask_damage.then_some("mask");
        let words = self.models.add_to(self.words("scan", by));
        let words = self.on_queue.add_to(words);
        words
            .flag("force", true)
            .option("output", Some(findings))
            .number("video-stream", options.video_stream)
            .number("turn", turn)
            .option("frame-rate", rate)
            .option("damaged", damaged)
            .flag("accept-lost-sound", accept_lost_sound)
            .word("--")
            .word(clip)
    }

    fn render(&self, task: &RenderTask) -> Words {
        // Models are for a second look, where the policy asks for one.
        let mut words = self.models.add_to(self.words("render", &task.by));
        if task.excerpt.is_none() {
            words = self.on_queue.add_to(words);
        }
        if let Some(excerpt) = &task.excerpt {
            for (start, end) in &excerpt.spans_nanos {
                let (from, to) = (seconds(*start), seconds(*end));
                words = words.option("from", Some(from)).option("to", Some(to));
            }
            words = words
                .option("rest-reason", Some(&excerpt.reason))
                .option("by", Some(&excerpt.by));
        }
        words
            .flag("force", true)
            .option("output", Some(&task.release))
            .option("findings", Some(&task.findings))
            .option("request-file", Some(&task.request))
            .option("supersedes", task.supersedes.as_ref())
            .option("agency", self.agency.as_ref())
            .option("key", self.key.as_ref())
            .word("--")
            .word(&task.clip)
            .word(&task.plan)
    }

    fn verify(&self, task: &VerifyTask) -> Words {
        let words = self.words("verify", &task.by);
        words
            .option("manifest", Some(&task.manifest))
            .option("source", task.source.as_ref())
            .option("previous", task.previous.as_ref())
            .flag("force", task.report.is_some())
            .option("report", task.report.as_ref())
            .word("--")
            .word(&task.release)
    }

    /// A passphrase goes through the environment of the process, which only this user can read:
    /// never through the command line or a file.
    fn package(&self, task: &PackageTask) -> Command {
        let words = self.words("package", &task.by);
        let mut words = words
            .flag("force", true)
            .option("output", Some(&task.package))
            .option("request-file", Some(&task.request))
            .option("profile", Some(&task.profile))
            .option("agency", self.agency.as_ref())
            .option("dated", Some(&task.dated))
            .option("key", self.key.as_ref())
            .option("verifier", self.verifier.as_ref())
            .flag("no-verifier", self.verifier.is_none());
        for findings in &task.findings {
            words = words.option("findings", Some(findings));
        }
        if let PackageEncryption::Recipients(keys) = &task.encryption {
            for key in keys {
                words = words.option("recipient", Some(key));
            }
        }
        words = words.word("--");
        for release in &task.releases {
            words = words.word(release);
        }
        let mut command = self.command(words);
        match &task.encryption {
            PackageEncryption::Passphrase(passphrase) => {
                command.env(PACKAGE_PASSPHRASE, passphrase.expose())
            }
            // The desk's own environment may have one.
            _ => command.env_remove(PACKAGE_PASSPHRASE),
        };
        command
    }
}

impl Jobs for Children {
    fn run(&self, task: &Task, watch: &dyn Watch) -> Result<TaskOutcome, TaskError> {
        let (words, prints) = match task {
            Task::Scan {
                clip,
                options,
                findings,
                accept_lost_sound,
                by,
            } => (
                self.scan((clip, options), findings, *accept_lost_sound, by),
                Prints::Digest,
            ),
            Task::Render(task) => (self.render(task), Prints::Nothing),
            Task::Verify(task) => (self.verify(task), Prints::Verdict),
            Task::Package(task) => {
                let command = self.package(task);
                let printed = run(command, watch, Prints::Package)?;
                return package::outcome(&printed, &task.package, watch);
            }
            other => return confined::run(other, &self.global, watch),
        };
        prints.read(run(self.command(words), watch, prints)?)
    }

    fn models_folder(&self) -> Option<PathBuf> {
        paths::models_dir(self.models.models.as_deref()).ok()
    }
}

/// Nanoseconds as seconds with all decimals, as `--from` takes them.
fn seconds(nanos: i64) -> String {
    let second = 1_000_000_000;
    format!("{}.{:09}", nanos / second, nanos % second)
}

/// What a successful process prints.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prints {
    /// Nothing that the desk needs.
    Nothing,
    /// The SHA-256 of the recording.
    Digest,
    /// What was checked; also with status 1.
    Verdict,
    /// What is in a package.
    Package,
}

impl Prints {
    fn read(self, printed: Value) -> Result<TaskOutcome, TaskError> {
        let unreadable = || TaskError::new("the job gave an unreadable result");
        match self {
            Self::Nothing | Self::Package => Ok(TaskOutcome::Done),
            Self::Digest => {
                let digest = printed["sha256"].as_str().and_then(Digest::from_hex);
                digest.map(TaskOutcome::Scanned).ok_or_else(unreadable)
            }
            Self::Verdict => serde_json::from_value(printed)
                .map(TaskOutcome::Verified)
                .map_err(|_| unreadable()),
        }
    }
}

/// Progress on standard error.
#[derive(Deserialize)]
struct ProgressLine {
    phase: String,
    done: u64,
    total: Option<u64>,
}

/// Runs a process to its end, and gives what it printed.
fn run(mut command: Command, watch: &dyn Watch, prints: Prints) -> Result<Value, TaskError> {
    let cannot = |error: std::io::Error| TaskError::new(format!("cannot start the job: {error}"));
    let mut child = command.spawn().map_err(cannot)?;
    let input = child.stdin.take();
    let output = child.stdout.take().map(read_all);
    let (sender, lines) = std::sync::mpsc::channel::<String>();
    if let Some(stream) = child.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    let status = wait(&mut child, input, &lines, watch).map_err(cannot)?;
    let printed = output
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default();
    let value: Option<Value> = serde_json::from_slice(&printed).ok();
    match (status.code(), value) {
        (Some(0), Some(value)) => Ok(value),
        (Some(1), Some(value)) if prints == Prints::Verdict => Ok(value),
        (_, Some(value)) if value["error"].is_string() => Err(TaskError {
            message: value["error"].as_str().unwrap_or_default().to_owned(),
            hint: value["hint"].as_str().map(str::to_owned),
            remedy: serde_json::from_value(value["code"].clone())
                .ok()
                .map(remedy),
        }),
        (Some(code), _) => Err(TaskError::new(format!("the job ended with status {code}"))),
        (None, _) => Err(TaskError {
            message: format!("the job was ended by the system ({status})"),
            hint: Some("The machine may be short of memory; try again.".to_owned()),
            remedy: None,
        }),
    }
}

fn read_all(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read is what counts.
        stream.take(OUTPUT_MAX).read_to_end(&mut bytes).ok();
        bytes
    })
}

/// Waits for a process, passes its progress on, and closes its input to cancel it.
fn wait(
    child: &mut Child,
    mut input: Option<ChildStdin>,
    lines: &std::sync::mpsc::Receiver<String>,
    watch: &dyn Watch,
) -> std::io::Result<std::process::ExitStatus> {
    let mut reached = ("start".to_owned(), 0, None);
    let mut stopping: Option<Instant> = None;
    loop {
        if let Ok(line) = lines.recv_timeout(POLL_EVERY) {
            match serde_json::from_str::<ProgressLine>(&line) {
                Ok(ProgressLine { phase, done, total }) => reached = (phase, done, total),
                Err(_) => tracing::debug!("job: {line}"),
            }
        } else if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let (phase, done, total) = &reached;
        if watch.advance(phase, *done, *total) == ControlFlow::Break(()) && input.take().is_some() {
            stopping = Some(Instant::now());
        }
        if stopping.is_some_and(|since| since.elapsed() > STOP_WITHIN) {
            child.kill()?;
        }
    }
}
