//! Recordings whose pictures change midway, and whose times are missing, equal or run backwards.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::path::{Path, PathBuf};

use common::{Content, ffmpeg, folder};
use redact_core::{ColorRange, PlaneKind, SourceError};
use redact_media::Damaged;

/// Reads a recording; says whether pictures were brought to the size of the first.
fn read(path: &Path, damaged: Damaged) -> Result<(Content, bool), SourceError> {
    let (content, met) = common::read_with(path, damaged)?;
    Ok((
        content,
        met.conversions.contains(&redact_core::Conversion::Rescaled),
    ))
}

/// Two seconds of which the second comes from another encoder: `first` and `second` are pictures
/// and codec.
fn joined(folder: &Path, first: &str, second: &str) -> PathBuf {
    let parts = ["a.ts", "b.ts"].map(|name| folder.join(name));
    for (part, options) in parts.iter().zip([first, second]) {
        ffmpeg(&format!("-f lavfi -i {options}"), part);
    }
    let path = folder.join("joined.ts");
    let [a, b] = parts.map(|part| part.display().to_string());
    ffmpeg(&format!("-i concat:{a}|{b} -c copy"), &path);
    path
}

const RED: &str = "color=c=red:size=192x128:rate=25:duration=1 -c:v libx264 -g 25";

/// Goal: whatever size and format pictures change to, all that is delivered has the first one's,
/// upright and with the same colours; and it is told. Control: pictures that do not change.
#[test]
fn pictures_that_change_midway_are_brought_to_the_first_and_told() {
    let folder = folder();
    for (second, is_rescaled) in [
        (RED.to_owned(), false),
        (RED.replace("192x128", "320x240"), true),
        (RED.replace("192x128", "130x70"), true),
        (format!("{RED} -pix_fmt yuv422p"), true),
        (
            format!("{RED} -vf scale=out_range=full -pix_fmt yuvj420p"),
            true,
        ),
    ] {
        let path = joined(folder.path(), RED, &second);
        let (content, told) = read(&path, Damaged::Stop).unwrap();
        assert_eq!(told, is_rescaled, "{second}");
        assert_eq!(content.frames.len(), 50, "{second}");
        let first = &content.frames[0].picture;
        for frame in &content.frames {
            assert_eq!(frame.picture.size(), content.info.video.size, "{second}");
            assert_eq!(frame.picture.range(), ColorRange::Limited);
            for kind in PlaneKind::ALL {
                let middle = |p: &redact_core::Picture| p.plane(kind).row(20)[20];
                let (a, b) = (middle(first), middle(&frame.picture));
                assert!(
                    a.abs_diff(b) <= 4,
                    "{second}: frame {} {a} {b}",
                    frame.index
                );
            }
        }
    }
}

/// Where the pictures' packets begin in a transport stream: the offset of each PES header.
fn headers(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    for (number, packet) in bytes.chunks_exact(188).enumerate() {
        let pid = u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff;
        let begins = packet[1] & 0x40 != 0;
        let adaptation = if packet[3] & 0x20 != 0 {
            usize::from(packet[4]) + 1
        } else {
            0
        };
        let at = 4 + adaptation;
        if pid == 0x100 && begins && packet[at..].starts_with(&[0, 0, 1, 0xe0]) {
            found.push(number * 188 + at);
        }
    }
    found
}

/// The presentation time in a PES header. Source: ISO/IEC 13818-1, 2.4.3.7.
fn time(header: &[u8]) -> u64 {
    let [a, b, c, d, e] = [9, 10, 11, 12, 13].map(|at| u64::from(header[at]));
    (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
}

fn set_time(header: &mut [u8], time: u64) {
    let byte = |shift: u32, mask: u64| u8::try_from(time >> shift & mask).unwrap();
    header[9] = header[9] & 0xf0 | byte(30, 7) << 1 | 1;
    header[10] = byte(22, 0xff);
    header[11] = byte(15, 0x7f) << 1 | 1;
    header[12] = byte(7, 0xff);
    header[13] = byte(0, 0x7f) << 1 | 1;
}

/// Fifty frames of which `change` sets the times: it is given number and time, `None` is no time.
fn timed(folder: &Path, change: impl Fn(usize, u64) -> Option<u64>) -> PathBuf {
    let path = folder.join("timed.ts");
    let clip = "-f lavfi -i testsrc2=size=192x128:rate=25:duration=2 -c:v libx264 -bf 0 -g 10";
    ffmpeg(clip, &path);
    let mut bytes = std::fs::read(&path).unwrap();
    let headers = headers(&bytes);
    assert_eq!(headers.len(), 50);
    for (number, at) in headers.into_iter().enumerate() {
        let header = &mut bytes[at..at + 14];
        match change(number, time(header)) {
            Some(time) => set_time(header, time),
            None => {
                // No times in this header, and stuffing in their place.
                header[7] &= 0x3f;
                header[9..14].fill(0xff);
            }
        }
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Times of all frames in ticks since the first, which rise.
#[track_caller]
fn ticks(content: &Content) -> Vec<i64> {
    let times = content.frames.iter().map(|frame| frame.timestamp.ticks());
    let ticks: Vec<i64> = times
        .map(|t| t - content.frames[0].timestamp.ticks())
        .collect();
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    ticks
}

const FRAME: i64 = 3600;

/// What becomes of a change of times: frames whose times move, as number and ticks, or the frame
/// and the second that an error names.
type Expected = Result<&'static [(usize, i64)], (u32, f64)>;

/// Goal: fifty frames come out of fifty, at times that rise, each within a tick of its own; where
/// that cannot be, an error names the second, and asked to, the source goes on.
#[test]
fn odd_times_are_kept_within_a_tick_or_refused_by_their_second() {
    const FAR: u64 = 90_000 * 600;
    let folder = folder();
    type Change = fn(usize, u64) -> Option<u64>;
    let table: &[(&str, Change, Expected)] = &[
        ("as they were", |_, t| Some(t), Ok(&[])),
        (
            "the clock turns over",
            |_, t| Some((t + (1 << 33) - 180_000) % (1 << 33)),
            Ok(&[]),
        ),
        (
            "two are equal",
            |n, t| Some(if n == 20 { t - 3600 } else { t }),
            Ok(&[(20, 19 * FRAME + 1)]),
        ),
        (
            "three are equal",
            |n, t| {
                Some(if n == 20 || n == 21 {
                    t - 3600 * (n as u64 - 19)
                } else {
                    t
                })
            },
            Err((21, 0.8)),
        ),
        // Its neighbors tell it.
        ("one is missing", |n, t| (n != 20).then_some(t), Ok(&[])),
        ("all are missing", |_, _| None, Err((0, 0.0))),
        (
            "one is earlier",
            |n, t| Some(if n == 20 { t - 36_000 } else { t }),
            Err((20, 0.8)),
        ),
        // The clock starts again, and goes on where it was.
        (
            "all are earlier",
            |n, t| Some(if n >= 20 { t - 36_000 } else { t }),
            Ok(&[]),
        ),
        (
            "one is far ahead",
            |n, t| Some(if n == 20 { t + FAR } else { t }),
            Err((21, 600.84)),
        ),
    ];
    for (name, change, expected) in table {
        let path = timed(folder.path(), change);
        match (read(&path, Damaged::Stop), expected) {
            (Ok((content, _)), Ok(moved)) => {
                let found = ticks(&content);
                assert_eq!(found.len(), 50, "{name}");
                let numbered = found.into_iter().zip(0_i64..).enumerate();
                let moved_here: Vec<(usize, i64)> = numbered
                    .filter(|(_, (at, number))| *at != number * FRAME)
                    .map(|(number, (at, _))| (number, at))
                    .collect();
                assert_eq!(moved_here, *moved, "{name}");
            }
            (Err(SourceError::BadTime { index, second, .. }), Err((number, at))) => {
                assert_eq!(index.get(), *number, "{name}");
                assert!((second - at).abs() < 0.01, "{name}: {second}");
            }
            (found, _) => panic!("{name}: {:?}", found.map(|(content, _)| ticks(&content))),
        }
        if expected.is_err() && *name != "all are missing" {
            let (content, _) = read(&path, Damaged::Mask).unwrap();
            assert_eq!(ticks(&content).len(), 50, "{name}");
        }
    }
}
