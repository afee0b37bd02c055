//! Which files a process may reach: Landlock (Linux 5.13 and later).
//!
//! What older versions of Landlock leave open (TCP, truncation, signals, devices) is closed by the
//! list of system calls.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, Scope,
};

/// The newest version that this program knows; older kernels enforce what they can.
const NEWEST: i32 = 9;

/// Files in reach.
#[derive(Default)]
pub(super) struct FileRules<'a> {
    /// Read, files and whole folders.
    pub(super) read: Vec<&'a PathBuf>,
    /// Files that are there: read and written.
    pub(super) write: Vec<&'a PathBuf>,
    /// Folders in which files are made, read, written and removed.
    pub(super) folders: Vec<&'a PathBuf>,
    /// Read if they are there.
    pub(super) optional: &'a [&'a str],
}

/// Confines this thread and those that it starts, for good: nothing is executed, and only what
/// `rules` name is opened. Gives the version in force, 0 where the kernel has none.
///
/// # Errors
/// When a path is not there or the kernel refuses the rules.
pub(super) fn confine(rules: &FileRules<'_>, landlock_max: Option<i32>) -> Result<u32> {
    let version = landlock_max.map_or(NEWEST, |max| max.min(NEWEST));
    let abi = ABI::from(version);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .context("cannot confine the process")?;
    // Asking for nothing is an error, and older versions have neither.
    if abi >= ABI::V4 {
        ruleset = ruleset.handle_access(AccessNet::from_all(abi))?;
    }
    if abi >= ABI::V6 {
        ruleset = ruleset.scope(Scope::from_all(abi))?;
    }
    let mut created = ruleset.create().context("cannot confine the process")?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let file = AccessFs::ReadFile | AccessFs::WriteFile | since(abi, ABI::V3, AccessFs::Truncate);
    let folder = file
        | AccessFs::ReadDir
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    for path in &rules.read {
        created = allow(created, path, read)?;
    }
    for path in rules.optional.iter().map(PathBuf::from) {
        if path.exists() {
            created = allow(created, &path, read)?;
        }
    }
    for path in &rules.write {
        created = allow(created, path, file)?;
    }
    for path in &rules.folders {
        created = allow(created, path, folder)?;
    }
    let status = created
        .restrict_self()
        .context("cannot confine the process")?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => (effective_abi as u32).min(abi as u32),
        _ => 0,
    })
}

/// `right`, where version `abi` has it.
fn since(abi: ABI, first: ABI, right: AccessFs) -> BitFlags<AccessFs> {
    if abi >= first {
        right.into()
    } else {
        BitFlags::EMPTY
    }
}

fn allow(
    ruleset: RulesetCreated,
    path: &PathBuf,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated> {
    let name = || path.display().to_string();
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::from(NEWEST))
    };
    let fd = PathFd::new(path).with_context(name)?;
    ruleset
        .add_rule(PathBeneath::new(fd, access))
        .with_context(name)
}
