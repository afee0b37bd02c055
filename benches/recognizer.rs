//! Speed and memory of the recognizer, on recordings of your choice.
//!
//!     cargo bench --workspace --bench recognizer -- [--models FOLDER] [--threads N] \
//!         [--beams N] [--words OUT.json] FILE...
//!
//! The sound of each file (read by the `ffmpeg` program) is recognized in pieces of 30 s, as they
//! come: a scan divides it at pauses instead. The program prints the duration of the sound, the
//! processor and wall time that recognizing it took, both as shares of the duration, and the peak
//! memory of the process. With `--words`, it also writes what it understood, with times in seconds,
//! to compare it with a script: use recordings without personal data for that.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use redact_core::{BoxError, SpeechRecognizer as _};
use redact_vision::{ModelStore, Recognizer, RecognizerOptions, Runtime};

const RATE_HZ: u32 = 16_000;
const MODEL: &str = "whisper-base";
/// Ticks per second of the times in `/proc/self/stat` (`USER_HZ`).
const TICKS: f64 = 100.0;

struct Settings {
    models: PathBuf,
    options: RecognizerOptions,
    words: Option<PathBuf>,
    files: Vec<PathBuf>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn settings() -> Result<Settings, BoxError> {
    let mut settings = Settings {
        models: root().join("models"),
        options: RecognizerOptions::default(),
        words: None,
        files: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("an option without a value");
        match argument.as_str() {
            // Cargo adds it.
            "--bench" => {}
            "--models" => settings.models = value()?.into(),
            "--threads" => settings.options.threads = value()?.parse()?,
            "--beams" => settings.options.beams = value()?.parse()?,
            "--words" => settings.words = Some(value()?.into()),
            _ => settings.files.push(argument.into()),
        }
    }
    Ok(settings)
}

fn samples(file: &Path) -> Result<Vec<f32>, BoxError> {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "f32le", "-ac", "1", "-ar", &RATE_HZ.to_string(), "-"])
        .output()?;
    if !done.status.success() {
        let message = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{}: {message}", file.display()).into());
    }
    let (values, _) = done.stdout.as_chunks::<4>();
    Ok(values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect())
}

/// Processor time of this process so far.
fn processor_time() -> Result<Duration, BoxError> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses is the second field; user and system time are 14 and 15.
    let after = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .ok_or("too few fields")?
            .parse::<u32>()
            .map_err(BoxError::from)
    };
    Ok(Duration::from_secs_f64(
        f64::from(ticks(11)? + ticks(12)?) / TICKS,
    ))
}

fn peak_memory() -> Result<String, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line
        .ok_or("no VmHWM in /proc/self/status")?
        .trim()
        .to_owned())
}

fn main() -> Result<(), BoxError> {
    let settings = settings()?;
    if settings.files.is_empty() {
        println!("no recordings given; nothing to measure");
        return Ok(());
    }
    let started = Instant::now();
    let runtime = Runtime::load(&root().join(".deps/onnxruntime/libonnxruntime.so"))?;
    let model = ModelStore::open(&settings.models)?.load(MODEL)?;
    let mut recognizer = Recognizer::new(&runtime, model, settings.options)?;
    println!(
        "loading: {:.2} s, {}",
        started.elapsed().as_secs_f64(),
        peak_memory()?
    );

    let mut found = Vec::new();
    let mut seconds = 0.0;
    let (mut wall, mut processor) = (Duration::ZERO, Duration::ZERO);
    for file in &settings.files {
        let samples = samples(file)?;
        let duration = samples.len() as f64 / f64::from(RATE_HZ);
        let (start, start_processor) = (Instant::now(), processor_time()?);
        let mut words = Vec::new();
        for (at, piece) in samples.chunks(30 * RATE_HZ as usize).enumerate() {
            let recognition = recognizer.recognize(piece, RATE_HZ, "en")?;
            let second = |nanos: i64| nanos as f64 / 1e9 + at as f64 * 30.0;
            words.extend(recognition.words.into_iter().map(|word| {
                let span = word.span;
                let times = (second(span.start_nanos()), second(span.end_nanos()));
                (word.text, times.0, times.1, word.probability)
            }));
        }
        wall += start.elapsed();
        processor += processor_time()? - start_processor;
        seconds += duration;
        found.push((file.display().to_string(), words));
    }
    let (wall, processor) = (wall.as_secs_f64(), processor.as_secs_f64());
    println!("sound: {seconds:.1} s");
    println!(
        "processor: {processor:.1} s, {:.3} of real time",
        processor / seconds
    );
    println!("wall: {wall:.1} s, {:.3} of real time", wall / seconds);
    println!("peak memory: {}", peak_memory()?);
    if let Some(file) = settings.words {
        std::fs::write(file, serde_json::to_vec(&found)?)?;
    }
    Ok(())
}
