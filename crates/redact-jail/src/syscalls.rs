//! The system calls that a process may make: a seccomp filter with a list; all others fail.
//!
//! It covers what Landlock does not cover, or only in newer kernels: all kinds of network access,
//! signals, devices, other processes, new namespaces, executable memory, truncation by name, and
//! changes to a file's mode, owner, times and attributes. Filters accumulate: they can be made
//! stricter, never looser.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, apply_filter_all_threads,
};

use crate::error::JailError;

type Result<T> = std::result::Result<T, JailError>;

fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JailError {
    JailError::Calls(error.into())
}

/// The progress of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A thread of the parent starts it, and it loads its libraries.
    Starting,
    /// It still has to load models and the model runtime, and to confine itself further.
    Loading,
    /// It is about to open a recording.
    Decoding,
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Permanently confines all threads of this process; in [`Step::Starting`], only this thread and
/// what it starts.
///
/// # Errors
/// If the kernel has no seccomp filters.
pub(crate) fn confine(step: Step) -> Result<()> {
    let apply = |filter: &BpfProgram| match step {
        Step::Starting => apply_filter(filter).map_err(refused),
        Step::Loading | Step::Decoding => apply_filter_all_threads(filter).map_err(refused),
    };
    if step != Step::Decoding {
        // Its flags are in memory, which a filter cannot read; the C library falls back to `clone`.
        let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let denied = SeccompAction::Errno(errno(libc::ENOSYS));
        apply(&program(absent, SeccompAction::Allow, denied)?)?;
    }
    let mut allowed = rules(step)?;
    // Of two filters the stricter one counts, so this does not override the one above.
    allowed.insert(libc::SYS_clone3, Vec::new());
    let denied = SeccompAction::Errno(errno(libc::EPERM));
    apply(&program(allowed, denied, SeccompAction::Allow)?)
}

fn program(rules: Rules, otherwise: SeccompAction, listed: SeccompAction) -> Result<BpfProgram> {
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(refused)?;
    let filter = SeccompFilter::new(rules, otherwise, listed, machine).map_err(refused)?;
    filter.try_into().map_err(refused)
}

const fn errno(code: i32) -> u32 {
    code.cast_unsigned()
}

/// Calls that are allowed with any arguments.
const ALWAYS: &[i64] = &[
    // Open files, and files and folders within the rules of Landlock.
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_fadvise64,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // This process's own threads, and waiting.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
];

/// Equivalent calls that only x86-64 has.
#[cfg(target_arch = "x86_64")]
const ALWAYS_HERE: &[i64] = &[
    libc::SYS_poll,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_HERE: &[i64] = &[];

/// Calls that only loading needs: finding libraries, and confining the process further.
///
/// They include `newfstatat` and `statx`, which take a path besides a descriptor; a filter cannot
/// check whether the path is empty. After that, only `fstat` gives information about an open file.
const LOADING: &[i64] = &[
    libc::SYS_faccessat,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_restrict_self,
    libc::SYS_newfstatat,
    libc::SYS_readlinkat,
    libc::SYS_seccomp,
    libc::SYS_statx,
];
#[cfg(target_arch = "x86_64")]
const LOADING_HERE: &[i64] = &[
    libc::SYS_access,
    libc::SYS_lstat,
    libc::SYS_readlink,
    libc::SYS_stat,
];
#[cfg(not(target_arch = "x86_64"))]
const LOADING_HERE: &[i64] = &[];

/// Calls that only starting needs: the parent's thread starts the program, which initializes itself
/// and then takes the second step. All of them only affect the process itself.
const STARTING: &[i64] = &[
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_dup3,
    libc::SYS_execve,
    // One of FFmpeg's libraries prints a warning if it fails.
    libc::SYS_mlock,
    libc::SYS_pipe2,
    libc::SYS_prctl,
    libc::SYS_set_tid_address,
    libc::SYS_setgroups,
    libc::SYS_setpgid,
    libc::SYS_statfs,
    libc::SYS_tgkill,
    libc::SYS_wait4,
];
#[cfg(target_arch = "x86_64")]
const STARTING_HERE: &[i64] = &[libc::SYS_arch_prctl, libc::SYS_dup2];
#[cfg(not(target_arch = "x86_64"))]
const STARTING_HERE: &[i64] = &[];

/// Commands of `fcntl` that only affect the descriptor or a lock on it.
const DESCRIPTOR: &[i32] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
];

/// Bits of `clone` that create namespaces, or trace the new process.
const NAMESPACES: i32 = libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWUTS
    | libc::CLONE_PTRACE
    | libc::CLONE_UNTRACED;

/// Bits of `clone` that create something other than a thread of this process.
const NOT_A_THREAD: i32 = NAMESPACES | libc::CLONE_VFORK;

/// Bits of a file mode that give a program its owner's rights.
const SET_ID: u64 = 0o7000;

fn rules(step: Step) -> Result<Rules> {
    let any = |calls: &[&[i64]]| calls.concat().into_iter().map(|call| (call, Vec::new()));
    let mut rules: Rules = any(&[ALWAYS, ALWAYS_HERE]).collect();
    if step != Step::Decoding {
        rules.extend(any(&[LOADING, LOADING_HERE]));
    }
    let process = u64::from(std::process::id());
    let (exec, write) = (bits(libc::PROT_EXEC), bits(libc::PROT_WRITE));
    let mut some = |call: i64, conditions: Vec<SeccompCondition>| -> Result<()> {
        let rule = SeccompRule::new(conditions).map_err(refused)?;
        rules.entry(call).or_default().push(rule);
        Ok(())
    };
    // No memory can become executable: libraries were mapped earlier.
    some(libc::SYS_mmap, vec![without(2, exec)?])?;
    some(libc::SYS_mprotect, vec![without(2, exec)?])?;
    // Landlock does not restrict handles without rights (`O_PATH`) or the mode of a new file.
    let handle = match step {
        // Rules of Landlock refer to files by such handles.
        Step::Starting | Step::Loading => 0,
        Step::Decoding => bits(libc::O_PATH),
    };
    // Landlock's first versions allow truncating a file with read access.
    let (access, truncate) = (bits(libc::O_ACCMODE), bits(libc::O_TRUNC));
    for how in [
        masked(2, truncate, 0)?,
        masked(2, access, bits(libc::O_WRONLY))?,
        masked(2, access, bits(libc::O_RDWR))?,
    ] {
        let rest = [without(2, handle)?, without(3, SET_ID)?];
        some(libc::SYS_openat, [vec![how], rest.to_vec()].concat())?;
    }
    some(libc::SYS_mkdirat, vec![without(2, SET_ID)?])?;
    #[cfg(target_arch = "x86_64")]
    some(libc::SYS_mkdir, vec![without(1, SET_ID)?])?;
    let no_replace = u64::from(libc::RENAME_NOREPLACE);
    some(
        libc::SYS_renameat2,
        vec![masked(4, !no_replace & u64::from(u32::MAX), 0)?],
    )?;
    for &name in DESCRIPTOR {
        some(libc::SYS_fcntl, vec![equals(1, bits(name))?])?;
    }
    let thread = bits(libc::CLONE_THREAD);
    some(
        libc::SYS_clone,
        vec![masked(0, thread | bits(NOT_A_THREAD), thread)?],
    )?;
    // `abort` and `raise`; no other process can be signaled.
    some(libc::SYS_tgkill, vec![equals(0, process)?])?;
    // Reading a limit of its own, not setting one.
    some(libc::SYS_prlimit64, vec![equals(0, 0)?, null(2)?])?;
    for option in [libc::PR_SET_NAME, libc::PR_GET_NAME, PR_SET_VMA] {
        some(libc::SYS_prctl, vec![equals(0, bits(option))?])?;
    }
    if step != Step::Decoding {
        // The dynamic loader maps a library's code from its file, never writable.
        some(libc::SYS_mmap, vec![masked(2, exec | write, exec)?])?;
        let option = bits(libc::PR_SET_NO_NEW_PRIVS);
        some(libc::SYS_prctl, vec![equals(0, option)?])?;
    }
    if step == Step::Starting {
        some(libc::SYS_clone, vec![without(0, bits(NAMESPACES))?])?;
        some(libc::SYS_prlimit64, vec![equals(0, 0)?])?;
        // These replace conditions above.
        rules.extend(any(&[STARTING, STARTING_HERE]));
    }
    Ok(rules)
}

/// Names a mapping for debuggers; `libc` has another name for it on some systems.
const PR_SET_VMA: i32 = 0x5356_4d41;

fn bits(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

/// Argument `number` has no bit of `mask`.
fn without(number: u8, mask: u64) -> Result<SeccompCondition> {
    masked(number, mask, 0)
}

fn masked(number: u8, mask: u64, value: u64) -> Result<SeccompCondition> {
    let operator = SeccompCmpOp::MaskedEq(mask);
    SeccompCondition::new(number, SeccompCmpArgLen::Dword, operator, value).map_err(refused)
}

fn equals(number: u8, value: u64) -> Result<SeccompCondition> {
    SeccompCondition::new(number, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).map_err(refused)
}

/// Argument `number` is a null pointer.
fn null(number: u8) -> Result<SeccompCondition> {
    SeccompCondition::new(number, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0).map_err(refused)
}
