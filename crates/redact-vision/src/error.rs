//! Errors of models and their runtime.

use redact_core::{BoxError, Digest};

use crate::CardError;

/// Why a model or its runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// The library of ONNX Runtime is missing, is another library, or is too old.
    #[error("cannot load ONNX Runtime (1.21 or newer)")]
    Runtime {
        /// The loader's message.
        #[source]
        source: BoxError,
    },
    /// The library could open network connections and was not loaded.
    #[error(
        "cannot load ONNX Runtime: {found}, so that it could open network connections; a build \
         without telemetry is needed (scripts/onnxruntime installs one)"
    )]
    NetworkedRuntime {
        /// What was found in the library.
        found: String,
    },
    /// A card is not valid.
    #[error(transparent)]
    Card(#[from] CardError),
    /// No card has that name.
    #[error("unknown model {name:?}; available models: {known}")]
    UnknownModel {
        /// The requested name.
        name: String,
        /// Names of all cards.
        known: String,
    },
    /// There is a card without weights.
    #[error("model {model:?} is not installed: file {file:?} is missing")]
    NotInstalled {
        /// Name of the card.
        model: String,
        /// The weights' file name.
        file: String,
    },
    /// The weights cannot be read.
    #[error("cannot read the weights of model {model:?}")]
    ReadWeights {
        /// Name of the card.
        model: String,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// The weights are not those on the card.
    #[error(
        "wrong weights of model {model:?}: found SHA-256 {found}, expected {}",
        join(.expected)
    )]
    WrongDigest {
        /// Name of the card.
        model: String,
        /// Digest of the file.
        found: Digest,
        /// Digests on the card.
        expected: Vec<Digest>,
    },
    /// The weights are those on the card, but the runtime cannot use them.
    #[error("cannot use the weights of model {model:?}")]
    Weights {
        /// Name of the card.
        model: String,
        /// What is wrong with them.
        #[source]
        source: BoxError,
    },
    /// The model does not support what was requested.
    #[error("model {model:?}: {what}")]
    Unsuitable {
        /// Name of the card.
        model: String,
        /// What was requested and what is needed.
        what: String,
    },
}

fn join(digests: &[Digest]) -> String {
    let texts: Vec<String> = digests.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}
