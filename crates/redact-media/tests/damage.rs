//! Recordings that are damaged in the middle.
//!
//! The measure is always the whole recording: what is not declared as damaged must be, picture by
//! picture, what it is there.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use common::{Content, ffmpeg, folder};
use redact_core::{Damage, Frame, FrameIndex, PlaneKind, SourceError};
use redact_media::Damaged;

const CLIP: &str = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=4 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=4";

/// Small packets and a constant rate, so that damage at any place hits pictures.
const H264: &str = "-c:v libx264 -preset fast -g 25 -b:v 400k";

fn tolerant(path: &Path) -> Result<(Content, Damage), SourceError> {
    let (content, met) = common::read_with(path, Damaged::Mask)?;
    Ok((content, met.damage))
}

fn pixels(frame: &Frame) -> Vec<u8> {
    let planes = PlaneKind::ALL.into_iter();
    planes
        .flat_map(|kind| {
            frame
                .picture
                .plane(kind)
                .rows()
                .flatten()
                .copied()
                .collect::<Vec<u8>>()
        })
        .collect()
}

/// Ways in which a file is damaged.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// Bytes are overwritten with others.
    Flipped(usize),
    /// Bytes are overwritten with zeros.
    Zeros(usize),
    /// Bytes are missing.
    Missing(usize),
}

/// The file at `whole`, damaged at `permille` of its length.
fn damaged(whole: &Path, blow: Blow, permille: usize) -> PathBuf {
    let mut bytes = std::fs::read(whole).unwrap();
    let at = bytes.len() * permille / 1000;
    match blow {
        Blow::Flipped(count) => {
            let mut state = 0x9e37_79b9_u32;
            for byte in &mut bytes[at..at + count] {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte ^= (state >> 24) as u8 | 1;
            }
        }
        Blow::Zeros(count) => bytes[at..at + count].fill(0),
        Blow::Missing(count) => drop(bytes.drain(at..at + count)),
    }
    let name = format!("damaged-{}", whole.file_name().unwrap().to_string_lossy());
    let path = whole.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Frames of `found` outside what is declared that are not in the whole recording at their time.
fn undeclared(whole: &Content, found: &Content, damage: &Damage) -> Vec<u32> {
    let known: HashSet<Vec<u8>> = whole.frames.iter().map(pixels).collect();
    let is_declared = |index: FrameIndex| {
        let mut stretches = damage.pictures.iter();
        stretches.any(|stretch| stretch.frames.contains(index))
    };
    let wrong = |frame: &&Frame| !known.contains(&pixels(frame));
    let frames = found
        .frames
        .iter()
        .filter(|frame| !is_declared(frame.index));
    frames
        .filter(wrong)
        .map(|frame| frame.index.get())
        .collect()
}

/// H.264 in every container, and other codecs that are recorded.
const CLIPS: [(&str, &str); 13] = [
    ("clip.mp4", "-c:a aac -movflags +faststart"),
    ("clip.mov", "-c:a pcm_s16le -movflags +faststart"),
    ("clip.mkv", "-c:a aac"),
    ("clip.ts", "-c:a aac"),
    ("bframes.ts", "-c:a mp2 -bf 3 -b_strategy 0"),
    (
        "open.mkv",
        "-an -bf 3 -b_strategy 0 -x264-params open-gop=1",
    ),
    ("frag.mp4", "-c:a aac -movflags +frag_keyframe+empty_moov"),
    ("clip.avi", "-c:a mp3 -bf 0"),
    ("clip.flv", "-c:a aac"),
    ("mpeg4.avi", "-c:v mpeg4 -g 12 -b:v 500k -c:a mp3"),
    (
        "mpeg2.mpg",
        "-c:v mpeg2video -g 12 -bf 2 -b:v 500k -c:a mp2",
    ),
    (
        "mpeg4.mp4",
        "-c:v mpeg4 -g 25 -bf 2 -c:a aac -movflags +faststart",
    ),
    ("motion.avi", "-c:v mjpeg -c:a pcm_s16le"),
];

/// Goal: past damage, nothing is shown that the whole recording does not have. Method: bytes are
/// overwritten and taken out in every container; every frame that is not declared is looked up.
/// Control: without being asked to go on, reading stops with an error; and the whole recording is
/// read the same both ways.
#[test]
fn what_is_not_declared_as_damaged_is_as_it_was_recorded() {
    let folder = folder();
    for (name, options) in CLIPS {
        let path = folder.path().join(name);
        ffmpeg(&format!("{CLIP} {H264} {options}"), &path);
        let whole = common::read(&path).unwrap();
        let (same, none) = tolerant(&path).unwrap();
        assert!(none.is_empty(), "{name}: {none:?}");
        assert!(
            whole
                .frames
                .iter()
                .map(pixels)
                .eq(same.frames.iter().map(pixels))
        );
        for (blow, permille) in [(Blow::Flipped(2000), 450), (Blow::Missing(3008), 610)] {
            let bad = damaged(&path, blow, permille);
            let (found, damage) = tolerant(&bad).unwrap();
            let told = format!("{name} {blow:?}: {damage:?}");
            assert!(!damage.is_empty(), "{told}");
            assert_eq!(undeclared(&whole, &found, &damage), [0; 0], "{told}");
            assert_eq!(tolerant(&bad).unwrap().1, damage, "it is found again");
            assert!(found.frames.len() >= 40, "{told}");
            let stopped = common::read(&bad).err();
            let is_told = matches!(
                stopped,
                Some(SourceError::Damaged { .. } | SourceError::Truncated { .. })
            );
            assert!(is_told, "{told}: {stopped:?}");
        }
    }
}

/// Goal: the second that is named is the one that is damaged.
#[test]
fn damage_begins_and_ends_where_it_is() {
    let folder = folder();
    let path = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} {H264} -an -movflags +faststart"), &path);
    let bad = damaged(&path, Blow::Flipped(2000), 500);
    let (found, damage) = tolerant(&bad).unwrap();
    let [stretch] = damage.pictures[..] else {
        panic!("{damage:?}");
    };
    // Half of the bytes are half of the pictures, to a group.
    let frames = stretch.frames;
    assert!((40..=55).contains(&frames.start().get()), "{frames:?}");
    let second = 1_000_000_000;
    assert_eq!(stretch.span.end_nanos() % second, 0, "up to a key frame");
    let seconds = |frame: u32| i64::from(frame) * 40_000_000;
    assert_eq!(stretch.span.start_nanos(), seconds(frames.start().get()));
    assert!(found.frames.len() >= 98, "{}", found.frames.len());
    match common::read(&bad).err() {
        Some(SourceError::Damaged { second, .. }) => {
            let start = f64::from(frames.start().get()) / 25.0;
            assert!((second - start).abs() < 0.2, "{second} {start}");
        }
        other => panic!("{other:?}"),
    }
}

/// Goal: a picture that is lost without a trace but its number is missed. Method: packets are left
/// out by a program that writes a sound file; between pictures that refer to none of them, nothing
/// is missed.
#[test]
fn pictures_that_others_are_predicted_from_are_missed() {
    let folder = folder();
    for name in ["clip.mp4", "clip.ts", "clip.mkv"] {
        let path = folder.path().join(name);
        ffmpeg(&format!("{CLIP} {H264} -an -bf 0"), &path);
        let whole = common::read(&path).unwrap();
        let bad = folder.path().join(format!("less-{name}"));
        let input = path.display();
        ffmpeg(
            &format!("-i {input} -c copy -bsf:v noise=drop=eq(n\\,30)"),
            &bad,
        );
        let (found, damage) = tolerant(&bad).unwrap();
        assert_eq!(found.frames.len(), 99, "{name}");
        assert_eq!(damage.pictures.len(), 1, "{name}: {damage:?}");
        let frames = damage.pictures[0].frames;
        assert_eq!(
            (frames.start().get(), frames.end().get()),
            (29, 49),
            "{name}"
        );
        assert!(undeclared(&whole, &found, &damage).is_empty());
        match common::read(&bad).err() {
            Some(SourceError::Damaged { second, .. }) => assert!((second - 1.2).abs() < 0.2),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Goal: sound that cannot be decoded is declared, and sound beside it is as it was.
#[test]
fn damaged_sound_is_declared() {
    let folder = folder();
    let path = folder.path().join("clip.mp4");
    ffmpeg(
        "-f lavfi -i testsrc2=size=64x48:rate=5:duration=4 -f lavfi -i \
         anoisesrc=sample_rate=48000:duration=4 -c:v libx264 -crf 40 -c:a aac -b:a 256k \
         -movflags +faststart",
        &path,
    );
    let whole = common::read(&path).unwrap();
    let bad = damaged(&path, Blow::Zeros(4000), 500);
    let (found, damage) = tolerant(&bad).unwrap();
    let [stretch] = damage.sound[..] else {
        panic!("{damage:?}");
    };
    assert!(matches!(
        common::read(&bad),
        Err(SourceError::Damaged { .. })
    ));
    let samples = |content: &Content| -> HashMap<i64, f32> {
        let blocks = content.sound.iter();
        let all = blocks.flat_map(|block| (block.start..).zip(block.samples.iter().copied()));
        all.collect()
    };
    let (whole, found) = (samples(&whole), samples(&found));
    let hidden = stretch.span.covering_samples(48_000);
    assert!((hidden.end - hidden.start) < 48_000, "{hidden:?}");
    let outside = |at: &i64| !hidden.contains(at);
    assert!(
        whole
            .keys()
            .filter(|at| outside(at))
            .all(|at| found.get(at) == whole.get(at))
    );
}
