//! ONNX Runtime, loaded from a library file, and sessions on it.
//!
//! One thread per session: scanning is parallel over frames, and threads of the runtime's own would
//! fight with those. The runtime's messages go to `tracing`, never to the terminal.

use std::path::Path;
use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
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
    /// A process can load it once: hold on to the value, clone it.
    ///
    /// # Errors
    /// [`VisionError::NetworkedRuntime`]: the library could open a network connection; it was not
    /// loaded. [`VisionError::Runtime`]: no such file, another library, too old, or loaded before.
    pub fn load(path: &Path) -> Result<Self, VisionError> {
        let failed = |source: BoxError| VisionError::Runtime { source };
        // Without this the loader would also search beside the program and in the system's folders.
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

    /// Makes a session from a model file's bytes.
    pub(crate) fn session(&self, name: &str, weights: &[u8]) -> Result<ModelSession, VisionError> {
        let session = self.build(weights).map_err(|source| VisionError::Weights {
            model: name.to_owned(),
            source,
        })?;
        let name = name.to_owned();
        Ok(ModelSession { name, session })
    }

    fn build(&self, weights: &[u8]) -> Result<Session, BoxError> {
        // The builder's errors carry the builder, which cannot be a cause: only their text is used.
        let words = |error: ort::Error<_>| BoxError::from(error.to_string());
        Session::builder(&self.environment)?
            .with_intra_threads(1)
            .map_err(words)?
            .with_inter_threads(1)
            .map_err(words)?
            .with_intra_op_spinning(false)
            .map_err(words)?
            .with_inter_op_spinning(false)
            .map_err(words)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(words)?
            .with_log_level(LogLevel::Warning)
            .map_err(words)?
            .commit_from_memory(weights)
            .map_err(Into::into)
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Passes a message of the runtime on. It speaks of graphs and files, never of what a picture
/// shows.
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
    /// As the model file names it.
    pub(crate) name: &'a str,
    /// Sizes of its dimensions.
    pub(crate) shape: &'a [i64],
    /// Row-major.
    pub(crate) values: &'a [f32],
}

/// What a head expected and did not find in an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShapeError {
    pub(crate) found: String,
    pub(crate) expected: String,
}

/// A model that is ready to run.
pub(crate) struct ModelSession {
    name: String,
    session: Session,
}

impl ModelSession {
    /// Runs the model on `inputs`, in its own order, and hands its float outputs to `read`.
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
            // A comparison with such a value is never true, so what it hides would pass as absent.
            if values.iter().any(|value| value.is_nan()) {
                return Err(DetectError::Shape {
                    model: self.name.clone(),
                    found: format!("output {name:?} with values that are not numbers"),
                    expected: "numbers only".into(),
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

    /// Names of the inputs, in the model's order.
    pub(crate) fn input_names(&self) -> Vec<&str> {
        self.session.inputs().iter().map(|i| i.name()).collect()
    }

    /// Name of the card.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
