//! The rows of the redaction log, shared by all of its formats.

use redact_core::{DamageCause, MuteStreams};

use super::format::clock;
use crate::manifest::{
    CheckFile, EffectFile, MaskItem, MaskOriginName, Medium, MuteItem, MuteStyleName, OneLine,
    PublicManifest, ReasonFile, RemovedItem, Seconds, ShapeFile, SoundTotal, SpeechMuteName,
    WithheldSpan,
};

/// One row of the index of withheld items.
pub(super) struct ItemRow<'a> {
    pub(super) item: u32,
    pub(super) start: Seconds,
    pub(super) medium: &'static str,
    pub(super) time: String,
    pub(super) frames: String,
    pub(super) class: String,
    pub(super) description: &'a str,
    pub(super) done: String,
    pub(super) found: String,
    /// Frames in which a model detected it, and all of its frames.
    pub(super) detected: Option<(u64, u64)>,
    pub(super) code: &'a str,
    pub(super) statute: &'a str,
    pub(super) text: &'a str,
}

/// Items that differ only in their number and their time, as one row.
pub(super) struct GroupRow<'a> {
    /// `3`, or `1 to 4, 9`.
    pub(super) items: String,
    /// Time and frames of each item.
    pub(super) times: Vec<(String, String)>,
    pub(super) found: String,
    /// The first of the items, for what all have in common.
    pub(super) first: ItemRow<'a>,
}

/// What is withheld under one statute.
pub(super) struct StatuteTotal<'a> {
    pub(super) statute: &'a str,
    pub(super) items: usize,
    pub(super) codes: String,
}

pub(super) struct SoundRow {
    pub(super) track: u32,
    pub(super) length: String,
    pub(super) muted: String,
    pub(super) untouched: f64,
}

pub(super) struct CheckGroup<'a> {
    pub(super) title: &'static str,
    pub(super) checks: &'a [CheckFile],
}

impl SoundRow {
    pub(super) fn new(sound: &SoundTotal) -> Self {
        Self {
            track: sound.track + 1,
            length: clock(sound.seconds),
            muted: clock(sound.muted_seconds),
            untouched: sound.untouched_percent,
        }
    }
}

/// Items in order of time, as a viewer encounters them.
pub(super) fn items(manifest: &PublicManifest) -> Vec<ItemRow<'_>> {
    let masks = manifest.masks.iter().map(|mask| mask_row(manifest, mask));
    let mutes = manifest.mutes.iter().map(|mute| mute_row(manifest, mute));
    let mut rows: Vec<ItemRow<'_>> = masks.chain(mutes).collect();
    rows.sort_by_key(|row| (row.start, row.item));
    // What applies to the whole recording comes last.
    rows.extend(
        manifest
            .removed
            .iter()
            .map(|removed| removed_row(&removed.0)),
    );
    if let Some(excerpt) = &manifest.excerpt {
        let withheld = excerpt.withheld.iter();
        rows.extend(withheld.map(|span| withheld_row(manifest, &excerpt.reason, &span.0)));
    }
    rows
}

/// The most items of a row, so that it fits on a page.
const GROUP_MAX: usize = 12;

/// `rows` with equal items together, each group where its first item is.
pub(super) fn grouped(rows: Vec<ItemRow<'_>>) -> Vec<GroupRow<'_>> {
    let mut groups: Vec<Vec<ItemRow<'_>>> = Vec::new();
    for row in rows {
        let same = groups.iter_mut().find(|group| {
            let first = &group[0];
            group.len() < GROUP_MAX
                && (
                    first.medium,
                    &first.class,
                    first.description,
                    &first.done,
                    first.code,
                ) == (row.medium, &row.class, row.description, &row.done, row.code)
                && (first.found == row.found || first.detected.is_some() && row.detected.is_some())
        });
        match same {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.into_iter().map(group).collect()
}

fn group(rows: Vec<ItemRow<'_>>) -> GroupRow<'_> {
    let numbers: Vec<u32> = rows.iter().map(|row| row.item).collect();
    let times = rows
        .iter()
        .map(|row| (row.time.clone(), row.frames.clone()))
        .collect();
    let all: Option<Vec<(u64, u64)>> = rows.iter().map(|row| row.detected).collect();
    let mut rows = rows.into_iter();
    let first = rows.next().expect("a group has an item");
    let found = match all {
        Some(all) => {
            let sum = |pick: fn(&(u64, u64)) -> u64| all.iter().map(pick).sum::<u64>();
            detected_text(sum(|found| found.0), sum(|found| found.1))
        }
        None => first.found.clone(),
    };
    GroupRow {
        items: runs(numbers),
        times,
        found,
        first,
    }
}

/// `1 to 4, 9`.
fn runs(mut numbers: Vec<u32>) -> String {
    numbers.sort_unstable();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.1 + 1 == number => run.1 = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |&(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// How much is withheld under each statute, the most first.
pub(super) fn statute_totals<'a>(rows: &[ItemRow<'a>]) -> Vec<StatuteTotal<'a>> {
    let mut totals: Vec<(&str, usize, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.statute.is_empty()) {
        match totals.iter_mut().find(|total| total.0 == row.statute) {
            Some((_, items, codes)) => {
                *items += 1;
                if !codes.contains(&row.code) {
                    codes.push(row.code);
                }
            }
            None => totals.push((row.statute, 1, vec![row.code])),
        }
    }
    totals.sort_by_key(|total| std::cmp::Reverse(total.1));
    let total = |(statute, items, codes): (&'a str, usize, Vec<&str>)| StatuteTotal {
        statute,
        items,
        codes: codes.join(", "),
    };
    totals.into_iter().map(total).collect()
}

/// What of the recording is never released, in words.
pub(super) fn closed_channels(manifest: &PublicManifest) -> Vec<&str> {
    let word = |name: &'_ str| match name {
        "extra-video-streams" => Some("additional video streams"),
        "audio-tracks" => Some("additional sound tracks"),
        "timed-text" => Some("subtitles and captions"),
        "sei-user-data" => Some("data embedded in the video (SEI), such as camera data"),
        "encoder-sei" => Some("encoder settings"),
        "container-tags" => Some("metadata tags, such as titles, dates and locations"),
        "data-tracks" => Some("data streams, such as GPS positions"),
        "edit-lists" => Some("edit lists, which tell players to skip parts"),
        "leftover-bytes" => Some("bytes that belong to no stream"),
        _ => None,
    };
    let names = manifest.source.closed_channels.iter();
    names
        .map(|name| word(name).unwrap_or(name.as_str()))
        .collect()
}

/// A span of the recording that an excerpt does not have.
fn withheld_row<'a>(
    manifest: &'a PublicManifest,
    code: &'a str,
    span: &WithheldSpan,
) -> ItemRow<'a> {
    let (statute, text) = reason(manifest, code);
    let (start, end) = span.source_seconds;
    let (first, after) = span.source_frames;
    ItemRow {
        item: span.item,
        start,
        medium: "Recording",
        time: format!("{} – {} of the recording", clock(start), clock(end)),
        frames: format!(
            "frames {first} – {} of the recording",
            after.saturating_sub(1)
        ),
        class: "span".into(),
        description: "Part of the recording outside of the excerpt: pictures and sound",
        done: "Withheld: nothing of it is in the release".into(),
        found: "Decided by a person of the agency".into(),
        detected: None,
        code,
        statute,
        text,
    }
}

pub(super) fn removed_row(removed: &RemovedItem) -> ItemRow<'_> {
    ItemRow {
        item: removed.item,
        start: Seconds(0),
        medium: match removed.medium {
            Medium::Picture => "Picture",
            Medium::Sound => "Sound",
            Medium::Caption => "Caption",
            Medium::Metadata => "Metadata",
        },
        time: "Whole recording".into(),
        frames: String::new(),
        class: "stream".into(),
        description: &removed.description,
        done: "Removed".into(),
        found: "By the program, in every release".into(),
        detected: None,
        code: "",
        statute: "",
        text: "A release contains one video stream and its sound, because nothing else in the \
               recording can be reviewed frame by frame. Ask the agency for it.",
    }
}

pub(super) fn reason<'a>(manifest: &'a PublicManifest, code: &str) -> (&'a str, &'a str) {
    let found: Option<&ReasonFile> = manifest.reasons.iter().find(|known| known.code == code);
    found.map_or(("", ""), |known| (&known.statute, &known.text))
}

/// One line for each group of findings that stay visible or audible, and for each class without a
/// detector.
pub(super) fn not_withheld(manifest: &PublicManifest) -> Vec<String> {
    let why = |code: &str| {
        let (statute, text) = reason(manifest, code);
        format!("{statute}: {text} ({code})")
    };
    let kept = manifest.kept.iter().map(|kept| {
        let (tracks, class, why) = (kept.tracks, kept.class, why(&kept.reason));
        let tracks = counted(tracks, "track");
        format!("Found and left visible: {tracks} of class {class}. {why}")
    });
    let rejected = manifest.rejected.iter().map(|rejected| {
        let (tracks, class, why) = (rejected.tracks, rejected.class, why(&rejected.reason));
        let tracks = counted(tracks, "track");
        format!("Found by a model and rejected by a reviewer: {tracks} of class {class}. {why}")
    });
    let speech = manifest.kept_speech.iter().map(|kept| {
        let (spans, long, why) = (kept.spans, clock(kept.seconds), why(&kept.reason));
        let spans = counted(spans, "span");
        format!("Found and left audible: {spans} of speech, {long} in total. {why}")
    });
    let unexamined = manifest.unexamined.iter().map(|class| {
        format!(
            "No model ran for class {class}, as accepted by the approver. Objects of this class may \
             be visible."
        )
    });
    let not_compared = manifest
        .findings
        .iter()
        .filter(|findings| !findings.0.compared);
    let not_compared = not_compared.map(|findings| {
        let why = findings.0.why.as_deref().unwrap_or("no reason given");
        format!(
            "The plan was not compared with the findings of the scan: {why}. Findings that are \
             missing from the plan are not counted here."
        )
    });
    let lines = kept.chain(rejected).chain(speech).chain(unexamined);
    lines.chain(not_compared).collect()
}

/// `1 track`, `2 tracks`.
fn counted(count: u32, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

pub(super) fn mask_row<'a>(manifest: &'a PublicManifest, mask: &'a MaskItem) -> ItemRow<'a> {
    let (start, end) = mask.release_seconds.0;
    let (statute, text) = reason(manifest, &mask.reason);
    let (first, after) = mask.frames.0;
    ItemRow {
        item: mask.item,
        start,
        medium: "Picture",
        time: format!("{} – {}", clock(start), clock(end)),
        frames: format!("frames {first} – {}", after.saturating_sub(1)),
        class: mask.class.map_or_else(
            || match mask.origin {
                MaskOriginName::Damage => "damaged".into(),
                MaskOriginName::Drawn | MaskOriginName::Model => "area".into(),
            },
            |class| class.to_string(),
        ),
        description: &mask.description,
        done: done_text(mask),
        found: found_text(manifest, mask),
        detected: detected(manifest, mask),
        code: &mask.reason,
        statute,
        text,
    }
}

pub(super) fn mute_row<'a>(manifest: &'a PublicManifest, mute: &'a MuteItem) -> ItemRow<'a> {
    let (start, end) = mute.release_seconds.0;
    let (statute, text) = reason(manifest, &mute.reason);
    ItemRow {
        item: mute.item,
        start,
        medium: "Sound",
        time: format!("{} – {}", clock(start), clock(end)),
        frames: String::new(),
        class: "sound".into(),
        description: &mute.description,
        done: match mute.style {
            MuteStyleName::Silence if mute.asked_style.is_some() => {
                "Replaced by silence (the plan requested a tone)".into()
            }
            MuteStyleName::Silence => "Replaced by silence".into(),
            MuteStyleName::Tone => "Replaced by a tone".into(),
        },
        found: match &mute.sound_tracks.0 {
            MuteStreams::All => "All sound tracks".into(),
            MuteStreams::Only(tracks) => {
                let names: Vec<String> = tracks.iter().map(|t| (t + 1).to_string()).collect();
                let tracks = format!("Sound track {}", names.join(", "));
                match damage_text(manifest, mute.item) {
                    Some(damage) => format!("{damage}. {tracks}"),
                    None => tracks,
                }
            }
        },
        detected: None,
        code: &mute.reason,
        statute,
        text,
    }
}

/// What was done, with the outline of a mask that is no rectangle.
fn done_text(mask: &MaskItem) -> String {
    let text = effect_text(mask.effect.0, mask.weak_effect_accepted);
    match mask.shape.as_ref().map(|shape| &shape.0) {
        None => text,
        Some(ShapeFile::Ellipse {}) => format!("{text}, in an ellipse"),
        Some(ShapeFile::Polygon { .. }) => format!("{text}, in a polygon"),
    }
}

pub(super) fn effect_text(effect: EffectFile, weak_accepted: bool) -> String {
    let text = match effect {
        EffectFile::Fill {} => "Removed: filled with black".to_owned(),
        EffectFile::Pixelate { cells_across } => format!(
            "Reduced, may be recovered in part: pixelated, at most {cells_across} cells across"
        ),
        EffectFile::Blur { cells_across } => format!(
            "Reduced, may be recovered in part: blurred, at most {cells_across} cells across"
        ),
    };
    if weak_accepted {
        return format!("{text}. The policy accepts this instead of a fill");
    }
    text
}

/// How the damage under item `item` was detected; `None` for other items.
pub(super) fn damage_text(manifest: &PublicManifest, item: u32) -> Option<String> {
    let mut damaged = manifest.damaged.iter();
    let known = damaged.find(|damaged| damaged.0.item == item)?;
    let text = DamageCause::from(known.0.why).text();
    Some(format!("The recording is damaged: {text}"))
}

pub(super) fn found_text(manifest: &PublicManifest, mask: &MaskItem) -> String {
    if let Some(text) = damage_text(manifest, mask.item) {
        return text;
    }
    let Some(coverage) = mask.coverage.map(|coverage| coverage.0) else {
        debug_assert!(mask.origin == MaskOriginName::Drawn);
        return "Drawn by a person".into();
    };
    let added = coverage.interpolated + coverage.followed + coverage.extended;
    detected_text(
        u64::from(coverage.detected),
        u64::from(coverage.detected + added),
    )
}

fn detected_text(detected: u64, frames: u64) -> String {
    format!("Detected by a model in {detected} of {frames} frames")
}

/// The frames in which a model detected it, and all of its frames; `None` for what no model found.
fn detected(manifest: &PublicManifest, mask: &MaskItem) -> Option<(u64, u64)> {
    if damage_text(manifest, mask.item).is_some() {
        return None;
    }
    let coverage = mask.coverage?.0;
    let added = coverage.interpolated + coverage.followed + coverage.extended;
    let frames = coverage.detected + added;
    Some((u64::from(coverage.detected), u64::from(frames)))
}

/// What the manifest says of speech and captions: each with its title.
pub(super) fn speech_facts(manifest: &PublicManifest) -> Vec<(&'static str, String)> {
    let speech = manifest.speech.map(|OneLine(speech)| {
        let rule = match speech.mute {
            SpeechMuteName::Speech => "The policy mutes all speech",
            SpeechMuteName::Personal => {
                "The policy mutes spoken personal data, and speech that was not understood"
            }
            SpeechMuteName::None => "The policy mutes no speech",
        };
        let text = match speech.unclear_seconds {
            Some(unclear) => format!(
                "{rule}. Transcribed automatically; {} of speech was unclear.",
                clock(unclear)
            ),
            None => format!("{rule}. Not transcribed."),
        };
        ("Speech", text)
    });
    let captions = manifest.captions.as_ref().map(|OneLine(file)| {
        let language = match &file.language {
            Some(language) => format!("language {language}, "),
            None => String::new(),
        };
        let text = format!("{language}{} bytes, SHA-256 {}", file.bytes, file.sha256.0);
        ("Captions", text)
    });
    speech.into_iter().chain(captions).collect()
}

pub(super) fn check_groups(manifest: &PublicManifest) -> Vec<CheckGroup<'_>> {
    let checks = &manifest.checks;
    [
        ("Audit of the finished file", &checks.audit),
        ("Comparison with the recording", &checks.change),
        ("Hidden data in the file", &checks.leaks),
    ]
    .into_iter()
    .filter(|(_, checks)| !checks.is_empty())
    .map(|(title, checks)| CheckGroup { title, checks })
    .collect()
}
