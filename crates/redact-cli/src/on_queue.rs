//! Scans and renders that workers of a queue do for another verb.
//!
//! This machine divides the work, has the tasks done, and puts their outputs together: it links the
//! tracks of a scan, and it decodes, audits and compares what was encoded for a render. Keys for
//! releases and approvals stay here.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_core::{ApprovedPlan, Findings, FrameSpan, MaskRegion};
use redact_jail::JailLevel;
use redact_queue::{JobKind, SourceFile};
use redact_record::manifest::Hex;
use redact_release::ReleaseError;
use redact_release::chunks::render::divide_render;
use redact_release::chunks::{
    ChunkError, ChunkFolder, ChunkPlan, ChunkSource, ChunkWork, DivideRequest, OUTPUT_BYTES_MAX,
    divide_scan, link_scan,
};
use redact_release::options::{EncodingOptions, InputOptions};
use redact_release::ports::Ports;
use redact_release::scan::ScanRequest;

use crate::args::{GlobalArgs, OnQueueArgs, QueuePlaceArgs};
use crate::queue::{ChunkJob, Submitter};
use crate::segments::{Encoded, RenderChunks};
use crate::terminal::warn_line;

/// A queue whose workers do what a verb would do on this machine.
pub(crate) struct OnQueue<'a> {
    place: QueuePlaceArgs,
    chunk_seconds: u32,
    global: &'a GlobalArgs,
}

impl<'a> OnQueue<'a> {
    /// The queue that was given, if one was.
    ///
    /// # Errors
    /// Only in a program that was built without the queue.
    pub(crate) fn new(args: &OnQueueArgs, global: &'a GlobalArgs) -> Result<Option<Self>> {
        Ok(args.place().map(|place| Self {
            place,
            chunk_seconds: args.chunk_seconds,
            global,
        }))
    }

    /// Scans a recording in chunks. Where the chunks do not fit together, it is scanned whole, by
    /// one worker.
    ///
    /// # Errors
    /// When the recording, the queue or the store cannot be used, or a chunk needs a person.
    pub(crate) fn scan(
        &self,
        request: &ScanRequest<'_>,
        ports: &Ports<'_>,
    ) -> Result<(Findings, JailLevel)> {
        let scanned = self.scan_in_chunks(request, Some(self.chunk_seconds), ports);
        match scanned {
            Err(error) if is_unfit(&error) => {
                warn_line(&format!(
                    "{error:#}; scanning the whole recording as one task"
                ));
                self.scan_in_chunks(request, None, ports)
            }
            scanned => scanned,
        }
    }

    fn scan_in_chunks(
        &self,
        request: &ScanRequest<'_>,
        chunk_seconds: Option<u32>,
        ports: &Ports<'_>,
    ) -> Result<(Findings, JailLevel)> {
        let clip = absolute(request.clip)?;
        let divide = DivideRequest {
            clip: &clip,
            models: request.models,
            input: request.input,
            transcript: request.transcript,
            acknowledged: request.acknowledged,
            chunk_seconds,
        };
        let (plan, _) = divide_scan(&divide, ports)?;
        let models = &request.models.folder;
        let folder = self.done_by_workers(&plan, JobKind::Scan, Some(models))?;
        let folder = ChunkFolder::new(folder.path());
        let (plan, digest) = ChunkPlan::read(&folder.plan_path())?;
        let done = folder.all_done(digest, plan.tasks())?;
        let mut read = |task: u32| folder.read(&done[task as usize], OUTPUT_BYTES_MAX);
        Ok(link_scan(&plan, digest, &clip, &mut read)?)
    }

    /// Has what a mask touches encoded; nothing where the recording cannot be divided, or where so
    /// little is to be encoded that one machine is faster.
    ///
    /// - `encoding`: how pictures are encoded;
    /// - `models`: the folder with models, which tells the workers of this queue apart.
    ///
    /// # Errors
    /// When the recording, the queue or the store cannot be used, or a chunk needs a person.
    pub(crate) fn segments(
        &self,
        clip: &Path,
        plan: &ApprovedPlan,
        (encoding, models): (&EncodingOptions, Option<&Path>),
        ports: &Ports<'_>,
    ) -> Result<Encoded> {
        if !is_worth_dividing(plan) {
            return Ok(Encoded::default());
        }
        let clip = absolute(clip)?;
        let (division, _) = divide_render(&clip, plan, encoding, ports)?;
        if division.tasks() == 0 {
            return Ok(Encoded::default());
        }
        let source = &plan.plan().source;
        let source = ChunkSource {
            path: clip,
            sha256: Hex(source.digest),
            bytes: source.bytes,
        };
        let input = InputOptions::of_plan(plan.plan());
        let chunks = ChunkPlan::new(source.clone(), input, ChunkWork::Render(division));
        let folder = self.done_by_workers(&chunks, JobKind::Render, models)?;
        let made = RenderChunks::open(folder.path())?;
        let supplied = made.supply(plan, (source.sha256.0, source.bytes))?;
        Ok(Encoded::new(supplied, Some(folder)))
    }

    /// Has the tasks of a plan done; gives the folder with the plan and their outputs.
    fn done_by_workers(
        &self,
        plan: &ChunkPlan,
        kind: JobKind,
        models: Option<&Path>,
    ) -> Result<tempfile::TempDir> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        ChunkFolder::new(folder.path()).write_plan(plan)?;
        let job = ChunkJob {
            kind,
            plan: &plan.to_bytes()?,
            tasks: plan.tasks(),
            source: SourceFile {
                path: plan.source.path.clone(),
                sha256: plan.source.sha256.0,
                bytes: plan.source.bytes,
            },
        };
        Submitter::new(&self.place, models, self.global.quiet).do_job(&job, folder.path())?;
        Ok(folder)
    }
}

/// Whether at least half of the frames have a mask. Where few do, one machine makes the release
/// faster than several: it analyzes and checks all of it in any case (`benches/scale.md`).
fn is_worth_dividing(plan: &ApprovedPlan) -> bool {
    let frames = plan.plan().source.frames;
    let mut spans: Vec<FrameSpan> = plan
        .redactions()
        .masks
        .iter()
        .map(MaskRegion::span)
        .collect();
    spans.sort_by_key(|span| span.start());
    let (mut masked, mut until) = (0, 0);
    for span in spans {
        let (start, end) = (span.start().get().max(until), span.end().get());
        masked += end.saturating_sub(start);
        until = until.max(end);
    }
    masked >= frames.div_ceil(2)
}

/// The path by which other machines open the recording.
fn absolute(clip: &Path) -> Result<PathBuf> {
    std::path::absolute(clip).context("no working folder")
}

/// Whether the outputs of a scan's tasks do not fit together.
fn is_unfit(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<ReleaseError>();
    error
        .is_some_and(|error| matches!(error.cause(), ReleaseError::Chunk(ChunkError::Unfit { .. })))
}
