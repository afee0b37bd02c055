//! Drops what a process inherits and does not need: file descriptors, groups, capabilities.

use rustix::process::{Signal, geteuid, getppid, set_parent_process_death_signal};
use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs, set_thread_groups,
};

use crate::error::JailError;

/// Makes this process end with its parent. `None` if the parent has already ended.
pub(crate) fn die_with_parent(parent: u32) -> Option<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    // The parent may have ended before that.
    let now = getppid()?.as_raw_nonzero().get();
    (u32::try_from(now).ok()? == parent).then_some(())
}

/// Closes all file descriptors except standard input, output and error.
///
/// # Errors
/// If the open descriptors cannot be listed.
pub(crate) fn close_descriptors() -> Result<(), JailError> {
    let entries = std::fs::read_dir("/proc/self/fd").map_err(JailError::Descriptors)?;
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > 2)
        .collect();
    for fd in open {
        // One of them was that of the folder, which is already closed.
        nix::unistd::close(fd).ok();
    }
    Ok(())
}

/// Drops groups and capabilities of the calling thread, and prevents it from gaining others.
///
/// - `foreign_files`: root can still open other users' files, within the rules of Landlock.
///
/// # Errors
/// If the system refuses a required step.
pub(crate) fn drop_privileges(foreign_files: bool) -> Result<(), JailError> {
    set_no_new_privs(true).map_err(refused)?;
    if !geteuid().is_root() {
        // A user's process has no privileges that Landlock and seccomp do not cover.
        return set_none(CapabilitySet::empty());
    }
    // Root may not be allowed to in a container, where it has no relevant groups.
    set_thread_groups(&[]).ok();
    let needed = if foreign_files {
        CapabilitySet::DAC_OVERRIDE
    } else {
        CapabilitySet::empty()
    };
    // A program that root starts gets what is left in this set.
    for capability in (CapabilitySet::all() - needed).iter() {
        remove_capability_from_bounding_set(capability).ok();
    }
    set_none(needed)
}

fn set_none(but: CapabilitySet) -> Result<(), JailError> {
    let had = rustix::thread::capabilities(None).map_err(refused)?;
    let sets = CapabilitySets {
        effective: had.effective & but,
        permitted: had.permitted & but,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets).map_err(refused)
}

fn refused(error: rustix::io::Errno) -> JailError {
    JailError::Privileges(error.into())
}
