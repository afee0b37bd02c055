//! The findings that a plan was made from.

use std::path::{Path, PathBuf};

use redact_core::{Digest, Findings, Plan};
use redact_record::findings;
use redact_record::plan::PlanContent;

use crate::error::{Context as _, ReleaseError, Result};
use crate::names::findings_beside;

/// Where the findings of a plan are, or why there are none.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// The findings file; `None` takes the one beside the plan.
    pub findings: Option<PathBuf>,
    /// Why the plan is used without its findings.
    pub without_findings: Option<String>,
}

impl Basis {
    /// The findings of the plan at `path`, after the plan was checked against them; `None` where
    /// there are none.
    ///
    /// # Errors
    /// When they cannot be read, or the plan leaves out part of them: see
    /// [`PlanContent::check_findings`].
    pub fn check(&self, plan: &PlanContent, path: &Path) -> Result<Option<(Findings, Digest)>> {
        if self.without_findings.is_some() {
            return Ok(None);
        }
        let file = self.find(plan.plan(), path)?;
        let (found, digest) = findings::read(&file).in_file(&file)?;
        plan.check_findings(&found, digest).in_file(path)?;
        Ok(Some((found, digest)))
    }

    /// The findings file: the one that was named, or the one beside the plan.
    fn find(&self, plan: &Plan, path: &Path) -> Result<PathBuf> {
        if let Some(named) = &self.findings {
            return Ok(named.clone());
        }
        let beside = findings_beside(path);
        if beside.exists() {
            return Ok(beside);
        }
        let (file, digest) = (beside.display().to_string(), plan.findings);
        Err(ReleaseError::NoFindings { file, digest }).in_file(path)
    }
}
