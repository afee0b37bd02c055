//! Starts a process that is confined before it exists.
//!
//! Rules of Landlock and seccomp belong to a thread, and a process inherits those of the thread
//! that starts it. So a thread of the parent confines itself and starts the process. The program
//! is loaded, with its libraries and what these do before `main`, behind the rules.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::file_rules::{self, FileRules};
use crate::syscalls::{self, Step};
use crate::{Bounds, JailError, WHILE_LOADING, privileges};

/// The thread that started a process. The system ends that process when this thread ends, so it
/// waits until it is dropped.
#[derive(Debug)]
pub struct Starter {
    leave: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Starter {
    fn drop(&mut self) {
        drop(self.leave.take());
        if let Some(thread) = self.thread.take() {
            // It only waits; there is nothing to learn from its end.
            thread.join().ok();
        }
    }
}

/// The first step: starts `command` as a process that can reach what `bounds` name and libraries,
/// execute nothing but its own program, and open no connection. It then takes the second step,
/// [`crate::enter`].
///
/// Drop the [`Starter`] when the process has ended.
///
/// # Errors
/// [`JailError::Start`] when it does not start; [`JailError::Path`] and [`JailError::Files`] when
/// it cannot be confined. A kernel without Landlock or seccomp is the second step's to refuse.
pub fn spawn(mut command: Command, bounds: &Bounds) -> Result<(Child, Starter), JailError> {
    let bounds = bounds.clone();
    let (sender, started) = channel();
    let (leave, told) = channel::<()>();
    let start = move || {
        let child = confine_thread(&command, &bounds)
            .and_then(|()| command.spawn().map_err(JailError::Start));
        let waits = child.is_ok();
        if sender.send(child).is_ok() && waits {
            // Nothing is ever sent.
            told.recv().ok();
        }
    };
    let thread = std::thread::Builder::new().spawn(start);
    let starter = Starter {
        leave: Some(leave),
        thread: Some(thread.map_err(JailError::Start)?),
    };
    let child = started.recv().map_err(|_| {
        JailError::Start(std::io::Error::other("the thread that starts it is gone"))
    })??;
    Ok((child, starter))
}

/// Confines the calling thread, for good.
fn confine_thread(command: &Command, bounds: &Bounds) -> Result<(), JailError> {
    let mut execute = vec![PathBuf::from(command.get_program())];
    execute.extend(loader());
    // The process's own folder there is not known yet; the second step takes the others away.
    let optional = [WHILE_LOADING, &["/proc"]].concat();
    let files = FileRules {
        read: bounds.read.iter().chain(&bounds.load).collect(),
        write: bounds.write.iter().collect(),
        folders: bounds.folders.iter().collect(),
        optional: &optional,
        execute: &execute,
    };
    privileges::drop_privileges(bounds.foreign_files)?;
    file_rules::confine(&files, bounds.landlock_max)?;
    // Where the kernel has none, the second step says so.
    syscalls::confine(Step::Starting).ok();
    Ok(())
}

/// The program that loads programs, which the kernel executes first: the one that loaded this.
fn loader() -> Option<PathBuf> {
    // proc_pid_maps(5): the sixth field is the file that is mapped.
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let path = PathBuf::from(line.split_whitespace().nth(5)?);
        let name = path.file_name()?.to_str()?;
        (name.starts_with("ld-") || name.starts_with("ld.")).then(|| path.clone())
    })
}
