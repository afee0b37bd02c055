//! ONNX Runtime, loaded from a library file, and sessions on it.
//!
//! A session of a detector has one thread: scanning is parallel over frames, and additional threads
//! of the runtime would compete with that. The runtime's messages go to `tracing`, never to the
//! terminal.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::DynValue;
use redact_core::{BoxError, DetectError};

use crate::VisionError;
use crate::offline::{self, OfflineError};

/// ONNX Runtime, ready to run models. Clones share it.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
}

impl Runtime {
    /// Loads the library of ONNX Runtime at `path`.
    ///
    /// A process can load it only once; clone the value to use it in several places.
    ///
    /// # Errors
    /// [`VisionError::NetworkedRuntime`]: the library could open network connections and was not
    /// loaded. [`VisionError::Runtime`]: a missing file, another library, an old version, or the
    /// library was loaded already.
    pub fn load(path: &Path) -> Result<Self, VisionError> {
        let failed = |source: BoxError| VisionError::Runtime { source };
        // With a relative path, the loader would also search other folders.
        let path = std::fs::canonicalize(path).map_err(|error| failed(error.into()))?;
        let library = std::fs::read(&path).map_err(|error| failed(error.into()))?;
        offline::check(&library).map_err(|error| match error {
            OfflineError::Network(found) => VisionError::NetworkedRuntime { found },
            OfflineError::NotElf => failed(error.into()),
        })?;
        drop(library);
        let environment = ort::init_from(path)
            .map_err(|error| failed(error.to_string().into()))?
            .with_name("redact")
            .with_telemetry(false)
            .with_logger(Arc::new(log))
            .build()
            .map_err(|error| failed(error.to_string().into()))?;
        environment.set_log_level(LogLevel::Warning);
        Ok(Self { environment })
    }

    /// Creates a session from the bytes of a model file.
    pub(crate) fn session(&self, name: &str, weights: &[u8]) -> Result<ModelSession, VisionError> {
        self.session_with(name, weights, 1)
    }

    /// The same, with several threads.
    pub(crate) fn session_with(
        &self,
        name: &str,
        weights: &[u8],
        threads: usize,
    ) -> Result<ModelSession, VisionError> {
        let built = self.build(weights, threads);
        let session = built.map_err(|source| VisionError::Weights {
            model: name.to_owned(),
            source,
        })?;
        let name = name.to_owned();
        Ok(ModelSession {
            name,
            session,
            runs: BTreeMap::new(),
        })
    }

    fn build(&self, weights: &[u8], threads: usize) -> Result<Session, BoxError> {
        // The builder's errors contain the builder, which cannot be an error source.
        let text = |error: ort::Error<_>| BoxError::from(error.to_string());
        Session::builder(&self.environment)?
            .with_intra_threads(threads)
            .map_err(text)?
            .with_inter_threads(1)
            .map_err(text)?
            .with_intra_op_spinning(false)
            .map_err(text)?
            .with_inter_op_spinning(false)
            .map_err(text)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(text)?
            // Recorded patterns need a third more memory, and save no time.
            .with_memory_pattern(false)
            .map_err(text)?
            .with_log_level(LogLevel::Warning)
            .map_err(text)?
            .commit_from_memory(weights)
            .map_err(Into::into)
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Forwards a message of the runtime. It concerns graphs and files, never the content of pictures.
fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => {
            tracing::warn!(target: "onnxruntime", category, location, "{message}");
        }
        _ => tracing::trace!(target: "onnxruntime", category, location, "{message}"),
    }
}

/// One output of a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output<'a> {
    /// Its name in the model file.
    pub(crate) name: &'a str,
    /// Its dimensions.
    pub(crate) shape: &'a [i64],
    /// Its values, row-major.
    pub(crate) values: &'a [f32],
}

/// An output that is not what a head expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShapeError {
    pub(crate) found: String,
    pub(crate) expected: String,
}

/// A model that is ready to run.
pub(crate) struct ModelSession {
    name: String,
    session: Session,
    /// How often it ran, by the width and height of its input; logged when it is dropped.
    runs: BTreeMap<[usize; 2], u64>,
}

impl Drop for ModelSession {
    fn drop(&mut self) {
        for ([width, height], runs) in &self.runs {
            let model = &self.name;
            tracing::debug!("inferences {model}={width}x{height}:{runs}");
        }
    }
}

impl ModelSession {
    /// Runs the model on `inputs`, in the model's order, and passes its float outputs to `read`.
    pub(crate) fn run<const N: usize, T>(
        &mut self,
        inputs: [SessionInputValue<'_>; N],
        read: impl FnOnce(&[Output<'_>]) -> Result<T, ShapeError>,
    ) -> Result<T, DetectError> {
        let name = &self.name;
        let failed = |error: ort::Error| DetectError::Run {
            model: name.clone(),
            source: error.into(),
        };
        let outputs = self.session.run(inputs).map_err(failed)?;
        let mut found = Vec::with_capacity(outputs.len());
        for (at, name) in outputs.keys().enumerate() {
            let (shape, values) = outputs[at].try_extract_tensor::<f32>().map_err(failed)?;
            // Comparisons with NaN are false, so that an object would silently be missed.
            if values.iter().any(|value| value.is_nan()) {
                return Err(DetectError::Shape {
                    model: self.name.clone(),
                    found: format!("NaN in output {name:?}"),
                    expected: "numbers".into(),
                });
            }
            found.push(Output {
                name,
                shape,
                values,
            });
        }
        read(&found).map_err(|error| DetectError::Shape {
            model: name.clone(),
            found: error.found,
            expected: error.expected,
        })
    }

    /// Runs the model on named inputs, and returns the outputs with these names, which are floats.
    pub(crate) fn run_values<const N: usize>(
        &mut self,
        inputs: Vec<(&str, SessionInputValue<'_>)>,
        outputs: [&str; N],
    ) -> Result<[DynValue; N], DetectError> {
        let name = &self.name;
        let shape_error = |found: String| DetectError::Shape {
            model: name.clone(),
            found,
            expected: "numbers".into(),
        };
        let failed = |error: ort::Error| DetectError::Run {
            model: name.clone(),
            source: error.into(),
        };
        let mut found = self.session.run(inputs).map_err(failed)?;
        let mut values = Vec::with_capacity(N);
        for output in outputs {
            let value = found.remove(output);
            let value = value.ok_or_else(|| shape_error(format!("no output {output:?}")))?;
            let (_, numbers) = value.try_extract_tensor::<f32>().map_err(failed)?;
            if numbers.iter().any(|value| value.is_nan()) {
                return Err(shape_error(format!("NaN in output {output:?}")));
            }
            values.push(value);
        }
        Ok(values.try_into().expect("as many values as names"))
    }

    /// Counts a run with an input of that width and height.
    pub(crate) fn count_run(&mut self, input: [usize; 2]) {
        *self.runs.entry(input).or_default() += 1;
    }

    /// Names of the inputs, in the model's order.
    pub(crate) fn input_names(&self) -> Vec<&str> {
        self.session.inputs().iter().map(|i| i.name()).collect()
    }

    /// Name of the card.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
