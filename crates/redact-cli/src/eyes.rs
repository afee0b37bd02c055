//! Which models look at a recording, at which size and how often: the profiles.

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{Class, Detector, ModelUse, SpeechDetector};
use redact_engine::{Eyes, ScanOptions};
use redact_vision::{
    DetectorOptions, FlowMotion, FrameDetector, ModelStore, Runtime, SpeechListener, SpeechOptions,
};

use crate::args::{ModelArgs, Profile};
use crate::places;

/// Everything that looks and listens, and what it is.
pub(crate) struct Looking {
    /// Detectors per worker, camera motion, speech.
    pub eyes: Eyes,
    /// How often it looks.
    pub options: ScanOptions,
    /// Models in use.
    pub models: Vec<ModelUse>,
    /// Classes that no installed model finds.
    pub missing: Vec<Class>,
}

/// One model of a profile.
struct Look {
    card: &'static str,
    /// Long side of its input, model pixels.
    side: u32,
}

const fn look(card: &'static str, side: u32) -> Look {
    Look { card, side }
}

impl Profile {
    const fn looks(self) -> &'static [Look] {
        const FAST: &[Look] = &[
            look("yunet-n", 640),
            look("lpd-yunet", 640),
            look("yolox-nano", 640),
        ];
        const STANDARD: &[Look] = &[
            look("yunet-n", 960),
            look("centerface", 640),
            look("lpd-yunet", 640),
            look("yolox-nano", 640),
        ];
        const THOROUGH: &[Look] = &[
            look("yunet-n", 1280),
            look("centerface", 960),
            look("retinaface-mnet025", 960),
            look("lpd-yunet", 960),
            look("lpd-yunet", 480),
            look("yolox-nano", 832),
        ];
        match self {
            Self::Fast => FAST,
            Self::Standard => STANDARD,
            Self::Thorough => THOROUGH,
        }
    }

    const fn detect_every(self) -> u32 {
        match self {
            Self::Fast => 3,
            Self::Standard => 2,
            Self::Thorough => 1,
        }
    }
}

/// Threads to use: what was asked for, or one per processor core.
pub(crate) fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.unwrap_or_else(cores).max(1)
}

/// Loads what the profile asks for and is installed, once per worker.
///
/// # Errors
/// When the models folder, the runtime or a model that is there cannot be used. A model that is
/// not installed is no error: its classes are reported as missing.
pub(crate) fn open(args: &ModelArgs, workers: usize) -> Result<Looking> {
    let dir = places::models_dir(args.models.as_deref())?;
    let store = ModelStore::open(&dir).with_context(|| dir.display().to_string())?;
    let installed: Vec<&str> = store.installed().map(|card| card.name.as_str()).collect();
    let looks: Vec<&Look> = args
        .profile
        .looks()
        .iter()
        .filter(|look| installed.contains(&look.card))
        .collect();
    let listens = store
        .installed()
        .find(|card| card.head == redact_vision::HeadKind::SileroVad);
    let mut models = Vec::new();
    let mut sets: Vec<Vec<Box<dyn Detector>>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
    let mut speech: Option<Box<dyn SpeechDetector>> = None;
    if !looks.is_empty() || listens.is_some() {
        let library = places::onnx_runtime()?;
        let runtime = Runtime::load(&library).with_context(|| library.display().to_string())?;
        for look in looks {
            let detectors = detectors(&runtime, &store, look, sets.len())
                .with_context(|| format!("{}: model {:?}", dir.display(), look.card))?;
            models.extend(detectors.first().map(FrameDetector::model_use));
            for (set, detector) in sets.iter_mut().zip(detectors) {
                set.push(Box::new(detector));
            }
        }
        if let Some(card) = listens {
            let model = store
                .load(&card.name)
                .with_context(|| named(&dir, &card.name))?;
            let listener = SpeechListener::new(&runtime, &model, SpeechOptions::default())
                .with_context(|| named(&dir, &card.name))?;
            models.push(listener.model_use());
            speech = Some(Box::new(listener));
        }
    }
    let found = |class: &Class| models.iter().any(|model| model.classes.contains(class));
    let missing = Class::ALL
        .into_iter()
        .filter(|class| !found(class))
        .collect();
    let motion = FlowMotion::new().context("cannot estimate camera motion")?;
    Ok(Looking {
        eyes: Eyes {
            workers: sets,
            motion: Some(Box::new(motion)),
            speech,
        },
        options: ScanOptions {
            detect_every: args.profile.detect_every(),
            ..Default::default()
        },
        models,
        missing,
    })
}

fn named(dir: &Path, card: &str) -> String {
    format!("{}: model {card:?}", dir.display())
}

fn detectors(
    runtime: &Runtime,
    store: &ModelStore,
    look: &Look,
    count: usize,
) -> Result<Vec<FrameDetector>> {
    let model = store.load(look.card)?;
    let options = DetectorOptions {
        input_long_side: look.side,
        ..DetectorOptions::for_card(model.card())
    };
    (0..count)
        .map(|_| Ok(FrameDetector::new(runtime, &model, options.clone())?))
        .collect()
}
