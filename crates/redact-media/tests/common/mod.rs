//! Recordings made by the `ffmpeg` program, and what tests look at in them.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failed step is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use redact_bitstream::leak::{self, ExpectedStreams, LeakVerdict};
use redact_core::{
    AudioBlock, Frame, MediaItem, PlaneKind, Sink, Source, SourceDiagnostics, SourceError,
    SourceInfo, SourceSettings,
};
use redact_media::{Damaged, EncodeOptions, FileSink, FileSource, OpenOptions, Preset};

/// A folder of its own for one test.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs `ffmpeg` with `arguments` (split at spaces) and `output` at the end.
#[track_caller]
pub(crate) fn ffmpeg(arguments: &str, output: &Path) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    ffmpeg_words(&words, output);
}

/// The same for arguments that contain spaces.
#[track_caller]
pub(crate) fn ffmpeg_words(words: &[&str], output: &Path) {
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-bitexact"])
        .args(words)
        .arg(output)
        .output()
        .expect("the ffmpeg program, which scripts/setup installs");
    let said = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "ffmpeg {words:?}: {said}");
}

/// All that a source delivers.
pub(crate) struct Content {
    pub(crate) info: SourceInfo,
    pub(crate) frames: Vec<Frame>,
    pub(crate) sound: Vec<AudioBlock>,
}

pub(crate) const ONE_THREAD: OpenOptions = OpenOptions {
    audio: true,
    threads: 2,
    damaged: Damaged::Stop,
    require_sound: false,
    settings: SourceSettings {
        video_stream: None,
        turn_degrees: 0,
        frame_rate: None,
    },
};

pub(crate) fn read(path: &Path) -> Result<Content, SourceError> {
    read_with(path, Damaged::Stop).map(|(content, _)| content)
}

/// The same, and what was met on the way.
pub(crate) fn read_with(
    path: &Path,
    damaged: Damaged,
) -> Result<(Content, SourceDiagnostics), SourceError> {
    let options = OpenOptions {
        damaged,
        ..ONE_THREAD
    };
    let mut source = FileSource::open(path, &options)?;
    let info = source.info().clone();
    let (mut frames, mut sound) = (Vec::new(), Vec::new());
    while let Some(item) = source.next_item()? {
        match item {
            MediaItem::Frame(frame) => frames.push(frame),
            MediaItem::Audio(block) => sound.push(block),
            other => panic!("{other:?} came where everything is decoded"),
        }
    }
    let content = Content {
        info,
        frames,
        sound,
    };
    Ok((content, source.diagnostics()))
}

impl Content {
    /// Nanoseconds of every frame since the first.
    pub(crate) fn frame_nanos(&self) -> Vec<i64> {
        let base = self.info.video.time_base;
        let zero = self.info.video.first_timestamp.ticks();
        self.frames
            .iter()
            .map(|f| {
                redact_core::Timestamp::new(f.timestamp.ticks() - zero)
                    .nanos(base)
                    .unwrap()
            })
            .collect()
    }

    /// First sample of `track` with a mean over 1 ms above `threshold`, in seconds since zero.
    pub(crate) fn onset(&self, track: usize, threshold: f32) -> Option<f64> {
        for block in self.sound.iter().filter(|block| block.stream == track) {
            let channels = usize::from(block.channels);
            let window = block.rate_hz as usize / 1000;
            // A tone in any one channel counts.
            let peaks: Vec<f32> = block
                .samples
                .chunks_exact(channels)
                .map(|samples| samples.iter().fold(0.0, |peak: f32, s| peak.max(s.abs())))
                .collect();
            let loud = peaks
                .windows(window.max(1))
                .position(|w| w.iter().map(|s| s.abs()).sum::<f32>() / w.len() as f32 > threshold);
            if let Some(at) = loud {
                return Some((block.start + at as i64) as f64 / f64::from(block.rate_hz));
            }
        }
        None
    }

    /// Mean brightness of a quarter-size square in each corner of frame `index`: top left, top
    /// right, bottom left, bottom right.
    pub(crate) fn corners(&self, index: usize) -> [u8; 4] {
        let plane = self.frames[index].picture.plane(PlaneKind::Luma);
        let (w, h) = (plane.width / 4, plane.height / 4);
        [
            (0, 0),
            (plane.width - w, 0),
            (0, plane.height - h),
            (plane.width - w, plane.height - h),
        ]
        .map(|(x, y)| {
            let sum: u32 = (y..y + h)
                .flat_map(|row| &plane.row(row)[x..x + w])
                .map(|s| u32::from(*s))
                .sum();
            u8::try_from(sum as usize / (w * h)).unwrap()
        })
    }
}

pub(crate) fn fast() -> EncodeOptions {
    EncodeOptions {
        preset: Preset::Ultrafast,
        threads: 2,
        ..EncodeOptions::default()
    }
}

/// Copies a recording into a release, item by item, and gives the release's path.
#[track_caller]
pub(crate) fn release(source: &Path, folder: &Path) -> PathBuf {
    let output = folder.join("release.mp4.partial");
    let mut source = FileSource::open(source, &ONE_THREAD).unwrap();
    let mut sink = Box::new(FileSink::create(&output, source.info(), &fast()).unwrap());
    while let Some(item) = source.next_item().unwrap() {
        sink.write_item(item).unwrap();
    }
    sink.finish().unwrap();
    output
}

/// What `ffmpeg` complains about when it decodes all of `path`.
pub(crate) fn complaints(path: &Path) -> String {
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "warning", "-i"])
        .arg(path)
        .args(["-map", "0", "-f", "null", "-"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&result.stderr).into_owned()
}

/// Goal: nothing is lost or moved between a recording and its release.
#[track_caller]
pub(crate) fn assert_kept(source: &Content, release: &Content) {
    assert_eq!(
        source.frames.len(),
        release.frames.len(),
        "frames in = frames out"
    );
    let base = source.info.video.time_base;
    let tick = 1_000_000_000 * i64::from(base.num.get()) / i64::from(base.den.get()) + 1;
    for (i, (a, b)) in source
        .frame_nanos()
        .iter()
        .zip(release.frame_nanos())
        .enumerate()
    {
        assert!(
            (a - b).abs() <= tick,
            "frame {i} at {a} ns came back at {b} ns"
        );
    }
    if base.num.get() == 1 {
        assert_eq!(base, release.info.video.time_base);
        let ticks = |content: &Content| -> Vec<i64> {
            let zero = content.info.video.first_timestamp.ticks();
            content
                .frames
                .iter()
                .map(|frame| frame.timestamp.ticks() - zero)
                .collect()
        };
        assert_eq!(
            ticks(source),
            ticks(release),
            "times are exact where the unit is"
        );
    }
    assert_eq!(source.info.audio.len(), release.info.audio.len());
    assert_eq!(source.info.video.size, release.info.video.size);
}

/// The verdicts on `path`, of which none may be unclean.
#[track_caller]
pub(crate) fn assert_clean(path: &Path, audio_tracks: usize) {
    let found: Vec<LeakVerdict> = leak::scan(
        std::fs::File::open(path).unwrap(),
        &ExpectedStreams {
            audio_tracks,
            frames: None,
        },
    )
    .unwrap()
    .into_iter()
    .filter(|verdict| !verdict.clean)
    .collect();
    assert!(found.is_empty(), "{found:#?}");
}
