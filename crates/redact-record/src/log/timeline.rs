//! The picture of what is hidden when: one lane per class and one for sound.

use redact_core::{Class, TimeSpan};

use super::{clock, plural};
use crate::manifest::{ClassName, MaskOriginName, PublicManifest, Seconds};

/// Where the lanes start, in units of the drawing; labels stand to the left.
const LEFT: f64 = 110.0;
/// Width of the lanes.
const WIDTH: f64 = 870.0;
/// From one lane to the next.
const LANE: u32 = 30;
/// Ticks on the time axis, at most.
const TICKS_MAX: i64 = 8;
/// Spacings of ticks that read well, in seconds.
const STEPS: [i64; 14] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
];

/// The drawing, placed and ready to print.
pub(super) struct Timeline {
    pub(super) lanes: Vec<Lane>,
    pub(super) ticks: Vec<Tick>,
    pub(super) height: u32,
    pub(super) axis_y: u32,
    /// The same in words, for readers who do not see it.
    pub(super) words: String,
}

/// One row.
pub(super) struct Lane {
    pub(super) label: String,
    pub(super) sound: bool,
    pub(super) y: u32,
    pub(super) bars: Vec<Bar>,
}

/// One span, in units of the drawing.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
}

/// One mark of the time axis.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) label: String,
}

/// Places lanes, bars and ticks.
pub(super) fn svg_parts(manifest: &PublicManifest) -> Timeline {
    let duration = manifest.totals.seconds.0.max(1);
    let mut lanes = Vec::new();
    let mut words = Vec::new();
    for (label, sound, spans) in spans(manifest) {
        let spans = TimeSpan::merged(spans, 0);
        let hidden: i64 = spans.iter().map(|span| shown(*span, duration)).sum();
        words.push(format!(
            "{label}: {} of {}",
            clock(Seconds(hidden)),
            clock(Seconds(duration))
        ));
        lanes.push(Lane {
            label,
            sound,
            y: LANE * u32::try_from(lanes.len()).unwrap_or(u32::MAX) + 8,
            bars: spans.iter().map(|span| bar(*span, duration)).collect(),
        });
    }
    let axis_y = LANE * u32::try_from(lanes.len()).unwrap_or(u32::MAX) + 8;
    Timeline {
        lanes,
        ticks: ticks(duration),
        height: axis_y + 26,
        axis_y,
        words: words.join("; "),
    }
}

/// One list of spans per lane that has any.
pub(super) fn spans(manifest: &PublicManifest) -> Vec<(String, bool, Vec<TimeSpan>)> {
    let of_class = |class: Option<ClassName>, is_damage: bool| -> Vec<TimeSpan> {
        let masks = manifest.masks.iter().filter(|mask| {
            let damage = mask.origin == MaskOriginName::Damage;
            mask.class == class && damage == is_damage
        });
        masks
            .filter_map(|mask| span(mask.release_seconds.0))
            .collect()
    };
    let mut lanes: Vec<(String, bool, Vec<TimeSpan>)> = Class::ALL
        .into_iter()
        .map(ClassName::from)
        .map(|class| {
            (
                plural(class).to_owned(),
                false,
                of_class(Some(class), false),
            )
        })
        .collect();
    lanes.push(("Drawn areas".into(), false, of_class(None, false)));
    lanes.push(("Damaged pictures".into(), false, of_class(None, true)));
    let mutes = manifest.mutes.iter();
    let muted = mutes
        .filter_map(|mute| span(mute.release_seconds.0))
        .collect();
    lanes.push(("Sound".into(), true, muted));
    lanes.retain(|(_, _, spans)| !spans.is_empty());
    lanes
}

fn span((start, end): (Seconds, Seconds)) -> Option<TimeSpan> {
    TimeSpan::new(start.0, end.0)
}

/// How much of `span` lies within the pictures, nanoseconds.
fn shown(span: TimeSpan, duration: i64) -> i64 {
    let (start, end) = (span.start_nanos().max(0), span.end_nanos().min(duration));
    (end - start).max(0)
}

#[expect(clippy::cast_precision_loss, reason = "a drawing needs four digits")]
fn x_at(nanos: i64, duration: i64) -> f64 {
    LEFT + WIDTH * (nanos.clamp(0, duration) as f64 / duration as f64)
}

fn bar(span: TimeSpan, duration: i64) -> Bar {
    let start = x_at(span.start_nanos(), duration).min(LEFT + WIDTH - 2.0);
    // A single frame of an hour would be too thin to be seen.
    let width = (x_at(span.end_nanos(), duration) - start).max(2.0);
    Bar {
        x: format!("{start:.1}"),
        width: format!("{width:.1}"),
    }
}

fn ticks(duration: i64) -> Vec<Tick> {
    let second = 1_000_000_000;
    let wanted = duration / second / TICKS_MAX;
    let step = STEPS
        .into_iter()
        .find(|&step| step > wanted)
        .unwrap_or(wanted.max(1));
    (0..=duration / (step * second))
        .map(|index| {
            let nanos = index * step * second;
            let text = clock(Seconds(nanos));
            Tick {
                x: format!("{:.1}", x_at(nanos, duration)),
                label: text.strip_suffix(".0").unwrap_or(&text).to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_stays_legible_at_any_length() {
        for seconds in [0, 1, 7, 59, 600, 3601, 7_200, 86_400, 1_000_000] {
            let count = ticks((seconds * 1_000_000_000).max(1)).len();
            assert!((1..=9).contains(&count), "{count} ticks for {seconds} s");
        }
    }

    #[test]
    fn a_single_frame_is_still_seen_and_nothing_leaves_the_lane() {
        let hour = 3_600_000_000_000;
        let last = TimeSpan::new(hour - 1, hour + 5).unwrap();
        let bar = bar(last, hour);
        assert_eq!((bar.x.as_str(), bar.width.as_str()), ("978.0", "2.0"));
    }
}
