//! Runs jobs in this process, with an event log in memory.

#![allow(dead_code, reason = "each test uses some of it")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use redact_core::{ApprovedPlan, Digest, Findings, Progress, Sink as _, UtcNanos};
use redact_jail::JailLevel;
use redact_media::{Damaged, EncodeOptions, FileSink, Preset};
use redact_record::events::{Act, Checkpoint, EventDraft};
use redact_record::manifest::{Hex, PublicManifest};
use redact_record::release_paths;
use redact_record::sign::{KeyPair, TrustStore};
use redact_release::options::{EncodingOptions, InputOptions, ModelOptions, Profile, Reencode};
use redact_release::outputs::{Inputs, OutputOptions, Outputs};
use redact_release::ports::{
    Access, CacheLink, CacheRequest, Events, JobPorts, Listener, Ports, Worker,
};
use redact_release::render::{ExcerptRequest, ReleaseJob, RequestOptions, files_of, make_release};
use redact_release::segment_cache::SegmentCacheFolder;
use redact_release::{JobFailure, ReleaseError, WorkerError, confined};
use redact_testkit::Scene;
use serde_json::Value;
use serde_json::value::RawValue;

const LEVEL: JailLevel = JailLevel {
    landlock_abi: 0,
    landlock_capped: false,
    seccomp: false,
};

/// A worker on a thread of this process, which confines nothing.
pub(crate) struct InProcess<'a> {
    pub(crate) progress: &'a dyn Progress,
}

/// Requests of the segment cache, each with a way back.
struct Link(Mutex<Sender<(CacheRequest, Sender<bool>)>>);

impl CacheLink for Link {
    fn request(&self, request: CacheRequest) -> bool {
        let (answer, answered) = channel();
        self.0.lock().unwrap().send((request, answer)).unwrap();
        answered.recv().unwrap()
    }
}

impl Worker for InProcess<'_> {
    fn run(
        &self,
        job: Box<RawValue>,
        _access: &Access,
        listener: &dyn Listener,
    ) -> Result<(Value, JailLevel), WorkerError> {
        let (sender, requests) = channel();
        let done = std::thread::scope(|scope| {
            let work = scope.spawn(move || {
                let ports = JobPorts {
                    progress: self.progress,
                    cache: Arc::new(Link(Mutex::new(sender))),
                };
                confined::run(&job, || Ok(()), &ports)
            });
            for (request, answer) in requests {
                answer.send(listener.cache_request(request)).unwrap();
            }
            work.join().unwrap()
        });
        let failed = |error: ReleaseError| JobFailure {
            message: error.text(),
            hint: None,
            is_refused: error.is_refusal(),
            is_cancelled: error.is_cancelled(),
            remedy: error.remedy(),
            out_of_memory: None,
        };
        Ok((done.map_err(failed)?, LEVEL))
    }
}

/// The event log, in memory.
struct Memory {
    draft: EventDraft,
    succeeded: u64,
}

impl Events for Memory {
    fn draft(&mut self) -> &mut EventDraft {
        &mut self.draft
    }

    fn begin(&mut self, draft: EventDraft) {
        self.draft = draft;
    }

    fn succeeded(&mut self) -> Result<Checkpoint, ReleaseError> {
        self.succeeded += 1;
        Ok(Checkpoint {
            seq: self.succeeded,
            digest: Hex(redact_record::digest_bytes(b"entry")),
        })
    }
}

pub(crate) fn clock() -> UtcNanos {
    UtcNanos(1_790_000_000_000_000_000)
}

/// A folder with a recording, and a folder for models that is empty.
pub(crate) struct Recording {
    folder: tempfile::TempDir,
}

impl Recording {
    pub(crate) fn new() -> Self {
        Self::of(&Scene::new(320, 240, 50))
    }

    /// A recording of `scene`.
    pub(crate) fn of(scene: &Scene) -> Self {
        let here = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let options = EncodeOptions {
            preset: Preset::Ultrafast,
            ..EncodeOptions::default()
        };
        let sink = FileSink::create(&here.path("clip.mp4"), &scene.info(), &options);
        let mut sink = Box::new(sink.unwrap());
        for item in scene.items() {
            sink.write_item(item).unwrap();
        }
        sink.finish().unwrap();
        std::fs::create_dir(here.path("models")).unwrap();
        here
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the release, with a segment cache and an event log in memory.
    ///
    /// - `findings`: what the plan was made from, with the file's SHA-256.
    pub(crate) fn render(
        &self,
        plan: &ApprovedPlan,
        findings: Option<(&Findings, Digest)>,
        key: &KeyPair,
        trust: &TrustStore,
        ports: &Ports<'_>,
    ) {
        let of = (findings, None);
        self.make(plan, of, key, trust, ports).unwrap();
    }

    /// Makes a release of an excerpt, or says why not.
    pub(crate) fn render_excerpt(
        &self,
        plan: &ApprovedPlan,
        excerpt: Option<&ExcerptRequest>,
        key: &KeyPair,
        trust: &TrustStore,
        ports: &Ports<'_>,
    ) -> Result<PublicManifest, ReleaseError> {
        self.make(plan, (None, excerpt), key, trust, ports)
    }

    fn make(
        &self,
        plan: &ApprovedPlan,
        (findings, excerpt): (Option<(&Findings, Digest)>, Option<&ExcerptRequest>),
        key: &KeyPair,
        trust: &TrustStore,
        ports: &Ports<'_>,
    ) -> Result<PublicManifest, ReleaseError> {
        let (clip, release) = (self.path("clip.mp4"), self.path("clip.redacted.mp4"));
        let context = RequestOptions::default().context(None, trust).unwrap();
        let own = KeyPair::generate(None).unwrap();
        let program = redact_record::digest_bytes(b"program");
        let folder = self.path("segments");
        let cache = SegmentCacheFolder::open(&folder, own, program, Arc::new(clock)).unwrap();
        let job = ReleaseJob {
            clip: &clip,
            bound: None,
            release: &release,
            plan,
            findings,
            without_findings: findings.is_none().then_some("a test"),
            excerpt,
            encoding: &EncodingOptions {
                preset: Preset::Ultrafast,
                crf: None,
                reencode: Reencode::Touched,
            },
            context: &context,
            key,
            cache: Some(&cache),
            supplied: None,
            second_look: None,
            accept_detected: false,
            captions: plan.plan().captions.is_some(),
        };
        let mut events = Memory {
            draft: EventDraft::new(Act::Render),
            succeeded: 0,
        };
        let paths = release_paths(&release);
        let files = files_of(&release, &paths);
        let begin = || Ok(Inputs::default());
        let outputs = Outputs::begin(&files, &[&clip], OutputOptions::default(), begin);
        let mut outputs = outputs.unwrap();
        let made = make_release(&job, ports, &mut events, &mut outputs)?;
        outputs.finish().unwrap();
        if excerpt.is_none() {
            assert_eq!(made.render.frames, plan.plan().source.frames);
        }
        assert_eq!(events.succeeded, 2, "the render and the export");
        let is_due = |file: &&Path| **file != paths.captions || job.captions;
        assert!(files.iter().copied().filter(is_due).all(Path::is_file));
        Ok(made.manifest)
    }

    pub(crate) fn models(&self) -> ModelOptions {
        ModelOptions {
            folder: self.path("models"),
            runtime: None,
            profile: Profile::Fast,
        }
    }
}

pub(crate) fn ports<'a>(worker: &'a InProcess<'a>) -> Ports<'a> {
    Ports {
        worker,
        progress: worker.progress,
        clock: &clock,
        threads: 2,
    }
}

pub(crate) const INPUT: InputOptions = InputOptions {
    damaged: Damaged::Stop,
    accept_lost_sound: false,
    settings: redact_core::SourceSettings {
        video_stream: None,
        turn_degrees: 0,
        frame_rate: None,
    },
};
