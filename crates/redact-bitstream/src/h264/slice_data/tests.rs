//! Streams of every kind are parsed to their end, and inserted data are detected.

use std::process::Command;

use super::{Unaccounted, Workspace};
use crate::h264::annex_b;
use crate::h264::avcc::AvcConfig;
use crate::h264::x264_end_bits::Marks;

/// Moving pictures with noise, of a size that is not a multiple of a macroblock.
const NOISY: &str = "testsrc2=size=178x134:rate=25:duration=1,noise=alls=24:allf=t";

/// The stream that `ffmpeg` makes of `filter` with `arguments`, in Annex B.
#[track_caller]
fn stream(filter: &str, arguments: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream.h264");
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", filter])
        .args(["-pix_fmt", "yuv420p", "-c:v", "libx264"])
        .args(arguments.split_whitespace())
        .arg(&path)
        .output()
        .expect("the ffmpeg program, which scripts/setup installs");
    let said = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "ffmpeg {arguments}: {said}");
    std::fs::read(path).unwrap()
}

fn is_slice(unit: &[u8]) -> bool {
    matches!(unit[0] & 0x1f, 1 | 5)
}

/// The configuration of a stream, and its slices as packets, each preceded by its length in four
/// bytes.
fn taken_apart(stream: &[u8]) -> (AvcConfig, Vec<Vec<u8>>) {
    let units: Vec<&[u8]> = annex_b::units(stream).collect();
    let first = units.iter().position(|unit| is_slice(unit)).unwrap();
    let sets: Vec<u8> = units[..first]
        .iter()
        .flat_map(|unit| [&[0, 0, 0, 1], *unit].concat())
        .collect();
    let header = AvcConfig::from_annex_b(&sets).unwrap();
    let slices = units.into_iter().filter(|unit| is_slice(unit));
    (header, slices.map(packet).collect())
}

fn packet(unit: &[u8]) -> Vec<u8> {
    let length = u32::try_from(unit.len()).unwrap();
    [&length.to_be_bytes()[..], unit].concat()
}

/// Goal: parsing ends exactly where each slice does; one misread bit would end it elsewhere.
#[track_caller]
fn check_stream(stream: &[u8], what: &str) {
    let (header, slices) = taken_apart(stream);
    let mut workspace = Workspace::default();
    let mut marks = Marks::NEW;
    assert!(slices.len() > 1, "{what}");
    for (i, slice) in slices.iter().enumerate() {
        let found = header.account(slice, &mut workspace);
        let what = format!("slice {i} of {} ({what}): {found:?}", slices.len());
        assert!(marks.take(found.expect(&what)), "{what}");
    }
}

#[track_caller]
fn check(filter: &str, arguments: &str) {
    check_stream(&stream(filter, arguments), arguments);
}

#[test]
fn streams_in_cavlc_are_walked_to_their_last_bit() {
    for arguments in [
        "-profile:v baseline",
        "-profile:v main -x264-params cabac=0:bframes=3:weightp=2:ref=4",
        "-profile:v high -x264-params cabac=0:8x8dct=1:partitions=all:bframes=2:direct=auto",
        "-profile:v high -x264-params cabac=0:8x8dct=1:qp=1:partitions=all",
        "-x264-params cabac=0:qp=48:bframes=3:b-pyramid=strict:weightb=1",
        "-preset veryslow -x264-params cabac=0:ref=8:bframes=4:direct=temporal",
        "-x264-params cabac=0:constrained-intra=1:keyint=9:no-deblock=1",
    ] {
        check(NOISY, arguments);
    }
}

#[test]
fn streams_in_cabac_are_walked_to_their_last_bit() {
    for arguments in [
        "-profile:v main -x264-params bframes=0",
        "-profile:v main -x264-params bframes=3:weightp=2:ref=4:partitions=all",
        "-profile:v high -x264-params 8x8dct=1:partitions=all:bframes=3:direct=auto",
        "-profile:v high -x264-params 8x8dct=1:qp=1:partitions=all",
        "-x264-params qp=50:bframes=3:b-pyramid=normal:weightb=1",
        "-preset veryslow -x264-params ref=12:bframes=6:direct=temporal",
        "-preset ultrafast -x264-params cabac=1:keyint=5",
        "-x264-params constrained-intra=1:keyint=9:deblock=2,-2:open-gop=1",
    ] {
        check(NOISY, arguments);
    }
}

#[test]
fn smooth_dark_and_fading_pictures_are_walked_to_their_last_bit() {
    for filter in [
        "color=black:size=160x96:rate=25:duration=0.6",
        "gradients=size=320x180:rate=25:duration=1",
        "testsrc2=size=320x240:rate=25:duration=1,fade=t=out:st=0.2:d=0.8",
        "mandelbrot=size=240x136:rate=25,trim=duration=1",
        "life=size=160x120:rate=25,trim=duration=1",
        "color=gray:size=16x16:rate=25:duration=0.4",
        "testsrc2=size=1936x16:rate=25:duration=0.4",
    ] {
        for arguments in ["", "-x264-params cabac=0:weightp=2"] {
            check(filter, arguments);
        }
    }
}

/// The result of parsing every slice of a stream after `change`.
fn changed(stream: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<Result<(), Unaccounted>> {
    let (header, slices) = taken_apart(stream);
    let mut workspace = Workspace::default();
    let mut walk = |slice: &Vec<u8>| {
        let mut unit = slice[4..].to_vec();
        change(&mut unit);
        header.account(&packet(&unit), &mut workspace).map(|_| ())
    };
    slices.iter().map(&mut walk).collect()
}

/// Goal: data after a picture are detected with CAVLC and CABAC, although decoders ignore them.
/// Control: unchanged slices are accounted for.
#[test]
fn what_is_put_behind_a_picture_is_seen() {
    for arguments in ["-x264-params cabac=0", "-x264-params cabac=1"] {
        let stream = stream(NOISY, arguments);
        let all = |change: &dyn Fn(&mut Vec<u8>), expected: &[Result<(), Unaccounted>]| {
            let found = changed(&stream, change);
            let odd = found.iter().position(|found| !expected.contains(found));
            assert_eq!(odd.map(|i| found[i]), None, "{arguments}");
        };
        all(&|_| (), &[Ok(())]);
        let odd = [
            Err(Unaccounted::Trailing),
            Err(Unaccounted::Syntax),
            Err(Unaccounted::Padding),
        ];
        all(&|unit| unit.extend(b"a witness's name and address"), &odd);
        all(&|unit| unit.push(0x80), &odd);
        all(&|unit| unit.extend([0, 0, 3]), &odd);
        all(&|unit| unit.extend([0, 0, 3, 0, 0, 3]), &odd);
        // A slice that ends early.
        all(
            &|unit| unit.truncate(unit.len() / 2),
            &[
                Err(Unaccounted::Missing),
                Err(Unaccounted::Syntax),
                Err(Unaccounted::Trailing),
            ],
        );
    }
}

/// Goal: data in bits that decoders skip within a slice are detected: alignment after the header
/// and before PCM samples, and needless emulation prevention bytes.
#[test]
fn what_decoders_pass_over_inside_a_picture_is_seen() {
    let stream = stream(NOISY, "-x264-params cabac=1:qp=1");
    let found = changed(&stream, |unit| {
        let zeros = unit
            .windows(3)
            .position(|three| three[..2] == [0, 0] && three[2] > 3);
        if let Some(at) = zeros {
            unit.insert(at + 2, 3);
        }
    });
    let seen = found
        .iter()
        .filter(|found| **found == Err(Unaccounted::Padding));
    assert!(seen.count() > 0, "{found:?}");
    assert!(
        found.contains(&Ok(())),
        "the control: slices without such a place"
    );
    // A header of some 30 bits is followed by ones: one of these is the last of the byte.
    let found = changed(&stream, |unit| unit[4] ^= 1);
    assert!(found.iter().any(Result::is_err));
}

/// Goal: no bytes make the parser panic or run on, whatever the header says.
#[test]
fn streams_with_random_changes_are_walked_or_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut accepted = 0;
    for arguments in [
        "-x264-params cabac=0:bframes=2:weightp=2",
        "-x264-params cabac=1:bframes=2:weightp=2:8x8dct=1:partitions=all",
        "-x264-params cabac=1:qp=1",
    ] {
        let stream = stream(NOISY, arguments);
        let (header, slices) = taken_apart(&stream);
        let mut workspace = Workspace::default();
        for round in 0..40 {
            for slice in &slices {
                let mut slice = slice.clone();
                for _ in 0..=round % 5 {
                    // Early bytes are in the header, where a change does most.
                    let last = if round % 2 == 0 {
                        24.min(slice.len())
                    } else {
                        slice.len()
                    };
                    let at = 5 + random() % (last - 5);
                    slice[at] ^= 1 << (random() % 8);
                }
                accepted += u32::from(header.account(&slice, &mut workspace).is_ok());
            }
        }
    }
    // A changed sign or a changed plain number still is a picture; most changes are none.
    assert!(accepted < 1500, "{accepted} of 3000");
}
