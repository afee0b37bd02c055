//! The models with their weights, on pictures with known results.
//!
//! These tests need the weights and the ONNX Runtime library; without them they report that and
//! pass. Weights that are only on a code host may always be missing, others only if `scripts/setup`
//! could not reach a registry.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of the tests themselves"
)]

#[path = "../../../tests/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use redact_core::{
    AudioBlock, Class, ColorRange, Detection, Detector as _, Frame, FrameIndex, Picture, PixelSize,
    PlaneKind, SpeechDetector as _, Timestamp,
};
use redact_vision::{
    CardSource, DetectorOptions, FrameDetector, Model, ModelStore, Runtime, SourceOrigin,
    SpeechListener, SpeechOptions, VisionError,
};
use serde::Deserialize;
use sha2::Digest as _;

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

/// The runtime and the model; without them, prints what is skipped.
fn installed(name: &str, test: &str) -> Option<(Runtime, Model)> {
    let Some(runtime) = RUNTIME.clone() else {
        shared::skip_without("ONNX Runtime in .deps/onnxruntime");
        return None;
    };
    // The models that ours were derived from are in `models/training`.
    let folders = ["models", "models/training"].map(|folder| root().join(folder));
    let with_card = folders
        .iter()
        .find(|it| it.join(format!("{name}.toml")).exists());
    let store = ModelStore::open(with_card.unwrap()).unwrap();
    if store.installed().any(|card| card.name == name) {
        return Some((runtime, store.load(name).unwrap()));
    }
    let sources = &store.card(name).unwrap().sources;
    let host_only =
        |source: &CardSource| matches!(source.origin, SourceOrigin::Mirror | SourceOrigin::Url(_));
    if sources.iter().all(host_only) {
        println!("SKIP {test}: no weights of {name}");
    } else {
        shared::skip_without(&format!("{test}: the weights of {name} in models/"));
    }
    None
}

#[derive(Deserialize)]
struct Golden {
    picture: String,
    sha256: String,
    full_range: bool,
    model: String,
    threshold: f32,
    detections: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(rename = "box")]
    sides: [f32; 4],
    score: f32,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

/// The picture whose planes are stored in a gray PNG.
fn frame(golden: &Golden) -> Frame {
    let path = format!("tests/golden/{}.png", golden.picture);
    let packed = image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap()
        .into_luma8();
    let digest = sha2::Sha256::digest(packed.as_raw());
    assert_eq!(
        redact_core::Digest(digest.into()).to_string(),
        golden.sha256
    );

    let (width, height) = (packed.width() as usize, packed.height() as usize * 2 / 3);
    let range = if golden.full_range {
        ColorRange::Full
    } else {
        ColorRange::Limited
    };
    let size = PixelSize::new(packed.width(), packed.height() * 2 / 3).unwrap();
    let mut picture = Picture::filled(size, range, [0, 128, 128]);
    let places = [[0, 0], [0, height], [width / 2, height]];
    for (kind, [x, y]) in PlaneKind::ALL.into_iter().zip(places) {
        let mut plane = picture.plane_mut(kind);
        for row in 0..plane.height {
            let samples = &packed.as_raw()[(y + row) * width + x..];
            let columns = plane.width;
            plane.row_mut(row).copy_from_slice(&samples[..columns]);
        }
    }
    Frame {
        index: FrameIndex::ZERO,
        timestamp: Timestamp::new(0),
        duration_ticks: 1,
        picture,
    }
}

/// Compares boxes in pixels; both are clipped to the picture.
#[track_caller]
fn check(golden: &Golden, size: PixelSize, found: &[Detection]) {
    assert_eq!(found.len(), golden.detections.len(), "{}", golden.model);
    let (width, height) = (size.width() as f32, size.height() as f32);
    for (found, expected) in found.iter().zip(&golden.detections) {
        assert!((found.score - expected.score).abs() < 0.02, "{found:?}");
        let limits = [width, height, width, height];
        for ((side, expected), limit) in found.rect.sides().iter().zip(expected.sides).zip(limits) {
            let distance = (side * limit - expected.clamp(0.0, limit)).abs();
            assert!(distance < 1.0, "{}: {found:?}", golden.model);
        }
    }
}

/// Goal: decoding agrees with an independent decoder on the same samples.
#[test]
fn every_model_finds_what_the_reference_finds() {
    for golden in golden() {
        let Some((runtime, model)) = installed(&golden.model, "golden boxes") else {
            continue;
        };
        assert!(
            !golden.detections.is_empty(),
            "an empty answer proves nothing"
        );
        let options = DetectorOptions {
            threshold: golden.threshold,
            ..DetectorOptions::for_card(model.card())
        };
        let mut detector = FrameDetector::new(&runtime, &model, options).unwrap();
        let frame = frame(&golden);
        let found = detector.detect(&[&frame, &frame]).unwrap();
        check(&golden, frame.picture.size(), &found[0]);
        assert_eq!(found[0], found[1], "the same frame, the same answer");
        assert_eq!(detector.model_use().digest, model.digest());
    }
}

/// Goal: a detector adapts when the picture changes its size, and a uniform picture is empty.
#[test]
fn a_detector_follows_the_picture_size() {
    let name = "retinaface-mnet025";
    let Some((runtime, model)) = installed(name, "picture sizes") else {
        return;
    };
    let options = DetectorOptions::for_card(model.card());
    let mut detector = FrameDetector::new(&runtime, &model, options).unwrap();
    let golden = golden().into_iter().find(|g| g.model == name).unwrap();
    let face = frame(&golden);
    for (width, height) in [(1920, 1080), (2, 2), (1080, 1920), (4096, 2)] {
        let size = PixelSize::new(width, height).unwrap();
        let gray = Frame {
            picture: Picture::filled(size, ColorRange::Limited, [126, 128, 128]),
            ..frame(&golden)
        };
        let found = detector.detect(&[&gray, &face]).unwrap();
        assert!(found[0].is_empty(), "{width}x{height}");
        assert_eq!(found[1][0].class, Class::Face);
    }
}

/// Goal: every installed model accepts pictures of any size, however flat, tall or small.
/// Method: sizes around the strides of the heads, and both extremes of shape.
#[test]
fn pictures_of_any_size_are_accepted() {
    let sides = [16, 18, 30, 32, 34, 48, 62, 64, 66, 96, 100, 130];
    let mut sizes: Vec<(u32, u32)> = sides
        .into_iter()
        .flat_map(|width| sides.map(|height| (width, height)))
        .collect();
    sizes.extend([
        (1920, 64),
        (64, 1920),
        (2, 2),
        (16, 1200),
        (3840, 600),
        (720, 5120),
    ]);
    let store = ModelStore::open(&root().join("models")).unwrap();
    let pictures = store.installed().filter(|card| !card.head.is_of_sound());
    for name in pictures.map(|card| card.name.as_str()) {
        let Some((runtime, model)) = installed(name, "sizes") else {
            continue;
        };
        let options = DetectorOptions {
            enlarge_max: 2,
            ..DetectorOptions::for_card(model.card())
        };
        let mut detector = FrameDetector::new(&runtime, &model, options).unwrap();
        for &(width, height) in &sizes {
            let size = PixelSize::new(width, height).unwrap();
            let scene = Frame {
                picture: Picture::filled(size, ColorRange::Limited, [90, 120, 140]),
                ..frame(&golden()[0])
            };
            let found = detector.detect(&[&scene]);
            assert!(found.is_ok(), "{name} at {width}x{height}: {found:?}");
        }
    }
}

/// Goal: a face is detected in a row and in a column of cameras as in a single camera's picture.
/// Method: the picture with the face as one of eight cameras, side by side and one above another.
/// Control: a single run on the row, as for usual shapes, detects none.
#[test]
fn a_face_is_detected_in_a_row_of_cameras() {
    let mut faces = golden()
        .into_iter()
        .filter(|golden| golden.picture == "face");
    let open = |golden: Golden| Some((installed(&golden.model, "strips")?, golden));
    let Some(((runtime, model), golden)) = faces.find_map(open) else {
        return;
    };
    let one = frame(&golden);
    let mut detector = FrameDetector::new(
        &runtime,
        &model,
        DetectorOptions {
            input_long_side: 320,
            classes: vec![Class::Face],
            ..DetectorOptions::for_card(model.card())
        },
    )
    .unwrap();
    let alone = detector.detect(&[&one]).unwrap()[0].len();
    assert!(alone > 0);
    let (width, height) = (one.picture.size().width(), one.picture.size().height());
    for tall in [false, true] {
        let (columns, rows) = if tall { (1, 8) } else { (8, 1) };
        let size = PixelSize::new(width * columns, height * rows).unwrap();
        let mut strip = Picture::filled(size, one.picture.range(), [90, 128, 128]);
        for kind in PlaneKind::ALL {
            let from = one.picture.plane(kind);
            let (left, top) = match tall {
                true => (0, from.height * 5),
                false => (from.width * 5, 0),
            };
            let mut plane = strip.plane_mut(kind);
            for y in 0..from.height {
                plane.row_mut(top + y)[left..left + from.width].copy_from_slice(from.row(y));
            }
        }
        let strip = Frame {
            picture: strip,
            ..frame(&golden)
        };
        let found = detector.detect(&[&strip]).unwrap();
        assert_eq!(found[0].len(), alone, "tall: {tall}");
        let center = found[0][0].rect.center();
        let along = if tall { center[1] } else { center[0] };
        assert!((5.0 / 8.0..6.0 / 8.0).contains(&along), "{center:?}");
    }
}

/// Goal: the options are checked against the card before a session is created.
#[test]
fn a_speech_model_is_not_an_object_detector_and_vice_versa() {
    if let Some((runtime, model)) = installed("silero-vad", "models of sound") {
        let options = DetectorOptions {
            input_long_side: 640,
            enlarge_max: 1,
            threshold: 0.5,
            classes: vec![Class::Face],
        };
        let error = FrameDetector::new(&runtime, &model, options).unwrap_err();
        assert!(matches!(error, VisionError::Unsuitable { .. }), "{error}");
    }
    if let Some((runtime, model)) = installed("plate-screen", "models of pictures") {
        let error = SpeechListener::new(&runtime, &model, SpeechOptions::default()).unwrap_err();
        assert!(matches!(error, VisionError::Unsuitable { .. }), "{error}");
    }
}

#[derive(Deserialize)]
struct Heard {
    spans_millis: Vec<[i64; 2]>,
}

/// The speech of all sound tracks.
fn all_tracks(listener: &mut SpeechListener) -> Vec<redact_core::TimeSpan> {
    let by_track = listener.finish().unwrap();
    redact_core::TimeSpan::merged(by_track.into_values().flatten().collect(), 0)
}

/// The samples of `speech.wav`, one channel at 16 kHz.
fn speech_samples() -> Vec<f32> {
    // The script writes a header of 44 bytes, then 16-bit samples.
    let wav = include_bytes!("golden/speech.wav");
    let sample = |bytes: &[u8]| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0;
    wav[44..].chunks_exact(2).map(sample).collect()
}

/// Goal: speech is detected where the reference detects it, with any blocks and start. Method: the
/// reference's sound in blocks of an odd length, shifted by a second; within one step of the model.
#[test]
fn speech_is_where_the_reference_detects_it() {
    let Some((runtime, model)) = installed("silero-vad", "golden speech") else {
        return;
    };
    let samples = speech_samples();
    let expected: Heard = serde_json::from_str(include_str!("golden/speech.json")).unwrap();
    assert!(
        !expected.spans_millis.is_empty(),
        "an empty answer proves nothing"
    );

    let mut listener = SpeechListener::new(&runtime, &model, SpeechOptions::default()).unwrap();
    for moved in [0, 16_000, -16_000] {
        for (at, samples) in samples.chunks(1013).enumerate() {
            let block = AudioBlock {
                stream: 0,
                start: moved + at as i64 * 1013,
                rate_hz: 16_000,
                channels: 1,
                samples: samples.to_vec(),
            };
            listener.listen(&block).unwrap();
        }
        let found = all_tracks(&mut listener);
        assert_eq!(found.len(), expected.spans_millis.len(), "{found:?}");
        for (span, [start, end]) in found.iter().zip(&expected.spans_millis) {
            for (nanos, millis) in [(span.start_nanos(), start), (span.end_nanos(), end)] {
                let distance = nanos / 1_000_000 - moved / 16 - millis;
                assert!(distance.abs() <= 32, "{found:?}");
            }
        }
    }
}

/// The content of each channel, made from speech and noise.
type Spread<'a> = &'a dyn Fn(f32, f32) -> Vec<f32>;

/// Goal: speech is detected in any channel, also if a mix of all channels cancels it or only a mix
/// separates it from other sound.
/// Method: the same speech in one channel, and distributed over channels so that a plain mix or
/// single channels fail; the spans must be those of the one channel.
/// Control: sound that cancels and is not speech gives nothing.
#[test]
fn speech_is_detected_in_every_channel() {
    let Some((runtime, model)) = installed("silero-vad", "channels") else {
        return;
    };
    let mut listener = SpeechListener::new(&runtime, &model, SpeechOptions::default()).unwrap();
    let samples = speech_samples();
    let mut spans = |spread: Spread<'_>| {
        for (at, part) in samples.chunks(1013).enumerate() {
            let from = at * 1013;
            let noise = |at: usize| {
                let hash = u32::try_from(at).unwrap().wrapping_mul(2_654_435_761);
                (((hash ^ (hash >> 15)).wrapping_mul(2_246_822_519) >> 16) as f32 / 32_768.0 - 1.0)
                    * 0.5
            };
            let spread = part.iter().zip(from..).map(|(&s, at)| spread(s, noise(at)));
            let spread: Vec<Vec<f32>> = spread.collect();
            let block = AudioBlock {
                stream: 0,
                start: from as i64,
                rate_hz: 16_000,
                channels: u16::try_from(spread[0].len()).unwrap(),
                samples: spread.concat(),
            };
            listener.listen(&block).unwrap();
        }
        all_tracks(&mut listener)
    };
    let expected = spans(&|s, _| vec![s]);
    assert!(!expected.is_empty(), "an empty answer proves nothing");
    let same: [(&str, Spread<'_>); 6] = [
        ("both channels", &|s, _| vec![s, s]),
        ("one inverted", &|s, _| vec![s, -s]),
        ("one dead", &|s, _| vec![0.0, s]),
        ("all of six cancel", &|s, _| vec![s, -s, s, -s, s, -s]),
        ("only the low frequency effects", &|s, _| {
            vec![0.0, 0.0, 0.0, s, 0.0, 0.0]
        }),
        ("only one of three", &|s, _| vec![0.0, 0.0, s]),
    ];
    for (how, spread) in same {
        assert_eq!(spans(spread), expected, "{how}");
    }
    // Loud noise in both channels, equal or inverted: only the difference or the sum has speech.
    for sign in [1.0, -1.0] {
        let found = spans(&|s, noise| vec![noise + s * 0.5, sign * (noise - s * 0.5)]);
        let heard = |span: &redact_core::TimeSpan| span.end_nanos() - span.start_nanos();
        let [found, all] = [&found, &expected].map(|spans| spans.iter().map(heard).sum::<i64>());
        assert!(found * 10 >= all * 9, "{sign}: {found} of {all}");
    }
    assert_eq!(spans(&|_, noise| vec![noise, -noise]), []);
}

/// Goal: quiet speech is detected completely: at -40 dB, spans begin and end as at full level.
/// Method: within two steps of the model.
#[test]
fn quiet_speech_is_detected_from_its_first_word() {
    let Some((runtime, model)) = installed("silero-vad", "quiet speech") else {
        return;
    };
    let mut listener = SpeechListener::new(&runtime, &model, SpeechOptions::default()).unwrap();
    let mut spans = |gain: f32| {
        let block = AudioBlock {
            stream: 0,
            start: 0,
            rate_hz: 16_000,
            channels: 1,
            samples: speech_samples()
                .iter()
                .map(|sample| sample * gain)
                .collect(),
        };
        listener.listen(&block).unwrap();
        redact_core::TimeSpan::merged(all_tracks(&mut listener), 100_000_000)
    };
    let (loud, quiet) = (spans(1.0), spans(0.01));
    assert_eq!(loud.len(), quiet.len(), "{loud:?} {quiet:?}");
    for (loud, quiet) in loud.iter().zip(&quiet) {
        assert!(
            quiet.start_nanos() <= loud.start_nanos() + 64_000_000,
            "{loud:?} {quiet:?}"
        );
        assert!(
            quiet.end_nanos() + 64_000_000 >= loud.end_nanos(),
            "{loud:?} {quiet:?}"
        );
    }
}

/// Goal: silence and a hum are not speech, on tracks of any rate.
#[test]
fn silence_and_a_hum_are_not_speech() {
    let Some((runtime, model)) = installed("silero-vad", "silence") else {
        return;
    };
    let mut listener = SpeechListener::new(&runtime, &model, SpeechOptions::default()).unwrap();
    for (stream, rate_hz) in [8_000, 16_000, 44_100, 48_000].into_iter().enumerate() {
        let hum = |at: u32| (at as f32 / rate_hz as f32 * 50.0 * std::f32::consts::TAU).sin();
        let samples = (0..rate_hz * 2)
            .map(|at| if at < rate_hz { 0.0 } else { hum(at) * 0.2 })
            .collect();
        let block = AudioBlock {
            stream,
            start: 0,
            rate_hz,
            channels: 1,
            samples,
        };
        listener.listen(&block).unwrap();
    }
    assert_eq!(all_tracks(&mut listener), []);
}
