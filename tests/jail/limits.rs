//! Limits of the system: each stops what exceeds it, and lets through what does not.

use std::process::{Command, Stdio};

use redact_jail::Limits;

use crate::world::{Paths, World};
use crate::{bounds, call, output, text, works, zeros};

/// A limit: what is done, and a limit under which that must fail. Under the limits of the probes it
/// must succeed.
struct Case {
    name: &'static str,
    lower: fn(&mut Limits),
    act: fn(&Paths) -> bool,
}

const MIB: usize = 1 << 20;

const CASES: &[Case] = &[
    Case {
        name: "memory",
        lower: |limits| limits.memory_bytes = 128 << 20,
        act: |_| {
            let how = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
            let access = (libc::PROT_READ | libc::PROT_WRITE) as usize;
            works(libc::SYS_mmap, &[0, 256 * MIB, access, how, usize::MAX, 0])
        },
    },
    Case {
        name: "address space",
        lower: |limits| limits.address_bytes = 1 << 30,
        act: |_| {
            let how = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE) as usize;
            works(libc::SYS_mmap, &[0, 2048 * MIB, 0, how, usize::MAX, 0])
        },
    },
    Case {
        name: "processor time",
        lower: |limits| limits.cpu_seconds = 1,
        act: |_| {
            // getrusage(2): seconds and microseconds of this process, then of the kernel for it.
            let usage = zeros(144);
            loop {
                call(libc::SYS_getrusage, &[0, usage]).unwrap();
                // SAFETY: the buffer has the call's 144 bytes.
                let [seconds, micros, kernel, kernel_micros] =
                    unsafe { *(usage as *const [i64; 4]) };
                if seconds + kernel + (micros + kernel_micros) / 1_000_000 >= 2 {
                    return true;
                }
            }
        },
    },
    Case {
        name: "length of a file",
        lower: |limits| limits.file_bytes = 64 << 10,
        act: |paths| {
            let path = text(&format!("{}/long", paths.own));
            let how = (libc::O_WRONLY | libc::O_CREAT) as usize;
            let file = call(libc::SYS_openat, &[crate::HERE, path, how, 0o600]).unwrap();
            let bytes = 256 << 10;
            call(libc::SYS_write, &[file, zeros(bytes), bytes]) == Ok(bytes)
        },
    },
    Case {
        name: TASKS,
        lower: |limits| limits.tasks = 1,
        act: |_| std::thread::Builder::new().spawn(|| {}).is_ok(),
    },
];

/// Root is not held to it by the system.
const TASKS: &str = "threads";

/// Files that may be open; this limit is always the same.
const FILES: &str = "open files";

/// Runs each case with the probes' limits and with the one that must stop it.
pub(crate) fn each_limit_holds() {
    let root = rustix::process::geteuid().is_root();
    for case in CASES.iter().filter(|case| case.name != TASKS || !root) {
        assert!(run(case.name, "free", |_| {}), "{}: control", case.name);
        assert!(
            !run(case.name, "low", case.lower),
            "{} is exceeded",
            case.name
        );
    }
    assert!(run(FILES, "free", |_| {}), "{FILES}: control");
    assert!(!run(FILES, "low", |_| {}), "{FILES} is exceeded");
    if root {
        tasks_of_another_user();
    }
}

/// The limit of threads holds for users other than root: this program goes on as one of them.
fn tasks_of_another_user() {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new("/proc/self/exe");
    command.arg(AS_USER).uid(65534).gid(65534);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{TASKS}: {said}");
}

/// The word that starts this program for [`as_user`].
pub(crate) const AS_USER: &str = "limits-as-user";

/// Checks the limit of threads as the user that this process runs as.
pub(crate) fn as_user() {
    let case = CASES.iter().find(|case| case.name == TASKS).unwrap();
    assert!(run(case.name, "free", |_| {}), "{TASKS}: control");
    assert!(!run(case.name, "low", case.lower), "{TASKS} is exceeded");
}

/// The word that starts this program for [`attempt`].
pub(crate) const LIMIT: &str = "limit";

/// Whether a case succeeds in a confined process whose limits `change` made.
fn run(name: &str, word: &str, change: fn(&mut Limits)) -> bool {
    let world = World::new();
    let mut bounds = bounds(&world.paths, None);
    change(&mut bounds.limits);
    let mut command = Command::new("/proc/self/exe");
    command
        .args([LIMIT, name, word])
        .arg(serde_json::to_string(&(&world.paths, &bounds)).unwrap())
        .stdin(crate::nowhere())
        .stdout(crate::nowhere())
        .stderr(Stdio::piped());
    let output = output(command, &bounds);
    match output.status.code() {
        Some(0) => true,
        // Ended by the system, or refused.
        None | Some(crate::NO) => false,
        other => {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{name} ({word}): {other:?} {said}")
        }
    }
}

/// The confined process: does what a case is about. Exit status 0 where it could.
pub(crate) fn attempt(name: &str, word: &str, given: &str) -> i32 {
    let (paths, bounds): (Paths, redact_jail::Bounds) = serde_json::from_str(given).unwrap();
    let level = redact_jail::enter(&bounds).expect("this system confines");
    redact_jail::seal(&bounds, level).expect("this system confines");
    let done = match CASES.iter().find(|case| case.name == name) {
        Some(case) => (case.act)(&paths),
        None => opens(&paths, if word == "low" { 200 } else { 100 }),
    };
    // An exit status says it where a message could not be written any more.
    if done { 0 } else { crate::NO }
}

fn opens(paths: &Paths, files: usize) -> bool {
    let path = text(&paths.evidence);
    (0..files).all(|_| works(libc::SYS_openat, &[crate::HERE, path, 0, 0]))
}
