//! What a scan found, for people and for machines.

use std::path::Path;

use redact_core::{Class, Conversion, Findings, StreamKind, TimeSpan, Timestamp};

/// One line per class: tracks, frames in which it is hidden, longest gap filled. Vehicles only
/// where there are some without a plate.
pub(crate) fn table(found: &Findings) -> String {
    let mut lines = vec![format!(
        "{:<8}{:>8}{:>10}{:>14}",
        "class", "tracks", "frames", "longest gap"
    )];
    for class in Class::ALL {
        if found.missing.contains(&class) {
            lines.push(format!("{class}s: no detector installed"));
            continue;
        }
        let of_class = || found.tracks.iter().filter(|track| track.class() == class);
        if class == Class::Vehicle && of_class().next().is_none() {
            continue;
        }
        let frames: usize = of_class().map(|track| track.boxes().len()).sum();
        let gap = of_class()
            .map(redact_core::Track::longest_gap)
            .max()
            .unwrap_or(0);
        lines.push(format!(
            "{:<8}{:>8}{:>10}{:>14}",
            class.name(),
            of_class().count(),
            frames,
            gap
        ));
        if class == Class::Vehicle {
            lines.push("  (vehicles in the frames in which no plate is found on them)".into());
        }
    }
    lines.push(match (&found.speech, found.source.info.audio.len()) {
        (_, 0) => "speech: the recording has no sound".to_owned(),
        (None, _) => "speech: no detector installed".to_owned(),
        (Some(spans), _) => {
            let nanos: i64 = spans.iter().map(|span| span.length_nanos()).sum();
            format!("speech: {} spans, {} s", spans.len(), nanos / 1_000_000_000)
        }
    });
    lines.extend(transcript_line(found));
    lines.extend(damaged_lines(found));
    let conversions = found.source.info.conversions.iter();
    let is_listed = |conversion: &&Conversion| {
        let is_setting = matches!(
            conversion,
            Conversion::Turned { .. } | Conversion::FrameRate { .. }
        );
        conversion.is_found_while_reading() || is_setting
    };
    let listed = conversions.filter(is_listed);
    lines.extend(listed.map(|conversion| format!("changed: {conversion}")));
    lines.extend(other_videos(found));
    lines.join("\n")
}

/// Which other video streams there are, if any.
fn other_videos(found: &Findings) -> Option<String> {
    let info = &found.source.info;
    let videos = info
        .streams
        .iter()
        .filter(|stream| stream.kind == StreamKind::Video);
    let others: Vec<String> = videos
        .filter(|stream| stream.index != info.video.stream)
        .map(|stream| format!("{} ({})", stream.index, stream.codec))
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "video stream {} is read; not in this release: {} (--video-stream releases another)",
            info.video.stream,
            others.join(", ")
        )
    })
}

/// What installs the speech recognition model, for a checkout and an installed program.
const INSTALL_MODEL: &str = "`scripts/setup --speech`, or the package redact-models,";

/// How much was transcribed, and how much of it needs a person.
pub(crate) fn transcript_line(found: &Findings) -> Option<String> {
    let has_speech = found.speech.as_ref().is_some_and(|spans| !spans.is_empty());
    let Some(transcript) = &found.transcript else {
        return has_speech
            .then(|| format!("transcript: none ({INSTALL_MODEL} installs the model)"));
    };
    let voices = || transcript.voices.iter();
    let words: usize = voices().map(|voice| voice.words.len()).sum();
    let personal: usize = voices().map(|voice| voice.personal.len()).sum();
    let unclear = redact_record::plan::unclear_nanos(found).unwrap_or(0);
    Some(format!(
        "transcript ({}): {words} words, {personal} items of personal data, {:.1} s not understood",
        transcript.language,
        std::time::Duration::from_nanos(u64::try_from(unclear).unwrap_or(0)).as_secs_f64()
    ))
}

/// One line per damaged stretch, the first few of them.
fn damaged_lines(found: &Findings) -> Vec<String> {
    let damage = &found.damage;
    let seconds = |span: TimeSpan| {
        let tenths = |nanos: i64| nanos.div_euclid(100_000_000);
        let (start, end) = (tenths(span.start_nanos()), tenths(span.end_nanos()) + 1);
        let text = |tenths: i64| format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10));
        format!("{} to {} s", text(start), text(end))
    };
    let pictures = damage.pictures.iter().map(|damaged| {
        let (first, end) = (damaged.frames.start().get(), damaged.frames.end().get());
        let (at, why) = (seconds(damaged.span), damaged.cause.text());
        format!(
            "damaged: {at} (frames {first} to {}), hidden: {why}",
            end - 1
        )
    });
    let sound = damage.sound.iter().map(|damaged| {
        let (at, why) = (seconds(damaged.span), damaged.cause.text());
        format!("damaged: {at}, sound track {} muted: {why}", damaged.stream)
    });
    let mut lines: Vec<String> = pictures.chain(sound).collect();
    let more = lines.len().saturating_sub(DAMAGED_MAX);
    lines.truncate(DAMAGED_MAX);
    if more > 0 {
        lines.push(format!("damaged: {more} more stretches (see the findings)"));
    }
    lines
}

/// So many damaged stretches are printed.
const DAMAGED_MAX: usize = 10;

/// So many tracks are printed; a person who wants all of them reads the findings or `--json`.
const PRIORITY_MAX: usize = 10;

/// The tracks to review first, the riskiest first.
fn priority(found: &Findings) -> Vec<redact_engine::TrackPriority> {
    let source = &found.source;
    redact_engine::review_priority(&found.tracks, source.frames, source.info.video.size)
}

/// What to review first, one line per track; nothing when no track has a weakness.
pub(super) fn review_first(found: &Findings) -> Option<String> {
    let mut tracks = priority(found);
    let all = tracks.len();
    if all == 0 {
        return None;
    }
    tracks.truncate(PRIORITY_MAX);
    let mut lines = vec![format!("review first ({} of {all} tracks):", tracks.len())];
    for weak in tracks {
        let at = weak.worst.worst.get();
        let why: Vec<&str> = weak.weaknesses.iter().map(|of| of.text()).collect();
        lines.push(format!(
            "  {}  {} {}: {} (frame {at})",
            clock(found, at),
            weak.class,
            weak.track,
            why.join("; ")
        ));
    }
    Some(lines.join("\n"))
}

/// About when a frame is shown, minutes and seconds: findings do not hold every frame's time.
fn clock(found: &Findings, frame: u32) -> String {
    let source = &found.source;
    let ticks =
        i128::from(source.duration_ticks) * i128::from(frame) / i128::from(source.frames.max(1));
    let nanos = i64::try_from(ticks)
        .ok()
        .and_then(|ticks| Timestamp::new(ticks).nanos(source.info.video.time_base))
        .unwrap_or(0);
    let tenths = nanos / 100_000_000;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// The same for machines.
pub(crate) fn summary(clip: &Path, output: &Path, found: &Findings) -> serde_json::Value {
    let classes: serde_json::Map<String, serde_json::Value> = Class::ALL
        .into_iter()
        .map(|class| {
            let of_class = || found.tracks.iter().filter(|track| track.class() == class);
            let entry = serde_json::json!({
                "installed": found.models.iter().any(|model| model.classes.contains(&class)),
                "tracks": of_class().count(),
                "frames": of_class().map(|track| track.boxes().len()).sum::<usize>(),
                "longest_gap": of_class().map(redact_core::Track::longest_gap).max(),
            });
            (class.name().to_owned(), entry)
        })
        .collect();
    let first: Vec<_> = priority(found)
        .iter()
        .map(|weak| {
            let weaknesses: Vec<&str> = weak.weaknesses.iter().map(|of| of.text()).collect();
            serde_json::json!({
                "track": weak.track.0, "class": weak.class.name(),
                "first_frame": weak.worst.frames.start().get(),
                "last_frame": weak.worst.frames.end().get() - 1,
                "worst_frame": weak.worst.worst.get(),
                "why": weak.worst.weakness.text(), "weaknesses": weaknesses, "risk": weak.risk,
            })
        })
        .collect();
    serde_json::json!({
        "look_here_first": first,
        "clip": clip, "findings": output, "sha256": found.source.digest.to_string(),
        "frames": found.source.frames, "classes": classes,
        "damaged_pictures": found.damage.pictures.len(),
        "damaged_sound": found.damage.sound.len(),
        "speech_spans": found.speech.as_ref().map(Vec::len),
        "transcript": transcript_json(found),
    })
}

fn transcript_json(found: &Findings) -> Option<serde_json::Value> {
    let transcript = found.transcript.as_ref()?;
    let voices = || transcript.voices.iter();
    Some(serde_json::json!({
        "language": transcript.language,
        "words": voices().map(|voice| voice.words.len()).sum::<usize>(),
        "personal": voices().map(|voice| voice.personal.len()).sum::<usize>(),
        "unclear_nanos": redact_record::plan::unclear_nanos(found),
    }))
}
