//! Starts a confined process, receives what it sends, and ends it where it takes too much.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use redact_jail::{Allowance, Bounds, Budget, JailLevel};
use redact_release::ports::{Access, Listener, Worker};
use redact_release::{JobFailure, ReleaseError, WorkerError};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::wire::{FromChild, FromParent, JobLine, VERB, WorkKind};
use crate::args::GlobalArgs;
use crate::{limits, paths, progress};

/// A child that was asked to stop and has not is ended after this.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How often a child that sends nothing is checked.
const POLL_EVERY: Duration = Duration::from_millis(50);

/// The longest line that a child may send: findings of a long recording are one.
const LINE_MAX: u64 = 1 << 30;

/// Bytes of one line of a child's log.
const LOG_LINE_MAX: u64 = 4096;

/// Lines of a child's log that are stored, to find out why it ended.
const LOG_LINES_MAX: usize = 20;

/// A confined process of this program for each job.
#[derive(Clone, Copy)]
pub(crate) struct Process<'a> {
    global: &'a GlobalArgs,
    /// Whether a person asked this program to stop.
    is_cancelled: fn() -> bool,
}

impl Worker for Process<'_> {
    fn run(
        &self,
        job: Box<RawValue>,
        access: &Access,
        listener: &dyn Listener,
    ) -> Result<(Value, JailLevel), WorkerError> {
        let kind = WorkKind::Release;
        self.start(&JobLine { kind, work: job }, access, listener)
    }
}

impl<'a> Process<'a> {
    /// Processes that Ctrl-C cancels.
    pub(crate) fn new(global: &'a GlobalArgs) -> Self {
        Self {
            global,
            is_cancelled: progress::interrupted,
        }
    }

    /// Processes that their listener alone cancels.
    pub(crate) fn of_server(global: &'a GlobalArgs) -> Self {
        Self {
            global,
            is_cancelled: || false,
        }
    }

    /// Does `work` in a confined process; gives its result and how well it was confined.
    ///
    /// # Errors
    /// Why the job could not be done: the child's own words, or the limit at which it was ended.
    pub(crate) fn run_work(
        &self,
        kind: WorkKind,
        work: &impl Serialize,
        access: &Access,
        listener: &dyn Listener,
    ) -> anyhow::Result<(Value, JailLevel)> {
        let work = to_raw_value(work)?;
        let done = self.start(&JobLine { kind, work }, access, listener);
        Ok(done.map_err(ReleaseError::from)?)
    }

    fn start(
        &self,
        job: &JobLine,
        access: &Access,
        listener: &dyn Listener,
    ) -> Result<(Value, JailLevel), WorkerError> {
        let budget = budget(access, self.global);
        let bounds = bounds(access, self.global, &budget);
        let (mut child, starter) = redact_jail::spawn(command()?, &bounds)?;
        let (sender, messages) = channel();
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(log)) = streams else {
            unreachable!("all three were asked for");
        };
        let logger = std::thread::spawn(move || pass_on_log(log));
        let reader = std::thread::spawn(move || read_messages(output, &sender));
        for line in [serde_json::to_string(&bounds), serde_json::to_string(job)] {
            // Both always serialize. How a child ended that is gone already says why.
            writeln!(input, "{}", line.unwrap_or_default()).ok();
        }
        let watch = Watch {
            listener,
            is_cancelled: self.is_cancelled,
            budget: &budget,
        };
        let ended = watch.until_end(&mut child, &messages, input);
        let (status, received) = ended.map_err(|source| WorkerError::Unreachable {
            what: "wait for the process that decodes",
            source,
        })?;
        drop(starter);
        // Both end with the child.
        reader.join().ok();
        let log = logger.join().unwrap_or_default();
        match (received.end, received.level) {
            (Some(FromChild::Done(value)), Some(level)) => Ok((value, level)),
            (Some(FromChild::Done(_)), None) => Err(WorkerError::InvalidResult),
            (Some(FromChild::Failed(failure)), _) => Err(WorkerError::Failed(JobFailure {
                out_of_memory: is_out_of_memory(&failure.message)
                    .then_some(budget.limits.memory_bytes),
                message: failure.message,
                hint: failure.hint,
                is_refused: failure.is_refused,
                is_cancelled: failure.is_cancelled,
                remedy: failure.remedy,
            })),
            _ => Err(why_ended(status, received.ended_for, &log, &budget)),
        }
    }
}

fn budget(access: &Access, global: &GlobalArgs) -> Budget {
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |data| data.len());
    let bytes = access.read.iter().map(length).sum();
    let allowance = Allowance {
        memory_bytes: global.memory_max.map(|gib| gib << 30),
        time: global
            .time_max
            .map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
    };
    Budget::new(bytes, limits::threads(global.threads), allowance)
}

fn bounds(access: &Access, global: &GlobalArgs, budget: &Budget) -> Bounds {
    let mut load = Vec::new();
    if let Some(models) = &access.models {
        load.push(models.folder.clone());
        load.extend(models.runtime.clone());
        // Links among the models lead there.
        load.extend(models.folder.canonicalize().ok());
    }
    Bounds {
        parent: std::process::id(),
        read: access.read.clone(),
        write: access.write.clone(),
        folders: access.folders.clone(),
        load,
        limits: budget.limits,
        landlock_max: paths::landlock_max(),
        allow_weak: global.allow_weak_jail,
        foreign_files: has_foreign_files(access),
    }
}

/// Whether a file belongs to another user, so that root can open it as root alone.
fn has_foreign_files(access: &Access) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    let all = [&access.read, &access.write, &access.folders];
    all.into_iter().flatten().any(|path| {
        let folder = path.parent().map(Path::to_owned);
        let owner = |path: &Path| std::fs::metadata(path).map_or(own, |data| data.uid());
        owner(path) != own || folder.is_some_and(|folder| owner(&folder) != own)
    })
}

/// This very program again, with nothing of this process's environment that it does not need.
fn command() -> Result<Command, WorkerError> {
    // What is running, also where its file was replaced since.
    let running = Path::new("/proc/self/exe");
    let program = match running.exists() {
        true => running.to_owned(),
        false => std::env::current_exe().map_err(|source| WorkerError::Unreachable {
            what: "locate this program",
            source,
        })?,
    };
    let mut command = Command::new(program);
    command.arg0("redact").arg(VERB).env_clear();
    command.envs(paths::child_environment());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C is for the parent, which asks the child to stop.
        .process_group(0);
    Ok(command)
}

/// What a child sent to its end.
#[derive(Default)]
struct Received {
    level: Option<JailLevel>,
    end: Option<FromChild>,
    ended_for: Option<EndedFor>,
}

/// Why the parent ended a child.
#[derive(Clone, Copy)]
enum EndedFor {
    Time,
    Silence,
    Cancelled,
}

struct Watch<'a> {
    listener: &'a dyn Listener,
    is_cancelled: fn() -> bool,
    budget: &'a Budget,
}

impl Watch<'_> {
    fn until_end(
        &self,
        child: &mut Child,
        messages: &Receiver<FromChild>,
        input: ChildStdin,
    ) -> std::io::Result<(ExitStatus, Received)> {
        let mut input = Some(input);
        let (began, mut last_message) = (Instant::now(), Instant::now());
        let mut reached = ("start".to_owned(), 0, None);
        let mut stopping: Option<Instant> = None;
        let mut received = Received::default();
        loop {
            match messages.recv_timeout(POLL_EVERY) {
                Ok(message) => {
                    last_message = Instant::now();
                    match message {
                        FromChild::Confined(level) => received.level = Some(level),
                        FromChild::Progress { phase, done, total } => {
                            reached = (phase, done, total);
                        }
                        FromChild::Request(request) => {
                            let is_done = self.listener.cache_request(request);
                            send(&mut input, &FromParent::Answer(is_done));
                        }
                        end @ (FromChild::Done(_) | FromChild::Failed(_)) => {
                            received.end = Some(end);
                        }
                    }
                }
                // It has closed its output: it is ending.
                Err(RecvTimeoutError::Disconnected) => {
                    if let Some(status) = reap(child)? {
                        return Ok((status, received));
                    }
                    received.ended_for = Some(EndedFor::Silence);
                    child.kill()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let (phase, done, total) = &reached;
            let go = self.listener.progress(phase, *done, *total);
            let is_cancelled = go.is_break() || (self.is_cancelled)();
            if is_cancelled && stopping.is_none() && received.end.is_none() {
                stopping = Some(Instant::now());
                send(&mut input, &FromParent::Cancel);
            }
            let over = if stopping.is_some_and(|since| since.elapsed() > STOP_WITHIN) {
                Some(EndedFor::Cancelled)
            } else if began.elapsed() > self.budget.wall {
                Some(EndedFor::Time)
            } else if last_message.elapsed() > self.budget.silence {
                Some(EndedFor::Silence)
            } else {
                None
            };
            if over.is_some() && received.ended_for.is_none() {
                received.ended_for = over;
                child.kill()?;
            }
        }
    }
}

/// Waits for a child that has closed its output; `None` where it stays.
fn reap(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < STOP_WITHIN {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(None)
}

fn send(input: &mut Option<ChildStdin>, message: &FromParent) {
    let Some(pipe) = input else { return };
    let line = serde_json::to_string(message).unwrap_or_default();
    if writeln!(pipe, "{line}").is_err() {
        *input = None;
    }
}

/// Reads what a child sends; whatever else is on its output is ignored.
fn read_messages(stream: impl Read, messages: &Sender<FromChild>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut stream).take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if let Ok(message) = serde_json::from_slice(&line)
            && messages.send(message).is_err()
        {
            return;
        }
    }
}

/// Passes a child's log on, without what a terminal would obey; gives its last lines.
fn pass_on_log(stream: impl Read) -> Vec<String> {
    let mut stream = BufReader::new(stream);
    let mut last = Vec::new();
    loop {
        let mut line = Vec::new();
        match (&mut stream)
            .take(LOG_LINE_MAX)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return last,
            Ok(_) => {}
        }
        let text: String = String::from_utf8_lossy(&line)
            .trim_end()
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        writeln!(std::io::stderr().lock(), "{text}").ok();
        if last.len() == LOG_LINES_MAX {
            last.remove(0);
        }
        last.push(text);
    }
}

fn is_out_of_memory(text: &str) -> bool {
    const WORDS: [&str; 4] = [
        "memory allocation of",
        "Cannot allocate memory",
        "os error 12",
        "bad_alloc",
    ];
    WORDS.iter().any(|words| text.contains(words))
}

/// Why a child ended that gave no result.
fn why_ended(
    status: ExitStatus,
    ended_for: Option<EndedFor>,
    log: &[String],
    budget: &Budget,
) -> WorkerError {
    let minutes = |time: Duration| match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    };
    let limits = &budget.limits;
    let (what, option) = match (ended_for, status.signal()) {
        (Some(EndedFor::Cancelled), _) => return WorkerError::Cancelled,
        (Some(EndedFor::Time), _) => (format!("{} for one job", minutes(budget.wall)), TIME),
        (Some(EndedFor::Silence), _) => {
            let time = minutes(budget.silence);
            (format!("{time} without progress"), TIME)
        }
        (None, Some(libc::SIGXCPU)) => {
            let time = minutes(Duration::from_secs(limits.cpu_seconds));
            (format!("{time} of processor time"), TIME)
        }
        // Out of memory, or a fault that memory would not cure.
        (None, Some(libc::SIGABRT)) if log.iter().any(|line| is_out_of_memory(line)) => {
            let memory = limits.memory_bytes >> 30;
            (format!("{memory} GiB of memory"), "--memory-max")
        }
        (None, Some(signal)) => {
            return WorkerError::NoResult {
                what: format!("was ended by signal {signal}"),
            };
        }
        (None, None) => {
            return WorkerError::NoResult {
                what: format!("gave no result ({status})"),
            };
        }
    };
    WorkerError::Limit { what, option }
}

/// The option that raises limits of time.
const TIME: &str = "--time-max";
