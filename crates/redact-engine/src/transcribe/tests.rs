use redact_core::{AudioBlock, UnclearCause};
use redact_testkit::{MemorySource, Quiet, Scene, Sound, StopAfter};

use super::*;

const SECOND: i64 = 1_000_000_000;

/// A span in seconds.
#[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
pub(super) fn span(start: f64, end: f64) -> TimeSpan {
    let nanos = |seconds: f64| (seconds * 1e9).round() as i64;
    TimeSpan::new(nanos(start), nanos(end)).unwrap()
}

/// Hears a word in every half second that is loud, and counts what it was given.
#[derive(Default)]
struct Clerk {
    taken: Vec<usize>,
    deaf: bool,
    language: &'static str,
}

impl SpeechRecognizer for Clerk {
    fn longest_nanos(&self) -> i64 {
        30 * SECOND
    }

    fn recognize(
        &mut self,
        samples: &[f32],
        rate_hz: u32,
        _language: &str,
    ) -> Result<Recognition, DetectError> {
        self.taken.push(samples.len());
        let half = rate_hz as usize / 2;
        let loud = |part: &[f32]| buffer::rms(part) > 0.05;
        let words = samples
            .chunks(half)
            .enumerate()
            .filter(|(_, part)| loud(part));
        let words = words.map(|(at, part)| Word {
            text: "word".into(),
            span: span(
                at as f64 / 2.0,
                at as f64 / 2.0 + part.len() as f64 / f64::from(rate_hz),
            ),
            probability: 0.9,
        });
        Ok(Recognition {
            words: words.filter(|_| !self.deaf).collect(),
            language: self.language.into(),
            language_probability: 0.9,
            mean_log_probability: -0.1,
            compression_ratio: 1.0,
            complete: true,
            ..Recognition::default()
        })
    }
}

fn clerk() -> Clerk {
    Clerk {
        language: "en",
        ..Clerk::default()
    }
}

/// A recording of `seconds` with these sound tracks: rate, first sample, speech.
fn scene(seconds: u32, tracks: &[(u32, i64, &[TimeSpan])]) -> Scene {
    let mut scene = Scene::new(16, 16, seconds * 30);
    for &(rate_hz, start, speech) in tracks {
        scene.sounds.push(Sound {
            rate_hz,
            channels: 2,
            start,
            speech: speech.to_vec(),
        });
    }
    scene
}

fn run(scene: &Scene, clerk: &mut Clerk) -> Transcript {
    let speech = scene.sounds.iter().enumerate();
    let speech: SpeechByTrack = speech.map(|(at, s)| (at, s.speech.clone())).collect();
    let source = Box::new(MemorySource::of(scene));
    transcribe(source, &speech, clerk, "en", &Quiet).unwrap()
}

/// Goal: every word has the recording's time, and speech is recognized once though two channels
/// and two tracks carry it.
#[test]
fn speech_becomes_words_at_the_recordings_times() {
    let speech = [span(2.0, 4.0), span(9.0, 10.0)];
    let scene = scene(12, &[(8000, 0, &speech), (16_000, -800, &speech)]);
    let mut clerk = clerk();
    let said = run(&scene, &mut clerk);
    assert_eq!(said.voices.len(), 1, "{said:?}");
    let voice = &said.voices[0];
    assert_eq!(voice.sound_tracks, [0, 1]);
    let spans: Vec<TimeSpan> = voice.words.iter().map(|word| word.span).collect();
    let expected = [2.0, 2.5, 3.0, 3.5, 9.0, 9.5].map(|start| span(start, start + 0.5));
    assert_eq!(spans, expected);
    assert_eq!(voice.unclear, []);
    assert_eq!(clerk.taken.len(), 2);
}

/// Goal: where a scan did not say who speaks when, the sound alone does.
#[test]
fn speech_is_found_by_track() {
    let speech = [span(0.5, 1.0)];
    let scene = scene(2, &[(8000, 0, &speech), (8000, 0, &[])]);
    let source = Box::new(MemorySource::of(&scene));
    let mut detector = redact_testkit::TruthSpeech::new(&scene);
    let found = find_speech(source, &mut detector, &Quiet).unwrap();
    assert_eq!(
        found,
        SpeechByTrack::from([(0, speech.to_vec()), (1, Vec::new())])
    );
    let source = Box::new(MemorySource::of(&scene));
    let stopped = find_speech(source, &mut detector, &StopAfter::new(0));
    assert!(matches!(stopped, Err(TranscribeError::Cancelled)));
}

/// Goal: a recording without speech costs nothing, not even reading it.
#[test]
fn without_speech_nothing_is_read() {
    struct Unreadable(redact_core::SourceInfo);
    impl Source for Unreadable {
        fn info(&self) -> &redact_core::SourceInfo {
            &self.0
        }
        fn next_item(&mut self) -> Result<Option<MediaItem>, SourceError> {
            panic!("read without need")
        }
        fn diagnostics(&self) -> redact_core::SourceDiagnostics {
            redact_core::SourceDiagnostics::default()
        }
    }
    let source = Unreadable(scene(1, &[(8000, 0, &[])]).info());
    let speech = SpeechByTrack::from([(0, Vec::new())]);
    let said = transcribe(Box::new(source), &speech, &mut clerk(), "en", &Quiet).unwrap();
    assert_eq!(said.voices, []);
}

/// Goal: speech for which no words come is unclear on its own track, whatever another track says.
#[test]
fn speech_without_words_is_unclear() {
    let (near, far) = ([span(1.0, 3.0)], [span(5.0, 6.0)]);
    let both = scene(8, &[(8000, 0, &near), (8000, 0, &far)]);
    let unclear = |said: &Transcript| -> Vec<(Vec<usize>, TimeSpan, UnclearCause)> {
        let voices = said.voices.iter();
        let parts = voices.flat_map(|v| v.unclear.iter().map(|u| (v.sound_tracks.clone(), *u)));
        parts.map(|(tracks, u)| (tracks, u.span, u.cause)).collect()
    };
    assert_eq!(unclear(&run(&both, &mut clerk())), []);
    let mut deaf = Clerk {
        deaf: true,
        ..clerk()
    };
    let said = run(&both, &mut deaf);
    let all: Vec<TimeSpan> = unclear(&said)
        .into_iter()
        .map(|(_, span, _)| span)
        .collect();
    let covered = TimeSpan::merged(all, 0);
    assert!(
        covered
            .iter()
            .any(|c| c.start_nanos() <= SECOND && c.end_nanos() >= 3 * SECOND)
    );
    assert!(covered.iter().any(|c| c.end_nanos() >= 6 * SECOND));
    let mut foreign = Clerk {
        language: "es",
        ..clerk()
    };
    let causes = unclear(&run(&both, &mut foreign));
    assert!(
        causes
            .iter()
            .any(|(_, _, cause)| *cause == UnclearCause::OtherLanguage)
    );
}

/// Goal: speech on a track whose sound never comes is unclear, not forgotten.
#[test]
fn speech_outside_of_the_sound_is_unclear() {
    let scene = scene(4, &[(8000, 0, &[span(1.0, 2.0)])]);
    let speech = SpeechByTrack::from([(0, vec![span(1.0, 2.0), span(40.0, 41.0)])]);
    let source = Box::new(MemorySource::of(&scene));
    let said = transcribe(source, &speech, &mut clerk(), "en", &Quiet).unwrap();
    let unclear: Vec<TimeSpan> = said.voices[0].unclear.iter().map(|u| u.span).collect();
    assert_eq!(unclear, [span(40.0, 41.0)]);
}

/// Goal: a stretch without pauses never exceeds what the recognizer takes, and none of it is lost.
#[test]
fn long_speech_is_recognized_in_parts() {
    let speech = [span(0.0, 70.0)];
    let scene = scene(71, &[(8000, 0, &speech)]);
    let mut clerk = clerk();
    let said = run(&scene, &mut clerk);
    assert!(
        clerk.taken.iter().all(|samples| *samples <= 240_001),
        "{:?}",
        clerk.taken
    );
    assert_eq!(said.voices[0].unclear, []);
    let total: usize = clerk.taken.iter().sum();
    assert!((560_000..561_000).contains(&total), "{total}");
}

/// The same sound in two blocks.
fn halves(block: &AudioBlock) -> [AudioBlock; 2] {
    let middle = block.frames() / 2;
    let part = |samples: &[f32], start: i64| AudioBlock {
        stream: block.stream,
        start,
        rate_hz: block.rate_hz,
        channels: block.channels,
        samples: samples.to_vec(),
    };
    let (first, second) = block.samples.split_at(middle * usize::from(block.channels));
    [
        part(first, block.start),
        part(second, block.start + i64::try_from(middle).unwrap()),
    ]
}

/// Goal: the same words, however the sound comes in blocks; a person can stop it.
#[test]
fn progress_is_reported_and_stops_the_job() {
    let speech = [span(0.0, 5.0), span(12.0, 14.0)];
    let scene = scene(15, &[(8000, 0, &speech)]);
    let by_track = SpeechByTrack::from([(0, speech.to_vec())]);
    let source = Box::new(MemorySource::of(&scene));
    let stopped = transcribe(source, &by_track, &mut clerk(), "en", &StopAfter::new(1));
    assert!(matches!(stopped, Err(TranscribeError::Cancelled)));
    let items = scene.items().flat_map(|item| match item {
        MediaItem::Audio(block) => halves(&block).into_iter().map(MediaItem::Audio).collect(),
        other => vec![other],
    });
    let again = Box::new(MemorySource::new(scene.info(), items));
    let said = transcribe(again, &by_track, &mut clerk(), "en", &Quiet).unwrap();
    assert_eq!(said, run(&scene, &mut clerk()));
}
