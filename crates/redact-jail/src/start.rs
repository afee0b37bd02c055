//! Starts a process that is confined from its first instruction on.
//!
//! Rules of Landlock and seccomp belong to a thread, and a process inherits those of the thread
//! that starts it. Therefore a thread of the parent confines itself and starts the process. The
//! program, its libraries and whatever they do before `main` are subject to these rules.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::file_rules::{self, FileRules};
use crate::syscalls::{self, Step};
use crate::{Bounds, JailError, WHILE_LOADING, privileges};

/// The thread that started a process. The system ends the process when this thread ends, so the
/// thread waits until this value is dropped.
#[derive(Debug)]
pub struct Starter {
    leave: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Starter {
    fn drop(&mut self) {
        drop(self.leave.take());
        if let Some(thread) = self.thread.take() {
            // The thread only waits, so that its result is irrelevant.
            thread.join().ok();
        }
    }
}

/// The first step: starts `command` as a process that can only access what `bounds` name and
/// libraries, can only execute its own program, and cannot open connections. The process must then
/// take the second step, [`crate::enter`].
///
/// Drop the [`Starter`] when the process has ended.
///
/// # Errors
/// [`JailError::Start`] if it does not start; [`JailError::Path`] and [`JailError::Files`] if it
/// cannot be confined. The second step rejects a kernel without Landlock or seccomp.
pub fn spawn(mut command: Command, bounds: &Bounds) -> Result<(Child, Starter), JailError> {
    let bounds = bounds.clone();
    let (sender, started) = channel();
    let (leave, left) = channel::<()>();
    let start = move || {
        let child = confine_thread(&command, &bounds)
            .and_then(|()| command.spawn().map_err(JailError::Start));
        let waits = child.is_ok();
        if sender.send(child).is_ok() && waits {
            // Waits until the sender is dropped; nothing is ever sent.
            left.recv().ok();
        }
    };
    let thread = std::thread::Builder::new().spawn(start);
    let starter = Starter {
        leave: Some(leave),
        thread: Some(thread.map_err(JailError::Start)?),
    };
    let child = started
        .recv()
        .map_err(|_| JailError::Start(std::io::Error::other("the starting thread has ended")))??;
    Ok((child, starter))
}

/// Permanently confines the calling thread.
fn confine_thread(command: &Command, bounds: &Bounds) -> Result<(), JailError> {
    let mut execute = vec![PathBuf::from(command.get_program())];
    execute.extend(loader());
    // The process's own folder in /proc is not known yet; the second step removes access to others.
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
    // The second step reports a kernel without seccomp.
    syscalls::confine(Step::Starting).ok();
    Ok(())
}

/// The dynamic loader, which the kernel executes first: the one that loaded this program.
fn loader() -> Option<PathBuf> {
    // proc_pid_maps(5): the sixth field is the mapped file.
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let path = PathBuf::from(line.split_whitespace().nth(5)?);
        let name = path.file_name()?.to_str()?;
        (name.starts_with("ld-") || name.starts_with("ld.")).then(|| path.clone())
    })
}
