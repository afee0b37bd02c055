//! How long tracking takes: ten seconds at 30 frames per second, on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use redact_core::{Class, Detection, FrameIndex, Motion, NormRect};
use redact_engine::{FrameObservations, Moment, Observation, Tracker, TrackerOptions};

const FRAMES: u32 = 300;

/// `things` faces on a grid, all moving; one in five is missed in each frame.
fn observations(frame: u32, things: u16) -> Vec<Observation> {
    let across = f32::from(things).sqrt().ceil();
    (0..things)
        .filter(|thing| !(frame + u32::from(*thing) * 3).is_multiple_of(5))
        .map(|thing| {
            let column = f32::from(thing) % across;
            let row = (f32::from(thing) / across).floor();
            let phase = f32::from(u16::try_from(frame).unwrap_or(0)) / 40.0;
            let x = (column + 0.3 + 0.2 * phase.sin()) / across;
            let y = (row + 0.3 + 0.2 * phase.cos()) / across;
            let side = 0.4 / across;
            let face = Detection {
                class: Class::Face,
                rect: NormRect::clipped([x, y, x + side, y + side]).expect("on the picture"),
                score: 0.8,
            };
            Observation::from(face)
        })
        .collect()
}

fn track(c: &mut Criterion) {
    let mut group = c.benchmark_group("track 300 frames");
    group.sample_size(10);
    group.measurement_time(std::time::Duration::from_secs(2));
    group.warm_up_time(std::time::Duration::from_millis(300));
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    for things in [1, 10, 100, 1000] {
        let seen: Vec<Vec<Observation>> = (0..FRAMES).map(|i| observations(i, things)).collect();
        group.bench_function(format!("{things} faces"), |b| {
            b.iter(|| {
                let mut tracker = Tracker::new(TrackerOptions::default());
                for (frame, seen) in (0..).zip(&seen) {
                    tracker.update(&FrameObservations {
                        moment: Moment {
                            frame: FrameIndex::new(frame),
                            nanos: i64::from(frame) * 33_333_333,
                        },
                        motion: Motion::Affine([1.0, 0.0, 0.001, 0.0, 1.0, 0.0]),
                        observations: Some(seen),
                    });
                }
                tracker.finish()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, track);
criterion_main!(benches);
