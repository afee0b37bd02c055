//! Kinds of recordings that cameras and the tools behind them make, which are neither damaged nor
//! plain.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};

use common::{Content, ffmpeg, folder, read, read_with};
use redact_core::{Conversion, SourceDiagnostics, SourceError};
use redact_media::{Damaged, FileSource, OpenOptions};

const CLIP: &str = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=2 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=2";

fn whole(path: &Path) -> (Content, SourceDiagnostics) {
    let (content, met) = read_with(path, Damaged::Stop).unwrap();
    assert!(met.damage.is_empty());
    (content, met)
}

fn joined(path: &Path, parts: &[PathBuf]) {
    let parts = parts.iter().map(|part| std::fs::read(part).unwrap());
    std::fs::write(path, parts.collect::<Vec<_>>().concat()).unwrap();
}

fn largest_step(content: &Content) -> i64 {
    let nanos = content.frame_nanos();
    let steps = nanos.windows(2).map(|pair| pair[1] - pair[0]);
    steps.max().unwrap()
}

/// Goal: where a clock starts again, pictures and sound go on where they were, and it is declared.
/// Control: of one segment nothing is said.
#[test]
fn joined_segments_are_one_recording() {
    let folder = folder();
    for (name, options) in [
        ("a.ts", "-c:v libx264 -g 25 -bf 2 -c:a aac"),
        ("a.mpg", "-c:v mpeg2video -g 12 -bf 2 -c:a mp2"),
    ] {
        let part = folder.path().join(name);
        ffmpeg(&format!("{CLIP} {options}"), &part);
        let (one, met) = whole(&part);
        let restarts = |c: &Conversion| matches!(c, Conversion::ClockRestarted { .. });
        assert!(!met.conversions.iter().any(restarts), "{name}: {met:?}");
        let path = folder.path().join(format!("joined-{name}"));
        joined(&path, &[part.clone(), part.clone(), part]);
        for damaged in [Damaged::Stop, Damaged::Mask] {
            let (three, met) = read_with(&path, damaged).unwrap();
            assert!(met.damage.is_empty(), "{name}: {met:?}");
            let restarts = |c: &Conversion| matches!(c, Conversion::ClockRestarted { times: 2 });
            assert!(met.conversions.iter().any(restarts), "{name}: {met:?}");
            assert_eq!(three.frames.len(), 3 * one.frames.len(), "{name}");
            assert!(largest_step(&three) <= 120_000_000, "{name}");
            let samples = |content: &Content| -> usize {
                content
                    .sound
                    .iter()
                    .map(redact_core::AudioBlock::frames)
                    .sum()
            };
            assert!(samples(&three) > samples(&one) * 29 / 10, "{name}");
        }
    }
}

/// Goal: a recording is read without the sound that cannot be decoded, but not without any unless
/// somebody accepted that.
#[test]
fn sound_that_cannot_be_decoded_is_left_out() {
    let folder = folder();
    let path = folder.path().join("two.mov");
    ffmpeg(
        &format!("{CLIP} -map 0:v -map 1:a -map 1:a -c:v libx264 -c:a pcm_s16le"),
        &path,
    );
    let two = std::fs::read(&path).unwrap();
    let places: Vec<usize> = two
        .windows(4)
        .enumerate()
        .filter(|(_, bytes)| bytes == b"sowt")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 2);
    let with_unknown = |count: usize| {
        let mut bytes = two.clone();
        for at in &places[2 - count..] {
            bytes[*at..at + 4].copy_from_slice(b"apac");
        }
        let path = folder.path().join(format!("unknown-{count}.mov"));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let asked = OpenOptions {
        require_sound: true,
        ..OpenOptions::default()
    };
    let one = with_unknown(1);
    let content = read(&one).unwrap();
    assert_eq!(content.info.audio.len(), 1);
    assert_eq!(
        content.info.streams.iter().filter(|s| !s.included).count(),
        1
    );
    assert!(FileSource::open(&one, &asked).is_ok());
    let none = with_unknown(2);
    assert!(matches!(
        FileSource::open(&none, &asked),
        Err(SourceError::NoSound { .. })
    ));
    let lost = [Conversion::SoundLost { tracks: 2 }];
    assert_eq!(read(&none).unwrap().info.conversions, lost);
}

/// Goal: interlaced pictures come out without combs, and it is declared. Control: of progressive
/// ones nothing is said.
#[test]
fn interlaced_pictures_are_deinterlaced_and_declared() {
    let folder = folder();
    let path = folder.path().join("a.ts");
    let source = "-f lavfi -i testsrc2=size=192x128:rate=50:duration=1";
    ffmpeg(
        &format!("{source} -vf interlace -c:v mpeg2video -flags +ildct+ilme -top 1 -b:v 4M"),
        &path,
    );
    let (_, met) = whole(&path);
    assert_eq!(met.conversions, [Conversion::Deinterlaced]);
    let plain = folder.path().join("b.ts");
    ffmpeg(&format!("{source} -c:v mpeg2video -b:v 4M"), &plain);
    assert_eq!(whole(&plain).1.conversions, []);
}

/// The collected recordings, where they are at hand: each is read whole, and says what it must.
#[test]
fn collected_recordings_are_read() {
    let Some(folder) = shared::shared("trials/recordings") else {
        return;
    };
    for (name, frames, word) in [
        ("01-spatial-sound.mov", 90, ""),
        ("09-joined-segments.ts", 90, "clock restarts 2 times"),
        (
            "10-begins-between-key-frames.mp4",
            60,
            "begins between key frames",
        ),
        ("13-sound-track-without-samples.mp4", 90, "has no samples"),
        (
            "17-program-stream-named.mp4",
            87,
            "without a timestamp placed",
        ),
        ("21-interlaced.MTS", 50, "deinterlaced"),
        ("34-clock-set-forward.mp4", 90, ""),
    ] {
        let (content, met) = read_with(&folder.join(name), Damaged::Stop).unwrap();
        let changes: Vec<String> = met.conversions.iter().map(ToString::to_string).collect();
        assert!(
            content.frames.len() >= frames,
            "{name}: {}",
            content.frames.len()
        );
        assert!(changes.join("; ").contains(word), "{name}: {changes:?}");
    }
}
