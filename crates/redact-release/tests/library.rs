//! The whole pipeline without the program: a worker in this process, an event log in memory.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use redact_core::{ApprovedPlan, Class, Digest, Findings, Progress, Sink as _, UtcNanos};
use redact_jail::JailLevel;
use redact_media::{Damaged, EncodeOptions, FileSink, Preset};
use redact_record::events::{Act, Checkpoint, EventDraft};
use redact_record::manifest::Hex;
use redact_record::release_paths;
use redact_record::sign::{KeyPair, TrustStore, TrustedKey};
use redact_release::approve::{PolicyDecision, read_policy};
use redact_release::options::{EncodingOptions, InputOptions, ModelOptions, Profile, Reencode};
use redact_release::outputs::{Inputs, OutputOptions, Outputs};
use redact_release::ports::{
    Access, CacheLink, CacheRequest, Events, JobPorts, Listener, Ports, Worker,
};
use redact_release::render::{ReleaseJob, RequestOptions, files_of, make_release};
use redact_release::scan::{ScanRequest, scan_recording};
use redact_release::segment_cache::SegmentCacheFolder;
use redact_release::verify::VerifyRequest;
use redact_release::{JobFailure, ReleaseError, WorkerError, confined};
use redact_testkit::{Quiet, Scene, StopAfter};
use serde_json::Value;
use serde_json::value::RawValue;

const LEVEL: JailLevel = JailLevel {
    landlock_abi: 0,
    landlock_capped: false,
    seccomp: false,
};

/// A worker on a thread of this process, which confines nothing.
struct InProcess<'a> {
    progress: &'a dyn Progress,
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

fn clock() -> UtcNanos {
    UtcNanos(1_790_000_000_000_000_000)
}

/// A folder with a recording, and a folder for models that is empty.
struct Recording {
    folder: tempfile::TempDir,
}

impl Recording {
    fn new() -> Self {
        let here = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let scene = Scene::new(320, 240, 50);
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the release, with a segment cache and an event log in memory.
    fn render(
        &self,
        (plan, found, digest): (&ApprovedPlan, &Findings, Digest),
        key: &KeyPair,
        trust: &TrustStore,
        ports: &Ports<'_>,
    ) {
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
            findings: Some((found, digest)),
            without_findings: None,
            encoding: &EncodingOptions {
                preset: Preset::Ultrafast,
                crf: None,
                reencode: Reencode::Touched,
            },
            context: &context,
            key,
            cache: Some(&cache),
            second_look: None,
            accept_detected: false,
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
        let made = make_release(&job, ports, &mut events, &mut outputs).unwrap();
        outputs.finish().unwrap();
        assert_eq!(made.render.frames, 50);
        assert_eq!(events.succeeded, 2, "the render and the export");
        assert!(files.iter().all(|file| file.is_file()));
    }

    fn models(&self) -> ModelOptions {
        ModelOptions {
            folder: self.path("models"),
            runtime: None,
            profile: Profile::Fast,
        }
    }
}

fn ports<'a>(worker: &'a InProcess<'a>) -> Ports<'a> {
    Ports {
        worker,
        progress: worker.progress,
        clock: &clock,
        threads: 2,
    }
}

const INPUT: InputOptions = InputOptions {
    damaged: Damaged::Stop,
    accept_lost_sound: false,
    settings: redact_core::SourceSettings {
        video_stream: None,
        turn_degrees: 0,
        frame_rate: None,
    },
};

/// Goal: a caller makes and verifies a release with nothing but this crate, and a release whose
/// bytes were changed is found out.
#[test]
fn a_release_is_made_and_verified_without_the_program() {
    let here = Recording::new();
    let (clip, release) = (here.path("clip.mp4"), here.path("clip.redacted.mp4"));
    let worker = InProcess { progress: &Quiet };
    let ports = ports(&worker);
    let models = here.models();
    let request = ScanRequest {
        clip: &clip,
        models: &models,
        input: &INPUT,
        acknowledged: Some(&Class::IDENTIFYING),
    };
    let (found, _) = scan_recording(&request, &ports).unwrap();
    assert_eq!(found.source.frames, 50);
    assert_eq!(found.missing, Class::IDENTIFYING);

    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let policy_file = policies.join("public-release.toml");
    let policy = read_policy(&policy_file).unwrap();
    let decision = PolicyDecision {
        clip: &clip,
        policy_file: &policy_file,
        policy: &policy,
        by: Some("Ada Okafor"),
        accept_missing: &Class::IDENTIFYING,
    };
    let digest = redact_record::digest_bytes(b"findings");
    let mut draft = EventDraft::new(Act::Approval);
    let (plan, _) = decision
        .decide(&found, digest, clock(), &mut draft)
        .unwrap();

    let key = KeyPair::generate(None).unwrap();
    let trust = TrustStore::of(vec![TrustedKey {
        name: "agency".to_owned(),
        key: key.public(),
    }]);
    let trust = trust.unwrap();
    here.render((&plan, &found, digest), &key, &trust, &ports);

    let paths = release_paths(&release);
    let verify = || {
        let request = VerifyRequest {
            release: &release,
            manifest: paths.manifest.clone(),
            source: Some(&clip),
            policy: Some(policy.clone()),
            previous: &[],
            tsa: Vec::new(),
            trust: trust.clone(),
            no_media: false,
            second_look: None,
        };
        request.run(&ports).unwrap().verdict
    };
    let verdict = verify();
    assert!(verdict.passed(), "{}", verdict.text());
    let mut bytes = std::fs::read(&release).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&release, bytes).unwrap();
    assert!(!verify().passed());
}

/// Goal: a class without a detector stops a scan before anything is decoded, and a caller cancels.
#[test]
fn a_scan_is_refused_or_cancelled_with_a_typed_error() {
    let here = Recording::new();
    let (clip, models) = (here.path("clip.mp4"), here.models());
    let scan = |acknowledged: Option<&[Class]>, progress: &dyn Progress| {
        let request = ScanRequest {
            clip: &clip,
            models: &models,
            input: &INPUT,
            acknowledged,
        };
        let worker = InProcess { progress };
        scan_recording(&request, &ports(&worker)).map(drop)
    };
    let refused = scan(Some(&[]), &Quiet).unwrap_err();
    assert!(refused.is_refusal(), "{}", refused.text());
    assert!(
        refused
            .text()
            .contains("clip.mp4: no detector ran for class")
    );
    let cancelled = scan(None, &StopAfter::new(1)).unwrap_err();
    assert!(cancelled.is_cancelled(), "{}", cancelled.text());
    assert!(!cancelled.is_refusal());
}
