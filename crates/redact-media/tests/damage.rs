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

/// The file at `whole` with its first coded picture changed by `change`, which gets its bytes.
fn with_other_beginning(whole: &Path, name: &str, change: impl Fn(&mut [u8])) -> PathBuf {
    let mut bytes = std::fs::read(whole).unwrap();
    let listed = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v", "-show_entries"])
        .args([
            "packet=pos,size",
            "-of",
            "csv=p=0",
            "-read_intervals",
            "%+#1",
        ])
        .arg(whole)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut numbers = listed
        .trim()
        .split(',')
        .map(|n| n.parse::<usize>().unwrap());
    let (size, at) = (numbers.next().unwrap(), numbers.next().unwrap());
    change(&mut bytes[at..at + size]);
    let path = whole.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The type of every NAL unit of a packet in MP4: of a key picture to that of another.
fn no_key_picture(packet: &mut [u8]) {
    let mut at = 0;
    while at + 4 < packet.len() {
        let length = u32::from_be_bytes(packet[at..at + 4].try_into().unwrap()) as usize;
        if packet[at + 4] & 0x1f == 5 {
            packet[at + 4] = packet[at + 4] & 0xe0 | 1;
        }
        at += 4 + length;
    }
}

/// Goal: what is damaged at the very beginning is damage at second 0, however little was changed.
/// Method: bytes of the first picture are overwritten; the type of its units is changed, one
/// number, so that a whole group has nothing to refer to. Control: the whole recording is read
/// either way.
#[test]
fn a_damaged_beginning_is_damage_at_second_0() {
    let folder = folder();
    let path = folder.path().join("clip.mp4");
    ffmpeg(
        &format!("{CLIP} {H264} -g 10 -an -movflags +faststart"),
        &path,
    );
    let (whole, none) = tolerant(&path).unwrap();
    assert!(none.is_empty() && common::read(&path).is_ok());
    let noise = |packet: &mut [u8]| {
        let middle = packet.len() / 2;
        packet[middle..middle + 40]
            .iter_mut()
            .for_each(|b| *b ^= 0x5a);
    };
    let nothing = |packet: &mut [u8]| packet.fill(0);
    let bad = [
        ("noise.mp4", with_other_beginning(&path, "noise.mp4", noise)),
        (
            "type.mp4",
            with_other_beginning(&path, "type.mp4", no_key_picture),
        ),
        (
            "zeros.mp4",
            with_other_beginning(&path, "zeros.mp4", nothing),
        ),
    ];
    for (name, bad) in bad {
        match common::read(&bad).err() {
            Some(SourceError::Damaged { frame, second, .. }) => {
                assert!(
                    frame == FrameIndex::ZERO && second < 0.001,
                    "{name}: {frame} {second}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
        let (found, met) = common::read_with(&bad, Damaged::Mask).unwrap();
        let damage = &met.damage;
        assert_eq!(
            damage.pictures[0].frames.start(),
            FrameIndex::ZERO,
            "{name}"
        );
        assert_eq!(undeclared(&whole, &found, damage), [0; 0], "{name}");
        // What cannot be decoded at all is counted instead.
        let lost: u32 = met.conversions.iter().map(pictures_left_out).sum();
        let frames = u32::try_from(found.frames.len()).unwrap();
        assert_eq!(frames + lost, 100, "{name}: {met:?}");
        assert_eq!(
            tolerant(&bad).unwrap().1,
            *damage,
            "{name}: it is found again"
        );
    }
}

fn pictures_left_out(conversion: &redact_core::Conversion) -> u32 {
    match conversion {
        redact_core::Conversion::LeftOut { pictures, .. } => *pictures,
        _ => 0,
    }
}

/// Goal: a recording that begins between key frames is read from the first on, and says how many
/// pictures it stores before. Control: nothing is said of the whole one.
#[test]
fn a_beginning_between_key_frames_is_declared() {
    let folder = folder();
    for name in ["clip.ts", "clip.mkv", "clip.mp4", "hevc.mkv", "mpeg2.ts"] {
        let path = folder.path().join(name);
        let codec = match name.split('.').next() {
            Some("hevc") => "-c:v libx265 -x265-params log-level=none:keyint=25:open-gop=0",
            Some("mpeg2") => "-c:v mpeg2video -g 25 -bf 0",
            _ => H264,
        };
        ffmpeg(&format!("{CLIP} {codec} -bf 0 -c:a aac"), &path);
        let (_, met) = common::read_with(&path, Damaged::Stop).unwrap();
        assert_eq!(met.conversions, [], "{name}");
        let cut = folder.path().join(format!("cut-{name}"));
        // The first ten pictures are taken out, the fifteen behind them refer to them.
        let input = path.display();
        ffmpeg(
            &format!("-i {input} -c copy -copyinkf -bsf:v noise=drop=lt(n\\,10)"),
            &cut,
        );
        for damaged in [Damaged::Stop, Damaged::Mask] {
            let (found, met) = common::read_with(&cut, damaged).unwrap();
            assert!(met.damage.is_empty(), "{name}: {met:?}");
            assert_eq!(found.frames.len(), 75, "{name}");
            let lost: u32 = met.conversions.iter().map(pictures_left_out).sum();
            assert_eq!(lost, 15, "{name}: {met:?}");
        }
    }
}
