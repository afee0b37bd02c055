//! The segments that workers encoded for a render (`--chunks`, `--queue`).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use redact_core::{ApprovedPlan, Digest};
use redact_record::plan;
use redact_release::chunks::render::{RenderDivision, SuppliedSegments, TaskOutput};
use redact_release::chunks::{ChunkFolder, ChunkPlan, ChunkWork, DoneChunk};
use redact_release::options::EncodingOptions;

use crate::{key, paths};

/// What other machines encoded for a render, if they did.
#[derive(Default)]
pub(crate) struct Encoded {
    supplied: Option<SuppliedSegments>,
    /// The folder that it is in, if it is to be removed afterward.
    _folder: Option<tempfile::TempDir>,
}

impl Encoded {
    /// Segments, and the folder that they are in if it is to be removed.
    pub(crate) const fn new(supplied: SuppliedSegments, folder: Option<tempfile::TempDir>) -> Self {
        Self {
            supplied: Some(supplied),
            _folder: folder,
        }
    }

    /// The segments.
    pub(crate) const fn supplied(&self) -> Option<&SuppliedSegments> {
        self.supplied.as_ref()
    }
}

/// The chunk plan of a render, and what was committed for each of its tasks.
pub(crate) struct RenderChunks {
    folder: ChunkFolder,
    plan: ChunkPlan,
    done: Vec<DoneChunk>,
}

impl RenderChunks {
    /// Reads the chunk plan in `folder`; every task must be done.
    ///
    /// # Errors
    /// When the plan is not one of a render by this version of the program, or tasks are missing.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let folder = ChunkFolder::new(folder);
        let (plan, digest) = ChunkPlan::read(&folder.plan_path())?;
        plan.check_program()?;
        let done = folder.all_done(digest, plan.tasks())?;
        let chunks = Self { folder, plan, done };
        chunks.division()?;
        Ok(chunks)
    }

    fn division(&self) -> Result<&RenderDivision> {
        match &self.plan.work {
            ChunkWork::Render(division) => Ok(division),
            ChunkWork::Scan(_) => Err(self.plan.other_work("render"))
                .with_context(|| self.folder.plan_path().display().to_string()),
        }
    }

    /// How the segments are encoded, and with them the release.
    ///
    /// # Errors
    /// Never: the chunk plan was checked.
    pub(crate) fn encoding(&self) -> Result<EncodingOptions> {
        Ok(self.division()?.encoding())
    }

    /// The segments, for a release by `plan` of the recording with this SHA-256 and length.
    ///
    /// # Errors
    /// When the chunk plan is for another recording or another plan, or a key cannot be read.
    pub(crate) fn supply(
        &self,
        plan: &ApprovedPlan,
        source: (Digest, u64),
    ) -> Result<SuppliedSegments> {
        let name = || self.folder.plan_path().display().to_string();
        self.plan.check_source(source).with_context(name)?;
        let divided = plan::from_bytes(self.division()?.plan.as_bytes()).with_context(name)?;
        let (found, expected) = (plan::content(&divided), plan::content(plan.plan()));
        if found != expected {
            bail!(
                "{}: made for another plan: found content {found}; the plan to render has \
                 {expected}; divide this plan with `redact chunks render`",
                name()
            );
        }
        let output = |done: &DoneChunk| TaskOutput {
            task: done.task,
            path: self.folder.object_path(done.output.0),
            sha256: done.output.0,
        };
        Ok(SuppliedSegments {
            outputs: self.done.iter().map(output).collect(),
            trusted: key::trusted_workers()?,
            folder: paths::segment_cache()?,
        })
    }
}
