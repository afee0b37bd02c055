//! Jobs that write at once what real ones would, and remember what they were told.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use redact_core::port::BoxError;
use redact_core::{
    BoxOrigin, Class, Findings, FrameIndex, ModelUse, NormRect, TimeSpan, Track, TrackBox, TrackId,
    Transcript,
};
use redact_desk::{
    Checked, Followed, Jobs, MachineList, Machines, PackageTask, Packaged, PackagedRelease,
    PicturesTask, ReadOptions, Remedy, RenderTask, Task, TaskError, TaskOutcome, Verified,
    VerifyTask, Watch,
};
use redact_record::sign::TrustStore;
use redact_record::{Overwrite, release_paths};
use redact_testkit::{Scene, Sound, identity};
use serde_json::json;

/// Frames of the recording that the jobs pretend to find.
pub(crate) const FRAMES: u32 = 30;

/// What the jobs were told, and whether they are to stand still.
#[derive(Default)]
pub(crate) struct FakeJobs {
    /// The folder of trusted keys, as the renderer looks into it.
    pub(crate) trusted: PathBuf,
    /// What renders and checks were told, in their order.
    pub(crate) renders: Mutex<Vec<RenderTask>>,
    pub(crate) checks: Mutex<Vec<VerifyTask>>,
    pub(crate) told: Mutex<Vec<String>>,
    pub(crate) slow: Mutex<bool>,
    /// Whether scans fail because no sound can be decoded, until a person accepts that.
    pub(crate) no_sound: Mutex<bool>,
    /// What may help, while preparation fails for as long as no options are set.
    pub(crate) unreadable: Mutex<Option<Remedy>>,
    /// The options that recordings were prepared and scanned with, in their order.
    pub(crate) read: Mutex<Vec<ReadOptions>>,
    /// Mutes and masks of previews, in their order.
    pub(crate) previews: Mutex<Vec<redact_core::Redactions>>,
    /// Frames of previews, in the order in which they were made.
    pub(crate) pictures: Mutex<Vec<u32>>,
    /// The frames of each process that makes pictures.
    pub(crate) picture_runs: Mutex<Vec<Vec<u32>>>,
    /// A release that checks find wrong.
    pub(crate) wrong: Mutex<Option<String>>,
    /// What packages were told, in their order.
    pub(crate) packages: Mutex<Vec<PackageTask>>,
    /// Whether packages fail halfway, as on a full disk.
    pub(crate) disk_full: Mutex<bool>,
    /// What is in the queue; `None` while it cannot be reached.
    pub(crate) machines: Mutex<Option<MachineList>>,
    /// What scans find, if not what they usually do.
    pub(crate) found: Mutex<Option<Findings>>,
    /// What scans understand of the speech.
    pub(crate) transcript: Mutex<Option<Transcript>>,
}

impl Machines for FakeJobs {
    fn list(&self) -> Result<MachineList, BoxError> {
        let listed = self.machines.lock().unwrap().clone();
        listed.ok_or_else(|| "cannot reach postgres://office@db.example/redact".into())
    }
}

impl Jobs for FakeJobs {
    fn run(&self, task: &Task, watch: &dyn Watch) -> Result<TaskOutcome, TaskError> {
        let word = format!("{task:?}");
        let word = word.split([' ', '(']).next().unwrap_or_default().to_owned();
        self.told.lock().unwrap().push(word);
        while *self.slow.lock().unwrap() {
            if watch.advance("test", 1, Some(2)) == ControlFlow::Break(()) {
                return Err(TaskError::new("stopped"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(match task {
            Task::Prepare {
                clip,
                options,
                folder,
            } => return self.prepare(clip, *options, folder),
            Task::Scan {
                accept_lost_sound: false,
                ..
            } if *self.no_sound.lock().unwrap() => {
                return Err(TaskError {
                    remedy: Some(Remedy::LostSound),
                    ..TaskError::new("no sound track can be decoded")
                });
            }
            Task::Scan {
                findings, options, ..
            } => self.scan(findings, *options),
            Task::Thumbnails { folder } => {
                std::fs::create_dir_all(folder.join("thumbnails")).unwrap();
                text(&folder.join("thumbnails/1.jpg"), "jpeg");
                text(&folder.join("thumbnails/1-worst.jpg"), "worst");
                text(&folder.join("moments.json"), "[]");
                TaskOutcome::Done
            }
            Task::Picture {
                picture,
                redactions,
                ..
            } => {
                text(picture, &format!("{} masks", redactions.masks.len()));
                TaskOutcome::Done
            }
            Task::Pictures(task) => return self.make_pictures(task, watch),
            Task::Follow(task) => TaskOutcome::Followed(Followed {
                start: task.frame,
                end: task.frame + 1,
                ..Followed::default()
            }),
            Task::Preview(task) => {
                self.previews.lock().unwrap().push(task.redactions.clone());
                text(&task.clip, "clip");
                TaskOutcome::Done
            }
            Task::Render(task) => self.render(task),
            Task::Verify(task) => self.verify(task),
            Task::Package(task) => return self.package(task),
            _ => unreachable!(),
        })
    }
}

impl FakeJobs {
    fn prepare(
        &self,
        clip: &Path,
        options: ReadOptions,
        folder: &Path,
    ) -> Result<TaskOutcome, TaskError> {
        self.read.lock().unwrap().push(options);
        let remedy = *self.unreadable.lock().unwrap();
        if let Some(remedy) = remedy
            && options == ReadOptions::default()
        {
            return Err(TaskError {
                remedy: Some(remedy),
                ..TaskError::new("cannot read the recording")
            });
        }
        Ok(prepare(clip, folder))
    }

    fn make_pictures(
        &self,
        task: &PicturesTask,
        watch: &dyn Watch,
    ) -> Result<TaskOutcome, TaskError> {
        self.picture_runs.lock().unwrap().push(task.frames.clone());
        // As a process would: the requested one first, then those after it and before it.
        let (before, after) = task.frames.split_at(
            task.frames
                .iter()
                .take_while(|&&frame| frame < task.first)
                .count(),
        );
        let order = after.iter().chain(before.iter().rev()).copied();
        for frame in order {
            let masks = task.redactions.masks_at(FrameIndex::new(frame)).count();
            let path = PicturesTask::path(&task.pictures, frame);
            text(&path, &format!("{masks} masks"));
            self.pictures.lock().unwrap().push(frame);
            let phase = PicturesTask::PHASE;
            if watch.advance(phase, frame.into(), None).is_break() {
                return Err(TaskError::new("stopped"));
            }
        }
        Ok(TaskOutcome::Done)
    }

    fn scan(&self, findings: &Path, options: ReadOptions) -> TaskOutcome {
        self.read.lock().unwrap().push(options);
        let found = Findings {
            transcript: self.transcript.lock().unwrap().clone(),
            ..self.found.lock().unwrap().clone().unwrap_or_else(found)
        };
        let bytes = redact_record::findings::to_checked_bytes(&found).unwrap();
        redact_record::write_for_owner(findings, &bytes, Overwrite::Replace).unwrap();
        TaskOutcome::Scanned(found.source.digest)
    }

    fn render(&self, task: &RenderTask) -> TaskOutcome {
        let (plan, _) = redact_record::plan::read(&task.plan).unwrap();
        let source = plan.source.digest;
        let trust = TrustStore::open(&self.trusted).unwrap();
        redact_record::plan::check_signatures(&plan, &trust).unwrap();
        let captions = plan.captions.is_some();
        redact_record::plan::approved(plan, source).unwrap();
        self.renders.lock().unwrap().push(task.clone());
        text(&task.release, "0123456789");
        let paths = release_paths(&task.release);
        text(&paths.manifest, "{}");
        text(&paths.sealed, "{}");
        if captions {
            text(&task.release.with_extension("vtt"), "WEBVTT");
        }
        TaskOutcome::Done
    }

    fn package(&self, task: &PackageTask) -> Result<TaskOutcome, TaskError> {
        assert!(task.request.exists() && task.profile.exists());
        self.packages.lock().unwrap().push(task.clone());
        if *self.disk_full.lock().unwrap() {
            text(&task.package.with_extension("partial"), "half");
            return Err(TaskError::new("cannot write: no space left on device"));
        }
        text(&task.package, "a package");
        let digest = |path: &Path| redact_record::digest_bytes(&std::fs::read(path).unwrap());
        let exhibits = task.releases.iter().map(|release| PackagedRelease {
            release_sha256: digest(release),
            manifest_sha256: digest(&release_paths(release).manifest),
        });
        Ok(TaskOutcome::Packaged(Packaged {
            manifest_sha256: redact_record::digest_bytes(b"package.json"),
            sha256: digest(&task.package),
            bytes: 9,
            has_verifier: false,
            exhibits: exhibits.collect(),
        }))
    }

    fn verify(&self, task: &VerifyTask) -> TaskOutcome {
        self.checks.lock().unwrap().push(task.clone());
        if let (None, Some(report)) = (&task.source, &task.report) {
            text(report, "a report");
        }
        let wrong = self.wrong.lock().unwrap().clone();
        let wrong = wrong.is_some_and(|id| task.release.to_string_lossy().contains(&id));
        let (group, name, evidence) = if wrong {
            ("masks", "fill", "a face is visible")
        } else {
            ("file", "SHA-256", "same")
        };
        TaskOutcome::Verified(Verified {
            checks: vec![Checked {
                group: group.to_owned(),
                name: name.to_owned(),
                passed: !wrong,
                evidence: evidence.to_owned(),
            }],
            not_checked: Vec::new(),
        })
    }
}

fn text(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

fn prepare(clip: &Path, folder: &Path) -> TaskOutcome {
    assert!(clip.exists());
    text(&folder.join("proxy.mp4"), &"0123456789".repeat(10));
    text(&folder.join("timeline.json"), "{}");
    text(&folder.join("waveform-0"), "ab");
    let media = json!({ "frames": FRAMES, "duration_seconds": 60.0 }).to_string();
    text(&folder.join("media.json"), &media);
    TaskOutcome::Done
}

/// Two faces and a plate; nothing looked for screens; somebody speaks for a second.
pub(crate) fn found() -> Findings {
    let mut scene = Scene::new(64, 48, FRAMES);
    scene.sounds = vec![Sound {
        rate_hz: 8000,
        channels: 1,
        start: 0,
        speech: Vec::new(),
    }];
    let track = |id: u32, class, start, end| track(id, class, (start, end), 0.1 * id as f32);
    Findings {
        source: identity(&scene),
        models: Vec::<ModelUse>::new(),
        missing: vec![Class::Screen],
        tracks: vec![
            track(1, Class::Face, 0, 20),
            track(2, Class::Face, 5, 30),
            track(3, Class::Plate, 0, 10),
        ],
        speech: Some(vec![TimeSpan::new(100_000_000, 500_000_000).unwrap()]),
        transcript: None,
        damage: redact_core::Damage::default(),
    }
}

/// A track that stays at one place.
pub(crate) fn track(id: u32, class: Class, (start, end): (u32, u32), side: f32) -> Track {
    let boxes = (start..end).map(|frame| TrackBox {
        frame: FrameIndex::new(frame),
        rect: NormRect::new([side, 0.1, side + 0.1, 0.3]).unwrap(),
        score: 0.9,
        origin: BoxOrigin::Detected,
    });
    Track::new(TrackId(id), class, boxes.collect()).unwrap()
}
