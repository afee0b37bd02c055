//! Files that are not whole recordings, and places where no release can be written.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{ffmpeg, folder, read};
use redact_core::{Sink, SinkError, Source, SourceError};
use redact_media::{EncodeOptions, FileSink, FileSource, OpenOptions};

const CLIP: &str = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=3 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=3";

fn error_of(path: &Path) -> SourceError {
    match read(path) {
        Ok(content) => panic!(
            "{} frames of a file that is to be refused",
            content.frames.len()
        ),
        Err(error) => error,
    }
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_no_recording_is_named() {
    let folder = folder();
    let at = |name: &str, bytes: &[u8]| error_of(&file(folder.path(), name, bytes));
    assert!(matches!(at("a.mp4", b""), SourceError::Empty));
    assert!(matches!(
        at("b.mp4", b"just some words\n"),
        SourceError::Unreadable { .. }
    ));
    assert!(matches!(
        at("c.mp4", &[0; 5000]),
        SourceError::Unreadable { .. }
    ));
    let missing = error_of(&folder.path().join("missing.mp4"));
    assert!(matches!(missing, SourceError::Unreadable { .. }));
    assert!(matches!(
        error_of(folder.path()),
        SourceError::Unreadable { .. }
    ));
}

/// Goal: no file can make the reader open another one.
#[test]
fn playlists_are_refused() {
    let folder = folder();
    let clip = folder.path().join("clip.ts");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &clip);
    let list = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{}\n",
        clip.display()
    );
    let playlist = file(folder.path(), "list.m3u8", list.as_bytes());
    assert!(matches!(
        error_of(&playlist),
        SourceError::Unreadable { .. }
    ));
    let list = format!("ffconcat version 1.0\nfile {}\n", clip.display());
    let concat = file(folder.path(), "list.mp4", list.as_bytes());
    assert!(matches!(error_of(&concat), SourceError::Unreadable { .. }));
}

#[test]
fn sound_alone_is_no_recording() {
    let folder = folder();
    let path = folder.path().join("sound.m4a");
    ffmpeg("-f lavfi -i sine=duration=1 -c:a aac", &path);
    match error_of(&path) {
        SourceError::NoVideo { found } => assert_eq!(found, "sound"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn scrambled_recordings_are_named() {
    let folder = folder();
    let path = folder.path().join("scrambled.mp4");
    ffmpeg(
        &format!(
            "{CLIP} -c:v libx264 -c:a aac -encryption_scheme cenc-aes-ctr \
             -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
             -encryption_kid a7e61c373e219033c21091fa607bf3b8"
        ),
        &path,
    );
    assert!(matches!(error_of(&path), SourceError::Encrypted));
}

/// Goal: a file that was cut never looks like a shorter recording.
/// Method: every container is cut at several places.
#[test]
fn cut_recordings_are_errors() {
    let folder = folder();
    for (name, options) in [
        ("clip.mp4", "-c:v libx264 -c:a aac -movflags +faststart"),
        ("clip.mov", "-c:v mjpeg -c:a pcm_s16le -movflags +faststart"),
        (
            "clip.mp4",
            "-c:v libx264 -c:a aac -movflags +frag_keyframe+empty_moov -g 10",
        ),
        ("clip.mkv", "-c:v libx264 -c:a aac"),
        ("clip.avi", "-c:v mpeg4 -c:a pcm_s16le"),
        ("clip.wmv", "-c:v wmv2 -c:a wmav2"),
    ] {
        let whole = folder.path().join(name);
        ffmpeg(&format!("{CLIP} {options}"), &whole);
        assert!(read(&whole).is_ok(), "{name} {options}");
        let bytes = std::fs::read(&whole).unwrap();
        for percent in [40, 70, 95] {
            let cut = file(
                folder.path(),
                &format!("cut-{name}"),
                &bytes[..bytes.len() * percent / 100],
            );
            let error = error_of(&cut);
            let told = matches!(
                error,
                SourceError::Truncated { .. } | SourceError::Damaged { .. }
            );
            assert!(told, "{name} {options} at {percent} %: {error:?}");
        }
    }
}

/// Method: bytes in the middle of the pictures are overwritten.
#[test]
fn damage_is_named_with_its_place() {
    let folder = folder();
    let whole = folder.path().join("clip.mp4");
    ffmpeg(
        &format!("{CLIP} -an -c:v libx264 -g 25 -movflags +faststart"),
        &whole,
    );
    let mut bytes = std::fs::read(&whole).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3000].fill(0x5a);
    let damaged = file(folder.path(), "damaged.mp4", &bytes);
    let mut source = FileSource::open(&damaged, &OpenOptions::default()).unwrap();
    let mut delivered = 0;
    let error = loop {
        match source.next_item() {
            Ok(Some(_)) => delivered += 1,
            Ok(None) => panic!("damage looked like the end"),
            Err(error) => break error,
        }
    };
    match error {
        SourceError::Damaged { frame, second, .. } => {
            assert_eq!(frame.get(), delivered);
            assert!(
                (second - f64::from(delivered) / 25.0).abs() < 0.05,
                "{second}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(
        source.next_item().is_err(),
        "an error is never followed by the end"
    );
}

#[test]
fn a_release_that_cannot_be_written_is_an_error() {
    let folder = folder();
    let whole = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &whole);
    let info = read(&whole).unwrap().info;
    let nowhere = folder.path().join("missing").join("release.mp4");
    let made = FileSink::create(&nowhere, &info, &EncodeOptions::default());
    assert!(matches!(made.err(), Some(SinkError::Write { .. })));
}

/// Method: the device that is always full; skipped where there is none.
#[test]
fn a_full_disk_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &clip);
    let mut source = FileSource::open(&clip, &OpenOptions::default()).unwrap();
    let mut sink = Box::new(FileSink::create(full, source.info(), &common::fast()).unwrap());
    let mut result = Ok(());
    while let (Ok(()), Some(item)) = (&result, source.next_item().unwrap()) {
        result = sink.write_item(item);
    }
    let result = result.and_then(|()| sink.finish());
    assert!(matches!(result, Err(SinkError::Write { .. })), "{result:?}");
}

#[test]
fn a_release_without_a_frame_is_refused() {
    let folder = folder();
    let clip = folder.path().join("clip.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &clip);
    let info = read(&clip).unwrap().info;
    let sink = FileSink::create(&folder.path().join("out.mp4"), &info, &common::fast()).unwrap();
    assert!(matches!(
        Box::new(sink).finish(),
        Err(SinkError::Mismatch { .. })
    ));
}

/// Goal: odd and broken files from many parsers' test suites end in items or an error, soon.
#[test]
fn odd_and_broken_files_never_panic_or_hang() {
    let Some(torture) = shared::shared("torture") else {
        return;
    };
    let suites = std::fs::read_dir(&torture).unwrap();
    let started = Instant::now();
    let (mut read_whole, mut refused) = (0, 0);
    for suite in suites {
        for entry in std::fs::read_dir(suite.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let began = Instant::now();
            let mut left = 60;
            let outcome =
                FileSource::open(&path, &OpenOptions::default()).and_then(|mut source| {
                    while left > 0 && source.next_item()?.is_some() {
                        left -= 1;
                    }
                    Ok(())
                });
            match outcome {
                Ok(()) => read_whole += 1,
                Err(_) => refused += 1,
            }
            redact_bitstream::leak::scan(
                std::fs::File::open(&path).unwrap(),
                &redact_bitstream::leak::ExpectedStreams {
                    audio_tracks: 1,
                    frames: None,
                },
            )
            .ok();
            let spent = began.elapsed();
            assert!(
                spent < Duration::from_secs(20),
                "{} took {spent:?}",
                path.display()
            );
        }
    }
    println!(
        "{read_whole} read, {refused} refused, in {:?}",
        started.elapsed()
    );
    assert!(read_whole > 50);
}
