//! Which files a process may reach: Landlock (Linux 5.13 and later).
//!
//! What older versions of Landlock leave open (TCP, truncation, signals, devices) is closed by the
//! list of system calls.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, Scope,
};

use crate::error::JailError;

/// The newest version that this program knows; older kernels enforce what they can.
const NEWEST: i32 = 9;

/// Files in reach.
#[derive(Default)]
pub(crate) struct FileRules<'a> {
    /// Read, files and whole folders.
    pub(crate) read: Vec<&'a PathBuf>,
    /// Files that are there: read and written.
    pub(crate) write: Vec<&'a PathBuf>,
    /// Folders in which files are made, read, written and removed.
    pub(crate) folders: Vec<&'a PathBuf>,
    /// Read if they are there.
    pub(crate) optional: &'a [&'a str],
    /// Programs that are executed.
    pub(crate) execute: &'a [PathBuf],
}

/// Confines this thread and what it starts, for good: only what `rules` name is opened or
/// executed. Gives the version in force, 0 where the kernel has none.
///
/// # Errors
/// When a path is not there or the kernel refuses the rules.
pub(crate) fn confine(rules: &FileRules<'_>, landlock_max: Option<i32>) -> Result<u32, JailError> {
    let version = landlock_max.map_or(NEWEST, |max| max.min(NEWEST));
    let abi = ABI::from(version);
    if abi == ABI::Unsupported {
        return Ok(0);
    }
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .map_err(refused)?;
    // Asking for nothing is an error, and older versions have neither.
    if abi >= ABI::V4 {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(abi))
            .map_err(refused)?;
    }
    if abi >= ABI::V6 {
        ruleset = ruleset.scope(Scope::from_all(abi)).map_err(refused)?;
    }
    let mut created = ruleset.create().map_err(refused)?;
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
    for path in rules.execute {
        created = allow(created, path, AccessFs::ReadFile | AccessFs::Execute)?;
    }
    let status = created.restrict_self().map_err(refused)?;
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
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, JailError> {
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::from(NEWEST))
    };
    let fd = PathFd::new(path).map_err(|error| unreachable_path(path, error))?;
    ruleset
        .add_rule(PathBeneath::new(fd, access))
        .map_err(|error| unreachable_path(path, error))
}

fn refused(error: landlock::RulesetError) -> JailError {
    JailError::Files(error.into())
}

fn unreachable_path(
    path: &Path,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> JailError {
    JailError::Path {
        path: path.display().to_string(),
        source: error.into(),
    }
}
