//! The findings that a plan was made from, without which no plan is approved or rendered.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use redact_core::{Digest, Findings, Plan};
use redact_record::findings;
use redact_record::plan::PlanContent;

use crate::args::BasisArgs;
use crate::places;

/// The findings of the plan at `path`, after the plan was checked against them; `None` where
/// `args` declare that there are none.
///
/// # Errors
/// When they cannot be read, or the plan leaves out part of them: see
/// [`PlanContent::check_findings`].
pub(crate) fn check(
    plan: &PlanContent,
    path: &Path,
    args: &BasisArgs,
) -> Result<Option<(Findings, Digest)>> {
    if args.without_findings.is_some() {
        return Ok(None);
    }
    let file = find(plan.plan(), path, args)?;
    let (found, digest) = findings::read(&file).with_context(|| file.display().to_string())?;
    plan.check_findings(&found, digest)
        .with_context(|| path.display().to_string())?;
    Ok(Some((found, digest)))
}

/// The findings file: the one that was named, or the one beside the plan.
fn find(plan: &Plan, path: &Path, args: &BasisArgs) -> Result<PathBuf> {
    if let Some(named) = &args.findings {
        return Ok(named.clone());
    }
    let beside = places::findings_beside(path);
    if !beside.exists() {
        bail!(
            "{}: cannot check the plan against its findings: {} does not exist; give --findings \
             FILE, the file with SHA-256 {}",
            path.display(),
            beside.display(),
            plan.findings
        );
    }
    Ok(beside)
}
