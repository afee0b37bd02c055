//! Opens the detectors of a profile: loads their models, once per worker.

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{Class, ModelUse, SpeechDetector};
use redact_engine::{DetectorSet, ScanOptions, ScheduledDetector};
use redact_vision::{
    Card, DetectorOptions, FlowMotion, FrameDetector, ModelStore, Runtime, SpeechListener,
    SpeechOptions, VehicleSearch, VehicleSearchOptions,
};

use crate::args::ModelArgs;
use crate::places;
use crate::profiles::{DetectorSpec, ModelSpec};

/// Everything that looks and listens, and what it is.
pub(crate) struct Looking {
    /// Detectors per worker, camera motion, speech.
    pub eyes: DetectorSet,
    /// How often it looks.
    pub options: ScanOptions,
    /// Models in use.
    pub models: Vec<ModelUse>,
    /// Classes that no installed model finds.
    pub missing: Vec<Class>,
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
    let installed: Vec<&Card> = store.installed().collect();
    let specs = args.profile.detectors(&installed);
    let listens = store
        .installed()
        .find(|card| card.head == redact_vision::HeadKind::SileroVad);
    let mut models = Vec::new();
    let mut sets: Vec<Vec<ScheduledDetector>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
    let mut speech: Option<Box<dyn SpeechDetector>> = None;
    if !specs.is_empty() || listens.is_some() {
        let library = places::onnx_runtime()?;
        let runtime = Runtime::load(&library).with_context(|| library.display().to_string())?;
        let shelf = Shelf {
            dir: &dir,
            store: &store,
            runtime: &runtime,
            installed: &installed,
            whole: &specs
                .iter()
                .filter_map(|spec| store.card(spec.model.card))
                .collect::<Vec<_>>(),
        };
        for spec in &specs {
            for (worker, set) in sets.iter_mut().enumerate() {
                let (look, uses) = shelf.look(spec)?;
                set.push(look);
                if worker == 0 {
                    models.extend(uses);
                }
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
    let missing = Class::IDENTIFYING
        .into_iter()
        .filter(|class| !found(class))
        .collect();
    let motion = FlowMotion::new().context("cannot estimate camera motion")?;
    Ok(Looking {
        eyes: DetectorSet {
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

/// Where models are taken from.
struct Shelf<'a> {
    dir: &'a Path,
    store: &'a ModelStore,
    runtime: &'a Runtime,
    installed: &'a [&'a Card],
    /// Cards of the models that look at the whole picture.
    whole: &'a [&'a Card],
}

impl Shelf<'_> {
    /// A look of a profile, and the models that take part in it.
    fn look(&self, spec: &DetectorSpec<'_>) -> Result<(ScheduledDetector, Vec<ModelUse>)> {
        let whole = self.detector(&spec.model)?;
        let close: Vec<FrameDetector> = spec
            .in_vehicles
            .iter()
            .filter(|model| self.installed.iter().any(|card| card.name == model.card))
            .map(|model| self.detector(model))
            .collect::<Result<_>>()?;
        let every_nanos = spec.nanos();
        if close.is_empty() {
            let uses = whole.model_use();
            let look = ScheduledDetector {
                classes: uses.classes.clone(),
                detector: Box::new(whole),
                every_nanos,
            };
            return Ok((look, vec![uses]));
        }
        let options = VehicleSearchOptions {
            vehicles_max: spec.vehicles_max,
        };
        let search = VehicleSearch::new(whole, close, options)
            .with_context(|| named(self.dir, spec.model.card))?;
        let uses = search.model_uses().collect();
        let look = ScheduledDetector {
            classes: search.classes(),
            detector: Box::new(search),
            every_nanos,
        };
        Ok((look, uses))
    }

    fn detector(&self, spec: &ModelSpec<'_>) -> Result<FrameDetector> {
        let context = || named(self.dir, spec.card);
        let model = self.store.load(spec.card).with_context(context)?;
        let all = DetectorOptions::for_card(model.card());
        let elsewhere = |class: &Class| {
            let mut others = self.whole.iter().filter(|card| card.name != spec.card);
            others.any(|card| card.classes().contains(class))
        };
        let mut classes = match spec.classes {
            [] => all.classes,
            some => some.to_vec(),
        };
        classes.retain(|class| !(spec.spare.contains(class) && elsewhere(class)));
        let options = DetectorOptions {
            input_long_side: spec.side,
            enlarge_max: spec.enlarge_max,
            classes,
            ..all
        };
        FrameDetector::new(self.runtime, &model, options).with_context(context)
    }
}
