//! The inferences of a scan alone: no decoding, no scaling, no tracking.
//!
//!     REDACT_LOG=redact_vision=debug redact scan CLIP -q --no-transcript 2> LOG
//!     cargo bench --workspace --bench inference -- [--threads N] LOG
//!
//! With that log level a scan says which models it ran, at which size and how often. This program
//! runs the same number of inferences of the same models at the same sizes, on noise, with ONNX
//! Runtime as it is: one session of each model per thread, one thread per session, and inputs that
//! are there already. It prints the wall and the processor time.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use redact_core::BoxError;
use redact_vision::ModelStore;

#[path = "../crates/redact-vision/src/onnx_input_shape.rs"]
#[allow(dead_code, reason = "its tests run with the library")]
mod onnx_input_shape;
#[path = "../crates/redact-vision/src/protobuf.rs"]
#[allow(dead_code, reason = "its tests run with the library")]
mod protobuf;

/// Ticks per second of the times in `/proc/self/stat` (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Inferences of one model at one size.
struct Job {
    model: String,
    width: usize,
    height: usize,
    runs: u32,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The jobs that the log of a scan lists, as in `inferences faces=960x544:150`.
fn jobs(log: &str) -> Result<Vec<Job>, BoxError> {
    let mut jobs = Vec::new();
    for line in log.lines() {
        let Some((_, listed)) = line.split_once("inferences ") else {
            continue;
        };
        let parts = || {
            let (model, rest) = listed.split_whitespace().next()?.split_once('=')?;
            let (size, runs) = rest.split_once(':')?;
            let (width, height) = size.split_once('x')?;
            Some([model, width, height, runs])
        };
        let [model, width, height, runs] =
            parts().ok_or_else(|| format!("cannot read {line:?}"))?;
        jobs.push(Job {
            model: model.to_owned(),
            width: width.parse()?,
            height: height.parse()?,
            runs: runs.parse()?,
        });
    }
    Ok(jobs)
}

fn sessions(environment: &Environment, jobs: &[Job]) -> Result<Vec<Session>, BoxError> {
    let models = root().join("models");
    let store = ModelStore::open(&models)?;
    let text = |error: ort::Error<_>| BoxError::from(error.to_string());
    let one = |job: &Job| {
        let card = store.card(&job.model).ok_or("a model without a card")?;
        let weights = std::fs::read(models.join(&card.file))?;
        let weights = onnx_input_shape::with_free_sides(&weights)?;
        let builder = Session::builder(environment)?;
        let mut builder = builder.with_intra_threads(1).map_err(text)?;
        Ok(builder.commit_from_memory(&weights)?)
    };
    jobs.iter().map(one).collect()
}

/// Which job each inference belongs to, mixed as in a scan.
fn order(jobs: &[Job]) -> Vec<usize> {
    let mut at: Vec<(f64, usize)> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let place = |run| (f64::from(run) + 0.5) / f64::from(job.runs);
        at.extend((0..job.runs).map(|run| (place(run), index)));
    }
    at.sort_by(|a, b| a.0.total_cmp(&b.0));
    at.into_iter().map(|(_, index)| index).collect()
}

/// Processor time of this process so far.
fn processor_time() -> Result<Duration, BoxError> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| -> Result<u32, BoxError> { Ok(fields[at].parse()?) };
    Ok(Duration::from_secs_f64(
        f64::from(ticks(11)? + ticks(12)?) / TICKS,
    ))
}

fn run_all(
    jobs: &[Job],
    order: &[usize],
    next: &AtomicUsize,
    sessions: &mut [Session],
) -> Result<(), BoxError> {
    let mut inputs: BTreeMap<(usize, usize), Vec<f32>> = BTreeMap::new();
    while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
        let Job { width, height, .. } = jobs[index];
        let noise = |i: usize| ((i * 2_654_435_761) >> 7 & 255) as f32;
        let input = inputs
            .entry((width, height))
            .or_insert_with(|| (0..3 * width * height).map(noise).collect());
        let input = TensorRef::from_array_view(([1, 3, height, width], input.as_slice()))?;
        sessions[index].run([input.into()])?;
    }
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let (mut threads, mut logs) = (thread::available_parallelism()?.get(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo adds it.
            "--bench" => {}
            "--threads" => {
                threads = arguments
                    .next()
                    .ok_or("an option without a value")?
                    .parse()?
            }
            _ => logs.push(std::fs::read_to_string(argument)?),
        }
    }
    let jobs = jobs(&logs.concat())?;
    if jobs.is_empty() {
        println!("no log of a scan given; nothing to measure");
        return Ok(());
    }
    let library = root().join(".deps/onnxruntime/libonnxruntime.so");
    let environment = ort::init_from(library)?.build()?;
    let mut sets = (0..threads)
        .map(|_| sessions(&environment, &jobs))
        .collect::<Result<Vec<_>, _>>()?;
    // The first inference at a size prepares memory, in a scan as well, but a scan is longer.
    let first: Vec<usize> = (0..jobs.len()).collect();
    for set in &mut sets {
        run_all(&jobs, &first, &AtomicUsize::new(0), set)?;
    }
    let (order, next) = (order(&jobs), AtomicUsize::new(0));
    let (start, start_processor) = (Instant::now(), processor_time()?);
    let results: Vec<Result<(), String>> = thread::scope(|scope| {
        let run = |set| || run_all(&jobs, &order, &next, set).map_err(|error| error.to_string());
        let handles: Vec<_> = sets.iter_mut().map(|set| scope.spawn(run(set))).collect();
        let join = |handle: thread::ScopedJoinHandle<'_, _>| handle.join();
        let done = handles.into_iter().map(join);
        done.map(|done| done.unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    results.into_iter().collect::<Result<(), String>>()?;
    println!(
        "{} inferences on {threads} threads: {:.2} s, processor time {:.2} s",
        order.len(),
        start.elapsed().as_secs_f64(),
        (processor_time()? - start_processor).as_secs_f64()
    );
    Ok(())
}
