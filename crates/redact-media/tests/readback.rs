//! What is written is decoded again on its way into the file: it must be what the file holds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step is a failed test"
)]

mod common;

use std::path::{Path, PathBuf};
use std::thread;

use common::{ONE_THREAD, fast, ffmpeg, folder, read};
use redact_core::{Digest, Frame, FrameSpan, MediaItem, PlaneKind, Sink as _, Source as _};
use redact_media::{CopyAnalysis, CopyPlan, FileSink, FileSource, ReadbackRun};

/// Seven groups of 25 frames.
const FRAMES: u32 = 175;

/// Frames that are painted over: groups 1 to 3, which two encoders make, and group 5. Group 4 is
/// copied between them.
const PAINTED: [std::ops::Range<u32>; 2] = [30..90, 130..135];

fn is_bare(span: FrameSpan) -> bool {
    PAINTED
        .iter()
        .all(|painted| span.end().get() <= painted.start || painted.end <= span.start().get())
}

fn recording(folder: &Path, encoding: &str) -> PathBuf {
    let source = folder.join("source.mp4");
    let words = format!(
        "-f lavfi -i testsrc2=size=320x240:rate=25:duration=7 -f lavfi -i \
         sine=frequency=440:duration=7 -c:v libx264 -g 25 -keyint_min 25 -sc_threshold 0 \
         -c:a aac {encoding}"
    );
    ffmpeg(&words, &source);
    source
}

struct Release {
    output: PathBuf,
    seen: Vec<Frame>,
    runs: Vec<ReadbackRun>,
}

/// Makes a release of `source`; whoever looks lets go after `seen_max` frames.
fn release(source: &Path, folder: &Path, seen_max: usize) -> Release {
    let analysis = CopyAnalysis::read(source).unwrap();
    let plan = analysis.plan(FRAMES, is_bare, |_| true);
    assert_eq!(plan.pictures_refused(), None);
    let output = folder.join("release.mp4");
    let mut source = FileSource::open_with_plan(source, &ONE_THREAD, &plan).unwrap();
    let sink = FileSink::create_with_plan(&output, source.info(), &fast(), &plan).unwrap();
    let mut sink = Box::new(sink);
    let mut echo = sink.readback().unwrap();
    let record = echo.record();
    let seen = thread::scope(|scope| {
        let look = scope.spawn(move || {
            let mut seen = Vec::new();
            while seen.len() < seen_max
                && let Some(item) = echo.next_item().unwrap()
            {
                match item {
                    MediaItem::Frame(frame) => seen.push(frame),
                    other => panic!("{other:?} came from an echo"),
                }
            }
            seen
        });
        while let Some(mut item) = source.next_item().unwrap() {
            if let MediaItem::Frame(frame) = &mut item {
                let mut plane = frame.picture.plane_mut(PlaneKind::Luma);
                (0..64).for_each(|y| plane.row_mut(y)[..64].fill(16));
            }
            sink.write_item(item).unwrap();
        }
        sink.finish().unwrap();
        look.join().unwrap()
    });
    Release {
        output,
        seen,
        runs: record.runs(),
    }
}

/// Groups of a written file that lie in `frames`, and those beside them.
fn groups_of(written: &CopyPlan, frames: FrameSpan) -> (Vec<Digest>, [Option<Digest>; 2]) {
    let groups = written.gops();
    let within = |span: &FrameSpan| frames.start() <= span.start() && span.end() <= frames.end();
    let beside = |is_it: &dyn Fn(&FrameSpan) -> bool| {
        let found = groups.iter().find(|(span, _)| is_it(span));
        found.map(|(_, digest)| *digest)
    };
    let here = groups.iter().filter(|(span, _)| within(span));
    (
        here.map(|(_, digest)| *digest).collect(),
        [
            beside(&|span| span.end() == frames.start()),
            beside(&|span| span.start() == frames.end()),
        ],
    )
}

/// Goal: what is seen while a release is written is what its file shows, frame by frame and to the
/// bit, and the digests that bind the two are those of the file.
#[test]
fn what_is_seen_while_it_is_written_is_what_the_file_holds() {
    for encoding in [
        "-preset fast",
        "-bf 0",
        "-profile:v baseline -pix_fmt yuv420p",
    ] {
        let folder = folder();
        let source = recording(folder.path(), encoding);
        let release = release(&source, folder.path(), usize::MAX);
        let whole = read(&release.output).unwrap();
        let of_source = read(&source).unwrap();
        let numbers: Vec<u32> = release.seen.iter().map(|f| f.index.get()).collect();
        let expected: Vec<u32> = (25..100).chain(125..150).collect();
        assert_eq!(numbers, expected, "{encoding}");
        for frame in &release.seen {
            let place = frame.index.get() as usize;
            let same = PlaneKind::ALL.iter().all(|&kind| {
                let (a, b) = (&frame.picture, &whole.frames[place].picture);
                a.plane(kind).rows().eq(b.plane(kind).rows())
            });
            assert!(same, "frame {place} ({encoding})");
            assert_eq!(frame.timestamp, of_source.frames[place].timestamp);
        }
        let written = CopyAnalysis::read(&release.output).unwrap();
        let written = written.plan(FRAMES, |_| true, |_| true);
        let spans: Vec<_> = release.runs.iter().map(|run| run.frames).collect();
        let starts: Vec<_> = spans
            .iter()
            .map(|s| (s.start().get(), s.end().get()))
            .collect();
        assert_eq!(starts, [(25, 100), (125, 150)], "{encoding}");
        for run in &release.runs {
            let (groups, beside) = groups_of(&written, run.frames);
            assert!(beside.iter().all(Option::is_some));
            assert_eq!((&run.gops, run.neighbors), (&groups, beside), "{encoding}");
        }
    }
}

/// Goal: a file that was changed after it was seen does not have the digests of what was seen.
#[test]
fn a_file_with_other_pictures_than_were_seen_has_other_digests() {
    let folder = folder();
    let source = recording(folder.path(), "-preset fast");
    let release = release(&source, folder.path(), usize::MAX);
    let mut bytes = std::fs::read(&release.output).unwrap();
    let whole = CopyAnalysis::read(&release.output).unwrap();
    let whole = whole.plan(FRAMES, |_| true, |_| true);
    // Bytes of slices: the file is mostly made of them.
    let differs = (1..8).any(|eighth| {
        let place = bytes.len() / 8 * eighth;
        bytes[place] ^= 1;
        std::fs::write(&release.output, &bytes).unwrap();
        let changed = CopyAnalysis::read(&release.output).unwrap();
        let changed = changed.plan(FRAMES, |_| true, |_| true);
        release.runs.iter().any(|run| {
            let before = groups_of(&whole, run.frames).0;
            let after = groups_of(&changed, run.frames).0;
            assert_eq!(before, run.gops);
            after != run.gops
        })
    });
    assert!(differs);
}

/// Goal: whoever stops looking stops nobody from writing, and claims nothing.
#[test]
fn a_release_is_written_though_nobody_looks_to_the_end() {
    let folder = folder();
    let source = recording(folder.path(), "-preset fast");
    for seen_max in [0, 10] {
        let release = release(&source, folder.path(), seen_max);
        assert_eq!(release.seen.len(), seen_max);
        assert_eq!(release.runs, []);
        assert_eq!(read(&release.output).unwrap().frames.len(), 175);
    }
}
