//! A scan, in the confined worker.

use std::path::{Path, PathBuf};

use redact_core::{
    Class, Damage, Digest, Findings, ModelUse, PlanError, Progress, Source as _, SourceIdentity,
    SourceInfo, SpeechByTrack, TimeSpan, Track,
};
use redact_jail::JailError;
use redact_media::{FileSource, OpenOptions};
use redact_record::findings;
use redact_record::manifest::ClassName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chunks::{ModelSet, check_models};
use crate::detectors::{self, LoadedRecognizer};
use crate::error::{Context as _, Result};
use crate::options::{InputOptions, ModelOptions, TranscriptOptions};
use crate::ports::JobPorts;
use crate::transcribe::{SpeechJob, transcribe};

/// A scan, for the confined worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScanWork {
    pub(super) clip: PathBuf,
    pub(super) models: ModelOptions,
    pub(super) input: InputOptions,
    pub(super) threads: usize,
    pub(super) transcript: Option<TranscriptOptions>,
    pub(super) acknowledged: Option<Vec<ClassName>>,
    pub(super) expected: Option<ModelSet>,
}

impl ScanWork {
    /// Loads the models, gives up every right but to read the recording, and scans it. The findings
    /// are without the recording's digest.
    ///
    /// # Errors
    /// When the recording cannot be read to its end, a model fails, or no detector runs for a class
    /// that is not acknowledged.
    pub(crate) fn run(
        self,
        seal: impl FnOnce() -> Result<(), JailError>,
        ports: &JobPorts<'_>,
    ) -> Result<Value> {
        let clip = self.clip.as_path();
        let mut detectors = detectors::load(&self.models, self.threads)?;
        if let Some(acknowledged) = &self.acknowledged {
            check_acknowledged(&detectors.missing, acknowledged).in_file(clip)?;
        }
        if let Some(expected) = &self.expected {
            let found = detectors.model_set(self.transcript.is_some())?;
            check_models(&found, expected).in_file(&self.models.folder)?;
        }
        seal()?;
        let options = open_options(&self.input, self.threads);
        let source = FileSource::open(clip, &options).in_file(clip)?;
        let mut info = source.info().clone();
        // Nobody should review what cannot be released.
        redact_media::check_sound(&info).in_file(clip)?;
        let (set, options) = (detectors.set, &detectors.options);
        let report =
            redact_engine::scan(Box::new(source), set, options, ports.progress).in_file(clip)?;
        info.conversions.extend(report.diagnostics.conversions);
        let observed = Observed {
            clip,
            input: &self.input,
            threads: self.threads,
            transcript: self.transcript.as_ref(),
            recognizer: detectors.recognizer,
            models: detectors.models,
            missing: detectors.missing,
            info,
            speech: report.speech,
        };
        let pictures = ObservedPictures {
            frames: report.frames,
            duration_ticks: report.duration_ticks,
            tracks: report.tracks,
            damage: report.diagnostics.damage,
        };
        let found = observed.findings(pictures, ports.progress)?;
        let text = String::from_utf8(findings::to_bytes(&found)).expect("JSON is UTF-8");
        Ok(text.into())
    }
}

/// How a scan opens a recording, here or in chunks.
pub(crate) fn open_options(input: &InputOptions, threads: usize) -> OpenOptions {
    OpenOptions {
        // Also where no speech detector runs: the tracks that a release will have are counted.
        audio: true,
        threads,
        damaged: input.damaged,
        require_sound: !input.accept_lost_sound,
        settings: input.settings,
    }
}

/// What was observed of a recording, before its findings: its words are not recognized yet.
pub(crate) struct Observed<'a> {
    pub(crate) clip: &'a Path,
    pub(crate) input: &'a InputOptions,
    pub(crate) threads: usize,
    /// How words are recognized; `None` where they are not.
    pub(crate) transcript: Option<&'a TranscriptOptions>,
    pub(crate) recognizer: Option<LoadedRecognizer>,
    /// The models that were used so far.
    pub(crate) models: Vec<ModelUse>,
    /// Classes that no detector runs for.
    pub(crate) missing: Vec<Class>,
    pub(crate) info: SourceInfo,
    /// `None` where no speech detector ran.
    pub(crate) speech: Option<SpeechByTrack>,
}

/// What the pictures gave; for a task of sound alone, the number of frames and nothing else.
#[derive(Default)]
pub(crate) struct ObservedPictures {
    pub(crate) frames: u32,
    pub(crate) duration_ticks: i64,
    pub(crate) tracks: Vec<Track>,
    pub(crate) damage: Damage,
}

impl Observed<'_> {
    /// Recognizes the words, if that is asked for and a recognizer is installed, and gives the
    /// findings, without the recording's digest.
    ///
    /// # Errors
    /// When the recording cannot be read to its end, or the recognizer fails.
    pub(crate) fn findings(
        self,
        pictures: ObservedPictures,
        progress: &dyn Progress,
    ) -> Result<Findings> {
        let mut models = self.models;
        let recognized = self.transcript.zip(self.speech.as_ref());
        let recognized = recognized.zip(self.recognizer);
        let recognized = recognized.map(|((options, speech), recognizer)| {
            let job = SpeechJob {
                clip: self.clip,
                input: self.input,
                threads: self.threads,
                options,
            };
            transcribe(&job, speech, recognizer, progress)
        });
        let transcript = recognized.transpose()?.map(|(transcript, model)| {
            models.extend(model);
            transcript
        });
        Ok(Findings {
            source: SourceIdentity {
                digest: Digest([0; 32]),
                bytes: 0,
                frames: pictures.frames,
                duration_ticks: pictures.duration_ticks,
                info: self.info,
            },
            models,
            missing: self.missing,
            tracks: pictures.tracks,
            speech: self
                .speech
                .map(|by_track| TimeSpan::merged(by_track.into_values().flatten().collect(), 0)),
            transcript,
            damage: pictures.damage,
        })
    }
}

/// Checks that a person accepted every class that no detector runs for.
///
/// # Errors
/// [`PlanError::Unacknowledged`] with the first other one.
pub(crate) fn check_acknowledged(
    missing: &[Class],
    acknowledged: &[ClassName],
) -> Result<(), PlanError> {
    let is_open = |class: &&Class| !acknowledged.contains(&(**class).into());
    match missing.iter().find(is_open) {
        Some(&class) => Err(PlanError::Unacknowledged { class }),
        None => Ok(()),
    }
}
