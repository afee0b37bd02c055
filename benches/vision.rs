//! What a scan does with one picture of 1080p on one core: each model at its size in the standard
//! profile, with scaling the picture and reading the model's output; scaling alone, which is what a
//! model costs at its smallest input; camera motion; and detecting speech in one second of sound.
//! Models that are not installed are left out.

use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use redact_core::{
    AudioBlock, CameraMotion as _, ColorRange, Detector as _, Frame, FrameIndex, Picture,
    PixelSize, PlaneKind, SpeechDetector as _, Timestamp,
};
use redact_vision::{
    DetectorOptions, FlowMotion, FrameDetector, ModelStore, Runtime, SpeechListener, SpeechOptions,
};

/// Models, with the long side of their input in the standard profile, and the smallest.
const MODELS: [(&str, u32); 8] = [
    ("faces", 960),
    ("faces-covered", 640),
    ("retinaface-mnet025", 640),
    ("lpd-yunet", 640),
    ("plate-screen", 960),
    ("plate-screen", 320),
    ("plate-screen", 32),
    ("objects", 640),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Blots of several sizes, moved by `shift` pixels.
fn frame(shift: usize) -> Frame {
    let size = PixelSize::new(1920, 1080).expect("even sides");
    let mut picture = Picture::filled(size, ColorRange::Limited, [16, 128, 128]);
    let mut plane = picture.plane_mut(PlaneKind::Luma);
    for y in 0..1080 {
        for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
            let blot = |side: usize| {
                let cell = ((x + shift) / side).wrapping_mul(73_856_093) ^ (y / side * 19_349_663);
                cell.wrapping_mul(2_654_435_761) >> 13 & 63
            };
            *sample = u8::try_from(30 + blot(61) + blot(23) + blot(7)).unwrap_or(255);
        }
    }
    Frame {
        index: FrameIndex::ZERO,
        timestamp: Timestamp::new(0),
        duration_ticks: 1,
        picture,
    }
}

fn models(c: &mut Criterion) {
    let mut group = c.benchmark_group("one 1080p picture");
    group.sample_size(20);
    let library = root().join(".deps/onnxruntime/libonnxruntime.so");
    let (Ok(runtime), Ok(store)) = (
        Runtime::load(&library),
        ModelStore::open(&root().join("models")),
    ) else {
        return;
    };
    let frame = frame(0);
    for (name, side) in MODELS {
        let Ok(model) = store.load(name) else {
            continue;
        };
        let options = DetectorOptions {
            input_long_side: side,
            ..DetectorOptions::for_card(model.card())
        };
        let mut detector = FrameDetector::new(&runtime, &model, options).expect("a usable model");
        group.bench_function(format!("{name} {side}"), |b| {
            b.iter(|| detector.detect(&[&frame]).expect("a picture of any size"));
        });
    }
    group.finish();
    if let Ok(model) = store.load("silero-vad") {
        let new = || SpeechListener::new(&runtime, &model, SpeechOptions::default());
        let mut listener = new().expect("a usable model");
        let mut start = 0;
        c.bench_function("speech in one second of 48 kHz, two channels", |b| {
            b.iter(|| {
                let noise = |i: i64| ((start + i) * 7919 % 997) as f32 / 997.0 - 0.5;
                let block = AudioBlock {
                    stream: 0,
                    rate_hz: 48_000,
                    channels: 2,
                    start,
                    samples: (0..96_000).map(noise).collect(),
                };
                start += 48_000;
                listener.listen(&block).expect("sound at a usual rate");
            });
        });
    }
}

fn motion(c: &mut Criterion) {
    let frames = [frame(0), frame(5)];
    let mut motion = FlowMotion::new();
    let mut at = 0;
    c.bench_function("camera motion into one 1080p picture", |b| {
        b.iter(|| {
            at += 1;
            motion
                .advance(&frames[at % 2])
                .expect("pictures of one size")
        });
    });
}

criterion_group!(benches, models, motion);
criterion_main!(benches);
