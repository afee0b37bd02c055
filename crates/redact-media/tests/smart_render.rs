//! Copying what no mask touches: bit for bit, at its time, and playable everywhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step is a failed test"
)]

mod common;
#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{ONE_THREAD, assert_clean, assert_kept, complaints, fast, ffmpeg, folder, read};
use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource as _;
use redact_core::{FrameSpan, MediaItem, PlaneKind, Sink as _, Source as _};
use redact_media::{CopyAnalysis, CopyPlan, FileSink, FileSource};
use shared::shared;

/// Three seconds in groups of 25 frames, as cameras make them, with sound.
const MOVING: &str = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=3 \
     -f lavfi -i sine=frequency=440:duration=3";

/// Frames that are painted over: within the second group.
const PAINTED: std::ops::Range<u32> = 30..40;

fn is_bare(span: FrameSpan) -> bool {
    span.end().get() <= PAINTED.start || PAINTED.end <= span.start().get()
}

/// Makes a release of `source` in which the frames of [`PAINTED`] have a black corner.
fn release(source: &Path, folder: &Path) -> (PathBuf, CopyPlan) {
    let frames = u32::try_from(read(source).unwrap().frames.len()).unwrap();
    let plan = CopyAnalysis::read(source)
        .unwrap()
        .plan(frames, is_bare, |_| true);
    let output = folder.join("release.mp4.partial");
    let mut source = FileSource::open_with_plan(source, &ONE_THREAD, &plan).unwrap();
    let sink = FileSink::create_with_plan(&output, source.info(), &fast(), &plan).unwrap();
    let mut sink = Box::new(sink);
    while let Some(mut item) = source.next_item().unwrap() {
        if let MediaItem::Frame(frame) = &mut item
            && PAINTED.contains(&frame.index.get())
        {
            let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
            (0..64).for_each(|y| plane.row_mut(y)[..64].fill(16));
        }
        sink.write_item(item).unwrap();
    }
    sink.finish().unwrap();
    (output, plan)
}

/// Lines that `ffmpeg` prints for `arguments`, one per packet or frame.
fn hashes(path: &Path, before: &str, after: &str) -> Vec<String> {
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-bitexact"])
        .args(before.split_whitespace())
        .arg("-i")
        .arg(path)
        .args(after.split_whitespace())
        .args(["-f", "framehash", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{said}");
    String::from_utf8(result.stdout)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.replace(' ', ""))
        .collect()
}

/// The digest in a line: stream, two times, duration and size come before it, and side data may
/// follow.
fn digest(line: &str) -> &str {
    line.split(',').nth(5).unwrap()
}

/// Every frame that OpenH264 decodes, as its luma samples.
fn openh264_frames(path: &Path, folder: &Path) -> Vec<Vec<u8>> {
    let stream = folder.join("stream.h264");
    let input = format!(
        "-i {} -map 0:v -c copy -bsf:v h264_mp4toannexb,filter_units=remove_types=6|9|12",
        path.display()
    );
    ffmpeg(&input, &stream);
    let bytes = std::fs::read(stream).unwrap();
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    let api = openh264::OpenH264API::from_source();
    let mut decoder = Decoder::with_api_config(api, config).unwrap();
    let luma = |frame: &openh264::decoder::DecodedYUV<'_>| -> Vec<u8> {
        let (width, height) = frame.dimensions();
        (0..height)
            .flat_map(|y| frame.y()[y * frame.strides().0..][..width].to_vec())
            .collect()
    };
    let mut frames = Vec::new();
    for unit in openh264::nal_units(&bytes) {
        if let Some(frame) = decoder.decode(unit).unwrap() {
            frames.push(luma(&frame));
        }
    }
    frames.extend(decoder.flush_remaining().unwrap().iter().map(luma));
    frames
}

/// Goal: a release in which one group of three was re-encoded is the source elsewhere, to the
/// bit, for every player.
///
/// OpenH264 must see the same frames in the same order. It decodes a few B-frames of the untouched
/// source otherwise than FFmpeg does, so it is held to what it made of the source.
#[track_caller]
fn check(encoding: &str) {
    check_in("source.mp4", encoding);
}

/// The same for a source in another container, by its `name`.
#[track_caller]
fn check_in(name: &str, encoding: &str) {
    let encoding = &format!("{encoding} {name}");
    let folder = folder();
    let source = folder.path().join(name);
    let encoding_alone = encoding.trim_end_matches(name);
    ffmpeg(&format!("{MOVING} {encoding_alone}"), &source);
    let (output, plan) = release(&source, folder.path());
    assert_eq!(plan.pictures_refused(), None, "{encoding}");
    assert!(plan.sound_copied(0).is_ok(), "{:?}", plan.sound_copied(0));
    let copied: Vec<(u32, u32)> = plan
        .copied_gops()
        .iter()
        .map(|group| (group.frames.start().get(), group.frames.end().get()))
        .collect();
    assert_eq!(copied, [(0, 25), (50, 75)], "{encoding}");
    assert_eq!(complaints(&output), "", "{encoding}");
    assert_clean(&output, 1);
    check_packets(&source, &output);
    let (before, after) = (read(&source).unwrap(), read(&output).unwrap());
    assert_kept(&before, &after);
    check_pictures(&before, &after);
    check_joins(&output, &after);
    check_seeking(&output, &after);
    let of_source = openh264_frames(&source, folder.path());
    let of_release = openh264_frames(&output, folder.path());
    assert_eq!((of_source.len(), of_release.len()), (75, 75), "{encoding}");
    for (i, (seen, frame)) in of_release.iter().zip(&after.frames).enumerate() {
        if !(25..50).contains(&i) {
            assert!(*seen == of_source[i], "OpenH264, frame {i} ({encoding})");
            continue;
        }
        let rows = frame.picture.plane(PlaneKind::Luma).rows();
        let off = rows
            .flatten()
            .zip(seen)
            .map(|(a, &b)| u64::from(a.abs_diff(b)));
        let (sum, count) = (off.sum::<u64>(), u64::try_from(seen.len()).unwrap());
        assert!(
            sum < count,
            "OpenH264, frame {i} is off by {sum} ({encoding})"
        );
    }
}

/// By the word of another program: packets outside the second group are the same.
fn check_packets(source: &Path, output: &Path) {
    // A byte stream also loses its delimiters and the parameter sets that it repeats.
    let is_mp4 = source.extension().is_some_and(|kind| kind == "mp4");
    let without_messages = match is_mp4 {
        true => "-map 0:v -c copy -bsf:v filter_units=remove_types=6|12",
        false => "-map 0:v -c copy -bsf:v h264_mp4toannexb,filter_units=remove_types=6|7|8|9|12",
    };
    let before = hashes(source, "", without_messages);
    let after = hashes(output, "", without_messages);
    assert_eq!((before.len(), after.len()), (75, 75));
    for (i, (a, b)) in before.iter().zip(&after).enumerate() {
        let anew = (25..50).contains(&i);
        assert_eq!(digest(a) != digest(b), anew, "packet {i}: {a} {b}");
    }
    let sound = |path| hashes(path, "", "-map 0:a -c copy -bsf:a aac_adtstoasc");
    let heard = |lines: Vec<String>| -> Vec<String> {
        lines.iter().map(|line| digest(line).to_owned()).collect()
    };
    assert_eq!(heard(sound(source)), heard(sound(output)));
}

fn check_pictures(before: &common::Content, after: &common::Content) {
    for (i, (a, b)) in before.frames.iter().zip(&after.frames).enumerate() {
        let same = PlaneKind::ALL.iter().all(|&kind| {
            a.picture
                .plane(kind)
                .rows()
                .eq(b.picture.plane(kind).rows())
        });
        let anew = (25..50).contains(&i);
        assert!(same != anew, "frame {i}");
        let corner = b.picture.plane(PlaneKind::Luma).row(8)[8];
        if PAINTED.contains(&u32::try_from(i).unwrap()) {
            assert!(corner.abs_diff(16) < 6, "frame {i}: {corner}");
        }
    }
}

/// Seeking must land on the frame that playing reaches.
fn check_seeking(output: &Path, whole: &common::Content) {
    let played = hashes(output, "", "-map 0:v");
    let base = whole.info.video.time_base;
    let seconds = f64::from(base.num.get()) / f64::from(base.den.get());
    for frame in [1, 24, 25, 26, 37, 49, 50, 51, 74_usize] {
        // Half a frame early: seeking finds the first frame that is not before it.
        let shown = whole.frames[frame].timestamp.ticks() as f64 * seconds;
        let at = format!("-seek_timestamp 1 -ss {}", shown - 0.5 / 25.0);
        let found = hashes(output, &at, "-map 0:v -frames:v 1");
        assert_eq!(digest(&found[0]), digest(&played[frame]), "frame {frame}");
    }
}

/// Goal: of a release only what was re-encoded and its joins need a decoder, and it then shows
/// what it shows when all is decoded.
fn check_joins(output: &Path, whole: &common::Content) {
    let analysis = CopyAnalysis::read(output).unwrap();
    let plan = analysis.plan(75, is_bare, |_| true);
    let joins = plan.with_decoded_joins(|_| false);
    let mut source = FileSource::open_with_plan(output, &ONE_THREAD, &joins).unwrap();
    let (mut decoded, mut coded) = (Vec::new(), Vec::new());
    while let Some(item) = source.next_item().unwrap() {
        match item {
            MediaItem::Frame(frame) => decoded.push(frame),
            MediaItem::Coded(group) => {
                coded.push((group.frames.start().get(), group.frames.end().get()));
            }
            MediaItem::Audio(_) | MediaItem::CodedSound(_) => {}
        }
    }
    assert_eq!(coded, [(51, 75)]);
    assert_eq!(decoded.len(), 51);
    for (frame, expected) in decoded.iter().zip(&whole.frames) {
        let same = PlaneKind::ALL.iter().all(|&kind| {
            let (a, b) = (&frame.picture, &expected.picture);
            a.plane(kind).rows().eq(b.plane(kind).rows())
        });
        assert!(same && frame.timestamp == expected.timestamp);
    }
}

#[test]
fn high_profile_with_a_pyramid_of_b_frames() {
    check("-c:v libx264 -preset fast -g 25 -keyint_min 25 -sc_threshold 0 -c:a aac");
}

#[test]
fn high_profile_without_b_frames_in_an_independent_decoder() {
    check(
        "-c:v libx264 -preset medium -bf 0 -x264-params weightp=0 -g 25 -keyint_min 25 -sc_threshold 0 -c:a aac",
    );
}

#[test]
fn main_profile_with_plain_b_frames() {
    check(
        "-c:v libx264 -profile:v main -bf 2 -x264-params b-pyramid=none:bframes=2 -g 25 \
         -keyint_min 25 -sc_threshold 0 -c:a aac",
    );
}

#[test]
fn baseline_profile_without_b_frames() {
    check(
        "-c:v libx264 -profile:v baseline -pix_fmt yuv420p -g 25 -keyint_min 25 \
         -sc_threshold 0 -c:a aac",
    );
}

#[test]
fn fillers_and_delimiters_and_repeated_parameters() {
    check(
        "-c:v libx264 -g 25 -keyint_min 25 -sc_threshold 0 -bsf:v dump_extra \
         -x264-params aud=1:nal-hrd=cbr:vbv-maxrate=900:vbv-bufsize=900:bitrate=900 -c:a aac",
    );
}

/// Encodings as cameras and recorders have them, in containers other than MP4.
const PLAIN: &str = "-c:v libx264 -bf 0 -x264-params weightp=0 -g 25 -keyint_min 25 \
     -sc_threshold 0 -c:a aac";
const REORDERED: &str = "-c:v libx264 -preset fast -g 25 -keyint_min 25 -sc_threshold 0 -c:a aac";

/// Goal: a container with presentation times in milliseconds, and no decoding times.
#[test]
fn matroska_is_copied_at_its_times() {
    check_in("source.mkv", PLAIN);
    check_in("source.mkv", REORDERED);
}

/// Goal: a byte stream with delimiters and repeated parameter sets, and sound with headers.
#[test]
fn transport_streams_are_copied_without_their_framing() {
    check_in("source.ts", PLAIN);
    check_in("source.ts", &format!("{REORDERED} -x264-params aud=1"));
}

/// Goal: a container without presentation times; the order of pictures tells them.
#[test]
fn avi_is_copied_in_the_order_of_its_pictures() {
    check_in("source.avi", PLAIN);
    check_in("source.avi", REORDERED);
}

/// Goal: times that count in ticks of more than one unit stay exact, and the release's GOPs are
/// recognized as the recording's.
#[test]
fn ticks_of_several_units_stay_exact() {
    let folder = folder();
    let source = folder.path().join("source.avi");
    let moving = MOVING.replace("rate=25", "rate=30000/1001");
    ffmpeg(&format!("{moving} {REORDERED}"), &source);
    let (output, plan) = release(&source, folder.path());
    assert_eq!(plan.pictures_refused(), None);
    let (before, after) = (read(&source).unwrap(), read(&output).unwrap());
    assert_eq!(before.info.video.time_base.num.get(), 1001);
    assert_kept(&before, &after);
    assert_eq!(before.frame_nanos(), after.frame_nanos());
    assert_clean(&output, 1);
    let frames = u32::try_from(after.frames.len()).unwrap();
    let written = CopyAnalysis::read(&output)
        .unwrap()
        .plan(frames, is_bare, |_| true);
    let copied = plan.copied_gops();
    let digests: Vec<_> = copied.iter().map(|gop| (gop.frames, gop.digest)).collect();
    let found = written.copied_gops();
    let found: Vec<_> = found.iter().map(|gop| (gop.frames, gop.digest)).collect();
    assert_eq!(digests, found);
    let timed = |plan: &CopyPlan| -> Vec<_> {
        let gops = plan.gops().into_iter();
        gops.filter(|(frames, _)| is_bare(*frames)).collect()
    };
    assert_eq!(timed(&plan), timed(&written));
}

/// Goal: a transport stream that lost a packet, changes its parameter sets, or starts over is not
/// copied, and says why. Control: the same stream as it was.
#[test]
fn broken_transport_streams_are_not_copied() {
    let folder = folder();
    let path = folder.path().join("source.ts");
    ffmpeg(&format!("{MOVING} {PLAIN}"), &path);
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let analysis = CopyAnalysis::read(&path).ok()?;
        let frames = analysis.frames().unwrap_or(0);
        let plan = analysis.plan(frames, |_| true, |_| true);
        plan.pictures_refused().map(str::to_owned)
    };
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(refusal(&whole), None);
    let gap = whole.len() / 188 / 2 * 188;
    let lost = [&whole[..gap], &whole[gap + 188 * 3..]].concat();
    let why = refusal(&lost).unwrap();
    assert!(why.contains("corrupt") || why.contains("picture"), "{why}");
    let other = folder.path().join("other.ts");
    let smaller = MOVING.replace("320x240", "160x120");
    ffmpeg(&format!("{smaller} {PLAIN}"), &other);
    std::fs::write(&path, &whole).unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "file source.ts\nfile other.ts\n").unwrap();
    let joined = folder.path().join("joined.ts");
    let list = list.display();
    ffmpeg(&format!("-f concat -safe 0 -i {list} -c copy"), &joined);
    let why = refusal(&std::fs::read(joined).unwrap()).unwrap();
    assert!(why.contains("parameter sets"), "{why}");
    let twice = [&whole[..], &whole[..]].concat();
    let why = refusal(&twice).unwrap();
    assert!(
        why.contains("do not increase") || why.contains("corrupt"),
        "{why}"
    );
}

/// Goal: a release states the profile and level that all of its parameter sets need, where copied
/// pictures need less than re-encoded ones.
#[test]
fn pictures_of_a_lower_level_are_copied() {
    let folder = folder();
    let (plain, source) = (folder.path().join("a.mp4"), folder.path().join("b.avi"));
    ffmpeg(&format!("{MOVING} {PLAIN}"), &plain);
    // FFmpeg gives the copy ticks for twice as many pictures, for which we encode.
    ffmpeg(&format!("-i {} -c copy", plain.display()), &source);
    let (output, plan) = release(&source, folder.path());
    assert_eq!(plan.pictures_refused(), None);
    assert_clean(&output, 1);
}

/// Goal: rows behind the cropping rectangle that are black in copied GOPs, and repeat the edge in
/// re-encoded ones, are plain in all of them together.
#[test]
fn black_rows_behind_the_cropping_rectangle_are_plain() {
    let folder = folder();
    let (plain, source) = (folder.path().join("a.mp4"), folder.path().join("b.mp4"));
    let moving = MOVING.replace("320x240", "320x180");
    ffmpeg(&format!("{moving} -vf pad=320:192 {PLAIN} -qp 18"), &plain);
    let cropped = "-c copy -bsf:v h264_metadata=crop_bottom=12";
    ffmpeg(&format!("-i {} {cropped}", plain.display()), &source);
    let (output, plan) = release(&source, folder.path());
    assert_eq!(plan.pictures_refused(), None);
    let edges = redact_media::cropped_edges(&output, 1).unwrap().unwrap();
    assert_eq!((edges.odd, edges.odd_means), (0, 0), "{edges:?}");
}

/// Goal: pictures whose container contradicts them, in their order or in their colors, are not
/// copied: players differ in which of both they believe. Control: the same without contradiction.
#[test]
fn pictures_that_their_container_contradicts_are_not_copied() {
    let swap = "-c copy -bsf:v setts=pts='PTS+40*eq(N\\,22)-40*eq(N\\,23)'";
    let plain = "-c:v libx264 -preset veryfast -threads 1 -g 10 -keyint_min 10 -bf 2 -c:a aac";
    let full = format!("-color_range pc {plain} -x264-params fullrange=off:scenecut=0");
    let plain = format!("{plain} -sc_threshold 0");
    for (encoding, remux, why) in [
        (&plain, "-c copy", None),
        (&plain, swap, Some("contradict")),
        (&full, "-c copy", Some("colors")),
    ] {
        let folder = folder();
        let (first, source) = (folder.path().join("a.mkv"), folder.path().join("b.mkv"));
        let filter = if why == Some("colors") {
            "-vf scale=out_range=pc,format=yuv420p"
        } else {
            ""
        };
        ffmpeg(&format!("{MOVING} {filter} {encoding}"), &first);
        ffmpeg(&format!("-i {} {remux}", first.display()), &source);
        let plan = CopyAnalysis::read(&source)
            .unwrap()
            .plan(75, is_bare, |_| true);
        let said = plan.pictures_refused();
        let is_as_expected = match why {
            Some(why) => said.is_some_and(|said| said.contains(why)),
            None => said.is_none(),
        };
        assert!(is_as_expected, "{remux}: {said:?} instead of {why:?}");
    }
}

/// Goal: sound that may hold what no player reads, or that no browser plays in MP4, is re-encoded
/// with its reason.
#[test]
fn sound_of_other_codecs_says_why_it_is_encoded_anew() {
    for (name, codec, why) in [
        ("a.mkv", "libopus", "after the sound"),
        ("b.mkv", "libmp3lame", "no player reads"),
        ("c.avi", "pcm_s16le", "no browser"),
        ("d.ts", "mp2", "no player reads"),
    ] {
        let folder = folder();
        let source = folder.path().join(name);
        ffmpeg(
            &format!("{MOVING} -c:v libx264 -g 25 -ar 48000 -c:a {codec}"),
            &source,
        );
        let analysis = CopyAnalysis::read(&source).unwrap();
        let frames = analysis.frames().unwrap();
        let plan = analysis.plan(frames, |_| true, |_| true);
        assert_eq!(plan.pictures_refused(), None, "{name}");
        let said = plan.sound_copied(0).unwrap_err();
        assert!(said.contains(why), "{name}: {said}");
    }
}

#[test]
fn recordings_that_start_late_and_sound_that_starts_early_keep_their_places() {
    let folder = folder();
    let source = folder.path().join("late.mp4");
    ffmpeg(
        "-itsoffset 0.5 -f lavfi -i testsrc2=size=320x240:rate=25:duration=3 \
         -f lavfi -i sine=frequency=440:duration=3 -c:v libx264 -g 25 -keyint_min 25 \
         -sc_threshold 0 -c:a aac",
        &source,
    );
    let (output, plan) = release(&source, folder.path());
    assert!(plan.sound_copied(0).is_ok());
    let (before, after) = (read(&source).unwrap(), read(&output).unwrap());
    assert_kept(&before, &after);
    assert_eq!(complaints(&output), "");
    assert_clean(&output, 1);
    let (a, b) = (
        before.onset(0, 0.02).unwrap(),
        after.onset(0, 0.02).unwrap(),
    );
    assert!((a - b).abs() < 0.002, "sound at {a} came back at {b}");
}

/// Goal: what is not proved safe is re-encoded, with its reason.
#[test]
fn what_is_not_proved_is_encoded_anew_and_says_why() {
    let groups = "-g 25 -keyint_min 25 -sc_threshold 0";
    for (name, encoding, why) in [
        (
            "a.flv",
            format!("-c:v libx264 {groups} -c:a aac"),
            "container",
        ),
        ("b.mp4", "-c:v mpeg4 -c:a aac".to_owned(), "codec"),
        (
            "c.mp4",
            format!("-c:v libx264 -flags +ildct -x264-params tff=1 {groups}"),
            "fields",
        ),
        (
            "d.mp4",
            format!("-c:v libx264 -pix_fmt yuv422p {groups}"),
            "pixel format",
        ),
        (
            "e.mp4",
            format!("-vf setsar=2/1 -c:v libx264 {groups}"),
            "not square",
        ),
        (
            "g.mp4",
            "-c:v libx264 -g 25 -x264-params open-gop=1:intra-refresh=1".to_owned(),
            "every GOP has a mask",
        ),
    ] {
        let folder = folder();
        let source = folder.path().join(name);
        ffmpeg(&format!("{MOVING} {encoding}"), &source);
        let plan = CopyAnalysis::read(&source)
            .unwrap()
            .plan(75, is_bare, |_| true);
        let said = plan.pictures_refused().unwrap_or("nothing").to_owned();
        assert!(said.contains(why), "{name}: {said}");
    }
}

/// Goal: a file that changes after it was analyzed is damage.
#[test]
fn a_recording_that_changed_after_its_analysis_is_not_copied() {
    let folder = folder();
    let source = folder.path().join("source.mp4");
    ffmpeg(
        &format!("{MOVING} -c:v libx264 -g 25 -keyint_min 25 -sc_threshold 0 -c:a aac"),
        &source,
    );
    let plan = CopyAnalysis::read(&source)
        .unwrap()
        .plan(75, is_bare, |_| true);
    let mut bytes = std::fs::read(&source).unwrap();
    let media = bytes.windows(4).position(|kind| kind == b"mdat").unwrap();
    // Inside the first picture's slice.
    bytes[media + 4000] ^= 1;
    std::fs::write(&source, bytes).unwrap();
    let mut source = FileSource::open_with_plan(&source, &ONE_THREAD, &plan).unwrap();
    let error = loop {
        match source.next_item() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a changed file was copied"),
            Err(error) => break error,
        }
    };
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("changed while it was being read")
    );
}

#[test]
fn a_muted_track_is_not_copied() {
    let folder = folder();
    let source = folder.path().join("source.mp4");
    ffmpeg(&format!("{MOVING} -c:v libx264 -g 25 -c:a aac"), &source);
    let analysis = CopyAnalysis::read(&source).unwrap();
    let plan = analysis.plan(75, |_| true, |_| false);
    assert_eq!(plan.sound_copied(0), Err("part of it is muted"));
}

/// Goal: no file from unknown hands brings the analysis down, and none that is copied is left
/// unclean.
#[test]
fn surveys_survive_odd_files() {
    let (Some(torture), Some(footage)) = (shared("torture"), shared("footage")) else {
        return;
    };
    let entries = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    let files: Vec<PathBuf> = entries(torture)
        .flat_map(entries)
        .chain(entries(footage))
        .collect();
    let analyzed = files.iter().filter(|file| CopyAnalysis::read(file).is_ok());
    assert!(analyzed.count() > 5);
}
