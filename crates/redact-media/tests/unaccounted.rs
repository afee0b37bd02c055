//! What a decoder does not need, or needs another configuration for, is not copied.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;
mod surgery;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{ONE_THREAD, assert_clean, fast, ffmpeg, folder, read};
use redact_core::{MediaItem, PlaneKind, Sink as _, Source as _};
use redact_media::{CopyAnalysis, CopyPlan, FileSink, FileSource, OpenOptions};
use surgery::{File, words};

const VIDEO: &str = "moov/trak/";
const SOUND: &str = "moov/trak:1/";

/// What somebody puts where no decoder looks.
const SECRET: &[u8] = b"Jane Witness, 12 Harbor Street";

/// Three groups of ten frames, and sound.
fn recording(path: &Path, encoding: &str) {
    let input = "-f lavfi -i testsrc2=size=192x112:rate=10:duration=3 \
        -f lavfi -i sine=frequency=440:duration=3 -pix_fmt yuv420p -c:v libx264 -c:a aac \
        -use_editlist 0 -g 10 -bf 0";
    ffmpeg(&format!("{input} {encoding}"), path);
}

/// Everything that can be copied of a recording of `frames` frames.
fn splice(path: &Path, frames: u32) -> CopyPlan {
    CopyAnalysis::read(path)
        .unwrap()
        .plan(frames, |_| true, |_| true)
}

fn copied(plan: &CopyPlan) -> Vec<u32> {
    let groups = plan.copied_gops();
    groups
        .iter()
        .map(|group| group.frames.start().get())
        .collect()
}

/// A release of which everything is copied that can be.
fn release(source: &Path, plan: &CopyPlan, folder: &Path) -> PathBuf {
    let output = folder.join("release.mp4.partial");
    let mut source = FileSource::open_with_plan(source, &ONE_THREAD, plan).unwrap();
    let sink = FileSink::create_with_plan(&output, source.info(), &fast(), plan).unwrap();
    let mut sink = Box::new(sink);
    while let Some(item) = source.next_item().unwrap() {
        sink.write_item(item).unwrap();
    }
    sink.finish().unwrap();
    output
}

/// Puts `bytes` behind the coded picture of each of `samples`, in a unit that is alone.
fn put_behind(samples: &mut [Vec<u8>], bytes: &[u8]) {
    for sample in samples {
        sample.extend(bytes);
        // x264's message stands before the first picture.
        let mut at = 0;
        let length = |sample: &[u8], at: usize| {
            u32::from_be_bytes(sample[at..at + 4].try_into().unwrap()) as usize
        };
        while at + 4 + length(sample, at) + bytes.len() < sample.len() {
            at += 4 + length(sample, at);
        }
        let unit = u32::try_from(sample.len() - at - 4).unwrap();
        sample[at..at + 4].copy_from_slice(&unit.to_be_bytes());
    }
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let file = std::fs::read(path).unwrap();
    file.windows(bytes.len()).any(|window| window == bytes)
}

/// Goal: text behind the pictures of one group never comes into a release, in either way of
/// coding; the group is re-encoded and the reason said, the others are copied. The control: with
/// no text all three are, and the text is in the source.
#[test]
fn text_behind_coded_pictures_is_not_copied() {
    for encoding in [
        "-x264-params cabac=1",
        "-x264-params cabac=0",
        "-preset ultrafast",
    ] {
        let folder = folder();
        let (plain, source) = (
            folder.path().join("plain.mp4"),
            folder.path().join("clip.mp4"),
        );
        recording(&plain, encoding);
        let all = splice(&plain, 30);
        assert_eq!(
            (copied(&all), all.untouched_refused()),
            (vec![0, 10, 20], None),
            "{encoding}"
        );
        let mut file = File::read(&std::fs::read(&plain).unwrap());
        put_behind(&mut file.samples[0][10..20], SECRET);
        std::fs::write(&source, file.write()).unwrap();
        assert!(holds(&source, SECRET));
        let some = splice(&source, 30);
        assert_eq!(copied(&some), [0, 20], "{encoding}");
        let (frames, why) = some.untouched_refused().unwrap();
        assert_eq!(frames, 10);
        assert!(why.contains("(frame 10 of the file)"), "{why}");
        let output = release(&source, &some, folder.path());
        assert!(!holds(&output, SECRET), "{encoding}");
        assert_clean(&output, 1);
        assert_eq!(read(&output).unwrap().frames.len(), 30);
    }
}

/// Two recordings as one whose track has a description for each.
fn joined(first: &Path, second: &Path, kinds: &[(&str, &str)], output: &Path) {
    let mut file = File::read(&std::fs::read(first).unwrap());
    let mut other = File::read(&std::fs::read(second).unwrap());
    for (track, (prefix, entry)) in [VIDEO, SOUND].iter().enumerate().filter_map(|(i, prefix)| {
        let found = kinds.iter().find(|kind| kind.0 == *prefix)?;
        Some((i, *found))
    }) {
        let start = u32::try_from(file.samples[track].len()).unwrap();
        file.samples[track].extend(other.samples[track].clone());
        let all = u32::try_from(file.samples[track].len()).unwrap();
        let step = file.table(prefix, "stts")[12..16].to_vec();
        let step = u32::from_be_bytes(step.try_into().unwrap());
        *file.table(prefix, "stts") = words(&[0, 1, all, step]);
        *file.table(prefix, "stsc") = words(&[0, 2, 1, 1, 1, start + 1, 1, 2]);
        if entry == "avc1" {
            let keys: Vec<u32> = (0..all).step_by(10).map(|frame| frame + 1).collect();
            let count = u32::try_from(keys.len()).unwrap();
            *file.table(prefix, "stss") = words(&[vec![0, count], keys].concat());
        }
        let more = other.entry(entry).clone();
        let descriptions = file.node(&format!("{prefix}mdia/minf/stbl/stsd"));
        descriptions.children.push(more);
        descriptions.head[7] = 2;
    }
    std::fs::write(output, file.write()).unwrap();
}

/// Goal: a track with two descriptions is decoded with both and never copied under one. The
/// control: each half alone is copied.
#[test]
fn tracks_with_two_descriptions_are_not_copied() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    recording(&path("first.mp4"), "-x264-params cabac=1");
    recording(&path("second.mp4"), "-profile:v baseline -qp 20 -vf negate");
    for name in ["first.mp4", "second.mp4"] {
        assert_eq!(copied(&splice(&path(name), 30)), [0, 10, 20], "{name}");
    }
    let both = path("both.mp4");
    joined(
        &path("first.mp4"),
        &path("second.mp4"),
        &[(VIDEO, "avc1")],
        &both,
    );
    let refused = splice(&both, 60);
    let why = "it has several sample descriptions";
    assert_eq!(refused.pictures_refused(), Some(why));
    assert!(refused.sound_copied(0).is_ok());
    let (first, second) = (
        read(&path("first.mp4")).unwrap(),
        read(&path("second.mp4")).unwrap(),
    );
    let frames = read(&both).unwrap().frames;
    assert_eq!(frames.len(), 60);
    for (i, alone) in first.frames.iter().chain(&second.frames).enumerate() {
        let plane = |frame: &redact_core::Frame| {
            let plane = frame.picture.plane(PlaneKind::Luma);
            (0..plane.height)
                .flat_map(|y| plane.row(y).to_vec())
                .collect::<Vec<u8>>()
        };
        assert!(plane(&frames[i]) == plane(alone), "frame {i}");
    }
    let sound = path("sound.mp4");
    joined(
        &path("first.mp4"),
        &path("second.mp4"),
        &[(SOUND, "mp4a")],
        &sound,
    );
    let refused = splice(&sound, 30);
    assert_eq!(refused.sound_copied(0), Err(why));
    assert_eq!(copied(&refused), [0, 10, 20]);
}

/// A recording of GOPs of ten frames, each decoded with the parameter sets of the id in `ids`;
/// every IDR picture repeats all sets where `is_repeating`.
fn recording_with_sets(folder: &Path, ids: &[usize], is_repeating: bool) -> PathBuf {
    let part = |id: usize| {
        let path = folder.join(format!("part-{id}.mp4"));
        let input = "-f lavfi -i testsrc2=size=192x112:rate=10:duration=1 \
            -f lavfi -i sine=frequency=440:duration=1 -pix_fmt yuv420p -c:v libx264 -c:a aac \
            -use_editlist 0 -g 10 -bf 0";
        ffmpeg(&format!("{input} -x264-params sps-id={id}"), &path);
        File::read(&std::fs::read(&path).unwrap())
    };
    let mut file = part(ids[0]);
    let (mut samples, mut sets) = (Vec::new(), [Vec::new(), Vec::new()]);
    for &id in ids {
        let mut one = part(id);
        samples.append(&mut one.samples[0]);
        let record = one.entry_body("avc1", "avcC").clone();
        // One set of each kind, behind their numbers and lengths.
        let mut at = 5;
        for known in &mut sets {
            let length = usize::from(record[at + 1]) << 8 | usize::from(record[at + 2]);
            let set = record[at + 3..at + 3 + length].to_vec();
            if !known.contains(&set) {
                known.push(set);
            }
            at += 3 + length;
        }
    }
    let repeated: Vec<u8> = sets
        .iter()
        .flatten()
        .flat_map(|set| [words(&[u32::try_from(set.len()).unwrap()]), set.clone()].concat())
        .collect();
    for sample in samples.iter_mut().step_by(10).filter(|_| is_repeating) {
        sample.splice(..0, repeated.iter().copied());
    }
    let record = file.entry_body("avc1", "avcC");
    record.truncate(5);
    for (known, reserved) in sets.iter().zip([0xe0, 0]) {
        record.push(u8::try_from(known.len()).unwrap() | reserved);
        for set in known {
            record.extend(u16::try_from(set.len()).unwrap().to_be_bytes());
            record.extend(set);
        }
    }
    record.extend([0xfd, 0xf8, 0xf8, 0]);
    let all = u32::try_from(samples.len()).unwrap();
    let step = file.table(VIDEO, "stts")[12..16].to_vec();
    let step = u32::from_be_bytes(step.try_into().unwrap());
    *file.table(VIDEO, "stts") = words(&[0, 1, all, step]);
    let keys: Vec<u32> = (0..all).step_by(10).map(|frame| frame + 1).collect();
    let count = u32::try_from(keys.len()).unwrap();
    *file.table(VIDEO, "stss") = words(&[vec![0, count], keys].concat());
    file.samples[0] = samples;
    let path = folder.join("sets.mp4");
    std::fs::write(&path, file.write()).unwrap();
    path
}

/// Goal: a release of a recording with many parameter sets has those that its pictures use, passes
/// the leak scan, and is understood again; where packets repeat a set that only redacted GOPs use,
/// all is re-encoded and the reason said. The controls: the same recordings without a redaction.
#[test]
fn a_release_has_the_parameter_sets_that_its_pictures_use() {
    let eight = [0, 1, 2, 3, 4, 5, 6, 7, 0];
    let repeated = "its packets repeat parameter sets that only redacted GOPs use";
    for (ids, is_repeating, redacted, refused) in [
        (&eight[..], false, None, None),
        (&eight, false, Some(8), None),
        (&eight, false, Some(3), None),
        (&[0, 1, 2, 0], true, None, None),
        (&[0, 1, 2, 0], true, Some(3), None),
        (&[0, 1, 2, 0], true, Some(1), Some(repeated)),
    ] {
        let folder = folder();
        let source = recording_with_sets(folder.path(), ids, is_repeating);
        let frames = u32::try_from(ids.len()).unwrap() * 10;
        let redacted = redacted.map(|gop: u32| gop * 10);
        let is_untouched = |span: redact_core::FrameSpan| Some(span.start().get()) != redacted;
        let analysis = CopyAnalysis::read(&source).unwrap();
        let plan = analysis.plan(frames, is_untouched, |_| true);
        assert_eq!(plan.pictures_refused(), refused, "{ids:?} {redacted:?}");
        let mut expected: Vec<u32> = (0..frames).step_by(10).collect();
        expected.retain(|frame| refused.is_none() && Some(*frame) != redacted);
        assert_eq!(copied(&plan), expected, "{ids:?} {redacted:?}");
        let output = release(&source, &plan, folder.path());
        assert_clean(&output, 1);
        let written = CopyAnalysis::read(&output).unwrap();
        assert_eq!(written.frames(), Some(frames), "{ids:?} {redacted:?}");
        assert_eq!(read(&output).unwrap().frames.len(), frames as usize);
    }
}

/// Goal: a caption in rows that are coded and not shown never comes into a release, and a release
/// that has one is told. The control: pictures of the same size whose encoder fills the rows are
/// copied, with some noise.
#[test]
fn a_caption_behind_the_cropping_rectangle_is_not_copied() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let noisy = "-f lavfi -i testsrc2=size=194x106:rate=10:duration=2,noise=alls=6:allf=t \
        -pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 -sc_threshold 0";
    for quantizer in [12, 24] {
        let plain = path("plain.mp4");
        ffmpeg(&format!("{noisy} -qp {quantizer}"), &plain);
        assert_eq!(
            copied(&splice(&plain, 20)),
            [0, 10],
            "quantizer {quantizer}"
        );
        let edges = redact_media::cropped_edges(&plain, 1).unwrap().unwrap();
        assert_eq!((edges.frames, edges.odd), (20, 0), "{edges:?}");
    }
    // Lettering in the last eight of 112 rows, in the second half only.
    let source = path("captioned.mp4");
    ffmpeg(
        "-f lavfi -i color=gray:size=192x112:rate=10:duration=2,drawbox=x=40:y=105:w=3:h=6:\
            color=black:t=fill:enable='gte(t,1)',drawbox=x=46:y=105:w=12:h=3:color=black:t=fill:\
            enable='gte(t,1)' \
            -pix_fmt yuv420p -c:v libx264 -g 10 -bf 0 -sc_threshold 0 -bsf:v h264_metadata=crop_bottom=8",
        &source,
    );
    let some = splice(&source, 20);
    assert_eq!(copied(&some), [0]);
    let why = some.untouched_refused().unwrap();
    assert!(
        why.1.contains("do not repeat its edge (frame 10)"),
        "{why:?}"
    );
    let edges = redact_media::cropped_edges(&source, 1).unwrap().unwrap();
    assert_eq!((edges.frames, edges.odd), (20, 10), "{edges:?}");
    let output = release(&source, &some, folder.path());
    let edges = redact_media::cropped_edges(&output, 1).unwrap().unwrap();
    assert_eq!((edges.frames, edges.odd), (20, 0), "{edges:?}");
    assert_clean(&output, 0);
    // Nothing is cut off a picture of whole macroblocks.
    recording(&path("whole.mp4"), "");
    assert_eq!(
        redact_media::cropped_edges(&path("whole.mp4"), 1).unwrap(),
        None
    );
}

/// Goal: what is cropped off is measured the same beside an audit as by itself, and the pictures
/// that the audit gets are those of a source that does not measure. Control: a caption is found.
#[test]
fn cropped_edges_are_measured_while_a_release_is_read() {
    let folder = folder();
    let path = folder.path().join("captioned.mp4");
    ffmpeg(
        "-f lavfi -i testsrc2=size=192x112:rate=10:duration=2 -pix_fmt yuv420p -c:v libx264 -g 10 \
         -bsf:v h264_metadata=crop_bottom=8:crop_right=4",
        &path,
    );
    for threads in [1, 4] {
        let options = OpenOptions {
            threads,
            ..ONE_THREAD
        };
        let (mut measured, edges) = FileSource::open_measured(&path, &options).unwrap();
        let mut plain = FileSource::open(&path, &options).unwrap();
        assert_eq!(measured.info(), plain.info());
        while let Some(item) = plain.next_item().unwrap() {
            let (MediaItem::Frame(a), Some(MediaItem::Frame(b))) =
                (item, measured.next_item().unwrap())
            else {
                panic!("the recording has pictures alone");
            };
            assert_eq!((a.index, a.timestamp), (b.index, b.timestamp));
            for kind in PlaneKind::ALL {
                let (a, b) = (a.picture.plane(kind), b.picture.plane(kind));
                assert!(a.rows().eq(b.rows()), "{kind:?}");
            }
        }
        assert!(measured.next_item().unwrap().is_none());
        let found = edges.take();
        assert_eq!(found, redact_media::cropped_edges(&path, 1).unwrap());
        assert!(!found.unwrap().are_plain());
    }
}

/// Goal: pictures are copied only once they were parsed, or are known to be of a GOP that was.
/// Control: the GOP with text behind its pictures is refused when it is parsed, and copied where
/// its digest counts as known.
#[test]
fn only_groups_that_are_proved_or_known_are_copied() {
    let folder = folder();
    let source = folder.path().join("source.mp4");
    recording(&source, "");
    let mut file = File::read(&std::fs::read(&source).unwrap());
    put_behind(&mut file.samples[0][10..11], SECRET);
    let tampered = folder.path().join("tampered.mp4");
    std::fs::write(&tampered, file.write()).unwrap();

    let read = || CopyAnalysis::read_unproved(&tampered, &ONE_THREAD).unwrap();
    let all = |analysis: CopyAnalysis| copied(&analysis.plan(30, |_| true, |_| true));
    assert_eq!(all(read()), [] as [u32; 0]);
    let mut some = read();
    let is_due = |span: redact_core::FrameSpan| span.start().get() < 20;
    some.prove(is_due, &BTreeSet::new()).unwrap();
    assert_eq!(some.proved().len(), 1);
    assert_eq!(all(some), [0]);

    let digests = |path: &Path| {
        let analysis = CopyAnalysis::read_copied(path, &ONE_THREAD).unwrap();
        let groups = analysis.plan(30, |_| true, |_| true).copied_gops();
        groups.iter().map(|group| group.digest).collect::<Vec<_>>()
    };
    let known = digests(&tampered);
    let mut trusting = read();
    trusting
        .prove(|_| false, &BTreeSet::from([known[1]]))
        .unwrap();
    assert_eq!(all(trusting), [10]);
}

/// Goal: a leak scan parses every picture but those that are known, by their place. Control: text
/// behind a picture is found in each place but that one.
#[test]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "lists of ranges, some with one"
)]
fn a_leak_scan_parses_all_but_what_is_known() {
    let folder = folder();
    let source = folder.path().join("source.mp4");
    recording(&source, "");
    let output = release(&source, &splice(&source, 30), folder.path());
    let mut file = File::read(&std::fs::read(&output).unwrap());
    put_behind(&mut file.samples[0][10..11], SECRET);
    std::fs::write(&output, file.write()).unwrap();
    let expected = redact_bitstream::leak::ExpectedStreams {
        audio_tracks: 1,
        frames: Some(30),
    };
    // Other lines tell that the file is longer than it says.
    let is_told = |known: &[std::ops::Range<u32>]| {
        let file = std::fs::File::open(&output).unwrap();
        let found = redact_bitstream::leak::scan_known(file, &expected, known).unwrap();
        let what = "data after its last macroblock";
        found.iter().any(|verdict| verdict.evidence.contains(what))
    };
    for known in [&[][..], &[0..10, 20..30], &[0..10, 11..30], &[29..30]] {
        assert!(is_told(known), "{known:?}");
    }
    for known in [&[0..11][..], &[0..5, 10..20, 25..30], &[10..11]] {
        assert!(!is_told(known), "{known:?}");
    }
}

/// Parameter sets of an `avcC`: sequences and pictures.
fn parameter_sets(record: &[u8]) -> [Vec<Vec<u8>>; 2] {
    let mut at = 5;
    [0x1f, 0xff].map(|mask| {
        let count = record[at] & mask;
        at += 1;
        let set = |_| {
            let bytes = usize::from(u16::from_be_bytes(record[at..at + 2].try_into().unwrap()));
            at += 2 + bytes;
            record[at - bytes..at].to_vec()
        };
        (0..count).map(set).collect()
    })
}

/// `record` with `more` parameter sets.
fn with_sets(record: &[u8], more: &[Vec<Vec<u8>>; 2]) -> Vec<u8> {
    let own = parameter_sets(record);
    let mut joined = record[..5].to_vec();
    for (kind, (own, more)) in own.iter().zip(more).enumerate() {
        let all: Vec<&Vec<u8>> = own.iter().chain(more).collect();
        let reserved = if kind == 0 { 0xe0 } else { 0 };
        joined.push(u8::try_from(all.len()).unwrap() | reserved);
        for set in all {
            joined.extend(u16::try_from(set.len()).unwrap().to_be_bytes());
            joined.extend(set);
        }
    }
    let length = |sets: &[Vec<Vec<u8>>; 2]| -> usize {
        sets.iter().flatten().map(|set| set.len() + 2).sum()
    };
    joined.extend(&record[7 + length(&own)..]);
    joined
}

/// The file at `path` with another `avcC`.
fn with_record(path: &Path, record: &[u8], output: &Path) {
    let mut file = File::read(&std::fs::read(path).unwrap());
    *file.entry_body("avc1", "avcC") = record.to_vec();
    std::fs::write(output, file.write()).unwrap();
}

fn record_of(path: &Path) -> Vec<u8> {
    let mut file = File::read(&std::fs::read(path).unwrap());
    file.entry_body("avc1", "avcC").clone()
}

/// Whether the scan of a release of 30 frames finds nothing.
fn is_clean(path: &Path) -> bool {
    let expected = redact_bitstream::leak::ExpectedStreams {
        audio_tracks: 1,
        frames: Some(30),
    };
    redact_bitstream::leak::scan(std::fs::File::open(path).unwrap(), &expected)
        .unwrap()
        .into_iter()
        .all(|verdict| verdict.clean)
}

/// Goal: a clock that follows from nothing, and parameter sets that no picture uses, are neither
/// copied nor accepted in a release: somebody can write in them. Method: sets are put into the
/// header of a recording, and of a release of it. The control: the recording's own sets, a clock of
/// pictures instead of fields, and round buffer sizes are copied and accepted.
#[test]
fn numbers_and_sets_that_nothing_needs_are_not_copied() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    recording(&path("plain.mp4"), "");
    let all = splice(&path("plain.mp4"), 30);
    assert_eq!(copied(&all), [0, 10, 20]);
    let made = release(&path("plain.mp4"), &all, folder.path());
    let output = path("plain-release.mp4");
    std::fs::rename(made, &output).unwrap();
    for plain in [
        "-bsf:v h264_metadata=tick_rate=10",
        "-bsf:v h264_metadata=tick_rate=180000/1",
        "-x264-params nal-hrd=vbr:vbv-maxrate=4000:vbv-bufsize=3000",
    ] {
        recording(&path("clip.mp4"), plain);
        assert_eq!(
            copied(&splice(&path("clip.mp4"), 30)),
            [0, 10, 20],
            "{plain}"
        );
    }
    with_record(&output, &record_of(&output), &path("again.mp4"));
    assert!(is_clean(&path("again.mp4")));

    recording(
        &path("clock.mp4"),
        "-bsf:v h264_metadata=tick_rate=1246576928/1148152097",
    );
    recording(&path("other.mp4"), "-x264-params sps-id=1");
    let clock = record_of(&path("clock.mp4"));
    let more = with_sets(
        &record_of(&path("plain.mp4")),
        &parameter_sets(&record_of(&path("other.mp4"))),
    );
    for (record, why) in [(clock, "(clock)"), (more, "that no picture uses")] {
        with_record(&path("plain.mp4"), &record, &path("odd.mp4"));
        let odd = splice(&path("odd.mp4"), 30);
        let said = odd.pictures_refused().unwrap_or_default();
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(copied(&odd), [] as [u32; 0]);
        let made = release(&path("odd.mp4"), &odd, folder.path());
        assert_clean(&made, 1);
        with_record(&output, &record, &path("forged.mp4"));
        assert!(!is_clean(&path("forged.mp4")), "{why}");
    }
}
