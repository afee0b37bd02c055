//! Tests of speech detection.

use super::*;

const OPTIONS: SpeechOptions = SpeechOptions {
    enter: 0.5,
    leave: 0.35,
    speech_min_nanos: 2 * STEP_NANOS,
    pause_max_nanos: 2 * STEP_NANOS,
    pad_nanos: 0,
};

/// Spans in steps.
fn spans_of(probabilities: &[f32]) -> Vec<[i64; 2]> {
    let mut span_builder = SpanBuilder::new(0);
    for probability in probabilities {
        span_builder.advance(*probability, &OPTIONS);
    }
    span_builder.close(&OPTIONS);
    let steps = |nanos: i64| nanos / STEP_NANOS;
    let spans = span_builder.spans.iter();
    spans
        .map(|span| [steps(span.start_nanos()), steps(span.end_nanos())])
        .collect()
}

#[test]
fn a_span_opens_high_and_closes_low() {
    assert_eq!(
        spans_of(&[0.4, 0.6, 0.4, 0.4, 0.1, 0.1, 0.1, 0.4]),
        [[1, 4]]
    );
}

#[test]
fn a_short_pause_does_not_end_a_span_and_a_long_one_does() {
    assert_eq!(spans_of(&[0.9, 0.9, 0.0, 0.0, 0.9]), [[0, 5]]);
    let long = [0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.9];
    assert_eq!(spans_of(&long), [[0, 2], [5, 7]]);
}

#[test]
fn a_click_is_not_speech() {
    assert!(spans_of(&[0.0, 0.9, 0.0, 0.0, 0.0, 0.0]).is_empty());
}

fn block(start: i64, frames: usize) -> AudioBlock {
    AudioBlock {
        stream: 0,
        start,
        rate_hz: 16_000,
        channels: 2,
        samples: vec![0.5; frames * 2],
    }
}

/// Goal: a run follows the starts of the blocks: jitter is tolerated and does not accumulate.
#[test]
fn a_run_continues_within_jitter_only() {
    let mut run = Run::new(&block(-500, 1600));
    run.take(&block(-500, 1600), |_| Ok(0.0), &OPTIONS).unwrap();
    assert!(run.is_continued_by(&block(1100, 10)));
    assert!(run.is_continued_by(&block(1100 + 320, 10)));
    assert!(!run.is_continued_by(&block(1100 + 321, 10)));
    assert!(!run.is_continued_by(&block(0, 10)));
    let other_rate = AudioBlock {
        rate_hz: 8000,
        ..block(1100, 10)
    };
    assert!(!run.is_continued_by(&other_rate));
}

/// Goal: speech in the last, incomplete step of a run that starts before zero is detected at its
/// time.
#[test]
fn the_end_of_a_run_is_processed() {
    let mut run = Run::new(&block(-16_000, 1));
    run.take(&block(-16_000, 3 * STEP - 7), |_| Ok(0.0), &OPTIONS)
        .unwrap();
    run.take(&block(-16_000, STEP), |_| Ok(0.9), &OPTIONS)
        .unwrap();
    run.end(|_| Ok(0.9), &OPTIONS).unwrap();
    let start = -1_000_000_000 + 2 * STEP_NANOS;
    let expected = TimeSpan::new(start, start + 2 * STEP_NANOS).unwrap();
    // Both channels, both gains; a signal that cancels is silent.
    assert_eq!(TimeSpan::merged(run.spans, 0), [expected]);
}

/// Goal: speech that cancels in a mix of the channels is detected, and equal channels cost no more
/// than one. Method: a counting model that detects loud sound as speech.
/// Control: a mix of the channels, which is silent.
#[test]
fn canceling_speech_is_detected_and_equal_channels_cost_once() {
    let asked = |sides: [f32; 2]| {
        let mut loud = block(0, 4 * STEP);
        for (at, frame) in loud.samples.chunks_exact_mut(2).enumerate() {
            let sample = if at % 2 == 0 { 0.02 } else { -0.02 };
            frame.copy_from_slice(&sides.map(|side| side * sample));
        }
        let mut asked = 0;
        let mut run = Run::new(&loud);
        let model = |step: &mut Step| {
            asked += 1;
            let is_loud = step.samples[CONTEXT..].iter().any(|s| s.abs() > 0.1);
            Ok(if is_loud { 0.9 } else { 0.0 })
        };
        run.take(&loud, model, &OPTIONS).unwrap();
        run.end(|_| Ok(0.0), &OPTIONS).unwrap();
        (asked / 4, TimeSpan::merged(run.spans, 0).len())
    };
    // The sound at two gains, and silence once.
    assert_eq!(asked([1.0, 1.0]), (3, 1));
    assert_eq!(asked([1.0, -1.0]), (3, 1));
    assert_eq!(asked([0.0, 0.0]), (1, 0));
    // The difference of unequal channels is another signal, and so is their sum.
    assert_eq!(asked([1.0, 0.5]), (8, 1));
    let mixed = |sides: [f32; 2]| sides.iter().sum::<f32>() / 2.0;
    assert!(mixed([1.0, -1.0]) == 0.0 && mixed([1.0, 1.0]) != 0.0);
}

#[test]
fn a_nan_sample_is_silence() {
    let mut loud = block(0, STEP);
    loud.samples[10] = f32::NAN;
    loud.samples[20] = f32::INFINITY;
    let mut run = Run::new(&loud);
    let model = |step: &mut Step| {
        assert!(step.samples.iter().all(|sample| sample.abs() <= 1.0));
        Ok(0.0)
    };
    run.take(&loud, model, &OPTIONS).unwrap();
}
