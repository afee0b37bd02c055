//! Which models run on a recording, at which size and how often: the profiles.
//!
//! What each choice costs and finds is measured in `benches/detection.md`.

use redact_core::Class;
use redact_vision::Card;

use crate::options::Profile;

/// One detector of a profile: a model on the whole picture, and perhaps others inside the vehicles
/// that it finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetectorSpec<'a> {
    /// The model for the whole picture.
    pub model: ModelSpec<'a>,
    /// Models that search each vehicle for plates. Needs a model of vehicles.
    pub in_vehicles: &'a [ModelSpec<'a>],
    /// Vehicles searched per run, at most.
    pub vehicles_max: usize,
    /// It runs on every so many frames of a recording with 30 a second; see [`Self::nanos`].
    pub every: u32,
}

/// A model and the size at which it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelSpec<'a> {
    /// Name of the model's card.
    pub card: &'a str,
    /// Long side of its input, model pixels.
    pub side: u32,
    /// How many times smaller pictures are enlarged to it, at most.
    pub enlarge_max: u32,
    /// Classes that it is used for; empty means all that it can find.
    pub classes: &'a [Class],
    /// Classes that it is not used for where another model that runs finds them.
    pub spare: &'a [Class],
}

impl DetectorSpec<'_> {
    /// Least time from run to run: half a frame less than the frames at 30 a second, so that
    /// rounded times do not skip one.
    pub(crate) const fn nanos(&self) -> i64 {
        const HALF_FRAME_NANOS: i64 = 1_000_000_000 / 60;
        (2 * self.every as i64 - 1) * HALF_FRAME_NANOS
    }
}

/// Small pictures are enlarged a little: small faces and plates are found better.
const fn whole(card: &str, side: u32, every: u32) -> DetectorSpec<'_> {
    DetectorSpec {
        model: ModelSpec {
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
const fn as_recorded(card: &str, side: u32, every: u32) -> DetectorSpec<'_> {
    let spec = whole(card, side, every);
    DetectorSpec {
        model: ModelSpec {
            enlarge_max: 1,
            ..spec.model
        },
        ..spec
    }
}

/// Plates, and screens only where no other model finds them: its own screens are weaker.
const fn plates(side: u32, every: u32) -> DetectorSpec<'static> {
    let spec = whole("plate-screen", side, every);
    DetectorSpec {
        model: ModelSpec {
            spare: &[Class::Screen],
            ..spec.model
        },
        ..spec
    }
}

/// Screens and vehicles, and plates inside at most `vehicles_max` of the vehicles.
const fn street(
    side: u32,
    every: u32,
    vehicles_max: usize,
    in_vehicles: &'static [ModelSpec<'static>],
) -> DetectorSpec<'static> {
    let spec = as_recorded("objects", side, every);
    DetectorSpec {
        in_vehicles,
        vehicles_max,
        ..spec
    }
}

/// A vehicle across the street is 50 pixels wide, and its plate must have 60 to be found.
const fn close_up(card: &'static str, side: u32) -> ModelSpec<'static> {
    ModelSpec {
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

/// Input in which a plate that fills the picture is as large as that. It costs a twelfth of a run
/// at 640.
const CLOSE: u32 = 192;

const FAST: &[DetectorSpec<'_>] = &[
    whole("faces", 960, 8),
    whole("faces-covered", 640, 4),
    whole("lpd-yunet", 640, 15),
    plates(640, 6),
    plates(NEAR, 12),
    plates(CLOSE, 12),
    street(
        640,
        12,
        2,
        &[close_up("lpd-yunet", 320), close_up("plate-screen", 320)],
    ),
];

const STANDARD: &[DetectorSpec<'_>] = &[
    whole("faces", 960, 4),
    whole("faces-covered", 640, 2),
    whole("retinaface-mnet025", 640, 4),
    whole("lpd-yunet", 640, 6),
    plates(960, 4),
    plates(NEAR, 6),
    plates(CLOSE, 6),
    street(
        640,
        6,
        2,
        &[close_up("lpd-yunet", 480), close_up("plate-screen", 480)],
    ),
];

const THOROUGH: &[DetectorSpec<'_>] = &[
    whole("faces", 960, 2),
    whole("faces-covered", 640, 1),
    whole("retinaface-mnet025", 960, 2),
    whole("centerface", 640, 4),
    as_recorded("lpd-yunet", 960, 4),
    whole("lpd-yunet", 480, 4),
    plates(960, 2),
    plates(1280, 4),
    plates(NEAR, 4),
    plates(CLOSE, 4),
    street(
        832,
        4,
        4,
        &[close_up("lpd-yunet", 640), close_up("plate-screen", 640)],
    ),
];

impl Profile {
    /// Detections of models for one class are merged: add a model by adding a line.
    const fn specs(self) -> &'static [DetectorSpec<'static>] {
        match self {
            Self::Fast => FAST,
            Self::Standard => STANDARD,
            Self::Thorough => THOROUGH,
        }
    }

    /// What the profile runs, for people: each model at its largest size, and how often.
    #[must_use]
    pub fn summary(self) -> String {
        let purpose = match self {
            Self::Fast => "for a first impression",
            Self::Standard => "for a release",
            Self::Thorough => "for a sensitive release",
        };
        let mut models: Vec<(&str, u32, u32)> = Vec::new();
        for spec in self.specs() {
            let (card, side) = (spec.model.card, spec.model.side);
            match models.iter_mut().find(|(known, ..)| *known == card) {
                Some((_, largest, every)) => {
                    *largest = side.max(*largest);
                    *every = spec.every.min(*every);
                }
                None => models.push((card, side, spec.every)),
            }
        }
        let each = models.iter().map(|(card, side, every)| match every {
            1 => format!("{card} at {side} px in every frame"),
            _ => format!("{card} at {side} px in 1 of {every} frames"),
        });
        let each: Vec<String> = each.collect();
        format!("{purpose}: {} (of 30 a second)", each.join(", "))
    }

    /// A model without a line in the profile, where no other model finds what it finds.
    const fn fallback(self, card: &str) -> DetectorSpec<'_> {
        match self {
            Self::Fast => whole(card, 960, 6),
            Self::Standard => whole(card, 960, 3),
            Self::Thorough => whole(card, 960, 2),
        }
    }

    /// The detectors of the profile whose models are among `installed`, and every other model of
    /// a class that these leave out: a class goes without a detector only where no installed model
    /// finds it.
    pub(crate) fn detectors<'a>(self, installed: &[&'a Card]) -> Vec<DetectorSpec<'a>> {
        let has = |name: &str| installed.iter().any(|card| card.name == name);
        let mut chosen: Vec<DetectorSpec<'a>> = self
            .specs()
            .iter()
            .filter(|spec| has(spec.model.card))
            .copied()
            .collect();
        let named: Vec<&str> = chosen.iter().map(|spec| spec.model.card).collect();
        let found_by_named = |class: &Class| {
            let mut cards = installed.iter();
            cards.any(|card| named.contains(&card.name.as_str()) && card.classes().contains(class))
        };
        for card in installed {
            let more = !named.contains(&card.name.as_str());
            if more && card.classes().iter().any(|class| !found_by_named(class)) {
                chosen.push(self.fallback(&card.name));
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    use redact_vision::ModelStore;

    /// Every card that comes with the program, and one that no profile has a line for.
    fn cards() -> Vec<Card> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let mut cards = ModelStore::open(&models).unwrap().cards().to_vec();
        let mut other = cards
            .iter()
            .find(|card| card.name == "faces")
            .unwrap()
            .clone();
        other.name = "a-model-of-the-agency".into();
        cards.push(other);
        cards
    }

    fn asked(profile: Profile, installed: &[&Card]) -> BTreeSet<Class> {
        let specs = profile.detectors(installed);
        let card = |name: &str| installed.iter().find(|card| card.name == name).unwrap();
        specs
            .iter()
            .flat_map(|spec| card(spec.model.card).classes())
            .collect()
    }

    /// Goal: a profile never leaves out a class that an installed model finds. Method: every
    /// subset of the cards, in every profile.
    #[test]
    fn every_subset_of_the_models_finds_all_that_it_can() {
        let cards = cards();
        for subset in 0..1_u32 << cards.len() {
            let chosen = |(at, card)| (subset >> at & 1 == 1).then_some(card);
            let installed: Vec<&Card> = cards.iter().enumerate().filter_map(chosen).collect();
            let can: BTreeSet<Class> = installed.iter().flat_map(|card| card.classes()).collect();
            for profile in Profile::ALL {
                let names: Vec<&str> = installed.iter().map(|card| card.name.as_str()).collect();
                assert_eq!(asked(profile, &installed), can, "{profile:?}: {names:?}");
            }
        }
    }

    /// Goal: the help text of each profile says what its table says.
    #[test]
    fn the_help_of_a_profile_follows_from_its_table() {
        for profile in Profile::ALL {
            let help = profile.summary();
            for spec in profile.specs() {
                assert!(help.contains(spec.model.card), "{help}");
            }
        }
        let fast = Profile::Fast.summary();
        assert!(fast.contains("faces at 960 px in 1 of 8 frames"), "{fast}");
        let thorough = Profile::Thorough.summary();
        assert!(
            thorough.contains("faces-covered at 640 px in every frame"),
            "{thorough}"
        );
        assert!(
            thorough.contains("plate-screen at 1280 px in 1 of 2"),
            "{thorough}"
        );
    }

    /// Goal: a model without a line in the profile runs where it is needed, and only there.
    #[test]
    fn a_fallback_runs_only_where_it_is_needed() {
        let cards = cards();
        let names = |wanted: &[&str]| {
            let chosen = cards
                .iter()
                .filter(|card| wanted.contains(&card.name.as_str()));
            let installed: Vec<&Card> = chosen.collect();
            let specs = Profile::Fast.detectors(&installed);
            let names = specs.iter().map(|spec| spec.model.card.to_owned());
            names.collect::<Vec<String>>()
        };
        assert_eq!(
            names(&["faces", "retinaface-mnet025", "centerface"]),
            ["faces"]
        );
        assert_eq!(
            names(&["retinaface-mnet025", "centerface"]),
            ["centerface", "retinaface-mnet025"]
        );
        assert_eq!(names(&["a-model-of-the-agency"]), ["a-model-of-the-agency"]);
    }
}
