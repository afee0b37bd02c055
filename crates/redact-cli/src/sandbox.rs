//! Takes from this process what decoding a hostile file does not need.
//!
//! FFmpeg parses hostile files in C. Before a recording is opened, the process gives up the network
//! and every file but the recordings it reads and the folders it writes to, through Landlock (Linux
//! 5.13 for files, 6.7 for TCP). On systems without it the job goes on and the log says so.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus,
};

/// The newest rules this program knows; older kernels enforce what they can.
const RULES: ABI = ABI::V4;

/// Confines this process, for good, to reading `read` and to writing in `write`.
///
/// Call it when models and keys are loaded and before threads start: threads that run already
/// keep what they had.
///
/// # Errors
/// When a path is not there or the kernel refuses the rules.
pub(crate) fn confine(read: &[&Path], write: &[PathBuf]) -> Result<()> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RULES))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(RULES)))
        .and_then(Ruleset::create)
        .context("cannot confine the process")?;
    let mut ruleset = ruleset;
    for path in read {
        ruleset = allow(ruleset, path, AccessFs::from_read(RULES))?;
    }
    for folder in write {
        ruleset = allow(ruleset, folder, AccessFs::from_all(RULES))?;
    }
    let status = ruleset
        .restrict_self()
        .context("cannot confine the process")?;
    if status.ruleset == RulesetStatus::NotEnforced {
        tracing::info!("this system has no Landlock: the process is not confined");
    }
    Ok(())
}

fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated> {
    let name = || format!("{}", path.display());
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(RULES)
    };
    let fd = PathFd::new(path).with_context(name)?;
    ruleset
        .add_rule(PathBeneath::new(fd, access))
        .with_context(name)
}
