//! Confines a process that decodes hostile files: what is left is its input and its output.
//!
//! Five layers: Landlock for files, a seccomp list of system calls for everything else, limits of
//! the system, no capability and no group, no descriptor that was inherited. It is done in three
//! steps, because a program and a model runtime must be loaded:
//!
//! 1. [`spawn`], in the parent: the process is born confined. The parent confines one thread of its
//!    own, which starts the process; a process has the rules of the thread that started it from its
//!    first instruction on. It can execute the given program alone, so that the many libraries of
//!    that are loaded behind the rules already.
//! 2. [`enter`], the first thing that the process does, before it has a second thread: nothing is
//!    executed any more, what is read is what [`Bounds`] name, and libraries.
//! 3. [`seal`], before a hostile file is opened and while there is still one thread: libraries and
//!    models are out of reach, and no memory becomes executable any more.
//!
//! Rules add up and are never taken back. Threads that start later have what the first one has.

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

/// What a process may reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// Process that started it: when that is gone, so is the reason for the job.
    pub parent: u32,
    /// Files and folders that it reads.
    pub read: Vec<PathBuf>,
    /// Files that are there already and that it writes.
    pub write: Vec<PathBuf>,
    /// Folders of its own.
    pub folders: Vec<PathBuf>,
    /// Models and libraries, which it reads before it is sealed.
    pub load: Vec<PathBuf>,
    /// Limits of the system.
    pub limits: Limits,
    /// The newest version of Landlock that is used, for tests of what holds on older kernels;
    /// [`JailLevel`] says so.
    pub landlock_max: Option<i32>,
    /// Whether it may run where the system cannot confine it.
    pub allow_weak: bool,
    /// Whether it must be able to open files of other users, as root can.
    pub foreign_files: bool,
}

/// What libraries read while they are loaded and look at the processor.
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

/// The second step, and the first that the process does itself. Call it before there is a second
/// thread.
///
/// # Errors
/// [`JailError::Weak`] where Landlock or seccomp is missing and `bounds` do not allow that; the
/// others say what the system refused.
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

/// The last step, before a hostile file is opened. Threads may be started after it.
///
/// # Errors
/// [`JailError::Threads`] when there are some already; the others say what the system refused.
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
