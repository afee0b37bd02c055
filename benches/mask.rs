//! How long masks take: 200x200 pixel regions in a 1080p frame, on one core.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use redact_core::{Cells, Effect, Frame, Redactions};
use redact_engine::{mask_frame, mask_levels};
use redact_testkit::{Scene, copy_frame, drawn_mask};

const WIDTH: f32 = 1920.0;
const HEIGHT: f32 = 1080.0;
const SIDE: f32 = 200.0;

/// `count` regions side by side, row after row.
fn regions(frame: &Frame, effect: Effect, count: u16) -> Redactions {
    let masks = (0..count)
        .map(|i| {
            let x = f32::from(i % 8) * 220.0 + 7.0;
            let y = f32::from(i / 8) * 110.0 + 5.0;
            let sides = [
                x / WIDTH,
                y / HEIGHT,
                (x + SIDE) / WIDTH,
                (y + SIDE) / HEIGHT,
            ];
            let mask = drawn_mask("m", effect, 0..1, sides);
            let levels = mask_levels(&mask, &frame.picture);
            mask.with_levels(levels)
        })
        .collect();
    Redactions {
        masks,
        mutes: Vec::new(),
    }
}

fn mask(c: &mut Criterion) {
    let frame = Scene::new(1920, 1080, 1).frame(0);
    let mut group = c.benchmark_group("mask 1080p");
    group.sample_size(20);
    group.measurement_time(std::time::Duration::from_secs(2));
    group.warm_up_time(std::time::Duration::from_millis(300));
    let cells = Cells::MAX;
    for effect in [Effect::Fill, Effect::Pixelate(cells), Effect::Blur(cells)] {
        for count in [0, 1, 8, 64] {
            let redactions = regions(&frame, effect, count);
            group.throughput(Throughput::Elements(u64::from(count.max(1))));
            group.bench_function(format!("{} {count} regions", effect.name()), |b| {
                b.iter_batched_ref(
                    || copy_frame(&frame),
                    |frame| mask_frame(frame, &redactions),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, mask);
criterion_main!(benches);
