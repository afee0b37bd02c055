//! How long mutes take: one second of stereo sound at 48 kHz, on one core.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use redact_core::{AudioBlock, MuteStyle, Redactions, TimeSpan};
use redact_engine::mute_block;
use redact_testkit::mute as region;

fn mute(c: &mut Criterion) {
    let block = AudioBlock {
        stream: 0,
        start: 0,
        rate_hz: 48_000,
        channels: 2,
        samples: vec![0.25; 96_000],
    };
    let mut group = c.benchmark_group("mute 1 s stereo");
    group.sample_size(20);
    group.measurement_time(std::time::Duration::from_secs(2));
    group.warm_up_time(std::time::Duration::from_millis(300));
    group.throughput(Throughput::Elements(96_000));
    let span = TimeSpan::new(200_000_000, 800_000_000).expect("not empty");
    for style in [MuteStyle::Silence, MuteStyle::Tone] {
        let redactions = Redactions {
            masks: Vec::new(),
            mutes: vec![region("m", span, style)],
        };
        group.bench_function(format!("{style:?}"), |b| {
            b.iter_batched_ref(
                || block.clone(),
                |block| mute_block(block, &redactions),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, mute);
criterion_main!(benches);
