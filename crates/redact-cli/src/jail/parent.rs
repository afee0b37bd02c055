//! Starts a confined process, hears what it says, and ends it where it takes too much.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::ops::ControlFlow;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use redact_jail::{Allowance, Bounds, Budget, JailLevel};
use serde::de::DeserializeOwned;

use super::child::VERB;
use super::wire::{Ask, Job, Said, Told};
use crate::args::GlobalArgs;
use crate::{eyes, failure, places};

/// A child that was asked to stop and has not is ended after this.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How often a child that says nothing is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The longest line that a child may say: findings of a long recording are one.
const LINE_MAX: u64 = 1 << 30;

/// Bytes of one line of a child's log.
const LOG_LINE_MAX: u64 = 4096;

/// Lines of a child's log that are remembered, to tell why it ended.
const LOG_LINES_MAX: usize = 20;

/// What a child may reach.
#[derive(Debug, Default)]
pub(crate) struct Confinement {
    /// Files and folders that it reads.
    pub(crate) read: Vec<PathBuf>,
    /// Files that are there already and that it writes.
    pub(crate) write: Vec<PathBuf>,
    /// Folders of its own.
    pub(crate) folders: Vec<PathBuf>,
    /// Models and the model runtime, if it runs any.
    pub(crate) models: Option<PathBuf>,
}

/// Who hears of a child.
pub(crate) trait Listener {
    /// It is so far. Asked from time to time also where nothing is new; `Break` stops the child.
    fn hear(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()>;

    /// It asks for something that it may not do; gives whether that was done.
    fn answer(&self, question: Ask) -> bool {
        let _ = question;
        false
    }
}

/// Does `job` in a confined process; gives its result and how well it was confined.
///
/// # Errors
/// Why the job could not be done: the child's own words, or the limit at which it was ended.
pub(crate) fn run<T: DeserializeOwned>(
    job: &Job,
    confinement: &Confinement,
    global: &GlobalArgs,
    listener: &dyn Listener,
) -> Result<(T, JailLevel)> {
    let budget = budget(confinement, global);
    let bounds = bounds(confinement, global, &budget);
    let (mut child, starter) = redact_jail::spawn(command(confinement)?, &bounds)?;
    let (sender, words) = channel();
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut input), Some(output), Some(log)) = streams else {
        unreachable!("all three were asked for");
    };
    let logger = std::thread::spawn(move || pass_on_log(log));
    let reader = std::thread::spawn(move || read_words(output, &sender));
    for line in [serde_json::to_string(&bounds)?, serde_json::to_string(job)?] {
        // A child that is gone already says why by its end.
        writeln!(input, "{line}").ok();
    }
    let watch = Watch {
        listener,
        budget: &budget,
    };
    let ended = watch.until_end(&mut child, &words, input);
    let (status, heard) = ended.context("cannot wait for the process that decodes")?;
    drop(starter);
    // Both end with the child.
    reader.join().ok();
    let log = logger.join().unwrap_or_default();
    let level = heard.level;
    match heard.end {
        Some(Said::Done(value)) => {
            let level = level.context("the process that decodes did not say how it is confined")?;
            let value = serde_json::from_value(value)
                .context("the process that decodes gave an unreadable result")?;
            Ok((value, level))
        }
        Some(Said::Failed(failure)) => Err(failure::FromChild {
            out_of_memory: is_out_of_memory(&failure.message).then_some(budget.limits.memory_bytes),
            message: failure.message,
            hint: failure.hint,
            refused: failure.refused,
            cancelled: failure.cancelled,
            lost_sound: failure.lost_sound,
        }
        .into()),
        _ => Err(why_ended(status, heard.ended_for, &log, &budget)),
    }
}

fn budget(confinement: &Confinement, global: &GlobalArgs) -> Budget {
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |data| data.len());
    let bytes = confinement.read.iter().map(length).sum();
    let allowance = Allowance {
        memory_bytes: global.memory_max.map(|gib| gib << 30),
        time: global
            .time_max
            .map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
    };
    Budget::new(bytes, eyes::threads(global.threads), allowance)
}

fn bounds(confinement: &Confinement, global: &GlobalArgs, budget: &Budget) -> Bounds {
    let mut load = Vec::new();
    if let Some(models) = &confinement.models {
        load.push(models.clone());
        load.extend(places::onnx_runtime().ok());
        // Links among the models lead there.
        load.extend(models.canonicalize().ok());
    }
    Bounds {
        parent: std::process::id(),
        read: confinement.read.clone(),
        write: confinement.write.clone(),
        folders: confinement.folders.clone(),
        load,
        limits: budget.limits,
        landlock_max: places::landlock_max(),
        allow_weak: global.allow_weak_jail,
        foreign_files: has_foreign_files(confinement),
    }
}

/// Whether a file belongs to another user, so that root can open it as root alone.
fn has_foreign_files(confinement: &Confinement) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    let all = [&confinement.read, &confinement.write, &confinement.folders];
    all.into_iter().flatten().any(|path| {
        let folder = path.parent().map(Path::to_owned);
        let owner = |path: &Path| std::fs::metadata(path).map_or(own, |data| data.uid());
        owner(path) != own || folder.is_some_and(|folder| owner(&folder) != own)
    })
}

/// This very program again, with nothing of this process's environment that it does not need.
fn command(confinement: &Confinement) -> Result<Command> {
    // What is running, also where its file was replaced since.
    let running = Path::new("/proc/self/exe");
    let program = match running.exists() {
        true => running.to_owned(),
        false => std::env::current_exe().context("cannot tell where this program is")?,
    };
    let mut command = Command::new(program);
    command.arg0("redact").arg(VERB).env_clear();
    for (name, value) in places::child_environment() {
        command.env(name, value);
    }
    if confinement.models.is_some()
        && let Ok(library) = places::onnx_runtime()
    {
        command.env("ORT_DYLIB_PATH", library);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C is for the parent, which asks the child to stop.
        .process_group(0);
    Ok(command)
}

/// What was heard of a child to its end.
#[derive(Default)]
struct Heard {
    level: Option<JailLevel>,
    end: Option<Said>,
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
    budget: &'a Budget,
}

impl Watch<'_> {
    fn until_end(
        &self,
        child: &mut Child,
        words: &Receiver<Said>,
        input: ChildStdin,
    ) -> std::io::Result<(ExitStatus, Heard)> {
        let mut input = Some(input);
        let (began, mut spoke) = (Instant::now(), Instant::now());
        let mut reached = ("start".to_owned(), 0, None);
        let mut stopping: Option<Instant> = None;
        let mut heard = Heard::default();
        loop {
            match words.recv_timeout(LOOK_EVERY) {
                Ok(said) => {
                    spoke = Instant::now();
                    match said {
                        Said::Confined(level) => heard.level = Some(level),
                        Said::Progress { phase, done, total } => reached = (phase, done, total),
                        Said::Ask(question) => {
                            let answer = Told::Answer(self.listener.answer(question));
                            tell(&mut input, &answer);
                        }
                        end @ (Said::Done(_) | Said::Failed(_)) => heard.end = Some(end),
                    }
                }
                // It has closed its output: it is ending.
                Err(RecvTimeoutError::Disconnected) => {
                    if let Some(status) = reap(child)? {
                        return Ok((status, heard));
                    }
                    heard.ended_for = Some(EndedFor::Silence);
                    child.kill()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let (phase, done, total) = &reached;
            let go = self.listener.hear(phase, *done, *total);
            if go.is_break() && stopping.is_none() && heard.end.is_none() {
                stopping = Some(Instant::now());
                tell(&mut input, &Told::Cancel);
            }
            let over = if stopping.is_some_and(|since| since.elapsed() > STOP_WITHIN) {
                Some(EndedFor::Cancelled)
            } else if began.elapsed() > self.budget.wall {
                Some(EndedFor::Time)
            } else if spoke.elapsed() > self.budget.silence {
                Some(EndedFor::Silence)
            } else {
                None
            };
            if over.is_some() && heard.ended_for.is_none() {
                heard.ended_for = over;
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

fn tell(input: &mut Option<ChildStdin>, told: &Told) {
    let Some(pipe) = input else { return };
    let line = serde_json::to_string(told).unwrap_or_default();
    if writeln!(pipe, "{line}").is_err() {
        *input = None;
    }
}

/// Reads what a child says; whatever else is on its output is no word of it.
fn read_words(stream: impl Read, words: &Sender<Said>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut stream).take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if let Ok(said) = serde_json::from_slice(&line)
            && words.send(said).is_err()
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
) -> anyhow::Error {
    let minutes = |time: Duration| match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    };
    let limits = &budget.limits;
    let limit = |what: String, option| failure::Limit { what, option }.into();
    match ended_for {
        Some(EndedFor::Cancelled) => return failure::Interrupted.into(),
        Some(EndedFor::Time) => {
            let what = format!("{} for one job", minutes(budget.wall));
            return limit(what, "--time-max");
        }
        Some(EndedFor::Silence) => {
            let what = format!("{} without progress", minutes(budget.silence));
            return limit(what, "--time-max");
        }
        None => {}
    }
    match status.signal() {
        Some(libc::SIGXCPU) => {
            let what = format!(
                "{} of processor time",
                minutes(Duration::from_secs(limits.cpu_seconds))
            );
            limit(what, "--time-max")
        }
        // Out of memory, or a fault that memory would not cure.
        Some(libc::SIGABRT) if log.iter().any(|line| is_out_of_memory(line)) => limit(
            format!("{} GiB of memory", limits.memory_bytes >> 30),
            "--memory-max",
        ),
        Some(signal) => anyhow::anyhow!(
            "the process that decodes was ended by signal {signal}; nothing of it was used"
        ),
        None => anyhow::anyhow!("the process that decodes gave no result ({status})"),
    }
}

/// A folder for one confined process, and for this user alone; removed when it is dropped.
pub(crate) struct Staging {
    folder: tempfile::TempDir,
    /// Open and locked for as long as this process lives.
    _locked: File,
}

impl Staging {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder in `beside` for one confined process. What killed processes left of theirs goes.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn staging(beside: &Path) -> Result<Staging> {
    let name = || beside.display().to_string();
    for entry in std::fs::read_dir(beside).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(STAGING);
        if ours && is_abandoned(&entry.path()) {
            // One that stays is in nobody's way.
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
    let folder = tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(beside)
        .with_context(name)?;
    let locked = File::open(folder.path()).with_context(name)?;
    locked.lock().with_context(name)?;
    Ok(Staging {
        folder,
        _locked: locked,
    })
}

/// How names of such folders begin.
const STAGING: &str = ".redact-job-";

/// A folder of a running process is locked by then.
const LOCKED_WITHIN: Duration = Duration::from_secs(60);

/// Whether a folder is this user's, and no process that is running has it.
fn is_abandoned(folder: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let mut how = File::options();
    let Ok(open) = how.read(true).custom_flags(flags).open(folder) else {
        return false;
    };
    let Ok(data) = open.metadata() else {
        return false;
    };
    let age = data.modified().ok().and_then(|at| at.elapsed().ok());
    data.uid() == rustix::process::geteuid().as_raw()
        && age.is_some_and(|age| age > LOCKED_WITHIN)
        && open.try_lock().is_ok()
}
