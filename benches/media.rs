//! Every stage that touches a file: the analysis, decoding, copying, encoding, and the walk through
//! the bytes of a release. On four seconds of 1080p that the `ffmpeg` program makes.

#![allow(
    clippy::unwrap_used,
    reason = "a bench whose recording cannot be made measures nothing"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use redact_bitstream::leak::{self, ExpectedStreams};
use redact_core::{Sink as _, Source as _, SourceSettings};
use redact_media::{
    CopyAnalysis, CopyPlan, Damaged, EncodeOptions, FileSink, FileSource, OpenOptions,
};

const FRAMES: u32 = 120;

const OPTIONS: OpenOptions = OpenOptions {
    audio: true,
    threads: 0,
    damaged: Damaged::Stop,
    require_sound: false,
    settings: SourceSettings {
        video_stream: None,
        turn_degrees: 0,
        frame_rate: None,
    },
};

/// Groups of a second, about 10 Mb/s, and a tone.
fn recording(folder: &Path) -> PathBuf {
    let path = folder.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args("-v error -nostdin -bitexact -f lavfi".split(' '))
        .args(["-i", "testsrc2=size=1920x1080:rate=30,noise=alls=4:allf=t"])
        .args("-f lavfi -i sine=frequency=300 -t 4 -c:v libx264 -preset veryfast".split(' '))
        .args("-pix_fmt yuv420p -b:v 10M -g 30 -keyint_min 30 -sc_threshold 0".split(' '))
        .args("-c:a aac -flags:a +bitexact".split(' '))
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

/// Writes all of `clip` to a release; what `plan` names is copied.
fn written(clip: &Path, folder: &Path, plan: Option<&CopyPlan>) -> PathBuf {
    let output = folder.join("release.mp4");
    let options = EncodeOptions::default();
    let (mut source, sink) = match plan {
        Some(plan) => {
            let source = FileSource::open_with_plan(clip, &OPTIONS, plan).unwrap();
            let sink = FileSink::create_with_plan(&output, source.info(), &options, plan);
            (source, sink)
        }
        None => {
            let source = FileSource::open(clip, &OPTIONS).unwrap();
            let sink = FileSink::create(&output, source.info(), &options);
            (source, sink)
        }
    };
    let mut sink = Box::new(sink.unwrap());
    while let Some(item) = source.next_item().unwrap() {
        sink.write_item(item).unwrap();
    }
    sink.finish().unwrap();
    output
}

fn stages(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let clip = recording(folder.path());
    let plan = |copies: bool| {
        let analysis = CopyAnalysis::read(&clip).unwrap();
        analysis.plan(FRAMES, |_| copies, |_| copies)
    };
    let mut group = c.benchmark_group("4 s of 1080p");
    group.sample_size(10);
    group.measurement_time(std::time::Duration::from_secs(5));
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    group.bench_function("analysis, all of it copied", |b| {
        b.iter(|| CopyAnalysis::read(&clip).unwrap())
    });
    group.bench_function("analysis, nothing copied or all known", |b| {
        b.iter(|| CopyAnalysis::read_unproved(&clip, &OPTIONS).unwrap());
    });
    group.bench_function("decode", |b| {
        b.iter(|| {
            let mut source = FileSource::open(&clip, &OPTIONS).unwrap();
            while source.next_item().unwrap().is_some() {}
        });
    });
    group.bench_function("decode and measure cropped edges", |b| {
        b.iter(|| {
            let (mut source, edges) = FileSource::open_measured(&clip, &OPTIONS).unwrap();
            while source.next_item().unwrap().is_some() {}
            edges.take()
        });
    });
    group.bench_function("decode and encode", |b| {
        b.iter(|| written(&clip, folder.path(), None));
    });
    let all = plan(true);
    assert_eq!(all.pictures_refused(), None);
    group.bench_function("copy", |b| {
        b.iter(|| written(&clip, folder.path(), Some(&all)));
    });
    let release = written(&clip, folder.path(), Some(&all));
    let expected = ExpectedStreams {
        audio_tracks: 1,
        frames: Some(FRAMES),
    };
    group.bench_function("leak scan", |b| {
        b.iter(|| leak::scan(std::fs::File::open(&release).unwrap(), &expected).unwrap());
    });
    group.bench_function("leak scan, all pictures known", |b| {
        b.iter(|| {
            let file = std::fs::File::open(&release).unwrap();
            leak::scan_known(file, &expected, std::slice::from_ref(&(0..FRAMES))).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
