//! What a process inherits and does not need: descriptors, groups, capabilities.

use rustix::process::{Signal, geteuid, getppid, set_parent_process_death_signal};
use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs, set_thread_groups,
};

use crate::error::JailError;

/// Makes this process end with its parent, whatever it is doing. `None` where the parent is gone.
pub(crate) fn die_with_parent(parent: u32) -> Option<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    // It may have ended before that.
    let now = getppid()?.as_raw_nonzero().get();
    (u32::try_from(now).ok()? == parent).then_some(())
}

/// Closes every descriptor but standard input, output and error.
///
/// # Errors
/// When it cannot be told which are open.
pub(crate) fn close_descriptors() -> Result<(), JailError> {
    let entries = std::fs::read_dir("/proc/self/fd").map_err(JailError::Descriptors)?;
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > 2)
        .collect();
    for fd in open {
        // One of them was the folder's own, and is closed already.
        nix::unistd::close(fd).ok();
    }
    Ok(())
}

/// Drops groups and capabilities of the calling thread, and the way to get others.
///
/// - `foreign_files`: root stays able to open files of other users; Landlock says which.
///
/// # Errors
/// When the system refuses what it must be able to do.
pub(crate) fn drop_privileges(foreign_files: bool) -> Result<(), JailError> {
    set_no_new_privs(true).map_err(refused)?;
    if !geteuid().is_root() {
        // Nothing to drop: what a user's process has, Landlock and seccomp take.
        return set_none(CapabilitySet::empty());
    }
    // In a container root may not be allowed to; then it has none that matter.
    set_thread_groups(&[]).ok();
    let needed = if foreign_files {
        CapabilitySet::DAC_OVERRIDE
    } else {
        CapabilitySet::empty()
    };
    // A program that root starts has what is left here.
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
