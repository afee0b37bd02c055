//! Which models look at a recording, at which size and how often: the profiles.
//!
//! What each choice costs and finds is measured in `benches/detection.md`.

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{Class, ModelUse, SpeechDetector};
use redact_engine::{Eyes, Look, ScanOptions};
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
struct Plan {
    card: &'static str,
    /// Long side of its input, model pixels.
    side: u32,
    /// Whether smaller pictures are enlarged to it.
    enlarge: bool,
    /// It looks at every so many frames of a recording with 30 a second; see [`Plan::nanos`].
    every: u32,
}

impl Plan {
    /// Least time from look to look: half a frame less than the frames at 30 a second, so that
    /// rounded times do not skip one.
    const fn nanos(&self) -> i64 {
        const HALF_FRAME_NANOS: i64 = 1_000_000_000 / 60;
        (2 * self.every as i64 - 1) * HALF_FRAME_NANOS
    }
}

const fn face(card: &'static str, side: u32, every: u32) -> Plan {
    Plan {
        card,
        side,
        enlarge: true,
        every,
    }
}

const fn other(card: &'static str, side: u32, every: u32) -> Plan {
    Plan {
        enlarge: false,
        ..face(card, side, every)
    }
}

impl Profile {
    const fn plans(self) -> &'static [Plan] {
        const FAST: &[Plan] = &[
            face("yunet-n", 960, 4),
            other("lpd-yunet", 640, 15),
            other("yolox-nano", 640, 12),
        ];
        const STANDARD: &[Plan] = &[
            face("yunet-n", 960, 2),
            face("retinaface-mnet025", 640, 4),
            other("lpd-yunet", 640, 6),
            other("yolox-nano", 640, 6),
        ];
        const THOROUGH: &[Plan] = &[
            face("yunet-n", 960, 1),
            face("retinaface-mnet025", 960, 2),
            face("centerface", 640, 4),
            other("lpd-yunet", 960, 4),
            other("lpd-yunet", 480, 4),
            other("yolox-nano", 832, 3),
        ];
        match self {
            Self::Fast => FAST,
            Self::Standard => STANDARD,
            Self::Thorough => THOROUGH,
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
    let plans: Vec<&Plan> = args
        .profile
        .plans()
        .iter()
        .filter(|plan| installed.contains(&plan.card))
        .collect();
    let listens = store
        .installed()
        .find(|card| card.head == redact_vision::HeadKind::SileroVad);
    let mut models = Vec::new();
    let mut sets: Vec<Vec<Look>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
    let mut speech: Option<Box<dyn SpeechDetector>> = None;
    if !plans.is_empty() || listens.is_some() {
        let library = places::onnx_runtime()?;
        let runtime = Runtime::load(&library).with_context(|| library.display().to_string())?;
        for plan in plans {
            let detectors = detectors(&runtime, &store, plan, sets.len())
                .with_context(|| named(&dir, plan.card))?;
            models.extend(detectors.first().map(FrameDetector::model_use));
            for (set, detector) in sets.iter_mut().zip(detectors) {
                set.push(Look {
                    classes: detector.model_use().classes,
                    detector: Box::new(detector),
                    every_nanos: plan.nanos(),
                });
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
        options: ScanOptions::default(),
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
    plan: &Plan,
    count: usize,
) -> Result<Vec<FrameDetector>> {
    let model = store.load(plan.card)?;
    let options = DetectorOptions {
        input_long_side: plan.side,
        enlarge: plan.enlarge,
        ..DetectorOptions::for_card(model.card())
    };
    (0..count)
        .map(|_| Ok(FrameDetector::new(runtime, &model, options.clone())?))
        .collect()
}
