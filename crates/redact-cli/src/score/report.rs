//! The figures as a table for people and as JSON for machines.

use redact_core::Class;
use redact_engine::score::{BANDS, ClassScore, ClipScore, Count, ImageClassScore, ImageTally};
use serde_json::{Map, Value, json};

/// Classes with at least one marked box.
fn scored(score: &ClipScore) -> impl Iterator<Item = (Class, &ClassScore)> {
    Class::ALL
        .into_iter()
        .zip(&score.classes)
        .filter(|(_, class)| class.all.boxes > 0)
}

/// The figures of a recording, for people.
pub(super) fn clip_text(score: &ClipScore) -> String {
    let mut lines = vec![format!(
        "{:<8}{:>7}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}",
        "class", "boxes", "hidden", "by own", "found", "leaked", "longest", "tracks"
    )];
    for (class, figures) in scored(score) {
        let leaked = format!("{}/{}", figures.leaked.len(), figures.tracks);
        let longest = figures.longest_run.as_ref().map_or(0, |run| run.frames);
        let tracks = figures.tracks_per_truth_track();
        lines.push(format!(
            "{:<8}{:>7}{:>9}{:>9}{:>9}{leaked:>9}{longest:>9}{:>8}",
            class.name(),
            figures.all.boxes,
            percent(figures.all.recall()),
            percent(figures.recall_same()),
            percent(figures.found_share()),
            tracks.map_or_else(|| "-".to_owned(), |tracks| format!("{tracks:.2}")),
        ));
    }
    if scored(score).next().is_none() {
        lines.push("nothing is marked in the truth".to_owned());
    }
    lines.push(String::new());
    lines.push(bands_head("hidden, by height in pixels"));
    for (class, figures) in scored(score) {
        lines.push(bands_line(class.name(), &figures.by_height));
    }
    lines.push(String::new());
    lines.push(format!(
        "over-mask: {:.2} % of the picture",
        score.over.ratio() * 100.0
    ));
    for (class, figures) in scored(score) {
        if let Some(run) = &figures.longest_run {
            lines.push(format!(
                "longest exposure: {class} {} for {} frames from frame {}",
                run.track, run.frames, run.first
            ));
        }
    }
    lines.join("\n")
}

/// The same for machines.
pub(super) fn clip_json(clip: &str, score: &ClipScore) -> Value {
    let classes: Map<String, Value> = scored(score)
        .map(|(class, figures)| (class.name().to_owned(), class_json(figures)))
        .collect();
    let over_by_class: Map<String, Value> = Class::ALL
        .into_iter()
        .map(|class| {
            (
                class.name().to_owned(),
                rounded(score.over.ratio_of(class) * 100.0, 3),
            )
        })
        .collect();
    json!({
        "clip": clip,
        "frames": score.frames,
        "overmask_pct": rounded(score.over.ratio() * 100.0, 3),
        "overmask_pct_by_class": over_by_class,
        "classes": classes,
    })
}

fn class_json(figures: &ClassScore) -> Value {
    let by_visibility: Map<String, Value> = figures
        .by_visibility
        .iter()
        .map(|(name, count)| ((*name).to_owned(), count_json(*count)))
        .collect();
    let run = figures.longest_run.as_ref();
    json!({
        "boxes": figures.all.boxes,
        "hidden": figures.all.hidden,
        "recall": share(figures.all.recall()),
        "recall_same": share(figures.recall_same()),
        "found50": share(figures.found_share()),
        "tracks": figures.tracks,
        "leaked": figures.leaked.len(),
        "leak_rate": share(figures.leak_rate()),
        "leaked_tracks": figures.leaked,
        "longest_run": run.map_or(0, |run| run.frames),
        "longest_run_track": run.map(|run| &run.track),
        "longest_run_from": run.map(|run| run.first),
        "tracks_per_truth_track": share(figures.tracks_per_truth_track()),
        "by_height": bands_json(&figures.by_height),
        "by_vis": by_visibility,
    })
}

/// The figures of a set of images, for people.
pub(super) fn set_text(tally: &ImageTally) -> String {
    let mut lines = vec![format!(
        "{:<8}{:>7}{:>9}{:>9}{:>14}",
        "class", "boxes", "found", "hidden", "false/image"
    )];
    for (class, figures) in labelled(tally) {
        lines.push(format!(
            "{:<8}{:>7}{:>9}{:>9}{:>14.2}",
            class.name(),
            figures.found.boxes,
            percent(figures.found.recall()),
            percent(figures.covered.recall()),
            false_per_image(tally, figures),
        ));
    }
    if labelled(tally).next().is_none() {
        lines.push("nothing is marked in the set".to_owned());
    }
    for (title, of) in [
        (
            "found, by height in pixels",
            found_bands as fn(&ImageClassScore) -> &Bands,
        ),
        ("hidden, by height in pixels", covered_bands),
    ] {
        lines.push(String::new());
        lines.push(bands_head(title));
        for (class, figures) in labelled(tally) {
            lines.push(bands_line(class.name(), of(figures)));
        }
    }
    lines.push(String::new());
    lines.push(format!(
        "{} images; found: a detection meets the box at IoU 0.5; hidden: with its margin it \
         covers 95 %",
        tally.images
    ));
    lines.join("\n")
}

/// The same for machines.
pub(super) fn set_json(set: &str, profile: &str, tally: &ImageTally) -> Value {
    let classes: Map<String, Value> = labelled(tally)
        .map(|(class, figures)| {
            let entry = json!({
                "boxes": figures.found.boxes,
                "recall_iou50": share(figures.found.recall()),
                "recall_cover95": share(figures.covered.recall()),
                "false_alarms": figures.false_alarms,
                "false_per_image": rounded(false_per_image(tally, figures), 4),
                "iou50_by_height": bands_json(&figures.found_by_height),
                "cover95_by_height": bands_json(&figures.covered_by_height),
            });
            (class.name().to_owned(), entry)
        })
        .collect();
    json!({ "set": set, "profile": profile, "images": tally.images, "classes": classes })
}

type Bands = [Count; BANDS.len()];

const fn found_bands(figures: &ImageClassScore) -> &Bands {
    &figures.found_by_height
}

const fn covered_bands(figures: &ImageClassScore) -> &Bands {
    &figures.covered_by_height
}

/// Classes that the set marks at all: what others find there is not false, only not marked.
fn labelled(tally: &ImageTally) -> impl Iterator<Item = (Class, &ImageClassScore)> {
    Class::ALL
        .into_iter()
        .zip(&tally.classes)
        .filter(|(_, class)| class.found.boxes > 0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of images and alarms stay below 2^53"
)]
fn false_per_image(tally: &ImageTally, figures: &ImageClassScore) -> f64 {
    figures.false_alarms as f64 / tally.images.max(1) as f64
}

fn bands_head(title: &str) -> String {
    let names: String = BANDS
        .iter()
        .map(|(name, _)| format!("{name:>15}"))
        .collect();
    format!("{title}\n{:<8}{names}", "class")
}

fn bands_line(class: &str, bands: &Bands) -> String {
    let cells: String = bands
        .iter()
        .map(|count| match count.recall() {
            None => format!("{:>15}", "-"),
            recall => format!("{:>15}", format!("{} of {}", percent(recall), count.boxes)),
        })
        .collect();
    format!("{class:<8}{cells}")
}

fn bands_json(bands: &Bands) -> Value {
    let present = BANDS.iter().zip(bands).filter(|(_, count)| count.boxes > 0);
    present
        .map(|((name, _), count)| ((*name).to_owned(), count_json(*count)))
        .collect::<Map<_, _>>()
        .into()
}

fn count_json(count: Count) -> Value {
    json!({ "n": count.boxes, "recall": share(count.recall()) })
}

fn share(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| rounded(value, 4))
}

/// Rounds half to even, as the reference for these figures prints them.
fn rounded(value: f64, places: i32) -> Value {
    let scale = 10_f64.powi(places);
    json!((value * scale).round_ties_even() / scale)
}

/// Rounded down: what is not all of it never reads as 100 %.
fn percent(value: Option<f64>) -> String {
    // A share like 0.29 is a hair below its decimal; the hair must not cost a digit.
    let tenths = |value: f64| (value * 1000.0 + 1e-9).floor() / 10.0;
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", tenths(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_among_many_is_never_shown_as_all() {
        assert_eq!(percent(Some(1.0)), "100.0 %");
        assert_eq!(percent(Some(0.9999)), "99.9 %");
        assert_eq!(percent(Some(0.29)), "29.0 %");
        assert_eq!(percent(None), "-");
    }
}
