//! Which models look at a recording, at which size and how often: the profiles.
//!
//! What each choice costs and finds is measured in `benches/detection.md`.

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_core::{Class, ModelUse, SpeechDetector};
use redact_engine::{Eyes, Look, ScanOptions};
use redact_vision::{
    Card, DetectorOptions, FlowMotion, FrameDetector, ModelStore, Runtime, SpeechListener,
    SpeechOptions, VehicleSearch, VehicleSearchOptions,
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

/// One look of a profile: a model on the whole picture, and perhaps others inside the vehicles
/// that it finds.
struct Plan {
    model: Lens,
    /// What searches each vehicle for plates, and how many of them in a look at most. Needs a
    /// model of vehicles.
    in_vehicles: &'static [Lens],
    vehicles_max: usize,
    /// It looks at every so many frames of a recording with 30 a second; see [`Plan::nanos`].
    every: u32,
}

/// A model and how closely it looks.
struct Lens {
    card: &'static str,
    /// Long side of its input, model pixels.
    side: u32,
    /// How many times smaller pictures are enlarged to it, at most.
    enlarge_max: u32,
    /// What it is asked for; nothing stands for all that it can find.
    classes: &'static [Class],
    /// What it is not asked for where another model that is installed looks for it.
    spare: &'static [Class],
}

impl Plan {
    /// Least time from look to look: half a frame less than the frames at 30 a second, so that
    /// rounded times do not skip one.
    const fn nanos(&self) -> i64 {
        const HALF_FRAME_NANOS: i64 = 1_000_000_000 / 60;
        (2 * self.every as i64 - 1) * HALF_FRAME_NANOS
    }
}

/// Small pictures are enlarged a little: small faces and plates are seen better.
const fn whole(card: &'static str, side: u32, every: u32) -> Plan {
    Plan {
        model: Lens {
            card,
            side,
            enlarge_max: 2,
            classes: &[],
            spare: &[],
        },
        in_vehicles: &[],
        vehicles_max: 0,
        every,
    }
}

/// Enlarged for the model's largest input, blurred pictures show it plates that are not there.
const fn as_recorded(card: &'static str, side: u32, every: u32) -> Plan {
    let plan = whole(card, side, every);
    Plan {
        model: Lens {
            enlarge_max: 1,
            ..plan.model
        },
        ..plan
    }
}

/// The model that comes with the program. It knows of screens what YOLOX-nano taught it, and errs
/// more: it is asked for them where that is absent.
const fn own(side: u32, every: u32) -> Plan {
    let plan = whole("plate-screen", side, every);
    Plan {
        model: Lens {
            spare: &[Class::Screen],
            ..plan.model
        },
        ..plan
    }
}

/// Displays and vehicles, and plates inside at most `vehicles_max` of the vehicles.
const fn street(side: u32, every: u32, vehicles_max: usize, in_vehicles: &'static [Lens]) -> Plan {
    Plan {
        model: Lens {
            card: "yolox-nano",
            side,
            enlarge_max: 1,
            classes: &[],
            spare: &[],
        },
        in_vehicles,
        vehicles_max,
        every,
    }
}

/// A vehicle across the street is 50 pixels wide, and its plate must have 60 to be found.
const fn close_up(card: &'static str, side: u32) -> Lens {
    Lens {
        card,
        side,
        enlarge_max: 6,
        classes: &[Class::Plate],
        spare: &[],
    }
}

/// Input in which a plate that fills a third of the picture is as large as one across the street
/// is in the others: no model knows both at once.
const NEAR: u32 = 320;

/// Input in which a plate that fills the picture is as large as that. It costs a twelfth of a look at
/// 640.
const CLOSE: u32 = 192;

impl Profile {
    /// Models that look for one class are united: add one by adding a line.
    const fn plans(self) -> &'static [Plan] {
        const FAST: &[Plan] = &[
            whole("yunet-n", 960, 4),
            whole("lpd-yunet", 640, 15),
            own(640, 6),
            own(NEAR, 12),
            own(CLOSE, 12),
            street(
                640,
                12,
                2,
                &[close_up("lpd-yunet", 320), close_up("plate-screen", 320)],
            ),
        ];
        const STANDARD: &[Plan] = &[
            whole("yunet-n", 960, 2),
            whole("retinaface-mnet025", 640, 4),
            whole("lpd-yunet", 640, 6),
            own(960, 4),
            own(NEAR, 6),
            own(CLOSE, 6),
            street(
                640,
                6,
                2,
                &[close_up("lpd-yunet", 480), close_up("plate-screen", 480)],
            ),
        ];
        const THOROUGH: &[Plan] = &[
            whole("yunet-n", 960, 1),
            whole("retinaface-mnet025", 960, 2),
            whole("centerface", 640, 4),
            as_recorded("lpd-yunet", 960, 4),
            whole("lpd-yunet", 480, 4),
            own(960, 2),
            own(1280, 4),
            own(NEAR, 4),
            own(CLOSE, 4),
            street(
                832,
                4,
                4,
                &[close_up("lpd-yunet", 640), close_up("plate-screen", 640)],
            ),
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
        .filter(|plan| installed.contains(&plan.model.card))
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
        let shelf = Shelf {
            dir: &dir,
            store: &store,
            runtime: &runtime,
            installed: &installed,
            whole: &plans
                .iter()
                .filter_map(|plan| store.card(plan.model.card))
                .collect::<Vec<_>>(),
        };
        for plan in plans {
            for (worker, set) in sets.iter_mut().enumerate() {
                let (look, uses) = shelf.look(plan)?;
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

/// Where models are taken from.
struct Shelf<'a> {
    dir: &'a Path,
    store: &'a ModelStore,
    runtime: &'a Runtime,
    installed: &'a [&'a str],
    /// Cards of the models that look at the whole picture.
    whole: &'a [&'a Card],
}

impl Shelf<'_> {
    /// A look of a profile, and the models that take part in it.
    fn look(&self, plan: &Plan) -> Result<(Look, Vec<ModelUse>)> {
        let whole = self.detector(&plan.model)?;
        let close: Vec<FrameDetector> = plan
            .in_vehicles
            .iter()
            .filter(|lens| self.installed.contains(&lens.card))
            .map(|lens| self.detector(lens))
            .collect::<Result<_>>()?;
        let every_nanos = plan.nanos();
        if close.is_empty() {
            let uses = whole.model_use();
            let look = Look {
                classes: uses.classes.clone(),
                detector: Box::new(whole),
                every_nanos,
            };
            return Ok((look, vec![uses]));
        }
        let options = VehicleSearchOptions {
            vehicles_max: plan.vehicles_max,
        };
        let search = VehicleSearch::new(whole, close, options)
            .with_context(|| named(self.dir, plan.model.card))?;
        let uses = search.model_uses().collect();
        let look = Look {
            classes: search.classes(),
            detector: Box::new(search),
            every_nanos,
        };
        Ok((look, uses))
    }

    fn detector(&self, lens: &Lens) -> Result<FrameDetector> {
        let context = || named(self.dir, lens.card);
        let model = self.store.load(lens.card).with_context(context)?;
        let all = DetectorOptions::for_card(model.card());
        let elsewhere = |class: &Class| {
            let mut others = self.whole.iter().filter(|card| card.name != lens.card);
            others.any(|card| card.classes().contains(class))
        };
        let mut classes = match lens.classes {
            [] => all.classes,
            some => some.to_vec(),
        };
        classes.retain(|class| !(lens.spare.contains(class) && elsewhere(class)));
        let options = DetectorOptions {
            input_long_side: lens.side,
            enlarge_max: lens.enlarge_max,
            classes,
            ..all
        };
        FrameDetector::new(self.runtime, &model, options).with_context(context)
    }
}
