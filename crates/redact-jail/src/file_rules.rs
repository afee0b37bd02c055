//! The files that a process may access: Landlock (Linux 5.13 and later).
//!
//! The system call filter covers what older versions of Landlock do not (TCP, truncation, signals,
//! devices).

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, Scope,
};

use crate::error::JailError;

/// The newest version that this program uses; older kernels enforce what they support.
const NEWEST: i32 = 9;

/// Accessible files.
#[derive(Default)]
pub(crate) struct FileRules<'a> {
    /// Files and whole folders to read.
    pub(crate) read: Vec<&'a PathBuf>,
    /// Existing files to read and write.
    pub(crate) write: Vec<&'a PathBuf>,
    /// Folders in which files are created, read, written and removed.
    pub(crate) folders: Vec<&'a PathBuf>,
    /// Files and folders to read if they exist.
    pub(crate) optional: &'a [&'a str],
    /// Programs to execute.
    pub(crate) execute: &'a [PathBuf],
}

/// Permanently restricts this thread and everything it starts to opening and executing what `rules`
/// name. Returns the Landlock version in force, 0 if the kernel has none.
///
/// # Errors
/// If a path does not exist or the kernel rejects the rules.
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
    // An empty set is an error, and older versions have neither.
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

/// `right`, if version `abi` has it.
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
