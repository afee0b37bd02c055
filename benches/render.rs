//! What the hot path costs beside the codecs: decoding and encoding take nothing here, so that
//! queues, threads and masks are all that is measured. Also the audit of such a release, and the
//! comparison with its source.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use redact_core::{Cells, Effect, MediaItem, Sink, SinkError};
use redact_engine::{Expected, audit, examine, render, take_levels};
use redact_testkit::{MemorySource, Quiet, Scene, approved, copy_frame, drawn_mask};

const FRAMES: u32 = 30;

/// A sink that takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn write_item(&mut self, _item: MediaItem) -> Result<(), SinkError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        Ok(())
    }
}

fn jobs(c: &mut Criterion) {
    let scene = Scene::new(1920, 1080, FRAMES);
    let frames: Vec<_> = (0..FRAMES).map(|i| scene.frame(i)).collect();
    let source = || {
        let items: Vec<_> = frames
            .iter()
            .map(|f| MediaItem::Frame(copy_frame(f)))
            .collect();
        Box::new(MemorySource::new(scene.info(), items))
    };
    let mut group = c.benchmark_group("30 frames of 1080p");
    group.sample_size(10);
    group.measurement_time(std::time::Duration::from_secs(3));
    group.warm_up_time(std::time::Duration::from_millis(300));
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    for (regions, name) in [(0_u8, "no region"), (8, "8 blurred regions")] {
        let masks = (0..regions).map(|i| {
            let x = 0.01 + 0.12 * f32::from(i);
            let effect = Effect::Blur(Cells::MAX);
            drawn_mask(
                &format!("m{i}"),
                effect,
                0..FRAMES,
                [x, 0.3, x + 0.104, 0.485],
            )
        });
        let plan = approved(&scene, masks.collect(), Vec::new());
        let mut levels_source = MemorySource::of(&scene);
        let levels = take_levels(&mut levels_source, plan.redactions(), &Quiet);
        let plan = plan.with_levels(levels.expect("the scene has every mask's first frame"));
        group.bench_function(format!("render, {name}"), |b| {
            b.iter_batched(
                source,
                |source| render(source, &plan, Box::new(Nowhere), None, &Quiet),
                BatchSize::PerIteration,
            );
        });
        let expected = Expected {
            frames: FRAMES,
            audio_tracks: 0,
        };
        group.bench_function(format!("audit, {name}"), |b| {
            b.iter_batched(
                source,
                |source| audit(source, plan.redactions(), &expected, &Quiet),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("audit and comparison, {name}"), |b| {
            b.iter_batched(
                || (source(), source()),
                |(a, b)| examine(a, b, plan.redactions(), &expected, None, &Quiet),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, jobs);
criterion_main!(benches);
