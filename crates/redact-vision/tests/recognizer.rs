//! The recognizer with its weights, on sound with known words and on sound without any.
//!
//! These tests need the weights (`scripts/setup --speech`) and the ONNX Runtime library; without
//! them they report that and pass.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of the tests themselves"
)]

#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use redact_core::{DetectError, Recognition, SpeechRecognizer as _};
use redact_vision::{ModelStore, Recognizer, RecognizerOptions, Runtime, VisionError};

const RATE_HZ: u32 = 16_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The runtime is loaded once for all tests, because a process can load it only once.
static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let library = root().join(".deps/onnxruntime/libonnxruntime.so");
    library
        .exists()
        .then(|| Runtime::load(&library).expect("the library that scripts/setup installs works"))
});

/// One recognizer for all tests: it takes a second to load.
static RECOGNIZER: LazyLock<Option<Mutex<Recognizer>>> = LazyLock::new(|| {
    let store = ModelStore::open(&root().join("models")).unwrap();
    if !store.installed().any(|card| card.name == "whisper-base") {
        shared::skip_without("whisper-base in models/ (scripts/setup --speech)");
        return None;
    }
    let Some(runtime) = &*RUNTIME else {
        shared::skip_without("ONNX Runtime in .deps/onnxruntime");
        return None;
    };
    let model = store.load("whisper-base").unwrap();
    let recognizer = Recognizer::new(runtime, model, RecognizerOptions::default()).unwrap();
    Some(Mutex::new(recognizer))
});

fn recognize(samples: &[f32], rate_hz: u32, language: &str) -> Option<Recognition> {
    let recognizer = RECOGNIZER.as_ref()?;
    let mut recognizer = recognizer.lock().unwrap_or_else(|held| held.into_inner());
    Some(recognizer.recognize(samples, rate_hz, language).unwrap())
}

/// The first sound track of a file, one channel at `rate_hz`.
fn samples(file: &Path, rate_hz: u32) -> Vec<f32> {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "f32le", "-ac", "1", "-ar", &rate_hz.to_string(), "-"])
        .output()
        .expect("tests need ffmpeg; scripts/setup installs it");
    assert!(done.status.success());
    let (values, _) = done.stdout.as_chunks::<4>();
    values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect()
}

/// Numbers in a fixed order without a pattern, -1 to 1.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(next).collect()
}

/// Words in lower case without punctuation.
fn bare(recognition: &Recognition) -> Vec<String> {
    let bare = |text: &str| {
        text.to_lowercase()
            .replace(|c: char| !c.is_alphanumeric(), "")
    };
    recognition
        .words
        .iter()
        .map(|word| bare(&word.text))
        .collect()
}

#[track_caller]
fn check_order(recognition: &Recognition, seconds: f64) {
    let mut before = 0;
    for word in &recognition.words {
        assert!(word.span.start_nanos() >= before && word.span.end_nanos() as f64 <= seconds * 1e9);
        assert!((0.0..=1.0).contains(&word.probability) && !word.text.trim().is_empty());
        before = word.span.start_nanos();
    }
}

/// What is said in `jfk.flac`, and when, in seconds, as an independent program computed it from the
/// same weights in 32 bits.
const SPOKEN: [(&str, f64, f64); 22] = [
    ("and", 0.00, 0.52),
    ("so", 0.52, 0.84),
    ("my", 0.84, 1.18),
    ("fellow", 1.18, 1.56),
    ("americans", 1.56, 2.10),
    ("ask", 3.18, 3.74),
    ("not", 3.74, 4.24),
    ("what", 4.24, 5.52),
    ("your", 5.52, 5.76),
    ("country", 5.76, 6.26),
    ("can", 6.26, 6.62),
    ("do", 6.62, 6.82),
    ("for", 6.82, 7.06),
    ("you", 7.06, 7.34),
    ("ask", 7.74, 8.48),
    ("what", 8.48, 8.76),
    ("you", 8.76, 9.02),
    ("can", 9.02, 9.32),
    ("do", 9.32, 9.56),
    ("for", 9.56, 9.78),
    ("your", 9.78, 9.94),
    ("country", 9.94, 10.36),
];

/// Goal: words and times of real speech, and the same from a recording at another rate.
#[test]
fn words_of_real_speech_are_found_with_their_times() {
    let Some(file) = shared::shared("audio/jfk.flac") else {
        return;
    };
    for (rate_hz, tolerance) in [(RATE_HZ, 0.1), (44_100, 0.2)] {
        let sound = samples(&file, rate_hz);
        let Some(found) = recognize(&sound, rate_hz, "en") else {
            return;
        };
        let expected: Vec<&str> = SPOKEN.iter().map(|(text, _, _)| *text).collect();
        assert_eq!(bare(&found), expected, "{rate_hz} Hz");
        check_order(&found, sound.len() as f64 / f64::from(rate_hz));
        for (word, (text, start, end)) in found.words.iter().zip(SPOKEN) {
            let found = [word.span.start_nanos(), word.span.end_nanos()].map(|at| at as f64 / 1e9);
            // The recognizer says 0.04 s later, and lets words in front of a pause end later still.
            let (early, late) = (found[0] - start - 0.04, found[1] - end - 0.04);
            let is_near = early.abs() <= tolerance && (-tolerance..=0.3).contains(&late);
            assert!(is_near, "{text} at {rate_hz} Hz: {found:?}");
        }
        assert_eq!(found.language, "en");
        assert!(found.language_probability > 0.8 && found.complete);
        assert!(found.silence_probability < 0.2);
        assert!(found.mean_log_probability > -0.4 && found.compression_ratio < 2.0);
    }
}

/// Goal: a telephone's sound is understood too, though not every word.
#[test]
fn most_words_are_found_in_sound_at_8_khz() {
    let Some(file) = shared::shared("audio/jfk.flac") else {
        return;
    };
    let sound = samples(&file, 8_000);
    let Some(found) = recognize(&sound, 8_000, "en") else {
        return;
    };
    check_order(&found, sound.len() as f64 / 8_000.0);
    let found = bare(&found);
    let right = SPOKEN
        .iter()
        .zip(&found)
        .filter(|((text, ..), found)| text == found);
    assert!(
        right.count() >= 18 && found.len() == SPOKEN.len(),
        "{found:?}"
    );
}

/// Goal: the same sound gives the same answer, to the last bit.
#[test]
fn the_answer_is_the_same_every_time() {
    let Some(file) = shared::shared("audio/jfk.flac") else {
        return;
    };
    let sound = samples(&file, RATE_HZ);
    let once = recognize(&sound, RATE_HZ, "en");
    assert_eq!(once, recognize(&sound, RATE_HZ, "en"));
}

/// Goal: sound without speech is reported as such, or as doubtful; nothing panics.
#[test]
fn sound_without_speech_is_silence_or_doubtful() {
    let second = RATE_HZ as usize;
    let quiet: Vec<f32> = noise(5 * second).iter().map(|value| value * 0.01).collect();
    let beep = (0..5 * second).map(|at| (at as f32 * 0.2).sin() * 0.5);
    for (what, sound) in [
        ("silence", vec![0.0; 5 * second]),
        ("noise", quiet),
        ("loud noise", noise(5 * second)),
        ("a tone", beep.collect()),
        ("clipped", vec![9.0; 5 * second]),
        ("not numbers", vec![f32::NAN; second]),
        ("endless", vec![f32::INFINITY; second]),
        ("one sample", vec![0.5]),
    ] {
        let Some(found) = recognize(&sound, RATE_HZ, "en") else {
            return;
        };
        check_order(&found, sound.len() as f64 / f64::from(RATE_HZ));
        let is_doubtful = found.silence_probability > 0.5
            || found.mean_log_probability < -0.8
            || found.words.is_empty();
        assert!(is_doubtful, "{what}: {found:?}");
    }
}

#[test]
fn no_sound_has_no_words() {
    let Some(found) = recognize(&[], RATE_HZ, "en") else {
        return;
    };
    assert!(found.words.is_empty() && found.complete);
    assert_eq!(found.silence_probability, 1.0);
}

/// Goal: what cannot be recognized is an error that names what is needed.
#[test]
fn bad_input_is_refused() {
    let Some(recognizer) = RECOGNIZER.as_ref() else {
        return;
    };
    let mut recognizer = recognizer.lock().unwrap_or_else(|held| held.into_inner());
    let longest = usize::try_from(recognizer.longest_nanos() / 1_000_000_000).unwrap() * 16_000;
    let second = vec![0.0; 16_000];
    for (samples, rate_hz, language, needed) in [
        (&vec![0.0; longest + 1], RATE_HZ, "en", "30 s"),
        (&second, 10, "en", "1000 to 768000 Hz"),
        (&second, 0, "en", "1000 to 768000 Hz"),
        (&second, RATE_HZ, "xx", "en, "),
        (&second, RATE_HZ, "", "en, "),
    ] {
        let error = recognizer
            .recognize(samples, rate_hz, language)
            .unwrap_err();
        assert!(matches!(error, DetectError::Shape { .. }), "{error}");
        assert!(error.to_string().contains(needed), "{error}");
    }
}

#[test]
fn other_models_and_options_are_refused() {
    let (Some(runtime), Some(_)) = (&*RUNTIME, RECOGNIZER.as_ref()) else {
        return;
    };
    let store = ModelStore::open(&root().join("models")).unwrap();
    let none = RecognizerOptions {
        threads: 0,
        beams: 1,
    };
    let many = RecognizerOptions {
        threads: 1,
        beams: 99,
    };
    for (name, options) in [
        ("faces", RecognizerOptions::default()),
        ("whisper-base", none),
        ("whisper-base", many),
    ] {
        let model = store.load(name).unwrap();
        let error = Recognizer::new(runtime, model, options).unwrap_err();
        assert!(matches!(error, VisionError::Unsuitable { .. }), "{error}");
    }
}
