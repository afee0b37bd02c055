//! Every field of a release's boxes that is no content has its one right value.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
mod surgery;

use std::path::{Path, PathBuf};

use common::{ONE_THREAD, assert_clean, fast, ffmpeg, folder, read, release};
use redact_bitstream::leak::{self, ExpectedStreams};
use redact_core::{Sink as _, Source as _};
use redact_media::{CopyAnalysis, FileSink, FileSource};

/// A clip with sound, of which a part of the last macroblocks is cut off.
const CLIP: &str = "-f lavfi -i testsrc2=size=80x72:rate=25:duration=0.4 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=0.4";

/// A copy of every packet of `source`.
fn copied(source: &Path, folder: &Path) -> PathBuf {
    let frames = u32::try_from(read(source).unwrap().frames.len()).unwrap();
    let plan = CopyAnalysis::read(source)
        .unwrap()
        .plan(frames, |_| true, |_| true);
    let output = folder.join("copied.mp4.partial");
    let mut source = FileSource::open_with_plan(source, &ONE_THREAD, &plan).unwrap();
    let sink = FileSink::create_with_plan(&output, source.info(), &fast(), &plan).unwrap();
    let mut sink = Box::new(sink);
    while let Some(item) = source.next_item().unwrap() {
        sink.write_item(item).unwrap();
    }
    sink.finish().unwrap();
    output
}

/// Whether the scan accepts the file.
fn is_clean(path: &Path, frames: u32, audio_tracks: usize) -> bool {
    let expected = ExpectedStreams {
        audio_tracks,
        frames: Some(frames),
    };
    leak::scan(std::fs::File::open(path).unwrap(), &expected)
        .is_ok_and(|verdicts| verdicts.into_iter().all(|verdict| verdict.clean))
}

/// The innermost box of `bytes` that holds byte `at`, as a path, and the byte's place in it.
fn place(bytes: &[u8], at: usize) -> String {
    let (mut start, mut end, mut path) = (0, bytes.len(), String::new());
    loop {
        let size = u32::from_be_bytes(bytes[start..start + 4].try_into().unwrap()) as usize;
        if size < 8 || start + size > end {
            return format!("{path}+{}", at - start);
        }
        if at >= start + size {
            start += size;
            continue;
        }
        let kind = &bytes[start + 4..start + 8];
        path = format!("{path}/{}", kind.escape_ascii());
        let own = match kind {
            b"moov" | b"trak" | b"edts" | b"mdia" | b"minf" | b"stbl" | b"dinf" | b"udta" => 8,
            b"stsd" | b"dref" => 16,
            b"avc1" => 86,
            b"mp4a" => 36,
            _ => return format!("{path}+{}", at - start),
        };
        if at < start + own {
            return format!("{path}+{}", at - start);
        }
        (start, end) = (start + own, start + size);
    }
}

/// Whether a byte belongs to the content: what pictures are decoded with, when they are shown, and
/// how many samples the sound's encoder needs to run in, of which a unit of the film's lengths is
/// several. The comparison with the source looks at those.
fn is_content(place: &str) -> bool {
    let tables = "/moov/trak/mdia/minf/stbl";
    let within = |start: &str| -> Option<usize> { place.strip_prefix(start)?.parse().ok() };
    let sets = within(&format!("{tables}/stsd/avc1/avcC+"));
    let shown = within(&format!("{tables}/ctts+"));
    sets.is_some_and(|at| at >= 16)
        || shown.is_some_and(|at| at >= 16 && at % 8 >= 4)
        || place == "/moov/trak/edts/elst+23"
}

/// Goal: no byte of the boxes of a release can be changed without a word of the scan.
/// Method: each is changed in four ways; that the scan accepts the file itself is the control.
#[track_caller]
fn check(clean: &Path, frames: u32, audio_tracks: usize) {
    assert_clean(clean, audio_tracks);
    assert!(is_clean(clean, frames, audio_tracks));
    let bytes = std::fs::read(clean).unwrap();
    let media = bytes.windows(4).position(|kind| kind == b"mdat").unwrap() + 4;
    let path = clean.with_extension("changed");
    let mut missed = Vec::new();
    for at in 0..media {
        for bits in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= bits;
            std::fs::write(&path, changed).unwrap();
            let place = place(&bytes, at);
            if is_clean(&path, frames, audio_tracks) && !is_content(&place) {
                missed.push(format!("{place} ^ {bits:02x}"));
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:#?}");
}

#[test]
fn no_byte_of_the_boxes_of_an_encoded_release_is_free() {
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -c:a aac"), &plain);
    check(&release(&plain, folder.path()), 10, 1);
}

#[test]
fn no_byte_of_the_boxes_of_a_copied_release_is_free() {
    let folder = folder();
    let plain = folder.path().join("plain.mp4");
    ffmpeg(&format!("{CLIP} -c:v libx264 -bf 2 -c:a aac"), &plain);
    check(&copied(&plain, folder.path()), 10, 1);
}

/// Goal: honest releases of odd recordings are clean: the fields are derived as the muxer does.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn odd_recordings_have_clean_releases() {
    let pictures = "-f lavfi -i testsrc2=size=98x58:rate=30000/1001:duration=1.2";
    let sound = "-f lavfi -i sine=frequency=500:sample_rate=44100:duration=1";
    let silence = "-f lavfi -i anullsrc=r=48000:cl=stereo -shortest";
    let jitter = "-vf setpts='PTS+mod(N*7,5)*90/TB/9000' -fps_mode passthrough";
    let colors = "-color_primaries bt709 -color_trc bt709 -colorspace bt709";
    let table = [
        (
            format!("{pictures} {sound} -c:v libx264 -c:a aac"),
            "mp4",
            1,
        ),
        (
            format!("{pictures} {silence} -c:v libx264 -c:a aac {colors}"),
            "mp4",
            1,
        ),
        (
            format!("{pictures} {sound} {jitter} -c:v libx264 -bf 3 -c:a aac"),
            "mkv",
            1,
        ),
        (
            format!("{pictures} {sound} {jitter} -c:v libx264 -bf 3 -c:a aac"),
            "ts",
            1,
        ),
        (
            format!("{pictures} -itsoffset 0.37 {sound} -c:v libx264 -c:a aac"),
            "mp4",
            1,
        ),
        (
            format!("-itsoffset 0.37 {pictures} {sound} -c:v libx264 -c:a aac"),
            "ts",
            1,
        ),
        (
            format!("{pictures} {sound} -map 0 -map 1 -map 1 -c:v libx264 -c:a aac"),
            "mp4",
            2,
        ),
        (
            format!("{pictures} {sound} -vf setsar=4/3 -c:v libx264 -c:a aac"),
            "mp4",
            1,
        ),
        (
            format!("{pictures} -c:v libx264 -bf 2 -aspect 16:9 -color_range pc"),
            "mp4",
            0,
        ),
    ];
    for (arguments, ending, tracks) in table {
        let folder = folder();
        let plain = folder.path().join(format!("plain.{ending}"));
        ffmpeg(&arguments, &plain);
        for path in [
            release(&plain, folder.path()),
            copied(&plain, folder.path()),
        ] {
            let verdicts = leak::scan(
                std::fs::File::open(&path).unwrap(),
                &ExpectedStreams {
                    audio_tracks: tracks,
                    frames: None,
                },
            );
            let unclean: Vec<_> = verdicts.unwrap().into_iter().filter(|v| !v.clean).collect();
            assert!(
                unclean.is_empty(),
                "{arguments} {}: {unclean:#?}",
                path.display()
            );
        }
    }
}

/// Goal: files as FFmpeg 4.3 to 7.1 write them are accepted, whichever version runs here. Method:
/// what the others write differently is put into a file of this one: no mean rate of pictures
/// (7.1), all of a track as its length (4.3). Control: other values, and the same for sound, are
/// refused.
#[test]
fn values_of_every_supported_ffmpeg_are_accepted() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    ffmpeg(
        &format!(
            "{CLIP} -c:v libx264 -pix_fmt yuv420p -preset ultrafast -bf 0 -x264-params slices=1 \
             -c:a aac -b:a 96k -bsf:v filter_units=remove_types=6 -map_metadata -1 \
             -fflags +bitexact -movflags +faststart+negative_cts_offsets -movie_timescale 1000"
        ),
        &path("clip.mp4"),
    );
    let bytes = std::fs::read(path("clip.mp4")).unwrap();
    let check = |edit: &dyn Fn(&mut surgery::File), expected: bool, what: &str| {
        let mut file = surgery::File::read(&bytes);
        edit(&mut file);
        std::fs::write(path("edited.mp4"), file.write()).unwrap();
        assert_eq!(is_clean(&path("edited.mp4"), 10, 1), expected, "{what}");
    };
    check(&|_| {}, true, "as it is");
    let rate = |entry: &'static str, mean: u32| {
        move |file: &mut surgery::File| {
            file.entry_body(entry, "btrt")[8..12].copy_from_slice(&mean.to_be_bytes());
        }
    };
    check(&rate("avc1", 0), true, "no mean rate of pictures");
    check(&rate("avc1", 1), false, "another rate of pictures");
    check(&rate("mp4a", 0), false, "no mean rate of sound");
    let all = {
        let mut file = surgery::File::read(&bytes);
        let head = file.body("moov/trak:1/mdia/mdhd").clone();
        let word = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
        (u64::from(word(16)) * 1000).div_ceil(u64::from(word(12)))
    };
    let length = |more: u32| {
        let all = u32::try_from(all).unwrap() + more;
        move |file: &mut surgery::File| {
            file.body("moov/trak:1/tkhd")[20..24].copy_from_slice(&all.to_be_bytes());
            file.body("moov/mvhd")[16..20].copy_from_slice(&all.to_be_bytes());
        }
    };
    check(&length(0), true, "all of the sound");
    check(&length(1), false, "more than all of the sound");
}
