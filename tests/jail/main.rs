//! What a confined process can still do: nothing of a long list, from any thread.
//!
//! This program starts itself once per probe: free, as a control that the attack works at all on
//! this machine, and confined by the same three calls that confine every child of `redact`, as the
//! kernel allows and with Landlock at its first version. Confined, each probe runs from the first
//! thread, from one that was started later, and from one that that one started.

#![allow(
    clippy::let_underscore_must_use,
    reason = "what a failed attack answers is of no matter"
)]
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "attacks are system calls that no library offers, and a test without a harness talks"
)]

mod files;
mod kernel;
mod limits;
mod network;
mod processes;
mod world;

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use redact_jail::{Bounds, Limits};
use world::{Paths, World};

/// An attack: whether it did what it is for.
pub(crate) type Probe = (&'static str, fn(&Paths) -> bool);

/// The kernel's answer to a system call.
pub(crate) fn call(number: i64, arguments: &[usize]) -> Result<usize, i32> {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    let [a, b, c, d, e, f] = all;
    // SAFETY: pointers among the arguments are to live buffers or null; a probe is a process of its
    // own, which nothing else relies on.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if answer >= 0 {
        Ok(answer as usize)
    } else {
        Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }
}

/// Whether a system call succeeds.
pub(crate) fn works(number: i64, arguments: &[usize]) -> bool {
    call(number, arguments).is_ok()
}

/// A terminated string that stays until the process ends.
pub(crate) fn text(words: &str) -> usize {
    let words = std::ffi::CString::new(words).unwrap();
    words.into_raw() as usize
}

/// A buffer of zeros that stays until the process ends.
pub(crate) fn zeros(bytes: usize) -> usize {
    Box::leak(vec![0_u64; bytes.div_ceil(8)].into_boxed_slice()).as_mut_ptr() as usize
}

/// Numbers that stay until the process ends.
pub(crate) fn numbers<const N: usize>(values: [u64; N]) -> usize {
    Box::leak(Box::new(values)).as_mut_ptr() as usize
}

pub(crate) const HERE: usize = libc::AT_FDCWD as usize;

fn probes() -> Vec<Probe> {
    [
        &[
            (HONEST, files::honest_work as fn(&Paths) -> bool),
            (SECOND_THREAD, |_| false),
        ],
        files::PROBES,
        network::PROBES,
        processes::PROBES,
        kernel::PROBES,
    ]
    .concat()
}

/// How a probe runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Free,
    Confined,
    /// With Landlock at its first version, as on Ubuntu 22.04.
    Oldest,
    /// As it is started, before it has done anything itself.
    Born,
}

const MODES: [(&str, Mode); 3] = [
    ("free", Mode::Free),
    ("confined", Mode::Confined),
    ("oldest", Mode::Oldest),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, name, mode, paths] = arguments.as_slice()
        && word == "probe"
    {
        let mode = match mode.as_str() {
            "born" => Mode::Born,
            mode => MODES.iter().find(|(known, _)| *known == mode).unwrap().1,
        };
        std::process::exit(attempt(name, mode, &serde_json::from_str(paths).unwrap()));
    }
    if let [_, word, name, low, given] = arguments.as_slice()
        && word == limits::LIMIT
    {
        std::process::exit(limits::attempt(name, low, given));
    }
    if arguments.iter().any(|word| word == limits::AS_USER) {
        return limits::as_user();
    }
    if arguments.iter().any(|word| word == "--list") {
        return;
    }
    let mut all = probes();
    all.retain(|(name, _)| ![HONEST, SECOND_THREAD].contains(name));
    let mut worked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (word, mode) in MODES {
        for (name, _) in &all {
            if run(name, word, mode) {
                worked.entry(word).or_default().push(name);
            }
        }
    }
    let of = |word: &str| worked.get(word).cloned().unwrap_or_default();
    let (free, confined, oldest) = (of("free"), of("confined"), of("oldest"));
    println!(
        "{} probes; free {} succeed, confined {}, with Landlock ABI 1 {}",
        all.len(),
        free.len(),
        confined.len(),
        oldest.len()
    );
    if std::env::var_os("JAIL_PROBES_VERBOSE").is_some() {
        let blocked = all.iter().filter(|(name, _)| !free.contains(name));
        let blocked: Vec<&str> = blocked.map(|(name, _)| *name).collect();
        println!("do not work here at all: {}", blocked.join(", "));
    }
    assert!(confined.is_empty(), "confined, these work: {confined:?}");
    assert!(
        oldest.is_empty(),
        "with Landlock ABI 1, these work: {oldest:?}"
    );
    assert!(all.len() >= 120, "{} probes", all.len());
    assert!(
        free.len() >= 80,
        "the control: only {} of them work",
        free.len()
    );
    let born: Vec<&str> = all
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| run(name, "born", Mode::Born))
        .collect();
    println!("{} succeed before it runs: {born:?}", born.len());
    let out_of_reach = network::PROBES.iter().map(|(name, _)| *name);
    for name in out_of_reach.chain(NEVER) {
        assert!(!born.contains(&name), "it is born able to {name}");
    }
    second_thread_is_refused();
    honest_work_goes_on();
    limits::each_limit_holds();
}

/// Runs one probe in a process of its own; whether it did what it is for.
fn run(name: &str, word: &str, mode: Mode) -> bool {
    let world = World::new();
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["probe", name, word])
        .arg(serde_json::to_string(&world.paths).unwrap())
        .stdin(world.terminal())
        .stdout(nowhere())
        .stderr(Stdio::piped());
    let output = match mode {
        Mode::Free => command.output().unwrap(),
        _ => output(command, &bounds(&world.paths, landlock_max(mode))),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => true,
        Some(NO) => false,
        // A limit may end it; a probe that breaks down proves nothing.
        None if mode != Mode::Free => false,
        other => panic!("{name} ({word}): {other:?} {said}"),
    }
}

/// Starts a confined process as the program does, and waits for its end.
pub(crate) fn output(command: Command, bounds: &Bounds) -> Output {
    let (child, starter) = redact_jail::spawn(command, bounds).expect("this system confines");
    let output = child.wait_with_output().unwrap();
    drop(starter);
    output
}

/// An open file that takes everything. A confined thread could not open it.
pub(crate) fn nowhere() -> Stdio {
    std::fs::File::create("/dev/null").unwrap().into()
}

fn landlock_max(mode: Mode) -> Option<i32> {
    (mode == Mode::Oldest).then_some(1)
}

/// Exit status of a probe that did not do what it is for.
pub(crate) const NO: i32 = 7;

fn attempt(name: &str, mode: Mode, paths: &Paths) -> i32 {
    let probe = probes().into_iter().find(|(known, _)| *known == name);
    let probe = probe.unwrap().1;
    if matches!(mode, Mode::Free | Mode::Born) {
        return if probe(paths) { 0 } else { NO };
    }
    if name == SECOND_THREAD {
        std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(5)));
    }
    let bounds = bounds(paths, landlock_max(mode));
    let level = redact_jail::enter(&bounds).expect("this system confines");
    assert!(level.is_full());
    redact_jail::seal(&bounds, level).expect("this system confines");
    // Each from a thread of its own; the first one last, because an attack may end it.
    let nested = paths.clone();
    let late = std::thread::spawn(move || {
        let inner = nested.clone();
        let deep = std::thread::spawn(move || probe(&inner)).join().unwrap();
        probe(&nested) || deep
    });
    let late = late.join().unwrap();
    if probe(paths) || late { 0 } else { NO }
}

pub(crate) fn bounds(paths: &Paths, landlock_max: Option<i32>) -> Bounds {
    Bounds {
        parent: paths.starter,
        read: vec![paths.evidence.clone().into()],
        write: vec![paths.partial.clone().into()],
        folders: vec![paths.own.clone().into()],
        load: vec![paths.models.clone().into()],
        limits: Limits {
            memory_bytes: 1 << 30,
            address_bytes: 4 << 30,
            cpu_seconds: 20,
            file_bytes: 1 << 20,
            tasks: 4096,
        },
        landlock_max,
        allow_weak: false,
        foreign_files: false,
    }
}

/// Goal: who has a second thread is not taken for confined.
fn second_thread_is_refused() {
    let world = World::new();
    let mut command = Command::new("/proc/self/exe");
    let paths = serde_json::to_string(&world.paths).unwrap();
    command.args(["probe", SECOND_THREAD, "confined", &paths]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("threads: 2"), "{said}");
}

/// Goal: what a job needs still works: the other half of the control.
fn honest_work_goes_on() {
    for (word, mode) in MODES {
        assert!(run(HONEST, word, mode), "honest work, {word}");
    }
}

/// What a process is not even born with, beside the network.
const NEVER: [&str; 11] = [
    "read the passwords",
    "read the key",
    "read the event log",
    "write the event log",
    "read another case",
    "write another case",
    "remove another case",
    "write the evidence",
    "read the environment of the parent",
    "read the memory map of the parent",
    "set another's limits",
];

/// Reads its input, writes its partial file and in its folder, starts threads.
const HONEST: &str = "honest work";

/// Starts a thread before it is confined.
const SECOND_THREAD: &str = "second thread";
