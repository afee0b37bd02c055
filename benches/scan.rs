//! What a scan costs besides its decoder and its models: handing frames to the threads, merging
//! what several detectors found, and tracking it. Frames are in memory, and detectors know the
//! answer.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use redact_core::{Class, Detector};
use redact_engine::{DetectorSet, ScanOptions, ScheduledDetector, scan};
use redact_testkit::{Actor, MemorySource, PanMotion, Quiet, Scene, TruthDetector};

const FRAMES: u32 = 300;
/// As many as the standard profile has.
const DETECTORS: usize = 8;

fn scene(objects: u8) -> Scene {
    let mut scene = Scene::new(64, 48, FRAMES);
    scene.actors.extend((0..objects).map(|at| Actor {
        class: Class::Face,
        frames: 0..FRAMES,
        center: [
            0.1 + 0.08 * f32::from(at % 10),
            0.1 + 0.08 * f32::from(at / 10),
        ],
        velocity: [0.0005, 0.0002],
        size: [0.05, 0.06],
    }));
    scene
}

fn detectors(scene: &Scene) -> DetectorSet {
    let instance = || -> Box<dyn Detector> { Box::new(TruthDetector::new(scene, |_, all| all)) };
    let scheduled = || ScheduledDetector {
        instances: vec![instance()],
        classes: vec![Class::Face],
        every_nanos: 0,
        by_samples_alone: false,
    };
    DetectorSet {
        detectors: (0..DETECTORS).map(|_| scheduled()).collect(),
        workers: 2,
        motion: Some(Box::new(PanMotion::new(scene))),
        speech: None,
    }
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("scan 300 frames without decoder and models");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    for objects in [0, 1, 10, 50] {
        let scene = scene(objects);
        group.bench_function(format!("{objects} faces, {DETECTORS} detectors"), |b| {
            b.iter(|| {
                let source = Box::new(MemorySource::of(&scene));
                scan(source, detectors(&scene), &ScanOptions::default(), &Quiet)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
