use proptest::prelude::*;
use redact_core::{MuteStreams, TimeSpan};
use redact_testkit::mute;

use super::*;

const RATE: u32 = 16_000;

fn redactions(mutes: Vec<MuteRegion>) -> Redactions {
    Redactions {
        masks: Vec::new(),
        mutes,
    }
}

fn span(start_ms: i64, end_ms: i64) -> TimeSpan {
    TimeSpan::new(start_ms * 1_000_000, end_ms * 1_000_000).unwrap()
}

/// Full-scale sound that changes sign from sample to sample: any rest of it shows.
fn loud(start: i64, frames: usize) -> AudioBlock {
    AudioBlock {
        stream: 0,
        start,
        rate_hz: RATE,
        channels: 2,
        samples: (0..frames * 2)
            .map(|i| if (i / 2) % 2 == 0 { 1.0 } else { -1.0 })
            .collect(),
    }
}

#[test]
fn a_silent_span_is_exactly_zero_and_the_rest_is_untouched() {
    let redactions = redactions(vec![mute("a", span(1000, 2000), MuteStyle::Silence)]);
    let mut block = loud(0, 64_000);
    mute_block(&mut block, &redactions);
    let reach = Reach::new(&redactions.mutes[0], RATE);
    assert_eq!(reach.core, 16_000 - 2112..32_000 + 2112);
    for (at, pair) in (0..).zip(block.samples.chunks(2)) {
        if reach.core.contains(&at) {
            assert_eq!(pair, [0.0, 0.0]);
        } else if reach.whole().contains(&at) {
            assert!(pair[0].abs() < 1.0 && pair[0].abs() > 0.0);
        } else {
            assert_eq!(pair[0].abs(), 1.0);
        }
    }
    assert_eq!(muted_samples(&loud(0, 64_000), &redactions), 16_000 + 4224);
}

#[test]
fn a_tone_holds_nothing_of_the_sound() {
    let redactions = redactions(vec![mute("a", span(1000, 2000), MuteStyle::Tone)]);
    let mut block = loud(0, 64_000);
    let mut quiet = AudioBlock {
        samples: vec![0.0; 128_000],
        ..block.clone()
    };
    mute_block(&mut block, &redactions);
    mute_block(&mut quiet, &redactions);
    let core = Reach::new(&redactions.mutes[0], RATE).core;
    let inside = usize::try_from(core.start).unwrap() * 2..usize::try_from(core.end).unwrap() * 2;
    assert_eq!(block.samples[inside.clone()], quiet.samples[inside.clone()]);
    let peak = quiet.samples[inside]
        .iter()
        .fold(0.0_f32, |a, s| a.max(s.abs()));
    assert!((peak - 0.1).abs() < 1e-3);
}

#[test]
fn silence_wins_over_a_tone() {
    let both = redactions(vec![
        mute("tone", span(1000, 2000), MuteStyle::Tone),
        mute("silence", span(1400, 1500), MuteStyle::Silence),
    ]);
    let mut block = loud(0, 64_000);
    mute_block(&mut block, &both);
    assert!(
        block.samples[1400 * 32..1500 * 32]
            .iter()
            .all(|&s| s == 0.0)
    );
}

#[test]
fn what_is_not_a_number_is_muted_too() {
    let redactions = redactions(vec![mute("a", span(0, 1000), MuteStyle::Silence)]);
    let mut block = loud(0, 32_000);
    block.samples.fill(f32::NAN);
    mute_block(&mut block, &redactions);
    assert!(block.samples[..32_000].iter().all(|&s| s == 0.0));
}

#[test]
fn another_track_is_left_alone() {
    let mut region = mute("a", span(0, 1000), MuteStyle::Silence);
    region.streams = MuteStreams::Only(vec![1]);
    let redactions = redactions(vec![region]);
    let mut block = loud(0, 1000);
    mute_block(&mut block, &redactions);
    assert_eq!(block, loud(0, 1000));
    assert_eq!(muted_samples(&block, &redactions), 0);
}

#[test]
fn a_span_at_the_end_of_time_does_not_overflow() {
    let all = TimeSpan::new(i64::MIN, i64::MAX).unwrap();
    let redactions = redactions(vec![mute("a", all, MuteStyle::Tone)]);
    let mut block = loud(-5, 10);
    mute_block(&mut block, &redactions);
    assert!(block.samples.iter().all(|s| s.abs() <= 0.11));
}

proptest! {
    /// Goal: block boundaries do not matter. Method: the same sound cut in two anywhere.
    #[test]
    fn a_recording_may_be_cut_into_blocks_anywhere(
        cut in 1_usize..20_000, start in -30_000_i64..30_000, from in -500_i64..1500,
        length in 1_i64..900, tone in any::<bool>(),
    ) {
        let style = if tone { MuteStyle::Tone } else { MuteStyle::Silence };
        let redactions = redactions(vec![
            mute("a", span(from, from + length), style),
            mute("b", span(from + 300, from + 400), MuteStyle::Silence),
        ]);
        let mut whole = loud(start, 20_000);
        let mut first = AudioBlock { samples: whole.samples[..cut * 2].to_vec(), ..whole.clone() };
        let mut second = AudioBlock {
            start: start + i64::try_from(cut).unwrap(),
            samples: whole.samples[cut * 2..].to_vec(),
            ..whole.clone()
        };
        let muted = muted_samples(&whole, &redactions);
        prop_assert_eq!(
            muted_samples(&first, &redactions) + muted_samples(&second, &redactions),
            muted
        );
        for block in [&mut whole, &mut first, &mut second] {
            mute_block(block, &redactions);
        }
        prop_assert_eq!(&whole.samples[..cut * 2], &first.samples[..]);
        prop_assert_eq!(&whole.samples[cut * 2..], &second.samples[..]);
    }
}
