//! One task of a render in chunks: encodes its segments, and signs each.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redact_core::{ApprovedPlan, Digest, FrameSpan, Progress, Source as _, SourceInfo};
use redact_jail::{JailError, JailLevel};
use redact_media::{Preset, RunReader, RunTimes, SegmentCache, SegmentSink};
use redact_record::manifest::{Hex, LevelsFile};
use redact_record::plan;
use redact_record::sign::{KeyPair, Signed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::divide::{FormFile, RenderDivision};
use super::file;
use super::header::SegmentHeader;
use super::times::RunFile;
use crate::chunks::error::ChunkError;
use crate::error::{Context as _, ReleaseError, Result, WorkerError};
use crate::options::PresetForm;
use crate::ports::{
    Access, CacheRequest, Clock, JobKind, JobPorts, Listener, Ports, ProgressListener, SegmentId,
    job as job_text,
};
use crate::render::{encode_options, open_options};
use crate::segment_cache::{RenderSettings, SegmentCacheClient, exchange_in, read_segment};

/// One task to do.
pub struct SegmentChunk<'a> {
    /// The recording.
    pub clip: &'a Path,
    /// SHA-256 of the recording, which was just compared with the chunk plan.
    pub source: Digest,
    /// How the render is divided.
    pub division: &'a RenderDivision,
    /// The task.
    pub task: u32,
    /// Signs segments, and nothing else.
    pub key: &'a KeyPair,
    /// A folder of this user's own, made if need be: segments come out of the confined worker
    /// through it.
    pub folder: &'a Path,
}

/// What a task put out.
#[derive(Clone, Copy, Debug)]
pub struct ChunkSegments {
    /// Segments.
    pub segments: usize,
    /// Runs whose segments are too large to be passed on: the machine that makes the release
    /// encodes them.
    pub left: usize,
    /// How well the worker was confined.
    pub level: JailLevel,
}

/// Lets a confined worker encode the segments of a task, signs each of them, and gives the task's
/// output piece by piece to `write`.
///
/// # Errors
/// The first cause; what was written is then no output.
pub fn encode_chunk(
    chunk: &SegmentChunk<'_>,
    ports: &Ports<'_>,
    write: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
) -> Result<ChunkSegments> {
    let division = chunk.division;
    let plan = plan::from_bytes(division.plan.as_bytes())?;
    let plan = plan::approved(plan, chunk.source)?;
    division.check_encoding(&plan)?;
    let (task, tasks) = (chunk.task, division.tasks());
    let runs = division.runs(task).zip(division.form());
    let (runs, form) = runs.ok_or(ChunkError::NoTask { task, tasks })?;
    let exchange = exchange_in(chunk.folder)?;
    let work = SegmentWork {
        clip: chunk.clip.to_owned(),
        plan: division.plan.clone(),
        source: Hex(chunk.source),
        preset: division.preset(),
        crf: division.crf(),
        form,
        levels: division.levels().to_vec(),
        runs: runs.to_vec(),
        threads: ports.threads,
        segments: exchange.path().to_owned(),
    };
    let access = Access {
        read: vec![chunk.clip.to_owned()],
        folders: vec![exchange.path().to_owned()],
        ..Access::default()
    };
    write(file::beginning())?;
    let spans = runs.iter().filter_map(RunFile::frames);
    let listener = SegmentListener {
        settings: RenderSettings {
            plan: &plan,
            preset: work.preset,
            crf: work.crf,
        },
        progress: ports.progress,
        clock: ports.clock,
        key: chunk.key,
        exchange: exchange.path(),
        state: Mutex::new(Signing {
            due: spans.collect(),
            signed: 0,
            write,
            failed: None,
        }),
    };
    let text = job_text(JobKind::EncodeSegments, &work)?;
    let (_, level) = ports.worker.run(text, &access, &listener)?;
    let state = listener.state.into_inner();
    let state = state.unwrap_or_else(PoisonError::into_inner);
    match state.failed {
        Some(error) => Err(error),
        None => Ok(ChunkSegments {
            segments: state.signed,
            left: state.due.len(),
            level,
        }),
    }
}

/// Passes progress on, and signs what the worker encoded.
struct SegmentListener<'a> {
    settings: RenderSettings<'a>,
    progress: &'a dyn Progress,
    clock: &'a dyn Clock,
    key: &'a KeyPair,
    exchange: &'a Path,
    state: Mutex<Signing<'a>>,
}

struct Signing<'a> {
    /// Runs without a segment so far.
    due: Vec<FrameSpan>,
    signed: usize,
    write: &'a mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    failed: Option<ReleaseError>,
}

impl Listener for SegmentListener<'_> {
    fn progress(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failed.is_some() {
            // A full disk, for example: encoding the rest would be useless.
            return ControlFlow::Break(());
        }
        ProgressListener(self.progress).progress(phase, done, total)
    }

    fn cache_request(&self, request: CacheRequest) -> bool {
        let CacheRequest::Store(segment) = request else {
            return false;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match self.sign(segment, &mut state) {
            Ok(is_done) => is_done,
            Err(error) => {
                state.failed.get_or_insert(error);
                false
            }
        }
    }
}

impl SegmentListener<'_> {
    /// Signs and writes what the worker encoded, if it is one of the segments of this task.
    fn sign(&self, segment: SegmentId, state: &mut Signing<'_>) -> Result<bool> {
        let is_it = |span: &FrameSpan| {
            (span.start().get(), span.end().get()) == (segment.start, segment.end)
        };
        let place = state.due.iter().position(is_it);
        let (Some(place), Some(pictures)) = (place, read_segment(self.exchange)) else {
            return Ok(false);
        };
        let header = SegmentHeader::of(self.settings, state.due[place]);
        if header.check_pictures(&pictures).is_err() {
            return Err(WorkerError::InvalidResult.into());
        }
        let signed = header.sign_over(&pictures)?;
        let now = self.clock.now();
        let signature = self.key.sign_bytes(&signed, Signed::CachedSegment, now)?;
        for part in file::entry(&signature, &signed) {
            (state.write)(&part)?;
        }
        state.due.remove(place);
        state.signed += 1;
        Ok(true)
    }
}

/// A task, for the confined worker.
#[derive(Serialize, Deserialize)]
pub(crate) struct SegmentWork {
    clip: PathBuf,
    /// The approved plan, as its file has it.
    plan: String,
    /// SHA-256 of the recording.
    source: Hex,
    #[serde(with = "PresetForm")]
    preset: Preset,
    crf: u8,
    form: FormFile,
    levels: Vec<Option<LevelsFile>>,
    runs: Vec<RunFile>,
    threads: usize,
    /// Folder through which segments go to the caller.
    segments: PathBuf,
}

impl SegmentWork {
    /// Gives up every right but to read the recording and to pass segments on, and encodes them.
    ///
    /// # Errors
    /// The first cause.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let plan = plan::from_bytes(self.plan.as_bytes())?;
        let plan = plan::approved(plan, self.source.0)?;
        let levels = self.levels.iter().map(|file| file.as_ref()?.levels());
        let plan = plan.with_levels(levels.collect());
        let times = self.runs.iter().map(RunFile::times);
        let runs: Option<Vec<RunTimes>> = times.collect();
        let runs = runs.ok_or(WorkerError::InvalidResult)?;
        seal()?;
        let spans: Vec<FrameSpan> = runs.iter().map(|run| run.frames).collect();
        let form = self.form.into();
        let options = open_options(&plan, self.threads);
        let reader = RunReader::open(&self.clip, &options, &form, runs).in_file(&self.clip)?;
        check_video(&plan, reader.info()).in_file(&self.clip)?;
        let link = Arc::clone(&ports.cache);
        let segments: Arc<dyn SegmentCache> =
            Arc::new(SegmentCacheClient::of(&self.segments, &spans, link));
        let encode = encode_options(&plan, self.preset, self.crf, self.threads);
        let sink = SegmentSink::new(&reader, &encode, &form, segments).in_file(&self.clip)?;
        let (reader, sink) = (Box::new(reader), Box::new(sink));
        let done = redact_engine::render_spans(reader, &plan, &spans, sink, ports.progress);
        let report = done.in_file(&self.clip)?;
        Ok(serde_json::json!({ "frames": report.frames }))
    }
}

/// Refuses a recording whose pictures are not described as in the plan. Sound is not read.
fn check_video(plan: &ApprovedPlan, found: &SourceInfo) -> Result<()> {
    let planned = &plan.plan().source;
    let found = SourceInfo {
        audio: planned.info.audio.clone(),
        ..found.clone()
    };
    match planned.disagreement(&found) {
        None => Ok(()),
        Some((what, expected, found)) => Err(ReleaseError::WrongSource {
            what,
            expected,
            found,
        }),
    }
}
