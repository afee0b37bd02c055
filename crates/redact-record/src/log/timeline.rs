//! The timeline of a release, from its manifest.

use redact_core::{Class, TimeSpan};

use super::format::plural;
use crate::manifest::{ClassName, MaskOriginName, PublicManifest, Seconds};
use crate::timeline::{Lane, LaneKind, Timeline};

/// The masks and mutes over time, as declared in `manifest`.
#[must_use]
pub fn timeline(manifest: &PublicManifest) -> Timeline {
    Timeline {
        duration_nanos: manifest.totals.seconds.0,
        lanes: lanes_of(manifest),
    }
}

/// Lanes for each class, drawn masks, damage and sound; empty lanes are left out.
fn lanes_of(manifest: &PublicManifest) -> Vec<Lane> {
    let of_class = |class: Option<ClassName>, is_damage: bool| -> Vec<TimeSpan> {
        let masks = manifest.masks.iter().filter(|mask| {
            let damage = mask.origin == MaskOriginName::Damage;
            mask.class == class && damage == is_damage
        });
        masks
            .filter_map(|mask| span(mask.release_seconds.0))
            .collect()
    };
    let lane = |label: &str, kind, spans| Lane {
        label: label.to_owned(),
        kind,
        spans,
    };
    let mut lanes: Vec<Lane> = Class::ALL
        .into_iter()
        .map(ClassName::from)
        .map(|class| {
            lane(
                plural(class),
                LaneKind::Picture,
                of_class(Some(class), false),
            )
        })
        .collect();
    lanes.push(lane(
        "Drawn areas",
        LaneKind::Picture,
        of_class(None, false),
    ));
    lanes.push(lane(
        "Damaged pictures",
        LaneKind::Picture,
        of_class(None, true),
    ));
    let mutes = manifest.mutes.iter();
    let muted = mutes
        .filter_map(|mute| span(mute.release_seconds.0))
        .collect();
    lanes.push(lane("Sound", LaneKind::Sound, muted));
    lanes.retain(|lane| !lane.spans.is_empty());
    lanes
}

fn span((start, end): (Seconds, Seconds)) -> Option<TimeSpan> {
    TimeSpan::new(start.0, end.0)
}
