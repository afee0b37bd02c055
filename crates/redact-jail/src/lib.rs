//! Confines a process that decodes hostile files to its input and its output.
//!
//! There are five layers: Landlock for files, a seccomp filter for all other system calls, resource
//! limits, no capabilities and groups, and no inherited file descriptors. They are applied in three
//! steps, because a program and a model runtime must be loaded first:
//!
//! 1. [`spawn`], in the parent: a thread of the parent confines itself and starts the process,
//!    which inherits the rules of that thread from its first instruction on. It can only execute
//!    the given program, so that all libraries of the program are loaded under these rules.
//! 2. [`enter`], the first thing that the process does, before it has a second thread: it can no
//!    longer execute anything, and can only read what [`Bounds`] name, and libraries.
//! 3. [`seal`], before it opens a hostile file and while it still has one thread: libraries and
//!    models are inaccessible, and no memory can become executable.
//!
//! Rules accumulate and are never lifted. Later threads inherit the rules of the first one.

mod error;
mod file_rules;
mod level;
mod limits;
mod privileges;
mod start;
mod syscalls;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use error::JailError;
pub use level::JailLevel;
pub use limits::{Allowance, Budget, Limits};
pub use start::{Starter, spawn};

use file_rules::FileRules;

/// What a process may access.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// The parent process; when it ends, the job ends.
    pub parent: u32,
    /// Files and folders to read.
    pub read: Vec<PathBuf>,
    /// Existing files to write.
    pub write: Vec<PathBuf>,
    /// Folders in which it may create files.
    pub folders: Vec<PathBuf>,
    /// Models and libraries to read before it is sealed.
    pub load: Vec<PathBuf>,
    /// Resource limits.
    pub limits: Limits,
    /// Maximum Landlock version, to test older kernels; [`JailLevel`] reports it.
    pub landlock_max: Option<i32>,
    /// Whether it may run on a system that cannot confine it.
    pub allow_weak: bool,
    /// Whether it must be able to open other users' files, as root can.
    pub foreign_files: bool,
}

/// What libraries read while they are loaded and detect the processor.
const WHILE_LOADING: &[&str] = &[
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/sys/kernel/mm",
    "/usr/lib",
    "/usr/lib64",
];

/// The second step, which the process does first. Call it before there is a second thread.
///
/// # Errors
/// [`JailError::Weak`] if Landlock or seccomp is missing and `bounds` do not allow that; others if
/// the system refuses a step.
pub fn enter(bounds: &Bounds) -> Result<JailLevel, JailError> {
    privileges::die_with_parent(bounds.parent).ok_or(JailError::Orphan)?;
    privileges::close_descriptors()?;
    bounds.limits.enforce()?;
    privileges::drop_privileges(bounds.foreign_files)?;
    let files = FileRules {
        read: bounds.read.iter().chain(&bounds.load).collect(),
        write: bounds.write.iter().collect(),
        folders: bounds.folders.iter().collect(),
        optional: WHILE_LOADING,
        ..FileRules::default()
    };
    let level = JailLevel {
        landlock_abi: file_rules::confine(&files, bounds.landlock_max)?,
        landlock_capped: bounds.landlock_max.is_some(),
        seccomp: syscalls::confine(syscalls::Step::Loading).is_ok(),
    };
    if level.is_full() || bounds.allow_weak {
        Ok(level)
    } else {
        Err(JailError::Weak { level })
    }
}

/// The last step, before the process opens a hostile file. Threads may be started afterwards.
///
/// # Errors
/// [`JailError::Threads`] if there are other threads; others if the system refuses a step.
pub fn seal(bounds: &Bounds, level: JailLevel) -> Result<(), JailError> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads != 1 && !bounds.allow_weak {
        return Err(JailError::Threads { threads });
    }
    let files = FileRules {
        read: bounds.read.iter().collect(),
        write: bounds.write.iter().collect(),
        folders: bounds.folders.iter().collect(),
        ..FileRules::default()
    };
    file_rules::confine(&files, bounds.landlock_max)?;
    if level.seccomp {
        syscalls::confine(syscalls::Step::Decoding)?;
    }
    Ok(())
}
