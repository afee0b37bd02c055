//! Opens the detectors of a profile: loads their models.

use std::path::Path;

use redact_core::{Class, Detector, ModelUse, SpeechDetector};
use redact_engine::{DetectorSet, ScanOptions, ScheduledDetector};
use redact_record::manifest::Hex;
use redact_vision::{
    Card, DetectorOptions, FlowMotion, FrameDetector, HeadKind, Model, ModelFiles, ModelStore,
    Recognizer, RecognizerOptions, Runtime, SpeechListener, SpeechOptions, VehicleSearch,
    VehicleSearchOptions,
};

use crate::chunks::{ChunkModel, ModelSet};
use crate::error::{Context as _, ReleaseError, Result};
use crate::options::ModelOptions;
use crate::profiles::{DetectorSpec, ModelSpec};

/// Everything that detects in pictures and sound, and what it is.
pub struct LoadedDetectors {
    /// Detectors of pictures, camera motion, speech.
    pub set: DetectorSet,
    /// How often they run, and how detections become tracks.
    pub options: ScanOptions,
    /// Models in use.
    pub models: Vec<ModelUse>,
    /// Classes that no installed model finds.
    pub missing: Vec<Class>,
    /// What recognizes words, if it is installed.
    pub(crate) recognizer: Option<LoadedRecognizer>,
}

/// Loads what the profile asks for and is installed, for `workers` threads.
///
/// # Errors
/// When the models folder, the runtime or a model that is there cannot be used. A model that is
/// not installed is no error: its classes are reported as missing.
pub fn load(options: &ModelOptions, workers: usize) -> Result<LoadedDetectors> {
    let folder = &options.folder;
    let store = ModelStore::open(folder).in_file(folder)?;
    let installed: Vec<&Card> = store.installed().collect();
    let specs = options.profile.detectors(&installed);
    let speech_card = self::installed(&store, HeadKind::SileroVad);
    let mut models = Vec::new();
    let workers = workers.max(1);
    let mut detectors = Vec::new();
    let mut speech: Option<Box<dyn SpeechDetector>> = None;
    let mut recognizer = None;
    if !specs.is_empty() || speech_card.is_some() {
        let loader = ModelLoader {
            folder,
            store: &store,
            runtime: &load_runtime(options)?,
            installed: &installed,
            whole: &specs
                .iter()
                .filter_map(|spec| store.card(spec.model.card))
                .collect::<Vec<_>>(),
        };
        for spec in &specs {
            let (detector, uses) = loader.scheduled(spec, instances(workers, specs.len()))?;
            detectors.push(detector);
            models.extend(uses);
        }
        if let Some(card) = speech_card {
            let listener = listener(folder, &store, loader.runtime, card)?;
            models.push(listener.model_use());
            speech = Some(Box::new(listener));
            recognizer = open_recognizer(folder, &store, loader.runtime, workers)?;
        }
    }
    let found = |class: &Class| models.iter().any(|model| model.classes.contains(class));
    let missing = Class::IDENTIFYING
        .into_iter()
        .filter(|class| !found(class))
        .collect();
    Ok(LoadedDetectors {
        set: DetectorSet {
            detectors,
            workers,
            motion: Some(Box::new(FlowMotion::new())),
            speech,
        },
        options: ScanOptions::default(),
        models,
        missing,
        recognizer,
    })
}

/// In how many instances each of so many `detectors` is loaded for `workers` threads. While one
/// thread runs a detector, others run the other ones; of few detectors, one may need most of the
/// time.
const fn instances(workers: usize, detectors: usize) -> usize {
    if detectors < DETECTORS_MANY {
        workers
    } else {
        workers.div_ceil(2)
    }
}

/// With this many detectors or more, none needs more than half of the time that all need.
const DETECTORS_MANY: usize = 5;

impl LoadedDetectors {
    /// The models that take part.
    ///
    /// - `with_words`: whether what recognizes words is one of them; it is read then.
    ///
    /// # Errors
    /// When its files are not those of its card.
    pub(crate) fn model_set(&mut self, with_words: bool) -> Result<ModelSet> {
        let mut set = ModelSet {
            detectors: self.models.iter().map(Into::into).collect(),
            recognizer: None,
        };
        if with_words && let Some(recognizer) = self.recognizer.take() {
            let (recognizer, model) = recognizer.read()?;
            set.recognizer = Some(model);
            self.recognizer = Some(recognizer);
        }
        Ok(set)
    }
}

/// A recognizer of words that was not started yet.
pub(crate) struct LoadedRecognizer {
    runtime: Runtime,
    files: RecognizerFiles,
    what: String,
    threads: usize,
}

/// The files of a recognizer.
enum RecognizerFiles {
    Open(ModelFiles),
    Read(Model),
}

impl LoadedRecognizer {
    /// Reads its files; gives which model it is, too.
    ///
    /// # Errors
    /// When the files are not those of the card.
    pub(crate) fn read(self) -> Result<(Self, ChunkModel)> {
        let model = match self.files {
            RecognizerFiles::Open(files) => files.read().during(&self.what)?,
            RecognizerFiles::Read(model) => model,
        };
        let which = ChunkModel {
            name: model.card().name.clone(),
            sha256: Hex(model.digest()),
        };
        let files = RecognizerFiles::Read(model);
        Ok((Self { files, ..self }, which))
    }

    /// Reads the model and starts it; opens no file.
    ///
    /// # Errors
    /// When the files are not those of the card, or the runtime cannot use them.
    pub(crate) fn start(self) -> Result<Recognizer> {
        let model = match self.files {
            RecognizerFiles::Open(files) => files.read().during(&self.what)?,
            RecognizerFiles::Read(model) => model,
        };
        let options = RecognizerOptions {
            threads: self.threads,
            ..RecognizerOptions::default()
        };
        Recognizer::new(&self.runtime, model, options).during(&self.what)
    }
}

/// The models that find speech and recognize its words; `None` unless both are installed.
///
/// # Errors
/// When the models folder, the runtime or a model cannot be used.
pub(crate) fn load_ears(
    options: &ModelOptions,
    threads: usize,
) -> Result<Option<(SpeechListener, LoadedRecognizer)>> {
    let folder = &options.folder;
    let store = ModelStore::open(folder).in_file(folder)?;
    let Some(card) = installed(&store, HeadKind::SileroVad) else {
        return Ok(None);
    };
    if installed(&store, HeadKind::Whisper).is_none() {
        return Ok(None);
    }
    let runtime = load_runtime(options)?;
    let listener = listener(folder, &store, &runtime, card)?;
    let recognizer = open_recognizer(folder, &store, &runtime, threads)?;
    Ok(recognizer.map(|recognizer| (listener, recognizer)))
}

/// Opens the model that recognizes words, if one is installed.
fn open_recognizer(
    folder: &Path,
    store: &ModelStore,
    runtime: &Runtime,
    threads: usize,
) -> Result<Option<LoadedRecognizer>> {
    let Some(card) = installed(store, HeadKind::Whisper) else {
        return Ok(None);
    };
    let what = named(folder, &card.name);
    Ok(Some(LoadedRecognizer {
        runtime: runtime.clone(),
        files: RecognizerFiles::Open(store.open_files(&card.name).during(&what)?),
        what,
        threads: threads.max(1),
    }))
}

fn installed(store: &ModelStore, head: HeadKind) -> Option<&Card> {
    store.installed().find(|card| card.head == head)
}

fn load_runtime(options: &ModelOptions) -> Result<Runtime> {
    let library = options.runtime.as_deref().ok_or(ReleaseError::NoRuntime)?;
    Runtime::load(library).in_file(library)
}

fn listener(
    folder: &Path,
    store: &ModelStore,
    runtime: &Runtime,
    card: &Card,
) -> Result<SpeechListener> {
    let what = named(folder, &card.name);
    let model = store.load(&card.name).during(&what)?;
    SpeechListener::new(runtime, &model, SpeechOptions::default()).during(&what)
}

fn named(folder: &Path, card: &str) -> String {
    format!("{}: model {card:?}", folder.display())
}

/// Where models are taken from.
struct ModelLoader<'a> {
    folder: &'a Path,
    store: &'a ModelStore,
    runtime: &'a Runtime,
    installed: &'a [&'a Card],
    /// Cards of the models that run on the whole picture.
    whole: &'a [&'a Card],
}

impl ModelLoader<'_> {
    /// A detector of a profile in so many `instances`, and the models that take part in it.
    fn scheduled(
        &self,
        spec: &DetectorSpec<'_>,
        instances: usize,
    ) -> Result<(ScheduledDetector, Vec<ModelUse>)> {
        let mut scheduled = ScheduledDetector {
            instances: Vec::with_capacity(instances),
            classes: Vec::new(),
            every_nanos: spec.nanos(),
            by_samples_alone: true,
        };
        let mut uses = Vec::new();
        for _ in 0..instances {
            let whole = self.detector(&spec.model)?;
            let close: Vec<FrameDetector> = spec
                .in_vehicles
                .iter()
                .filter(|model| self.installed.iter().any(|card| card.name == model.card))
                .map(|model| self.detector(model))
                .collect::<Result<_>>()?;
            let instance: Box<dyn Detector> = if close.is_empty() {
                uses = vec![whole.model_use()];
                scheduled.classes = whole.model_use().classes;
                Box::new(whole)
            } else {
                let options = VehicleSearchOptions {
                    vehicles_max: spec.vehicles_max,
                };
                let search = VehicleSearch::new(whole, close, options)
                    .during(&named(self.folder, spec.model.card))?;
                uses = search.model_uses().collect();
                scheduled.classes = search.classes();
                // Other frames search other vehicles.
                scheduled.by_samples_alone = false;
                Box::new(search)
            };
            scheduled.instances.push(instance);
        }
        Ok((scheduled, uses))
    }

    fn detector(&self, spec: &ModelSpec<'_>) -> Result<FrameDetector> {
        let what = named(self.folder, spec.card);
        let model = self.store.load(spec.card).during(&what)?;
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
        FrameDetector::new(self.runtime, &model, options).during(&what)
    }
}
